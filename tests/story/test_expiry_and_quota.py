"""Full disks, clocks that jump, damaged files, others at work: nothing is bought for nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storyboard.run.ledger.attempts import State
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.paths import locate_state_folder
from storyboard.simulator.server import Simulator
from tests.kill.forkserver import ForkServer
from tests.kill.scenarios import BUCKET, INLINE, UNRENDERED_SHOT, KilledFilm, start_harness

DAY = 86_400.0
ONE = """\
shots:
  - {id: SH010, prompt: SH010 of a quay, duration: 4, seed: 7}
"""
TWO = f"""\
{ONE}  - {{id: SH020, continue: SH010, prompt: SH020 of a boat, duration: 4, seed: 7}}
"""
CreateFilm = Callable[..., KilledFilm]


@pytest.fixture(scope="module")
def harness() -> Iterator[tuple[Simulator, ForkServer]]:
    with start_harness() as both:
        yield both


@pytest.fixture
def create_film(harness: tuple[Simulator, ForkServer], tmp_path: Path) -> CreateFilm:
    return lambda text=INLINE + ONE + UNRENDERED_SHOT, **env: KilledFilm(
        tmp_path, text, *harness, env=env
    )


def locate_store(film: KilledFilm) -> Path:
    return film.folder / ".storyboard" / "store"


def locate_state(film: KilledFilm) -> Path:
    return locate_state_folder(film.film_path)


def count_jobs(film: KilledFilm) -> int:
    return len(film.simulator.world.jobs)


@pytest.mark.parametrize("where", [INLINE, BUCKET])
def test_a_bought_take_waits_for_room_on_a_full_disk(create_film: CreateFilm, where: str) -> None:
    film = create_film(where + ONE + UNRENDERED_SHOT)
    assert film.run_command("render", "film.yaml", "SH010", "--yes", largest=150_000) == 4
    assert "free some disk space" in film.output
    (attempt,) = film.attempts
    assert attempt.state in (State.SUBMITTED, State.DONE_REMOTE)
    film.render_to_end()
    assert count_jobs(film) == 1


def test_with_no_room_for_the_ledger_nothing_is_sent(create_film: CreateFilm) -> None:
    film = create_film()
    assert film.run_command("render", "film.yaml", "SH010", "--yes", largest=3_000) == 4
    assert not count_jobs(film)
    film.render_to_end()
    assert count_jobs(film) == 1


def test_a_store_that_may_not_be_written_is_named_before_anything_is_sent(
    create_film: CreateFilm,
) -> None:
    film = create_film()
    arguments = ("render", "film.yaml", "SH010", "--yes")
    locate_store(film).mkdir(parents=True)
    locate_store(film).chmod(0o555)
    assert film.run_command(*arguments, humble=True) == 4
    assert "STORYBOARD_STORE" in film.output
    assert not count_jobs(film)
    locate_store(film).chmod(0o755)
    film.render_to_end()
    film.film_path.write_text(film.text.replace("quay", "pier"))
    folders = [
        path for path in (locate_store(film), *locate_store(film).rglob("*")) if path.is_dir()
    ]
    for folder in folders:
        folder.chmod(0o555)
    assert film.run_command(*arguments, humble=True) == 4
    assert "STORYBOARD_STORE" in film.output
    assert count_jobs(film) == 1
    for folder in folders:
        folder.chmod(0o755)


@pytest.mark.parametrize(("where", "ahead_s"), [(INLINE, 3 * DAY), (BUCKET, -3 * DAY)])
def test_a_clock_that_jumps_buys_nothing_twice(
    create_film: CreateFilm, where: str, ahead_s: float
) -> None:
    film = create_film(where + TWO + UNRENDERED_SHOT)
    assert film.render(die_at="ledger/done_remote/SH010") == -9
    assert film.render(ahead_s=ahead_s, die_at="ledger/submitted/SH020") == -9
    assert film.render() == 0
    assert count_jobs(film) == 2
    film.render_to_end()


def test_a_second_render_of_the_film_names_the_first(create_film: CreateFilm) -> None:
    film = create_film()
    film.render(die_at="ledger/intent/SH010")
    ledger = Ledger(locate_state(film))
    try:
        assert film.run_command("render", "film.yaml", "SH010", "--yes") == 4
        assert "another storyboard process is working on this film: process" in film.output
        assert not count_jobs(film)
    finally:
        ledger.close()
    film.render_to_end()


def test_two_films_of_one_store_buy_what_they_share_once(
    harness: tuple[Simulator, ForkServer], tmp_path: Path
) -> None:
    shared = {"STORYBOARD_STORE": str(tmp_path / "store")}
    one, other = (
        KilledFilm(tmp_path / name, INLINE + TWO + UNRENDERED_SHOT, *harness, env=shared)
        for name in ("a", "b")
    )
    pids = [
        harness[1].start_command(
            film.folder,
            ["render", "film.yaml", *film.shots, "--yes"],
            film.env,
            said=film.folder / "said.txt",
        )
        for film in (one, other)
    ]
    assert [harness[1].wait_for_exit(pid) for pid in pids] == [0, 0]
    assert count_jobs(one) == 2
    for film in (one, other):
        assert film.run_command("render", "film.yaml", *film.shots, "--frozen") == 0


def test_a_film_does_not_buy_what_a_killed_film_may_have_bought(
    harness: tuple[Simulator, ForkServer], tmp_path: Path
) -> None:
    shared = {"STORYBOARD_STORE": str(tmp_path / "store")}
    one, other = (
        KilledFilm(tmp_path / name, INLINE + ONE + UNRENDERED_SHOT, *harness, env=shared)
        for name in ("a", "b")
    )
    arguments = ("render", "film.yaml", "SH010", "--yes")
    assert one.run_command(*arguments, die_at="answer/SH010") == -9
    assert other.run_command(*arguments) == 7
    assert "render that film first" in other.output
    assert count_jobs(one) == 1
    assert one.run_command(*arguments) == 7
    one.resolve_unknown(one.choose_true_answer)
    assert [one.run_command(*arguments), other.run_command(*arguments)] == [0, 0]
    assert count_jobs(one) == 1


def test_a_damaged_ledger_is_named_and_the_takes_need_no_ledger(create_film: CreateFilm) -> None:
    film = create_film()
    film.render_to_end()
    ledger = locate_state(film) / "ledger.sqlite"
    ledger.write_bytes(b"not a ledger at all" * 400)
    film.film_path.write_text(film.text.replace("quay", "pier"))
    assert film.run_command("render", "film.yaml", "SH010", "--yes") == 4
    assert str(ledger) in film.output
    film.film_path.write_text(film.text)
    ledger.rename(ledger.with_suffix(".old"))
    assert film.run_command("render", "film.yaml", "SH010", "--yes") == 0
    assert count_jobs(film) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_ledger_with_bytes_turned_over_never_ends_in_a_traceback(
    create_film: CreateFilm, seed: int
) -> None:
    dice = random.Random(seed)
    film = create_film()
    assert film.render(die_at="ledger/submitted/SH010") == -9
    Ledger(locate_state(film)).close()
    ledger = locate_state(film) / "ledger.sqlite"
    data = bytearray(ledger.read_bytes())
    for _ in range(dice.choice((1, 40, 400))):
        data[dice.randrange(16, len(data))] ^= 1 << dice.randrange(8)
    ledger.write_bytes(bytes(data))
    for command_line in ("runs film.yaml", "render film.yaml SH010 --yes --max-cost 0"):
        assert film.run_command(*command_line.split()) in (0, 3, 4, 6, 7), film.output


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\x00", b"takes: [unclosed", b"- 1\n"])
def test_a_damaged_lock_file_stops_before_anything_is_bought(
    create_film: CreateFilm, rubbish: bytes
) -> None:
    film = create_film()
    film.render_to_end()
    lock = film.folder / "film.selects.yaml"
    whole = lock.read_text()
    lock.write_bytes(rubbish)
    assert film.run_command("render", "film.yaml", "SH010", "--yes") == 4, film.output
    assert "film.selects.yaml" in film.output
    lock.unlink()
    assert film.run_command("render", "film.yaml", "SH010", "--yes") == 0
    assert lock.read_text() == whole
    assert count_jobs(film) == 1


def test_indexes_are_built_again_and_windows_begun_again(create_film: CreateFilm) -> None:
    film = create_film()
    film.render_to_end()
    for name in ("index.sqlite", "quota.sqlite"):
        for path in locate_store(film).glob(f"{name}*"):
            path.unlink()
        (locate_store(film) / name).write_bytes(b"rubbish" * 500)
    assert film.run_command("render", "film.yaml", "SH010", "--frozen") == 0
    film.film_path.write_text(film.text.replace("quay", "pier"))
    assert film.run_command("render", "film.yaml", "SH010", "--yes") == 0, film.output
    assert count_jobs(film) == 2


def test_a_take_whose_sidecar_is_gone_is_not_bought_again(create_film: CreateFilm) -> None:
    film = create_film()
    film.render_to_end()
    (sidecar,) = (locate_store(film) / "takes").rglob("t01.json")
    for gone in (sidecar, *locate_store(film).glob("index.sqlite*")):
        gone.unlink()
    assert film.run_command("render", "film.yaml", "SH010", "--yes") == 0, film.output
    assert "1 take kept" in film.output
    assert count_jobs(film) == 1


def test_a_damaged_take_is_named_and_bought_again_only_when_asked(create_film: CreateFilm) -> None:
    film = create_film()
    film.render_to_end()
    (take,) = (locate_store(film) / "takes").rglob("*.mp4")
    take.chmod(0o644)
    data = bytearray(take.read_bytes())
    data[len(data) // 2] ^= 0xFF
    take.write_bytes(bytes(data))
    assert film.run_command("store", "verify") == 3
    assert "SH010 t01" in film.output
    assert film.run_command("render", "film.yaml", "SH010", "--yes") == 7
    assert count_jobs(film) == 1
    assert film.run_command("render", "film.yaml", "SH010", "--yes", "--rebuy", "SH010") == 0
    assert count_jobs(film) == 2
