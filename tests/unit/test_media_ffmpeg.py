"""The door to ffmpeg: which binary, what an error says, and that no child outlives its parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storyboard.errors import EnvironmentProblem, MediaError
from storyboard.stitching.media.ffmpeg import (
    find_ffmpeg,
    load_moviepy,
    read_ffmpeg_output,
    run_ffmpeg,
)

NOISE = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=24"]


def test_the_variable_names_the_binary(monkeypatch, tmp_path):
    mine = tmp_path / "ffmpeg"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("STORYBOARD_FFMPEG", str(mine))
    assert find_ffmpeg() == str(mine)


def test_a_variable_that_names_no_program_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("STORYBOARD_FFMPEG", str(tmp_path / "nothing"))
    with pytest.raises(EnvironmentProblem, match="STORYBOARD_FFMPEG is not a program") as problem:
        find_ffmpeg()
    assert problem.value.hint


def test_without_any_ffmpeg_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.delenv("STORYBOARD_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(EnvironmentProblem, match="ffmpeg is not installed") as problem:
        find_ffmpeg()
    assert "imageio-ffmpeg" in problem.value.hint


def test_an_error_carries_what_ffmpeg_said_and_how_it_was_asked():
    with pytest.raises(MediaError, match="No such file or directory") as failure:
        run_ffmpeg(["-i", "/nothing.mp4", "-f", "null", "-"])
    assert "/nothing.mp4" in failure.value.log
    assert failure.value.command[-4:] == ("/nothing.mp4", "-f", "null", "-")


def test_frames_are_fed_as_they_come_and_progress_counts_them(tmp_path):
    out, heard = tmp_path / "fed.mp4", []
    frame = bytes(64 * 36 * 3 // 2)
    run_ffmpeg(
        ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", "64x36", "-i", "pipe:0", str(out)],
        stdin=(frame for _ in range(30)),
        on_progress=heard.append,
    )
    assert heard[-1] == 30
    raw = read_ffmpeg_output(["-i", str(out), "-f", "rawvideo", "pipe:1"], len(frame))
    assert [len(piece) for piece in raw] == [len(frame)] * 30


def test_reports_are_returned():
    tone = ["-f", "lavfi", "-i", "sine=d=1", "-af", "ebur128", "-f", "null", "-"]
    assert "Integrated loudness" in run_ffmpeg(tone, loglevel="info")


def test_a_feeder_that_fails_ends_ffmpeg_and_its_error_comes_through(tmp_path):
    def feed_and_fail():
        yield bytes(100)
        raise RuntimeError("the tape tore")

    arguments = ["-f", "rawvideo", "-pix_fmt", "gray", "-video_size", "8x8", "-i", "pipe:0"]
    with pytest.raises(RuntimeError, match="the tape tore"):
        run_ffmpeg([*arguments, str(tmp_path / "x.mp4")], stdin=feed_and_fail())


def test_bytes_that_ffmpeg_does_not_want_are_no_error():
    arguments = ["-f", "rawvideo", "-pix_fmt", "gray", "-video_size", "8x8", "-i", "pipe:0"]
    run_ffmpeg([*arguments, "-frames:v", "1", "-f", "null", "-"], stdin=bytes(8_000_000))


def test_reading_may_stop_early():
    pieces = read_ffmpeg_output([*NOISE, "-f", "rawvideo", "pipe:1"], 64 * 36)
    assert len(next(pieces)) == 64 * 36
    pieces.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_child_ends_with_its_parent(tmp_path):
    out = tmp_path / "endless.nut"
    script = (
        "from storyboard.stitching.media.ffmpeg import run_ffmpeg\n"
        f"run_ffmpeg(['-re', *{NOISE!r}, '-f', 'nut', {str(out)!r}])\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=root)
    try:
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        deadline = time.monotonic() + 10
        while not out.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        child = int(children.read_text().split()[0])
    finally:
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 5
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(child)


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_moviepy_reads_no_env_file_starts_nothing_and_uses_our_ffmpeg(tmp_path):
    (tmp_path / ".env").write_text("LEAKED=1\n")
    mark = tmp_path / "started"
    for name in ("ffmpeg", "ffplay"):
        write_program(tmp_path / name, f"touch {mark}")
    script = (
        "import os\n"
        "from storyboard.stitching.media.ffmpeg import find_ffmpeg, load_moviepy\n"
        "load_moviepy()\n"
        "from moviepy.config import FFMPEG_BINARY\n"
        "assert FFMPEG_BINARY == find_ffmpeg(), FFMPEG_BINARY\n"
        "assert not {'LEAKED', 'FFMPEG_BINARY', 'PYTHON_DOTENV_DISABLED'} & set(os.environ)\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "STORYBOARD_FFMPEG": str(tmp_path / "ffmpeg"),
    }
    for name in ("FFMPEG_BINARY", "PYTHON_DOTENV_DISABLED"):
        environment.pop(name, None)
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)
    assert not mark.exists()
    assert load_moviepy() is load_moviepy()


def write_program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_no_ffmpeg_of_the_current_folder_is_run(monkeypatch, tmp_path):
    write_program(tmp_path / "ffmpeg", "true")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    monkeypatch.delenv("STORYBOARD_FFMPEG", raising=False)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(EnvironmentProblem, match="ffmpeg is not installed"):
        find_ffmpeg()
    monkeypatch.setenv("STORYBOARD_FFMPEG", "ffmpeg")
    with pytest.raises(EnvironmentProblem, match="is not a program"):
        find_ffmpeg()


def test_ffmpeg_gets_no_keys_and_no_way_back_into_the_current_folder(monkeypatch, tmp_path):
    environment = tmp_path / "told"
    monkeypatch.setenv(
        "STORYBOARD_FFMPEG", str(write_program(tmp_path / "ffmpeg", f"env > {environment}"))
    )
    monkeypatch.setenv("GEMINI_API_KEY", "a-secret")
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}{os.pathsep}")
    run_ffmpeg(["-version"])
    given = dict(line.split("=", 1) for line in environment.read_text().splitlines() if "=" in line)
    assert "GEMINI_API_KEY" not in given
    assert all(folder.startswith("/") for folder in given["PATH"].split(os.pathsep))
