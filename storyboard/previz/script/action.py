"""Finds the people of a shot and their actions in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from storyboard.model.blocking import Placement
from storyboard.previz.painting.seeds import seed_random
from storyboard.previz.script.shot_spec import Person
from storyboard.previz.script.vocabulary import (
    HANDHELD,
    NUMBERS,
    PEOPLE,
    THINGS,
    list_possible_stems,
    split_words,
)
from storyboard.providers.base import Intent

_TIGHT = frozenset(("MS", "MCU", "CU", "ECU", "OTS"))
_WALK = re.compile(
    r"\b(walk|stroll|wander|stride|strode|march|step|pace|amble|trudge|hurr(?:y|ies)|saunter|"
    r"cross(?:es|ing)|enters?|leav(?:e|es|ing)|approach|arriv|heads?\b(?! (?:down|up|bowed))|"
    r"com(?:e|es|ing)\b|goes|climbs?)\w*"
)
_RUN = re.compile(r"\b(run|runs|running|sprint|jog|race|rush|dash|flee|bolt|chas)\w*\b")
_AWAY = re.compile(
    r"\b(away|out|off|into|up the|down the|towards? the (?!camera|lens)|leav\w+|through)\b"
)
_TOWARD = re.compile(
    r"\b(towards? (?:us|the camera|camera|the lens)|closer|approach\w*|com(?:es|ing)\b|arriv\w*|"
    r"enters?|forward)"
)
_BACK = re.compile(
    r"\b(back to (?:us|the camera|camera)|backs? turned|from behind|turned away|fac(?:es|ing) away|"
    r"seen from the back|with (?:her|his|their) backs?|"
    r"(?:look|star|gaz|fac)\w* (?:out )?(?:(?:at|to|over|across|towards?|into|on) )?(?:the |a )?"
    r"(?:open |dark |empty |grey |wide )?"
    r"(?:sea|ocean|horizon|harbou?r|water|view|waves|valley|skyline|landscape|storm)|"
    r"look\w* out|out of the window)\b"
)
_TURNED = re.compile(
    r"\b(backs? to (?:us|the camera|camera)|backs? turned|from behind|turned away|facing away)\b"
)
_PROFILE = re.compile(r"\b(in profile|profile|side-on|from the side|sideways)\b")
_TURN_AWAY = re.compile(r"\bturns? (?:away|(?:her|his|their) back)")
_TURN_SIDE = re.compile(r"\bturns? (?:(?:her|his) head )?(?:to the )?(left|right)")
_TURN = re.compile(r"\b(turns|turning|turn) ?(around|round|to|back|toward|towards|and|$)|\bturns\b")
_LOOK_BACK = re.compile(r"\b(?:looks?|glances?|stares?) (?:back|over (?:her|his|their) shoulder)\b")
_SIT = re.compile(r"\b(sits?|sitting|seated|sat)\b|\bat (?:the|a|her|his) (?:table|desk)\b")
_DOWN = re.compile(
    r"\b(looks? down|eyes down|doesn't look up|does not look up|head bowed|bows? (?:her|his) head|"
    r"lower(?:s|ed) (?:her|his) (?:eyes|head|gaze)|read(?:s|ing)|writ(?:es|ing))\b"
)
_CLOSED = re.compile(r"\b(sleep\w*|asleep|eyes closed|closes (?:her|his) eyes|pray\w*|shuts)\b")
_HANDS = {
    "umbrella": re.compile(
        r"\b(?:under|with|holds?|holding|opens?|carr\w+) (?:an|her|his|their|the|a \w+) umbrella"
    ),
    "carry": re.compile(
        r"\b(?:carr(?:y|ies|ying)|with|lugs?|drags?|pulls?|holds?|holding) "
        r"(?:a|an|her|his|their|the|two)(?: \w+)? "
        r"(?:suitcases?|bags?|briefcase|umbrella|camera|box)"
    ),
    "phone": re.compile(r"\b(on the phone|phones?|telephon\w+|calls?|answers)\b"),
    "wave": re.compile(r"\b(waves|waving) (?!crash|break|roll)|\bwaves\b(?= (?:at|to|goodbye)|$)"),
    "point": re.compile(r"\bpoint(?:s|ing)\b"),
    "raise": re.compile(r"\b(raises?|lifts?) (?:her|his|their|a|the|one) (?:hands?|arms?|glass)\b"),
    "cross": re.compile(r"\b(arms (?:crossed|folded)|crosses (?:her|his) arms)\b"),
    "hold": re.compile(
        r"\b(holds?|holding|carr(?:y|ies|ying)|reads?|reading|opens?|opening|clutch\w*|"
        r"grips?|drinks?|drinking|offers?|hands (?:him|her)|writes|examin\w+|takes?|picks? up)\b"
    ),
}
_MOODS = {
    "smile": re.compile(r"\b(smil\w*|laugh\w*|grin\w*|happy|happily|joy\w*|delight\w*|cheer\w*)\b"),
    "sad": re.compile(r"\b(sad\w*|cries|crying|tear\w*|weep\w*|sobs?|mourn\w*|grie\w*|lonely)\b"),
    "angry": re.compile(r"\b(angr\w*|furious|shout\w*|yell\w*|glar\w*|scowl\w*|frown\w*)\b"),
}


_VIEWS = {"left": "left", "right": "right", "away": "back", "camera": "front"}
"""How a person is seen who faces that way."""
_WAYS_OUT = {"left": "left", "right": "right", "background": "away", "foreground": "toward"}
_WAYS_IN = {"left": "right", "right": "left", "background": "toward", "foreground": "away"}
"""Where a person walks who leaves or comes in over that edge; nobody falls or flies."""


def find_people_and_shoulder(
    intent: Intent, shot_text: str, size: str, tints: Mapping[str, tuple[str, str, str]]
) -> tuple[tuple[Person, ...], str]:
    """People in frame, left to right, and the name of the one whose shoulder is in the
    foreground, if any.
    """
    cast = [
        Person(m.name, m.description, tint=tints.get(m.name))
        for m in intent.cast
        if m.kind == "character"
    ]
    placements = {placement.name: placement for placement in intent.blocking}
    # Who stands left comes first; of whom nothing is said, the order of the cast tells.
    cast.sort(key=lambda p: (placements[p.name].side or 0) if p.name in placements else 0)
    # Without a cast, the prompt's own nouns give the people.
    people = cast or _find_unnamed_people(shot_text)
    shoulder = ""
    over_shoulder = re.search(
        r"over[- ]the[- ]shoulder|\bots\b", f"{intent.angle} {intent.size}".lower()
    )
    shoulder_match = re.search(r"over ([\w -]+)'s shoulder", f"{shot_text} {intent.angle}".lower())
    if shoulder_match:
        owner = shoulder_match[1].replace(" ", "_")
        shoulder = next((p.name for p in people if p.name.lower() == owner), "*")
    elif over_shoulder or size == "OTS":
        shoulder = "*"
    if len(people) > 1 and (shoulder or size in _TIGHT):
        people, shoulder = _select_featured_people_and_shoulder(
            people, intent, shot_text, size, shoulder
        )
    close = size in ("MCU", "CU", "ECU")
    acting = (_apply_prompt_actions(person, people, shot_text, close) for person in people)
    return tuple(
        _apply_placement(person, placements[person.name]) if person.name in placements else person
        for person in acting
    ), shoulder


def _apply_placement(person: Person, placement: Placement) -> Person:
    """`person` as the blocking has it: pose, look, what it holds, where it comes from or goes."""
    words = f"{placement.pose}, holds the {placement.holds}" if placement.holds else placement.pose
    placed = apply_actions(Person(person.name), words) if words else Person(person.name)
    person = replace(
        person,
        sits=placed.sits or (person.sits and not placement.pose),
        hands=placed.hands or person.hands,
        holds=placed.holds or person.holds,
    )
    walk = _WAYS_OUT.get(placement.exit) or _WAYS_IN.get(placement.enter) or ""
    if walk:
        view = {"away": "back", "toward": "front"}.get(walk, walk)
        return replace(person, walk=walk, view=view, sits=False)
    view = "" if person.walk else _VIEWS.get(placement.faces, "")
    return replace(person, view=view) if view else person


def _select_featured_people_and_shoulder(
    people: list[Person], intent: Intent, shot_text: str, size: str, shoulder: str
) -> tuple[list[Person], str]:
    """In a tight shot, only the people it is about; the other one may lend a shoulder."""
    lower = shot_text.lower()
    speakers = {line.speaker for line in intent.dialogue if not line.off}
    mentioned = [p for p in people if re.search(rf"\b{re.escape(p.name.lower())}\b", lower)]
    mentioned = [p for p in mentioned if p.name != shoulder]
    both = re.search(r"\b(two-shot|two shot|both|together|each other|they|couple|between them)\b",
                     lower)  # fmt: skip
    # A two-shot shows both, even in a tight size.
    if both and not shoulder:
        return people, shoulder
    featured = mentioned or [p for p in people if p.name in speakers and p.name != shoulder]
    if not featured and (size in ("CU", "ECU", "MCU") or shoulder):
        featured = [p for p in people if p.name != shoulder][:1]
    featured = featured or people
    if shoulder:
        featured = featured[:1]
        others = [p.name for p in people if p.name != featured[0].name]
        shoulder = shoulder if shoulder != "*" else (others[0] if others else "*")
    elif size in ("CU", "ECU"):
        featured = [p for p in featured if p.name in speakers][:1] or featured[:1]
    return featured, shoulder


def _find_unnamed_people(shot_text: str) -> list[Person]:
    """People whom the prompt describes without a name: `an old sailor`, `two girls`."""
    words = split_words(shot_text)
    people: list[Person] = []
    pronouns = ("he", "she", "they", "him", "her", "his", "hers", "them")
    for at, word in enumerate(words):
        stem = next((s for s in list_possible_stems(word) if s in PEOPLE), "")
        # A pronoun refers to a person already found; only a lone `he` or `she` makes a new one.
        if not stem or (stem in pronouns and (people or word in ("they", "them"))):
            continue
        if stem in ("her", "him"):
            continue
        words_before = _keep_words_about_noun(words[max(0, at - 3) : at])
        words_after = words[at + 1 : at + 7]
        count = next((NUMBERS[w] for w in reversed(words_before) if w in NUMBERS), 1)
        if stem in ("couple", "lovers"):
            count = 2
        if word in ("people", "figures") and count == 1:
            count = 3
        # `a man in a red coat`: clothes may also follow the noun.
        clothes = (
            " ".join(words_after) if words_after[:1] in (["in"], ["with"], ["wearing"]) else ""
        )
        look = f"{clothes} {' '.join(words_before)} {PEOPLE[stem]}".strip()
        names = [p.name for p in people]
        if stem in names:
            continue
        for i in range(min(count, 4)):
            people.append(Person(stem if i == 0 else f"{stem} {i + 1}", look))
        if stem in ("couple", "lovers"):
            people[-2] = replace(people[-2], description=look.replace("person", "woman", 1))
            people[-1] = replace(people[-1], description=look.replace("person", "man", 1))
        if len(people) >= 4:
            break
    return people[:4]


def _keep_words_about_noun(words_before: list[str]) -> list[str]:
    """The words before a noun that belong to it and not to another noun."""
    for i in range(len(words_before) - 1, -1, -1):
        word = words_before[i]
        if word in ("and", "with", "of", "in", "by", "to", "at", "on", "for") or word in PEOPLE:
            return words_before[i + 1 :]
    return words_before


def _find_clauses_about(person: Person, people: list[Person], shot_text: str) -> str:
    """The clauses about `person`; a clause without a name continues with the subject of the last
    one.
    """
    lower = shot_text.lower()
    if len(people) == 1:
        return lower
    subjects: list[Person] = list(people)
    clauses = []
    names = "|".join(re.escape(_to_prompt_word(p)) for p in people)
    # "Ana and Tom sit" is one clause about both
    lower = re.sub(rf"\b({names}),? and (?=(?:{names})\b)", r"\1 & ", lower)
    for clause in re.split(r"[.;!?,]|\band\b|\bwhile\b|\bas\b", lower):
        mentioned = [
            p for p in people if re.search(rf"\b{re.escape(_to_prompt_word(p))}s?\b", clause)
        ]
        if mentioned:
            subjects = mentioned
        elif re.search(r"\b(they|both|two)\b", clause):
            subjects = list(people)
        if person in subjects:
            clauses.append(clause)
    return ". ".join(clauses)


def _to_prompt_word(person: Person) -> str:
    """The word for a person in the prompt: `girl` for the second girl too."""
    return re.sub(r" \d$", "", person.name.lower())


def _apply_prompt_actions(
    person: Person, people: list[Person], shot_text: str, close_shot: bool
) -> Person:
    words = _find_clauses_about(person, people, shot_text)
    # Movements of the camera are no actions of a person.
    camera_free = re.sub(r"(the )?camera [^.;,]*", "", words)
    return apply_actions(person, camera_free, close_shot)


def apply_actions(person: Person, action_words: str, close_shot: bool = False) -> Person:
    """`person` with the actions of `action_words`; what they don't mention stays the same.

    In a close shot, a person who looks out at something is seen from the side, not from behind.
    """
    view, turns_to, walk, pace = person.view, "", "", 1.0
    if _BACK.search(action_words) and not (close_shot and not _TURNED.search(action_words)):
        view = "back"
    elif close_shot and _BACK.search(action_words):
        view = "right" if seed_random("gaze", person.name, action_words).random() < 0.5 else "left"
    elif side := _PROFILE.search(action_words):
        view = "left" if "left" in action_words[side.start() :] else "right"
    if _TURN_AWAY.search(action_words):
        turns_to = "back"
    elif side := _TURN_SIDE.search(action_words):
        turns_to = side[1]
    elif _TURN.search(action_words):
        turns_to = "front"
        # To turn to the front, the person must start from another view.
        if view == "front" and person.view == "front":
            view = "back" if re.search(r"turns? (around|round)", action_words) else "right"
    if _RUN.search(action_words):
        walk, pace = "right", 2.2
    elif _WALK.search(action_words) and not _SIT.search(action_words):
        walk = "right"
    # Walking decides the view: the back while going away, the front while coming.
    if walk:
        walk = _find_walk_direction(action_words)
        turns_to = ""
        view = {"away": "back", "toward": "front"}.get(walk, walk)
    if _LOOK_BACK.search(action_words) and not turns_to:
        opposite_views = {"right": "left", "left": "right", "back": "front", "front": "left"}
        turns_to = opposite_views[view]
    sits = bool(_SIT.search(action_words)) or (
        person.sits
        and not walk
        and not re.search(r"\b(stands|rises|gets) up|\bstands\b", action_words)
    )
    holds = next(
        (
            THINGS[s]
            for w in split_words(action_words)
            for s in list_possible_stems(w)
            if THINGS.get(s, "") in HANDHELD
        ),
        "",
    )
    hands = next((name for name, pattern in _HANDS.items() if pattern.search(action_words)), "")
    if hands == "hold" and not holds:
        hands = ""
    if hands in ("phone", "umbrella"):
        holds = hands
    eyes = (
        "closed" if _CLOSED.search(action_words) else "down" if _DOWN.search(action_words) else ""
    )
    mood = next(
        (name for name, pattern in _MOODS.items() if pattern.search(action_words)), person.mood
    )
    return replace(
        person, view=view, turns_to=turns_to, walk=walk, pace=pace, sits=sits,
        hands=hands or (person.hands if not walk else ""),
        holds=holds if hands and hands not in ("point", "cross") else person.holds,
        eyes=eyes, mood=mood,
    )  # fmt: skip


def _find_walk_direction(action_words: str) -> str:
    if _TOWARD.search(action_words) and not re.search(r"\baway\b", action_words):
        return "toward"
    if (
        re.search(r"\b(to the |screen |stage )?left\b", action_words)
        and "leaves" not in action_words
    ):
        return "left"
    if re.search(r"\b(to the |screen |stage )right\b", action_words):
        return "right"
    if _AWAY.search(action_words):
        return "away"
    return "right"
