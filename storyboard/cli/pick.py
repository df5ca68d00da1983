"""`storyboard pick`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import options, view


@click.command("pick")
@options.film
@click.argument("shot")
@click.argument("take")
@options.overlay
@options.speech
def command(
    film: Path, shot: str, take: str, as_json: bool, quiet: bool, verbose: bool, **overlay: object
) -> int:
    """Choose the take TAKE of SHOT; it plays from now on, and what hangs on it follows.

    The decision is kept in the film's lock file, <stem>.selects.yaml.
    """
    from storyboard.cli.judge import judged

    selects, found = judged(film, shot, take, options.flags_of(overlay))
    selects.set_pick(found.digest, found.ordinal)
    selects.save()
    if as_json:
        view.answer_json({"shot": shot, "take": found.name, "digest": found.digest})
    elif not quiet:
        view.say(f"{shot}: {found.name} picked")
    return 0
