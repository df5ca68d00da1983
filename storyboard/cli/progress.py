"""What a person sees while a render runs, and what a program reads.

On a terminal: a line for each running step with its elapsed time, and finished steps above it.
Piped: a plain line at each start and end. With `--json`: the records themselves, on stdout.
"""

from __future__ import annotations

import json
import sys
import time
from types import TracebackType
from typing import Any

import click

from storyboard.cli import console
from storyboard.money import format_decimal_usd
from storyboard.pipeline.render import RenderResult
from storyboard.plan.plan import Plan
from storyboard.run import events as ev


class Progress:
    """A sink for events; also a context, so that the terminal is left as it was."""

    def __init__(self, *, as_json: bool, quiet: bool, verbose: bool) -> None:
        self._json, self._quiet, self._verbose = as_json, quiet, verbose
        self._started_at = time.monotonic()
        self._display = _LiveDisplay() if _can_show_live(as_json, quiet) else None
        self._is_stitching = False
        self._has_summary = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._display:
            self._display.stop()

    def __call__(self, event: ev.Event) -> None:
        self._has_summary = self._has_summary or isinstance(event, ev.Summary)
        if self._json:
            click.echo(json.dumps(event.to_record(), ensure_ascii=False))
            sys.stdout.flush()
            return
        if self._display:
            self._display.show_event(event)
        if line := self._format_event(event):
            self._print_line(line)

    def print_note(self, message: str) -> None:
        """Something a person should know, from outside the run."""
        self(ev.Note(message=message))

    def stop_display(self) -> None:
        """Gives the terminal back for a question."""
        if self._display:
            self._display.stop()

    def print_summary(self, rendered: RenderResult, plan: Plan) -> None:
        """The last words: what was made, what it cost, and where the film is."""
        result = rendered.result
        if self._display:
            self._display.stop()
        if self._json:
            if not self._has_summary:
                self(result.to_summary(""))
            return
        if self._quiet:
            return
        elapsed = f"{time.monotonic() - self._started_at:.1f} s"
        takes = f"{result.kept} take{'s' if result.kept != 1 else ''} kept"
        if not result.made and result.is_complete:
            where = "the film is up to date" if rendered.current else "the film was cut again"
            if rendered.film is None:
                where = "no film was cut"
            self._print_line(f"nothing to make: {takes}; {where} ({elapsed})")
            return
        parts = [f"{result.made} made", takes]
        parts += [f"{len(result.failed)} failed"] if result.failed else []
        parts += [f"{len(result.blocked)} blocked"] if result.blocked else []
        parts += [f"{len(result.unknown)} to decide"] if result.unknown else []
        parts += ["interrupted, the next render goes on from here"] if result.interrupted else []
        if plan.cost_micros or result.spent_micros or result.held_micros:
            parts.append(f"${format_decimal_usd(result.spent_micros)} spent")
        parts += [f"${format_decimal_usd(result.held_micros)} held"] if result.held_micros else []
        self._print_line(f"{', '.join(parts)} ({elapsed})")

    def _format_event(self, event: ev.Event) -> str:
        """What is said for good about an event; empty for what only the live part shows."""
        match event:
            case ev.StepStarted() if self._verbose or not self._display:
                return f"{event.step}: {event.kind or 'make'} by {event.provider or 'us'}"
            case ev.StepFinished(status="made"):
                return f"{event.step}: {event.take} in {event.elapsed_s:.1f} s"
            case ev.StepFinished() if self._verbose:
                return f"{event.step}: {event.take} kept"
            case ev.StepFailed():
                hint = f"\n  hint: {event.hint}" if event.hint else ""
                return click.style(f"{event.step}: failed", fg="red") + f": {event.message}{hint}"
            case ev.StepBlocked():
                return click.style(f"{event.step}: blocked", fg="yellow") + f": {event.message}"
            case ev.OperationStarted(resumed=True):
                return f"{event.step}: taken up again, {event.operation}"
            case ev.Note():
                return f"{event.step + ': ' if event.step else ''}{event.message}"
            case ev.StitchProgress() if not self._display and not self._is_stitching:
                self._is_stitching = True
                return f"cutting {event.of_frames} frames"
            case ev.FilmWritten():
                return f"film: {event.seconds:g} s, {event.frames} frames"
        return ""

    def _print_line(self, line: str) -> None:
        if self._quiet and "failed" not in line:
            return
        if self._display and self._display.is_running:
            self._display.print_above(line)
        else:
            console.print_status(line)


def _can_show_live(as_json: bool, quiet: bool) -> bool:
    return not as_json and not quiet and sys.stderr.isatty() and console.is_colored(True)


class _LiveDisplay:
    """The moving part on a terminal, drawn by rich once anything runs."""

    def __init__(self) -> None:
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    @property
    def is_running(self) -> bool:
        return self._bars is not None

    def show_event(self, event: ev.Event) -> None:
        match event:
            case ev.StepStarted():
                name = f"{event.step}  {event.kind}  {event.provider} {event.take}"
                self._add_bar(event.step, name, None)
            case ev.OperationStarted():
                self._set_note(event.step, event.operation)
            case ev.StepFinished() | ev.StepFailed() | ev.StepBlocked():
                self._remove_bar(event.step)
            case ev.StitchProgress():
                self._add_bar("", "cutting the film", event.of_frames)
                self._bars.update(self._tasks[""], completed=event.frames)
            case ev.FilmWritten():
                self._remove_bar("")

    def print_above(self, line: str) -> None:
        from rich.text import Text

        self._bars.console.print(Text.from_ansi(line))

    def stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def _add_bar(self, key: str, name: str, total: int | None) -> None:
        if self._bars is None:
            self._start_display()
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(name, total=total, note="")

    def _set_note(self, key: str, note: str) -> None:
        if self._bars is not None and key in self._tasks:
            self._bars.update(self._tasks[key], note=note[-40:])

    def _remove_bar(self, key: str) -> None:
        if self._bars is not None and key in self._tasks:
            self._bars.remove_task(self._tasks.pop(key))

    def _start_display(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bars
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            _create_bar_column(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}", table_column=Column(no_wrap=True)),
            console=Console(stderr=True),
            transient=True,
        )
        self._bars.start()


def _create_bar_column() -> Any:
    """A bar where the total is known, nothing where it is not."""
    from rich.progress import BarColumn, ProgressColumn, Task
    from rich.text import Text

    class KnownTotalBar(ProgressColumn):
        bar = BarColumn(bar_width=30)

        def render(self, task: Task) -> Any:
            return self.bar.render(task) if task.total is not None else Text("")

    return KnownTotalBar()
