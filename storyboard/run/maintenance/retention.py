"""What films hold on to of a store, so that cleaning up costs nobody a take."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from storyboard.errors import EnvironmentProblem
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.paths import locate_lock_file, locate_state_folder
from storyboard.run.store.take_record import TakeRecord
from storyboard.util.file_lock import FileLock


class RetentionPolicy:
    """The holdings of `films`, while none of them is rendered.

    A film that is no longer where it was can't be asked, so what was made for it is held too,
    unless `forget_absent` is set. So is what was paid for and no ledger or lock file tells of,
    unless `forget_paid` is set.
    """

    def __init__(
        self, films: Iterable[Path], *, forget_absent: bool = False, forget_paid: bool = False
    ) -> None:
        self._since = time.time()
        films_by_folder = {locate_state_folder(film).resolve(): film for film in films}
        presence = {film: _has_film_or_state(film) for film in films_by_folder.values()}
        self.films = tuple(film for film, is_here in presence.items() if is_here)
        self.absent = tuple(film for film, is_here in presence.items() if not is_here)
        self._forget_absent = forget_absent
        self._forget_paid = forget_paid
        self._stems = {film.stem for film in self.films}
        self._present_stems = {film.stem for film in self.films} - {
            film.stem for film in self.absent
        }
        self.media: frozenset[str] = frozenset()
        """SHA-256 of all media that the films hold on to; set by `lock_films`."""

    @contextmanager
    def lock_films(self) -> Iterator[None]:
        """Keeps renders of the films out; raises EnvironmentProblem while there is one."""
        with ExitStack() as stack:
            for film in self.films:
                stack.enter_context(_lock_film_if_writable(film))
            self.media = frozenset(
                sha256 for film in self.films for sha256 in _list_retained_sha256s(film)
            )
            yield

    def is_possibly_wanted(self, record: TakeRecord) -> bool:
        """Whether a take may be wanted by a film that can't be asked."""
        is_absent = record.film not in self._present_stems and not self._forget_absent
        return self._is_new(record) or is_absent or self.is_untracked_purchase(record)

    def is_untracked_purchase(self, record: TakeRecord) -> bool:
        """Whether a take that no film holds on to was paid for by one that is here."""
        was_paid = record.take.price_micros > 0 and record.film in self._stems
        return was_paid and not self._forget_paid and not self._is_new(record)

    def _is_new(self, record: TakeRecord) -> bool:
        return record.take.created_at >= self._since


def _has_film_or_state(film: Path) -> bool:
    return any(path.exists() for path in (film, locate_lock_file(film), locate_state_folder(film)))


def _list_retained_sha256s(film: Path) -> Iterator[str]:
    """What its lock file names, what its ledger has as paid for, and all of its last run.

    That one may have ended before it wrote its lock file.
    """
    lock_file = LockFile(locate_lock_file(film))
    for digest in lock_file.entries:
        for take in lock_file.find_takes(digest):
            yield take.sha256
    attempts = Ledger.read_attempts(locate_state_folder(film))
    for attempt in attempts:
        if attempt.reserved_micros or attempt.settled_micros or attempt.run == attempts[-1].run:
            yield attempt.sha256


@contextmanager
def _lock_film_if_writable(film: Path) -> Iterator[None]:
    folder = locate_state_folder(film)
    if not os.access(folder, os.W_OK):
        yield  # none, or one where nobody renders
        return
    lock = FileLock(folder / "lock")
    if not lock.acquire_with_retry("cleaning up the store"):
        raise EnvironmentProblem(
            f"{film.name} is being rendered: {lock.read_owner()}",
            hint="clean up when it has finished; a running film needs all of its takes",
        )
    try:
        yield
    finally:
        lock.release()
