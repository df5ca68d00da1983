"""The store's index: which takes exist, by digest, shot and content.

It only makes looking up fast. The sidecars are the truth, so a lost or damaged index is thrown
away and built again from them.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from storyboard.model.take import TakeKey
from storyboard.run.store.take_record import TakeRecord, parse_record, to_record_json
from storyboard.util.file_lock import FileLock
from storyboard.util.machine_errors import MachineProblem
from storyboard.util.sqlite import (
    explain_database_error,
    open_database,
    open_database_read_only,
)

_T = TypeVar("_T")
_BATCH_SIZE = 500

_VERSIONS = (
    """
    CREATE TABLE takes (
        digest TEXT NOT NULL, ordinal INTEGER NOT NULL, sha256 TEXT NOT NULL,
        shot TEXT NOT NULL, step TEXT NOT NULL, provider TEXT NOT NULL, film TEXT NOT NULL,
        created REAL NOT NULL, record TEXT NOT NULL, PRIMARY KEY (digest, ordinal));
    CREATE INDEX takes_by_shot ON takes (shot);
    CREATE INDEX takes_by_step ON takes (step, film);
    CREATE INDEX takes_by_content ON takes (sha256)
    """,
    "CREATE INDEX takes_by_operation ON takes (json_extract(record, '$.operation'))",
    """
    CREATE TABLE takes_by_bytes (
        digest TEXT NOT NULL, ordinal INTEGER NOT NULL, sha256 TEXT NOT NULL,
        shot TEXT NOT NULL, step TEXT NOT NULL, provider TEXT NOT NULL, film TEXT NOT NULL,
        created REAL NOT NULL, record TEXT NOT NULL, PRIMARY KEY (digest, ordinal, sha256));
    INSERT INTO takes_by_bytes SELECT * FROM takes;
    DROP TABLE takes;
    ALTER TABLE takes_by_bytes RENAME TO takes;
    CREATE INDEX takes_by_shot ON takes (shot);
    CREATE INDEX takes_by_step ON takes (step, film);
    CREATE INDEX takes_by_content ON takes (sha256);
    CREATE INDEX takes_by_operation ON takes (json_extract(record, '$.operation'))
    """,
)


class TakeIndex:
    """The index at `path`; `read_sidecars` reads every record again when it must be rebuilt.

    Safe for the threads of one process and for several processes. Where the folder is not
    `writable` it is a copy in memory.
    """

    def __init__(
        self,
        path: Path,
        read_sidecars: Callable[[], Iterable[TakeRecord]],
        on_notice: Callable[[str], None],
        *,
        writable: bool = True,
    ) -> None:
        self._path = path
        self._writable = writable
        self._sidecars = read_sidecars
        self._notice = on_notice
        self._guard = threading.RLock()
        self._connection = self._open_or_rebuild()

    def find_records_by_digest(self, digests: Sequence[str]) -> dict[str, list[TakeRecord]]:
        """The records of those digests, lowest ordinal first; a digest without takes is absent.

        Of takes with the same ordinal the one that was made first comes first.
        """
        grouped: dict[str, list[TakeRecord]] = {}
        for start in range(0, len(digests), _BATCH_SIZE):
            batch = digests[start : start + _BATCH_SIZE]
            placeholders = ",".join("?" * len(batch))
            sql = (
                f"SELECT record FROM takes WHERE digest IN ({placeholders})"
                " ORDER BY digest, ordinal, created, sha256"
            )
            for record in self._query_records(sql, batch):
                grouped.setdefault(record.take.digest, []).append(record)
        return grouped

    def find_records_by_shot(self, shot_or_step: str) -> list[TakeRecord]:
        """The records that were first made for a shot, or by a step of that id, oldest first."""
        sql = "SELECT record FROM takes WHERE shot = ? OR step = ? ORDER BY created"
        return self._query_records(sql, [shot_or_step, shot_or_step])

    def find_records_by_content(self, sha256: str) -> list[TakeRecord]:
        return self._query_records("SELECT record FROM takes WHERE sha256 = ?", [sha256])

    def find_records_by_operation(self, provider: str, operation: str) -> list[TakeRecord]:
        condition = "json_extract(record, '$.operation') = ? AND provider = ?"
        return self._query_records(
            f"SELECT record FROM takes WHERE {condition}", [operation, provider]
        )

    def find_paid_records(
        self, film_stem: str, excluded_keys: Collection[TakeKey]
    ) -> list[TakeRecord]:
        """The records of takes first made for a film that cost something, oldest first.

        Those of `excluded_keys` are left out, and not read; one without content means any.
        """
        condition = "film = ? AND json_extract(record, '$.price_usd') > 0"
        sql = f"SELECT digest, ordinal, sha256 FROM takes WHERE {condition}"
        paid_rows = self._run_with_repair(
            lambda connection: connection.execute(sql, [film_stem]).fetchall()
        )
        wanted_keys = {
            key
            for key in paid_rows
            if key not in excluded_keys and (*key[:2], "") not in excluded_keys
        }
        matches = [
            record
            for records in self.find_records_by_digest(
                sorted({digest for digest, *_ in wanted_keys})
            ).values()
            for record in records
            if record.take.key in wanted_keys
        ]
        return sorted(matches, key=lambda record: record.take.created_at)

    def find_first_take_dates(
        self, step: str, provider: str, film_stem: str
    ) -> list[tuple[float, str]]:
        """(when its first take was made, digest) of a film's step; an empty provider means any."""
        return self._run_with_repair(
            lambda connection: connection.execute(
                "SELECT min(created), digest FROM takes"
                " WHERE step = ? AND film = ? AND ? IN ('', provider) GROUP BY digest",
                (step, film_stem, provider),
            ).fetchall()
        )

    def list_records(self) -> list[TakeRecord]:
        """Every record, oldest first."""
        return self._query_records(
            "SELECT record FROM takes ORDER BY created, digest, ordinal, sha256", []
        )

    def add_records(
        self, records: Sequence[TakeRecord], *, replaced: Sequence[TakeRecord] = ()
    ) -> None:
        """Enters the rows of takes, or enters them again; those of `replaced` go."""
        self._run_with_repair(
            lambda connection: _insert_records(connection, records, dropped=replaced)
        )

    def drop_record(self, record: TakeRecord) -> None:
        self._run_with_repair(lambda connection: connection.execute(_DELETE, record.take.key))

    def rebuild(self, why: str) -> None:
        """Builds the index again from the sidecars; one process at a time, the others wait."""
        with self._guard:
            try:
                _insert_records(self._connection, self._sidecars(), clear_first=True)
            except sqlite3.DatabaseError:
                self._connection.close()
                self._connection = self._rebuild_file(why)

    def close(self) -> None:
        with self._guard:
            self._connection.close()

    def _open_or_rebuild(self) -> sqlite3.Connection:
        if not self._path.exists():
            return self._rebuild_file("was missing")
        return self._try_connect() or self._rebuild_file("was damaged")

    def _try_connect(self) -> sqlite3.Connection | None:
        """The index as it stands, or None when it can't be used."""
        try:
            connection = open_database_read_only(self._path, _VERSIONS, "store's index")
            connection.execute("SELECT digest FROM takes LIMIT 1").fetchone()
            return connection
        except sqlite3.DatabaseError as error:
            _raise_if_curable(error, self._path)
            return None

    def _rebuild_file(self, why: str) -> sqlite3.Connection:
        if not self._writable:
            copy = open_database(Path(":memory:"), _VERSIONS, "store's index")
            _insert_records(copy, self._sidecars())
            return copy
        lock = FileLock(self._path.with_name("index.lock"))
        while not lock.try_acquire("rebuilding the index"):
            time.sleep(0.02)
        try:
            if self._path.exists() and (connection := self._try_connect()):
                return connection  # another process was quicker
            for tail in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + tail).unlink(missing_ok=True)
            connection = open_database(self._path, _VERSIONS, "store's index")
            records = list(self._sidecars())
            _insert_records(connection, records)
            if records:
                self._notice(f"the store's index {why}; rebuilt from {len(records)} takes")
            return connection
        except sqlite3.DatabaseError as error:
            _raise_if_curable(error, self._path)
            raise MachineProblem(
                f"{self._path} can't be written: {error}",
                hint="free some disk space, or set STORYBOARD_STORE to a folder on another disk",
            ) from error
        finally:
            lock.release()

    def _query_records(self, sql: str, values: Sequence[Any]) -> list[TakeRecord]:
        rows = self._run_with_repair(lambda connection: connection.execute(sql, values).fetchall())
        return [parse_record(json.loads(row[0])) for row in rows]

    def _run_with_repair(self, act: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._guard:
            try:
                return act(self._connection)
            except sqlite3.DatabaseError as error:
                _raise_if_curable(error, self._path)
            self._connection.close()
            self._connection = self._rebuild_file("was damaged")
            return act(self._connection)


def _raise_if_curable(error: sqlite3.DatabaseError, path: Path) -> None:
    """Raises what a person can cure; returns where the index itself is to blame."""
    if problem := explain_database_error(error, path):
        raise problem from error


_DELETE = "DELETE FROM takes WHERE digest = ? AND ordinal = ? AND sha256 = ?"


def _insert_records(
    connection: sqlite3.Connection,
    records: Iterable[TakeRecord],
    *,
    dropped: Iterable[TakeRecord] = (),
    clear_first: bool = False,
) -> None:
    rows: Iterator[tuple[Any, ...]] = (
        (
            record.take.digest,
            record.take.ordinal,
            record.take.sha256,
            record.take.shot,
            record.step,
            record.take.provider,
            record.film,
            record.take.created_at,
            json.dumps(to_record_json(record), ensure_ascii=False),
        )
        for record in records
    )
    connection.execute("BEGIN IMMEDIATE")
    try:
        if clear_first:
            connection.execute("DELETE FROM takes")
        connection.executemany(_DELETE, [record.take.key for record in dropped])
        connection.executemany("INSERT OR REPLACE INTO takes VALUES (?,?,?,?,?,?,?,?,?)", rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
