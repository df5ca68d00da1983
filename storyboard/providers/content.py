"""Stills, texts and speech of Gemini models over `generateContent`, on both of its hosts.

The answer to the order is the whole job: there is nothing to ask for later, so what came is
remembered for as long as this process lives and is lost with it.
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
from storyboard.providers.http import Wire
from storyboard.providers.inline import packed, unpacked, written
from storyboard.providers.pictures import picture
from storyboard.providers.said import said
from storyboard.providers.shape import shape
from storyboard.providers.support import cure, explained
from storyboard.providers.unsent import unsent
from storyboard.providers.voices import voice_name

_NAME = "content/"
_READ_S = 300.0
_USUAL_RATE = 24_000

_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "SAFETY": "safety",
        "IMAGE_SAFETY": "safety of the picture",
        "PROHIBITED_CONTENT": "prohibited content",
        "IMAGE_PROHIBITED_CONTENT": "prohibited content of the picture",
        "BLOCKLIST": "a word on the block list",
        "SPII": "personal data",
        "RECITATION": "somebody else's words",
        "IMAGE_RECITATION": "somebody else's picture",
        "MODEL_ARMOR": "the project's own filter",
        "JAILBREAK": "an attempt to get around the filters",
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


class Content:
    """The `generateContent` of one host; `root` is what stands before `/models/ID` in its paths."""

    def __init__(self, wire: Wire, root: str) -> None:
        self._wire = wire
        self._root = root
        self._came: dict[str, Outcome] = {}

    @staticmethod
    def owns(name: str) -> bool:
        """Whether an operation of that name was made here."""
        return name.startswith(_NAME)

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Orders one still, text or line, and waits for it; the samples are the operation's.

        An answer that is no use is told by `poll`, since it may have cost money. Raises
        RefusedError where a filter refused.
        """
        with unsent(self._wire.provider):
            body = await content_body(request, place, self._wire.provider)
        reply = await self._wire.order(
            f"{self._root}/models/{request.model}:generateContent", json=body, read_s=_READ_S
        )
        value = reply.value if isinstance(reply.value, dict) else {}
        self._judge(value)
        if value.get("error") and not _candidate(value):
            words = self._wire.discreet(said(reply.status, {}, reply.body).message)
            raise self._wire.unknown(f"an error came in place of an answer: {words}")
        told = value.get("responseId")
        known = (
            isinstance(told, str)
            and re.fullmatch(r"[\w-]{1,80}", told)
            and not self._wire.discreet.shows(told)
        )
        name = f"{_NAME}{told if known else secrets.token_hex(8)}"
        try:
            outcome = await self._outcome(request.kind, value, place.scratch)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise self._wire.unknown(f"its answer can't be kept: {why}") from error
        self._came[name] = outcome
        return Operation(name, outcome.samples if isinstance(outcome, Done) else ())

    def poll(self, operation: Operation) -> Outcome:
        """What came with the answer; Failed where this process never saw it."""
        return self._came.get(
            operation.name,
            Failed(
                "the answer came while storyboard was stopped and can't be asked for again",
                billed=True,
            ),
        )

    def _judge(self, value: Mapping[str, Any]) -> None:
        """Raises RefusedError where a filter took the prompt or the answer."""
        feedback = value.get("promptFeedback")
        if isinstance(feedback, Mapping) and (reason := feedback.get("blockReason")):
            raise self._refusal(str(reason), "the prompt", feedback.get("blockReasonMessage"))
        candidate = _candidate(value)
        reason = str(candidate.get("finishReason", ""))
        if reason in _REFUSED:
            raise self._refusal(reason, "the answer", candidate.get("finishMessage"))

    def _refusal(self, reason: str, what: str, words: object) -> RefusedError:
        seen = _REFUSED.get(reason, reason.lower().replace("_", " "))
        more = f": {explained(self._wire.discreet(words))}" if words else ""
        return RefusedError(
            f"a filter took {what} ({seen}){more}",
            hint=cure(seen),
            provider=self._wire.provider,
            category=seen,
        )

    async def _outcome(self, kind: Kind, value: Mapping[str, Any], scratch: Path) -> Outcome:
        candidate = _candidate(value)
        reason = str(candidate.get("finishReason", ""))
        parts = _parts(candidate)
        words = "".join(part["text"] for part in parts if isinstance(part.get("text"), str)).strip()
        if kind is Kind.WRITE:
            if reason == "MAX_TOKENS":
                told = f"the text was cut off at {WRITE_TOKENS} tokens"
                return Failed(told, billed=True)
            if not words:
                return Failed(f"no text came{_because(reason, value)}", billed=_was_made(value))
            data, suffix = f"{words}\n".encode(), ".txt"
        else:
            try:
                media = _media(parts, "image/" if kind is Kind.STILL else "audio/", self._wire)
            except ProviderError as error:
                return Failed(f"{error}", billed=True)
            if media is None:
                made = "picture" if kind is Kind.STILL else "speech"
                why = _because(reason, value)
                told = f" and said: {self._wire.discreet(words)}" if words else why
                return Failed(f"the model made no {made}{told}", billed=_was_made(value))
            data, suffix = media
        out = scratch / f"{kind.value}{suffix}"
        return Done((Sample(path=await asyncio.to_thread(written, data, out)),))


