"""The catalogue: what each (provider, model) can do, as dated data and nothing else.

The data is in `catalog.yaml`; no line of code knows a model. A plug-in adds entries of the same
form with the `models` attribute of its entry point, and a user's own file overrides all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storyboard.errors import EnvironmentProblem
from storyboard.providers.catalog_overrides import find_catalog_override_file, read_overrides
from storyboard.util.merge import deep_merge
from storyboard.util.serialization import reject_unknown_names

_EMPTY: Mapping[str, Any] = MappingProxyType({})


def _return_empty_mapping() -> Mapping[str, Any]:
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
    """The one value that comes out, whatever the request says; empty if the request decides."""
    foreign: bool = False
    """Footage that the model did not make may be extended."""
    remote: bool = False
    """The source is named by where the platform keeps it; bytes are not taken."""


@dataclass(frozen=True, slots=True)
class ReferenceLimits:
    max: int
    durations: tuple[int, ...] = ()
    """Seconds that take references; empty: all."""
    kinds: tuple[str, ...] = ()
    """The kinds of cast members whose pictures the model takes; empty means all."""

    def takes_kinds(self, kinds: Collection[str]) -> bool:
        """Whether pictures of all those kinds of cast members are taken."""
        return not self.kinds or set(kinds) <= set(self.kinds)


@dataclass(frozen=True, slots=True)
class Model:
    """One model on one platform. Durations are seconds, prices micro-dollars a second."""

    provider: str
    id: str
    makes: str = "video"
    """`video`, or the kind of step that the model makes: still, write, speech."""
    wire: str = "veo"
    """Which of its platform's interfaces it is asked through."""
    status: str = "live"
    """live, retired or unverified."""
    durations: tuple[int, ...] = ()
    default_duration: int = 8
    resolutions: tuple[str, ...] = ()
    sides: Mapping[str, int] = field(default_factory=_return_empty_mapping)
    """Of a still: pixels of the shorter side at 16:9, by resolution, smallest first."""
    aspect_ratios: tuple[str, ...] = ()
    rate: int = 24
    resolution_durations: Mapping[str, tuple[int, ...]] = field(
        default_factory=_return_empty_mapping
    )
    operation_durations: Mapping[str, tuple[int, ...]] = field(
        default_factory=_return_empty_mapping
    )
    """By operation (text, image, interpolate, references), if that allows fewer durations."""
    aspect_resolutions: Mapping[str, tuple[str, ...]] = field(default_factory=_return_empty_mapping)
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
    person_generation: Mapping[str, tuple[str, ...]] = field(default_factory=_return_empty_mapping)
    """By operation (text, image, interpolate, references, extend), the values of the option."""
    option_values: Mapping[str, tuple[Any, ...]] = field(default_factory=_return_empty_mapping)
    """Values that the option may have, if they are fewer than its schema allows."""
    option_operations: Mapping[str, tuple[str, ...]] = field(default_factory=_return_empty_mapping)
    """By option, the operations that take it where not all do."""
    stored_options: Mapping[str, tuple[Any, ...]] = field(default_factory=_return_empty_mapping)
    """Values that the option may have only beside `providers.NAME.storage_uri`."""
    needs_words: tuple[str, ...] = ()
    """Operations that can't start from pictures or a video alone: they need words."""
    picture_mb: int | None = None
    """Millions of bytes of the largest picture that is taken."""
    voices: tuple[str, ...] = ()
    """The names of its voices, if the list is closed."""
    price_audio: Mapping[str, int] = field(default_factory=_return_empty_mapping)
    price_silent: Mapping[str, int] = field(default_factory=_return_empty_mapping)
    price_each: Mapping[str, int] = field(default_factory=_return_empty_mapping)
    """Micro-dollars of one result, by resolution; of a call that has none, by ``. Of a model of
    moving pictures: what one take costs, however long it is."""
    price_reference: int = 0
    """Micro-dollars that each picture sent along adds."""
    price_second: int | None = None
    """Micro-dollars a second of speech."""
    price_confidence: str = ""
    prices_from: Mapping[str, Any] = field(default_factory=_return_empty_mapping)
    """The prices from a day on, by that day."""
    quota_per_minute: int | None = None
    """Requests that the platform takes from a project in a minute."""
    open_operations: int | None = None
    """Jobs that a project may have open at a time."""
    retention_h: int | None = None
    latency_s: tuple[int, ...] = ()
    as_of: str = ""
    """The day on which somebody last checked these facts; empty if unknown."""
    patience_s: int = 1800
    """How long a render waits for a job before it leaves it to the next one."""
    retires: str = ""
    """The day on which it is switched off, or `not before` a day."""
    retired_on: str = ""
    replacement: str = ""
    stage: str = ""
    note: str = ""

    def list_legal_durations(
        self, resolution: str, *, references: bool = False, operation: str = ""
    ) -> tuple[int, ...]:
        """Seconds one new take may have at that resolution, shortest first."""
        durations: Sequence[int] = self.resolution_durations.get(resolution, self.durations)
        if references and self.references and self.references.durations:
            durations = [
                duration for duration in durations if duration in self.references.durations
            ]
        if operation in self.operation_durations:
            durations = [
                duration
                for duration in durations
                if duration in self.operation_durations[operation]
            ]
        return tuple(durations)

    def list_legal_resolutions(self, aspect_ratio: str) -> tuple[str, ...]:
        return tuple(self.aspect_resolutions.get(aspect_ratio, self.resolutions))

    def compute_video_price_micros(
        self, resolution: str, seconds: int, *, audio: bool
    ) -> int | None:
        """The price of one sample, or None if the catalogue knows none."""
        if resolution in self.price_each:
            return self.price_each[resolution]
        table = self.price_audio if audio or not self.price_silent else self.price_silent
        rate = table.get(resolution)
        return None if rate is None else rate * seconds

    def choose_still_resolution(self, shorter_side_px: int) -> str:
        """The lowest resolution whose stills have `shorter_side_px` or more, else the highest."""
        enough = [name for name, pixels in self.sides.items() if pixels >= shorter_side_px]
        return (enough or list(self.sides)[-1:] or [""])[0]

    def compute_still_or_text_micros(self, resolution: str, reference_count: int = 0) -> int | None:
        """The price of one still or one written text; None if the catalogue knows none."""
        price = self.price_each.get(resolution)
        return None if price is None else price + reference_count * self.price_reference


