"""CometAPI's adapter against the simulated gateway, which reads what is sent by its own rules."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import (
    AuthenticationError,
    InvalidRequest,
    ProviderError,
    QuotaError,
    UnknownOutcome,
)
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Kind,
    Operation,
    Outcome,
    Role,
    Running,
    Sample,
)
from storyboard.providers.cometapi import CometAPI
from storyboard.simulator.serve import Simulator
from storyboard.stitching.media import probe
from tests.contract.comet import Place, adapter, picture, request


@pytest.fixture(autouse=True)
def _paid(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sim.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def followed(comet: CometAPI, operation: Operation, place: Place) -> Outcome:
    while isinstance(outcome := await comet.poll(operation, place), Running):
        await asyncio.sleep(0.02)
    return outcome


def ended(place: Place, transport: str = "videos", **settings: Any) -> Outcome:
    """How a job of four seconds ends."""

    async def run() -> Outcome:
        comet = adapter(transport)
        try:
            asked = request(**{"duration_s": 4, **settings})
            return await followed(comet, await comet.submit(asked, place), place)
        finally:
            await comet.close()

    return asyncio.run(run())


def fetched(place: Place, outcome: Outcome) -> Path:
    async def run() -> Sample:
        comet = adapter()
        try:
            return await comet.fetch(outcome.samples[0], place)
        finally:
            await comet.close()

    assert isinstance(outcome, Done), outcome
    sample = asyncio.run(run())
    assert sample.path is not None
    return sample.path


def bill(sim: Simulator) -> list[str]:
    """What each charge was for; `free` where nothing is to pay."""
    return ["free" if charge.note else str(charge.seconds) for charge in sim.world.bill.charges]


@pytest.mark.parametrize("reply", ["wrapped", "fail_reason"])
def test_every_form_of_reply_leads_to_the_clip(sim: Simulator, place: Place, reply: str) -> None:
    sim.world.change(comet_reply=reply, comet_percent=True, comet_elsewhere=True)
    path = fetched(place, ended(place))
    assert (probe(path).frames, probe(path).width) == (96, 1280)
    sent = [line for line in sim.world.journal if line.origin == "other"]
    assert sent
    assert all(not line.auth for line in sent)


@pytest.mark.parametrize("form", ["markdown", "bare"])
def test_every_form_of_chat_leads_to_the_clip(sim: Simulator, place: Place, form: str) -> None:
    sim.world.change(chat_reply=form, comet_elsewhere=True)
    assert probe(fetched(place, ended(place, "chat"))).frames == 96
    assert bill(sim) == ["4"]


def test_a_download_that_breaks_or_moves_is_fetched_all_the_same(
    sim: Simulator, place: Place
) -> None:
    outcome = ended(place)
    for fault in ("truncated@download", "redirect@download"):
        sim.world.faults.add(fault)
        assert probe(fetched(place, outcome)).frames == 96
    sim.world.faults.add("html@download")
    with pytest.raises(ProviderError, match="words came"):
        fetched(place, outcome)


@pytest.mark.parametrize("transport", ["videos", "chat"])
@pytest.mark.parametrize(
    ("fault", "error", "billed"),
    [
        ("drop_before", UnknownOutcome, []),
        ("server_error=500", UnknownOutcome, []),
        ("server_error=504", UnknownOutcome, []),
        ("rate_limit=3", QuotaError, []),
        ("not_found", InvalidRequest, []),
    ],
)
def test_a_fault_at_the_gate(
    sim: Simulator, place: Place, transport: str, fault: str, error: type[Exception], billed: Any
) -> None:
    sim.world.faults.add(f"{fault}@submit")
    with pytest.raises(error):
        ended(place, transport)
    assert bill(sim) == billed


def test_a_lost_answer_is_unknown_and_was_billed(sim: Simulator, place: Place) -> None:
    sim.world.faults.add("drop_after")
    with pytest.raises(UnknownOutcome):
        ended(place)
    assert bill(sim) == ["4"]


def test_a_stream_cut_short_is_unknown_and_was_billed(sim: Simulator, place: Place) -> None:
    sim.world.faults.add("truncated@submit")
    with pytest.raises(UnknownOutcome, match="stopped before its end"):
        ended(place, "chat")
    assert bill(sim) == ["4"]


@pytest.mark.parametrize("transport", ["videos", "chat"])
def test_a_job_that_fails_says_why(sim: Simulator, place: Place, transport: str) -> None:
    sim.world.faults.add("failed")
    outcome = ended(place, transport)
    assert isinstance(outcome, Failed)
    assert outcome.billed is (transport == "chat")
    sim.world.faults.add("filtered=61493863")
    outcome = ended(place, transport)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "violence"


def test_what_the_model_can_not_do_is_said_by_the_chat_alone(sim: Simulator, place: Place) -> None:
    outcome = ended(place, "chat", duration_s=5)
    assert isinstance(outcome, Failed)
    assert "supported durations are [4,6,8]" in outcome.message
    with pytest.raises(InvalidRequest, match="seconds must be one of 4, 6, 8"):
        ended(place, "videos", duration_s=5)
    assert bill(sim) == []


def test_pictures_are_read_as_they_were_sent(sim: Simulator, place: Place) -> None:
    broken = picture(place.scratch, Role.FIRST_FRAME)

    async def run(transport: str) -> Outcome:
        comet = adapter(transport)
        try:
            asked = request(Kind.GENERATE, broken, duration_s=4)
            return await followed(comet, await comet.submit(asked, place), place)
        finally:
            await comet.close()

    with pytest.raises(InvalidRequest, match="could not be decoded"):
        asyncio.run(run("videos"))
    refused = asyncio.run(run("chat"))
    assert isinstance(refused, Failed)
    assert "could not be downloaded or decoded" in refused.message


def test_a_wrong_key_is_told_from_a_missing_one(
    sim: Simulator, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMETAPI_KEY", "sk-somebody-elses")
    with pytest.raises(AuthenticationError, match="does not take the key in COMETAPI_KEY"):
        ended(place)
