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


def clear_leftovers(out: Path) -> None:
    """Removes unfinished files of `out`, named by `build_temp_path`, whose writers are gone."""
    out = follow_links(out)
    name = re.compile(rf"\.{re.escape(out.stem)}\.(\d+)\.[0-9a-f]+{re.escape(out.suffix)}")
    for path in out.parent.glob(f".{glob.escape(out.stem)}.*{glob.escape(out.suffix)}"):
        if match := name.fullmatch(path.name):
            with suppress(OSError):
                changed = path.stat().st_mtime
                if changed < time.time() - _DAY_S or not _is_still_writing(int(match[1]), changed):
                    path.unlink()


def _is_still_writing(process: int, changed: float) -> bool:
    """Whether the process may still be at a file that it last changed then."""
    if process == os.getpid():
        return changed >= _STARTED_AT  # else it is of another process, whose number we were given
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
