"""Plan, takes, film: the whole render, for the command line and the public API."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storyboard.errors import MoneyRefused
from storyboard.graph.steps import HELPER_KINDS
from storyboard.model.film import Film, Take
from storyboard.money import format_usd
from storyboard.pipeline.cut_builder import (
    build_cut_inputs,
    describe_narration_changes,
    find_missing_steps,
)
from storyboard.pipeline.film_writer import write_film
from storyboard.pipeline.inputs.input_check import require_readable_inputs, require_whole_inputs
from storyboard.pipeline.inputs.input_names import InputNames
from storyboard.pipeline.provenance import to_provenance_path
from storyboard.pipeline.session import FilmSession, check_film
from storyboard.plan.plan import Action, Plan, Reason, TakeRequests
from storyboard.providers import registry
from storyboard.providers.base import Provider
from storyboard.providers.redaction import RedactedProvider
from storyboard.run import events as ev
from storyboard.run.maintenance.store_maintenance import clean_up_after_crash
from storyboard.run.paths import create_state_folder
from storyboard.run.result import RunResult
from storyboard.util.output_files import require_replaceable

if TYPE_CHECKING:
    from storyboard.run.ledger.ledger import Ledger

MISSING = ("fail", "slate", "previz")
"""What `RenderOptions.missing` may be."""


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What is asked of one render."""

    out: Path | None = None
    shots: tuple[str, ...] = ()
    requests: TakeRequests = TakeRequests()
    missing: str = "fail"
    frozen: bool = False
    max_cost_micros: int | None = None
    jobs: int = 0
    """Processes for local work; 0 is one for each core."""
    patience_s: float | None = None
    """How long to wait for an operation; None as the catalogue says, infinite for ever."""
    until: str = ""
    """`stills` stops when the pictures exist that shots begin from; it cuts nothing."""

    @property
    def processes(self) -> int:
        return self.jobs or os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class RenderResult:
    """The result of a render."""

    result: RunResult
    film: Path | None = None
    """The film, if it was cut or already existed."""
    current: bool = False
    """It already stood, and nothing was written."""


def choose_default_output(film: Film) -> Path:
    """`build/<stem>.mp4` in the current folder.

    A rehearsal has its own name, and so never replaces the film: `.proxy.mp4`, or `.previz.mp4` if
    previz replaces a paid provider.
    """
    variant = ".proxy" if film.proxy else ".previz" if film.rehearsal else ""
    return Path("build") / f"{film.stem}{variant}.mp4"


def list_outputs(film: Film, out: Path) -> tuple[Path, ...]:
    """The film file and all other files that a render may write beside it."""
    suffixes = (".srt", ".vtt") if film.subtitles == "sidecar" else ()
    return (out, to_provenance_path(out), *map(out.with_suffix, suffixes))


def _confirm_outputs_replaceable(film: Film, options: RenderOptions) -> None:
    for path in list_outputs(film, options.out or choose_default_output(film)):
        require_replaceable(path, "name a file in another folder")


def check_budget_and_compute_cap(
    session: FilmSession, plan: Plan, options: RenderOptions
) -> int | None:
    """Refuses a plan whole when it may cost more than this run or the film's life allows.

    Returns what this run may spend, micro-dollars, or None where nothing limits it.
    """
    if options.frozen:
        return 0
    cost, cap = plan.cost_micros, options.max_cost_micros
    if cap is not None and cost > cap:
        raise MoneyRefused(
            f"the plan may cost {format_usd(cost)}: more than --max-cost {format_usd(cap)}",
            hint="raise --max-cost or render fewer shots; nothing was spent",
        )
    lifetime_usd = session.film.policy.budget_usd
    if lifetime_usd is None:
        return cap
    from storyboard.run.ledger.ledger import Ledger, sum_lifetime_cost_micros
    from storyboard.run.ledger.pending import is_unsent
    from storyboard.run.maintenance.untracked_takes import find_untracked_takes

    submitted = [entry for entry in Ledger.read_attempts(session.state) if not is_unsent(entry)]
    paid = session.selects.list_prices_micros()
    untracked = find_untracked_takes(session.store, session.film.path.absolute(), submitted, paid)
    spent = sum_lifetime_cost_micros(submitted, paid) + sum(
        entry.take.price_micros for entry in untracked
    )
    remaining = max(0, int(lifetime_usd * 1_000_000) - spent)
    if cost > remaining:
        raise MoneyRefused(
            f"the plan may cost {format_usd(cost)}: over the budget; {format_usd(spent)} of "
            f"the film's ${float(lifetime_usd):.2f} is already spent or reserved",
            hint="raise policy.budget_usd or render fewer shots; nothing was spent",
        )
    return remaining if cap is None else min(cap, remaining)


