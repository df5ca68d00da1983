"""What the renders of a film made and spent; also rebuilds a ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from storyboard.api.films import FilmSource, locate_film
from storyboard.api.keywords import name_known_keywords
from storyboard.errors import StoryboardError, UsageError
from storyboard.graph.steps import Step
from storyboard.model.take import TakeKey
from storyboard.pipeline.session import FilmSession, Overrides, check_film
from storyboard.plan.plan import PendingTake
from storyboard.run.ledger.attempts import FINAL_STATES, Attempt, State
from storyboard.run.ledger.ledger import (
    Ledger,
    is_film_locked,
    sum_lifetime_cost_micros,
    sum_other_takes_cost_micros,
)
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.maintenance.rebuild_ledger import RebuildReport
from storyboard.run.maintenance.rebuild_ledger import rebuild_ledger as rebuild_ledger_of
from storyboard.run.maintenance.untracked_takes import find_untracked_takes
from storyboard.run.paths import locate_lock_file, locate_state_folder, locate_store_folder
from storyboard.run.store.store import Store
from storyboard.run.store.take_record import TakeRecord

NoticeCallback: TypeAlias = Callable[[str], None]
"""Receives a sentence for what a person should know but what stops nothing."""
AttemptGrouping: TypeAlias = Literal["run", "shot", "model", "day"]
"""How attempts are grouped; a day is a day in UTC."""
AttemptState: TypeAlias = State
"""The state of an attempt."""

_LOST_STATES = (State.FAILED, State.FILTERED, State.LOST)


def ignore_notice(message: str) -> None:
    """The callback of a program that does not want to know."""


@dataclass(frozen=True, slots=True)
class AttemptGroup:
    """Attempts of one run, one shot, one model or one day."""

    name: str
    """The run's id, the shot's, `MODEL at PROVIDER`, or the date."""
    attempts: tuple[Attempt, ...]

    @property
    def began_at(self) -> float:
        """Seconds since the epoch."""
        return min(attempt.created_at for attempt in self.attempts)

    @property
    def made(self) -> int:
        """Takes that arrived."""
        return sum(attempt.state is State.COMMITTED for attempt in self.attempts)

    @property
    def failed(self) -> int:
        return sum(attempt.state in _LOST_STATES for attempt in self.attempts)

    @property
    def unknown(self) -> int:
        """Attempts on which a person must decide."""
        return sum(attempt.state is State.UNKNOWN for attempt in self.attempts)

    @property
    def open(self) -> int:
        """Attempts that are not over, unknown ones too."""
        return sum(attempt.state not in FINAL_STATES for attempt in self.attempts)

    @property
    def spent_micros(self) -> int:
        return sum(attempt.settled_micros for attempt in self.attempts)

    @property
    def held_micros(self) -> int:
        """Money that is reserved and not yet settled."""
        return sum(attempt.held_micros for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class FilmRuns:
    """The content of a film's ledger."""

    attempts: tuple[Attempt, ...]
    """Oldest first."""
    filtered_takes: tuple[PendingTake, ...]
    """Takes that a filter took and that no render asks for again by itself."""
    untracked_takes: tuple[TakeRecord, ...]
    """Paid takes in the store that neither the ledger nor the lock file names."""
    total_micros: int
    """The cost of the film so far: spent or reserved, by other people too."""
    elsewhere_micros: int
    """The part of it that others paid, as the lock file has it."""
    is_rendering: bool
    """Whether a process renders the film right now."""

    @property
    def open_attempts(self) -> tuple[Attempt, ...]:
        """Attempts that are not over."""
        return tuple(item for item in self.attempts if item.state not in FINAL_STATES)

    @property
    def held_micros(self) -> int:
        """Money that is reserved and not yet settled."""
        return sum(attempt.held_micros for attempt in self.attempts)

    @property
    def untracked_micros(self) -> int:
        """The cost of the untracked takes."""
        return sum(record.take.price_micros for record in self.untracked_takes)

    def group_attempts(self, by: AttemptGrouping) -> tuple[AttemptGroup, ...]:
        """The attempts by run, shot, model or day, in the order in which each first came."""
        groups: dict[str, list[Attempt]] = {}
        for attempt in self.attempts:
            groups.setdefault(_GROUP_KEYS[by](attempt), []).append(attempt)
        return tuple(AttemptGroup(name, tuple(group)) for name, group in groups.items())


