"""Divides words into syllables in time: one schedule for the voice and for the lips.

Letters only give the rhythm: vowel groups make syllables, the consonant before each its onset, and
punctuation makes pauses and shapes the melody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from storyboard.providers.base import SpokenLine

WORDS_PER_SECOND = 2.6
_HURRIED = 4.5
_SHORTEST_S = 0.5
_LONGEST_SYLLABLE_S = 0.33


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable in time, seconds from the start of its line."""

    start_s: float
    end_s: float
    vowel: str
    onset: str
    """Class of the consonant before it: `hiss`, `stop`, `lips`, `soft` or empty."""
    stress: float
    pitch: float
    """Factor on the voice's pitch at its middle."""


def estimate_line_durations(
    lines: Sequence[SpokenLine],
) -> tuple[tuple[SpokenLine, float], ...]:
    """Every line with its duration in seconds, from its words at the common pace.

    If the same speaker's next line starts too soon, the line is hurried, to 4.5 words per second at
    most.
    """
    timed_lines = []
    for line in lines:
        count = _count_words(line.words)
        seconds = max(_SHORTEST_S, count / WORDS_PER_SECOND)
        later_starts = [o.at_s for o in lines if o.speaker == line.speaker and o.at_s > line.at_s]
        if later_starts:
            seconds = min(seconds, max(min(later_starts) - line.at_s, count / _HURRIED))
        timed_lines.append((line, seconds))
    return tuple(timed_lines)


@lru_cache(maxsize=256)
def schedule_syllables(words: str, seconds: float) -> tuple[Syllable, ...]:
    """`words` as syllables that fill at most `seconds`, with pauses at punctuation."""
    plan: list[tuple[str, str, float, float]] = []  # vowel, onset, weight, pause after
    ends: list[str] = []
    for word, mark in _WORD.findall(words):
        parts = _split_word_into_syllables(word)
        for place, (onset, vowel) in enumerate(parts):
            last = place == len(parts) - 1
            # The first syllable is stressed, the last one of a word and of a phrase is longer.
            weight = 1.2 if place == 0 and len(parts) > 1 else 1.0
            plan.append((vowel, onset, weight * (1.12 if last else 0.95), 0.1 if last else 0.0))
        pause = max((_PAUSES.get(character, 0.0) for character in mark), default=0.0)
        if pause and plan:
            *start, (vowel, onset, weight, _) = plan
            plan = [*start, (vowel, onset, weight * 1.25, pause)]
        ends += [""] * (len(parts) - 1) + [_classify_punctuation(mark)]
    if not plan:
        return ()
    total = sum(weight + pause for *_, weight, pause in plan) - plan[-1][3]
    # A few words in a long time are not stretched beyond a natural syllable.
    unit = min(seconds / total, _LONGEST_SYLLABLE_S)
    timed: list[Syllable] = []
    at, since, ahead = 0.0, 0, [i for i, end in enumerate(ends) if end] or [len(ends) - 1]
    for place, (vowel, onset, weight, pause) in enumerate(plan):
        close = next((i for i in ahead if i >= place), len(plan) - 1)
        # The pitch falls over each phrase and rises at its stressed syllables; the punctuation ends
        # it.
        x = (place - since) / max(1, close - since)
        pitch = 1.10 - 0.2 * x + (0.07 if weight > 1.15 else 0.0)
        if place == close:
            pitch += {"?": 0.38, "!": 0.06, ",": 0.12}.get(ends[close], -0.06)
            since = place + 1
        timed.append(Syllable(at, at + weight * unit, vowel, onset, min(1.25, weight), pitch))
        at += (weight + pause) * unit
    return tuple(timed)


def _split_word_into_syllables(word: str) -> list[tuple[str, str]]:
    """A word as (onset, vowel) syllables."""
    letters = re.sub(r"[^\w]|_", "", word.casefold())
    if not letters:
        return []
    if letters.isdigit():
        return [("stop" if int(d) % 3 else "soft", "aeiou"[int(d) % 5]) for d in letters[:6]]
    groups = [(m.start(), m[0]) for m in _VOWEL_GROUP.finditer(letters)]
    # A final `e` is silent, except in `-le`.
    if len(groups) > 1 and letters.endswith("e") and groups[-1][1] == "e" and letters[-2:] != "le":
        groups.pop()
    if not groups:  # another script, or an abbreviation: one syllable per two characters
        places = range(0, len(letters), 2)
        return [("soft" if i % 4 else "stop", "aeiou"[ord(letters[i]) % 5]) for i in places]
    parts, end = [], 0
    for start, group in groups:
        consonant_run = letters[end:start][-2:]
        onset = next(
            (kind for kind, consonants in _LETTERS if any(c in consonants for c in consonant_run)),
            "",
        )
        parts.append((onset, _PLAIN.get(group[0], "e")))
        end = start + len(group)
    return parts


def _classify_punctuation(punctuation: str) -> str:
    for character in "?!":
        if character in punctuation:
            return character
    if any(character in punctuation for character in ".…;"):
        return "."
    return "," if any(character in punctuation for character in ",:–—") else ""


def _count_words(words: str) -> float:
    """The number of words; in a script without spaces, 2.5 characters count as one."""
    return max(len(words.split()), len(_UNSPACED.findall(words)) / 2.5)


_LETTERS = (
    ("hiss", "szcxfvʃжшщсзцчф"),
    ("lips", "mbpмбп"),
    ("stop", "tkdgqткдг"),
    ("soft", "nlrwyjhнлрйвх"),
)
_PLAIN = {
    **dict.fromkeys("aàáâäåæãяа", "a"),
    **dict.fromkeys("eèéêëэе", "e"),
    **dict.fromkeys("iìíîïyиыі", "i"),
    **dict.fromkeys("oòóôöøõоё", "o"),
    **dict.fromkeys("uùúûüую", "u"),
}
_VOWEL_GROUP = re.compile(rf"[{''.join(_PLAIN)}]+")
_WORD = re.compile(r"([^\s,.;:!?…–—]+)([\s,.;:!?…–—\"'”’)]*)")
_PAUSES = {",": 0.9, ";": 1.2, ":": 1.1, "–": 1.0, "—": 1.2, ".": 1.6, "…": 1.8, "!": 1.6, "?": 1.6}
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
