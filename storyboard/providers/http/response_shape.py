"""Describes an answer that we can't parse: the names and types of its values, never the values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"@?[A-Za-z_]\w{0,39}", re.ASCII)
_DEEP = 6
_WIDE = 6


def describe_shape(value: Any, max_depth: int = _DEEP) -> str:
    """Names and kinds, a few levels deep.

    >>> shape({"done": True, "response": {"clips": [{"url": "x"}, {}]}})
    '{done: true, response: {clips: [{url: text}, …]}}'
    """
    if isinstance(value, Mapping):
        if not value or not max_depth:
            return "{…}" if value else "{}"
        names = [str(name) for name in value]
        members = [
            f"{name if _NAME.fullmatch(name) else '…'}: {describe_shape(inner, max_depth - 1)}"
            for name, inner in zip(names[:_WIDE], value.values(), strict=False)
        ]
        return "{" + ", ".join([*members, "…"] if len(names) > _WIDE else members) + "}"
    if isinstance(value, list):
        first = [describe_shape(value[0], max_depth - 1) if max_depth else "…"] if value else []
        return "[" + ", ".join([*first, "…"] if len(value) > 1 else first) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return "text" if isinstance(value, str) else "number"