async def content_body(request: Request, place: Workplace, provider: str = "") -> dict[str, Any]:
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
        for given in request.inputs:
            if given.role is Role.REFERENCE:
                data, mime = await picture(given, place, provider)
                parts.append({"inlineData": {"mimeType": mime, "data": packed(data)}})
    elif request.kind is Kind.SPEECH:
        spoken = request.intent.dialogue
        words = str(settings.options.get("voice") or (spoken[0].voice if spoken else ""))
        voice = {"prebuiltVoiceConfig": {"voiceName": voice_name(words)}}
        config["responseModalities"] = ["AUDIO"]
        config["speechConfig"] = {"voiceConfig": voice}
        parts = [{"text": await _script(request, provider)}]
    else:
        config["maxOutputTokens"] = WRITE_TOKENS
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


async def _script(request: Request, provider: str) -> str:
    try:
        return await asyncio.to_thread(lambda: request.script)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"the words to speak can't be read: {error}", provider=provider
        ) from error


def _media(parts: list[Mapping[str, Any]], family: str, wire: Wire) -> tuple[bytes, str] | None:
    """The media of that family among the parts, and the suffix of their file.

    Of pictures the last one counts, since a model that thinks sends its sketches first; sound may
    come in pieces.
    """
    found: list[tuple[bytes, str]] = []
    for part in parts:
        held = part.get("inlineData")
        mime = str(held.get("mimeType", "")).lower() if isinstance(held, Mapping) else ""
        if isinstance(held, Mapping) and mime.startswith(family):
            found.append((unpacked(held.get("data"), wire.provider), mime))
    if not found:
        return None
    mime = found[-1][1]
    if family == "image/":
        return found[-1][0], _SUFFIX.get(mime, ".png")
    sound = b"".join(data for data, _ in found)
    if mime.startswith(("audio/l16", "audio/pcm")):
        return _wav(sound, mime), ".wav"
    return sound, _SUFFIX.get(mime.partition(";")[0], ".wav")


def _wav(samples: bytes, mime: str) -> bytes:
    """Bare samples of 16 bits, little endian, with a header; `mime` says rate and channels."""
    told = dict(re.findall(r"(\w+)=(\d{1,6})\b", mime))
    channels = 2 if told.get("channels") == "2" else 1
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(int(told.get("rate", 0)) or _USUAL_RATE)
        sound.writeframes(samples[: len(samples) // (2 * channels) * 2 * channels])
    return stream.getvalue()


def _candidate(value: Mapping[str, Any]) -> Mapping[str, Any]:
    found = value.get("candidates")
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, Mapping) else {}


def _parts(candidate: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the model says, its thoughts left out."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, Mapping) else None
    listed = parts if isinstance(parts, list) else []
    return [each for each in listed if isinstance(each, Mapping) and not each.get("thought")]


def _was_made(value: Mapping[str, Any]) -> bool:
    """Whether tokens were put out, as far as an answer tells; those are what is paid for."""
    usage = value.get("usageMetadata")
    if not isinstance(usage, Mapping) or not isinstance(usage.get("promptTokenCount"), int):
        return True
    return any(usage.get(name) for name in ("candidatesTokenCount", "thoughtsTokenCount"))


def _because(reason: str, value: Mapping[str, Any]) -> str:
    if reason and reason != "STOP":
        return f" ({reason.lower().replace('_', ' ')})"
    return f"; what came is {shape(_candidate(value).get('content', value))}"