async def render(
    session: FilmSession, plan: Plan, options: RenderOptions, emit: ev.EventSink
) -> RenderResult:
    """Makes what the plan says and cuts the film; may spend money, within `options`.

    Raises StoryboardError for what a person can correct; finished takes are safe.
    """
    from storyboard.run.ledger.ledger import Ledger

    rendered = render_kept_takes(session, plan, options, emit)
    if rendered is not None:
        return rendered
    ledger = Ledger(create_state_folder(session.state))
    log = ev.RunLog(session.state, ledger.run)
    emit = _create_names(session).add_to_events(ev.combine_sinks(emit, log))
    try:
        cap = check_budget_and_compute_cap(
            session, plan, options
        )  # from here on no other process spends money on this film
        if plan.cost_micros and not options.frozen:
            require_whole_inputs(session.checked_film)
        else:
            require_readable_inputs(session.checked_film)
        _quarantine_corrupt_takes(session, plan)
        result = await _run_plan(session, plan, ledger, options, cap, emit)
        session.selects.forget_other_steps(session.graph.steps)
        takes = _add_unplanned_takes(session, plan, result.selects)
        missing = find_missing_steps(plan.timeline, takes)
        if missing and options.missing == "previz" and not result.interrupted:
            takes |= await _render_previz_stand_ins(session, missing, options, emit)
        outcome = _stitch_if_complete(session, plan, result, takes, options, emit)
        emit(outcome.result.to_summary(ledger.run))
        return outcome
    finally:
        log.close()
        ledger.close()


def render_kept_takes(
    session: FilmSession, plan: Plan, options: RenderOptions, emit: ev.EventSink
) -> RenderResult | None:
    """Renders a plan that has nothing to make: cuts its film, and submits nothing.

    Returns None where `render` has takes to make.
    """
    _confirm_outputs_replaceable(session.film, options)
    if not has_nothing_to_do(session, plan) or _needs_previz_stand_ins(session, plan, options):
        return None
    if session.store is not None:
        clean_up_after_crash(session.store, session.state)
    kept = _collect_kept_takes(plan)
    result = RunResult(selects=kept, kept=len(plan.nodes), can_stitch=True)
    takes = _add_unplanned_takes(session, plan, kept)
    return _stitch_if_complete(session, plan, result, takes, options, emit)


def has_nothing_to_do(session: FilmSession, plan: Plan) -> bool:
    """Whether a run would change nothing: takes are here and in the lock file, none is open."""
    store, selects = session.store, session.selects
    if plan.has_work or store is None:
        return False
    for node in plan.nodes:
        takes = store.find_takes(node.select.digest) if node.select else ()
        if not takes or not all(map(selects.has_take, takes)):
            return False
    if not (session.state / "ledger.sqlite").exists():
        return True
    from storyboard.run.ledger.attempts import FINAL_STATES
    from storyboard.run.ledger.ledger import Ledger

    return all(attempt.state in FINAL_STATES for attempt in Ledger.read_attempts(session.state))


def _add_unplanned_takes(
    session: FilmSession, plan: Plan, takes: Mapping[str, Take]
) -> dict[str, Take]:
    """The takes, and those that are there of shots which this plan leaves out."""
    if len(plan.nodes) == len(session.graph.steps):
        return dict(takes)
    return _collect_kept_takes(session.plan()) | dict(takes)


def _needs_previz_stand_ins(session: FilmSession, plan: Plan, options: RenderOptions) -> bool:
    """Whether previz has holes to fill in a film of which only some shots were asked for."""
    some_only = len(plan.nodes) < len(session.graph.steps)
    return options.missing == "previz" and some_only


def _quarantine_corrupt_takes(session: FilmSession, plan: Plan) -> None:
    """Sets damaged bytes aside that this run makes or takes in again."""
    for node in plan.nodes:
        if Reason.TAKE_CORRUPT in node.reasons and node.action is not Action.BLOCKED:
            for take in session.store.find_takes(node.digest) if session.store else ():
                if session.store and not _is_take_intact(session, take):
                    session.store.quarantine_file(take.sha256)


