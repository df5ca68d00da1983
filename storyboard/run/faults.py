"""Errors that nobody foresaw, as ones that a user can read."""

from __future__ import annotations

from storyboard.disk import DiskProblem, explain_disk_errors
from storyboard.errors import ProviderError, StoryboardError


def to_storyboard_error(error: Exception, provider: str, subject: str) -> StoryboardError:
    """The error itself where it is one of ours, else what is known of it; its cause is kept.

    `what` names what `maker`, the provider, was to make: a step, or one attempt at it. Whatever was
    ordered stays as it stands in the ledger, so the next render goes on with it.
    """
    if isinstance(error, StoryboardError):
        return error
    try:
        with explain_disk_errors(f"{subject} could not be written"):
            raise error
    except DiskProblem as disk_problem:
        return disk_problem
    except Exception:
        provider_error = ProviderError(
            f"{subject} failed by a fault of the adapter of {provider}, or of storyboard's own:"
            f" {type(error).__name__}: {error}",
            hint="the run log has its traceback; what was ordered is kept",
            provider=provider,
        )
        provider_error.__cause__ = error
        return provider_error
