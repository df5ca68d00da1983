"""`storyboard pick`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import console, options


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
    from storyboard.api.films import load
    from storyboard.api.takes import pick_take

    picked_take = pick_take(load(film, **options.pop_overrides(overlay).to_fields()), shot, take)
    name = take if "-" in take else picked_take.name
    if as_json:
        console.print_json({"shot": shot, "take": name, "digest": picked_take.digest})
    elif not quiet:
        console.print_status(f"{shot}: {name} picked")
    return 0
