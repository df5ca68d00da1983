"""Caches segments of a film's sound by content: one small file each, whose first line is JSON.

A file that is truncated or unreadable counts as missing, and is made again.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storyboard.stitching.media.ffmpeg import build_temp_path
from storyboard.util.output_files import replace_file


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The data cached under one name."""

    facts: Mapping[str, Any]
    body: bytes


class SegmentCache:
    """A folder of cached segments."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def read_entry(self, name: str) -> CacheEntry | None:
        """The entry of that name, if it is intact; marks its file as used."""
        path = self._folder / name
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            facts = json.loads(head)
            if facts.pop("crc") != zlib.crc32(body):
                return None
            os.utime(path)
        except (FileNotFoundError, ValueError, KeyError, AttributeError, TypeError):
            return None
        return CacheEntry(facts, body)

    def write_entry(self, name: str, facts: Mapping[str, Any], body: bytes) -> CacheEntry:
        """Writes an entry, by rename."""
        path = self._folder / name
        unfinished = build_temp_path(path)
        head = json.dumps({**facts, "crc": zlib.crc32(body)}, separators=(",", ":"))
        try:
            unfinished.write_bytes(head.encode() + b"\n" + body)
            replace_file(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
        return CacheEntry(facts, body)
