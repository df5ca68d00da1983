"""A paid provider of the tests' own, installed like a stranger's plug-in.

It bills every submit in the file that STUDIO_BILL names and answers with real clips of the length
that was asked. STUDIO_FAIL names words; a prompt that holds one of them fails. STUDIO_CLIP names
one clip that is made once and handed out for every job, where only their number matters.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from storyboard.errors import Gone
from storyboard.providers.base import (
    WIRE_READS,
    Done,
    Failed,
    Input,
    Operation,
    Outcome,
    Request,
    Role,
    Sample,
    Workplace,
)
from storyboard.stitching.media.ffmpeg import run_ffmpeg


class Studio:
    """Makes colour bars for money."""

    name = "studio"
    repeatable = False
    reads = WIRE_READS
    revision = ""
    models: ClassVar = [
        {
            "id": "studio-1",
            "durations": [4, 6, 8],
            "default_duration": 8,
            "resolutions": ["720p", "1080p"],
            "aspect_ratios": ["16:9", "9:16"],
            "first_frame": True,
            "last_frame": True,
            "references": {"max": 3, "durations": [8]},
            "extend": {"hops": [7], "default_hop": 7, "max_total_s": 37, "combined": True},
            "audio": "optional",
            "seed": True,
            "negative_prompt": True,
            "price": {"audio": {"720p": "0.10", "1080p": "0.20"}},
        },
        {
            "id": "studio-still",
            "makes": "still",
            "resolutions": ["1k"],
            "sides": {"1k": 768},
            "aspect_ratios": ["16:9"],
            "references": {"max": 2},
            "price": {"each": {"1k": "0.05"}, "reference": "0.01"},
        },
        {"id": "studio-text", "makes": "write", "price": {"each": "0.02"}},
        {"id": "studio-voice", "makes": "speech", "price": {"second": "0.001"}},
    ]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    async def submit(self, request: Request, place: Workplace) -> Operation:
        failing = os.environ.get("STUDIO_FAIL", "").split(",")
        source = _read_seconds(request.input(Role.VIDEO)) if request.combined else 0
        job = {
            "kind": request.kind,
            "prompt": request.prompt,
            "sent": [
                request_input.name
                for request_input in request.inputs
                if request_input.role is Role.REFERENCE
            ],
            "words": request.words,
            "voice": request.settings.options.get("voice", ""),
            "seed": request.settings.seed,
            "seconds": source + request.settings.duration_s,
            "source": source,
            "fail": any(word in request.prompt for word in failing if word),
        }
        bill = Path(os.environ["STUDIO_BILL"])
        with bill.open("a") as stream:
            stream.write(json.dumps(job) + "\n")
        return Operation(f"jobs/{len(bill.read_text().splitlines())}")

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        if not operation.name.startswith("jobs/"):
            return Failed("the studio knows no such job")
        job = self._read_job(operation.name)
        if job["fail"]:
            return Failed("the studio is out of film")
        return Done((Sample(uri=operation.name, contains_source=job["source"] > 0,
                            source_frames=job["source"] * 24),))  # fmt: skip

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        if not sample.uri.startswith("jobs/"):
            raise Gone("the studio has no such result")
        job = self._read_job(sample.uri)
        name = sample.uri.replace("/", "-")
        if job["kind"] in _HELPER_WRITERS:
            return Sample(path=_HELPER_WRITERS[job["kind"]](place.scratch / name, job))
        path = place.scratch / f"{name}.mp4"
        shared_clip = os.environ.get("STUDIO_CLIP", "")
        if shared_clip and Path(shared_clip).exists():
            path.write_bytes(
                Path(shared_clip).read_bytes() + _build_free_box(f"{job['prompt']} {job['seed']}")
            )
        else:
            _write_bars(path, job["seconds"], job["seed"] or 0, job["prompt"])
            if shared_clip:
                Path(shared_clip).write_bytes(path.read_bytes())
        return Sample(path=path, contains_source=sample.contains_source,
                      source_frames=sample.source_frames)  # fmt: skip

    async def close(self) -> None:
        pass

    def _read_job(self, name: str) -> dict:  # type: ignore[type-arg]
        number = int(name.rpartition("/")[2])
        return json.loads(Path(os.environ["STUDIO_BILL"]).read_text().splitlines()[number - 1])


def _write_still(path: Path, job: dict[str, Any]) -> Path:
    """A plain colour, another one for every job: no image model paints the same picture twice."""
    seed_text = f"{path.name} {job['prompt']}"
    color = f"0x{zlib.crc32(seed_text.encode()) & 0xFFFFFF:06x}"
    path = path.with_suffix(".png")
    run_ffmpeg(["-f", "lavfi", "-i", f"color={color}:s=1376x768", "-frames:v", "1", str(path)])
    return path


def _write_text(path: Path, job: dict[str, Any]) -> Path:
    path = path.with_suffix(".txt")
    path.write_text("The harbour keeps what it is given.", encoding="utf-8")
    return path


def _write_speech(path: Path, job: dict[str, Any]) -> Path:
    """A steady tone, a third of a second for each word."""
    path = path.with_suffix(".wav")
    seconds = len(job["words"].split()) / 3
    run_ffmpeg(["-f", "lavfi", "-i", f"sine=f=330:r=24000:d={seconds}", str(path)])
    return path


_HELPER_WRITERS = {"still": _write_still, "write": _write_text, "speech": _write_speech}


def _write_bars(path: Path, seconds: int, seed: int, prompt: str) -> None:
    run_ffmpeg(
        ["-f", "lavfi", "-i", f"testsrc2=s=1280x720:r=24:d={seconds}",
         "-f", "lavfi", "-i", f"sine=f={200 + seed % 400}:r=48000:d={seconds}",
         "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
         "-metadata", f"comment={prompt[:40]} {seed}", str(path)]
    )  # fmt: skip


def _build_free_box(text: str) -> bytes:
    """An MP4 box that players pass over, so that equal pictures are other bytes."""
    body = text.encode()
    return (8 + len(body)).to_bytes(4, "big") + b"free" + body


def _read_seconds(source: Input | None) -> int:
    assert source is not None
    assert source.facts is not None
    return round(source.facts.seconds)
