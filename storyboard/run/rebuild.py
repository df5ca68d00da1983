"""A ledger built again: from what can still be read of it, the store, its claims and the run logs.

What nobody can know is entered as unknown, with its money held: a person decides. The damaged
file is kept beside the new one.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copy2

from storyboard.errors import EnvironmentProblem
from storyboard.graph.steps import Step
from storyboard.run import logged, rows
from storyboard.run.attempts import OVER, Attempt, State
from storyboard.run.filelock import Holder
from storyboard.run.ledger import lock_film
from storyboard.run.logged import Ordered
from storyboard.run.places import make_folder
from storyboard.run.record import Record
from storyboard.run.selects import Selects
from storyboard.run.store import Store
from storyboard.run.unaccounted import accounted, named_alone

_PARTS = ("", "-wal", "-shm")
_LOST = "the ledger was lost while it was made"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it."""

    aside: Path | None
    """Where the damaged file is; None when the ledger could be read, or was gone."""
    read: int
    """Attempts that it still told."""
    saved: tuple[Attempt, ...]
    """Takes that the store told instead."""
    by: Mapping[str, int]
    """How many `its lock file`, `today's plan` or `its name` alone says are this film's."""
    others: tuple[Record, ...]
    """Paid takes of a film of that name that stay out: nobody can say that they are this one's."""
    unknown: tuple[Attempt, ...]
    """What may have been bought and was entered anew."""


def rebuild(
    state: Path, store: Store, selects: Selects, film: Path, steps: Mapping[str, Step]
) -> Rebuilt:
    """Builds the ledger in the state folder of `film` again.

    `steps`, by id and by digest, say what was ordered, and its price. Raises EnvironmentProblem
    when the film is at work, or its ledger is of a newer storyboard.
    """
    make_folder(state)
    lock = lock_film(state)
    try:
        aside, known, vouched = _known(state)
        found = store.paid(film.stem, accounted(known))
        alone = named_alone(store, film)
        by = {id(each): _known_by(each, selects, steps, alone) for each in found}
        told = [_as_stored(each) for each in found if by[id(each)]]
        others = tuple(each for each in found if not by[id(each)])
        came = {(each.digest, each.ordinal) for each in told}
        claims = _claims(state, store, {each.run for each in known})
        if aside is None:
            claims = {d: left for d, left in claims.items() if left.run not in vouched}
        unknown = [
            _unknown(each, _step(each, steps))
            for each in _orders(logged.ordered(state), claims, known)
            if (each.digest, each.ordinal) not in came
        ]
        last = max((each.id for each in known), default=0)
        new = tuple(_numbered((*told, *unknown), last + 1))
        seen = {left.run for left in claims.values()} | logged.runs(state)
        _write(state, known if aside else (), new, seen)
        counted = Counter(name for name in by.values() if name)
        return Rebuilt(aside, len(known), new[: len(told)], counted, others, new[len(told) :])
    finally:
        lock.release()


