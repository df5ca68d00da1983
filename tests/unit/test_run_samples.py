"""Several takes of one operation, answers that come with the submit, jobs sent again."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from child import start_process
from run_fakes import (
    FakeFilm,
    FakeProvider,
    build_step,
    force_step,
    kill_process,
    link_video,
    write_clip,
)

from storyboard.errors import Gone, RefusedError, StoryboardError, Unreachable
from storyboard.model.film import Policy
from storyboard.plan.plan import Reason
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Kind,
    Operation,
    Outcome,
    Request,
    Sample,
    Workplace,
)
from storyboard.run.ledger.attempts import State
from storyboard.run.ledger.ledger import Ledger


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")


@dataclass
class MultiSampleProvider(FakeProvider):
    """Makes as many samples as it is asked for, less those that a filter takes."""

    filtered: list[int] = field(default_factory=list)
    """Samples that a filter takes, by operation."""

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        outcome = await super().poll(operation, place)
        if not isinstance(outcome, Done):
            return outcome
        number = int(operation.name.rpartition("-")[2])
        request = self.requests[number - 1] if number <= len(self.requests) else None
        sample_count = request.samples if request else 3
        taken = self.filtered[number - 1] if number <= len(self.filtered) else 0
        whole = tuple(replace(outcome.samples[0]) for _ in range(sample_count - taken))
        return Done(whole, "a filter took the others" if taken else "")

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        fetched = await super().fetch(sample, place)
        assert fetched.path is not None
        write_clip(fetched.path, content=str(place.scratch))
        return fetched


def make_film_of_three_takes(folder: Path, **options: Any) -> tuple[FakeFilm, MultiSampleProvider]:
    maker = MultiSampleProvider(folder / "remote", **options)
    step = replace(build_step("SH010", takes=3), samples=4)
    return FakeFilm(folder / "film.yaml", [step], {"paid": maker}), maker


def list_attempt_ends(film: FakeFilm) -> list[tuple[str, str, int]]:
    """(take, state, what it cost) of every attempt."""
    return [
        (attempt.name, attempt.state.value, attempt.settled_micros)
        for attempt in Ledger.read_attempts(film.state)
    ]


def test_takes_are_asked_of_one_operation_and_each_is_a_row(tmp_path: Path) -> None:
    film, maker = make_film_of_three_takes(tmp_path)
    result = film.render()
    assert [request.samples for request in maker.requests] == [3]
    assert result.made == 3
    assert list_attempt_ends(film) == [(f"SH010:t0{n}", "committed", 400_000) for n in (1, 2, 3)]


def test_a_sample_that_was_filtered_is_refunded_and_the_others_are_kept(tmp_path: Path) -> None:
    film, _ = make_film_of_three_takes(tmp_path, filtered=[1])
    result = film.render()
    assert result.made == 2
    assert isinstance(result.failed["SH010"], RefusedError)
    assert list_attempt_ends(film)[2] == ("SH010:t03", "filtered", 0)
    assert result.spent_micros == 800_000


def test_only_the_sample_that_is_missing_is_asked_for_again(tmp_path: Path) -> None:
    film, maker = make_film_of_three_takes(tmp_path, filtered=[1])
    film.policy = Policy(on_filtered="retry", retries=2)
    result = film.render()
    assert [request.samples for request in maker.requests] == [3, 1]
    assert result.exit_code == 0
    assert result.spent_micros == 1_200_000


def test_a_budget_too_small_for_all_samples_buys_none(tmp_path: Path) -> None:
    film, maker = make_film_of_three_takes(tmp_path)
    result = film.render(max_cost_micros=1_000_000)
    assert result.exit_code == 6
    assert maker.requests == []
    assert list_attempt_ends(film) == []


@dataclass
class SpoiltSampleProvider(MultiSampleProvider):
    """Samples of the one answer; some can't be read, for so many looks."""

    bad: frozenset[int] = frozenset({0})
    looks: int = 99
    by_uri: bool = False
    away: bool = False
    damaged: bool = False

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        if self.away:
            raise OSError("no route")
        return await super().fetch(sample, place)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        outcome = await super().poll(operation, place)
        if not isinstance(outcome, Done):
            return outcome
        samples = []
        for number in range(len(outcome.samples)):
            spoilt = number in self.bad and self._poll_counts[operation.name] <= self.looks
            if self.by_uri and not spoilt:
                samples.append(outcome.samples[number])
            elif spoilt and number % 2:
                path = place.scratch / f"{number}.mp4"
                if self.damaged:
                    write_clip(path, content="damaged")
                else:
                    path.write_text("cut")
                samples.append(Sample(path=path))
            elif spoilt:
                samples.append(Sample(problem="no video"))
            else:
                samples.append(
                    Sample(path=write_clip(place.scratch / f"{number}.mp4", content=number))
                )
        return replace(outcome, samples=tuple(samples))


