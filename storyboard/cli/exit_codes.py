"""What the exit code of the command means: one table, which the reference page shows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXIT_CODES: Mapping[int, str] = MappingProxyType(
    {
        0: "Done, or nothing to do.",
        1: "The storyboard has errors.",
        2: "The command line is wrong; nothing was tried.",
        3: "Something failed. Takes that are finished are safe.",
        4: "The machine lacks something: a key, ffmpeg, an adapter, a lock, space on the disk.",
        5: "`plan --exit-code` says that there is work to do.",
        6: "Refused for money: over budget, not confirmed, or a saved plan is out of date. "
        "Nothing was spent.",
        7: "A person must decide, for example with `storyboard resolve`.",
        130: "Interrupted. The next render continues.",
    }
)
