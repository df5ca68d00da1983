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

from storyboard.disk import DiskProblem, disk_errors
from storyboard.errors import DecisionNeeded, StoryboardError, UnknownOutcome
from storyboard.film import Film, Take
from storyboard.graph.forecast import importance
from storyboard.graph.plan import Action, Node, Plan
from storyboard.providers.base import Provider
from storyboard.run import events as ev
from storyboard.run.attempts import State
from storyboard.run.faults import foreseen
from storyboard.run.following import poll_seconds
from storyboard.run.inputs import Inputs
from storyboard.run.ledger import Ledger
from storyboard.run.making import Maker
from storyboard.run.quota import Lanes, Windows
from storyboard.run.recall import restore
from storyboard.run.record import usd
from storyboard.run.result import RunResult
from storyboard.run.selects import Selects
from storyboard.run.stepwork import Finished, StepWork
from storyboard.run.store import Store
from storyboard.run.studio import Media, Studio
from storyboard.run.workplace import RunPlace

_PATIENCE_S = 15.0
"""How long a stop waits for requests that are on their way."""


async def run_plan(
    plan: Plan,
    *,
    film: Film,
    store: Store,
    selects: Selects,
    ledger: Ledger,
    providers: Callable[[str], Provider],
    events: ev.Sink,
    jobs: int,
    hashes: Callable[[Path], str],
    frozen: bool = False,
    missing: str = "fail",
    max_cost_micros: int | None = None,
    media: Media | None = None,
) -> RunResult:
    """Makes what the plan says, and answers for every step; the lock file is saved as it goes.

    `providers` gives the adapter of a name, once per name; they are closed at the end. `frozen`
    submits nothing. `missing` is what the film does about holes (`fail slate previz`), and only
    decides `RunResult.cut`. `max_cost_micros` caps what this run may spend. The first SIGINT,
    SIGTERM or SIGHUP stops in order, the second at once. Raises EnvironmentProblem when the disk or
    the ledger gives out; whatever was finished is safe.
    """
    poll_seconds()  # says what is wrong with it before anything begins
    with disk_errors(str(store.root)):
        store.confirm_writable()
        selects.confirm_writable()
        store.tenants.enter(film.path)
        media = media or _stitch_media()
        kinds = {node.step.id: node.step.kind for node in plan.nodes}
        restore(store, selects, kinds, film=film.stem, hashes=hashes, probe=media.probe)
        place = RunPlace(store.root, jobs)
        studio = Studio(film, store, selects, ledger, place, media, events)
        run = _Run(studio, plan, providers, hashes, jobs, max_cost_micros, frozen)
        with _signals(run.stop):
            try:
                await run.all()
            finally:
                await run.end()
        return run.result(missing)


