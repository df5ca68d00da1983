"""What a film has open, and what becomes of it: by the next render, or by a person."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storyboard.cli import view
from storyboard.cli.planview import money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storyboard.graph.plan import Pending
    from storyboard.run.attempts import Attempt


def tell(attempt: Attempt, film: Path, *, at_work: bool) -> None:
    """Says of an open attempt what will happen, and what a person can do about it.

    `at_work` says that a render is making it right now.
    """
    from storyboard.run.attempts import State
    from storyboard.run.owing import unsent

    held = f"{attempt.state.value}, ${money(attempt.held_micros)} held"
    sending = attempt.state is State.SUBMITTING and not attempt.repeatable
    if attempt.state is State.UNKNOWN or (sending and not at_work):
        why = attempt.message or (
            "its run ended while it was being sent, so nobody knows whether it was bought"
            if sending
            else "no answer came"
        )
        view.say(click.style(f"{attempt.name}: {held}", fg="yellow") + f": {why}")
        view.say(
            f"  storyboard resolve {film} {attempt.name}"
            " --adopt OP | --assume-lost | --assume-not-sent"
        )
    elif at_work:
        view.say(f"{attempt.name}: {held}; a render is at work on it")
    elif unsent(attempt):
        view.say(f"{attempt.name}: {held}; it was never sent, and the next render frees the money")
    elif attempt.repeatable:
        view.say(f"{attempt.name}: {held}; the next render makes it again")
    else:
        view.say(f"{attempt.name}: {held}; the next render goes on with it")


def held_back(film: Path, attempts: Sequence[Attempt]) -> tuple[Pending, ...]:
    """Takes that a filter took and that no render asks for again by itself.

    A film that can't be read any more wants none.
    """
    from storyboard.errors import StoryboardError
    from storyboard.production import Flags, Production, examine
    from storyboard.run.attempts import State

    if not any(each.state is State.FILTERED for each in attempts):
        return ()
    with suppress(StoryboardError), closing(Production(examine(film, Flags()))) as production:
        return tuple(each for each in production.plan(lenient=True).pending if each.filtered)
    return ()


def tell_held_back(each: Pending, film: Path) -> None:
    """Says what a person can do about it."""
    view.say(click.style(f"{each.name}: filtered and held back", fg="yellow") + ", nothing held")
    view.say(f"  change its words, or storyboard render {film} --force {each.step}")
