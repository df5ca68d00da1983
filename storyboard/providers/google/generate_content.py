"""Stills, texts and speech of Gemini models over `generateContent`, on both of its hosts.

The answer to the submit is the whole job, so there is nothing to poll later. This process keeps the
answer in memory; when the process ends, the answer is lost.
"""

from __future__ import annotations

import asyncio
import io
import re
import secrets
import wave
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storyboard.errors import InvalidRequest, ProviderError, RefusedError
from storyboard.providers.base import (
    WRITE_TOKENS,
    Done,
    Failed,
    Kind,
    Operation,
    Outcome,
    Request,
    Role,
    Sample,
    Workplace,
)
from storyboard.providers.google.voices import choose_voice_name
from storyboard.providers.http.error_body import parse_error
from storyboard.providers.http.request_media import (
    decode_base64_medium,
    encode_base64,
    read_picture_with_mime,
    write_file,
)
from storyboard.providers.http.response_shape import describe_shape
from storyboard.providers.http.safety_codes import append_support_code_meaning, suggest_filter_cure
from storyboard.providers.http.service import ServiceClient, convert_unsent_errors

_NAME_PREFIX = "content/"
_READ_S = 300.0
_USUAL_RATE = 24_000

_FILTER_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "SAFETY": "safety",
        "IMAGE_SAFETY": "safety of the image",
        "PROHIBITED_CONTENT": "prohibited content",
        "IMAGE_PROHIBITED_CONTENT": "prohibited content in the image",
        "BLOCKLIST": "a word on the block list",
        "SPII": "personal data",
        "RECITATION": "copied text",
        "IMAGE_RECITATION": "copied image",
        "MODEL_ARMOR": "the filter of the project",
        "JAILBREAK": "an attempt to bypass the filters",
    }
)
"""Reasons of a refusal, in words."""

_SUFFIX: Mapping[str, str] = MappingProxyType(
    {
        "image/png": ".png",
        "image/jpeg": ".jpg",
        "image/webp": ".webp",
        "audio/wav": ".wav",
        "audio/x-wav": ".wav",
        "audio/mpeg": ".mp3",
        "audio/mp3": ".mp3",
        "audio/ogg": ".ogg",
    }
)


