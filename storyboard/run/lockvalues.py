"""What the values of a take's line in the lock file may be: schema `selects`, read quickly."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

DIGEST = re.compile(r"[0-9a-f]{64}")
_FRAMES = re.compile(r"-?\d{1,9}f", re.ASCII)
_RATE = re.compile(r"[1-9]\d{0,8}(/[1-9]\d{0,8})?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)


def _text(value: Any) -> bool:
    return type(value) is str


def _whole(value: Any) -> bool:
    return type(value) is int


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _price(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < math.inf


def _time(value: Any) -> bool:
    if type(value) is not str or not _TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and pattern.fullmatch(value) is not None


def _trim(value: Any) -> bool:
    ends = isinstance(value, dict) and not value.keys() - {"start", "end"}
    return ends and all(map(_matches(_FRAMES), value.values()))


VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "sha256": (_matches(DIGEST), "64 digits 0-9a-f"),
        "seed": (_whole, "a whole number"),
        "price_usd": (_price, "US dollars, 0 or more"),
        "operation": (_text, "text"),
        "frames": (_count, "a whole number, 0 or more"),
        "rate": (_matches(_RATE), "frames a second, like 24 or 24000/1001"),
        "source_frames": (_count, "a whole number, 0 or more"),
        "contains_source": (lambda value: type(value) is bool, "true or false"),
        "created": (_time, "a time in UTC, like 2026-11-23T04:29:11Z"),
        "trim": (_trim, "{start: 12f, end: -5f}, in frames of the take"),
        "note": (_text, "text"),
    }
)
"""By key, whether a value is one, and what it should be, in words."""


def sound(take: Any) -> bool:
    """Whether a take's line says only what it may."""
    if type(take) is not dict or "sha256" not in take:
        return False
    return all(key in VALUES and VALUES[key][0](value) for key, value in take.items())
