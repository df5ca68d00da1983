"""`storyboard plan`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import console, options, plan_output
from storyboard.errors import MoneyRefused, Severity
from storyboard.model.film import Film


@click.command(
    "plan",
    epilog=options.format_examples(
        "plan film.yaml",
        "plan film.yaml SH020+ --retake SH020",
        "plan film.yaml --compare vertex,gemini,cometapi",
    ),
)
@options.add_film_argument
@options.add_shots_argument
@click.option("--out", type=options.FILM, help="Save the plan, for `storyboard render PLAN`.")
@click.option("--exit-code", is_flag=True, help="Exit with 5 when there is something to make.")
@click.option(
    "--compare",
    metavar="A,B,...",
    help="Compare the price on these providers; `A:MODEL` chooses a model of provider A.",
)
@click.option("--graph", type=click.Choice(["mermaid", "dot"]), help="Print the steps as a graph.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["human", "markdown"]),
    default="human",
    help="Form of the table.",
)
@options.add_take_options
@click.option(
    "--max-cost",
    metavar="USD",
    callback=options.parse_max_cost,
    help="Refuse a plan that costs more.",
)
@options.add_override_options
@options.add_output_options
def command(
    film: Path,
    shots: tuple[str, ...],
    out: Path | None,
    exit_code: bool,
    compare: str | None,
    graph: str | None,
    form: str,
    retake: tuple[str, ...],
    force: tuple[str, ...],
    rebuy: tuple[str, ...],
    accept_stale: bool,
    max_cost: int | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **overlay: object,
) -> int:
    """Show what a render of FILM would make, why, and what it costs; nothing is spent.

    SHOT is `SH010`, `SH010..SH040`, `SH020+` (SH020 and the shots made from it), `+SH020` (SH020
    and the shots that it is made from) or `seq:SQ01`. A plan over a limit is shown but not saved;
    the exit code is 6.
    """
    from storyboard.pipeline.saved_plan import parse_take_requests, refuse_saved_plan, save_plan
    from storyboard.pipeline.session import FilmSession, check_film

    flags = options.pop_overrides(overlay)
    refuse_saved_plan(film)
    if compare:
        from storyboard.pipeline.provider_comparison import compare_providers_of

        offers = compare_providers_of(film, flags, [name for name in compare.split(",") if name])
        if as_json:
            console.print_json({"compare": [plan_output.to_offer_record(o) for o in offers]})
        else:
            console.print_result("\n".join(plan_output.format_provider_comparison(offers)))
        return 0
    budget_error: MoneyRefused | None = None
    checked_film = check_film(film, flags)
    session = FilmSession(checked_film)
    try:
        if out is not None:
            from storyboard.pipeline.output_paths import check_plan_path

            check_plan_path(session.film, out)
        take_requests = parse_take_requests(session, retake, force, rebuy, accept_stale)
        plan = session.plan(take_requests, shots)
        if max_cost is not None or session.film.policy.budget_usd is not None:
            from storyboard.pipeline.render import RenderOptions, check_budget_and_compute_cap

            try:
                check_budget_and_compute_cap(session, plan, RenderOptions(max_cost_micros=max_cost))
            except MoneyRefused as error:
                budget_error = error
        if out is not None and budget_error is None:
            save_plan(out, session, plan, take_requests, shots, max_cost)
    finally:
        session.close()
    if graph:
        console.print_result(
            plan_output.format_mermaid_graph(plan)
            if graph == "mermaid"
            else plan_output.format_dot_graph(plan)
        )
    elif as_json:
        error_record = (
            console.to_error_json(str(budget_error), budget_error.hint, budget_error.exit_code)
            if budget_error
            else {}
        )
        console.print_json({**plan_output.to_plan_document(plan), **error_record})
    elif form == "markdown":
        console.print_result("\n".join(plan_output.format_plan_markdown(plan)))
    elif not quiet:
        console.print_result("\n".join(plan_output.format_plan_table(plan)))
    shown_diagnostics = [
        d for d in session.diagnostics if verbose or d.severity is not Severity.NOTE
    ]
    notes = [d for d in session.diagnostics if d.severity is Severity.NOTE]
    if shown_diagnostics and not quiet:
        console.print_status(
            console.format_diagnostics(shown_diagnostics, session.texts, "concise").rstrip("\n")
        )
    if notes and not verbose and not quiet and not as_json:
        for note in notes:
            console.print_status(f"note: {note.message}")
    if plan.cost_micros and not quiet and not as_json:
        _print_pending_inputs(session.film)
    if budget_error is not None:
        console.print_error(str(budget_error), budget_error.hint)
        return budget_error.exit_code
    return 5 if exit_code and plan.has_work else 0


def _print_pending_inputs(film: Film) -> None:
    """Says what a render does before it buys anything."""
    from storyboard.pipeline.inputs.input_check import count_pending_inputs

    if count := count_pending_inputs(film):
        files = "1 file is" if count == 1 else f"{count} files are"
        console.print_status(
            f"note: {files} decoded before anything is bought; "
            f"`storyboard check --full {film.path.name}` does it now"
        )
