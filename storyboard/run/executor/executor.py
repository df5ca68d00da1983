"""The local executor: a plan becomes takes, on this machine, in one process.

Steps run as soon as their parents are done. One that fails stops only what hangs on it. What an
earlier run paid for is fetched before anything is bought.
"""

from __future__ import annotations

import asyncio
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from storyboard.errors import DecisionNeeded, StoryboardError, UnknownOutcome
from storyboard.model.film import Film, Take
from storyboard.money import micros_to_usd
from storyboard.plan.forecast import rank_steps_by_urgency
from storyboard.plan.plan import Action, Node, Plan
from storyboard.providers.base import Provider
from storyboard.providers.registry import read_provider_traits
from storyboard.run import events as ev
from storyboard.run.executor.context import Media, RunContext
from storyboard.run.executor.errors import to_storyboard_error
from storyboard.run.executor.ingest import TakeIngest
from storyboard.run.executor.inputs import InputResolver
from storyboard.run.executor.operation_wait import Patience
from storyboard.run.executor.poll_schedule import read_poll_interval_s
from storyboard.run.executor.provider_pool import ProviderPool
from storyboard.run.executor.rate_limiter import RateLimiter, SlidingWindow
from storyboard.run.executor.step_runner import StepResult, StepRunner
from storyboard.run.executor.take_maker import TakeMaker
from storyboard.run.executor.workspace import Workspace
from storyboard.run.ledger.attempts import State
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.restore_takes import restore_takes
from storyboard.run.result import RunResult
from storyboard.run.store.store import Store
from storyboard.util.machine_errors import MachineProblem, explain_machine_errors

_STOP_PATIENCE_S = 15.0
"""How long a stop waits for requests that are on their way."""


async def run_plan(
    plan: Plan,
    *,
    film: Film,
    store: Store,
    lock_file: LockFile,
    ledger: Ledger,
    create_provider: Callable[[str], Provider],
    emit: ev.EventSink,
    jobs: int,
    hash_path: Callable[[Path], str],
    frozen: bool = False,
    missing_policy: str = "fail",
    max_cost_micros: int | None = None,
    patience_s: float | None = None,
    media: Media | None = None,
) -> RunResult:
    """Makes what the plan says, and answers for every step; the lock file is saved as it goes.

    `create_provider` gives the adapter of a name, once per name; the adapters are closed at the
    end. `frozen` submits nothing. `missing_policy` is what the film does about holes (`fail slate
    previz`), and only decides `RunResult.can_stitch`. `max_cost_micros` caps what this run may
    spend. `patience_s` is how long it waits for an operation; None as the catalogue says. The first
    SIGINT, SIGTERM or SIGHUP stops in order, the second at once. Raises EnvironmentProblem when the
    disk or the ledger gives out; whatever was finished is safe.
    """
    read_poll_interval_s()  # says what is wrong with it before anything begins
    with explain_machine_errors(str(store.root)):
        store.confirm_writable()
        if _may_buy(plan) or ledger.open_attempts:
            lock_file.confirm_writable()
        store.films.register_film(film.path)
        media = media or _import_media_tools()
        kinds = {node.step.id: node.step.kind for node in plan.nodes}
        restore_takes(
            store, lock_file, kinds, film_stem=film.stem, hash_path=hash_path, probe=media.probe
        )
        workspace = Workspace(store.root, jobs)
        context = RunContext(
            film, store, lock_file, ledger, workspace, media, emit, Patience(patience_s)
        )
        plan_run = _PlanRun(
            context, plan, create_provider, hash_path, jobs, max_cost_micros, frozen
        )
        with _stop_on_signals(plan_run.request_stop):
            try:
                await plan_run.run_steps()
            finally:
                await plan_run.shut_down()
        return plan_run.build_result(missing_policy)


def _may_buy(plan: Plan) -> bool:
    """Whether something is made by a provider whose work is not free to repeat."""
    names = {node.step.provider for node in plan.nodes if node.action is not Action.KEEP}
    return not all(read_provider_traits(name).repeatable for name in names)


