"""CometAPI as a provider: a gateway with a key of its own, and two routes to the same models."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from storyboard.errors import (
    AuthenticationError,
    EnvironmentProblem,
    InvalidRequest,
    RetiredModel,
    StoryboardError,
)
from storyboard.providers.base import WIRE_READS, Operation, Outcome, Request, Sample, Workplace
from storyboard.providers.comet_chat import NAMES, Chat
from storyboard.providers.comet_reply import REFUSED_CODES
from storyboard.providers.comet_videos import Videos
from storyboard.providers.discreet import Discreet
from storyboard.providers.files import Missing
from storyboard.providers.http import Wire
from storyboard.providers.origin import origin
from storyboard.providers.said import Said

_KEY = "COMETAPI_KEY"
_BASE = "https://api.cometapi.com"
_TRANSPORTS = ("videos", "chat")


class CometAPI:
    """Veo behind CometAPI. `settings.transport`: `videos`, which it documents, or `chat`.

    The key is read from COMETAPI_KEY when it is first needed.
    """

    name = "cometapi"
    repeatable = False
    reads = WIRE_READS
    revision = ""

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._transport = settings.get("transport", "videos")
        if self._transport not in _TRANSPORTS:
            raise EnvironmentProblem(
                f"CometAPI has no transport `{self._transport}`",
                hint=f"one of {', '.join(_TRANSPORTS)}",
            )
        self._discreet = Discreet()
        self._made: tuple[Wire, Videos, Chat] | None = None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Sends the request once; with `chat`, comes back when the video is made."""
        _, videos, chat = self._parts()
        if self._transport == "chat":
            return await chat.submit(request, place)
        return await videos.submit(request, place)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How a job stands; one of `videos` can be asked for by any process."""
        _, videos, chat = self._parts()
        asked = chat if operation.name.startswith(NAMES) else videos
        return await asked.poll(operation)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """Loads the video into the workplace."""
        _, videos, _ = self._parts()
        out = place.scratch / f"{secrets.token_hex(6)}.mp4"
        await videos.fetch(sample, out)
        return replace(sample, path=out)

    async def close(self) -> None:
        """Gives back the connections."""
        if self._made is not None:
            await self._made[0].close()

    def _parts(self) -> tuple[Wire, Videos, Chat]:
        if self._made is None:
            base = origin("STORYBOARD_COMETAPI_BASE_URL", _BASE)
            wire = Wire(
                self.name, base, self._access, self._discreet, verdict=self._verdict, who="CometAPI"
            )
            self._made = (wire, Videos(wire), Chat(wire))
        return self._made

    async def _access(self, fresh: bool) -> Mapping[str, str]:
        key = os.environ.get(_KEY, "").strip()
        if not key:
            raise AuthenticationError(
                f"{_KEY} is not set",
                hint=f"export {_KEY}=…; `--previz` rehearses without a key",
                provider=self.name,
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise AuthenticationError(
                f"{_KEY} holds what no key has: a space or a special character",
                provider=self.name,
            )
        return {"Authorization": f"Bearer {self._discreet.keep(key)}"}

    def _verdict(self, told: Said) -> StoryboardError | None:
        """What CometAPI means where it differs from others."""
        words = self._discreet(told.message) or f"status {told.status}"
        if told.status == 401:
            return AuthenticationError(
                f"CometAPI does not take the key in {_KEY}: {words}",
                hint=f"copy it from your account there once more, then `export {_KEY}=…`",
                provider=self.name,
            )
        if told.status == 403:
            return InvalidRequest(
                f"CometAPI does not let this key in: {words}",
                hint="your account there may not have this model, or no money left",
                provider=self.name,
            )
        if told.status == 404 and "no longer available" in words:
            return RetiredModel(
                f"CometAPI no longer has it: {words}",
                hint="see `storyboard models` for what else there is",
                provider=self.name,
            )
        if told.status == 404:
            return Missing(f"CometAPI refuses: {words}", provider=self.name)
        if told.status >= 500 and told.code in REFUSED_CODES:
            return InvalidRequest(f"CometAPI refuses: {words}", provider=self.name)
        return None
