"""What our adapters put on the wire for a step, caught as it leaves. No HTTP."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storyboard.graph.compile import Graph
from storyboard.graph.identity import request
from storyboard.graph.steps import Link, Step
from storyboard.providers.base import Input, Kind, Operation, Role
from storyboard.providers.catalog import Catalog
from storyboard.providers.comet_chat import Chat
from storyboard.providers.comet_videos import Videos
from storyboard.providers.files import Files
from storyboard.providers.gemini_veo import GeminiVeo
from storyboard.providers.omni import Omni
from storyboard.providers.vertex_omni import VertexMedia
from storyboard.providers.vertex_veo import VertexVeo
from tests.contract.legality_films import Story
from tests.contract.legality_judges import Made, Order, Source

STORAGE = "gs://bucket/films"
_FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"


class _Sent(BaseException):
    """What was sent."""


class _Line:
    """A wire and a project that let nothing through."""

    location = "us-central1"

    def __init__(self, provider: str) -> None:
        self.provider = provider

    async def publisher(self, location: str) -> str:
        return f"projects/p/locations/{location}/publishers/google"

    def wire(self, location: str) -> _Line:
        return self

    @property
    def bucket(self) -> _Line:
        return self

    async def has(self, uri: str) -> bool:
        return True

    def discreet(self, text: str) -> str:
        return text

    async def order(self, path: str, **sent: Any) -> Any:
        raise _Sent(path, sent)


class _Ready(Files):
    """The files of the Gemini API, every one of them ready."""

    async def wait(self, uri: str) -> Any:
        return None


@dataclass
class _Place:
    scratch: Path

    async def compute(self, function: Any, /, *arguments: Any) -> Any:
        return function(*arguments)


def order_of(
    story: Story, graph: Graph, known: Catalog, step: Step, folder: Path, *, samples: int
) -> Order:
    """The request that a render would send for a step, with the facts of its source."""
    wire = known.models[step.provider, step.model].wire
    source = next((link for link in step.links if link.role is Role.VIDEO), None)
    asked = request(
        step,
        [_input(link, story, graph, known, folder) for link in step.links],
        ordinal=1,
        samples=samples,
        tag="t1",
    )
    line: Any = _Line(step.provider)
    storage = STORAGE if story.storage else ""
    adapter: Any
    if wire == "omni":
        media: Any = VertexMedia(line, storage) if step.provider == "vertex" else Files(line)
        adapter = Omni(line, "/v1", media)
    elif step.provider == "vertex":
        adapter = VertexVeo(line, storage)
    elif step.provider == "gemini":
        adapter = GeminiVeo(line, _Ready(line))
    else:
        adapter = (Chat if wire == "chat" else Videos)(line)
    sent = _caught(adapter.submit(asked, _Place(folder)))
    body = sent.get("json")
    if body is None:
        files = sent.get("files") or {}
        body = (sent["fields"], list(files.items()))
    facts = source_of(graph, known, source.step) if source else None
    return Order(step.provider, wire, step.model, body, facts)


def source_of(graph: Graph, known: Catalog, step: str) -> Source:
    """What the plan says of the take of a step."""
    made = graph.steps[step]
    if made.kind is Kind.IMPORT:
        return Source(made.buys_frames / 24, "720p", "16:9", "footage")
    wire = known.models[made.target, made.model].wire
    settings = made.settings
    return Source(made.depth_s, settings.resolution, settings.aspect_ratio, wire, made.hops)


def asked_by(step: Step) -> Made:
    """What the plan says a step is to bring."""
    settings = step.settings
    roles = [link.role for link in step.links]
    return Made(
        settings.duration_s,
        settings.resolution,
        settings.aspect_ratio,
        settings.audio,
        settings.seed,
        settings.negative_prompt or None,
        dict(settings.options),
        Role.FIRST_FRAME in roles,
        Role.LAST_FRAME in roles,
        roles.count(Role.REFERENCE),
        Role.VIDEO in roles,
    )


def _input(link: Link, story: Story, graph: Graph, known: Catalog, folder: Path) -> Input:
    if link.file is not None:
        return Input(link.role, "f" * 64, path=link.file.path, name=link.cast)
    if link.role is not Role.VIDEO:
        return Input(link.role, "a" * 64, path=folder / "ana.png")
    made = source_of(graph, known, link.step)
    provider = story.route.provider
    given = Input(link.role, "b" * 64, path=folder / "foot.mp4")
    if provider == "cometapi":
        return replace(given, uri="https://example.test/clip.mp4")
    if made.wire == "omni" and not story.storage:
        return replace(given, uri="interactions/v1_abc")
    if provider == "gemini":
        return replace(given, uri=_FILE)
    return replace(given, uri=f"{STORAGE}/1/sample_0.mp4") if story.storage else given


def _caught(submit: Coroutine[Any, Any, Operation]) -> Mapping[str, Any]:
    """What a submit sends; it never has to wait, so no loop is needed."""
    try:
        submit.send(None)
    except _Sent as sent:
        found: Mapping[str, Any] = sent.args[1]
        return found
    raise AssertionError("the adapter waits, or sends nothing")
