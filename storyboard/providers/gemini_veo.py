"""Veo as the Gemini API offered it; Google switched it off on 2026-10-22, simulators go on."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from storyboard.errors import Gone, InvalidRequest, ProviderError, UnknownOutcome
from storyboard.providers.base import (
    Done,
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
from storyboard.providers.catalog import Model, catalog
from storyboard.providers.files import Files, Missing
from storyboard.providers.http import Wire
from storyboard.providers.inline import laid_down
from storyboard.providers.operation import (
    UNSAFE,
    filtered_because,
    missing,
    standing,
    taken,
)
from storyboard.providers.pictures import picture
from storyboard.providers.unsent import unsent
from storyboard.providers.veo import Medium, gemini_body, generated, inline

_OPERATION = re.compile(r"models/(?P<model>[\w.-]+)/operations/[\w-]+")


class GeminiVeo:
    """The `predictLongRunning` of the Gemini API."""

    def __init__(self, wire: Wire, files: Files) -> None:
        self._wire = wire
        self._files = files

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job; an extension waits until the service has its source ready."""
        with unsent(self._wire.provider):
            body = await self._body(request, place)
        reply = await self._wire.order(
            f"/v1beta/models/{request.model}:predictLongRunning", json=body
        )
        name = reply.value.get("name") if isinstance(reply.value, Mapping) else None
        if (
            not isinstance(name, str)
            or not _OPERATION.fullmatch(name)
            or self._wire.discreet.shows(name)
        ):
            raise UnknownOutcome(
                "the Gemini API took the job and named none", provider=self._wire.provider
            )
        return Operation(name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands."""
        if (found := _OPERATION.fullmatch(operation.name)) is None:
            name = self._wire.discreet(operation.name)
            raise Gone(f"`{name}` is no job of the Gemini API", provider=self._wire.provider)
        try:
            reply = await self._wire.ask("GET", f"/v1beta/{operation.name}")
        except Missing as error:
            raise Gone(
                "the Gemini API no longer knows the job", provider=self._wire.provider
            ) from error
        value = reply.value
        if (told := standing(value, self._wire.discreet)) is not None:
            return told
        response = _mapping(_mapping(value.get("response")).get("generateVideoResponse"))
        response = response or _mapping(value.get("response"))
        videos = _videos(response)
        if not videos:
            return missing(value, response, self._wire.discreet)
        samples = [
            await self._sample(video, number, found["model"], place)
            for number, video in enumerate(videos)
        ]
        if all(each.problem == UNSAFE for each in samples):
            return Unusable(UNSAFE)
        why = filtered_because(response, self._wire.discreet)
        return Done(tuple(samples), why, taken(response))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file."""
        out = place.scratch / "veo.mp4"
        return replace(sample, path=await self._files.bring(sample.uri, out, sample.expires_at))

    async def _body(self, request: Request, place: Workplace) -> dict[str, Any]:
        model = catalog().models.get((self._wire.provider, request.model))
        if model is not None:
            _people_allowed(request, model)
            if request.kind is Kind.EXTEND and model.extend and model.extend.resolution:
                wanted = replace(request.settings, resolution=model.extend.resolution)
                request = replace(request, settings=wanted)
        media = [await self._medium(each, place) for each in request.inputs]
        return gemini_body(request, media)

    async def _medium(self, given: Input, place: Workplace) -> Medium:
        if given.role is not Role.VIDEO:
            return inline(*await picture(given, place, self._wire.provider))
        if not self._files.identifier(given.uri):
            raise InvalidRequest(
                "Veo goes on from its own results only, by their address there; this take has none",
                hint="`--retake` the shot that it continues",
                provider=self._wire.provider,
            )
        await self._files.wait(given.uri)
        return generated(given.uri)

    async def _sample(
        self, video: Mapping[str, Any], number: int, model: str, place: Workplace
    ) -> Sample:
        told = video.get("uri")
        uri = self._files.address(told) if isinstance(told, str) else ""
        if uri:
            return Sample(uri=uri, expires_at=await self._expiry(uri, model))
        if told and not video.get("encodedVideo"):
            return Sample(problem=UNSAFE)
        out = place.scratch / f"veo-{number}.mp4"
        try:
            await laid_down(video.get("encodedVideo"), out, self._wire.provider)
        except ProviderError as error:
            return Sample(problem=str(error))
        return Sample(path=out)

    async def _expiry(self, uri: str, model: str) -> float | None:
        """When the service will throw the file away, by its own word or by the catalogue's."""
        if self._files.identifier(uri):
            try:
                if (told := (await self._files.look(uri)).expires_at) is not None:
                    return told
            except ProviderError:
                pass  # the download will say what is wrong with it
        known = catalog().models.get((self._wire.provider, model))
        kept_h = known.retention_h if known else None
        return None if kept_h is None else time.time() + kept_h * 3600.0


def _people_allowed(request: Request, model: Model) -> None:
    """Raises InvalidRequest for a `person_generation` that the operation refuses."""
    wish = request.settings.options.get("person_generation")
    roles = {each.role for each in request.inputs}
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
    if wish is not None and legal is not None and wish not in legal:
        raise InvalidRequest(
            f"the Gemini API refuses `person_generation: {wish}` here",
            hint=f"write `person_generation: {' or '.join(legal)}`, or leave it out",
            provider=model.provider,
        )


def _videos(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = response.get("generatedSamples")
    listed = found if isinstance(found, list) else []
    videos = [_mapping(_mapping(each).get("video")) for each in listed]
    known = any(each.get("uri") or each.get("encodedVideo") for each in videos)
    return videos if known else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
