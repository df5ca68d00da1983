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

from storyboard.run.filelock import FileLock, Holder
from storyboard.run.ledger import Ledger

_UNLINKED = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a file system answers that has no names to give: the claim is a file of its own then."""


class Claim:
    """The right to make the takes of one digest; `left` locks a name that was found there."""

    def __init__(self, name: Path, mark: FileLock, left: FileLock | None) -> None:
        self._name = name
        self._mark = mark
        self._left = left

    @property
    def left_by(self) -> str:
        """State folder of the film whose process died with this claim; empty when none did."""
        return self._left.left.about if self._left is not None else ""

    @property
    def bought_by(self) -> str:
        """The run of that film which may have bought under it; empty when none can have."""
        return self._left.left.run if self._left is not None else ""

    def hold(self) -> None:
        """Makes a claim our own that was found under another film's name."""
        if self._left is None:
            return
        draft = _beside(self._name)
        try:
            os.link(self._mark.path, draft)
        except OSError as error:
            if error.errno not in _UNLINKED:
                raise
            mine = self._mark.holder()
            self._left.describe(mine.about, mine.run)
            return
        draft.replace(self._name)
        self._left.release()
        self._left = None

    def release(self, *, owing: bool = False) -> None:
        """Frees the digest; `owing` leaves the name for whoever comes next to read."""
        if self._left is not None:
            self._left.release(remove=not owing)
        elif not owing:
            self._name.unlink(missing_ok=True)
        else:
            draft = _beside(self._name)
            with suppress(OSError):  # it stays ours then until this process ends
                draft.write_bytes(self._mark.path.read_bytes())
                draft.replace(self._name)
            draft.unlink(missing_ok=True)


class Claims:
    """The claims of one store, a name per digest being made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._marks: dict[tuple[str, str], FileLock] = {}

    def take(self, digest: str, about: str, run: str = "") -> Claim | None:
        """The claim, or None while somebody else holds it; never waits.

        `about` is the state folder of the film that it is for, `run` the run that may buy under it.
        """
        mark = self._marks.get((about, run)) or self._marked(about, run)
        name = self._folder / digest
        try:
            os.link(mark.path, name)
            return Claim(name, mark, None)
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in _UNLINKED:
                raise
        left = FileLock(name)
        return Claim(name, mark, left) if left.take(None) else None

    def holder(self, digest: str) -> Holder:
        """Who holds the claim; an empty Holder when nobody does."""
        return FileLock(self._folder / digest).holder()

    def clear(self, about: str, owed: frozenset[str]) -> None:
        """Removes what dead runs of the film with that state folder left, but for `owed` digests.

        Free claims of films that are no longer there go too. One that something may have been
        bought under stays until a ledger remembers its run, or a person says what came of it.
        """
        remembered = cache(lambda: Ledger.runs(Path(about)))
        for path in self._paths():
            lock = FileLock(path)
            if not lock.take(None):
                continue
            left = lock.left
            if left.run:
                of_others = left.run not in remembered()
            else:
                of_others = left.about not in ("", about) and Path(left.about).is_dir()
            stays = not path.name.startswith(".") and (of_others or path.name in owed)
            lock.release(remove=not stays)

    def left(self) -> Iterator[tuple[str, Holder]]:
        """Digests with the dead who may have bought under them."""
        for path in self._paths():
            lock = FileLock(path)
            if path.name.startswith(".") or not lock.take(None):
                continue
            lock.release()
            if lock.left.run:
                yield path.name, lock.left

    def forget(self, digest: str) -> None:
        """Takes away what a dead run left under that digest."""
        lock = FileLock(self._folder / digest)
        if lock.take(None):
            lock.release(remove=True)

    def known(self) -> frozenset[str]:
        """Digests that are claimed, or were when a process died."""
        return frozenset(path.name for path in self._paths() if not path.name.startswith("."))

    def close(self) -> None:
        """Takes our marks away; names that lead to them stay, free to be taken."""
        for mark in self._marks.values():
            mark.release(remove=True)
        self._marks.clear()

    def _paths(self) -> list[Path]:
        return sorted(self._folder.iterdir()) if self._folder.is_dir() else []

    def _marked(self, about: str, run: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        mark = FileLock(self._folder / f".{secrets.token_hex(8)}")
        while not mark.take(about, run):
            pass  # someone clearing up had it for a moment
        self._marks[about, run] = mark
        return mark


def _beside(name: Path) -> Path:
    return name.with_name(f".{name.name}.{secrets.token_hex(4)}")
