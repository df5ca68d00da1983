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
from run_fakes import Pretend, Set, shot

from storyboard.run.attempts import State
from storyboard.run.events import Event
from storyboard.run.ledger import Ledger
from tests.conftest import PLUGINS, ROOT

FILM = """
storyboard: 1
defaults: {provider: studio, model: studio-1, duration: 4}
shots:
  - {id: SH010, prompt: A boat}
  - {id: SH020, prompt: A gull}
"""


@pytest.fixture
def shell(tmp_path: Path, write: Callable[..., Path]) -> Callable[[str], Any]:
    """A line of shell in a film's folder, `$SB` being the command."""
    write(FILM)
    env = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{PLUGINS}",
        "STUDIO_BILL": str(tmp_path / "bill.jsonl"),
        "STUDIO_CLIP": str(tmp_path / "clip.mp4"),
        "STORYBOARD_POLL_S": "0.01",
        "SB": f"{sys.executable} -m storyboard",
    }

    def run(line: str) -> subprocess.CompletedProcess[str]:
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

    return run


def test_a_render_goes_on_when_nobody_reads_any_more(
    shell: Callable[[str], Any], bill: Callable[[], list[Any]], tmp_path: Path
) -> None:
    done = shell("$SB render film.yaml --yes --json | true")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(bill()) == 2
    assert (tmp_path / "build" / "film.mp4").exists()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_from_the_start_are_no_fault(
    shell: Callable[[str], Any], tmp_path: Path, closed: str
) -> None:
    done = shell(f"$SB render film.yaml --yes {closed}")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert (tmp_path / "build" / "film.mp4").exists()
    assert (done.stdout.strip() == "build/film.mp4") is (closed == "2>&-")


def test_what_a_command_starts_has_its_three_streams_too(shell: Callable[[str], Any]) -> None:
    ask = "import os; [os.fstat(number) for number in range(3)]"
    start = (
        "import subprocess, sys; from storyboard.cli.streams import Streams; Streams();"
        f"sys.exit(subprocess.run([sys.executable, '-c', '{ask}']).returncode)"
    )
    assert shell(f'{sys.executable} -c "{start}" <&- >&- 2>&-').returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="wants a disk that is always full")
def test_an_answer_that_could_not_be_written_is_told(shell: Callable[[str], Any]) -> None:
    done = shell("$SB plan film.yaml --exit-code > /dev/full")
    assert done.returncode == 4
    assert done.stderr == "error: the answer could not be written: No space left on device\n"
    assert shell("$SB plan film.yaml 2> /dev/full").returncode == 0
    assert shell("$SB plan film.yaml --max-cost 0.01 --json > /dev/full").returncode == 6


def test_ctrl_c_before_anything_began_is_quiet() -> None:
    at_once = """
import os, signal, sys
class Impatient:
    def find_spec(self, name, *rest):
        if name == "storyboard.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Impatient())
from storyboard.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", at_once], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


class Until(list[Event]):
    """Closes the terminal once a job is known to run."""

    def append(self, event: Event) -> None:
        super().append(event)
        if event.type == "operation_progress":
            os.kill(os.getpid(), signal.SIGHUP)


def test_a_terminal_that_is_closed_stops_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.05")
    maker = Pretend(tmp_path / "remote", running_polls=10**6)
    film = Set(tmp_path / "film.yaml", [shot("SH010")], {"paid": maker}, events=Until())
    assert film.render().exit_code == 130
    assert [each.state for each in Ledger.read(film.state)] == [State.SUBMITTED]
    assert any("goes on at paid" in note["message"] for note in film.told("note"))
