"""Finds the known name that a misspelt word was meant to be, and words the suggestion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_MIN_LIKENESS = 0.6
"""From here on, of 1, two words are near."""

_MAX_SEARCHES = 60
"""A Suggester searches this often; a film with more unknown words has another problem."""


def find_nearest_name(word: str, names: Iterable[str], min_likeness: float = _MIN_LIKENESS) -> str:
    """The nearest name, or the empty string when none is near.

    Capitals don't count, and `-`, `_` and a space are one letter.
    """
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(_fold_word(name), name)
    if exact := folded.get(_fold_word(word)):
        return exact
    close = get_close_matches(_fold_word(word), folded, n=1, cutoff=min_likeness)
    return folded[close[0]] if close else ""


def format_suggestion(name: str) -> str:
    """The question whether `name` was meant."""
    return f"did you mean `{name}`?"


def suggest_name(word: str, names: Iterable[str]) -> str:
    """Asks whether the nearest name was meant; empty when none is near."""
    return _format_other_name(word, find_nearest_name(word, names))


def suggest_or_list_names(word: str, names: Sequence[str], max_listed: int | None = None) -> str:
    """Asks whether the nearest name was meant; lists the names when none is near."""
    return suggest_name(word, names) or "known: " + ", ".join(names[:max_listed])


class Suggester:
    """Suggests names while one film is read, and stops where the film has too many problems."""

    def __init__(self) -> None:
        self._search_count = 0

    def find_nearest_name(
        self, word: str, names: Iterable[str], min_likeness: float = _MIN_LIKENESS
    ) -> str:
        """As the function of this name does; empty once the searches are used up."""
        self._search_count += 1
        if self._search_count > _MAX_SEARCHES:
            return ""
        return find_nearest_name(word, names, min_likeness)

    def suggest_name(
        self, word: str, names: Iterable[str], min_likeness: float = _MIN_LIKENESS
    ) -> str:
        """As the function of this name does; empty once the searches are used up."""
        return _format_other_name(word, self.find_nearest_name(word, names, min_likeness))


def _format_other_name(word: str, nearest: str) -> str:
    return format_suggestion(nearest) if nearest and nearest != word else ""


def _fold_word(word: str) -> str:
    return word[:80].casefold().replace("-", "_").replace(" ", "_")
