"""Claims: two films never make one step at once.

A claim is a name that leads to its holder's mark: one small file for all claims of a run, locked
for as long as its process lives, that names the process and the state folder of its film. After a
crash the names stay, so whoever comes next can look into that film's ledger for a paid job that
may still run, instead of buying the same step again. Where the step costs money the mark names the
run too: a ledger that does not remember it is not the one that was there, and proves nothing.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from storyboard.run.ledger.ledger import Ledger
from storyboard.util.file_lock import FileLock, LockOwner

_UNLINKED = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a file system answers that has no names to give: the claim is a file of its own then."""


class Claim:
    """The right to make the takes of one digest; `previous_lock` locks a name found there."""

    def __init__(self, path: Path, own_lock: FileLock, previous_lock: FileLock | None) -> None:
        self._name = path
        self._own_lock = own_lock
        self._previous_lock = previous_lock

    @property
    def previous_film(self) -> str:
        """State folder of the film whose process died with this claim; empty when none did."""
        return self._previous_lock.previous_owner.about if self._previous_lock is not None else ""

    @property
    def previous_run(self) -> str:
        """The run of that film which may have bought under it; empty when none can have."""
        return self._previous_lock.previous_owner.run if self._previous_lock is not None else ""

    def replace_previous_claim(self) -> None:
        """Makes a claim our own that was found under another film's name."""
        if self._previous_lock is None:
            return
        draft = _build_draft_path(self._name)
        try:
            os.link(self._own_lock.path, draft)
        except OSError as error:
            if error.errno not in _UNLINKED:
                raise
            owner = self._own_lock.read_owner()
            self._previous_lock.write_owner(owner.about, owner.run)
            return
        draft.replace(self._name)
        self._previous_lock.release()
        self._previous_lock = None

    def release(self, *, keep_name: bool = False) -> None:
        """Frees the digest; `keep_name` leaves the name for whoever comes next to read."""
        if self._previous_lock is not None:
            self._previous_lock.release(remove=not keep_name)
        elif not keep_name:
            self._name.unlink(missing_ok=True)
        else:
            draft = _build_draft_path(self._name)
            with suppress(OSError):  # it stays ours then until this process ends
                draft.write_bytes(self._own_lock.path.read_bytes())
                draft.replace(self._name)
            draft.unlink(missing_ok=True)


class Claims:
    """The claims of one store, a name per digest being made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own_locks: dict[tuple[str, str], FileLock] = {}

    def acquire(self, digest: str, state_folder: str, run: str = "") -> Claim | None:
        """The claim, or None while somebody else holds it; never waits.

        `state_folder` is that of the film that it is for, `run` the run that may buy under it.
        """
        own_lock = self._own_locks.get((state_folder, run)) or self._create_own_lock(
            state_folder, run
        )
        name = self._folder / digest
        try:
            os.link(own_lock.path, name)
            return Claim(name, own_lock, None)
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in _UNLINKED:
                raise
        previous_lock = FileLock(name)
        return Claim(name, own_lock, previous_lock) if previous_lock.try_acquire(None) else None

    def read_owner(self, digest: str) -> LockOwner:
        """Who holds the claim; an empty LockOwner when nobody does."""
        return FileLock(self._folder / digest).read_owner()

    def remove_stale_claims(self, state_folder: str, owed_digests: frozenset[str]) -> None:
        """Removes what dead runs of the film with that state folder left, but for `owed_digests`.

        Free claims of films that are no longer there go too. One that something may have been
        bought under stays until a ledger remembers its run, or a person says what came of it.
        """
        read_known_runs = cache(lambda: Ledger.read_runs(Path(state_folder)))
        for path in self._list_paths():
            lock = FileLock(path)
            if not lock.try_acquire(None):
                continue
            owner = lock.previous_owner
            if owner.run:
                belongs_to_others = owner.run not in read_known_runs()
            else:
                belongs_to_others = (
                    owner.about not in ("", state_folder) and Path(owner.about).is_dir()
                )
            must_stay = not path.name.startswith(".") and (
                belongs_to_others or path.name in owed_digests
            )
            lock.release(remove=not must_stay)

    def list_abandoned_claims(self) -> Iterator[tuple[str, LockOwner]]:
        """Digests with the dead who may have bought under them."""
        for path in self._list_paths():
            lock = FileLock(path)
            if path.name.startswith(".") or not lock.try_acquire(None):
                continue
            lock.release()
            if lock.previous_owner.run:
                yield path.name, lock.previous_owner

    def discard_abandoned_claim(self, digest: str) -> None:
        """Takes away what a dead run left under that digest."""
        lock = FileLock(self._folder / digest)
        if lock.try_acquire(None):
            lock.release(remove=True)

    def list_claimed_digests(self) -> frozenset[str]:
        """Digests that are claimed, or were when a process died."""
        return frozenset(path.name for path in self._list_paths() if not path.name.startswith("."))

    def close(self) -> None:
        """Takes our marks away; names that lead to them stay, free to be taken."""
        for own_lock in self._own_locks.values():
            own_lock.release(remove=True)
        self._own_locks.clear()

    def _list_paths(self) -> list[Path]:
        return sorted(self._folder.iterdir()) if self._folder.is_dir() else []

    def _create_own_lock(self, state_folder: str, run: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        own_lock = FileLock(self._folder / f".{secrets.token_hex(8)}")
        while not own_lock.try_acquire(state_folder, run):
            pass  # someone clearing up had it for a moment
        self._own_locks[state_folder, run] = own_lock
        return own_lock


def _build_draft_path(claim_path: Path) -> Path:
    return claim_path.with_name(f".{claim_path.name}.{secrets.token_hex(4)}")