def _is_take_intact(session: FilmSession, take: Take) -> bool:
    assert session.store is not None
    if not session.store.has_file(take.sha256):
        return True
    path = session.store.require_file(take.sha256)
    return session.hashes(path) == take.sha256


def _stitch_if_complete(
    session: FilmSession,
    plan: Plan,
    result: RunResult,
    takes: dict[str, Take],
    options: RenderOptions,
    emit: ev.EventSink,
) -> RenderResult:
    """The film of `takes`, if all exist or `options` replace the missing ones."""
    session.selects.save()
    if options.until or result.interrupted or not (result.is_complete or options.missing != "fail"):
        return RenderResult(result)
    timeline = session.build_timeline(plan, result.selects)
    if session.has_new_trims(result.selects):
        emit(
            ev.Note(
                message="the lock file has trims for takes that are in use again: render once more"
            )
        )
    missing = find_missing_steps(timeline, takes)
    if missing and options.missing != "slate":
        steps = [session.graph.steps[id] for id in missing]
        names = ", ".join(sorted({s.id if s.kind in HELPER_KINDS else s.shot for s in steps}))
        emit(ev.Note(message=f"no film file was written: {names} not made yet"))
        return RenderResult(result)
    inputs = build_cut_inputs(session, timeline, takes)
    for note in describe_narration_changes(timeline, inputs):
        emit(ev.Note(message=note))
    out = options.out or choose_default_output(session.film)
    with _create_names(session).add_to_errors():
        is_new = write_film(session, inputs, takes, out, jobs=options.processes, emit=emit)
    return RenderResult(result, out, current=not is_new)


def _create_names(session: FilmSession) -> InputNames:
    assert session.store is not None
    return InputNames(session.film, session.store.root, session.hashes)


async def _run_plan(
    session: FilmSession,
    plan: Plan,
    ledger: Ledger,
    options: RenderOptions,
    cap_micros: int | None,
    emit: ev.EventSink,
) -> RunResult:
    from storyboard.run.executor.executor import run_plan

    assert session.store is not None
    return await run_plan(
        plan,
        film=session.film,
        store=session.store,
        lock_file=session.selects,
        ledger=ledger,
        create_provider=partial(create_provider, session.film),
        emit=emit,
        jobs=options.processes,
        hash_path=session.hashes,
        frozen=options.frozen,
        missing_policy=options.missing,
        max_cost_micros=cap_micros,
        patience_s=options.patience_s,
    )


def create_provider(film: Film, name: str) -> Provider:
    """A new adapter object of that name, with the film's settings for it; it shows no key."""
    adapter: Callable[[Mapping[str, Any]], Provider] = registry.load_adapter_class(name)
    settings = film.providers.get(name, {})
    return RedactedProvider(adapter(settings), registry.load_known_secrets().hide_secrets)


def _collect_kept_takes(plan: Plan) -> dict[str, Take]:
    """The takes that a plan keeps, by step."""
    kept_nodes = {n.step.id: n for n in plan.nodes if n.action is Action.KEEP}
    takes_by_digest = {n.digest: n.select for n in kept_nodes.values() if n.select}
    return {
        id: take
        for id, n in kept_nodes.items()
        if (take := n.select or takes_by_digest.get(n.digest))
    }


async def _render_previz_stand_ins(
    session: FilmSession, missing_steps: set[str], options: RenderOptions, emit: ev.EventSink
) -> dict[str, Take]:
    """Previz takes for the steps that are missing, made under the same limits."""
    from storyboard.run.ledger.ledger import Ledger

    flags = replace(session.overrides, previz=True, provider=None)
    rehearsal = FilmSession(check_film(session.film.path, flags), create=True)
    try:
        plan = rehearsal.plan().restrict_to(missing_steps)
        emit(ev.Note(message=f"previz replaces the missing {', '.join(sorted(missing_steps))}"))
        takes: Mapping[str, Take] = _collect_kept_takes(plan)
        if plan.has_work:
            ledger = Ledger(create_state_folder(rehearsal.state / "previz"))
            try:
                takes = (await _run_plan(rehearsal, plan, ledger, options, 0, emit)).selects
            finally:
                ledger.close()
            rehearsal.selects.save()
        return {id: take for id, take in takes.items() if id in missing_steps}
    finally:
        rehearsal.close()
