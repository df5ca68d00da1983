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
from storyboard.providers.cometapi.provider import CometAPI
from storyboard.simulator.server import Simulator
from storyboard.stitching.media.ffmpeg import probe
from tests.contract.comet import InlineWorkspace, make_adapter, make_request, write_picture


@pytest.fixture(autouse=True)
def _use_simulator(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def workspace(tmp_path: Path) -> InlineWorkspace:
    return InlineWorkspace(tmp_path)


async def wait_for_outcome(
    comet: CometAPI, operation: Operation, workspace: InlineWorkspace
) -> Outcome:
    while isinstance(outcome := await comet.poll(operation, workspace), Running):
        await asyncio.sleep(0.02)
    return outcome


def submit_and_wait(
    workspace: InlineWorkspace, transport: str = "videos", **settings: Any
) -> Outcome:
    """How a job of four seconds ends."""

    async def follow_one_job() -> Outcome:
        comet = make_adapter(transport)
        try:
            request = make_request(**{"duration_s": 4, **settings})
            return await wait_for_outcome(comet, await comet.submit(request, workspace), workspace)
        finally:
            await comet.close()

    return asyncio.run(follow_one_job())


def fetch_clip(workspace: InlineWorkspace, outcome: Outcome) -> Path:
    async def fetch_sample() -> Sample:
        comet = make_adapter()
        try:
            return await comet.fetch(outcome.samples[0], workspace)
        finally:
            await comet.close()

    assert isinstance(outcome, Done), outcome
    sample = asyncio.run(fetch_sample())
    assert sample.path is not None
    return sample.path


def list_charges(sim: Simulator) -> list[str]:
    """What each charge was for; `free` where nothing is to pay."""
    return ["free" if charge.note else str(charge.seconds) for charge in sim.world.bill.charges]


@pytest.mark.parametrize("reply", ["wrapped", "fail_reason"])
def test_every_form_of_reply_leads_to_the_clip(
    simulator: Simulator, workspace: InlineWorkspace, reply: str
) -> None:
    simulator.world.change_settings(comet_reply=reply, comet_percent=True, comet_elsewhere=True)
    path = fetch_clip(workspace, submit_and_wait(workspace))
    assert (probe(path).frames, probe(path).width) == (96, 1280)
    sent = [line for line in simulator.world.journal if line.origin == "other"]
    assert sent
    assert all(not line.auth for line in sent)


@pytest.mark.parametrize("form", ["markdown", "bare"])
def test_every_form_of_chat_leads_to_the_clip(
    simulator: Simulator, workspace: InlineWorkspace, form: str
) -> None:
    simulator.world.change_settings(chat_reply=form, comet_elsewhere=True)
    assert probe(fetch_clip(workspace, submit_and_wait(workspace, "chat"))).frames == 96
    assert list_charges(simulator) == ["4"]


def test_a_download_that_breaks_or_moves_is_fetched_all_the_same(
    simulator: Simulator, workspace: InlineWorkspace
) -> None:
    outcome = submit_and_wait(workspace)
    for fault in ("truncated@download", "redirect@download"):
        simulator.world.faults.add(fault)
        assert probe(fetch_clip(workspace, outcome)).frames == 96
    simulator.world.faults.add("html@download")
    with pytest.raises(ProviderError, match="is text"):
        fetch_clip(workspace, outcome)


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
    simulator: Simulator,
    workspace: InlineWorkspace,
    transport: str,
    fault: str,
    error: type[Exception],
    billed: Any,
) -> None:
    simulator.world.faults.add(f"{fault}@submit")
    with pytest.raises(error):
        submit_and_wait(workspace, transport)
    assert list_charges(simulator) == billed


def test_a_lost_answer_is_unknown_and_was_billed(
    simulator: Simulator, workspace: InlineWorkspace
) -> None:
    simulator.world.faults.add("drop_after")
    with pytest.raises(UnknownOutcome):
        submit_and_wait(workspace)
    assert list_charges(simulator) == ["4"]


def test_a_stream_cut_short_is_unknown_and_was_billed(
    simulator: Simulator, workspace: InlineWorkspace
) -> None:
    simulator.world.faults.add("truncated@submit")
    with pytest.raises(UnknownOutcome, match="ended too early"):
        submit_and_wait(workspace, "chat")
    assert list_charges(simulator) == ["4"]


@pytest.mark.parametrize("transport", ["videos", "chat"])
def test_a_job_that_fails_says_why(
    simulator: Simulator, workspace: InlineWorkspace, transport: str
) -> None:
    simulator.world.faults.add("failed")
    outcome = submit_and_wait(workspace, transport)
    assert isinstance(outcome, Failed)
    assert outcome.billed is (transport == "chat")
    simulator.world.faults.add("filtered=61493863")
    outcome = submit_and_wait(workspace, transport)
    assert isinstance(outcome, Filtered)
    assert outcome.category == "violence"


def test_only_the_chat_reports_what_the_model_cannot_do(
    simulator: Simulator, workspace: InlineWorkspace
) -> None:
    outcome = submit_and_wait(workspace, "chat", duration_s=5)
    assert isinstance(outcome, Failed)
    assert "supported durations are [4,6,8]" in outcome.message
    with pytest.raises(InvalidRequest, match="seconds must be one of 4, 6, 8"):
        submit_and_wait(workspace, "videos", duration_s=5)
    assert list_charges(simulator) == []


def test_pictures_are_read_as_they_were_sent(
    simulator: Simulator, workspace: InlineWorkspace
) -> None:
    broken = write_picture(workspace.scratch, Role.FIRST_FRAME)

    async def run(transport: str) -> Outcome:
        comet = make_adapter(transport)
        try:
            asked = make_request(Kind.GENERATE, broken, duration_s=4)
            return await wait_for_outcome(comet, await comet.submit(asked, workspace), workspace)
        finally:
            await comet.close()

    with pytest.raises(InvalidRequest, match="could not be decoded"):
        asyncio.run(run("videos"))
    refused = asyncio.run(run("chat"))
    assert isinstance(refused, Failed)
    assert "could not be downloaded or decoded" in refused.message


def test_a_wrong_key_is_distinguished_from_a_missing_one(
    simulator: Simulator, workspace: InlineWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMETAPI_KEY", "sk-somebody-elses")
    with pytest.raises(
        AuthenticationError, match="authentication failed with the key in COMETAPI_KEY"
    ):
        submit_and_wait(workspace)
