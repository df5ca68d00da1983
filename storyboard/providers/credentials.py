"""Google Cloud's credentials: Application Default Credentials, else a key of Vertex AI.

google-auth reads the credentials and knows how each kind is renewed; the requests for that go
through httpx, in a thread. Nothing of it is kept on disk.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storyboard.errors import AuthenticationError, StoryboardError, Unreachable
from storyboard.providers.client import proxied, trust
from storyboard.providers.discreet import Discreet

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
KEY = "VERTEX_API_KEY"
FILE = "GOOGLE_APPLICATION_CREDENTIALS"
_TIMEOUT_S = 30.0
_PRINTABLE = re.compile(r"[!-~]+")

logging.getLogger("google.auth").setLevel(logging.ERROR)  # what it warns of is told as an error


class Credentials:
    """Who we are to Google Cloud; found at the first use, renewed in time.

    Calling it gives the headers, as `http.Access` wants: True asks for a new token.
    """

    def __init__(self, provider: str, discreet: Discreet) -> None:
        self._provider = provider
        self._discreet = discreet
        self._lock = asyncio.Lock()
        self._key = ""
        self._found: Any = None
        self._project = ""

    async def __call__(self, fresh: bool = False) -> Mapping[str, str]:
        async with self._lock:
            await self._find()
            if self._key:
                return {"x-goog-api-key": self._key}
            if fresh or not self._found.valid:
                await asyncio.to_thread(self._renew)
            headers = {"authorization": f"Bearer {self._found.token}"}
            if quota := getattr(self._found, "quota_project_id", None):
                headers["x-goog-user-project"] = str(quota)
            return headers

    async def project(self) -> str:
        """The project that the credentials belong to; empty where they do not say."""
        async with self._lock:
            await self._find()
            return self._project

    async def by_key(self) -> bool:
        """Whether a key is used, which names its project by itself."""
        async with self._lock:
            await self._find()
            return bool(self._key)

    async def _find(self) -> None:
        if self._found is not None or self._key:
            return
        key = os.environ.get(KEY, "").strip()
        if key and not _is_given():
            if not _PRINTABLE.fullmatch(key):
                raise AuthenticationError(
                    f"{KEY} holds characters that no key has",
                    hint="copy it once more from the console of Google Cloud",
                    provider=self._provider,
                )
            self._key = self._discreet.keep(key)
            return
        self._found, self._project = await asyncio.to_thread(self._default)

    def _default(self) -> tuple[Any, str]:
        import google.auth
        from google.auth.exceptions import GoogleAuthError

        transport: Any = _Transport()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of users' credentials without a quota project
                found, project = google.auth.default(scopes=[SCOPE], request=transport)
        except (GoogleAuthError, OSError, ValueError) as error:
            raise self._none(error) from None
        return found, str(project or "")

    def _none(self, error: Exception) -> AuthenticationError:
        if os.environ.get(FILE):
            told = self._discreet(error.args[0] if error.args else type(error).__name__)
            return AuthenticationError(
                f"{FILE} names no credentials of use: {told}",
                hint="it is the path of a service account's or a user's JSON file",
                provider=self._provider,
            )
        machine = "" if importlib.util.find_spec("requests") else _ON_MACHINE
        return AuthenticationError(
            f"no credentials for Google Cloud: neither {FILE}, nor those of gcloud, nor {KEY}",
            hint=f"`gcloud auth application-default login`, or set one of the two{machine}",
            provider=self._provider,
        )

    def _renew(self) -> None:
        from google.auth.exceptions import GoogleAuthError, TransportError

        try:
            self._found.refresh(_Transport())
        except GoogleAuthError as error:
            told = self._discreet(error.args[0] if error.args else type(error).__name__)
            passing = isinstance(error, TransportError) or error.retryable
            raise self._refused(told, passing=passing) from None
        except (TypeError, ValueError, AttributeError) as error:
            told = f"what came for an access token can't be read ({type(error).__name__})"
            raise self._refused(told, passing=False) from None
        self._discreet.keep(str(self._found.token))

    def _refused(self, told: str, *, passing: bool) -> StoryboardError:
        if passing:
            return Unreachable(
                f"Google gives no access token: {told}",
                hint="nothing was sent to the model and nothing was bought",
                provider=self._provider,
            )
        return AuthenticationError(
            f"Google refuses the Application Default Credentials: {told}",
            hint=f"`gcloud auth application-default login`, or another {FILE}",
            provider=self._provider,
        )


_ON_MACHINE = "; on a machine of Google's, its own credentials need the package `requests`"


def _is_given() -> bool:
    """Whether somebody set Application Default Credentials up here."""
    if os.environ.get(FILE):
        return True
    folder = os.environ.get("CLOUDSDK_CONFIG")
    if folder is None and os.name == "nt":
        folder = str(Path(os.environ.get("APPDATA", "C:\\")) / "gcloud")
    path = Path(folder or "~/.config/gcloud").expanduser()
    return (path / "application_default_credentials.json").is_file()


class _Answer:
    """What google-auth wants of a response."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status = status
        self.headers = headers
        self.data = data


class _Transport:
    """google-auth's requests by httpx; blocks, so it is called in a thread."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> _Answer:
        import httpx
        from google.auth.exceptions import TransportError

        try:
            with proxied():
                client = httpx.Client(timeout=timeout or _TIMEOUT_S, verify=trust())
            with client:
                answer = client.request(method, url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransportError(type(error).__name__) from None  # type: ignore[no-untyped-call]  # google-auth has no types
        return _Answer(answer.status_code, answer.headers, answer.content)
