"""Fetching a result: streamed, resumed, and looked at before it is believed.

Redirects are followed by hand: the key goes only to the service's own origin, and only addresses
that are https (or on this machine, for a service that is) are asked at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin

from storyboard.errors import AuthenticationError, Gone, ProviderError
from storyboard.providers.http import Wire
from storyboard.providers.origin import allowed, same_origin
from storyboard.providers.said import parsed, said

if TYPE_CHECKING:
    import httpx

_HOPS = 6
_TRIES = 5
_PAUSE_S = 0.3
_LARGEST = 8 << 30
_LARGEST_WORDS = 1 << 16
_WORDS = ("text/", "application/json", "application/xml")

Elsewhere: TypeAlias = Callable[[Any], str]
"""The address that a JSON answer names in place of the medium; empty where it names none."""


@dataclass(slots=True)
class _Part:
    """How far a download has come."""

    path: Path
    tag: str = ""
    """Of the version that the bytes belong to."""
    whole: int | None = None
    """Bytes of the whole, where the service says so."""

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


async def download(wire: Wire, url: str, out: Path, *, elsewhere: Elsewhere | None = None) -> Path:
    """The medium at `url` as the file `out`, which the caller owns; complete or not at all.

    `url` is absolute, or a path of the wire's own origin; `elsewhere` reads where a JSON answer
    says that the medium is. A download that breaks is resumed where
    the service can. Raises Gone only where the service itself says so, from its own origin and in
    an error of its own; a proxy or another host does not know what the service keeps. Raises
    ProviderError for what is no medium: an empty body, words instead of a picture.
    """
    url = url if "://" in url else f"{wire.base}/{url.removeprefix('/')}"
    part = _Part(out.with_name(f".{out.name}.part"))
    part.path.unlink(missing_ok=True)
    problem: ProviderError | None = None
    for tried in range(_TRIES):
        if tried:
            await asyncio.sleep(_PAUSE_S * 2**tried)
        try:
            await _some(wire, url, part, elsewhere)
        except _Broken as broken:
            problem = broken.error
            continue
        if part.size == 0:
            part.path.unlink(missing_ok=True)
            raise ProviderError("an empty file was sent", provider=wire.provider)
        part.path.replace(out)
        return out
    part.path.unlink(missing_ok=True)
    raise problem or AssertionError("unreachable")


class NotFoundElsewhere(ProviderError):
    """Somebody other than the service says that the result is not there; it may well be."""


class _Broken(Exception):
    """The download stopped before its end; trying again may help."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(str(error))
        self.error = error


async def _some(wire: Wire, url: str, part: _Part, elsewhere: Elsewhere | None) -> None:
    """Fetches what is missing; raises _Broken when that is still not all."""
    import httpx

    begins = part.size
    fresh = False
    for _ in range(_HOPS):
        allowed(url, wire.base, wire.provider)
        headers = {"accept-encoding": "identity"}
        if same_origin(url, wire.base):
            headers |= await wire.access(fresh)
        if begins and part.tag:
            headers |= {"range": f"bytes={begins}-", "if-range": part.tag}
        try:
            async with wire.kept.stream("GET", url, headers=headers) as answer:
                if answer.is_redirect and "location" in answer.headers:
                    url = urljoin(url, answer.headers["location"])
                    continue
                if answer.status_code == 401 and not fresh:
                    fresh = True
                    continue
                if elsewhere and answer.status_code == 200 and _is_json(answer):
                    if named := elsewhere(parsed(await _told(answer))):
                        url = urljoin(url, named)
                        continue
                    raise ProviderError(
                        "an answer came that names no result", provider=wire.provider
                    )
                await _checked(wire, answer)
                await _written(wire, answer, part)
                return
        except httpx.InvalidURL:
            raise ProviderError(
                "the service names a place that is no address", provider=wire.provider
            ) from None
        except httpx.TransportError as error:
            raise _Broken(
                ProviderError(
                    f"the download broke off ({type(error).__name__})", provider=wire.provider
                )
            ) from None
    raise ProviderError("the download is sent from place to place", provider=wire.provider)


async def _checked(wire: Wire, answer: httpx.Response) -> None:
    """Raises for an answer that is no medium."""
    told = answer.headers.get("content-type", "").lower()
    if answer.status_code in (200, 206):
        if told.startswith(_WORDS):
            kind = told.partition(";")[0]
            raise ProviderError(
                f"words came ({kind}) where a medium was asked", provider=wire.provider
            )
        return
    verdict = said(answer.status_code, answer.headers, await _told(answer))
    error = wire.trouble(verdict)
    if answer.status_code in (401, 403) and not same_origin(str(answer.url), wire.base):
        raise ProviderError(
            f"the address of the result lets nobody in (status {answer.status_code})",
            hint="such addresses hold for some time only",
            provider=wire.provider,
        )
    if answer.status_code in (404, 410):
        if verdict.own and same_origin(str(answer.url), wire.base):
            raise Gone("the result is no longer there", provider=wire.provider)
        raise NotFoundElsewhere(
            f"the result is not found (status {answer.status_code}), and it is not the service"
            " itself that says so",
            provider=wire.provider,
        )
    if answer.status_code == 403 and not isinstance(error, AuthenticationError):
        raise error
    if isinstance(error, ProviderError) and answer.status_code in (408, 429, 500, 502, 503, 504):
        raise _Broken(error)
    raise error


def _is_json(answer: httpx.Response) -> bool:
    told: str = answer.headers.get("content-type", "")
    return told.lower().startswith("application/json")


async def _told(answer: httpx.Response) -> bytes:
    """The words of an answer, as far as they are of interest."""
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _LARGEST_WORDS:
            break
    return body


async def _written(wire: Wire, answer: httpx.Response, part: _Part) -> None:
    """Streams the body to the file, on from where it stopped where the service goes on there."""
    resumes = answer.status_code == 206 and _begin(answer) == part.size
    if not resumes:
        part.path.unlink(missing_ok=True)
        length = answer.headers.get("content-length", "")
        part.whole = int(length) if length.isdigit() else None
        part.tag = answer.headers.get("etag", "") or answer.headers.get("last-modified", "")
        if part.tag.startswith("W/"):
            part.tag = ""
    with part.path.open("ab") as stream:
        async for chunk in answer.aiter_raw():
            stream.write(chunk)
            if stream.tell() > _LARGEST:
                raise ProviderError("the result has no end", provider=wire.provider)
    if part.whole is not None and part.size != part.whole:
        raise _Broken(
            ProviderError(f"{part.size} of {part.whole} bytes came", provider=wire.provider)
        )


def _begin(answer: httpx.Response) -> int:
    """The first byte of a partial answer; -1 where it does not say."""
    told = answer.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
    return int(told) if told.isdigit() else -1
