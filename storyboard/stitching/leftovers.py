"""What a killed cut left beside its film."""

from __future__ import annotations

import glob
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from storyboard.outlet import end_of

_BEGAN = time.time()
_DAY = 86_400


def clear_leftovers(out: Path) -> None:
    """Removes unfinished files of `out`, named by `beside`, whose writers are gone."""
    out = end_of(out)
    name = re.compile(rf"\.{re.escape(out.stem)}\.(\d+)\.[0-9a-f]+{re.escape(out.suffix)}")
    for left in out.parent.glob(f".{glob.escape(out.stem)}.*{glob.escape(out.suffix)}"):
        if found := name.fullmatch(left.name):
            with suppress(OSError):
                changed = left.stat().st_mtime
                if changed < time.time() - _DAY or not _writes(int(found[1]), changed):
                    left.unlink()


def _writes(process: int, changed: float) -> bool:
    """Whether the process may still be at a file that it last changed then."""
    if process == os.getpid():
        return changed >= _BEGAN  # else it is of another process, whose number we were given
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
