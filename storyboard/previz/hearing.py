"""Which words are heard as which sounds.

Sound cues and ambience are listened to closely; weather, scene, place and prompt only suggest a
quiet bed, so that "a letter on the quay" has the sea under it and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from storyboard.previz.ambience import BEDS
from storyboard.previz.foley import FOLEY
from storyboard.providers.base import Intent

MUSIC = "music"
"""Heard where words ask for music; `music` plays it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One sound that the words ask for."""

    name: str
    """A key of `BEDS` or `FOLEY`, or `MUSIC`."""
    gain_db: float = 0.0
    words: str = ""
    """What it was read from."""
    cue: bool = False
    """A sound cue asks for it, so it must be heard within the piece."""

    @property
    def struck(self) -> bool:
        """It sounds once, at a place of its own."""
        return self.name in FOLEY and (
            not FOLEY[self.name].every_s or (self.cue and FOLEY[self.name].every_s > _SPARSE_S)
        )

    @property
    def continues(self) -> bool:
        """It has no place of its own, but lies over the piece or comes back by itself."""
        return self.name not in FOLEY or FOLEY[self.name].every_s > 0


def hears(intent: Intent) -> tuple[Heard, ...]:
    """What a shot sounds like beside its voices, each sound once, the nearest source first.

    Room tone lies under everything, or the air outside. Words that ask for silence leave the cues
    and that.
    """
    place = f"{intent.place.name} {intent.place.description}" if intent.place else ""
    beats = " ".join(words for _, words in intent.beats)
    scenery = " ".join((intent.scene, place, intent.prompt, beats))
    inside = _INSIDE.search(intent.scene) is not None
    silent = _SILENCE.search(" ".join((*intent.sound, intent.ambience))) is not None
    found = [each for words in intent.sound for each in _near(words, 0.0, cue=True)]
    if not silent:
        # The mix lays its own bed for `ambience` under all cuts; a take only hints at it.
        found += _near(intent.ambience, _FLOOR_DB)
        found += _around(intent.weather, _WEATHER_DB, inside)
        found += _around(scenery, _PLACE_DB, inside)
    floor = "air" if _OUTSIDE.search(scenery) and not inside else "room"
    found.append(Heard("room", _SILENT_DB) if silent else Heard(floor, _FLOOR_DB))
    heard: dict[str, Heard] = {}
    for each in found:
        heard.setdefault(each.name, each)
    return tuple(heard.values())


def _near(words: str, gain_db: float, *, cue: bool = False) -> list[Heard]:
    """The sounds that words about sound ask for."""
    if _FAR.search(words):
        gain_db -= 6.0
    return [
        Heard(name, gain_db - 14.0 if name == "room" else gain_db, words, cue)
        for name in named(words, closely=True)
    ]


def _around(words: str, gain_db: float, inside: bool) -> list[Heard]:
    """The beds that words about a place suggest; through walls where the shot is inside."""
    return [
        Heard(name, gain_db - 6.0 if inside and name in _OUTDOORS else gain_db, words)
        for name in named(words, closely=False)
    ]


def named(words: str, *, closely: bool) -> tuple[str, ...]:
    """The sounds that `words` name, in the order of the table, without those they negate.

    `closely` hears every sound; otherwise only what lies over a place as a bed.
    """
    found: dict[str, None] = {}
    for pattern, close, bed in _TABLE:
        if any(not _NOT.search(words[: match.start()]) for match in pattern.finditer(words)):
            found |= dict.fromkeys((close if closely else bed).split(", "))
    found.pop("", None)
    return tuple(found)


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


def _row(words: str, close: str, bed: str = "") -> tuple[re.Pattern[str], str, str]:
    return re.compile(rf"\b({words})\b", re.I), close, bed


_TABLE = (
    _row("sea|ocean|surf|tides?|waves?|breakers|swell", "sea", "sea"),
    _row("beach|coast|shore|seaside|cliffs?|lighthouse", "sea, gulls", "sea"),
    _row("harbou?rs?|quays?|piers?|docks?|wharf|marina|port", "sea, gulls", "sea"),
    _row("gulls?|seagulls?|sea ?birds?", "gulls", "sea"),
    _row("rain(s|ing|y|fall)?|drizzl\\w+|downpour|shower", "rain", "rain"),
    _row("storms?|stormy|tempest|hurricane", "rain, wind, thunder", "rain, wind"),
    _row("thunder\\w*|lightning", "thunder", "rain"),
    _row("wind(s|y)?|gusts?|gusty|breezes?|breezy|blizzard|howling", "wind", "wind"),
    _row("snow(s|y|ing|fall)?|desert|dunes?|mountains?|peaks?|tundra|steppe", "wind", "wind"),
    _row("forests?|woods|woodland|jungle|grove", "leaves, birds", "leaves"),
    _row("leaves|trees?|foliage|rustling leaves|grass", "leaves", "leaves"),
    _row("birds?|birdsong|sparrows?|dawn chorus|chirp\\w*|garden|meadow|orchard", "birds", "air"),
    _row("owls?", "owl"),
    _row("crickets?|cicadas?|night insects?", "crickets"),
    _row("dogs?|barking|barks?", "dog"),
    _row("rivers?|stream|brook|creek|waterfalls?|fountains?", "water", "water"),
    _row("drips?|dripping|leaking tap|cave", "drips"),
    _row("splash\\w*", "splash"),
    _row("traffic|cars|street noise|motorway|highway", "traffic", "traffic"),
    _row("cit(y|ies)|streets?|downtown|avenue|boulevard|rooftops?", "traffic", "traffic"),
    _row("car horns?|honk\\w*", "car horn"),
    _row("(ship|fog|boat|train)'?s? ?horns?|foghorns?|(?<!car )horn", "horn"),
    _row("sirens?|ambulance|police car", "siren"),
    _row("engines?|motors?|motorboat|truck|lorry|tractor|machines?|factory", "engine", "engine"),
    _row(
        "aircraft|airplane|aeroplane|plane cabin|spaceship|ventilation|server room",
        "cabin",
        "cabin",
    ),
    _row("trains?|railway|carriage|wagons?", "rumble, rails", "rumble"),
    _row("trams?|streetcar|subway|metro", "rumble, rails, bell", "rumble"),
    _row("hum(s|ming)?|refrigerator|fridge|neon|fluorescent|transformer|buzz\\w*", "hum"),
    _row("kitchen", "hum", "hum"),
    _row("clocks?|ticking|ticks?|watch ticking", "clock"),
    _row("church( bells?)?|cathedral|bells toll\\w*|tolling", "church"),
    _row("(door|school|bicycle|shop)?bells?|chimes?|ding", "bell"),
    _row("phones?|telephones?|ringing", "phone"),
    _row("fire(place|side)?|flames?|campfire|hearth|crackl\\w+|burning", "fire, crackle", "fire"),
    _row(
        "crowds?|murmur\\w*|chatter|market|caf[eé]|restaurant|bar|pub|party|audience|station",
        "crowd",
        "crowd",
    ),
    _row("applause|applaud\\w*|clapping|ovation", "applause"),
    _row("footsteps?|footfalls?|steps|walking|running feet|boots|heels", "steps"),
    _row("hoof\\w*|hooves|gallop\\w*|horses?", "hooves"),
    _row("heart ?beats?|heart pounding|pulse", "heart"),
    _row("typing|typewriter|keyboard|keys clack\\w*", "typing"),
    _row("paper|rustl(e|es|ing)|pages?|envelope|letter (opens|unfolds)|cloth", "rustle"),
    _row("door(?! ?bell)|slams?|slamming", "door"),
    _row("creak\\w*|hinge|floorboards?", "creak"),
    _row("knocks?|knocking|raps?", "knock"),
    _row("thuds?|impacts?|bangs?|hits?|stamps?|drops?|crash\\w*|punch\\w*|falls?", "impact"),
    _row("explo\\w+|booms?|blasts?|detonat\\w+", "boom"),
    _row("gun ?shots?|shots? (rings?|fired)|rifle|pistol|gunfire", "shot"),
    _row("glass|shatter\\w*|smash\\w*", "glass"),
    _row("whoosh\\w*|swoosh\\w*|swish\\w*|flies past|rushes past|wings?", "whoosh"),
    _row("whistles?|whistling|kettle", "whistle"),
    _row(
        "music|piano|violins?|strings|orchestra\\w*|guitar|melody|song|score|chords?|organ", MUSIC
    ),
    _row("room ?tone|quiet room", "room"),
)

_KNOWN = {*BEDS, *FOLEY, MUSIC, ""}
assert all(name in _KNOWN for _, *names in _TABLE for each in names for name in each.split(", "))
