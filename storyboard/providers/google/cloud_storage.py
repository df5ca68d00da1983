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
from storyboard.providers.google.environment import GCS_BASE_URL_VARIABLE
from storyboard.providers.http.access import Access
from storyboard.providers.http.base_url import resolve_base_url
from storyboard.providers.http.download import NotFoundElsewhere, download_file
from storyboard.providers.http.error_body import ApiError
from storyboard.providers.http.redaction import Redactor
from storyboard.providers.http.service import ServiceClient

_URI = re.compile(r"gs://(?P<bucket>[a-z0-9][a-z0-9._-]+[a-z0-9])(?:/(?P<name>[^?#]*))?")
_MAX_PAGES = 100
"""Of a list, a thousand objects each; below an attempt's own prefix lie a few in all."""

_SUFFIX = {"image/png": "png", "image/jpeg": "jpg", "video/mp4": "mp4"}


class GcsBucket:
    """The buckets that the credentials open; remembers what it uploaded."""

    def __init__(self, provider: str, build_headers: Access, redactor: Redactor) -> None:
        base_url = resolve_base_url(GCS_BASE_URL_VARIABLE, "https://storage.googleapis.com")
        self._client = ServiceClient(
            provider,
            base_url,
            build_headers,
            redactor,
            translate_known_error=self._translate_known_error,
            service_name="Cloud Storage",
        )
        self._provider = provider
        self._redactor = redactor
        self._uploads: dict[str, asyncio.Task[str]] = {}

    async def upload_bytes(self, data: bytes, mime: str, base_uri: str) -> str:
        """The URI of an object with those bytes, below `gs://…`; the bytes are sent once.

        The digest of the content names the object, so an object that exists already is the same.
        """
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        uri = f"{base_uri.rstrip('/')}/inputs/{digest}.{_SUFFIX.get(mime, 'bin')}"
        task = self._uploads.get(uri)
        if task is None:
            task = self._uploads[uri] = asyncio.create_task(self._upload_if_absent(data, mime, uri))
        try:
            return await asyncio.shield(task)
        except BaseException:
            if task.done():
                self._uploads.pop(uri, None)
            raise

    async def download_object(self, uri: str, out: Path) -> Path:
        """Downloads the object to the file `out`, completely or not at all. Raises Gone if there is
        none.
        """
        bucket, name = self._split_bucket_and_name(uri)
        try:
            return await download_file(
                self._client, f"{_build_object_path(bucket, name)}?alt=media", out
            )
        except NotFoundElsewhere:
            # On media requests Cloud Storage refuses in plain text, and so may any proxy.
            await self._read_size(bucket, name)
            raise

    async def can_object_exist(self, uri: str) -> bool:
        """Whether the object exists; True also if the service doesn't say."""
        bucket, name = self._split_bucket_and_name(uri)
        try:
            await self._read_size(bucket, name)
        except Gone:
            return False
        except ProviderError:
            pass  # the service may see what we may not
        return True

    async def list_objects(self, folder: str) -> tuple[str, ...]:
        """URIs of the objects below a `gs://…/`, by name.

        Skips listed items with other names. Raises ProviderError if the answer is not a list.
        """
        bucket, prefix = self._split_bucket_and_name(folder)
        uris: set[str] = set()
        pages: set[str] = set()
        page = ""
        while page not in pages and len(pages) < _MAX_PAGES:
            pages.add(page)
            params = {"prefix": prefix, "fields": "items(name),nextPageToken"}
            if page:
                params["pageToken"] = page
            reply = await self._client.request_with_retry(
                "GET", f"/storage/v1/b/{bucket}/o", params=params
            )
            listing = reply.value if isinstance(reply.value, dict) else {"items": None}
            items = listing.get("items", [])
            page = listing.get("nextPageToken") or ""
            if not isinstance(page, str) or not isinstance(items, list):
                raise self._listing_error(folder)
            for item in items:
                name = item.get("name") if isinstance(item, dict) else None
                if not isinstance(name, str):
                    raise self._listing_error(folder)
                uri = f"gs://{bucket}/{name}"
                if name.startswith(prefix) and uri == extract_safe_object_uri(uri, self._redactor):
                    uris.add(uri)
            if not page:
                return tuple(sorted(uris))
        raise self._listing_error(folder)

    def _listing_error(self, folder: str) -> ProviderError:
        return ProviderError(
            f"Cloud Storage: the listing of {self._redactor(folder)} can't be read",
            provider=self._provider,
        )

    async def close(self) -> None:
        """Gives back the connections."""
        await self._client.close()

    async def _upload_if_absent(self, data: bytes, mime: str, uri: str) -> str:
        bucket, name = self._split_bucket_and_name(uri)
        try:
            await self._client.request_with_retry(
                "POST",
                f"/upload/storage/v1/b/{bucket}/o",
                params={"uploadType": "media", "name": name, "ifGenerationMatch": "0"},
                content=data,
                headers={"content-type": mime},
            )
        except _ObjectExists:
            await self._check_stored_size(bucket, name, len(data), uri)
        return uri

    async def _check_stored_size(
        self, bucket: str, name: str, expected_size: int, uri: str
    ) -> None:
        """Raises unless the object that is there has the size of ours."""
        existing_size = await self._read_size(bucket, name)
        if existing_size != str(expected_size):
            raise InvalidRequest(
                f"{uri} already exists with another size: {existing_size} bytes, not "
                f"{expected_size}",
                hint="delete it, or set another `storage_uri`",
                provider=self._provider,
            )

    async def _read_size(self, bucket: str, name: str) -> str:
        """The size of an object in bytes, as the service writes it; raises Gone if there is no
        object.
        """
        reply = await self._client.request_with_retry(
            "GET", _build_object_path(bucket, name), params={"fields": "size"}
        )
        return str(reply.value.get("size")) if isinstance(reply.value, dict) else ""

    def _split_bucket_and_name(self, uri: str) -> tuple[str, str]:
        match = _URI.fullmatch(uri)
        if match is None or not match["name"]:
            raise ProviderError(
                f"`{self._redactor(uri)}` is not the URI of a Cloud Storage object",
                provider=self._provider,
            )
        return match["bucket"], match["name"]

    def _translate_known_error(self, api_error: ApiError) -> StoryboardError | None:
        message = self._redactor(api_error.message)
        if api_error.status == 412:
            return _ObjectExists("the object already exists", provider=self._provider)
        if api_error.status == 404 and "bucket" in message.lower():
            return InvalidRequest(
                f"Cloud Storage: bucket not found: {message}",
                hint="check `providers.vertex.storage_uri`, or create the bucket with `gcloud "
                "storage`",
                provider=self._provider,
            )
        if api_error.status == 404:
            return Gone("Cloud Storage: object not found", provider=self._provider)
        if api_error.status in (401, 403):
            return AuthenticationError(
                f"Cloud Storage: authentication failed: {message or api_error.status}",
                hint="use Application Default Credentials of an account that has "
                "storage.objects.get and .create in that bucket; VERTEX_API_KEY can't "
                "access buckets",
                provider=self._provider,
            )
        return None


class _ObjectExists(InvalidRequest):
    """An object of that name is there."""


def normalize_storage_uri(uri: str) -> str:
    """The film's `storage_uri` without the slash at its end; raises InvalidRequest if it is not
    one.
    """
    if uri and not _URI.fullmatch(uri):
        raise InvalidRequest(
            f"`storage_uri` is not a Cloud Storage folder: {uri}",
            hint="write gs://my-bucket/films",
        )
    return uri.rstrip("/")


def extract_safe_object_uri(raw_uri: object, redactor: Redactor) -> str:
    """The URI that we keep for an object that a service named; empty if it names none.

    Keeps only the name: a query may give access to everybody, and it may contain one of our keys.
    """
    plain = raw_uri.partition("?")[0].partition("#")[0] if isinstance(raw_uri, str) else ""
    match = _URI.fullmatch(plain)
    return plain if match and match["name"] and not redactor.contains_secret(plain) else ""


def build_result_folder_uri(base_uri: str, attempt_tag: str) -> str:
    """Where the results of an attempt go: its own prefix, which ends in a slash."""
    return "/".join(filter(None, (base_uri, attempt_tag))) + "/"


def _build_object_path(bucket: str, name: str) -> str:
    return f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
