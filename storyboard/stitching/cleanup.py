"""What a killed cut left beside its film."""

from __future__ import annotations

import glob
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from storyboard.util.output_files import follow_links

_STARTED_AT = time.time()
_DAY_S = 86_400


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
