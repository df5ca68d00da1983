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
        "The number of the shot. Number by tens (SH010, SH020), so that you can add shots "
        "between. Letters, digits, _ and -.",
        examples=("SH010",), stands=_ONE, affects=Affects.PLAN, makes_shot=True, reviewed_as=None),
    ShotKey("prompt", types.PROSE,
        "What the audience sees and what happens, in plain sentences. A shot with only a prompt "
        "is made from text.",
        examples=("Two-shot over the table with a letter between them",), stands=_BLOCK,
        meant_for=_MADE, makes_shot=True),
    ShotKey("beats", types.BEATS,
        "A long take as a list of beats, each with a start time; needs `length`. The program "
        "makes it in several parts that the model allows and cuts it to the exact length.",
        examples=([{"at": 0, "prompt": "A tram climbs the hill"},
                   {"at": 8, "prompt": "It passes the market"}],),
        stands=_ONE, meant_for=_MADE, makes_shot=True),
    ShotKey("first_frame", types.FRAME,
        "The image at the start of the shot: a file, a frame of another shot (SH010.last), a "
        "cast name, or {still: a description}.",
        examples=("refs/quay.png", "SH010.out"), stands=_ONE, makes_shot=True, is_source=True),
    ShotKey("last_frame", types.FRAME,
        "The image at the end of the shot; needs `first_frame` or `continue`.",
        examples=("SH100.in",), stands=_ONE, meant_for=_MADE, makes_shot=True),
    ShotKey("continue", types.SHOT_ID,
        "Starts a new take from the last used frame of another shot.",
        examples=("SH070",), stands=_ONE, makes_shot=True, is_source=True, field="continues"),
    ShotKey("extend", types.SHOT_ID,
        "Continues the take of another shot: the model gets that video and adds to it (Veo adds "
        "7 s).",
        examples=("SH060",), stands=_ONE, affects=_TAKE_AND_CUT, makes_shot=True, is_source=True,
        field="extends", is_on_timeline=True, reviewed_as=None),
    ShotKey("clip", types.CLIP,
        "Video from a file, or the take of another shot used again with a different cut; costs "
        "nothing.",
        examples=("footage/dawn.mp4", "SH020"), stands=_ONE, affects=Affects.CUT, makes_shot=True,
        is_source=True, is_on_timeline=True, reviewed_as="footage"),
    ShotKey("color", types.COLOR,
        "A plain colour as a shot; needs `length`.",
        examples=("black",), stands=_ONE, affects=Affects.CUT, makes_shot=True, is_source=True,
        is_on_timeline=True, reviewed_as="colour", title="Colour"),
    ShotKey("card", types.PROSE,
        "A title card as a shot; needs `length`.",
        examples=("THE LETTER",), stands=_ONE, affects=Affects.CUT, makes_shot=True,
        is_source=True, is_on_timeline=True, reviewed_as="words"),
    # how long
    ShotKey("length", types.LENGTH,
        "How long the shot is in the film. Seconds, frames, or beats and bars of the `tempo`: then "
        "it ends on a beat. Absent: the whole take.",
        examples=(3, "72f", "6b"), affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("until", types.POINT,
        "The point of the film at which the shot ends, in place of `length`: a marker, or another "
        "point whose distance from the start of the shot is known.",
        examples=("drop", "SH060+48b"), stands=_ONE, affects=_TAKE_AND_CUT, is_on_timeline=True,
        reviewed_as=None, needs_take_of=False),
    ShotKey("duration", types.POSITIVE_TIME,
        "How long a take to request from the model, in seconds. Absent: the shortest allowed "
        "duration that contains `length`, or the model's default (Veo 8).",
        examples=(8,), meant_for=_MADE,
        affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("trim", types.TRIM,
        "The part of the take that the film uses: {start, end}, as positions in the take.",
        examples=({"start": 0.5, "end": -0.5},), stands=_ONE, affects=Affects.CUT,
        meant_for=MeantFor.TAKE, is_on_timeline=True, reviewed_as=None),
    ShotKey("handles", types.TIME,
        "Spare frames to request at the end of the take, for dissolves. Seconds or frames.",
        examples=(0.5,), default=0, is_idle_unless_made=True, is_always_shown=True),
    # what is seen and heard
    ShotKey("like", types.SHOT_ID,
        "Copies the place, cast, references, look, camera and model settings of another shot.",
        examples=("SH020",), stands=_ONE, needs_take_of=False),
    ShotKey("scene", types.PROSE,
        "The scene heading (slug line); it sets place and time of day. A scene number at its end, "
        "as in Fountain, is for people and is not sent to a model.",
        examples=("INT. KITCHEN - NIGHT", "INT. KITCHEN - NIGHT #12A#"), like=True),
    ShotKey("place", types.PLACE,
        "Where the shot takes place: a cast member of kind place, or a description.",
        examples=("kitchen",), like=True),
    ShotKey("cast", types.CAST_NAMES,
        "Who is in the picture.",
        examples=(["ana", "ben"],), like=True, default=[]),
    ShotKey("blocking", types.BLOCKING,
        "Where the people are and what they do there, by cast name. A shot changes what its "
        "sequence says, person by person; an `extend` begins as its source ends. Only people in "
        "the `cast` of the shot are in the prompt. Previz draws sides, poses, looks, ways in and "
        "out and what people hold; it doesn't draw depths and what people are beside.",
        examples=({"ana": {"where": "left", "by": "table", "pose": "sits", "faces": "ben"}},),
        stands=_BLOCK, like=True),
    ShotKey("line", types.LINE,
        "The two people between whom the line runs that the camera should not cross. Absent: two "
        "who face each other.",
        examples=(["ana", "ben"],), stands=_BLOCK, like=True, affects=Affects.NOTHING,
        title="Line of action"),
    ShotKey("cross", types.SWITCH,
        "The camera is on the other side of the line, on purpose: it sees the blocking of the "
        "sequence from there, left and right exchanged.",
        examples=(True,), stands=_ONE, default=False, title="Cross the line"),
    ShotKey("size", types.SIZE,
        "The shot size: wide, full, medium, close-up, insert and sizes between, or EWS WS MS MCU "
        "CU ECU.",
        examples=("MCU",), like=True),
    ShotKey("angle", types.ANGLE,
        "The camera angle: eye level, low, high, dutch, over-the-shoulder (OTS), POV, overhead; "
        "`{over: ben}` is over the shoulder of one person.",
        examples=("over-the-shoulder", {"over": "ben"}), like=True),
    ShotKey("lens", types.LENS,
        "The focal length in mm, or a description. Absent: the model decides.",
        examples=(65, "anamorphic"), like=True),
    ShotKey("camera", types.CAMERA,
        "How the camera moves: a description, or a list of moves; {static: 1} gives a move its "
        "seconds.",
        examples=("slow dolly in", [{"static": 1}, "slow dolly in"]), like=True),
    ShotKey("focus", types.PROSE,
        "What is in focus, and when that changes.",
        examples=("rack from the letter to Ana",), like=True),
    ShotKey("light", types.PROSE,
        "Where the light comes from, and how hard it is.",
        examples=("one lamp from the left",), like=True),
    ShotKey("time", types.WORDS,
        "The time of day. Absent: the time in `scene`.",
        examples=("night",), like=True),
    ShotKey("weather", types.PROSE,
        "The weather, if the audience can see it.",
        examples=("light rain",), like=True),
    ShotKey("mood", types.PROSE,
        "The mood of the shot, in a few words.",
        examples=("tense",), like=True),
    ShotKey("text", types.PROSE,
        "Text that the audience can read in the picture, such as a sign.",
        examples=("KEY WEST",), like=True),
    ShotKey("look", types.PROSE,
        "The look of the picture; added to the looks of the film and the sequence.",
        examples=("35mm, deep shadow",), stands=_BLOCK, like=True, is_idle_unless_made=True,
        is_joined=True),
    ShotKey("dialogue", types.DIALOGUE,
        "Who says what: one line or a list of lines.",
        examples=([{"ana": "It came on Tuesday."}],), stands=_ONE, affects=_TAKE_AND_CUT,
        reviewed_as="sound"),
    ShotKey("narration", types.NARRATION,
        "A voice over the picture, made by a speech model; it may continue over cuts. One line "
        "or a list of lines.",
        examples=([{"ana": "She had left twice before."}],), stands=_ONE, affects=_TAKE_AND_CUT,
        reviewed_as="sound"),
    ShotKey("sound", types.SOUNDS,
        "Sounds: a description for the model, or files that are added to the mix.",
        examples=("gulls, a distant horn", [{"file": "sfx/door.wav", "at": 1}]),
        affects=_TAKE_AND_CUT),
    ShotKey("ambience", types.AMBIENCE,
        "One continuous background sound: {make: a description} or {file}.",
        examples=({"make": "refrigerator hum", "gain_db": -30},), stands=_BLOCK,
        affects=Affects.CUT, reviewed_as="sound"),
    # what is asked of the model
    ShotKey("provider", types.PROVIDER,
        "Who makes the take: previz (free, offline), vertex, gemini, cometapi, or a plug-in.",
        examples=("vertex",), like=True, default="previz", meant_for=_MADE, is_always_shown=True,
        affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("model", types.MODEL,
        "The model, by alias or exact id: veo-3.1, veo-3.1-fast, veo-3.1-lite, omni-flash.",
        examples=("veo-3.1-fast",), like=True, default="veo-3.1", meant_for=_MADE,
        is_always_shown=True,
        affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("target", types.PROVIDER,
        "The platform whose limits apply when previz draws the film. Absent: the first platform "
        "that offers the model.",
        examples=("vertex",), stands=Place.DEFAULTS, meant_for=_MADE,
        affects=_TAKE_AND_CUT, is_on_timeline=True, reviewed_as=None),
    ShotKey("resolution", types.RESOLUTION,
        "The resolution of the take; the film scales it to `format`. Absent: format.resolution.",
        examples=("720p",), like=True, meant_for=_MADE, is_always_shown=True),
    ShotKey("aspect_ratio", types.ASPECT_RATIO,
        "The aspect ratio of the take. Absent: format.aspect_ratio.",
        examples=("16:9",), like=True, meant_for=_MADE, is_always_shown=True),
    ShotKey("takes", types.whole_number(1, 50),
        "How many takes to make.",
        examples=(3,), affects=Affects.PLAN, default=1, meant_for=_MADE, is_always_shown=True,
        reviewed_as=None),
    ShotKey("seed", types.whole_number(0, _SEED_LIMIT),
        "The seed of the first take; the seeds of later takes follow from it. Absent: a seed "
        "that follows from the shot.",
        examples=(1947,), meant_for=_MADE),
    ShotKey("audio", types.SWITCH,
        "Whether the model also generates sound.",
        examples=(False,), like=True, default=True, is_idle_unless_made=True,
        is_always_shown=True),
    ShotKey("negative_prompt", types.PROSE,
        "What must not be in the picture; added to the negative prompts of the film and the "
        "sequence.",
        examples=("watermark",), like=True, meant_for=_MADE, is_joined=True),
    ShotKey("references", types.REFERENCES,
        "Which images of the cast to send to the model: auto, none, or a list of names.",
        examples=(["ana"],), like=True, default="auto", meant_for=_MADE, is_always_shown=True),
    ShotKey("options", types.OPTIONS,
        "Settings of one provider; the provider checks them.",
        examples=({"person_generation": "allow_adult"},), like=True, meant_for=_MADE),
    ShotKey("still_model", types.MODEL,
        "The image model for stills, by exact id. Absent: the default of the provider.",
        examples=("gemini-3-pro-image",), like=True, meant_for=_MADE),
    # the cut and the mix
    ShotKey("fit", types.FIT,
        "How the picture fills the frame of the film if it has another shape: crop, pad (black "
        "bars), blur (bars of the blurred picture), or {crop: POS, zoom: 1.2}. A list of two is a "
        "move from the first framing to the last. Absent: the `fit` of `format`.",
        examples=("crop", {"crop": "top"},
                  [{"crop": "center"}, {"crop": [0.6, 0.4], "zoom": 1.15}]),
        stands=_BLOCK, affects=Affects.CUT, meant_for=MeantFor.TAKE, is_on_timeline=True,
        is_later=True),
    ShotKey("effects", types.EFFECTS,
        "A list of MoviePy effects with their arguments, applied in order to the used part of "
        "the take. `length` stays the time on screen. Times in seconds or frames.",
        examples=([{"MultiplySpeed": {"factor": 0.5}}],), affects=Affects.CUT,
        meant_for=MeantFor.TAKE, is_on_timeline=True),
    ShotKey("transition", types.TRANSITION,
        "How the film changes to this shot: the name of a transition, or a mapping with its "
        "length and its own keys.",
        examples=({"dissolve": 0.5},), affects=Affects.CUT, default="cut", is_always_shown=True,
        is_on_timeline=True),
    ShotKey("transition_out", types.END_TRANSITION,
        "How the film ends after this shot.",
        examples=({"fade": 1},), stands=_ONE, affects=Affects.CUT, default="cut",
        is_on_timeline=True, reviewed_as="transition"),
    ShotKey("mute", types.SWITCH,
        "Removes the shot's own sound from the mix; nothing is bought again.",
        examples=(True,), affects=Affects.CUT, default=False, reviewed_as="sound"),
    ShotKey("gain_db", types.DECIBELS,
        "The level of the shot's own sound in the mix, in dB; nothing is bought again.",
        examples=(-6,), affects=Affects.CUT, default=0, reviewed_as="sound", title="Gain"),
    ShotKey("audio_track", types.AUDIO_TRACK,
        "The sound track of a `clip: FILE` to use: its number from 1, or its language. Absent: "
        "the track that a player plays.",
        examples=(2, "de"), stands=_ONE, affects=Affects.CUT, meant_for=MeantFor.TAKE,
        reviewed_as="sound", is_later=True),
    ShotKey("audio_lead", types.TIME,
        "How much earlier the sound of the shot starts, under the picture before it (J-cut). "
        "Seconds or frames.",
        examples=(0.5,), affects=Affects.CUT, default=0, reviewed_as="sound"),
    ShotKey("audio_lag", types.TIME,
        "How long the sound of the shot continues under the next picture (L-cut). Seconds or "
        "frames.",
        examples=(1.4,), affects=Affects.CUT, default=0, reviewed_as="sound"),
    # editing state
    ShotKey("omit", types.SWITCH,
        "Leaves the shot out of the film and keeps its number.",
        examples=(True,), stands=_BLOCK, default=False, reviewed_as=None, affects=Affects.CUT),
    ShotKey("lock", types.LOCK,
        "Locks a take, such as t02, so that it is never made again; true locks the current take. "
        "Absent: not locked.",
        examples=("t02", True), stands=_BLOCK, affects=Affects.PLAN, meant_for=MeantFor.TAKE),
    ShotKey("alternate", types.SHOT_ID,
        "Makes this shot another version of the named shot. Not supported yet: the program "
        "reports an error. Write two shots and set `omit: true` on one of them.",
        examples=("SH060",), stands=_ONE, needs_take_of=False),
    ShotKey("note", types.PROSE,
        "A remark for people; it is never part of a prompt.",
        examples=("hold on her hands",), stands=_BLOCK, affects=Affects.NOTHING),
    ShotKey("continuity", types.PROSE,
        "For people: what must match between shots.",
        examples=("letter in the left hand",), stands=_BLOCK, affects=Affects.NOTHING),
    ShotKey("match", types.MATCHED_FRAME,
        "A frame to match in composition, for review. Not supported yet: the program reports an "
        "error. Use `continuity` instead.",
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
        "fit": "The cut and the mix",
        "omit": "Editing state",
    }
)
"""The title of each group of the table, by the group's first key."""

FIELD_KEYS = tuple(key for key in _ROWS if key.is_field)
"""The keys whose values a shot stores."""


def list_keys_at(place: Place) -> Iterator[ShotKey]:
    """The keys that are allowed there."""
    return (key for key in SHOT_KEYS.values() if place in key.stands)
