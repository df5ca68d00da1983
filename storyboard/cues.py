"""What is heard and what is laid over the picture: lines, sounds, beds, music, titles.

Parts of a film, frozen, without IO; times are frames of the delivery rate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from storyboard.errors import Span

LATER = MappingProxyType({"later": True})
"""Of a field that came after version 1: it is part of a film's identity only where it is set."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that the film names, inside its root."""

    path: Path
    """Absolute, links resolved."""
    name: str
    """As the storyboard writes it."""
    uri: str = ""
    """Set instead of a readable `path` where the film names a URL."""
    size: int = field(default=0, compare=False)
    """Bytes, when the film was read."""


@dataclass(frozen=True, slots=True)
class SoundCue:
    """A sound in words, asked of the model, or a file, laid into the mix; one is set."""

    words: str = ""
    file: MediaFile | None = None
    at: int = 0
    """Frames from the start of the used range."""
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Ambience:
    """One continuous bed under a shot, a sequence or the film; one of `make`, `file` is set."""

    make: str = ""
    file: MediaFile | None = None
    gain_db: float = -24.0
    scope: str = ""
    """`film`, `seq:SQ01` or `shot:SH010`: neighbours of one scope share one bed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point of the film: a shot's record in, the start, the end, or film time."""

    shot: str = ""
    """A shot id, or `start`, or `end`."""
    offset: int = 0
    """Frames from there; may be negative."""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class MusicCue:
    file: MediaFile | None = None
    make: str = ""
    begin: Anchor = Anchor("start")
    end: Anchor = Anchor("end")
    start: Fraction = Fraction(0)
    """Seconds into the file where it begins."""
    fade_in: int = 0
    fade_out: int = 0
    gain_db: float = 0.0
    duck_db: float = 0.0
    """How far it gives way to speech, dB, positive."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of dialogue or narration."""

    speaker: str
    """A cast name, or any name for a voice without a picture."""
    words: str
    at: int | None = None
    """Frames from the start of the take's own material, which `trim` leaves where it is; from the
    start of the shot in narration and over a colour or a card. None follows the line before."""
    how: str = ""
    off: bool = False
    write: str = field(default="", metadata=LATER)
    """For a text model, which writes `words`; they are empty until then."""


@dataclass(frozen=True, slots=True)
class NarrationCue:
    at: Anchor
    line: Line


@dataclass(frozen=True, slots=True)
class TitleCue:
    at: Anchor
    length: int
    text: str = ""
    credits: tuple[str, ...] = ()
    style: str = ""


@dataclass(frozen=True, slots=True)
class Loudness:
    lufs: float = -14.0
    true_peak_db: float = -1.0
