"""Values whose fields have fixed names in digests, files and saved plans.

Such a name must never change: all films would be bought again. So it is written out, and not taken
from an attribute, which may be renamed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


class Serialized:
    """A value that states the names under which its fields are stored."""

    __slots__ = ()

    def to_fields(self) -> dict[str, Any]:
        """Every field that counts, by its permanent name; values as they are."""
        raise NotImplementedError


def reject_unknown_names(fields: Mapping[str, Any], known_names: Collection[str]) -> None:
    """Raises TypeError for unknown names, so that their meaning isn't lost silently."""
    if unknown := [name for name in fields if name not in known_names]:
        raise TypeError(f"unknown: {', '.join(unknown)}")
