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

from storyboard.simulator.server import Simulator
from tests.kill.forkserver import ForkServer
from tests.kill.scenarios import BUCKET, INLINE, SHORT, UNRENDERED_SHOT, KilledFilm, start_harness
from tests.kill.soak import kill_repeatedly

Harness = tuple[Simulator, ForkServer]
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
def harness() -> Iterator[Harness]:
    with start_harness() as both:
        yield both


@pytest.fixture(scope="module")
def undisturbed_takes(harness: Harness) -> Takes:
    """What a render makes that nobody disturbs."""
    with tempfile.TemporaryDirectory() as folder:
        film = KilledFilm(Path(folder), INLINE + SHORT + UNRENDERED_SHOT, *harness)
        film.render_to_end()
        return film.read_takes()


@pytest.mark.parametrize(
    ("shot", "points"),
    [
        ("SH040", [CALM[1:2], NOT_SENT[1:], SENT[:1], KNOWN[1::2]]),
        ("SH020", [CALM[::2], NOT_SENT[:1], SENT[1:], KNOWN[::2]]),
    ],
)
def test_killed_at_every_point_of_a_step_it_is_bought_once(
    harness: Harness, tmp_path: Path, undisturbed_takes: Takes, shot: str, points: list[list[str]]
) -> None:
    film = KilledFilm(tmp_path, INLINE + SHORT + UNRENDERED_SHOT, *harness)
    calm, not_sent, sent, known = points

    def kill_at(point: str) -> None:
        assert film.render(die_at=f"{point}/{shot}") == -9, point

    def count_jobs() -> int:
        return sum(film.find_shot(job) == shot for job in film.simulator.world.jobs.values())

    for point in calm:
        kill_at(point)
        assert not count_jobs()
    for unknown_points, answer in ((not_sent, "not-sent"), (sent, "lost")):
        for point in unknown_points:
            kill_at(point)
            before = count_jobs()
            assert film.render() == 7, "a person decides"
            assert shot in {each.shot for each in film.unknown_attempts}
            assert ("$4.80" if shot == "SH040" else "$1.60") + " stays reserved" in film.output
            assert count_jobs() == before
            film.resolve_unknown(
                lambda attempt, strays, answer=answer: (  # type: ignore[misc]
                    answer if attempt.shot == shot else film.choose_true_answer(attempt, strays)
                )
            )
    before = count_jobs()
    for point in known:
        kill_at(point)
        assert count_jobs() == before + 1, point
    film.render_to_end()
    assert film.read_takes() == undisturbed_takes


@pytest.mark.parametrize("point", ["lock", "locked"])
def test_killed_while_the_lock_file_is_written_it_is_whole(
    harness: Harness, tmp_path: Path, point: str
) -> None:
    film = KilledFilm(tmp_path, INLINE + ONE + UNRENDERED_SHOT, *harness)
    assert film.render(die_at=point) == -9
    film.render_to_end()
    assert list(film.read_takes()) == ["SH010"]


def test_killed_while_it_is_cut_the_film_is_cut_by_the_next(
    harness: Harness, tmp_path: Path
) -> None:
    film = KilledFilm(tmp_path, "storyboard: 1\nshots: [{card: A, length: 0.5}]\n", *harness)
    for point in ("stitch", "cut"):
        assert film.render(die_at=point) == -9
        assert not (tmp_path / "build" / "film.mp4").exists()
    assert film.run_command("render", "film.yaml") == 0
    assert (tmp_path / "build" / "film.mp4").stat().st_size


def test_dependants_wait_for_resolve_and_other_shots_continue(
    harness: Harness, tmp_path: Path
) -> None:
    film = KilledFilm(tmp_path, INLINE + SHORT + UNRENDERED_SHOT, *harness)
    assert film.run_command("render", "film.yaml", "SH010", "--yes", die_at="post/SH010") == -9
    assert film.render() == 7
    assert {film.find_shot(job) for job in film.simulator.world.jobs.values()} == {"SH040"}
    assert "SH020: blocked: waits for SH010" in film.output
    film.render_to_end()


@pytest.mark.parametrize("seed", [4])
def test_killed_at_random_while_the_services_have_faults(
    harness: Harness, tmp_path: Path, undisturbed_takes: Takes, seed: int
) -> None:
    text = (INLINE if seed % 2 else BUCKET) + SHORT + UNRENDERED_SHOT
    film = KilledFilm(tmp_path, text, *harness)
    kill_repeatedly(film, random.Random(seed), 5)
    assert film.tally.kills
    assert film.tally.doubled == 0
    assert film.read_takes() == undisturbed_takes
