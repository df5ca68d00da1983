"""What a run that died has ordered is paid once: fetched under any limit, as it was meant."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storyboard.make import Order, budget
from storyboard.production import Production, examine
from storyboard.run.attempts import Attempt, State
from storyboard.run.ledger import Ledger
from storyboard.simulator.serve import Simulator
from tests.conftest import ROOT
from tests.story.wires import Stage, cli, environment, staged

Capture = pytest.CaptureFixture[str]
TWO = """{id: SH010, prompt: A lighthouse, duration: 4}
  - {id: SH020, prompt: A boat, duration: 4}"""


@pytest.fixture
def play(services: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    services.world.reset()
    return staged(services, "vertex", tmp_path, monkeypatch)


def killed_while_it_runs(play: Stage, *flags: str) -> None:
    """Renders in a process of its own, which dies once the job's name is in the ledger."""
    play.sim.world.change(latency_s=600.0)
    child = subprocess.Popen(
        [sys.executable, "-m", "storyboard", "render", "film.yaml", *play.shots, "--yes", *flags],
        cwd=play.folder,
        env={**os.environ, **environment(play.sim), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not any(each.route == "poll" for each in play.sim.world.journal):
        assert child.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    child.kill()
    child.wait()
    play.sim.world.clock.advance(600)
    play.sim.world.change(latency_s=0.0)


def test_a_job_that_runs_is_fetched_under_the_budget_that_it_has_used_up(
    play: Stage, capsys: Capture
) -> None:
    play.write(more="policy: {budget_usd: 1.60}")
    killed_while_it_runs(play)
    told = cli(capsys, "plan", "film.yaml", "SH010")
    assert told.code == 0, told.err
    assert "in flight, $1.60 held" in told.out
    assert "new shot" not in told.out
    totals = cli(capsys, "plan", "film.yaml", "--json").json["totals"]
    assert (totals["cost_usd"], totals["held_usd"]) == ("0.00", "1.60")
    said = cli(capsys, "render", "film.yaml", "SH010", "--frozen", "--max-cost", "0")
    assert said.code == 0, said.err
    assert (play.attempts[-1].state, play.submits) == (State.COMMITTED, 1)
    assert cli(capsys, "plan", "film.yaml", "SH010", "--retake", "SH010").code == 6


def test_what_failed_while_nobody_looked_is_not_bought_again_unasked(
    play: Stage, capsys: Capture
) -> None:
    play.write(more="policy: {on_failed: retry}")
    play.sim.world.faults.add("failed")
    killed_while_it_runs(play)
    assert cli(capsys, "render", "film.yaml", "SH010").code == 6
    assert play.submits == 1, "nobody was asked whether to buy another"
    assert cli(capsys, "render", "film.yaml", "SH010", "--yes").code == 0
    assert (play.submits, len(play.charges)) == (2, 1)


def test_beside_a_shot_that_waits_for_a_person_the_others_go_on(
    play: Stage, capsys: Capture
) -> None:
    play.shots = ("SH010", "SH020")
    play.write(TWO, more="policy: {budget_usd: 3.20}")
    play.sim.world.faults.add("drop_before=lighthouse@submit")
    assert cli(capsys, "render", "film.yaml", "SH010", "--yes").code == 7
    told = cli(capsys, "plan", "film.yaml")
    assert "waits for a person, $1.60 held" in told.out
    assert "storyboard resolve FILM SH010:t01" in told.out
    assert play.render(capsys).code == 7
    made = {each.step: each.state for each in play.attempts}
    assert made == {"SH010": State.UNKNOWN, "SH020": State.COMMITTED}


def test_a_request_that_never_left_holds_no_money(play: Stage) -> None:
    play.write(more="policy: {budget_usd: 1.60}")
    production = Production(examine(Path("film.yaml")), create=True)
    plan = production.plan(shots=("SH010",))
    (node,) = plan.nodes
    _intend(production.state, node.digest)
    again = production.plan(shots=("SH010",))
    assert (again.cost_micros, again.pending) == (1_600_000, ())
    assert budget(production, again, Order()) == 1_600_000
    production.close()


def _intend(state: Path, digest: str) -> None:
    """A run that died between the reservation of the money and the request."""
    import asyncio

    ledger = Ledger(state)
    attempt = Attempt(digest, 1, "SH010", "SH010", "generate", "vertex", "veo", False)
    asyncio.run(ledger.begin([attempt], price_micros=1_600_000, cap_micros=None))
    ledger.close()


def test_a_retake_is_picked_whichever_run_fetches_it(play: Stage, capsys: Capture) -> None:
    assert play.render(capsys).code == 0
    play.sim.world.journal.clear()
    killed_while_it_runs(play, "--retake", "SH010")
    told = cli(capsys, "plan", "film.yaml", "SH010")
    assert "t02 in flight" in told.out
    assert cli(capsys, "render", "film.yaml", "SH010").code == 0
    assert "pick: t02" in (play.folder / "film.selects.yaml").read_text()
    assert len(play.charges) == 2


def test_a_retake_is_picked_even_where_the_lock_file_was_not_written_any_more(
    play: Stage, capsys: Capture
) -> None:
    assert play.render(capsys).code == 0
    lock = play.folder / "film.selects.yaml"
    before = lock.read_text()
    assert play.render(capsys, "--retake", "SH010").code == 0
    lock.write_text(before)
    assert cli(capsys, "render", "film.yaml", "SH010").code == 0
    assert "pick: t02" in lock.read_text()
    assert cli(capsys, "pick", "film.yaml", "SH010", "t01").code == 0
    assert cli(capsys, "render", "film.yaml", "SH010").code == 0
    assert "pick: t01" in lock.read_text(), "a person's later word stands"
