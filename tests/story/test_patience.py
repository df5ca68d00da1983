"""A job or a download that takes too long: the run says so, ends, and keeps the job."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

import storyboard
from storyboard.cli.progress import Progress
from storyboard.run.events import OperationProgress
from storyboard.run.executor.errors import StillRunning
from storyboard.run.executor.operation_wait import OperationWait, Patience
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.simulator.server import Simulator
from tests.story.wires import SimulatorFilm, set_up_film

A_MOMENT = "0.003"
"""Minutes."""


@pytest.fixture
def film(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatorFilm:
    return set_up_film(simulator, "vertex", tmp_path, monkeypatch)


def test_a_job_that_never_ends_is_kept_for_the_next_render(
    film: SimulatorFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    film.simulator.world.change_settings(latency_s=86_400.0)
    result = film.render(capsys, "--patience", A_MOMENT)
    assert result.code == 3
    assert "SH010:t01 still runs at vertex after 0 s (usually 11 s to 6 min)" in result.err
    assert "the job is kept and $1.60 stays reserved; render again goes on asking" in result.err
    assert "--patience MINUTES" in result.err
    assert [attempt.state for attempt in film.attempts] == [State.SUBMITTED]

    for job in film.simulator.world.jobs.values():
        job.ready_at = 0.0
    assert film.render(capsys).code == 0
    assert len(film.charges) == film.submission_count == 1


def test_a_poll_that_gives_no_answer_ends_too(
    film: SimulatorFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    film.simulator.world.faults.add("slow=2@poll")
    result = film.render(capsys, "--patience", A_MOMENT)
    assert result.code == 3
    assert "SH010:t01 still runs at vertex" in result.err
    assert film.render(capsys).code == 0
    assert len(film.charges) == film.submission_count == 1


@pytest.mark.parametrize("wire", ["bucket", "gemini", "videos"])
def test_a_download_that_stalls_is_left_to_the_next_render(
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wire: str,
) -> None:
    film = set_up_film(simulator, wire, tmp_path, monkeypatch)
    film.simulator.world.faults.add("slow=2@download")
    assert film.render(capsys, "--patience", A_MOMENT).code == 3
    assert film.attempts[0].held_micros
    assert film.render(capsys).code == 0
    assert len(film.charges) == film.submission_count == 1


def test_a_download_that_drips_says_so_and_ends() -> None:
    attempt = Attempt("d", 1, "SH010", "SH010", "generate", "vertex", "m", repeatable=False)
    events: list[storyboard.Event] = []

    async def wait_for_download() -> None:
        wait = OperationWait(attempt, Patience(0.05), events.append, 0.01)
        await wait.run_request(asyncio.Event().wait(), "still downloads")

    with pytest.raises(StillRunning, match="SH010:t01 still downloads at vertex after 0 s"):
        asyncio.run(wait_for_download())
    assert events


def test_local_work_takes_as_long_as_it_takes() -> None:
    attempt = Attempt("d", 1, "SH010", "SH010", "generate", "previz", "m", repeatable=True)
    assert Patience(0.05).find_limit_s(attempt) == math.inf


def test_a_program_says_how_long_to_wait(film: SimulatorFilm) -> None:
    film.simulator.world.change_settings(latency_s=86_400.0)
    events: list[storyboard.Event] = []
    rendered = storyboard.render(
        "film.yaml",
        shots=film.shots,
        max_cost_usd=None,
        patience_min=float(A_MOMENT),
        on_event=events.append,
    )
    assert list(rendered.result.failed) == ["SH010"]
    told = next(event for event in events if isinstance(event, OperationProgress))
    assert (told.usual_s, told.cost_usd) == ((11, 360), 1.6)


@pytest.mark.parametrize("minutes", ["soon", "0", "-1", "nan"])
def test_patience_is_minutes_or_infinite(
    film: SimulatorFilm, capsys: pytest.CaptureFixture[str], minutes: str
) -> None:
    assert "like 90 or infinite" in film.render(capsys, "--patience", minutes).err
    assert film.render(capsys, "--patience", "infinite").code == 0
    with pytest.raises(storyboard.UsageError):
        storyboard.render("film.yaml", patience_min=0)


def test_signs_of_life_come_at_growing_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(as_json=False, quiet=False, verbose=False) as progress:
        for second in range(0, 3600, 10):
            progress(
                OperationProgress(
                    step="SH010",
                    operation="jobs/1",
                    elapsed_s=second,
                    usual_s=(11, 360),
                    cost_usd=3.2,
                )
            )
    lines = [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]
    minutes = [line.split()[3] for line in lines]
    assert minutes == "1 2 4 8 16 26 36 46 56".split()
    assert lines[0] == "SH010: waiting for 1 min (usually 11 s to 6 min, $3.20 at stake)"
