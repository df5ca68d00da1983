"""A film plays in a real browser: to its end, without an error, and wherever one seeks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from storyboard.graph.timeline import Blend
from storyboard.model.film import Film, Shot
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.ffmpeg import read_frames
from storyboard.stitching.stitch import stitch_film
from storyboard.timecode import FrameRange
from tests.conftest import run_command

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no system Chromium (apt install chromium)"),
]

FILM = """\
storyboard: 1
title: Played
shots:
  - {card: ONE, length: 1, transition: {fade: 0.5}}
  - {color: "#205080", length: 1, transition: {dissolve: 0.5, frames: overlap}}
  - {card: TWO, length: 1, transition_out: {fade: 0.5}}
"""


SEEKS = (37, 3, 60, 95, 24, 48, 71, 47, 72, 10, 59)
"""Film frames, among them both sides of every cut."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--autoplay-policy=no-user-gesture-required",
            ],
        )  # fmt: skip
        yield browser.new_page()
        browser.close()


def test_a_film_plays_to_its_end_and_seeks(page: Any, tmp_path: Path) -> None:
    (tmp_path / "film.yaml").write_text(FILM)
    result = run_command(tmp_path, "render", "film.yaml", "-q")
    assert result.code == 0, result.err
    html = tmp_path / "play.html"
    html.write_text('<video id="v" src="build/film.mp4" muted preload="auto"></video>')
    page.goto(html.as_uri())
    page.wait_for_function("v.readyState >= 3")
    assert page.evaluate("v.duration") == pytest.approx(2.5, abs=1 / 24)
    assert page.evaluate("[v.videoWidth, v.videoHeight]") == [1280, 720]
    for at in (2.2, 0.1, 1.3, 0.7):
        landed = page.evaluate(
            "at => new Promise(r => {v.onseeked = () => r(v.currentTime); v.currentTime = at})", at
        )
        assert landed == pytest.approx(at, abs=1 / 24)
    page.evaluate("v.currentTime = 0; v.playbackRate = 4; v.play()")
    page.wait_for_function("v.ended || v.error", timeout=20_000)
    assert page.evaluate("v.error") is None


_PAINTS = 40


def test_seeking_in_a_film_of_many_encoders_shows_the_right_frame(
    page: Any, tmp_path: Path, lab: Any
) -> None:
    encoder_options = {
        "A": ("-g", "12"),
        "B": ("-profile:v", "baseline", "-g", "250"),
        "C": ("-preset", "slow", "-bf", "4", "-refs", "4", "-g", "12"),
        "D": ("-profile:v", "main", "-bf", "0", "-refs", "1", "-x264-params", "slices=2:keyint=12"),
    }
    media = {
        step: lab.write_take(clip, 30, options=options)
        for clip, (step, options) in enumerate(encoder_options.items(), 1)
    }
    dissolve = Blend("dissolve", FrameRange(68, 72))
    timeline = lab.build_timeline(
        lab.build_event("A", (0, 24)),
        lab.build_event("B", (24, 48)),
        lab.build_event("C", (48, 72), source=5),
        lab.build_event("D", (72, 96), visible=(68, 96), source=1, entering=dissolve),
    )
    film = Film(
        *(tmp_path / "film.yaml", tmp_path),
        delivery=lab.delivery,
        shots=tuple(map(Shot, "ABCD")),
    )
    out = tmp_path / "mixed.mp4"
    facts = stitch_film(CutInputs(film, timeline, media), out, cache=tmp_path / "cache")
    assert not any("re-encoded" in note for note in facts.notes)
    html = tmp_path / "play.html"
    html.write_text('<video id="v" src="mixed.mp4" muted preload="auto"></video>')
    page.goto(html.as_uri())
    page.wait_for_function("v.readyState >= 3")
    expected_frames = list(read_frames(out, FrameRange(0, 96)))
    for at in SEEKS:
        page.evaluate(
            "at => new Promise(r => {v.onseeked = r; v.currentTime = at})", (at + 0.5) / 24
        )
        expected_levels = (lab.measure_levels(expected_frames[at]) - 16) * 255 / 219
        for _ in range(_PAINTS):  # what is decoded is painted a moment later
            shown_levels = _read_shown_levels(page)
            if np.abs(shown_levels - expected_levels).max() < 14:
                break
            page.wait_for_timeout(50)
        assert np.abs(shown_levels - expected_levels).max() < 14, at
    page.evaluate("v.currentTime = 0; v.playbackRate = 4; v.play()")
    page.wait_for_function("v.ended || v.error", timeout=20_000)
    assert page.evaluate("v.error") is None


def _read_shown_levels(page: Any) -> Any:
    """The levels of the squares in what the page shows now."""
    screenshot = page.locator("#v").screenshot()
    grey = cv2.imdecode(np.frombuffer(screenshot, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.array([[grey[y, bit * 40 + 20] for bit in range(8)] for y in (45, 135)])
