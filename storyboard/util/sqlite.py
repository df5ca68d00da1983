"""SQLite as both of our databases use it: WAL, full flushes, and a version that only goes up."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from storyboard.errors import EnvironmentProblem

_WAIT_S = 30.0


class _Connection(sqlite3.Connection):
    """Closes itself when it is dropped: readers are many and short."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()


def open_database(
    path: Path, upgrade_scripts: Sequence[str], database_name: str
) -> sqlite3.Connection:
    """Opens or creates `path` and brings it to the newest of `upgrade_scripts`.

    `upgrade_scripts[n]` leads from version n to n + 1. Transactions are explicit.
    Raises EnvironmentProblem for a database of a newer storyboard, sqlite3.DatabaseError for a
    damaged one.
    """
    connection = sqlite3.connect(
        path,
        timeout=_WAIT_S,
        isolation_level=None,
        check_same_thread=False,
        factory=_Connection,
    )
    try:
        _upgrade_schema(connection, upgrade_scripts, database_name)
    except BaseException:
        connection.close()
        raise
    return connection


def open_database_read_only(
    path: Path, upgrade_scripts: Sequence[str], database_name: str
) -> sqlite3.Connection:
    """Opens `path` to look into it: in a folder that may only be read, as a copy in memory.

    What is changed in a copy is lost. Raises like `connect`, also for a database that can't be
    read whole without writing.
    """
    if os.access(path.parent, os.W_OK):
        return open_database(path, upgrade_scripts, database_name)
    copy = sqlite3.connect(
        ":memory:", isolation_level=None, check_same_thread=False, factory=_Connection
    )
    try:
        with closing(_connect_read_only(path)) as source:
            source.backup(copy)
        _upgrade_schema(copy, upgrade_scripts, database_name)
    except BaseException:
        copy.close()
        raise
    return copy


def _connect_read_only(path: Path) -> sqlite3.Connection:
    """A database in a folder where its `-shm` can't be made; nobody writes one without a `-wal`."""
    wal = path.with_name(f"{path.name}-wal")
    query = "mode=ro" if wal.exists() and wal.stat().st_size else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{query}", uri=True)


def _upgrade_schema(
    connection: sqlite3.Connection, upgrade_scripts: Sequence[str], database_name: str
) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    version = _read_schema_version(connection)
    if version > len(upgrade_scripts):
        raise EnvironmentProblem(
            f"a newer storyboard wrote the {database_name}", hint="upgrade storyboard"
        )
    if version == len(upgrade_scripts):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for script in upgrade_scripts[_read_schema_version(connection) :]:
            for statement in script.split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(upgrade_scripts)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _read_schema_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