def make_spoilt_film(folder: Path, **options: Any) -> tuple[FakeFilm, SpoiltSampleProvider]:
    maker = SpoiltSampleProvider(folder / "remote", **options)
    step = replace(build_step("SH010", takes=3), samples=4)
    film = FakeFilm(folder / "film.yaml", [step], {"paid": maker})
    film.policy = Policy(on_filtered="retry", on_failed="retry", retries=2)
    return film, maker


def read_take_contents(film: FakeFilm) -> dict[str, Any]:
    """What the file of each take says it is."""
    content_by_attempt = {}
    for attempt in Ledger.read_attempts(film.state):
        with closing(film.open_store()) as store:
            path = store.require_file(attempt.sha256) if attempt.sha256 else None
        content_by_attempt[attempt.name] = path and json.loads(path.read_text())["content"]
    return content_by_attempt


@pytest.mark.parametrize(
    ("bad", "damaged", "state", "why"),
    [
        (0, False, "submitted", "finished SH010:t01, but its answer can't be used"),
        (1, False, "done_remote", "SH010:t02 is finished, but the download failed"),
        (1, True, "done_remote", "SH010:t02 is finished, but the download failed"),
    ],
)
def test_an_unreadable_sample_is_kept_and_moves_no_other(
    tmp_path: Path, bad: int, damaged: bool, state: str, why: str
) -> None:
    film, maker = make_spoilt_film(tmp_path, bad=frozenset({bad}), damaged=damaged)
    result = film.render()
    assert result.exit_code == 3
    spoiled = f"SH010:t0{bad + 1}"
    error_text = str(result.failed["SH010"])
    assert why in error_text
    assert "scratch" not in error_text
    states = {name: (now, cost) for name, now, cost in list_attempt_ends(film)}
    assert states.pop(spoiled) == (state, 0)
    assert set(states.values()) == {("committed", 400_000)}
    whole = {n for n in range(3) if n != bad}
    assert read_take_contents(film) == {
        f"SH010:t0{n + 1}": n if n in whole else None for n in range(3)
    }
    maker.looks = 0
    assert film.render().exit_code == 0
    assert read_take_contents(film)[spoiled] == bad
    assert len(maker.read_bill()) == 1


def test_a_sample_that_came_spoilt_is_asked_for_again(tmp_path: Path) -> None:
    film, maker = make_spoilt_film(tmp_path, bad=frozenset({0, 1, 2}), looks=6)
    assert film.render().exit_code == 0
    assert len(maker.read_bill()) == 1


def test_samples_keep_their_positions_with_or_without_addresses(tmp_path: Path) -> None:
    film, maker = make_spoilt_film(tmp_path, by_uri=True, away=True)
    for _ in range(2):
        assert film.render().exit_code == 3
        assert [end[1] for end in list_attempt_ends(film)] == [
            "submitted",
            "done_remote",
            "done_remote",
        ]
    maker.away = False
    assert film.render().exit_code == 3
    assert [end[1] for end in list_attempt_ends(film)] == ["submitted", "committed", "committed"]


