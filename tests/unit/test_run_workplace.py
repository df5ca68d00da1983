"""What a run lends its providers goes away with it, even when it is killed."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storyboard.errors import EnvironmentProblem
from storyboard.run.executor.workspace import AttemptWorkspace, Workspace
from tests.fakes.child import start_process


async def _compute_in(workspace: Workspace, *work: object) -> object:
    return await workspace.compute(*work)  # type: ignore[arg-type]


def test_work_is_done_in_other_processes_and_may_fail(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, 1)
    try:
        assert asyncio.run(_compute_in(workspace, os.getpid)) != os.getpid()
        with pytest.raises(ValueError, match="invalid literal"):
            asyncio.run(_compute_in(workspace, int, "x"))
        with pytest.raises(EnvironmentProblem, match="was killed twice"):
            asyncio.run(_compute_in(workspace, os._exit, 3))
        assert asyncio.run(_compute_in(workspace, max, 1, 2)) == 2, (
            "the next work gets a new process"
        )
    finally:
        workspace.close()


def test_workers_know_no_keys_and_import_from_no_relative_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-secret")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend("lib")
    monkeypatch.syspath_prepend("")
    workspace = Workspace(tmp_path, 1)
    try:
        assert asyncio.run(_compute_in(workspace, os.getenv, "GEMINI_API_KEY")) is None
        paths = asyncio.run(_compute_in(workspace, _import_path))
    finally:
        workspace.close()
    assert isinstance(paths, list)
    assert paths[0] == str(tmp_path), "what is named in full is imported as before"
    assert all(Path(path).is_absolute() for path in paths)


def _import_path() -> list[str]:
    return sys.path


def test_an_unpicklable_error_is_reported_and_the_worker_survives(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, 1)
    try:
        worker = asyncio.run(_compute_in(workspace, os.getpid))
        with pytest.raises((AttributeError, pickle.PicklingError)):
            asyncio.run(_compute_in(workspace, lambda: 1))
        with pytest.raises(TypeError, match="pickle"):
            asyncio.run(_compute_in(workspace, open, os.devnull))
        with pytest.raises(RuntimeError, match="too odd to travel"):
            asyncio.run(_compute_in(workspace, _fail_oddly))
        with pytest.raises(TypeError, match="missing"):
            asyncio.run(_compute_in(workspace, _fail_with_two_words))
        assert asyncio.run(_compute_in(workspace, os.getpid)) == worker
    finally:
        workspace.close()


def _fail_oddly() -> None:
    raise ValueError("too odd to travel", lambda: 1)


class _TwoArgumentError(Exception):
    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def _fail_with_two_words() -> None:
    raise _TwoArgumentError("a", "b")


def test_work_under_way_ends_with_its_run(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, 1)
    begun = tmp_path / "begun"

    async def start_and_close() -> None:
        work = asyncio.ensure_future(workspace.compute(_sleep_for_long, begun))
        while not begun.exists():
            await asyncio.sleep(0.01)
        await asyncio.to_thread(workspace.close, kill_running=True)
        with pytest.raises(RuntimeError, match="were stopped"):
            await work

    asyncio.run(start_and_close())
    assert not workspace.scratch.exists()


def _sleep_for_long(begun: Path) -> None:
    begun.touch()
    time.sleep(60)


def test_scratch_folders_are_removed_afterwards(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, 1)
    attempt_workspace = AttemptWorkspace(workspace, "a1")
    (attempt_workspace.scratch / "half.mp4").write_text("half")
    assert attempt_workspace.scratch.parent == workspace.scratch
    attempt_workspace.return_folder()
    assert list(workspace.scratch.iterdir()) == []
    workspace.close()
    assert list((tmp_path / "scratch").iterdir()) == []


def _leave_scratch_files(root: Path) -> None:
    workspace = Workspace(root, 1)
    (workspace.scratch / "half.mp4").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_mess_of_a_dead_run_is_cleared_and_a_live_one_is_left_alone(tmp_path: Path) -> None:
    alive = Workspace(tmp_path, 1)
    (alive.scratch / "mine.mp4").write_text("mine")
    start_process(_leave_scratch_files, tmp_path).join()
    assert len(list((tmp_path / "scratch").glob("*/*.mp4"))) == 2
    other = Workspace(tmp_path, 1)
    assert [path.name for path in (tmp_path / "scratch").glob("*/*.mp4")] == ["mine.mp4"]
    other.close()
    alive.close()


_PARENT = """
import asyncio, os, sys, time
from pathlib import Path
from storyboard.run.executor.workspace import Workspace

async def main():
    place = Workspace(Path(sys.argv[1]), 1)
    print(await place.compute(os.getpid), flush=True)
    await place.compute(time.sleep, 60)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_workers_die_with_a_killed_run(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    parent = subprocess.Popen([sys.executable, script, tmp_path], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_alive(worker)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
