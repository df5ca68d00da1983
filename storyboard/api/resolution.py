"""Records a person's answer about a submission whose outcome nobody can ask about any more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from storyboard.api.films import FilmSource, locate_film
from storyboard.api.keywords import name_known_keywords
from storyboard.errors import UsageError
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.paths import locate_state_folder, locate_store_folder
from storyboard.run.store.claims import Claims
from storyboard.util.file_lock import LockOwner

_SHORTEST_DIGEST = 8
"""Digits of a digest that name it."""


@dataclass(frozen=True, slots=True)
class UncertainOperation:
    """The attempts of one submission, or an abandoned claim, that a person can answer for."""

    attempt: Attempt | None = None
    """The one that was named; None where another film has claimed it."""
    attempts: tuple[Attempt, ...] = ()
    """All attempts that get the same answer."""
    abandoned_digest: str = ""
    """The digest of what a deleted film may have bought."""
    abandoned_run: str = ""
    """The run that claimed it."""
    abandoned_state: str = ""
    """The state folder of the film that claimed it."""

    @property
    def stake_micros(self) -> int:
        """The money that the word is about, micro-dollars."""
        return sum(attempt.reserved_micros for attempt in self.attempts)


@name_known_keywords
def find_operation(
    film: FilmSource, operation: str, *, assume_lost: bool = False
) -> UncertainOperation:
    """What `resolve_operation` would resolve; decides nothing.

    `operation` is a name that the render printed: `SH010:t01`, a step, the operation's name, or the
    digest of what a deleted film may have bought. `assume_lost` selects what that answer would
    apply to. Raises UsageError if the name fits nothing or more than one submission, and
    EnvironmentProblem while the film is rendered.
    """
    path = locate_film(film)
    if claim := _find_abandoned_claim(path, operation):
        digest, owner = claim
        return _to_operation(digest, owner)
    ledger = _open_ledger(film, path)
    try:
        attempt = _find_attempt(ledger, film, operation, assume_lost)
        return UncertainOperation(
            attempt, ledger.find_attempts_to_resolve(attempt, lost=assume_lost)
        )
    finally:
        ledger.close()


@name_known_keywords
def resolve_operation(
    film: FilmSource,
    operation: str,
    *,
    adopt: str | None = None,
    assume_lost: bool = False,
    assume_not_sent: bool = False,
) -> UncertainOperation:
    """Records what became of an operation, and returns its new state.

    Give exactly one of the three: `adopt` names the operation, which the next render then polls;
    `assume_lost` counts it as paid and lost; `assume_not_sent` releases its money. After the last
    two, a render may buy it again. Takes of one submission get the same answer.
    """
    path = locate_film(film)
    if adopt is not None and not adopt.strip():
        raise UsageError("--adopt needs the name of the operation at the provider")
    if claim := _find_abandoned_claim(path, operation):
        digest, owner = claim
        if adopt is not None:
            raise UsageError(
                f"{digest[:12]} belongs to another film ({owner.about}), and only that film "
                "can adopt the operation",
                hint="render that film in its current folder",
            )
        if not (assume_lost or assume_not_sent):
            raise UsageError("choose one of: adopt an operation, lost, not sent")
        _open_claims(path).discard_abandoned_claim(digest)
        return _to_operation(digest, owner)
    ledger = _open_ledger(film, path)
    try:
        attempts = asyncio.run(
            ledger.resolve_attempt(
                _find_attempt(ledger, film, operation, assume_lost),
                adopt=(adopt or "").strip(),
                lost=assume_lost,
                not_sent=assume_not_sent,
            )
        )
        return UncertainOperation(attempts[0], attempts)
    finally:
        ledger.close()


def _to_operation(digest: str, owner: LockOwner) -> UncertainOperation:
    return UncertainOperation(
        abandoned_digest=digest, abandoned_run=owner.run, abandoned_state=owner.about
    )


def _open_ledger(film: FilmSource, path: Path) -> Ledger:
    folder = locate_state_folder(path)
    if not (folder / "ledger.sqlite").exists():
        raise UsageError(
            f"{_name_film(film)} has no ledger",
            hint="check the path; nothing was submitted from this folder",
        )
    return Ledger(folder)


def _name_film(film: FilmSource) -> str:
    return str(film if isinstance(film, str | Path) else film.path)


def _find_attempt(ledger: Ledger, film: FilmSource, operation: str, assume_lost: bool) -> Attempt:
    """The attempt of that name; raises UsageError if there is none, or more than one submission."""
    sent_states = (State.UNKNOWN, State.SUBMITTED, State.DONE_REMOTE)
    matches = [
        attempt
        for attempt in ledger.find_attempts_by_name(operation)
        if attempt.state in sent_states or attempt.is_charged_without_take
    ]
    if not matches:
        raise UsageError(f"{_name_film(film)} has no open operation `{operation}`")
    group = ledger.find_attempts_to_resolve(matches[0], lost=assume_lost)
    if any(attempt not in group for attempt in matches):
        names = ", ".join(attempt.name for attempt in matches)
        raise UsageError(
            f"`{operation}` matches several operations: {names}", hint="name one of them"
        )
    return matches[0]


def _open_claims(film: Path) -> Claims:
    return Claims(locate_store_folder(film) / "claims")


def _find_abandoned_claim(film: Path, digest_prefix: str) -> tuple[str, LockOwner] | None:
    """The digest that begins with `digest_prefix`, and the film that is gone and claimed it."""
    if len(digest_prefix) < _SHORTEST_DIGEST or set(digest_prefix) - set("0123456789abcdef"):
        return None
    abandoned = [
        (digest, owner)
        for digest, owner in _open_claims(film).list_abandoned_claims()
        if digest.startswith(digest_prefix)
    ]
    own_runs = Ledger.read_runs(locate_state_folder(film)) if abandoned else frozenset()
    claims = [(digest, owner) for digest, owner in abandoned if owner.run not in own_runs]
    if len(claims) > 1:
        raise UsageError(
            f"`{digest_prefix}` matches several steps", hint="type more digits of the digest"
        )
    if not claims:
        return None
    digest, owner = claims[0]
    if Path(owner.about) == locate_state_folder(film):
        raise UsageError(
            f"{digest[:12]} was claimed by run {owner.run} of this film, but the ledger has "
            "no record of that run",
            hint="run `storyboard runs FILM --rebuild` to list possible purchases",
        )
    return digest, owner
