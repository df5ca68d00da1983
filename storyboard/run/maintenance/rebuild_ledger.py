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
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copy2

from storyboard.errors import EnvironmentProblem
from storyboard.graph.steps import Step
from storyboard.run import run_log
from storyboard.run.ledger import schema
from storyboard.run.ledger.attempts import FINAL_STATES, Attempt, State
from storyboard.run.ledger.ledger import lock_film
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.maintenance.untracked_takes import has_unique_stem, list_known_take_keys
from storyboard.run.paths import create_git_ignored_folder
from storyboard.run.run_log import LoggedSubmission
from storyboard.run.store.store import Store
from storyboard.run.store.take_record import TakeRecord
from storyboard.util.file_lock import LockOwner
from storyboard.util.machine_errors import MachineProblem, explain_machine_errors

_ASIDE = "ledger.damaged-{}.sqlite"
_FILE_SUFFIXES = ("", "-wal", "-shm")
_LOST_MESSAGE = "the ledger was lost during the submission"


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What came of it."""

    damaged_file: Path | None
    """Where the damaged file is; None when the ledger could be read, or was gone."""
    read_count: int
    """Attempts that it still told."""
    saved_attempts: tuple[Attempt, ...]
    """Takes that the store told instead."""
    evidence_counts: Mapping[str, int]
    """How many `its lock file`, `today's plan` or `its name` alone says are this film's."""
    foreign_takes: tuple[TakeRecord, ...]
    """Paid takes of a film of that name that stay out: nobody can say that they are this one's."""
    unknown_attempts: tuple[Attempt, ...]
    """What may have been bought and was entered anew."""


def rebuild_ledger(
    state_folder: Path,
    store: Store,
    lock_file: LockFile,
    film: Path,
    steps_by_key: Mapping[str, Step],
) -> RebuildReport:
    """Builds the ledger in the state folder of `film` again; the old one stays or comes back where
    that can't be finished.

    `steps_by_key`, by id and by digest, say what was ordered, and its price. Raises
    EnvironmentProblem when the film is at work, or its ledger is of a newer storyboard.
    """
    create_git_ignored_folder(state_folder)
    lock = lock_film(state_folder)
    try:
        with explain_machine_errors(str(state_folder)), _put_ledger_back_on_error(state_folder):
            return _rebuild_locked_ledger(state_folder, store, lock_file, film, steps_by_key)
    finally:
        lock.release()


@contextmanager
def _put_ledger_back_on_error(state_folder: Path) -> Iterator[None]:
    """Gives the ledger that was moved aside its name again where no new one was finished."""
    path = state_folder / schema.LEDGER_FILE
    before = set(state_folder.glob(_ASIDE.format("*")))
    try:
        yield
    except BaseException:
        for aside in set(state_folder.glob(_ASIDE.format("*"))) - before:
            for suffix in _FILE_SUFFIXES:
                Path(f"{path}{suffix}").unlink(missing_ok=True)
                with suppress(FileNotFoundError):
                    Path(f"{aside}{suffix}").rename(f"{path}{suffix}")
        raise


