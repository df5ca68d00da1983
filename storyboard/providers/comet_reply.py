"""What CometAPI says of a video job, in any of the shapes that are in use.

The documented reply is flat; older routes and the gateway's backends wrap it in `data`, once or
twice, with other words for the same states.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

_DONE = frozenset("success succeeded completed complete done finished".split())
_FAILED = frozenset("failed failure error cancelled canceled rejected".split())
_PERHAPS_MADE = frozenset("expired timeout timed_out deleted removed archived purged".split())
"""States that end a job and may mean that its result was made, paid for and not fetched in time."""

_GOING = frozenset(
    "queued queueing pending waiting not_start not_started submitted created accepted scheduled"
    " preparing starting started in_progress running processing generating rendering uploading"
    " downloading".split()
)
REFUSED_CODES = frozenset(
    "invalid_request invalid_request_error model_not_found insufficient_user_quota".split()
)
"""Codes by which the gateway turns a request away before any model has seen it."""

_WRAPPERS = 2
_PERCENT = re.compile(r"\s*(\d{1,3})(?:\.\d+)?\s*%?\s*")


class Standing(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    PERHAPS_MADE = "perhaps_made"


@dataclass(frozen=True, slots=True)
class Task:
    """A job as a reply tells it; every part may be missing."""

    id: str = ""
    standing: Standing = Standing.RUNNING
    progress: int | None = None
    """Percent."""
    url: str = ""
    """Where the result lies; empty where only the content route has it."""
    problem: str = ""
    """Why it failed, in the service's words."""
    refused: bool = False
    """The reply names no job and says for certain that the request was turned away."""
    told: bool = True
    """It says how the job stands; an error alone is about the asking."""
    state: str = ""
    """The word for how it stands where that is unknown here, or may mean that it was made."""


def read(value: Any) -> Task:
    """Reads a reply of status 2xx; anything that is no reply is a job without an id."""
    levels = _levels(value)
    states = [told for level in levels if (told := _word(level.get("status")))]
    url = _first(levels, "video_url", "output_video", "url")
    succeeded = any(state in _DONE for state in states)
    if succeeded and not url:
        url = next((u for level in levels if (u := _url(level.get("fail_reason")))), "")
    name = _first_text(levels, "id", "task_id")
    problem = _problem(levels)
    standing = _standing(states, url)
    return Task(
        id=name,
        standing=standing,
        progress=_progress(levels),
        url=url,
        problem=problem,
        refused=not name and any(code in REFUSED_CODES for code in _codes(levels)),
        told=_is_told(standing, states, bool(name)) or _is_named(levels, name, problem),
        state=next((s for s in states if s not in _DONE | _FAILED | _GOING), ""),
    )


def _is_told(standing: Standing, states: list[str], named: bool) -> bool:
    """Whether a reply's words say how it stands: `error` is also what an envelope says, unnamed."""
    if standing in (Standing.DONE, Standing.PERHAPS_MADE):
        return True
    words = _GOING if standing is Standing.RUNNING else _FAILED
    return any(state in words for state in states if named or state != "error")


def _is_named(levels: list[Mapping[str, Any]], name: str, problem: str) -> bool:
    """Whether a reply speaks of its job in whatever word, such as `unknown` for one not begun."""
    if not name or problem or any(level.get("error") for level in levels):
        return False
    return _progress(levels) is not None or any(_word(level.get("status")) for level in levels)


def _codes(levels: list[Mapping[str, Any]]) -> list[str]:
    """The codes of an error, wherever a reply has them."""
    errors = [level.get("error") for level in levels]
    inner = [each for each in errors if isinstance(each, Mapping)]
    return [_word(each.get(key)) for each in (*levels, *inner) for key in ("code", "type")]


def _levels(value: Any) -> list[Mapping[str, Any]]:
    """The reply and what it wraps, outermost first."""
    found: list[Mapping[str, Any]] = []
    for _ in range(1 + _WRAPPERS):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, Mapping):
            break
        found.append(value)
        value = value.get("data")
    return found


def _standing(states: list[str], url: str) -> Standing:
    if any(state in _DONE for state in states) and url:
        return Standing.DONE
    if any(state in _PERHAPS_MADE for state in states):
        return Standing.PERHAPS_MADE
    if any(state in _FAILED for state in states):
        return Standing.FAILED
    if states:
        agreed = all(state in _DONE for state in states)
        return Standing.DONE if agreed else Standing.RUNNING
    return Standing.DONE if url else Standing.RUNNING


def _problem(levels: list[Mapping[str, Any]]) -> str:
    """The innermost reason that a reply gives; the outer ones only pass it on."""
    for level in reversed(levels):
        error = level.get("error")
        if isinstance(error, Mapping):
            error = error.get("message") or error.get("code") or error.get("type")
        for told in (error, level.get("fail_reason"), level.get("failure_reason")):
            if isinstance(told, str) and told.strip() and not _url(told):
                return told.strip()
    for level in levels:
        code, told = level.get("code"), level.get("message")
        bad = isinstance(code, (str, int)) and str(code).lower() not in ("", "success", "0", "200")
        if bad and isinstance(told, str) and told.strip():
            return told.strip()
    return ""


def _progress(levels: list[Mapping[str, Any]]) -> int | None:
    for level in levels:
        told = level.get("progress")
        if isinstance(told, bool):
            continue
        if isinstance(told, (int, float)) and 0 <= told <= 100:
            return int(told)
        if isinstance(told, str) and (found := _PERCENT.fullmatch(told)):
            return min(int(found[1]), 100)
    return None


def _first(levels: list[Mapping[str, Any]], *names: str) -> str:
    """The outermost address under one of the names."""
    return next((u for level in levels for name in names if (u := _url(level.get(name)))), "")


def _first_text(levels: list[Mapping[str, Any]], *names: str) -> str:
    told = (level.get(name) for level in levels for name in names)
    return next((str(t) for t in told if isinstance(t, (str, int)) and t is not True and t), "")


def _url(value: Any) -> str:
    """The value, if it is an address."""
    told = value.strip() if isinstance(value, str) else ""
    try:
        told.encode()
        parts = urlsplit(told)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return told if sound and not re.search(r"\s", told) else ""


def _word(value: Any) -> str:
    return value.strip().lower().replace("-", "_") if isinstance(value, str) else ""
