"""What a table row can't say: killed processes, takes of one order, and a person's word."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from storyboard.providers import files
from storyboard.providers.http import Wire
from storyboard.run import following
from storyboard.simulator import gemini, world
from storyboard.simulator.serve import Simulator
from tests.conftest import ROOT
from tests.story.test_fault_table import ended, goes_on, row_of
from tests.story.wires import Stage, cli, environment, staged

Capture = pytest.CaptureFixture[str]
TAKES = "{id: SH010, prompt: A boat at the quay, duration: 4, takes: 3}"
LONGER = """{id: SH010, prompt: A boat at the quay, duration: 4}
  - {id: SH020, extend: SH010, prompt: It casts off}"""


@pytest.fixture
def stage(
    services: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Stage]:
    return lambda wire: staged(services, wire, tmp_path, monkeypatch)


def killed_at(stage: Stage, route: str) -> None:
    """Renders in a process of its own, and kills it when a request of that route came in."""
    child = subprocess.Popen(
        [sys.executable, "-m", "storyboard", "render", "film.yaml", "SH010", "--yes", "-q"],
        cwd=stage.folder,
        env={**os.environ, **environment(stage.sim), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not any(each.route == route for each in stage.sim.world.journal):
        assert child.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    child.kill()
    child.wait()


def begun(stage: Stage) -> None:
    """Waits for the job: the service goes on, whoever asked."""
    until = time.monotonic() + 10
    while not stage.jobs:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_killed_with_the_order_on_its_way_nothing_is_sent_again(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    play = stage("vertex")
    play.sim.world.faults.add("slow=0.3@submit")
    killed_at(play, "submit")
    row = row_of("killed", "submit")
    ended(play, row)
    begun(play)
    goes_on(play, row, capsys)
    assert cli(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", play.jobs[0]).code == 0
    assert play.render(capsys).code == 0
    assert (len(play.charges), play.submits) == (1, 1)


def test_an_answer_that_never_comes_leaves_the_order_unknown(
    stage: Callable[[str], Stage], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, play = row_of("`slow`", "submit, beyond all patience"), stage("gemini")
    usual = Wire.order.__kwdefaults__ or {}
    monkeypatch.setattr(Wire.order, "__kwdefaults__", {**usual, "read_s": 0.2})
    play.sim.world.faults.add("slow=0.6@submit")
    said = play.render(capsys)
    assert (said.code, row.says[0] in said.err) == (int(row.exit), True)
    ended(play, row)
    begun(play)
    goes_on(play, row, capsys)
    assert (len(play.charges), play.submits) == (1, 1)


def test_killed_with_the_job_running_the_next_render_fetches_it(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    play = stage("videos")
    play.sim.world.change(latency_s=60.0)
    killed_at(play, "poll")
    row = row_of("killed", "poll")
    ended(play, row)
    play.sim.world.clock.advance(60)
    goes_on(play, row, capsys)
    assert play.attempts[-1].settled_micros == play.attempts[-1].reserved_micros


def test_of_three_takes_the_filtered_one_alone_is_bought_again(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    row, play = row_of("`partial`", "job"), stage("vertex")
    play.write(TAKES)
    play.sim.world.faults.add("partial")
    said = play.render(capsys)
    assert said.code == int(row.exit)
    assert row.says[0] in said.err
    found = {each.name: (each.state, each.settled_micros) for each in play.attempts}
    assert sorted(found.values()) == [("committed", 1_600_000)] * 2 + [("filtered", 0)]
    assert (len(play.charges), len(play.stored)) == (2, 2)
    for _ in range(2):
        assert play.render(capsys).code == int(row.after[0])
        assert (len(play.charges), len(play.stored), play.submits) == (3, 3, 2)
    assert asked_for(play) == [3, 1]


def test_a_film_may_ask_again_for_what_was_filtered(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    play = stage("vertex")
    play.write(TAKES, "policy: {on_filtered: retry}")
    play.sim.world.faults.add("partial")
    assert play.render(capsys).code == 0
    assert (asked_for(play), len(play.charges), len(play.stored)) == ([3, 1], 3, 3)


def asked_for(stage: Stage) -> list[int]:
    """Results that were asked for, order by order."""
    orders = [each.json for each in stage.sim.world.journal if each.route == "submit"]
    return [order["parameters"]["sampleCount"] for order in orders]


@pytest.mark.parametrize(
    ("wire", "fault"),
    [
        ("videos", "wrong_size"),
        ("omni", "wrong_length"),
        ("chat", "filtered"),
        ("chat", "failed"),
    ],
)
def test_what_was_charged_is_never_bought_again_by_itself(
    stage: Callable[[str], Stage], capsys: Capture, wire: str, fault: str
) -> None:
    play = stage(wire)
    play.write(more="policy: {on_failed: retry, on_filtered: retry}")
    play.sim.world.faults.add(fault)
    said = play.render(capsys)
    assert (said.code, "counted as charged" in said.err) == (3, True)
    assert (len(play.attempts), play.submits) == (1, 1)
    assert play.attempts[0].settled_micros == play.attempts[0].reserved_micros


def test_what_cost_nothing_is_asked_again_where_the_film_says_so(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    play = stage("gemini")
    play.write(more="policy: {on_failed: retry, on_filtered: retry}")
    for fault in ("failed", "filtered"):
        play.sim.world.faults.add(fault)
    assert play.render(capsys).code == 0
    assert (len(play.charges), play.submits) == (1, 3)


def test_the_quota_is_waited_for_as_long_as_the_service_says(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    play = stage("gemini")
    play.sim.world.faults.add("rate_limit=0.6")
    assert play.render(capsys).code == 0
    first, second = [each.at for each in play.sim.world.journal if each.route == "submit"]
    assert second - first >= 0.5, "the service's own time, give or take a little"
    assert [each.state for each in play.attempts] == ["failed", "committed"]
    assert len(play.charges) == 1


def test_an_extension_waits_for_service_agents(
    stage: Callable[[str], Stage], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def short(seconds: float) -> float:
        pauses.append(seconds)
        return 0.01

    row, play = row_of("`provisioning`", "job"), stage("vertex")
    play.shots = ("SH010", "SH020")
    play.write(LONGER)
    play.sim.world.faults.add("provisioning")
    with monkeypatch.context() as quick:
        quick.setattr("storyboard.run.making.later", short)
        said = play.render(capsys)
    assert (said.code, row.says[0] in said.err) == (int(row.exit), True)
    assert pauses
    assert max(pauses) >= 60, "the service's own pause"
    assert [each.state for each in play.attempts] == ["committed", "failed", "committed"]
    assert [each.settled_micros > 0 for each in play.attempts] == [True, False, True]
    assert (len(play.charges), play.submits) == (2, 3)
    assert play.render(capsys).code == 0
    assert (len(play.charges), play.submits) == (2, 3)


@pytest.mark.parametrize(
    ("wire", "spelt"),
    [
        ("vertex", "{}"),
        ("gemini", "{}"),
        ("omni", "interactions/{}"),
        ("omni", "{}"),
        ("omni", "projects/reels/locations/global/interactions/{}"),
        ("videos", "{}"),
    ],
)
def test_an_unknown_order_is_adopted_and_fetched(
    stage: Callable[[str], Stage], capsys: Capture, wire: str, spelt: str
) -> None:
    play = stage(wire)
    play.sim.world.faults.add("drop_after")
    assert play.render(capsys).code == 7
    asked = cli(capsys, "resolve", "film.yaml", "SH010:t01")
    assert (asked.code, "is held" in asked.err) == (7, True)
    name = spelt.format(play.jobs[0])
    assert cli(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", name).code == 0
    assert play.render(capsys).code == 0
    assert (len(play.charges), play.submits, len(play.stored)) == (1, 1, 1)


def test_a_name_that_was_mistyped_is_told_again(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    play = stage("vertex")
    play.sim.world.faults.add("drop_after")
    assert play.render(capsys).code == 7
    name = play.jobs[0]
    for adopted, code in ((name[:-1], 7), ("nonsense", 7), (name, 0)):
        assert cli(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", adopted).code == 0
        assert play.render(capsys).code == code
    assert (len(play.charges), play.submits, len(play.stored)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("fault", "word", "flags", "charges", "settled"),
    [
        ("drop_before", "--assume-not-sent", (), 1, 0),
        ("drop_after", "--assume-lost", ("--rebuy", "SH010"), 2, 1_280_000),
    ],
)
def test_a_person_says_what_became_of_it_and_it_is_bought(
    stage: Callable[[str], Stage],
    capsys: Capture,
    fault: str,
    word: str,
    flags: tuple[str, ...],
    charges: int,
    settled: int,
) -> None:
    play = stage("chat")
    play.sim.world.faults.add(fault)
    assert play.render(capsys).code == 7
    said = cli(capsys, "resolve", "film.yaml", "SH010:t01", word)
    assert said.code == 0
    became = "$1.28 is counted as spent" if settled else "$1.28 is free again"
    assert became in said.out + said.err
    assert play.attempts[0].settled_micros == settled
    if settled:
        assert play.render(capsys).code == 7, "what was paid for is bought again by --rebuy alone"
    assert play.render(capsys, *flags).code == 0
    assert (len(play.charges), play.submits) == (charges, 2)


def test_what_expired_before_it_was_fetched_is_lost_and_bought_by_rebuy(
    stage: Callable[[str], Stage], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = stage("gemini")
    play.sim.world.faults.add("html:40@download")
    assert play.render(capsys).code == 3
    assert play.attempts[0].state == "done_remote"
    play.sim.world.faults.clear()
    play.sim.world.clock.advance(49 * 3600)
    said = play.render(capsys)  # by our own clock it should be there still
    assert (said.code, "does not show its video" in said.err) == (4, True)
    assert play.attempts[0].state == "done_remote"
    late = SimpleNamespace(
        time=lambda: time.time() + 49 * 3600,
        monotonic=time.monotonic,
        strftime=time.strftime,
        gmtime=time.gmtime,
    )
    monkeypatch.setattr(files, "time", late)
    monkeypatch.setattr(following, "time", late)
    said = play.render(capsys)
    assert (said.code, "expired before it was fetched" in said.err) == (3, True)
    assert [(each.state, each.held_micros) for each in play.attempts] == [("lost", 0)]
    assert (play.attempts[0].settled_micros, play.submits) == (1_600_000, 1)
    assert play.render(capsys).code == 7
    assert play.render(capsys, "--rebuy", "SH010").code == 0
    assert (len(play.charges), len(play.stored)) == (2, 1)


def test_a_result_that_its_service_spoiled_is_told_with_the_reason(
    stage: Callable[[str], Stage], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = stage("gemini")
    monkeypatch.setattr(world.File, "state", property(lambda file: "FAILED"))
    told = {"state": "FAILED", "error": {"message": "the encoder ran out of frames"}}
    monkeypatch.setattr(gemini, "resource", lambda world, file: told)
    said = play.render(capsys)
    assert (said.code, "the encoder ran out of frames" in said.err) == (3, True)
    assert "expired" not in said.err
    assert "it is counted as charged" in said.err
    assert [(each.state, each.held_micros) for each in play.attempts] == [("lost", 0)]
    assert "ran out of frames" in play.attempts[0].message


def test_a_job_that_its_service_forgot_is_given_up_by_a_person(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    play = stage("vertex")
    play.sim.world.faults.add("not_found:8@poll")
    said = play.render(capsys)
    assert (said.code, "--assume-lost" in said.err) == (7, True)
    wrong = cli(capsys, "resolve", "film.yaml", "SH010:t01", "--assume-not-sent")
    assert wrong.code == 2, "it was sent"
    assert cli(capsys, "resolve", "film.yaml", "SH010:t01").code == 7
    assert cli(capsys, "resolve", "film.yaml", "SH010:t01", "--assume-lost").code == 0
    assert play.attempts[0].state == "lost"
    assert play.render(capsys).code == 7
    assert play.render(capsys, "--rebuy", "SH010").code == 0
    assert len(play.charges) == 2


def test_a_job_that_its_service_never_speaks_of_again_is_given_up_by_a_person(
    stage: Callable[[str], Stage], capsys: Capture
) -> None:
    play = stage("videos")
    play.sim.world.faults.add("excuse:8@poll")
    said = play.render(capsys)
    assert (said.code, "does not say how SH010:t01 stands" in said.err) == (3, True)
    assert "(`storyboard resolve FILM SH010:t01 --assume-lost` gives it up)" in said.err
    assert cli(capsys, "resolve", "film.yaml", "SH010:t01", "--assume-lost").code == 0
    assert play.attempts[0].state == "lost"
    assert play.render(capsys).code == 7
    assert play.render(capsys, "--rebuy", "SH010").code == 0
    assert len(play.charges) == 2
