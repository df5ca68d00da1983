"""The film as data: frozen, without IO, as `language` resolves it.

Precedence, `like`, sequences, includes and profiles are already applied. Times are frames of the
delivery rate. `origins` maps values to their source positions; it takes no part in equality or
identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storyboard.errors import Span
from storyboard.model.blocking import Placement
from storyboard.model.delivery import RESOLUTIONS, Delivery, compute_frame_size
from storyboard.model.effects import Effect
from storyboard.model.framing import Fit
from storyboard.model.policy import FilmDefaults, Policy
from storyboard.model.sound import (
    Ambience,
    Anchor,
    Line,
    Loudness,
    MediaFile,
    MusicCue,
    NarrationCue,
    Pos,
    SoundCue,
    TextStyle,
    TitleCue,
)
from storyboard.model.take import AudioTrack, Footage, MediaFacts, Take, find_audio_track
from storyboard.util.serialization import Serialized

__all__ = [
    "CUT",
    "RESOLUTIONS",
    "Align",
    "Ambience",
    "Anchor",
    "AudioTrack",
    "Beat",
    "CameraMove",
    "CastKind",
    "CastMember",
    "Clip",
    "Delivery",
    "Effect",
    "Film",
    "FilmDefaults",
    "Footage",
    "FrameEdge",
    "FrameRef",
    "FramesFrom",
    "Line",
    "Loudness",
    "MediaFacts",
    "MediaFile",
    "MusicCue",
    "NarrationCue",
    "Origin",
    "Outfit",
    "Placement",
    "Policy",
    "Pos",
    "References",
    "Shot",
    "SoundCue",
    "Take",
    "TextStyle",
    "TitleCue",
    "Transition",
    "Trim",
    "ValueSource",
    "compute_frame_size",
    "find_audio_track",
]  # fmt: skip

_EMPTY: Mapping[str, Any] = MappingProxyType({})


def _build_empty_mapping() -> Mapping[str, Any]:
    return _EMPTY


class ValueSource(StrEnum):
    """The part of the text that a value comes from; stronger layers first."""

    FLAG = "flag"
    SHOT = "shot"
    LIKE = "like"
    SEQUENCE = "sequence"
    INCLUDE = "include"
    PROFILE = "profile"
    DEFAULTS = "defaults"
    FILM = "film"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from."""

    layer: ValueSource
    detail: str = ""
    """The name of that shot, sequence, file or profile."""
    key: Span | None = None
    value: Span | None = None


class CastKind(StrEnum):
    CHARACTER = "character"
    PLACE = "place"
    PROP = "prop"
    STYLE = "style"
    VOICE = "voice"


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a cast member can wear."""

    name: str
    description: str = ""
    image: MediaFile | None = None


@dataclass(frozen=True, slots=True)
class CastMember:
    """A person, place, prop or style that a film shows, or a voice that it lets be heard."""

    name: str
    kind: CastKind = CastKind.CHARACTER
    description: str = ""
    images: tuple[MediaFile, ...] = ()
    voice: str = ""
    still: str = ""
    """A description for an image model that makes its picture first."""
    wardrobe: tuple[Outfit, ...] = ()

    def find_outfit(self, name: str) -> Outfit | None:
        return next((outfit for outfit in self.wardrobe if outfit.name == name), None)


class FrameEdge(StrEnum):
    FIRST = "first"
    LAST = "last"
    IN = "in"
    OUT = "out"
    AT = "at"


@dataclass(frozen=True, slots=True)
class FrameRef:
    """One picture: a file, a frame of another shot, a cast image, or a description of a still.

    Exactly one of `file`, `shot`, `cast`, `still` is set.
    """

    file: MediaFile | None = None
    shot: str = ""
    edge: FrameEdge = FrameEdge.FIRST
    at: int = 0
    """Source frame for `FrameEdge.AT`."""
    cast: str = ""
    still: str = ""
    still_cast: tuple[str, ...] = ()
    still_place: str = ""


@dataclass(frozen=True, slots=True)
class Clip(Serialized):
    """Footage from a file, or another shot's select used again; exactly one is set."""

    file: MediaFile | None = None
    shot: str = ""

    def to_fields(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "shot": self.shot,
        }


@dataclass(frozen=True, slots=True)
class CameraMove:
    words: str
    """As written: `slow dolly in`."""
    length: int = 0
    """Frames; moves with 0 share the rest of the shot."""


