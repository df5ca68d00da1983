"""Where the media of Omni lie on Vertex AI: in the film's bucket, or along with the words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from storyboard.errors import Gone, InvalidRequest, ProviderError
from storyboard.providers.base import Request
from storyboard.providers.cloud import Cloud
from storyboard.providers.gcs import checked_place, folder


class VertexMedia:
    """`omni.Host` for one project. `storage_uri` may be empty: then results come inline."""

    def __init__(self, cloud: Cloud, storage_uri: str) -> None:
        self._cloud = cloud
        self._storage_uri = storage_uri

    def delivery(self, request: Request) -> Mapping[str, str]:
        """Into the bucket, below a prefix of this attempt's own; inline where there is none."""
        under = checked_place(self._storage_uri)
        if not under:
            return {"delivery": "inline"}
        return {"delivery": "uri", "gcs_uri": folder(under, request.tag)}

    async def ready(self, uri: str) -> str:
        """The URI, of an object in a bucket. Raises Gone where it is there no more."""
        if not uri.startswith("gs://"):
            return ""
        if not await self._cloud.bucket.has(uri):
            raise Gone(f"{uri} is not there", provider=self._cloud.provider)
        return uri

    async def lend(self, path: Path) -> str:
        """The URI of a local MP4 that was uploaded, since it is too large to go along."""
        under = checked_place(self._storage_uri)
        if not under:
            size = await asyncio.to_thread(lambda: path.stat().st_size)
            raise InvalidRequest(
                f"the take that is run on has {size / 1e6:.0f} MB, more than goes along inline",
                hint="set `providers.vertex.storage_uri: gs://my-bucket/films`; "
                "it is uploaded there",
                provider=self._cloud.provider,
            )
        data = await asyncio.to_thread(path.read_bytes)
        return await self._cloud.bucket.upload(data, "video/mp4", under)

    async def bring(self, uri: str, out: Path, expires_at: float | None = None) -> Path:
        """A result as the file `out`; an object has no end but that of its bucket's rules."""
        if not uri.startswith("gs://"):
            raise ProviderError(
                f"`{self._cloud.discreet(uri)}` is in no bucket", provider=self._cloud.provider
            )
        return await self._cloud.bucket.download(uri, out)
