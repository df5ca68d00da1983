"""Killed at any point of any step, nothing is paid for twice and no take is lost.

`storyboard render` dies by SIGKILL, with the real adapter on the wire of a simulator that bills
every job it makes. `make kill` does so a thousand times.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyboard.simulator.serve import Simulator
from tests.kill.marathon import rehearse
from tests.kill.reel import BUCKET, INLINE, SHORT, UNCUT, Reel, theatre
from tests.kill.zygote import Zygote

Stage = tuple[Simulator, Zygote]
Takes = dict[str, list[tuple[str, str, int, str]]]
ONE = "shots:\n  - {id: SH010, prompt: SH010 of a quay, duration: 4, seed: 7}\n"

CALM = ["unwritten/intent", "ledger/intent", "unwritten/submitting"]
"""Nothing was sent, and the next render knows it."""
NOT_SENT = ["ledger/submitting", "post"]
"""Nothing was sent, and nobody can know it."""
SENT = ["answer", "unwritten/submitted"]
"""It was sent, and nobody can know it."""
KNOWN = [
    *("ledger/submitted", "unwritten/done_remote", "ledger/done_remote", "put"),
    *("unwritten/fetched", "ledger/fetched", "bytes", "sidecar"),
    *("unwritten/committed", "ledger/committed"),
]
"""It was sent, and the next render goes on with it."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with theatre() as both:
        yield both


@pytest.fixture(scope="module")
def takes(stage: Stage) -> Takes:
    """What a render makes that nobody disturbs."""
    with tempfile.TemporaryDirectory() as folder:
        reel = Reel(Path(folder), INLINE + SHORT + UNCUT, *stage)
        reel.finish()
        return reel.takes()


@pytest.mark.parametrize(
    ("shot", "points"),
    [
        ("SH040", [CALM[1:2], NOT_SENT[1:], SENT[:1], KNOWN[1::2]]),
        ("SH020", [CALM[::2], NOT_SENT[:1], SENT[1:], KNOWN[::2]]),
    ],
)
def test_killed_at_every_point_of_a_step_it_is_bought_once(
    stage: Stage, tmp_path: Path, takes: Takes, shot: str, points: list[list[str]]
) -> None:
    reel = Reel(tmp_path, INLINE + SHORT + UNCUT, *stage)
    calm, not_sent, sent, known = points

    def dies(point: str) -> None:
        assert reel.render(die_at=f"{point}/{shot}") == -9, point

    def jobs() -> int:
        return sum(reel.shot_of(job) == shot for job in reel.sim.world.jobs.values())

    for point in calm:
        dies(point)
        assert not jobs()
    for some, word in ((not_sent, "not-sent"), (sent, "lost")):
        for point in some:
            dies(point)
            before = jobs()
            assert reel.render() == 7, "a person decides"
            assert shot in {each.shot for each in reel.unknown}
            assert ("$4.80" if shot == "SH040" else "$1.60") + " is held" in reel.said
            assert jobs() == before
            reel.decide(
                lambda attempt, strays, word=word: (  # type: ignore[misc]
                    word if attempt.shot == shot else reel.truth(attempt, strays)
                )
            )
    before = jobs()
    for point in known:
        dies(point)
        assert jobs() == before + 1, point
    reel.finish()
    assert reel.takes() == takes


@pytest.mark.parametrize("point", ["lock", "locked"])
def test_killed_while_the_lock_file_is_written_it_is_whole(
    stage: Stage, tmp_path: Path, point: str
) -> None:
    reel = Reel(tmp_path, INLINE + ONE + UNCUT, *stage)
    assert reel.render(die_at=point) == -9
    reel.finish()
    assert list(reel.takes()) == ["SH010"]


def test_killed_while_it_is_cut_the_film_is_cut_by_the_next(stage: Stage, tmp_path: Path) -> None:
    reel = Reel(tmp_path, "storyboard: 1\nshots: [{card: A, length: 0.5}]\n", *stage)
    for point in ("stitch", "cut"):
        assert reel.render(die_at=point) == -9
        assert not (tmp_path / "build" / "film.mp4").exists()
    assert reel.command("render", "film.yaml") == 0
    assert (tmp_path / "build" / "film.mp4").stat().st_size


def test_dependants_wait_for_a_person_and_the_others_go_on(stage: Stage, tmp_path: Path) -> None:
    reel = Reel(tmp_path, INLINE + SHORT + UNCUT, *stage)
    assert reel.command("render", "film.yaml", "SH010", "--yes", die_at="post/SH010") == -9
    assert reel.render() == 7
    assert {reel.shot_of(job) for job in reel.sim.world.jobs.values()} == {"SH040"}
    assert "SH020: blocked: waits for SH010" in reel.said
    reel.finish()


@pytest.mark.parametrize("seed", [4])
def test_killed_at_random_while_the_services_have_faults(
    stage: Stage, tmp_path: Path, takes: Takes, seed: int
) -> None:
    text = (INLINE if seed % 2 else BUCKET) + SHORT + UNCUT
    reel = Reel(tmp_path, text, *stage)
    rehearse(reel, random.Random(seed), 5)
    assert reel.tally.kills
    assert reel.tally.doubled == 0
    assert reel.takes() == takes
