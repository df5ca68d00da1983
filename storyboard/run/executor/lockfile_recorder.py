"""A run's hand in the lock file: it enters takes and, where a person asked for one, its pick."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence

from storyboard.graph.steps import Step
from storyboard.model.film import Take
from storyboard.plan.take_chooser import choose_take
from storyboard.run import events as ev
from storyboard.run.executor.context import RunContext

_SAVE_EVERY_S = 1.0
_SAVE_SHARE = 20
"""The lock file is written whole; of a long film so rarely that it costs a small share."""


class LockFileRecorder:
    """The lock file as one run writes it, now and then; the end of the run saves the rest."""

    def __init__(self, context: RunContext) -> None:
        self._lock_file = context.lock_file
        self._store = context.store
        self._emit = context.emit
        self._save_at = time.monotonic() + _SAVE_EVERY_S

    def record_takes(
        self,
        step: Step,
        select: Take,
        siblings: Sequence[Take],
        parts: Mapping[str, str],
        *,
        is_repeatable: bool,
    ) -> None:
        """Enters the select and its siblings that are here, whoever made them.

        Takes that another film of the store bought are this film's too from now on.
        """
        for take in (select, *siblings):
            if not self._lock_file.has_take(take):
                self.record_take(step, take, parts, is_repeatable=is_repeatable)

    def record_take(
        self,
        step: Step,
        take: Take,
        parts: Mapping[str, str],
        *,
        is_repeatable: bool,
        must_pick: bool = False,
    ) -> bool:
        """Enters a take, and together with it its pick; False where it had other bytes before."""
        own_take = dataclasses.replace(take, shot=step.shot)
        same = self._lock_file.add_take(
            own_take, step=step.id, parts=parts, is_repeatable=is_repeatable
        )
        if must_pick:
            self.pick_if_not_default(step.id, take)
        started_at = time.monotonic()
        if started_at > self._save_at:
            self._lock_file.save()
            now = time.monotonic()
            self._save_at = now + max(_SAVE_EVERY_S, _SAVE_SHARE * (now - started_at))
        return same

    def pick_if_not_default(self, step_id: str, take: Take) -> None:
        """Picks a take that is meant to play, where the rule alone would play an older one.

        So it is after a retake, and where one was bought again because its bytes are lost.
        """
        lock_file = self._lock_file
        known_takes = (*lock_file.find_takes(take.digest), *self._store.find_takes(take.digest))
        playing = choose_take(
            known_takes,
            pick=lock_file.find_pick(take.digest),
            rejected=lock_file.find_rejected(take.digest),
        )
        if playing is None or playing.sha256 != take.sha256:
            lock_file.set_pick(take)
            self._emit(ev.Note(step=step_id, message=f"{take.name} is now picked"))
