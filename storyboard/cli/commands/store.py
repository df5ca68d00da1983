"""`storyboard store`: look after the takes on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from storyboard.cli import console, options
from storyboard.errors import UsageError
from storyboard.money import format_decimal_usd
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.paths import (
    locate_lock_file,
    locate_state_folder,
    locate_store_folder,
    resolve_film_path,
)
from storyboard.run.store.store import Store
from storyboard.run.store.take_record import TakeRecord


@click.group("store")
def command() -> None:
    """Look after the takes on disk: list, explain, check, fetch and clean up.

    The store is STORYBOARD_STORE, else `.storyboard/store` in the current folder.
    """


def _open_store() -> Store:
    folder = locate_store_folder(Path.cwd() / "film.yaml")
    if not folder.is_dir():
        raise UsageError(
            f"there is no store at {folder}",
            hint="go to the film's folder, or set STORYBOARD_STORE",
        )
    return Store(folder, on_notice=console.print_status)


@command.command("ls")
@options.add_output_options
def list_takes(as_json: bool, quiet: bool, verbose: bool) -> int:
    """List every take, oldest first."""
    store = _open_store()
    try:
        records = store.list_records()
    finally:
        store.close()
    if as_json:
        console.print_json({"takes": [_to_json_record(record) for record in records]})
    elif records:
        console.print_result(
            "\n".join(console.align_columns([_format_take_row(record) for record in records]))
        )
        size = sum(record.size for record in records) / 1e6
        console.print_status(f"{len(records)} takes, {size:.1f} MB")
    else:
        console.print_status("the store is empty")
    return 0


@command.command("why")
@click.argument("name", metavar="SHOT|STEP|DIGEST|SHA256")
@options.add_output_options
def explain_takes(name: str, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Say what a take was made of: the parts of its identity, and who made it."""
    store = _open_store()
    try:
        records = store.find_records_by_name(name)
        here = {sha for r in records if store.has_file(sha := r.take.sha256)}
        paths = {sha: str(store.require_file(sha)) for sha in here}
    finally:
        store.close()
    if not records:
        raise UsageError(f"the store knows no `{name}`", hint="see `storyboard store ls`")
    if as_json:
        console.print_json({"takes": [_to_json_record(record) for record in records]})
        return 0
    for record in records:
        take = record.take
        console.print_result(
            f"{record.step} {take.name}  {record.kind} by {take.provider} {take.model}"
        )
        console.print_result(f"  digest   {take.digest}")
        for part, value in record.parts.items():
            console.print_result(f"  {part:<11}{value}")
        console.print_result(f"  bytes    {take.sha256}  {paths.get(take.sha256, 'missing')}")
    return 0


