"""A cut that the disk or a signal ends: said in words, and cleared away by the next one."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from contextlib import contextmanager

import pytest

from storyboard.disk import disk_errors
from storyboard.errors import EnvironmentProblem
from storyboard.film import Film, Shot, TransitionKind
from storyboard.graph.timeline import Blend
from storyboard.stitching.film import stitch_film
from storyboard.timecode import FrameRange


@pytest.fixture(scope="module")
def cut(stage):
    """A film of two takes and a dissolve, as a call."""
    grain = ("-vf", "noise=alls=60:allf=t", "-g", "12", "-crf", "8")
    media = {name: stage.take(n, 48, options=grain) for n, name in enumerate("AB")}
    blend = Blend(TransitionKind.DISSOLVE, FrameRange(40, 48))
    timeline = stage.timeline(stage.event("A", (0, 48)), stage.event("B", (40, 88), entering=blend))
    film = Film(
        stage.folder / "film.yaml",
        stage.folder,
        delivery=stage.delivery,
        shots=(Shot("A"), Shot("B")),
    )
    out = stage.folder / "film [1].mp4"
    return lambda cache: stitch_film(film, timeline, media, out, cache=stage.folder / cache)


@contextmanager
def files_of_at_most(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [1000, 40_000, 500_000, 3_000_000])
def test_a_full_disk_ends_a_cut_in_a_sentence_wherever_it_comes(stage, cut, size):
    with (
        files_of_at_most(size),
        pytest.raises(EnvironmentProblem, match=r"the disk is full: film \[1\]\.mp4 can't") as told,
    ):
        cut(f"full{size}")
    assert "make room" in told.value.hint
    assert not list(stage.folder.glob("*film*.mp4"))
    assert not list((stage.folder / f"full{size}").glob("stitch-*"))
    assert not list((stage.folder / f"full{size}").glob(".*"))


def test_a_cut_goes_on_where_a_full_disk_ended_it(stage, cut):
    with files_of_at_most(3_000_000), pytest.raises(EnvironmentProblem):
        cut("again")
    drawn = {path.stat().st_ino for path in (stage.folder / "again").glob("window-*")}
    assert len(drawn) == 1
    assert cut("again").frames == 88
    assert {path.stat().st_ino for path in (stage.folder / "again").glob("window-*")} == drawn


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EROFS, "no permission to write"),
        (errno.EACCES, "no permission to write"),
    ],
)
def test_a_disk_that_refuses_is_told_from_one_that_fails(tmp_path, number, words):
    with pytest.raises(EnvironmentProblem, match=words), disk_errors(tmp_path / "film.mp4"):
        raise OSError(number, os.strerror(number))
    with pytest.raises(OSError, match="Input/output"), disk_errors(tmp_path / "film.mp4"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_what_a_killed_cut_left_beside_the_film_goes_with_the_next(stage, cut):
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    alive = os.getppid()
    left = {
        "killed": stage.folder / f".film [1].{gone.pid}.7f00.mp4",
        "at work": stage.folder / f".film [1].{alive}.7f00.mp4",
        "long ago": stage.folder / f".film [1].{alive}.7f01.mp4",
        "our number": stage.folder / f".film [1].{os.getpid()}.7f00.mp4",
        "another film": stage.folder / f".film 1.{gone.pid}.7f00.mp4",
        "a user's": stage.folder / ".film [1].notes.mp4",
    }
    for path in left.values():
        path.touch()
    for name in ("long ago", "our number"):
        os.utime(left[name], (1e9, 1e9))
    cut("cleared")
    assert [name for name, path in left.items() if path.exists()] == [
        *("at work", "another film", "a user's"),
    ]
