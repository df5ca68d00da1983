"""Which model a film means, by the names that it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from storyboard.graph.limits.rejections import RetiredModel, UnknownModel, UnknownProvider
from storyboard.model.film import Shot
from storyboard.providers.catalog import Catalog, Model

PREVIZ = "previz"
_MODEL_KEYS = {
    "video": "model",
    "still": "still_model",
    "write": "text_model",
    "speech": "speech_model",
}
"""By what a model makes, the key that names it."""

LookupProblem = UnknownProvider | UnknownModel | RetiredModel


class ModelLookup:
    """Finds models in one film's catalogue. `plugins` are providers beyond it."""

    def __init__(
        self, model_catalog: Catalog, *, allow_retired: bool = False, plugins: Sequence[str] = ()
    ) -> None:
        self._catalog = model_catalog
        self._allow_retired = allow_retired
        self.providers = tuple(dict.fromkeys((PREVIZ, *model_catalog.providers, *plugins)))
        """Everybody who may be named."""
        self.today = model_catalog.today
        """The day that the catalogue is read for; None where it is read without one."""

    def find_exact_model(self, platform: str, id: str) -> Model | None:
        """The model of exactly that id there."""
        return self._catalog.models.get((platform, id))

    def find_shot_model(self, shot: Shot) -> Model | LookupProblem:
        """The model whose limits the shot obeys."""
        key = "target" if shot.provider == PREVIZ else "provider"
        platform = shot.target if shot.provider == PREVIZ else shot.provider
        if platform and platform not in self.providers:
            return self.build_unknown_provider(shot, key, platform)
        platform = "" if platform == PREVIZ else platform
        if platform:
            model = self._catalog.find_model(platform, shot.model)
        else:
            model = self._catalog.find_first_live_model(shot.model)
        if model is None:
            return self._build_unknown_model(shot, platform, "video", shot.model)
        is_rehearsed_anywhere = shot.provider == PREVIZ and not shot.target
        return model if is_rehearsed_anywhere else self._reject_retired_model(shot, model)

    def find_helper_model(
        self, shot: Shot | None, platform: str, product: str, name: str
    ) -> Model | LookupProblem | None:
        """What makes stills, texts or speech (`still write speech`) there; None where nothing does.

        A `name` that means no such model is rejected; an empty one means the platform's own.
        """
        if platform and platform not in self.providers:
            return self.build_unknown_provider(shot, "provider", platform)
        if not name:
            return self._catalog.find_default_model(platform, product)
        if platform:
            model = self._catalog.find_model(platform, name, product)
        else:
            model = next(iter(self._catalog.find_on_platforms(name, product)), None)
        if model is None:
            return self._build_unknown_model(shot, platform, product, name)
        return self._reject_retired_model(shot, model)

    def list_helper_models(self, product: str) -> list[Model]:
        """Every platform's own model of stills, texts or speech."""
        models = (
            self._catalog.find_default_model(platform, product)
            for platform in self._catalog.providers
        )
        return [model for model in models if model is not None]

    def list_alternatives(
        self, shot: Shot, model: Model, is_capable: Callable[[Model], bool]
    ) -> tuple[Model, ...]:
        """Other live models that can: first the shot's own on another platform; three at most."""
        same = self._catalog.find_on_platforms(shot.model)
        every = {(m.provider, m.id): m for m in (*same, *self._catalog.models.values())}
        capable = [
            m
            for m in every.values()
            if m.status == "live" and m.makes == "video" and m != model and is_capable(m)
        ]
        return tuple(capable[:3])

    def build_unknown_provider(self, shot: Shot | None, key: str, name: str) -> UnknownProvider:
        """The rejection of a provider that nobody knows."""
        return UnknownProvider(shot, key, name, self.providers)

    def _build_unknown_model(
        self, shot: Shot | None, platform: str, product: str, name: str
    ) -> UnknownModel:
        all_names = self._catalog.list_model_names(product)
        elsewhere: tuple[Model, ...] = ()
        if product == "video":
            elsewhere = self._catalog.find_on_platforms(name)
            names = tuple(n for n in all_names if self._catalog.find_model(platform, n))
        else:
            names = tuple(
                m.id
                for m in self._catalog.models.values()
                if (m.makes, m.provider, m.status) == (product, platform, "live")
            )
        key = _MODEL_KEYS[product]
        return UnknownModel(shot, key, name, platform, product, elsewhere, names or all_names)

    def _reject_retired_model(self, shot: Shot | None, model: Model) -> Model | RetiredModel:
        if model.status != "retired" or self._allow_retired:
            return model
        alternatives: tuple[Model, ...] = ()
        if model.makes == "video" and shot is not None:
            same = self._catalog.find_on_platforms(shot.model)
            alternatives = tuple(m for m in same if m.status == "live")
        return RetiredModel(shot, _MODEL_KEYS[model.makes], model, alternatives)