@command.command("verify")
@click.option("--repair", is_flag=True, help="Mend what can be, and set damaged files aside.")
@options.add_output_options
def verify_files(repair: bool, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Read every file again and name what is damaged; exits with 3 when anything is."""
    from storyboard.cli.damage_report import describe_recovery
    from storyboard.run.maintenance import store_maintenance

    store = _open_store()
    try:
        defects = store_maintenance.verify_store(store, repair=repair)
    finally:
        store.close()
    if as_json:
        records = [{"what": d.problem, "path": str(d.path), "sha256": d.sha256} for d in defects]
        console.print_json({"damage": records})
        return 3 if defects else 0
    for defect in defects:
        console.print_result(str(defect))
    if not quiet:
        for line in (
            describe_recovery(defects, is_repaired=repair)
            if defects
            else ["every take is as it was"]
        ):
            console.print_status(line)
    return 3 if defects else 0


@command.command("gc")
@click.argument("films", metavar="[FILM]...", type=options.FILM, nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--forget-absent", is_flag=True, help="Films that are no longer where they were want nothing."
)
@click.option(
    "--forget-paid", is_flag=True, help="Paid takes that no ledger and no lock file tells of go."
)
@options.add_output_options
def remove_unwanted_takes(
    films: tuple[Path, ...],
    dry_run: bool,
    forget_absent: bool,
    forget_paid: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Remove takes that no film wants any more.

    A film wants what its lock file names, what it paid for, and what its last render made. The
    films are those of the current folder, those named, and all that ever rendered into this
    store; while one of them is being rendered nothing is removed. Paid takes that no ledger and no
    lock file tells of stay, and the exit code is 6 then.
    """
    from storyboard.run.maintenance.retention import RetentionPolicy
    from storyboard.run.maintenance.store_maintenance import collect_garbage
    from storyboard.util.disk_errors import explain_disk_errors

    store = _open_store()
    try:
        films = tuple(resolve_film_path(film).absolute() for film in films)
        wanting_films = [*films, *_find_local_films(), *store.films.list_films()]
        _check_films_known(films, wanting_films)
        holdings = RetentionPolicy(
            wanting_films, forget_absent=forget_absent, forget_paid=forget_paid
        )
        with explain_disk_errors(str(store.root)), holdings.lock_films():
            swept = collect_garbage(
                store,
                holdings.media,
                is_possibly_wanted=holdings.is_possibly_wanted,
                dry_run=dry_run,
            )
            for film in holdings.absent if forget_absent and not dry_run else ():
                store.films.forget_film(film)
    finally:
        store.close()
    absent: list[TakeRecord] = []
    paid: list[TakeRecord] = []
    for record in swept.spared:
        (paid if holdings.is_untracked_purchase(record) else absent).append(record)
    if as_json:
        totals = {"takes": swept.takes, "files": swept.files, "bytes": swept.size}
        console.print_json({**totals, "spared": len(swept.spared), "unaccounted": len(paid)})
        return 6 if paid else 0
    verb = "would remove" if dry_run else "removed"
    cost = (
        f", which had cost ${format_decimal_usd(swept.price_micros)}" if swept.price_micros else ""
    )
    console.print_status(
        f"{verb} {swept.takes} takes, {swept.files} files, {swept.size / 1e6:.1f} MB{cost}"
    )
    if absent:
        names = ", ".join(sorted({record.film or "?" for record in absent}))
        console.print_status(
            f"{len(absent)} takes stay: films that made them are not here ({names});"
            " name them, or let them go with --forget-absent"
        )
    if paid:
        stems = ", ".join(sorted({record.film for record in paid}))
        stake = f"${format_decimal_usd(sum(record.take.price_micros for record in paid))}"
        console.print_error(
            f"{len(paid)} takes that cost {stake} stay: no ledger and no lock file tells of them"
            f" ({stems})",
            hint="`storyboard runs FILM --rebuild` enters them, or let them go with --forget-paid",
        )
    return 6 if paid else 0


def _find_local_films() -> list[Path]:
    """Films of the current folder, by what they left beside their text."""
    here = Path.cwd()
    locks = [path.name.removesuffix(".selects.yaml") for path in here.glob("*.selects.yaml")]
    states = [path.parent.name for path in here.glob(".storyboard/*/ledger.sqlite")]
    return [here / f"{stem}.yaml" for stem in sorted({*locks, *states})]


def _check_films_known(films: Iterable[Path], wanting_films: Sequence[Path]) -> None:
    """Raises UsageError where nobody could say what is wanted."""
    for film in films:
        if not locate_lock_file(film).exists() and not locate_state_folder(film).exists():
            raise UsageError(
                f"there is no lock file {locate_lock_file(film).name}",
                hint="only what films want is kept; render the film first",
            )
    if not wanting_films:
        raise UsageError(
            "no film is known that uses this store",
            hint="go to a film's folder, or name the films: storyboard store gc A.yaml B.yaml",
        )


@command.command("fetch")
@options.add_film_argument
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="A store that has the takes.",
)
@options.add_output_options
def copy_missing_takes(film: Path, source: Path, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Bring the takes that FILM's lock file names from another store; exits with 7 if some lack."""
    lock = locate_lock_file(film)
    if not lock.exists():
        raise UsageError(f"there is no lock file {lock.name}", hint="nothing was rendered yet")
    lock_file = LockFile(lock)
    store, source_store = (
        Store(locate_store_folder(film), on_notice=console.print_status),
        Store(source, on_notice=console.print_status),
    )
    copied_count, missing_takes = 0, []
    try:
        for digest in lock_file.entries:
            for take in lock_file.find_takes(digest):
                if store.has_complete_file(take.sha256):
                    continue
                record = next(
                    (r for r in source_store.find_records(digest) if r.take.sha256 == take.sha256),
                    None,
                )
                if record is None or not source_store.has_complete_file(take.sha256):
                    missing_takes.append(f"{take.shot} {take.name}")
                    continue
                _copy_take(record, source_store, store)
                copied_count += 1
    finally:
        store.close()
        source_store.close()
    if as_json:
        console.print_json({"brought": copied_count, "lacking": missing_takes})
    else:
        console.print_status(
            f"{copied_count} takes brought, {len(missing_takes)} not there"
            + _format_missing_names(missing_takes)
        )
    return 7 if missing_takes else 0


def _copy_take(record: TakeRecord, source_store: Store, target_store: Store) -> None:
    for sha256 in (record.take.sha256, *record.take.attachments.values()):
        if source_store.has_complete_file(sha256):
            stored_sha256 = target_store.put_file(source_store.require_file(sha256), move=False)
            if stored_sha256 != sha256:
                raise UsageError(
                    f"{record.take.shot} {record.take.name} is damaged in {source_store.root}",
                    hint="run `storyboard store verify` there",
                )
    target_store.add_take(
        record.take, record.parts, kind=record.kind, step=record.step, film=record.film
    )


def _format_missing_names(names: list[str]) -> str:
    return f": {', '.join(names[:8])}" if names else ""


def _format_take_row(record: TakeRecord) -> list[str]:
    take = record.take
    created = datetime.fromtimestamp(take.created_at, UTC).strftime("%Y-%m-%d %H:%M")
    return [
        record.step or take.shot,
        take.name,
        record.kind,
        take.provider,
        take.model,
        f"{record.size / 1e6:.1f} MB",
        f"${format_decimal_usd(take.price_micros)}" if take.price_micros else "-",
        created,
        take.sha256[:8],
    ]


def _to_json_record(record: TakeRecord) -> dict[str, object]:
    from storyboard.run.store.take_record import to_record_json

    return to_record_json(record)
