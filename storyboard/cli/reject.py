"""`storyboard reject`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import options, view


@click.command("reject")
@options.film
@click.argument("shot")
@click.argument("take")
@options.overlay
@options.speech
def command(
    film: Path, shot: str, take: str, as_json: bool, quiet: bool, verbose: bool, **overlay: object
) -> int:
    """Pass over the take TAKE of SHOT; the next best plays, or a new one is made.

    The decision is kept in the film's lock file, <stem>.selects.yaml.
    """
    from storyboard.cli.judge import judged

    selects, found = judged(film, shot, take, options.flags_of(overlay))
    selects.set_rejected(found.digest, found.ordinal)
    selects.save()
    if as_json:
        view.answer_json({"shot": shot, "take": found.name, "digest": found.digest})
    elif not quiet:
        view.say(f"{shot}: {found.name} rejected")
    return 0
