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
from storyboard.providers.catalog import catalog
from storyboard.providers.cloud import Cloud
from storyboard.providers.files import Missing
from storyboard.providers.gcs import checked_place, folder
from storyboard.providers.inline import INLINE
from storyboard.providers.operation import outcome
from storyboard.providers.pictures import picture
from storyboard.providers.unsent import unsent
from storyboard.providers.veo import Medium, inline, stored, vertex_body

OPERATION = re.compile(
    r"(?P<resource>(?:projects/[\w.:-]+/locations/(?P<location>[a-z0-9-]+)/)?"
    r"publishers/google/models/[\w.@-]+)/operations/[\w-]+"
)


class VertexVeo:
    """The Veo models of one project. `storage_uri` may be empty: then results come inline."""

    def __init__(self, cloud: Cloud, storage_uri: str) -> None:
        self._cloud = cloud
        self._storage_uri = storage_uri

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Makes the job, of `request.samples` results."""
        with unsent("vertex"):
            body = await self._body(request, place)
        location = self._cloud.location
        publisher = await self._cloud.publisher(location)
        resource = f"{publisher}/models/{quote(request.model)}"
        wire = self._cloud.wire(location if resource.startswith("projects/") else "")
        reply = await wire.order(f"/v1/{resource}:predictLongRunning", json=body)
        name = reply.value.get("name") if isinstance(reply.value, dict) else None
        if (
            not isinstance(name, str)
            or not OPERATION.fullmatch(name)
            or self._cloud.discreet.shows(name)
        ):
            raise wire.unknown("it took the job and named none")
        return Operation(name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands, asked where it was made, whatever the settings say by now."""
        found = OPERATION.fullmatch(operation.name)
        if found is None:
            told = self._cloud.discreet(operation.name)
            raise Gone(f"`{told}` is no job of Vertex AI", provider="vertex")
        path = f"/v1/{found['resource']}:fetchPredictOperation"
        try:
            reply = await self._cloud.wire(found["location"] or "").ask(
                "POST", path, json={"operationName": operation.name}
            )
        except Missing as error:
            raise Gone(f"Vertex AI no longer knows the job: {error}", provider="vertex") from None
        if not isinstance(reply.value, dict):
            raise ProviderError("the answer of Vertex AI is no JSON", provider="vertex")
        return await outcome(reply.value, place.scratch, self._cloud.discreet)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file, out of its bucket."""
        out = place.scratch / f"{secrets.token_hex(6)}.mp4"
        return replace(sample, path=await self._cloud.bucket.download(sample.uri, out))

    async def _body(self, request: Request, place: Workplace) -> dict[str, Any]:
        under = checked_place(self._storage_uri)
        if request.settings.options.get("compression") == "lossless" and not under:
            raise InvalidRequest(
                "`compression: lossless` needs a place in Cloud Storage",
                hint="set `providers.vertex.storage_uri: gs://my-bucket/films`",
                provider="vertex",
            )
        model = catalog().models.get(("vertex", request.model))
        media = await self._media(request.inputs, under, place)
        body = vertex_body(request, media, audio=model is not None and model.audio == "optional")
        if under:
            body["parameters"]["storageUri"] = folder(under, request.tag)
        return body

    async def _media(self, inputs: tuple[Input, ...], under: str, place: Workplace) -> list[Medium]:
        media: list[Medium] = []
        left = INLINE
        for given in inputs:
            if await self._stored(given):
                media.append(stored(given.uri, "video/mp4"))
                continue
            if given.role is Role.VIDEO:
                data, mime = await _video(given, may_upload=bool(under)), "video/mp4"
            else:
                data, mime = await picture(given, place, "vertex")
            if under and len(data) > left:
                uri = await self._cloud.bucket.upload(data, mime, under)
                media.append(stored(uri, mime))
                continue
            left -= len(data)
            media.append(await asyncio.to_thread(inline, data, mime))
        return media

    async def _stored(self, given: Input) -> bool:
        """Whether a take that is run on lies in a bucket still; with no file here it has to."""
        if given.role is not Role.VIDEO or not given.uri.startswith("gs://"):
            return False
        return given.path is None or await self._cloud.bucket.has(given.uri)


async def _video(given: Input, *, may_upload: bool) -> bytes:
    """The bytes of the take that is run on."""
    path = given.path
    if path is None:
        raise InvalidRequest("the take that is run on has neither file nor URI", provider="vertex")
    size = await asyncio.to_thread(lambda: path.stat().st_size)
    if size > INLINE and not may_upload:
        raise InvalidRequest(
            f"the take that is run on has {size / 1e6:.0f} MB, more than goes along inline",
            hint="set `providers.vertex.storage_uri: gs://my-bucket/films`; it is uploaded there",
            provider="vertex",
        )
    return await asyncio.to_thread(path.read_bytes)
