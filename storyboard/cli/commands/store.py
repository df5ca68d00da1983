"""`storyboard store`: look after the takes on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from storyboard.api import store as store_api
from storyboard.cli import console, options
from storyboard.cli.terminal.tables import Column, format_table
from storyboard.money import format_decimal_usd
from storyboard.run.store.take_record import TakeRecord

_TAKE_COLUMNS = (
    Column("step"),
    Column("take"),
    Column("kind", drop_rank=4),
    Column("provider", drop_rank=1),
    Column("model", drop_rank=3),
    Column("size", drop_rank=2, is_right_aligned=True),
    Column("price", is_right_aligned=True),
    Column("made", drop_rank=5),
    Column("sha256"),
)


@click.group(
    "store",
    epilog=options.format_examples("store ls", "store why SH010", "store gc --dry-run"),
)
def command() -> None:
    """Manage stored takes: list, explain, check, fetch and remove them.

    The store is STORYBOARD_STORE, else `.storyboard/store` in the current folder.
    """


@command.command("ls", epilog=options.format_examples("store ls"))
@options.add_output_options
def list_takes(as_json: bool, quiet: bool, verbose: bool) -> int:
    """List every take, oldest first."""
    stored_takes = store_api.list_stored_takes(on_notice=console.print_status)
    records = [stored.record for stored in stored_takes]
    if as_json:
        console.print_json({"takes": [_to_json_record(record) for record in records]})
    elif records:
        rows = [_format_take_row(record) for record in records]
        console.print_result("\n".join(format_table(_TAKE_COLUMNS, rows)))
        size = sum(record.size for record in records) / 1e6
        console.print_status(f"{len(records)} takes, {size:.1f} MB")
    else:
        console.print_status("the store is empty")
    return 0


@command.command(
    "why", epilog=options.format_examples("store why SH010", "store why SH010.first_frame -v")
)
@click.argument("name", metavar="SHOT|STEP|DIGEST|SHA256")
@options.add_output_options
def explain_takes(name: str, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Explain what a take is: its film and shot, when it was made, its price, whether it plays.

    With -v, the values that form its digest are shown too.
    """
    stored_takes = store_api.find_stored_takes(name, on_notice=console.print_status)
    if as_json:
        records = [_to_json_record(stored.record) for stored in stored_takes]
        console.print_json({"takes": records})
        return 0
    from storyboard.api.take_use import find_take_uses
    from storyboard.cli.take_description import describe_identity, describe_take

    blocks = []
    for stored in stored_takes:
        lines = describe_take(stored, find_take_uses(stored.record))
        lines += describe_identity(stored.record) if verbose else []
        blocks.append("\n".join(lines))
    console.print_result("\n\n".join(blocks))
    return 0


@command.command("verify", epilog=options.format_examples("store verify", "store verify --repair"))
@click.option(
    "--repair", is_flag=True, help="Repair what can be repaired, and set damaged files aside."
)
@options.add_output_options
def verify_files(repair: bool, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Read every file and list what is damaged; exits with 3 when anything is."""
    from storyboard.cli.damage_report import describe_recovery

    defects = store_api.verify_store(repair=repair, on_notice=console.print_status)
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


@command.command("gc", epilog=options.format_examples("store gc --dry-run"))
@click.argument("films", metavar="[FILM]...", type=options.FILM, nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@click.option(
    "--forget-absent",
    is_flag=True,
    help="Also remove the takes of films whose file no longer exists.",
)
@click.option(
    "--forget-paid", is_flag=True, help="Remove paid takes that no ledger or lock file lists."
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
    """Remove takes that no film uses any more.

    A film uses what its lock file names, what it paid for, and the free takes that its last renders
    used. The command considers the films in the current folder, the films that you name, and every
    film that was ever rendered into this store. While one of these films is being rendered, it
    removes nothing. If no ledger or lock file lists a paid take, it keeps the take and ends with
    exit code 6. Files that no take names are kept and listed.
    """
    cleanup = store_api.collect_garbage(
        films,
        dry_run=dry_run,
        forget_absent=forget_absent,
        forget_paid=forget_paid,
        on_notice=console.print_status,
    )
    swept, absent, paid = (
        cleanup.removed,
        cleanup.absent_films_takes,
        cleanup.untracked_purchases,
    )
    if as_json:
        totals = {"takes": swept.takes, "files": swept.files, "bytes": swept.size}
        unnamed = [str(path) for path in swept.unnamed_files]
        stays = {"spared": len(swept.spared), "unaccounted": len(paid), "unnamed": unnamed}
        console.print_json({**totals, **stays})
        return 6 if paid else 0
    verb = "would remove" if dry_run else "removed"
    cost = (
        f", which had cost ${format_decimal_usd(swept.price_micros)}" if swept.price_micros else ""
    )
    console.print_status(
        f"{verb} {swept.takes} takes, {swept.files} files, {swept.size / 1e6:.1f} MB{cost}"
    )
    if swept.unnamed_files:
        console.print_status(
            f"{len(swept.unnamed_files)} files stay though no take and no film names them:"
            " look at them, and delete what nobody wants"
        )
        for path in swept.unnamed_files:
            console.print_status(f"  {path}")
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


@command.command(
    "fetch",
    epilog=options.format_examples("store fetch film.yaml --from ../other/.storyboard/store"),
)
@options.add_film_argument
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="The store that has the takes.",
)
@options.add_output_options
def copy_missing_takes(film: Path, source: Path, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Copy the takes that FILM's lock file names from another store.

    Exits with 7 when some of them are in neither store.
    """
    fetched = store_api.fetch_takes(film, source, on_notice=console.print_status)
    copied_count = len(fetched.copied)
    missing_takes = [f"{take.shot} {take.name}" for take in fetched.lacking]
    if as_json:
        console.print_json({"brought": copied_count, "lacking": missing_takes})
    else:
        console.print_status(
            f"{copied_count} takes brought, {len(missing_takes)} not there"
            + _format_missing_names(missing_takes)
        )
    return 7 if missing_takes else 0


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
