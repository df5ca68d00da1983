"""`storyboard render`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storyboard.cli import console, options, plan_output
from storyboard.errors import MoneyRefused, Severity
from storyboard.money import format_decimal_usd
from storyboard.pipeline.up_to_date import RenderStamp, read_current_stamp, write_stamp
from storyboard.util.output_files import is_stream_path

if TYPE_CHECKING:
    from storyboard.cli.progress import Progress
    from storyboard.pipeline.render import RenderResult
    from storyboard.pipeline.session import FilmSession
    from storyboard.plan.plan import Plan


@click.command(
    "render",
    epilog=options.format_examples(
        "render film.yaml --proxy",
        "render film.yaml --max-cost 20",
        "render film.yaml --retake SH020 --yes",
    ),
)
@click.argument("film", metavar="FILM|PLAN", type=options.FILM, callback=options.resolve_film_link)
@options.add_shots_argument
@click.option(
    "-o", "out", type=options.FILM, help="Where to write the film; build/<stem>.mp4 by default."
)
@click.option(
    "--deps", type=options.FILM, help="Write a make fragment that lists what the film reads."
)
@click.option(
    "--missing",
    type=click.Choice(["fail", "slate", "previz"]),
    default="fail",
    help="What to show in place of missing takes.",
)
@click.option(
    "--until",
    type=click.Choice(["stills"]),
    default=None,
    help="Make only the pictures that shots begin from.",
)
@options.add_take_options
@click.option("--frozen", is_flag=True, help="Use existing takes only; submit nothing.")
@click.option(
    "--max-cost", metavar="USD", callback=options.parse_max_cost, help="Spend no more than this."
)
@click.option(
    "--patience",
    metavar="MINUTES",
    callback=options.parse_patience,
    help="Wait this long for a job, then leave it to the next render; `infinite` means no limit.",
)
@click.option("--jobs", type=click.IntRange(1), help="Use this many processes for local work.")
@click.option("--yes", is_flag=True, help="Spend without asking.")
@options.add_override_options
@options.add_output_options
def command(
    film: Path,
    shots: tuple[str, ...],
    out: Path | None,
    deps: Path | None,
    missing: str,
    until: str | None,
    retake: tuple[str, ...],
    force: tuple[str, ...],
    rebuy: tuple[str, ...],
    accept_stale: bool,
    frozen: bool,
    max_cost: int | None,
    patience: float | None,
    jobs: int | None,
    yes: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **overlay: object,
) -> int:
    """Make the takes that FILM is missing and cut it; the film's path is printed last.

    A saved PLAN runs exactly as it was saved, or is refused. Takes that exist are never made
    again, and the next render continues what was interrupted.

    SHOT may be the id of a step too. `--until stills` makes only the pictures that shots begin
    from, for cents, and prints where they are. `pick` and `--retake` accept the id of a
    picture's step.
    --proxy and --previz write build/<stem>.proxy.mp4 and .previz.mp4, never the full film.
    """
    is_plain = not (shots or retake or force or rebuy or accept_stale or as_json or until)
    stamp_key = _build_stamp_key(overlay, out, missing)
    told = deps is None or (deps.exists() and not is_stream_path(deps))
    if is_plain and told and (stamp := read_current_stamp(film, stamp_key)):
        return _print_up_to_date(stamp, quiet)

    from storyboard.cli.progress import Progress
    from storyboard.pipeline.prepared_render import (
        RenderRequest,
        prepare_render,
        read_render_source,
    )

    request = RenderRequest(
        out=out,
        deps=deps,
        shots=shots,
        retake=retake,
        force=force,
        rebuy=rebuy,
        accept_stale=accept_stale,
        missing=missing,
        until=until or "",
        frozen=frozen,
        max_cost_micros=max_cost,
        jobs=jobs or 0,
        patience_s=patience,
    )
    source = read_render_source(film, options.pop_overrides(overlay), request)
    source.checked_film.require_graph()
    with (
        Progress(as_json=as_json, quiet=quiet, verbose=verbose) as progress,
        prepare_render(source, request, on_notice=progress.print_note) as prepared,
    ):
        session, plan = prepared.session, prepared.plan
        progress.set_plan(plan)
        if not yes and not prepared.is_reviewed:
            if plan.cost_micros and not frozen:
                progress.stop_display()
                _confirm_cost(plan_output.format_plan_table(plan, on_stderr=True), plan.cost_micros)
            # Nobody agreed to more: a job that failed since is not bought again unasked.
            prepared.limit_cost(plan.cost_micros)
        warnings = [d for d in session.diagnostics if d.severity is Severity.WARNING]
        if warnings and not quiet and not as_json:
            console.print_status(
                console.format_diagnostics(warnings, session.texts, "concise").rstrip("\n")
            )
        rendered = prepared.run_to_end(progress)
        if until and not quiet and not as_json:
            _print_still_paths(session, plan, rendered, progress)
        for note in prepared.notes:
            console.print_status(note)
        if (
            is_plain
            and not prepared.is_reviewed
            and rendered.film is not None
            and prepared.has_nothing_to_do
        ):
            _save_stamp(session, plan, film, stamp_key, rendered.film)
    progress.print_summary(rendered, plan)
    if rendered.film is not None and not as_json:
        console.print_result(str(rendered.film))
    return rendered.result.exit_code


def _build_stamp_key(override_values: dict[str, object], out: Path | None, missing: str) -> str:
    """What tells one way of rendering a film from another."""
    from storyboard.digest import digest_value

    environment = {n: v for n, v in os.environ.items() if n.startswith("STORYBOARD_")}
    overrides = {name: str(value) for name, value in override_values.items()}
    return digest_value("render", [overrides, str(out), missing, str(Path.cwd()), environment])[:16]


def _print_up_to_date(stamp: RenderStamp, quiet: bool) -> int:
    if not quiet:
        console.print_status(f"nothing to make: {stamp.kept} takes kept; the film is up to date")
    console.print_result(stamp.out)
    return 0


def _save_stamp(session: FilmSession, plan: Plan, film: Path, key: str, out: Path) -> None:
    """Leaves a stamp of a film that is whole, so that the next look at it is a glance."""
    from storyboard.pipeline.depfile import list_film_files

    assert session.store is not None
    media = [session.store.require_file(n.select.sha256) for n in plan.nodes if n.select]
    sidecars = [path for suffix in (".srt", ".vtt") if (path := out.with_suffix(suffix)).exists()]
    write_stamp(
        film, key, out, [*list_film_files(session.film), *media, *sidecars], len(plan.nodes)
    )


def _print_still_paths(
    session: FilmSession, plan: Plan, rendered: RenderResult, progress: Progress
) -> None:
    """Says where each picture lies."""
    assert session.store is not None
    progress.stop_display()
    if not plan.nodes:
        console.print_status("the film uses no stills")
    for node in plan.nodes:
        if take := rendered.result.selects.get(node.step.id):
            console.print_status(
                f"{node.step.id}: {take.name} {session.store.require_file(take.sha256)}"
            )


def _confirm_cost(plan_lines: list[str], cost_micros: int) -> None:
    """Asks a person at a terminal; refuses where nobody can be asked."""
    price = f"${format_decimal_usd(cost_micros)}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise MoneyRefused(
            f"rendering may cost {price}: confirm with --yes (no terminal attached)",
            hint="add --yes, or save and review a plan: storyboard plan FILM --out PLAN",
        )
    console.print_status("\n".join(plan_lines))
    if not click.confirm(f"spend up to {price}?", default=False, err=True):
        raise MoneyRefused("the render was not confirmed; nothing was spent")
