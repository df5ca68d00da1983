"""A take, which is one rendered result, and the facts of a media file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias

from storyboard.timecode import FrameRange, Rate
from storyboard.util.languages import is_same_language
from storyboard.util.serialization import Serialized

_EMPTY: Mapping[str, str] = MappingProxyType({})


def _build_empty_mapping() -> Mapping[str, str]:
    return _EMPTY


@dataclass(frozen=True, slots=True)
class MediaFacts(Serialized):
    """What a media file really contains, as probed."""

    width: int = 0
    height: int = 0
    frames: int = 0
    """Video frames; 0 for sound, 1 for a still."""
    rate: Rate | None = None
    seconds: Fraction = Fraction(0)
    has_audio: bool = False

    def to_fields(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "height": self.height,
            "frames": self.frames,
            "rate": self.rate,
            "seconds": self.seconds,
            "has_audio": self.has_audio,
        }


TakeKey: TypeAlias = tuple[str, int, str]
"""Step digest, ordinal and SHA-256: two takes that came out the same are two purchases."""


def format_take_name(ordinal: int) -> str:
    """`t02` of 2."""
    return f"t{ordinal:02d}"


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One sound track of a clip."""

    number: int
    """From 1."""
    language: str = ""
    """As in the file; empty if it states none."""
    is_readable: bool = True
    """Whether it can be decoded."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip that comes with the film, as a player shows it."""

    facts: MediaFacts
    frame_reading: str = ""
    """What is done to one of its frames besides decoding, when it is used alone; mostly empty."""
    clip_reading: str = ""
    """What is done to the moving picture."""
    frame_times: tuple[Fraction, ...] = ()
    """Seconds from the first frame to each, if they are uneven."""
    sound_seconds: Fraction = Fraction(0)
    """When its sound ends, seconds after the first frame; 0 if the file doesn't state it."""
    audio_tracks: tuple[AudioTrack, ...] = ()


def find_audio_track(tracks: Sequence[AudioTrack], wanted: str) -> AudioTrack | None:
    """The readable track that `wanted`, a number or a language, names; None if there is none."""
    readable_tracks = (track for track in tracks if track.is_readable)
    if wanted.isdigit():
        return next((track for track in readable_tracks if track.number == int(wanted)), None)
    return next(
        (track for track in readable_tracks if is_same_language(track.language, wanted)), None
    )


@dataclass(frozen=True, slots=True)
class Take:
    """One rendered result, immutable; `digest` and `ordinal` identify the attempt that made it."""

    digest: str
    ordinal: int
    """1 is `t01`."""
    sha256: str
    provider: str
    model: str
    facts: MediaFacts
    seed: int | None = None
    price_micros: int = 0
    operation: str = ""
    contains_source: bool = False
    source_frames: int = 0
    """Frames of its source at its start, if it contains the source."""
    uri: str = ""
    expires_at: float | None = None
    attachments: Mapping[str, str] = field(default_factory=_build_empty_mapping)
    """Name to sha256: `first.png`, `last.png`, `state.json`."""
    created_at: float = 0.0
    shot: str = ""
    """The shot it was first made for; for users, never part of identity."""

    @property
    def name(self) -> str:
        return format_take_name(self.ordinal)

    @property
    def key(self) -> TakeKey:
        return self.digest, self.ordinal, self.sha256

    @property
    def tail(self) -> FrameRange:
        """The frames that this step added."""
        return FrameRange(self.source_frames, self.facts.frames)
