"""What films hold on to of a store, so that cleaning up costs nobody a take."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from storyboard.errors import EnvironmentProblem
from storyboard.run.filelock import FileLock
from storyboard.run.ledger import Ledger
from storyboard.run.places import selects_file, state_folder
from storyboard.run.record import Record
from storyboard.run.selects import Selects


class Holdings:
    """The holdings of `films`, while none of them is rendered.

    A film that is no longer where it was can't be asked, so what was made for it is held too,
    unless such films are `forgotten`. So is what was paid for and no ledger or lock file tells of,
    unless what is `paid` is let go.
    """

    def __init__(
        self, films: Iterable[Path], *, forgotten: bool = False, paid: bool = False
    ) -> None:
        self._since = time.time()
        named = {state_folder(film).resolve(): film for film in films}
        here = {film: _is_here(film) for film in named.values()}
        self.films = tuple(film for film, is_here in here.items() if is_here)
        self.absent = tuple(film for film, is_here in here.items() if not is_here)
        self._forgotten = forgotten
        self._paid = paid
        self._stems = {film.stem for film in self.films}
        self._known = {film.stem for film in self.films} - {film.stem for film in self.absent}
        self.media: frozenset[str] = frozenset()
        """SHA-256 of all media that the films hold on to; read by `resting`."""

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Keeps renders of the films out; raises EnvironmentProblem while there is one."""
        with ExitStack() as stack:
            for film in self.films:
                stack.enter_context(_resting(film))
            self.media = frozenset(sha256 for film in self.films for sha256 in _held(film))
            yield

    def unsure(self, record: Record) -> bool:
        """Whether a take may be wanted by a film that can't be asked."""
        absent = record.film not in self._known and not self._forgotten
        return self._new(record) or absent or self.unaccounted(record)

    def unaccounted(self, record: Record) -> bool:
        """Whether a take that no film holds on to was paid for by one that is here."""
        paid = record.take.price_micros > 0 and record.film in self._stems
        return paid and not self._paid and not self._new(record)

    def _new(self, record: Record) -> bool:
        return record.take.created_at >= self._since


def _is_here(film: Path) -> bool:
    return any(path.exists() for path in (film, selects_file(film), state_folder(film)))


def _held(film: Path) -> Iterator[str]:
    """What its lock file names, what its ledger has as paid for, and all of its last run.

    That one may have ended before it wrote its lock file.
    """
    selects = Selects(selects_file(film))
    for digest in selects.entries:
        for take in selects.takes(digest):
            yield take.sha256
    attempts = Ledger.read(state_folder(film))
    for each in attempts:
        if each.reserved_micros or each.settled_micros or each.run == attempts[-1].run:
            yield each.sha256


@contextmanager
def _resting(film: Path) -> Iterator[None]:
    folder = state_folder(film)
    if not os.access(folder, os.W_OK):
        yield  # none, or one where nobody renders
        return
    lock = FileLock(folder / "lock")
    if not lock.take_unless_held("cleaning up the store"):
        raise EnvironmentProblem(
            f"{film.name} is being rendered: {lock.holder()}",
            hint="clean up when it is done; a running film holds on to all of its takes",
        )
    try:
        yield
    finally:
        lock.release()
