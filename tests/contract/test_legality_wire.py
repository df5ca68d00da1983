"""The same proof over HTTP: some dozens of requests that pass, and that do not, at the simulator.

Clips are not made here, and how long a source is, is told; everything else is the real service.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from storyboard.simulator.cometapi import chat
from storyboard.simulator.google import gemini, omni_jobs, vertex
from storyboard.simulator.server import Simulator
from storyboard.simulator.state import Job
from storyboard.simulator.validation.veo_models import GEMINI, REHEARSED, VERTEX
from storyboard.simulator.validation.veo_request import ClipFacts
from tests.contract.legality.films import ROUTES, generate_story, write_media
from tests.contract.legality.harness import StoryChecker
from tests.contract.legality.verdicts import Source, WireRequest, judge_request

FILMS_A_ROUTE = 30
_CLIP = "https://example.test/clip.mp4"


class SimulatedService:
    """The simulator, as somebody meets it who has takes there already."""

    def __init__(self, sim: Simulator, http: httpx.Client, clip: Path) -> None:
        self._sim, self._http, self._clip = sim, http, clip
        self.source: Source | None = None
        self._published = sim.url + sim.world.publish_file(clip, "video/mp4")

    def is_accepted(self, wire_request: WireRequest) -> bool:
        """Whether the service makes it."""
        self._place_source(wire_request)
        ask: dict[str, Callable[[WireRequest], bool]] = {
            "vertex veo": self._try_vertex_veo,
            "gemini veo": self._try_gemini_veo,
            "vertex omni": self._try_omni,
            "gemini omni": self._try_omni,
            "cometapi videos": self._try_videos,
            "cometapi chat": self._try_chat,
        }
        return ask[f"{wire_request.provider} {wire_request.wire}"](wire_request)

    def _place_source(self, wire_request: WireRequest) -> None:
        """Puts the source where the request will name it."""
        state, source = self._sim.world, wire_request.source
        self.source = source
        if source is None:
            return
        for name in ("clip.mp4", "films/1/sample_0.mp4"):
            state.store_object("bucket", name, self._clip, "video/mp4")
        made_by = "" if source.wire == "footage" else source.wire
        stored_file = state.store_file(self._clip, "video/mp4", made_by=made_by, hops=source.hops)
        state.files |= {name: replace(stored_file, id=name) for name in ("abc", "abc123")}
        job = Job("v1_abc", wire_request.provider, wire_request.model, "")
        job.memo = {"ask": SimpleNamespace(store=True), "created": state.clock.now()}
        state.start_job(job)
        job.clip_futures = [state._pool.submit(lambda: self._clip)]
        job.clips

    def _post_with_key(self, path: str, key: str, **sent: Any) -> httpx.Response:
        return self._http.post(self._sim.url + path, headers={"x-goog-api-key": key}, **sent)

    def _try_vertex_veo(self, wire_request: WireRequest) -> bool:
        key = self._sim.world.keys["vertex"]
        path = f"/v1/projects/p/locations/us-central1/publishers/google/models/{wire_request.model}"
        submission = self._post_with_key(f"{path}:predictLongRunning", key, json=wire_request.body)
        assert submission.status_code == 200, submission.text
        while True:
            name = {"operationName": submission.json()["name"]}
            operation_body = self._post_with_key(
                f"{path}:fetchPredictOperation", key, json=name
            ).json()
            if operation_body.get("done"):
                return "error" not in operation_body

    def _try_gemini_veo(self, wire_request: WireRequest) -> bool:
        path = f"/v1beta/models/{wire_request.model}:predictLongRunning"
        return self._is_success(
            self._post_with_key(path, self._sim.world.keys["gemini"], json=wire_request.body)
        )

    def _try_omni(self, wire_request: WireRequest) -> bool:
        path = "/v1/interactions"
        if wire_request.provider == "vertex":
            path = "/v1beta1/projects/p/locations/global/interactions"
        return self._is_success(
            self._post_with_key(
                path, self._sim.world.keys[wire_request.provider], json=wire_request.body
            )
        )

    def _try_videos(self, wire_request: WireRequest) -> bool:
        fields, files = wire_request.body
        parts = [(name, (None, value)) for name, value in fields.items()]
        return self._is_success(self._post_to_comet("/v1/videos", files=[*parts, *files]))

    def _try_chat(self, wire_request: WireRequest) -> bool:
        body = json.loads(json.dumps(wire_request.body).replace(_CLIP, self._published))
        response = self._post_to_comet("/v1/chat/completions", json={**body, "stream": False})
        return self._is_success(response) and bool(
            response.json()["choices"][0]["message"]["content"]
        )

    def _post_to_comet(self, path: str, **sent: Any) -> httpx.Response:
        key = {"Authorization": f"Bearer {self._sim.world.keys['cometapi']}"}
        return self._http.post(self._sim.url + path, headers=key, **sent)

    def _is_success(self, answer: httpx.Response) -> bool:
        assert answer.status_code in (200, 400, 403, 500), answer.text
        return answer.status_code == 200


@pytest.fixture
def service(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimulatedService]:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x18ftypmp42")
    with httpx.Client(timeout=30) as http:
        simulated_service = SimulatedService(simulator, http, clip)
        monkeypatch.setattr(simulator.world.clips, "create_clip", lambda wire_request: clip)

        def read_source_facts(_: Path) -> ClipFacts | None:
            return simulated_service.source.facts if simulated_service.source else None

        for module in (vertex, gemini, omni_jobs, chat):
            monkeypatch.setattr(module, "read_clip_facts", read_source_facts)
        yield simulated_service


def is_model_served(wire_request: WireRequest) -> bool:
    """Whether the simulator answers for the model at all."""
    if wire_request.wire != "veo":
        return True
    if wire_request.provider == "gemini":
        return wire_request.model in GEMINI and wire_request.model in REHEARSED
    return wire_request.model in VERTEX and not VERTEX[wire_request.model].retired_on


@pytest.mark.parametrize("way", ROUTES)
def test_the_service_accepts_what_passes_and_rejects_the_rest(
    way: str, service: SimulatedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_media(tmp_path)
    desk = StoryChecker.create(tmp_path, monkeypatch)
    legal: list[WireRequest] = []
    illegal: list[WireRequest] = []
    seed = 1_000_000
    while min(len(legal), len(illegal)) < FILMS_A_ROUTE:
        seed += 1
        read = desk.check_story(generate_story(ROUTES[way], seed))
        if read.examined.graph is None:
            continue
        legal += [
            wire_request
            for _, wire_request in read.build_wire_requests()
            if is_model_served(wire_request)
        ][-2:]
        for _, shot in read.find_limit_errors():
            if "beats" not in shot:
                tried = (
                    wire_request
                    for wire_request, _ in read.build_literal_requests(shot)
                    if is_model_served(wire_request)
                )
                illegal += [
                    wire_request for wire_request in tried if judge_request(wire_request).rejection
                ][:1]
    assert [
        wire_request
        for wire_request in legal[:FILMS_A_ROUTE]
        if not service.is_accepted(wire_request)
    ] == []
    assert [
        wire_request
        for wire_request in illegal[:FILMS_A_ROUTE]
        if service.is_accepted(wire_request)
    ] == []
