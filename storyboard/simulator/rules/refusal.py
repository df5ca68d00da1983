"""A request turned down at once."""

from __future__ import annotations

from dataclasses import dataclass


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
