"""Damages small media files at random, and looks what `check` and `render` make of them."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from storyboard.errors import Severity
from storyboard.pipeline.inputs.input_check import add_input_diagnostics
from storyboard.pipeline.session import check_film
from storyboard.stitching.media.ffmpeg import run_ffmpeg

_SLOW_S = 10.0
_MOST_MB = 500
_RENDERED_SHARE = 0.1
_EXIT_CODES = (0, 1, 3)
_PICTURE = ["-f", "lavfi", "-i", "testsrc=s=160x90:r=24:d=0.5"]
_SOUND = ["-f", "lavfi", "-i", "sine=f=440:d=0.5"]
_YUV = ["-pix_fmt", "yuv420p"]
_CLIPS = {
    "a.mp4": [*_YUV],
    "a.mov": ["-c:v", "prores_ks", "-c:a", "pcm_s16le"],
    "a.mkv": [*_YUV],
    "a.webm": [*_YUV, "-c:v", "libvpx-vp9", "-c:a", "libopus", "-deadline", "realtime"],
    "a.avi": [*_YUV, "-c:v", "mjpeg", "-c:a", "pcm_s16le"],
    "a.mts": [*_YUV, "-f", "mpegts"],
}
_SOUNDS = ("s.wav", "s.mp3", "s.flac", "s.ogg", "s.m4a")
_PICTURES = ("p.png", "p.jpg", "p.webp")


@dataclass
class MediaTally:
    """What became of the damaged files."""

    refused: int = 0
    accepted: int = 0
    rendered: int = 0
    tracebacks: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    placeless: list[str] = field(default_factory=list)
    """Errors that name no line of the film, or a path that its author didn't write."""

    @property
    def count(self) -> int:
        return self.refused + self.accepted + len(self.tracebacks)

    @property
    def peak_mb(self) -> float:
        """Megabytes of the largest process that read a file."""
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000

    @property
    def is_broken(self) -> bool:
        too_large = self.peak_mb > _MOST_MB
        return bool(self.tracebacks or self.slow or self.placeless or too_large)

    def describe(self) -> str:
        """The figures on one line, then each file that broke a promise."""
        lines = [
            f"{self.count} damaged files: {self.refused} refused, {self.accepted} used "
            f"({self.rendered} of them rendered), {len(self.tracebacks)} tracebacks, "
            f"{len(self.slow)} over {_SLOW_S:g} s, {len(self.placeless)} without a place, "
            f"{self.peak_mb:.0f} MB at most"
        ]
        for name in ("tracebacks", "slow", "placeless"):
            lines += [f"{name}: {each}" for each in getattr(self, name)]
        return "\n".join(lines)


def run_media(count: int, seed: int) -> MediaTally:
    """Damages `count` files; the same seed makes the same damage."""
    rng, tally = random.Random(seed), MediaTally()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        seeds = _make_seeds(folder)
        for number in range(count):
            file = rng.choice(sorted(seeds))
            data, kind = _damage(rng, seeds[file])
            (folder / file).write_bytes(data)
            _try_file(folder, file, f"{number}: {kind} of {file}", tally, rng)
    return tally


def _make_seeds(folder: Path) -> dict[str, bytes]:
    for file, settings in _CLIPS.items():
        run_ffmpeg(
            [*_PICTURE, *_SOUND, *settings, "-metadata", "title=Caf\xe9", str(folder / file)]
        )
    for file in _SOUNDS:
        run_ffmpeg([*_SOUND, "-metadata", "title=Caf\xe9", str(folder / file)])
    for file in _PICTURES:
        run_ffmpeg([*_PICTURE, "-frames:v", "1", str(folder / file)])
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _damage(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    kind, change = rng.choice(_DAMAGES)
    return change(rng, data), kind


def _flip_bits(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 3, 30])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _damage_header(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 4])):
        at = rng.randrange(min(len(changed), 600))
        changed[at] = rng.choice([0, 1, 0x7F, 0x80, 0xC9, 0xFF])
    return bytes(changed)


def _write_large_numbers(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(max(1, len(data) - 8))
    value = rng.choice([b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4), b"\x00\xff\xff\xff"])
    return data[:at] + value + data[at + 4 :]


def _cut_off(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _repeat_a_part(rng: random.Random, data: bytes) -> bytes:
    begin = rng.randrange(len(data))
    part = data[begin : begin + rng.randrange(1, 2000)]
    return data[:begin] + part * rng.choice([2, 50]) + data[begin:]


def _zero_a_part(rng: random.Random, data: bytes) -> bytes:
    begin = rng.randrange(len(data))
    end = min(len(data), begin + rng.randrange(1, 4000))
    return data[:begin] + bytes(end - begin) + data[end:]


def _add_zeros(rng: random.Random, data: bytes) -> bytes:
    return data + bytes(rng.choice([1, 4096, 5_000_000]))


_DAMAGES: tuple[tuple[str, Callable[[random.Random, bytes], bytes]], ...] = (
    ("flipped bits", _flip_bits),
    ("damaged header", _damage_header),
    ("damaged header", _damage_header),
    ("large numbers", _write_large_numbers),
    ("large numbers", _write_large_numbers),
    ("cut off", _cut_off),
    ("repeated part", _repeat_a_part),
    ("zeros inside", _zero_a_part),
    ("zeros behind", _add_zeros),
)


def _try_file(folder: Path, file: str, label: str, tally: MediaTally, rng: random.Random) -> None:
    film = folder / "film.yaml"
    film.write_text(_write_film(file), encoding="utf-8")
    started_at = time.monotonic()
    try:
        checked = add_input_diagnostics(check_film(film), full=True)
    except Exception as error:
        tally.tracebacks.append(f"{label}: {type(error).__name__}: {error}")
        return
    if time.monotonic() - started_at > _SLOW_S:
        tally.slow.append(label)
    errors = [each for each in checked.diagnostics if each.severity is Severity.ERROR]
    for each in errors:
        if each.span.line not in (3, 4) or str(folder) in each.message:
            tally.placeless.append(f"{label}: {each.span.line}: {each.message}")
    if errors:
        tally.refused += 1
        return
    tally.accepted += 1
    if rng.random() < _RENDERED_SHARE:
        _render_film(film, label, tally)


def _render_film(film: Path, label: str, tally: MediaTally) -> None:
    tally.rendered += 1
    done = subprocess.run(
        [sys.executable, "-m", "storyboard", "render", str(film), "--proxy", "-o", "o.mp4"],
        cwd=film.parent,
        env={**os.environ, "STORYBOARD_PLUGINS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Traceback" in done.stderr or done.returncode not in _EXIT_CODES:
        tally.tracebacks.append(f"render of {label}: {done.returncode}: {done.stderr[-300:]}")


def _write_film(file: str) -> str:
    head, shot = "", "prompt: a, provider: previz, length: 1"
    if file[0] == "a":
        shot = f"clip: {file}"
    elif file[0] == "s":
        head = f"sound: {{music: [{{file: {file}}}]}}"
    else:
        shot += f", first_frame: {file}"
    return f"storyboard: 1\ntitle: T\n{head}\nshots: [{{id: A, {shot}}}]\n"
