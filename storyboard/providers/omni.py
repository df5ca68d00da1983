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
from storyboard.providers.files import FILE_KEPT_S, Files, Missing, seconds
from storyboard.providers.gcs import object_uri
from storyboard.providers.http import Wire
from storyboard.providers.inline import INLINE, laid_down, packed
from storyboard.providers.operation import NOTHING, UNSAFE
from storyboard.providers.pictures import picture
from storyboard.providers.shape import shape
from storyboard.providers.support import category, codes, cure, explained
from storyboard.providers.unsent import unsent

_NAME = "interactions/"
_KEPT_S = 55 * 24 * 3600.0
"""An interaction can be gone on from for so long; its files are kept for less."""

_IDENTIFIER = re.compile(r"[\w=-][\w.=~-]{0,400}", re.ASCII)
_OVER = frozenset({"completed", "failed", "cancelled", "incomplete", "budget_exceeded"})
"""The statuses that end a job; by any other word, known or not, it may still become a video."""

_CUT_SHORT = frozenset({"incomplete", "budget_exceeded"})
"""The statuses of a job that was stopped while it worked, so that its work may be charged."""

_FILTER = re.compile(r"safety|block|filter|prohibit|harm|policy|responsible", re.I)
_WORDLESS = "Continue the scene."


class Host(Protocol):
    """What the two hosts do differently: where media lie."""

    def delivery(self, request: Request) -> Mapping[str, str]:
        """How the result is wanted: `delivery`, and `gcs_uri` where it goes into a bucket."""

    async def ready(self, uri: str) -> str:
        """The URI of a video as the service reads it, once it can; empty for any it can't."""

    async def lend(self, path: Path) -> str:
        """The URI of a local MP4 that was sent up, since it is too large to go along."""

    async def bring(self, uri: str, out: Path, expires_at: float | None = None) -> Path:
        """A result as the file `out`; `expires_at` is when the service throws it away, if known."""