@dataclass(frozen=True, slots=True)
class Beat:
    at: int
    """Frames from the start of the shot."""
    prompt: str
    blocking: tuple[Placement, ...] = ()
    """What changes; nothing of people who stay as they are."""


@dataclass(frozen=True, slots=True)
class Trim:
    """Source frames of the take; None keeps that end, a negative end counts back from the take's
    end.
    """

    start: int | None = None
    end: int | None = None


class Align(StrEnum):
    AUTO = "auto"
    START = "start"
    CENTER = "center"
    END = "end"


class FramesFrom(StrEnum):
    AUTO = "auto"
    HANDLES = "handles"
    OVERLAP = "overlap"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Transition(Serialized):
    """How one shot changes to the next."""

    kind: str = "cut"
    """The name of a transition, or `cut`."""
    duration: int = 0
    """Frames in which both shots (or a shot and the colour) are visible; 0 for a cut."""
    color: str = "black"
    """The colour, if the transition mixes with one."""
    through: bool = False
    """Whether it goes out to the colour and in again, instead of coming from it."""
    arguments: Mapping[str, Any] = field(default_factory=_build_empty_mapping)
    """Further arguments of the drawing, by name, such as the side that a wipe comes from."""
    align: Align = Align.AUTO
    frames: FramesFrom = FramesFrom.AUTO

    @property
    def is_cut(self) -> bool:
        return self.kind == "cut"

    def to_fields(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "duration": self.duration,
            "color": self.color,
            "through": self.through,
            # every transition had this field before transitions had arguments of their own
            "direction": "left",
            **self.arguments,
            "align": self.align,
            "frames": self.frames,
        }


CUT = Transition()


class References(StrEnum):
    """The cast whose images are sent if the shot lists no names."""

    AUTO = "auto"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Shot:
    """One intended continuous image, every value resolved.

    `shot_keys` describes each key and what depends on it.
    """

    id: str
    # what makes it
    prompt: str = ""
    beats: tuple[Beat, ...] = ()
    first_frame: FrameRef | None = None
    last_frame: FrameRef | None = None
    continues: str = ""
    extends: str = ""
    clip: Clip | None = None
    color: str = ""
    card: str = ""
    # how long
    length: int | None = None
    """Frames on screen; None plays the whole take."""
    duration: int | None = None
    """Frames to request from the model, as the storyboard states them, or None."""
    trim: Trim = Trim()
    handles: int = 0
    """Spare frames wanted at the tail."""
    # what is seen and heard
    scene: str = ""
    """The heading without its number."""
    scene_number: str = ""
    """The number that `scene` ends with, for people: `12A` of `#12A#`."""
    place: str = ""
    cast: tuple[str, ...] = ()
    """Names in frame, without the place, in the order listed."""
    blocking: tuple[Placement, ...] = ()
    """At the start of the shot, also of people who are not in frame."""
    line: tuple[str, ...] = ()
    """The two whose line the camera stays on one side of; empty: who face each other."""
    cross: bool = False
    """Whether the camera is on the other side of the line, on purpose."""
    size: str = ""
    angle: str = ""
    over: str = ""
    """Over whose shoulder the camera looks, if the angle says it."""
    lens: str = ""
    camera: tuple[CameraMove, ...] = ()
    focus: str = ""
    light: str = ""
    time: str = ""
    weather: str = ""
    mood: str = ""
    text: str = ""
    look: str = ""
    """The looks of film, sequences and shot, joined."""
    dialogue: tuple[Line, ...] = ()
    narration: tuple[Line, ...] = ()
    sound: tuple[SoundCue, ...] = ()
    ambience: Ambience | None = None
    # what is asked of the model
    provider: str = "previz"
    model: str = "veo-3.1"
    """Catalogue alias or exact id, as written."""
    target: str = ""
    """The platform whose limits apply to a previz shot; empty: the model's first live one."""
    resolution: str = "720p"
    aspect_ratio: str = "16:9"
    takes: int = 1
    seed: int | None = None
    audio: bool = True
    negative_prompt: str = ""
    references: References | tuple[str, ...] = References.AUTO
    """Cast names, or a rule."""
    options: Mapping[str, Any] = field(default_factory=_build_empty_mapping)
    still_model: str = ""
    """The model for the shot's stills; empty is the provider's own."""
    # the cut and the mix
    fit: Fit = ()
    """How its picture fills the frame: nothing said, one framing, or the two ends of a move."""
    effects: tuple[Effect, ...] = ()
    transition: Transition = CUT
    transition_out: Transition = CUT
    mute: bool = False
    gain_db: float = 0.0
    audio_track: str = ""
    """Of footage, the sound track to use: its number from 1, or its language."""
    audio_lead: int = 0
    audio_lag: int = 0
    # editing state
    omit: bool = False
    lock: str = ""
    """A take, `t02` or `t02-4f1c`, or `true` for the current select; empty is unlocked."""
    alternate: str = ""
    note: str = ""
    continuity: str = ""
    match: FrameRef | None = None
    sequences: tuple[str, ...] = ()
    """Ids of the sequences around it, outermost first."""
    origins: Mapping[str, Origin] = field(
        default_factory=_build_empty_mapping, compare=False, repr=False
    )
    """By key path as written: `prompt`, `trim.start`, `dialogue[0].at`; `` is the shot itself."""

    def find_origin(self, key_path: str = "") -> Origin | None:
        """The origin of the value at `key_path`, or of the nearest written key around it."""
        while key_path:
            if key_path in self.origins:
                return self.origins[key_path]
            parent_end = max(key_path.rfind("."), key_path.rfind("["))
            key_path = key_path[:parent_end] if parent_end > 0 else ""
        return self.origins.get("")

    def find_span(self, key_path: str = "") -> Span:
        """The source position of the value at `key_path`, or of the nearest key around it."""
        origin = self.find_origin(key_path)
        if origin is None:
            return Span("<film>")
        return origin.value or origin.key or Span("<film>")

    def is_stated_by_shot(self, key_path: str) -> bool:
        """Whether the shot itself states `key_path` (not a default, sequence, `like` or
        profile).
        """
        origin = self.origins.get(key_path)
        return origin is not None and origin.layer is ValueSource.SHOT


