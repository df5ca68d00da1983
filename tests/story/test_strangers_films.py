"""A film that came from a stranger: its folder is no place to run code from, and gets no keys."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from storyboard.stitching.media.ffmpeg import find_ffmpeg
from tests.conftest import ROOT

FILM = """
storyboard: 1
title: A Stranger's
sound: {music: [{make: "slow, minor, piano"}]}
shots:
  - {card: FAR AWAY, length: 1}
  - {id: SH010, prompt: A man walks, length: 1, effects: [MirrorX]}
  - {id: SH020, prompt: He waits, length: 1, transition: {dissolve: 0.25}}
"""
SCRIPT = (str(Path(sys.executable).with_name("storyboard")),)
MODULE = (sys.executable, "-m", "storyboard")
STARTUP_MODULES = ("sitecustomize", "usercustomize")
KEYS = {
    **dict.fromkeys(
        ("GEMINI_API_KEY", "GOOGLE_API_KEY", "COMETAPI_KEY", "VERTEX_API_KEY"), "a-planted-secret"
    ),
    "GOOGLE_APPLICATION_CREDENTIALS": "/planted-secret/account.json",
    "AWS_PROFILE": "planted-secret",
    "STUDIO_TOKEN": "planted-secret",
    "STUDIO_PASSWORD": "planted-secret",
    "HTTPS_PROXY": "http://user:planted-secret@127.0.0.1:9",
}


def build_environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


def list_preloaded_modules() -> set[str]:
    """What Python imports before it comes to us, which is out of our hands."""
    code = "import re, runpy, sys; print(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-P", "-c", code], text=True).split())


def plant_modules(folder: Path, names: set[str]) -> Path:
    """Modules in `folder`, each of which leaves a mark when it runs, and a plug-in; the marks."""
    marks = folder / "marks"
    marks.mkdir()
    mark = f"open(r'{marks}/' + __name__, 'w').close()\n"
    for name in names:
        (folder / f"{name}.py").write_text(mark)
    (folder / "stranger.py").write_text(mark)
    plugin = folder / "stranger-1.0.dist-info"
    plugin.mkdir()
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (plugin / "entry_points.txt").write_text("[storyboard.providers]\nstranger = stranger:It\n")
    return marks


@pytest.mark.parametrize(
    ("start", "paths"),
    [(SCRIPT, None), (MODULE, None), (SCRIPT, f":here:{ROOT}")],
    ids=["script", "module", "relative paths"],
)
def test_nothing_in_the_folder_of_a_film_runs(
    start: tuple[str, ...], paths: str | None, tmp_path: Path
) -> None:
    names = {*sys.stdlib_module_names, *packages_distributions(), *STARTUP_MODULES}
    if (start, paths) != (SCRIPT, None):
        names -= {*list_preloaded_modules(), *STARTUP_MODULES, "storyboard"}
    marks = plant_modules(tmp_path, names)
    (tmp_path / "here").symlink_to(tmp_path)
    (tmp_path / ".env").write_text("STORYBOARD_FFMPEG=/nowhere\n")
    (tmp_path / "film.yaml").write_text(FILM)
    env = build_environment() if paths is None else build_environment(PYTHONPATH=paths)
    for arguments in (["render", "film.yaml", "--proxy"], ["doctor"]):
        process = subprocess.run(
            [*start, *arguments],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert sorted(path.name for path in marks.iterdir()) == []
        assert process.returncode == 0, process.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_child_processes_are_started_without_keys(tmp_path: Path) -> None:
    environment_log = tmp_path / "environments"
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(f'#!/bin/sh\nenv >> "{environment_log}"\nexec "{find_ffmpeg()}" "$@"\n')
    ffmpeg.chmod(0o755)
    (tmp_path / "film.yaml").write_text(FILM)
    render = subprocess.Popen(
        [*MODULE, "render", "film.yaml", "--proxy", "--jobs", "2"],
        cwd=tmp_path,
        env=build_environment(**KEYS, STORYBOARD_FFMPEG=str(ffmpeg)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    environments: dict[str, bytes] = {}
    while render.poll() is None:
        environments.update(list_descendants(render.pid))
    assert render.stderr is not None
    with render.stderr as stream:
        assert render.returncode == 0, stream.read().decode()
    assert any("storyboard.run.executor.worker_process" in command for command in environments)
    assert {
        command
        for command, child_environment in environments.items()
        if b"planted-secret" in child_environment
    } == set()
    assert environment_log.read_text().count("STORYBOARD_FFMPEG") > 1
    assert "planted-secret" not in environment_log.read_text()


def list_descendants(root: int) -> Iterator[tuple[str, bytes]]:
    """The command lines of the processes that `root` started, and their environments."""
    own_command = Path(f"/proc/{root}/cmdline").read_text()
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and is_below(int(process.name), root):
            try:
                command = (process / "cmdline").read_text()
                child_environment = (process / "environ").read_bytes()
            except OSError:
                continue
            if command != own_command:  # else it was forked just now, and has yet to become another
                yield command, child_environment


def is_below(process: int, root: int) -> bool:
    while process > 1:
        try:
            stat = Path(f"/proc/{process}/stat").read_text()
        except OSError:
            return False
        process = int(stat.rpartition(")")[2].split()[1])
        if process == root:
            return True
    return False
