"""What the values of a take's line in the lock file may be: schema `selects`, read quickly."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from storyboard.errors import EnvironmentProblem

_TAKE = re.compile(r"t([0-9]{2,})")
DIGEST = re.compile(r"[0-9a-f]{64}")
_FRAMES = re.compile(r"-?\d{1,9}f", re.ASCII)
_RATE = re.compile(r"[1-9]\d{0,8}(/[1-9]\d{0,8})?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_integer(value: Any) -> bool:
    return type(value) is int


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_price(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < math.inf


def _is_timestamp(value: Any) -> bool:
    if type(value) is not str or not _TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _build_matcher(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and pattern.fullmatch(value) is not None


def _is_trim(value: Any) -> bool:
    ends = isinstance(value, dict) and not value.keys() - {"start", "end"}
    return ends and all(map(_build_matcher(_FRAMES), value.values()))


VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "sha256": (_build_matcher(DIGEST), "64 digits 0-9a-f"),
        "seed": (_is_integer, "a whole number"),
        "price_usd": (_is_price, "US dollars, 0 or more"),
        "operation": (_is_text, "text"),
        "frames": (_is_count, "a whole number, 0 or more"),
        "rate": (_build_matcher(_RATE), "frames a second, like 24 or 24000/1001"),
        "source_frames": (_is_count, "a whole number, 0 or more"),
        "contains_source": (lambda value: type(value) is bool, "true or false"),
        "created": (_is_timestamp, "a time in UTC, like 2026-11-23T04:29:11Z"),
        "trim": (_is_trim, "{start: 12f, end: -5f}, in frames of the take"),
        "note": (_is_text, "text"),
    }
)
"""By key, whether a value is one, and what it should be, in words."""


def is_valid_take_row(row: Any) -> bool:
    """Whether a take's line says only what it may."""
    if type(row) is not dict or "sha256" not in row:
        return False
    return all(key in VALUES and VALUES[key][0](value) for key, value in row.items())


FORMAT = 1


@dataclass(slots=True)
class LockEntry:
    """What the lock file says of one step digest."""

    shot: str = ""
    step: str = ""
    provider: str = ""
    model: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    takes: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By ordinal, the take's line as data: sha256, seed, price_usd…"""
    pick: int | None = None
    rejected: set[int] = field(default_factory=set)


def lock_file_error(name: str, line: int, problem: str, hint: str = "") -> EnvironmentProblem:
    """The error for a lock file that can't be read."""
    return EnvironmentProblem(
        f"{name}:{line}: {problem}",
        hint=hint or f"mend the line, or take the file back from git: git checkout -- {name}",
    )


def parse_ordinal(take_name: str) -> int:
    """2 of `t02`; raises ValueError for what is no take."""
    match = _TAKE.fullmatch(take_name)
    if match is None or int(match[1]) < 1:
        raise ValueError(f"{take_name!r} is no take: takes are called t01, t02…")
    return int(match[1])
