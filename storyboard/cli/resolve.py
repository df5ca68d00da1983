"""`storyboard resolve`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from storyboard.cli import options, view
from storyboard.cli.planview import money
from storyboard.errors import UsageError


@click.command("resolve")
@options.film
@click.argument("operation")
@click.option("--adopt", metavar="OP", help="It became this operation; the next render polls it.")
@click.option("--assume-lost", is_flag=True, help="It was paid for and is gone.")
@click.option("--assume-not-sent", is_flag=True, help="It never left; it may be bought again.")
@options.speech
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
    """Say what became of an OPERATION of FILM that nobody can ask about any more.

    OPERATION is what the render named: `SH010:t01`, a step, or the operation's name. Takes that
    one request asked for share the answer. Without an option nothing is decided, and the money at
    stake is shown.
    """
    from storyboard.run.attempts import State
    from storyboard.run.ledger import Ledger
    from storyboard.run.places import state_folder

    folder = state_folder(film.absolute())
    if not (folder / "ledger.sqlite").exists():
        raise UsageError(f"{film} has no ledger", hint="nothing was submitted from this folder")
    ledger = Ledger(folder)
    try:
        sent = (State.UNKNOWN, State.SUBMITTED, State.DONE_REMOTE)
        found = [each for each in ledger.find(operation) if each.state in sent]
        if not found:
            raise UsageError(f"no open operation of {film} is called `{operation}`")
        attempt = found[0]
        order = ledger.meant(attempt, lost=assume_lost)
        if any(each not in order for each in found):
            names = ", ".join(each.name for each in found)
            raise UsageError(f"`{operation}` is several: {names}", hint="name one of them")
        names = ", ".join(each.name for each in order)
        stake = f"${money(sum(each.reserved_micros for each in order))}"
        if not (adopt or assume_lost or assume_not_sent):
            if attempt.state is State.UNKNOWN:
                view.say(f"{names}: it may have been sent; {stake} is held")
                view.say("hint: --adopt OP, --assume-lost or --assume-not-sent")
            else:
                view.say(f"{attempt.name}: it is {attempt.operation}; {stake} is held")
                view.say("hint: the next render goes on with it; --adopt OP, --assume-lost")
            return 7
        done = asyncio.run(
            ledger.resolve(attempt, adopt=adopt or "", lost=assume_lost, not_sent=assume_not_sent)
        )
    finally:
        ledger.close()
    if as_json:
        of = [{"attempt": each.name, "state": each.state.value} for each in done]
        view.answer_json({**of[0], "order": of})
    elif not quiet:
        became = "is held" if adopt else "is counted as spent" if assume_lost else "is free again"
        view.say(f"{names}: {done[0].state.value}; {stake} {became}")
    return 0
