"""The shape of a lock file: what it says of a take, and what each value may be.

A take is one line that says everything of it, so that git may put the lines of two branches into
any order: none needs another one to be understood. Its key is the step digest and the take's own
key, which is the hash of its bytes; where the same bytes were bought once more, a number follows,
as in `…-2`. A take of a free, repeatable provider is keyed by its name, `t02`: it can be made
again, so digest and ordinal say which one it is, and its hash is a note.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from storyboard.errors import EnvironmentProblem

FORMAT = 2
DIGEST = re.compile(r"[0-9a-f]{64}")
TAKES, PICK, REJECTED = "takes", "pick", "rejected"
ORIGIN = ("step", "shot", "provider", "model", "parts")
"""What a line says that is the same for all takes of a step digest."""
JUDGMENTS = ("trim", "note")
"""What a person writes into the line of a take."""
MEDIUM = ("sha256", "frames", "rate", "source_frames", "contains_source", "created")
"""What a take turned out to be: of one that can be made again, no more than a note."""

_NAME = re.compile(r"t([0-9]{2,9})")
_CONTENT_KEY = re.compile(rf"({DIGEST.pattern})(?:-[0-9]{{1,9}})?")
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_FRAMES = re.compile(r"-?\d{1,9}f", re.ASCII)
_RATE = re.compile(r"[1-9]\d{0,8}(/[1-9]\d{0,8})?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One value in the line of a take."""

    parse: Callable[[str], Any]
    """The value of its text; raises ValueError for a text that is none."""
    expected: str
    """What it should be, in words."""
    keys: Collection[str] | None = None
    """Of a mapping, the keys that it may have; empty allows any. None is a single value."""


def _build_parser(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse_matching(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return parse_matching


def _parse_whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _parse_count(text: str) -> int:
    if text.startswith("-"):
        raise ValueError(text)
    return _parse_whole(text)


def _parse_price(text: str) -> float:
    price = float(text)
    if not 0 <= price < math.inf:
        raise ValueError(text)
    return price


def _parse_flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _parse_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    datetime.fromisoformat(text)
    return text


def _parse_ordinal_number(text: str) -> int:
    if not 1 <= (ordinal := _parse_whole(text)) < 10**9:
        raise ValueError(text)
    return ordinal


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "step": Field(str, "text"),
        "shot": Field(str, "text"),
        "ordinal": Field(_parse_ordinal_number, "a whole number, 1 for t01"),
        "provider": Field(str, "text"),
        "model": Field(str, "text"),
        "sha256": Field(_build_parser(DIGEST), "64 digits 0-9a-f"),
        "seed": Field(_parse_whole, "a whole number"),
        "price_usd": Field(_parse_price, "US dollars, 0 or more"),
        "operation": Field(str, "text"),
        "frames": Field(_parse_count, "a whole number, 0 or more"),
        "rate": Field(_build_parser(_RATE), "frames a second, like 24 or 24000/1001"),
        "source_frames": Field(_parse_count, "a whole number, 0 or more"),
        "contains_source": Field(_parse_flag, "true or false"),
        "created": Field(_parse_time, "a time in UTC, like 2026-11-23T04:29:11Z"),
        "parts": Field(str, "text", ()),
        "trim": Field(
            _build_parser(_FRAMES),
            "{start: 12f, end: -5f}, in frames of the take",
            ("start", "end"),
        ),
        "note": Field(str, "text"),
    }
)
"""What the line of a take may say, by key, in the order in which it is written."""


@dataclass(slots=True)
class LockEntry:
    """What a lock file says of one step digest."""

    shot: str = ""
    step: str = ""
    provider: str = ""
    model: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    takes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the take's key, what its line says of it alone: ordinal, sha256, price_usd…"""
    pick: str | None = None
    """The key of a take, like those of `rejected`."""
    rejected: set[str] = field(default_factory=set)

    def is_judged(self, key: str) -> bool:
        """Whether a person picked, rejected, trimmed or noted that take."""
        row = self.takes.get(key, {})
        return key == self.pick or key in self.rejected or any(map(row.get, JUDGMENTS))

    def enter_purchase(self, row: dict[str, Any]) -> str:
        """The key of the purchase that the line of a take tells of, which is entered if unknown."""
        keys = [key for key in self.takes if find_key_content(key) == row["sha256"]]
        for key in keys:
            if _identify_purchase(self.takes[key]) == _identify_purchase(row):
                return key
        key = format_content_key(row["sha256"], len(keys))
        self.takes[key] = row
        return key

    def list_keys(self) -> list[str]:
        """The keys of its takes: the lowest ordinal first, of equal ones the first to be made."""
        return sorted(self.takes, key=self._build_sort_key)

    def _build_sort_key(self, key: str) -> tuple[Any, ...]:
        row = self.takes[key]
        return row["ordinal"], row.get("created", ""), row["sha256"], row.get("operation", "")


def format_content_key(sha256: str, known_count: int) -> str:
    """The key of a take whose bytes were bought so many times before it."""
    return f"{sha256}-{known_count + 1}" if known_count else sha256


def _identify_purchase(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells two purchases of the same bytes apart."""
    bought = row.get("operation") or row.get("created") if row.get("price_usd") else None
    return row["ordinal"], bought


def lock_file_error(name: str, line: int, problem: str, hint: str = "") -> EnvironmentProblem:
    """The error for a lock file that can't be read."""
    return EnvironmentProblem(
        f"{name}:{line}: {problem}",
        hint=hint or f"correct the line, or restore the file from git: git checkout -- {name}",
    )


def is_repeatable_key(key: str) -> bool:
    """Whether the take of that key can be made again."""
    return _NAME.fullmatch(key) is not None


def find_key_content(key: str) -> str:
    """The hash in the key of a take; empty for a key without one."""
    match = _CONTENT_KEY.fullmatch(key)
    return match[1] if match else ""


def parse_ordinal(take_name: str) -> int:
    """2 of `t02`; raises ValueError for what is no take."""
    match = _NAME.fullmatch(take_name)
    if match is None or int(match[1]) < 1:
        raise ValueError(f"{take_name!r} is not a take: takes are named t01, t02…")
    return int(match[1])
