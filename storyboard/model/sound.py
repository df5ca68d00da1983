"""What is heard or shown over the picture: lines, sounds, ambience, music, titles.

Frozen values without IO; times are frames of the delivery rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from storyboard.errors import Span
from storyboard.util.serialization import Serialized


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that the film names, inside its root."""

    path: Path
    """Absolute, links resolved."""
    name: str
    """As the storyboard writes it."""
    uri: str = ""
    """Set instead of a readable `path` if the film names a URL."""
    size: int = field(default=0, compare=False)
    """Bytes, when the film was read."""
    reading: str = field(default="", compare=False)
    """Of a picture: what a viewer does to its pixels, where that is more than to show them."""
    width: int = field(default=0, compare=False)
    """Pixels of a picture as a viewer shows it, when the film was read; 0 where nobody knows."""
    height: int = field(default=0, compare=False)


def list_media_files(value: object) -> Iterator[MediaFile]:
    """Every file inside a value of the film: the value itself, or named by its parts."""
    if isinstance(value, MediaFile):
        yield value
    elif isinstance(value, Mapping):
        yield from list_media_files(tuple(value.values()))
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from list_media_files(part)
    elif is_dataclass(value):
        for part in fields(value):
            yield from list_media_files(getattr(value, part.name))


@dataclass(frozen=True, slots=True)
class SoundCue(Serialized):
    """A sound: words for the model, or a file for the mix; exactly one is set."""

    words: str = ""
    file: MediaFile | None = None
    at: int = 0
    """Frames from the start of the used range."""
    gain_db: float = 0.0

    def to_fields(self) -> dict[str, Any]:
        return {
            "words": self.words,
            "file": self.file,
            "at": self.at,
            "gain_db": self.gain_db,
        }


@dataclass(frozen=True, slots=True)
class Ambience(Serialized):
    """Continuous sound under a shot, a sequence or the film; exactly one of `make`, `file` is
    set.
    """

    make: str = ""
    file: MediaFile | None = None
    gain_db: float = -24.0
    scope: str = ""
    """`film`, `seq:SQ01` or `shot:SH010`: adjacent shots of one scope share one sound."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "make": self.make,
            "file": self.file,
            "gain_db": self.gain_db,
            "scope": self.scope,
        }


@dataclass(frozen=True, slots=True)
class Anchor(Serialized):
    """A point of the film: a shot's record in, the start, the end, or film time."""

    shot: str = ""
    """A shot id, or `start`, or `end`."""
    offset: int = 0
    """Frames from there; may be negative."""
    span: Span | None = field(default=None, compare=False)

    def to_fields(self) -> dict[str, Any]:
        return {
            "shot": self.shot,
            "offset": self.offset,
        }


@dataclass(frozen=True, slots=True)
class MusicCue(Serialized):
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
    """How much it is lowered under speech, dB, positive."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "make": self.make,
            "begin": self.begin,
            "end": self.end,
            "start": self.start,
            "fade_in": self.fade_in,
            "fade_out": self.fade_out,
            "gain_db": self.gain_db,
            "duck_db": self.duck_db,
        }


@dataclass(frozen=True, slots=True)
class Line(Serialized):
    """A line of dialogue or narration."""

    speaker: str
    """A cast name, or any name for a voice without a picture."""
    words: str
    at: int | None = None
    """Frames from the start of the take's own material, which `trim` does not move; from the start
    of the shot in narration and over a colour or a card. None follows the line before."""
    how: str = ""
    off: bool = False
    write: str = ""
    """Instructions for a text model that writes `words`, which are empty until then."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "speaker": self.speaker,
            "words": self.words,
            "at": self.at,
            "how": self.how,
            "off": self.off,
            "write": self.write,
        }


@dataclass(frozen=True, slots=True)
class NarrationCue(Serialized):
    at: Anchor
    line: Line

    def to_fields(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "line": self.line,
        }


Pos: TypeAlias = str | tuple[float, float]
"""A place in the frame: one of nine words, or where the middle is, across and down, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TextStyle(Serialized):
    """How text over the picture looks; what a style leaves out is as the layout has it."""

    font: MediaFile | None = None
    size: float = 0.0
    """% of the frame's height; 0 is the layout's own."""
    color: str = ""
    pos: Pos = ""
    box: str = ""
    """The colour of the box behind the text; "" is no box."""
    fade: int | None = None
    """Frames in which it appears and disappears; None is the layout's own."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "font": self.font,
            "size": self.size,
            "color": self.color,
            "pos": self.pos,
            "box": self.box,
            "fade": self.fade,
        }


@dataclass(frozen=True, slots=True)
class TitleCue(Serialized):
    at: Anchor
    length: int
    text: str = ""
    credits: tuple[str, ...] = ()
    style: str = ""
    """The layout: `lower-third` and so on."""
    look: TextStyle = TextStyle()
    look_name: str = ""
    """The film's style that `look` comes from, before the title's own `pos`."""
    image: MediaFile | None = None
    width: float = 0.0
    """Of the image, % of the frame's width; 0 is the usual."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "length": self.length,
            "text": self.text,
            "credits": self.credits,
            "style": self.style,
            # added after version 1: a title without them keeps its identity
            **({"look": self.look} if self.look != TextStyle() else {}),
            **({"image": self.image, "width": self.width} if self.image else {}),
        }


@dataclass(frozen=True, slots=True)
class Loudness(Serialized):
    lufs: float = -14.0
    true_peak_db: float = -1.0

    def to_fields(self) -> dict[str, Any]:
        return {
            "lufs": self.lufs,
            "true_peak_db": self.true_peak_db,
        }
