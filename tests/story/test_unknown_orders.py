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

from storyboard.providers.google import gemini_files
from storyboard.providers.http.service import ServiceClient
from storyboard.run.executor import result_expiry
from storyboard.simulator import state as world
from storyboard.simulator.google import gemini
from storyboard.simulator.server import Simulator
from tests.conftest import ROOT
from tests.story.test_fault_table import check_next_renders, check_outcome, find_row
from tests.story.wires import SimulatorFilm, build_environment, run_in_process, set_up_film

Capture = pytest.CaptureFixture[str]
TAKES = "{id: SH010, prompt: A boat at the quay, duration: 4, takes: 3}"
LONGER = """{id: SH010, prompt: A boat at the quay, duration: 4}
  - {id: SH020, extend: SH010, prompt: It casts off}"""


@pytest.fixture
def create_film(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], SimulatorFilm]:
    return lambda wire: set_up_film(simulator, wire, tmp_path, monkeypatch)


def render_and_kill_at(film: SimulatorFilm, route: str) -> None:
    """Renders in a process of its own, and kills it when a request of that route came in."""
    process = subprocess.Popen(
        [sys.executable, "-m", "storyboard", "render", "film.yaml", "SH010", "--yes", "-q"],
        cwd=film.folder,
        env={**os.environ, **build_environment(film.simulator), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not any(request.route == route for request in film.simulator.world.journal):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()


def wait_for_job(film: SimulatorFilm) -> None:
    """Waits for the job: the service goes on, whoever asked."""
    deadline = time.monotonic() + 10
    while not film.jobs:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_during_a_submission_nothing_is_submitted_again(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    film = create_film("vertex")
    film.simulator.world.faults.add("slow=0.3@submit")
    render_and_kill_at(film, "submit")
    row = find_row("killed", "submit")
    check_outcome(film, row)
    wait_for_job(film)
    check_next_renders(film, row, capsys)
    assert (
        run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", film.jobs[0]).code
        == 0
    )
    assert film.render(capsys).code == 0
    assert (len(film.charges), film.submission_count) == (1, 1)


def test_an_answer_that_never_comes_leaves_the_submission_unknown(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, film = find_row("`slow`", "submit, beyond all patience"), create_film("gemini")
    usual = ServiceClient.post_once.__kwdefaults__ or {}
    monkeypatch.setattr(ServiceClient.post_once, "__kwdefaults__", {**usual, "max_silence_s": 0.2})
    film.simulator.world.faults.add("slow=0.6@submit")
    result = film.render(capsys)
    assert (result.code, row.messages[0] in result.err) == (int(row.exit), True)
    check_outcome(film, row)
    wait_for_job(film)
    check_next_renders(film, row, capsys)
    assert (len(film.charges), film.submission_count) == (1, 1)


def test_killed_with_the_job_running_the_next_render_fetches_it(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    film = create_film("videos")
    film.simulator.world.change_settings(latency_s=60.0)
    render_and_kill_at(film, "poll")
    row = find_row("killed", "poll")
    check_outcome(film, row)
    film.simulator.world.clock.advance(60)
    check_next_renders(film, row, capsys)
    assert film.attempts[-1].settled_micros == film.attempts[-1].reserved_micros


def test_of_three_takes_the_filtered_one_alone_is_bought_again(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    row, film = find_row("`partial`", "job"), create_film("vertex")
    film.write_film(TAKES)
    film.simulator.world.faults.add("partial")
    result = film.render(capsys)
    assert result.code == int(row.exit)
    assert row.messages[0] in result.err
    states = {attempt.name: (attempt.state, attempt.settled_micros) for attempt in film.attempts}
    assert sorted(states.values()) == [("committed", 1_600_000)] * 2 + [("filtered", 0)]
    assert (len(film.charges), len(film.stored_media)) == (2, 2)
    for _ in range(2):
        assert film.render(capsys).code == int(row.next_render[0])
        assert (len(film.charges), len(film.stored_media), film.submission_count) == (3, 3, 2)
    assert list_requested_takes(film) == [3, 1]


def test_a_film_may_ask_again_for_what_was_filtered(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    film = create_film("vertex")
    film.write_film(TAKES, "policy: {on_filtered: retry}")
    film.simulator.world.faults.add("partial")
    assert film.render(capsys).code == 0
    assert (list_requested_takes(film), len(film.charges), len(film.stored_media)) == ([3, 1], 3, 3)


def list_requested_takes(film: SimulatorFilm) -> list[int]:
    """Results that were asked for, order by order."""
    bodies = [request.json for request in film.simulator.world.journal if request.route == "submit"]
    return [body["parameters"]["sampleCount"] for body in bodies]


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
    create_film: Callable[[str], SimulatorFilm], capsys: Capture, wire: str, fault: str
) -> None:
    film = create_film(wire)
    film.write_film(more="policy: {on_failed: retry, on_filtered: retry}")
    film.simulator.world.faults.add(fault)
    result = film.render(capsys)
    assert (result.code, "counts as charged" in result.err) == (3, True)
    assert (len(film.attempts), film.submission_count) == (1, 1)
    assert film.attempts[0].settled_micros == film.attempts[0].reserved_micros


def test_what_cost_nothing_is_asked_again_where_the_film_says_so(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    film = create_film("gemini")
    film.write_film(more="policy: {on_failed: retry, on_filtered: retry}")
    for fault in ("failed", "filtered"):
        film.simulator.world.faults.add(fault)
    assert film.render(capsys).code == 0
    assert (len(film.charges), film.submission_count) == (1, 3)


def test_the_quota_is_waited_for_as_long_as_the_service_says(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    film = create_film("gemini")
    film.simulator.world.faults.add("rate_limit=0.6")
    assert film.render(capsys).code == 0
    first, second = [each.at for each in film.simulator.world.journal if each.route == "submit"]
    assert second - first >= 0.5, "the service's own time, give or take a little"
    assert [each.state for each in film.attempts] == ["failed", "committed"]
    assert len(film.charges) == 1


def test_an_extension_waits_for_service_agents(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def shorten_pause(seconds: float) -> float:
        pauses.append(seconds)
        return 0.01

    row, film = find_row("`provisioning`", "job"), create_film("vertex")
    film.shots = ("SH010", "SH020")
    film.write_film(LONGER)
    film.simulator.world.faults.add("provisioning")
    with monkeypatch.context() as quick:
        quick.setattr("storyboard.run.executor.take_maker.pad_delay", shorten_pause)
        result = film.render(capsys)
    assert (result.code, row.messages[0] in result.err) == (int(row.exit), True)
    assert pauses
    assert max(pauses) >= 60, "the service's own pause"
    assert [attempt.state for attempt in film.attempts] == ["committed", "failed", "committed"]
    assert [attempt.settled_micros > 0 for attempt in film.attempts] == [True, False, True]
    assert (len(film.charges), film.submission_count) == (2, 3)
    assert film.render(capsys).code == 0
    assert (len(film.charges), film.submission_count) == (2, 3)


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
def test_an_unknown_submission_is_adopted_and_fetched(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture, wire: str, spelt: str
) -> None:
    film = create_film(wire)
    film.simulator.world.faults.add("drop_after")
    assert film.render(capsys).code == 7
    result = run_in_process(capsys, "resolve", "film.yaml", "SH010:t01")
    assert (result.code, "is reserved" in result.err) == (7, True)
    name = spelt.format(film.jobs[0])
    assert run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", name).code == 0
    assert film.render(capsys).code == 0
    assert (len(film.charges), film.submission_count, len(film.stored_media)) == (1, 1, 1)


def test_a_mistyped_name_can_be_corrected(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    film = create_film("vertex")
    film.simulator.world.faults.add("drop_after")
    assert film.render(capsys).code == 7
    name = film.jobs[0]
    for adopted, code in ((name[:-1], 7), ("nonsense", 7), (name, 0)):
        assert (
            run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--adopt", adopted).code
            == 0
        )
        assert film.render(capsys).code == code
    assert (len(film.charges), film.submission_count, len(film.stored_media)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("fault", "word", "flags", "charges", "settled"),
    [
        ("drop_before", "--assume-not-sent", (), 1, 0),
        ("drop_after", "--assume-lost", ("--rebuy", "SH010"), 2, 1_280_000),
    ],
)
def test_an_unknown_submission_is_resolved_and_bought_again(
    create_film: Callable[[str], SimulatorFilm],
    capsys: Capture,
    fault: str,
    word: str,
    flags: tuple[str, ...],
    charges: int,
    settled: int,
) -> None:
    film = create_film("chat")
    film.simulator.world.faults.add(fault)
    assert film.render(capsys).code == 7
    result = run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", word)
    assert result.code == 0
    message = "$1.28 counts as spent" if settled else "$1.28 is no longer reserved"
    assert message in result.out + result.err
    assert film.attempts[0].settled_micros == settled
    if settled:
        assert film.render(capsys).code == 7, "what was paid for is bought again by --rebuy alone"
    assert film.render(capsys, *flags).code == 0
    assert (len(film.charges), film.submission_count) == (charges, 2)


def test_a_result_that_expired_unfetched_is_bought_again_by_rebuy(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = create_film("gemini")
    film.simulator.world.faults.add("html:40@download")
    assert film.render(capsys).code == 3
    assert film.attempts[0].state == "done_remote"
    film.simulator.world.faults.clear()
    film.simulator.world.clock.advance(49 * 3600)
    result = film.render(capsys)  # by our own clock it should be there still
    assert (result.code, "no access to the video" in result.err) == (4, True)
    assert film.attempts[0].state == "done_remote"
    late = SimpleNamespace(
        time=lambda: time.time() + 49 * 3600,
        monotonic=time.monotonic,
        strftime=time.strftime,
        gmtime=time.gmtime,
    )
    monkeypatch.setattr(gemini_files, "time", late)
    monkeypatch.setattr(result_expiry, "time", late)
    result = film.render(capsys)
    assert (result.code, "expired before it was downloaded" in result.err) == (3, True)
    assert [(attempt.state, attempt.held_micros) for attempt in film.attempts] == [("lost", 0)]
    assert (film.attempts[0].settled_micros, film.submission_count) == (1_600_000, 1)
    assert film.render(capsys).code == 7
    assert film.render(capsys, "--rebuy", "SH010").code == 0
    assert (len(film.charges), len(film.stored_media)) == (2, 1)


def test_a_result_that_its_service_spoiled_is_lost_with_the_reason(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = create_film("gemini")
    monkeypatch.setattr(world.File, "state", property(lambda file: "FAILED"))
    file_record = {"state": "FAILED", "error": {"message": "the encoder ran out of frames"}}
    monkeypatch.setattr(gemini, "describe_file", lambda world, file: file_record)
    result = film.render(capsys)
    assert (result.code, "the encoder ran out of frames" in result.err) == (3, True)
    assert "expired" not in result.err
    assert "it counts as charged" in result.err
    assert [(attempt.state, attempt.held_micros) for attempt in film.attempts] == [("lost", 0)]
    assert "ran out of frames" in film.attempts[0].message


def test_a_job_that_its_service_forgot_can_be_assumed_lost(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    film = create_film("vertex")
    film.simulator.world.faults.add("not_found:8@poll")
    result = film.render(capsys)
    assert (result.code, "--assume-lost" in result.err) == (7, True)
    refusal = run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--assume-not-sent")
    assert refusal.code == 2, "it was sent"
    assert run_in_process(capsys, "resolve", "film.yaml", "SH010:t01").code == 7
    assert run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--assume-lost").code == 0
    assert film.attempts[0].state == "lost"
    assert film.render(capsys).code == 7
    assert film.render(capsys, "--rebuy", "SH010").code == 0
    assert len(film.charges) == 2


def test_a_job_with_no_usable_status_can_be_assumed_lost(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture
) -> None:
    film = create_film("videos")
    film.simulator.world.faults.add("excuse:8@poll")
    result = film.render(capsys)
    assert (result.code, "doesn't report the state of SH010:t01" in result.err) == (3, True)
    assert "(to give it up: `storyboard resolve FILM SH010:t01 --assume-lost`)" in result.err
    assert run_in_process(capsys, "resolve", "film.yaml", "SH010:t01", "--assume-lost").code == 0
    assert film.attempts[0].state == "lost"
    assert film.render(capsys).code == 7
    assert film.render(capsys, "--rebuy", "SH010").code == 0
    assert len(film.charges) == 2