KEYS: Mapping[str, str] = MappingProxyType(
    {
        "provider": "provider",
        "id": "id",
        "makes": "makes",
        "wire": "wire",
        "status": "status",
        "durations": "durations",
        "default_duration": "default_duration",
        "resolutions": "resolutions",
        "sides": "sides",
        "aspect_ratios": "aspect_ratios",
        "rate": "rate",
        "resolution_durations": "resolution_durations",
        "operation_durations": "operation_durations",
        "aspect_resolutions": "aspect_resolutions",
        "first_frame": "first_frame",
        "last_frame": "last_frame",
        "references": "references",
        "extend": "extend",
        "audio": "audio",
        "seed": "seed",
        "negative_prompt": "negative_prompt",
        "samples": "samples",
        "options": "options",
        "person_generation": "person_generation",
        "option_values": "option_values",
        "option_operations": "option_operations",
        "stored_options": "stored_options",
        "needs_words": "needs_words",
        "picture_mb": "picture_mb",
        "voices": "voices",
        "price_audio": "price_audio",
        "price_silent": "price_silent",
        "price_each": "price_each",
        "price_reference": "price_reference",
        "price_second": "price_second",
        "price_confidence": "price_confidence",
        "prices_from": "prices_from",
        "quota_per_minute": "quota_per_minute",
        "open_operations": "open_operations",
        "retention_h": "retention_h",
        "latency_s": "latency_s",
        "as_of": "as_of",
        "patience_s": "patience_s",
        "retires": "retires",
        "retired_on": "retired_on",
        "replacement": "replacement",
        "stage": "stage",
        "note": "note",
    }
)
"""By key of an entry of the catalogue, the attribute of `Model`."""
_OF_REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "max": "max",
        "durations": "durations",
        "kinds": "kinds",
    }
)
"""The same of its `references`."""
_OF_EXTENSION: Mapping[str, str] = MappingProxyType(
    {
        "hops": "hops",
        "default_hop": "default_hop",
        "combined": "combined",
        "max_hops": "max_hops",
        "max_input_s": "max_input_s",
        "max_total_s": "max_total_s",
        "input_resolutions": "input_resolutions",
        "resolution": "resolution",
        "foreign": "foreign",
        "remote": "remote",
    }
)
"""The same of its `extend`."""


