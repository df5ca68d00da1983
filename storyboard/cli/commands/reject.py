"""`storyboard reject`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import completion, console, options


@click.command("reject", epilog=options.format_examples("reject film.yaml SH010 t01"))
@options.add_film_argument
@click.argument("shot", shell_complete=completion.complete_shots)
@click.argument("take", shell_complete=completion.complete_takes)
@options.add_override_options
@options.add_output_options
def command(
    film: Path, shot: str, take: str, as_json: bool, quiet: bool, verbose: bool, **overlay: object
) -> int:
    """Reject the take TAKE of SHOT: the next best one plays, or the next render makes a new one.

    The choice is kept in the film's lock file, <stem>.selects.yaml.
    """
    from storyboard.api.takes import reject_take
    from storyboard.pipeline.session import check_film

    passed_over = reject_take(check_film(film, options.pop_overrides(overlay)), shot, take)
    name = take if "-" in take else passed_over.name
    if as_json:
        console.print_json({"shot": shot, "take": name, "digest": passed_over.digest})
    elif not quiet:
        console.print_status(f"{shot}: {name} rejected")
    return 0
