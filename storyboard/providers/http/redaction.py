"""Makes a service's text safe for a log: no keys, no query strings, no bodies."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

from storyboard.printable import escape_unprintable
from storyboard.providers.registry import load_known_secrets
from storyboard.util.known_secrets import MESSAGE_PATTERNS

_LONGEST = 400
_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*")


class Redactor:
    """Makes a service's text safe to show: no keys, no queries of addresses, one short line.

    Knows the keys that were read, and the key patterns of every installed provider.
    """

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add_secret(self, secret: str) -> str:
        """Remembers a key or token; returns it."""
        if len(secret) >= 4:
            self._secrets.add(secret)
        return secret

    def contains_secret(self, text: str) -> bool:
        """Whether the text contains a key that was read, as it is or as URLs write it."""
        forms = (text, unquote(text), unquote_plus(text))
        return any(secret in form for secret in self._secrets for form in forms)

    def __call__(self, text: object) -> str:
        """The text on one line, without anything that gives access, cut to a readable length."""
        redacted = str(text).encode("utf-8", "replace").decode("utf-8")
        for secret in sorted(self._secrets, key=len, reverse=True):
            redacted = redacted.replace(secret, "…")
        redacted = load_known_secrets().hide_secrets(_QUERY.sub(r"\1?…", redacted))
        for pattern in MESSAGE_PATTERNS:
            redacted = pattern.sub("…", redacted)
        redacted = escape_unprintable(" ".join(redacted.split()))
        return redacted if len(redacted) <= _LONGEST else redacted[: _LONGEST - 1] + "…"
