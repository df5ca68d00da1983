"""Parses text into a spec: place, time, weather, people and things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from storyboard.previz.painting.colors import COLORS
from storyboard.previz.script.action import find_people_and_shoulder
from storyboard.previz.script.camera_language import find_camera_clauses, parse_camera_steps
from storyboard.previz.script.shoreline import find_shore_type
from storyboard.previz.script.shot_spec import CameraStep, ShotSpec, Thing
from storyboard.previz.script.vocabulary import (
    ANGLES,
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
    list_possible_stems,
    split_words,
)
from storyboard.providers.base import Intent, Request

_INSIDE = re.compile(r"\bint\b\.?|\binterior\b|\bindoors?\b")
_OUTSIDE = re.compile(r"\bext\b\.?|\bexterior\b|\boutdoors?\b")
_INDOOR_THINGS = frozenset("letter book newspaper photo stamp map lamp candle cup bottle clock "
                           "phone key table chair piano ring".split())  # fmt: skip
_LETTERED = frozenset("letter stamp book newspaper photo map sign envelope bottle box".split())
_SEASONED = frozenset("autumn winter spring palm old".split())
_NOT_SUBJECTS = frozenset("window door table chair hand tree sign fish moon sun".split())
_FURNITURE = frozenset("window table chair".split())


def parse_shot(
    request: Request, tints: Mapping[str, tuple[str, str, str]] | None = None
) -> ShotSpec:
    """The shot that `request` describes; unknown words change only the seed.

    `tints` are the colours of cast members by name, where reference pictures show them.
    """
    intent = request.intent
    prompt = intent.prompt
    beats = " ".join(words for _, words in intent.beats)
    shot_text = f"{prompt} {beats}".strip()
    place = f"{intent.place.name} {intent.place.description}" if intent.place else ""
    setting, dressing = _find_setting_and_dressing(place, intent.scene, shot_text)
    time = find_time_of_day(intent) or "day"
    size = _find_shot_size(intent, shot_text)
    angle = (
        _find_phrase_meaning(ANGLES, f"{intent.angle}")
        or _find_phrase_meaning(ANGLES, _extract_framing_phrases(shot_text))
        or "eye"
    )
    seed = request.settings.seed or 0
    key = _build_place_key(intent, shot_text)
    things = find_things(shot_text)
    people, shoulder = find_people_and_shoulder(intent, shot_text, size, tints or {})
    extras = _count_extras(shot_text, dressing)
    # In a crowd, nameless people of the prompt are the crowd.
    if people and extras and not intent.cast:
        people = people[:0] if all(p.description.startswith("person") for p in people) else people
    if size == "INSERT" and things:
        people = ()
    # Rooms have their own furniture, and no boats; only a close-up without people shows such a
    # thing.
    if setting == "room" and not (size == "INSERT" or (size in ("CU", "ECU") and not people)):
        things = tuple(t for t in things if t.name not in OUTDOORS and t.name not in _FURNITURE)
    # Without a place, small things suggest a room, people a neutral backdrop.
    if not setting:
        indoors = things and things[0].name in _INDOOR_THINGS
        setting = "room" if indoors and not people else ("void" if people else "open")
    held_names = {person.holds for person in people}
    # Outdoors a lamp is a street lamp, unless somebody holds it.
    if setting != "room" and not (size == "INSERT" and not people):
        things = tuple(
            replace(t, name="streetlamp") if t.name == "lamp" and "lamp" not in held_names else t
            for t in things
        )
    # Text needs something to be written on: a letter in a close-up, else a sign.
    if intent.text and not any(thing.name in _LETTERED for thing in things):
        if size in ("INSERT", "CU", "ECU") and not people:
            things = (Thing("letter"), *things)
        else:
            things = (*things, Thing("sign"))
    if shoulder == "" and size == "OTS":
        shoulder = "*"
    if not people and not things and size in ("INSERT", "ECU"):
        things = (Thing("photo"),)
    mood = _find_phrase_meanings(
        MOODS, " ".join((intent.mood, intent.light, intent.look, shot_text))
    )
    spec = ShotSpec(
        set=setting,
        dressing=dressing,
        key=key,
        shot="|".join((str(seed), shot_text, intent.size, intent.scene, time)),
        time=time,
        weather=_find_weather(intent, shot_text),
        size="MCU" if size == "OTS" else size,
        angle=angle,
        shoulder=shoulder,
        pov=bool(re.search(r"\bpov\b|point of view|point-of-view", f"{intent.angle} {intent.size} "
                           f"{shot_text}".lower())),
        lens=_parse_focal_length_mm(intent.lens),
        people=people,
        extras=extras,
        things=things,
        text=intent.text,
        mood=mood,
        steps=_build_camera_steps(intent, prompt),
        hues=_find_place_colors(place),
    )  # fmt: skip
    return replace(spec, shore=find_shore_type(spec)) if setting == "sea" else spec


def _build_place_key(intent: Intent, shot_text: str) -> str:
    """The seed of the layout: shots of one place share it, at any time of day and in any take."""
    if intent.place:
        return f"place|{intent.place.name}|{intent.place.description}"
    # The time of day after the dash is not part of the place.
    scene = re.sub(r"\s*[-\u2013\u2014]\s*[\w ]+$", "", intent.scene.strip().lower())
    return f"scene|{scene}" if scene else f"words|{shot_text.lower()}"


def _find_setting_and_dressing(
    place: str, scene: str, shot_text: str
) -> tuple[str, tuple[str, ...]]:
    heading = scene.lower()
    # Place and heading decide; the prompt only counts if they name no setting.
    for text in (f"{place} {heading}".lower(), shot_text.lower()):
        inside, outside = bool(_INSIDE.search(heading)), bool(_OUTSIDE.search(heading))
        scores: dict[str, float] = {}
        for at, word in enumerate(split_words(text)):
            for stem in list_possible_stems(word):
                if stem in SET_OF:
                    # Words for a place outweigh words for things in it; earlier words win ties.
                    weight = (3.0 if stem in STRONG_PLACES else 1.0) - at * 0.001
                    scores[SET_OF[stem]] = scores.get(SET_OF[stem], 0.0) + weight
                    break
        if inside:
            scores = {"room": scores.get("room", 0.0) + 1}
        if outside:
            scores.pop("room", None)
        if scores:
            best = max(sorted(scores), key=lambda name: scores[name])
            return best, _find_dressing_words(f"{place} {scene} {shot_text}")
    if _OUTSIDE.search(heading):
        return "open", _find_dressing_words(shot_text)
    return "", _find_dressing_words(shot_text)


def _find_dressing_words(text: str) -> tuple[str, ...]:
    dressing = []
    for word in split_words(text):
        for stem in list_possible_stems(word):
            if stem in SET_OF or stem in THINGS or stem in _SEASONED:
                if stem not in dressing:
                    dressing.append(stem)
                break
    return tuple(dressing)


def _find_first_meaning(meanings: dict[str, str], text: str) -> str:
    for word in split_words(text):
        for stem in list_possible_stems(word):
            if stem in meanings:
                return meanings[stem]
    return ""


def find_time_of_day(intent: Intent) -> str:
    """dawn, day, dusk or night according to the text; empty if it mentions none."""
    beats = " ".join(words for _, words in intent.beats)
    place = intent.place.description if intent.place else ""
    shot_text = f"{intent.prompt} {beats}"
    # The most specific source first; a greeting is not a time of day.
    for text in (intent.time, intent.scene.rpartition("-")[2], shot_text, intent.light, place):
        if hour := _find_first_meaning(
            TIMES, re.sub(r"good (morning|evening|night|day)", "", text.lower())
        ):
            return hour
    return ""


def _find_weather(intent: Intent, shot_text: str) -> tuple[str, ...]:
    weathers: list[str] = []
    for word in split_words(f"{intent.weather} {shot_text} {intent.scene}"):
        for stem in list_possible_stems(word):
            if stem in WEATHERS:
                if WEATHERS[stem] not in weathers:
                    weathers.append(WEATHERS[stem])
                break
    if "storm" in weathers and "snow" not in weathers and "rain" not in weathers:
        weathers.append("rain")
    return tuple(weathers)


def _find_phrase_meaning(phrases_by_meaning: dict[str, list[str]], text: str) -> str:
    """The meaning of the first phrase in `text`, as whole words."""
    lower = text.lower()
    for meaning, phrases in phrases_by_meaning.items():
        if any(re.search(rf"(?<![\w-]){re.escape(p)}(?![\w])", lower) for p in phrases):
            return meaning
    return ""


def _find_phrase_meanings(phrases_by_meaning: dict[str, list[str]], text: str) -> tuple[str, ...]:
    lower = text.lower()
    return tuple(
        meaning
        for meaning, phrases in phrases_by_meaning.items()
        if any(re.search(rf"(?<![\w-]){re.escape(p)}(?![\w])", lower) for p in phrases)
    )


def _extract_framing_phrases(shot_text: str) -> str:
    """Only phrases about the shot: `a high wall` is not an angle."""
    phrases = re.findall(
        r"(?:[\w'-]+[ -]){0,2}(?:angle|shot|view|close-?up|overhead|top-down|bird's-eye)s?\b"
        r"|from (?:above|below)|seen from above|looking (?:straight )?down on",
        shot_text.lower(),
    )
    return " ".join(phrases)


def _find_shot_size(intent: Intent, shot_text: str) -> str:
    if re.search(r"\bots\b|over[- ]the[- ]shoulder", f"{intent.size} {intent.angle}".lower()):
        return _find_phrase_meaning(SIZES, intent.size) or "OTS"
    if size := _find_phrase_meaning(SIZES, intent.size):
        return size
    if re.search(r"over \w+'s shoulder|over[- ]the[- ]shoulder", shot_text.lower()):
        return "OTS"
    hints = re.findall(
        r"tight on|detail of|two-shot|extreme close|insert|macro|close on", shot_text.lower()
    )
    shot = " ".join((_extract_framing_phrases(shot_text), *hints))
    if size := _find_phrase_meaning(SIZES, shot.replace("close on", "close-up")):
        return size
    return "MS" if intent.dialogue else "WS"


def _parse_focal_length_mm(lens_words: str) -> float:
    match = re.search(r"\d+(\.\d+)?", lens_words)
    if match:
        return min(300.0, max(12.0, float(match[0])))
    lower = lens_words.lower()
    return 24.0 if "wide" in lower else 85.0 if "tele" in lower or "long" in lower else 0.0


def find_things(shot_text: str) -> tuple[Thing, ...]:
    """The things that a prompt names, in order, with their number and direction."""
    things: dict[str, Thing] = {}
    for clause in re.split(r"[.;!?]|,\s", shot_text.lower()):
        words = split_words(clause)
        for at, word in enumerate(words):
            name = next((THINGS[stem] for stem in list_possible_stems(word) if stem in THINGS), "")
            if not name or name in things or _is_used_for_something_else(word, words, at):
                continue
            count = 1
            for word_before in words[max(0, at - 3) : at]:
                count = NUMBERS.get(word_before, count)
            if count == 1 and word.endswith("s") and name in ("gull", "bird", "candle", "flower"):
                count = 5
            things[name] = Thing(
                name, count, _find_thing_direction(words[at + 1 :]), " ".join(words[:at][-3:])
            )
    # Things that are often mere decoration come after possible subjects.
    ranked = sorted(things.values(), key=lambda thing: thing.name in _NOT_SUBJECTS)
    return tuple(ranked)


def _is_used_for_something_else(word: str, words: list[str], word_index: int) -> bool:
    next_word = words[word_index + 1] if word_index + 1 < len(words) else ""
    previous_word = words[word_index - 1] if word_index else ""
    return (
        (word in ("coffee", "tea") and next_word in ("shop", "table", "house"))
        or word in ("fishing", "phoning", "housing", "ringing")
        or (word == "rings" and previous_word not in ("two", "their", "the", "wedding"))
        or (word == "ring" and previous_word in ("to", "boxing", "will"))
        or (word == "house" and previous_word in ("coffee", "opera"))
        or (word == "paper" and previous_word == "wrapping")
        or (word in ("bench", "seat") and next_word == "mark")
        or (next_word in ("light", "stop", "station", "shop", "door", "frame") and word != "street")
    )


def _find_thing_direction(words_after: list[str]) -> str:
    """The direction of a thing, from the words after it; empty if it doesn't move."""
    text = " ".join(words_after[:7])
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
    moving_verbs = (
        r"\b(pass\w*|climbs?|cross\w*|glid\w+|sail\w*|drift\w*|rolls?|drives?|runs?|moves?|trots?|"
        r"rid\w+|right|speeds?|rattles?|rushes|fl(?:y|ies|ying)|wheel\w*|circl\w+|walks?|gallops?|"
        r"steams?|trundles?|races?|slides?|turns?|heads?|makes?)\b"
    )
    return "right" if re.search(moving_verbs, text) else ""


