"""The executor with real pictures: a clip goes in, its last frame comes out and goes on."""

from __future__ import annotations

import asyncio
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import Pretend, Set, footage, last_of, shot

from storyboard.providers.base import Request, Sample
from storyboard.stitching import media


def test_real_footage_is_taken_in_and_its_last_frame_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.01")
    source = tmp_path / "dawn.mp4"
    media.run_ffmpeg(
        ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24:duration=1", "-pix_fmt", "yuv420p",
         str(source)]
    )  # fmt: skip
    seen: list[tuple[int, int, int]] = []

    def look(request: Request) -> None:
        if not request.inputs:
            return
        picture = request.inputs[0]
        assert picture.path is not None
        assert picture.path.read_bytes().startswith(b"\x89PNG")
        facts = media.probe(picture.path)
        seen.append((facts.width, facts.height, facts.frames))

    free = Pretend(tmp_path / "local", name="free", repeatable=True, answer=look)
    fetch = free.fetch

    async def real(sample: Sample, place: object) -> Sample:
        found = await fetch(sample, place)  # type: ignore[arg-type]
        assert found.path is not None
        shutil.copy(source, found.path)
        return replace(found, attachments={})

    free.fetch = real  # type: ignore[method-assign]
    steps = [
        footage("SH010", source),
        shot("SH020", provider="free", links=[last_of("SH010")]),
        shot("SH030", provider="free", seconds=2),
    ]
    film = Set(tmp_path / "film.yaml", steps, {"free": free})
    result = asyncio.run(film.arender(media=media))
    assert seen == [(320, 180, 1)]
    assert set(result.selects) == {"SH010", "SH020"}
    assert "asked for 48 frames, got 24" in str(result.failed["SH030"])
    facts = result.selects["SH020"].facts
    assert (facts.width, facts.frames, str(facts.rate)) == (320, 24, "24")
