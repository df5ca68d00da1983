"""`storyboard check`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from storyboard.cli import console, options
from storyboard.errors import Diagnostic, Severity


@click.command(
    "check",
    epilog=options.format_examples(
        "check film.yaml",
        "check film.yaml --strict --format github",
        "check film.yaml --provider gemini",
    ),
)
@click.argument("films", metavar="FILM...", type=options.FILM, nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["human", "concise", "json", "github"]),
    help="Form of the report; under GitHub Actions `github` is the default.",
)
@click.option("--full", is_flag=True, help="Decode completely every file that the film uses.")
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@options.add_override_options
@options.add_output_options
def command(
    films: tuple[Path, ...],
    form: str | None,
    full: bool,
    strict: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **overlay: object,
) -> int:
    """Check FILM and report all problems, each with its place and a fix.

    Exits with 0 when the film may be planned and with 1 when it has errors. It needs
    no key and no network. Trims in the lock file are checked against their takes. Pictures and
    sound are decoded, for at most ten seconds; footage is decoded only with `--full`. Notes are
    shown with -v, or if there is nothing else to report.
    """
    from storyboard.pipeline.inputs.input_check import add_input_diagnostics
    from storyboard.pipeline.session import add_take_diagnostics, check_film

    flags = options.pop_overrides(overlay)
    if form is None:
        form = "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "human"
    form = "json" if as_json else form
    diagnostics: list[Diagnostic] = []
    texts: dict[str, str] = {}
    for path in films:
        checked_film = add_take_diagnostics(check_film(path, flags))
        checked_film = add_input_diagnostics(checked_film, full=full)
        shown = _select_shown(checked_film.diagnostics, quiet=quiet, verbose=verbose)
        diagnostics += checked_film.diagnostics if form == "json" else shown
        texts.update(checked_film.texts)
        if form != "json" and not quiet:
            console.print_status(
                f"{path}: {console.summarize_diagnostics(checked_film.diagnostics)}"
            )
    if form == "json":
        from storyboard.language import to_json_records as to_json_records

        console.print_json({"diagnostics": to_json_records(diagnostics)})
    elif diagnostics:
        console.print_result(console.format_diagnostics(diagnostics, texts, form).rstrip("\n"))
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return 1 if any(diagnostic.severity in failing for diagnostic in diagnostics) else 0


def _select_shown(
    diagnostics: Sequence[Diagnostic], *, quiet: bool, verbose: bool
) -> list[Diagnostic]:
    """What is drawn: notes only with -v, or where there is nothing else to tell."""
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    problems = [d for d in diagnostics if d.severity is not Severity.NOTE]
    if quiet:
        return errors
    return list(diagnostics) if verbose or not problems else problems
