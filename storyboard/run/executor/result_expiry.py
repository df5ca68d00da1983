"""Until when a service keeps a result, and when an attempt without a usable one counts as lost."""

from __future__ import annotations

import time

from storyboard.providers.base import Sample
from storyboard.providers.catalog import load_catalog
from storyboard.run.ledger.attempts import Attempt, State

_USUAL_RETENTION_H = 48
"""How long services keep a result of which the catalogue says nothing."""


def find_retention_s(attempt: Attempt) -> float:
    """How long the service keeps a result once it is made, in seconds."""
    model = load_catalog().models.get((attempt.provider, attempt.model))
    hours = model.retention_h if model is not None else None
    return 3600.0 * (_USUAL_RETENTION_H if hours is None else hours)


def is_sample_expired(attempt: Attempt, sample: Sample) -> bool:
    """Whether the service no longer keeps a sample, by its word or the catalogue's."""
    expires_at = sample.expires_at
    if expires_at is None:  # the attempt's last move was the answer that named the sample
        expires_at = attempt.updated_at + find_retention_s(attempt)
    return expires_at < time.time()


def compute_expiry_from_now(attempt: Attempt) -> float:
    """Until when the service keeps a result that was made just now, in seconds since 1970."""
    return time.time() + find_retention_s(attempt)


def find_unusable_deadline(attempt: Attempt) -> float | None:
    """When an operation with unusable answers counts as lost; None at the first of them."""
    if attempt.state is State.DONE_REMOTE:  # it was usable once: that is when its time began
        return attempt.updated_at + find_retention_s(attempt)
    return attempt.unusable_until


def is_unusable_deadline_over(attempt: Attempt) -> bool:
    deadline = find_unusable_deadline(attempt)
    return deadline is not None and deadline <= time.time()
