"""Parses camera instructions into steps: verbs and directions combined, not a list of phrases."""

from __future__ import annotations

import re
from dataclasses import replace

from storyboard.previz.script.shot_spec import CameraStep
from storyboard.previz.script.vocabulary import list_possible_stems, split_words


def _map_words_to_meanings(words_by_meaning: dict[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, line in words_by_meaning.items() for word in line.split()}


VERBS = _map_words_to_meanings(
    {
        "pan": "pan swivel",
        "look": "turn swing look glance sweep",
        "whip": "whip swish snap",
        "tilt": "tilt",
        "push": "dolly push creep advance approach inch close tighten lunge nose burrow",
        "pull": "pull ease",
        "retreat": "retreat recede withdraw backs backing reverse widen",
        "move": "truck track crab slide drift glide float move travel fly sail come swoop soar "
        "traverse shift ride weave head walk run prowl follow-through roam step skim slip edge",
        "crane": "crane boom jib pedestal drone",
        "rise": "rise ascend climb lift elevate levitate",
        "fall": "descend lower sink drop dip fall plunge settle",
        "zoom": "zoom",
        "orbit": "orbit arc circle revolve rotate encircle wrap spin spiral",
        "follow": "follow chase trail accompany shadow lead pursue keep tail",
        "roll": "roll cant dutch",
        "static": "static locked lock still fixed tripod motionless immobile stationary unmoving "
        "hold rest linger stay frozen",
        "handheld": "handheld shaky jittery wobbly documentary verite shoulder-mounted shake",
        "steadicam": "steadicam gimbal stabilised stabilized",
    }
)

WAYS = _map_words_to_meanings(
    {
        "left": "left leftward leftwards leftward",
        "right": "right rightward rightwards",
        "up": "up upward upwards above skyward over overhead",
        "down": "down downward downwards below groundward earthward beneath",
        "in": "in into inward inwards forward forwards closer toward towards nearer ahead onto "
        "through on",
        "out": "out outward outwards back backward backwards away off from wide wider",
        "around": "around round about 360 clockwise counterclockwise circle",
        "side": "along past across sideways sideway lateral laterally parallel",
        "with": "with alongside behind after pace him her them",
    }
)

_FADE_WORDS = {"in": "in on over through", "out": "from off wide back"}
_SEQUENCE = re.compile(
    r"[;.]|,(?=\s*\w+s\b)"
    r"|,?\s*\b(?:and then|then|before|after which|followed by|until|finally|next)\b"
)
_CAMERA = re.compile(
    r"\b(camera|we|lens|dolly|dollies|steadicam|hand-?held|gimbal|drone|jib|pans?|panning|tilts?|"
    r"tilting|zooms?|zooming|cranes? (?:up|down|shot)|orbits?|whip|tracking|push(?:es)?[ -]in|"
    r"pull(?:s)?[ -](?:back|out)|truck(?:s|ing)? (?:left|right)|crash zoom|static shot|locked-off|"
    r"slow push|arc shot|rack focus)\b"
)
_SLOW = {"slow", "slowly", "gentle", "gently", "gradual", "gradually", "softly", "imperceptibly",
         "slightly", "subtle", "barely", "creep", "creeps", "creeping", "inch", "inches", "drifts",
         "drift", "languid", "lazily", "delicate"}  # fmt: skip
_FAST = {"fast", "quick", "quickly", "rapid", "rapidly", "swift", "swiftly", "whip", "crash",
         "sudden", "suddenly", "violently", "rushing", "frantic", "hurried", "swoop",
         "swoops"}  # fmt: skip
_OBJECTS = {"the", "a", "him", "her", "them", "it", "his", "their"}


def parse_camera_steps(camera_words: str) -> tuple[CameraStep, ...]:
    """The steps that `camera_words`, which only describe the camera, ask for, in order."""
    steps: list[CameraStep] = []
    for clause in _SEQUENCE.split(camera_words.lower()):
        steps += _parse_camera_clause(clause)
    return tuple(steps)


def find_camera_clauses(prompt: str) -> str:
    """The part of a prompt about the camera, so that a rising gull doesn't move it."""
    parts = re.split(r"(?<=[.;!?])\s+|,\s+(?:while|as)\s+|\bas the camera\b", prompt)
    clauses = []
    for part in parts:
        lower = part.lower()
        match = _CAMERA.search(lower)
        # "frying pan" is not a camera movement.
        if match and not re.search(r"\b(?:frying|sauce) pan\b", lower):
            clauses.append(lower[match.start() :])
    return ". ".join(clauses)


def _parse_camera_clause(clause: str) -> list[CameraStep]:
    clause = re.sub(r"hand[- ]held", "handheld", clause)
    clause = re.sub(r"(one[- ]eighty|180)", "around", clause)
    if "rack focus" in clause or "focus pull" in clause or "pull focus" in clause:
        clause = re.sub(r"rack focus|focus pull|pulls? focus", " ", clause)
    tokens = split_words(clause.replace("-", " "))
    # A dolly zoom moves in and zooms out at once, so the subject keeps its size.
    if "dolly zoom" in clause or "vertigo" in clause:
        return [CameraStep("dolly", "in"), CameraStep("zoom", "out", joined=True)]
    speed = 1.0
    if any(token in _SLOW for token in tokens):
        speed = 0.6
    if any(token in _FAST for token in tokens):
        speed = 1.6
    verb_places = [
        (i, verb) for i, token in enumerate(tokens) if (verb := _find_camera_verb(token, i, tokens))
    ]
    whips = any(verb == "whip" for _, verb in verb_places)
    # "whip pan" is one movement, not two.
    if whips and any(verb in ("pan", "tilt", "look") for _, verb in verb_places):
        verb_places = [(i, "whip") for i, verb in verb_places if verb in ("pan", "tilt", "look")][
            :1
        ]
    steps: list[CameraStep] = []
    for order, (at, verb) in enumerate(verb_places):
        end = verb_places[order + 1][0] if order + 1 < len(verb_places) else len(tokens)
        after = tokens[at + 1 : end]
        # Only the first verb may have its direction before it: "slowly left, pan".
        before = tokens[max(0, at - 3) : at] if order == 0 else []
        for step in _build_verb_steps(verb, tokens[at], after, before):
            if any(earlier.kind == step.kind and earlier.way == step.way for earlier in steps):
                continue
            steps.append(replace(step, speed=step.speed * speed, joined=bool(steps)))
    moving_steps = [step for step in steps if step.kind != "static"]
    if moving_steps and len(moving_steps) < len(steps):
        steps = moving_steps  # "a steady hold, drifting right" does move
    if steps:
        steps[0] = replace(steps[0], joined=False)
    return steps


def _find_camera_verb(token: str, token_index: int, tokens: list[str]) -> str:
    """The camera verb that a token is a form of; nouns that look like verbs are left out."""
    if (
        token in ("back", "backs")
        and token_index + 1 < len(tokens)
        and tokens[token_index + 1] in ("away", "off")
    ):
        return "retreat"
    if (
        token in ("still", "close")
        and token_index
        and tokens[token_index - 1] in ("very", "extreme", "a", "the")
    ):
        return ""
    if token == "close" and "in" not in tokens[token_index + 1 : token_index + 3]:
        return ""
    if token == "keep" or token == "keeps":
        return "follow" if "pace" in tokens else ""
    for stem in list_possible_stems(token):
        if stem in VERBS:
            return VERBS[stem]
    return ""


def _find_camera_directions(words_after: list[str], words_before: list[str]) -> list[str]:
    directions: list[str] = []
    for i, token in enumerate(words_after):
        way = WAYS.get(token, "")
        # In "from the left", the direction is where the camera comes from.
        if not way:
            continue
        previous = words_after[i - 1] if i else ""
        if previous == "from" or (token == "from"):
            continue
        if token in _FADE_WORDS.get(way, "").split() and i > 2 and way in ("in", "out"):
            continue  # "... in the rain" is a place, not a direction
        if way == "with" and token in ("him", "her", "them") and directions:
            continue
        if way not in directions:
            directions.append(way)
    if not directions:
        directions = [
            WAYS[t] for t in words_before if WAYS.get(t) in ("left", "right", "up", "down", "side")
        ]
    return directions


def _build_verb_steps(
    verb: str, verb_word: str, words_after: list[str], words_before: list[str]
) -> list[CameraStep]:
    ways = _find_camera_directions(words_after, words_before)
    sides = [way for way in ways if way in ("left", "right")]
    side = sides[-1] if sides else ""
    up = next((way for way in ways if way in ("up", "down")), "")
    depth = next((way for way in ways if way in ("in", "out")), "")
    if verb in ("static", "handheld"):
        return [CameraStep(verb)]
    if verb == "whip":
        return [CameraStep("whip", side or "right", 1.6)]
    if verb == "pan":
        if up and not side:
            return [CameraStep("tilt", up)]
        return [CameraStep("pan", side or "right")]
    if verb == "look":
        if "around" in ways and not verb_word.startswith("look"):
            return [CameraStep("orbit", side or "right")]
        if up and not side:
            return [CameraStep("tilt", up)]
        if side or "side" in ways or "around" in ways:
            return [CameraStep("pan", side or "right")]
        return []
    if verb == "tilt":
        return [CameraStep("tilt", up or "up")] if not side else [CameraStep("pan", side)]
    if verb == "zoom":
        return [CameraStep("zoom", depth or "in")]
    if verb == "orbit":
        return [
            CameraStep("orbit", side or ("left" if "counterclockwise" in words_after else "right"))
        ]
    if verb == "roll":
        return [CameraStep("roll", side or "right")] if verb_word != "dutch" else []
    if verb == "rise":
        return [
            CameraStep("crane", "up"),
            *([CameraStep("dolly", "out")] if "out" in ways[1:] else []),
        ]
    if verb == "fall":
        return [CameraStep("crane", "down")]
    if verb == "crane":
        dolly_steps = [CameraStep("dolly", depth)] if depth and up else []
        if verb_word.startswith("drone") and not up:
            return [CameraStep("dolly", depth or "in"), CameraStep("crane", "up", 0.5)]
        return [CameraStep("crane", up or ("down" if depth == "in" else "up")), *dolly_steps]
    if verb == "retreat":
        return [CameraStep("dolly", "out")]
    if verb == "follow":
        return [CameraStep("follow", side)]
    if verb == "steadicam":
        return (
            []
            if words_after or words_before
            else [CameraStep("follow"), CameraStep("handheld", speed=0.4)]
        )
    return _build_travel_steps(verb, verb_word, words_after, ways, side, up, depth)


def _build_travel_steps(
    verb: str,
    verb_word: str,
    words_after: list[str],
    ways: list[str],
    side: str,
    up: str,
    depth: str,
) -> list[CameraStep]:
    """Verbs that get their meaning from their direction: push, pull, move, track, glide..."""
    if "around" in ways:
        return [CameraStep("orbit", side or "right")]
    if verb == "pull":
        if up and depth:
            return [CameraStep("crane", up), CameraStep("dolly", "out")]
        return (
            [CameraStep("crane", up)]
            if up
            else [CameraStep("dolly", "out" if depth != "in" else "in")]
        )
    if verb == "push" and not side:
        if "with" in ways and not depth:
            return [CameraStep("follow")]
        return [
            CameraStep("dolly", depth or "in"),
            *([CameraStep("crane", up)] if up and depth else []),
        ]
    if "with" in ways and not side:
        return [CameraStep("follow")]
    if (
        verb == "move"
        and verb_word.startswith("track")
        and words_after
        and not (side or depth or up)
    ):
        # "track the boat" follows it; a bare "tracking shot" moves sideways.
        if words_after[0] in _OBJECTS or "side" not in ways:
            return (
                [CameraStep("follow")]
                if words_after[0] != "shot"
                else [CameraStep("truck", "right")]
            )
        return [CameraStep("truck", "right")]
    steps = []
    if side or "side" in ways:
        steps.append(CameraStep("truck", side or "right"))
    if depth:
        steps.append(CameraStep("dolly", depth))
    if up:
        steps.append(CameraStep("crane", up))
    if steps:
        return steps
    if verb == "move" and verb_word.startswith(("move", "come", "head", "walk", "run", "step")):
        return []
    return (
        [CameraStep("truck", "right")]
        if not verb_word.startswith("glid")
        else [CameraStep("dolly", "in")]
    )
