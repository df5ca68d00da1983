"""Attempts: one try at a take each, and the only ways their state may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from storyboard.providers.base import Sample


class State(StrEnum):
    """Where an attempt stands; each is durable before the act that depends on it."""

    PLANNED = "planned"
    INTENT = "intent"
    """Money is reserved; nothing has been sent."""
    SUBMITTING = "submitting"
    """The request may leave from now on."""
    SUBMITTED = "submitted"
    """The operation's name is known."""
    DONE_REMOTE = "done_remote"
    """The provider has the result."""
    FETCHED = "fetched"
    """We have the bytes, by their SHA-256."""
    COMMITTED = "committed"
    """The take is in the store."""
    FAILED = "failed"
    FILTERED = "filtered"
    UNKNOWN = "unknown"
    """The request may have made a job, or brought another job's result; a person decides. Its money
    is held."""
    LOST = "lost"
    """Paid for, and no longer to be had."""
    ABANDONED = "abandoned"
    """Given up without cost; the step may simply run again."""


ADOPTED_MESSAGE = "adopted by the user; not yet confirmed by the provider"
"""The message of an attempt whose operation is a person's word alone."""

_S = State
_FREE_ENDS = (_S.FAILED, _S.FILTERED, _S.ABANDONED)
FINAL_STATES: frozenset[State] = frozenset({*_FREE_ENDS, _S.COMMITTED, _S.LOST})
"""States in which nothing more happens by itself and no money is held."""

TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        _S.PLANNED: frozenset({_S.INTENT, _S.ABANDONED}),
        _S.INTENT: frozenset({_S.SUBMITTING, _S.FAILED, _S.ABANDONED}),
        _S.SUBMITTING: frozenset({_S.SUBMITTED, _S.UNKNOWN, *_FREE_ENDS}),
        _S.SUBMITTED: frozenset({_S.SUBMITTED, _S.DONE_REMOTE, _S.UNKNOWN, _S.LOST, *_FREE_ENDS}),
        _S.DONE_REMOTE: frozenset(
            {_S.FETCHED, _S.COMMITTED, _S.UNKNOWN, _S.LOST, _S.FAILED, _S.ABANDONED}
        ),
        _S.FETCHED: frozenset({_S.COMMITTED, _S.DONE_REMOTE, _S.LOST, _S.FAILED, _S.ABANDONED}),
        _S.UNKNOWN: frozenset({_S.SUBMITTED, _S.DONE_REMOTE, _S.FAILED, _S.LOST}),
        **{end: frozenset({_S.SUBMITTED}) for end in (_S.FAILED, _S.FILTERED, _S.LOST)},
        **{end: frozenset() for end in (_S.ABANDONED, _S.COMMITTED)},
    }
)
"""The legal moves. A paid attempt is never abandoned once its request may have left.

One that is submitted becomes so again when a person names another operation for it, and when its
job ended with nothing that can be used. One that was charged and came to nothing may be adopted
back by a person.
"""

_SENT_STATES = frozenset({_S.SUBMITTING, _S.SUBMITTED, _S.DONE_REMOTE, _S.FETCHED})


def is_uncharged_failure(state: State, settled_micros: int) -> bool:
    """Whether an attempt came to nothing that was paid for, so that its take may be had anew."""
    return state in (State.FAILED, State.FILTERED) and not settled_micros


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the ledger."""

    digest: str
    ordinal: int
    step: str
    shot: str
    kind: str
    provider: str
    model: str
    repeatable: bool
    request: str = ""
    """Hash of what was asked."""
    seed: int | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    buys_frames: int = 0
    """New frames expected at the film's rate; 0 when that is not known."""
    given_frames: int = 0
    """Frames of the video it extends; 0 when it extends none."""
    width: int = 0
    """Pixels of the picture that was asked for; 0 when any will do."""
    height: int = 0
    sample: int = 0
    """Which of its operation's results is this take, from 0."""
    picks: bool = False
    """A person asked for it in place of a take that is there: it is picked once it has come."""
    id: int = 0
    """Given by the ledger."""
    run: str = ""
    state: State = State.PLANNED
    operation: str = ""
    samples: tuple[Sample, ...] = ()
    """What the provider has ready, as far as a URI names it."""
    sha256: str = ""
    reserved_micros: int = 0
    settled_micros: int = 0
    message: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def name(self) -> str:
        """`SH010.2:t01`."""
        return f"{self.step}:t{self.ordinal:02d}"

    @property
    def is_charged_without_take(self) -> bool:
        """Whether it is over, was paid for, and brought no take."""
        return self.state is State.LOST or (
            self.state in (State.FAILED, State.FILTERED) and self.settled_micros > 0
        )

    @property
    def unusable_until(self) -> float | None:
        """When a job that ended with nothing usable counts as lost, in seconds since 1970.

        None where its answers have been usable so far, or have not said that it is over.
        """
        return next((sample.expires_at for sample in self.samples if sample.problem), None)

    @property
    def has_result_location(self) -> bool:
        """Whether the provider said where this attempt's sample lies."""
        own_samples = self.samples[self.sample : self.sample + 1]
        return any(sample.path or sample.uri for sample in own_samples)

    @property
    def is_adopted(self) -> bool:
        """Whether a person named its operation, and nothing has been heard of that yet."""
        return self.state is State.SUBMITTED and self.message == ADOPTED_MESSAGE

    @property
    def group_key(self) -> tuple[str, int]:
        """(run, id of the first take) of the one request that it went with."""
        return self.run, self.id - self.sample

    @property
    def expires_at(self) -> float:
        """When its first result goes, seconds since 1970; infinite where nobody knows."""
        expiries = (sample.expires_at for sample in self.samples if sample.expires_at is not None)
        return min(expiries, default=float("inf"))

    @property
    def held_micros(self) -> int:
        """Money that is reserved and not yet settled."""
        return 0 if self.state in FINAL_STATES else self.reserved_micros

    def can_become(self, state: State) -> bool:
        """Whether the move is legal for this attempt."""
        if state is State.ABANDONED and not self.repeatable and self.state in _SENT_STATES:
            return False
        if self.state in FINAL_STATES and not self.is_charged_without_take:
            return False
        return state in TRANSITIONS[self.state]
