"""Camera words -> steps: verbs, directions and what they do together, not a list of phrases."""

from __future__ import annotations

import re
from dataclasses import replace

from storyboard.previz.lexicon import stems, words_of
from storyboard.previz.spec import Step


def _index(table: dict[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, line in table.items() for word in line.split()}


VERBS = _index(
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

WAYS = _index(
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


def steps_of(words: str) -> tuple[Step, ...]:
    """What `words`, all of them about the camera, ask of it, in order."""
    found: list[Step] = []
    for clause in _SEQUENCE.split(words.lower()):
        found += _clause(clause)
    return tuple(found)


def camera_clauses(prompt: str) -> str:
    """The part of a prompt that talks of the camera, so that a rising gull moves nothing else."""
    parts = re.split(r"(?<=[.;!?])\s+|,\s+(?:while|as)\s+|\bas the camera\b", prompt)
    kept = []
    for part in parts:
        lower = part.lower()
        match = _CAMERA.search(lower)
        if match and not re.search(r"\b(?:frying|sauce) pan\b", lower):
            kept.append(lower[match.start() :])
    return ". ".join(kept)


def _clause(text: str) -> list[Step]:
    text = re.sub(r"hand[- ]held", "handheld", text)
    text = re.sub(r"(one[- ]eighty|180)", "around", text)
    if "rack focus" in text or "focus pull" in text or "pull focus" in text:
        text = re.sub(r"rack focus|focus pull|pulls? focus", " ", text)
    tokens = words_of(text.replace("-", " "))
    if "dolly zoom" in text or "vertigo" in text:
        return [Step("dolly", "in"), Step("zoom", "out", joined=True)]
    speed = 1.0
    if any(token in _SLOW for token in tokens):
        speed = 0.6
    if any(token in _FAST for token in tokens):
        speed = 1.6
    places = [(i, verb) for i, token in enumerate(tokens) if (verb := _verb(token, i, tokens))]
    whips = any(verb == "whip" for _, verb in places)
    if whips and any(verb in ("pan", "tilt", "look") for _, verb in places):
        places = [(i, "whip") for i, verb in places if verb in ("pan", "tilt", "look")][:1]
    found: list[Step] = []
    for order, (at, verb) in enumerate(places):
        end = places[order + 1][0] if order + 1 < len(places) else len(tokens)
        after = tokens[at + 1 : end]
        before = tokens[max(0, at - 3) : at] if order == 0 else []
        for step in _step(verb, tokens[at], after, before):
            if any(same.kind == step.kind and same.way == step.way for same in found):
                continue
            found.append(replace(step, speed=step.speed * speed, joined=bool(found)))
    moving = [step for step in found if step.kind != "static"]
    if moving and len(moving) < len(found):
        found = moving  # "a steady hold, drifting right" moves
    if found:
        found[0] = replace(found[0], joined=False)
    return found


def _verb(token: str, at: int, tokens: list[str]) -> str:
    """The verb that a token is a form of; nouns that look like verbs are left out."""
    if token in ("back", "backs") and at + 1 < len(tokens) and tokens[at + 1] in ("away", "off"):
        return "retreat"
    if token in ("still", "close") and at and tokens[at - 1] in ("very", "extreme", "a", "the"):
        return ""
    if token == "close" and "in" not in tokens[at + 1 : at + 3]:
        return ""
    if token == "keep" or token == "keeps":
        return "follow" if "pace" in tokens else ""
    for stem in stems(token):
        if stem in VERBS:
            return VERBS[stem]
    return ""


def _directions(after: list[str], before: list[str]) -> list[str]:
    found: list[str] = []
    for i, token in enumerate(after):
        way = WAYS.get(token, "")
        if not way:
            continue
        previous = after[i - 1] if i else ""
        if previous == "from" or (token == "from"):
            continue
        if token in _FADE_WORDS.get(way, "").split() and i > 2 and way in ("in", "out"):
            continue  # "... in the rain" is a place, not a direction
        if way == "with" and token in ("him", "her", "them") and found:
            continue
        if way not in found:
            found.append(way)
    if not found:
        found = [WAYS[t] for t in before if WAYS.get(t) in ("left", "right", "up", "down", "side")]
    return found


def _step(verb: str, token: str, after: list[str], before: list[str]) -> list[Step]:
    ways = _directions(after, before)
    sides = [way for way in ways if way in ("left", "right")]
    side = sides[-1] if sides else ""
    up = next((way for way in ways if way in ("up", "down")), "")
    depth = next((way for way in ways if way in ("in", "out")), "")
    if verb in ("static", "handheld"):
        return [Step(verb)]
    if verb == "whip":
        return [Step("whip", side or "right", 1.6)]
    if verb == "pan":
        if up and not side:
            return [Step("tilt", up)]
        return [Step("pan", side or "right")]
    if verb == "look":
        if "around" in ways and not token.startswith("look"):
            return [Step("orbit", side or "right")]
        if up and not side:
            return [Step("tilt", up)]
        if side or "side" in ways or "around" in ways:
            return [Step("pan", side or "right")]
        return []
    if verb == "tilt":
        return [Step("tilt", up or "up")] if not side else [Step("pan", side)]
    if verb == "zoom":
        return [Step("zoom", depth or "in")]
    if verb == "orbit":
        return [Step("orbit", side or ("left" if "counterclockwise" in after else "right"))]
    if verb == "roll":
        return [Step("roll", side or "right")] if token != "dutch" else []
    if verb == "rise":
        return [Step("crane", "up"), *([Step("dolly", "out")] if "out" in ways[1:] else [])]
    if verb == "fall":
        return [Step("crane", "down")]
    if verb == "crane":
        more = [Step("dolly", depth)] if depth and up else []
        if token.startswith("drone") and not up:
            return [Step("dolly", depth or "in"), Step("crane", "up", 0.5)]
        return [Step("crane", up or ("down" if depth == "in" else "up")), *more]
    if verb == "retreat":
        return [Step("dolly", "out")]
    if verb == "follow":
        return [Step("follow", side)]
    if verb == "steadicam":
        return [] if after or before else [Step("follow"), Step("handheld", speed=0.4)]
    return _travel(verb, token, after, ways, side, up, depth)


def _travel(
    verb: str, token: str, after: list[str], ways: list[str], side: str, up: str, depth: str
) -> list[Step]:
    """Verbs whose meaning is in their direction: push, pull, move, track, glide..."""
    if "around" in ways:
        return [Step("orbit", side or "right")]
    if verb == "pull":
        if up and depth:
            return [Step("crane", up), Step("dolly", "out")]
        return [Step("crane", up)] if up else [Step("dolly", "out" if depth != "in" else "in")]
    if verb == "push" and not side:
        if "with" in ways and not depth:
            return [Step("follow")]
        return [Step("dolly", depth or "in"), *([Step("crane", up)] if up and depth else [])]
    if "with" in ways and not side:
        return [Step("follow")]
    if verb == "move" and token.startswith("track") and after and not (side or depth or up):
        if after[0] in _OBJECTS or "side" not in ways:
            return [Step("follow")] if after[0] != "shot" else [Step("truck", "right")]
        return [Step("truck", "right")]
    found = []
    if side or "side" in ways:
        found.append(Step("truck", side or "right"))
    if depth:
        found.append(Step("dolly", depth))
    if up:
        found.append(Step("crane", up))
    if found:
        return found
    if verb == "move" and token.startswith(("move", "come", "head", "walk", "run", "step")):
        return []
    return [Step("truck", "right")] if not token.startswith("glid") else [Step("dolly", "in")]
