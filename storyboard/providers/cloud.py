"""A project of Google Cloud as the adapters need it: its models' addresses, its keys, its buckets.

Nothing is looked for before the first use. The film's `providers.vertex` wins over the
environment, and the environment over what the credentials say.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from storyboard.errors import AuthenticationError, EnvironmentProblem, StoryboardError
from storyboard.providers.credentials import KEY, Credentials
from storyboard.providers.discreet import Discreet
from storyboard.providers.files import Missing
from storyboard.providers.gcs import Bucket
from storyboard.providers.http import Wire
from storyboard.providers.origin import origin
from storyboard.providers.said import Said

BASE_URL = "STORYBOARD_VERTEX_BASE_URL"
PROJECT = "GOOGLE_CLOUD_PROJECT"
LOCATION = "GOOGLE_CLOUD_LOCATION"
GLOBAL = "global"
_USUAL = "us-central1"
_LOCATION = re.compile(r"[a-z0-9-]{2,40}")
_PROJECT = re.compile(r"[A-Za-z0-9._:-]{2,100}")


class Cloud:
    """One project, and the connections to it that are kept."""

    def __init__(self, provider: str, settings: Mapping[str, Any]) -> None:
        self.provider = provider
        self.discreet = Discreet()
        self._settings = settings
        self._credentials = Credentials(provider, self.discreet)
        self._wires: dict[str, Wire] = {}
        self._bucket: Bucket | None = None

    @property
    def location(self) -> str:
        """The film's, else GOOGLE_CLOUD_LOCATION, else us-central1."""
        told = str(self._settings.get("location") or os.environ.get(LOCATION, "").strip())
        return _named(told or _USUAL, _LOCATION, "location", LOCATION)

    async def place(self, location: str) -> str:
        """`projects/…/locations/…`; empty where a key is used that names its project by itself.

        Raises EnvironmentProblem where no project is known.
        """
        told = str(self._settings.get("project") or os.environ.get(PROJECT, "").strip())
        if not told:
            told = await self._credentials.project()
            if not told and await self.by_key():
                return ""
        if not told:
            raise EnvironmentProblem(
                "no project of Google Cloud is named",
                hint=f"set `providers.{self.provider}.project` in the film, or {PROJECT}",
            )
        named = _named(told, _PROJECT, "project", PROJECT)
        return f"projects/{named}/locations/{location}"

    async def by_key(self) -> bool:
        """Whether we are known by a key alone, which opens no bucket."""
        return await self._credentials.by_key()

    async def publisher(self, location: str) -> str:
        """What the names of Google's models begin with there, without a slash at either end."""
        place = await self.place(location)
        return f"{place}/publishers/google".lstrip("/")

    def wire(self, location: str) -> Wire:
        """The service in that location; where none is named, the one for keys."""
        base = origin(BASE_URL, host(location or GLOBAL))
        if base not in self._wires:
            self._wires[base] = Wire(
                self.provider,
                base,
                self._credentials,
                self.discreet,
                verdict=self._verdict,
                who="Vertex AI",
            )
        return self._wires[base]

    @property
    def bucket(self) -> Bucket:
        """Cloud Storage, with the same credentials."""
        if self._bucket is None:
            self._bucket = Bucket(self.provider, self._credentials, self.discreet)
        return self._bucket

    async def close(self) -> None:
        """Gives back the connections."""
        for each in self._wires.values():
            await each.close()
        self._wires.clear()
        if self._bucket is not None:
            await self._bucket.close()
            self._bucket = None

    def _verdict(self, told: Said) -> StoryboardError | None:
        if told.status == 400 and "api key not valid" in told.message.lower():
            return AuthenticationError(
                f"Vertex AI does not know the key in {KEY}",
                hint="see `storyboard doctor` for the keys that are set",
                provider=self.provider,
            )
        if told.status != 404:
            return None
        message = self.discreet(told.message) or "status 404"
        return Missing(
            f"Vertex AI knows nothing of that: {message}",
            hint="the model may be switched off, in another location or not open to the project",
            provider=self.provider,
        )


def host(location: str) -> str:
    """Where Vertex AI answers for a location: a region, a multi-region or `global`."""
    if location == GLOBAL:
        return "https://aiplatform.googleapis.com"
    if location in ("us", "eu"):
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _named(told: str, form: re.Pattern[str], what: str, variable: str) -> str:
    """`told`, which becomes part of an address, if it has the form of a name."""
    if not form.fullmatch(told):
        raise EnvironmentProblem(
            f"`{told}` is no {what} of Google Cloud",
            hint=f"see `providers.vertex.{what}` in the film and {variable}",
        )
    return told