@dataclass(frozen=True, slots=True)
class Film:
    """The whole film, with every shot resolved and in running order."""

    path: Path
    """The YAML file, absolute."""
    root: Path
    """The folder that contains every file of the film."""
    title: str = ""
    author: str = ""
    copyright: str = ""
    credits: tuple[str, ...] = ()
    length: int | None = None
    """Intended length in frames."""
    delivery: Delivery = Delivery()
    defaults: FilmDefaults = FilmDefaults()
    cast: Mapping[str, CastMember] = field(default_factory=_build_empty_mapping)
    shots: tuple[Shot, ...] = ()
    """All shots, including omitted and alternate ones."""
    music: tuple[MusicCue, ...] = ()
    narration: tuple[NarrationCue, ...] = ()
    titles: tuple[TitleCue, ...] = ()
    markers: Mapping[str, Anchor] = field(default_factory=_build_empty_mapping)
    """Points that the film names, for people and for other points."""
    fonts: tuple[MediaFile, ...] = ()
    """Asked for each letter of cards, titles and subtitles, in this order."""
    styles: Mapping[str, TextStyle] = field(default_factory=_build_empty_mapping)
    """How titles and subtitles look, by name."""
    loudness: Loudness = Loudness()
    subtitles: str = "none"
    policy: Policy = Policy()
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=_build_empty_mapping)
    profile: str = ""
    proxy: bool = False
    """Whether previz makes 320x180 pictures, with an identity of their own."""
    rehearsal: bool = False
    """Whether previz replaces the paid providers that the film names."""
    texts: tuple[Path, ...] = ()
    """Every YAML file that was read, this one first."""
    origins: Mapping[str, Origin] = field(
        default_factory=_build_empty_mapping, compare=False, repr=False
    )
    """By key path from the root: `format.fps`, `sound.music[0].from`."""

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def cut(self) -> tuple[Shot, ...]:
        """The shots that play, in order."""
        return tuple(shot for shot in self.shots if not shot.omit and not shot.alternate)

    def find_shot(self, id: str) -> Shot:
        """The shot of that id; KeyError if there is none."""
        for shot in self.shots:
            if shot.id == id:
                return shot
        raise KeyError(id)

    def find_span(self, key_path: str = "") -> Span:
        """The source position of the film's own value at `key_path`, or of the nearest key
        around it.
        """
        while key_path and key_path not in self.origins:
            parent_end = max(key_path.rfind("."), key_path.rfind("["))
            key_path = key_path[:parent_end] if parent_end > 0 else ""
        origin = self.origins.get(key_path)
        return (origin and (origin.value or origin.key)) or Span(str(self.path))
