"""What the graph has to say about a film, collected with its place in the text."""

from __future__ import annotations

from difflib import get_close_matches

from storyboard.errors import Diagnostic, Severity, Span
from storyboard.film import Shot


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

    def has_errors(self, shot: str) -> bool:
        """Whether that shot has an error, so that what hangs on it stays quiet."""
        return shot in self._failed_shots

    def mark_blocked(self, shot: str) -> None:
        """Marks a shot that can't be built since another one was refused."""
        self._failed_shots.add(shot)

    def list_sorted(self) -> tuple[Diagnostic, ...]:
        return tuple(sorted(self._diagnostics.values(), key=lambda d: (d.span, d.code)))

    def _add_diagnostic(
        self, code: str, span: Span, message: str, hint: str, severity: Severity
    ) -> None:
        key = (code, span, message)
        self._diagnostics.setdefault(key, Diagnostic(code, message, span, hint, severity))


def suggest_or_list(word: str, known: tuple[str, ...]) -> str:
    """A hint that names the closest known word, or lists them all."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else "known: " + ", ".join(known)


def format_usd(micros: int) -> str:
    """`$3.20`; more digits only where they matter."""
    text = f"{micros / 1_000_000:.2f}"
    if micros % 10_000:
        text = f"{micros / 1_000_000:.6f}".rstrip("0")
    return f"${text}"
