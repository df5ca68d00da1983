"""`storyboard takes`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import options, view
from storyboard.cli.planview import money
from storyboard.graph.steps import BESIDE


@click.command("takes")
@options.film
@click.argument("shots", metavar="[SHOT]...", nargs=-1)
@options.overlay
@options.speech
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
    from storyboard.production import Production, examine
    from storyboard.run.shelf import FilmShelf

    production = Production(examine(film, options.flags_of(overlay)))
    try:
        plan = production.plan(shots=shots, lenient=True)
        shelf = FilmShelf(production.store, production.selects, production.film.stem)
        records: list[dict[str, object]] = []
        for node in plan.nodes:
            step = node.step
            older = shelf.history(step.id, step.provider) if verbose or as_json else ()
            for digest in dict.fromkeys((*older, *([node.digest] if node.digest else []))):
                for take in shelf.takes(digest):
                    current = digest == node.digest
                    plays = current and node.select is not None and node.select == take
                    path = ""
                    if production.store is not None and shelf.present(take.sha256):
                        path = str(production.store.path(take.sha256))
                    records.append(
                        {
                            "shot": step.shot,
                            "step": step.id,
                            "kind": step.kind.value,
                            "take": take.name,
                            "plays": plays,
                            "picked": shelf.pick(digest) == take.ordinal,
                            "rejected": take.ordinal in shelf.rejected(digest),
                            "current": current,
                            "provider": take.provider,
                            "model": take.model,
                            "seed": take.seed,
                            "frames": take.facts.frames,
                            "price_usd": money(take.price_micros),
                            "trim": production.selects.trim_text(digest, take.ordinal) or None,
                            "note": production.selects.note(digest, take.ordinal) or None,
                            "sha256": take.sha256,
                            "digest": digest,
                            "path": path,
                        }
                    )
    finally:
        production.close()
    if as_json:
        view.answer_json({"takes": records})
    elif records:
        view.answer("\n".join(view.table([_row(record) for record in records])))
    elif not quiet:
        view.say("no takes yet")
    return 0


def _row(record: dict[str, object]) -> list[str]:
    words = [name for name in ("picked", "rejected") if record[name]]
    words += [] if record["current"] else ["older"]
    words += [] if record["path"] else ["not in this store"]
    if isinstance(trim := record["trim"], dict):
        words.append(f"trim {trim.get('start', '')}..{trim.get('end', '')}")
    words += [f"note: {record['note']}"] if record["note"] else []
    return [
        ">" if record["plays"] else " ",
        str(record["step"]),
        str(record["take"]),
        str(record["provider"]),
        str(record["kind"]) if record["kind"] in BESIDE else f"{record['frames']} frames",
        f"${record['price_usd']}" if record["price_usd"] != "0.00" else "-",
        str(record["sha256"])[:8],
        ", ".join(words),
        str(record["path"]),
    ]
