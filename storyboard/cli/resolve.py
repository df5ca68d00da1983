"""`storyboard resolve`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from storyboard.cli import options, view
from storyboard.cli.planview import money
from storyboard.errors import UsageError

_SHORTEST = 8
"""Digits of a digest that name it."""


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

    OPERATION is what the render named: `SH010:t01`, a step, the operation's name, or the digest of
    what a film that is gone may have bought. Takes that one request asked for share the answer.
    Without an option nothing is decided, and the money at stake is shown.
    """
    from storyboard.run.attempts import State
    from storyboard.run.ledger import Ledger
    from storyboard.run.places import state_folder

    if adopt is not None and not adopt.strip():
        raise UsageError("--adopt wants the operation's name, as the provider has it")
    if digest := _claimed(film, operation):
        return _claim(film, digest, adopt, assume_lost or assume_not_sent)
    folder = state_folder(film.absolute())
    if not (folder / "ledger.sqlite").exists():
        raise UsageError(f"{film} has no ledger", hint="nothing was submitted from this folder")
    ledger = Ledger(folder)
    try:
        sent = (State.UNKNOWN, State.SUBMITTED, State.DONE_REMOTE)
        found = [
            each
            for each in ledger.find(operation)
            if each.state in sent or each.is_charged_without_take
        ]
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
            if as_json:
                of = [{"attempt": each.name, "state": each.state.value} for each in order]
                view.answer_json({**of[0], "order": of, "held_usd": stake.removeprefix("$")})
            if attempt.state is State.UNKNOWN:
                view.say(f"{names}: it may have been sent; {stake} is held")
                view.say("hint: --adopt OP, --assume-lost or --assume-not-sent")
            elif attempt.is_charged_without_take:
                view.say(f"{names}: {attempt.state.value}, {stake} was charged: {attempt.message}")
                view.say("hint: --adopt OP fetches it after all")
            elif attempt.adopted:
                view.say(f"{names}: a person says it is {attempt.operation}; {stake} is held")
                view.say(
                    "hint: the next render asks for it; --adopt OP, --assume-lost or"
                    " --assume-not-sent"
                )
            else:
                view.say(f"{attempt.name}: it is {attempt.operation}; {stake} is held")
                view.say("hint: the next render goes on with it; --adopt OP, --assume-lost")
            return 7
        done = asyncio.run(
            ledger.resolve(
                attempt, adopt=(adopt or "").strip(), lost=assume_lost, not_sent=assume_not_sent
            )
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


def _claimed(film: Path, name: str) -> str:
    """The digest that begins with `name`, where a film that is gone may have bought it."""
    from storyboard.run.claims import Claims
    from storyboard.run.ledger import Ledger
    from storyboard.run.places import state_folder, store_folder

    if len(name) < _SHORTEST or set(name) - set("0123456789abcdef"):
        return ""
    claims = Claims(store_folder(film.absolute()) / "claims")
    left = [(digest, by.run) for digest, by in claims.left() if digest.startswith(name)]
    own = Ledger.runs(state_folder(film.absolute())) if left else frozenset()
    found = [digest for digest, run in left if run not in own]
    if len(found) > 1:
        raise UsageError(f"`{name}` is several", hint="give more of the digest")
    return found[0] if found else ""


def _claim(film: Path, digest: str, adopt: str | None, gone: bool) -> int:
    """A person's word on what another film may have bought."""
    from storyboard.run.claims import Claims
    from storyboard.run.places import state_folder, store_folder

    claims = Claims(store_folder(film.absolute()) / "claims")
    left = dict(claims.left())[digest]
    if Path(left.about) == state_folder(film.absolute()):
        raise UsageError(
            f"{digest[:12]} was claimed by run {left.run} of this film, which its ledger forgot",
            hint="`storyboard runs FILM --rebuild` enters what it may have bought",
        )
    if adopt is not None:
        raise UsageError(
            f"{digest[:12]} is of another film ({left.about}), whose ledger adopts operations",
            hint="render that film where it is now",
        )
    if not gone:
        view.say(f"{digest[:12]}: run {left.run} of {left.about} may have bought it")
        view.say("hint: --assume-lost or --assume-not-sent: it may then be bought here")
        return 7
    claims.forget(digest)
    view.say(f"{digest[:12]}: it may be bought again")
    return 0
