"""Maps words to sounds.

Sound cues and ambience are read closely; weather, scene, place and prompt only suggest quiet
ambience, so "a letter on the quay" has the sea under it and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from storyboard.previz.audio.ambience import BEDS
from storyboard.previz.audio.foley import FOLEY
from storyboard.providers.base import Intent

MUSIC = "music"
"""The sound of words that ask for music; module `music` plays it."""


@dataclass(frozen=True, slots=True)
class SoundSource:
    """One sound that the words ask for."""

    name: str
    """A key of `BEDS` or `FOLEY`, or `MUSIC`."""
    gain_db: float = 0.0
    words: str = ""
    """The words that it was read from."""
    cue: bool = False
    """Whether a sound cue asks for it, so it must sound within the piece."""

    @property
    def is_heard_once(self) -> bool:
        """Whether it sounds once, at a time of its own."""
        # A cue for a rarely recurring sound must be sure to sound, so it is placed like a single
        # one.
        return self.name in FOLEY and (
            not FOLEY[self.name].every_s or (self.cue and FOLEY[self.name].every_s > _SPARSE_S)
        )

    @property
    def is_ongoing(self) -> bool:
        """Whether it lasts all through the piece or recurs by itself."""
        return self.name not in FOLEY or FOLEY[self.name].every_s > 0


def find_shot_sounds(intent: Intent) -> tuple[SoundSource, ...]:
    """The sounds of a shot besides its voices, each once, those of the nearest words first.

    Room tone, or air outdoors, is under everything. Words that ask for silence leave only cues and
    room tone.
    """
    place = f"{intent.place.name} {intent.place.description}" if intent.place else ""
    beats = " ".join(words for _, words in intent.beats)
    scenery = " ".join((intent.scene, place, intent.prompt, beats))
    inside = _INSIDE.search(intent.scene) is not None
    silent = _SILENCE.search(" ".join((*intent.sound, intent.ambience))) is not None
    sources = [
        source for words in intent.sound for source in _find_requested_sounds(words, 0.0, cue=True)
    ]
    if not silent:
        # The mix adds `ambience` under all shots itself; a take only hints at it.
        sources += _find_requested_sounds(intent.ambience, _FLOOR_DB)
        sources += _find_place_ambience(intent.weather, _WEATHER_DB, inside)
        sources += _find_place_ambience(scenery, _PLACE_DB, inside)
    floor = "air" if _OUTSIDE.search(scenery) and not inside else "room"
    sources.append(SoundSource("room", _SILENT_DB) if silent else SoundSource(floor, _FLOOR_DB))
    # The first source of a name wins, so a cue keeps its level over what the scenery suggests.
    by_name: dict[str, SoundSource] = {}
    for source in sources:
        by_name.setdefault(source.name, source)
    return tuple(by_name.values())


def _find_requested_sounds(words: str, gain_db: float, *, cue: bool = False) -> list[SoundSource]:
    """The sounds that words about sound name."""
    if _FAR.search(words):
        gain_db -= 6.0
    return [
        SoundSource(name, gain_db - 14.0 if name == "room" else gain_db, words, cue)
        for name in find_named_sounds(words, all_sounds=True)
    ]


def _find_place_ambience(words: str, gain_db: float, is_inside: bool) -> list[SoundSource]:
    """The ambience that words about a place suggest; quieter through walls if the shot is
    indoors.
    """
    return [
        SoundSource(name, gain_db - 6.0 if is_inside and name in _OUTDOORS else gain_db, words)
        for name in find_named_sounds(words, all_sounds=False)
    ]


def find_named_sounds(words: str, *, all_sounds: bool) -> tuple[str, ...]:
    """The sounds that `words` name, in the order of the table, without negated ones.

    `all_sounds` includes every sound; otherwise only ambience.
    """
    keys: dict[str, None] = {}
    for pattern, close, bed in _TABLE:
        # One mention without a negation before it is enough.
        if any(not _NOT.search(words[: match.start()]) for match in pattern.finditer(words)):
            keys |= dict.fromkeys((close if all_sounds else bed).split(", "))
    keys.pop("", None)
    return tuple(keys)


_WEATHER_DB = -5.0
_FLOOR_DB = -10.0
_PLACE_DB = -7.0
_SILENT_DB = -30.0
_OUTDOORS = frozenset(("sea", "wind", "rain", "traffic", "leaves", "air"))
_SPARSE_S = 1.8
_FAR = re.compile(r"\b(distant|far|faint(ly)?|soft(ly)?|quiet(ly)?|low|muffled|next room)\b", re.I)
_NOT = re.compile(r"\b(no|not|without|never|isn't|stops?|silences?)\s+(\w+\s+){0,1}$", re.I)
_SILENCE = re.compile(r"\b(silence|silent|no sound|soundless|dead quiet)\b", re.I)
_INSIDE = re.compile(r"\bINT\b|\b(inside|indoors|interior)\b", re.I)
_OUTSIDE = re.compile(
    r"\bEXT\b|\b(outside|outdoors|exterior|sky|field|street|road|hill|roof|quay|garden|desert)\b",
    re.I,
)


def _compile_sound_row(
    word_pattern: str, all_sounds: str, ambience_sounds: str = ""
) -> tuple[re.Pattern[str], str, str]:
    return re.compile(rf"\b({word_pattern})\b", re.I), all_sounds, ambience_sounds


_TABLE = (
    _compile_sound_row("sea|ocean|surf|tides?|waves?|breakers|swell", "sea", "sea"),
    _compile_sound_row("beach|coast|shore|seaside|cliffs?|lighthouse", "sea, gulls", "sea"),
    _compile_sound_row("harbou?rs?|quays?|piers?|docks?|wharf|marina|port", "sea, gulls", "sea"),
    _compile_sound_row("gulls?|seagulls?|sea ?birds?", "gulls", "sea"),
    _compile_sound_row("rain(s|ing|y|fall)?|drizzl\\w+|downpour|shower", "rain", "rain"),
    _compile_sound_row("storms?|stormy|tempest|hurricane", "rain, wind, thunder", "rain, wind"),
    _compile_sound_row("thunder\\w*|lightning", "thunder", "rain"),
    _compile_sound_row("wind(s|y)?|gusts?|gusty|breezes?|breezy|blizzard|howling", "wind", "wind"),
    _compile_sound_row(
        "snow(s|y|ing|fall)?|desert|dunes?|mountains?|peaks?|tundra|steppe", "wind", "wind"
    ),
    _compile_sound_row("forests?|woods|woodland|jungle|grove", "leaves, birds", "leaves"),
    _compile_sound_row("leaves|trees?|foliage|rustling leaves|grass", "leaves", "leaves"),
    _compile_sound_row(
        "birds?|birdsong|sparrows?|dawn chorus|chirp\\w*|garden|meadow|orchard", "birds", "air"
    ),
    _compile_sound_row("owls?", "owl"),
    _compile_sound_row("crickets?|cicadas?|night insects?", "crickets"),
    _compile_sound_row("dogs?|barking|barks?", "dog"),
    _compile_sound_row("rivers?|stream|brook|creek|waterfalls?|fountains?", "water", "water"),
    _compile_sound_row("drips?|dripping|leaking tap|cave", "drips"),
    _compile_sound_row("splash\\w*", "splash"),
    _compile_sound_row("traffic|cars|street noise|motorway|highway", "traffic", "traffic"),
    _compile_sound_row(
        "cit(y|ies)|streets?|downtown|avenue|boulevard|rooftops?", "traffic", "traffic"
    ),
    _compile_sound_row("car horns?|honk\\w*", "car horn"),
    _compile_sound_row("(ship|fog|boat|train)'?s? ?horns?|foghorns?|(?<!car )horn", "horn"),
    _compile_sound_row("sirens?|ambulance|police car", "siren"),
    _compile_sound_row(
        "engines?|motors?|motorboat|truck|lorry|tractor|machines?|factory", "engine", "engine"
    ),
    _compile_sound_row(
        "aircraft|airplane|aeroplane|plane cabin|spaceship|ventilation|server room",
        "cabin",
        "cabin",
    ),
    _compile_sound_row("trains?|railway|carriage|wagons?", "rumble, rails", "rumble"),
    _compile_sound_row("trams?|streetcar|subway|metro", "rumble, rails, bell", "rumble"),
    _compile_sound_row(
        "hum(s|ming)?|refrigerator|fridge|neon|fluorescent|transformer|buzz\\w*", "hum"
    ),
    _compile_sound_row("kitchen", "hum", "hum"),
    _compile_sound_row("clocks?|ticking|ticks?|watch ticking", "clock"),
    _compile_sound_row("church( bells?)?|cathedral|bells toll\\w*|tolling", "church"),
    _compile_sound_row("(door|school|bicycle|shop)?bells?|chimes?|ding", "bell"),
    _compile_sound_row("phones?|telephones?|ringing", "phone"),
    _compile_sound_row(
        "fire(place|side)?|flames?|campfire|hearth|crackl\\w+|burning", "fire, crackle", "fire"
    ),
    _compile_sound_row(
        "crowds?|murmur\\w*|chatter|market|caf[eé]|restaurant|bar|pub|party|audience|station",
        "crowd",
        "crowd",
    ),
    _compile_sound_row("applause|applaud\\w*|clapping|ovation", "applause"),
    _compile_sound_row("footsteps?|footfalls?|steps|walking|running feet|boots|heels", "steps"),
    _compile_sound_row("hoof\\w*|hooves|gallop\\w*|horses?", "hooves"),
    _compile_sound_row("heart ?beats?|heart pounding|pulse", "heart"),
    _compile_sound_row("typing|typewriter|keyboard|keys clack\\w*", "typing"),
    _compile_sound_row(
        "paper|rustl(e|es|ing)|pages?|envelope|letter (opens|unfolds)|cloth", "rustle"
    ),
    _compile_sound_row("door(?! ?bell)|slams?|slamming", "door"),
    _compile_sound_row("creak\\w*|hinge|floorboards?", "creak"),
    _compile_sound_row("knocks?|knocking|raps?", "knock"),
    _compile_sound_row(
        "thuds?|impacts?|bangs?|hits?|stamps?|drops?|crash\\w*|punch\\w*|falls?", "impact"
    ),
    _compile_sound_row("explo\\w+|booms?|blasts?|detonat\\w+", "boom"),
    _compile_sound_row("gun ?shots?|shots? (rings?|fired)|rifle|pistol|gunfire", "shot"),
    _compile_sound_row("glass|shatter\\w*|smash\\w*", "glass"),
    _compile_sound_row("whoosh\\w*|swoosh\\w*|swish\\w*|flies past|rushes past|wings?", "whoosh"),
    _compile_sound_row("whistles?|whistling|kettle", "whistle"),
    _compile_sound_row(
        "music|piano|violins?|strings|orchestra\\w*|guitar|melody|song|score|chords?|organ", MUSIC
    ),
    _compile_sound_row("room ?tone|quiet room", "room"),
)

_KNOWN = {*BEDS, *FOLEY, MUSIC, ""}
assert all(name in _KNOWN for _, *names in _TABLE for each in names for name in each.split(", "))