@pytest.mark.parametrize(
    ("told", "taken", "free"),
    [("", None, 0), ("a filter", None, 2), ("a filter", 1, 1), ("a filter", 0, 0)],
)
def test_only_what_a_filter_took_is_free(
    tmp_path: Path, told: str, taken: int | None, free: int
) -> None:
    class FewSamplesProvider(MultiSampleProvider):
        async def poll(self, operation: Operation, place: Workplace) -> Outcome:
            outcome = await super().poll(operation, place)
            if not isinstance(outcome, Done):
                return outcome
            return replace(outcome, filtered=told, taken=taken)

    maker = FewSamplesProvider(tmp_path / "remote", filtered=[2])
    step = replace(build_step("SH010", takes=3), samples=4)
    film = FakeFilm(tmp_path / "film.yaml", [step], {"paid": maker})
    assert film.render().exit_code == 3
    committed_row = [("SH010:t01", "committed", 400_000)]
    lost = [("filtered", 0)] * free + [("submitted", 0)] * (2 - free)
    assert list_attempt_ends(film) == committed_row + [
        (f"SH010:t0{n}", *end) for n, end in enumerate(lost, 2)
    ]


@pytest.mark.parametrize("outcome", [Done(()), Filtered("no", taken=0)])
def test_a_job_that_ends_without_a_reason_is_kept_and_not_resubmitted(
    tmp_path: Path, outcome: Outcome
) -> None:
    class EmptyProvider(FakeProvider):
        async def poll(self, operation: Operation, place: Workplace) -> Outcome:
            return outcome

    maker = EmptyProvider(tmp_path / "remote")
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": maker})
    film.policy = Policy(on_filtered="retry", on_failed="retry", retries=2)
    assert film.render().exit_code == 3
    assert list_attempt_ends(film) == [("SH010:t01", "submitted", 0)]
    assert len(maker.read_bill()) == 1


class DyingLedger(Ledger):
    """Dies with the request on its way, or the job begun."""

    def __init__(self, folder: Path, *, die_at: State) -> None:
        super().__init__(folder)
        self.die_at = die_at

    async def transition_together(self, attempts: Any, state: State, **facts: Any) -> Any:
        moved = await super().transition_together(attempts, state, **facts)
        if state is self.die_at:
            kill_process()
        return moved


@pytest.mark.parametrize("state", [State.SUBMITTING, State.SUBMITTED])
def test_the_rows_of_one_operation_go_on_together_after_a_crash(
    tmp_path: Path, state: State
) -> None:
    film, maker = make_film_of_three_takes(tmp_path)
    process = start_process(film.render, ledger_class=partial(DyingLedger, die_at=state))
    process.join(20)
    assert process.exitcode == -signal.SIGKILL
    result = film.render()
    assert len(maker.read_bill()) <= 1
    if state is State.SUBMITTING:
        assert result.exit_code == 7
        assert {end[1] for end in list_attempt_ends(film)} == {"unknown"}
    else:
        assert result.exit_code == 0
        assert [end[1] for end in list_attempt_ends(film)] == ["committed"] * 3


def test_a_ledger_of_the_first_version_is_read_and_continued(tmp_path: Path) -> None:
    film, _ = make_film_of_three_takes(tmp_path)
    film.render()
    with sqlite3.connect(film.state / "ledger.sqlite") as old:
        for column in ("width", "height", "sample", "picks"):
            old.execute(f"ALTER TABLE attempts DROP COLUMN {column}")
        old.execute("DROP TABLE runs")
        old.execute("PRAGMA user_version = 1")
    old.close()
    assert [attempt.sample for attempt in Ledger.read_attempts(film.state)] == [0, 0, 0]


class ImmediateProvider(FakeProvider):
    """Answers the submit with the result itself."""

    answer_is = "file"

    async def submit(self, request: Request, place: Workplace) -> Operation:
        operation = await super().submit(request, place)
        if self.answer_is == "file":
            path = write_clip(place.scratch / "answer.mp4", content=request.prompt)
            return Operation(operation.name, (Sample(path=path),))
        return Operation(operation.name, (Sample(uri=operation.name),))

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        return Failed("the answer was not kept", billed=True)


@pytest.mark.parametrize("answer", ["file", "uri"])
def test_an_answer_that_is_the_whole_job_needs_no_asking(tmp_path: Path, answer: str) -> None:
    maker = ImmediateProvider(tmp_path / "remote")
    maker.answer_is = answer
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": maker})
    assert film.render().exit_code == 0
    assert list_attempt_ends(film) == [("SH010:t01", "committed", 400_000)]


