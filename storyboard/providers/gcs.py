"""Cloud Storage: inputs that are too large to send along go up, results come down."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from urllib.parse import quote

from storyboard.errors import (
    AuthenticationError,
    Gone,
    InvalidRequest,
    ProviderError,
    StoryboardError,
)
from storyboard.providers.discreet import Discreet
from storyboard.providers.download import NotFoundElsewhere, download
from storyboard.providers.http import Access, Wire
from storyboard.providers.origin import origin
from storyboard.providers.said import Said

_URI = re.compile(r"gs://(?P<bucket>[a-z0-9][a-z0-9._-]+[a-z0-9])(?:/(?P<name>[^?#]*))?")
_PAGES = 100
"""Of a list, a thousand objects each; below an attempt's own prefix lie a few in all."""

_SUFFIX = {"image/png": "png", "image/jpeg": "jpg", "video/mp4": "mp4"}


class Bucket:
    """The buckets that the credentials open; what was uploaded is remembered."""

    def __init__(self, provider: str, access: Access, discreet: Discreet) -> None:
        base = origin("STORYBOARD_GCS_BASE_URL", "https://storage.googleapis.com")
        self._wire = Wire(
            provider, base, access, discreet, verdict=self._verdict, who="Cloud Storage"
        )
        self._provider = provider
        self._discreet = discreet
        self._uploads: dict[str, asyncio.Task[str]] = {}

    async def upload(self, data: bytes, mime: str, under: str) -> str:
        """The URI of an object with those bytes, below `gs://…`; sent once, whoever asks.

        Its name is its content's, so an object that is there already is the same.
        """
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        uri = f"{under.rstrip('/')}/inputs/{digest}.{_SUFFIX.get(mime, 'bin')}"
        task = self._uploads.get(uri)
        if task is None:
            task = self._uploads[uri] = asyncio.create_task(self._sent(data, mime, uri))
        try:
            return await asyncio.shield(task)
        except BaseException:
            if task.done():
                self._uploads.pop(uri, None)
            raise

    async def download(self, uri: str, out: Path) -> Path:
        """The object as the file `out`; complete or not at all. Raises Gone where there is none."""
        bucket, name = self._parts(uri)
        try:
            return await download(self._wire, f"{_object(bucket, name)}?alt=media", out)
        except NotFoundElsewhere:
            # Where media are asked for, Cloud Storage says no in plain text, as any proxy may.
            await self._look(bucket, name)
            raise

    async def has(self, uri: str) -> bool:
        """Whether the object is there; also where nobody can say."""
        bucket, name = self._parts(uri)
        try:
            await self._look(bucket, name)
        except Gone:
            return False
        except ProviderError:
            pass  # the service may see what we may not
        return True

    async def below(self, folder: str) -> tuple[str, ...]:
        """URIs of the objects below a `gs://…/`, by name.

        Nothing else counts, whatever is listed. Raises ProviderError for what is no list.
        """
        bucket, prefix = self._parts(folder)
        found: set[str] = set()
        pages: set[str] = set()
        page = ""
        while page not in pages and len(pages) < _PAGES:
            pages.add(page)
            params = {"prefix": prefix, "fields": "items(name),nextPageToken"}
            if page:
                params["pageToken"] = page
            reply = await self._wire.ask("GET", f"/storage/v1/b/{bucket}/o", params=params)
            told = reply.value if isinstance(reply.value, dict) else {"items": None}
            items = told.get("items", [])
            page = told.get("nextPageToken") or ""
            if not isinstance(page, str) or not isinstance(items, list):
                raise self._no_list(folder)
            for each in items:
                name = each.get("name") if isinstance(each, dict) else None
                if not isinstance(name, str):
                    raise self._no_list(folder)
                uri = f"gs://{bucket}/{name}"
                if name.startswith(prefix) and uri == object_uri(uri, self._discreet):
                    found.add(uri)
            if not page:
                return tuple(sorted(found))
        raise self._no_list(folder)

    def _no_list(self, folder: str) -> ProviderError:
        return ProviderError(
            f"Cloud Storage does not say what lies below {self._discreet(folder)}",
            provider=self._provider,
        )

    async def close(self) -> None:
        """Gives back the connections."""
        await self._wire.close()

    async def _sent(self, data: bytes, mime: str, uri: str) -> str:
        bucket, name = self._parts(uri)
        try:
            await self._wire.ask(
                "POST",
                f"/upload/storage/v1/b/{bucket}/o",
                params={"uploadType": "media", "name": name, "ifGenerationMatch": "0"},
                content=data,
                headers={"content-type": mime},
            )
        except _Exists:
            await self._compared(bucket, name, len(data), uri)
        return uri

    async def _compared(self, bucket: str, name: str, size: int, uri: str) -> None:
        """Raises unless the object that is there has the size of ours."""
        there = await self._look(bucket, name)
        if there != str(size):
            raise InvalidRequest(
                f"{uri} is there with other bytes ({there}, not {size})",
                hint="remove it, or name another `storage_uri`",
                provider=self._provider,
            )

    async def _look(self, bucket: str, name: str) -> str:
        """The size of an object in bytes, as the service writes it; Gone where there is none."""
        reply = await self._wire.ask("GET", _object(bucket, name), params={"fields": "size"})
        return str(reply.value.get("size")) if isinstance(reply.value, dict) else ""

    def _parts(self, uri: str) -> tuple[str, str]:
        found = _URI.fullmatch(uri)
        if found is None or not found["name"]:
            raise ProviderError(f"`{self._discreet(uri)}` is no object", provider=self._provider)
        return found["bucket"], found["name"]

    def _verdict(self, told: Said) -> StoryboardError | None:
        message = self._discreet(told.message)
        if told.status == 412:
            return _Exists("it is there already", provider=self._provider)
        if told.status == 404 and "bucket" in message.lower():
            return InvalidRequest(
                f"there is no such bucket: {message}",
                hint="see `providers.vertex.storage_uri`; buckets are made with `gcloud storage`",
                provider=self._provider,
            )
        if told.status == 404:
            return Gone("the object is not there", provider=self._provider)
        if told.status in (401, 403):
            return AuthenticationError(
                f"Cloud Storage does not let us in: {message or told.status}",
                hint="the account needs storage.objects.get and .create in that bucket, "
                "by Application Default Credentials; VERTEX_API_KEY opens no bucket",
                provider=self._provider,
            )
        return None


class _Exists(InvalidRequest):
    """An object of that name is there."""


def checked_place(uri: str) -> str:
    """A film's `storage_uri` without the slash at its end; InvalidRequest where it is none."""
    if uri and not _URI.fullmatch(uri):
        raise InvalidRequest(
            f"`storage_uri: {uri}` is no place in Cloud Storage",
            hint="write gs://my-bucket/films",
        )
    return uri.rstrip("/")


def object_uri(told: object, discreet: Discreet) -> str:
    """The URI by which an object that a service named is kept; empty where it names none.

    The name alone: neither what stands in a query, which may let anybody in, nor one of our keys.
    """
    plain = told.partition("?")[0].partition("#")[0] if isinstance(told, str) else ""
    found = _URI.fullmatch(plain)
    return plain if found and found["name"] and not discreet.shows(plain) else ""


def folder(under: str, tag: str) -> str:
    """Where an attempt's results go: a prefix of its own, with a slash at its end."""
    return "/".join(filter(None, (under, tag))) + "/"


def _object(bucket: str, name: str) -> str:
    return f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
