"""Reads the error bodies of services, in all the forms that they use, into one value."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
_LIMIT = re.compile(r"\blimit: *(\d+)\b")
_MONTH_S = 31 * 86_400.0


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error, as a service reports it."""

    status: int
    """Of HTTP."""
    code: str = ""
    """The service's own name for it: `INVALID_ARGUMENT`, `invalid_request`."""
    message: str = ""
    retry_after_s: float | None = None
    is_quota_zero: bool = False
    """The exceeded quota is zero: it allows nothing at all."""

    @property
    def is_from_api(self) -> bool:
        """Whether it is an error of an API's form, and not some proxy's page."""
        return bool(self.code or self.message)


def parse_error(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """Reads an answer of status 300 or more, whatever its body is."""
    value = parse_json(body)
    if isinstance(value, list):
        value = value[0] if value else None
    error: Any = value.get("error", value) if isinstance(value, dict) else None
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict):
        return ApiError(status, retry_after_s=_parse_retry_after_seconds(headers))
    code = error.get("status") or error.get("code") or error.get("type") or ""
    message = error.get("message") or error.get("detail") or ""
    wait = _find_retry_delay_seconds(error.get("details"))
    return ApiError(
        status,
        str(code),
        str(message),
        _parse_retry_after_seconds(headers) if wait is None else wait,
        _is_quota_zero(str(message), error.get("details")),
    )


def parse_json(body: bytes) -> Any:
    """The JSON of a body; None if it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _parse_retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    header = headers.get("retry-after", "").strip()
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return _limit_wait(seconds)


def _find_retry_delay_seconds(details: Any) -> float | None:
    """google.rpc.RetryInfo among the details of an error."""
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith(
            "google.rpc.RetryInfo"
        ):
            match = _SECONDS.fullmatch(str(detail.get("retryDelay", "")))
            if match:
                return _limit_wait(float(match[1]))
    return None


def _is_quota_zero(message: str, details: Any) -> bool:
    """Whether the quotas that a message or google.rpc.QuotaFailure names are all zero."""
    if limits := _LIMIT.findall(message):
        return all(int(limit) == 0 for limit in limits)
    values = [
        violation.get("quotaValue")
        for detail in (details if isinstance(details, list) else ())
        if isinstance(detail, dict)
        and str(detail.get("@type", "")).endswith("google.rpc.QuotaFailure")
        for violation in (detail.get("violations") or ())
        if isinstance(violation, dict)
    ]
    return bool(values) and all(str(value) == "0" for value in values)


def _limit_wait(seconds: float) -> float | None:
    return min(seconds, _MONTH_S) if seconds >= 0 else None
