"""`storyboard store`: look after the takes on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from storyboard.cli import options, view
from storyboard.cli.planview import money
from storyboard.errors import UsageError
from storyboard.run.places import real_film, selects_file, state_folder, store_folder
from storyboard.run.record import Record
from storyboard.run.selects import Selects
from storyboard.run.store import Store


@click.group("store")
def command() -> None:
    """Look after the takes on disk: list, explain, check, fetch and clean up.

    The store is STORYBOARD_STORE, else `.storyboard/store` in the current folder.
    """


def _opened() -> Store:
    folder = store_folder(Path.cwd() / "film.yaml")
    if not folder.is_dir():
        raise UsageError(
            f"there is no store at {folder}",
            hint="go to the film's folder, or set STORYBOARD_STORE",
        )
    return Store(folder, notice=view.say)


@command.command("ls")
@options.speech
def ls(as_json: bool, quiet: bool, verbose: bool) -> int:
    """List every take, oldest first."""
    store = _opened()
    try:
        records = store.ls()
    finally:
        store.close()
    if as_json:
        view.answer_json({"takes": [_told(record) for record in records]})
    elif records:
        view.answer("\n".join(view.table([_row(record) for record in records])))
        size = sum(record.size for record in records) / 1e6
        view.say(f"{len(records)} takes, {size:.1f} MB")
    else:
        view.say("the store is empty")
    return 0


@command.command("why")
@click.argument("name", metavar="SHOT|STEP|DIGEST|SHA256")
@options.speech
def why(name: str, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Say what a take was made of: the parts of its identity, and who made it."""
    store = _opened()
    try:
        records = store.why(name)
        here = {sha for r in records if store.holds(sha := r.take.sha256)}
        paths = {sha: str(store.path(sha)) for sha in here}
    finally:
        store.close()
    if not records:
        raise UsageError(f"the store knows no `{name}`", hint="see `storyboard store ls`")
    if as_json:
        view.answer_json({"takes": [_told(record) for record in records]})
        return 0
    for record in records:
        take = record.take
        view.answer(f"{record.step} {take.name}  {record.kind} by {take.provider} {take.model}")
        view.answer(f"  digest   {take.digest}")
        for part, value in record.parts.items():
            view.answer(f"  {part:<11}{value}")
        view.answer(f"  bytes    {take.sha256}  {paths.get(take.sha256, 'missing')}")
    return 0


