"""The models that a film can name: limits, prices, and which ones are switched off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from storyboard.api.keywords import name_known_keywords
from storyboard.errors import UsageError
from storyboard.providers import registry
from storyboard.providers.catalog import Catalog, Model, load_catalog


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model, as one interface of its platform offers it."""

    model: Model
    interface: str
    """The value of `transport` that chooses this interface; empty for the default."""
    aliases: tuple[str, ...]
    """Names that mean it on its platform."""


@name_known_keywords
def list_models(
    name: str | None = None, *, include_retired: bool = False
) -> tuple[ListedModel, ...]:
    """The models of the catalogue, plug-ins' and your own file's too.

    A plug-in that does not load has none.

    `name` picks a provider, an alias or an exact id; retired models come by their name, or with
    `include_retired`. Raises UsageError for a name that there is not.
    """
    catalog = registry.load_catalog_of_all()
    models = tuple(
        ListedModel(model, interface, _find_aliases(model, catalog))
        for model, interface in _list_models_with_interfaces(catalog)
        if _is_listed(model, name, include_retired)
    )
    if not models:
        names = ", ".join(dict.fromkeys((*catalog.names, *(id for _, id in catalog.models))))
        raise UsageError(f"there is no model or provider `{name}`; known: {names}")
    return models


def _list_models_with_interfaces(catalog: Catalog) -> Iterator[tuple[Model, str]]:
    """Every model, once for each interface of its platform that a film can choose."""
    for key, model in catalog.models.items():
        yield model, ""
        for interface in catalog.entries[key].get("variants", {}):
            yield (
                catalog.apply_interface_variants({model.provider: interface}).models[key],
                interface,
            )


def _find_aliases(model: Model, catalog: Catalog) -> tuple[str, ...]:
    return tuple(
        alias
        for alias, ids_by_provider in catalog.aliases.items()
        if ids_by_provider.get(model.provider) == model.id
    )


def _is_listed(model: Model, name: str | None, include_retired: bool) -> bool:
    if name is None:
        return include_retired or model.status != "retired"
    alias = load_catalog().aliases.get(name, {})
    return name in (model.provider, model.id) or alias.get(model.provider) == model.id
