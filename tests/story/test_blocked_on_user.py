"""What waits for a person is told before a render stops at it: by `runs` and by `plan`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import Ledger
from storyboard.simulator.server import Simulator
from tests.story.wires import SimulatorFilm, run_in_process, set_up_film

Capture = pytest.CaptureFixture[str]
PAID_ATTEMPT = Attempt("d" * 64, 1, "SH010", "SH010", "generate", "vertex", "veo", repeatable=False)
HOLD_POLICY = "policy: {on_filtered: hold, budget_usd: 1.6}"


@pytest.fixture
def film(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatorFilm:
    return set_up_film(simulator, "vertex", tmp_path, monkeypatch)


@pytest.fixture
def ledger(film: SimulatorFilm) -> Iterator[Ledger]:
    """The ledger of a render at work, which may end at any moment."""
    open_ledger = Ledger(film.folder / ".storyboard" / "film")
    yield open_ledger
    open_ledger.close()


async def leave_attempt_in(ledger: Ledger, state: State) -> None:
    (entered,) = await ledger.reserve_attempts(
        [PAID_ATTEMPT], price_micros=1_600_000, cap_micros=None
    )
    if state is State.SUBMITTING:
        await ledger.transition(entered, state)


@pytest.mark.parametrize(
    ("state", "told", "resolved"),
    [
        (State.SUBMITTING, "submission outcome unknown", True),
        (State.INTENT, "the next render releases the money", False),
    ],
)
def test_runs_explains_the_attempts_of_a_render_that_died(
    ledger: Ledger, capsys: Capture, state: State, told: str, resolved: bool
) -> None:
    asyncio.run(leave_attempt_in(ledger, state))
    assert "a render is working on it" in run_in_process(capsys, "runs", "film.yaml").err
    ledger.close()
    output = run_in_process(capsys, "runs", "film.yaml").err
    assert told in output
    assert ("storyboard resolve film.yaml SH010:t01 --adopt" in output) is resolved
    assert "to continue with it" not in output


def test_a_filtered_take_on_hold_is_not_bought_by_the_plan(
    film: SimulatorFilm, capsys: Capture
) -> None:
    film.write_film(more=HOLD_POLICY)
    film.simulator.world.faults.add("filtered")
    assert film.render(capsys).code == 7
    planned = run_in_process(capsys, "plan", "film.yaml", "SH010", "--json", "--exit-code")
    assert planned.code == 5
    (node,) = (plan_node for plan_node in planned.json["nodes"] if plan_node["id"] == "SH010")
    assert (node["cost_usd"], "filtered" in node["reasons"]) == ("0.00", True)
    assert planned.json["pending"][0]["filtered"] is True
    plan_text = run_in_process(capsys, "plan", "film.yaml", "SH010").out
    assert "t01 filtered and held back" in plan_text
    assert "1 for a person to decide" in plan_text
    assert "storyboard render FILM --force SH010" in plan_text
    assert "--force SH010" in run_in_process(capsys, "runs", "film.yaml").err
    assert json.loads(run_in_process(capsys, "runs", "film.yaml", "--json").out)["held_back"] == [
        "SH010:t01"
    ]
    assert film.render(capsys).code == 7
    assert film.submission_count == 1
    forced = run_in_process(capsys, "plan", "film.yaml", "SH010", "--force", "SH010", "--json")
    assert forced.json["totals"]["cost_usd"] == "1.60"
    assert film.render(capsys, "--force", "SH010").code == 0
    assert "held back" not in run_in_process(capsys, "runs", "film.yaml").err
    assert len(film.charges) == 1


def test_the_last_line_shows_spent_and_reserved_money(film: SimulatorFilm, capsys: Capture) -> None:
    film.simulator.world.faults.add("not_found@submit")
    assert "1 failed, $0.00 spent (" in film.render(capsys).err
    film.simulator.world.faults.add("drop_after@submit")
    assert "1 to decide, $0.00 spent, $1.60 held (" in film.render(capsys).err
    assert "1 to decide, $0.00 spent, $1.60 held (" in film.render(capsys).err


def test_symlinks_to_a_film_share_its_records(
    film: SimulatorFilm, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert film.render(capsys).code == 0
    elsewhere = film.folder / "elsewhere"
    elsewhere.mkdir()
    for link in (elsewhere / "film.yaml", film.folder / "alias.yaml"):
        link.symlink_to(film.folder / "film.yaml")
        monkeypatch.chdir(link.parent)
        assert run_in_process(capsys, "render", link.name, "SH010", "--frozen").code == 0
        assert "$1.60 spent" in run_in_process(capsys, "runs", link.name).err
        assert run_in_process(capsys, "pick", link.name, "SH010", "t01").code == 0
    assert not (elsewhere / ".storyboard").exists()
    assert film.submission_count == 1


def test_a_link_with_notes_of_its_own_buys_nothing_until_they_are_moved(
    film: SimulatorFilm, capsys: Capture
) -> None:
    assert film.render(capsys).code == 0
    link, state = film.folder / "film.yaml", film.folder / ".storyboard" / "film"
    real = film.folder / "library" / "main.yaml"
    real.parent.mkdir()
    link.rename(real)
    link.symlink_to(real)
    real_state = real.parent / ".storyboard" / "main"
    for command in ("check", "plan", "runs", "render"):
        refused = run_in_process(capsys, command, "film.yaml")
        assert refused.code == 4
        assert (
            "has its own ledger or lock file: .storyboard/film and film.selects.yaml" in refused.err
        )
        assert (
            f"records of purchases to {real_state} and {real.with_suffix('.selects.yaml')}"
            in refused.err
        )
    real_state.mkdir(parents=True)
    result = run_in_process(capsys, "plan", "film.yaml")
    assert (
        result.code,
        f"or name {real} itself; it has its own too: {real_state}" in result.err,
    ) == (4, True)

    real_state.rmdir()
    state.rename(real_state)
    link.with_suffix(".selects.yaml").rename(real.with_suffix(".selects.yaml"))
    assert (
        run_in_process(capsys, "store", "fetch", "film.yaml", "--from", ".storyboard/store").code
        == 0
    )
    assert run_in_process(capsys, "render", "film.yaml", "SH010", "--frozen").code == 0
    assert "$1.60 spent" in run_in_process(capsys, "runs", "film.yaml").err
    assert film.submission_count == 1


def test_a_link_that_leads_to_itself_is_no_film(film: SimulatorFilm, capsys: Capture) -> None:
    (film.folder / "loop.yaml").symlink_to("loop.yaml")
    assert run_in_process(capsys, "plan", "loop.yaml").code == 1
