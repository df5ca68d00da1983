"""Identity: the tagged, canonical SHA-256 of a value or of a file.

Every digest begins with a tag that names what was hashed, so that two kinds of thing never
collide. Values are encoded canonically: the order of keys and the spelling of a number make no
difference, so `8`, `8.0` and `Fraction(8)` are one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, Union

Value: TypeAlias = Union[
    bool, int, float, Fraction, str, "Sequence[Value]", "Mapping[str, Value]", None
]
"""What has a canonical form."""

_CHUNK = 1 << 20


def digest(tag: str, value: Value) -> str:
    """64 hex digits that stand for `value` under `tag`.

    >>> digest("t", {"a": 1, "b": 2.0}) == digest("t", {"b": 2, "a": 1})
    True
    >>> digest("t", "1") == digest("t", 1)
    False
    """
    state = hashlib.sha256(f"storyboard:{tag}\0".encode())
    state.update(_canonical(value))
    return state.hexdigest()


def file_sha256(path: Path) -> str:
    """Plain SHA-256 of a file's bytes, as `sha256sum` prints it; reads in chunks."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def _canonical(value: Value) -> bytes:
    """A prefix-free encoding: a letter for the type, a length, the content."""
    if value is None:
        return b"z;"
    if isinstance(value, bool):
        return b"t;" if value else b"f;"
    if isinstance(value, (int, float, Fraction)):
        return f"n{Fraction(value)};".encode()
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(text), text)
    if isinstance(value, Mapping):
        items = sorted((_canonical(str(key)), _canonical(item)) for key, item in value.items())
        return b"m%d:%b" % (len(items), b"".join(key + item for key, item in items))
    return b"l%d:%b" % (len(value), b"".join(map(_canonical, value)))
