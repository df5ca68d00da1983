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
    from storyboard.api.films import load
    from storyboard.api.takes import reject_take

    passed_over = reject_take(load(film, **options.pop_overrides(overlay).to_fields()), shot, take)
    name = take if "-" in take else passed_over.name
    if as_json:
        console.print_json({"shot": shot, "take": name, "digest": passed_over.digest})
    elif not quiet:
        console.print_status(f"{shot}: {name} rejected")
    return 0
