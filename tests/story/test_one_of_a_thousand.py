"""Of a thousand shots one is edited: it and what hangs on it are bought again, and nothing else."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from run_fakes import Pretend, Set, last_of, shot, video_of

from storyboard.graph.steps import Step

SHOTS = 1000
EDITED = 500


def thousand() -> list[Step]:
    """Each for itself, but for three that hang on the one to edit, one of them through another."""
    steps = [shot(f"SH{number:04d}") for number in range(SHOTS)]
    edited = steps[EDITED].id
    for number, link in (
        (EDITED + 1, last_of(edited)),
        (EDITED + 2, video_of(edited)),
        (EDITED + 3, last_of(f"SH{EDITED + 1:04d}")),
    ):
        steps[number] = replace(steps[number], links=(link,))
    return steps


def test_an_edit_of_one_shot_buys_it_and_what_hangs_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.001")
    maker = Pretend(tmp_path / "remote", running_polls=0)
    film = Set(tmp_path / "film.yaml", thousand(), {"paid": maker})
    assert film.render().exit_code == 0
    assert len(maker.asked) == SHOTS
    assert film.render().made == 0
    assert len(maker.asked) == SHOTS, "nothing has changed"
    film.steps[EDITED] = replace(film.steps[EDITED], prompt="it waits")
    result = film.render()
    assert (result.exit_code, result.made, result.kept) == (0, 4, SHOTS - 4)
    hanging = {f"picture of SH{EDITED + n:04d}" for n in (1, 2, 3)}
    assert {request.prompt for request in maker.asked[SHOTS:]} == {"it waits"} | hanging
    assert len(maker.asked) == SHOTS + 4
