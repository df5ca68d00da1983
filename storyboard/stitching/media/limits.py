"""The largest media that storyboard reads, in one place; the user can raise each limit.

A film and its media may come from a stranger, so neither can raise them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from storyboard.environment import MEDIA_LIMITS_VARIABLE
from storyboard.errors import EnvironmentProblem, MediaError

_NAMES = ("side", "pixels", "rate", "channels", "hours", "memory_mb", "seconds")
_LOWEST_SOUND_RATE = 2000
"""Samples a second; resampling from a lower rate takes longer the lower it is."""


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """The largest values that are read without a word from the user."""

    side: int = 32_768
    """Pixels of the longer side of a picture."""
    pixels: int = 50_000_000
    """Pixels of a picture."""
    rate: int = 768_000
    """Samples a second of a sound."""
    channels: int = 64
    hours: int = 24
    """The length of a clip or a sound."""
    memory_mb: int = 350
    """What reading one file may take, beside the program itself."""
    seconds: int = 6
    """How long reading a header and an index may take; more for files over a gigabyte."""


def load_media_limits() -> MediaLimits:
    """The limits, with those that the environment raises; EnvironmentProblem for a wrong value."""
    return _parse_limits(os.environ.get(MEDIA_LIMITS_VARIABLE, ""))


@lru_cache(maxsize=4)
def _parse_limits(text: str) -> MediaLimits:
    values = {}
    for part in text.replace(",", " ").split():
        name, _, value = part.partition("=")
        if name not in _NAMES or not value.isascii() or not value.isdigit() or len(value) > 12:
            raise EnvironmentProblem(
                f"{MEDIA_LIMITS_VARIABLE} has the part {part!r}, which is not NAME=NUMBER",
                hint=f"the names are {', '.join(_NAMES)}; for example pixels=200000000",
            )
        values[name] = int(value)
    return MediaLimits(**values)


def check_stream_limits(path: Path, container: Any) -> None:
    """Raises MediaError if a stream of an open PyAV container is over a limit.

    It reads headers only, so nothing large is decoded before the check.
    """
    limits = load_media_limits()
    for stream in container.streams:
        codec = stream.codec_context
        if codec is None:
            continue
        if stream.type == "video":
            longer = max(codec.width, codec.height)
            shape = f"{path} is {codec.width} x {codec.height} pixels"
            if longer > limits.side:
                raise _build_limit_error(shape, f"a side has at most {limits.side}", "side", longer)
            if (pixels := codec.width * codec.height) > limits.pixels:
                most = f"a picture has at most {limits.pixels}"
                raise _build_limit_error(shape, most, "pixels", pixels)
        if stream.type == "audio":
            _check_sound_limits(path, codec, limits)
        seconds = float((stream.duration or 0) * (stream.time_base or 0))
        if seconds > limits.hours * 3600:
            hours = int(seconds // 3600) + 1
            message = f"{path} says that it is {hours - 1} hours long"
            raise _build_limit_error(message, f"at most {limits.hours} are read", "hours", hours)


def _check_sound_limits(path: Path, codec: Any, limits: MediaLimits) -> None:
    rate, channels = codec.sample_rate, codec.channels
    if 0 < rate < _LOWEST_SOUND_RATE:
        raise MediaError(
            f"{path} has {rate} samples a second; at least {_LOWEST_SOUND_RATE} are needed",
            hint="export the sound again, for example with 48000 samples a second",
        )
    if rate > limits.rate:
        message = f"{path} has {rate} samples a second"
        raise _build_limit_error(message, f"at most {limits.rate} are read", "rate", rate)
    if channels > limits.channels:
        message, limit = f"{path} has {channels} channels", f"at most {limits.channels} are read"
        raise _build_limit_error(message, limit, "channels", channels)


def _build_limit_error(message: str, limit: str, name: str, needed: int) -> MediaError:
    return MediaError(
        f"{message}; {limit}",
        hint=f"use a smaller file, or raise the limit: {MEDIA_LIMITS_VARIABLE}={name}={needed}",
    )
