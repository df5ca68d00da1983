"""SQLite as our databases use it: WAL, full flushes, and a version that only goes up.

What SQLite refuses is told apart here, once: a full disk, a missing permission, a disk that fails,
another process, or damage of the database itself, which alone is a reason to mend it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from storyboard.errors import EnvironmentProblem
from storyboard.util.disk_errors import DiskProblem

_WAIT_S = 30.0
_PRIMARY_CODE = 0xFF
"""The bits of SQLite's error code that name the kind."""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_FORBIDDEN = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SMALLEST_ROOM = 1 << 18
"""Free bytes below which a disk that fails SQLite is taken for full: a WAL wants some pages."""


def explain_database_error(error: sqlite3.Error, path: Path) -> EnvironmentProblem | None:
    """What of the machine around the database at `path` is to blame; None for its own damage.

    An error without SQLite's code is one that we raise ourselves, of what can't be.
    """
    code = getattr(error, "sqlite_errorcode", None)
    kind = sqlite3.SQLITE_CORRUPT if code is None else code & _PRIMARY_CODE
    if kind in _DAMAGE:
        return None
    if kind in _BUSY:
        return EnvironmentProblem(
            f"another process keeps {path} busy", hint="try again when it is done"
        )
    if kind == sqlite3.SQLITE_FULL or _is_disk_full(path):
        return DiskProblem(
            f"the disk is full: {path}",
            hint="make room, then run the same command again; finished takes are safe",
        )
    if kind in _FORBIDDEN or not os.access(path.parent, os.W_OK):
        return DiskProblem(
            f"no permission to write {path}",
            hint="check who owns the folder, or use another one (STORYBOARD_STORE, -o)",
        )
    return DiskProblem(
        f"the disk refuses {path}: {error}",
        hint="look at the disk, not at the file: nothing was changed in it",
    )


def _is_disk_full(path: Path) -> bool:
    try:
        state = os.statvfs(path.parent)
    except OSError:
        return False
    return state.f_bavail * state.f_frsize < _SMALLEST_ROOM


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
