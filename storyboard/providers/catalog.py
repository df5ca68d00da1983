"""The catalogue: what each (provider, model) may do, dated data and nothing else.

`catalog.yaml` is the source; no line of code knows a model. A plug-in brings entries of the same
form with its entry point's `models` attribute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

_EMPTY: Mapping[str, Any] = MappingProxyType({})


def _empty() -> Mapping[str, Any]:
    return _EMPTY


@dataclass(frozen=True, slots=True)
class Extension:
    """How a model runs a take on."""

    hops: tuple[int, ...]
    """Seconds one extension may add."""
    default_hop: int
    combined: bool = True
    """The result begins with its source."""
    max_hops: int | None = None
    max_input_s: int | None = None
    max_total_s: int | None = None
    """Seconds of the whole chain from its root."""
    input_resolutions: tuple[str, ...] = ()
    resolution: str = ""
    """What comes out, whatever went in; empty: what was asked."""
    foreign: bool = False
    """Footage that the model did not make may be extended."""


@dataclass(frozen=True, slots=True)
class ReferenceLimits:
    max: int
    durations: tuple[int, ...] = ()
    """Seconds that take references; empty: all."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model on one platform. Durations are seconds, prices micro-dollars a second."""

    provider: str
    id: str
    status: str = "live"
    """live, retired or unverified."""
    durations: tuple[int, ...] = ()
    default_duration: int = 8
    resolutions: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    rate: int = 24
    resolution_durations: Mapping[str, tuple[int, ...]] = field(default_factory=_empty)
    aspect_resolutions: Mapping[str, tuple[str, ...]] = field(default_factory=_empty)
    first_frame: bool = False
    last_frame: bool = False
    references: ReferenceLimits | None = None
    extend: Extension | None = None
    audio: str = "always"
    """always, optional or none."""
    seed: bool = False
    negative_prompt: bool = False
    samples: int = 1
    options: tuple[str, ...] = ()
    price_audio: Mapping[str, int] = field(default_factory=_empty)
    price_silent: Mapping[str, int] = field(default_factory=_empty)
    price_confidence: str = ""
    quota_per_minute: int | None = None
    retention_h: int | None = None
    latency_s: tuple[int, ...] = ()
    retires: str = ""
    retired_on: str = ""
    replacement: str = ""
    stage: str = ""
    note: str = ""

    def legal_durations(self, resolution: str, *, references: bool = False) -> tuple[int, ...]:
        """Seconds one new take may have at that resolution, shortest first."""
        legal: Sequence[int] = self.resolution_durations.get(resolution, self.durations)
        if references and self.references and self.references.durations:
            legal = [each for each in legal if each in self.references.durations]
        return tuple(legal)

    def legal_resolutions(self, aspect_ratio: str) -> tuple[str, ...]:
        return tuple(self.aspect_resolutions.get(aspect_ratio, self.resolutions))

    def price_micros(self, resolution: str, seconds: int, *, audio: bool) -> int | None:
        """Of one sample, or None where the catalogue knows no price."""
        table = self.price_audio if audio or not self.price_silent else self.price_silent
        rate = table.get(resolution)
        return None if rate is None else rate * seconds


@dataclass(frozen=True, slots=True)
class Catalog:
    as_of: str
    platforms: tuple[str, ...]
    aliases: Mapping[str, Mapping[str, str]]
    models: Mapping[tuple[str, str], Model]

    providers: tuple[str, ...] = field(init=False)
    """Paid platforms, in the catalogue's order."""

    def __post_init__(self) -> None:
        named = (*self.platforms, *(provider for provider, _ in self.models))
        object.__setattr__(self, "providers", tuple(dict.fromkeys(named)))

    @property
    def names(self) -> tuple[str, ...]:
        """Every alias and id a film may write."""
        return tuple(dict.fromkeys((*self.aliases, *(id for _, id in self.models))))

    def find(self, provider: str, name: str) -> Model | None:
        """The model that `name` (alias or id) means at that provider."""
        return self.models.get((provider, self.aliases.get(name, _EMPTY).get(provider, name)))

    def everywhere(self, name: str) -> tuple[Model, ...]:
        """That model on every platform that has it, in the order of platforms."""
        return tuple(m for p in self.providers if (m := self.find(p, name)) is not None)

    def first_live(self, name: str) -> Model | None:
        """The model on its first live platform: whose limits a rehearsal obeys."""
        found = self.everywhere(name)
        return next((m for m in found if m.status == "live"), found[0] if found else None)

    def extended(self, entries: Sequence[Mapping[str, Any]]) -> Catalog:
        """With a plug-in's models added; entries have the form of catalog.yaml."""
        added = {(m.provider, m.id): m for m in map(_model, entries)}
        return Catalog(self.as_of, self.platforms, self.aliases, {**self.models, **added})


@cache
def catalog() -> Catalog:
    """The catalogue that ships with the package."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (Path(__file__).parent / "catalog.yaml").read_text("utf-8")
    data = yaml.load(text, loader)
    models = [_model(entry) for entry in data["models"]]
    return Catalog(
        as_of=data["as_of"],
        platforms=tuple(data["platforms"]),
        aliases=data["aliases"],
        models={(m.provider, m.id): m for m in models},
    )


def _model(entry: Mapping[str, Any]) -> Model:
    known = {f.name for f in fields(Model)}
    values = {key: _frozen(value) for key, value in entry.items() if key in known}
    price = entry.get("price", {})
    values["price_audio"] = _micros(price.get("audio", {}))
    values["price_silent"] = _micros(price.get("silent", {}))
    values["price_confidence"] = price.get("confidence", "")
    if limits := entry.get("references"):
        values["references"] = ReferenceLimits(**{k: _frozen(v) for k, v in limits.items()})
    if extension := entry.get("extend"):
        values["extend"] = Extension(**{k: _frozen(v) for k, v in extension.items()})
    return Model(**values)


def _micros(table: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(Fraction(str(usd)) * 1_000_000) for name, usd in table.items()}


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value
