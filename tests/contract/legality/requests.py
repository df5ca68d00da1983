"""What our adapters put on the wire for a step, caught as it leaves. No HTTP."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storyboard.graph.compiler import Graph
from storyboard.graph.step_identity import build_request
from storyboard.graph.steps import Link, Step
from storyboard.providers.base import Input, Kind, Operation, Role
from storyboard.providers.catalog import Catalog
from storyboard.providers.cometapi.chat import ChatRoute
from storyboard.providers.cometapi.videos import VideosRoute
from storyboard.providers.google.gemini_files import GeminiFiles
from storyboard.providers.google.gemini_veo import GeminiVeo
from storyboard.providers.google.omni import Omni
from storyboard.providers.google.vertex_omni import VertexMediaHost
from storyboard.providers.google.vertex_veo import VertexVeo
from tests.contract.legality.films import Story
from tests.contract.legality.verdicts import ClipTraits, Source, WireRequest

STORAGE = "gs://bucket/films"
_FILE = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"


class _RequestSent(BaseException):
    """What was sent."""


class _BlockedService:
    """A wire and a project that let nothing through."""

    location = "us-central1"

    def __init__(self, provider: str) -> None:
        self.provider = provider

    async def resolve_publisher_path(self, location: str) -> str:
        return f"projects/p/locations/{location}/publishers/google"

    def open_client(self, location: str) -> _BlockedService:
        return self

    @property
    def bucket(self) -> _BlockedService:
        return self

    async def can_object_exist(self, uri: str) -> bool:
        return True

    def redactor(self, text: str) -> str:
        return text

    async def post_once(self, path: str, **sent: Any) -> Any:
        raise _RequestSent(path, sent)


class _ReadyFiles(GeminiFiles):
    """The files of the Gemini API, every one of them ready."""

    async def wait_until_active(self, uri: str) -> Any:
        return None


@dataclass
class _InlineWorkspace:
    scratch: Path

    async def compute(self, function: Any, /, *arguments: Any) -> Any:
        return function(*arguments)


def capture_request(
    story: Story, graph: Graph, catalog: Catalog, step: Step, folder: Path, *, samples: int
) -> WireRequest:
    """The request that a render would send for a step, with the facts of its source."""
    route = catalog.models[step.provider, step.model].wire
    source = next((link for link in step.links if link.role is Role.VIDEO), None)
    provider_request = build_request(
        step,
        [_make_input(link, story, graph, catalog, folder) for link in step.links],
        ordinal=1,
        samples=samples,
        tag="t1",
    )
    service: Any = _BlockedService(step.provider)
    storage = STORAGE if story.storage else ""
    adapter: Any
    if route == "omni":
        media: Any = (
            VertexMediaHost(service, storage) if step.provider == "vertex" else GeminiFiles(service)
        )
        adapter = Omni(service, "/v1", media)
    elif step.provider == "vertex":
        adapter = VertexVeo(service, storage)
    elif step.provider == "gemini":
        adapter = GeminiVeo(service, _ReadyFiles(service))
    else:
        adapter = (ChatRoute if route == "chat" else VideosRoute)(service)
    sent = _catch_submission(adapter.submit(provider_request, _InlineWorkspace(folder)))
    body = sent.get("json")
    if body is None:
        files = sent.get("files") or {}
        body = (sent["fields"], list(files.items()))
    facts = describe_source(graph, catalog, source.step) if source else None
    return WireRequest(step.provider, route, step.model, body, facts)


def describe_source(graph: Graph, catalog: Catalog, step: str) -> Source:
    """What the plan says of the take of a step."""
    source_step = graph.steps[step]
    if source_step.kind is Kind.IMPORT:
        return Source(source_step.buys_frames / 24, "720p", "16:9", "footage")
    wire = catalog.models[source_step.target, source_step.model].wire
    settings = source_step.settings
    return Source(
        source_step.depth_s, settings.resolution, settings.aspect_ratio, wire, source_step.hops
    )


def read_requested_traits(step: Step) -> ClipTraits:
    """What the plan says a step is to bring."""
    settings = step.settings
    roles = [link.role for link in step.links]
    return ClipTraits(
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


def _make_input(link: Link, story: Story, graph: Graph, catalog: Catalog, folder: Path) -> Input:
    if link.file is not None:
        return Input(link.role, "f" * 64, path=link.file.path, name=link.cast)
    if link.role is not Role.VIDEO:
        return Input(link.role, "a" * 64, path=folder / "ana.png")
    source = describe_source(graph, catalog, link.step)
    provider = story.route.provider
    take_input = Input(link.role, "b" * 64, path=folder / "foot.mp4")
    if provider == "cometapi":
        return replace(take_input, uri="https://example.test/clip.mp4")
    if source.wire == "omni" and not story.storage:
        return replace(take_input, uri="interactions/v1_abc")
    if provider == "gemini":
        return replace(take_input, uri=_FILE)
    return replace(take_input, uri=f"{STORAGE}/1/sample_0.mp4") if story.storage else take_input


def _catch_submission(submit: Coroutine[Any, Any, Operation]) -> Mapping[str, Any]:
    """What a submit sends; it never has to wait, so no loop is needed."""
    try:
        submit.send(None)
    except _RequestSent as sent:
        request_arguments: Mapping[str, Any] = sent.args[1]
        return request_arguments
    raise AssertionError("the adapter waits, or sends nothing")
