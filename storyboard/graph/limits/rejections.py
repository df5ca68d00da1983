"""What a model does not make, or does not make as asked: facts without words.

`rejection_texts.py` says each of them to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from storyboard.errors import Severity
from storyboard.graph.steps import Step
from storyboard.model.film import CastMember, MediaFile, Shot
from storyboard.providers.catalog import Model


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about what a shot asks."""

    code: ClassVar[str]
    severity: ClassVar[Severity]

    shot: Shot | None
    """None where the film as a whole asks."""
    key: str
    """Which key; an option's is `options.NAME`. Empty for the shot itself."""


class Rejection(Finding):
    """Why a shot is not made as it asks."""

    severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class ModelRejection(Rejection):
    """Why the model of a shot does not make it."""

    shot: Shot
    model: Model


# which model ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnknownProvider(Rejection):
    code = "SB401"
    name: str
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnknownModel(Rejection):
    code = "SB402"
    name: str
    platform: str
    """Where it was looked for; empty for everywhere."""
    product: str
    """What it should make: `video still write speech`."""
    elsewhere: tuple[Model, ...]
    """What has that name on other platforms."""
    names: tuple[str, ...]
    """What may be named instead."""


@dataclass(frozen=True, slots=True)
class RetiredModel(Rejection):
    code = "SB403"
    model: Model
    alternatives: tuple[Model, ...]
    """The same on platforms that still have it."""


@dataclass(frozen=True, slots=True)
class UnverifiedModel(Finding):
    code = "SB404"
    severity = Severity.WARNING
    model: Model


# what goes in --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MissingCapability(ModelRejection):
    """The model can't do it at all; each code has a class of its own below."""

    alternatives: tuple[Model, ...]
    """Models that can."""


class NoFirstFrame(MissingCapability):
    code = "SB413"


class NoLastFrame(MissingCapability):
    code = "SB414"


class NoExtension(MissingCapability):
    code = "SB415"


class NoReferences(MissingCapability):
    code = "SB417"


class ReferencesBesideFrame(ModelRejection):
    code = "SB417"


@dataclass(frozen=True, slots=True)
class ReferencesWithoutImages(Rejection):
    code = "SB417"
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TooManyReferences(ModelRejection):
    code = "SB417"
    names: tuple[str, ...]
    max_names: int


@dataclass(frozen=True, slots=True)
class UnacceptedReferences(MissingCapability):
    code = "SB417"
    members: tuple[CastMember, ...]
    """Those whose pictures are of a kind that the model does not take."""


@dataclass(frozen=True, slots=True)
class BeatsWithLink(Rejection):
    code = "SB425"
    link_key: str
    """The key beside `beats`."""


class MissingPrompt(ModelRejection):
    code = "SB430"


@dataclass(frozen=True, slots=True)
class OversizedPicture(ModelRejection):
    code = "SB431"
    file: MediaFile


# how long, how large -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IllegalDuration(ModelRejection):
    code = "SB410"
    resolution: str
    wanted_s: Fraction
    legal_s: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LongLength(ModelRejection):
    """A length over the longest take."""

    code = "SB422"
    resolution: str
    wanted_s: Fraction
    longest_s: int


@dataclass(frozen=True, slots=True)
class LongExtension(ModelRejection):
    """A length over the longest extension."""

    code = "SB422"
    wanted_s: Fraction
    longest_s: int


@dataclass(frozen=True, slots=True)
class LongTake(ModelRejection):
    """A length over the longest take in hops."""

    code = "SB416"
    wanted_s: Fraction
    longest_s: int
    alternatives: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class LongChain(ModelRejection):
    """An extension that would make its chain too long."""

    code = "SB416"
    source: Step
    wanted_s: int
    """Of the whole chain."""
    alternatives: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class IllegalResolution(ModelRejection):
    code = "SB411"
    is_extension: bool
    legal: tuple[str, ...]


class IllegalAspectRatio(ModelRejection):
    code = "SB412"


# what an extension goes on from --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlainSource(Rejection):
    """A colour or a card, of which nothing runs on."""

    code = "SB361"
    shot: Shot


@dataclass(frozen=True, slots=True)
class ForeignSource(ModelRejection):
    """A take that the model did not make."""

    code = "SB421"
    platform: str = ""
    """Where it was made, if that is another one."""
    other_model: str = ""
    """What made it on the same platform; empty beside an empty `platform` for footage."""


@dataclass(frozen=True, slots=True)
class SourceAspectRatio(Rejection):
    code = "SB432"
    shot: Shot
    source: Step


@dataclass(frozen=True, slots=True)
class SourceResolution(ModelRejection):
    code = "SB411"
    source: Step
    source_resolution: str
    legal: tuple[str, ...]


# settings ------------------------------------------------------------------------------------


class SoundAlwaysOn(ModelRejection):
    code = "SB418"


class UnknownSetting(ModelRejection):
    code = "SB419"


@dataclass(frozen=True, slots=True)
class UnknownOption(ModelRejection):
    """An option that no model has: a slip, so what it asks for would be lost in silence."""

    code = "SB419"
    names: tuple[str, ...]
    """Those that there are, the model's own first."""


@dataclass(frozen=True, slots=True)
class IllegalOption(ModelRejection):
    """An option that the model does not take with an operation, or not with that value."""

    code = "SB428"
    value: Any
    operation: str
    operations: tuple[str, ...] | None
    """Those that take the option, where this one does not."""
    legal: tuple[Any, ...]
    """What the option may say."""


@dataclass(frozen=True, slots=True)
class StorageNeeded(ModelRejection):
    code = "SB429"
    value: Any


@dataclass(frozen=True, slots=True)
class DroppedSetting(Finding):
    """A default that is not sent, for what would refuse a key of the shot's own."""

    code = "SB420"
    severity = Severity.NOTE
    reason: UnknownSetting | IllegalOption
