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
from storyboard.providers.catalog import load_catalog
from storyboard.providers.declaration import build_settings_schema
from storyboard.providers.google.environment import (
    ACCESS_TOKEN_PATTERN,
    API_KEY_PATTERN,
    CREDENTIALS_FILE_VARIABLE,
    GCLOUD_CREDENTIALS_FILE,
    GCS_BASE_URL_VARIABLE,
    VERTEX_BASE_URL_VARIABLE,
    VERTEX_KEY_VARIABLE,
)

if TYPE_CHECKING:
    from storyboard.providers.google.generate_content import GenerateContentClient
    from storyboard.providers.google.omni import Omni

_CONTENT_KINDS = frozenset({Kind.STILL, Kind.WRITE, Kind.SPEECH})
_SETTINGS = build_settings_schema(
    "Vertex AI",
    "Credentials are read from the environment.",
    {
        "project": {
            "title": "Project",
            "description": "Google Cloud project. Absent: GOOGLE_CLOUD_PROJECT.",
            "type": "string",
            "pattern": "^[A-Za-z0-9._:-]{2,100}$",
            "x-wants": "the id of a project, such as my-project",
            "examples": ["my-project"],
        },
        "location": {
            "title": "Location",
            "description": "Region, us, eu or global. Absent: GOOGLE_CLOUD_LOCATION, else "
            "us-central1.",
            "type": "string",
            "pattern": "^[a-z0-9-]{2,40}$",
            "x-wants": "a location such as us-central1",
            "examples": ["us-central1"],
        },
        "storage_uri": {
            "title": "Storage",
            "description": "Cloud Storage folder for results and large inputs. Absent: they "
            "are sent inside requests and answers.",
            "type": "string",
            "pattern": "^gs://[a-z0-9][a-z0-9._-]+[a-z0-9](/[^?#]*)?$",
            "x-wants": "a Cloud Storage folder such as gs://my-bucket/films",
            "examples": ["gs://my-bucket/films"],
        },
    },
)
_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "person_generation": {
                "title": "People",
                "description": "Which people Veo may show; allow_all needs Google's approval.",
                "enum": ["allow_adult", "dont_allow", "allow_all"],
                "default": "allow_adult",
            },
            "resize": {
                "title": "Resize",
                "description": "How to fit a first frame that has another aspect ratio.",
                "enum": ["pad", "crop"],
                "default": "pad",
            },
            "compression": {
                "title": "Compression",
                "description": "Lossless results need `providers.vertex.storage_uri`.",
                "enum": ["optimized", "lossless"],
                "default": "optimized",
            },
            "labels": {
                "title": "Labels",
                "description": "Labels for the project's bills; they never make a take stale.",
                "type": "object",
                "additionalProperties": {"type": "string", "maxLength": 63},
            },
            "enhance_prompt": {
                "title": "Enhance the prompt",
                "description": "Veo rewrites the prompt; Veo 3 always does.",
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
    key_variables = (VERTEX_KEY_VARIABLE,)
    key_file_variables = (CREDENTIALS_FILE_VARIABLE,)
    key_files = (GCLOUD_CREDENTIALS_FILE,)
    base_url_variables = (VERTEX_BASE_URL_VARIABLE, GCS_BASE_URL_VARIABLE)
    secret_patterns = (API_KEY_PATTERN, ACCESS_TOKEN_PATTERN)
    schema: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {"settings": _SETTINGS, "options": _OPTIONS}
    )

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        from storyboard.providers.google.vertex_project import VertexProject
        from storyboard.providers.google.vertex_veo import VertexVeo

        self._project = VertexProject(self.name, settings)
        self._storage_uri = str(settings.get("storage_uri") or "")
        self._veo = VertexVeo(self._project, self._storage_uri)
        self._content_client: GenerateContentClient | None = None
        self._omni_client: Omni | None = None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job; every error of ours but UnknownOutcome says that there is none."""
        from storyboard.providers.google.gemini_files import NotFound

        interface = _choose_interface_name(request)
        try:
            if interface == "content":
                return await (await self._open_content()).submit(request, place)
            await self._check_bucket_access()
            if interface == "omni":
                return await (await self._open_omni()).submit(request, place)
            return await self._veo.submit(request, place)
        except NotFound as error:
            raise _retirement_error(request.model, error) from error

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """The state of the job."""
        from storyboard.providers.google.omni import Omni

        if operation.name.startswith("content/"):
            return (await self._open_content()).poll(operation)
        if Omni.is_interaction_reference(operation.name):
            return await (await self._open_omni()).poll(operation, place)
        return await self._veo.poll(operation, place)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file."""
        if sample.path is not None:
            return sample
        if sample.uri.startswith("interactions/"):
            return await (await self._open_omni()).fetch(sample, place)
        return await self._veo.fetch(sample, place)

    async def account(self) -> str:
        """The account whose quota is used: the project."""
        return await self._project.resolve_location_path("") or "key"

    async def trace(self, tag: str) -> tuple[Sample, ...]:
        """The results below an attempt's own prefix, which its lost answer would have named.

        An empty prefix proves nothing: the job may still run, or have ended without a result.
        """
        from storyboard.providers.google.cloud_storage import (
            build_result_folder_uri,
            normalize_storage_uri,
        )

        base_uri = normalize_storage_uri(self._storage_uri)
        if not base_uri or not tag:
            return ()
        uris = await self._project.bucket.list_objects(build_result_folder_uri(base_uri, tag))
        return tuple(Sample(uri=uri) for uri in uris if uri.endswith(".mp4"))

    async def close(self) -> None:
        """Gives back connections."""
        await self._project.close()

    async def _check_bucket_access(self) -> None:
        """Raises AuthenticationError if results would go to a bucket that our credentials can't
        open.
        """
        if self._storage_uri and await self._project.has_api_key():
            raise AuthenticationError(
                "VERTEX_API_KEY can't access buckets, so a result in "
                "`providers.vertex.storage_uri` could be bought but not downloaded",
                hint="use Application Default Credentials (`gcloud auth application-default "
                "login`), or delete `storage_uri`: results then come inside the answer",
                provider=self.name,
            )

    async def _open_content(self) -> GenerateContentClient:
        """Stills, texts and speech, whose models belong to no region."""
        from storyboard.providers.google.generate_content import GenerateContentClient
        from storyboard.providers.google.vertex_project import GLOBAL

        if self._content_client is None:
            root = f"/v1/{await self._project.resolve_publisher_path(GLOBAL)}"
            self._content_client = self._content_client or GenerateContentClient(
                self._project.open_client(GLOBAL), root
            )
        return self._content_client

    async def _open_omni(self) -> Omni:
        """Omni, which belongs to no region either; its interface is still v1beta1."""
        from storyboard.providers.google.omni import Omni
        from storyboard.providers.google.vertex_omni import VertexMediaHost
        from storyboard.providers.google.vertex_project import GLOBAL

        if self._omni_client is None:
            location_path = await self._project.resolve_location_path(GLOBAL)
            if not location_path:
                raise EnvironmentProblem(
                    "Omni on Vertex AI needs a project, and a key doesn't include one",
                    hint="set `providers.vertex.project` in the film, or GOOGLE_CLOUD_PROJECT",
                )
            media = VertexMediaHost(self._project, self._storage_uri)
            self._omni_client = self._omni_client or Omni(
                self._project.open_client(GLOBAL), f"/v1beta1/{location_path}", media
            )
        return self._omni_client


def _choose_interface_name(request: Request) -> str:
    """The interface of the model; an unknown model's is guessed from its name."""
    model = load_catalog().models.get((Vertex.name, request.model))
    if model is not None:
        return model.wire
    if request.kind in _CONTENT_KINDS:
        return "content"
    return "omni" if "omni" in request.model else "veo"


def _retirement_error(model_id: str, error: InvalidRequest) -> RetiredModel:
    model = load_catalog().models.get((Vertex.name, model_id))
    successor = model.replacement if model is not None else ""
    return RetiredModel(
        f"{model_id}: {error}",
        hint=f"use `model: {successor}`" if successor else error.hint,
        provider=Vertex.name,
        model=model_id,
        replacement=successor,
    )