@dataclass(frozen=True, slots=True)
class Catalog:
    as_of: str
    platforms: tuple[str, ...]
    aliases: Mapping[str, Mapping[str, str]]
    models: Mapping[tuple[str, str], Model]
    usual: Mapping[str, Mapping[str, str]] = field(default_factory=_return_empty_mapping)
    """By platform, the model that makes its stills, its texts, its speech where none is named."""
    entries: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """What `models` was read from."""
    preferred: frozenset[str] = frozenset()
    """Capabilities that a film may go without; every other one is required."""
    override_path: str = ""
    """The file of the user's own that was laid over it."""
    today: date | None = None
    """The day for which prices and living models are chosen; None leaves the data as written."""

    providers: tuple[str, ...] = field(init=False)
    """Paid platforms, in the catalogue's order."""

    def __post_init__(self) -> None:
        provider_names = (*self.platforms, *(provider for provider, _ in self.models))
        object.__setattr__(self, "providers", tuple(dict.fromkeys(provider_names)))

    @property
    def names(self) -> tuple[str, ...]:
        """Every alias and id a film may write for a `model`."""
        return self.list_model_names("video")

    @property
    def option_names(self) -> frozenset[str]:
        """Every option that any model has."""
        return frozenset(option for model in self.models.values() for option in model.options)

    def list_model_names(self, makes: str) -> tuple[str, ...]:
        """Every alias and id of models that make that."""
        models = [m for m in self.models.values() if m.makes == makes]
        ids = {m.id for m in models}
        aliases = [
            name
            for name, ids_by_provider in self.aliases.items()
            if ids.intersection(ids_by_provider.values())
        ]
        return tuple(dict.fromkeys((*aliases, *(m.id for m in models))))

    def find_model(self, provider: str, name: str, makes: str = "video") -> Model | None:
        """The model that `name` (alias or id) means at that provider, if it makes that."""
        model = self.models.get((provider, self.aliases.get(name, _EMPTY).get(provider, name)))
        return model if model is not None and model.makes == makes else None

    def find_default_model(self, provider: str, makes: str) -> Model | None:
        """What makes a still, a text or speech there where no model is named.

        It is the one that `usual` says, else the first live one, as a plug-in lists them.
        """
        usual_name = self.usual.get(provider, _EMPTY).get(makes, "")
        if usual_name:
            return self.find_model(provider, usual_name, makes)
        return next(
            (
                m
                for m in self.models.values()
                if (m.provider, m.makes, m.status) == (provider, makes, "live")
            ),
            None,
        )

    def find_on_platforms(self, name: str, makes: str = "video") -> tuple[Model, ...]:
        """That model on every platform that has it, in the order of platforms."""
        return tuple(
            m for p in self.providers if (m := self.find_model(p, name, makes)) is not None
        )

    def find_first_live_model(self, name: str) -> Model | None:
        """The model on its first live platform, whose limits a rehearsal obeys."""
        models = self.find_on_platforms(name)
        return next((m for m in models if m.status == "live"), models[0] if models else None)

    def extend_with_models(self, entries: Sequence[Mapping[str, Any]]) -> Catalog:
        """With a plug-in's models added; entries have the form of catalog.yaml."""
        added = {(str(entry["provider"]), str(entry["id"])): entry for entry in entries}
        return self.replace_model_entries({**self.entries, **added})

    def apply_interface_variants(self, variant_by_provider: Mapping[str, str]) -> Catalog:
        """With the limits of the interface that a film chose, by provider."""
        changed = {}
        for key, entry in self.entries.items():
            variant = entry.get("variants", {}).get(variant_by_provider.get(key[0], ""))
            if variant:
                changed[key] = deep_merge(entry, variant)
        return self.replace_model_entries({**self.entries, **changed}) if changed else self

    def replace_model_entries(
        self, entries: Mapping[tuple[str, str], Mapping[str, Any]]
    ) -> Catalog:
        """With these entries and no others; those that are its own already stay as they are."""
        models = {
            key: self.models[key] if entry is self.entries.get(key) else _parse_model(entry)
            for key, entry in entries.items()
        }
        return replace(self, models=models, entries=entries)


