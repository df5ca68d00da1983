"""The files of the Gemini API: results lie there for two days, and large videos go up to them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from storyboard.errors import (
    AuthenticationError,
    Gone,
    InvalidRequest,
    NotNow,
    OperationFailed,
    ProviderError,
)
from storyboard.providers.base import Request
from storyboard.providers.http.base_url import has_same_origin
from storyboard.providers.http.download import download_file
from storyboard.providers.http.service import ServiceClient

_NAME = re.compile(r"(?:^|/)files/([a-z0-9-]+)(?::download)?$")
_MP4 = "video/mp4"
_MEDIA = "alt=media"
_FAILED_MESSAGE = "the Gemini API could not process its own video"
FILE_KEPT_S = 48 * 3600.0
"""For so long the service keeps a file."""

_PATIENCE_S = 180.0
_FIRST_PAUSE_S, _SLOWER, _LONGEST_PAUSE_S = 0.2, 1.6, 10.0


class NotFound(InvalidRequest):
    """The service knows nothing of that name."""


class ProcessingFailed(InvalidRequest):
    """The service could not make its own file ready."""


class NotFoundOrForbidden(Gone):
    """It is not there, or not for this key: the service does not say which."""


@dataclass(frozen=True, slots=True)
class GeminiFile:
    """What the service says about a file."""

    uri: str
    state: str
    """PROCESSING, ACTIVE or FAILED."""
    expires_at: float | None = None
    """Seconds since the epoch."""
    problem: str = ""
    """Why it FAILED."""


class GeminiFiles:
    """The files of one account."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    @staticmethod
    def parse_file_id(uri: str) -> str:
        """The id of the file in a URI of any host; empty if the URI names no file."""
        try:
            match = _NAME.search(urlsplit(uri).path)
        except ValueError:
            return ""
        return match[1] if match else ""

    def to_storable_uri(self, uri: str) -> str:
        """The URI as we keep it: only the file's own address; empty for none.

        The path of a file's URI identifies it. We keep any other address as it is, unless it
        contains a key.
        """
        if self.parse_file_id(uri):
            parts = urlsplit(uri)
            host = parts.netloc.rpartition("@")[2]
            query = _MEDIA if _MEDIA in parts.query.split("&") else ""
            uri = urlunsplit((parts.scheme, host, parts.path, query, ""))
            if self._client.redactor.contains_secret(uri):
                uri = f"files/{self.parse_file_id(uri)}"
        return "" if self._client.redactor.contains_secret(uri) else uri

    async def read_file_status(self, uri: str) -> GeminiFile:
        """The current state of the file. Raises Gone if it expired or never existed."""
        try:
            reply = await self._client.request_with_retry(
                "GET", f"/v1beta/files/{self.parse_file_id(uri)}"
            )
        except NotFound as error:
            raise self._expiry_error() from error
        return _parse_file(reply.value)

    async def wait_until_active(self, uri: str) -> GeminiFile:
        """The file when it is ready; waits up to three minutes.

        Raises Gone, ProcessingFailed for a file that the service could not make ready, and NotNow
        if it takes longer.
        """
        pause, deadline = _FIRST_PAUSE_S, time.monotonic() + _PATIENCE_S
        while True:
            file = await self.read_file_status(uri)
            if file.state == "FAILED":
                raise ProcessingFailed(
                    self._client.redactor(f"{_FAILED_MESSAGE}: {file.problem}".removesuffix(": ")),
                    hint="use `--retake` for the shot that it was made for",
                    provider=self._client.provider,
                )
            if file.state != "PROCESSING":
                return file
            if time.monotonic() + pause > deadline:
                raise NotNow(
                    "the Gemini API is still processing the video",
                    hint="render again to continue; nothing was sent",
                    provider=self._client.provider,
                    retry_after_s=30.0,
                )
            await asyncio.sleep(pause)
            pause = min(pause * _SLOWER, _LONGEST_PAUSE_S)

    def build_delivery_options(self, request: Request) -> Mapping[str, str]:
        """How Omni is to hand its result over; bytes in a reply have a limit, files have none."""
        return {"delivery": "uri"}

    async def wait_for_readable_uri(self, uri: str) -> str:
        """The URI of a file that is ready to use; empty if the URI names no file."""
        if not self.parse_file_id(uri):
            return ""
        await self.wait_until_active(uri)
        return uri

    async def download_result(self, uri: str, out: Path, expires_at: float | None = None) -> Path:
        """Downloads the file to `out`: from our own origin if the URI names one, else without the
        key.

        The download decides whether the file can be had. Only if it fails, this method asks for the
        state of the file. `expires_at` is the known end of the file, in seconds since the epoch.
        Raises Gone, AuthenticationError for a file that should still exist but is not shown,
        OperationFailed for one that never gets ready, and NotNow for one that is not ready yet.
        """
        await self._client.build_headers(
            False
        )  # reads the key first, because no key may appear in a requested address
        if not self.to_storable_uri(uri):
            raise ProviderError(
                "the address of the result contains a key",
                hint="report this to the provider; the address is not used",
                provider=self._client.provider,
            )
        if not (name := self.parse_file_id(uri)):
            return await download_file(self._client, uri, out)
        path = f"/v1beta/files/{name}:download?{_MEDIA}"
        try:
            return await self._download_api_path(path, out, expires_at)
        except (Gone, InvalidRequest):
            if not await self._wait_if_processing(uri):
                raise
        return await self._download_api_path(path, out, expires_at)

    async def _download_api_path(self, api_path: str, out: Path, expires_at: float | None) -> Path:
        try:
            return await download_file(self._client, api_path, out)
        except NotFoundOrForbidden as error:
            if expires_at is not None and expires_at <= time.time():
                raise self._expiry_error() from error
            raise AuthenticationError(
                f"Gemini API: no access to the video with this key: {error}",
                hint="check that GEMINI_API_KEY belongs to the project that submitted the "
                "job, and render again; if the video no longer exists: `storyboard "
                "resolve` with --assume-lost",
                provider=self._client.provider,
            ) from error
        except Gone as error:
            raise self._expiry_error() from error

    async def _wait_if_processing(self, uri: str) -> bool:
        """Whether a file that we could not download was still being prepared, and is ready now."""
        try:
            if (await self.read_file_status(uri)).state == "ACTIVE":
                return False
            await self.wait_until_active(uri)
        except ProcessingFailed as error:
            raise OperationFailed(
                f"{error}", hint=error.hint, provider=self._client.provider, charged=True
            ) from error
        except NotNow:
            raise
        except ProviderError:
            return False  # the download has said what there is to say
        return True

    async def upload_video(self, path: Path) -> str:
        """The URI of an MP4 that we uploaded, when it is ready to use; free."""
        data = await asyncio.to_thread(path.read_bytes)
        started = await self._client.request_with_retry(
            "POST",
            "/upload/v1beta/files",
            json={"file": {"mimeType": _MP4, "sizeBytes": str(len(data))}},
            headers=_build_upload_headers("start", {"header-content-length": len(data)}, mime=_MP4),
        )
        upload_url = started.headers.get("x-goog-upload-url", "")
        if not has_same_origin(upload_url, self._client.base):
            raise ProviderError(
                "the upload address is not an address of the Gemini API",
                hint="check the base URL in the environment; the key was not sent",
                provider=self._client.provider,
            )
        parts = urlsplit(upload_url)
        finished = await self._client.request_with_retry(
            "POST",
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            content=data,
            headers=_build_upload_headers("upload, finalize", {"offset": 0}),
        )
        value = finished.value.get("file") if isinstance(finished.value, dict) else None
        file = _parse_file(value)
        if not self.parse_file_id(file.uri):
            raise ProviderError(
                "the Gemini API returned no name for the upload", provider=self._client.provider
            )
        return await self.wait_for_readable_uri(file.uri)

    def _expiry_error(self) -> Gone:
        return Gone(
            "the video has expired: the Gemini API keeps videos for two days",
            hint="use `--retake` for the shot that it was made for",
            provider=self._client.provider,
        )


def _parse_file(value: Any) -> GeminiFile:
    payload: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    error = payload.get("error")
    return GeminiFile(
        uri=str(payload.get("uri") or payload.get("name") or ""),
        state=str(payload.get("state") or "ACTIVE"),
        expires_at=parse_timestamp(payload.get("expirationTime")),
        problem=str(error.get("message", "")) if isinstance(error, Mapping) else "",
    )


def parse_timestamp(stamp: Any) -> float | None:
    """An RFC 3339 time as seconds since the epoch; None for anything else."""
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _build_upload_headers(
    upload_command: str, header_values: Mapping[str, object], *, mime: str = ""
) -> dict[str, str]:
    headers = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": upload_command}
    if mime:
        headers["x-goog-upload-header-content-type"] = mime
    return headers | {f"x-goog-upload-{name}": str(value) for name, value in header_values.items()}
