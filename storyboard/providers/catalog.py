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
    makes: str = "video"
    """video, or what a step of that kind makes: still, write, speech."""
    status: str = "live"
    """live, retired or unverified."""
    durations: tuple[int, ...] = ()
    default_duration: int = 8
    resolutions: tuple[str, ...] = ()
    sides: Mapping[str, int] = field(default_factory=_empty)
    """Of a still: pixels of the shorter side at 16:9, by resolution, smallest first."""
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
    price_each: Mapping[str, int] = field(default_factory=_empty)
    """Micro-dollars of one result, by resolution; of a call that has none, by ``."""
    price_reference: int = 0
    """Micro-dollars that each picture sent along adds."""
    price_second: int | None = None
    """Micro-dollars a second of speech."""
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

    def covering(self, side: int) -> str:
        """The least resolution of a still whose shorter side has `side` pixels, else the best."""
        enough = [name for name, pixels in self.sides.items() if pixels >= side]
        return (enough or list(self.sides)[-1:] or [""])[0]

    def each_micros(self, resolution: str, references: int = 0) -> int | None:
        """Of one still or one written text; None where the catalogue knows no price."""
        price = self.price_each.get(resolution)
        return None if price is None else price + references * self.price_reference


@dataclass(frozen=True, slots=True)
class Catalog:
    as_of: str
    platforms: tuple[str, ...]
    aliases: Mapping[str, Mapping[str, str]]
    models: Mapping[tuple[str, str], Model]
    usual: Mapping[str, Mapping[str, str]] = field(default_factory=_empty)
    """By platform, the model that makes its stills, its texts, its speech where none is named."""

    providers: tuple[str, ...] = field(init=False)
    """Paid platforms, in the catalogue's order."""

    def __post_init__(self) -> None:
        named = (*self.platforms, *(provider for provider, _ in self.models))
        object.__setattr__(self, "providers", tuple(dict.fromkeys(named)))

    @property
    def names(self) -> tuple[str, ...]:
        """Every alias and id a film may write for a `model`."""
        return self.named("video")

    def named(self, makes: str) -> tuple[str, ...]:
        """Every alias and id of models that make that."""
        models = [m for m in self.models.values() if m.makes == makes]
        ids = {m.id for m in models}
        aliases = [name for name, at in self.aliases.items() if ids.intersection(at.values())]
        return tuple(dict.fromkeys((*aliases, *(m.id for m in models))))

    def find(self, provider: str, name: str, makes: str = "video") -> Model | None:
        """The model that `name` (alias or id) means at that provider, if it makes that."""
        found = self.models.get((provider, self.aliases.get(name, _EMPTY).get(provider, name)))
        return found if found is not None and found.makes == makes else None

    def default(self, provider: str, makes: str) -> Model | None:
        """What makes a still, a text or speech there where no model is named.

        It is the one that `usual` says, else the first live one, as a plug-in lists them.
        """
        named = self.usual.get(provider, _EMPTY).get(makes, "")
        if named:
            return self.find(provider, named, makes)
        return next(
            (
                m
                for m in self.models.values()
                if (m.provider, m.makes, m.status) == (provider, makes, "live")
            ),
            None,
        )

    def everywhere(self, name: str, makes: str = "video") -> tuple[Model, ...]:
        """That model on every platform that has it, in the order of platforms."""
        return tuple(m for p in self.providers if (m := self.find(p, name, makes)) is not None)

    def first_live(self, name: str) -> Model | None:
        """The model on its first live platform: whose limits a rehearsal obeys."""
        found = self.everywhere(name)
        return next((m for m in found if m.status == "live"), found[0] if found else None)

    def extended(self, entries: Sequence[Mapping[str, Any]]) -> Catalog:
        """With a plug-in's models added; entries have the form of catalog.yaml."""
        added = {(m.provider, m.id): m for m in map(_model, entries)}
        models = {**self.models, **added}
        return Catalog(self.as_of, self.platforms, self.aliases, models, self.usual)


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
        usual=data["usual"],
    )


def _model(entry: Mapping[str, Any]) -> Model:
    known = {f.name for f in fields(Model)}
    values = {key: _frozen(value) for key, value in entry.items() if key in known}
    price = entry.get("price", {})
    values["price_audio"] = _micros(price.get("audio", {}))
    values["price_silent"] = _micros(price.get("silent", {}))
    each = price.get("each", {})
    values["price_each"] = _micros(each if isinstance(each, Mapping) else {"": each})
    values["price_reference"] = _micros({"": price.get("reference", 0)})[""]
    if "second" in price:
        values["price_second"] = _micros({"": price["second"]})[""]
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
