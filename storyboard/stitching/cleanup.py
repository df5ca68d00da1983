"""Clears away what killed cuts left, and what no film used for long."""

from __future__ import annotations

import glob
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from storyboard.stitching.smart.window_renderer import WINDOW
from storyboard.util.output_files import follow_links

_STARTED_AT = time.time()
_DAY_S = 86_400
_KEEP_S = 30 * _DAY_S
"""Windows and parts of the sound live so long after the last film that used them."""


def remove_abandoned_temp_files(output_path: Path) -> None:
    """Removes files that writers now gone left of `output_path`, named by `build_temp_path`."""
    output_path = follow_links(output_path)
    name = re.compile(
        rf"\.{re.escape(output_path.stem)}\.(\d+)\.[0-9a-f]+{re.escape(output_path.suffix)}"
    )
    for path in output_path.parent.glob(
        f".{glob.escape(output_path.stem)}.*{glob.escape(output_path.suffix)}"
    ):
        if match := name.fullmatch(path.name):
            with suppress(OSError):
                changed = path.stat().st_mtime
                if changed < time.time() - _DAY_S or not _is_writer_alive(int(match[1]), changed):
                    path.unlink()


def remove_stale_cache_files(cache: Path) -> None:
    """Removes what killed cuts left unfinished in `cache`, and what no film used for long."""
    now = time.time()
    unfinished_globs = ("stitch-*", ".*.mp4", ".proofs.*", "sound/.*")
    abandoned_files = [
        (path, _DAY_S) for pattern in unfinished_globs for path in cache.glob(pattern)
    ]
    cached_globs = (f"{WINDOW}*.mp4", "sound/meter-*", "sound/aac-*")
    cached_files = [(path, _KEEP_S) for pattern in cached_globs for path in cache.glob(pattern)]
    for path, max_age_s in (*abandoned_files, *cached_files):
        with suppress(OSError):
            if path.stat().st_mtime > now - max_age_s:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_writer_alive(process_id: int, modified_at: float) -> bool:
    """Whether the process may still be at a file that it last changed then."""
    if process_id == os.getpid():
        return (
            modified_at >= _STARTED_AT
        )  # else it is of another process, whose number we were given
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
