"""What happens in a run, as a closed set of records: for the run log, `--json` and the eye.

A record is flat JSON: `format`, `type`, `time` and the fields of its type; what is empty is left
out (schema `event`). Sinks are plain callables, so a view, a log and a test are siblings.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TextIO, TypeAlias

from storyboard.printable import to_json_text
from storyboard.run.paths import create_git_ignored_folder
from storyboard.run.store.take_record import to_iso_time

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One record; `type` is the class's own."""

    type: ClassVar[str] = ""
    always: ClassVar[tuple[str, ...]] = ()
    """What stands in the record even where it is empty."""
    time: float = field(default_factory=time.time)
    """Seconds since the epoch; written as UTC text."""

    def to_fields(self) -> dict[str, Any]:
        """What the type tells besides its time, by its name in the record."""
        raise NotImplementedError

    def to_record(self) -> dict[str, Any]:
        """The event as the run log has it."""
        record: dict[str, Any] = {
            "format": FORMAT,
            "type": self.type,
            "time": to_iso_time(self.time),
        }
        for name, value in self.to_fields().items():
            if name in self.always or value not in ("", None, ()):
                record[name] = list(value) if isinstance(value, tuple) else value
        return record


EventSink: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade(Event):
    """What the run is about to do."""

    type: ClassVar[str] = "plan"
    always = ("run",)
    run: str
    create: int = 0
    redo: int = 0
    keep: int = 0
    imports: int = 0
    blocked: int = 0
    cost_usd: float = 0.0

    def to_fields(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "create": self.create,
            "redo": self.redo,
            "keep": self.keep,
            "imports": self.imports,
            "blocked": self.blocked,
            "cost_usd": self.cost_usd,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvent(Event):
    step: str
    shot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(StepEvent):
    type: ClassVar[str] = "step_started"
    always = ("step",)
    kind: str = ""
    provider: str = ""
    model: str = ""
    digest: str = ""
    take: str = ""

    def to_fields(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "shot": self.shot,
            "kind": self.kind,
            "provider": self.provider,
            "model": self.model,
            "digest": self.digest,
            "take": self.take,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted(StepEvent):
    """A provider has the job; `resumed` when an earlier run had submitted it."""

    type: ClassVar[str] = "operation_started"
    always = ("step", "operation")
    operation: str
    provider: str = ""
    take: str = ""
    resumed: bool = False

    def to_fields(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "shot": self.shot,
            "operation": self.operation,
            "provider": self.provider,
            "take": self.take,
            "resumed": self.resumed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationProgress(StepEvent):
    type: ClassVar[str] = "operation_progress"
    always = ("step", "operation")
    operation: str
    elapsed_s: float = 0.0
    """How long this run has waited for it."""
    message: str = ""
    usual_s: tuple[int, ...] = ()
    """The least and the most that such an operation usually takes, where that is known."""
    cost_usd: float | None = None
    """The money that is reserved for it."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "shot": self.shot,
            "operation": self.operation,
            "elapsed_s": self.elapsed_s,
            "message": self.message,
            "usual_s": self.usual_s,
            "cost_usd": self.cost_usd,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeAdded(StepEvent):
    type: ClassVar[str] = "take_added"
    always = ("step", "take", "sha256")
    take: str
    sha256: str
    digest: str = ""
    cost_usd: float = 0.0
    frames: int = 0

    def to_fields(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "shot": self.shot,
            "take": self.take,
            "sha256": self.sha256,
            "digest": self.digest,
            "cost_usd": self.cost_usd,
            "frames": self.frames,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(StepEvent):
    type: ClassVar[str] = "step_finished"
    always = ("step", "status")
    status: str
    """`made` or `kept`."""
    take: str = ""
    elapsed_s: float = 0.0

    def to_fields(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "shot": self.shot,
            "status": self.status,
            "take": self.take,
            "elapsed_s": self.elapsed_s,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(StepEvent):
    type: ClassVar[str] = "step_failed"
    always = ("step", "message")
    message: str
    hint: str = ""
    exit_code: int = 3
    trace: str = ""
    """Where an adapter's own fault lies; for its author."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "shot": self.shot,
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit_code,
            "trace": self.trace,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBlocked(StepEvent):
    """It could not be tried."""

    type: ClassVar[str] = "step_blocked"
    always = ("step", "message")
    message: str
    by: tuple[str, ...] = ()
    """Steps it waits for."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "shot": self.shot,
            "message": self.message,
            "by": self.by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StitchProgress(Event):
    type: ClassVar[str] = "stitch_progress"
    always = ("frames", "of_frames")
    frames: int
    of_frames: int
    message: str = ""

    def to_fields(self) -> dict[str, Any]:
        return {
            "frames": self.frames,
            "of_frames": self.of_frames,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmWritten(Event):
    type: ClassVar[str] = "film_written"
    always = ("path",)
    path: str
    frames: int = 0
    seconds: float = 0.0
    size: int = 0

    def to_fields(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "frames": self.frames,
            "seconds": self.seconds,
            "size": self.size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    """Something a person should know; never an error."""

    type: ClassVar[str] = "note"
    always = ("message",)
    message: str
    step: str = ""
    shot: str = ""

    def to_fields(self) -> dict[str, Any]:
        return {
            "message": self.message,
            "step": self.step,
            "shot": self.shot,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Event):
    type: ClassVar[str] = "summary"
    always = ("run",)
    run: str
    made: int = 0
    kept: int = 0
    failed: int = 0
    blocked: int = 0
    unknown: int = 0
    interrupted: bool = False
    cost_usd: float = 0.0
    exit_code: int = 0

    def to_fields(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "made": self.made,
            "kept": self.kept,
            "failed": self.failed,
            "blocked": self.blocked,
            "unknown": self.unknown,
            "interrupted": self.interrupted,
            "cost_usd": self.cost_usd,
            "exit_code": self.exit_code,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent(Event):
    """The last line of a render that came to no end: what every command answers then."""

    type: ClassVar[str] = "error"
    error: dict[str, Any] | None = None
    """`message`, `hint` and `exit_code`."""
    diagnostics: tuple[dict[str, Any], ...] = ()
    """In place of `error` for a film that has errors, as `check --json` has them."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "error": self.error,
            "diagnostics": self.diagnostics,
        }


EVENT_TYPES: tuple[type[Event], ...] = (
    PlanMade,
    StepStarted,
    OperationStarted,
    OperationProgress,
    TakeAdded,
    StepFinished,
    StepFailed,
    StepBlocked,
    StitchProgress,
    FilmWritten,
    Note,
    Summary,
    ErrorEvent,
)
"""Every type of record there is."""


class RunLog:
    """A sink that keeps the records of one run in `runs/<run>.jsonl` of a film's state folder.

    `run` begins with the time of its start, so the files sort by age.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self.path = create_git_ignored_folder(folder / "runs") / f"{run}.jsonl"
        self._stream: TextIO = self.path.open("a", encoding="utf-8", buffering=1 << 16)

    def __call__(self, event: Event) -> None:
        self._stream.write(to_json_text(event.to_record()) + "\n")
        if not isinstance(event, StepFinished) or event.status != "kept":
            self._stream.flush()

    def close(self) -> None:
        self._stream.close()


def combine_sinks(*sinks: EventSink) -> EventSink:
    """One sink that tells them all."""

    def emit(event: Event) -> None:
        for sink in sinks:
            sink(event)

    return emit
