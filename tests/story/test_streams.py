"""Readers that go away, full disks and closed streams: none of them ends work that costs money."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import FakeFilm, FakeProvider, build_step

from storyboard.run.events import Event
from storyboard.run.ledger.attempts import State
from storyboard.run.ledger.ledger import Ledger
from tests.conftest import PLUGINS, ROOT

FILM = """
storyboard: 1
defaults: {provider: studio, model: studio-1, duration: 4}
shots:
  - {id: SH010, prompt: A boat}
  - {id: SH020, prompt: A gull}
"""


@pytest.fixture
def run_shell(tmp_path: Path, write_film: Callable[..., Path]) -> Callable[[str], Any]:
    """A line of shell in a film's folder, `$SB` being the command."""
    write_film(FILM)
    env = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{PLUGINS}",
        "STUDIO_BILL": str(tmp_path / "bill.jsonl"),
        "STUDIO_CLIP": str(tmp_path / "clip.mp4"),
        "STORYBOARD_POLL_S": "0.01",
        "SB": f"{sys.executable} -m storyboard",
    }

    def run_line(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )

    return run_line


def test_a_render_continues_when_its_reader_went_away(
    run_shell: Callable[[str], Any], read_bill: Callable[[], list[Any]], tmp_path: Path
) -> None:
    process = run_shell("$SB render film.yaml --yes --json | true")
    assert (process.returncode, process.stderr) == (0, "")
    assert len(read_bill()) == 2
    assert (tmp_path / "build" / "film.mp4").exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_from_the_start_are_no_fault(
    run_shell: Callable[[str], Any], tmp_path: Path, closed: str
) -> None:
    process = run_shell(f"$SB render film.yaml --yes {closed}")
    assert process.returncode == 0
    assert "Traceback" not in process.stderr
    assert (tmp_path / "build" / "film.mp4").exists()
    assert (process.stdout.strip() == "build/film.mp4") is (closed == "2>&-")


def test_what_a_command_starts_has_its_three_streams_too(run_shell: Callable[[str], Any]) -> None:
    ask = "import os; [os.fstat(number) for number in range(3)]"
    start = (
        "import subprocess, sys; from storyboard.cli.stdio import StandardStreams;"
        " StandardStreams();"
        f"sys.exit(subprocess.run([sys.executable, '-c', '{ask}']).returncode)"
    )
    assert run_shell(f'{sys.executable} -c "{start}" <&- >&- 2>&-').returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="wants a disk that is always full")
def test_an_answer_that_could_not_be_written_is_reported(run_shell: Callable[[str], Any]) -> None:
    process = run_shell("$SB plan film.yaml --exit-code > /dev/full")
    assert process.returncode == 4
    assert process.stderr == "error: the answer could not be written: No space left on device\n"
    assert run_shell("$SB plan film.yaml 2> /dev/full").returncode == 0
    assert run_shell("$SB plan film.yaml --max-cost 0.01 --json > /dev/full").returncode == 6


def test_ctrl_c_before_anything_began_is_quiet() -> None:
    script = """
import os, signal, sys
class Impatient:
    def find_spec(self, name, *rest):
        if name == "storyboard.cli.app":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Impatient())
from storyboard.__main__ import main
main()
"""
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (process.returncode, process.stdout, process.stderr) == (130, b"", b"")


class HangUpEvents(list[Event]):
    """Closes the terminal once a job is known to run."""

    def append(self, event: Event) -> None:
        super().append(event)
        if event.type == "operation_progress":
            os.kill(os.getpid(), signal.SIGHUP)


def test_closing_the_terminal_stops_a_render_cleanly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.05")
    provider = FakeProvider(tmp_path / "remote", running_polls=10**6)
    film = FakeFilm(
        tmp_path / "film.yaml", [build_step("SH010")], {"paid": provider}, events=HangUpEvents()
    )
    assert film.render().exit_code == 130
    assert [attempt.state for attempt in Ledger.read_attempts(film.state)] == [State.SUBMITTED]
    assert any("continues on paid" in note["message"] for note in film.find_events("note"))
