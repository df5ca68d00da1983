"""What a film has open, and what becomes of it: by the next render, or by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from storyboard.cli import console
from storyboard.cli.terminal.palette import paint
from storyboard.money import format_decimal_usd

if TYPE_CHECKING:
    from storyboard.plan.plan import PendingTake
    from storyboard.run.ledger.attempts import Attempt


def print_open_attempt(attempt: Attempt, film: Path, *, is_rendering: bool) -> None:
    """Says of an open attempt what will happen, and what a person can do about it.

    `is_rendering` says that a render is making it right now.
    """
    from storyboard.run.ledger.attempts import State
    from storyboard.run.ledger.pending import is_unsent

    status = f"{attempt.state.value}, ${format_decimal_usd(attempt.held_micros)} held"
    was_sending = attempt.state is State.SUBMITTING and not attempt.repeatable
    if attempt.state is State.UNKNOWN or (was_sending and not is_rendering):
        why = attempt.message or (
            "submission outcome unknown: the run ended during the submission"
            if was_sending
            else "no answer was received"
        )
        console.print_status(f"{paint(f'{attempt.name}: {status}', 'changed')}: {why}")
        console.print_status(
            f"  storyboard resolve {film} {attempt.name}"
            " --adopt OP | --assume-lost | --assume-not-sent"
        )
    elif is_rendering:
        console.print_status(f"{attempt.name}: {status}; a render is working on it")
    elif is_unsent(attempt):
        console.print_status(
            f"{attempt.name}: {status}; it was never sent, and the next render releases the money"
        )
    elif attempt.repeatable:
        console.print_status(f"{attempt.name}: {status}; the next render makes it again")
    else:
        console.print_status(f"{attempt.name}: {status}; the next render continues with it")


def print_filtered_take(pending: PendingTake, film: Path) -> None:
    """Says what a person can do about it."""
    console.print_status(
        paint(f"{pending.name}: filtered and held back", "changed") + ", nothing held"
    )
    console.print_status(
        f"  change the wording, or run storyboard render {film} --force {pending.step}"
    )
