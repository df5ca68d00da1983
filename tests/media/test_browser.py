"""A film plays in a real browser: to its end, without an error, and wherever one seeks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import command

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


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
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
    made = command(tmp_path, "render", "film.yaml", "-q")
    assert made.code == 0, made.err
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
