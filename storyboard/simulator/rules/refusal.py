"""A request turned down at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What goes back instead of a job. Nothing was made and nothing is charged."""

    status: int
    """The HTTP status."""
    reason: str
    """`INVALID_ARGUMENT`, `NOT_FOUND`… on Google's wires; the error's `code` on the gateway's."""
    message: str


def invalid(message: str) -> Refusal:
    """400 INVALID_ARGUMENT, as Google words it."""
    return Refusal(400, "INVALID_ARGUMENT", message)


def typed(reason: str) -> Callable[[Callable[P, T]], Callable[P, T | Refusal]]:
    """Refuses a body whose values are of another type than the rules read.

    The real wires parse into messages first, so no rule ever meets such a value there.
    """

    def decorate(read: Callable[P, T]) -> Callable[P, T | Refusal]:
        @wraps(read)
        def reading(*arguments: P.args, **named: P.kwargs) -> T | Refusal:
            try:
                return read(*arguments, **named)
            except (AttributeError, TypeError, ValueError, OverflowError) as error:
                return Refusal(400, reason, f"Invalid JSON payload received: {error}")

        return reading

    return decorate