class _PlanRun:
    def __init__(
        self,
        context: RunContext,
        plan: Plan,
        create_provider: Callable[[str], Provider],
        hash_path: Callable[[Path], str],
        jobs: int,
        cap_micros: int | None,
        frozen: bool,
    ) -> None:
        self._context = context
        self._plan = plan
        self._providers = ProviderPool(create_provider)
        self._rank = rank_steps_by_urgency(plan.nodes) | {
            attempt.step: (-1, attempt.expires_at)
            for attempt in reversed(context.ledger.open_attempts)
        }
        self._rate_limiter = RateLimiter(
            SlidingWindow(context.store.root), self._rank, context.emit
        )
        ingest = TakeIngest(context)
        self._step_runner = StepRunner(
            context,
            InputResolver(context, hash_path),
            TakeMaker(context, ingest, cap_micros, self._rate_limiter),
            ingest,
            self._providers,
            rate_limiter=self._rate_limiter,
            jobs=jobs,
            is_frozen=frozen,
        )
        self._tasks: dict[str, asyncio.Task[Take | None]] = {}
        self._stop_requested = asyncio.Event()
        self._stop_count = 0
        self._fatal_error: MachineProblem | None = None
        self._takes: dict[str, Take] = {}
        self._failed: dict[str, StoryboardError] = {}
        self._blocked: dict[str, str] = {}
        self._unknown: dict[str, StoryboardError] = {}
        self._made_count = 0
        self._kept_count = 0

    async def run_steps(self) -> None:
        """Every step, then what earlier runs left to be fetched."""
        self._announce_plan()
        self._context.store.preload(node.digest for node in self._plan.nodes if node.digest)
        waiting = []
        for node in self._plan.nodes:
            if node.action is Action.KEEP and node.certain and node.select is not None:
                self._step_runner.record_kept_take(node, node.select)
                self._record_result(node, StepResult(node.select))
            else:
                waiting.append(node)
        for node in sorted(waiting, key=lambda node: self._rank[node.step.id]):
            self._tasks[node.step.id] = asyncio.create_task(self._run_node(node))
        await self._wait_or_stop(list(self._tasks.values()))
        if self._context.ledger.open_attempts and not self._stop_requested.is_set():
            self._tasks[""] = asyncio.create_task(self._step_runner.fetch_leftover_attempts())
            await self._wait_or_stop([self._tasks[""]])

    def request_stop(self) -> None:
        """Asked to stop: once in order, twice at once."""
        self._stop_count += 1
        self._stop_requested.set()
        if self._stop_count > 1:
            self._context.critical_tasks.cancel_tasks()

    async def shut_down(self) -> None:
        """Gives everything back, whatever happened."""
        has_unfinished = any(not task.done() for task in self._tasks.values())
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._stop_count < 2:
            await self._context.critical_tasks.wait_for_tasks(_STOP_PATIENCE_S)
        self._context.critical_tasks.cancel_tasks()
        try:
            if self._fatal_error is None:
                await self._abandon_or_announce_attempts()
                self._remove_stale_claims()
                self._context.lock_file.save()
        finally:
            self._rate_limiter.close()
            await self._providers.close_providers()
            self._context.workspace.close(kill_running=has_unfinished)
        if self._fatal_error is not None:
            raise self._fatal_error

    def build_result(self, missing_policy: str) -> RunResult:
        """What came of it."""
        is_complete = not (self._failed or self._blocked or self._unknown)
        return RunResult(
            selects=self._takes,
            failed=self._failed,
            blocked=self._blocked,
            unknown=self._unknown,
            interrupted=self._stop_count > 0,
            made=self._made_count,
            kept=self._kept_count,
            spent_micros=self._context.ledger.spent_micros,
            held_micros=sum(attempt.held_micros for attempt in self._context.ledger.open_attempts),
            can_stitch=not self._stop_count and (is_complete or missing_policy != "fail"),
        )

    async def _run_node(self, node: Node) -> Take | None:
        """One step, from its parents' end to its own; failures become outcomes here."""
        step = node.step
        try:
            parents = {id: await self._wait_for_parent_take(id) for id in step.parents}
            if absent := tuple(id for id, take in parents.items() if take is None):
                self._block_node(node, absent)
                return None
            step_result = await self._step_runner.run_step(node, cast("dict[str, Take]", parents))
        except (UnknownOutcome, DecisionNeeded) as error:
            self._unknown[step.id] = error
            self._report_failure(node, error)
            return None
        except Exception as error:
            failure = to_storyboard_error(error, step.provider, step.id)
            if isinstance(failure, MachineProblem):
                self._fatal_error = self._fatal_error or failure
                self._stop_requested.set()
            self._failed[step.id] = failure
            self._report_failure(node, failure)
            return None
        self._record_result(node, step_result)
        return step_result.take

    async def _wait_for_parent_take(self, parent_id: str) -> Take | None:
        """A parent's select, once it has one; None when it has none."""
        if parent_id in self._tasks:
            await asyncio.shield(self._tasks[parent_id])
        take = self._takes.get(parent_id)
        if take is not None and self._step_runner.is_awaiting_pick(take):
            raise DecisionNeeded(
                f"{parent_id} has several takes, but none is picked",
                hint=f"run `storyboard pick FILM {parent_id} t01`, or set policy.on_pick: first",
            )
        return take

    def _record_result(self, node: Node, step_result: StepResult) -> None:
        step, take = node.step, step_result.take
        self._made_count += step_result.made_count
        if step_result.error is not None:
            needs_decision = isinstance(step_result.error, (UnknownOutcome, DecisionNeeded))
            (self._unknown if needs_decision else self._failed)[step.id] = step_result.error
            self._report_failure(node, step_result.error)
        if take is None:
            return
        self._takes[step.id] = take
        self._kept_count += not step_result.made_count
        self._context.emit(
            ev.StepFinished(
                step=step.id,
                shot=step.shot,
                status="made" if step_result.made_count else "kept",
                take=take.name,
                elapsed_s=round(step_result.elapsed_s, 2),
            )
        )

    def _block_node(self, node: Node, absent_parents: tuple[str, ...]) -> None:
        self._blocked[node.step.id] = f"waits for {', '.join(absent_parents)}"
        self._context.emit(
            ev.StepBlocked(
                step=node.step.id,
                shot=node.step.shot,
                message=self._blocked[node.step.id],
                by=absent_parents,
            )
        )

    def _report_failure(self, node: Node, error: StoryboardError) -> None:
        self._context.emit(
            ev.StepFailed(
                step=node.step.id,
                shot=node.step.shot,
                message=str(error),
                hint=error.hint,
                exit_code=error.exit_code,
                trace=_format_cause_traceback(error),
            )
        )

    def _announce_plan(self) -> None:
        actions = [node.action for node in self._plan.nodes]
        self._context.emit(
            ev.PlanMade(
                run=self._context.ledger.run,
                create=actions.count(Action.CREATE),
                redo=actions.count(Action.REDO),
                keep=actions.count(Action.KEEP),
                imports=actions.count(Action.IMPORT),
                blocked=actions.count(Action.BLOCKED),
                cost_usd=micros_to_usd(self._plan.cost_micros),
            )
        )
        for node in self._plan.nodes:
            if node.step.instead and node.action is not Action.KEEP:
                message = f"{node.step.id} {node.step.instead}"
                self._context.emit(ev.Note(step=node.step.id, shot=node.step.shot, message=message))
        for attempt in self._context.ledger.recovered_attempts:
            if attempt.state is State.UNKNOWN:
                message = f"{attempt.name}: submission outcome unknown ({attempt.message})"
                self._context.emit(ev.Note(step=attempt.step, shot=attempt.shot, message=message))

    async def _abandon_or_announce_attempts(self) -> None:
        """Local work that was cut short simply runs again; what runs elsewhere is named."""
        ledger = self._context.ledger
        for attempt in ledger.open_attempts:
            if attempt.state is State.UNKNOWN:
                continue
            if attempt.repeatable:
                await ledger.transition(attempt, State.ABANDONED, message="the run was stopped")
            elif attempt.state is State.SUBMITTING:
                message = (
                    f"{attempt.name}: submission outcome unknown (sent to {attempt.provider}, "
                    "no answer yet); to record the outcome: `storyboard resolve FILM "
                    f"{attempt.name}`"
                )
                self._context.emit(ev.Note(step=attempt.step, shot=attempt.shot, message=message))
            elif self._stop_count:
                message = (
                    f"{attempt.name} continues on {attempt.provider} as {attempt.operation}; "
                    "the next render downloads it"
                )
                self._context.emit(ev.Note(step=attempt.step, shot=attempt.shot, message=message))

    def _remove_stale_claims(self) -> None:
        ledger = self._context.ledger
        owed_digests = frozenset(
            attempt.digest for attempt in ledger.open_attempts if not attempt.repeatable
        )
        self._context.store.claims.remove_stale_claims(str(ledger.folder.absolute()), owed_digests)

    async def _wait_or_stop(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Waits for the tasks, or for the wish to stop; a fault in one of them is raised."""
        stop = asyncio.create_task(self._stop_requested.wait())
        all_done: asyncio.Future[list[Any]] = asyncio.gather(*tasks)
        try:
            either: set[asyncio.Future[Any]] = {all_done, stop}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if all_done.done():
                all_done.result()
        finally:
            stop.cancel()
            all_done.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await all_done


@contextmanager
def _stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Turns SIGINT, SIGTERM and SIGHUP into `stop`, where this thread may."""
    loop = asyncio.get_running_loop()
    replaced = []
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with suppress(ValueError, RuntimeError, NotImplementedError):
            previous = signal.getsignal(name)
            if name == signal.SIGHUP and previous is signal.SIG_IGN:
                continue  # `nohup` wants it to go on
            loop.add_signal_handler(name, stop)
            replaced.append((name, previous))
    try:
        yield
    finally:
        for name, previous in replaced:
            loop.remove_signal_handler(name)
            signal.signal(name, previous or signal.SIG_DFL)


def _format_cause_traceback(error: StoryboardError) -> str:
    """The traceback of a fault that is none of ours to explain, as a full disk is."""
    cause = error.__cause__
    if cause is None or isinstance(cause, StoryboardError) or isinstance(error, MachineProblem):
        return ""
    return "".join(traceback.format_exception(cause)).rstrip()


def _import_media_tools() -> Media:
    """The real thing, imported only when a run needs it."""
    from storyboard.stitching.media import ffmpeg as media

    return cast("Media", media)
