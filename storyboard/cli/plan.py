"""`storyboard plan`."""

from __future__ import annotations

from pathlib import Path

import click

from storyboard.cli import options, planview, view
from storyboard.errors import MoneyRefused, Severity, UsageError


@click.command("plan")
@options.film
@click.argument("shots", metavar="[SHOT]...", nargs=-1)
@click.option("--out", type=options.FILM, help="Save the plan, for `storyboard render PLAN`.")
@click.option("--exit-code", is_flag=True, help="Exit with 5 when there is work.")
@click.option("--compare", metavar="A,B,...", help="The same film on these, or `A:MODEL`.")
@click.option("--graph", type=click.Choice(["mermaid", "dot"]), help="Draw the steps.")
@click.option(
    "--format", "form", type=click.Choice(["human", "markdown"]), default="human", help="Form."
)
@options.wishes
@click.option("--max-cost", metavar="USD", callback=options.money, help="Refuse a dearer plan.")
@options.overlay
@options.speech
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

    SHOT is `SH010`, `SH010..SH040`, `SH020+` (and what hangs on it), `+SH020` (and what it hangs
    on) or `seq:SQ01`. What is over a limit is shown as well, and not saved; the exit code is 6.
    """
    from storyboard.production import Production, examine
    from storyboard.saved import read_plan, save_plan, wishes_of

    flags = options.flags_of(overlay)
    if read_plan(film) is not None:
        raise UsageError(f"{film} is a saved plan", hint=f"storyboard render {film} runs it")
    if compare:
        from storyboard.cli.compare import comparison

        rows = comparison(film, flags, [name for name in compare.split(",") if name])
        if as_json:
            view.answer_json({"compare": rows})
        else:
            view.answer("\n".join(planview.compared(rows)))
        return 0
    refused: MoneyRefused | None = None
    examined = examine(film, flags)
    production = Production(examined)
    try:
        if out is not None:
            from storyboard.cli.places import plan_writable

            plan_writable(production.film, out)
        wishes = wishes_of(production, retake, force, rebuy, accept_stale)
        plan = production.plan(wishes, shots)
        if max_cost is not None or production.film.policy.budget_usd is not None:
            from storyboard.make import Order, budget

            try:
                budget(production, plan, Order(max_cost_micros=max_cost))
            except MoneyRefused as error:
                refused = error
        if out is not None and refused is None:
            save_plan(out, production, plan, wishes, shots, max_cost)
    finally:
        production.close()
    if graph:
        view.answer(planview.mermaid(plan) if graph == "mermaid" else planview.dot(plan))
    elif as_json:
        over = view.fault(str(refused), refused.hint, refused.exit_code) if refused else {}
        view.answer_json({**planview.document(plan), **over})
    elif form == "markdown":
        view.answer("\n".join(planview.markdown(plan)))
    elif not quiet:
        view.answer("\n".join(planview.human(plan)))
    told = [d for d in production.diagnostics if verbose or d.severity is not Severity.NOTE]
    notes = [d for d in production.diagnostics if d.severity is Severity.NOTE]
    if told and not quiet:
        view.say(view.drawn(told, production.texts, "concise").rstrip("\n"))
    if notes and not verbose and not quiet and not as_json:
        for note in notes:
            view.say(f"note: {note.message}")
    if refused is not None:
        view.complain(str(refused), refused.hint)
        return refused.exit_code
    return 5 if exit_code and plan.work else 0
