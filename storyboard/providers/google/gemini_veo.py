"""Veo as the Gemini API offered it; Google switched it off on 2026-10-22, simulators go on."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from storyboard.errors import Gone, InvalidRequest, ProviderError, UnknownOutcome
from storyboard.providers.base import (
    Input,
    Kind,
    Operation,
    Outcome,
    Request,
    Role,
    Sample,
    Unusable,
    Workplace,
)
from storyboard.providers.catalog import Model, load_catalog
from storyboard.providers.google.gemini_files import GeminiFiles, NotFound
from storyboard.providers.google.long_running import (
    UNSAFE_ADDRESS,
    build_done_outcome,
    classify_missing_result,
    read_operation_state,
)
from storyboard.providers.google.veo_request import (
    Medium,
    build_gemini_body,
    to_gemini_result_medium,
    to_inline_medium,
)
from storyboard.providers.http.request_media import read_picture_with_mime, write_base64_medium
from storyboard.providers.http.service import ServiceClient, convert_unsent_errors

_OPERATION = re.compile(r"models/(?P<model>[\w.-]+)/operations/[\w-]+")


class GeminiVeo:
    """The `predictLongRunning` of the Gemini API."""

    def __init__(self, client: ServiceClient, files: GeminiFiles) -> None:
        self._client = client
        self._files = files

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job; an extension waits until the service has its source ready."""
        with convert_unsent_errors(self._client.provider):
            body = await self._build_body(request, place)
        reply = await self._client.post_once(
            f"/v1beta/models/{request.model}:predictLongRunning", json=body
        )
        name = reply.value.get("name") if isinstance(reply.value, Mapping) else None
        if (
            not isinstance(name, str)
            or not _OPERATION.fullmatch(name)
            or self._client.redactor.contains_secret(name)
        ):
            raise UnknownOutcome(
                "the Gemini API accepted the job but returned no name",
                provider=self._client.provider,
            )
        return Operation(name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """The state of the job."""
        if (match := _OPERATION.fullmatch(operation.name)) is None:
            name = self._client.redactor(operation.name)
            raise Gone(f"`{name}` is not a job of the Gemini API", provider=self._client.provider)
        try:
            reply = await self._client.request_with_retry("GET", f"/v1beta/{operation.name}")
        except NotFound as error:
            raise Gone("Gemini API: job not found", provider=self._client.provider) from error
        value = reply.value
        if (state := read_operation_state(value, self._client.redactor)) is not None:
            return state
        response = _to_mapping(_to_mapping(value.get("response")).get("generateVideoResponse"))
        response = response or _to_mapping(value.get("response"))
        videos = _list_videos(response)
        if not videos:
            return classify_missing_result(value, response, self._client.redactor)
        samples = [
            await self._resolve_video_sample(video, number, match["model"], place)
            for number, video in enumerate(videos)
        ]
        if all(sample.problem == UNSAFE_ADDRESS for sample in samples):
            return Unusable(UNSAFE_ADDRESS)
        return build_done_outcome(samples, response, self._client.redactor)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file."""
        out = place.scratch / "veo.mp4"
        return replace(
            sample, path=await self._files.download_result(sample.uri, out, sample.expires_at)
        )

    async def _build_body(self, request: Request, place: Workplace) -> dict[str, Any]:
        model = load_catalog().models.get((self._client.provider, request.model))
        if model is not None:
            _check_person_generation(request, model)
            if request.kind is Kind.EXTEND and model.extend and model.extend.resolution:
                settings = replace(request.settings, resolution=model.extend.resolution)
                request = replace(request, settings=settings)
        media = [await self._prepare_input_medium(source, place) for source in request.inputs]
        return build_gemini_body(request, media)

    async def _prepare_input_medium(self, source: Input, place: Workplace) -> Medium:
        if source.role is not Role.VIDEO:
            return to_inline_medium(
                *await read_picture_with_mime(source, place, self._client.provider)
            )
        if not self._files.parse_file_id(source.uri):
            raise InvalidRequest(
                "Veo extends only its own results, by their address; this take has no address",
                hint="use `--retake` for the shot that it continues",
                provider=self._client.provider,
            )
        await self._files.wait_until_active(source.uri)
        return to_gemini_result_medium(source.uri)

    async def _resolve_video_sample(
        self, video: Mapping[str, Any], video_index: int, model_id: str, place: Workplace
    ) -> Sample:
        raw_uri = video.get("uri")
        uri = self._files.to_storable_uri(raw_uri) if isinstance(raw_uri, str) else ""
        if uri:
            return Sample(uri=uri, expires_at=await self._find_expiry(uri, model_id))
        if raw_uri and not video.get("encodedVideo"):
            return Sample(problem=UNSAFE_ADDRESS)
        out = place.scratch / f"veo-{video_index}.mp4"
        try:
            await write_base64_medium(video.get("encodedVideo"), out, self._client.provider)
        except ProviderError as error:
            return Sample(problem=str(error))
        return Sample(path=out)

    async def _find_expiry(self, uri: str, model_id: str) -> float | None:
        """When the service will throw the file away, by its own word or by the catalogue's."""
        if self._files.parse_file_id(uri):
            try:
                if (expires_at := (await self._files.read_file_status(uri)).expires_at) is not None:
                    return expires_at
            except ProviderError:
                pass  # the download reports what is wrong with it
        entry = load_catalog().models.get((self._client.provider, model_id))
        kept_h = entry.retention_h if entry else None
        return None if kept_h is None else time.time() + kept_h * 3600.0


def _check_person_generation(request: Request, model: Model) -> None:
    """Raises InvalidRequest for a `person_generation` that the operation refuses."""
    value = request.settings.options.get("person_generation")
    roles = {source.role for source in request.inputs}
    operation = "text"
    if request.kind is Kind.EXTEND:
        operation = "extend"
    elif Role.REFERENCE in roles:
        operation = "references"
    elif Role.LAST_FRAME in roles:
        operation = "interpolate"
    elif Role.FIRST_FRAME in roles:
        operation = "image"
    legal = model.person_generation.get(operation)
    if value is not None and legal is not None and value not in legal:
        raise InvalidRequest(
            f"Gemini API: `person_generation: {value}` is not allowed here",
            hint=f"write `person_generation: {' or '.join(legal)}`, or delete the key",
            provider=model.provider,
        )


def _list_videos(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    samples = response.get("generatedSamples")
    listed = samples if isinstance(samples, list) else []
    videos = [_to_mapping(_to_mapping(item).get("video")) for item in listed]
    has_media = any(item.get("uri") or item.get("encodedVideo") for item in videos)
    return videos if has_media else []


def _to_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
