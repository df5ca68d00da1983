"""Remembers passed checks as digests of the bytes that were checked.

A check holds for its bytes in any film, so cutting a film again checks only what is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from storyboard.stitching.media.ffmpeg import build_temp_path
from storyboard.util.output_files import replace_file

_NAME = "proofs"
_MAX_PROOFS = 20_000
_BYTES = 20


class CheckedSeams:
    """The passed checks of one folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._new: dict[bytes, None] = {}
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            data = b""
        self._known = dict.fromkeys(
            data[at : at + _BYTES] for at in range(0, len(data) - _BYTES + 1, _BYTES)
        )

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._known or digest in self._new

    def add(self, digest: bytes) -> None:
        self._new[digest] = None

    def save(self) -> None:
        """Saves the added digests after those that were read, and keeps the last `_MAX_PROOFS`."""
        if not self._new:
            return
        unfinished = build_temp_path(self._path)
        try:
            unfinished.write_bytes(b"".join([*self._known, *self._new][-_MAX_PROOFS:]))
            replace_file(unfinished, self._path)
        finally:
            unfinished.unlink(missing_ok=True)


def hash_parts(*parts: Iterable[bytes]) -> bytes:
    """A digest of `parts`; the length of each chunk is part of it."""
    hasher = hashlib.blake2b(digest_size=_BYTES)
    for part in parts:
        for chunk in part:
            hasher.update(len(chunk).to_bytes(8, "big"))
            hasher.update(chunk)
    return hasher.digest()