class GenerateContentClient:
    """The `generateContent` of one host; `path_prefix` comes before `/models/ID` in its paths."""

    def __init__(self, client: ServiceClient, path_prefix: str) -> None:
        self._client = client
        self._root = path_prefix
        self._outcomes: dict[str, Outcome] = {}

    @staticmethod
    def is_content_operation(operation_name: str) -> bool:
        """Whether an operation of that name was made here."""
        return operation_name.startswith(_NAME_PREFIX)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Orders one still, text or line, and waits for it; the operation holds the samples.

        If an answer is unusable, `poll` reports it, since it may have cost money. Raises
        RefusedError if a filter refused.
        """
        with convert_unsent_errors(self._client.provider):
            body = await build_content_body(request, place, self._client.provider)
        reply = await self._client.post_once(
            f"{self._root}/models/{request.model}:generateContent", json=body, max_silence_s=_READ_S
        )
        value = reply.value if isinstance(reply.value, dict) else {}
        self._raise_if_filtered(value)
        if value.get("error") and not _find_candidate(value):
            message = self._client.redactor(parse_error(reply.status, {}, reply.body).message)
            raise self._client.unknown_outcome_error(f"the answer is an error: {message}")
        response_id = value.get("responseId")
        is_usable = (
            isinstance(response_id, str)
            and re.fullmatch(r"[\w-]{1,80}", response_id)
            and not self._client.redactor.contains_secret(response_id)
        )
        name = f"{_NAME_PREFIX}{response_id if is_usable else secrets.token_hex(8)}"
        try:
            outcome = await self._save_outcome(request.kind, value, place.scratch)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise self._client.unknown_outcome_error(f"its answer can't be saved: {why}") from error
        self._outcomes[name] = outcome
        return Operation(name, outcome.samples if isinstance(outcome, Done) else ())

    def poll(self, operation: Operation) -> Outcome:
        """The samples of the answer; Failed if this process never received it."""
        return self._outcomes.get(
            operation.name,
            Failed(
                "the answer arrived while storyboard was not running and can't be requested again",
                billed=True,
            ),
        )

    def _raise_if_filtered(self, answer: Mapping[str, Any]) -> None:
        """Raises RefusedError where a filter took the prompt or the answer."""
        feedback = answer.get("promptFeedback")
        if isinstance(feedback, Mapping) and (reason := feedback.get("blockReason")):
            raise self._filter_error(str(reason), "the prompt", feedback.get("blockReasonMessage"))
        candidate = _find_candidate(answer)
        reason = str(candidate.get("finishReason", ""))
        if reason in _FILTER_REASONS:
            raise self._filter_error(reason, "the answer", candidate.get("finishMessage"))

    def _filter_error(self, reason_code: str, subject: str, service_words: object) -> RefusedError:
        concern = _FILTER_REASONS.get(reason_code, reason_code.lower().replace("_", " "))
        detail = (
            f": {append_support_code_meaning(self._client.redactor(service_words))}"
            if service_words
            else ""
        )
        return RefusedError(
            f"a safety filter blocked {subject} ({concern}){detail}",
            hint=suggest_filter_cure(concern),
            provider=self._client.provider,
            category=concern,
        )

    async def _save_outcome(self, kind: Kind, answer: Mapping[str, Any], scratch: Path) -> Outcome:
        candidate = _find_candidate(answer)
        reason = str(candidate.get("finishReason", ""))
        parts = _list_parts(candidate)
        words = "".join(part["text"] for part in parts if isinstance(part.get("text"), str)).strip()
        if kind is Kind.WRITE:
            if reason == "MAX_TOKENS":
                message = f"the text was cut off at {WRITE_TOKENS} tokens"
                return Failed(message, billed=True)
            if not words:
                return Failed(
                    f"the model returned no text{_format_missing_output_reason(reason, answer)}",
                    billed=_has_billable_output(answer),
                )
            data, suffix = f"{words}\n".encode(), ".txt"
        else:
            try:
                media = _extract_media_with_suffix(
                    parts, "image/" if kind is Kind.STILL else "audio/", self._client
                )
            except ProviderError as error:
                return Failed(f"{error}", billed=True)
            if media is None:
                expected = "image" if kind is Kind.STILL else "speech"
                why = _format_missing_output_reason(reason, answer)
                message = f" and answered: {self._client.redactor(words)}" if words else why
                return Failed(
                    f"the model returned no {expected}{message}",
                    billed=_has_billable_output(answer),
                )
            data, suffix = media
        out = scratch / f"{kind.value}{suffix}"
        return Done((Sample(path=await asyncio.to_thread(write_file, data, out)),))


async def build_content_body(
    request: Request, place: Workplace, provider: str = ""
) -> dict[str, Any]:
    """What `generateContent` is sent for a still, a text or a spoken line."""
    settings = request.settings
    config: dict[str, Any] = {} if settings.seed is None else {"seed": settings.seed}
    parts: list[dict[str, Any]] = [{"text": request.prompt}]
    if request.kind is Kind.STILL:
        config["responseModalities"] = ["IMAGE"]
        config["imageConfig"] = {
            "aspectRatio": settings.aspect_ratio,
            "imageSize": settings.resolution.upper(),
        }
        for reference in request.inputs:
            if reference.role is Role.REFERENCE:
                data, mime = await read_picture_with_mime(reference, place, provider)
                parts.append({"inlineData": {"mimeType": mime, "data": encode_base64(data)}})
    elif request.kind is Kind.SPEECH:
        spoken = request.intent.dialogue
        words = str(settings.options.get("voice") or (spoken[0].voice if spoken else ""))
        voice = {"prebuiltVoiceConfig": {"voiceName": choose_voice_name(words)}}
        config["responseModalities"] = ["AUDIO"]
        config["speechConfig"] = {"voiceConfig": voice}
        parts = [{"text": await _read_script(request, provider)}]
    else:
        config["maxOutputTokens"] = WRITE_TOKENS
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


async def _read_script(request: Request, provider: str) -> str:
    try:
        return await asyncio.to_thread(lambda: request.script)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"the text to speak can't be read: {error}", provider=provider
        ) from error


def _extract_media_with_suffix(
    parts: list[Mapping[str, Any]], mime_prefix: str, client: ServiceClient
) -> tuple[bytes, str] | None:
    """The media of that family among the parts, and the suffix of their file.

    The last picture counts, since a model that thinks sends its sketches first. Sound may come in
    several parts.
    """
    chunks: list[tuple[bytes, str]] = []
    for part in parts:
        inline_data = part.get("inlineData")
        mime = (
            str(inline_data.get("mimeType", "")).lower() if isinstance(inline_data, Mapping) else ""
        )
        if isinstance(inline_data, Mapping) and mime.startswith(mime_prefix):
            chunks.append((decode_base64_medium(inline_data.get("data"), client.provider), mime))
    if not chunks:
        return None
    mime = chunks[-1][1]
    if mime_prefix == "image/":
        return chunks[-1][0], _SUFFIX.get(mime, ".png")
    sound = b"".join(data for data, _ in chunks)
    if mime.startswith(("audio/l16", "audio/pcm")):
        return _wrap_pcm_in_wav(sound, mime), ".wav"
    return sound, _SUFFIX.get(mime.partition(";")[0], ".wav")


def _wrap_pcm_in_wav(pcm_samples: bytes, mime: str) -> bytes:
    """Bare samples of 16 bits, little endian, with a header; `mime` says rate and channels."""
    parameters = dict(re.findall(r"(\w+)=(\d{1,6})\b", mime))
    channels = 2 if parameters.get("channels") == "2" else 1
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(int(parameters.get("rate", 0)) or _USUAL_RATE)
        sound.writeframes(pcm_samples[: len(pcm_samples) // (2 * channels) * 2 * channels])
    return stream.getvalue()


def _find_candidate(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    candidates = answer.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    return first if isinstance(first, Mapping) else {}


def _list_parts(candidate: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The model's text without its thoughts."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, Mapping) else None
    listed = parts if isinstance(parts, list) else []
    return [part for part in listed if isinstance(part, Mapping) and not part.get("thought")]


def _has_billable_output(answer: Mapping[str, Any]) -> bool:
    """Whether the answer reports output tokens; those are what the service charges for."""
    usage = answer.get("usageMetadata")
    if not isinstance(usage, Mapping) or not isinstance(usage.get("promptTokenCount"), int):
        return True
    return any(usage.get(name) for name in ("candidatesTokenCount", "thoughtsTokenCount"))


def _format_missing_output_reason(reason: str, answer: Mapping[str, Any]) -> str:
    if reason and reason != "STOP":
        return f" ({reason.lower().replace('_', ' ')})"
    return f"; received {describe_shape(_find_candidate(answer).get('content', answer))}"
