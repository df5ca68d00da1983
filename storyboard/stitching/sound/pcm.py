"""Sound as samples: decodes any file as stereo at 48 kHz, in order, and writes and reads WAV.

Sample 0 of a file with a picture is the time of its first frame; of a sound file, its first sample,
for any priming, edit list or start time of the container.
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
from storyboard.stitching.media.ffmpeg import build_temp_path
from storyboard.stitching.media.probe import (
    BROADCAST_FORMATS,
    find_picture_start,
    find_picture_track,
    find_sound_track,
    open_media,
)
from storyboard.stitching.media.sound_check import decode_sound
from storyboard.timecode import Rate
from storyboard.util.output_files import replace_file

RATE = 48_000
"""Samples per second of the film."""

Samples: TypeAlias = NDArray[np.float32]
"""(n, 2) float32, left and right, full scale 1."""

_SEEKABLE = frozenset(("mov", "wav", "flac", "aiff", "w64"))
_FROM_START_S = 10
_PREROLL_S = Fraction(1, 4)  # codecs overlap frames: the first ones after a seek are wrong
_HOLE_S = 0.02
_TOGETHER = 32
"""Frames that are returned as one piece."""
_LOOP_FADE = RATE // 2
_HELD = 10 * RATE
"""Loops of up to this many samples are kept in memory."""


def to_sample_position(film_frame: int, rate: Rate) -> int:
    """The sample at which `film_frame` begins, exact at every rate."""
    return int(film_frame * RATE / rate.value // 1)


def create_silence(sample_count: int) -> Samples:
    return np.zeros((sample_count, 2), dtype=np.float32)


class SampleReader:
    """Reads samples in order from pieces of any size; silence after their end."""

    def __init__(self, pieces: Iterator[Samples]) -> None:
        self._pieces = pieces
        self._left = create_silence(0)
        self.ended = False
        """Whether `read` has reached the end of the sound."""
        self.samples_read = 0
        """Samples of the sound read so far."""

    def read(self, sample_count: int) -> Samples:
        """The next `sample_count` samples."""
        parts, missing = [], sample_count
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
        self.samples_read += sample_count - missing
        if len(parts) == 1 and not missing:
            return parts[0]
        return np.concatenate([*parts, create_silence(missing)])

    def close(self) -> None:
        """Closes the underlying file."""
        close: Callable[[], None] | None = getattr(self._pieces, "close", None)
        if close:
            close()


def decode_audio(path: Path, start_sample: int = 0, *, audio_track: str = "") -> Iterator[Samples]:
    """The sound of `path` from `start_sample` on, in pieces; nothing if it has none.

    Decodes the track that `audio_track` names, else the one that a player plays. Raises MediaError
    when the file can't be read, or if a sample is not a number.
    """
    if not path.is_file():
        raise MediaError(f"{path} was not found")
    with _open_audio(path) as container:
        stream = find_sound_track(container, audio_track)
        if stream is None:
            return
        zero = _find_sample_zero_seconds(path, container, stream)
        if start_sample > _FROM_START_S * RATE and _SEEKABLE & set(
            container.format.name.split(",")
        ):
            seconds = zero + Fraction(start_sample, RATE) - _PREROLL_S
            container.seek(int(seconds / stream.time_base), stream=stream)
        next_sample = start_sample
        for at, piece in _resample_with_positions(container, stream, zero):
            # A gap in the stream, or a track that starts late, is silence.
            if at > next_sample:
                yield create_silence(at - next_sample)
                next_sample = at
            new_samples = piece[next_sample - at :]
            if len(new_samples):
                _check_finite(new_samples, path, next_sample)
                yield new_samples
                next_sample += len(new_samples)


def can_seek(path: Path) -> bool:
    """Whether a reader can start anywhere in the file without reading what comes before."""
    with _open_audio(path) as container:
        return bool(_SEEKABLE & set(container.format.name.split(",")))


def loop_audio(path: Path, start_sample: int = 0) -> Iterator[Samples]:
    """The sound of `path` in an endless loop, from `start_sample` on.

    Its end is cross-faded into its beginning. Raises MediaError when it has no sound.
    """
    count, cached_pieces = 0, []
    for piece in decode_audio(path):
        count += len(piece)
        if count <= _HELD:
            cached_pieces.append(piece)
    if not count:
        raise MediaError(f"{path} has no sound")
    fade = _LOOP_FADE if count > 2 * _LOOP_FADE else count // 4
    if count <= _HELD:
        yield from _loop_samples(np.concatenate(cached_pieces), fade, start_sample)
    round_ = count - fade
    # All rounds but the first are alike, so skip at most one round beyond the first.
    skip = start_sample if start_sample < 2 * round_ else round_ + (start_sample - round_) % round_
    for piece in _loop_from_file(path, fade):
        if skip < len(piece):
            yield piece[skip:]
        skip = max(0, skip - len(piece))


def _loop_samples(sound: Samples, fade_samples: int, start_sample: int) -> Iterator[Samples]:
    """The loop of a sound in memory, at least a second at a time."""
    first, ending = sound[: len(sound) - fade_samples], sound[len(sound) - fade_samples :]
    if start_sample < len(first):
        yield first[start_sample:]
    again = _crossfade_ends(ending, first)
    many = np.tile(again, (-(-RATE // len(again)), 1))
    yield many[max(0, start_sample - len(first)) % len(again) :]
    while True:
        yield many


def _loop_from_file(path: Path, fade_samples: int) -> Iterator[Samples]:
    pending = create_silence(0)  # the end of the round before, waiting for the next beginning
    while True:
        ending, pending = pending, create_silence(0)
        for piece in decode_audio(path):
            pending = np.concatenate([pending, piece])
            if len(pending) > 2 * fade_samples:
                out, pending = (
                    pending[: len(pending) - fade_samples],
                    pending[len(pending) - fade_samples :],
                )
                yield _crossfade_ends(ending, out)
                ending = create_silence(0)
        if len(pending) > fade_samples:
            yield _crossfade_ends(ending, pending[: len(pending) - fade_samples])
            pending = pending[len(pending) - fade_samples :]


def read_wav_blocks(path: Path, block_samples: int) -> Iterator[Samples]:
    """The samples of a file that `WavWriter` wrote, `block_samples` at a time."""
    with path.open("rb") as stream:
        stream.seek(_HEADER.size)
        while data := stream.read(block_samples * 8):
            yield np.frombuffer(data, dtype="<f4").reshape(-1, 2)


class WavWriter:
    """Writes stereo float WAV at 48 kHz; the file appears by rename when the `with` block
    succeeds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples = 0
        self._unfinished = build_temp_path(path)

    def write(self, samples: Samples) -> None:
        self._stream.write(np.ascontiguousarray(samples, dtype="<f4").data)
        self.samples += len(samples)

    def __enter__(self) -> WavWriter:
        self._stream = self._unfinished.open("wb")
        self._stream.write(_build_wav_header(0))
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
                self._stream.write(_build_wav_header(self.samples))
        if kind is None:
            replace_file(self._unfinished, self.path)
        else:
            with suppress(FileNotFoundError):
                self._unfinished.unlink()


