"""A key from the environment, and the headers that carry it."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from storyboard.errors import AuthenticationError
from storyboard.providers.http.redaction import Redactor

Access: TypeAlias = Callable[[bool], Awaitable[Mapping[str, str]]]
"""Headers that carry the key; True asks for fresh ones, after the service refused the last ones."""

_KEY = re.compile(r"[!-~]+")


def read_key(provider: str, variables: Sequence[str], redactor: Redactor, *, hint: str = "") -> str:
    """The key in the first of the environment's `variables` that is set; the redactor learns it.

    Raises AuthenticationError, which names the variable, if none is set or if its value can't go
    into a header; `hint` says where to get a key.
    """
    for variable in variables:
        if key := os.environ.get(variable, "").strip():
            if _KEY.fullmatch(key):
                return redactor.add_secret(key)
            raise AuthenticationError(
                f"{variable} contains a space or a special character, which is not allowed in "
                "a key",
                hint=hint,
                provider=provider,
            )
    raise AuthenticationError(
        f"{variables[0]} is not set", hint=hint or f"export {variables[0]}=…", provider=provider
    )
