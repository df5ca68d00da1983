"""A render replaces ordinary files alone: pipes, devices and links are still there afterwards.

Every device and pipe is one that the story made in its own folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import storyboard
from storyboard.errors import UsageError
from tests.conftest import ROOT, Cli

FILM = """\
storyboard: 1
title: T
subtitles: sidecar
shots:
  - {id: SH010, color: black, length: 1, dialogue: {A: Well then.}}
cast: {A: {description: a voice}}
"""
PAID = """\
storyboard: 1
defaults: {provider: studio, model: studio-1, duration: 4}
shots: [{id: SH010, prompt: A lighthouse, length: 1}]
"""
Write = Callable[..., Path]


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    """A null device of the story's own: what is written to it is gone, and it can't be harmed."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        path.open("wb").close()
    except OSError as error:
        pytest.skip(f"no devices may be made or opened here: {error}")


def make_disk(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(7, 250))
    except OSError as error:
        pytest.skip(f"no devices may be made here: {error}")


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's name is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


NODES = [make_pipe, make_device, make_disk, make_socket, make_loop, Path.mkdir]


@contextmanager
def unchanged(*paths: Path) -> Iterator[None]:
    before = [(path.lstat().st_ino, path.lstat().st_mode) for path in paths]
    yield
    assert [(path.lstat().st_ino, path.lstat().st_mode) for path in paths] == before


@contextmanager
def reading(pipe: Path) -> Iterator[list[str]]:
    """Reads a pipe to its end; what came is there when the block is over."""
    came: list[str] = []
    reader = threading.Thread(target=lambda: came.append(pipe.read_text()), daemon=True)
    reader.start()
    yield came
    reader.join(20)
    assert came, "nothing came through the pipe"


