"""`storyboard render`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storyboard.cli import options, planview, view
from storyboard.errors import MoneyRefused, Severity, UsageError
from storyboard.outlet import takes_text
from storyboard.stamp import Stamp, leave, standing

if TYPE_CHECKING:
    from storyboard.cli.progress import Progress
    from storyboard.graph.plan import Plan
    from storyboard.make import Order, Rendered
    from storyboard.production import Flags, Production


@click.command("render")
@click.argument("film", metavar="FILM|PLAN", type=options.FILM, callback=options.itself)
@click.argument("shots", metavar="[SHOT]...", nargs=-1)
@click.option("-o", "out", type=options.FILM, help="Where the film goes; build/<stem>.mp4.")
@click.option("--deps", type=options.FILM, help="Write a make fragment of what the film reads.")
@click.option(
    "--missing",
    type=click.Choice(["fail", "slate", "previz"]),
    default="fail",
    help="What stands where a take is missing.",
)
@click.option(
    "--until",
    type=click.Choice(["stills"]),
    default=None,
    help="Stop once the pictures are there that shots begin from.",
)
@options.wishes
@click.option("--frozen", is_flag=True, help="Never submit: only what is there.")
@click.option("--max-cost", metavar="USD", callback=options.money, help="Most this run may spend.")
@click.option("--jobs", type=click.IntRange(1), help="Processes for local work.")
@click.option("--yes", is_flag=True, help="Spend without asking.")
@options.overlay
@options.speech
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
    jobs: int | None,
    yes: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **overlay: object,
) -> int:
    """Make the takes that FILM lacks and cut it; the film's path is printed last.

    A saved PLAN runs exactly as it was saved, or is refused. Takes that exist are never made
    again; what is interrupted is taken up by the next render.

    SHOT may be the id of a step too. `--until stills` makes only the pictures that shots begin
    from, for cents, and says where they lie; `pick` and `--retake` know them by their step.
    """
    plain = not (shots or retake or force or rebuy or accept_stale or as_json or until)
    key = _key(overlay, out, missing)
    told = deps is None or (deps.exists() and not takes_text(deps))
    if plain and told and (stamp := standing(film, key)):
        return _still(stamp, quiet)

    from storyboard.cli.places import writable
    from storyboard.cli.progress import Progress
    from storyboard.make import Order, budget, cut, default_out, idle
    from storyboard.production import Production, examine
    from storyboard.providers.base import Kind
    from storyboard.saved import read_plan, wishes_of

    flags = options.flags_of(overlay)
    saved = read_plan(film)
    if saved is not None:
        asked = (retake, force, rebuy, accept_stale, shots, until, *_laid(flags))
        if any(asked):
            raise UsageError(
                "a saved plan runs as it was saved: no shots and no flags that change the film",
                hint="plan again with them, and save that",
            )
        film, flags, shots = saved.film, saved.flags, saved.shots
    examined = examine(film, flags)
    examined.checked()
    with Progress(as_json=as_json, quiet=quiet, verbose=verbose) as progress:
        production = Production(examined, create=True, notice=progress.note)
        try:
            wishes = (
                saved.wishes if saved else wishes_of(production, retake, force, rebuy, accept_stale)
            )
            plan = production.plan(wishes, shots)
            if saved is not None:
                saved.confirm(production, plan)
            if until:
                plan = plan.only({n.step.id for n in plan.nodes if n.step.kind is Kind.STILL})
            order = Order(
                out=out,
                shots=shots,
                wishes=wishes,
                missing=missing,
                frozen=frozen,
                max_cost_micros=_least(max_cost, saved.max_cost_micros if saved else None),
                jobs=jobs or 0,
                until=until or "",
            )
            writable(production.film, out or default_out(production.film), deps)
            budget(production, plan, order)
            if plan.cost_micros and not frozen and not yes and saved is None:
                progress.pause()
                _confirm(planview.human(plan), plan.cost_micros)
            if saved is not None or not yes:
                # Nobody agreed to more: a job that failed since is not bought again unasked.
                agreed = saved.cost_micros if saved else plan.cost_micros
                order = replace(order, max_cost_micros=_least(agreed, order.max_cost_micros))
            warnings = [d for d in production.diagnostics if d.severity is Severity.WARNING]
            if warnings and not quiet and not as_json:
                view.say(view.drawn(warnings, production.texts, "concise").rstrip("\n"))
            done = (
                cut(production, plan, order, progress)
                if missing != "previz" and idle(production, plan)
                else _made(production, plan, order, progress)
            )
            if until and not quiet and not as_json:
                _show_stills(production, plan, done, progress)
            if deps is not None and not until:
                from storyboard.cli.depfile import write_deps

                write_deps(deps, out or default_out(production.film), production.film)
            if plain and saved is None and done.film is not None and idle(production, plan):
                _leave(production, plan, film, key, done.film)
        finally:
            production.close()
        progress.summary(done, plan)
    if done.film is not None and not as_json:
        view.answer(str(done.film))
    return done.result.exit_code


def _laid(flags: Flags) -> tuple[object, ...]:
    """What the flags lay over a film; nothing where none was given."""
    told = flags.to_fields()
    return tuple(told[name] for name in options.OVERLAY)


def _key(overlay: dict[str, object], out: Path | None, missing: str) -> str:
    """What tells one way of rendering a film from another."""
    from storyboard.digest import digest

    environment = {n: v for n, v in os.environ.items() if n.startswith("STORYBOARD_")}
    told = {name: str(value) for name, value in overlay.items()}
    return digest("render", [told, str(out), missing, str(Path.cwd()), environment])[:16]


def _still(stamp: Stamp, quiet: bool) -> int:
    if not quiet:
        view.say(f"nothing to make: {stamp.kept} takes kept; the film is up to date")
    view.answer(stamp.out)
    return 0


def _leave(production: Production, plan: Plan, film: Path, key: str, out: Path) -> None:
    """Leaves a stamp of a film that is whole, so that the next look at it is a glance."""
    from storyboard.cli.depfile import files_of

    assert production.store is not None
    media = [production.store.path(n.select.sha256) for n in plan.nodes if n.select]
    sidecars = [path for each in (".srt", ".vtt") if (path := out.with_suffix(each)).exists()]
    leave(film, key, out, [*files_of(production.film), *media, *sidecars], len(plan.nodes))


def _show_stills(production: Production, plan: Plan, done: Rendered, progress: Progress) -> None:
    """Says where each picture lies."""
    assert production.store is not None
    progress.pause()
    if not plan.nodes:
        view.say("the film asks for no stills")
    for node in plan.nodes:
        if take := done.result.selects.get(node.step.id):
            view.say(f"{node.step.id}: {take.name} {production.store.path(take.sha256)}")


def _made(production: Production, plan: Plan, order: Order, progress: Progress) -> Rendered:
    import asyncio

    from storyboard.make import render

    return asyncio.run(render(production, plan, order, progress))


def _least(*limits: int | None) -> int | None:
    """The tightest of the limits there are, micro-dollars."""
    return min((each for each in limits if each is not None), default=None)


def _confirm(lines: list[str], micros: int) -> None:
    """Asks a person at a terminal; refuses where nobody can be asked."""
    price = f"${planview.money(micros)}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise MoneyRefused(
            f"this render may cost {price} and nobody is here to confirm it",
            hint="give --yes, or save and review a plan: storyboard plan FILM --out PLAN",
        )
    view.say("\n".join(lines))
    if not click.confirm(f"spend up to {price}?", default=False, err=True):
        raise MoneyRefused("not confirmed; nothing was spent")
