"""Opens our SQLite databases: WAL, full flushes, and a schema version that only increases.

It also tells errors apart: a full disk, missing permission, a failing disk, another process, or
damage of the database itself, the only one that calls for a repair.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from storyboard.errors import EnvironmentProblem
from storyboard.util.machine_errors import (
    MachineProblem,
    build_machine_problem,
    explain_machine_error,
)

_WAIT_S = 30.0
_PRIMARY_CODE = 0xFF
"""The bits of SQLite's error code that name the kind."""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_FORBIDDEN = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SMALLEST_ROOM = 1 << 18
"""A disk with fewer free bytes that fails SQLite counts as full: a WAL needs several pages."""


def explain_database_error(error: sqlite3.Error, path: Path) -> EnvironmentProblem | None:
    """What outside the database at `path` caused the error; None if the database is damaged.

    An error without SQLite's code is our own, for an impossible state, and counts as damage.
    """
    code = getattr(error, "sqlite_errorcode", None)
    kind = sqlite3.SQLITE_CORRUPT if code is None else code & _PRIMARY_CODE
    if kind in _DAMAGE:
        return None
    if kind in _BUSY:
        return EnvironmentProblem(
            f"{path} is locked by another process",
            hint="try again when the other process has finished",
        )
    if problem := _find_other_problem(path):
        return problem
    # SQLite reports a full disk as a plain I/O error at times, so the free space is checked too.
    if kind == sqlite3.SQLITE_FULL or _is_disk_full(path):
        return build_machine_problem(errno.ENOSPC, str(path))
    if kind in _FORBIDDEN or not os.access(path.parent, os.W_OK):
        return build_machine_problem(errno.EACCES, str(path))
    return build_machine_problem(errno.EIO, str(path), str(error))


def _find_other_problem(path: Path) -> MachineProblem | None:
    """Too many open files, for which SQLite only says that it can't open the database."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return explain_machine_error(error, str(path))
    return None


def _is_disk_full(path: Path) -> bool:
    try:
        state = os.statvfs(path.parent)
    except OSError:
        return False
    return state.f_bavail * state.f_frsize < _SMALLEST_ROOM


class _Connection(sqlite3.Connection):
    """Closes itself when it is dropped, since there are many short-lived readers."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()


def open_database(
    path: Path, upgrade_scripts: Sequence[str], database_name: str
) -> sqlite3.Connection:
    """Opens or creates `path` and upgrades it to the newest version.

    `upgrade_scripts[n]` upgrades version n to n + 1. Transactions are explicit. Raises
    EnvironmentProblem for a database of a newer storyboard, sqlite3.DatabaseError for a damaged
    one.
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
    """Opens `path` for reading; in a read-only folder, as a copy in memory.

    Changes to a copy are lost. Raises like `open_database`, also for a database that can't be read
    completely without writing.
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
    """Opens a database in a folder where SQLite can't create `-shm`; without a `-wal` nobody
    writes it.
    """
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
            f"the {database_name} was written by a newer version of storyboard",
            hint="upgrade storyboard",
        )
    if version == len(upgrade_scripts):
        return
    # Read the version again inside the transaction: another process may have upgraded meanwhile.
    connection.execute("BEGIN IMMEDIATE")
    try:
        for script in upgrade_scripts[_read_schema_version(connection) :]:
            # Statement by statement, since `executescript` would commit first.
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
