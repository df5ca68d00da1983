"""A run's hand in the lock file: it enters takes and, where a person asked for one, its pick."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence

from storyboard.film import Take
from storyboard.graph.steps import Step
from storyboard.run import events as ev
from storyboard.run.studio import Studio

_SAVE_EVERY_S = 1.0
_SAVE_SHARE = 20
"""The lock file is written whole; of a long film so rarely that it costs a small share."""


class LockFile:
    """The lock file as one run writes it, now and then; the end of the run saves the rest."""

    def __init__(self, studio: Studio) -> None:
        self._selects = studio.selects
        self._store = studio.store
        self._tell = studio.tell
        self._save_at = time.monotonic() + _SAVE_EVERY_S

    def enter_all(
        self, step: Step, select: Take, siblings: Sequence[Take], parts: Mapping[str, str]
    ) -> None:
        """Enters the select and its siblings that are here, whoever made them.

        Takes that another film of the store bought are this film's too from now on.
        """
        for take in (select, *siblings):
            if not self._selects.has(take):
                self.enter(step, take, parts)

    def enter(
        self,
        step: Step,
        take: Take,
        parts: Mapping[str, str],
        *,
        replace: bool = False,
        pick: bool = False,
    ) -> bool:
        """Enters a take, and together with it its pick; False where the file has other bytes."""
        mine = dataclasses.replace(take, shot=step.shot)
        same = self._selects.add(mine, step=step.id, parts=parts, replace=replace)
        if pick:
            self.pick(step.id, take)
        began = time.monotonic()
        if began > self._save_at:
            self._selects.save()
            now = time.monotonic()
            self._save_at = now + max(_SAVE_EVERY_S, _SAVE_SHARE * (now - began))
        return same

    def pick(self, step: str, take: Take) -> None:
        """Picks a take that is meant to play, where the rule alone would play an older one.

        So it is after a retake, and where one was bought again because its bytes are lost.
        """
        selects = self._selects
        known = {
            each.ordinal for each in (*selects.takes(take.digest), *self._store.takes(take.digest))
        }
        rule = min(known - selects.rejected(take.digest), default=0)
        if (selects.pick(take.digest) or rule) != take.ordinal:
            selects.set_pick(take.digest, take.ordinal)
            self._tell(ev.Note(step=step, message=f"{take.name} is picked from now on"))
