"""A paid provider whose jobs are done at once and cost next to no time: for counting ours.

Every job is the clip that PAPER_CLIP names, made other bytes by a box that players pass over.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from storyboard.digest import digest_value
from storyboard.providers.base import (
    WIRE_READS,
    Done,
    Operation,
    Outcome,
    Request,
    Sample,
    Workplace,
)


class Paper:
    name = "paper"
    repeatable = False
    reads = WIRE_READS
    revision = ""
    models: ClassVar = [
        {
            "id": "paper-1",
            "durations": [4],
            "default_duration": 4,
            "resolutions": ["720p"],
            "aspect_ratios": ["16:9"],
            "audio": "optional",
            "seed": True,
            "price": {"audio": {"720p": "0.10"}},
        },
    ]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._clip_bytes = Path(os.environ["PAPER_CLIP"]).read_bytes()

    async def submit(self, request: Request, place: Workplace) -> Operation:
        return Operation(digest_value("job", [request.prompt, request.settings.seed])[:16])

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        return Done((Sample(uri=operation.name),))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        path = place.scratch / "take.mp4"
        body = sample.uri.encode()
        path.write_bytes(self._clip_bytes + (8 + len(body)).to_bytes(4, "big") + b"free" + body)
        return replace(sample, path=path)

    async def close(self) -> None:
        pass
