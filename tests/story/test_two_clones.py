"""Two clones of a film, each with a store and a ledger of its own, and git between them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCommand
from tests.unit.lock_files import keep_both_sides

Bill = Callable[[], list[dict[str, Any]]]
LOCK = "film.selects.yaml"
FILM = """\
storyboard: 1
defaults: {provider: studio, model: studio-1, duration: 4}
shots:
  - {id: SH010, prompt: One, length: 0.5}
"""
QUICK = {"STORYBOARD_POLL_S": "0.01"}


def run_git(folder: Path, *arguments: str) -> int:
    command = ("git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments)
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


def read_status(folder: Path) -> str:
    command = ("git", "status", "--porcelain")
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path) -> None:
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-qm", "work")


@pytest.fixture
def clones(cli: RunCommand, tmp_path: Path) -> tuple[Path, Path]:
    """Two clones that each made one more take of the shot, merged as the hint says."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    (one / "film.yaml").write_text(FILM)
    (one / ".gitignore").write_text("build/\n")
    assert cli("render", "film.yaml", "--yes", "-q", cwd=one, **QUICK).code == 0
    run_git(one, "init", "-q")
    commit(one)
    run_git(one, "clone", "-q", str(one), str(other))
    store = one / ".storyboard" / "store"
    assert cli("store", "fetch", "film.yaml", "--from", store, cwd=other).code == 0
    for clone in (one, other):
        retake = ("--retake", "SH010", "--yes", "-q")
        # each of them asks a service that gives other bytes for the same words
        folder = {"STUDIO_CLIP": str(clone.with_suffix(".mp4"))}
        write_clip_marker(clone.with_suffix(".mp4"), store, clone.name)
        assert cli("render", "film.yaml", *retake, cwd=clone, **folder, **QUICK).code == 0
        commit(clone)
    run_git(one, "fetch", "-q", str(other), "HEAD")
    assert run_git(one, "merge", "--no-edit", "FETCH_HEAD") == 1
    refused = cli("plan", "film.yaml", cwd=one)
    assert refused.code == 4
    assert "keep the lines of both sides" in refused.err
    (one / LOCK).write_text(keep_both_sides((one / LOCK).read_text()))
    return one, other


def write_clip_marker(path: Path, store: Path, name: str) -> None:
    """A clip of that clone's own: the studio hands it out for every job."""
    clip = next(store.glob("takes/*/*.mp4")).read_bytes()
    path.write_bytes(clip + len(name).to_bytes(3) + b"\x08" + b"free")


def find_picked_lines(folder: Path) -> list[int]:
    lines = (folder / LOCK).read_text().splitlines()
    return [number for number, line in enumerate(lines, 1) if "/pick: " in line]


def test_both_retakes_are_there_after_a_merge_and_all_money_counts(
    cli: RunCommand, clones: tuple[Path, Path], read_bill: Bill
) -> None:
    one, other = clones
    told = cli("plan", "film.yaml", cwd=one)
    first, second = find_picked_lines(one)
    assert (told.code, f"{LOCK}:{second}: " in told.err) == (4, True), told.err
    assert f"another take of this step is picked on line {first}" in told.err
    lines = (one / LOCK).read_text().splitlines(keepends=True)
    picked = lines.pop(first - 1).split()[-1]
    kept = lines[second - 2].split()[-1]
    (one / LOCK).write_text("".join(lines))
    assert picked != kept

    takes = cli("takes", "film.yaml", "--json", cwd=one).json["takes"]
    assert len({take["sha256"] for take in takes}) == len(takes) == 3
    assert [take["take"][:3] for take in takes] == ["t01", "t02", "t02"]
    assert [take["sha256"] for take in takes if take["plays"]] == [kept]
    assert cli("runs", "film.yaml", "--json", cwd=one).json["cost"]["total_usd"] == "1.20"

    ambiguous = cli("pick", "film.yaml", "SH010", "t02", cwd=one)
    assert ambiguous.code == 2
    names = re.findall(r"t02-[0-9a-f]{4,}", ambiguous.err)
    assert len(names) == 2
    mine = next(take for take in takes if take["path"] and take["take"] != "t01")
    name = next(name for name in names if mine["sha256"].startswith(name[4:]))
    assert cli("pick", "film.yaml", "SH010", name, cwd=one).code == 0
    assert cli("plan", "film.yaml", "--exit-code", cwd=one).code == 0

    commit(one)
    run_git(other, "pull", "-q", "--ff-only", str(one))
    assert cli("plan", "film.yaml", cwd=other).code == 0
    assert cli("render", "film.yaml", "--yes", cwd=other).code == 7, "it is bought, and not here"
    store = one / ".storyboard" / "store"
    assert cli("store", "fetch", "film.yaml", "--from", store, cwd=other).code == 0
    assert cli("plan", "film.yaml", "--exit-code", cwd=other).code == 0
    for clone in clones:
        assert cli("runs", "film.yaml", "--json", cwd=clone).json["cost"]["total_usd"] == "1.20"
    fetched = cli("takes", "film.yaml", "--json", cwd=other).json["takes"]
    assert all(take["path"] for take in fetched), "both with that number are in one store"
    assert cli("store", "verify", cwd=other).code == 0
    assert len(read_bill()) == 3

    locked = FILM.replace("length: 0.5", "length: 0.5, lock: t02")
    (other / "film.yaml").write_text(locked)
    refused = cli("plan", "film.yaml", cwd=other)
    assert (refused.code, names[0] in refused.err and names[1] in refused.err) == (2, True)
    (other / "film.yaml").write_text(locked.replace("t02", names[0]))
    assert cli("plan", "film.yaml", "--exit-code", cwd=other).code == 0


def test_a_rehearsal_leaves_the_tree_clean_and_prompts_leave_no_litter(
    cli: RunCommand, tmp_path: Path
) -> None:
    film = tmp_path / "film.yaml"
    film.write_text(FILM)
    (tmp_path / ".gitignore").write_text("build/\n")
    run_git(tmp_path, "init", "-q")
    commit(tmp_path)
    assert cli("render", film, "--previz", "--proxy", "-q").code == 0
    assert read_status(tmp_path) == ""
    film.write_text(FILM.replace("One", "Two"))
    assert cli("render", film, "--previz", "--proxy", "-q").code == 0
    assert "removed 1 takes" in cli("store", "gc").err
    assert cli("plan", film, "--previz", "--proxy", "--exit-code").code == 0
    assert cli("pick", film, "SH010", "t01", "--previz", "--proxy").code == 0
    assert "/pick: t01" in (tmp_path / LOCK).read_text()
