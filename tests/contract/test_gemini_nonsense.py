"""Whatever the Gemini API answers, what comes out is an outcome or an error of ours."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.errors import StoryboardError
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Kind,
    Operation,
    Outcome,
    Running,
    Unusable,
)
from storyboard.providers.google.gemini import Gemini
from tests.contract.gemini_cases import (
    OMNI,
    VEO,
    make_request,
    make_speech_request,
    point_to_server,
)
from tests.contract.scripted import ScriptedServer, make_json_answer
from tests.contract.vertex_cases import ThreadWorkspace

_KEYS = st.sampled_from(
    "done error response generateVideoResponse generatedSamples video uri encodedVideo code "
    "message raiMediaFilteredReasons raiMediaFilteredCount status steps content type data "
    "output_video outputs errors id candidates parts text thought inlineData mimeType "
    "finishReason promptFeedback blockReason name responseId".split()
)
_WORDS = st.sampled_from(
    "|video|model_output|completed|failed|gs://b/o|files/abc|AAAA|?|STOP|SAFETY|image/png|"
    "audio/L16;rate=99999999999;channels=0|Support codes: 12345678".split("|")
)
_PLAIN = st.none() | st.booleans() | st.integers(-9, 99) | st.floats(allow_nan=False) | _WORDS
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=14,
)
_SHAPES = st.sampled_from(
    [
        lambda v: v,
        lambda v: {"done": True, "response": {"generateVideoResponse": v}},
        lambda v: {"done": True, "response": {"generateVideoResponse": {"generatedSamples": [v]}}},
        lambda v: {"done": True, "error": v},
        lambda v: {"status": "completed", "steps": [{"type": "model_output", "content": [v]}]},
        lambda v: {"status": "failed", "errors": [v], "steps": v},
        lambda v: {"candidates": [{"content": {"parts": [v, v]}, "finishReason": "STOP"}]},
        lambda v: {"candidates": [{"content": {"parts": [{"inlineData": v}]}}]},
        lambda v: {"promptFeedback": v, "candidates": v},
    ]
)


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


_SUBMIT_ROUTES = {
    f"POST /v1beta/models/{VEO}:predictLongRunning": make_request(),
    "POST /v1/interactions": make_request(model=OMNI),
    "POST /v1beta/models/gemini-3.1-flash-image:generateContent": make_request(
        Kind.STILL, model="gemini-3.1-flash-image"
    ),
    "POST /v1beta/models/gemini-3.8-flash:generateContent": make_request(
        Kind.WRITE, model="gemini-3.8-flash"
    ),
    "POST /v1beta/models/gemini-3.8-flash-tts:generateContent": make_speech_request("Land."),
}
_NAMES = {
    f"GET /v1beta/models/{VEO}/operations/1": f"models/{VEO}/operations/1",
    "GET /v1/interactions/1?stream=false": "interactions/1",
}


@given(route=st.sampled_from([*_SUBMIT_ROUTES, *_NAMES]), shape=_SHAPES, value=_VALUES)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_any_answer(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch, route: str, shape: Any, value: Any
) -> None:
    point_to_server(monkeypatch, service)
    service.script_replies(route, make_json_answer(shape(value)))

    async def submit_poll_and_fetch(place: ThreadWorkspace) -> Outcome | None:
        gemini = Gemini()
        try:
            name = _NAMES.get(route, "")
            if not name:
                name = (await gemini.submit(_SUBMIT_ROUTES[route], place)).name
                if not name.startswith("content/"):
                    return None
            return await gemini.poll(Operation(name), place)
        except StoryboardError:
            return None
        finally:
            await gemini.close()

    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(submit_poll_and_fetch(ThreadWorkspace(Path(folder))))
    assert outcome is None or isinstance(outcome, Running | Done | Failed | Filtered | Unusable)
    if isinstance(outcome, Done):
        assert all(each.path or each.uri or each.problem for each in outcome.samples)
