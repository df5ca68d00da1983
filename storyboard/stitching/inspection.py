"""Reads one media file in a process that may end: with limits on its memory and its time."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

from storyboard.model.film import Footage
from storyboard.stitching.media.decode_check import check_whole_input
from storyboard.stitching.media.limits import load_media_limits
from storyboard.stitching.media.probe import probe, read_footage

_MB = 1_000_000
_GB = 1_000 * _MB
_S_PER_GB = 10
_DECODING_PACE = 10
"""How many times its own length a medium may take to decode."""


def read_footage_within_limits(name: str) -> Footage:
    """`read_footage`; SIGALRM ends this process when the time is over."""
    path = Path(name)
    _limit_memory()
    _limit_time(_compute_reading_seconds(path))
    footage = read_footage(path)
    _limit_time(0)
    return footage


def read_header_within_limits(name: str) -> None:
    """Raises MediaError unless header and index can be read; SIGALRM ends this process."""
    path = Path(name)
    _limit_memory()
    _limit_time(_compute_reading_seconds(path))
    probe(path)
    _limit_time(0)


def check_whole_input_within_limits(name: str, seconds: float | None) -> None:
    """`check_whole_input`; SIGALRM ends this process when the time is over.

    None allows ten times the length of the medium.
    """
    path = Path(name)
    _limit_memory()
    _limit_time(seconds or _compute_reading_seconds(path))
    if seconds is None:
        _limit_time(_compute_reading_seconds(path) + _DECODING_PACE * float(probe(path).seconds))
    check_whole_input(path)
    _limit_time(0)


def _compute_reading_seconds(path: Path) -> float:
    """The time to read a header and an index; large files may take longer."""
    beyond = max(0, path.stat().st_size - _GB) if path.exists() else 0
    return load_media_limits().seconds + beyond / _GB * _S_PER_GB


def _limit_time(seconds: float) -> None:
    """Ends this process after that many seconds; 0 takes the limit away."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory() -> None:
    """Limits what this process allocates from here on, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        most = _read_allocated_bytes() + load_media_limits().memory_mb * _MB
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _read_allocated_bytes() -> int:
    """What counts against the limit already; raises OSError where /proc is not there."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmData in /proc/self/status")
