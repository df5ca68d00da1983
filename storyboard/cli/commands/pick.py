"""`storyboard pick`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import console, options
from storyboard.cli.named_take import find_take_with_lock_file


@click.command("pick")
@options.add_film_argument
@click.argument("shot")
@click.argument("take")
@options.add_override_options
@options.add_output_options
def command(
    film: Path, shot: str, take: str, as_json: bool, quiet: bool, verbose: bool, **overlay: object
) -> int:
    """Choose the take TAKE of SHOT; it plays from now on, and what hangs on it follows.

    The decision is kept in the film's lock file, <stem>.selects.yaml.
    """
    lock_file, judged_take = find_take_with_lock_file(
        film, shot, take, options.pop_overrides(overlay)
    )
    lock_file.set_pick(judged_take.digest, judged_take.ordinal)
    lock_file.save()
    if as_json:
        console.print_json({"shot": shot, "take": judged_take.name, "digest": judged_take.digest})
    elif not quiet:
        console.print_status(f"{shot}: {judged_take.name} picked")
    return 0
