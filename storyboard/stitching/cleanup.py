"""Removes the files of killed cuts, and cache files that no film has used for 30 days."""

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
"""How long a window or a piece of sound is kept after a film last used it."""


def remove_abandoned_temp_files(output_path: Path) -> None:
    """Removes unfinished files of `output_path` whose writer has ended; `build_temp_path` names
    them.
    """
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
                # A day-old file is abandoned even if its process id belongs to a live process: ids
                # are reused.
                if changed < time.time() - _DAY_S or not _is_writer_alive(int(match[1]), changed):
                    path.unlink()


def remove_stale_cache_files(cache: Path) -> None:
    """Removes unfinished files of killed cuts from `cache`, and results not used for 30 days."""
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
    """Whether the process may still be writing a file that it last changed at `modified_at`."""
    if process_id == os.getpid():
        return (
            modified_at >= _STARTED_AT
        )  # an older file belongs to an earlier process that had our id
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
