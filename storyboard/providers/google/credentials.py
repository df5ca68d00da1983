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
from storyboard.providers.google.environment import (
    CREDENTIALS_FILE_VARIABLE,
    VERTEX_KEY_VARIABLE,
)
from storyboard.providers.http.connections import convert_proxy_errors, load_tls_context
from storyboard.providers.http.redaction import Redactor

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TIMEOUT_S = 30.0
_PRINTABLE = re.compile(r"[!-~]+")

logging.getLogger("google.auth").setLevel(logging.ERROR)  # an error reports this problem


class Credentials:
    """Who we are to Google Cloud; found at the first use, renewed in time.

    Calling it gives the headers, as `service.Access` wants: True asks for a new token.
    """

    def __init__(self, provider: str, redactor: Redactor) -> None:
        self._provider = provider
        self._redactor = redactor
        self._lock = asyncio.Lock()
        self._key = ""
        self._credentials: Any = None
        self._project = ""

    async def __call__(self, renew_credentials: bool = False) -> Mapping[str, str]:
        async with self._lock:
            await self._load_credentials_once()
            if self._key:
                return {"x-goog-api-key": self._key}
            if renew_credentials or not self._credentials.valid:
                await asyncio.to_thread(self._renew_token)
            headers = {"authorization": f"Bearer {self._credentials.token}"}
            if quota := getattr(self._credentials, "quota_project_id", None):
                headers["x-goog-user-project"] = str(quota)
            return headers

    async def find_project(self) -> str:
        """The project that the credentials belong to; empty if they don't say."""
        async with self._lock:
            await self._load_credentials_once()
            return self._project

    async def has_api_key(self) -> bool:
        """Whether a key is used, which names its project by itself."""
        async with self._lock:
            await self._load_credentials_once()
            return bool(self._key)

    async def _load_credentials_once(self) -> None:
        if self._credentials is not None or self._key:
            return
        key = os.environ.get(VERTEX_KEY_VARIABLE, "").strip()
        if key and not _has_default_credentials():
            if not _PRINTABLE.fullmatch(key):
                raise AuthenticationError(
                    f"{VERTEX_KEY_VARIABLE} contains characters that are not allowed in a key",
                    hint="copy the key again from the Google Cloud console",
                    provider=self._provider,
                )
            self._key = self._redactor.add_secret(key)
            return
        self._credentials, self._project = await asyncio.to_thread(
            self._load_credentials_and_project
        )

    def _load_credentials_and_project(self) -> tuple[Any, str]:
        import google.auth
        from google.auth.exceptions import GoogleAuthError

        transport: Any = _AuthTransport()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of users' credentials without a quota project
                credentials, project = google.auth.default(scopes=[SCOPE], request=transport)
        except (GoogleAuthError, OSError, ValueError) as error:
            raise self._no_credentials_error(error) from None
        return credentials, str(project or "")

    def _no_credentials_error(self, error: Exception) -> AuthenticationError:
        if os.environ.get(CREDENTIALS_FILE_VARIABLE):
            reason = self._redactor(error.args[0] if error.args else type(error).__name__)
            return AuthenticationError(
                f"{CREDENTIALS_FILE_VARIABLE} doesn't name valid credentials: {reason}",
                hint="set it to the path of the JSON file of a service account or user",
                provider=self._provider,
            )
        machine = "" if importlib.util.find_spec("requests") else _ON_MACHINE
        return AuthenticationError(
            f"no credentials for Google Cloud found: not in {CREDENTIALS_FILE_VARIABLE}, "
            f"gcloud or {VERTEX_KEY_VARIABLE}",
            hint="run `gcloud auth application-default login`, or set "
            f"{CREDENTIALS_FILE_VARIABLE} or {VERTEX_KEY_VARIABLE}{machine}",
            provider=self._provider,
        )

    def _renew_token(self) -> None:
        from google.auth.exceptions import GoogleAuthError, TransportError

        try:
            self._credentials.refresh(_AuthTransport())
        except GoogleAuthError as error:
            reason = self._redactor(error.args[0] if error.args else type(error).__name__)
            passing = isinstance(error, TransportError) or error.retryable
            raise self._token_error(reason, is_temporary=passing) from None
        except (TypeError, ValueError, AttributeError) as error:
            reason = f"the answer with the access token can't be read ({type(error).__name__})"
            raise self._token_error(reason, is_temporary=False) from None
        self._redactor.add_secret(str(self._credentials.token))

    def _token_error(self, reason: str, *, is_temporary: bool) -> StoryboardError:
        if is_temporary:
            return Unreachable(
                f"Google Cloud: no access token: {reason}",
                hint="render again later; nothing was sent to the model and nothing was bought",
                provider=self._provider,
            )
        return AuthenticationError(
            f"Google Cloud: the Application Default Credentials were rejected: {reason}",
            hint="run `gcloud auth application-default login`, or set another "
            f"{CREDENTIALS_FILE_VARIABLE}",
            provider=self._provider,
        )


_ON_MACHINE = "; on a Google Cloud machine, install the package `requests` to use its credentials"


def _has_default_credentials() -> bool:
    """Whether somebody set Application Default Credentials up here."""
    if os.environ.get(CREDENTIALS_FILE_VARIABLE):
        return True
    folder = os.environ.get("CLOUDSDK_CONFIG")
    if folder is None and os.name == "nt":
        folder = str(Path(os.environ.get("APPDATA", "C:\\")) / "gcloud")
    path = Path(folder or "~/.config/gcloud").expanduser()
    return (path / "application_default_credentials.json").is_file()


class _AuthResponse:
    """What google-auth wants of a response."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status = status
        self.headers = headers
        self.data = data


class _AuthTransport:
    """The transport that google-auth needs, built on httpx; it blocks, so it runs in a thread."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> _AuthResponse:
        import httpx

        try:
            with convert_proxy_errors():
                client = httpx.Client(timeout=timeout or _TIMEOUT_S, verify=load_tls_context())
            with client:
                response = client.request(method, url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _build_transport_error(type(error).__name__) from None
        if not _is_from_google(response.status_code, response.headers):
            raise _build_transport_error(f"a proxy answered with HTTP {response.status_code}")
        return _AuthResponse(response.status_code, response.headers, response.content)


def _build_transport_error(reason: str) -> Exception:
    """What google-auth takes for a failure of the network, which passes."""
    from google.auth.exceptions import TransportError

    create_error: type[Exception] = TransportError  # google-auth declares no types for it
    return create_error(reason)


def _is_from_google(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer can be Google's refusal: a proxy has statuses and pages of its own.

    Google says in JSON what it refuses, and its own troubles pass.
    """
    is_page = "html" in headers.get("content-type", "").lower()
    return status < 300 or not (status == 407 or status >= 500 or is_page)
