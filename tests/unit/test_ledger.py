"""The ledger: what it says is on the disk first, and only legal moves are made."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.errors import EnvironmentProblem, MoneyRefused, UsageError
from storyboard.providers.base import Sample
from storyboard.run.events import RunLog
from storyboard.run.ledger.attempts import FINAL_STATES, TRANSITIONS, Attempt, State
from storyboard.run.ledger.ledger import Ledger, is_film_locked, sum_lifetime_cost_micros
from tests.fakes.child import start_process

T = TypeVar("T")
PAID = Attempt("d" * 64, 1, "SH010", "SH010", "generate", "vertex", "veo", repeatable=False)
FREE = Attempt("f" * 64, 1, "SH020", "SH020", "generate", "previz", "veo", repeatable=True)


def run_in_ledger(folder: Path, action: Callable[[Ledger], Awaitable[T]]) -> T:
    """Opens the ledger, acts, and closes it as a process would."""
    ledger = Ledger(folder)

    async def run_action() -> T:
        return await action(ledger)

    try:
        return asyncio.run(run_action())
    finally:
        ledger.close()


def leave_attempt_in(folder: Path, state: State, attempt: Attempt = PAID) -> None:
    """A run that ends while an attempt is in `state`."""
    path_of_states = [
        State.SUBMITTING,
        State.SUBMITTED,
        State.DONE_REMOTE,
        State.FETCHED,
        State.COMMITTED,
    ]

    async def advance_to_state(ledger: Ledger) -> None:
        (entered,) = await ledger.reserve_attempts([attempt], price_micros=400_000, cap_micros=None)
        for each in (
            path_of_states[: path_of_states.index(state) + 1] if state is not State.INTENT else []
        ):
            facts = {"operation": "op-1"} if each is State.SUBMITTED else {}
            await ledger.transition(entered, each, **facts)

    run_in_ledger(folder, advance_to_state)


def test_readers_do_not_block_a_render(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert is_film_locked(tmp_path)
    ledger.close()
    with (tmp_path / "lock").open() as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        assert not is_film_locked(tmp_path)
        away = threading.Timer(0.03, fcntl.flock, (look, fcntl.LOCK_UN))
        away.start()
        Ledger(tmp_path).close()
        away.join()


@pytest.mark.parametrize(
    ("left", "attempt", "found"),
    [
        (State.INTENT, PAID, State.ABANDONED),
        (State.SUBMITTING, PAID, State.UNKNOWN),
        (State.SUBMITTED, PAID, State.SUBMITTED),
        (State.DONE_REMOTE, PAID, State.DONE_REMOTE),
        (State.FETCHED, PAID, State.FETCHED),
        (State.COMMITTED, PAID, State.COMMITTED),
        (State.SUBMITTING, FREE, State.ABANDONED),
        (State.SUBMITTED, FREE, State.ABANDONED),
        (State.DONE_REMOTE, FREE, State.ABANDONED),
    ],
)
def test_the_next_run_knows_what_may_have_been_sent(
    tmp_path: Path, left: State, attempt: Attempt, found: State
) -> None:
    leave_attempt_in(tmp_path, left, attempt)
    ledger = Ledger(tmp_path)
    ledger.close()
    (after,) = Ledger.read_attempts(tmp_path)
    assert after.state is found


def test_every_fact_of_an_attempt_survives(tmp_path: Path) -> None:
    async def record_attempt(ledger: Ledger) -> None:
        (entered,) = await ledger.reserve_attempts([PAID], price_micros=3_200_000, cap_micros=None)
        await ledger.transition(entered, State.SUBMITTING)
        await ledger.transition(entered, State.SUBMITTED, operation="op-1")
        sample = Sample(uri="gs://b/1.mp4", expires_at=5.5, contains_source=True, source_frames=9)
        await ledger.transition(entered, State.DONE_REMOTE, samples=(sample,))

    run_in_ledger(tmp_path, record_attempt)
    (read,) = Ledger.read_attempts(tmp_path)
    assert (read.operation, read.reserved_micros, read.held_micros) == (
        "op-1",
        3_200_000,
        3_200_000,
    )
    assert read.samples[0].source_frames == 9
    assert read.run


def test_a_limit_holds_over_steps_that_run_at_once(tmp_path: Path) -> None:
    async def reserve_all(ledger: Ledger) -> list[object]:
        return await asyncio.gather(
            *(
                ledger.reserve_attempts([PAID], price_micros=400_000, cap_micros=1_000_000)
                for _ in range(4)
            ),
            return_exceptions=True,
        )

    results = run_in_ledger(tmp_path, reserve_all)
    assert [isinstance(each, MoneyRefused) for each in results] == [False, False, True, True]
    assert len(Ledger.read_attempts(tmp_path)) == 2


def test_money_that_came_back_may_be_spent_again(tmp_path: Path) -> None:
    async def reserve_and_release(ledger: Ledger) -> None:
        for _ in range(3):
            (entered,) = await ledger.reserve_attempts(
                [PAID], price_micros=600_000, cap_micros=1_000_000
            )
            await ledger.transition(entered, State.SUBMITTING)
            await ledger.transition(entered, State.FILTERED)
        assert sum(attempt.held_micros for attempt in ledger.open_attempts) == 0
        assert ledger.spent_micros == 0
        (entered,) = await ledger.reserve_attempts(
            [PAID], price_micros=600_000, cap_micros=1_000_000
        )
        await ledger.transition(entered, State.SUBMITTING)
        await ledger.transition(entered, State.SUBMITTED, operation="op")
        await ledger.transition(entered, State.FAILED, settled_micros=600_000)
        assert ledger.spent_micros == 600_000
        with pytest.raises(MoneyRefused):
            await ledger.reserve_attempts([PAID], price_micros=600_000, cap_micros=1_000_000)

    run_in_ledger(tmp_path, reserve_and_release)


def test_a_films_total_counts_settled_reserved_and_locked_money_once(tmp_path: Path) -> None:
    leave_attempt_in(tmp_path, State.COMMITTED)
    leave_attempt_in(tmp_path, State.SUBMITTING)
    Ledger(tmp_path).close()
    attempts = Ledger.read_attempts(tmp_path)
    assert [each.state for each in attempts] == [State.COMMITTED, State.UNKNOWN]
    made = attempts[0].sha256
    locked = {(PAID.digest, 1, made): 400_000, ("e" * 64, 1, "f" * 64): 50_000}
    assert sum_lifetime_cost_micros(attempts, locked) == 400_000 + 50_000


def test_a_second_process_is_shown_who_has_locked_the_film(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with pytest.raises(EnvironmentProblem, match=str(os.getpid())) as raised:
        Ledger(tmp_path)
    assert raised.value.exit_code == 4
    ledger.close()
    Ledger(tmp_path).close()


def _lock_and_die(folder: Path) -> None:
    Ledger(folder)
    os.kill(os.getpid(), 9)


def test_the_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    start_process(_lock_and_die, tmp_path).join()
    Ledger(tmp_path).close()


def test_a_newer_ledger_says_upgrade_and_lets_the_film_go(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for _ in range(2):
        with pytest.raises(EnvironmentProblem, match="newer"):
            Ledger(tmp_path)


def test_a_damaged_ledger_is_never_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"rubbish" * 999)
    with pytest.raises(EnvironmentProblem, match="can't be read"):
        Ledger(tmp_path)
    assert (tmp_path / "ledger.sqlite").read_bytes() == b"rubbish" * 999


def test_a_ledger_that_cannot_be_opened_is_one_plain_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").mkdir()
    with pytest.raises(EnvironmentProblem):
        Ledger(tmp_path)
    gc.collect()


def test_the_user_resolves_unknown_outcomes(tmp_path: Path) -> None:
    for word, state, settled in (
        ({"adopt": "op-9"}, State.SUBMITTED, 0),
        ({"lost": True}, State.LOST, 400_000),
        ({"not_sent": True}, State.FAILED, 0),
    ):
        folder = tmp_path / state
        leave_attempt_in(folder, State.SUBMITTING)

        async def resolve_unknown(ledger: Ledger, word: Any = word) -> Attempt:
            (unknown,) = ledger.find_attempts_by_name("SH010:t01")
            with pytest.raises(UsageError):
                await ledger.resolve_attempt(unknown, adopt="op-9", lost=True)
            (resolved,) = await ledger.resolve_attempt(unknown, **word)
            return resolved

        after = run_in_ledger(folder, resolve_unknown)
        assert (after.state, after.settled_micros) == (state, settled)
        assert Ledger.read_attempts(folder)[0].state is state


def test_a_thousand_attempts_share_their_commits(tmp_path: Path) -> None:
    async def begin_all(ledger: Ledger) -> None:
        async def begin_one(number: int) -> None:
            attempt = Attempt(f"{number:064x}", 1, "S", "S", "generate", "p", "m", True)
            (entered,) = await ledger.reserve_attempts([attempt], price_micros=0, cap_micros=None)
            await ledger.transition(entered, State.SUBMITTING)

        await asyncio.gather(*map(begin_one, range(1000)))

    run_in_ledger(tmp_path, begin_all)
    assert len(Ledger.read_attempts(tmp_path)) == 1000


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(way=st.lists(st.sampled_from(list(State)), max_size=8), repeatable=st.booleans())
def test_only_legal_moves_are_made_and_each_is_remembered(
    tmp_path_factory: pytest.TempPathFactory, way: list[State], repeatable: bool
) -> None:
    folder = tmp_path_factory.mktemp("ledger")

    async def try_transitions(ledger: Ledger) -> State:
        start = FREE if repeatable else PAID
        (attempt,) = await ledger.reserve_attempts([start], price_micros=5, cap_micros=None)
        for state in way:
            legal = state in TRANSITIONS[attempt.state]
            sent = attempt.state not in (State.PLANNED, State.INTENT)
            if state is State.ABANDONED and sent and not repeatable:
                legal = False
            if attempt.state in FINAL_STATES:
                break
            if legal:
                attempt = await ledger.transition(attempt, state)
            else:
                with pytest.raises(ValueError, match="can't go from"):
                    await ledger.transition(attempt, state)
        return attempt.state

    ended = run_in_ledger(folder, try_transitions)
    (read,) = Ledger.read_attempts(folder)
    assert read.state is ended


def _overwrite_pages(path: Path) -> None:
    pages = path.read_bytes()
    path.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))


def _make_spoiler(column: str, value: str) -> Callable[[Path], None]:
    def write_value(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE attempts SET {column} = ?", (value,))

    return write_value


@pytest.mark.parametrize(
    "spoil",
    [
        _overwrite_pages,
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b""),
        _make_spoiler("state", "weird"),
        _make_spoiler("parts", "{"),
        _make_spoiler("samples", '[{"url": "x"}]'),
    ],
)
def test_a_ledger_that_says_nonsense_is_damaged_and_never_a_new_one(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    leave_attempt_in(tmp_path, State.SUBMITTED)
    RunLog(tmp_path, "20261123T120000-abcdef").close()
    path = tmp_path / "ledger.sqlite"
    assert not path.with_name("ledger.sqlite-wal").exists()
    spoil(path)
    for read in (Ledger, Ledger.read_attempts):
        with pytest.raises(EnvironmentProblem, match="can't be read") as setup_error:
            read(tmp_path)
        assert "--rebuild" in setup_error.value.hint


def test_an_empty_file_where_no_run_was_is_a_new_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").touch()
    leave_attempt_in(tmp_path, State.SUBMITTED)
    assert len(Ledger.read_attempts(tmp_path)) == 1


def resolve_attempt(folder: Path, name: str, **outcome: str | bool) -> tuple[Attempt, ...]:
    async def resolve_by_name(ledger: Ledger) -> tuple[Attempt, ...]:
        return await ledger.resolve_attempt(ledger.find_attempts_by_name(name)[0], **outcome)  # type: ignore[arg-type]

    return run_in_ledger(folder, resolve_by_name)


@pytest.mark.parametrize("over", [State.SUBMITTED, State.COMMITTED])
@pytest.mark.parametrize("said", ["op-1", "models/veo/operations/op-1"])
def test_one_job_never_becomes_two_takes(tmp_path: Path, over: State, said: str) -> None:
    leave_attempt_in(tmp_path, State.SUBMITTING)
    leave_attempt_in(tmp_path, over, replace(PAID, digest="e" * 64, step="SH030", shot="SH030"))
    with pytest.raises(UsageError, match="belongs to SH030:t01"):
        resolve_attempt(tmp_path, "SH010", adopt=said)
    assert resolve_attempt(tmp_path, "SH010", adopt="op-10")[0].operation == "op-10"


def test_a_resolution_can_be_undone_until_the_provider_has_answered(tmp_path: Path) -> None:
    leave_attempt_in(tmp_path, State.SUBMITTING)
    leave_attempt_in(
        tmp_path, State.SUBMITTING, replace(PAID, digest="e" * 64, step="SH030", shot="SH030")
    )
    resolve_attempt(tmp_path, "SH010", adopt="typo")
    resolve_attempt(tmp_path, "SH010", adopt="op-7")
    (freed,) = resolve_attempt(tmp_path, "SH010", not_sent=True)
    assert (freed.state, freed.held_micros, freed.settled_micros) == (State.FAILED, 0, 0)
    assert resolve_attempt(tmp_path, "SH030", adopt="op-7")[0].is_adopted

    async def record_answer(ledger: Ledger) -> None:
        (each,) = ledger.open_attempts
        await ledger.transition(each, State.SUBMITTED, message="")

    run_in_ledger(tmp_path, record_answer)
    with pytest.raises(UsageError, match="it was sent, as op-7"):
        resolve_attempt(tmp_path, "SH030", not_sent=True)
