"""Fetches a result: streams it, resumes it, and checks it before use.

It follows redirects itself: the key goes only to the service's own origin, and only https addresses
are allowed (http on this machine, if the service itself is here).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin

from storyboard.errors import AuthenticationError, Gone, ProviderError
from storyboard.providers.http.base_url import check_download_url, has_same_origin
from storyboard.providers.http.error_body import parse_error, parse_json
from storyboard.providers.http.service import ServiceClient

if TYPE_CHECKING:
    import httpx

_HOPS = 6
_TRIES = 5
_PAUSE_S = 0.3
_LARGEST = 8 << 30
_LARGEST_WORDS = 1 << 16
_WORDS = ("text/", "application/json", "application/xml")

Elsewhere: TypeAlias = Callable[[Any], str]
"""The address that a JSON answer names in place of the medium; empty if it names none."""


@dataclass(slots=True)
class _PartialFile:
    """The progress of a download."""

    path: Path
    etag: str = ""
    """The ETag of the version that the bytes belong to."""
    total_size: int | None = None
    """Bytes of the whole, where the service says so."""

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


async def download_file(
    client: ServiceClient, url: str, out: Path, *, extract_media_url: Elsewhere | None = None
) -> Path:
    """Downloads the medium at `url` to the file `out`, completely or not at all; the caller owns
    the file.

    `url` is absolute, or a path on the service's own origin; `extract_media_url` reads the address
    from a JSON answer. If a download breaks, it resumes if the service can. Raises Gone only if the
    service itself says so, from its own origin and in its own form of error; a proxy or another
    host does not know what the service keeps. Raises ProviderError if the answer is not a medium:
    an empty body, or text instead of a picture.
    """
    url = url if "://" in url else f"{client.base}/{url.removeprefix('/')}"
    part = _PartialFile(out.with_name(f".{out.name}.part"))
    part.path.unlink(missing_ok=True)
    problem: ProviderError | None = None
    for tries in range(_TRIES):
        if tries:
            await asyncio.sleep(_PAUSE_S * 2**tries)
        try:
            await _download_rest(client, url, part, extract_media_url)
        except _DownloadBroken as broken:
            problem = broken.error
            continue
        if part.size == 0:
            part.path.unlink(missing_ok=True)
            raise ProviderError("the downloaded file is empty", provider=client.provider)
        part.path.replace(out)
        return out
    part.path.unlink(missing_ok=True)
    raise problem or AssertionError("unreachable")


class NotFoundElsewhere(ProviderError):
    """Somebody other than the service says that the result is not there; it may well be."""


class _DownloadBroken(Exception):
    """The download stopped before its end; trying again may help."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(str(error))
        self.error = error


async def _download_rest(
    client: ServiceClient, url: str, part: _PartialFile, extract_media_url: Elsewhere | None
) -> None:
    """Fetches the missing bytes; raises _DownloadBroken if some are still missing."""
    import httpx

    start = part.size
    fresh = False
    for _ in range(_HOPS):
        check_download_url(url, client.base, client.provider)
        headers = {"accept-encoding": "identity"}
        if has_same_origin(url, client.base):
            headers |= await client.build_headers(fresh)
        if start and part.etag:
            headers |= {"range": f"bytes={start}-", "if-range": part.etag}
        try:
            async with client.http_client.stream("GET", url, headers=headers) as answer:
                if answer.is_redirect and "location" in answer.headers:
                    url = urljoin(url, answer.headers["location"])
                    continue
                if answer.status_code == 401 and not fresh:
                    fresh = True
                    continue
                if extract_media_url and answer.status_code == 200 and _is_json(answer):
                    if target := extract_media_url(parse_json(await _read_limited_body(answer))):
                        url = urljoin(url, target)
                        continue
                    raise ProviderError("the answer contains no result", provider=client.provider)
                await _check_media_response(client, answer)
                await _stream_body_to_file(client, answer, part)
                return
        except httpx.InvalidURL:
            raise ProviderError(
                "the address of the result is not valid", provider=client.provider
            ) from None
        except httpx.TransportError as error:
            raise _DownloadBroken(
                ProviderError(
                    f"the download was interrupted ({type(error).__name__})",
                    provider=client.provider,
                )
            ) from None
    raise ProviderError("the download has too many redirects", provider=client.provider)


async def _check_media_response(client: ServiceClient, answer: httpx.Response) -> None:
    """Raises an error if the answer is not a medium."""
    content_type = answer.headers.get("content-type", "").lower()
    if answer.status_code in (200, 206):
        if content_type.startswith(_WORDS):
            kind = content_type.partition(";")[0]
            raise ProviderError(
                f"the download is text ({kind}), not a media file", provider=client.provider
            )
        return
    api_error = parse_error(answer.status_code, answer.headers, await _read_limited_body(answer))
    error = client.to_error(api_error)
    if answer.status_code in (401, 403) and not has_same_origin(str(answer.url), client.base):
        raise ProviderError(
            f"access to the result was denied (HTTP {answer.status_code})",
            hint="render again to get a new address; such addresses expire",
            provider=client.provider,
        )
    if answer.status_code in (404, 410):
        if api_error.is_from_api and has_same_origin(str(answer.url), client.base):
            raise Gone("the result no longer exists", provider=client.provider)
        raise NotFoundElsewhere(
            f"the result was not found (HTTP {answer.status_code}), but this answer is not "
            "from the provider itself",
            provider=client.provider,
        )
    if answer.status_code == 403 and not isinstance(error, AuthenticationError):
        raise error
    if isinstance(error, ProviderError) and answer.status_code in (408, 429, 500, 502, 503, 504):
        raise _DownloadBroken(error)
    raise error


def _is_json(answer: httpx.Response) -> bool:
    content_type: str = answer.headers.get("content-type", "")
    return content_type.lower().startswith("application/json")


async def _read_limited_body(answer: httpx.Response) -> bytes:
    """The text of an answer, as much of it as helps a person."""
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _LARGEST_WORDS:
            break
    return body


async def _stream_body_to_file(
    client: ServiceClient, answer: httpx.Response, part: _PartialFile
) -> None:
    """Streams the body to the file; continues at the last byte if the service allows it."""
    can_resume = answer.status_code == 206 and _parse_range_start(answer) == part.size
    if not can_resume:
        part.path.unlink(missing_ok=True)
        length = answer.headers.get("content-length", "")
        part.total_size = int(length) if length.isdigit() else None
        part.etag = answer.headers.get("etag", "") or answer.headers.get("last-modified", "")
        if part.etag.startswith("W/"):
            part.etag = ""
    with part.path.open("ab") as stream:
        async for chunk in answer.aiter_raw():
            stream.write(chunk)
            if stream.tell() > _LARGEST:
                raise ProviderError("the result is too large", provider=client.provider)
    if part.total_size is not None and part.size != part.total_size:
        raise _DownloadBroken(
            ProviderError(
                f"the download is incomplete: {part.size} of {part.total_size} bytes",
                provider=client.provider,
            )
        )


def _parse_range_start(answer: httpx.Response) -> int:
    """The first byte of a partial answer; -1 if the answer does not say."""
    start = answer.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() else -1
