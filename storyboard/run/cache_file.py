"""Small JSON files that save time and nothing else.

One that can't be read is as good as none, and one that can't be written is no error. They are not
flushed: what a power cut takes is worked out again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from storyboard.run.paths import create_git_ignored_folder
from storyboard.util.output_files import follow_links, replace_file


def read_cache_file(path: Path, format: int) -> dict[str, Any]:
    """What `write_cache_file` wrote at `path`; nothing where that is gone or of another format."""
    try:
        payload = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(payload, dict) or payload.get("format") != format:
        return {}
    return payload


def write_cache_file(path: Path, format: int, payload: Mapping[str, Any]) -> None:
    """Replaces `path`, whose folder is made, where that can be done."""
    text = json.dumps({"format": format, **payload}, separators=(",", ":"))
    with suppress(OSError):
        create_git_ignored_folder(path.parent)
        draft = follow_links(path).with_suffix(f".{os.getpid()}")
        draft.write_text(text, "utf-8")
        replace_file(draft, path)
