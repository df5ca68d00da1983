"""Where the media of Omni lie on Vertex AI: in the film's bucket, or along with the words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from storyboard.errors import Gone, InvalidRequest, ProviderError
from storyboard.providers.base import Request
from storyboard.providers.google.cloud_storage import build_result_folder_uri, normalize_storage_uri
from storyboard.providers.google.vertex_project import VertexProject


class VertexMediaHost:
    """`omni.MediaHost` for one project. `storage_uri` may be empty: then results come inline."""

    def __init__(self, project: VertexProject, storage_uri: str) -> None:
        self._project = project
        self._storage_uri = storage_uri

    def build_delivery_options(self, request: Request) -> Mapping[str, str]:
        """Into the bucket, below this attempt's own prefix; inside the answer if there is no
        bucket.
        """
        base_uri = normalize_storage_uri(self._storage_uri)
        if not base_uri:
            return {"delivery": "inline"}
        return {"delivery": "uri", "gcs_uri": build_result_folder_uri(base_uri, request.tag)}

    async def wait_for_readable_uri(self, uri: str) -> str:
        """The URI of an object in a bucket. Raises Gone if it no longer exists."""
        if not uri.startswith("gs://"):
            return ""
        if not await self._project.bucket.can_object_exist(uri):
            raise Gone(f"{uri} was not found", provider=self._project.provider)
        return uri

    async def upload_video(self, path: Path) -> str:
        """The URI of a local MP4 that was uploaded, since it is too large to go along."""
        base_uri = normalize_storage_uri(self._storage_uri)
        if not base_uri:
            size = await asyncio.to_thread(lambda: path.stat().st_size)
            raise InvalidRequest(
                "the take to extend is too large to send with the request: "
                f"{size / 1000000.0:.0f} MB",
                hint="set `providers.vertex.storage_uri: gs://my-bucket/films` to upload it there",
                provider=self._project.provider,
            )
        data = await asyncio.to_thread(path.read_bytes)
        return await self._project.bucket.upload_bytes(data, "video/mp4", base_uri)

    async def download_result(self, uri: str, out: Path, expires_at: float | None = None) -> Path:
        """Downloads a result to `out`; an object lives as long as the rules of its bucket say."""
        if not uri.startswith("gs://"):
            raise ProviderError(
                f"`{self._project.redactor(uri)}` is not in a bucket",
                provider=self._project.provider,
            )
        return await self._project.bucket.download_object(uri, out)
