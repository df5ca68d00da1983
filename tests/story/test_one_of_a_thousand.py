"""Of a thousand shots one is edited: it and what hangs on it are bought again, and nothing else."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import FakeFilm, FakeProvider, build_step, link_last_frame, link_video

from storyboard.graph.steps import Step

SHOTS = 1000
EDITED = 500


def build_thousand_steps() -> list[Step]:
    """Each for itself, but for three that hang on the one to edit, one of them through another."""
    steps = [build_step(f"SH{number:04d}") for number in range(SHOTS)]
    edited = steps[EDITED].id
    for number, link in (
        (EDITED + 1, link_last_frame(edited)),
        (EDITED + 2, link_video(edited)),
        (EDITED + 3, link_last_frame(f"SH{EDITED + 1:04d}")),
    ):
        steps[number] = replace(steps[number], links=(link,))
    return steps


def test_an_edit_of_one_shot_buys_it_and_its_dependants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.001")
    provider = FakeProvider(tmp_path / "remote", running_polls=0)
    film = FakeFilm(tmp_path / "film.yaml", build_thousand_steps(), {"paid": provider})
    assert film.render().exit_code == 0
    assert len(provider.requests) == SHOTS
    assert film.render().made == 0
    assert len(provider.requests) == SHOTS, "nothing has changed"
    film.steps[EDITED] = replace(film.steps[EDITED], prompt="it waits")
    result = film.render()
    assert (result.exit_code, result.made, result.kept) == (0, 4, SHOTS - 4)
    dependants = {f"picture of SH{EDITED + n:04d}" for n in (1, 2, 3)}
    assert {request.prompt for request in provider.requests[SHOTS:]} == {"it waits"} | dependants
    assert len(provider.requests) == SHOTS + 4
