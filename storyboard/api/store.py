"""Lists, checks, cleans and fetches the takes on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from storyboard.api.films import FilmSource, locate_film
from storyboard.api.keywords import name_known_keywords
from storyboard.api.runs import NoticeCallback, ignore_notice
from storyboard.errors import UsageError
from storyboard.model.take import Take
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.maintenance import store_maintenance
from storyboard.run.maintenance.retention import RetentionPolicy
from storyboard.run.maintenance.store_maintenance import GcReport, StoreDefect
from storyboard.run.paths import locate_lock_file, locate_state_folder, locate_store_folder
from storyboard.run.store.store import Store
from storyboard.run.store.take_record import TakeRecord
from storyboard.util.machine_errors import explain_machine_errors


@dataclass(frozen=True, slots=True)
class StoredTake:
    """A take of the store, with where its file is."""

    record: TakeRecord
    path: Path | None
    """None where the file is missing."""


@dataclass(frozen=True, slots=True)
class StoreCleanup:
    """What was removed from a store, or would be, and what stays though no known film wants it."""

    removed: GcReport
    absent_films_takes: tuple[TakeRecord, ...]
    """Takes of films that are not here."""
    untracked_purchases: tuple[TakeRecord, ...]
    """Paid takes that no ledger and no lock file names."""


@dataclass(frozen=True, slots=True)
class FetchedTakes:
    """What was copied from another store."""

    copied: tuple[Take, ...]
    lacking: tuple[Take, ...]
    """Takes that are in neither store and that only money can make again."""


@name_known_keywords
def list_stored_takes(
    folder: str | Path = ".", *, on_notice: NoticeCallback = ignore_notice
) -> tuple[StoredTake, ...]:
    """Every take of the store, oldest first.

    The store is STORYBOARD_STORE, else the store of the films in `folder`; this is true for every
    function that takes a folder. Raises UsageError if there is no store.
    """
    with closing(_open_store(folder, on_notice)) as store:
        return _locate_files(store, store.list_records())


@name_known_keywords
def find_stored_takes(
    name: str, folder: str | Path = ".", *, on_notice: NoticeCallback = ignore_notice
) -> tuple[StoredTake, ...]:
    """The takes of that shot, step, digest or SHA-256, and what each was made from.

    Raises UsageError for a name that the store does not know.
    """
    with closing(_open_store(folder, on_notice)) as store:
        takes = _locate_files(store, store.find_records_by_name(name))
    if not takes:
        raise UsageError(
            f"the store has no `{name}`", hint="run `storyboard store ls` to list the takes"
        )
    return takes


def list_store_films(folder: str | Path = ".") -> tuple[Path, ...]:
    """The films of `folder`, and those that ever rendered into its store, there still or not."""
    with closing(_open_store(folder, ignore_notice)) as store:
        films = [*_find_local_films(folder), *store.films.list_films()]
    return tuple(dict.fromkeys(path.resolve() for path in films))


@name_known_keywords
def verify_store(
    folder: str | Path = ".",
    *,
    repair: bool = False,
    on_notice: NoticeCallback = ignore_notice,
) -> tuple[StoreDefect, ...]:
    """Reads every file of the store; empty if all of them are intact.

    `repair` repairs what it can and moves damaged files aside.
    """
    with closing(_open_store(folder, on_notice)) as store:
        return tuple(store_maintenance.verify_store(store, repair=repair))


@name_known_keywords
def collect_garbage(
    films: Iterable[str | Path] = (),
    folder: str | Path = ".",
    *,
    dry_run: bool = False,
    forget_absent: bool = False,
    forget_paid: bool = False,
    on_notice: NoticeCallback = ignore_notice,
) -> StoreCleanup:
    """Removes takes that no film needs; `dry_run` only counts them.

    A film needs the takes in its lock file, the takes that it paid for, and the free takes that its
    last renders used. The films are those of `folder`, the named ones, and all that ever rendered
    into the store. Raises EnvironmentProblem while one of them is rendered. With `forget_absent`,
    films that no longer exist need nothing. With `forget_paid`, paid takes that no ledger and no
    lock file names are removed too.
    """
    with closing(_open_store(folder, on_notice)) as store:
        named_films = tuple(locate_film(film) for film in films)
        wanting_films = [*named_films, *_find_local_films(folder), *store.films.list_films()]
        _check_films_known(named_films, wanting_films)
        holdings = RetentionPolicy(
            wanting_films, forget_absent=forget_absent, forget_paid=forget_paid
        )
        with explain_machine_errors(str(store.root)), holdings.lock_films():
            removed = store_maintenance.collect_garbage(
                store,
                holdings.media,
                is_possibly_wanted=holdings.is_possibly_wanted,
                dry_run=dry_run,
            )
            for film in holdings.absent if forget_absent and not dry_run else ():
                store.films.forget_film(film)
    absent: list[TakeRecord] = []
    untracked: list[TakeRecord] = []
    for record in removed.spared:
        (untracked if holdings.is_untracked_purchase(record) else absent).append(record)
    return StoreCleanup(removed, tuple(absent), tuple(untracked))


@name_known_keywords
def fetch_takes(
    film: FilmSource, source: str | Path, *, on_notice: NoticeCallback = ignore_notice
) -> FetchedTakes:
    """Copies the takes that the film's lock file names from the store in the folder `source`.

    Raises UsageError for a film without a lock file, and for a take that is damaged in `source`.
    """
    path = locate_film(film)
    lock = locate_lock_file(path)
    if not lock.exists():
        raise UsageError(
            f"there is no lock file {lock.name}", hint="render the film first; it has no takes yet"
        )
    if not Path(source).is_dir():
        raise UsageError(f"there is no store at {source}")
    lock_file = LockFile(lock)
    copied: list[Take] = []
    lacking: list[Take] = []
    with (
        closing(Store(locate_store_folder(path), on_notice=on_notice)) as store,
        closing(Store(Path(source), on_notice=on_notice)) as source_store,
    ):
        for digest, entry in lock_file.entries.items():
            present = {take.name for take in store.find_takes(digest)}
            for take in lock_file.find_takes(digest):
                is_repeatable = take.name in entry.takes
                if store.has_complete_file(take.sha256) or (is_repeatable and take.name in present):
                    continue
                record = next(
                    (r for r in source_store.find_records(digest) if r.take.sha256 == take.sha256),
                    None,
                )
                if record is None or not source_store.has_complete_file(take.sha256):
                    lacking += () if is_repeatable else (take,)
                    continue
                _copy_take(record, source_store, store)
                copied.append(take)
    return FetchedTakes(tuple(copied), tuple(lacking))


def _open_store(folder: str | Path, on_notice: NoticeCallback) -> Store:
    path = locate_store_folder(Path(folder).absolute() / "film.yaml")
    if not path.is_dir():
        raise UsageError(
            f"there is no store at {path}",
            hint="run the command in the film's folder, or set STORYBOARD_STORE",
        )
    return Store(path, on_notice=on_notice)


def _locate_files(store: Store, records: Iterable[TakeRecord]) -> tuple[StoredTake, ...]:
    return tuple(
        StoredTake(
            record,
            store.require_file(record.take.sha256) if store.has_file(record.take.sha256) else None,
        )
        for record in records
    )


def _find_local_films(folder: str | Path) -> list[Path]:
    """The films of a folder, found by the files that they left there."""
    here = Path(folder).absolute()
    locks = [path.name.removesuffix(".selects.yaml") for path in here.glob("*.selects.yaml")]
    states = [path.parent.name for path in here.glob(".storyboard/*/ledger.sqlite")]
    return [here / f"{stem}.yaml" for stem in sorted({*locks, *states})]


def _check_films_known(films: Iterable[Path], wanting_films: Sequence[Path]) -> None:
    """Raises UsageError if no film can say what it needs."""
    for film in films:
        if not locate_lock_file(film).exists() and not locate_state_folder(film).exists():
            raise UsageError(
                f"there is no lock file {locate_lock_file(film).name}",
                hint="render the film first; its lock file tells which takes to keep",
            )
    if not wanting_films:
        raise UsageError(
            "no known film uses this store",
            hint="run the command in a film's folder, or name the films: storyboard store gc "
            "A.yaml B.yaml",
        )


def _copy_take(record: TakeRecord, source_store: Store, target_store: Store) -> None:
    for sha256 in (record.take.sha256, *record.take.attachments.values()):
        if source_store.has_complete_file(sha256):
            stored_sha256 = target_store.put_file(source_store.require_file(sha256), move=False)
            if stored_sha256 != sha256:
                raise UsageError(
                    f"{record.take.shot} {record.take.name} is damaged in {source_store.root}",
                    hint="run `storyboard store verify` in that folder",
                )
    target_store.add_take(
        record.take, record.parts, kind=record.kind, step=record.step, film=record.film
    )
