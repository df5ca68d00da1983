"""A request that is rejected at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A reply instead of a job. Nothing was made and nothing is charged."""

    status: int
    """The HTTP status."""
    reason: str
    """`INVALID_ARGUMENT`, `NOT_FOUND`… on Google's services; the error's `code` on the gateway."""
    message: str


def reject_invalid(message: str) -> Rejection:
    """400 INVALID_ARGUMENT, in Google's format."""
    return Rejection(400, "INVALID_ARGUMENT", message)


def reject_on_type_errors(
    reason_code: str,
) -> Callable[[Callable[P, T]], Callable[P, T | Rejection]]:
    """Rejects a body with values of another type than the reader expects.

    The real services parse the body into messages first, so their rules never see such a value.
    """

    def decorate(reader: Callable[P, T]) -> Callable[P, T | Rejection]:
        @wraps(reader)
        def read_or_reject(*arguments: P.args, **named: P.kwargs) -> T | Rejection:
            try:
                return reader(*arguments, **named)
            except (AttributeError, TypeError, ValueError, OverflowError) as error:
                return Rejection(400, reason_code, f"Invalid JSON payload received: {error}")

        return read_or_reject

    return decorate
