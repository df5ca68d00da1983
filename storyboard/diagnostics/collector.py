"""Collects the diagnostics of a film's text and of its graph."""

from __future__ import annotations

from collections.abc import Iterable

from storyboard.errors import Diagnostic, Severity, Span
from storyboard.model.film import Shot


class DiagnosticCollector:
    """Diagnostics in the making; the same sentence about the same place is said once.

    Remembers which shots have errors, so that what depends on them stays quiet.
    """

    def __init__(self) -> None:
        self._diagnostics: dict[tuple[str, Span, str], Diagnostic] = {}
        self._failed_shots: set[str] = set()

    def add(self, diagnostic: Diagnostic, shot: Shot | None = None) -> None:
        """Keeps it, unless the same was said of the same place; its error fails `shot`."""
        if shot is not None and diagnostic.severity is Severity.ERROR:
            self._failed_shots.add(shot.id)
        key = diagnostic.code, diagnostic.span, diagnostic.message
        self._diagnostics.setdefault(key, diagnostic)

    def add_error(
        self,
        code: str,
        span: Span,
        message: str,
        hint: str = "",
        related: tuple[tuple[Span, str], ...] = (),
        *,
        shot: Shot | None = None,
    ) -> None:
        """Adds an error; the shot named with it has failed."""
        self.add(Diagnostic(code, message, span, hint, Severity.ERROR, related), shot)

    def add_warning(self, code: str, span: Span, message: str, hint: str = "") -> None:
        self.add(Diagnostic(code, message, span, hint, Severity.WARNING))

    def add_note(self, code: str, span: Span, message: str, hint: str = "") -> None:
        self.add(Diagnostic(code, message, span, hint, Severity.NOTE))

    def has_failed(self, shot_id: str) -> bool:
        """Whether that shot has an error or is blocked."""
        return shot_id in self._failed_shots

    def mark_blocked(self, shot_id: str) -> None:
        """Marks a shot that can't be built since another one was refused."""
        self._failed_shots.add(shot_id)

    def list_sorted(self) -> tuple[Diagnostic, ...]:
        """Each problem once, by file, line and column."""
        return sort_diagnostics(self._diagnostics.values())


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each diagnostic once, by place, code and message."""
    return tuple(
        sorted(dict.fromkeys(diagnostics), key=lambda each: (each.span, each.code, each.message))
    )
