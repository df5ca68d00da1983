"""The executor with real pictures: a clip goes in, its last frame comes out and goes on."""

from __future__ import annotations

import asyncio
import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from PIL import Image
from run_fakes import FakeFilm, FakeProvider, build_import_step, build_step, link_last_frame

from storyboard.digest import hash_file
from storyboard.errors import MediaError
from storyboard.graph.step_identity import hash_picture
from storyboard.graph.steps import Link
from storyboard.model.film import MediaFile
from storyboard.providers.base import Input, Request, Role, Sample
from storyboard.stitching.media import ffmpeg
from storyboard.util.picture_header import describe_picture_reading


def test_real_footage_is_ingested_and_its_last_frame_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.01")
    source = tmp_path / "dawn.mp4"
    ffmpeg.run_ffmpeg(
        ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24:duration=1", "-pix_fmt", "yuv420p",
         str(source)]
    )  # fmt: skip
    seen: list[tuple[int, int, int]] = []

    def inspect_frame(request: Request) -> None:
        if not request.inputs:
            return
        picture = request.inputs[0]
        assert picture.path is not None
        assert picture.path.read_bytes().startswith(b"\x89PNG")
        facts = ffmpeg.probe(picture.path)
        seen.append((facts.width, facts.height, facts.frames))

    free = FakeProvider(tmp_path / "local", name="free", repeatable=True, answer=inspect_frame)
    fetch = free.fetch

    async def fetch_real_clip(sample: Sample, place: object) -> Sample:
        found = await fetch(sample, place)  # type: ignore[arg-type]
        assert found.path is not None
        shutil.copy(source, found.path)
        return replace(found, attachments={})

    free.fetch = fetch_real_clip  # type: ignore[method-assign]
    steps = [
        build_import_step("SH010", source),
        build_step("SH020", provider="free", links=[link_last_frame("SH010")]),
        build_step("SH030", provider="free", seconds=2),
    ]
    film = FakeFilm(tmp_path / "film.yaml", steps, {"free": free})
    result = asyncio.run(film.render_async(media=ffmpeg))
    assert seen == [(320, 180, 1)]
    assert set(result.selects) == {"SH010", "SH020"}
    assert "24 frames, not 48" in str(result.failed["SH030"])
    facts = result.selects["SH020"].facts
    assert (facts.width, facts.frames, str(facts.rate)) == (320, 24, "24")


def test_a_picture_from_a_camera_on_its_side_goes_out_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    sent: list[Input] = []
    for name, options in (("plain.jpg", {}), ("side.jpg", {"exif": exif})):
        path = tmp_path / name
        Image.new("RGB", (60, 40), "red").save(path, **options)
        free = FakeProvider(tmp_path / "local", name="free", repeatable=True)
        free.answer = lambda request: sent.extend(request.inputs)
        file = MediaFile(path, name, reading=describe_picture_reading(path))
        steps = [build_step("SH010", provider="free", links=[Link(Role.FIRST_FRAME, file=file)])]
        film = FakeFilm(tmp_path / f"{name}.yaml", steps, {"free": free})
        with suppress(MediaError):
            asyncio.run(film.render_async(media=ffmpeg))
    plain, side = sent
    assert plain.sha256 == hash_file(tmp_path / "plain.jpg")
    assert side.sha256 == hash_picture(hash_file(tmp_path / "side.jpg"), "orientation 6")
    assert plain.path is not None
    assert side.path is not None
    assert (plain.path.suffix, side.path.suffix) == (".jpg", ".png")
    assert (side.facts.width, side.facts.height) == (40, 60)  # type: ignore[union-attr]
