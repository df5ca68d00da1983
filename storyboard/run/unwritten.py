"""A job that exists and that the ledger could not take down: only a person can keep its name."""

from __future__ import annotations

from collections.abc import Sequence

from storyboard.disk import DiskProblem
from storyboard.run.attempts import Attempt


def unrecorded_operation_error(
    attempts: Sequence[Attempt], operation: str, error: DiskProblem
) -> DiskProblem:
    """Names the operation, and what makes it known once there is room again."""
    first = attempts[0]
    names = ", ".join(attempt.name for attempt in attempts)
    return DiskProblem(
        f"{names} was ordered and is {operation}, which could not be written down: {error}",
        hint="make room on the disk, then:"
        f" storyboard resolve FILM {first.name} --adopt {operation}",
    )
