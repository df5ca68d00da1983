"""A project of Google Cloud for the adapters: its models' addresses, its keys, its buckets.

It looks up nothing before the first use. The film's `providers.vertex` overrides the environment,
and the environment overrides the credentials.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from storyboard.errors import AuthenticationError, EnvironmentProblem, StoryboardError
from storyboard.providers.google.cloud_storage import GcsBucket
from storyboard.providers.google.credentials import Credentials
from storyboard.providers.google.environment import (
    VERTEX_BASE_URL_VARIABLE,
    VERTEX_KEY_VARIABLE,
)
from storyboard.providers.google.gemini_files import NotFound
from storyboard.providers.http.base_url import resolve_base_url
from storyboard.providers.http.error_body import ApiError
from storyboard.providers.http.redaction import Redactor
from storyboard.providers.http.service import ServiceClient

PROJECT = "GOOGLE_CLOUD_PROJECT"
LOCATION = "GOOGLE_CLOUD_LOCATION"
GLOBAL = "global"
_USUAL_LOCATION = "us-central1"
_LOCATION = re.compile(r"[a-z0-9-]{2,40}")
_PROJECT = re.compile(r"[A-Za-z0-9._:-]{2,100}")


class VertexProject:
    """One project, and the connections to it that are kept."""

    def __init__(self, provider: str, settings: Mapping[str, Any]) -> None:
        self.provider = provider
        self.redactor = Redactor()
        self._settings = settings
        self._credentials = Credentials(provider, self.redactor)
        self._clients: dict[str, ServiceClient] = {}
        self._bucket: GcsBucket | None = None

    @property
    def location(self) -> str:
        """The film's, else GOOGLE_CLOUD_LOCATION, else us-central1."""
        name = str(self._settings.get("location") or os.environ.get(LOCATION, "").strip())
        return _require_matching_name(name or _USUAL_LOCATION, _LOCATION, "location", LOCATION)

    async def resolve_location_path(self, location: str) -> str:
        """`projects/…/locations/…`; empty where a key is used that names its project by itself.

        Raises EnvironmentProblem where no project is known.
        """
        project = str(self._settings.get("project") or os.environ.get(PROJECT, "").strip())
        if not project:
            project = await self._credentials.find_project()
            if not project and await self.has_api_key():
                return ""
        if not project:
            raise EnvironmentProblem(
                "no Google Cloud project is set",
                hint=f"set `providers.{self.provider}.project` in the film, or {PROJECT}",
            )
        checked_project = _require_matching_name(project, _PROJECT, "project", PROJECT)
        return f"projects/{checked_project}/locations/{location}"

    async def has_api_key(self) -> bool:
        """Whether we have only an API key, which opens no bucket."""
        return await self._credentials.has_api_key()

    async def resolve_publisher_path(self, location: str) -> str:
        """The prefix of Google's model names on this host, without a slash at either end."""
        location_path = await self.resolve_location_path(location)
        return f"{location_path}/publishers/google".lstrip("/")

    def open_client(self, location: str) -> ServiceClient:
        """The service in that location; where none is named, the one for keys."""
        base_url = resolve_base_url(VERTEX_BASE_URL_VARIABLE, build_host_url(location or GLOBAL))
        if base_url not in self._clients:
            self._clients[base_url] = ServiceClient(
                self.provider,
                base_url,
                self._credentials,
                self.redactor,
                translate_known_error=self._translate_known_error,
                service_name="Vertex AI",
            )
        return self._clients[base_url]

    @property
    def bucket(self) -> GcsBucket:
        """Cloud Storage, with the same credentials."""
        if self._bucket is None:
            self._bucket = GcsBucket(self.provider, self._credentials, self.redactor)
        return self._bucket

    async def close(self) -> None:
        """Gives back the connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()
        if self._bucket is not None:
            await self._bucket.close()
            self._bucket = None

    def _translate_known_error(self, api_error: ApiError) -> StoryboardError | None:
        if api_error.status == 400 and "api key not valid" in api_error.message.lower():
            return AuthenticationError(
                f"Vertex AI: the key in {VERTEX_KEY_VARIABLE} is not valid",
                hint="run `storyboard doctor` to see which keys are set",
                provider=self.provider,
            )
        if api_error.status != 404:
            return None
        message = self.redactor(api_error.message) or "status 404"
        return NotFound(
            f"Vertex AI: not found: {message}",
            hint="check the model: it may be switched off, in another location, or not available "
            "to the project",
            provider=self.provider,
        )


def build_host_url(location: str) -> str:
    """Where Vertex AI answers for a location: a region, a multi-region or `global`."""
    if location == GLOBAL:
        return "https://aiplatform.googleapis.com"
    if location in ("us", "eu"):
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _require_matching_name(
    name: str, pattern: re.Pattern[str], label: str, variable_name: str
) -> str:
    """`name`, which becomes part of an address, if it has the form of one."""
    if not pattern.fullmatch(name):
        raise EnvironmentProblem(
            f"`{name}` is not a valid Google Cloud {label}",
            hint=f"check `providers.vertex.{label}` in the film and {variable_name}",
        )
    return name
