"""`storyboard pick`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import completion, console, options


@click.command("pick", epilog=options.format_examples("pick film.yaml SH010 t02"))
@options.add_film_argument
@click.argument("shot", shell_complete=completion.complete_shots)
@click.argument("take", shell_complete=completion.complete_takes)
@options.add_override_options
@options.add_output_options
def command(
    film: Path, shot: str, take: str, as_json: bool, quiet: bool, verbose: bool, **overlay: object
) -> int:
    """Choose the take TAKE of SHOT: it plays from now on.

    The next render makes again what depends on it. The choice is kept in the film's lock file,
    <stem>.selects.yaml.
    """
    from storyboard.api.takes import pick_take
    from storyboard.pipeline.session import check_film

    picked_take = pick_take(check_film(film, options.pop_overrides(overlay)), shot, take)
    name = take if "-" in take else picked_take.name
    if as_json:
        console.print_json({"shot": shot, "take": name, "digest": picked_take.digest})
    elif not quiet:
        console.print_status(f"{shot}: {name} picked")
    return 0
