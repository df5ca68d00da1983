"""Sound as samples: any file read in order as stereo at 48 kHz, and WAV written and read.

Sample 0 of a file with a picture is the moment of its first frame, of a sound file its first
sample, whatever priming, edit list or start time stand in the container.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from storyboard.errors import MediaError
from storyboard.outlet import put
from storyboard.stitching.media import beside
from storyboard.stitching.packets import opened
from storyboard.timecode import Rate

RATE = 48_000
"""Samples per second of the film."""

Samples: TypeAlias = NDArray[np.float32]
"""(n, 2) float32, left and right, full scale 1."""

_SEEKABLE = frozenset(("mov", "wav", "flac", "aiff", "w64"))
_FROM_START_S = 10
_PREROLL_S = Fraction(1, 4)  # codecs overlap frames: what comes right after a jump is not yet true
_HOLE_S = 0.02
_TOGETHER = 32
"""Frames that are handed on as one piece."""
_LOOP_FADE = RATE // 2
_HELD = 10 * RATE
"""A loop of no more samples is held in memory."""


def sample(frame: int, rate: Rate) -> int:
    """The sample at which film frame `frame` begins, exact at every rate."""
    return int(frame * RATE / rate.value // 1)


def silence(n: int) -> Samples:
    return np.zeros((n, 2), dtype=np.float32)


class Reader:
    """Samples in order from pieces of any size; silence after their end."""

    def __init__(self, pieces: Iterator[Samples]) -> None:
        self._pieces = pieces
        self._left = silence(0)
        self.ended = False
        """Whether `read` has come to the end of the sound."""
        self.given = 0
        """Samples of it that were read."""

    def read(self, n: int) -> Samples:
        """The next `n` samples."""
        parts, missing = [], n
        while missing and not self.ended:
            if not len(self._left):
                try:
                    self._left = next(self._pieces)
                except StopIteration:
                    self.ended = True
                continue
            parts.append(self._left[:missing])
            self._left = self._left[missing:]
            missing -= len(parts[-1])
        self.given += n - missing
        if len(parts) == 1 and not missing:
            return parts[0]
        return np.concatenate([*parts, silence(missing)])

    def close(self) -> None:
        """Closes the file behind it."""
        close: Callable[[], None] | None = getattr(self._pieces, "close", None)
        if close:
            close()


def decoded(path: Path, start: int = 0) -> Iterator[Samples]:
    """The sound of `path` from sample `start` on, in pieces; nothing where it has none.

    Raises MediaError when the file can't be read, or where a sample is no number.
    """
    if not path.is_file():
        raise MediaError(f"{path} is not there")
    with _listening(path) as container:
        if not container.streams.audio:
            return
        stream = container.streams.audio[0]
        zero = _zero(container, stream)
        if start > _FROM_START_S * RATE and _SEEKABLE & set(container.format.name.split(",")):
            seconds = zero + Fraction(start, RATE) - _PREROLL_S
            container.seek(int(seconds / stream.time_base), stream=stream)
        wanted = start
        for at, piece in _resampled(container, stream, zero):
            if at > wanted:
                yield silence(at - wanted)
                wanted = at
            fresh = piece[wanted - at :]
            if len(fresh):
                _heard(fresh, path, wanted)
                yield fresh
                wanted += len(fresh)


def jumps(path: Path) -> bool:
    """Whether a reader can begin anywhere in the file without reading what stands before."""
    with _listening(path) as container:
        return bool(_SEEKABLE & set(container.format.name.split(",")))


def looped(path: Path, start: int = 0) -> Iterator[Samples]:
    """The sound of `path` over and over, from sample `start` of it on.

    Its end is cross-faded into its beginning. Raises MediaError when it has no sound.
    """
    count, held = 0, []
    for piece in decoded(path):
        count += len(piece)
        if count <= _HELD:
            held.append(piece)
    if not count:
        raise MediaError(f"{path} has no sound")
    fade = _LOOP_FADE if count > 2 * _LOOP_FADE else count // 4
    if count <= _HELD:
        yield from _turning(np.concatenate(held), fade, start)
    round_ = count - fade
    skip = start if start < 2 * round_ else round_ + (start - round_) % round_
    for piece in _rounds(path, fade):
        if skip < len(piece):
            yield piece[skip:]
        skip = max(0, skip - len(piece))


def _turning(sound: Samples, fade: int, start: int) -> Iterator[Samples]:
    """The same of sound that is all there, a second or more at once."""
    first, ending = sound[: len(sound) - fade], sound[len(sound) - fade :]
    if start < len(first):
        yield first[start:]
    again = _joined(ending, first)
    many = np.tile(again, (-(-RATE // len(again)), 1))
    yield many[max(0, start - len(first)) % len(again) :]
    while True:
        yield many


def _rounds(path: Path, fade: int) -> Iterator[Samples]:
    held = silence(0)  # the end of the round before, waiting for the next beginning
    while True:
        ending, held = held, silence(0)
        for piece in decoded(path):
            held = np.concatenate([held, piece])
            if len(held) > 2 * fade:
                out, held = held[: len(held) - fade], held[len(held) - fade :]
                yield _joined(ending, out)
                ending = silence(0)
        if len(held) > fade:
            yield _joined(ending, held[: len(held) - fade])
            held = held[len(held) - fade :]


def read_wav(path: Path, block: int) -> Iterator[Samples]:
    """The samples of a file that `WavWriter` wrote, `block` at a time."""
    with path.open("rb") as stream:
        stream.seek(_HEADER.size)
        while data := stream.read(block * 8):
            yield np.frombuffer(data, dtype="<f4").reshape(-1, 2)


class WavWriter:
    """Writes stereo float WAV at 48 kHz; the file appears by rename when the block ends well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples = 0
        self._unfinished = beside(path)

    def write(self, samples: Samples) -> None:
        self._stream.write(np.ascontiguousarray(samples, dtype="<f4").data)
        self.samples += len(samples)

    def __enter__(self) -> WavWriter:
        self._stream = self._unfinished.open("wb")
        self._stream.write(_header(0))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._stream:
            if kind is None:
                self._stream.seek(0)
                self._stream.write(_header(self.samples))
        if kind is None:
            put(self._unfinished, self.path)
        else:
            with suppress(FileNotFoundError):
                self._unfinished.unlink()


