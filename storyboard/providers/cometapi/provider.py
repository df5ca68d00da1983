"""CometAPI as a provider: a gateway with its own key and two routes to the same models."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from storyboard.errors import (
    AuthenticationError,
    EnvironmentProblem,
    InvalidRequest,
    RetiredModel,
    StoryboardError,
)
from storyboard.providers.base import WIRE_READS, Operation, Outcome, Request, Sample, Workplace
from storyboard.providers.declaration import build_settings_schema

if TYPE_CHECKING:
    from storyboard.providers.cometapi.chat import ChatRoute
    from storyboard.providers.cometapi.videos import VideosRoute
    from storyboard.providers.http.error_body import ApiError
    from storyboard.providers.http.service import ServiceClient

_KEY_VARIABLE = "COMETAPI_KEY"
_BASE_URL_VARIABLE = "STORYBOARD_COMETAPI_BASE_URL"
_BASE = "https://api.cometapi.com"
_TRANSPORTS = ("videos", "chat")
_SETTINGS = build_settings_schema(
    "CometAPI",
    "The key is read from COMETAPI_KEY.",
    {
        "transport": {
            "title": "Transport",
            "description": "Which interface of CometAPI to use.",
            "type": "string",
            "enum": list(_TRANSPORTS),
            "default": "videos",
            "examples": ["chat"],
        }
    },
)


class CometAPI:
    """Veo behind CometAPI. `settings.transport`: `videos`, which CometAPI documents, or `chat`.

    The adapter reads the key from COMETAPI_KEY when it first needs it.
    """

    name = "cometapi"
    repeatable = False
    reads = WIRE_READS
    revision = ""
    key_variables = (_KEY_VARIABLE,)
    base_url_variables = (_BASE_URL_VARIABLE,)
    secret_patterns = (r"sk-(?<!\wsk-)[\w-]{16,}",)
    schema: ClassVar[Mapping[str, Any]] = MappingProxyType({"settings": _SETTINGS})

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._transport = settings.get("transport", "videos")
        if self._transport not in _TRANSPORTS:
            raise EnvironmentProblem(
                f"there is no CometAPI transport `{self._transport}`",
                hint=f"use one of {', '.join(_TRANSPORTS)}",
            )
        from storyboard.providers.http.redaction import Redactor

        self._redactor = Redactor()
        self._routes: tuple[ServiceClient, VideosRoute, ChatRoute] | None = None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Sends the request once; with `chat` it returns when the video is made."""
        _, videos, chat = self._open_routes()
        if self._transport == "chat":
            return await chat.submit(request, place)
        return await videos.submit(request, place)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """The state of a job; any process can ask for a job of `videos`."""
        from storyboard.providers.cometapi.chat import OPERATION_PREFIX

        _, videos, chat = self._open_routes()
        route = chat if operation.name.startswith(OPERATION_PREFIX) else videos
        return await route.poll(operation)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """Loads the video into the workplace."""
        _, videos, _ = self._open_routes()
        out = place.scratch / f"{secrets.token_hex(6)}.mp4"
        await videos.fetch(sample, out)
        return replace(sample, path=out)

    async def close(self) -> None:
        """Gives back the connections."""
        if self._routes is not None:
            await self._routes[0].close()

    def _open_routes(self) -> tuple[ServiceClient, VideosRoute, ChatRoute]:
        from storyboard.providers.cometapi.chat import ChatRoute
        from storyboard.providers.cometapi.videos import VideosRoute
        from storyboard.providers.http.base_url import resolve_base_url
        from storyboard.providers.http.service import ServiceClient

        if self._routes is None:
            base_url = resolve_base_url(_BASE_URL_VARIABLE, _BASE)
            client = ServiceClient(
                self.name,
                base_url,
                self._build_auth_headers,
                self._redactor,
                translate_known_error=self._translate_known_error,
                service_name="CometAPI",
            )
            self._routes = (client, VideosRoute(client), ChatRoute(client))
        return self._routes

    async def _build_auth_headers(self, renew_credentials: bool) -> Mapping[str, str]:
        from storyboard.providers.http.access import read_key

        key = read_key(
            self.name,
            self.key_variables,
            self._redactor,
            hint=f"export {_KEY_VARIABLE}=…; or rehearse without a key: `--previz`",
        )
        return {"Authorization": f"Bearer {key}"}

    def _translate_known_error(self, api_error: ApiError) -> StoryboardError | None:
        """Errors that mean something else at CometAPI than elsewhere."""
        from storyboard.providers.cometapi.job_status import REFUSED_CODES
        from storyboard.providers.google.gemini_files import NotFound

        message = self._redactor(api_error.message) or f"HTTP {api_error.status}"
        if api_error.status == 401:
            return AuthenticationError(
                f"CometAPI: authentication failed with the key in {_KEY_VARIABLE}: {message}",
                hint="copy the key from your CometAPI account again, then `export "
                f"{_KEY_VARIABLE}=…`",
                provider=self.name,
            )
        if api_error.status == 403:
            return InvalidRequest(
                f"CometAPI: access denied: {message}",
                hint="check your CometAPI account: the model may not be included, or the balance "
                "may be used up",
                provider=self.name,
            )
        if api_error.status == 404 and "no longer available" in message:
            return RetiredModel(
                f"CometAPI: no longer available: {message}",
                hint="run `storyboard models` to find another model",
                provider=self.name,
            )
        if api_error.status == 404:
            return NotFound(f"CometAPI: request rejected: {message}", provider=self.name)
        if api_error.status >= 500 and api_error.code in REFUSED_CODES:
            return InvalidRequest(f"CometAPI: request rejected: {message}", provider=self.name)
        return None
