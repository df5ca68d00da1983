"""A cut that the disk or a signal ends: said in words, and cleared away by the next one."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from contextlib import contextmanager

import pytest

from storyboard.errors import EnvironmentProblem
from storyboard.graph.timeline import Blend
from storyboard.model.film import Film, Shot
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.stitch import stitch_film
from storyboard.timecode import FrameRange
from storyboard.util.machine_errors import explain_machine_errors


@pytest.fixture(scope="module")
def stitch_into(shared_lab):
    """A film of two takes and a dissolve, as a call."""
    grain = ("-vf", "noise=alls=60:allf=t", "-g", "12", "-crf", "8")
    media = {name: shared_lab.write_take(n, 48, options=grain) for n, name in enumerate("AB")}
    blend = Blend("dissolve", FrameRange(40, 48))
    timeline = shared_lab.build_timeline(
        shared_lab.build_event("A", (0, 48)), shared_lab.build_event("B", (40, 88), entering=blend)
    )
    film = Film(
        shared_lab.folder / "film.yaml",
        shared_lab.folder,
        delivery=shared_lab.delivery,
        shots=(Shot("A"), Shot("B")),
    )
    out = shared_lab.folder / "film [1].mp4"
    return lambda cache: stitch_film(
        CutInputs(film, timeline, media), out, cache=shared_lab.folder / cache
    )


@contextmanager
def limit_file_size(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [1000, 40_000, 500_000, 3_000_000])
def test_a_full_disk_ends_a_cut_in_a_sentence_wherever_it_comes(shared_lab, stitch_into, size):
    with (
        limit_file_size(size),
        pytest.raises(
            EnvironmentProblem, match=r"the disk is full: film \[1\]\.mp4 can't"
        ) as raised,
    ):
        stitch_into(f"full{size}")
    assert "free some disk space" in raised.value.hint
    assert not list(shared_lab.folder.glob("*film*.mp4"))
    assert not list((shared_lab.folder / f"full{size}").glob("stitch-*"))
    assert not list((shared_lab.folder / f"full{size}").glob(".*"))


def test_a_cut_goes_on_where_a_full_disk_ended_it(shared_lab, stitch_into):
    with limit_file_size(3_000_000), pytest.raises(EnvironmentProblem):
        stitch_into("again")
    drawn = {path.stat().st_ino for path in (shared_lab.folder / "again").glob("window-*")}
    assert len(drawn) == 1
    assert stitch_into("again").frames == 88
    assert {path.stat().st_ino for path in (shared_lab.folder / "again").glob("window-*")} == drawn


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EROFS, "no permission to write"),
        (errno.EACCES, "no permission to write"),
        (errno.EIO, "the disk fails"),
        (errno.EMFILE, "too many files are open"),
        (errno.ENOMEM, "not enough memory"),
    ],
)
def test_a_disk_that_refuses_is_distinguished_from_one_that_fails(tmp_path, number, words):
    with pytest.raises(EnvironmentProblem, match=words), explain_machine_errors("film.mp4"):
        raise OSError(number, os.strerror(number), str(tmp_path))


def test_the_next_cut_removes_what_a_killed_cut_left(shared_lab, stitch_into):
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    alive = os.getppid()
    left = {
        "killed": shared_lab.folder / f".film [1].{gone.pid}.7f00.mp4",
        "at work": shared_lab.folder / f".film [1].{alive}.7f00.mp4",
        "long ago": shared_lab.folder / f".film [1].{alive}.7f01.mp4",
        "our number": shared_lab.folder / f".film [1].{os.getpid()}.7f00.mp4",
        "another film": shared_lab.folder / f".film 1.{gone.pid}.7f00.mp4",
        "a user's": shared_lab.folder / ".film [1].notes.mp4",
    }
    for path in left.values():
        path.touch()
    for name in ("long ago", "our number"):
        os.utime(left[name], (1e9, 1e9))
    stitch_into("cleared")
    assert [name for name, path in left.items() if path.exists()] == [
        *("at work", "another film", "a user's"),
    ]
