"""Faults on demand: which, how often, and for which requests."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROUTES = ("submit", "poll", "download", "upload", "token", "files")
"""The purposes of requests; every route of every service is one of these."""

_MEDIA = ("download",)
_PAID = ("submit",)
_ASKED = ("poll",)

KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "drop_before": (_PAID, "the connection closes and no job is made"),
    "drop_after": (_PAID, "the job is made and billed, the connection closes without an answer"),
    "rate_limit": (_PAID, "429; the value is the seconds to wait, 1 unless given"),
    "server_error": (ROUTES[:4], "500, 503 or 504, by the value; 503 unless given"),
    "slow": (ROUTES[:4], "the answer comes late; the value is in seconds, 2 unless given"),
    "filtered": (_PAID, "a safety filter takes the result; the value is its support code"),
    "blocked": (_PAID, "a safety filter stops the prompt; the value is its support code"),
    "failed": (_PAID, "the job ends with an internal error, after it was accepted"),
    "partial": (_PAID, "the value is how many samples a filter takes, 1 unless given"),
    "processing": (_PAID, "the file is not ready for so many looks as the value says, 3 if none"),
    "wrong_length": (_PAID, "the clip is a second shorter than asked"),
    "wrong_size": (_PAID, "the clip is half as wide and high as asked"),
    "provisioning": (_PAID, "an extension fails while service agents are being set up"),
    "not_found": (_PAID, "404: there is no such thing; `=page` answers with a proxy's page"),
    "retired": (_PAID, "404: the model is no longer available"),
    "truncated": (_MEDIA, "the connection closes halfway through the clip"),
    "html": (_MEDIA, "200 with a web page in place of the clip or the answer"),
    "empty": (_MEDIA, "200 with nothing in it"),
    "excuse": (_ASKED, "200 with an error in place of the answer"),
    "strange": (_ASKED, "200, done, with nothing usable; the value is one of its shapes"),
    "damaged": (_ASKED, "a result that comes along with the answer is a web page"),
    "redirect": (_MEDIA, "the clip is on another origin; `=gone` finds nothing there"),
    "expired_token": ((*ROUTES[:4], "files"), "401: the access token is no longer good"),
}
"""Every kind: the routes it applies to unless one is named, and what happens."""

_SPEC = re.compile(r"(?P<kind>\w+)(=(?P<value>[^:@]+))?(:(?P<times>\d+))?(@(?P<match>.*))?")


@dataclass(slots=True)
class Fault:
    """Waits for a matching request, `times` times."""

    kind: str
    times: int = 1
    match: str = ""
    """A part of the prompt or the path; empty matches all."""
    route: str = ""
    """One of ROUTES; empty means those of the kind."""
    value: str = ""
    """The kind's parameter: a status, seconds, a support code, a number."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called `{self.kind}`; there are {', '.join(KINDS)}")
        # `@poll` names a route, `@poll/tram` a route and a part of the prompt.
        if self.match in ROUTES:
            self.route, self.match = self.match, ""
        elif not self.route and self.match.partition("/")[0] in ROUTES:
            self.route, _, self.match = self.match.partition("/")
        if self.route and self.route not in ROUTES:
            raise ValueError(f"no route is called `{self.route}`; there are {', '.join(ROUTES)}")
        if self.times < 1:
            raise ValueError("a fault happens at least once")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """`KIND[=VALUE][:TIMES][@MATCH]`; MATCH is a route, a part of a prompt, or `ROUTE/PART`.

        >>> Fault.parse("server_error=504:2@poll")
        Fault(kind='server_error', times=2, match='', route='poll', value='504')
        """
        parsed = _SPEC.fullmatch(text)
        if parsed is None:
            raise ValueError(f"`{text}` is not a fault; write KIND[=VALUE][:TIMES][@MATCH]")
        return cls(
            kind=parsed["kind"],
            times=int(parsed["times"] or 1),
            match=parsed["match"] or "",
            value=parsed["value"] or "",
        )

    def is_match(self, route_kind: str, searched_text: str) -> bool:
        routes = (self.route,) if self.route else KINDS[self.kind][0]
        return route_kind in routes and self.match in searched_text

    def read_number_value(self, default: float) -> float:
        """The value as a number."""
        try:
            return float(self.value)
        except ValueError:
            return default

    def to_record(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "times": self.times,
            "match": self.match,
            "route": self.route,
            "value": self.value,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Fault:
        """The fault that a record describes; ValueError for one without a kind."""
        return cls(
            kind=record.get("kind", ""),
            times=record.get("times", 1),
            match=record.get("match", ""),
            route=record.get("route", ""),
            value=record.get("value", ""),
        )


class Faults:
    """The waiting faults, oldest first; safe to use from any thread."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        return tuple(self._waiting)

    def add(self, fault: Fault | str) -> Fault:
        """Adds one, given as a value or in the format of `Fault.parse`."""
        new_fault = Fault.parse(fault) if isinstance(fault, str) else fault
        with self._lock:
            self._waiting.append(new_fault)
        return new_fault

    def consume_fault(self, kind: str, route_kind: str, searched_text: str) -> Fault | None:
        """The oldest matching fault of that kind, used once; `searched_text` is prompt and path."""
        with self._lock:
            for fault in self._waiting:
                if fault.kind == kind and fault.is_match(route_kind, searched_text):
                    fault.times -= 1
                    if not fault.times:
                        self._waiting.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
