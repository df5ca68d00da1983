"""A take: one rendered result, and what a media file really holds."""

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
    """What a media file really holds, as probed."""

    width: int = 0
    height: int = 0
    frames: int = 0
    """Video frames; 0 for sound, 1 for a picture."""
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
    """As the file has it; empty where it says none."""
    is_readable: bool = True
    """It can be decoded."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip that a film brings along, as a player shows it."""

    facts: MediaFacts
    frame_reading: str = ""
    """What is done to a frame of it that is handed on, beyond decoding; empty for most clips."""
    clip_reading: str = ""
    """What is done to the moving picture."""
    frame_times: tuple[Fraction, ...] = ()
    """Seconds from the first frame to each, where they are uneven."""
    sound_seconds: Fraction = Fraction(0)
    """When its sound ends, seconds after the first frame; 0 where the file doesn't say."""
    audio_tracks: tuple[AudioTrack, ...] = ()


def find_audio_track(tracks: Sequence[AudioTrack], wanted: str) -> AudioTrack | None:
    """The track that `wanted`, a number or a language, names; None where no readable one is."""
    readable_tracks = (track for track in tracks if track.is_readable)
    if wanted.isdigit():
        return next((track for track in readable_tracks if track.number == int(wanted)), None)
    return next(
        (track for track in readable_tracks if is_same_language(track.language, wanted)), None
    )


@dataclass(frozen=True, slots=True)
class Take:
    """One rendered result, immutable; `digest` and `ordinal` say which attempt made it."""

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
    """Frames of its source at its head, where it contains it."""
    uri: str = ""
    expires_at: float | None = None
    attachments: Mapping[str, str] = field(default_factory=_build_empty_mapping)
    """Name to sha256: `first.png`, `last.png`, `state.json`."""
    created_at: float = 0.0
    shot: str = ""
    """The shot it was first made for; for people, never part of identity."""

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
