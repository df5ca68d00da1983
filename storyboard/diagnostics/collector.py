"""Collects the diagnostics of a film's text and of its graph, and words their values and hints."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from storyboard.errors import Diagnostic, Severity, Span
from storyboard.model.film import Shot

_MAX_SEARCHES = 60
"""Suggestions are searched for this many problems; a film with more has another problem."""


class DiagnosticCollector:
    """The diagnostics of one load, in the order they were found."""

    def __init__(self) -> None:
        self._diagnostics: dict[tuple[str, Span, str], Diagnostic] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        """Keeps it, unless the same was said of the same place."""
        key = diagnostic.code, diagnostic.span, diagnostic.message
        self._diagnostics.setdefault(key, diagnostic)

    def add_error(
        self,
        code: str,
        span: Span,
        message: str,
        hint: str = "",
        related: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        self.add(Diagnostic(code, message, span, hint, Severity.ERROR, related))

    def add_warning(
        self,
        code: str,
        span: Span,
        message: str,
        hint: str = "",
        related: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        self.add(Diagnostic(code, message, span, hint, Severity.WARNING, related))

    def add_note(self, code: str, span: Span, message: str, hint: str = "") -> None:
        self.add(Diagnostic(code, message, span, hint, Severity.NOTE))

    def list_sorted(self) -> tuple[Diagnostic, ...]:
        """Each problem once, by file, line and column."""
        return tuple(
            sorted(
                self._diagnostics.values(),
                key=lambda diagnostic: (diagnostic.span, diagnostic.code, diagnostic.message),
            )
        )


class Suggester:
    """Finds the choice that a misspelt word was meant to be."""

    def __init__(self) -> None:
        self._search_count = 0

    def find_nearest_choice(
        self, word: str, choices: Iterable[str], min_likeness: float = 0.6
    ) -> str:
        """The nearest choice, or the empty string when none is near."""
        self._search_count += 1
        if self._search_count > _MAX_SEARCHES:
            return ""
        folded: dict[str, str] = {}
        for choice in choices:
            folded.setdefault(_fold_word(choice), choice)
        if exact := folded.get(_fold_word(word)):
            return exact
        close = get_close_matches(_fold_word(word), folded, n=1, cutoff=min_likeness)
        return folded[close[0]] if close else ""

    def format_suggestion(
        self, word: str, choices: Iterable[str], min_likeness: float = 0.6
    ) -> str:
        """`did you mean ...?`, or the empty string."""
        nearest = self.find_nearest_choice(word, choices, min_likeness)
        return f"did you mean `{nearest}`?" if nearest and nearest != word else ""


def _fold_word(word: str) -> str:
    return word[:80].casefold().replace("-", "_").replace(" ", "_")


def format_value(value: object, max_characters: int = 40) -> str:
    """A value as the storyboard would write it, cut to `max_characters` characters."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, (int, float)):
        return str(value)
    text = " ".join(str(value).split())
    return f'"{text[: max_characters - 1]}…"' if len(text) > max_characters else f'"{text}"'


class ShotDiagnostics:
    """Diagnostics in the making; the same sentence about the same place is said once."""

    def __init__(self) -> None:
        self._diagnostics: dict[tuple[str, Span, str], Diagnostic] = {}
        self._failed_shots: set[str] = set()

    def add_error(
        self, code: str, shot: Shot | None, span: Span, message: str, hint: str = ""
    ) -> None:
        if shot is not None:
            self._failed_shots.add(shot.id)
        self._add_diagnostic(code, span, message, hint, Severity.ERROR)

    def add_warning(self, code: str, span: Span, message: str, hint: str = "") -> None:
        self._add_diagnostic(code, span, message, hint, Severity.WARNING)

    def add_note(self, code: str, span: Span, message: str, hint: str = "") -> None:
        self._add_diagnostic(code, span, message, hint, Severity.NOTE)

    def has_failed(self, shot_id: str) -> bool:
        """Whether that shot has an error, so that what hangs on it stays quiet."""
        return shot_id in self._failed_shots

    def mark_blocked(self, shot_id: str) -> None:
        """Marks a shot that can't be built since another one was refused."""
        self._failed_shots.add(shot_id)

    def list_sorted(self) -> tuple[Diagnostic, ...]:
        return tuple(sorted(self._diagnostics.values(), key=lambda d: (d.span, d.code)))

    def _add_diagnostic(
        self, code: str, span: Span, message: str, hint: str, severity: Severity
    ) -> None:
        key = (code, span, message)
        self._diagnostics.setdefault(key, Diagnostic(code, message, span, hint, severity))


def suggest_or_list_choices(word: str, choices: tuple[str, ...]) -> str:
    """A hint that names the closest known word, or lists them all."""
    close = get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else "known: " + ", ".join(choices)
