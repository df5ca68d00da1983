"""`storyboard resolve`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from storyboard.cli import console, options
from storyboard.errors import UsageError
from storyboard.money import format_decimal_usd

_SHORTEST_DIGEST = 8
"""Digits of a digest that name it."""


@click.command("resolve")
@options.add_film_argument
@click.argument("operation")
@click.option("--adopt", metavar="OP", help="It became this operation; the next render polls it.")
@click.option("--assume-lost", is_flag=True, help="It was paid for and is gone.")
@click.option("--assume-not-sent", is_flag=True, help="It never left; it may be bought again.")
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
    """Say what became of an OPERATION of FILM that nobody can ask about any more.

    OPERATION is what the render named: `SH010:t01`, a step, the operation's name, or the digest of
    what a film that is gone may have bought. Takes that one request asked for share the answer.
    Without an option nothing is decided, and the money at stake is shown.
    """
    from storyboard.run.ledger.attempts import State
    from storyboard.run.ledger.ledger import Ledger
    from storyboard.run.paths import locate_state_folder

    if adopt is not None and not adopt.strip():
        raise UsageError("--adopt wants the operation's name, as the provider has it")
    if digest := _find_abandoned_digest(film, operation):
        return _release_abandoned_claim(film, digest, adopt, assume_lost or assume_not_sent)
    folder = locate_state_folder(film.absolute())
    if not (folder / "ledger.sqlite").exists():
        raise UsageError(f"{film} has no ledger", hint="nothing was submitted from this folder")
    ledger = Ledger(folder)
    try:
        sent_states = (State.UNKNOWN, State.SUBMITTED, State.DONE_REMOTE)
        matches = [
            member
            for member in ledger.find_attempts_by_name(operation)
            if member.state in sent_states or member.is_charged_without_take
        ]
        if not matches:
            raise UsageError(f"no open operation of {film} is called `{operation}`")
        attempt = matches[0]
        group = ledger.find_attempts_to_resolve(attempt, lost=assume_lost)
        if any(member not in group for member in matches):
            names = ", ".join(member.name for member in matches)
            raise UsageError(f"`{operation}` is several: {names}", hint="name one of them")
        names = ", ".join(member.name for member in group)
        stake = f"${format_decimal_usd(sum(member.reserved_micros for member in group))}"
        if not (adopt or assume_lost or assume_not_sent):
            if as_json:
                records = [
                    {"attempt": member.name, "state": member.state.value} for member in group
                ]
                console.print_json(
                    {**records[0], "order": records, "held_usd": stake.removeprefix("$")}
                )
            if attempt.state is State.UNKNOWN:
                console.print_status(f"{names}: it may have been sent; {stake} is held")
                console.print_status("hint: --adopt OP, --assume-lost or --assume-not-sent")
            elif attempt.is_charged_without_take:
                console.print_status(
                    f"{names}: {attempt.state.value}, {stake} was charged: {attempt.message}"
                )
                console.print_status("hint: --adopt OP fetches it after all")
            elif attempt.is_adopted:
                console.print_status(
                    f"{names}: a person says it is {attempt.operation}; {stake} is held"
                )
                console.print_status(
                    "hint: the next render asks for it; --adopt OP, --assume-lost or"
                    " --assume-not-sent"
                )
            else:
                console.print_status(f"{attempt.name}: it is {attempt.operation}; {stake} is held")
                console.print_status(
                    "hint: the next render goes on with it; --adopt OP, --assume-lost"
                )
            return 7
        resolved = asyncio.run(
            ledger.resolve_attempt(
                attempt, adopt=(adopt or "").strip(), lost=assume_lost, not_sent=assume_not_sent
            )
        )
    finally:
        ledger.close()
    if as_json:
        records = [{"attempt": member.name, "state": member.state.value} for member in resolved]
        console.print_json({**records[0], "order": records})
    elif not quiet:
        outcome_note = (
            "is held" if adopt else "is counted as spent" if assume_lost else "is free again"
        )
        console.print_status(f"{names}: {resolved[0].state.value}; {stake} {outcome_note}")
    return 0


def _find_abandoned_digest(film: Path, digest_prefix: str) -> str:
    """The digest that begins with `digest_prefix`, where a film that is gone may have bought it."""
    from storyboard.run.ledger.ledger import Ledger
    from storyboard.run.paths import locate_state_folder, locate_store_folder
    from storyboard.run.store.claims import Claims

    if len(digest_prefix) < _SHORTEST_DIGEST or set(digest_prefix) - set("0123456789abcdef"):
        return ""
    claims = Claims(locate_store_folder(film.absolute()) / "claims")
    abandoned = [
        (digest, owner.run)
        for digest, owner in claims.list_abandoned_claims()
        if digest.startswith(digest_prefix)
    ]
    own_runs = Ledger.read_runs(locate_state_folder(film.absolute())) if abandoned else frozenset()
    digests = [digest for digest, run in abandoned if run not in own_runs]
    if len(digests) > 1:
        raise UsageError(f"`{digest_prefix}` is several", hint="give more of the digest")
    return digests[0] if digests else ""


def _release_abandoned_claim(
    film: Path, digest: str, adopted_operation: str | None, is_decided: bool
) -> int:
    """A person's word on what another film may have bought."""
    from storyboard.run.paths import locate_state_folder, locate_store_folder
    from storyboard.run.store.claims import Claims

    claims = Claims(locate_store_folder(film.absolute()) / "claims")
    owner = dict(claims.list_abandoned_claims())[digest]
    if Path(owner.about) == locate_state_folder(film.absolute()):
        raise UsageError(
            f"{digest[:12]} was claimed by run {owner.run} of this film, which its ledger forgot",
            hint="`storyboard runs FILM --rebuild` enters what it may have bought",
        )
    if adopted_operation is not None:
        raise UsageError(
            f"{digest[:12]} is of another film ({owner.about}), whose ledger adopts operations",
            hint="render that film where it is now",
        )
    if not is_decided:
        console.print_status(f"{digest[:12]}: run {owner.run} of {owner.about} may have bought it")
        console.print_status("hint: --assume-lost or --assume-not-sent: it may then be bought here")
        return 7
    claims.discard_abandoned_claim(digest)
    console.print_status(f"{digest[:12]}: it may be bought again")
    return 0
