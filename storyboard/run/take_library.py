"""The take library: the store's takes and the lock file's, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from storyboard.model.film import Take
from storyboard.plan.take_names import order_key
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.restore_takes import MediaRecovery, find_unknown_takes, is_each_key_known
from storyboard.run.store.store import Store


class TakeLibrary:
    """What is known of one film's takes; the `TakeLibrary` that planning reads.

    `find_takes` also gives a take that only the lock file knows, whose bytes `has_file` denies.
    `store` may be None where none exists yet. `film_stem` is the film's stem. `takes_to_pick` are
    takes by step digest, each by its content, that a run was to pick and may have died before it
    did.
    """

    def __init__(
        self,
        store: Store | None,
        lock_file: LockFile,
        film_stem: str = "",
        hash_path: Callable[[Path], str] | None = None,
        takes_to_pick: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._store = store
        self._lock_file = lock_file
        self._film = film_stem
        self._hashes = hash_path
        self._takes_to_pick = takes_to_pick
        self._damaged_files: set[str] = set()
        self._recovery = MediaRecovery(store) if store is not None else None
        if store is not None:
            store.preload(lock_file.entries)

    def preload(self, digests: Iterable[str]) -> None:
        """Looks many digests up at once."""
        if self._store is not None:
            self._store.preload(digests)

    def find_takes(self, digest: str) -> tuple[Take, ...]:
        """Every take of that digest, lowest first; the store's word before the lock's."""
        stored = self._store.find_takes(digest) if self._store is not None else ()
        entry = self._lock_file.entries.get(digest)
        if entry is None or is_each_key_known(entry.takes, stored):
            return stored
        others = find_unknown_takes(self._lock_file.find_takes(digest), entry.takes, stored)
        return tuple(sorted((*stored, *map(self._complete_take, others)), key=order_key))

    def _complete_take(self, take: Take) -> Take:
        """A take of the lock file, with all that its bytes tell of it where they are here."""
        if self._recovery is None or not self.has_file(take.sha256):
            return take
        return self._recovery(take)

    def has_file(self, sha256: str) -> bool:
        """Whether the bytes are here and, where `hashes` was given, are what they were.

        `hashes` remembers a file that did not change, so that only new ones are read.
        """
        if self._store is None or sha256 in self._damaged_files:
            return False
        if not self._store.has_complete_file(sha256):
            if self._store.has_file(sha256):
                self._damaged_files.add(sha256)
            return False
        if (
            self._hashes is not None
            and self._hashes(self._store.locate_present_file(sha256)) != sha256
        ):
            self._damaged_files.add(sha256)
            return False
        return True

    def is_corrupt(self, sha256: str) -> bool:
        """Whether `has_file` found other bytes under that name."""
        return sha256 in self._damaged_files

    def find_pick(self, digest: str) -> str | None:
        sha256 = self._takes_to_pick.get(digest)
        known = {take.sha256 for take in self._lock_file.find_takes(digest)} if sha256 else ()
        return sha256 if sha256 and sha256 not in known else self._lock_file.find_pick(digest)

    def find_rejected(self, digest: str) -> frozenset[str]:
        return self._lock_file.find_rejected(digest)

    def find_past_digests(self, step: str, provider: str) -> tuple[str, ...]:
        """Digests that lock or store know takes of for this step and provider, oldest first.

        An empty provider means any.
        """
        dated = self._lock_file.find_first_take_dates(step, provider)
        if self._store is not None:
            dated += self._store.find_first_take_dates(step, provider, self._film)
        return tuple(dict.fromkeys(digest for _, digest in sorted(dated)))

    def find_parts(self, digest: str) -> Mapping[str, str]:
        if locked := self._lock_file.find_parts(digest):
            return locked
        records = self._store.find_records(digest) if self._store is not None else ()
        return records[0].parts if records else {}
