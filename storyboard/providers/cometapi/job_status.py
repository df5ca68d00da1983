"""Reads what CometAPI says about a video job, in each of the forms that it uses.

The documented reply is flat. Older routes and the gateway's backends wrap it in `data`, once or
twice, and use other words for the same states.
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
    """A job, as a reply describes it; every part may be missing."""

    id: str = ""
    job_state: JobState = JobState.RUNNING
    progress: int | None = None
    """Percent."""
    url: str = ""
    """The address of the result; empty if only the content route has it."""
    problem: str = ""
    """Why it failed, in the service's words."""
    is_rejected: bool = False
    """The reply names no job and says for certain that the request was turned away."""
    has_status: bool = True
    """True if the reply gives the state of the job. An error alone is about the request, not the
    job."""
    unknown_state: str = ""
    """The word for the state, if we don't know it or if it may mean that the video was made."""


def parse_job_status(value: Any) -> JobStatus:
    """Reads a reply of status 2xx; a body that we can't read as a reply is a job without an id."""
    levels = _unwrap_reply_levels(value)
    states = [word for level in levels if (word := _normalize_word(level.get("status")))]
    url = _find_first_url(levels, "video_url", "output_video", "url")
    has_succeeded = any(state in _DONE_WORDS for state in states)
    if has_succeeded and not url:
        url = next((u for level in levels if (u := _to_valid_url(level.get("fail_reason")))), "")
    name = _find_first_text(levels, "id", "task_id")
    problem = _find_failure_message(levels)
    job_state = _derive_job_state(states, url)
    return JobStatus(
        id=name,
        job_state=job_state,
        progress=_find_progress_percent(levels),
        url=url,
        problem=problem,
        is_rejected=not name and any(code in REFUSED_CODES for code in _find_error_codes(levels)),
        has_status=_has_known_state(job_state, states, bool(name))
        or _has_job_report(levels, name, problem),
        unknown_state=next(
            (s for s in states if s not in _DONE_WORDS | _FAILED_WORDS | _RUNNING_WORDS), ""
        ),
    )


def _has_known_state(job_state: JobState, state_words: list[str], has_name: bool) -> bool:
    """Whether the words of a reply give a state. An envelope without a name also says `error`."""
    if job_state in (JobState.DONE, JobState.PERHAPS_MADE):
        return True
    words = _RUNNING_WORDS if job_state is JobState.RUNNING else _FAILED_WORDS
    return any(state in words for state in state_words if has_name or state != "error")


def _has_job_report(
    reply_levels: list[Mapping[str, Any]], job_name: str, error_message: str
) -> bool:
    """Whether a reply speaks about its job at all, even with a word such as `unknown` before it
    starts.
    """
    if not job_name or error_message or any(level.get("error") for level in reply_levels):
        return False
    return _find_progress_percent(reply_levels) is not None or any(
        _normalize_word(level.get("status")) for level in reply_levels
    )


def _find_error_codes(reply_levels: list[Mapping[str, Any]]) -> list[str]:
    """The codes of an error, wherever a reply has them."""
    errors = [level.get("error") for level in reply_levels]
    error_objects = [node for node in errors if isinstance(node, Mapping)]
    return [
        _normalize_word(node.get(key))
        for node in (*reply_levels, *error_objects)
        for key in ("code", "type")
    ]


def _unwrap_reply_levels(reply: Any) -> list[Mapping[str, Any]]:
    """The reply and the objects that it wraps, from the outside in."""
    levels: list[Mapping[str, Any]] = []
    for _ in range(1 + _MAX_WRAPPERS):
        if isinstance(reply, list) and len(reply) == 1:
            reply = reply[0]
        if not isinstance(reply, Mapping):
            break
        levels.append(reply)
        reply = reply.get("data")
    return levels


def _derive_job_state(state_words: list[str], url: str) -> JobState:
    if any(state in _DONE_WORDS for state in state_words) and url:
        return JobState.DONE
    if any(state in _UNCERTAIN_WORDS for state in state_words):
        return JobState.PERHAPS_MADE
    if any(state in _FAILED_WORDS for state in state_words):
        return JobState.FAILED
    if state_words:
        is_unanimous = all(state in _DONE_WORDS for state in state_words)
        return JobState.DONE if is_unanimous else JobState.RUNNING
    return JobState.DONE if url else JobState.RUNNING


def _find_failure_message(reply_levels: list[Mapping[str, Any]]) -> str:
    """The innermost reason in a reply; the outer ones only repeat it."""
    for level in reversed(reply_levels):
        error = level.get("error")
        if isinstance(error, Mapping):
            error = error.get("message") or error.get("code") or error.get("type")
        for text in (error, level.get("fail_reason"), level.get("failure_reason")):
            if isinstance(text, str) and text.strip() and not _to_valid_url(text):
                return text.strip()
    for level in reply_levels:
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


def _find_progress_percent(reply_levels: list[Mapping[str, Any]]) -> int | None:
    for level in reply_levels:
        value = level.get("progress")
        if isinstance(value, bool):
            continue
        if isinstance(value, (int, float)) and 0 <= value <= 100:
            return int(value)
        if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
            return min(int(match[1]), 100)
    return None


def _find_first_url(reply_levels: list[Mapping[str, Any]], *keys: str) -> str:
    """The outermost address under one of the names."""
    return next(
        (u for level in reply_levels for name in keys if (u := _to_valid_url(level.get(name)))), ""
    )


def _find_first_text(reply_levels: list[Mapping[str, Any]], *keys: str) -> str:
    values = (level.get(name) for level in reply_levels for name in keys)
    return next((str(t) for t in values if isinstance(t, (str, int)) and t is not True and t), "")


def _to_valid_url(value: Any) -> str:
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
