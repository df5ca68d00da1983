"""Holding a claim while a step is made, and looking after what a dead film left under it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from storyboard.errors import UnknownOutcome
from storyboard.graph.steps import Step
from storyboard.run import events as ev
from storyboard.run.executor.context import RunContext
from storyboard.run.ledger.attempts import FINAL_STATES, Attempt
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.store.claims import Claim

_RETRY_PAUSE_S = 0.2


class ClaimGuard:
    """The claims of one run."""

    def __init__(self, context: RunContext) -> None:
        self._claims = context.store.claims
        self._ledger = context.ledger
        self._emit = context.emit
        self._own_folder = str(context.ledger.folder.absolute())

    @asynccontextmanager
    async def acquire_claim(self, step: Step, digest: str, *, paid: bool) -> AsyncIterator[None]:
        """Holds the store's claim on a digest, after whoever else is making it.

        Raises UnknownOutcome where a dead run may have bought it, and its ledger can't tell.
        """
        if paid:
            await self._ledger.record_run()
        run = self._ledger.run if paid else ""
        is_announced = False
        while (claim := self._claims.acquire(digest, self._own_folder, run)) is None:
            if not is_announced:
                holder = self._claims.read_owner(digest)
                message = f"waiting: another film is making the same take ({holder})"
                self._emit(ev.Note(step=step.id, message=message))
                is_announced = True
            await asyncio.sleep(_RETRY_PAUSE_S)
        try:
            self._refuse_unsettled_purchase(claim, step, digest)
        except BaseException:
            claim.release(keep_name=True)
            raise
        claim.replace_previous_claim()
        try:
            yield
        finally:
            open_attempt = self._ledger.find_open_attempt(digest)
            claim.release(keep_name=open_attempt is not None and not open_attempt.repeatable)

    def _refuse_unsettled_purchase(self, claim: Claim, step: Step, digest: str) -> None:
        """Refuses to buy what a dead run may have ordered and nobody has fetched."""
        run, folder = claim.previous_run, Path(claim.previous_film)
        if self._ledger.has_run(run) or not claim.previous_film:
            return  # our own, wherever its folder lay then
        if claim.previous_film == self._own_folder:
            if run:
                raise _unrecorded_run_error(step, run)
            return
        for attempt in Ledger.read_attempts(folder, open_or_picked_only=True):
            is_settled = attempt.state in FINAL_STATES or attempt.repeatable
            if attempt.digest == digest and not is_settled:
                raise _other_film_purchase_error(attempt, folder, step, Path(self._own_folder))
        if run and run not in Ledger.read_runs(folder):
            raise _lost_ledger_error(step, digest, folder)


def _unrecorded_run_error(step: Step, claim_run: str) -> UnknownOutcome:
    return UnknownOutcome(
        f"{step.id}: submission outcome unknown: run {claim_run} of this film stopped during "
        "the submission, and the ledger has no record of that run",
        hint="restore the ledger from a backup; if you have none, run `storyboard runs FILM "
        "--rebuild` to list possible purchases, then record the outcome: `storyboard "
        f"resolve FILM {step.id}`",
        provider=step.provider,
    )


def _lost_ledger_error(step: Step, digest: str, state_folder: Path) -> UnknownOutcome:
    detail = (
        "and its ledger has no record of it"
        if state_folder.is_dir()
        else "and that film no longer exists"
    )
    return UnknownOutcome(
        f"{step.id}: submission outcome unknown: another film stopped during the submission, "
        f"{detail} ({state_folder})",
        hint="render that film if it still exists: it fetches the paid take; if not, look "
        "for the job at the provider, then record the outcome: `storyboard resolve FILM "
        f"{digest[:12]}`",
        provider=step.provider,
    )


def _other_film_purchase_error(
    attempt: Attempt, other_state: Path, step: Step, own_state: Path
) -> UnknownOutcome:
    film_folder = other_state.parent.parent
    hint = "render that film first: it fetches the paid take, and this film then uses it too"
    if not any(
        (film_folder / f"{other_state.name}{suffix}").exists() for suffix in (".yaml", ".yml")
    ):
        hint = (
            f"{film_folder / other_state.name}.yaml no longer exists: rename the film back "
            "and render it; or, if this is the same film with a new name, restore its old "
            f"state: mv {own_state} {own_state}.empty && mv {other_state} {own_state}"
        )
    return UnknownOutcome(
        f"{step.id} is the same as {attempt.name} of another film, which submitted it and was "
        f"interrupted ({other_state})",
        hint=hint,
        provider=attempt.provider,
    )
