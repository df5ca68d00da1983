"""Vertex AI: the models of Google in a project of Google Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from storyboard.providers.base import WIRE_READS, Operation, Outcome, Request, Sample, Workplace

if TYPE_CHECKING:
    from storyboard.providers.content import Content

_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "person_generation": {
                "title": "People",
                "description": "Which people Veo may show; allow_all is for projects on a list.",
                "enum": ["allow_adult", "dont_allow", "allow_all"],
                "default": "allow_adult",
            },
            "resize": {
                "title": "Resize",
                "description": "How a first frame of another shape is fitted.",
                "enum": ["pad", "crop"],
                "default": "pad",
            },
            "compression": {
                "title": "Compression",
                "description": "Of the result; lossless needs `providers.vertex.storage_uri`.",
                "enum": ["optimized", "lossless"],
                "default": "optimized",
            },
            "labels": {
                "title": "Labels",
                "description": "For the project's bills; never part of what a take is.",
                "type": "object",
                "additionalProperties": {"type": "string", "maxLength": 63},
            },
            "enhance_prompt": {
                "title": "Enhance the prompt",
                "description": "Veo writes the prompt anew; Veo 3 always does.",
                "const": True,
            },
        },
    }
)


class Vertex:
    """Vertex AI behind the port."""

    name = "vertex"
    repeatable = False
    reads = WIRE_READS
    revision = ""
    schema: ClassVar[Mapping[str, Any]] = MappingProxyType({"options": _OPTIONS})

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        from storyboard.providers.cloud import Cloud
        from storyboard.providers.vertex_veo import VertexVeo

        self._cloud = Cloud(self.name, settings)
        self._veo = VertexVeo(self._cloud, str(settings.get("storage_uri") or ""))
        self._answers: Content | None = None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job; every error of ours but UnknownOutcome says that there is none."""
        from storyboard.providers.catalog import catalog

        model = catalog().models.get((self.name, request.model))
        if model is not None and model.wire == "content":
            return await (await self._content()).submit(request, place)
        return await self._veo.submit(request, place)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands."""
        if operation.name.startswith("content/"):
            return (await self._content()).poll(operation)
        return await self._veo.poll(operation, place)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file."""
        if sample.path is not None:
            return sample
        return await self._veo.fetch(sample, place)

    async def close(self) -> None:
        """Gives back connections."""
        await self._cloud.close()

    async def _content(self) -> Content:
        """Stills, texts and speech, whose models are in no region."""
        from storyboard.providers.cloud import GLOBAL
        from storyboard.providers.content import Content

        if self._answers is None:
            root = "/v1/" + await self._cloud.publisher(GLOBAL)
            self._answers = self._answers or Content(self._cloud.wire(GLOBAL), root)
        return self._answers
