"""Errors that nobody foresaw, as ones that a user can read."""

from __future__ import annotations

from storyboard.disk import DiskProblem, disk_errors
from storyboard.errors import ProviderError, StoryboardError


def foreseen(error: Exception, maker: str, what: str) -> StoryboardError:
    """The error itself where it is one of ours, else what is known of it; its cause is kept.

    `what` names what `maker`, the provider, was to make: a step, or one attempt at it. Whatever was
    ordered stays as it stands in the ledger, so the next render goes on with it.
    """
    if isinstance(error, StoryboardError):
        return error
    try:
        with disk_errors(f"{what} could not be written"):
            raise error
    except DiskProblem as problem:
        return problem
    except Exception:
        told = ProviderError(
            f"{what} failed by a fault of the adapter of {maker}, or of storyboard's own:"
            f" {type(error).__name__}: {error}",
            hint="the run log has its traceback; what was ordered is kept",
            provider=maker,
        )
        told.__cause__ = error
        return told
