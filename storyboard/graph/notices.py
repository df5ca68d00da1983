"""What the graph has to say about a film, collected with its place in the text."""

from __future__ import annotations

from difflib import get_close_matches

from storyboard.errors import Diagnostic, Severity, Span
from storyboard.film import Shot


class Notices:
    """Diagnostics in the making; the same sentence about the same place is said once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span, str], Diagnostic] = {}
        self._refused: set[str] = set()

    def error(self, code: str, shot: Shot | None, span: Span, message: str, hint: str = "") -> None:
        if shot is not None:
            self._refused.add(shot.id)
        self._add(code, span, message, hint, Severity.ERROR)

    def warning(self, code: str, span: Span, message: str, hint: str = "") -> None:
        self._add(code, span, message, hint, Severity.WARNING)

    def note(self, code: str, span: Span, message: str, hint: str = "") -> None:
        self._add(code, span, message, hint, Severity.NOTE)

    def refused(self, shot: str) -> bool:
        """Whether that shot has an error, so that what hangs on it stays quiet."""
        return shot in self._refused

    def suffer(self, shot: str) -> None:
        """Marks a shot that can't be built since another one was refused."""
        self._refused.add(shot)

    def all(self) -> tuple[Diagnostic, ...]:
        return tuple(sorted(self._found.values(), key=lambda d: (d.span, d.code)))

    def _add(self, code: str, span: Span, message: str, hint: str, severity: Severity) -> None:
        key = (code, span, message)
        self._found.setdefault(key, Diagnostic(code, message, span, hint, severity))


def nearest(word: str, known: tuple[str, ...]) -> str:
    """A hint that names the closest known word, or lists them all."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else "known: " + ", ".join(known)


def usd(micros: int) -> str:
    """`$3.20`; more digits only where they matter."""
    text = f"{micros / 1_000_000:.2f}"
    if micros % 10_000:
        text = f"{micros / 1_000_000:.6f}".rstrip("0")
    return f"${text}"
