"""`storyboard takes`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storyboard.cli import console, options
from storyboard.cli.terminal.tables import Column, Narrowing, format_table
from storyboard.errors import UsageError
from storyboard.graph.steps import HELPER_KINDS
from storyboard.money import format_decimal_usd

if TYPE_CHECKING:
    from storyboard.api.takes import FilmTake


_TAKE_NAME = re.compile(r"(?P<shot>.+):(?P<take>t\d{1,4})")
_COLUMNS = (
    Column(),
    Column("shot"),
    Column("take"),
    Column("by", drop_rank=2),
    Column("holds", drop_rank=3, is_right_aligned=True),
    Column("price", drop_rank=1, is_right_aligned=True),
    Column("state", narrowing=Narrowing.WRAP),
)


@click.command(
    "takes",
    epilog=options.format_examples(
        "takes film.yaml", "takes film.yaml SH010:t02 --open", "takes film.yaml SH010 --paths"
    ),
)
@options.add_film_argument
@options.add_shots_argument
@click.option(
    "--open", "is_opened", is_flag=True, help="Open the take of the cut in a video viewer."
)
@click.option("--paths", is_flag=True, help="Print the paths of the take files, one per line.")
@options.add_override_options
@options.add_output_options
def command(
    film: Path,
    shots: tuple[str, ...],
    is_opened: bool,
    paths: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **overlay: object,
) -> int:
    """List the takes of FILM's shots: which one plays, which were rejected, what they cost.

    SHOT is the id of a shot or of a step (`SH010.first_frame`), or one of its takes: `SH010:t02`.
    Stills and narration are listed by the step that made them. A trim and a note from the lock
    file are shown with their take. --proxy and --previz list the takes of a rehearsal.

    With -v, takes of older versions of a shot are listed too.
    """
    from storyboard.api.takes import list_takes
    from storyboard.pipeline.session import check_film

    selections = [_split_take_name(name) for name in shots]
    takes = _select_takes(
        list_takes(
            check_film(film, options.pop_overrides(overlay)),
            shots=[shot for shot, _ in selections],
            include_older=verbose or as_json,
        ),
        dict(selections),
    )
    if is_opened:
        _open_take(takes, [shot for shot, _ in selections])
        return 0
    if as_json:
        console.print_json({"takes": [_to_take_record(take) for take in takes]})
    elif paths:
        for take in takes:
            if take.path is not None:
                console.print_result(str(take.path))
    elif takes:
        rows = [_format_take_row(take) for take in takes]
        roles = ["refused" if take.is_rejected else "" for take in takes]
        console.print_result("\n".join(format_table(_COLUMNS, rows, roles)))
    elif not quiet:
        console.print_status("no takes yet")
    return 0


def _split_take_name(name: str) -> tuple[str, str]:
    """`SH010:t02` as the shot and the take; any other name is a shot's, with no take."""
    match = _TAKE_NAME.fullmatch(name)
    return (match["shot"], match["take"]) if match else (name, "")


def _select_takes(
    takes: Sequence[FilmTake], wanted_by_shot: Mapping[str, str]
) -> tuple[FilmTake, ...]:
    """The takes less those of a shot, or a step, of which only another one was named."""
    selected = []
    for film_take in takes:
        step = film_take.step
        wanted = wanted_by_shot.get(step.id) or wanted_by_shot.get(step.shot)
        if wanted in (None, "", film_take.take.name):
            selected.append(film_take)
    found = {(name, t.take.name) for t in selected for name in (t.step.id, t.step.shot)}
    for shot, take in wanted_by_shot.items():
        if take and (shot, take) not in found:
            raise UsageError(
                f"{shot} has no take {take}", hint=f"see `storyboard takes FILM {shot}`"
            )
    return tuple(selected)


def _open_take(takes: Sequence[FilmTake], shots: Sequence[str]) -> None:
    """Opens the take that plays of the one shot that is named, else its newest."""
    from storyboard.cli.terminal.media_opener import open_in_viewer

    if len(shots) != 1:
        raise UsageError("--open opens one take", hint="name a shot: SH010, or a take: SH010:t02")
    shot = shots[0]
    matches = [t for t in takes if t.step.id == shot] or [
        t for t in takes if t.step.shot == shot and t.step.kind not in HELPER_KINDS
    ]
    present = [film_take for film_take in matches if film_take.path is not None]
    if not present:
        raise UsageError(
            f"{shot} has no take in this store", hint=f"see `storyboard takes FILM {shot}`"
        )
    chosen = ([film_take for film_take in present if film_take.plays] or present)[-1]
    assert chosen.path is not None
    console.print_status(f"opening {chosen.step.id}:{chosen.take.name}")
    open_in_viewer(chosen.path)


def _to_take_record(film_take: FilmTake) -> dict[str, object]:
    step, take = film_take.step, film_take.take
    return {
        "shot": step.shot,
        "step": step.id,
        "kind": step.kind.value,
        "take": film_take.name,
        "plays": film_take.plays,
        "picked": film_take.is_picked,
        "rejected": film_take.is_rejected,
        "current": film_take.is_current,
        "provider": take.provider,
        "model": take.model,
        "seed": take.seed,
        "frames": take.facts.frames,
        "price_usd": format_decimal_usd(take.price_micros),
        "trim": film_take.trim or None,
        "note": film_take.note or None,
        "sha256": take.sha256,
        "digest": take.digest,
        "path": str(film_take.path or ""),
    }


def _format_take_row(film_take: FilmTake) -> list[str]:
    step, take, trim = film_take.step, film_take.take, film_take.trim
    labels = {
        "plays": film_take.plays,
        "picked": film_take.is_picked,
        "rejected": film_take.is_rejected,
        "older": not film_take.is_current,
        "not in this store": film_take.path is None,
        f"trim {trim.get('start', '')}..{trim.get('end', '')}": bool(trim),
        f"note: {film_take.note}": bool(film_take.note),
    }
    return [
        ">" if film_take.plays else " ",
        step.id,
        film_take.name,
        take.provider,
        step.kind.value if step.kind in HELPER_KINDS else f"{take.facts.frames} frames",
        f"${format_decimal_usd(take.price_micros)}" if take.price_micros else "-",
        ", ".join(label for label, is_shown in labels.items() if is_shown),
    ]
