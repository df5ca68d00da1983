"""What keys look like, and which variables hold ours: the one list for all who look for secrets.

A storyboard with a key in it is refused, and messages show none. Both ask here. Shapes of keys
that belong to a provider are declared by its class (`providers/declaration.py`); the others stand
below.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

# A pattern that begins with plain letters is found fast, so what may not stand before them is
# looked at behind them.
GENERIC_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"gh(?<!\wgh)[pousr]_\w{30,}",  # GitHub
        r"AKIA(?<!\wAKIA)[0-9A-Z]{16}\b",  # Amazon
        r"eyJ(?<!\weyJ)[\w-]{10,}\.[\w-]+\.[\w-]*",  # a JSON Web Token
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----)?",
    )
)
"""Keys and tokens of whatever service."""

MESSAGE_PATTERNS = (
    re.compile(r"(?i:\bbearer\s+)[^\s\"',]+"),
    re.compile(r"(?i:\b(?:api[_-]?key|key|token|signature|sig)=)[^\s&\"',]+"),
)
"""How messages introduce a key of any shape; prose may say `bearer` and mean a person."""

_SHORTEST_KEY = 4


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """What the providers that are installed say of their keys."""

    patterns: tuple[re.Pattern[str], ...] = ()
    key_variables: tuple[str, ...] = ()
    """Environment variables that hold keys."""

    def replace_shapes(self, text: str, replace: Callable[[re.Match[str]], str]) -> str:
        """The text with everything that looks like a key replaced by what `replace` makes of it."""
        for pattern in (*GENERIC_PATTERNS, *self.patterns):
            text = pattern.sub(replace, text)
        return text

    def hide_secrets(self, text: str) -> str:
        """The text without the keys of the environment and what looks like one."""
        keys = (os.environ.get(name, "").strip() for name in self.key_variables)
        for key in sorted(keys, key=len, reverse=True):
            if len(key) >= _SHORTEST_KEY:
                text = text.replace(key, "…")
        return self.replace_shapes(text, lambda _: "…")
