"""`storyboard takes`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from storyboard.cli import console, options
from storyboard.graph.steps import HELPER_KINDS
from storyboard.money import format_decimal_usd

if TYPE_CHECKING:
    from storyboard.api.takes import FilmTake


@click.command("takes")
@options.add_film_argument
@click.argument("shots", metavar="[SHOT]...", nargs=-1)
@options.add_override_options
@options.add_output_options
def command(
    film: Path,
    shots: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **overlay: object,
) -> int:
    """List the takes of FILM's shots: which one plays, which were rejected, what they cost.

    Stills and narration stand among them, by the step that made them.

    A trim and a note that the lock file has of a take are shown with it.

    With -v also the takes of older versions of a shot.
    """
    from storyboard.api.films import load
    from storyboard.api.takes import list_takes

    takes = list_takes(
        load(film, **options.pop_overrides(overlay).to_fields()),
        shots=shots,
        include_older=verbose or as_json,
    )
    if as_json:
        console.print_json({"takes": [_to_take_record(take) for take in takes]})
    elif takes:
        console.print_result(
            "\n".join(console.align_columns([_format_take_row(take) for take in takes]))
        )
    elif not quiet:
        console.print_status("no takes yet")
    return 0


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
        take.sha256[:8],
        ", ".join(label for label, is_shown in labels.items() if is_shown),
        str(film_take.path or ""),
    ]