class Omni:
    """The Interactions of one host; `root` is what stands before `/interactions` in its paths."""

    def __init__(self, wire: Wire, root: str, host: Host) -> None:
        self._wire = wire
        self._path = f"{root}/interactions"
        self._host = host

    @staticmethod
    def owns(name: str) -> bool:
        """Whether an operation's name, or a sample's URI, means an interaction.

        People know it by its bare id, or by its whole path.
        """
        return _NAME in name or _IDENTIFIER.fullmatch(name) is not None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job in the background, so that it can be asked for by its name."""
        provider = self._wire.provider
        with unsent(provider):
            pictures = [
                await picture(each, place, provider)
                for each in request.inputs
                if each.role is not Role.VIDEO
            ]
            source: Mapping[str, str] = {}
            if request.kind is Kind.EXTEND:
                source = await self._source(request.input(Role.VIDEO))
            body = omni_body(request, pictures, source, self._host.delivery(request))
        try:
            reply = await self._wire.order(self._path, json=body)
        except Missing as error:
            if "previous_interaction_id" in body and "interaction" in f"{error}".lower():
                raise self._forgotten() from error
            raise
        told = reply.value.get("id") if isinstance(reply.value, Mapping) else None
        name = told.rpartition("/")[2] if isinstance(told, str) else ""
        if not _IDENTIFIER.fullmatch(name) or self._wire.discreet.shows(name):
            raise self._wire.unknown("it took the job and named none")
        return Operation(_NAME + name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands. A result that comes along is written below the scratch folder."""
        name = _NAME + operation.name.rpartition(_NAME)[2]
        value = await self._look(name)
        told = value.get("status")
        status = told.lower() if isinstance(told, str) else ""
        if not status:
            said = " ".join(words or code for code, words in _troubles(value)) or shape(value)
            raise ProviderError(
                f"what came tells nothing of the job: {self._wire.discreet(said)}",
                provider=self._wire.provider,
            )
        if status not in _OVER:
            return Running(self._wire.discreet(status.replace("_", " ")))
        videos = list(_videos(value))
        if status != "completed" or not videos:
            return self._ended(value, status)
        if not (self._address(videos[-1]) or videos[-1].get("data")):
            return Unusable(UNSAFE)
        return Done((await self._sample(name, videos[-1], place.scratch / "omni.mp4"),))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file, asked of its interaction again."""
        out = place.scratch / "omni.mp4"
        if not self.owns(sample.uri):
            path = await self._host.bring(sample.uri, out, sample.expires_at)
            return replace(sample, path=path)
        value = await self._look(sample.uri)
        videos = list(_videos(value))
        if not videos:
            raise Gone("the interaction holds no video any more", provider=self._wire.provider)
        return replace(sample, path=await self._file(videos[-1], out, _file_expiry(value)))

    async def _look(self, name: str) -> Mapping[str, Any]:
        identifier = quote(name.removeprefix(_NAME), safe="")
        try:
            reply = await self._wire.ask(
                "GET", f"{self._path}/{identifier}", params={"stream": "false"}
            )
        except Missing as error:
            raise self._forgotten() from error
        if not isinstance(reply.value, Mapping):
            raise ProviderError("the answer is no JSON", provider=self._wire.provider)
        return reply.value

    async def _source(self, video: Input | None) -> Mapping[str, str]:
        """What an extension goes on from, in the terms of the body."""
        if video is None:
            raise self._refused("there is no video to go on from")
        fresh = video.expires_at is None or video.expires_at > time.time()
        if video.uri and fresh:
            if self.owns(video.uri):
                return {"previous_interaction_id": video.uri.removeprefix(_NAME)}
            try:
                if uri := await self._host.ready(video.uri):
                    return {"uri": uri}
            except Gone:
                if video.path is None:
                    raise
        if video.path is None:
            raise self._refused("the video to go on from expired there, and its file is not here")
        size = video.path.stat().st_size
        if size > INLINE:
            return {"uri": await self._host.lend(video.path)}
        data = await asyncio.to_thread(video.path.read_bytes)
        return {"data": await asyncio.to_thread(packed, data)}

    def _forgotten(self) -> Gone:
        return Gone(
            "the service no longer knows the interaction",
            hint="`--retake` the shot that it was made for",
            provider=self._wire.provider,
        )

    def _refused(self, message: str) -> InvalidRequest:
        return InvalidRequest(
            message,
            hint="`storyboard store fetch`, or `--retake` the shot that it continues",
            provider=self._wire.provider,
        )

    async def _sample(self, name: str, video: Mapping[str, Any], out: Path) -> Sample:
        uri = self._address(video)
        if uri.startswith("gs://"):
            return Sample(uri=uri)
        path = None
        if not uri:
            with suppress(ProviderError):  # fetching asks for it again
                path = await self._file(video, out)
        return Sample(path=path, uri=name, expires_at=time.time() + _KEPT_S)

    async def _file(
        self, video: Mapping[str, Any], out: Path, expires_at: float | None = None
    ) -> Path:
        if uri := self._address(video):
            return await self._host.bring(uri, out, expires_at)
        return await laid_down(video.get("data"), out, self._wire.provider)

    def _address(self, video: Mapping[str, Any]) -> str:
        """Where a result lies; empty where nobody says so, or by an address that shows a key."""
        uri = video.get("uri")
        if not isinstance(uri, str):
            return ""
        if stored := object_uri(uri, self._wire.discreet):
            return stored
        # Of a file no more than its id is ever asked for.
        return uri if Files.identifier(uri) or not self._wire.discreet.shows(uri) else ""

    def _ended(self, value: Mapping[str, Any], status: str) -> Failed | Filtered | Unusable:
        """Why an interaction is over without a video."""
        told = list(_troubles(value))
        message = " ".join(self._wire.discreet(words) for _, words in told if words)
        if codes(message) or any(_FILTER.search(code) for code, _ in told):
            seen = category(message) or next((c for c, _ in told if c), "").replace("_", " ")
            why = explained(message) or f"a filter took it ({seen})"
            return Filtered(why, seen, hint=cure(seen))
        if status == "completed":
            said = self._wire.discreet(" ".join(_words(value)))
            why = message or f"{NOTHING}: {self._wire.discreet(shape(value))}"
            why = f"the model made no video and said: {said}" if said and not message else why
            return Unusable(why) if _may_have_made_something(value) else Failed(why)
        message = message or f"the job ended as `{status.replace('_', ' ')}`"
        return Failed(message, billed=status in _CUT_SHORT)


def omni_body(
    request: Request,
    pictures: Sequence[tuple[bytes, str]],
    source: Mapping[str, str],
    delivery: Mapping[str, str],
) -> dict[str, Any]:
    """What an interaction is created with.

    `pictures` are bytes and MIME types of the inputs that are no videos, in their order. `source`
    is what an extension goes on from: `previous_interaction_id`, or `uri` or `data` of a video.
    """
    settings = request.settings
    extends = request.kind is Kind.EXTEND
    roles = [each.role for each in request.inputs if each.role is not Role.VIDEO]
    content: list[dict[str, str]] = []
    if "uri" in source or "data" in source:
        content.append({"type": "video", "mime_type": "video/mp4", **source})
    for data, mime in pictures:
        content.append({"type": "image", "mime_type": mime, "data": packed(data)})
    prompt = _tagged(request.prompt or (_WORDLESS if extends else ""), roles)
    config: dict[str, Any] = {"video_config": {"task": _task(roles, extends=extends)}}
    if settings.seed is not None:
        config["seed"] = settings.seed
    wanted = {
        "type": "video",
        "aspect_ratio": settings.aspect_ratio,
        "resolution": settings.resolution,
        "duration": f"{settings.duration_s}s",
        **delivery,
    }
    if extends:
        del wanted["aspect_ratio"]  # it is the source's
    body: dict[str, Any] = {
        "model": request.model,
        "input": prompt,
        "generation_config": config,
        "response_format": wanted,
        "background": True,
        "store": True,
    }
    if content:
        content.append({"type": "text", "text": prompt})
        body["input"] = [{"type": "user_input", "content": content}]
    if previous := source.get("previous_interaction_id"):
        body["previous_interaction_id"] = previous
    return body


def _task(roles: Sequence[Role], *, extends: bool) -> str:
    if extends:
        return "extend"
    if Role.REFERENCE in roles:
        return "reference_to_video"
    return "image_to_video" if roles else "text_to_video"


def _tagged(prompt: str, roles: Sequence[Role]) -> str:
    """The prompt behind the tags that say which picture is what.

    A first frame alone needs none: the task says it.
    """
    frames = {Role.FIRST_FRAME: "<FIRST_FRAME>", Role.LAST_FRAME: "<LAST_FRAME>"}
    places = [(role, number) for number, role in enumerate(roles, 1)]
    sources = [f"{frames[role]}@Image{number}" for role, number in places if role in frames]
    given = [number for role, number in places if role is Role.REFERENCE]
    references = [f"<IMAGE_REF_{n}>@Image{number}" for n, number in enumerate(given)]
    heads = []
    if sources and (len(sources) > 1 or references):
        heads.append(f"[# Sources {' '.join(sources)}]")
    if references:
        heads.append(f"[# References {' '.join(references)}]")
    return " ".join([*heads, prompt])


def _outputs(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the model put out, in order, wherever the reply has it."""
    for key in ("steps", "outputs"):
        for step in _listed(value.get(key)):
            if step.get("type") in ("user_input", "thought"):
                continue
            yield from _listed(step.get("content")) if "content" in step else (step,)
    if isinstance(only := value.get("output_video"), Mapping):
        yield {"type": "video", **only}