class _Run:
    def __init__(
        self,
        studio: Studio,
        plan: Plan,
        providers: Callable[[str], Provider],
        hashes: Callable[[Path], str],
        jobs: int,
        cap_micros: int | None,
        frozen: bool,
    ) -> None:
        self._studio = studio
        self._plan = plan
        self._find = providers
        self._providers: dict[str, Provider] = {}
        self._rank = importance(plan.nodes) | {
            each.step: (-1, each.expires_at) for each in reversed(studio.ledger.open)
        }
        self._lanes = Lanes(Windows(studio.store.root), lambda id: self._rank.get(id, (1, 0.0)))
        self._maker = Maker(studio, cap_micros, self._lanes)
        self._work = StepWork(
            studio,
            Inputs(studio, hashes),
            self._maker,
            self._provider,
            lanes=self._lanes,
            jobs=jobs,
            frozen=frozen,
        )
        self._tasks: dict[str, asyncio.Task[Take | None]] = {}
        self._stopping = asyncio.Event()
        self._stops = 0
        self._fatal: DiskProblem | None = None
        self._takes: dict[str, Take] = {}
        self._failed: dict[str, StoryboardError] = {}
        self._blocked: dict[str, str] = {}
        self._unknown: dict[str, StoryboardError] = {}
        self._made = 0
        self._kept = 0

    async def all(self) -> None:
        """Every step, then what earlier runs left to be fetched."""
        self._announce()
        self._studio.store.preload(node.digest for node in self._plan.nodes if node.digest)
        waiting = []
        for node in self._plan.nodes:
            if node.action is Action.KEEP and node.certain and node.select is not None:
                self._work.keep(node, node.select)
                self._finished(node, Finished(node.select))
            else:
                waiting.append(node)
        for node in sorted(waiting, key=lambda node: self._rank[node.step.id]):
            self._tasks[node.step.id] = asyncio.create_task(self._node(node))
        await self._until_stopped(list(self._tasks.values()))
        if self._studio.ledger.open and not self._stopping.is_set():
            self._tasks[""] = asyncio.create_task(self._collect())
            await self._until_stopped([self._tasks[""]])

    def stop(self) -> None:
        """Asked to stop: once in order, twice at once."""
        self._stops += 1
        self._stopping.set()
        if self._stops > 1:
            for task in list(self._maker.vital):
                task.cancel()

    async def end(self) -> None:
        """Gives everything back, whatever happened."""
        cut_short = any(not task.done() for task in self._tasks.values())
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._maker.vital and self._stops < 2:
            await asyncio.wait(self._maker.vital, timeout=_PATIENCE_S)
        for vital in list(self._maker.vital):
            vital.cancel()
        try:
            if self._fatal is None:
                await self._leave()
                self._clear_claims()
                self._studio.selects.save()
        finally:
            self._lanes.close()
            for provider in self._providers.values():
                with suppress(Exception):
                    await provider.close()
            self._studio.place.close(now=cut_short)
        if self._fatal is not None:
            raise self._fatal

    def result(self, missing: str) -> RunResult:
        """What came of it."""
        whole = not (self._failed or self._blocked or self._unknown)
        return RunResult(
            selects=self._takes,
            failed=self._failed,
            blocked=self._blocked,
            unknown=self._unknown,
            interrupted=self._stops > 0,
            made=self._made,
            kept=self._kept,
            spent_micros=self._studio.ledger.spent_micros,
            held_micros=sum(each.held_micros for each in self._studio.ledger.open),
            cut=not self._stops and (whole or missing != "fail"),
        )

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            self._providers[name] = self._find(name)
        return self._providers[name]

    async def _node(self, node: Node) -> Take | None:
        """One step, from its parents' end to its own; failures become outcomes here."""
        step = node.step
        try:
            parents = {id: await self._parent(id) for id in step.parents}
            if absent := tuple(id for id, take in parents.items() if take is None):
                self._block(node, absent)
                return None
            finished = await self._work.do(node, cast("dict[str, Take]", parents))
        except (UnknownOutcome, DecisionNeeded) as error:
            self._unknown[step.id] = error
            self._tell_failure(node, error)
            return None
        except Exception as error:
            told = foreseen(error, step.provider, step.id)
            if isinstance(told, DiskProblem):
                self._fatal = self._fatal or told
                self._stopping.set()
            self._failed[step.id] = told
            self._tell_failure(node, told)
            return None
        self._finished(node, finished)
        return finished.take

    async def _parent(self, id: str) -> Take | None:
        """A parent's select, once it has one; None when it has none."""
        if id in self._tasks:
            await asyncio.shield(self._tasks[id])
        take = self._takes.get(id)
        if take is not None and self._work.undecided(take):
            raise DecisionNeeded(
                f"{id} has several takes and none is picked",
                hint=f"`storyboard pick FILM {id} t01`, or set policy.on_pick: first",
            )
        return take

    def _finished(self, node: Node, finished: Finished) -> None:
        step, take = node.step, finished.take
        self._made += finished.made
        if finished.error is not None:
            decide = isinstance(finished.error, (UnknownOutcome, DecisionNeeded))
            (self._unknown if decide else self._failed)[step.id] = finished.error
            self._tell_failure(node, finished.error)
        if take is None:
            return
        self._takes[step.id] = take
        self._kept += not finished.made
        self._studio.tell(
            ev.StepFinished(
                step=step.id,
                shot=step.shot,
                status="made" if finished.made else "kept",
                take=take.name,
                elapsed_s=round(finished.elapsed_s, 2),
            )
        )

    def _block(self, node: Node, absent: tuple[str, ...]) -> None:
        self._blocked[node.step.id] = f"waits for {', '.join(absent)}"
        self._studio.tell(
            ev.StepBlocked(
                step=node.step.id,
                shot=node.step.shot,
                message=self._blocked[node.step.id],
                by=absent,
            )
        )

    def _tell_failure(self, node: Node, error: StoryboardError) -> None:
        self._studio.tell(
            ev.StepFailed(
                step=node.step.id,
                shot=node.step.shot,
                message=str(error),
                hint=error.hint,
                exit_code=error.exit_code,
                trace=_trace(error),
            )
        )

    def _announce(self) -> None:
        actions = [node.action for node in self._plan.nodes]
        self._studio.tell(
            ev.PlanMade(
                run=self._studio.ledger.run,
                create=actions.count(Action.CREATE),
                redo=actions.count(Action.REDO),
                keep=actions.count(Action.KEEP),
                imports=actions.count(Action.IMPORT),
                blocked=actions.count(Action.BLOCKED),
                cost_usd=usd(self._plan.cost_micros),
            )
        )
        for node in self._plan.nodes:
            if node.step.instead and node.action is not Action.KEEP:
                told = f"{node.step.id} {node.step.instead}"
                self._studio.tell(ev.Note(step=node.step.id, shot=node.step.shot, message=told))
        for attempt in self._studio.ledger.recovered:
            if attempt.state is State.UNKNOWN:
                told = f"{attempt.name}: {attempt.message}; nobody knows whether it was bought"
                self._studio.tell(ev.Note(step=attempt.step, shot=attempt.shot, message=told))

    async def _collect(self) -> None:
        await self._work.collect()

    async def _leave(self) -> None:
        """Local work that was cut short simply runs again; what runs elsewhere is named."""
        ledger = self._studio.ledger
        for attempt in ledger.open:
            if attempt.state is State.UNKNOWN:
                continue
            if attempt.repeatable:
                await ledger.advance(attempt, State.ABANDONED, message="the run was stopped")
            elif attempt.state is State.SUBMITTING:
                told = (
                    f"{attempt.name} may have been bought: it was sent to {attempt.provider} and"
                    f" no answer had come; see `storyboard resolve FILM {attempt.name}`"
                )
                self._studio.tell(ev.Note(step=attempt.step, shot=attempt.shot, message=told))
            elif self._stops:
                told = (
                    f"{attempt.name} goes on at {attempt.provider} as {attempt.operation};"
                    " the next render fetches it"
                )
                self._studio.tell(ev.Note(step=attempt.step, shot=attempt.shot, message=told))

    def _clear_claims(self) -> None:
        ledger = self._studio.ledger
        owed = frozenset(each.digest for each in ledger.open if not each.repeatable)
        self._studio.store.claims.clear(str(ledger.folder.absolute()), owed)

    async def _until_stopped(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Waits for the tasks, or for the wish to stop; a fault in one of them is raised."""
        stop = asyncio.create_task(self._stopping.wait())
        done: asyncio.Future[list[Any]] = asyncio.gather(*tasks)
        try:
            either: set[asyncio.Future[Any]] = {done, stop}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if done.done():
                done.result()
        finally:
            stop.cancel()
            done.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await done


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Turns SIGINT, SIGTERM and SIGHUP into `stop`, where this thread may."""
    loop = asyncio.get_running_loop()
    caught = []
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with suppress(ValueError, RuntimeError, NotImplementedError):
            before = signal.getsignal(name)
            if name == signal.SIGHUP and before is signal.SIG_IGN:
                continue  # `nohup` wants it to go on
            loop.add_signal_handler(name, stop)
            caught.append((name, before))
    try:
        yield
    finally:
        for name, before in caught:
            loop.remove_signal_handler(name)
            signal.signal(name, before or signal.SIG_DFL)


def _trace(error: StoryboardError) -> str:
    """The traceback of a fault that is none of ours to explain, as a full disk is."""
    cause = error.__cause__
    if cause is None or isinstance(cause, StoryboardError) or isinstance(error, DiskProblem):
        return ""
    return "".join(traceback.format_exception(cause)).rstrip()


def _stitch_media() -> Media:
    """The real thing, imported only when a run needs it."""
    from storyboard.stitching import media

    return cast("Media", media)
