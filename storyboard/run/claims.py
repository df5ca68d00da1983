"""Claims: two films never make one step at once.

A claim is a lock that dies with its process; its file names the process and the state folder of
its film. After a crash the file stays, so whoever comes next can look into that film's ledger for
a paid job that may still run, instead of buying the same step again.
"""

from __future__ import annotations

from pathlib import Path

from storyboard.run.filelock import FileLock, Holder


class Claim:
    """The right to make the takes of one digest."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    @property
    def left_by(self) -> str:
        """State folder of the film whose process died with this claim; empty when none did."""
        return self._lock.left.about

    def hold(self, folder: str) -> None:
        """Writes down who we are: the film with that state folder."""
        self._lock.describe(folder)

    def release(self, *, owing: bool = False) -> None:
        """Frees the digest; `owing` leaves the file for whoever comes next to read."""
        self._lock.release(remove=not owing)


class Claims:
    """The claims of one store, a file per digest being made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, digest: str) -> Claim | None:
        """The claim, or None while another process holds it; never waits."""
        lock = FileLock(self._folder / digest)
        try:
            taken = lock.take(None)
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            taken = lock.take(None)
        return Claim(lock) if taken else None

    def holder(self, digest: str) -> Holder:
        """Who holds the claim; an empty Holder when nobody does."""
        return FileLock(self._folder / digest).holder()

    def clear(self, folder: str, owed: frozenset[str]) -> None:
        """Removes what dead runs of the film with that state folder left, but for `owed` digests.

        Claims of films that are no longer there go too.
        """
        for digest in self.known():
            if (claim := self.take(digest)) is None:
                continue
            of_others = claim.left_by not in ("", folder) and Path(claim.left_by).is_dir()
            claim.release(owing=of_others or digest in owed)

    def known(self) -> frozenset[str]:
        """Digests that are claimed, or were when a process died."""
        if not self._folder.is_dir():
            return frozenset()
        return frozenset(path.name for path in self._folder.iterdir())