def _rebuild_locked_ledger(
    state_folder: Path,
    store: Store,
    lock_file: LockFile,
    film: Path,
    steps_by_key: Mapping[str, Step],
) -> RebuildReport:
    damaged_file, known_attempts, vouched_runs = _read_or_set_aside_ledger(state_folder)
    paid_records = store.find_paid_records(film.stem, list_known_take_keys(known_attempts))
    is_only_film = has_unique_stem(store, film)
    evidence = {
        id(item): _find_ownership_evidence(item, lock_file, steps_by_key, is_only_film)
        for item in paid_records
    }
    stored = [_to_committed_attempt(item) for item in paid_records if evidence[id(item)]]
    foreign_takes = tuple(item for item in paid_records if not evidence[id(item)])
    stored_keys = {(item.digest, item.ordinal) for item in stored}
    claims = _find_abandoned_claims(state_folder, store, {item.run for item in known_attempts})
    if damaged_file is None:
        claims = {d: owner for d, owner in claims.items() if owner.run not in vouched_runs}
    unknown = [
        _to_unknown_attempt(item, _find_current_step(item, steps_by_key))
        for item in _find_lost_submissions(
            run_log.find_unfinished_submissions(state_folder), claims, known_attempts
        )
        if (item.digest, item.ordinal) not in stored_keys
    ]
    last_id = max((item.id for item in known_attempts), default=0)
    new_attempts = tuple(_assign_ids((*stored, *unknown), last_id + 1))
    seen_runs = {owner.run for owner in claims.values()} | run_log.list_logged_runs(state_folder)
    _insert_attempts_and_runs(
        state_folder, known_attempts if damaged_file else (), new_attempts, seen_runs
    )
    evidence_counts = Counter(name for name in evidence.values() if name)
    return RebuildReport(
        damaged_file,
        len(known_attempts),
        new_attempts[: len(stored)],
        evidence_counts,
        foreign_takes,
        new_attempts[len(stored) :],
    )


def _read_or_set_aside_ledger(
    state_folder: Path,
) -> tuple[Path | None, tuple[Attempt, ...], frozenset[str]]:
    """What the ledger tells, and the runs it vouches for; one that is damaged is moved aside."""
    path = state_folder / schema.LEDGER_FILE
    try:
        with (
            schema.explain_read_errors(state_folder),
            closing(schema.open_ledger(state_folder)) as connection,
        ):
            if (check_result := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(check_result)
            return None, tuple(schema.read_attempts(connection)), schema.read_known_runs(connection)
    except MachineProblem:
        raise  # the disk is to blame, and the ledger may be sound
    except EnvironmentProblem as problem:
        if not isinstance(problem.__cause__, (sqlite3.Error, ValueError, TypeError)):
            raise
    damaged_file = path.with_name(_ASIDE.format(time.strftime("%Y%m%dT%H%M%S", time.gmtime())))
    for suffix in _FILE_SUFFIXES:
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{damaged_file}{suffix}")
    return (
        damaged_file,
        tuple(_mark_unsent_as_unknown(attempt) for attempt in _salvage_attempts(damaged_file)),
        frozenset(),
    )


def _salvage_attempts(damaged_ledger: Path) -> list[Attempt]:
    """Attempts that a damaged ledger still tells, read from either end until the damage."""
    attempts: dict[int, Attempt] = {}
    with tempfile.TemporaryDirectory(dir=damaged_ledger.parent) as folder:
        copy = Path(folder) / schema.LEDGER_FILE
        for suffix in _FILE_SUFFIXES:
            with suppress(FileNotFoundError):
                copy2(f"{damaged_ledger}{suffix}", f"{copy}{suffix}")
        with closing(sqlite3.connect(copy)) as connection:
            connection.row_factory = sqlite3.Row
            for direction in ("ASC", "DESC"):
                with suppress(sqlite3.Error):
                    for row in connection.execute(
                        f"SELECT * FROM attempts ORDER BY id {direction}"
                    ):
                        columns = {**dict.fromkeys(schema.COLUMNS, 0), **dict(row)}
                        with suppress(ValueError, TypeError):
                            attempt = schema.to_attempt([columns[name] for name in schema.COLUMNS])
                            attempts[attempt.id] = attempt
    return [attempts[id] for id in sorted(attempts)]


def _mark_unsent_as_unknown(attempt: Attempt) -> Attempt:
    """What a damaged ledger says was not sent yet may have been sent since."""
    is_unsent = attempt.state in (State.PLANNED, State.INTENT)
    if attempt.repeatable or not is_unsent:
        return attempt
    return replace(attempt, state=State.UNKNOWN, message=_LOST_MESSAGE, updated_at=time.time())


def _find_ownership_evidence(
    record: TakeRecord, lock_file: LockFile, planned_digests: Collection[str], is_only_film: bool
) -> str:
    """What says that a take is this film's; empty where nothing does."""
    if lock_file.has_take(record.take):
        return "its lock file"
    if record.take.digest in planned_digests:
        return "today's plan"
    return "its name" if is_only_film else ""


def _to_committed_attempt(record: TakeRecord) -> Attempt:
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
        message="as recorded in the store",
        created_at=take.created_at,
        updated_at=take.created_at,
    )


