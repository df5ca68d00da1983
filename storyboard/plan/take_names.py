"""What the takes of a step digest are called: `t02`, and `t02-4f1c` where two have that number.

Two people who each make one more take number it alike. Neither is renumbered; the one that was
made later is told apart by the hash of its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from storyboard.errors import UsageError
from storyboard.model.film import Take
from storyboard.model.take import TakeKey

_NAME = re.compile(r"t(\d{1,9})(?:-([0-9a-f]{4,64}))?")
_SHORTEST = 4
"""Digits of a hash that a name has at least."""


def order_key(take: Take) -> tuple[int, float, str]:
    """The lowest number first, and of equal ones the take that was made first."""
    return take.ordinal, take.created_at, take.sha256


def list_take_keys(take: Take) -> tuple[str, ...]:
    """What a lock file may call the take: see `run.lockfile.entries`."""
    return take.sha256, take.name


def list_take_names(takes: Iterable[Take]) -> Mapping[TakeKey, str]:
    """What each of the takes is called; they are all of one step digest."""
    names: dict[TakeKey, str] = {}
    by_ordinal: dict[int, list[Take]] = {}
    for take in sorted(takes, key=order_key):
        equals = by_ordinal.setdefault(take.ordinal, [])
        equals.append(take)
        names[take.key] = take.name
    for equals in by_ordinal.values():
        for take in equals[1:]:
            names[take.key] = _format_long_name(take, equals)
    return names


def find_takes_by_name(takes: Iterable[Take], name: str) -> tuple[Take, ...]:
    """The takes that a person may mean by `t02` or `t02-4f1c`; they are all of one step digest."""
    match = _NAME.fullmatch(name)
    if match is None:
        return ()
    ordinal, prefix = int(match[1]), match[2] or ""
    return tuple(
        take for take in takes if take.ordinal == ordinal and take.sha256.startswith(prefix)
    )


def is_take_name(name: str) -> bool:
    """Whether it may name a take."""
    return _NAME.fullmatch(name) is not None


def require_single_take(subject: str, name: str, takes: Collection[Take]) -> None:
    """Raises UsageError, with the names to choose from, where `name` means several of `takes`.

    `subject` says who names it.
    """
    equals = find_takes_by_name(takes, name)
    if len(equals) > 1:
        long_names = [_format_long_name(take, equals) for take in sorted(equals, key=order_key)]
        raise UsageError(
            f"{subject}: {name} is the name of {len(equals)} takes",
            hint=f"say which: {', '.join(long_names)}",
        )


def _format_long_name(take: Take, equals: Collection[Take]) -> str:
    """The number with as much of the hash as tells the take from `equals`."""
    others = [other.sha256 for other in equals if other.sha256 != take.sha256]
    length = _SHORTEST
    while any(sha256.startswith(take.sha256[:length]) for sha256 in others):
        length += 1
    return f"{take.name}-{take.sha256[:length]}"
