"""Words -> spec: where we are, when, in what weather, who and what is in the picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from storyboard.previz.acting import people_of
from storyboard.previz.grammar import camera_clauses, steps_of
from storyboard.previz.lexicon import (
    ANGLES,
    COLORS,
    CROWDS,
    MOODS,
    NUMBERS,
    OUTDOORS,
    SET_OF,
    SIZES,
    STRONG_PLACES,
    THINGS,
    TIMES,
    WEATHERS,
    stems,
    words_of,
)
from storyboard.previz.sets.shore import shore_of
from storyboard.previz.spec import Spec, Step, Thing
from storyboard.providers.base import Intent, Request

_INSIDE = re.compile(r"\bint\b\.?|\binterior\b|\bindoors?\b")
_OUTSIDE = re.compile(r"\bext\b\.?|\bexterior\b|\boutdoors?\b")
_INDOOR_THINGS = frozenset("letter book newspaper photo stamp map lamp candle cup bottle clock "
                           "phone key table chair piano ring".split())  # fmt: skip
_LETTERED = frozenset("letter stamp book newspaper photo map sign envelope bottle box".split())
_SEASONED = frozenset("autumn winter spring palm old".split())
_NOT_SUBJECTS = frozenset("window door table chair hand tree sign fish moon sun".split())
_FURNITURE = frozenset("window table chair".split())


def parse(request: Request, tints: Mapping[str, tuple[str, str, str]] | None = None) -> Spec:
    """What `request` asks to see; words that mean nothing here change nothing but the seed.

    `tints` are the colours of cast members by name, where reference pictures show them.
    """
    intent = request.intent
    prompt = intent.prompt
    beats = " ".join(words for _, words in intent.beats)
    told = f"{prompt} {beats}".strip()
    place = f"{intent.place.name} {intent.place.description}" if intent.place else ""
    setting, dressing = _setting(place, intent.scene, told, bool(intent.cast))
    time = hour_of(intent) or "day"
    size = _size(intent, told)
    angle = _phrase(ANGLES, f"{intent.angle}") or _phrase(ANGLES, _shot_words(told)) or "eye"
    seed = request.settings.seed or 0
    key = _key(intent, told)
    things = things_of(told, setting)
    people, shoulder = people_of(intent, told, size, tints or {})
    extras = _extras(told, dressing)
    if people and extras and not intent.cast:
        people = people[:0] if all(p.description.startswith("person") for p in people) else people
    if size == "INSERT" and things:
        people = ()
    if setting == "room" and not (size == "INSERT" or (size in ("CU", "ECU") and not people)):
        things = tuple(t for t in things if t.name not in OUTDOORS and t.name not in _FURNITURE)
    if not setting:
        indoors = things and things[0].name in _INDOOR_THINGS
        setting = "room" if indoors and not people else ("void" if people else "open")
    held = {person.holds for person in people}
    if setting != "room" and not (size == "INSERT" and not people):
        things = tuple(
            replace(t, name="streetlamp") if t.name == "lamp" and "lamp" not in held else t
            for t in things
        )
    if intent.text and not any(thing.name in _LETTERED for thing in things):
        if size in ("INSERT", "CU", "ECU") and not people:
            things = (Thing("letter"), *things)
        else:
            things = (*things, Thing("sign"))
    if shoulder == "" and size == "OTS":
        shoulder = "*"
    if not people and not things and size in ("INSERT", "ECU"):
        things = (Thing("photo"),)
    mood = _phrases(MOODS, " ".join((intent.mood, intent.light, intent.look, told)))
    spec = Spec(
        set=setting,
        dressing=dressing,
        key=key,
        shot="|".join((str(seed), told, intent.size, intent.scene, time)),
        time=time,
        weather=_weather(intent, told),
        size="MCU" if size == "OTS" else size,
        angle=angle,
        shoulder=shoulder,
        pov=bool(re.search(r"\bpov\b|point of view|point-of-view", f"{intent.angle} {intent.size} "
                           f"{told}".lower())),
        lens=_lens(intent.lens),
        people=people,
        extras=extras,
        things=things,
        text=intent.text,
        mood=mood,
        steps=_steps(intent, prompt),
        hues=_hues(place),
    )  # fmt: skip
    return replace(spec, shore=shore_of(spec)) if setting == "sea" else spec


def _key(intent: Intent, told: str) -> str:
    """Shots that name one place share its layout, whatever the time of day and the take."""
    if intent.place:
        return f"place|{intent.place.name}|{intent.place.description}"
    scene = re.sub(r"\s*[-\u2013\u2014]\s*[\w ]+$", "", intent.scene.strip().lower())
    return f"scene|{scene}" if scene else f"words|{told.lower()}"


def _setting(place: str, scene: str, told: str, cast: bool) -> tuple[str, tuple[str, ...]]:
    heading = scene.lower()
    for text in (f"{place} {heading}".lower(), told.lower()):
        inside, outside = bool(_INSIDE.search(heading)), bool(_OUTSIDE.search(heading))
        scores: dict[str, float] = {}
        for at, word in enumerate(words_of(text)):
            for stem in stems(word):
                if stem in SET_OF:
                    weight = (3.0 if stem in STRONG_PLACES else 1.0) - at * 0.001
                    scores[SET_OF[stem]] = scores.get(SET_OF[stem], 0.0) + weight
                    break
        if inside:
            scores = {"room": scores.get("room", 0.0) + 1}
        if outside:
            scores.pop("room", None)
        if scores:
            best = max(sorted(scores), key=lambda name: scores[name])
            return best, _dressing(f"{place} {scene} {told}")
    if _OUTSIDE.search(heading):
        return "open", _dressing(told)
    return "", _dressing(told)


def _dressing(text: str) -> tuple[str, ...]:
    found = []
    for word in words_of(text):
        for stem in stems(word):
            if stem in SET_OF or stem in THINGS or stem in _SEASONED:
                if stem not in found:
                    found.append(stem)
                break
    return tuple(found)


def _first(table: dict[str, str], text: str) -> str:
    for word in words_of(text):
        for stem in stems(word):
            if stem in table:
                return table[stem]
    return ""


def hour_of(intent: Intent) -> str:
    """dawn, day, dusk or night as the words say; empty where they say nothing."""
    beats = " ".join(words for _, words in intent.beats)
    place = intent.place.description if intent.place else ""
    told = f"{intent.prompt} {beats}"
    for text in (intent.time, intent.scene.rpartition("-")[2], told, intent.light, place):
        if found := _first(TIMES, re.sub(r"good (morning|evening|night|day)", "", text.lower())):
            return found
    return ""


def _weather(intent: Intent, told: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in words_of(f"{intent.weather} {told} {intent.scene}"):
        for stem in stems(word):
            if stem in WEATHERS:
                if WEATHERS[stem] not in found:
                    found.append(WEATHERS[stem])
                break
    if "storm" in found and "snow" not in found and "rain" not in found:
        found.append("rain")
    return tuple(found)


def _phrase(table: dict[str, list[str]], text: str) -> str:
    """The meaning of the first phrase that `text` holds, as whole words."""
    lower = text.lower()
    for meaning, phrases in table.items():
        if any(re.search(rf"(?<![\w-]){re.escape(p)}(?![\w])", lower) for p in phrases):
            return meaning
    return ""


def _phrases(table: dict[str, list[str]], text: str) -> tuple[str, ...]:
    lower = text.lower()
    return tuple(
        meaning
        for meaning, phrases in table.items()
        if any(re.search(rf"(?<![\w-]){re.escape(p)}(?![\w])", lower) for p in phrases)
    )


def _shot_words(told: str) -> str:
    """Only what speaks of the shot: `a high wall` is no angle."""
    found = re.findall(
        r"(?:[\w'-]+[ -]){0,2}(?:angle|shot|view|close-?up|overhead|top-down|bird's-eye)s?\b"
        r"|from (?:above|below)|seen from above|looking (?:straight )?down on",
        told.lower(),
    )
    return " ".join(found)


def _size(intent: Intent, told: str) -> str:
    if re.search(r"\bots\b|over[- ]the[- ]shoulder", f"{intent.size} {intent.angle}".lower()):
        return _phrase(SIZES, intent.size) or "OTS"
    if found := _phrase(SIZES, intent.size):
        return found
    if re.search(r"over \w+'s shoulder|over[- ]the[- ]shoulder", told.lower()):
        return "OTS"
    shot = _shot_words(told) + " " + " ".join(
        re.findall(r"tight on|detail of|two-shot|extreme close|insert|macro|close on", told.lower())
    )  # fmt: skip
    if found := _phrase(SIZES, shot.replace("close on", "close-up")):
        return found
    return "MS" if intent.dialogue else "WS"


def _lens(text: str) -> float:
    match = re.search(r"\d+(\.\d+)?", text)
    if match:
        return min(300.0, max(12.0, float(match[0])))
    lower = text.lower()
    return 24.0 if "wide" in lower else 85.0 if "tele" in lower or "long" in lower else 0.0


def things_of(told: str, setting: str) -> tuple[Thing, ...]:
    """The things a prompt names, in order, with how many and where they go."""
    found: dict[str, Thing] = {}
    for clause in re.split(r"[.;!?]|,\s", told.lower()):
        words = words_of(clause)
        for at, word in enumerate(words):
            name = next((THINGS[stem] for stem in stems(word) if stem in THINGS), "")
            if not name or name in found or _figure_of_speech(word, words, at):
                continue
            count = 1
            for near in words[max(0, at - 3) : at]:
                count = NUMBERS.get(near, count)
            if count == 1 and word.endswith("s") and name in ("gull", "bird", "candle", "flower"):
                count = 5
            found[name] = Thing(name, count, _heading(words[at + 1 :]), " ".join(words[:at][-3:]))
    order = sorted(found.values(), key=lambda thing: thing.name in _NOT_SUBJECTS)
    return tuple(order)


def _figure_of_speech(word: str, words: list[str], at: int) -> bool:
    after = words[at + 1] if at + 1 < len(words) else ""
    before = words[at - 1] if at else ""
    return (
        (word in ("coffee", "tea") and after in ("shop", "table", "house"))
        or word in ("fishing", "phoning", "housing", "ringing")
        or (word == "rings" and before not in ("two", "their", "the", "wedding"))
        or (word == "ring" and before in ("to", "boxing", "will"))
        or (word == "house" and before in ("coffee", "opera"))
        or (word == "paper" and before == "wrapping")
        or (word in ("bench", "seat") and after == "mark")
        or (after in ("light", "stop", "station", "shop", "door", "frame") and word != "street")
    )


def _heading(after: list[str]) -> str:
    """Where a thing goes by the words behind it, if anywhere."""
    text = " ".join(after[:7])
    if re.search(r"\b(stops?|stands?|lies|parked|moored|still|empty|waits?)\b", text):
        return ""
    if re.search(r"\b(rises?|takes? off|lifts?|soars?|up)\b", text):
        return "up"
    if re.search(r"\b(towards?|approach\w*|comes?|arriv\w*|nears?)\b", text):
        return "toward"
    if re.search(r"\b(away|leaves?|departs?|recedes?|disappears?|off|out)\b", text):
        return "away"
    if re.search(r"\b(from right|to the left|left|leftwards?)\b", text):
        return "left"
    moving = (
        r"\b(pass\w*|climbs?|cross\w*|glid\w+|sail\w*|drift\w*|rolls?|drives?|runs?|moves?|trots?|"
        r"rid\w+|right|speeds?|rattles?|rushes|fl(?:y|ies|ying)|wheel\w*|circl\w+|walks?|gallops?|"
        r"steams?|trundles?|races?|slides?|turns?|heads?|makes?)\b"
    )
    return "right" if re.search(moving, text) else ""


def _extras(told: str, dressing: tuple[str, ...]) -> int:
    words = set(words_of(told))
    if words & {"empty", "deserted", "abandoned", "alone"}:
        return 0
    if words & (CROWDS - {"people"}):
        return 7
    if "people" in words or {"market", "bazaar"} & set(dressing):
        return 5
    return 0


def _hues(place: str) -> tuple[str, ...]:
    return tuple(COLORS[word] for word in words_of(place) if word in COLORS)


def _steps(intent: Intent, prompt: str) -> tuple[Step, ...]:
    found: list[Step] = []
    for move in intent.camera:
        steps = steps_of(move.words) or (Step("static"),)
        found += [
            replace(step, length_s=move.length_s if i == 0 and len(steps) == 1 else 0.0)
            if not step.joined
            else step
            for i, step in enumerate(steps)
        ]
        if move.length_s and len(steps) > 1:
            leads = [i for i, step in enumerate(found) if not step.joined][-_leads(steps) :]
            for i in leads:
                found[i] = replace(found[i], length_s=move.length_s / len(leads))
    if not found:
        found = list(steps_of(camera_clauses(prompt)))
    for at, words in intent.beats:
        steps = steps_of(camera_clauses(words))
        found += [replace(step, at_s=at) if not step.joined else step for step in steps]
    return tuple(found)


def _leads(steps: tuple[Step, ...]) -> int:
    return max(1, sum(not step.joined for step in steps))


__all__ = ["parse", "things_of"]