def _find_abandoned_claims(
    state_folder: Path, store: Store, known_runs: Collection[str]
) -> dict[str, LockOwner]:
    """By digest, what runs of this film died with while money was at stake."""
    own_runs = {*known_runs, *run_log.list_logged_runs(state_folder)}
    about = str(state_folder.absolute())
    return {
        d: owner
        for d, owner in store.claims.list_abandoned_claims()
        if owner.about == about or owner.run in own_runs
    }


def _find_lost_submissions(
    logged_submissions: Collection[LoggedSubmission],
    claims: Mapping[str, LockOwner],
    known_attempts: Collection[Attempt],
) -> Iterator[LoggedSubmission]:
    """What is at stake under the claims, and the ledger does not tell of."""
    for digest, owner in claims.items():
        submissions = [
            submission for submission in logged_submissions if submission.digest == digest
        ]
        for submission in submissions or [LoggedSubmission(digest, 1, owner.run, step=digest[:12])]:
            if not any(
                (row.digest, row.ordinal) == (digest, submission.ordinal)
                and (row.state not in FINAL_STATES or row.run == owner.run)
                for row in known_attempts
            ):
                yield submission


def _assign_ids(attempts: Collection[Attempt], next_id: int) -> Iterator[Attempt]:
    """The attempts with ids, so that those of one order follow each other and no others do."""
    previous: Attempt | None = None
    for attempt in attempts:
        id = next_id + attempt.sample
        if previous and attempt.sample > previous.sample and attempt.digest == previous.digest:
            id = previous.id + attempt.sample - previous.sample
        previous = replace(attempt, id=id)
        next_id = id + 1
        yield previous


def _find_current_step(
    submission: LoggedSubmission, steps_by_key: Mapping[str, Step]
) -> Step | None:
    """What was ordered, where the film still has it so."""
    if submission.digest in steps_by_key:
        return steps_by_key[submission.digest]
    step = steps_by_key.get(submission.step)
    is_same = step is not None and (step.provider, step.model) == (
        submission.provider,
        submission.model,
    )
    return step if is_same else None


def _to_unknown_attempt(submission: LoggedSubmission, step: Step | None) -> Attempt:
    now = time.time()
    operation_note = (
        f"; the run log last recorded it as {submission.operation}" if submission.operation else ""
    )
    return Attempt(
        digest=submission.digest,
        ordinal=submission.ordinal,
        step=step.id if step else submission.step,
        shot=step.shot if step else submission.shot,
        kind=step.kind.value if step else submission.kind,
        provider=step.provider if step else submission.provider,
        model=step.model if step else submission.model,
        repeatable=False,
        buys_frames=step.buys_frames if step else 0,
        sample=submission.position % max(1, step.samples) if step else 0,
        run=f"{submission.run}-lost",  # no bucket has anything under this name
        state=State.UNKNOWN,
        reserved_micros=step.price_micros if step else 0,
        message=f"{_LOST_MESSAGE}{operation_note}",
        created_at=now,
        updated_at=now,
    )


def _insert_attempts_and_runs(
    state_folder: Path,
    known_attempts: Collection[Attempt],
    new_attempts: Collection[Attempt],
    runs: Collection[str],
) -> None:
    now = time.time()
    with closing(schema.open_ledger(state_folder)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for attempt in (*known_attempts, *new_attempts):
            for sql, values in (
                schema.build_attempt_insert(attempt),
                schema.build_move_insert(attempt),
            ):
                connection.execute(sql, values)
        for run in {*runs, *(attempt.run for attempt in (*known_attempts, *new_attempts))}:
            connection.execute(*schema.build_run_insert(run, now))
        connection.execute("COMMIT")
