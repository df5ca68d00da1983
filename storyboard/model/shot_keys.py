"""The only list of shot keys: how each is written, where it is allowed, and what changing it costs.

The schema, the parser, `show`, saved plans, the fingerprint of a film, depfiles and the reference
page are derived from this table. A new key is a row here and a field of `Shot`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Flag, IntEnum, auto
from types import MappingProxyType
from typing import Any

from storyboard.model import value_types as types
from storyboard.model.film import Shot
from storyboard.model.value_types import ValueType


class Place(Flag):
    """Where a key is allowed."""

    SHOT = auto()
    SEQUENCE = auto()
    """As the default of the shots in it."""
    DEFAULTS = auto()


class Affects(Flag):
    """What changing a value can affect, in the shot that has it."""

    NOTHING = 0
    TAKE = auto()
    """The identity of what is made for the shot: it is made again, and paid for again."""
    PLAN = auto()
    """What a saved plan contains besides identities: the number of takes, and which one plays."""
    CUT = auto()
    """The finished film, although the same takes play."""


class MeantFor(IntEnum):
    """The kinds of shot for which a key has a meaning; on other kinds it is refused."""

    ANY = 0
    TAKE = 1
    """Shots with a take, made or imported: no colour, no card."""
    MADE = 2
    """Shots that a model makes: no footage either."""


@dataclass(frozen=True, slots=True)
class ShotKey:
    """One key."""

    name: str
    type: ValueType
    description: str
    """What it means, in a sentence for users."""
    examples: tuple[Any, ...] = ()
    stands: Place = Place.SHOT | Place.SEQUENCE | Place.DEFAULTS
    like: bool = False
    """Whether `like` copies it."""
    affects: Affects = Affects.TAKE
    default: Any = None
    """The default in the schema; None states none."""
    meant_for: MeantFor = MeantFor.ANY
    is_idle_unless_made: bool = False
    """Whether it is allowed, without effect, on a shot that no model makes."""
    makes_shot: bool = False
    """Whether it defines the shot, so that an empty value is an error."""
    is_source: bool = False
    """Whether the shot begins with it; a shot has at most one source."""
    is_joined: bool = False
    """Whether values of film, sequences and shot are joined, where other keys replace each
    other.
    """
    is_always_shown: bool = False
    """Whether `show` prints it even at its default."""
    is_on_timeline: bool = False
    """Whether its whole effect on the cut is in the timeline, which the film's fingerprint
    contains.
    """
    needs_take_of: bool = True
    """Whether a shot that it names must be made or imported first."""
    field: str = ""
    """The field of `Shot`, if its name differs from the key."""
    reviewed_as: str | None = ""
    """The part of a shot that a saved plan reports when the value changes; "" is the key itself.

    None if another part already covers it: the length that plays, the frames used, the takes.
    """
    is_later: bool = False
    """Whether plans were saved before this key existed; in a plan it then counts only if set."""
    title: str = ""
    """Its title for users; "" derives it from the name."""

    @property
    def field_name(self) -> str:
        return self.field or self.name

    @property
    def is_field(self) -> bool:
        """Whether a shot stores the value; `like`, for example, is only copied from."""
        return self.field_name in Shot.__dataclass_fields__

    @property
    def absent_value(self) -> Any:
        """The value of a shot if no layer sets it."""
        return Shot.__dataclass_fields__[self.field_name].default

    def read_value(self, shot: Shot) -> Any:
        """The value of that key in a shot."""
        return getattr(shot, self.field_name)

    @property
    def title_text(self) -> str:
        return self.title or self.name.replace("_", " ").capitalize()


_ONE = Place.SHOT
_BLOCK = Place.SHOT | Place.SEQUENCE
_MADE = MeantFor.MADE
_TAKE_AND_CUT = Affects.TAKE | Affects.CUT
_SEED_LIMIT = 2**32 - 1

# fmt: off
_ROWS = (
    # what makes it
    ShotKey("id", types.NAME,
        "The shot's number, by tens so that others fit between. Letters, digits, _ and -.",
        examples=("SH010",), stands=_ONE, affects=Affects.PLAN, makes_shot=True, reviewed_as=None),
    ShotKey("prompt", types.PROSE,
        "What is seen and what happens, in prose. Alone it means text to video.",
        examples=("Two-shot over the table with a letter between them",), stands=_BLOCK,
        meant_for=_MADE, makes_shot=True),
    ShotKey("beats", types.BEATS,
        "A long take, told from time to time; wants `length`. It is made in legal hops and "
        "cut to the exact length.",
        examples=([{"at": 0, "prompt": "A tram climbs the hill"},
                   {"at": 8, "prompt": "It passes the market"}],),
        stands=_ONE, meant_for=_MADE, makes_shot=True),
    ShotKey("first_frame", types.FRAME,
        "The picture that the shot begins with: a file, a frame of another shot (SH010.last), "
        "a cast name, or {still: words}.",
        examples=("refs/quay.png", "SH010.out"), stands=_ONE, makes_shot=True, is_source=True),
    ShotKey("last_frame", types.FRAME,
        "The picture that the shot ends with, beside `first_frame` or `continue`.",
        examples=("SH100.in",), stands=_ONE, meant_for=_MADE, makes_shot=True),
    ShotKey("continue", types.SHOT_ID,
        "A new shot that begins with the last used frame of that shot.",
        examples=("SH070",), stands=_ONE, makes_shot=True, is_source=True, field="continues"),
    ShotKey("extend", types.SHOT_ID,
        "The same take runs on: the model gets the prior video. Adds the model's hop (Veo 7 "
        "s).",
        examples=("SH060",), stands=_ONE, affects=_TAKE_AND_CUT, makes_shot=True, is_source=True,
        field="extends", is_on_timeline=True, reviewed_as=None),
    ShotKey("clip", types.CLIP,
        "Footage from a file, or the take of another shot, cut differently; costs nothing.",
        examples=("footage/dawn.mp4", "SH020"), stands=_ONE, affects=Affects.CUT, makes_shot=True,
        is_source=True, is_on_timeline=True, reviewed_as="footage"),
    ShotKey("color", types.COLOR,
        "Plain colour in running order; wants `length`.",
        examples=("black",), stands=_ONE, affects=Affects.CUT, makes_shot=True, is_source=True,
        is_on_timeline=True, reviewed_as="colour", title="Colour"),
    ShotKey("card", types.PROSE,
        "A title card in running order; wants `length`.",
        examples=("THE LETTER",), stands=_ONE, affects=Affects.CUT, makes_shot=True,
        is_source=True, is_on_timeline=True, reviewed_as="words"),
    # how long
    ShotKey("length", types.POSITIVE_TIME,
        "How long it is on screen. Seconds or frames. Absent: the take plays whole.",
        examples=(3, "72f"), affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("duration", types.POSITIVE_TIME,
        "What is asked of the model, in seconds. Absent: the shortest legal one that holds "
        "`length`, else the model's default (Veo 8).",
        examples=(8,), meant_for=_MADE,
        affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("trim", types.TRIM,
        "The part of the take that is used: {start, end} as positions in it.",
        examples=({"start": 0.5, "end": -0.5},), stands=_ONE, affects=Affects.CUT,
        meant_for=MeantFor.TAKE, is_on_timeline=True, reviewed_as=None),
    ShotKey("handles", types.TIME,
        "Spare frames wanted at the tail, for dissolves. Seconds or frames.",
        examples=(0.5,), default=0, is_idle_unless_made=True, is_always_shown=True),
    # what is seen and heard
    ShotKey("like", types.SHOT_ID,
        "Takes over that shot's place, cast, references, look, camera and model settings.",
        examples=("SH020",), stands=_ONE, needs_take_of=False),
    ShotKey("scene", types.PROSE,
        "A slug line; sets place and time of day.",
        examples=("INT. KITCHEN - NIGHT",), like=True),
    ShotKey("place", types.PLACE,
        "Where it is: a cast member of kind place, or words.",
        examples=("kitchen",), like=True),
    ShotKey("cast", types.CAST_NAMES,
        "Who is in frame.",
        examples=(["ana", "ben"],), like=True, default=[]),
    ShotKey("size", types.SIZE,
        "Size of the shot: wide, full, medium, close-up, insert and between, or EWS WS MS MCU "
        "CU ECU.",
        examples=("MCU",), like=True),
    ShotKey("angle", types.ANGLE,
        "Angle of the camera: eye level, low, high, dutch, over-the-shoulder (OTS), POV, "
        "overhead.",
        examples=("over-the-shoulder",), like=True),
    ShotKey("lens", types.LENS,
        "Focal length in mm, or words. Absent: up to the model.",
        examples=(65, "anamorphic"), like=True),
    ShotKey("camera", types.CAMERA,
        "What the camera does: words, or a list of moves; {static: 1} gives a move its "
        "seconds.",
        examples=("slow dolly in", [{"static": 1}, "slow dolly in"]), like=True),
    ShotKey("focus", types.PROSE,
        "What is sharp, and when that changes.",
        examples=("rack from the letter to Ana",), like=True),
    ShotKey("light", types.PROSE,
        "Where the light comes from, and how hard it is.",
        examples=("one lamp from the left",), like=True),
    ShotKey("time", types.WORDS,
        "Time of day; absent: what `scene` says.",
        examples=("night",), like=True),
    ShotKey("weather", types.PROSE,
        "The weather, where it can be seen.",
        examples=("light rain",), like=True),
    ShotKey("mood", types.PROSE,
        "The mood of the scene, in a few words.",
        examples=("tense",), like=True),
    ShotKey("text", types.PROSE,
        "Words that can be read in the picture.",
        examples=("KEY WEST",), like=True),
    ShotKey("look", types.PROSE,
        "Look of the picture; joined to the looks of film and sequence.",
        examples=("35mm, deep shadow",), stands=_BLOCK, like=True, is_idle_unless_made=True,
        is_joined=True),
    ShotKey("dialogue", types.DIALOGUE,
        "Who says what: a list of lines, or one line.",
        examples=([{"ana": "It came on Tuesday."}],), stands=_ONE, affects=_TAKE_AND_CUT,
        reviewed_as="sound"),
    ShotKey("narration", types.NARRATION,
        "A voice over the picture, spoken by a speech model, that may run over cuts: a list "
        "of lines, or one.",
        examples=([{"ana": "She had left twice before."}],), stands=_ONE, affects=_TAKE_AND_CUT,
        reviewed_as="sound"),
    ShotKey("sound", types.SOUNDS,
        "Sounds in words, asked of the model, or files that are laid into the mix.",
        examples=("gulls, a distant horn", [{"file": "sfx/door.wav", "at": 1}]),
        affects=_TAKE_AND_CUT),
    ShotKey("ambience", types.AMBIENCE,
        "One continuous bed of sound: {make: words} or {file}.",
        examples=({"make": "refrigerator hum", "gain_db": -30},), stands=_BLOCK,
        affects=Affects.CUT, reviewed_as="sound"),
    # what is asked of the model
    ShotKey("provider", types.PROVIDER,
        "Who makes it: previz (free, offline), vertex, gemini, cometapi, or a plug-in.",
        examples=("vertex",), like=True, default="previz", meant_for=_MADE, is_always_shown=True,
        affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("model", types.MODEL,
        "Alias or exact id of the model: veo-3.1, veo-3.1-fast, veo-3.1-lite, omni-flash.",
        examples=("veo-3.1-fast",), like=True, default="veo-3.1", meant_for=_MADE,
        is_always_shown=True,
        affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("target", types.PROVIDER,
        "The platform whose limits a previz film obeys. Absent: the model's first live one.",
        examples=("vertex",), stands=Place.DEFAULTS, meant_for=_MADE,
        affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("resolution", types.RESOLUTION,
        "What is bought; it is conformed to `format` on delivery. Absent: format.resolution.",
        examples=("720p",), like=True, meant_for=_MADE, is_always_shown=True),
    ShotKey("aspect_ratio", types.ASPECT_RATIO,
        "What is asked of the model. Absent: format.aspect_ratio.",
        examples=("16:9",), like=True, meant_for=_MADE, is_always_shown=True),
    ShotKey("takes", types.whole_number(1, 50),
        "How many takes are wanted.",
        examples=(3,), affects=Affects.PLAN, default=1, meant_for=_MADE, is_always_shown=True,
        reviewed_as=None),
    ShotKey("seed", types.whole_number(0, _SEED_LIMIT),
        "Seed of the first take; later ones are derived from it. Absent: a derived one.",
        examples=(1947,), meant_for=_MADE),
    ShotKey("audio", types.SWITCH,
        "Whether sound is asked of the model.",
        examples=(False,), like=True, default=True, is_idle_unless_made=True,
        is_always_shown=True),
    ShotKey("negative_prompt", types.PROSE,
        "What must not be seen; joined to those of film and sequence.",
        examples=("watermark",), like=True, meant_for=_MADE, is_joined=True),
    ShotKey("references", types.REFERENCES,
        "Which cast images are sent: auto, none, or a list of names.",
        examples=(["ana"],), like=True, default="auto", meant_for=_MADE, is_always_shown=True),
    ShotKey("options", types.OPTIONS,
        "Settings that only some providers know, checked by the provider's own schema.",
        examples=({"person_generation": "allow_adult"},), like=True, meant_for=_MADE),
    ShotKey("still_model", types.MODEL,
        "The image model that makes stills: an exact id. Absent: the provider's own.",
        examples=("gemini-3-pro-image",), like=True, meant_for=_MADE),
    # the cut and the mix
    ShotKey("effects", types.EFFECTS,
        "MoviePy effects by their own names and arguments, one after another, on what `trim` "
        "and `length` leave; `length` stays the seconds on screen. Times in seconds or "
        "frames.",
        examples=([{"MultiplySpeed": {"factor": 0.5}}],), affects=Affects.CUT,
        meant_for=MeantFor.TAKE, is_on_timeline=True),
    ShotKey("transition", types.TRANSITION,
        "How the film comes INTO this shot: the name of a transition, or a mapping with its length "
        "and its own keys.",
        examples=({"dissolve": 0.5},), affects=Affects.CUT, default="cut", is_always_shown=True,
        is_on_timeline=True),
    ShotKey("transition_out", types.END_TRANSITION,
        "How the film ends after this shot.",
        examples=({"fade": 1},), stands=_ONE, affects=Affects.CUT, default="cut",
        is_on_timeline=True, reviewed_as="transition"),
    ShotKey("mute", types.SWITCH,
        "Takes the shot's own sound out of the mix; buys nothing again.",
        examples=(True,), affects=Affects.CUT, default=False, reviewed_as="sound"),
    ShotKey("gain_db", types.DECIBELS,
        "Level of the shot's own sound in the mix, in dB; buys nothing again.",
        examples=(-6,), affects=Affects.CUT, default=0, reviewed_as="sound", title="Gain"),
    ShotKey("audio_track", types.AUDIO_TRACK,
        "Which sound track of a `clip: FILE` is heard: its number from 1, or its language. "
        "Absent: the one that a player plays.",
        examples=(2, "de"), stands=_ONE, affects=Affects.CUT, meant_for=MeantFor.TAKE,
        reviewed_as="sound", is_later=True),
    ShotKey("audio_lead", types.TIME,
        "Its sound begins that much earlier, under the picture before (J-cut). Seconds or "
        "frames.",
        examples=(0.5,), affects=Affects.CUT, default=0, reviewed_as="sound"),
    ShotKey("audio_lag", types.TIME,
        "Its sound runs on that much under the next picture (L-cut). Seconds or frames.",
        examples=(1.4,), affects=Affects.CUT, default=0, reviewed_as="sound"),
    # editing state
    ShotKey("omit", types.SWITCH,
        "Leaves the shot out and keeps its number.",
        examples=(True,), stands=_BLOCK, default=False, reviewed_as=None, affects=Affects.CUT),
    ShotKey("lock", types.LOCK,
        "A take that is never made again, such as t02; true locks the current one. Absent: "
        "unlocked.",
        examples=("t02", True), stands=_BLOCK, affects=Affects.PLAN, meant_for=MeantFor.TAKE),
    ShotKey("alternate", types.SHOT_ID,
        "Another way to do that shot, out of the cut until it is picked. Not built yet, so it is "
        "refused.",
        examples=("SH060",), stands=_ONE, needs_take_of=False),
    ShotKey("note", types.PROSE,
        "For people; never part of a prompt.",
        examples=("hold on her hands",), stands=_BLOCK, affects=Affects.NOTHING),
    ShotKey("continuity", types.PROSE,
        "For people: what must match.",
        examples=("letter in the left hand",), stands=_BLOCK, affects=Affects.NOTHING),
    ShotKey("match", types.MATCHED_FRAME,
        "A frame to compose like, and a pair for review. Not built yet, so it is refused; say "
        "it in `continuity`.",
        examples=("SH050.last",), stands=_ONE, needs_take_of=False),
)
# fmt: on

SHOT_KEYS: Mapping[str, ShotKey] = MappingProxyType({key.name: key for key in _ROWS})
"""By name, in the order in which a shot is easiest to read."""

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "id": "What makes the shot",
        "length": "How long it is",
        "like": "What is seen and heard",
        "provider": "What is asked of the model",
        "effects": "The cut and the mix",
        "omit": "Editing state",
    }
)
"""The title of each group of the table, by the group's first key."""

FIELD_KEYS = tuple(key for key in _ROWS if key.is_field)
"""The keys whose values a shot stores."""


def list_keys_at(place: Place) -> Iterator[ShotKey]:
    """The keys that are allowed there."""
    return (key for key in SHOT_KEYS.values() if place in key.stands)
