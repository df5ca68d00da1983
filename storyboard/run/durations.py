"""How long a run waits, in words."""

from __future__ import annotations


def format_rough_duration(seconds: float) -> str:
    """`40 s`, `12 min`, `1 h 30 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def format_usual_time(usual_s: tuple[int, ...]) -> str:
    """`usually 11 s to 6 min`; empty where nobody knows."""
    times = dict.fromkeys(format_rough_duration(seconds) for seconds in usual_s)
    return f"usually {' to '.join(times)}" if times else ""