_GROUP_KEYS: Mapping[AttemptGrouping, Callable[[Attempt], str]] = {
    "run": lambda attempt: attempt.run,
    "shot": lambda attempt: attempt.shot or attempt.step,
    "model": lambda attempt: f"{attempt.model} at {attempt.provider}",
    "day": lambda attempt: datetime.fromtimestamp(attempt.created_at, UTC).strftime("%Y-%m-%d"),
}


@name_known_keywords
def list_runs(film: FilmSource, *, on_notice: NoticeCallback = ignore_notice) -> FilmRuns:
    """The renders of a film, what each made and spent, and what is still open.

    The film may be deleted, or have errors: this reads its ledger. Raises UsageError if there is
    neither a film nor a ledger.
    """
    path = _require_film_or_state(film)
    state = locate_state_folder(path)
    attempts = tuple(Ledger.read_attempts(state))
    locked_prices = LockFile(locate_lock_file(path)).list_prices_micros()
    untracked_takes = _find_untracked_takes(path, attempts, locked_prices, on_notice)
    untracked_micros = sum(item.take.price_micros for item in untracked_takes)
    is_open = any(item.state not in FINAL_STATES for item in attempts)
    return FilmRuns(
        attempts=attempts,
        filtered_takes=_find_filtered_takes(path, attempts),
        untracked_takes=untracked_takes,
        total_micros=sum_lifetime_cost_micros(attempts, locked_prices) + untracked_micros,
        elsewhere_micros=sum_other_takes_cost_micros(attempts, locked_prices),
        is_rendering=is_open and is_film_locked(state),
    )


@name_known_keywords
def rebuild_ledger(film: FilmSource, *, on_notice: NoticeCallback = ignore_notice) -> RebuildReport:
    """Rebuilds a ledger that is damaged, lost or an old copy; keeps the damaged file.

    What may have been bought becomes unknown, for `resolve_operation`.
    """
    path = _require_film_or_state(film)
    steps: dict[str, Step] = {}
    with suppress(StoryboardError):  # a film that is deleted or has errors gives no prices
        session = FilmSession(check_film(path, Overrides()))
        steps |= session.graph.steps
        with closing(session):  # with a damaged ledger there is no plan
            steps |= {node.digest: node.step for node in session.plan(lenient=True).nodes}
    store = Store(locate_store_folder(path), on_notice=on_notice)
    try:
        return rebuild_ledger_of(
            locate_state_folder(path), store, LockFile(locate_lock_file(path)), path, steps
        )
    finally:
        store.close()


def _require_film_or_state(film: FilmSource) -> Path:
    """The film's file, which may be gone where its state folder is left."""
    path = locate_film(film)
    if not path.exists() and not locate_state_folder(path).is_dir():
        raise UsageError(f"there is no file {film if isinstance(film, str | Path) else path}")
    return path


def _find_filtered_takes(film: Path, attempts: Iterable[Attempt]) -> tuple[PendingTake, ...]:
    """A film that can't be read any more wants none of them."""
    if not any(item.state is State.FILTERED for item in attempts):
        return ()
    with (
        suppress(StoryboardError),
        closing(FilmSession(check_film(film, Overrides()))) as session,
    ):
        return tuple(item for item in session.plan(lenient=True).pending if item.filtered)
    return ()


def _find_untracked_takes(
    film: Path,
    attempts: Sequence[Attempt],
    locked_prices: Mapping[TakeKey, int],
    on_notice: NoticeCallback,
) -> tuple[TakeRecord, ...]:
    folder = locate_store_folder(film)
    if not folder.is_dir():
        return ()
    with suppress(StoryboardError), closing(Store(folder, on_notice=on_notice)) as store:
        return find_untracked_takes(store, film, attempts, locked_prices)
    return ()
