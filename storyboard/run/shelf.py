"""The shelf: the store's takes and the lock file's, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from storyboard.film import Take
from storyboard.run.recall import Recall
from storyboard.run.selects import Selects
from storyboard.run.store import Store


class FilmShelf:
    """What is known of one film's takes; the `Shelf` that planning reads.

    A take that only the lock file knows is among `takes`, and its bytes are not `present`.
    `store` may be None where none exists yet. `film` is the film's stem. `wished` are takes by
    step digest that a run was to pick, and may have died before it did.
    """

    def __init__(
        self,
        store: Store | None,
        selects: Selects,
        film: str = "",
        hashes: Callable[[Path], str] | None = None,
        wished: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._store = store
        self._selects = selects
        self._film = film
        self._hashes = hashes
        self._wished = wished
        self._damaged: set[str] = set()
        self._recall = Recall(store) if store is not None else None
        if store is not None:
            store.preload(selects.entries)

    def preload(self, digests: Iterable[str]) -> None:
        """Looks many digests up at once."""
        if self._store is not None:
            self._store.preload(digests)

    def takes(self, digest: str) -> tuple[Take, ...]:
        """Every take of that digest, lowest ordinal first; the store's word before the lock's."""
        stored = self._store.takes(digest) if self._store is not None else ()
        entry = self._selects.entries.get(digest)
        if entry is None or entry.takes.keys() <= {take.ordinal for take in stored}:
            return stored
        by_ordinal = {take.ordinal: take for take in stored}
        for take in self._selects.takes(digest):
            if take.ordinal not in by_ordinal:
                by_ordinal[take.ordinal] = self._whole(take)
        return tuple(by_ordinal[n] for n in sorted(by_ordinal))

    def _whole(self, take: Take) -> Take:
        """A take of the lock file, with all that its bytes tell of it where they are here."""
        if self._recall is None or not self.present(take.sha256):
            return take
        return self._recall(take)

    def present(self, sha256: str) -> bool:
        """Whether the bytes are here and, where `hashes` was given, are what they were.

        `hashes` remembers a file that did not change, so that only new ones are read.
        """
        if self._store is None or sha256 in self._damaged:
            return False
        if not self._store.present(sha256):
            if self._store.holds(sha256):
                self._damaged.add(sha256)
            return False
        if self._hashes is not None and self._hashes(self._store.named(sha256)) != sha256:
            self._damaged.add(sha256)
            return False
        return True

    def damaged(self, sha256: str) -> bool:
        """Whether `present` found other bytes under that name."""
        return sha256 in self._damaged

    def pick(self, digest: str) -> int | None:
        wish = self._wished.get(digest)
        if wish is not None:
            entry = self._selects.entries.get(digest)
            if entry is None or wish not in entry.takes:
                return wish
        return self._selects.pick(digest)

    def rejected(self, digest: str) -> frozenset[int]:
        return self._selects.rejected(digest)

    def history(self, step: str, provider: str) -> tuple[str, ...]:
        """Digests that lock or store know takes of for this step and provider, oldest first.

        An empty provider means any.
        """
        dated = self._selects.dated(step, provider)
        if self._store is not None:
            dated += self._store.dated(step, provider, self._film)
        return tuple(dict.fromkeys(digest for _, digest in sorted(dated)))

    def parts(self, digest: str) -> Mapping[str, str]:
        if locked := self._selects.parts(digest):
            return locked
        records = self._store.records(digest) if self._store is not None else ()
        return records[0].parts if records else {}
