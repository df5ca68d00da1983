"""The executor: a plan becomes takes, once each, whatever fails beside them."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

sys.path.append(str(Path(__file__).parents[1] / "fakes"))
from child import start_process
from run_fakes import (
    FakeFilm,
    FakeProvider,
    build_import_step,
    build_step,
    force_step,
    link_last_frame,
    link_video,
    write_clip,
)

from storyboard.errors import (
    AuthenticationError,
    DecisionNeeded,
    EnvironmentProblem,
    Gone,
    MoneyRefused,
    OperationFailed,
    QuotaError,
    RefusedError,
    UnknownOutcome,
)
from storyboard.graph.rate_limits import RateLimits
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
    Role,
    Sample,
    Workplace,
)
from storyboard.run.events import Event
from storyboard.run.ledger.attempts import State
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.maintenance.store_maintenance import verify_store
from tests.unit.films import make_shot

EVENT = json.loads((Path(__file__).parents[2] / "schemas" / "event.schema.json").read_text())


@pytest.fixture(autouse=True)
def _poll_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYBOARD_POLL_S", "0.005")
    monkeypatch.delenv("STORYBOARD_STORE", raising=False)


def make_film(
    folder: Path, *steps: object, **options: object
) -> tuple[FakeFilm, FakeProvider, FakeProvider]:
    """A film of those steps, with a paid and a free provider."""
    paid = FakeProvider(folder / "remote")
    free = FakeProvider(folder / "local", name="free", repeatable=True)
    providers = {"paid": paid, "free": free}
    return FakeFilm(folder / "film.yaml", list(steps), providers, **options), paid, free  # type: ignore[arg-type]


class StopAfter(list[Event]):
    """Presses Ctrl-C once so many steps have come to an event of that type."""

    def __init__(self, type: str, *, steps: int = 1) -> None:
        super().__init__()
        self._type, self._steps = type, steps
        self._seen: set[str] = set()

    def append(self, event: Event) -> None:
        super().append(event)
        if event.type == self._type and len(self._seen) < self._steps:
            self._seen.add(event.to_record()["step"])
            if len(self._seen) == self._steps:
                os.kill(os.getpid(), signal.SIGINT)


def test_a_film_is_made_once_and_then_kept(tmp_path: Path) -> None:
    film, paid, free = make_film(
        tmp_path,
        build_step("SH010"),
        build_step("SH020", links=[link_last_frame("SH010")]),
        build_step("SH030", provider="free", takes=2),
        build_import_step("SH040", write_clip(tmp_path / "dawn.mp4")),
    )
    first = film.render()
    assert (first.exit_code, first.made, first.spent_micros) == (0, 5, 800_000)
    assert set(first.selects) == {"SH010", "SH020", "SH030", "SH040"}
    second = film.render()
    assert (second.made, second.kept, second.spent_micros) == (0, 4, 0)
    assert second.selects == first.selects
    assert (len(paid.read_bill()), len(free.read_bill())) == (2, 2)
    assert verify_store(film.open_store()) == []


def test_every_event_of_a_run_follows_the_schema(tmp_path: Path) -> None:
    def answer(request: Request) -> object:
        return Failed("no") if request.prompt == "bad" else None

    film, paid, _ = make_film(
        tmp_path,
        build_step("SH010"),
        build_step("SH020", "bad"),
        build_step("SH030", links=[link_last_frame("SH020")]),
    )
    paid.answer = answer  # type: ignore[assignment]
    result = film.render()
    film.events.append(result.to_summary("r1"))
    for event in film.events:
        jsonschema.validate(event.to_record(), EVENT)
    assert {event.type for event in film.events} == {
        "plan", "step_started", "operation_started", "operation_progress", "take_added",
        "step_finished", "step_failed", "step_blocked", "summary",
    }  # fmt: skip


def test_a_failure_stops_only_the_steps_that_depend_on_it(tmp_path: Path) -> None:
    film, paid, _ = make_film(
        tmp_path,
        build_step("SH010", "bad"),
        build_step("SH020", links=[link_last_frame("SH010")]),
        build_step("SH030", links=[link_last_frame("SH020")]),
        build_step("SH040"),
    )
    paid.answer = lambda request: Failed("the sky fell") if request.prompt == "bad" else None
    result = film.render()
    assert list(result.selects) == ["SH040"]
    assert str(result.failed["SH010"]) == "the sky fell"
    assert result.blocked == {"SH020": "waits for SH010", "SH030": "waits for SH020"}
    assert (result.exit_code, result.can_stitch) == (3, False)
    assert result.spent_micros == 400_000, "an unbilled failure is refunded"
    assert film.render(missing_policy="slate").can_stitch


def test_more_takes_buy_only_the_missing_ones_with_seeds_of_their_own(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))
    film.render()
    film.steps = [build_step("SH010", takes=3)]
    assert film.render().made == 2
    seeds = [request.settings.seed for request in paid.requests]
    assert len(set(seeds)) == 3
    assert film.render().made == 0


def test_equal_steps_share_one_take(tmp_path: Path) -> None:
    film, paid, _ = make_film(
        tmp_path, *(build_step(id, "the same") for id in ("SH010", "SH020", "SH030"))
    )
    result = film.render()
    assert len(paid.read_bill()) == 1
    assert (result.made, result.kept) == (1, 2)


def test_a_changed_shot_is_made_again_with_its_dependents(tmp_path: Path) -> None:
    film, paid, _ = make_film(
        tmp_path,
        build_step("SH010"),
        build_step("SH020", links=[link_last_frame("SH010")]),
        build_step("SH030"),
    )
    film.render()
    film.steps[0] = build_step("SH010", "other words")
    assert film.render().made == 2
    assert len(paid.read_bill()) == 5


def test_a_step_whose_parent_came_out_the_same_is_kept(tmp_path: Path) -> None:
    film, _, free = make_film(
        tmp_path,
        build_step("SH010", provider="free"),
        build_step("SH020", links=[link_last_frame("SH010")]),
    )
    first = film.render()
    store = film.open_store()
    store.require_file(first.selects["SH010"].sha256).unlink()
    store.close()
    again = film.render()
    assert (again.made, again.kept) == (1, 1)
    assert len(free.read_bill()) == 2


def test_a_step_gets_its_parents_frame_whole_take_and_state(tmp_path: Path) -> None:
    film, paid, _ = make_film(
        tmp_path,
        build_step("SH010"),
        build_step("SH020", links=[link_last_frame("SH010")]),
        build_step("SH030", kind=Kind.EXTEND, links=[link_video("SH010")]),
    )
    seen = {}

    def inspect_inputs(request: Request) -> None:
        seen[request.prompt[-5:]] = [each.path.read_text() for each in request.inputs]  # type: ignore[union-attr]

    paid.answer = inspect_inputs
    result = film.render()
    requests_by_shot = {request.prompt[-5:]: request for request in paid.requests}
    assert requests_by_shot["SH010"].inputs == ()
    assert json.loads(seen["SH020"][0])["content"][1] == 23, "the last of 24 frames"
    assert requests_by_shot["SH020"].inputs[0].role is Role.FIRST_FRAME
    source_input = requests_by_shot["SH030"].input(Role.VIDEO)
    assert source_input is not None
    assert source_input.sha256 == result.selects["SH010"].sha256
    assert source_input.uri == result.selects["SH010"].uri
    assert source_input.state is not None
    assert source_input.state.read_text() == '"picture of SH010"'


def test_a_lossless_frame_that_was_kept_is_handed_on(tmp_path: Path) -> None:
    film, paid, _ = make_film(
        tmp_path, build_step("SH010"), build_step("SH020", links=[link_last_frame("SH010")])
    )
    fetch = paid.fetch

    async def fetch_with_last_frame(sample: Sample, place: object) -> Sample:
        found = await fetch(sample, place)  # type: ignore[arg-type]
        last = found.path.with_suffix(".png")
        last.write_text("lossless")
        return replace(found, attachments={"last.png": last})

    paid.fetch = fetch_with_last_frame  # type: ignore[method-assign]
    film.render()
    path = paid.requests[1].inputs[0].path
    assert path is not None
    assert path.read_text() == "lossless"


@pytest.mark.parametrize(
    ("delivered", "says_source", "source", "note"),
    [
        (48, True, 24, ""),
        (24, True, 0, "doesn't start with the source"),
        (48, False, 24, ""),
        (25, False, 0, ""),
    ],
)
def test_an_extension_finds_its_own_new_material(
    tmp_path: Path, delivered: int, says_source: bool, source: int, note: str
) -> None:
    extension = build_step("SH020", kind=Kind.EXTEND, links=[link_video("SH010")])
    film, paid, _ = make_film(tmp_path, build_step("SH010"), extension)
    paid.count_frames = lambda request: delivered if request.kind is Kind.EXTEND else 24
    fetch = paid.fetch

    async def fetch_combined(sample: Sample, place: object) -> Sample:
        found = await fetch(sample, place)  # type: ignore[arg-type]
        return replace(found, contains_source=says_source)

    paid.fetch = fetch_combined  # type: ignore[method-assign]
    take = film.render().selects["SH020"]
    assert (take.source_frames, take.contains_source) == (source, source > 0)
    assert note in " ".join(record["message"] for record in film.find_events("note"))


def test_a_clip_unlike_its_request_is_charged_but_not_stored(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))
    paid.count_frames = lambda request: 20
    result = film.render()
    assert "20 frames, not 24" in str(result.failed["SH010"])
    assert list(film.open_store().list_files()) == []
    assert result.spent_micros == 400_000


def test_two_frames_more_or_less_are_forgiven(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))
    paid.count_frames = lambda request: 22
    assert film.render().exit_code == 0


def test_a_filtered_take_is_refunded_and_retried_only_by_policy(
    tmp_path: Path,
) -> None:
    for policy, submissions in ((Policy(), 1), (Policy(on_filtered="retry", retries=2), 3)):
        film, paid, _ = make_film(tmp_path / str(submissions), build_step("SH010"), policy=policy)
        film.path.parent.mkdir()
        paid.answer = lambda request: Filtered("no blood", category="violence")
        result = film.render()
        assert isinstance(result.failed["SH010"], RefusedError)
        assert (len(paid.read_bill()), result.spent_micros, result.exit_code) == (submissions, 0, 3)


def test_a_filtered_take_can_wait_for_the_user(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"), policy=Policy(on_filtered="hold"))
    paid.answer = lambda request: RefusedError("no blood")
    result = film.render()
    assert isinstance(result.unknown["SH010"], DecisionNeeded)
    assert result.exit_code == 7


def test_a_failed_take_is_tried_again_where_the_film_says_so(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"), policy=Policy(on_failed="retry"))
    paid.answer = lambda request: Failed("hiccup") if len(paid.requests) < 3 else None
    assert film.render().exit_code == 0
    assert len(paid.read_bill()) == 3


def test_without_an_answer_money_stays_reserved_and_nothing_is_resent(tmp_path: Path) -> None:
    film, paid, _ = make_film(
        tmp_path, build_step("SH010"), build_step("SH020", links=[link_last_frame("SH010")])
    )
    paid.answer = lambda request: ConnectionResetError("peer went away")
    result = film.render()
    assert isinstance(result.unknown["SH010"], UnknownOutcome)
    assert (result.exit_code, list(result.blocked)) == (7, ["SH020"])
    paid.answer = lambda request: None
    again = film.render()
    assert again.exit_code == 7
    assert len(paid.requests) == 1
    (attempt,) = Ledger.read_attempts(film.state)
    assert (attempt.state, attempt.held_micros) == (State.UNKNOWN, 400_000)


def test_a_full_quota_made_no_job_and_is_asked_again_later(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))
    paid.answer = lambda request: QuotaError("slow down") if len(paid.requests) < 3 else None
    assert film.render().exit_code == 0
    assert [attempt.state for attempt in Ledger.read_attempts(film.state)] == [
        State.FAILED,
        State.FAILED,
        State.COMMITTED,
    ]


def test_a_refused_key_is_an_environment_problem(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"), build_step("SH020", links=[]))
    film.steps += [build_step(f"SH1{n}0") for n in range(80)]
    paid.answer = lambda request: AuthenticationError("set GEMINI_API_KEY")
    result = film.render()
    assert (result.exit_code, len(result.failed)) == (4, 82)
    assert len(paid.requests) <= 64, "those that were under way; a refused key is not tried on"


def test_a_limit_on_the_money_holds_over_parallel_steps(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, *(build_step(f"SH0{n}0") for n in range(1, 6)))
    result = film.render(max_cost_micros=1_000_000)
    assert (len(paid.read_bill()), result.spent_micros, result.exit_code) == (2, 800_000, 6)
    assert all(isinstance(error, MoneyRefused) for error in result.failed.values())


def test_frozen_never_submits(tmp_path: Path) -> None:
    film, paid, _ = make_film(
        tmp_path, build_step("SH010"), build_step("SH020", links=[link_last_frame("SH010")])
    )
    result = film.render(frozen=True)
    assert (paid.requests, result.exit_code) == ([], 3)
    assert "--frozen" in str(result.failed["SH010"])


def test_a_retake_is_picked_and_plays(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))
    first = film.render().selects["SH010"]
    result = film.render(change=lambda p: force_step(p, "SH010", Reason.RETAKE_REQUESTED, (2,)))
    assert result.selects["SH010"].name == "t02"
    assert film.open_lock_file().find_pick(first.digest) == result.selects["SH010"].sha256
    assert film.render().selects["SH010"].name == "t02"
    assert len(paid.read_bill()) == 2


def test_a_forced_step_is_made_again_in_its_own_place(tmp_path: Path) -> None:
    film, _, free = make_film(tmp_path, build_step("SH010", provider="free"))
    film.render()
    result = film.render(change=lambda p: force_step(p, "SH010", Reason.FORCED, (1,)))
    assert (result.made, len(free.read_bill()), result.selects["SH010"].name) == (1, 2, "t01")


def test_when_every_take_is_rejected_one_more_is_made(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))
    rejected = film.render().selects["SH010"]
    selects = film.open_lock_file()
    selects.set_rejected(rejected)
    selects.save()
    result = film.render()
    assert (result.selects["SH010"].name, len(paid.read_bill())) == ("t02", 2)


def test_a_locked_take_that_is_rejected_plays_and_no_other_is_bought(tmp_path: Path) -> None:
    locked = make_shot("SH020", lock="t01")
    film, paid, free = make_film(
        tmp_path,
        build_step("SH010", provider="free"),
        build_step("SH020", links=[link_last_frame("SH010")]),
        shots=(locked,),
    )
    rejected = film.render().selects["SH020"]
    selects = film.open_lock_file()
    selects.set_rejected(rejected)
    selects.save()
    film.providers["free"].revision = "2"  # its parent is made anew and comes out the same
    result = film.render()
    assert (result.made, result.selects["SH020"].name) == (1, "t01")
    assert (len(paid.read_bill()), len(free.read_bill())) == (1, 2)


def test_a_film_can_require_a_pick_before_dependents_are_made(tmp_path: Path) -> None:
    film, _, _ = make_film(
        tmp_path,
        build_step("SH010", takes=2),
        build_step("SH020", links=[link_last_frame("SH010")]),
        policy=Policy(on_pick="wait"),
    )
    result = film.render()
    assert (result.exit_code, list(result.unknown)) == (7, ["SH020"])
    selects = film.open_lock_file()
    selects.set_pick(selects.find_takes(result.selects["SH010"].digest)[1])
    selects.save()
    assert film.render().exit_code == 0


def test_what_a_colleague_bought_is_not_bought_again(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_import_step("SH010", write_clip(tmp_path / "a.mp4")))
    film.steps.append(build_step("SH020", links=[link_video("SH010")]))
    film.render()
    (tmp_path / ".storyboard").rename(tmp_path / "the colleague's machine")
    result = film.render()
    assert (result.exit_code, len(paid.read_bill())) == (7, 1)
    assert "was bought as t01" in str(result.unknown["SH020"])


def test_footage_is_known_by_its_content_and_ingested_once(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "dawn.mp4", content="dawn")
    film, _, _ = make_film(
        tmp_path, build_import_step("SH010", path), build_import_step("SH020", path)
    )
    result = film.render()
    assert (result.made, result.kept) == (1, 1)
    assert path.exists()
    write_clip(path, content="dusk")
    assert film.render().made == 1


def test_unreadable_footage_fails_its_step_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("not a medium")
    film, _, _ = make_film(
        tmp_path, build_import_step("SH010", tmp_path / "notes.mp4"), build_step("SH020")
    )
    result = film.render()
    assert (list(result.failed), list(result.selects)) == (["SH010"], ["SH020"])


def test_corrupt_footage_is_never_ingested(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "dawn.mp4", content="damaged")
    film, _, _ = make_film(tmp_path, build_import_step("SH010", path), build_step("SH020"))
    result = film.render()
    assert (result.exit_code, list(result.selects)) == (3, ["SH020"])
    assert "frame 7, at 0.29 s" in str(result.failed["SH010"])
    write_clip(path, content="whole")
    assert film.render().exit_code == 0


def test_a_job_the_film_no_longer_needs_is_still_fetched(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010", "first words"))
    paid.running_polls = 10**6

    film.events = StopAfter("operation_progress")
    assert film.render().exit_code == 130
    paid.running_polls = 0
    film.steps = [build_step("SH010", "second words")]
    result = film.render()
    assert (result.exit_code, sorted(paid.read_bill())) == (0, ["first words", "second words"])
    assert {len(entry.takes) for entry in film.open_lock_file().entries.values()} == {1}
    assert len(film.open_lock_file().entries) == 2, "paid for, so kept"


def test_interrupted_it_stops_in_order_and_goes_on_later(tmp_path: Path) -> None:
    film, paid, free = make_film(
        tmp_path,
        build_step("SH010"),
        build_step("SH020", provider="free"),
        build_step("SH030", links=[]),
    )
    paid.running_polls = free.running_polls = 10**6
    film.events = StopAfter("operation_progress", steps=3)
    result = film.render()
    assert (result.exit_code, result.interrupted, result.can_stitch) == (130, True, False)
    states = {attempt.step: attempt.state for attempt in Ledger.read_attempts(film.state)}
    assert states == {
        "SH010": State.SUBMITTED,
        "SH020": State.ABANDONED,
        "SH030": State.SUBMITTED,
    }
    paid.running_polls = free.running_polls = 0
    assert film.render().exit_code == 0
    assert len(paid.read_bill()) == 2
    assert "continues on paid" in film.find_events("note")[0]["message"]
    assert len(film.find_events("operation_started")) == 3 + 3
    assert sum(bool(record["resumed"]) for record in film.find_events("operation_started")) == 2


def test_a_full_disk_ends_the_run_with_nothing_half_written(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"), build_step("SH020"))

    async def fail_with_full_disk(sample: Sample, place: object) -> Sample:
        raise OSError(errno.ENOSPC, "No space left on device")

    fetch, paid.fetch = paid.fetch, fail_with_full_disk  # type: ignore[method-assign]
    with pytest.raises(EnvironmentProblem, match="disk is full") as raised:
        film.render()
    assert raised.value.exit_code == 4
    assert list(film.open_store().list_files()) == []
    paid.fetch = fetch  # type: ignore[method-assign]
    assert film.render().exit_code == 0
    assert len(paid.read_bill()) == 2


def test_a_result_that_cannot_be_fetched_waits_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))

    async def fail_to_fetch(sample: Sample, place: object) -> Sample:
        raise ConnectionError("no route")

    fetch, paid.fetch = paid.fetch, fail_to_fetch  # type: ignore[method-assign]
    assert "the download failed" in str(film.render().failed["SH010"])
    paid.fetch = fetch  # type: ignore[method-assign]
    assert film.render().exit_code == 0
    assert len(paid.read_bill()) == 1


def test_an_expired_result_is_reported_as_lost(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))

    async def fail_as_expired(sample: Sample, place: object) -> Sample:
        object.__setattr__(sample, "expires_at", 1.0)
        raise Gone("it is no longer there")

    paid.fetch = fail_as_expired  # type: ignore[method-assign]
    result = film.render()
    assert isinstance(result.failed["SH010"], OperationFailed)
    assert Ledger.read_attempts(film.state)[0].state is State.LOST
    assert result.spent_micros == 400_000


@pytest.mark.parametrize("wanted", [True, False])
def test_what_expires_first_is_fetched_first(tmp_path: Path, wanted: bool) -> None:
    ids = ("SH010", "SH020", "SH030")
    film, paid, _ = make_film(tmp_path, *map(build_step, ids))
    poll, fetch = paid.poll, paid.fetch
    order: list[str] = []

    async def poll_with_expiry(operation: Operation, place: Workplace) -> Outcome:
        told = await poll(operation, place)
        if isinstance(told, Done):
            late = 3e9 - int(operation.name[-1])
            return Done(tuple(replace(each, expires_at=late) for each in told.samples))
        return told

    async def fail_to_fetch(sample: Sample, place: Workplace) -> Sample:
        raise ConnectionError("no way")

    async def fetch_and_note(sample: Sample, place: Workplace) -> Sample:
        order.append(sample.uri[-1])
        return await fetch(sample, place)

    paid.poll, paid.fetch = poll_with_expiry, fail_to_fetch  # type: ignore[method-assign]
    assert film.render().exit_code == 3
    paid.fetch = fetch_and_note  # type: ignore[method-assign]
    if wanted:
        new = [build_step("SH005"), *film.steps]
        film.steps = [replace(step, rate_limits=RateLimits(at_once=1)) for step in new]
    else:
        film.steps = [build_step("SH005", provider="free")]
    assert film.render().exit_code == 0
    assert order[:3] == ["3", "2", "1"]


def test_a_clock_that_ran_ahead_loses_nothing_that_is_there(tmp_path: Path) -> None:
    film, paid, _ = make_film(tmp_path, build_step("SH010"))
    fetch, tried = paid.fetch, 0

    async def fail_once_as_expired(sample: Sample, place: Workplace) -> Sample:
        nonlocal tried
        tried += 1
        object.__setattr__(sample, "expires_at", 1.0)
        if tried < 6:
            raise ConnectionError("reset by peer")
        return await fetch(sample, place)

    paid.fetch = fail_once_as_expired  # type: ignore[method-assign]
    assert "the download failed" in str(film.render().failed["SH010"])
    assert film.render().exit_code == 0
    assert len(paid.read_bill()) == 1


def test_a_bug_in_an_adapter_is_reported_and_other_steps_continue(tmp_path: Path) -> None:
    film, _, free = make_film(tmp_path, build_step("SH010", provider="free"), build_step("SH020"))
    free.answer = lambda request: KeyError("oops")
    result = film.render()
    assert "KeyError" in str(result.failed["SH010"])
    assert "run_fakes.py" in film.find_events("step_failed")[0]["trace"]
    assert list(result.selects) == ["SH020"]


def test_providers_are_closed_and_the_scratch_folder_is_gone(tmp_path: Path) -> None:
    film, paid, free = make_film(tmp_path, build_step("SH010"))
    film.render()
    assert (paid.close_count, free.close_count) == (1, 0)
    assert list((film.open_store().root / "scratch").iterdir()) == []


def _render_and_check(film: FakeFilm) -> None:
    assert film.render().exit_code == 0


def test_two_films_on_one_store_never_make_one_step_twice(tmp_path: Path) -> None:
    paid = FakeProvider(tmp_path / "remote", pause_s=0.05)
    films = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        steps = [build_step(f"SH0{n}0", f"picture {n}") for n in range(1, 5)]
        films.append(
            FakeFilm(
                tmp_path / name / "film.yaml", steps, {"paid": paid}, store_root=tmp_path / "store"
            )
        )
    rendering = [start_process(_render_and_check, film) for film in films]
    for each in rendering:
        each.join(20)
    assert [each.exitcode for each in rendering] == [0, 0]
    assert sorted(paid.read_bill()) == [f"picture {n}" for n in range(1, 5)]
    assert all(len(film.open_lock_file().entries) == 4 for film in films)


def test_a_thousand_shots_with_nothing_to_do_are_kept(tmp_path: Path) -> None:
    film, _, _ = make_film(
        tmp_path,
        *(build_step(f"SH{n:04d}", f"one of {n % 40}", provider="free") for n in range(1000)),
    )
    film.render()
    plan = film.plan(film.open_store(), film.open_lock_file())
    assert film.render(change=lambda _: plan).kept == 1000
