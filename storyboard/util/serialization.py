"""Values whose fields have names of their own in identities, files and saved plans.

Such a name stands for good: to change one would buy every film again. So it is written out, and
never taken from an attribute, which may be called something else tomorrow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


class Serialized:
    """A value that knows what its fields are called where they are kept."""

    __slots__ = ()

    def to_fields(self) -> dict[str, Any]:
        """Every field that counts, by its name for good; values as they are."""
        raise NotImplementedError


def reject_unknown_names(fields: Mapping[str, Any], known_names: Collection[str]) -> None:
    """Raises TypeError for a name that nobody has: what it meant must not be lost in silence."""
    if unknown := [name for name in fields if name not in known_names]:
        raise TypeError(f"unknown: {', '.join(unknown)}")
