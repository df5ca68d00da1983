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
from storyboard.run.workplace import Room, RunPlace
from tests.fakes.child import child


async def _in(place: RunPlace, *work: object) -> object:
    return await place.compute(*work)  # type: ignore[arg-type]


def test_work_is_done_in_other_processes_and_may_fail(tmp_path: Path) -> None:
    place = RunPlace(tmp_path, 1)
    try:
        assert asyncio.run(_in(place, os.getpid)) != os.getpid()
        with pytest.raises(ValueError, match="invalid literal"):
            asyncio.run(_in(place, int, "x"))
        with pytest.raises(EnvironmentProblem, match="died twice"):
            asyncio.run(_in(place, os._exit, 3))
        assert asyncio.run(_in(place, max, 1, 2)) == 2, "the next work gets a new process"
    finally:
        place.close()


def test_workers_know_no_keys_and_import_from_no_relative_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-secret")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend("lib")
    monkeypatch.syspath_prepend("")
    place = RunPlace(tmp_path, 1)
    try:
        assert asyncio.run(_in(place, os.getenv, "GEMINI_API_KEY")) is None
        paths = asyncio.run(_in(place, _import_path))
    finally:
        place.close()
    assert isinstance(paths, list)
    assert paths[0] == str(tmp_path), "what is named in full is imported as before"
    assert all(Path(path).is_absolute() for path in paths)


def _import_path() -> list[str]:
    return sys.path


def test_what_cannot_travel_is_said_and_the_process_lives_on(tmp_path: Path) -> None:
    place = RunPlace(tmp_path, 1)
    try:
        worker = asyncio.run(_in(place, os.getpid))
        with pytest.raises((AttributeError, pickle.PicklingError)):
            asyncio.run(_in(place, lambda: 1))
        with pytest.raises(TypeError, match="pickle"):
            asyncio.run(_in(place, open, os.devnull))
        with pytest.raises(RuntimeError, match="too odd to travel"):
            asyncio.run(_in(place, _fail_oddly))
        with pytest.raises(TypeError, match="missing"):
            asyncio.run(_in(place, _fail_with_two_words))
        assert asyncio.run(_in(place, os.getpid)) == worker
    finally:
        place.close()


def _fail_oddly() -> None:
    raise ValueError("too odd to travel", lambda: 1)


class _Two(Exception):
    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def _fail_with_two_words() -> None:
    raise _Two("a", "b")


def test_work_under_way_ends_with_its_run(tmp_path: Path) -> None:
    place = RunPlace(tmp_path, 1)
    begun = tmp_path / "begun"

    async def close_early() -> None:
        work = asyncio.ensure_future(place.compute(_sleep_for_long, begun))
        while not begun.exists():
            await asyncio.sleep(0.01)
        await asyncio.to_thread(place.close, now=True)
        with pytest.raises(RuntimeError, match="were ended"):
            await work

    asyncio.run(close_early())
    assert not place.scratch.exists()


def _sleep_for_long(begun: Path) -> None:
    begun.touch()
    time.sleep(60)


def test_the_scratch_folder_and_its_rooms_are_gone_afterwards(tmp_path: Path) -> None:
    place = RunPlace(tmp_path, 1)
    room = Room(place, "a1")
    (room.scratch / "half.mp4").write_text("half")
    assert room.scratch.parent == place.scratch
    room.clear()
    assert list(place.scratch.iterdir()) == []
    place.close()
    assert list((tmp_path / "scratch").iterdir()) == []


def _leave_a_mess(root: Path) -> None:
    place = RunPlace(root, 1)
    (place.scratch / "half.mp4").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_mess_of_a_dead_run_is_cleared_and_a_live_one_is_left_alone(tmp_path: Path) -> None:
    alive = RunPlace(tmp_path, 1)
    (alive.scratch / "mine.mp4").write_text("mine")
    child(_leave_a_mess, tmp_path).join()
    assert len(list((tmp_path / "scratch").glob("*/*.mp4"))) == 2
    other = RunPlace(tmp_path, 1)
    assert [path.name for path in (tmp_path / "scratch").glob("*/*.mp4")] == ["mine.mp4"]
    other.close()
    alive.close()


_PARENT = """
import asyncio, os, sys, time
from pathlib import Path
from storyboard.run.workplace import RunPlace

async def main():
    place = RunPlace(Path(sys.argv[1]), 1)
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
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(worker)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"
