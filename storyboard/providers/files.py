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
from storyboard.providers.download import download
from storyboard.providers.http import Wire
from storyboard.providers.origin import same_origin

_NAME = re.compile(r"(?:^|/)files/([a-z0-9-]+)(?::download)?$")
_MP4 = "video/mp4"
_MEDIA = "alt=media"
_SPOILED = "the service could not make its own video ready"
FILE_KEPT_S = 48 * 3600.0
"""For so long the service keeps a file."""

_PATIENCE_S = 180.0
_FIRST_PAUSE_S, _SLOWER, _LONGEST_PAUSE_S = 0.2, 1.6, 10.0


class Missing(InvalidRequest):
    """The service knows nothing of that name."""


class Spoiled(InvalidRequest):
    """The service could not make its own file ready."""


class Hidden(Gone):
    """It is not there, or not for this key: the service does not say which."""


@dataclass(frozen=True, slots=True)
class File:
    """What the service says of a file."""

    uri: str
    state: str
    """PROCESSING, ACTIVE or FAILED."""
    expires_at: float | None = None
    """Seconds since the epoch."""
    trouble: str = ""
    """Why it FAILED."""


class Files:
    """The files of one account."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @staticmethod
    def identifier(uri: str) -> str:
        """The file's id in a URI of whatever host; empty where it names no file."""
        try:
            found = _NAME.search(urlsplit(uri).path)
        except ValueError:
            return ""
        return found[1] if found else ""

    def address(self, uri: str) -> str:
        """The URI as it is kept: a file's own, without what else came along; empty for none.

        Of a file the path says it all; any other address is taken as it is, unless it shows a key.
        """
        if self.identifier(uri):
            parts = urlsplit(uri)
            host = parts.netloc.rpartition("@")[2]
            query = _MEDIA if _MEDIA in parts.query.split("&") else ""
            uri = urlunsplit((parts.scheme, host, parts.path, query, ""))
            if self._wire.discreet.shows(uri):
                uri = f"files/{self.identifier(uri)}"
        return "" if self._wire.discreet.shows(uri) else uri

    async def look(self, uri: str) -> File:
        """The file as it is now. Raises Gone when it expired or never was."""
        try:
            reply = await self._wire.ask("GET", f"/v1beta/files/{self.identifier(uri)}")
        except Missing as error:
            raise self._gone() from error
        return _file(reply.value)

    async def wait(self, uri: str) -> File:
        """The file once it can be used, for which it waits up to three minutes.

        Raises Gone, Spoiled for a file that the service could not make ready, and NotNow when it
        takes longer.
        """
        pause, until = _FIRST_PAUSE_S, time.monotonic() + _PATIENCE_S
        while True:
            file = await self.look(uri)
            if file.state == "FAILED":
                raise Spoiled(
                    self._wire.discreet(f"{_SPOILED}: {file.trouble}".removesuffix(": ")),
                    hint="`--retake` the shot that it was made for",
                    provider=self._wire.provider,
                )
            if file.state != "PROCESSING":
                return file
            if time.monotonic() + pause > until:
                raise NotNow(
                    "the video is still being made ready by the service",
                    hint="nothing was sent; render again goes on",
                    provider=self._wire.provider,
                    retry_after_s=30.0,
                )
            await asyncio.sleep(pause)
            pause = min(pause * _SLOWER, _LONGEST_PAUSE_S)

    def delivery(self, request: Request) -> Mapping[str, str]:
        """How Omni is to hand its result over; bytes in a reply have a limit, files have none."""
        return {"delivery": "uri"}

    async def ready(self, uri: str) -> str:
        """The URI of a file that can be used, once it can; empty for any that names none."""
        if not self.identifier(uri):
            return ""
        await self.wait(uri)
        return uri

    async def bring(self, uri: str, out: Path, expires_at: float | None = None) -> Path:
        """The file as `out`, from our own origin where the URI names one; else without the key.

        The download alone says whether it can be had; how the file stands is asked only where the
        download says that it can't. `expires_at` is what is known of its end, seconds since the
        epoch. Raises Gone, AuthenticationError for a file that should be there still and is not
        shown, OperationFailed for one that never gets ready, and NotNow for one that is not yet.
        """
        await self._wire.access(False)  # reads the key, which may not show in what is asked
        if not self.address(uri):
            raise ProviderError(
                "the service names its result by an address that shows a key",
                hint="nobody is asked by such an address",
                provider=self._wire.provider,
            )
        if not (name := self.identifier(uri)):
            return await download(self._wire, uri, out)
        path = f"/v1beta/files/{name}:download?{_MEDIA}"
        try:
            return await self._loaded(path, out, expires_at)
        except (Gone, InvalidRequest):
            if not await self._was_waited_for(uri):
                raise
        return await self._loaded(path, out, expires_at)

    async def _loaded(self, path: str, out: Path, expires_at: float | None) -> Path:
        try:
            return await download(self._wire, path, out)
        except Hidden as error:
            if expires_at is not None and expires_at <= time.time():
                raise self._gone() from error
            raise AuthenticationError(
                f"the Gemini API does not show its video to this key: {error}",
                hint="see that GEMINI_API_KEY is of the project that it was ordered with, and "
                "render again; if the video is gone: `storyboard resolve` with --assume-lost",
                provider=self._wire.provider,
            ) from error
        except Gone as error:
            raise self._gone() from error

    async def _was_waited_for(self, uri: str) -> bool:
        """Whether a file that could not be had was being made ready, which it is by now."""
        try:
            if (await self.look(uri)).state == "ACTIVE":
                return False
            await self.wait(uri)
        except Spoiled as error:
            raise OperationFailed(
                f"{error}", hint=error.hint, provider=self._wire.provider, charged=True
            ) from error
        except NotNow:
            raise
        except ProviderError:
            return False  # the download has said what there is to say
        return True

    async def lend(self, path: Path) -> str:
        """The URI of an MP4 of ours that was sent there, once it can be used; free."""
        data = await asyncio.to_thread(path.read_bytes)
        begun = await self._wire.ask(
            "POST",
            "/upload/v1beta/files",
            json={"file": {"mimeType": _MP4, "sizeBytes": str(len(data))}},
            headers=_upload("start", {"header-content-length": len(data)}, mime=_MP4),
        )
        place = begun.headers.get("x-goog-upload-url", "")
        if not same_origin(place, self._wire.base):
            raise ProviderError(
                "the service wants the upload at an address that is not its own",
                hint="the key is sent nowhere else",
                provider=self._wire.provider,
            )
        parts = urlsplit(place)
        done = await self._wire.ask(
            "POST",
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            content=data,
            headers=_upload("upload, finalize", {"offset": 0}),
        )
        value = done.value.get("file") if isinstance(done.value, dict) else None
        file = _file(value)
        if not self.identifier(file.uri):
            raise ProviderError("the upload was given no name", provider=self._wire.provider)
        return await self.ready(file.uri)

    def _gone(self) -> Gone:
        return Gone(
            "the service no longer has the video: it keeps one for two days",
            hint="`--retake` the shot that it was made for",
            provider=self._wire.provider,
        )


def _file(value: Any) -> File:
    told: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    error = told.get("error")
    return File(
        uri=str(told.get("uri") or told.get("name") or ""),
        state=str(told.get("state") or "ACTIVE"),
        expires_at=seconds(told.get("expirationTime")),
        trouble=str(error.get("message", "")) if isinstance(error, Mapping) else "",
    )


def seconds(stamp: Any) -> float | None:
    """An RFC 3339 time as seconds since the epoch; None for anything else."""
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _upload(command: str, told: Mapping[str, object], *, mime: str = "") -> dict[str, str]:
    headers = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": command}
    if mime:
        headers["x-goog-upload-header-content-type"] = mime
    return headers | {f"x-goog-upload-{name}": str(value) for name, value in told.items()}
