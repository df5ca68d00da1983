"""Everything that can go wrong, as values and as one tree of exceptions.

    StoryboardError                  str() is one sentence; .hint is the cure; .exit_code
    ├── InvalidStoryboard            .diagnostics, every problem at once            exit 1
    ├── UsageError                   the command line asks for what can't be        exit 2
    ├── ProviderError                .provider; a take could not be made            exit 3
    │   ├── OperationFailed          the service tried and said no; .charged
    │   ├── InvalidRequest           the service refused what was asked; no job was made
    │   │   └── RetiredModel         .model and .replacement
    │   ├── RefusedError             a safety filter; .category .charged
    │   ├── NotNow                   no job was made, and asking again may help; .retry_after_s
    │   │   ├── QuotaError           too many requests
    │   │   └── Unreachable          no connection; not a byte was sent
    │   ├── Gone                     a result expired before it was fetched
    │   ├── AuthenticationError      names the variable that was looked for         exit 4
    │   └── UnknownOutcome           bytes left, no answer came; a person decides   exit 7
    ├── StitchError                  the takes can't be made into a film            exit 3
    │   └── MediaError               .command; the last lines of ffmpeg's stderr
    ├── StoreError                   a take is missing or damaged                   exit 3
    ├── EnvironmentProblem           key, ffmpeg, extra, lock, disk, ledger         exit 4
    ├── MoneyRefused                 over budget, not confirmed, plan no longer true exit 6
    └── DecisionNeeded               a person must decide                           exit 7

A validator returns diagnostics; only the outermost caller raises InvalidStoryboard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where in a text: lines and columns from 1, counted in characters; the end is exclusive."""

    file: str
    """The file as the user would name it."""
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem of a storyboard: what, where, and what to type instead."""

    code: str
    """Stable, `SB101`; the table is in language/codes.py and never reuses a number."""
    message: str
    """One sentence, lower case, no full stop."""
    span: Span
    hint: str = ""
    """The cure; may span lines when it is YAML to paste."""
    severity: Severity = Severity.ERROR
    related: tuple[tuple[Span, str], ...] = ()
    """Other places that matter, each with a few words."""


class StoryboardError(Exception):
    """An error that a user can understand without a traceback."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InvalidStoryboard(StoryboardError):
    """The storyboard has errors; `.diagnostics` holds all of them, sorted by place."""

    exit_code = 1

    def __init__(
        self, diagnostics: Sequence[Diagnostic], texts: Mapping[str, str] | None = None
    ) -> None:
        self.diagnostics = tuple(diagnostics)
        self.texts = texts or {}
        errors = sum(d.severity is Severity.ERROR for d in self.diagnostics)
        super().__init__(f"{errors} error{'s' if errors != 1 else ''} in the storyboard")


class UsageError(StoryboardError):
    """What was typed can't be done; nothing was tried."""

    exit_code = 2


class ProviderError(StoryboardError):
    """A provider did not make the take."""

    def __init__(self, message: str, *, hint: str = "", provider: str = "") -> None:
        super().__init__(message, hint=hint)
        self.provider = provider


class OperationFailed(ProviderError):
    """The service tried and said no; `charged` says that it is counted as paid all the same."""

    def __init__(
        self, message: str, *, hint: str = "", provider: str = "", charged: bool = False
    ) -> None:
        super().__init__(message, hint=hint, provider=provider)
        self.charged = charged


class RefusedError(ProviderError):
    """A safety filter refused; asking again with the same words rarely helps."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        provider: str = "",
        category: str = "",
        charged: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, provider=provider)
        self.category = category
        self.charged = charged


class InvalidRequest(ProviderError):
    """The service refused what was asked, for what it says; it made no job."""


class RetiredModel(InvalidRequest):
    """The service no longer has the model."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        provider: str = "",
        model: str = "",
        replacement: str = "",
    ) -> None:
        super().__init__(message, hint=hint, provider=provider)
        self.model = model
        self.replacement = replacement


class NotNow(ProviderError):
    """The request made no job for certain, and the same one may be taken later."""

    tries = 6
    """How often it is worth asking."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        provider: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, provider=provider)
        self.retry_after_s = retry_after_s


class QuotaError(NotNow):
    """Too many requests; the request made no job."""


class Unreachable(NotNow):
    """No connection could be made, so nothing was sent."""

    tries = 3


class Gone(ProviderError):
    """A result that was there is no longer to be had: it expired or was removed."""


class AuthenticationError(ProviderError):
    """A key is missing or refused; the message names the variable, never its value."""

    exit_code = 4


class UnknownOutcome(ProviderError):
    """The request left and no answer came: a job may exist, so a person decides."""

    exit_code = 7


class StitchError(StoryboardError):
    """The takes can't be made into a film."""


class MediaError(StitchError):
    """ffmpeg or a decoder refused a file."""

    def __init__(
        self, message: str, *, hint: str = "", command: Sequence[str] = (), log: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.command = tuple(command)
        self.log = log


class StoreError(StoryboardError):
    """A take is missing from the store, or its bytes are not what they were."""


class EnvironmentProblem(StoryboardError):
    """Something outside the storyboard is missing: key, ffmpeg, extra, lock, disk, ledger."""

    exit_code = 4


class MoneyRefused(StoryboardError):
    """Over budget, not confirmed, or the saved plan is no longer true; nothing was spent."""

    exit_code = 6


class DecisionNeeded(StoryboardError):
    """A person must decide: an unknown operation, a held filter, a pick."""

    exit_code = 7
