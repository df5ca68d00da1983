"""Finds adapters by name, through the entry point group `storyboard.providers`.

Our own adapters use the same entry points as a stranger's. Planning needs only the fields that
identity reads; a render makes the adapter when it needs it. This module also collects what the
installed adapters declare.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from storyboard._version import DISTRIBUTION
from storyboard.environment import PLUGINS_VARIABLE
from storyboard.errors import EnvironmentProblem
from storyboard.providers.base import WIRE_READS, Provider, ProviderTraits
from storyboard.providers.catalog import Catalog, load_catalog
from storyboard.providers.catalog_dates import apply_date, read_today
from storyboard.providers.declaration import ProviderDeclaration, read_declaration
from storyboard.util.known_secrets import KnownSecrets

_GROUP = "storyboard.providers"
EFFECTS = "effects"
"""The adapter that no shot names: it makes the effects of any."""


@cache
def find_adapters() -> Mapping[str, EntryPoint]:
    """The adapters that are installed, ours first.

    `STORYBOARD_PLUGINS` set and empty leaves strangers' out, which helps when hunting a fault.
    """
    by_name: dict[str, EntryPoint] = {}
    points = entry_points(group=_GROUP)
    ours_only = os.environ.get(PLUGINS_VARIABLE) == ""
    for point in sorted(points, key=lambda p: not _is_built_in_adapter(p)):
        if point.name not in by_name and (_is_built_in_adapter(point) or not ours_only):
            by_name[point.name] = point
    return by_name


@cache
def load_adapter_class(provider_name: str) -> type[Provider]:
    """The adapter's class; raises EnvironmentProblem if there is none, or if it does not import."""
    point = find_adapters().get(provider_name)
    if point is None:
        installed = ", ".join(find_adapters())
        raise EnvironmentProblem(
            f"no adapter for `{provider_name}` is installed",
            hint=f"use one of {installed}, or rehearse the film without an adapter: `--previz`",
        )
    try:
        adapter_class: type[Provider] = point.load()
        read_declaration(adapter_class)
    except Exception as error:
        raise EnvironmentProblem(
            f"the adapter for `{provider_name}` ({point.value}) can't be loaded: {error}",
            hint="run `storyboard doctor` for details",
        ) from error
    return adapter_class


@cache
def find_declaration(provider_name: str) -> ProviderDeclaration:
    """What the adapter's class declares; raises EnvironmentProblem as `load_adapter_class` does."""
    return read_declaration(load_adapter_class(provider_name))


@cache
def list_declarations() -> Mapping[str, ProviderDeclaration]:
    """What the installed adapters declare, by name; leaves out those that do not load."""
    declarations: dict[str, ProviderDeclaration] = {}
    for name in find_adapters():
        with suppress(EnvironmentProblem):
            declarations[name] = find_declaration(name)
    return declarations


@cache
def load_known_secrets() -> KnownSecrets:
    """The key patterns of all adapters, and the variables that hold the keys."""
    declarations = list_declarations().values()
    return KnownSecrets(
        tuple(dict.fromkeys(pattern for each in declarations for pattern in each.secret_patterns)),
        tuple(dict.fromkeys(name for each in declarations for name in each.key_variables)),
    )


def list_credential_variables() -> frozenset[str]:
    """Environment variables that hold or name credentials of any adapter."""
    return frozenset(
        name
        for each in list_declarations().values()
        for name in (*each.key_variables, *each.key_file_variables)
    )


def read_provider_traits(provider_name: str) -> ProviderTraits:
    """What planning must know of a provider; a paid one needs no adapter for that."""
    if provider_name == "import":
        return ProviderTraits(frozenset(), repeatable=True)
    if provider_name in find_adapters():
        adapter_class = load_adapter_class(provider_name)
        return ProviderTraits(
            frozenset(adapter_class.reads), adapter_class.revision, adapter_class.repeatable
        )
    return ProviderTraits(WIRE_READS)


def list_plugin_names() -> tuple[str, ...]:
    """Names of adapters that the catalogue does not know and a shot may ask for."""
    return tuple(n for n in find_adapters() if n not in load_catalog().providers and n != EFFECTS)


def load_full_catalog(provider_names: Iterable[str]) -> Catalog:
    """The catalogue as of today, with the models that the plug-ins among `provider_names` bring."""
    merged = load_catalog()
    for name in sorted(provider_names):
        if name in merged.providers or name not in find_adapters() or name == "previz":
            continue
        entries = find_declaration(name).models
        if entries:
            merged = merged.extend_with_models([{"provider": name, **entry} for entry in entries])
    return apply_date(merged, read_today())


def load_catalog_of_all() -> Catalog:
    """The catalogue as of today, with the models of every plug-in that loads."""
    declarations = list_declarations()
    return load_full_catalog(name for name in list_plugin_names() if name in declarations)


def explain_unloadable_adapters() -> tuple[str, ...]:
    """A sentence for each adapter that does not load."""
    sentences = []
    for name in find_adapters():
        try:
            find_declaration(name)
        except EnvironmentProblem as error:
            sentences.append(str(error))
    return tuple(sentences)


@cache
def list_option_names() -> frozenset[str]:
    """Every option that the adapters that load know, whether a film names them or not."""
    declarations = list_declarations()
    described = (
        declaration.schema.get("options", {}).get("properties", {})
        for declaration in declarations.values()
    )
    return load_catalog_of_all().option_names.union(*described)


class SchemaFragments(Mapping[str, Mapping[str, Any]]):
    """Schema fragments of the adapters' settings and options, by provider.

    An adapter is loaded when its fragment is looked at: most films name one or two.
    """

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in find_adapters():
            raise KeyError(name)
        fragment = find_declaration(name).schema
        if not fragment:
            raise KeyError(name)
        return fragment

    def __iter__(self) -> Iterator[str]:
        return (name for name in find_adapters() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in find_adapters() and bool(find_declaration(str(name)).schema)


def add_provider_settings(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The language's schema with the settings of every installed adapter, for editors."""
    settings = {
        name: declaration.schema["settings"]
        for name, declaration in list_declarations().items()
        if "settings" in declaration.schema
    }
    definitions = dict(schema["definitions"])
    definitions["providers"] = {**definitions["providers"], "properties": settings}
    return {**schema, "definitions": definitions}


def _is_built_in_adapter(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == DISTRIBUTION
