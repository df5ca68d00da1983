"""Vertex AI: the models of Google in a project of Google Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from storyboard.errors import AuthenticationError, EnvironmentProblem, InvalidRequest, RetiredModel
from storyboard.providers.base import (
    WIRE_READS,
    Kind,
    Operation,
    Outcome,
    Request,
    Sample,
    Workplace,
)
from storyboard.providers.catalog import catalog

if TYPE_CHECKING:
    from storyboard.providers.content import Content
    from storyboard.providers.omni import Omni

_TOKENS = frozenset({Kind.STILL, Kind.WRITE, Kind.SPEECH})
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
        self._storage_uri = str(settings.get("storage_uri") or "")
        self._veo = VertexVeo(self._cloud, self._storage_uri)
        self._made_content: Content | None = None
        self._made_omni: Omni | None = None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job; every error of ours but UnknownOutcome says that there is none."""
        from storyboard.providers.files import Missing

        wire = _wire_of(request)
        try:
            if wire == "content":
                return await (await self._content()).submit(request, place)
            await self._can_fetch()
            if wire == "omni":
                return await (await self._omni()).submit(request, place)
            return await self._veo.submit(request, place)
        except Missing as error:
            raise _retired(request.model, error) from error

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands."""
        from storyboard.providers.omni import Omni

        if operation.name.startswith("content/"):
            return (await self._content()).poll(operation)
        if Omni.owns(operation.name):
            return await (await self._omni()).poll(operation, place)
        return await self._veo.poll(operation, place)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file."""
        if sample.path is not None:
            return sample
        if sample.uri.startswith("interactions/"):
            return await (await self._omni()).fetch(sample, place)
        return await self._veo.fetch(sample, place)

    async def account(self) -> str:
        """Whose quota is used: the project's."""
        return await self._cloud.place("") or "key"

    async def trace(self, tag: str) -> tuple[Sample, ...]:
        """What lies under an attempt's own prefix: results that its lost answer would have named.

        Nothing there proves nothing: the job may run still, or have ended without a result.
        """
        from storyboard.providers.gcs import checked_place, folder

        under = checked_place(self._storage_uri)
        if not under or not tag:
            return ()
        uris = await self._cloud.bucket.below(folder(under, tag))
        return tuple(Sample(uri=uri) for uri in uris if uri.endswith(".mp4"))

    async def close(self) -> None:
        """Gives back connections."""
        await self._cloud.close()

    async def _can_fetch(self) -> None:
        """Raises AuthenticationError where results would lie in a bucket that stays shut to us."""
        if self._storage_uri and await self._cloud.by_key():
            raise AuthenticationError(
                "VERTEX_API_KEY opens no bucket, so what goes to `providers.vertex.storage_uri` "
                "could be bought and not fetched",
                hint="use Application Default Credentials (`gcloud auth application-default "
                "login`), or leave `storage_uri` out: results then come along with the answer",
                provider=self.name,
            )

    async def _content(self) -> Content:
        """Stills, texts and speech, whose models are in no region."""
        from storyboard.providers.cloud import GLOBAL
        from storyboard.providers.content import Content

        if self._made_content is None:
            root = f"/v1/{await self._cloud.publisher(GLOBAL)}"
            self._made_content = self._made_content or Content(self._cloud.wire(GLOBAL), root)
        return self._made_content

    async def _omni(self) -> Omni:
        """Omni, which is in no region either; its interface has not left v1beta1."""
        from storyboard.providers.cloud import GLOBAL
        from storyboard.providers.omni import Omni
        from storyboard.providers.vertex_omni import VertexMedia

        if self._made_omni is None:
            place = await self._cloud.place(GLOBAL)
            if not place:
                raise EnvironmentProblem(
                    "Omni on Vertex AI needs a project, which a key does not name",
                    hint="set `providers.vertex.project` in the film, or GOOGLE_CLOUD_PROJECT",
                )
            media = VertexMedia(self._cloud, self._storage_uri)
            self._made_omni = self._made_omni or Omni(
                self._cloud.wire(GLOBAL), f"/v1beta1/{place}", media
            )
        return self._made_omni


def _wire_of(request: Request) -> str:
    """The interface that the model is asked through; of one that nobody knows, by its name."""
    model = catalog().models.get((Vertex.name, request.model))
    if model is not None:
        return model.wire
    if request.kind in _TOKENS:
        return "content"
    return "omni" if "omni" in request.model else "veo"


def _retired(id: str, error: InvalidRequest) -> RetiredModel:
    model = catalog().models.get((Vertex.name, id))
    instead = model.replacement if model is not None else ""
    return RetiredModel(
        f"{id}: {error}",
        hint=f"use `model: {instead}`" if instead else error.hint,
        provider=Vertex.name,
        model=id,
        replacement=instead,
    )
