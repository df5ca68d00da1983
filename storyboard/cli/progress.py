"""What a person sees while a render runs, and what a program reads.

On a terminal: how far the render is, a line for each running step with its elapsed time, and
finished steps above. Piped: a plain line for each event, with the time since the start, and a sign
of life where nothing happens for a while. With `--json`: the records themselves, on stdout.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import click

from storyboard.cli import console
from storyboard.cli.run_tally import RunTally, format_clock
from storyboard.cli.terminal.heartbeat import Heartbeat
from storyboard.cli.terminal.palette import paint, to_rich_style, to_terminal_text
from storyboard.money import format_decimal_usd, usd_to_micros
from storyboard.pipeline.render import RenderResult
from storyboard.plan.plan import Plan
from storyboard.printable import escape_unprintable, to_json_text
from storyboard.run import events as ev
from storyboard.run.durations import format_rough_duration, format_usual_time

_FIRST_SIGN_S = 60.0
"""How long an operation runs before a line says so."""
_LONGEST_SILENCE_S = 600.0
"""Some services that run programs end those that say nothing for longer."""

_SILENCE_S = 55.0
"""Whoever watches a log hears of a render at least every minute."""
_OVERALL, _CUT = "", " "
"""Keys of the lines that belong to no step."""
_BAR_ROLES = {
    "bar.complete": "new",
    "bar.finished": "new",
    "bar.back": "",
    "bar.pulse": "new",
    "progress.elapsed": "",
    "progress.spinner": "new",
}
"""By style of rich, the role whose colours it gets: its own vanish on some background."""


class Progress:
    """A sink for events; also a context, so that the terminal is left as it was."""

    def __init__(
        self, *, as_json: bool, quiet: bool, verbose: bool, silence_s: float = _SILENCE_S
    ) -> None:
        self._json, self._quiet, self._verbose = as_json, quiet, verbose
        self._tally = RunTally()
        is_spoken = not as_json and not quiet
        is_live = is_spoken and console.has_cursor_control(True)
        self._display = _LiveDisplay(self._tally) if is_live else None
        is_logged = is_spoken and not is_live
        self._heartbeat = Heartbeat(self._print_sign_of_life, silence_s) if is_logged else None
        self._is_running = False
        self._next_sign_s: dict[tuple[str, str], float] = {}
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
        self._stop_showing()

    def set_plan(self, plan: Plan) -> None:
        """What the render is about to do: the progress is counted against it."""
        self._tally.set_plan(plan)

    def __call__(self, event: ev.Event) -> None:
        self._has_summary = self._has_summary or isinstance(event, ev.Summary)
        if self._json:
            click.echo(to_json_text(event.to_record()))
            sys.stdout.flush()
            return
        self._tally.count_event(event)
        if not self._is_running and self._heartbeat and not isinstance(event, ev.Note):
            self._is_running = True
            self._heartbeat.start()
        if self._display:
            self._display.show_event(event)
        if line := self._format_event(event):
            self._print_event_line(line)

    def print_note(self, message: str) -> None:
        """Something a person should know, from outside the run."""
        self(ev.Note(message=message))

    def stop_display(self) -> None:
        """Gives the terminal back for a question."""
        if self._display:
            self._display.stop()

    def _stop_showing(self) -> None:
        self.stop_display()
        if self._heartbeat and self._is_running:
            self._heartbeat.stop()
            self._is_running = False

    def print_summary(self, rendered: RenderResult, plan: Plan) -> None:
        """The last words: what was made, what it cost, and where the film is."""
        result = rendered.result
        self._stop_showing()
        if self._json:
            if not self._has_summary:
                self(result.to_summary(""))
            return
        if self._quiet:
            return
        elapsed = f"{self._tally.elapsed_s:.1f} s"
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
                cost_micros = self._tally.find_cost(event.step)
                cost = f", ${format_decimal_usd(cost_micros)}" if cost_micros else ""
                count = "" if self._display else f" ({self._describe_progress()})"
                return f"{event.step}: {event.take} in {event.elapsed_s:.1f} s{cost}{count}"
            case ev.StepFinished() if self._verbose:
                return f"{event.step}: {event.take} kept"
            case ev.StepFailed():
                hint = f"\n  hint: {event.hint}" if event.hint else ""
                return f"{paint(f'{event.step}: failed', 'refused')}: {event.message}{hint}"
            case ev.StepBlocked():
                return f"{paint(f'{event.step}: blocked', 'changed')}: {event.message}"
            case ev.OperationStarted(resumed=True):
                return f"{event.step}: taken up again, {event.operation}"
            case ev.OperationStarted() if self._tally.is_paid and not self._display:
                return f"{event.step}: {event.take} submitted to {event.provider}"
            case ev.OperationProgress() if not self._display and self._is_sign_due(event):
                return f"{event.step}: {_format_wait(event)}"
            case ev.Note():
                return f"{event.step + ': ' if event.step else ''}{event.message}"
            case ev.StitchProgress() if not self._display and not self._is_stitching:
                self._is_stitching = True
                return f"cutting {event.of_frames} frames"
            case ev.FilmWritten():
                return f"film: {event.seconds:g} s, {event.frames} frames"
        return ""

    def _describe_progress(self) -> str:
        return ", ".join(filter(None, (self._tally.describe_count(), self._tally.describe_rest())))

    def _print_sign_of_life(self) -> None:
        running = ", ".join(list(self._tally.running)[:8])
        self._print_event_line(
            f"still at work: {self._describe_progress()}" + (f"; {running}" if running else "")
        )

    def _print_event_line(self, line: str) -> None:
        """A line about the run; one that goes to a log says how far into the run it is."""
        if self._heartbeat and self._is_running:
            line = f"[{format_clock(self._tally.elapsed_s)}] {line}"
            self._heartbeat.restart_wait()
        self._print_line(line)

    def _is_sign_due(self, event: ev.OperationProgress) -> bool:
        """Whether to say once more that an operation takes long; less often the longer it does."""
        key = (event.step, event.operation)
        if event.elapsed_s < self._next_sign_s.get(key, _FIRST_SIGN_S):
            return False
        self._next_sign_s[key] = event.elapsed_s + min(event.elapsed_s, _LONGEST_SILENCE_S)
        return True

    def _print_line(self, line: str) -> None:
        if self._quiet and "failed" not in line:
            return
        if self._display and self._display.is_running:
            self._display.print_above(line)
        else:
            console.print_status(line)


def _format_wait(event: ev.OperationProgress) -> str:
    details = [format_usual_time(event.usual_s)]
    if event.cost_usd:
        details.append(f"${format_decimal_usd(usd_to_micros(event.cost_usd))} at stake")
    text = ", ".join(detail for detail in details if detail)
    return f"waiting for {format_rough_duration(event.elapsed_s)}{f' ({text})' if text else ''}"


class _LiveDisplay:
    """The moving part on a terminal, drawn by rich once anything runs."""

    def __init__(self, tally: RunTally) -> None:
        self._tally = tally
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    @property
    def is_running(self) -> bool:
        return self._bars is not None

    def show_event(self, event: ev.Event) -> None:
        match event:
            case ev.StepStarted():
                name = f"{event.step}  {event.kind}  {event.provider} {event.take}"
                self._add_bar(event.step, escape_unprintable(name), None)
            case ev.OperationStarted():
                self._set_note(event.step, event.operation)
            case ev.OperationProgress() if event.elapsed_s >= _FIRST_SIGN_S:
                self._set_note(event.step, _format_wait(event))
            case ev.StepFinished() | ev.StepFailed() | ev.StepBlocked():
                self._remove_bar(event.step)
            case ev.StitchProgress():
                self._remove_bar(_OVERALL)
                self._add_bar(_CUT, "cutting the film", event.of_frames)
                self._bars.update(self._tasks[_CUT], completed=event.frames)
            case ev.FilmWritten():
                self._remove_bar(_CUT)
        self._update_overall_bar()

    def _update_overall_bar(self) -> None:
        if self._bars is not None and _OVERALL in self._tasks:
            self._bars.update(
                self._tasks[_OVERALL],
                completed=self._tally.done_count,
                description=self._tally.describe_count(),
                note=self._tally.describe_rest(),
            )

    def print_above(self, line: str) -> None:
        from rich.text import Text

        colored = to_terminal_text(line, is_colored=console.is_colored(True))
        self._bars.console.print(Text.from_ansi(colored))

    def stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def _add_bar(self, key: str, name: str, total: int | None) -> None:
        if self._bars is None:
            self._start_display()
            if key != _CUT and self._tally.total_count > 1:
                self._add_bar(_OVERALL, self._tally.describe_count(), self._tally.total_count)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(name, total=total, note="")

    def _set_note(self, key: str, note: str) -> None:
        if self._bars is not None and key in self._tasks:
            self._bars.update(self._tasks[key], note=escape_unprintable(note)[-60:])

    def _remove_bar(self, key: str) -> None:
        if self._bars is not None and key in self._tasks:
            self._bars.remove_task(self._tasks.pop(key))

    def _start_display(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bars
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column
        from rich.theme import Theme

        styles = {name: to_rich_style(role) for name, role in _BAR_ROLES.items()}
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", table_column=Column(no_wrap=True), markup=False),
            _create_bar_column(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True), markup=False),
            console=Console(
                stderr=True,
                color_system="standard",
                no_color=not console.is_colored(True),
                theme=Theme(styles),
            ),
            transient=True,
        )
        self._bars.start()


def _create_bar_column() -> Any:
    """A bar where the total is known, nothing where it is not."""
    from rich.progress import BarColumn, ProgressColumn, Task
    from rich.text import Text

    class KnownTotalBar(ProgressColumn):
        bar = BarColumn(bar_width=20)

        def render(self, task: Task) -> Any:
            return self.bar.render(task) if task.total is not None else Text("")

    return KnownTotalBar()