@command.command("verify")
@click.option("--repair", is_flag=True, help="Mend what can be, and set damaged files aside.")
@options.speech
def verify(repair: bool, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Read every file again and name what is damaged; exits with 3 when anything is."""
    from storyboard.cli.damage import fates
    from storyboard.run import upkeep

    store = _opened()
    try:
        damaged = upkeep.verify(store, repair=repair)
    finally:
        store.close()
    if as_json:
        told = [{"what": d.what, "path": str(d.path), "sha256": d.sha256} for d in damaged]
        view.answer_json({"damage": told})
        return 3 if damaged else 0
    for damage in damaged:
        view.answer(str(damage))
    if not quiet:
        for line in fates(damaged, repaired=repair) if damaged else ["every take is as it was"]:
            view.say(line)
    return 3 if damaged else 0


@command.command("gc")
@click.argument("films", metavar="[FILM]...", type=options.FILM, nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--forget-absent", is_flag=True, help="Films that are no longer where they were want nothing."
)
@click.option(
    "--forget-paid", is_flag=True, help="Paid takes that no ledger and no lock file tells of go."
)
@options.speech
def gc(
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
    from storyboard.disk import disk_errors
    from storyboard.run.holdings import Holdings
    from storyboard.run.upkeep import sweep

    store = _opened()
    try:
        films = tuple(real_film(film).absolute() for film in films)
        wanting = [*films, *_films_here(), *store.tenants.films()]
        _refuse_unknown(films, wanting)
        holdings = Holdings(wanting, forgotten=forget_absent, paid=forget_paid)
        with disk_errors(str(store.root)), holdings.resting():
            swept = sweep(store, holdings.media, unsure=holdings.unsure, dry_run=dry_run)
            for film in holdings.absent if forget_absent and not dry_run else ():
                store.tenants.forget(film)
    finally:
        store.close()
    absent: list[Record] = []
    paid: list[Record] = []
    for record in swept.spared:
        (paid if holdings.unaccounted(record) else absent).append(record)
    if as_json:
        told = {"takes": swept.takes, "files": swept.files, "bytes": swept.size}
        view.answer_json({**told, "spared": len(swept.spared), "unaccounted": len(paid)})
        return 6 if paid else 0
    verb = "would remove" if dry_run else "removed"
    cost = f", which had cost ${money(swept.price_micros)}" if swept.price_micros else ""
    view.say(f"{verb} {swept.takes} takes, {swept.files} files, {swept.size / 1e6:.1f} MB{cost}")
    if absent:
        names = ", ".join(sorted({record.film or "?" for record in absent}))
        view.say(
            f"{len(absent)} takes stay: films that made them are not here ({names});"
            " name them, or let them go with --forget-absent"
        )
    if paid:
        stems = ", ".join(sorted({record.film for record in paid}))
        stake = f"${money(sum(record.take.price_micros for record in paid))}"
        view.complain(
            f"{len(paid)} takes that cost {stake} stay: no ledger and no lock file tells of them"
            f" ({stems})",
            hint="`storyboard runs FILM --rebuild` enters them, or let them go with --forget-paid",
        )
    return 6 if paid else 0


def _films_here() -> list[Path]:
    """Films of the current folder, by what they left beside their text."""
    here = Path.cwd()
    locks = [path.name.removesuffix(".selects.yaml") for path in here.glob("*.selects.yaml")]
    states = [path.parent.name for path in here.glob(".storyboard/*/ledger.sqlite")]
    return [here / f"{stem}.yaml" for stem in sorted({*locks, *states})]


def _refuse_unknown(films: Iterable[Path], wanting: Sequence[Path]) -> None:
    """Raises UsageError where nobody could say what is wanted."""
    for film in films:
        if not selects_file(film).exists() and not state_folder(film).exists():
            raise UsageError(
                f"there is no lock file {selects_file(film).name}",
                hint="only what films want is kept; render the film first",
            )
    if not wanting:
        raise UsageError(
            "no film is known that uses this store",
            hint="go to a film's folder, or name the films: storyboard store gc A.yaml B.yaml",
        )


@command.command("fetch")
@options.film
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="A store that has the takes.",
)
@options.speech
def fetch(film: Path, source: Path, as_json: bool, quiet: bool, verbose: bool) -> int:
    """Bring the takes that FILM's lock file names from another store; exits with 7 if some lack."""
    lock = selects_file(film)
    if not lock.exists():
        raise UsageError(f"there is no lock file {lock.name}", hint="nothing was rendered yet")
    selects = Selects(lock)
    store, other = Store(store_folder(film), notice=view.say), Store(source, notice=view.say)
    brought, lacking = 0, []
    try:
        for digest in selects.entries:
            for take in selects.takes(digest):
                if store.present(take.sha256):
                    continue
                record = next(
                    (r for r in other.records(digest) if r.take.sha256 == take.sha256), None
                )
                if record is None or not other.present(take.sha256):
                    lacking.append(f"{take.shot} {take.name}")
                    continue
                _bring(record, other, store)
                brought += 1
    finally:
        store.close()
        other.close()
    if as_json:
        view.answer_json({"brought": brought, "lacking": lacking})
    else:
        view.say(f"{brought} takes brought, {len(lacking)} not there" + _list(lacking))
    return 7 if lacking else 0


def _bring(record: Record, source: Store, store: Store) -> None:
    for sha256 in (record.take.sha256, *record.take.attachments.values()):
        if source.present(sha256):
            got = store.put(source.path(sha256), move=False)
            if got != sha256:
                raise UsageError(
                    f"{record.take.shot} {record.take.name} is damaged in {source.root}",
                    hint="run `storyboard store verify` there",
                )
    store.add(record.take, record.parts, kind=record.kind, step=record.step, film=record.film)


def _list(names: list[str]) -> str:
    return f": {', '.join(names[:8])}" if names else ""


def _row(record: Record) -> list[str]:
    take = record.take
    made = datetime.fromtimestamp(take.created_at, UTC).strftime("%Y-%m-%d %H:%M")
    return [
        record.step or take.shot,
        take.name,
        record.kind,
        take.provider,
        take.model,
        f"{record.size / 1e6:.1f} MB",
        f"${money(take.price_micros)}" if take.price_micros else "-",
        made,
        take.sha256[:8],
    ]


def _told(record: Record) -> dict[str, object]:
    from storyboard.run.record import to_json

    return to_json(record)
