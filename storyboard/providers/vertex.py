"""Vertex AI: the models of Google in a project of Google Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from storyboard.providers.base import WIRE_READS, Operation, Outcome, Request, Sample, Workplace
from storyboard.providers.cloud import Cloud
from storyboard.providers.vertex_veo import VertexVeo

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
        self._cloud = Cloud(self.name, settings)
        self._veo = VertexVeo(self._cloud, str(settings.get("storage_uri") or ""))

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job; every error of ours but UnknownOutcome says that there is none."""
        return await self._veo.submit(request, place)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands."""
        return await self._veo.poll(operation, place)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file."""
        if sample.path is not None:
            return sample
        return await self._veo.fetch(sample, place)

    async def close(self) -> None:
        """Gives back connections."""
        await self._cloud.close()
