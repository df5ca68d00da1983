"""Settings of a whole film: money, failures, and the models for what belongs to no shot.

Frozen values without IO.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from storyboard.util.serialization import Serialized


@dataclass(frozen=True, slots=True)
class Policy(Serialized):
    budget_usd: Fraction | None = None
    on_limit: str = "error"
    on_filtered: str = "fail"
    on_failed: str = "fail"
    on_expired: str = "error"
    on_pick: str = "first"
    retries: int = 2

    def to_fields(self) -> dict[str, Any]:
        return {
            "budget_usd": self.budget_usd,
            "on_limit": self.on_limit,
            "on_filtered": self.on_filtered,
            "on_failed": self.on_failed,
            "on_expired": self.on_expired,
            "on_pick": self.on_pick,
            "retries": self.retries,
        }


@dataclass(frozen=True, slots=True)
class FilmDefaults(Serialized):
    """Models and providers of what belongs to no shot: stills of the cast, and narration."""

    provider: str = "previz"
    target: str = ""
    """The platform whose limits apply to previz here; empty: the first live one."""
    model: str = "veo-3.1"
    resolution: str = "720p"
    aspect_ratio: str = "16:9"
    still_model: str = ""
    speech_model: str = ""
    text_model: str = ""
    """An empty model is the platform's own."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "target": self.target,
            "model": self.model,
            "resolution": self.resolution,
            "aspect_ratio": self.aspect_ratio,
            "still_model": self.still_model,
            "speech_model": self.speech_model,
            "text_model": self.text_model,
        }
