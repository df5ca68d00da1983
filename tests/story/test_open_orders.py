"""What a run that died has ordered is paid once: fetched under any limit, as it was meant."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import storyboard
from storyboard.pipeline.render import RenderOptions, check_budget_and_compute_cap
from storyboard.pipeline.session import FilmSession, check_film
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import Ledger
from storyboard.simulator.server import Simulator
from tests.conftest import ROOT
from tests.story.wires import SimulatorFilm, build_environment, run_in_process, set_up_film

Capture = pytest.CaptureFixture[str]
TWO = """{id: SH010, prompt: A lighthouse, duration: 4}
  - {id: SH020, prompt: A boat, duration: 4}"""


@pytest.fixture
def film(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatorFilm:
    simulator.world.reset()
    return set_up_film(simulator, "vertex", tmp_path, monkeypatch)


def kill_while_job_runs(film: SimulatorFilm, *flags: str) -> None:
    """Renders in a process of its own, which dies once the job's name is in the ledger."""
    film.simulator.world.change_settings(latency_s=600.0)
    process = subprocess.Popen(
        [sys.executable, "-m", "storyboard", "render", "film.yaml", *film.shots, "--yes", *flags],
        cwd=film.folder,
        env={**os.environ, **build_environment(film.simulator), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not any(request.route == "poll" for request in film.simulator.world.journal):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()
    film.simulator.world.clock.advance(600)
    film.simulator.world.change_settings(latency_s=0.0)


def test_a_running_job_is_fetched_within_the_budget_it_used_up(
    film: SimulatorFilm, capsys: Capture
) -> None:
    film.write_film(more="policy: {budget_usd: 1.60}")
    kill_while_job_runs(film)
    plan = run_in_process(capsys, "plan", "film.yaml", "SH010")
    assert plan.code == 0, plan.err
    assert "in flight, $1.60 held" in plan.out
    assert "new shot" not in plan.out
    totals = run_in_process(capsys, "plan", "film.yaml", "--json").json["totals"]
    assert (totals["cost_usd"], totals["held_usd"]) == ("0.00", "1.60")
    result = run_in_process(capsys, "render", "film.yaml", "SH010", "--frozen", "--max-cost", "0")
    assert result.code == 0, result.err
    assert (film.attempts[-1].state, film.submission_count) == (State.COMMITTED, 1)
    assert run_in_process(capsys, "plan", "film.yaml", "SH010", "--retake", "SH010").code == 6


def test_a_job_that_failed_between_renders_is_not_bought_again_unasked(
    film: SimulatorFilm, capsys: Capture
) -> None:
    film.write_film(more="policy: {on_failed: retry}")
    film.simulator.world.faults.add("failed")
    kill_while_job_runs(film)
    assert run_in_process(capsys, "render", "film.yaml", "SH010").code == 6
    assert film.submission_count == 1, "nobody was asked whether to buy another"
    assert run_in_process(capsys, "render", "film.yaml", "SH010", "--yes").code == 0
    assert (film.submission_count, len(film.charges)) == (2, 1)


def test_other_shots_continue_beside_one_that_needs_resolve(
    film: SimulatorFilm, capsys: Capture
) -> None:
    film.shots = ("SH010", "SH020")
    film.write_film(TWO, more="policy: {budget_usd: 3.20}")
    film.simulator.world.faults.add("drop_before=lighthouse@submit")
    assert run_in_process(capsys, "render", "film.yaml", "SH010", "--yes").code == 7
    plan = run_in_process(capsys, "plan", "film.yaml")
    assert "waits for a person, $1.60 held" in plan.out
    assert "storyboard resolve FILM SH010:t01" in plan.out
    assert film.render(capsys).code == 7
    states = {attempt.step: attempt.state for attempt in film.attempts}
    assert states == {"SH010": State.UNKNOWN, "SH020": State.COMMITTED}


def test_a_request_that_never_left_reserves_no_money(film: SimulatorFilm) -> None:
    film.write_film(more="policy: {budget_usd: 1.60}")
    session = FilmSession(check_film(Path("film.yaml")), create=True)
    plan = session.plan(shots=("SH010",))
    (node,) = plan.nodes
    _leave_reserved_attempt(session.state, node.digest)
    again = session.plan(shots=("SH010",))
    assert (again.cost_micros, again.pending) == (1_600_000, ())
    assert check_budget_and_compute_cap(session, again, RenderOptions()) == 1_600_000
    session.close()


def _leave_reserved_attempt(state: Path, digest: str) -> None:
    """A run that died between the reservation of the money and the request."""
    import asyncio

    ledger = Ledger(state)
    attempt = Attempt(digest, 1, "SH010", "SH010", "generate", "vertex", "veo", False)
    asyncio.run(ledger.reserve_attempts([attempt], price_micros=1_600_000, cap_micros=None))
    ledger.close()


def test_a_retake_is_picked_whichever_run_fetches_it(film: SimulatorFilm, capsys: Capture) -> None:
    assert film.render(capsys).code == 0
    film.simulator.world.journal.clear()
    kill_while_job_runs(film, "--retake", "SH010")
    plan = run_in_process(capsys, "plan", "film.yaml", "SH010")
    assert "t02 in flight" in plan.out
    assert run_in_process(capsys, "render", "film.yaml", "SH010").code == 0
    assert list_picks(film) == [("SH010", "t02")]
    assert len(film.charges) == 2


def list_picks(film: SimulatorFilm) -> list[tuple[str, str]]:
    """Shot and name of every take that is picked in the lock file."""
    takes = storyboard.list_takes(film.folder / "film.yaml")
    return [(take.step.shot, take.name) for take in takes if take.is_picked]


def test_a_retake_is_picked_though_the_lock_file_was_not_written(
    film: SimulatorFilm, capsys: Capture
) -> None:
    assert film.render(capsys).code == 0
    lock = film.folder / "film.selects.yaml"
    before = lock.read_text()
    assert film.render(capsys, "--retake", "SH010").code == 0
    lock.write_text(before)
    assert run_in_process(capsys, "render", "film.yaml", "SH010").code == 0
    assert list_picks(film) == [("SH010", "t02")]
    assert run_in_process(capsys, "pick", "film.yaml", "SH010", "t01").code == 0
    assert run_in_process(capsys, "render", "film.yaml", "SH010").code == 0
    assert list_picks(film) == [("SH010", "t01")], "a person's later word stands"
