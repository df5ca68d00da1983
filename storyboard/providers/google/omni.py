"""Gemini Omni over the Interactions API, which the Gemini API and Vertex AI both offer.

Names are snake_case here. Pictures are bound to their parts by tags before the prompt, counted in
the order of the input, as Google's prompt guide for Omni has them.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from storyboard.errors import Gone, InvalidRequest, ProviderError
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Input,
    Kind,
    Operation,
    Outcome,
    Request,
    Role,
    Running,
    Sample,
    Unusable,
    Workplace,
)
from storyboard.providers.google.cloud_storage import extract_safe_object_uri
from storyboard.providers.google.gemini_files import (
    FILE_KEPT_S,
    GeminiFiles,
    NotFound,
    parse_timestamp,
)
from storyboard.providers.google.long_running import NO_RESULT, UNSAFE_ADDRESS
from storyboard.providers.http.request_media import (
    MAX_INLINE_BYTES,
    encode_base64,
    read_picture_with_mime,
    write_base64_medium,
)
from storyboard.providers.http.response_shape import describe_shape
from storyboard.providers.http.safety_codes import (
    append_support_code_meaning,
    find_filter_categories,
    find_support_codes,
    suggest_filter_cure,
)
from storyboard.providers.http.service import ServiceClient, convert_unsent_errors

_NAME_PREFIX = "interactions/"
_KEPT_S = 55 * 24 * 3600.0
"""How long an interaction can be continued; its files are kept for a shorter time."""

_IDENTIFIER = re.compile(r"[\w=-][\w.=~-]{0,400}", re.ASCII)
_FINAL_STATUSES = frozenset({"completed", "failed", "cancelled", "incomplete", "budget_exceeded"})
"""The statuses that end a job; by any other word, known or not, it may still become a video."""

_CUT_OFF_STATUSES = frozenset({"incomplete", "budget_exceeded"})
"""The statuses of a job that was stopped while it worked, so that its work may be charged."""

_FILTER = re.compile(r"safety|block|filter|prohibit|harm|policy|responsible", re.I)
_DEFAULT_PROMPT = "Continue the scene."


class MediaHost(Protocol):
    """What differs between the two hosts: where media are stored."""

    def build_delivery_options(self, request: Request) -> Mapping[str, str]:
        """The form of the result: `delivery`, and `gcs_uri` if it goes into a bucket."""

    async def wait_for_readable_uri(self, uri: str) -> str:
        """The URI of a video that the service can read, when it is ready; empty if the service
        can't read it.
        """

    async def upload_video(self, path: Path) -> str:
        """The URI of a local MP4 that was sent up, since it is too large to go along."""

    async def download_result(self, uri: str, out: Path, expires_at: float | None = None) -> Path:
        """A result as the file `out`; `expires_at` is when the service throws it away, if known."""


class Omni:
    """The Interactions of one host; `path_prefix` comes before `/interactions` in its paths."""

    def __init__(self, client: ServiceClient, path_prefix: str, host: MediaHost) -> None:
        self._client = client
        self._path = f"{path_prefix}/interactions"
        self._host = host

    @staticmethod
    def is_interaction_reference(reference: str) -> bool:
        """Whether an operation's name, or a sample's URI, means an interaction.

        People know it by its bare id, or by its whole path.
        """
        return _NAME_PREFIX in reference or _IDENTIFIER.fullmatch(reference) is not None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job in the background, so that it can be asked for by its name."""
        provider = self._client.provider
        with convert_unsent_errors(provider):
            pictures = [
                await read_picture_with_mime(item, place, provider)
                for item in request.inputs
                if item.role is not Role.VIDEO
            ]
            source: Mapping[str, str] = {}
            if request.kind is Kind.EXTEND:
                source = await self._resolve_extension_source(request.input(Role.VIDEO))
            body = build_omni_body(
                request, pictures, source, self._host.build_delivery_options(request)
            )
        try:
            reply = await self._client.post_once(self._path, json=body)
        except NotFound as error:
            if "previous_interaction_id" in body and "interaction" in f"{error}".lower():
                raise self._unknown_interaction_error() from error
            raise
        raw_id = reply.value.get("id") if isinstance(reply.value, Mapping) else None
        name = raw_id.rpartition("/")[2] if isinstance(raw_id, str) else ""
        if not _IDENTIFIER.fullmatch(name) or self._client.redactor.contains_secret(name):
            raise self._client.unknown_outcome_error("it accepted the job but returned no name")
        return Operation(_NAME_PREFIX + name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """The state of the job; writes a result in the answer below the scratch folder."""
        name = _NAME_PREFIX + operation.name.rpartition(_NAME_PREFIX)[2]
        value = await self._fetch_interaction(name)
        raw_status = value.get("status")
        status = raw_status.lower() if isinstance(raw_status, str) else ""
        if not status:
            detail = " ".join(
                message or code for code, message in _list_errors(value)
            ) or describe_shape(value)
            raise ProviderError(
                f"the answer has no job state: {self._client.redactor(detail)}",
                provider=self._client.provider,
            )
        if status not in _FINAL_STATUSES:
            return Running(self._client.redactor(status.replace("_", " ")))
        videos = list(_list_videos(value))
        if status != "completed" or not videos:
            return self._classify_missing_video(value, status)
        if not (self._find_safe_video_uri(videos[-1]) or videos[-1].get("data")):
            return Unusable(UNSAFE_ADDRESS)
        return Done((await self._save_video_sample(name, videos[-1], place.scratch / "omni.mp4"),))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file, asked of its interaction again."""
        out = place.scratch / "omni.mp4"
        if not self.is_interaction_reference(sample.uri):
            path = await self._host.download_result(sample.uri, out, sample.expires_at)
            return replace(sample, path=path)
        value = await self._fetch_interaction(sample.uri)
        videos = list(_list_videos(value))
        if not videos:
            raise Gone("the interaction no longer contains a video", provider=self._client.provider)
        return replace(
            sample, path=await self._save_video_file(videos[-1], out, _compute_file_expiry(value))
        )

    async def _fetch_interaction(self, name: str) -> Mapping[str, Any]:
        identifier = quote(name.removeprefix(_NAME_PREFIX), safe="")
        try:
            reply = await self._client.request_with_retry(
                "GET", f"{self._path}/{identifier}", params={"stream": "false"}
            )
        except NotFound as error:
            raise self._unknown_interaction_error() from error
        if not isinstance(reply.value, Mapping):
            raise ProviderError("the answer is not JSON", provider=self._client.provider)
        return reply.value

    async def _resolve_extension_source(self, video: Input | None) -> Mapping[str, str]:
        """The source of an extension, as the body of the request names it."""
        if video is None:
            raise self._missing_source_error("there is no video to extend")
        fresh = video.expires_at is None or video.expires_at > time.time()
        if video.uri and fresh:
            if self.is_interaction_reference(video.uri):
                return {"previous_interaction_id": video.uri.removeprefix(_NAME_PREFIX)}
            try:
                if uri := await self._host.wait_for_readable_uri(video.uri):
                    return {"uri": uri}
            except Gone:
                if video.path is None:
                    raise
        if video.path is None:
            raise self._missing_source_error(
                "the video to extend has expired, and its file is not in the store"
            )
        size = video.path.stat().st_size
        if size > MAX_INLINE_BYTES:
            return {"uri": await self._host.upload_video(video.path)}
        data = await asyncio.to_thread(video.path.read_bytes)
        return {"data": await asyncio.to_thread(encode_base64, data)}

    def _unknown_interaction_error(self) -> Gone:
        return Gone(
            "the interaction was not found",
            hint="use `--retake` for the shot that it was made for",
            provider=self._client.provider,
        )

    def _missing_source_error(self, message: str) -> InvalidRequest:
        return InvalidRequest(
            message,
            hint="run `storyboard store fetch`, or use `--retake` for the shot that it continues",
            provider=self._client.provider,
        )

    async def _save_video_sample(
        self, interaction_name: str, video: Mapping[str, Any], out: Path
    ) -> Sample:
        uri = self._find_safe_video_uri(video)
        if uri.startswith("gs://"):
            return Sample(uri=uri)
        path = None
        if not uri:
            with suppress(ProviderError):  # fetching asks for it again
                path = await self._save_video_file(video, out)
        return Sample(path=path, uri=interaction_name, expires_at=time.time() + _KEPT_S)

    async def _save_video_file(
        self, video: Mapping[str, Any], out: Path, expires_at: float | None = None
    ) -> Path:
        if uri := self._find_safe_video_uri(video):
            return await self._host.download_result(uri, out, expires_at)
        return await write_base64_medium(video.get("data"), out, self._client.provider)

    def _find_safe_video_uri(self, video: Mapping[str, Any]) -> str:
        """The address of a result; empty if there is none, or if the address contains a key."""
        uri = video.get("uri")
        if not isinstance(uri, str):
            return ""
        if stored := extract_safe_object_uri(uri, self._client.redactor):
            return stored
        # Of a file no more than its id is ever asked for.
        return (
            uri
            if GeminiFiles.parse_file_id(uri) or not self._client.redactor.contains_secret(uri)
            else ""
        )

    def _classify_missing_video(
        self, interaction: Mapping[str, Any], status: str
    ) -> Failed | Filtered | Unusable:
        """Why an interaction is over without a video."""
        errors = list(_list_errors(interaction))
        message = " ".join(self._client.redactor(text) for _, text in errors if text)
        if find_support_codes(message) or any(_FILTER.search(code) for code, _ in errors):
            concern = find_filter_categories(message) or next(
                (c for c, _ in errors if c), ""
            ).replace("_", " ")
            why = append_support_code_meaning(message) or f"a safety filter blocked it ({concern})"
            return Filtered(why, concern, hint=suggest_filter_cure(concern))
        if status == "completed":
            model_text = self._client.redactor(" ".join(_list_texts(interaction)))
            why = message or f"{NO_RESULT}: {self._client.redactor(describe_shape(interaction))}"
            why = (
                f"the model returned no video and answered: {model_text}"
                if model_text and not message
                else why
            )
            return Unusable(why) if _has_possible_output(interaction) else Failed(why)
        message = message or f"the job ended with state `{status.replace('_', ' ')}`"
        return Failed(message, billed=status in _CUT_OFF_STATUSES)


def build_omni_body(
    request: Request,
    pictures: Sequence[tuple[bytes, str]],
    extension_source: Mapping[str, str],
    delivery_options: Mapping[str, str],
) -> dict[str, Any]:
    """The body that creates an interaction.

    `pictures` are bytes and MIME types of the inputs that are not videos, in their order.
    `extension_source` is the source of an extension: `previous_interaction_id`, or `uri` or `data`
    of a video.
    """
    settings = request.settings
    is_extension = request.kind is Kind.EXTEND
    roles = [item.role for item in request.inputs if item.role is not Role.VIDEO]
    content: list[dict[str, str]] = []
    if "uri" in extension_source or "data" in extension_source:
        content.append({"type": "video", "mime_type": "video/mp4", **extension_source})
    for data, mime in pictures:
        content.append({"type": "image", "mime_type": mime, "data": encode_base64(data)})
    prompt = _add_picture_tags(request.prompt or (_DEFAULT_PROMPT if is_extension else ""), roles)
    config: dict[str, Any] = {
        "video_config": {"task": _choose_task(roles, is_extension=is_extension)}
    }
    if settings.seed is not None:
        config["seed"] = settings.seed
    response_format = {
        "type": "video",
        "aspect_ratio": settings.aspect_ratio,
        "resolution": settings.resolution,
        "duration": f"{settings.duration_s}s",
        **delivery_options,
    }
    if is_extension:
        del response_format["aspect_ratio"]  # it is the source's
    body: dict[str, Any] = {
        "model": request.model,
        "input": prompt,
        "generation_config": config,
        "response_format": response_format,
        "background": True,
        "store": True,
    }
    if content:
        content.append({"type": "text", "text": prompt})
        body["input"] = [{"type": "user_input", "content": content}]
    if previous := extension_source.get("previous_interaction_id"):
        body["previous_interaction_id"] = previous
    return body


def _choose_task(roles: Sequence[Role], *, is_extension: bool) -> str:
    if is_extension:
        return "extend"
    if Role.REFERENCE in roles:
        return "reference_to_video"
    return "image_to_video" if roles else "text_to_video"


def _add_picture_tags(prompt: str, picture_roles: Sequence[Role]) -> str:
    """The prompt, after the tags that name each picture.

    A first frame alone needs no tag: the task names it.
    """
    frames = {Role.FIRST_FRAME: "<FIRST_FRAME>", Role.LAST_FRAME: "<LAST_FRAME>"}
    numbered_roles = [(role, number) for number, role in enumerate(picture_roles, 1)]
    sources = [f"{frames[role]}@Image{number}" for role, number in numbered_roles if role in frames]
    reference_numbers = [number for role, number in numbered_roles if role is Role.REFERENCE]
    references = [f"<IMAGE_REF_{n}>@Image{number}" for n, number in enumerate(reference_numbers)]
    tags = []
    if sources and (len(sources) > 1 or references):
        tags.append(f"[# Sources {' '.join(sources)}]")
    if references:
        tags.append(f"[# References {' '.join(references)}]")
    return " ".join([*tags, prompt])


def _list_outputs(interaction: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The outputs of the model, in order, wherever the reply has them."""
    for key in ("steps", "outputs"):
        for step in _keep_mappings(interaction.get(key)):
            if step.get("type") in ("user_input", "thought"):
                continue
            yield from _keep_mappings(step.get("content")) if "content" in step else (step,)
    if isinstance(only := interaction.get("output_video"), Mapping):
        yield {"type": "video", **only}


def _list_videos(interaction: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for output in _list_outputs(interaction):
        if output.get("type") == "video" and (output.get("uri") or output.get("data")):
            yield output


def _has_possible_output(interaction: Mapping[str, Any]) -> bool:
    """False only if the service itself counts zero output tokens: those are what it charges for.

    A `0` that is not a number, such as `false`, does not count.
    """
    usage = interaction.get("usage")
    count = usage.get("total_output_tokens") if isinstance(usage, Mapping) else None
    return isinstance(count, bool) or count != 0


def _compute_file_expiry(interaction: Mapping[str, Any]) -> float | None:
    """When the service deletes the file of an interaction, from the time at which it was made."""
    stamp = interaction.get("updated") or interaction.get("created")
    made_at = parse_timestamp(stamp) if isinstance(stamp, str) else None
    return None if made_at is None else made_at + FILE_KEPT_S


def _list_texts(interaction: Mapping[str, Any]) -> Iterator[str]:
    for output in _list_outputs(interaction):
        if output.get("type") == "text":
            yield str(output.get("text", ""))


def _list_errors(interaction: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Code and words of every error in a reply."""
    errors = [*_keep_mappings(interaction.get("errors")), interaction.get("error")]
    errors += [step.get("error") for step in _keep_mappings(interaction.get("steps"))]
    for error in errors:
        if isinstance(error, Mapping):
            yield str(error.get("code") or ""), str(error.get("message") or "")


def _keep_mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
