"""Collects diagnostics, and says which word someone may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from storyboard.errors import Diagnostic, Severity, Span

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

    def find_nearest(self, word: str, choices: Iterable[str], likeness: float = 0.6) -> str:
        """The nearest choice, or the empty string when none is near."""
        self._search_count += 1
        if self._search_count > _MAX_SEARCHES:
            return ""
        folded: dict[str, str] = {}
        for choice in choices:
            folded.setdefault(_fold_word(choice), choice)
        if exact := folded.get(_fold_word(word)):
            return exact
        close = get_close_matches(_fold_word(word), folded, n=1, cutoff=likeness)
        return folded[close[0]] if close else ""

    def suggest_word(self, word: str, choices: Iterable[str], likeness: float = 0.6) -> str:
        """`did you mean ...?`, or the empty string."""
        nearest = self.find_nearest(word, choices, likeness)
        return f"did you mean `{nearest}`?" if nearest and nearest != word else ""


def _fold_word(word: str) -> str:
    return word[:80].casefold().replace("-", "_").replace(" ", "_")


def format_value(value: object, limit: int = 40) -> str:
    """A value as the storyboard would write it, cut to `limit` characters."""
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
    return f'"{text[: limit - 1]}…"' if len(text) > limit else f'"{text}"'
