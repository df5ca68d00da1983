"""The rows of a ledger: attempts as SQLite keeps them, in every version of its tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storyboard.errors import EnvironmentProblem
from storyboard.providers.base import Sample
from storyboard.run.ledger.attempts import FINAL_STATES, Attempt, State
from storyboard.run.ledger.writer import Statement
from storyboard.util.serialization import reject_unknown_names
from storyboard.util.sqlite import (
    explain_database_error,
    open_database,
    open_database_read_only,
)

LEDGER_FILE = "ledger.sqlite"
COLUMNS = tuple(
    (
        "digest ordinal step shot kind provider model repeatable request seed parts buys_frames "
        "given_frames width height sample picks id run state operation samples sha256 "
        "reserved_micros settled_micros message created_at updated_at"
    ).split()
)
_VERSIONS = (
    """
    CREATE TABLE attempts (
        digest TEXT NOT NULL, ordinal INTEGER NOT NULL, step TEXT NOT NULL, shot TEXT NOT NULL,
        kind TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
        repeatable INTEGER NOT NULL, request TEXT NOT NULL, seed INTEGER, parts TEXT NOT NULL,
        buys_frames INTEGER NOT NULL, given_frames INTEGER NOT NULL, id INTEGER PRIMARY KEY,
        run TEXT NOT NULL, state TEXT NOT NULL, operation TEXT NOT NULL, samples TEXT NOT NULL,
        sha256 TEXT NOT NULL, reserved_micros INTEGER NOT NULL, settled_micros INTEGER NOT NULL,
        message TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL);
    CREATE INDEX attempts_by_state ON attempts (state);
    CREATE TABLE moves (attempt INTEGER NOT NULL, state TEXT NOT NULL, at REAL NOT NULL)
    """,
    """
    ALTER TABLE attempts ADD COLUMN width INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempts ADD COLUMN height INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempts ADD COLUMN sample INTEGER NOT NULL DEFAULT 0
    """,
    "ALTER TABLE attempts ADD COLUMN picks INTEGER NOT NULL DEFAULT 0",
    """
    CREATE TABLE runs (run TEXT PRIMARY KEY, at REAL NOT NULL);
    INSERT INTO runs SELECT run, min(created_at) FROM attempts GROUP BY run
    """,
)


def open_ledger(state_folder: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """The ledger in `state_folder`, created where there is none, in its newest version.

    With `read_only` the folder may be one that can only be read.

    An empty file is none, unless runs have left their logs beside it: theirs was lost then.
    Raises EnvironmentProblem for one that is damaged, or newer than this storyboard.
    """
    with explain_read_errors(state_folder):
        if _is_emptied_ledger(state_folder):
            raise sqlite3.DatabaseError("the file is empty")
        return (open_database_read_only if read_only else open_database)(
            state_folder / LEDGER_FILE, _VERSIONS, "ledger"
        )


@contextmanager
def explain_read_errors(state_folder: Path) -> Iterator[None]:
    """Says of a ledger that can't be read what a user can do.

    Raises MachineProblem for what the disk refuses, and EnvironmentProblem, caused by the error,
    for a damaged ledger.
    """
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError) as error:
        if isinstance(error, sqlite3.Error) and (
            problem := explain_database_error(error, state_folder / LEDGER_FILE)
        ):
            raise problem from error
        raise EnvironmentProblem(
            f"the ledger {state_folder / LEDGER_FILE} can't be read: {error}",
            hint="restore it from a backup, because it lists open purchases; if you have "
            "none, run `storyboard runs FILM --rebuild`: it moves the file aside and "
            "recovers as much as possible",
        ) from error


def _is_emptied_ledger(state_folder: Path) -> bool:
    try:
        empty = (state_folder / LEDGER_FILE).stat().st_size == 0
    except FileNotFoundError:
        return False
    return empty and any((state_folder / "runs").glob("*.jsonl"))


def read_known_runs(connection: sqlite3.Connection) -> frozenset[str]:
    """The runs that this ledger has seen."""
    return frozenset(run for (run,) in connection.execute("SELECT run FROM runs"))


def build_run_insert(run: str, at: float) -> Statement:
    return "INSERT OR IGNORE INTO runs VALUES (?, ?)", (run, at)


def read_attempts(
    connection: sqlite3.Connection,
    *,
    open_only: bool = False,
    include_picks: bool = False,
    ids: Sequence[int] = (),
) -> Iterable[Attempt]:
    """Attempts, oldest first, or only those of `ids`.

    Raises ValueError or TypeError for a row that says nonsense.
    """
    sql = f"SELECT {', '.join(COLUMNS)} FROM attempts"
    if open_only:
        final_states = ", ".join(f"'{state}'" for state in sorted(FINAL_STATES))
        sql += f" WHERE state NOT IN ({final_states})" + (" OR picks" if include_picks else "")
    elif ids:
        sql += f" WHERE id IN ({', '.join(str(id) for id in ids)})"
    for row in connection.execute(sql + " ORDER BY id"):
        yield to_attempt(row)


def to_attempt(row: Sequence[Any]) -> Attempt:
    """The attempt of a row with all of `COLUMNS`."""
    values = dict(zip(COLUMNS, row, strict=True))
    return Attempt(
        digest=values["digest"],
        ordinal=values["ordinal"],
        step=values["step"],
        shot=values["shot"],
        kind=values["kind"],
        provider=values["provider"],
        model=values["model"],
        repeatable=bool(values["repeatable"]),
        request=values["request"],
        seed=values["seed"],
        parts=json.loads(values["parts"]),
        buys_frames=values["buys_frames"],
        given_frames=values["given_frames"],
        width=values["width"],
        height=values["height"],
        sample=values["sample"],
        picks=bool(values["picks"]),
        id=values["id"],
        run=values["run"],
        state=State(values["state"]),
        operation=values["operation"],
        samples=tuple(map(_parse_sample, json.loads(values["samples"]))),
        sha256=values["sha256"],
        reserved_micros=values["reserved_micros"],
        settled_micros=values["settled_micros"],
        message=values["message"],
        created_at=values["created_at"],
        updated_at=values["updated_at"],
    )


def _to_row(attempt: Attempt) -> tuple[Any, ...]:
    """Its values in the order of `COLUMNS`."""
    values = {
        "digest": attempt.digest,
        "ordinal": attempt.ordinal,
        "step": attempt.step,
        "shot": attempt.shot,
        "kind": attempt.kind,
        "provider": attempt.provider,
        "model": attempt.model,
        "repeatable": attempt.repeatable,
        "request": attempt.request,
        "seed": attempt.seed,
        "parts": json.dumps(dict(attempt.parts)),
        "buys_frames": attempt.buys_frames,
        "given_frames": attempt.given_frames,
        "width": attempt.width,
        "height": attempt.height,
        "sample": attempt.sample,
        "picks": attempt.picks,
        "id": attempt.id,
        "run": attempt.run,
        "state": attempt.state,
        "operation": attempt.operation,
        "samples": _format_samples(attempt),
        "sha256": attempt.sha256,
        "reserved_micros": attempt.reserved_micros,
        "settled_micros": attempt.settled_micros,
        "message": attempt.message,
        "created_at": attempt.created_at,
        "updated_at": attempt.updated_at,
    }
    return tuple(values[name] for name in COLUMNS)


def build_attempt_insert(attempt: Attempt) -> Statement:
    placeholders = ", ".join("?" * len(COLUMNS))
    return f"INSERT INTO attempts ({', '.join(COLUMNS)}) VALUES ({placeholders})", _to_row(attempt)


def _format_samples(attempt: Attempt) -> str:
    """Those that a URI names or a problem explains; the others keep their places beside them."""
    if not any(sample.uri or sample.problem for sample in attempt.samples):
        return "[]"
    return json.dumps(
        [
            {
                "uri": sample.uri,
                "expires_at": sample.expires_at,
                "contains_source": sample.contains_source,
                "source_frames": sample.source_frames,
                **({"problem": sample.problem} if sample.problem else {}),
            }
            for sample in attempt.samples
        ]
    )


def _parse_sample(fields: Mapping[str, Any]) -> Sample:
    reject_unknown_names(
        fields, ("uri", "expires_at", "contains_source", "source_frames", "problem")
    )
    return Sample(
        uri=fields.get("uri", ""),
        expires_at=fields.get("expires_at"),
        contains_source=fields.get("contains_source", False),
        source_frames=fields.get("source_frames", 0),
        problem=fields.get("problem", ""),
    )


def build_attempt_update(attempt: Attempt) -> Statement:
    return (
        "UPDATE attempts SET state = ?, operation = ?, samples = ?, sha256 = ?,"
        " settled_micros = ?, message = ?, updated_at = ? WHERE id = ?",
        (
            attempt.state,
            attempt.operation,
            _format_samples(attempt),
            attempt.sha256,
            attempt.settled_micros,
            attempt.message,
            attempt.updated_at,
            attempt.id,
        ),
    )


def build_move_insert(attempt: Attempt) -> Statement:
    return (
        "INSERT INTO moves VALUES (?, ?, ?)",
        (attempt.id, attempt.state, attempt.updated_at),
    )
