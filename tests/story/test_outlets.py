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
from tests.conftest import ROOT, RunCommand

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
    old_folder = Path.cwd()
    os.chdir(path.parent)  # a socket's name is short
    try:
        with socket.socket(socket.AF_UNIX) as socket_file:
            socket_file.bind(path.name)
    finally:
        os.chdir(old_folder)


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


NODE_FACTORIES = [make_pipe, make_device, make_disk, make_socket, make_loop, Path.mkdir]


@contextmanager
def check_unchanged(*paths: Path) -> Iterator[None]:
    before = [(path.lstat().st_ino, path.lstat().st_mode) for path in paths]
    yield
    assert [(path.lstat().st_ino, path.lstat().st_mode) for path in paths] == before


@contextmanager
def read_pipe(pipe: Path) -> Iterator[list[str]]:
    """Reads a pipe to its end; what came is there when the block is over."""
    texts: list[str] = []
    reader = threading.Thread(target=lambda: texts.append(pipe.read_text()), daemon=True)
    reader.start()
    yield texts
    reader.join(20)
    assert texts, "nothing came through the pipe"


@pytest.mark.parametrize("make", NODE_FACTORIES)
@pytest.mark.parametrize("name", ["out.mp4", "out.provenance.json", "out.srt", "out.vtt"])
def test_an_output_that_is_no_file_is_refused_at_once(
    cli: RunCommand, write_film: Write, tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    write_film(FILM)
    make(tmp_path / name)
    with check_unchanged(tmp_path / name):
        result = cli("render", "film.yaml", "--proxy", "-o", "out.mp4")
    assert (result.code, f"{name} is a" in result.err) == (2, True), result.err
    assert "hint: name a file: -o build/film.proxy.mp4" in result.err
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == [
        "film.yaml",
        name,
    ]


@pytest.mark.parametrize("make", NODE_FACTORIES)
def test_nothing_is_bought_for_a_film_that_can_go_nowhere(
    cli: RunCommand,
    write_film: Write,
    tmp_path: Path,
    read_bill: Callable[[], list[object]],
    make: Callable[[Path], None],
) -> None:
    write_film(PAID)
    make(tmp_path / "node")
    (tmp_path / "out.mp4").symlink_to("node")
    with check_unchanged(tmp_path / "node", tmp_path / "out.mp4"):
        result = cli("render", "film.yaml", "--yes", "-o", "out.mp4")
    assert result.code == 2, result.err
    assert read_bill() == []


@pytest.mark.parametrize("make", NODE_FACTORIES)
def test_a_program_is_refused_as_well(
    write_film: Write, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    film = write_film(FILM)
    make(tmp_path / "out.mp4")
    with (
        check_unchanged(tmp_path / "out.mp4"),
        pytest.raises(UsageError, match=r"only a regular file can be replaced|is a folder"),
    ):
        storyboard.render(film, proxy=True, out=tmp_path / "out.mp4")


@pytest.mark.parametrize("there", [True, False])
def test_links_are_followed_and_stay(
    cli: RunCommand, write_film: Write, tmp_path: Path, there: bool
) -> None:
    film = write_film(FILM, "film/film.yaml")
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
    result = cli(
        "render", "film.yaml", "--proxy", "-o", "out.mp4", "--deps", "out.d", cwd=film.parent
    )
    assert (result.code, result.out) == (0, "out.mp4\n"), result.err
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
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    write_film(FILM.replace("sidecar", "track"))
    (tmp_path / "out.mp4").symlink_to("end.mp4")
    assert cli("render", "film.yaml", "--proxy", "-o", "out.mp4").code == 0
    assert (tmp_path / "out.mp4").is_symlink()
    assert (tmp_path / "end.mp4").stat().st_size > 1000


def test_no_link_leads_to_a_file_of_the_film(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    film = write_film(FILM)
    assert cli("render", "film.yaml", "--proxy", "-o", "clip.mp4").code == 0
    film = write_film(
        "storyboard: 1\nshots: [{id: SH010, clip: clip.mp4, length: 1}]\n", "other.yaml"
    )
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
        result = cli("render", "other.yaml", "--proxy", *options)
        assert (result.code, "a source file of the film" in result.err) == (2, True), (
            options,
            result,
        )
    result = cli("plan", "other.yaml", "--out", "one.mp4")
    assert (result.code, "a source file of the film" in result.err) == (2, True)
    assert ((tmp_path / "clip.mp4").read_bytes(), film.read_text()) == (clip, text)


@pytest.mark.parametrize("deps", ["out.mp4", "link.d", "out.provenance.json", "out.srt"])
def test_no_two_outputs_are_one_file(
    cli: RunCommand, write_film: Write, tmp_path: Path, deps: str
) -> None:
    write_film(FILM)
    (tmp_path / "link.d").symlink_to("out.mp4")
    said = cli("render", "film.yaml", "--proxy", "-o", "out.mp4", "--deps", deps)
    assert (said.code, f"{deps} and out." in said.err) == (2, True), said
    assert not (tmp_path / "out.mp4").exists()


def test_no_part_of_a_film_is_written_over_another(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    write_film(FILM)
    (tmp_path / "out.srt").symlink_to("out.mp4")
    for out in ("out.mp4", "film.vtt"):
        result = cli("render", "film.yaml", "--proxy", "-o", out)
        assert (result.code, " are the same output file" in result.err) == (2, True), result
    assert (tmp_path / "out.srt").is_symlink()
    assert not (tmp_path / "out.mp4").exists()


# texts into pipes


def test_a_plan_and_a_fragment_go_through_pipes(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    write_film(FILM)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with check_unchanged(pipe):
        with read_pipe(pipe) as plan:
            result = cli("plan", "film.yaml", "--out", "pipe")
        assert result.code == 0, result.err
        for _ in range(2):  # the second has nothing to cut
            with read_pipe(pipe) as fragment:
                result = cli("render", "film.yaml", "--proxy", "--deps", "pipe")
            assert result.code == 0, result.err
            assert fragment[0].startswith("build/film.proxy.mp4: \\\n  film.yaml")
    (tmp_path / "saved").write_text(plan[0])
    assert cli("render", "saved").code == 0, "it is a plan as any"


def test_a_device_takes_a_text_and_stays(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    write_film(FILM)
    make_device(tmp_path / "null")
    (tmp_path / "link").symlink_to("null")
    with check_unchanged(tmp_path / "null", tmp_path / "link"):
        for name in ("null", "link"):
            assert cli("plan", "film.yaml", "--out", name).code == 0
            assert cli("render", "film.yaml", "--proxy", "--deps", name).code == 0


@pytest.mark.parametrize("make", [make_disk, make_socket, make_loop, Path.mkdir])
def test_what_takes_no_text_is_refused(
    cli: RunCommand, write_film: Write, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    write_film(FILM)
    make(tmp_path / "node")
    with check_unchanged(tmp_path / "node"):
        for command in (["plan", "film.yaml", "--out"], ["render", "film.yaml", "--deps"]):
            result = cli(*command, "node")
            assert (result.code, "node is a" in result.err) == (2, True), result.err
            assert f"hint: name a file: {command[-1]}" in result.err
    assert not (tmp_path / "build").exists()


def run_shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
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


def test_an_open_stream_is_written_into_where_it_stands(write_film: Write, tmp_path: Path) -> None:
    write_film(FILM)
    link_streams(tmp_path)
    log = tmp_path / "log"
    log.write_text("before\n")
    result = run_shell(tmp_path, "STORYBOARD plan film.yaml --out stdout >> log; echo after >> log")
    assert result.returncode == 0, result.stderr
    text = log.read_text()
    assert text.startswith("before\n{")
    assert text.endswith("after\n")
    assert "SH010" in text
    through = run_shell(tmp_path, "STORYBOARD plan film.yaml -q --out stdout | cat")
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
    write_film: Write, tmp_path: Path, line: str, told: str
) -> None:
    write_film(FILM)
    link_streams(tmp_path)
    said = run_shell(tmp_path, f"STORYBOARD {line}")
    assert (said.returncode, told in said.stderr) == (2, True), said.stderr


def test_a_reader_that_went_away_is_reported(write_film: Write, tmp_path: Path) -> None:
    write_film(FILM)
    link_streams(tmp_path)
    result = run_shell(
        tmp_path, "exec 3> >(exec <&-); wait $!; STORYBOARD plan film.yaml --out streams/3"
    )
    assert result.returncode == 4
    assert "the reader of streams/3 closed it" in result.stderr


# the lock file, and a new film


def test_the_lock_file_may_lie_elsewhere(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    write_film(PAID, "film/film.yaml")
    link, end = tmp_path / "film" / "film.selects.yaml", tmp_path / "kept" / "lock.yaml"
    end.parent.mkdir()
    link.symlink_to("../kept/lock.yaml")
    for arguments in (
        ["render", "film.yaml", "--yes"],
        ["render", "film.yaml", "--yes", "--retake", "SH010"],
        ["pick", "film.yaml", "SH010", "t01"],
    ):
        before = end.read_text() if end.exists() else ""
        result = cli(*arguments, cwd=link.parent, STORYBOARD_POLL_S="0.01")
        assert result.code == 0, result.err
        assert link.is_symlink()
        assert end.read_text() != before
    assert [path.name for path in end.parent.iterdir()] == ["lock.yaml"]


@pytest.mark.parametrize("make", NODE_FACTORIES)
def test_a_lock_file_that_is_no_file_is_refused_and_nothing_bought(
    cli: RunCommand,
    write_film: Write,
    tmp_path: Path,
    read_bill: Callable[[], list[object]],
    make: Callable[[Path], None],
) -> None:
    write_film(PAID)
    make(tmp_path / "film.selects.yaml")
    with check_unchanged(tmp_path / "film.selects.yaml"):
        result = cli("render", "film.yaml", "--yes")
    assert result.code == 4
    assert "but must be the film's lock file" in result.err
    assert read_bill() == []


def test_a_new_film_leaves_what_is_there_and_fills_what_links_lead_to(
    cli: RunCommand, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    os.mkfifo(folder / "Makefile")
    (folder / "film.yaml").symlink_to("../film-text.yaml")
    with check_unchanged(folder / "Makefile", folder / "film.yaml"):
        assert cli("new", "new").code == 0
    assert "shots:" in (tmp_path / "film-text.yaml").read_text()
