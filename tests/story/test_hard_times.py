"""Full disks, clocks that jump, damaged files, others at work: nothing is bought for nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storyboard.run.attempts import State
from storyboard.run.ledger import Ledger
from storyboard.run.places import state_folder
from storyboard.simulator.serve import Simulator
from tests.kill.reel import BUCKET, INLINE, UNCUT, Reel, theatre
from tests.kill.zygote import Zygote

DAY = 86_400.0
ONE = """\
shots:
  - {id: SH010, prompt: SH010 of a quay, duration: 4, seed: 7}
"""
TWO = f"""\
{ONE}  - {{id: SH020, continue: SH010, prompt: SH020 of a boat, duration: 4, seed: 7}}
"""
New = Callable[..., Reel]


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Simulator, Zygote]]:
    with theatre() as both:
        yield both


@pytest.fixture
def new(stage: tuple[Simulator, Zygote], tmp_path: Path) -> New:
    return lambda text=INLINE + ONE + UNCUT, **env: Reel(tmp_path, text, *stage, env=env)


def store(reel: Reel) -> Path:
    return reel.folder / ".storyboard" / "store"


def state(reel: Reel) -> Path:
    return state_folder(reel.film)


def jobs(reel: Reel) -> int:
    return len(reel.sim.world.jobs)


@pytest.mark.parametrize("where", [INLINE, BUCKET])
def test_on_a_full_disk_what_was_bought_waits_to_be_fetched(new: New, where: str) -> None:
    reel = new(where + ONE + UNCUT)
    assert reel.command("render", "film.yaml", "SH010", "--yes", largest=150_000) == 4
    assert "make room" in reel.said
    (attempt,) = reel.attempts
    assert attempt.state in (State.SUBMITTED, State.DONE_REMOTE)
    reel.finish()
    assert jobs(reel) == 1


def test_with_no_room_for_the_ledger_nothing_is_sent(new: New) -> None:
    reel = new()
    assert reel.command("render", "film.yaml", "SH010", "--yes", largest=3_000) == 4
    assert not jobs(reel)
    reel.finish()
    assert jobs(reel) == 1


def test_a_store_that_may_not_be_written_is_named_before_anything_is_sent(new: New) -> None:
    reel = new()
    order = ("render", "film.yaml", "SH010", "--yes")
    store(reel).mkdir(parents=True)
    store(reel).chmod(0o555)
    assert reel.command(*order, humble=True) == 4
    assert "STORYBOARD_STORE" in reel.said
    assert not jobs(reel)
    store(reel).chmod(0o755)
    reel.finish()
    reel.film.write_text(reel.text.replace("quay", "pier"))
    folders = [path for path in (store(reel), *store(reel).rglob("*")) if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    assert reel.command(*order, humble=True) == 4
    assert "STORYBOARD_STORE" in reel.said
    assert jobs(reel) == 1
    for folder in folders:
        folder.chmod(0o755)


@pytest.mark.parametrize(("where", "ahead_s"), [(INLINE, 3 * DAY), (BUCKET, -3 * DAY)])
def test_a_clock_that_jumps_buys_nothing_twice(new: New, where: str, ahead_s: float) -> None:
    reel = new(where + TWO + UNCUT)
    assert reel.render(die_at="ledger/done_remote/SH010") == -9
    assert reel.render(ahead_s=ahead_s, die_at="ledger/submitted/SH020") == -9
    assert reel.render() == 0
    assert jobs(reel) == 2
    reel.finish()


def test_a_second_render_of_the_film_names_the_first(new: New) -> None:
    reel = new()
    reel.render(die_at="ledger/intent/SH010")
    mine = Ledger(state(reel))
    try:
        assert reel.command("render", "film.yaml", "SH010", "--yes") == 4
        assert "another storyboard works on this film: process" in reel.said
        assert not jobs(reel)
    finally:
        mine.close()
    reel.finish()


def test_two_films_of_one_store_buy_what_they_share_once(
    stage: tuple[Simulator, Zygote], tmp_path: Path
) -> None:
    shared = {"STORYBOARD_STORE": str(tmp_path / "store")}
    one, other = (
        Reel(tmp_path / name, INLINE + TWO + UNCUT, *stage, env=shared) for name in ("a", "b")
    )
    pids = [
        stage[1].start(
            reel.folder,
            ["render", "film.yaml", *reel.shots, "--yes"],
            reel.env,
            said=reel.folder / "said.txt",
        )
        for reel in (one, other)
    ]
    assert [stage[1].wait(pid) for pid in pids] == [0, 0]
    assert jobs(one) == 2
    for reel in (one, other):
        assert reel.command("render", "film.yaml", *reel.shots, "--frozen") == 0


def test_a_film_does_not_buy_what_another_was_killed_over(
    stage: tuple[Simulator, Zygote], tmp_path: Path
) -> None:
    shared = {"STORYBOARD_STORE": str(tmp_path / "store")}
    one, other = (
        Reel(tmp_path / name, INLINE + ONE + UNCUT, *stage, env=shared) for name in ("a", "b")
    )
    order = ("render", "film.yaml", "SH010", "--yes")
    assert one.command(*order, die_at="answer/SH010") == -9
    assert other.command(*order) == 7
    assert "render that film first" in other.said
    assert jobs(one) == 1
    assert one.command(*order) == 7
    one.decide(one.truth)
    assert [one.command(*order), other.command(*order)] == [0, 0]
    assert jobs(one) == 1


def test_a_damaged_ledger_is_named_and_the_takes_need_no_ledger(new: New) -> None:
    reel = new()
    reel.finish()
    ledger = state(reel) / "ledger.sqlite"
    ledger.write_bytes(b"not a ledger at all" * 400)
    reel.film.write_text(reel.text.replace("quay", "pier"))
    assert reel.command("render", "film.yaml", "SH010", "--yes") == 4
    assert str(ledger) in reel.said
    reel.film.write_text(reel.text)
    ledger.rename(ledger.with_suffix(".old"))
    assert reel.command("render", "film.yaml", "SH010", "--yes") == 0
    assert jobs(reel) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_ledger_with_bytes_turned_over_never_ends_in_a_traceback(new: New, seed: int) -> None:
    dice = random.Random(seed)
    reel = new()
    assert reel.render(die_at="ledger/submitted/SH010") == -9
    Ledger(state(reel)).close()
    ledger = state(reel) / "ledger.sqlite"
    data = bytearray(ledger.read_bytes())
    for _ in range(dice.choice((1, 40, 400))):
        data[dice.randrange(16, len(data))] ^= 1 << dice.randrange(8)
    ledger.write_bytes(bytes(data))
    for order in ("runs film.yaml", "render film.yaml SH010 --yes --max-cost 0"):
        assert reel.command(*order.split()) in (0, 3, 4, 6, 7), reel.said


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\x00", b"takes: [unclosed", b"- 1\n"])
def test_a_damaged_lock_file_stops_before_anything_is_bought(new: New, rubbish: bytes) -> None:
    reel = new()
    reel.finish()
    lock = reel.folder / "film.selects.yaml"
    whole = lock.read_text()
    lock.write_bytes(rubbish)
    assert reel.command("render", "film.yaml", "SH010", "--yes") == 4, reel.said
    assert "film.selects.yaml" in reel.said
    lock.unlink()
    assert reel.command("render", "film.yaml", "SH010", "--yes") == 0
    assert lock.read_text() == whole
    assert jobs(reel) == 1


def test_indexes_are_built_again_and_windows_begun_again(new: New) -> None:
    reel = new()
    reel.finish()
    for name in ("index.sqlite", "quota.sqlite"):
        for path in store(reel).glob(f"{name}*"):
            path.unlink()
        (store(reel) / name).write_bytes(b"rubbish" * 500)
    assert reel.command("render", "film.yaml", "SH010", "--frozen") == 0
    reel.film.write_text(reel.text.replace("quay", "pier"))
    assert reel.command("render", "film.yaml", "SH010", "--yes") == 0, reel.said
    assert jobs(reel) == 2


def test_a_take_whose_sidecar_is_gone_is_not_bought_again(new: New) -> None:
    reel = new()
    reel.finish()
    (sidecar,) = (store(reel) / "takes").rglob("t01.json")
    for gone in (sidecar, *store(reel).glob("index.sqlite*")):
        gone.unlink()
    assert reel.command("render", "film.yaml", "SH010", "--yes") == 0, reel.said
    assert "1 take kept" in reel.said
    assert jobs(reel) == 1


def test_a_damaged_take_is_named_and_bought_again_only_when_asked(new: New) -> None:
    reel = new()
    reel.finish()
    (take,) = (store(reel) / "takes").rglob("*.mp4")
    take.chmod(0o644)
    data = bytearray(take.read_bytes())
    data[len(data) // 2] ^= 0xFF
    take.write_bytes(bytes(data))
    assert reel.command("store", "verify") == 3
    assert "SH010 t01" in reel.said
    assert reel.command("render", "film.yaml", "SH010", "--yes") == 7
    assert jobs(reel) == 1
    assert reel.command("render", "film.yaml", "SH010", "--yes", "--rebuy", "SH010") == 0
    assert jobs(reel) == 2