@pytest.mark.parametrize("make", NODES)
@pytest.mark.parametrize("name", ["out.mp4", "out.provenance.json", "out.srt", "out.vtt"])
def test_what_is_no_file_is_refused_before_anything_is_made(
    cli: Cli, write: Write, tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    write(FILM)
    make(tmp_path / name)
    with unchanged(tmp_path / name):
        said = cli("render", "film.yaml", "--proxy", "-o", "out.mp4")
    assert (said.code, f"{name} is a" in said.err) == (2, True), said.err
    assert "hint: name a file: -o build/film.mp4" in said.err
    assert sorted(p.name for p in tmp_path.iterdir() if p.name[0] != ".") == ["film.yaml", name]


@pytest.mark.parametrize("make", NODES)
def test_nothing_is_bought_for_a_film_that_can_go_nowhere(
    cli: Cli,
    write: Write,
    tmp_path: Path,
    bill: Callable[[], list[object]],
    make: Callable[[Path], None],
) -> None:
    write(PAID)
    make(tmp_path / "node")
    (tmp_path / "out.mp4").symlink_to("node")
    with unchanged(tmp_path / "node", tmp_path / "out.mp4"):
        said = cli("render", "film.yaml", "--yes", "-o", "out.mp4")
    assert said.code == 2, said.err
    assert bill() == []


@pytest.mark.parametrize("make", NODES)
def test_a_program_is_refused_as_well(
    write: Write, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    film = write(FILM)
    make(tmp_path / "out.mp4")
    with (
        unchanged(tmp_path / "out.mp4"),
        pytest.raises(UsageError, match="only an ordinary file is replaced"),
    ):
        storyboard.render(film, proxy=True, out=tmp_path / "out.mp4")


@pytest.mark.parametrize("there", [True, False])
def test_links_are_followed_and_stay(cli: Cli, write: Write, tmp_path: Path, there: bool) -> None:
    film = write(FILM, "film/film.yaml")
    names = ["out.mp4", "out.provenance.json", "out.srt", "out.vtt", "out.d"]
    links = [film.parent / name for name in names]
    for link in links:
        end = tmp_path / "far" / "away" / link.name
        link.symlink_to(f"../far/{link.name}")
        (tmp_path / "far").mkdir(exist_ok=True)
        (tmp_path / "far" / link.name).symlink_to(end)
        if there:
            end.parent.mkdir(exist_ok=True)
            end.write_text("old")
    said = cli(
        "render", "film.yaml", "--proxy", "-o", "out.mp4", "--deps", "out.d", cwd=film.parent
    )
    assert (said.code, said.out) == (0, "out.mp4\n"), said.err
    for link in links:
        end = tmp_path / "far" / "away" / link.name
        assert link.is_symlink()
        assert (tmp_path / "far" / link.name).is_symlink()
        assert not end.is_symlink()
        assert end.read_bytes() not in (b"", b"old")
    assert sorted(p.name for p in (tmp_path / "far" / "away").iterdir()) == sorted(names)
    again = cli("render", "film.yaml", "--proxy", "-o", "out.mp4", cwd=film.parent)
    assert "up to date" in again.err


def test_a_film_with_a_track_of_subtitles_follows_its_link_too(
    cli: Cli, write: Write, tmp_path: Path
) -> None:
    write(FILM.replace("sidecar", "track"))
    (tmp_path / "out.mp4").symlink_to("end.mp4")
    assert cli("render", "film.yaml", "--proxy", "-o", "out.mp4").code == 0
    assert (tmp_path / "out.mp4").is_symlink()
    assert (tmp_path / "end.mp4").stat().st_size > 1000


def test_no_link_leads_to_a_file_of_the_film(cli: Cli, write: Write, tmp_path: Path) -> None:
    film = write(FILM)
    assert cli("render", "film.yaml", "--proxy", "-o", "clip.mp4").code == 0
    film = write("storyboard: 1\nshots: [{id: SH010, clip: clip.mp4, length: 1}]\n", "other.yaml")
    clip, text = (tmp_path / "clip.mp4").read_bytes(), film.read_text()
    (tmp_path / "clip.provenance.json").unlink()
    for name, end in {
        "one.mp4": "clip.mp4",
        "two.mp4": "other.yaml",
        "three.provenance.json": "clip.mp4",
        "four.d": "clip.mp4",
        "five.mp4": "other.selects.yaml",
    }.items():
        (tmp_path / name).symlink_to(end)
    (tmp_path / "six.mp4").hardlink_to(tmp_path / "clip.mp4")
    for options in (
        *(["-o", f"{stem}.mp4"] for stem in ("one", "two", "three", "five", "six")),
        ["-o", "out.mp4", "--deps", "four.d"],
    ):
        said = cli("render", "other.yaml", "--proxy", *options)
        assert (said.code, "a file of the film itself" in said.err) == (2, True), (options, said)
    said = cli("plan", "other.yaml", "--out", "one.mp4")
    assert (said.code, "a file of the film itself" in said.err) == (2, True)
    assert ((tmp_path / "clip.mp4").read_bytes(), film.read_text()) == (clip, text)


@pytest.mark.parametrize("deps", ["out.mp4", "link.d", "out.provenance.json", "out.srt"])
def test_no_two_outputs_are_one_file(cli: Cli, write: Write, tmp_path: Path, deps: str) -> None:
    write(FILM)
    (tmp_path / "link.d").symlink_to("out.mp4")
    said = cli("render", "film.yaml", "--proxy", "-o", "out.mp4", "--deps", deps)
    assert (said.code, f"{deps} is the same file as out." in said.err) == (2, True), said
    assert not (tmp_path / "out.mp4").exists()


def test_no_part_of_a_film_is_written_over_another(cli: Cli, write: Write, tmp_path: Path) -> None:
    write(FILM)
    (tmp_path / "out.srt").symlink_to("out.mp4")
    for out in ("out.mp4", "film.vtt"):
        said = cli("render", "film.yaml", "--proxy", "-o", out)
        assert (said.code, "is the same file as" in said.err) == (2, True), said
    assert (tmp_path / "out.srt").is_symlink()
    assert not (tmp_path / "out.mp4").exists()


# texts into pipes


def test_a_plan_and_a_fragment_go_through_pipes(cli: Cli, write: Write, tmp_path: Path) -> None:
    write(FILM)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with unchanged(pipe):
        with reading(pipe) as plan:
            said = cli("plan", "film.yaml", "--out", "pipe")
        assert said.code == 0, said.err
        for _ in range(2):  # the second has nothing to cut
            with reading(pipe) as fragment:
                said = cli("render", "film.yaml", "--proxy", "--deps", "pipe")
            assert said.code == 0, said.err
            assert fragment[0].startswith("build/film.mp4: \\\n  film.yaml")
    (tmp_path / "saved").write_text(plan[0])
    assert cli("render", "saved").code == 0, "it is a plan as any"


def test_a_device_takes_a_text_and_stays(cli: Cli, write: Write, tmp_path: Path) -> None:
    write(FILM)
    make_device(tmp_path / "null")
    (tmp_path / "link").symlink_to("null")
    with unchanged(tmp_path / "null", tmp_path / "link"):
        for name in ("null", "link"):
            assert cli("plan", "film.yaml", "--out", name).code == 0
            assert cli("render", "film.yaml", "--proxy", "--deps", name).code == 0


@pytest.mark.parametrize("make", [make_disk, make_socket, make_loop, Path.mkdir])
def test_what_takes_no_text_is_refused(
    cli: Cli, write: Write, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    write(FILM)
    make(tmp_path / "node")
    with unchanged(tmp_path / "node"):
        for command in (["plan", "film.yaml", "--out"], ["render", "film.yaml", "--deps"]):
            said = cli(*command, "node")
            assert (said.code, "node is a" in said.err) == (2, True), said.err
            assert f"hint: name a file: {command[-1]}" in said.err
    assert not (tmp_path / "build").exists()


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    return subprocess.run(
        [bash, "-c", line.replace("STORYBOARD", f"{sys.executable} -m storyboard")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# what the shell opened


def link_streams(folder: Path) -> None:
    """Names the open streams by a link of the story's own: the machine's stay out of reach."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("streams have no names here")
    (folder / "streams").symlink_to("/proc/self/fd")
    (folder / "stdout").symlink_to("streams/1")


def test_an_open_stream_is_written_into_where_it_stands(write: Write, tmp_path: Path) -> None:
    write(FILM)
    link_streams(tmp_path)
    log = tmp_path / "log"
    log.write_text("before\n")
    said = shell(tmp_path, "STORYBOARD plan film.yaml --out stdout >> log; echo after >> log")
    assert said.returncode == 0, said.stderr
    text = log.read_text()
    assert text.startswith("before\n{")
    assert text.endswith("after\n")
    assert "SH010" in text
    through = shell(tmp_path, "STORYBOARD plan film.yaml -q --out stdout | cat")
    assert '"storyboard_plan": 1' in through.stdout
    assert (tmp_path / "stdout").is_symlink()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("render film.yaml -o stdout > film.mp4", "stdout is an open stream"),
        ("render film.yaml -o stdout | cat > film.mp4; exit ${PIPESTATUS[0]}", "an open stream"),
        ("plan film.yaml --out streams/77", "streams/77 is a stream that is not open"),
    ],
)
def test_a_film_goes_into_no_stream_and_nothing_into_a_closed_one(
    write: Write, tmp_path: Path, line: str, told: str
) -> None:
    write(FILM)
    link_streams(tmp_path)
    said = shell(tmp_path, f"STORYBOARD {line}")
    assert (said.returncode, told in said.stderr) == (2, True), said.stderr


def test_a_reader_that_went_away_is_told_of(write: Write, tmp_path: Path) -> None:
    write(FILM)
    link_streams(tmp_path)
    said = shell(
        tmp_path, "exec 3> >(exec <&-); wait $!; STORYBOARD plan film.yaml --out streams/3"
    )
    assert said.returncode == 4
    assert "whoever read streams/3 went away" in said.stderr


# the lock file, and a new film


def test_the_lock_file_may_lie_elsewhere(cli: Cli, write: Write, tmp_path: Path) -> None:
    write(PAID, "film/film.yaml")
    link, end = tmp_path / "film" / "film.selects.yaml", tmp_path / "kept" / "lock.yaml"
    end.parent.mkdir()
    link.symlink_to("../kept/lock.yaml")
    for arguments in (
        ["render", "film.yaml", "--yes"],
        ["render", "film.yaml", "--yes", "--retake", "SH010"],
        ["pick", "film.yaml", "SH010", "t01"],
    ):
        before = end.read_text() if end.exists() else ""
        said = cli(*arguments, cwd=link.parent, STORYBOARD_POLL_S="0.01")
        assert said.code == 0, said.err
        assert link.is_symlink()
        assert end.read_text() != before
    assert [path.name for path in end.parent.iterdir()] == ["lock.yaml"]


@pytest.mark.parametrize("make", NODES)
def test_a_lock_file_that_is_no_file_is_refused_and_nothing_bought(
    cli: Cli,
    write: Write,
    tmp_path: Path,
    bill: Callable[[], list[object]],
    make: Callable[[Path], None],
) -> None:
    write(PAID)
    make(tmp_path / "film.selects.yaml")
    with unchanged(tmp_path / "film.selects.yaml"):
        said = cli("render", "film.yaml", "--yes")
    assert said.code == 4
    assert "where the film's lock file belongs" in said.err
    assert bill() == []


def test_a_new_film_leaves_what_is_there_and_fills_what_links_lead_to(
    cli: Cli, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    os.mkfifo(folder / "Makefile")
    (folder / "film.yaml").symlink_to("../film-text.yaml")
    with unchanged(folder / "Makefile", folder / "film.yaml"):
        assert cli("new", "new").code == 0
    assert "shots:" in (tmp_path / "film-text.yaml").read_text()