@cache
def load_catalog() -> Catalog:
    """The catalogue that ships with the package, the user's own file laid over it.

    Raises EnvironmentProblem for a file of the user's own that can't be read.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (Path(__file__).parent / "catalog.yaml").read_text("utf-8")
    data = yaml.load(text, loader)
    entries = {
        (str(entry["provider"]), str(entry["id"])): {"as_of": data["as_of"], **entry}
        for entry in data["models"]
    }
    shipped = Catalog(
        as_of=data["as_of"],
        platforms=tuple(data["platforms"]),
        aliases=data["aliases"],
        models={key: _parse_model(entry) for key, entry in entries.items()},
        usual=data["usual"],
        entries=entries,
        preferred=frozenset(data["preferred"]),
    )
    return overlay_user_catalog(shipped)


def overlay_user_catalog(shipped: Catalog) -> Catalog:
    """The catalogue, with the user's own file over it if there is one."""
    path = find_catalog_override_file()
    if path is None:
        return shipped
    overrides = read_overrides(path, shipped.platforms)
    entries = dict(shipped.entries)
    for entry in overrides.models:
        key = (str(entry["provider"]), str(entry["id"]))
        dated = {"as_of": overrides.as_of, **entry} if overrides.as_of else entry
        entries[key] = _merge_entry(entries.get(key, {}), dated)
    try:
        changed = shipped.replace_model_entries(entries)
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise EnvironmentProblem(
            f"{path} is not a valid catalogue: {error}",
            hint="run `storyboard models --json NAME` to see the fields of an entry",
        ) from error
    aliases = {
        name: {**shipped.aliases.get(name, {}), **ids_by_provider}
        for name, ids_by_provider in overrides.aliases.items()
    }
    return replace(
        changed,
        aliases={**shipped.aliases, **aliases},
        as_of=overrides.as_of or shipped.as_of,
        override_path=str(path),
    )


def _merge_entry(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The user's entry over the shipped one; a price a second takes the place of one a take."""
    merged = deep_merge(shipped, own)
    stated = own.get("price")
    if isinstance(stated, Mapping) and "audio" in stated and "each" not in stated:
        merged["price"] = {key: value for key, value in merged["price"].items() if key != "each"}
    return merged


def _parse_model(entry: Mapping[str, Any]) -> Model:
    values = {
        KEYS[key]: _convert_lists_to_tuples(value) for key, value in entry.items() if key in KEYS
    }
    for key in ("as_of", "retires", "retired_on"):
        values[key] = str(entry.get(key, ""))  # YAML reads a bare date as one
    price = entry.get("price", {})
    values["price_audio"] = _convert_usd_to_micros(price.get("audio", {}))
    values["price_silent"] = _convert_usd_to_micros(price.get("silent", {}))
    unit_price = price.get("each", {})
    values["price_each"] = _convert_usd_to_micros(
        unit_price if isinstance(unit_price, Mapping) else {"": unit_price}
    )
    values["price_reference"] = _convert_usd_to_micros({"": price.get("reference", 0)})[""]
    if "second" in price:
        values["price_second"] = _convert_usd_to_micros({"": price["second"]})[""]
    values["price_confidence"] = price.get("confidence", "")
    if limits := entry.get("references"):
        values["references"] = ReferenceLimits(**_rename_keys(limits, _OF_REFERENCES))
    if extension := entry.get("extend"):
        values["extend"] = Extension(**_rename_keys(extension, _OF_EXTENSION))
    return Model(**values)


def _rename_keys(fields: Mapping[str, Any], attribute_by_key: Mapping[str, str]) -> dict[str, Any]:
    """Values by attribute; TypeError for a key that there is not."""
    reject_unknown_names(fields, attribute_by_key)
    return {attribute_by_key[key]: _convert_lists_to_tuples(value) for key, value in fields.items()}


def _convert_usd_to_micros(usd_by_name: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(Fraction(str(usd)) * 1_000_000) for name, usd in usd_by_name.items()}


def _convert_lists_to_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {key: _convert_lists_to_tuples(item) for key, item in value.items()}
    return value
