"""`storyboard takes`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import console, options
from storyboard.graph.steps import HELPER_KINDS
from storyboard.money import format_decimal_usd


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
    from storyboard.pipeline.session import FilmSession, check_film
    from storyboard.run.take_library import TakeLibrary

    session = FilmSession(check_film(film, options.pop_overrides(overlay)))
    try:
        plan = session.plan(shots=shots, lenient=True)
        library = TakeLibrary(session.store, session.selects, session.film.stem)
        records: list[dict[str, object]] = []
        for node in plan.nodes:
            step = node.step
            older = library.find_past_digests(step.id, step.provider) if verbose or as_json else ()
            for digest in dict.fromkeys((*older, *([node.digest] if node.digest else []))):
                for take in library.find_takes(digest):
                    current = digest == node.digest
                    plays = current and node.select is not None and node.select == take
                    path = ""
                    if session.store is not None and library.has_file(take.sha256):
                        path = str(session.store.require_file(take.sha256))
                    records.append(
                        {
                            "shot": step.shot,
                            "step": step.id,
                            "kind": step.kind.value,
                            "take": take.name,
                            "plays": plays,
                            "picked": library.find_pick(digest) == take.ordinal,
                            "rejected": take.ordinal in library.find_rejected(digest),
                            "current": current,
                            "provider": take.provider,
                            "model": take.model,
                            "seed": take.seed,
                            "frames": take.facts.frames,
                            "price_usd": format_decimal_usd(take.price_micros),
                            "trim": session.selects.find_trim_fields(digest, take.ordinal) or None,
                            "note": session.selects.find_note(digest, take.ordinal) or None,
                            "sha256": take.sha256,
                            "digest": digest,
                            "path": path,
                        }
                    )
    finally:
        session.close()
    if as_json:
        console.print_json({"takes": records})
    elif records:
        console.print_result(
            "\n".join(console.align_columns([_format_take_row(record) for record in records]))
        )
    elif not quiet:
        console.print_status("no takes yet")
    return 0


def _format_take_row(record: dict[str, object]) -> list[str]:
    labels = [name for name in ("picked", "rejected") if record[name]]
    labels += [] if record["current"] else ["older"]
    labels += [] if record["path"] else ["not in this store"]
    if isinstance(trim := record["trim"], dict):
        labels.append(f"trim {trim.get('start', '')}..{trim.get('end', '')}")
    labels += [f"note: {record['note']}"] if record["note"] else []
    return [
        ">" if record["plays"] else " ",
        str(record["step"]),
        str(record["take"]),
        str(record["provider"]),
        str(record["kind"]) if record["kind"] in HELPER_KINDS else f"{record['frames']} frames",
        f"${record['price_usd']}" if record["price_usd"] != "0.00" else "-",
        str(record["sha256"])[:8],
        ", ".join(labels),
        str(record["path"]),
    ]
