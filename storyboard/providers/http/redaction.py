"""What a service says, made fit for a log: no keys, no query strings, no bodies."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

_LONGEST = 400
_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*")
_KEYS = re.compile(
    r"AIza[\w-]{10,}|\bsk-[\w-]{10,}|\bya29\.[\w.-]+|\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*"
    r"|(?i:\bbearer\s+)[^\s\"',]+|(?i:\b(?:api[_-]?key|key|token|signature|sig)=)[^\s&\"',]+"
)


class Redactor:
    """Knows the keys that were read, so that no message shows one."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add_secret(self, secret: str) -> str:
        """Remembers a key or token; returns it."""
        if len(secret) >= 4:
            self._secrets.add(secret)
        return secret

    def contains_secret(self, text: str) -> bool:
        """Whether a key that was read stands in the text, as it is or as URLs write it."""
        forms = (text, unquote(text), unquote_plus(text))
        return any(secret in form for secret in self._secrets for form in forms)

    def __call__(self, text: object) -> str:
        """The text on one line, without anything that gives access, cut to a readable length."""
        redacted = str(text).encode("utf-8", "replace").decode("utf-8")
        for secret in sorted(self._secrets, key=len, reverse=True):
            redacted = redacted.replace(secret, "…")
        redacted = _KEYS.sub("…", _QUERY.sub(r"\1?…", redacted))
        redacted = " ".join(redacted.split())
        return redacted if len(redacted) <= _LONGEST else redacted[: _LONGEST - 1] + "…"
