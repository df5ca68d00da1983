"""`storyboard resolve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storyboard.cli import console, options
from storyboard.money import format_decimal_usd

if TYPE_CHECKING:
    from storyboard.api.resolution import UncertainOperation
    from storyboard.run.ledger.attempts import Attempt


@click.command(
    "resolve",
    epilog=options.format_examples(
        "resolve film.yaml SH010:t01",
        "resolve film.yaml SH010:t01 --adopt operations/1234",
        "resolve film.yaml SH010:t01 --assume-not-sent",
    ),
)
@options.add_film_argument
@click.argument("operation")
@click.option(
    "--adopt",
    metavar="OP",
    help="The submission created the provider operation OP; the next render polls OP.",
)
@click.option("--assume-lost", is_flag=True, help="It was charged, and its result is lost.")
@click.option(
    "--assume-not-sent", is_flag=True, help="It was never sent; the next render may buy it."
)
@options.add_output_options
def command(
    film: Path,
    operation: str,
    adopt: str | None,
    assume_lost: bool,
    assume_not_sent: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Record the outcome of a submission of FILM that could not be confirmed.

    OPERATION is the name that `render` printed: an attempt (`SH010:t01`), a step, or a provider's
    operation. If the film was deleted, it is the digest that `runs` printed. Takes of one
    submission share the outcome. Without an option nothing changes, and the money at stake is
    shown.
    """
    from storyboard.api.resolution import find_operation, resolve_operation

    if adopt is None and not (assume_lost or assume_not_sent):
        return _print_stake(find_operation(film, operation), as_json)
    resolved = resolve_operation(
        film,
        operation,
        adopt=adopt,
        assume_lost=assume_lost,
        assume_not_sent=assume_not_sent,
    )
    if resolved.attempt is None:
        console.print_status(f"{resolved.abandoned_digest[:12]}: the next render can buy it again")
        return 0
    if as_json:
        console.print_json(_to_resolution_document(resolved.attempts))
    elif not quiet:
        names = ", ".join(attempt.name for attempt in resolved.attempts)
        stake = format_decimal_usd(resolved.stake_micros)
        outcome_note = (
            "stays reserved"
            if adopt
            else "counts as spent"
            if assume_lost
            else "is no longer reserved"
        )
        console.print_status(f"{names}: {resolved.attempt.state.value}; ${stake} {outcome_note}")
    return 0


def _print_stake(open_operation: UncertainOperation, as_json: bool) -> int:
    """Shows what a word would be about, and says what can be said."""
    from storyboard.run.ledger.attempts import State

    attempt = open_operation.attempt
    if attempt is None:
        console.print_status(
            f"{open_operation.abandoned_digest[:12]}: submission outcome unknown (run "
            f"{open_operation.abandoned_run} of {open_operation.abandoned_state})"
        )
        console.print_status(
            "hint: use --assume-lost or --assume-not-sent; then this film can buy it"
        )
        return 7
    names = ", ".join(member.name for member in open_operation.attempts)
    stake = format_decimal_usd(open_operation.stake_micros)
    if as_json:
        document = _to_resolution_document(open_operation.attempts)
        console.print_json({**document, "held_usd": stake})
    if attempt.state is State.UNKNOWN:
        console.print_status(f"{names}: submission outcome unknown; ${stake} is reserved")
        console.print_status("hint: use --adopt OP, --assume-lost or --assume-not-sent")
    elif attempt.is_charged_without_take:
        console.print_status(
            f"{names}: {attempt.state.value}, ${stake} was charged: {attempt.message}"
        )
        console.print_status("hint: use --adopt OP to download its result")
    elif attempt.is_adopted:
        console.print_status(f"{names}: adopted as {attempt.operation}; ${stake} is reserved")
        console.print_status(
            "hint: render again to ask for its result, or use --adopt OP, --assume-lost or "
            "--assume-not-sent"
        )
    else:
        console.print_status(
            f"{attempt.name}: submitted as {attempt.operation}; ${stake} is reserved"
        )
        console.print_status(
            "hint: render again to continue with it, or use --adopt OP or --assume-lost"
        )
    return 7


def _to_resolution_document(attempts: Sequence[Attempt]) -> dict[str, Any]:
    records = [{"attempt": attempt.name, "state": attempt.state.value} for attempt in attempts]
    return {**records[0], "order": records}
