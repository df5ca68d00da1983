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

from storyboard.simulator import chat, gemini, omni, vertex
from storyboard.simulator.rules.veo import ClipFacts
from storyboard.simulator.rules.veo_models import GEMINI, REHEARSED, VERTEX
from storyboard.simulator.serve import Simulator
from storyboard.simulator.world import Job
from tests.contract.legality_desk import Desk
from tests.contract.legality_films import ROUTES, lay_out, story
from tests.contract.legality_judges import Order, Source, verdict

EACH = 30
_CLIP = "https://example.test/clip.mp4"


class Service:
    """The simulator, as somebody meets it who has takes there already."""

    def __init__(self, sim: Simulator, http: httpx.Client, clip: Path) -> None:
        self._sim, self._http, self._clip = sim, http, clip
        self.source: Source | None = None
        self._published = sim.url + sim.world.publish(clip, "video/mp4")

    def taken(self, order: Order) -> bool:
        """Whether the service makes it."""
        self._prepare(order)
        ask: dict[str, Callable[[Order], bool]] = {
            "vertex veo": self._vertex,
            "gemini veo": self._gemini,
            "vertex omni": self._omni,
            "gemini omni": self._omni,
            "cometapi videos": self._videos,
            "cometapi chat": self._chat,
        }
        return ask[f"{order.provider} {order.wire}"](order)

    def _prepare(self, order: Order) -> None:
        """Puts the source where the request will name it."""
        world, source = self._sim.world, order.source
        self.source = source
        if source is None:
            return
        for name in ("clip.mp4", "films/1/sample_0.mp4"):
            world.keep_object("bucket", name, self._clip, "video/mp4")
        made_by = "" if source.wire == "footage" else source.wire
        kept = world.keep_file(self._clip, "video/mp4", made_by=made_by, hops=source.hops)
        world.files |= {name: replace(kept, id=name) for name in ("abc", "abc123")}
        job = Job("v1_abc", order.provider, order.model, "")
        job.memo = {"ask": SimpleNamespace(store=True), "created": world.clock.now()}
        world.begin(job)
        job.made = [world._pool.submit(lambda: self._clip)]
        job.clips

    def _post(self, path: str, key: str, **sent: Any) -> httpx.Response:
        return self._http.post(self._sim.url + path, headers={"x-goog-api-key": key}, **sent)

    def _vertex(self, order: Order) -> bool:
        key = self._sim.world.keys["vertex"]
        path = f"/v1/projects/p/locations/us-central1/publishers/google/models/{order.model}"
        begun = self._post(f"{path}:predictLongRunning", key, json=order.body)
        assert begun.status_code == 200, begun.text
        while True:
            name = {"operationName": begun.json()["name"]}
            told = self._post(f"{path}:fetchPredictOperation", key, json=name).json()
            if told.get("done"):
                return "error" not in told

    def _gemini(self, order: Order) -> bool:
        path = f"/v1beta/models/{order.model}:predictLongRunning"
        return self._begun(self._post(path, self._sim.world.keys["gemini"], json=order.body))

    def _omni(self, order: Order) -> bool:
        path = "/v1/interactions"
        if order.provider == "vertex":
            path = "/v1beta1/projects/p/locations/global/interactions"
        return self._begun(self._post(path, self._sim.world.keys[order.provider], json=order.body))

    def _videos(self, order: Order) -> bool:
        fields, files = order.body
        parts = [(name, (None, value)) for name, value in fields.items()]
        return self._begun(self._comet("/v1/videos", files=[*parts, *files]))

    def _chat(self, order: Order) -> bool:
        body = json.loads(json.dumps(order.body).replace(_CLIP, self._published))
        said = self._comet("/v1/chat/completions", json={**body, "stream": False})
        return self._begun(said) and bool(said.json()["choices"][0]["message"]["content"])

    def _comet(self, path: str, **sent: Any) -> httpx.Response:
        key = {"Authorization": f"Bearer {self._sim.world.keys['cometapi']}"}
        return self._http.post(self._sim.url + path, headers=key, **sent)

    def _begun(self, answer: httpx.Response) -> bool:
        assert answer.status_code in (200, 400, 403, 500), answer.text
        return answer.status_code == 200


@pytest.fixture
def service(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x18ftypmp42")
    with httpx.Client(timeout=30) as http:
        made = Service(sim, http, clip)
        monkeypatch.setattr(sim.world.clips, "make", lambda order: clip)

        def facts(_: Path) -> ClipFacts | None:
            return made.source.facts if made.source else None

        for module in (vertex, gemini, omni, chat):
            monkeypatch.setattr(module, "clip_facts", facts)
        yield made


def served(order: Order) -> bool:
    """Whether the simulator answers for the model at all."""
    if order.wire != "veo":
        return True
    if order.provider == "gemini":
        return order.model in GEMINI and order.model in REHEARSED
    return order.model in VERTEX and not VERTEX[order.model].retired_on


@pytest.mark.parametrize("way", ROUTES)
def test_the_service_takes_what_passes_and_turns_down_what_does_not(
    way: str, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path)
    desk = Desk.prepared(tmp_path, monkeypatch)
    legal: list[Order] = []
    illegal: list[Order] = []
    seed = 1_000_000
    while min(len(legal), len(illegal)) < EACH:
        seed += 1
        read = desk.read(story(ROUTES[way], seed))
        if read.examined.graph is None:
            continue
        legal += [order for _, order in read.orders() if served(order)][-2:]
        for _, shot in read.limited():
            if "beats" not in shot:
                tried = (order for order, _ in read.attempts(shot) if served(order))
                illegal += [order for order in tried if verdict(order).refusal][:1]
    assert [order for order in legal[:EACH] if not service.taken(order)] == []
    assert [order for order in illegal[:EACH] if service.taken(order)] == []
