"""A film in a folder that can't be written: what is free is made, what costs money is refused."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyboard.errors import EnvironmentProblem
from storyboard.simulator.server import Simulator
from storyboard.util.file_lock import FileLock
from tests.story.wires import build_environment, run_in_process

FREE = "storyboard: 1\nshots: [{id: A, color: red, length: 0.5}, %s]\n"
DRAWN = "{id: B, prompt: A boat, provider: previz, length: 0.5}"
PAID = "{id: B, prompt: A boat, provider: vertex, model: veo-3.1, duration: 4}"


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> Iterator[Path]:
    """A film that nobody may write beside, root neither; store and output are elsewhere."""
    for name, value in build_environment(simulator).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("STORYBOARD_STORE", str(tmp_path / "store"))
    film = tmp_path / "archive" / "film.yaml"
    film.parent.mkdir()
    film.write_text(FREE % DRAWN)
    film.parent.chmod(0o555)
    monkeypatch.chdir(film.parent)
    ask_system = os.access

    def refuse_to_root_too(path: str | Path, mode: int) -> bool:
        is_inside = Path(path).is_relative_to(film.parent)
        return not (is_inside and mode & os.W_OK) and ask_system(path, mode)

    monkeypatch.setattr(os, "access", refuse_to_root_too)
    yield film
    film.parent.chmod(0o755)


def test_what_is_free_is_made(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "film.mp4"
    for _ in range(2):
        assert run_in_process(capsys, "render", "film.yaml", "-o", str(out)).code == 0
    assert out.stat().st_size
    assert [path.name for path in film.parent.iterdir()] == ["film.yaml"]
    assert run_in_process(capsys, "runs", "film.yaml").out, "the runs are remembered elsewhere"


def test_what_costs_money_is_refused_before_it_is_bought(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    film.write_text(FREE % PAID)
    simulator.world.reset()
    result = run_in_process(capsys, "render", "film.yaml", "--yes", "-o", str(tmp_path / "f.mp4"))
    assert result.code == 4
    assert "film.selects.yaml can't be written, and every purchase must be recorded" in result.err
    assert not simulator.world.jobs


def test_state_that_is_there_is_never_passed_over(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may tell of jobs that were paid for."""
    state = film.parent / ".storyboard" / "film"
    film.parent.chmod(0o755)
    state.mkdir(parents=True)
    film.parent.chmod(0o555)
    result = run_in_process(capsys, "render", "film.yaml", "-o", str(tmp_path / "film.mp4"))
    assert result.code == 4
    assert f"no permission to write {state}, where the state of the film is kept" in result.err
    assert not (tmp_path / "state").exists()


def test_doctor_tells_it(film: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = run_in_process(capsys, "doctor").out
    assert f"{film.parent} can't be written: nothing can be bought for a film there" in told
    assert str(tmp_path / "state" / "storyboard" / "films") in told


@pytest.mark.parametrize("refusal", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    def refuse_lock(_handle: int, _operation: int) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(fcntl, "flock", refuse_lock)
    with pytest.raises(EnvironmentProblem, match="keeps no locks") as caught:
        FileLock(tmp_path / "lock").try_acquire()
    assert "STORYBOARD_STORE" in caught.value.hint
