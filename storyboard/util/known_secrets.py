"""What keys look like, and which variables hold ours: the only list of both.

A storyboard with a key in it is refused, and messages hide keys; both use this list. A provider's
class declares the shapes of its own keys (`providers/declaration.py`); the others are below.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

# A pattern that begins with plain letters is found fast, so a condition on what comes before them
# is a look-behind after them.
GENERIC_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"gh(?<!\wgh)[pousr]_\w{30,}",  # GitHub
        r"AKIA(?<!\wAKIA)[0-9A-Z]{16}\b",  # Amazon
        r"eyJ(?<!\weyJ)[\w-]{10,}\.[\w-]+\.[\w-]*",  # a JSON Web Token
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----)?",
    )
)
"""Keys and tokens of other services."""

MESSAGE_PATTERNS = (
    re.compile(r"(?i:\bbearer\s+)[^\s\"',]+"),
    re.compile(r"(?i:\b(?:api[_-]?key|key|token|signature|sig)=)[^\s&\"',]+"),
)
"""How messages introduce a key of any shape; in prose `bearer` may be a person."""

_SHORTEST_KEY = 4


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """What the installed providers declare about their keys."""

    patterns: tuple[re.Pattern[str], ...] = ()
    key_variables: tuple[str, ...] = ()
    """Environment variables that hold keys."""

    def replace_shapes(self, text: str, replace: Callable[[re.Match[str]], str]) -> str:
        """The text with everything that looks like a key replaced by `replace(match)`."""
        for pattern in (*GENERIC_PATTERNS, *self.patterns):
            text = pattern.sub(replace, text)
        return text

    def hide_secrets(self, text: str) -> str:
        """The text without keys of the environment and without anything that looks like a key."""
        keys = (os.environ.get(name, "").strip() for name in self.key_variables)
        # The longest first, in case one key contains another.
        for key in sorted(keys, key=len, reverse=True):
            if len(key) >= _SHORTEST_KEY:
                text = text.replace(key, "…")
        return self.replace_shapes(text, lambda _: "…")