def test_a_result_that_cannot_be_fetched_now_is_not_given_up(tmp_path: Path) -> None:
    """The submit's answer named where it lies; that the service is away says nothing of it."""

    class UnavailableProvider(ImmediateProvider):
        away = True
        answer_is = "uri"

        async def fetch(self, sample: Sample, place: Workplace) -> Sample:
            if self.away:
                raise OSError("no route")
            return await super().fetch(sample, place)

    maker = UnavailableProvider(tmp_path / "remote")
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": maker})
    for _ in range(2):
        assert film.render().exit_code == 3
        assert list_attempt_ends(film) == [("SH010:t01", "done_remote", 0)]
    maker.away = False
    assert film.render().exit_code == 0
    assert len(maker.read_bill()) == 1


def test_a_missing_result_is_lost_only_after_it_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ClearedProvider(FakeProvider):
        async def fetch(self, sample: Sample, place: Workplace) -> Sample:
            raise Gone("not there")

        async def poll(self, operation: Operation, place: Workplace) -> Outcome:
            outcome = await super().poll(operation, place)
            if isinstance(outcome, Done):
                return Done((Sample(uri=operation.name),))
            return outcome

    film = FakeFilm(
        tmp_path / "film.yaml",
        [build_step("SH010")],
        {"paid": ClearedProvider(tmp_path / "remote")},
    )
    film.render()
    assert list_attempt_ends(film) == [("SH010:t01", "done_remote", 0)]
    monkeypatch.setattr(
        "storyboard.run.executor.result_expiry.find_retention_s", lambda attempt: 0.0
    )
    result = film.render()
    assert "expired before it was downloaded" in str(result.failed["SH010"])
    assert list_attempt_ends(film) == [("SH010:t01", "lost", 400_000)]


def test_a_job_the_service_wants_again_is_resubmitted_as_a_new_attempt(
    tmp_path: Path,
) -> None:
    class ResubmittingProvider(FakeProvider):
        async def poll(self, operation: Operation, place: Workplace) -> Outcome:
            if len(self.requests) == 1:
                return Failed("agents are being set up", again_s=0.001)
            return await super().poll(operation, place)

    maker = ResubmittingProvider(tmp_path / "remote")
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": maker})
    assert film.render().exit_code == 0
    assert [end[1:] for end in list_attempt_ends(film)] == [("failed", 0), ("committed", 400_000)]


def test_an_unsent_request_is_retried_a_limited_number_of_times(tmp_path: Path) -> None:
    maker = FakeProvider(tmp_path / "remote")
    maker.answer = lambda request: Unreachable("no connection", retry_after_s=0.001)
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": maker})
    assert film.render().exit_code == 3
    assert len(maker.requests) == 3
    assert {end[1] for end in list_attempt_ends(film)} == {"failed"}


def test_a_clip_of_another_size_never_enters_the_store(tmp_path: Path) -> None:
    wide = build_step("SH010")
    step = replace(wide, settings=replace(wide.settings, resolution="720p"))
    film = FakeFilm(tmp_path / "film.yaml", [step], {"paid": FakeProvider(tmp_path / "remote")})
    result = film.render()
    assert "320x180, not 1280x720" in str(result.failed["SH010"])
    assert not list(film.open_store().root.glob("**/*.mp4"))


def test_every_attempt_has_a_name_of_its_own_to_store_under(tmp_path: Path) -> None:
    maker = FakeProvider(tmp_path / "remote")
    film = FakeFilm(
        tmp_path / "film.yaml", [build_step("SH010"), build_step("SH020")], {"paid": maker}
    )
    film.render()
    tags = [request.tag for request in maker.requests]
    assert len(set(tags)) == 2
    assert all(tag.replace("-", "").isalnum() for tag in tags)


class TracingProvider(FakeProvider):
    """Loses the answer of its first submit; the result lies under the attempt's own tag."""

    there = 0

    async def submit(self, request: Request, place: Workplace) -> Operation:
        operation = await super().submit(request, place)
        self.lies = {request.tag: operation.name}
        raise ConnectionResetError("gone")

    async def trace(self, tag: str) -> tuple[Sample, ...]:
        name = self.lies.get(tag, "")
        return (Sample(uri=name),) * self.there if name else ()


