"""The request log: every request, without keys and without the bytes of media."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MEDIA_KEYS = frozenset({"bytesBase64Encoded", "encodedVideo", "data", "encodedAudio"})
_DATA_URI = re.compile(r"data:(?P<mime>[\w/+.-]+);base64,(?P<data>.*)", re.DOTALL)
_SECRET_QUERY = frozenset({"key", "access_token"})
_SECRET_FORM = re.compile(rb"assertion=[^&]*")


@dataclass(slots=True)
class LoggedRequest:
    """One received request."""

    at: float
    origin: str
    """`main`, or `other` for the second origin."""
    method: str
    path: str
    query: dict[str, str]
    """With the values of keys hidden."""
    auth: list[str]
    """Kinds of credential in the request: `bearer`, `x-goog-api-key`, `query:key`."""
    content_type: str
    size: int
    sha256: str
    """Of the body as sent; empty if there was none."""
    json: Any
    """A JSON body; media become `{"sha256": …, "size": …}` of their decoded bytes."""
    route: str = ""
    status: int | None = None
    """None until it is answered, and forever if the connection was dropped."""

    def to_record(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "origin": self.origin,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "auth": self.auth,
            "content_type": self.content_type,
            "size": self.size,
            "sha256": self.sha256,
            "json": self.json,
            "route": self.route,
            "status": self.status,
        }


def build_logged_request(
    at: float,
    origin: str,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> LoggedRequest:
    """The log entry of a request; `headers` have lower-case names."""
    pairs = list(query)
    auth = [f"query:{name}" for name, _ in pairs if name in _SECRET_QUERY]
    if "authorization" in headers:
        auth.append(headers["authorization"].partition(" ")[0].lower())
    if "x-goog-api-key" in headers:
        auth.append("x-goog-api-key")
    kind = headers.get("content-type", "")
    return LoggedRequest(
        at=at,
        origin=origin,
        method=method,
        path=path,
        query={name: "…" if name in _SECRET_QUERY else value for name, value in pairs},
        auth=auth,
        content_type=kind,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest() if body else "",
        json=_parse_json_summarizing_media(body) if "json" in kind else None,
    )


def extract_searchable_text(body: bytes, content_type: str) -> str:
    """The readable text of a body, in which faults search for their match."""
    if "json" in content_type:
        return "\n".join(_find_strings(_parse_json_summarizing_media(body)))
    return _SECRET_FORM.sub(b"", body[:65_536]).decode("utf-8", "replace")


def _parse_json_summarizing_media(body: bytes) -> Any:
    try:
        return _summarize_media_in_value(json.loads(body))
    except ValueError:
        return None


def _summarize_media_in_value(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _summarize_media_in_value(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_summarize_media_in_value(item, key) for item in value]
    if isinstance(value, str):
        uri = _DATA_URI.fullmatch(value)
        if uri:
            return {"mime_type": uri["mime"], **_hash_base64_media(uri["data"])}
        if key in _MEDIA_KEYS:
            return _hash_base64_media(value)
    return value


def _hash_base64_media(base64_data: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(base64_data, validate=True)
    except (binascii.Error, ValueError):
        return {"sha256": "", "size": len(base64_data)}
    return {"sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw)}


def _find_strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _find_strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _find_strings(item)
