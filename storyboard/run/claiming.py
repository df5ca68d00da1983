"""Holding a claim while a step is made, and looking after what a dead film left under it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from storyboard.errors import UnknownOutcome
from storyboard.graph.steps import Step
from storyboard.run import events as ev
from storyboard.run.attempts import OVER
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
    async def held(self, step: Step, digest: str) -> AsyncIterator[None]:
        """Holds the store's claim on a digest, after whoever else is making it."""
        told = False
        while (claim := self._claims.take(digest, self._own)) is None:
            if not told:
                holder = self._claims.holder(digest)
                message = f"another film is making this: {holder}; waits for it"
                self._tell(ev.Note(step=step.id, message=message))
                told = True
            await asyncio.sleep(_LOOK_AGAIN_S)
        try:
            if claim.left_by not in ("", self._own):
                _look_after(Path(claim.left_by), digest, step)
        except BaseException:
            claim.release(owing=True)
            raise
        claim.hold()
        try:
            yield
        finally:
            left = self._ledger.open_for(digest)
            claim.release(owing=left is not None and not left.repeatable)


def _look_after(folder: Path, digest: str, step: Step) -> None:
    """Refuses to buy what another film has ordered and not yet fetched."""
    for attempt in Ledger.read(folder):
        over = attempt.state in OVER or attempt.repeatable
        if attempt.digest == digest and not over:
            raise UnknownOutcome(
                f"{step.id} is the same as {attempt.name} of another film, which has ordered it"
                f" and was interrupted ({folder})",
                hint="render that film first: it fetches what was paid for, and this one shares it",
                provider=attempt.provider,
            )