def _check_finite(samples: Samples, path: Path, first_sample: int) -> None:
    """Raises MediaError for infinite or undefined samples; `first_sample` is where `samples`
    start.
    """
    if np.isfinite(samples).all():
        return
    first = first_sample + int(np.flatnonzero(~np.isfinite(samples).all(axis=1))[0])
    raise MediaError(
        f"{path} has invalid samples (not a number), the first at {first / RATE:.2f} s",
        hint="export the sound again, for example as 24-bit WAV or FLAC",
    )


def _find_sample_zero_seconds(path: Path, container: Any, stream: Any) -> Fraction:
    """The container's time of sample 0, in seconds: when its first picture is shown."""
    pictures = find_picture_track(container)
    if pictures is not None and pictures.average_rate:
        first = None
        if container.format.name in BROADCAST_FORMATS:
            with open_media(path) as again:  # decoding moves on in the file
                track = find_picture_track(again)
                track.thread_type = "NONE"
                first = next(again.decode(track), None)
        start = find_picture_start(container, pictures, first)
        if start is not None:
            return start
    return Fraction((stream.start_time or 0) * stream.time_base)


@contextmanager
def _open_audio(path: Path) -> Iterator[Any]:
    """Opens the file for its sound alone: of an MP4, no picture is read or decoded.

    An MP4's table of contents states when the picture begins; in other files that takes a decoder.
    """
    import av

    with open_media(path, codec_whitelist=_join_audio_decoder_names()) as container:
        pictures = container.streams.video
        if "mov" in container.format.name and all(track.average_rate for track in pictures):
            for stream in container.streams:
                if stream.type != "audio":
                    stream.discard = av.stream.Discard.all
            yield container
            return
    with open_media(path) as container:
        yield container


