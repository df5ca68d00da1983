"""How fast a platform takes and makes things, as the plan and the run reckon with it."""

from __future__ import annotations

from dataclasses import dataclass

from storyboard.providers.catalog import Model

WINDOW_S = 60.0
"""A quota of requests counts those of the last minute."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of one model's lane; all of them unknown for what is made here."""

    per_minute: int | None = None
    """Requests that are taken in any minute."""
    at_once: int | None = None
    """Jobs that may be open."""
    typical_s: float = 0.0
    """Seconds that a job takes, more or less; 0 where nobody knows."""


def build_rate_limits(model: Model) -> RateLimits:
    """The pace of a model of the catalogue.

    Waits are told as a shortest and a longest one; most are far nearer to the shortest, so the
    geometric mean is taken.
    """
    typical = 0.0
    if model.latency_s:
        typical = (min(model.latency_s) * max(model.latency_s)) ** 0.5
    return RateLimits(model.quota_per_minute, model.open_operations, typical)