def _heard(samples: Samples, path: Path, at: int) -> None:
    """Raises MediaError for what no player can play; `at` is where the samples stand."""
    if np.isfinite(samples).all():
        return
    first = at + int(np.flatnonzero(~np.isfinite(samples).all(axis=1))[0])
    raise MediaError(
        f"{path} holds samples that are no numbers, the first {first / RATE:.2f} s from its start",
        hint="export it again, best as 24-bit WAV or FLAC",
    )


def _zero(container: Any, stream: Any) -> Fraction:
    """The container's time of sample 0, seconds."""
    pictures = [v for v in container.streams.video if v.average_rate and v.start_time is not None]
    first = pictures[0] if pictures else stream
    return Fraction((first.start_time or 0) * first.time_base)


@contextmanager
def _listening(path: Path) -> Iterator[Any]:
    """The file opened for its sound alone: of an MP4 no picture is read, and none decoded.

    Its table of contents says when the picture begins; elsewhere that takes a decoder.
    """
    import av

    with opened(path, codec_whitelist=_ears()) as container:
        pictures = container.streams.video
        if "mov" in container.format.name and all(each.average_rate for each in pictures):
            for stream in container.streams:
                if stream.type != "audio":
                    stream.discard = av.stream.Discard.all
            yield container
            return
    with opened(path) as container:
        yield container


@lru_cache(maxsize=1)
def _ears() -> str:
    """Every decoder of sound, as libav lists them."""
    import av

    found = []
    for name in sorted(av.codec.codecs_available):
        with suppress(ValueError):  # encoders have no name here
            found += [name] if av.Codec(name, "r").type == "audio" else []
    return ",".join(found)


def _resampled(container: Any, stream: Any, zero: Fraction) -> Iterator[tuple[int, Samples]]:
    """(sample where it stands, samples), in order; a hole in the stream starts afresh."""
    import av

    def fresh() -> Any:
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        return av.AudioResampler(format="fltp", layout=layout, rate=RATE)

    at = 0
    waiting: list[NDArray[np.float32]] = []

    def gathered() -> Iterator[tuple[int, Samples]]:
        nonlocal at
        if waiting:
            planes = np.concatenate(waiting, axis=1)
            waiting.clear()
            samples = np.empty((planes.shape[1], 2), dtype=np.float32)
            samples[:, 0], samples[:, 1] = planes[0], planes[-1]
            yield at, samples
            at += len(samples)

    resampler = fresh()
    tick = float(stream.time_base)
    due: float | None = None
    for frame in container.decode(stream):
        begins = due if frame.pts is None else frame.pts * tick - float(zero)
        if due is None or begins is None or abs(begins - due) > _HOLE_S:
            if due is not None:
                waiting += [each.to_ndarray() for each in resampler.resample(None)]
                yield from gathered()
                resampler = fresh()
            due = begins or 0.0
            at = round(due * RATE)
        due += frame.samples / frame.sample_rate
        frame.pts = None  # the resampler would otherwise fill or drop by its own reckoning
        waiting += [each.to_ndarray() for each in resampler.resample(frame)]
        if len(waiting) >= _TOGETHER:
            yield from gathered()
    if due is not None:
        waiting += [each.to_ndarray() for each in resampler.resample(None)]
        yield from gathered()


def _joined(ending: Samples, beginning: Samples) -> Samples:
    """`beginning` with `ending` faded out over it at equal power."""
    if not len(ending):
        return beginning
    turn = (np.arange(len(ending), dtype=np.float32) + 0.5) / len(ending) * np.float32(np.pi / 2)
    out = beginning.copy()
    out[: len(ending)] *= np.sin(turn)[:, None]
    out[: len(ending)] += ending * np.cos(turn)[:, None]
    return out


_MOST = 0xFFFFFFFF
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


def _header(samples: int) -> bytes:
    """RIFF with 32-bit floats. Past 4 GiB the size says so, and readers go to the end."""
    size = samples * 8
    if size > _MOST - _HEADER.size:
        size = _MOST
    riff = (b"RIFF", min(size + _HEADER.size - 8, _MOST), b"WAVE")
    form = (b"fmt ", 16, 3, 2, RATE, RATE * 8, 8, 32)
    return _HEADER.pack(*riff, *form, b"data", size)
