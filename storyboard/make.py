"""Plan -> takes -> film: what a render does, for the command line and the public API alike."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storyboard.errors import MoneyRefused
from storyboard.film import Film, Take
from storyboard.graph.notices import usd
from storyboard.graph.plan import Action, Plan, Reason, Wishes
from storyboard.graph.steps import BESIDE
from storyboard.graph.timeline import Timeline
from storyboard.outlet import confirm_replaceable
from storyboard.production import Production, examine
from storyboard.provenance import provenance_file, refresh_notes, write_provenance
from storyboard.providers import registry
from storyboard.providers.base import Kind, Provider
from storyboard.run import events as ev
from storyboard.run.delivered import Delivered
from storyboard.run.holes import holes_of, slated
from storyboard.run.narrated import narrated, overruns
from storyboard.run.places import make_folder
from storyboard.run.result import RunResult
from storyboard.run.upkeep import tidy

if TYPE_CHECKING:
    from storyboard.run.ledger import Ledger

MISSING = ("fail", "slate", "previz")
"""What `Order.missing` may be."""
_RECORD = "films.json"
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]*)?|\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one render."""

    out: Path | None = None
    shots: tuple[str, ...] = ()
    wishes: Wishes = Wishes()
    missing: str = "fail"
    frozen: bool = False
    max_cost_micros: int | None = None
    jobs: int = 0
    """Processes for local work; 0 is one for each core."""
    until: str = ""
    """`stills` stops once the pictures are there that shots begin from; nothing is cut."""

    @property
    def processes(self) -> int:
        return self.jobs or os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of a render."""

    result: RunResult
    film: Path | None = None
    """The film, where it was cut or already stood."""
    current: bool = False
    """It already stood, and nothing was written."""


def default_out(film: Film) -> Path:
    """`build/<stem>.mp4` in the current folder; `.previz.mp4` where previz stands in for pay."""
    return Path("build") / f"{film.stem}{'.previz' if film.rehearsal else ''}.mp4"


def outputs(film: Film, out: Path) -> tuple[Path, ...]:
    """The film file and all that a render may write beside it."""
    suffixes = (".srt", ".vtt") if film.subtitles == "sidecar" else ()
    return (out, provenance_file(out), *map(out.with_suffix, suffixes))


def _confirm_outputs(film: Film, order: Order) -> None:
    for path in outputs(film, order.out or default_out(film)):
        confirm_replaceable(path, "name a file in another place")


def budget(production: Production, plan: Plan, order: Order) -> int | None:
    """Refuses a plan whole when it may cost more than this run or the film's life allows.

    Returns what this run may spend, micro-dollars, or None where nothing limits it.
    """
    if order.frozen:
        return 0
    cost, cap = plan.cost_micros, order.max_cost_micros
    if cap is not None and cost > cap:
        raise MoneyRefused(
            f"the plan may cost {usd(cost)}, over --max-cost of {usd(cap)}",
            hint="nothing was spent; raise --max-cost, or render fewer shots",
        )
    life = production.film.policy.budget_usd
    if life is None:
        return cap
    from storyboard.run.ledger import Ledger, lifetime_micros
    from storyboard.run.owing import unsent
    from storyboard.run.unaccounted import unaccounted

    sent = [each for each in Ledger.read(production.state) if not unsent(each)]
    paid = production.selects.paid()
    lost = unaccounted(production.store, production.film.path.absolute(), sent, paid)
    spent = lifetime_micros(sent, paid) + sum(each.take.price_micros for each in lost)
    left = max(0, int(life * 1_000_000) - spent)
    if cost > left:
        raise MoneyRefused(
            f"the plan may cost {usd(cost)}, and {usd(spent)} of the film's "
            f"${float(life):.2f} is spent or held",
            hint="nothing was spent; raise policy.budget_usd, or render fewer shots",
        )
    return left if cap is None else min(cap, left)


async def render(production: Production, plan: Plan, order: Order, tell: ev.Sink) -> Rendered:
    """Makes what the plan says and cuts the film; may spend money, within `order`.

    Raises StoryboardError for what a person can cure; whatever was finished is safe.
    """
    from storyboard.run.ledger import Ledger

    _confirm_outputs(production.film, order)
    if idle(production, plan) and not _previz_holes(production, plan, order):
        return cut(production, plan, order, tell)
    ledger = Ledger(make_folder(production.state))
    log = ev.RunLog(production.state, ledger.run)
    tell = ev.fan_out(tell, log)
    try:
        cap = budget(production, plan, order)  # nobody else spends on this film from here on
        _clear_damage(production, plan)
        result = await _run(production, plan, ledger, order, cap, tell)
        takes = _with_the_rest(production, plan, result.selects)
        holes = holes_of(plan.timeline, takes)
        if holes and order.missing == "previz" and not result.interrupted:
            takes |= await _stand_ins(production, holes, order, tell)
        done = _cut(production, plan, result, takes, order, tell)
        tell(done.result.summary(ledger.run))
        return done
    finally:
        log.close()
        ledger.close()


def idle(production: Production, plan: Plan) -> bool:
    """Whether a run would change nothing: takes are here and in the lock file, none is open."""
    store, selects = production.store, production.selects
    if plan.work or store is None:
        return False
    for node in plan.nodes:
        takes = store.takes(node.select.digest) if node.select else ()
        if not takes or not all(map(selects.has, takes)):
            return False
    if not (production.state / "ledger.sqlite").exists():
        return True
    from storyboard.run.attempts import OVER
    from storyboard.run.ledger import Ledger

    return all(attempt.state in OVER for attempt in Ledger.read(production.state))


def _with_the_rest(
    production: Production, plan: Plan, takes: Mapping[str, Take]
) -> dict[str, Take]:
    """The takes, and those that are there of shots which this plan leaves out."""
    if len(plan.nodes) == len(production.graph.steps):
        return dict(takes)
    return _selects(production.plan()) | dict(takes)


def _previz_holes(production: Production, plan: Plan, order: Order) -> bool:
    """Whether previz has holes to fill in a film of which only some shots were asked for."""
    some_only = len(plan.nodes) < len(production.graph.steps)
    return order.missing == "previz" and some_only


def _clear_damage(production: Production, plan: Plan) -> None:
    """Sets damaged bytes aside that this run makes or takes in again."""
    for node in plan.nodes:
        if Reason.TAKE_CORRUPT in node.reasons and node.action is not Action.BLOCKED:
            for take in production.store.takes(node.digest) if production.store else ():
                if production.store and not _whole(production, take):
                    production.store.set_aside(take.sha256)


def _whole(production: Production, take: Take) -> bool:
    assert production.store is not None
    if not production.store.holds(take.sha256):
        return True
    path = production.store.path(take.sha256)
    return production.hashes(path) == take.sha256


def cut(production: Production, plan: Plan, order: Order, tell: ev.Sink) -> Rendered:
    """Cuts the film of a plan that has nothing to make; submits nothing."""
    _confirm_outputs(production.film, order)
    if production.store is not None:
        tidy(production.store, production.state)
    takes = _with_the_rest(production, plan, _selects(plan))
    result = RunResult(selects=_selects(plan), kept=len(plan.nodes), cut=True)
    return _cut(production, plan, result, takes, order, tell)


def _cut(
    production: Production,
    plan: Plan,
    result: RunResult,
    takes: dict[str, Take],
    order: Order,
    tell: ev.Sink,
) -> Rendered:
    """The film of `takes`, holes filled as the order says; the takes alone otherwise."""
    production.selects.save()
    if order.until or result.interrupted or not (result.complete or order.missing != "fail"):
        return Rendered(result)
    timeline = production.timeline(plan, result.selects)
    if production.late(result.selects):
        tell(ev.Note(message="the lock file trims takes that play again now: render once more"))
    holes = holes_of(timeline, takes)
    if holes and order.missing == "slate":
        timeline = slated(timeline, holes)
        for silent in sorted(holes & {each.step for each in timeline.told}):
            tell(ev.Note(message=f"{silent} is not spoken yet: silence stands for it"))
    elif holes:
        steps = [production.graph.steps[id] for id in holes]
        names = ", ".join(sorted({s.id if s.kind in BESIDE else s.shot for s in steps}))
        tell(ev.Note(message=f"the film is not cut: {names} not made yet"))
        return Rendered(result)
    return _stitched(production, timeline, takes, result, order, tell)


async def _run(
    production: Production,
    plan: Plan,
    ledger: Ledger,
    order: Order,
    cap: int | None,
    tell: ev.Sink,
) -> RunResult:
    from storyboard.run.local import run_plan

    assert production.store is not None
    return await run_plan(
        plan,
        film=production.film,
        store=production.store,
        selects=production.selects,
        ledger=ledger,
        providers=partial(provider, production.film),
        events=tell,
        jobs=order.processes,
        hashes=production.hashes,
        frozen=order.frozen,
        missing=order.missing,
        max_cost_micros=cap,
    )


def provider(film: Film, name: str) -> Provider:
    """A new adapter object of that name, with the film's settings for it."""
    make: Callable[[Mapping[str, Any]], Provider] = registry.adapter(name)
    return make(film.providers.get(name, {}))


