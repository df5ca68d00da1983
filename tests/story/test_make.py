"""Make renders a film again exactly when one of its files changed, whatever they are called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storyboard.stitching.media.ffmpeg import find_ffmpeg
from tests.conftest import RunCommand

ROOT = Path(__file__).parent.parent.parent
ODD_NAMES = (
    "x=;touch${IFS}PWNED;true${IFS}z.mp4",
    "a|b.mp4",
    "back\\slash.mp4",
    "new\nline.mp4",
    "a\ttab.mp4",
    "100%.mp4",
    "$(shell touch PWNED).mp4",
    "`touch PWNED`.mp4",
    "star*.mp4",
    "[ab].mp4",
    "question?.mp4",
    "~root.mp4",
    "-n.mp4",
    "two & three.mp4",
    "a=b.mp4",
    "lib(a).mp4",
    'say "hi".mp4',
    "It's a take.mp4",
    "#1 : a.mp4",
    "take 2 .mp4",
    "Straße – 東京.mp4",
)
MAKEFILE = """\
build/%.mp4: %.yaml
	@{python} -m storyboard render $< -o $@ --deps build/$*.d
-include $(wildcard build/*.d)
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    command = [*"-v error -f lavfi -i color=red:s=64x36:r=24:d=0.25 -pix_fmt yuv420p".split()]
    subprocess.run([find_ffmpeg(), *command, str(path)], check=True)
    return path


def run_make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # the tests themselves may run under make, which speaks to a make below it
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MA")}
    return subprocess.run(
        ["make", *arguments, "build/film.mp4"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def write_film(folder: Path, names: tuple[str, ...], clip: Path) -> None:
    shots = []
    for index, name in enumerate(names):
        (folder / "footage").mkdir(exist_ok=True)
        shutil.copyfile(clip, folder / "footage" / name)
        shots.append({"id": f"S{index}", "clip": f"footage/{name}"})
    film = {"storyboard": 1, "format": {"resolution": "180p"}, "shots": shots}
    (folder / "film.yaml").write_text(json.dumps(film), encoding="utf-8")
    (folder / "Makefile").write_text(MAKEFILE.format(python=sys.executable))


def test_every_name_is_a_dependency_and_nothing_else(tmp_path: Path, clip: Path) -> None:
    write_film(tmp_path, ODD_NAMES, clip)
    first = run_make(tmp_path)
    assert first.returncode == 0, first.stderr
    again = run_make(tmp_path)
    assert "up to date" in again.stdout, again.stdout + again.stderr
    for name in ODD_NAMES:
        later = (tmp_path / "build" / "film.mp4").stat().st_mtime + 100
        os.utime(tmp_path / "footage" / name, (later, later))
        assert run_make(tmp_path, "-q").returncode == 1, f"{name!r} is no dependency"
        os.utime(tmp_path / "footage" / name, (1, 1))
        assert run_make(tmp_path, "-q").returncode == 0
    assert not list(tmp_path.rglob("PWNED*"))


def test_a_file_that_is_gone_is_no_error_to_make(tmp_path: Path, clip: Path) -> None:
    write_film(tmp_path, ("a|b.mp4", "plain.mp4"), clip)
    assert run_make(tmp_path).returncode == 0
    links = tmp_path / "build" / "film.d.names"
    assert len(list(links.iterdir())) == 1
    shutil.rmtree(tmp_path / "footage")
    write_film(tmp_path, ("plain.mp4",), clip)
    assert run_make(tmp_path).returncode == 0
    assert not links.exists(), "a link that no file needs is gone"
    assert "up to date" in run_make(tmp_path).stdout


def test_a_target_that_make_cant_name_is_refused_before_anything_is_made(
    tmp_path: Path, clip: Path, cli: RunCommand
) -> None:
    write_film(tmp_path, ("plain.mp4",), clip)
    film = tmp_path / "film.yaml"
    for flags in (["-o", "a;b.mp4", "--deps", "film.d"], ["-o", "a.mp4", "--deps", "f%.d"]):
        result = cli("render", str(film), *flags)
        assert result.code == 2
        assert "make can't use" in result.err
    assert not (tmp_path / "a;b.mp4").exists()


def test_a_fragment_in_a_pipe_leaves_odd_names_out_and_says_so(
    tmp_path: Path, clip: Path, cli: RunCommand
) -> None:
    write_film(tmp_path, ("a|b.mp4", "plain.mp4"), clip)
    result = cli("render", "film.yaml", "-o", "film.mp4", "--deps", "/dev/stdout")
    assert result.code == 0
    assert "plain.mp4" in result.out
    assert "a|b" not in result.out
    assert "'a|b.mp4'" in result.err
