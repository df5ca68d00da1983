"""CometAPI's `/v1/videos`: a form makes a job, the job is asked for, its video is fetched.

The route that CometAPI documents. It takes words and a first frame, nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from storyboard.errors import AuthenticationError, Gone, InvalidRequest, ProviderError
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Operation,
    Outcome,
    Request,
    Role,
    Running,
    Sample,
    Unusable,
    Workplace,
)
from storyboard.providers.cometapi.job_status import JobState, parse_job_status
from storyboard.providers.google.gemini_files import NotFound
from storyboard.providers.http.download import download_file
from storyboard.providers.http.request_media import read_picture_with_mime
from storyboard.providers.http.safety_codes import (
    append_support_code_meaning,
    find_filter_categories,
    find_support_codes,
    suggest_filter_cure,
)
from storyboard.providers.http.service import ServiceClient

_ROUTE = "/v1/videos"
_SIZES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("720p", "16:9"): "1280x720",
        ("720p", "9:16"): "720x1280",
        ("1080p", "16:9"): "1920x1080",
        ("4k", "16:9"): "3840x2160",
    }
)
_ID = re.compile(r"[A-Za-z0-9_.:=+~-]{1,200}")


class VideosRoute:
    """The jobs of one run."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self._content_paths: dict[str, str] = {}
        """By address of a result, the content route that has the same bytes."""

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Sends the form once."""
        fields = self._build_form_fields(request)
        files = {}
        if first := request.input(Role.FIRST_FRAME):
            data, mime = await read_picture_with_mime(first, place, self._client.provider)
            files["input_reference"] = (f"first.{mime.partition('/')[2]}", data, mime)
        reply = await self._client.post_once(_ROUTE, fields=fields, files=files)
        status = parse_job_status(reply.value)
        if status.is_rejected:
            raise InvalidRequest(
                f"CometAPI: request rejected: {self._client.redactor(status.problem)}",
                provider=self._client.provider,
            )
        if not _ID.fullmatch(status.id) or self._client.redactor.contains_secret(status.id):
            detail = f": {self._client.redactor(status.problem)}" if status.problem else ""
            raise self._client.unknown_outcome_error(f"its answer contains no job id{detail}")
        return Operation(status.id)

    async def poll(self, operation: Operation) -> Outcome:
        """Asks for the job; understands every form of the answer."""
        path = f"{_ROUTE}/{quote(operation.name, safe='')}"
        try:
            status = parse_job_status((await self._client.request_with_retry("GET", path)).value)
        except NotFound as error:
            raise Gone(str(error), provider=self._client.provider) from error
        if not status.has_status:
            detail = self._client.redactor(status.problem or status.unknown_state)
            raise ProviderError(
                f"CometAPI: the answer has no job state{f': {detail}' if detail else ''}",
                provider=self._client.provider,
            )
        if status.job_state is JobState.DONE:
            content = f"{path}/content"
            if not status.url or self._client.redactor.contains_secret(status.url):
                return Done((Sample(uri=content),))
            self._content_paths[status.url] = content
            return Done((Sample(uri=status.url),))
        if status.job_state is JobState.RUNNING:
            note = self._client.redactor(status.unknown_state)
            return Running(note if status.progress is None else f"{status.progress}%")
        if status.job_state is JobState.PERHAPS_MADE:
            why = f": {self._client.redactor(status.problem)}" if status.problem else ""
            return Unusable(f"CometAPI: unknown job state `{status.unknown_state}`{why}")
        message = (
            self._client.redactor(status.problem) or "CometAPI: the job failed, without a reason"
        )
        if find_support_codes(message):
            concern = find_filter_categories(message)
            return Filtered(
                append_support_code_meaning(message), concern, hint=suggest_filter_cure(concern)
            )
        return Failed(message)

    async def fetch(self, sample: Sample, out: Path) -> None:
        """Loads the video from its address, else from the content route."""
        content = self._content_paths.get(sample.uri, "")
        try:
            await download_file(self._client, sample.uri, out, extract_media_url=_parse_video_url)
        except AuthenticationError:
            raise
        except ProviderError:
            if not content:
                raise
            await download_file(self._client, content, out, extract_media_url=_parse_video_url)

    def _build_form_fields(self, request: Request) -> dict[str, str]:
        """The form but for its file; `seconds` always, since 4 is the service's default."""
        roles = {source.role for source in request.inputs} - {Role.FIRST_FRAME}
        if roles:
            role_names = ", ".join(sorted(role.value.replace("_", " ") for role in roles))
            raise self._unsupported_request_error(
                f"the videos transport of CometAPI doesn't accept {role_names}",
                "use `providers: {cometapi: {transport: chat}}`",
            )
        settings = request.settings
        size = _SIZES.get((settings.resolution, settings.aspect_ratio))
        if size is None:
            wanted_size = f"{settings.aspect_ratio} in {settings.resolution}"
            raise self._unsupported_request_error(
                f"CometAPI has no video size for {wanted_size}", f"use {_format_supported_sizes()}"
            )
        return {
            "model": request.model,
            "prompt": request.prompt,
            "seconds": str(settings.duration_s),
            "size": size,
        }

    def _unsupported_request_error(self, message: str, hint: str) -> InvalidRequest:
        return InvalidRequest(message, hint=hint, provider=self._client.provider)


def _parse_video_url(reply: Any) -> str:
    """The address in an answer of the content route that is words, as some of them are."""
    return parse_job_status(reply).url


def _format_supported_sizes() -> str:
    return ", ".join(f"{aspect} in {resolution}" for resolution, aspect in _SIZES)