def test_a_lost_answer_is_recovered_by_the_tag_of_its_attempt(tmp_path: Path) -> None:
    maker = TracingProvider(tmp_path / "remote")
    step = replace(build_step("SH010", takes=2), samples=2)
    film = FakeFilm(tmp_path / "film.yaml", [step], {"paid": maker})
    assert film.render().exit_code == 7
    assert film.render().exit_code == 7, "nothing there yet proves nothing"
    maker.there = 1
    assert film.render().exit_code == 7, "which of the two it is, only both would show"
    assert [end[1] for end in list_attempt_ends(film)] == ["unknown", "unknown"]
    maker.there = 2
    assert film.render().exit_code == 0
    assert len(maker.requests) == 1
    assert [end[1:] for end in list_attempt_ends(film)] == [("committed", 400_000)] * 2


def test_a_trace_that_fails_stops_no_other_shot(tmp_path: Path) -> None:
    class BrokenTraceProvider(TracingProvider):
        async def trace(self, tag: str) -> tuple[Sample, ...]:
            raise KeyError("name")

    maker = BrokenTraceProvider(tmp_path / "remote")
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": maker})
    assert film.render().exit_code == 7
    other = FakeProvider(tmp_path / "other")
    film.steps.append(build_step("SH020", provider="other"))
    film.providers = {"paid": maker, "other": other}
    assert film.render().exit_code == 7
    assert [end[1] for end in list_attempt_ends(film)] == ["unknown", "committed"]


def test_a_recovered_answer_survives_a_kill_and_is_fetched(tmp_path: Path) -> None:
    maker = TracingProvider(tmp_path / "remote")
    maker.there = 1
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": maker})
    assert film.render().exit_code == 7

    class InterruptedLedger(Ledger):
        async def transition_together(self, attempts: Any, state: State, **facts: Any) -> Any:
            moved = await super().transition_together(attempts, state, **facts)
            raise StoryboardError(f"the power fails after {moved[0].state}")

    assert film.render(ledger_class=InterruptedLedger).exit_code == 3
    assert film.render().exit_code == 0
    assert len(maker.requests) == 1


def test_a_cut_off_result_is_fetched_again_and_not_bought_again(tmp_path: Path) -> None:
    class CutOffProvider(FakeProvider):
        halves = 2

        async def fetch(self, sample: Sample, place: Workplace) -> Sample:
            fetched = await super().fetch(sample, place)
            if self.halves and fetched.path is not None:
                self.halves -= 1
                fetched.path.write_text("{")
            return fetched

    maker = CutOffProvider(tmp_path / "remote")
    film = FakeFilm(tmp_path / "film.yaml", [build_step("SH010")], {"paid": maker})
    assert film.render().exit_code == 0
    maker.halves = 99
    film.steps = [build_step("SH010"), build_step("SH020")]
    result = film.render()
    assert "the download failed" in str(result.failed["SH020"])
    assert list_attempt_ends(film)[-1] == ("SH020:t01", "done_remote", 0)
    maker.halves = 0
    assert film.render().exit_code == 0
    assert len(maker.read_bill()) == 2


def test_a_filtered_take_waits_until_the_user_insists(tmp_path: Path) -> None:
    maker = FakeProvider(tmp_path / "remote", answer=lambda request: Filtered("a filter took it"))
    film = FakeFilm(
        tmp_path / "film.yaml", [build_step("SH010"), build_step("SH020")], {"paid": maker}
    )
    film.policy = Policy(on_filtered="hold")
    for _ in range(2):
        result = film.render()
        assert result.exit_code == 7
        assert "--force SH010" in result.unknown["SH010"].hint
        assert len(maker.requests) == 2, "nothing is asked again by itself"
    maker.answer = lambda request: None
    film.render(change=lambda plan: force_step(plan, "SH010", Reason.FORCED, (1,)))
    assert [request.prompt for request in maker.requests[2:]] == ["picture of SH010"]
    film.policy = Policy()
    assert film.render().exit_code == 0


def test_an_extension_without_its_source_says_so(tmp_path: Path) -> None:
    tail = replace(build_step("SH020", kind=Kind.EXTEND, links=[link_video("SH010")]))
    film = FakeFilm(
        tmp_path / "film.yaml", [build_step("SH010"), tail], {"paid": FakeProvider(tmp_path / "r")}
    )
    assert film.render().exit_code == 0
    notes = [record["message"] for record in film.find_events("note")]
    assert any("doesn't start with the source" in note for note in notes)
