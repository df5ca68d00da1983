"""Holding a claim while a step is made, and looking after what a dead film left under it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from storyboard.errors import UnknownOutcome
from storyboard.graph.steps import Step
from storyboard.run import events as ev
from storyboard.run.attempts import OVER, Attempt
from storyboard.run.claims import Claim
from storyboard.run.ledger import Ledger
from storyboard.run.studio import Studio

_LOOK_AGAIN_S = 0.2


class Claiming:
    """The claims of one run."""

    def __init__(self, studio: Studio) -> None:
        self._claims = studio.store.claims
        self._ledger = studio.ledger
        self._tell = studio.tell
        self._own = str(studio.ledger.folder.absolute())

    @asynccontextmanager
    async def held(self, step: Step, digest: str, *, paid: bool) -> AsyncIterator[None]:
        """Holds the store's claim on a digest, after whoever else is making it.

        Raises UnknownOutcome where a dead run may have bought it, and its ledger can't tell.
        """
        if paid:
            await self._ledger.sign()
        run = self._ledger.run if paid else ""
        told = False
        while (claim := self._claims.take(digest, self._own, run)) is None:
            if not told:
                holder = self._claims.holder(digest)
                message = f"another film is making this: {holder}; waits for it"
                self._tell(ev.Note(step=step.id, message=message))
                told = True
            await asyncio.sleep(_LOOK_AGAIN_S)
        try:
            self._look_after(claim, step, digest)
        except BaseException:
            claim.release(owing=True)
            raise
        claim.hold()
        try:
            yield
        finally:
            left = self._ledger.open_for(digest)
            claim.release(owing=left is not None and not left.repeatable)

    def _look_after(self, claim: Claim, step: Step, digest: str) -> None:
        """Refuses to buy what a dead run may have ordered and nobody has fetched."""
        run, folder = claim.bought_by, Path(claim.left_by)
        if self._ledger.remembers(run) or not claim.left_by:
            return  # our own, wherever its folder lay then
        if claim.left_by == self._own:
            if run:
                raise _forgotten(step, run)
            return
        for attempt in Ledger.read(folder, owing=True):
            over = attempt.state in OVER or attempt.repeatable
            if attempt.digest == digest and not over:
                raise _ordered_by(attempt, folder, step, Path(self._own))
        if run and run not in Ledger.runs(folder):
            raise _gone(step, digest, folder)


def _forgotten(step: Step, run: str) -> UnknownOutcome:
    return UnknownOutcome(
        f"{step.id} may have been bought: run {run} of this film died while it was made, and the"
        " ledger knows nothing of that run",
        hint="put the ledger back from a backup; without one, `storyboard runs FILM --rebuild`"
        " enters what may have been bought, and `storyboard resolve FILM"
        f" {step.id}` says what came of it",
        provider=step.provider,
    )


def _gone(step: Step, digest: str, folder: Path) -> UnknownOutcome:
    what = "whose ledger there has lost it" if folder.is_dir() else "which is no longer there"
    return UnknownOutcome(
        f"{step.id} may have been bought: a film died while it was made, {what} ({folder})",
        hint="where that film is now, render it: it fetches what was paid for; if it is gone for"
        " good, look for the job with the provider, then say what came of it:"
        f" `storyboard resolve FILM {digest[:12]}`",
        provider=step.provider,
    )


def _ordered_by(attempt: Attempt, folder: Path, step: Step, own: Path) -> UnknownOutcome:
    beside = folder.parent.parent
    hint = "render that film first: it fetches what was paid for, and this one shares it"
    if not any((beside / f"{folder.name}{suffix}").exists() for suffix in (".yaml", ".yml")):
        hint = (
            f"{beside / folder.name}.yaml is not there any more: give the film that name back and"
            " render it; or, if this is the same film under a new name, give it its old state:"
            f" mv {own} {own}.empty && mv {folder} {own}"
        )
    return UnknownOutcome(
        f"{step.id} is the same as {attempt.name} of another film, which has ordered it"
        f" and was interrupted ({folder})",
        hint=hint,
        provider=attempt.provider,
    )
