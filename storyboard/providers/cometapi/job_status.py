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

_DONE_WORDS = frozenset("success succeeded completed complete done finished".split())
_FAILED_WORDS = frozenset("failed failure error cancelled canceled rejected".split())
_UNCERTAIN_WORDS = frozenset("expired timeout timed_out deleted removed archived purged".split())
"""States that end a job and may mean that its result was made, paid for and not fetched in time."""

_RUNNING_WORDS = frozenset(
    "queued queueing pending waiting not_start not_started submitted created accepted scheduled"
    " preparing starting started in_progress running processing generating rendering uploading"
    " downloading".split()
)
REFUSED_CODES = frozenset(
    "invalid_request invalid_request_error model_not_found insufficient_user_quota".split()
)
"""Codes by which the gateway turns a request away before any model has seen it."""

_MAX_WRAPPERS = 2
_PERCENT = re.compile(r"\s*(\d{1,3})(?:\.\d+)?\s*%?\s*")


class JobState(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    PERHAPS_MADE = "perhaps_made"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as a reply tells it; every part may be missing."""

    id: str = ""
    job_state: JobState = JobState.RUNNING
    progress: int | None = None
    """Percent."""
    url: str = ""
    """Where the result lies; empty where only the content route has it."""
    problem: str = ""
    """Why it failed, in the service's words."""
    is_rejected: bool = False
    """The reply names no job and says for certain that the request was turned away."""
    has_status: bool = True
    """It says how the job stands; an error alone is about the asking."""
    unknown_state: str = ""
    """The word for how it stands where that is unknown here, or may mean that it was made."""


def parse_job_status(value: Any) -> JobStatus:
    """Reads a reply of status 2xx; anything that is no reply is a job without an id."""
    levels = _unwrap_levels(value)
    states = [word for level in levels if (word := _normalize_word(level.get("status")))]
    url = _find_first_url(levels, "video_url", "output_video", "url")
    has_succeeded = any(state in _DONE_WORDS for state in states)
    if has_succeeded and not url:
        url = next((u for level in levels if (u := _to_url(level.get("fail_reason")))), "")
    name = _find_first_text(levels, "id", "task_id")
    problem = _find_problem(levels)
    job_state = _find_job_state(states, url)
    return JobStatus(
        id=name,
        job_state=job_state,
        progress=_find_progress(levels),
        url=url,
        problem=problem,
        is_rejected=not name and any(code in REFUSED_CODES for code in _find_error_codes(levels)),
        has_status=_has_known_state(job_state, states, bool(name))
        or _has_job_name(levels, name, problem),
        unknown_state=next(
            (s for s in states if s not in _DONE_WORDS | _FAILED_WORDS | _RUNNING_WORDS), ""
        ),
    )


def _has_known_state(job_state: JobState, states: list[str], has_name: bool) -> bool:
    """Whether a reply's words say how it stands: `error` is also what an envelope says, unnamed."""
    if job_state in (JobState.DONE, JobState.PERHAPS_MADE):
        return True
    words = _RUNNING_WORDS if job_state is JobState.RUNNING else _FAILED_WORDS
    return any(state in words for state in states if has_name or state != "error")


def _has_job_name(levels: list[Mapping[str, Any]], name: str, problem: str) -> bool:
    """Whether a reply speaks of its job in whatever word, such as `unknown` for one not begun."""
    if not name or problem or any(level.get("error") for level in levels):
        return False
    return _find_progress(levels) is not None or any(
        _normalize_word(level.get("status")) for level in levels
    )


def _find_error_codes(levels: list[Mapping[str, Any]]) -> list[str]:
    """The codes of an error, wherever a reply has them."""
    errors = [level.get("error") for level in levels]
    error_objects = [node for node in errors if isinstance(node, Mapping)]
    return [
        _normalize_word(node.get(key))
        for node in (*levels, *error_objects)
        for key in ("code", "type")
    ]


def _unwrap_levels(value: Any) -> list[Mapping[str, Any]]:
    """The reply and what it wraps, outermost first."""
    levels: list[Mapping[str, Any]] = []
    for _ in range(1 + _MAX_WRAPPERS):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, Mapping):
            break
        levels.append(value)
        value = value.get("data")
    return levels


def _find_job_state(states: list[str], url: str) -> JobState:
    if any(state in _DONE_WORDS for state in states) and url:
        return JobState.DONE
    if any(state in _UNCERTAIN_WORDS for state in states):
        return JobState.PERHAPS_MADE
    if any(state in _FAILED_WORDS for state in states):
        return JobState.FAILED
    if states:
        is_unanimous = all(state in _DONE_WORDS for state in states)
        return JobState.DONE if is_unanimous else JobState.RUNNING
    return JobState.DONE if url else JobState.RUNNING


def _find_problem(levels: list[Mapping[str, Any]]) -> str:
    """The innermost reason that a reply gives; the outer ones only pass it on."""
    for level in reversed(levels):
        error = level.get("error")
        if isinstance(error, Mapping):
            error = error.get("message") or error.get("code") or error.get("type")
        for text in (error, level.get("fail_reason"), level.get("failure_reason")):
            if isinstance(text, str) and text.strip() and not _to_url(text):
                return text.strip()
    for level in levels:
        code, text = level.get("code"), level.get("message")
        is_error = isinstance(code, (str, int)) and str(code).lower() not in (
            "",
            "success",
            "0",
            "200",
        )
        if is_error and isinstance(text, str) and text.strip():
            return text.strip()
    return ""


def _find_progress(levels: list[Mapping[str, Any]]) -> int | None:
    for level in levels:
        value = level.get("progress")
        if isinstance(value, bool):
            continue
        if isinstance(value, (int, float)) and 0 <= value <= 100:
            return int(value)
        if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
            return min(int(match[1]), 100)
    return None


def _find_first_url(levels: list[Mapping[str, Any]], *names: str) -> str:
    """The outermost address under one of the names."""
    return next((u for level in levels for name in names if (u := _to_url(level.get(name)))), "")


def _find_first_text(levels: list[Mapping[str, Any]], *names: str) -> str:
    values = (level.get(name) for level in levels for name in names)
    return next((str(t) for t in values if isinstance(t, (str, int)) and t is not True and t), "")


def _to_url(value: Any) -> str:
    """The value, if it is an address."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        text.encode()
        parts = urlsplit(text)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return text if is_valid and not re.search(r"\s", text) else ""


def _normalize_word(value: Any) -> str:
    return value.strip().lower().replace("-", "_") if isinstance(value, str) else ""
