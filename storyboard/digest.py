"""Identity: the tagged SHA-256 of a value's canonical text, or of a file.

Every digest begins with a tag that names what was hashed, so that two kinds of thing never
collide. The canonical text is JSON with sorted keys and no spaces; a fraction is its own type, and
a float that is a whole number is another value than the integer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, Union

Value: TypeAlias = Union[
    bool, int, float, Fraction, str, "Sequence[Value]", "Mapping[str, Value]", None
]
"""What has a canonical form."""

_CHUNK = 1 << 20


def digest_value(tag: str, value: Value) -> str:
    """64 hex digits that stand for `value` under `tag`.

    >>> digest_value("t", {"a": 1, "b": 2}) == digest_value("t", {"b": 2, "a": 1})
    True
    >>> digest_value("t", "1") == digest_value("t", 1)
    False
    """
    return digest_text(tag, to_canonical_text(value))


def digest_text(tag: str, text: str) -> str:
    """`digest_value` of a value whose canonical text is known already."""
    return hashlib.sha256(f"storyboard:{tag}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


def to_canonical_text(value: Value) -> str:
    """The one text of `value`; raises ValueError for a float that is no number."""
    return _ENCODER.encode(value)


def hash_file(path: Path) -> str:
    """Plain SHA-256 of a file's bytes, as `sha256sum` prints it; reads in chunks."""
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def _to_json_value(value: object) -> object:
    if isinstance(value, Fraction):
        return {"fraction": [value.numerator, value.denominator]}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no canonical text")


_ENCODER = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    default=_to_json_value,
)
