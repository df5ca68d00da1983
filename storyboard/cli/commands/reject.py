"""`storyboard reject`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import console, options


@click.command("reject")
@options.add_film_argument
@click.argument("shot")
@click.argument("take")
@options.add_override_options
@options.add_output_options
def command(
    film: Path, shot: str, take: str, as_json: bool, quiet: bool, verbose: bool, **overlay: object
) -> int:
    """Pass over the take TAKE of SHOT; the next best plays, or a new one is made.

    The decision is kept in the film's lock file, <stem>.selects.yaml.
    """
    from storyboard.cli.named_take import find_take_with_lock_file

    lock_file, judged_take = find_take_with_lock_file(
        film, shot, take, options.pop_overrides(overlay)
    )
    lock_file.set_rejected(judged_take.digest, judged_take.ordinal)
    lock_file.save()
    if as_json:
        console.print_json({"shot": shot, "take": judged_take.name, "digest": judged_take.digest})
    elif not quiet:
        console.print_status(f"{shot}: {judged_take.name} rejected")
    return 0