def _videos(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in _outputs(value):
        if each.get("type") == "video" and (each.get("uri") or each.get("data")):
            yield each


def _may_have_made_something(value: Mapping[str, Any]) -> bool:
    """False only where the service itself counts that it put out no tokens: they are what is paid.

    A `0` that is no number, such as `false`, counts nothing.
    """
    usage = value.get("usage")
    count = usage.get("total_output_tokens") if isinstance(usage, Mapping) else None
    return isinstance(count, bool) or count != 0


def _file_expiry(value: Mapping[str, Any]) -> float | None:
    """When the file of an interaction is thrown away, by the time at which it was made."""
    stamp = value.get("updated") or value.get("created")
    made_at = seconds(stamp) if isinstance(stamp, str) else None
    return None if made_at is None else made_at + FILE_KEPT_S


def _words(value: Mapping[str, Any]) -> Iterator[str]:
    for each in _outputs(value):
        if each.get("type") == "text":
            yield str(each.get("text", ""))


def _troubles(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Code and words of every error in a reply."""
    found = [*_listed(value.get("errors")), value.get("error")]
    found += [step.get("error") for step in _listed(value.get("steps"))]
    for each in found:
        if isinstance(each, Mapping):
            yield str(each.get("code") or ""), str(each.get("message") or "")


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