@lru_cache(maxsize=1)
def _join_audio_decoder_names() -> str:
    """Every audio decoder of libav, as a whitelist."""
    import av

    decoder_names = []
    for name in sorted(av.codec.codecs_available):
        with suppress(ValueError):  # the name of an encoder
            decoder_names += [name] if av.Codec(name, "r").type == "audio" else []
    return ",".join(decoder_names)


def _resample_with_positions(
    container: Any, stream: Any, zero_seconds: Fraction
) -> Iterator[tuple[int, Samples]]:
    """Yields (position, samples) in order; a gap in the stream starts a new resampler."""
    import av

    def create_resampler() -> Any:
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        return av.AudioResampler(format="fltp", layout=layout, rate=RATE)

    at = 0
    waiting: list[NDArray[np.float32]] = []

    def flush_waiting() -> Iterator[tuple[int, Samples]]:
        nonlocal at
        if waiting:
            planes = np.concatenate(waiting, axis=1)
            waiting.clear()
            samples = np.empty((planes.shape[1], 2), dtype=np.float32)
            samples[:, 0], samples[:, 1] = planes[0], planes[-1]
            yield at, samples
            at += len(samples)

    resampler = create_resampler()
    tick = float(stream.time_base)
    next_time: float | None = None
    for frame in decode_sound(container, stream):
        start_time = next_time if frame.pts is None else frame.pts * tick - float(zero_seconds)
        # Small differences are rounding of time stamps; only a real gap moves the position.
        if next_time is None or start_time is None or abs(start_time - next_time) > _HOLE_S:
            if next_time is not None:
                waiting += [block.to_ndarray() for block in resampler.resample(None)]
                yield from flush_waiting()
                resampler = create_resampler()
            next_time = start_time or 0.0
            at = round(next_time * RATE)
        next_time += frame.samples / frame.sample_rate
        frame.pts = None  # else the resampler would fill or drop samples itself
        waiting += [block.to_ndarray() for block in resampler.resample(frame)]
        if len(waiting) >= _TOGETHER:
            yield from flush_waiting()
    if next_time is not None:
        waiting += [block.to_ndarray() for block in resampler.resample(None)]
        yield from flush_waiting()


def _crossfade_ends(ending: Samples, beginning: Samples) -> Samples:
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


def _build_wav_header(sample_count: int) -> bytes:
    """RIFF with 32-bit floats. Past 4 GiB the size is its maximum, and readers go to the end."""
    size = sample_count * 8
    if size > _MOST - _HEADER.size:
        size = _MOST
    riff = (b"RIFF", min(size + _HEADER.size - 8, _MOST), b"WAVE")
    form = (b"fmt ", 16, 3, 2, RATE, RATE * 8, 8, 32)
    return _HEADER.pack(*riff, *form, b"data", size)