def _known(state: Path) -> tuple[Path | None, tuple[Attempt, ...], frozenset[str]]:
    """What the ledger tells, and the runs it vouches for; one that is damaged is moved aside."""
    path = state / rows.FILE
    try:
        with rows.legible(state), closing(rows.opened(state)) as connection:
            if (told := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(told)
            return None, tuple(rows.read(connection)), rows.remembered(connection)
    except EnvironmentProblem as problem:
        if not isinstance(problem.__cause__, (sqlite3.Error, ValueError, TypeError)):
            raise
    aside = path.with_name(f"ledger.damaged-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}.sqlite")
    for part in _PARTS:
        with suppress(FileNotFoundError):
            Path(f"{path}{part}").rename(f"{aside}{part}")
    return aside, tuple(_doubted(each) for each in _salvaged(aside)), frozenset()


def _salvaged(path: Path) -> list[Attempt]:
    """Attempts that a damaged ledger still tells, read from either end until the damage."""
    found: dict[int, Attempt] = {}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        copy = Path(folder) / rows.FILE
        for part in _PARTS:
            with suppress(FileNotFoundError):
                copy2(f"{path}{part}", f"{copy}{part}")
        with closing(sqlite3.connect(copy)) as connection:
            connection.row_factory = sqlite3.Row
            for way in ("ASC", "DESC"):
                with suppress(sqlite3.Error):
                    for row in connection.execute(f"SELECT * FROM attempts ORDER BY id {way}"):
                        named = {**dict.fromkeys(rows.COLUMNS, 0), **dict(row)}
                        with suppress(ValueError, TypeError):
                            each = rows.attempt_of([named[name] for name in rows.COLUMNS])
                            found[each.id] = each
    return [found[id] for id in sorted(found)]


def _doubted(attempt: Attempt) -> Attempt:
    """What a damaged ledger says was not sent yet may have been sent since."""
    early = attempt.state in (State.PLANNED, State.INTENT)
    if attempt.repeatable or not early:
        return attempt
    return replace(attempt, state=State.UNKNOWN, message=_LOST, updated_at=time.time())


def _known_by(record: Record, selects: Selects, steps: Collection[str], alone: bool) -> str:
    """What says that a take is this film's; empty where nothing does."""
    if selects.has(record.take):
        return "its lock file"
    if record.take.digest in steps:
        return "today's plan"
    return "its name" if alone else ""


def _as_stored(record: Record) -> Attempt:
    take = record.take
    return Attempt(
        digest=take.digest,
        ordinal=take.ordinal,
        step=record.step,
        shot=take.shot,
        kind=record.kind,
        provider=take.provider,
        model=take.model,
        repeatable=False,
        seed=take.seed,
        parts=record.parts,
        run="rebuilt",
        state=State.COMMITTED,
        operation=take.operation,
        sha256=take.sha256,
        reserved_micros=take.price_micros,
        settled_micros=take.price_micros,
        message="as the store has it",
        created_at=take.created_at,
        updated_at=take.created_at,
    )


def _claims(state: Path, store: Store, runs: Collection[str]) -> dict[str, Holder]:
    """By digest, what runs of this film died with while money was at stake."""
    own = {*runs, *logged.runs(state)}
    about = str(state.absolute())
    return {d: left for d, left in store.claims.left() if left.about == about or left.run in own}


def _orders(
    logs: Collection[Ordered], claims: Mapping[str, Holder], known: Collection[Attempt]
) -> Iterator[Ordered]:
    """What is at stake under the claims, and the ledger does not tell of."""
    for digest, left in claims.items():
        takes = [each for each in logs if each.digest == digest]
        for each in takes or [Ordered(digest, 1, left.run, step=digest[:12])]:
            if not any(
                (row.digest, row.ordinal) == (digest, each.ordinal)
                and (row.state not in OVER or row.run == left.run)
                for row in known
            ):
                yield each


def _numbered(attempts: Collection[Attempt], next_id: int) -> Iterator[Attempt]:
    """The attempts with ids, so that those of one order follow each other and no others do."""
    before: Attempt | None = None
    for each in attempts:
        id = next_id + each.sample
        if before and each.sample > before.sample and each.digest == before.digest:
            id = before.id + each.sample - before.sample
        before = replace(each, id=id)
        next_id = id + 1
        yield before


def _step(order: Ordered, steps: Mapping[str, Step]) -> Step | None:
    """What was ordered, where the film still has it so."""
    if order.digest in steps:
        return steps[order.digest]
    step = steps.get(order.step)
    same = step is not None and (step.provider, step.model) == (order.provider, order.model)
    return step if same else None


def _unknown(order: Ordered, step: Step | None) -> Attempt:
    now = time.time()
    named = f"; its run log last knew it as {order.operation}" if order.operation else ""
    return Attempt(
        digest=order.digest,
        ordinal=order.ordinal,
        step=step.id if step else order.step,
        shot=step.shot if step else order.shot,
        kind=step.kind.value if step else order.kind,
        provider=step.provider if step else order.provider,
        model=step.model if step else order.model,
        repeatable=False,
        buys_frames=step.buys_frames if step else 0,
        sample=order.place % max(1, step.samples) if step else 0,
        run=f"{order.run}-lost",  # no bucket has anything under this name
        state=State.UNKNOWN,
        reserved_micros=step.price_micros if step else 0,
        message=f"{_LOST}{named}",
        created_at=now,
        updated_at=now,
    )


def _write(
    state: Path, known: Collection[Attempt], new: Collection[Attempt], runs: Collection[str]
) -> None:
    now = time.time()
    with closing(rows.opened(state)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for each in (*known, *new):
            for sql, values in (rows.insert(each), rows.move(each)):
                connection.execute(sql, values)
        for run in {*runs, *(each.run for each in (*known, *new))}:
            connection.execute(*rows.sign(run, now))
        connection.execute("COMMIT")
