"""Veo on Vertex AI: a job is made, asked after, and fetched inline or out of a bucket."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from storyboard.errors import (
    Gone,
    InvalidRequest,
    ProviderError,
)
from storyboard.providers.base import (
    Input,
    Operation,
    Outcome,
    Request,
    Role,
    Sample,
    Workplace,
)
from storyboard.providers.catalog import load_catalog
from storyboard.providers.google.cloud_storage import build_result_folder_uri, normalize_storage_uri
from storyboard.providers.google.gemini_files import NotFound
from storyboard.providers.google.long_running import read_outcome
from storyboard.providers.google.veo_request import (
    Medium,
    build_vertex_body,
    to_bucket_medium,
    to_inline_medium,
)
from storyboard.providers.google.vertex_project import VertexProject
from storyboard.providers.http.request_media import MAX_INLINE_BYTES, read_picture_with_mime
from storyboard.providers.http.service import convert_unsent_errors

OPERATION = re.compile(
    r"(?P<resource>(?:projects/[\w.:-]+/locations/(?P<location>[a-z0-9-]+)/)?"
    r"publishers/google/models/[\w.@-]+)/operations/[\w-]+"
)


class VertexVeo:
    """The Veo models of one project. `storage_uri` may be empty: then results come inline."""

    def __init__(self, project: VertexProject, storage_uri: str) -> None:
        self._project = project
        self._storage_uri = storage_uri

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Makes the job, of `request.samples` results."""
        with convert_unsent_errors("vertex"):
            body = await self._build_body(request, place)
        location = self._project.location
        publisher = await self._project.resolve_publisher_path(location)
        resource = f"{publisher}/models/{quote(request.model)}"
        client = self._project.open_client(location if resource.startswith("projects/") else "")
        reply = await client.post_once(f"/v1/{resource}:predictLongRunning", json=body)
        name = reply.value.get("name") if isinstance(reply.value, dict) else None
        if (
            not isinstance(name, str)
            or not OPERATION.fullmatch(name)
            or self._project.redactor.contains_secret(name)
        ):
            raise client.unknown_outcome_error("it accepted the job but returned no name")
        return Operation(name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """The state of the job, from where it was made, even if the settings have changed."""
        match = OPERATION.fullmatch(operation.name)
        if match is None:
            name = self._project.redactor(operation.name)
            raise Gone(f"`{name}` is not a job of Vertex AI", provider="vertex")
        path = f"/v1/{match['resource']}:fetchPredictOperation"
        try:
            reply = await self._project.open_client(match["location"] or "").request_with_retry(
                "POST", path, json={"operationName": operation.name}
            )
        except NotFound as error:
            raise Gone(f"Vertex AI: job not found: {error}", provider="vertex") from None
        if not isinstance(reply.value, dict):
            raise ProviderError("the answer of Vertex AI is not JSON", provider="vertex")
        return await read_outcome(reply.value, place.scratch, self._project.redactor)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file, out of its bucket."""
        out = place.scratch / f"{secrets.token_hex(6)}.mp4"
        return replace(sample, path=await self._project.bucket.download_object(sample.uri, out))

    async def _build_body(self, request: Request, place: Workplace) -> dict[str, Any]:
        base_uri = normalize_storage_uri(self._storage_uri)
        if request.settings.options.get("compression") == "lossless" and not base_uri:
            raise InvalidRequest(
                "`compression: lossless` needs a Cloud Storage folder",
                hint="set `providers.vertex.storage_uri: gs://my-bucket/films`",
                provider="vertex",
            )
        model = load_catalog().models.get(("vertex", request.model))
        media = await self._prepare_or_upload_media(request.inputs, base_uri, place)
        body = build_vertex_body(
            request, media, has_audio_choice=model is not None and model.audio == "optional"
        )
        if base_uri:
            body["parameters"]["storageUri"] = build_result_folder_uri(base_uri, request.tag)
        return body

    async def _prepare_or_upload_media(
        self, inputs: tuple[Input, ...], upload_base_uri: str, place: Workplace
    ) -> list[Medium]:
        media: list[Medium] = []
        remaining_bytes = MAX_INLINE_BYTES
        for source in inputs:
            if await self._is_video_in_bucket(source):
                media.append(to_bucket_medium(source.uri, "video/mp4"))
                continue
            if source.role is Role.VIDEO:
                data, mime = (
                    await _read_video(source, may_upload=bool(upload_base_uri)),
                    "video/mp4",
                )
            else:
                data, mime = await read_picture_with_mime(source, place, "vertex")
            if upload_base_uri and len(data) > remaining_bytes:
                uri = await self._project.bucket.upload_bytes(data, mime, upload_base_uri)
                media.append(to_bucket_medium(uri, mime))
                continue
            remaining_bytes -= len(data)
            media.append(await asyncio.to_thread(to_inline_medium, data, mime))
        return media

    async def _is_video_in_bucket(self, source: Input) -> bool:
        """Whether the take to extend is still in a bucket; without a local file it must be."""
        if source.role is not Role.VIDEO or not source.uri.startswith("gs://"):
            return False
        return source.path is None or await self._project.bucket.can_object_exist(source.uri)


async def _read_video(source: Input, *, may_upload: bool) -> bytes:
    """The bytes of the take that is run on."""
    path = source.path
    if path is None:
        raise InvalidRequest("the take to extend has neither a file nor a URI", provider="vertex")
    size = await asyncio.to_thread(lambda: path.stat().st_size)
    if size > MAX_INLINE_BYTES and not may_upload:
        raise InvalidRequest(
            f"the take to extend is too large to send with the request: {size / 1000000.0:.0f} MB",
            hint="set `providers.vertex.storage_uri: gs://my-bucket/films` to upload it there",
            provider="vertex",
        )
    return await asyncio.to_thread(path.read_bytes)
