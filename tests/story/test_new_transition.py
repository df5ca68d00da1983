"""A transition that the product has never heard of is one more file beside the others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from storyboard.stitching.media.ffmpeg import read_frames
from storyboard.timecode import FrameRange

CURTAIN = """
from storyboard.stitching.media.yuv import split_planes
from storyboard.transitions.spec import TransitionParameter, TransitionSpec

def draw_curtain(outgoing, incoming, share, panels):
    frame = outgoing.copy()
    for plane, cloth in zip(split_planes(frame), split_planes(incoming)):
        width = plane.shape[1] // panels
        for panel in range(panels):
            columns = slice(panel * width, panel * width + round(width * share))
            plane[:, columns] = cloth[:, columns]
    return frame

TRANSITION = TransitionSpec(
    name="curtain",
    description="Panels of the new picture close before the old one.",
    draw_frame=draw_curtain,
    parameters=(
        TransitionParameter(
            "pleats", "How many panels there are.", {"type": "integer", "minimum": 1, "maximum": 8},
            default=2, examples=(4,), argument="panels",
        ),
    ),
)
"""
SHUTTER = """
from storyboard.stitching.media.yuv import split_planes
from storyboard.transitions.spec import TransitionSpec

def draw_shutter(outgoing, incoming, share):
    frame = outgoing.copy()
    for plane, shutter in zip(split_planes(frame), split_planes(incoming)):
        rows = slice(0, round(plane.shape[0] * share))
        plane[rows] = shutter[rows]
    return frame

TRANSITION = TransitionSpec(
    name="shutter",
    description="A shutter of one colour goes down.",
    draw_frame=draw_shutter,
    is_with_color=True,
)
"""
START = """
import sys
from storyboard.transitions import kinds
kinds.__path__.append(sys.argv.pop(1))
from storyboard.cli.app import run_command_line
sys.exit(run_command_line(sys.argv[1:]))
"""
FILM = """
storyboard: 1
shots:
  - {{id: A, color: black, length: 2}}
  - {{id: B, color: white, length: 2, transition: {{curtain: 1, {keys}}}}}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The command line of a product with two more files in `transitions/kinds`."""
    folder = tmp_path / "kinds"
    folder.mkdir()
    (folder / "curtain.py").write_text(CURTAIN, "utf-8")
    (folder / "shutter.py").write_text(SHUTTER, "utf-8")

    def run_with_both(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", START, folder, *arguments]
        return subprocess.run(
            list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run_with_both


def test_it_is_checked_shown_and_rendered(
    run: Run, write_film: Callable[..., Path], tmp_path: Path
) -> None:
    film = write_film(FILM.format(keys="pleats: 4, frames: overlap"))
    shown = run("show", film)
    assert shown.returncode == 0, shown.stderr
    assert "{curtain: 1, pleats: 4, align: auto, frames: overlap}" in shown.stdout

    rendered = run("render", write_film(shown.stdout), "--proxy")
    assert rendered.returncode == 0, rendered.stderr
    frames = list(read_frames(tmp_path / rendered.stdout.strip(), FrameRange(0, 72)))
    assert (frames[23][:180] < 20).all()
    edges = np.diff((frames[36][90] > 128).astype(int)).nonzero()[0]
    assert len(edges) == 7, "four panels, and the old picture between them"
    assert (frames[48][:180] > 230).all()


def test_its_own_words_are_in_the_hints_and_in_the_schema(
    run: Run, write_film: Callable[..., Path]
) -> None:
    assert "Panels of the new picture close" in run("show", "--schema").stdout
    for keys, hint in (
        ("pleats: 9", "`pleats` must be at most 8, not 9"),
        ("pleat: 2", "did you mean `pleats`?"),
        ("through: red", "use one of the keys curtain, pleats, align, frames"),
    ):
        checked = run("check", write_film(FILM.format(keys=keys)))
        assert checked.returncode == 1
        assert hint in checked.stdout + checked.stderr


def test_what_only_it_takes_moves_the_film(
    run: Run, write_film: Callable[..., Path], tmp_path: Path
) -> None:
    for keys, is_new in (("pleats: 2", True), ("pleats: 2", False), ("pleats: 3", True)):
        rendered = run("render", write_film(FILM.format(keys=keys)), "--proxy")
        assert rendered.returncode == 0, rendered.stderr
        assert ("up to date" not in rendered.stderr) is is_new, rendered.stderr


def test_one_with_a_colour_goes_through_it_and_ends_the_film_in_it(
    run: Run, write_film: Callable[..., Path], tmp_path: Path
) -> None:
    film = write_film("""
        storyboard: 1
        shots:
          - {id: A, color: black, length: 1}
          - {id: B, color: white, length: 1, transition: {shutter: 0.5, through: "#808080"},
             transition_out: {shutter: 0.5, to: black}}
        """)
    shown = run("show", film)
    assert 'transition: {shutter: 0.5, through: "#808080", align: auto}' in shown.stdout
    assert "transition_out: {shutter: 0.5, to: black}" in shown.stdout
    rendered = run("render", write_film(shown.stdout), "--proxy")
    assert rendered.returncode == 0, rendered.stderr
    frames = read_frames(tmp_path / rendered.stdout.strip(), FrameRange(0, 48))
    top_and_bottom = [(frame[10, 0] // 100, frame[170, 0] // 100) for frame in frames]
    black, grey, white = 0, 1, 2
    assert top_and_bottom[17] == (black, black)
    assert top_and_bottom[20] == (grey, black), "it goes down before the first shot"
    assert top_and_bottom[23] == top_and_bottom[24] == (grey, grey)
    assert top_and_bottom[27] == (grey, white), "and up again before the second"
    assert top_and_bottom[30] == (white, white)
    assert top_and_bottom[42] == (black, white)


def test_one_with_a_colour_is_told_what_it_does_not_take(
    run: Run, write_film: Callable[..., Path]
) -> None:
    film = "storyboard: 1\nshots: [{{id: A, prompt: a, {keys}}}]\n"
    for keys, hint in (
        (
            "transition: {shutter: 1, frames: hold}",
            "a shutter uses no frames of the neighbouring shots",
        ),
        ("transition: {shutter: 1, align: end}", "add `through`, or delete `align`"),
        ("transition: {shutter: 1, from: red, through: red}", "keep one of the two"),
        (
            "transition_out: {shutter: 1, fade: 1}",
            "a transition can have only one of shutter or fade",
        ),
    ):
        checked = run("check", write_film(film.format(keys=keys)))
        assert checked.returncode == 1
        assert hint in checked.stdout, checked.stdout
