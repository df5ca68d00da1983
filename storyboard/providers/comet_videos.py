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
from storyboard.providers.comet_reply import Standing, read
from storyboard.providers.download import download
from storyboard.providers.files import Missing
from storyboard.providers.http import Wire
from storyboard.providers.pictures import picture
from storyboard.providers.support import category, codes, cure, explained

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


class Videos:
    """The jobs of one run."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._contents: dict[str, str] = {}
        """By address of a result, the content route that has the same bytes."""

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Sends the form, once."""
        fields = self._fields(request)
        files = {}
        if first := request.input(Role.FIRST_FRAME):
            data, mime = await picture(first, place, self._wire.provider)
            files["input_reference"] = (f"first.{mime.partition('/')[2]}", data, mime)
        reply = await self._wire.order(_ROUTE, fields=fields, files=files)
        task = read(reply.value)
        if task.refused:
            raise InvalidRequest(
                f"CometAPI refuses: {self._wire.discreet(task.problem)}",
                provider=self._wire.provider,
            )
        if not _ID.fullmatch(task.id) or self._wire.discreet.shows(task.id):
            told = f": {self._wire.discreet(task.problem)}" if task.problem else ""
            raise self._wire.unknown(f"its answer names no job{told}")
        return Operation(task.id)

    async def poll(self, operation: Operation) -> Outcome:
        """Asks for the job, whatever shape the answer has."""
        path = f"{_ROUTE}/{quote(operation.name, safe='')}"
        try:
            task = read((await self._wire.ask("GET", path)).value)
        except Missing as error:
            raise Gone(str(error), provider=self._wire.provider) from error
        if not task.told:
            said = self._wire.discreet(task.problem or task.state)
            raise ProviderError(
                f"CometAPI tells nothing of the job{f': {said}' if said else ''}",
                provider=self._wire.provider,
            )
        if task.standing is Standing.DONE:
            content = f"{path}/content"
            if not task.url or self._wire.discreet.shows(task.url):
                return Done((Sample(uri=content),))
            self._contents[task.url] = content
            return Done((Sample(uri=task.url),))
        if task.standing is Standing.RUNNING:
            going = self._wire.discreet(task.state)
            return Running(going if task.progress is None else f"{task.progress}%")
        if task.standing is Standing.PERHAPS_MADE:
            why = f": {self._wire.discreet(task.problem)}" if task.problem else ""
            return Unusable(f"CometAPI says that the job is `{task.state}`{why}")
        told = self._wire.discreet(task.problem) or "CometAPI says that it failed, and not why"
        if codes(told):
            seen = category(told)
            return Filtered(explained(told), seen, hint=cure(seen))
        return Failed(told)

    async def fetch(self, sample: Sample, out: Path) -> None:
        """Loads the video from its address, else from the content route."""
        content = self._contents.get(sample.uri, "")
        try:
            await download(self._wire, sample.uri, out, elsewhere=_elsewhere)
        except AuthenticationError:
            raise
        except ProviderError:
            if not content:
                raise
            await download(self._wire, content, out, elsewhere=_elsewhere)

    def _fields(self, request: Request) -> dict[str, str]:
        """The form but for its file; `seconds` always, since 4 is the service's default."""
        roles = {given.role for given in request.inputs} - {Role.FIRST_FRAME}
        if roles:
            named = ", ".join(sorted(role.value.replace("_", " ") for role in roles))
            raise self._refused(
                f"CometAPI's videos route takes no {named}",
                "`providers: {cometapi: {transport: chat}}` has fields for it",
            )
        settings = request.settings
        size = _SIZES.get((settings.resolution, settings.aspect_ratio))
        if size is None:
            asked = f"{settings.aspect_ratio} in {settings.resolution}"
            raise self._refused(f"CometAPI has no size for {asked}", f"it has {_sizes()}")
        return {
            "model": request.model,
            "prompt": request.prompt,
            "seconds": str(settings.duration_s),
            "size": size,
        }

    def _refused(self, message: str, hint: str) -> InvalidRequest:
        return InvalidRequest(message, hint=hint, provider=self._wire.provider)


def _elsewhere(value: Any) -> str:
    """The address in an answer of the content route that is words, as some of them are."""
    return read(value).url


def _sizes() -> str:
    return ", ".join(f"{aspect} in {resolution}" for resolution, aspect in _SIZES)
