"""One mapping laid over another, as settings are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def overlaid(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with what `top` states: mappings join key by key, everything else is replaced."""
    joined = dict(base)
    for key, value in top.items():
        under = joined.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            value = overlaid(under, value)
        joined[key] = value
    return joined
