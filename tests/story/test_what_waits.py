"""What waits for a person is told before a render stops at it: by `runs` and by `plan`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyboard.run.attempts import Attempt, State
from storyboard.run.ledger import Ledger
from storyboard.simulator.serve import Simulator
from tests.story.wires import Stage, cli, staged

Capture = pytest.CaptureFixture[str]
PAID = Attempt("d" * 64, 1, "SH010", "SH010", "generate", "vertex", "veo", repeatable=False)
HOLD = "policy: {on_filtered: hold, budget_usd: 1.6}"


@pytest.fixture
def play(services: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return staged(services, "vertex", tmp_path, monkeypatch)


@pytest.fixture
def ledger(play: Stage) -> Iterator[Ledger]:
    """The ledger of a render at work, which may end at any moment."""
    held = Ledger(play.folder / ".storyboard" / "film")
    yield held
    held.close()


async def left_in(ledger: Ledger, state: State) -> None:
    (entered,) = await ledger.begin([PAID], price_micros=1_600_000, cap_micros=None)
    if state is State.SUBMITTING:
        await ledger.advance(entered, state)


@pytest.mark.parametrize(
    ("state", "told", "resolved"),
    [
        (State.SUBMITTING, "nobody knows whether it was bought", True),
        (State.INTENT, "the next render frees the money", False),
    ],
)
def test_runs_says_what_becomes_of_a_render_that_died(
    ledger: Ledger, capsys: Capture, state: State, told: str, resolved: bool
) -> None:
    asyncio.run(left_in(ledger, state))
    assert "a render is at work on it" in cli(capsys, "runs", "film.yaml").err
    ledger.close()
    said = cli(capsys, "runs", "film.yaml").err
    assert told in said
    assert ("storyboard resolve film.yaml SH010:t01 --adopt" in said) is resolved
    assert "goes on with it" not in said


def test_what_a_filter_took_and_the_film_holds_back_is_no_order_of_the_plan(
    play: Stage, capsys: Capture
) -> None:
    play.write(more=HOLD)
    play.sim.world.faults.add("filtered")
    assert play.render(capsys).code == 7
    planned = cli(capsys, "plan", "film.yaml", "SH010", "--json", "--exit-code")
    assert planned.code == 5
    (node,) = (each for each in planned.json["nodes"] if each["id"] == "SH010")
    assert (node["cost_usd"], "filtered" in node["reasons"]) == ("0.00", True)
    assert planned.json["pending"][0]["filtered"] is True
    shown = cli(capsys, "plan", "film.yaml", "SH010").out
    assert "t01 filtered and held back" in shown
    assert "1 for a person to decide" in shown
    assert "storyboard render FILM --force SH010" in shown
    assert "--force SH010" in cli(capsys, "runs", "film.yaml").err
    assert json.loads(cli(capsys, "runs", "film.yaml", "--json").out)["held_back"] == ["SH010:t01"]
    assert play.render(capsys).code == 7
    assert play.submits == 1
    insisted = cli(capsys, "plan", "film.yaml", "SH010", "--force", "SH010", "--json")
    assert insisted.json["totals"]["cost_usd"] == "1.60"
    assert play.render(capsys, "--force", "SH010").code == 0
    assert "held back" not in cli(capsys, "runs", "film.yaml").err
    assert len(play.charges) == 1


def test_the_last_line_says_what_was_spent_and_what_is_held(play: Stage, capsys: Capture) -> None:
    play.sim.world.faults.add("not_found@submit")
    assert "1 failed, $0.00 spent (" in play.render(capsys).err
    play.sim.world.faults.add("drop_after@submit")
    assert "1 to decide, $0.00 spent, $1.60 held (" in play.render(capsys).err
    assert "1 to decide, $0.00 spent, $1.60 held (" in play.render(capsys).err


def test_a_film_is_the_same_by_whatever_link_it_is_reached(
    play: Stage, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert play.render(capsys).code == 0
    elsewhere = play.folder / "elsewhere"
    elsewhere.mkdir()
    for link in (elsewhere / "film.yaml", play.folder / "alias.yaml"):
        link.symlink_to(play.folder / "film.yaml")
        monkeypatch.chdir(link.parent)
        assert cli(capsys, "render", link.name, "SH010", "--frozen").code == 0
        assert "$1.60 spent" in cli(capsys, "runs", link.name).err
        assert cli(capsys, "pick", link.name, "SH010", "t01").code == 0
    assert not (elsewhere / ".storyboard").exists()
    assert play.submits == 1


def test_a_link_with_notes_of_its_own_buys_nothing_until_they_are_moved(
    play: Stage, capsys: Capture
) -> None:
    assert play.render(capsys).code == 0
    link, state = play.folder / "film.yaml", play.folder / ".storyboard" / "film"
    real = play.folder / "library" / "main.yaml"
    real.parent.mkdir()
    link.rename(real)
    link.symlink_to(real)
    own = real.parent / ".storyboard" / "main"
    for command in ("check", "plan", "runs", "render"):
        refused = cli(capsys, command, "film.yaml")
        assert refused.code == 4
        assert "has notes of its own: .storyboard/film and film.selects.yaml" in refused.err
        assert f"move them to {own} and {real.with_suffix('.selects.yaml')}" in refused.err
    own.mkdir(parents=True)
    both = cli(capsys, "plan", "film.yaml")
    assert (both.code, f"{real} has notes too: {own}; set one side's away" in both.err) == (4, True)

    own.rmdir()
    state.rename(own)
    link.with_suffix(".selects.yaml").rename(real.with_suffix(".selects.yaml"))
    assert cli(capsys, "store", "fetch", "film.yaml", "--from", ".storyboard/store").code == 0
    assert cli(capsys, "render", "film.yaml", "SH010", "--frozen").code == 0
    assert "$1.60 spent" in cli(capsys, "runs", "film.yaml").err
    assert play.submits == 1


def test_a_link_that_leads_to_itself_is_no_film(play: Stage, capsys: Capture) -> None:
    (play.folder / "loop.yaml").symlink_to("loop.yaml")
    assert cli(capsys, "plan", "loop.yaml").code == 1