def _count_extras(shot_text: str, dressing: tuple[str, ...]) -> int:
    words = set(split_words(shot_text))
    if words & {"empty", "deserted", "abandoned", "alone"}:
        return 0
    if words & (CROWDS - {"people"}):
        return 7
    if "people" in words or {"market", "bazaar"} & set(dressing):
        return 5
    return 0


def _find_place_colors(place: str) -> tuple[str, ...]:
    return tuple(COLORS[word] for word in split_words(place) if word in COLORS)


def _build_camera_steps(intent: Intent, prompt: str) -> tuple[CameraStep, ...]:
    camera_steps: list[CameraStep] = []
    for move in intent.camera:
        steps = parse_camera_steps(move.words) or (CameraStep("static"),)
        camera_steps += [
            replace(step, length_s=move.length_s if i == 0 and len(steps) == 1 else 0.0)
            if not step.joined
            else step
            for i, step in enumerate(steps)
        ]
        # A length for several movements is shared by the steps that follow each other.
        if move.length_s and len(steps) > 1:
            leads = [i for i, step in enumerate(camera_steps) if not step.joined][
                -_count_unjoined_steps(steps) :
            ]
            for i in leads:
                camera_steps[i] = replace(camera_steps[i], length_s=move.length_s / len(leads))
    # A camera key overrides camera words in the prompt; beats always add theirs.
    if not camera_steps:
        camera_steps = list(parse_camera_steps(find_camera_clauses(prompt)))
    for at, words in intent.beats:
        steps = parse_camera_steps(find_camera_clauses(words))
        camera_steps += [replace(step, at_s=at) if not step.joined else step for step in steps]
    return tuple(camera_steps)


def _count_unjoined_steps(steps: tuple[CameraStep, ...]) -> int:
    return max(1, sum(not step.joined for step in steps))


__all__ = ["find_things", "parse_shot"]