def _selects(plan: Plan) -> dict[str, Take]:
    """The takes that a plan keeps, by step."""
    kept = {n.step.id: n for n in plan.nodes if n.action is Action.KEEP}
    made = {n.digest: n.select for n in kept.values() if n.select}
    return {id: take for id, n in kept.items() if (take := n.select or made.get(n.digest))}


async def _stand_ins(
    production: Production, holes: set[str], order: Order, tell: ev.Sink
) -> dict[str, Take]:
    """Previz takes for the steps that are missing, made under the same limits."""
    from storyboard.run.ledger import Ledger

    flags = replace(production.flags, previz=True, provider=None)
    rehearsal = Production(examine(production.film.path, flags), create=True)
    try:
        plan = rehearsal.plan().only(holes)
        tell(ev.Note(message=f"previz stands in for {', '.join(sorted(holes))}"))
        takes: Mapping[str, Take] = _selects(plan)
        if plan.work:
            ledger = Ledger(make_folder(rehearsal.state / "previz"))
            try:
                takes = (await _run(rehearsal, plan, ledger, order, 0, tell)).selects
            finally:
                ledger.close()
            rehearsal.selects.save()
        return {id: take for id, take in takes.items() if id in holes}
    finally:
        rehearsal.close()


def _stitched(
    production: Production,
    timeline: Timeline,
    takes: Mapping[str, Take],
    result: RunResult,
    order: Order,
    tell: ev.Sink,
) -> Rendered:
    """Cuts the film, unless the very same one already stands where it is wanted."""
    from storyboard.run.ledger import Ledger
    from storyboard.stitching.film import Medium, stitch_digest, stitch_film
    from storyboard.stitching.sidecars import sidecars, strays

    store, film = production.store, production.film
    assert store is not None
    out = order.out or default_out(film)
    timeline = narrated(timeline, takes, store)
    for note in overruns(timeline):
        tell(ev.Note(message=note))
    media = {
        id: Medium(store.path(take.sha256), take.sha256, take.facts, take.source_frames)
        for id, take in takes.items()
        if production.graph.steps[id].kind not in (Kind.STILL, Kind.WRITE)
    }
    sounds = _Sounds(film, production)
    identity = stitch_digest(film, timeline, media, maker=sounds.revision)
    record = Delivered(production.state / _RECORD)
    beside = (provenance_file(out), *sidecars(film, timeline, out))
    whole = all(path.exists() for path in beside)
    if whole and record.stands(out, identity):
        out.touch()
        refresh_notes(out, production.selects)
        record.note(out, identity)
        return Rendered(result, out, current=True)
    started = time.monotonic()

    def progress(done: int, total: int) -> None:
        tell(ev.StitchProgress(frames=done, of_frames=total))

    facts = stitch_film(
        film,
        timeline,
        media,
        out,
        cache=store.cache,
        beds=sounds.bed,
        murmur=sounds.murmur,
        maker=sounds.revision,
        on_progress=progress,
        jobs=order.processes,
    )
    attempts = Ledger.read(production.state)
    told = (production.graph, timeline, takes, attempts, production.hashes, production.selects)
    write_provenance(out, film, *told)
    record.note(out, identity)
    for note in facts.notes:
        tell(ev.Note(message=note))
    for path in strays(film, timeline, out):
        tell(ev.Note(message=f"nothing is said in the film, but {path.name} lies beside it"))
    tell(
        ev.Note(
            message=f"cut in {time.monotonic() - started:.1f} s: {facts.lufs:.1f} LUFS, "
            f"true peak {facts.true_peak_db:.1f} dB"
        )
    )
    tell(
        ev.FilmWritten(
            path=str(out),
            frames=facts.frames,
            seconds=float(facts.seconds),
            size=out.stat().st_size,
        )
    )
    return Rendered(result, out)


class _Sounds:
    """What previz lends the mix: beds from words, and murmured lines in a rehearsal.

    In a film that was bought nobody murmurs: a line that no take speaks stays silent.
    """

    def __init__(self, film: Film, production: Production) -> None:
        makers = {step.provider for step in production.graph.steps.values()}
        words = any(s.ambience and s.ambience.make for s in film.shots)
        words = words or any(cue.make for cue in film.music)
        rehearsed = makers <= {"previz", "import", registry.EFFECTS}
        needed = words or (rehearsed and any(s.dialogue for s in film.shots))
        adapter = registry.adapter("previz") if needed else None
        self.bed = getattr(adapter, "bed", None)
        self.murmur = getattr(adapter, "murmur", None) if rehearsed else None
        self.revision = adapter.revision if adapter else ""


def usd_micros(text: str) -> int:
    """Micro-dollars of a plain decimal such as `12.50`; ValueError for what is no amount."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError(text)
    return int(Fraction(text) * 1_000_000)
