"""What came of a run, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storyboard.errors import StoryboardError
from storyboard.model.film import Take
from storyboard.money import micros_to_usd
from storyboard.run.events import Summary

_INTERRUPTED = 130
_DECISION = 7
_WORST_FIRST = (_DECISION, 6, 4, 3)


@dataclass(frozen=True, slots=True)
class RunResult:
    """Every step of the plan is in exactly one of `selects`, `failed`, `blocked`, `unknown`,
    unless the run was interrupted before its turn. A step of several takes may be in `selects`
    and in `failed`: some came, some did not.
    """

    selects: Mapping[str, Take] = field(default_factory=dict)
    """By step id, the take that plays."""
    failed: Mapping[str, StoryboardError] = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)
    """By step id, what it waits for, in words."""
    unknown: Mapping[str, StoryboardError] = field(default_factory=dict)
    """Steps on which a person must decide."""
    interrupted: bool = False
    made: int = 0
    """Takes that this run added, imports among them."""
    kept: int = 0
    """Steps whose takes were there."""
    spent_micros: int = 0
    held_micros: int = 0
    """What the film's ledger holds at the end, of earlier runs too."""
    can_stitch: bool = False
    """Whether the film may be cut now: nothing is missing, or holes were asked to be filled."""

    def to_summary(self, run: str) -> Summary:
        """The last record of the run log of `run`."""
        return Summary(
            run=run,
            made=self.made,
            kept=self.kept,
            failed=len(self.failed),
            blocked=len(self.blocked),
            unknown=len(self.unknown),
            interrupted=self.interrupted,
            cost_usd=micros_to_usd(self.spent_micros),
            exit_code=self.exit_code,
        )

    @property
    def is_complete(self) -> bool:
        """Every step has its takes."""
        return not (self.failed or self.blocked or self.unknown or self.interrupted)

    @property
    def exit_code(self) -> int:
        """130 interrupted, 7 decide, 6 money, 4 environment, 3 failed, 0 complete."""
        if self.interrupted:
            return _INTERRUPTED
        codes = {error.exit_code for error in self.failed.values()}
        if self.unknown:
            codes.add(_DECISION)
        if self.blocked and not codes:
            codes.add(3)
        return next((code for code in _WORST_FIRST if code in codes), 3 if codes else 0)
