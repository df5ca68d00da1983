"""Filmlab: a provider for `storyboard` that buys takes from a service over HTTP.

The service is made up. Its interface is that of many: a POST starts a job and costs money, a GET
says how the job stands, another brings the clip. `filmlab_server.py` is such a service to run here.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from storyboard.errors import UnknownOutcome
from storyboard.providers.base import (
    WIRE_READS,
    Done,
    Failed,
    Filtered,
    Operation,
    Outcome,
    Request,
    Role,
    Running,
    Sample,
    Unusable,
    Workplace,
)
from storyboard.providers.http import (
    Redactor,
    ServiceClient,
    convert_unsent_errors,
    describe_shape,
    download_file,
    encode_base64,
    read_key,
    read_picture_with_mime,
    resolve_base_url,
)


class Filmlab:
    """Filmlab's queue on the port."""

    name = "filmlab"
    repeatable = False
    reads = WIRE_READS
    revision = ""

    key_variables = ("FILMLAB_ACCESS",)
    base_url_variables = ("STORYBOARD_FILMLAB_BASE_URL",)
    secret_patterns = (r"flk_[A-Za-z0-9]{24,}",)
    models = (
        {
            "id": "filmlab-1",
            "durations": [2, 4, 8],
            "default_duration": 4,
            "resolutions": ["720p", "1080p"],
            "aspect_ratios": ["16:9", "9:16"],
            "first_frame": True,
            "audio": "none",
            "seed": True,
            "price": {"audio": {"720p": "0.10", "1080p": "0.20"}},
        },
    )

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._redactor = Redactor()
        self._client: ServiceClient | None = None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Buys one take; the POST is sent once."""
        with convert_unsent_errors(self.name):
            body = await self._build_body(request, place)
        reply = await self._open_client().post_once("/v1/jobs", json=body)
        job = reply.value.get("id") if isinstance(reply.value, dict) else None
        if not isinstance(job, str) or not job.isalnum():
            raise UnknownOutcome(
                f"Filmlab took the job and does not name it: {describe_shape(reply.value)}",
                provider=self.name,
            )
        return Operation(job)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands."""
        reply = await self._open_client().request_with_retry("GET", f"/v1/jobs/{operation.name}")
        job = reply.value if isinstance(reply.value, dict) else {}
        status, reason = job.get("status"), self._redactor(job.get("reason") or "")
        if status in ("queued", "running"):
            return Running(str(status))
        if status == "failed":
            return Failed(reason or "Filmlab failed", billed=False)
        if status == "filtered":
            return Filtered(reason or "Filmlab's filter took it", billed=False)
        if status == "done" and isinstance(job.get("clip"), str):
            return Done((Sample(uri=job["clip"]),))
        return Unusable(f"Filmlab's answer can't be read: {describe_shape(reply.value)}")

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The clip as a file."""
        out = place.scratch / f"{secrets.token_hex(6)}.mp4"
        return replace(sample, path=await download_file(self._open_client(), sample.uri, out))

    async def close(self) -> None:
        """Gives back the connections."""
        if self._client is not None:
            await self._client.close()

    def _open_client(self) -> ServiceClient:
        if self._client is None:
            self._client = ServiceClient(
                self.name,
                resolve_base_url(self.base_url_variables[0], "https://api.filmlab.example"),
                self._build_headers,
                self._redactor,
                service_name="Filmlab",
            )
        return self._client

    async def _build_headers(self, renew_credentials: bool) -> Mapping[str, str]:
        hint = "get a key from Filmlab, then `export FILMLAB_ACCESS=…`"
        key = read_key(self.name, self.key_variables, self._redactor, hint=hint)
        return {"authorization": f"Key {key}"}

    async def _build_body(self, request: Request, place: Workplace) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": request.model,
            "prompt": request.prompt,
            "seconds": request.settings.duration_s,
            "resolution": request.settings.resolution,
            "aspect_ratio": request.settings.aspect_ratio,
        }
        if request.settings.seed is not None:
            body["seed"] = request.settings.seed
        if (picture := request.input(Role.FIRST_FRAME)) is not None:
            data, mime = await read_picture_with_mime(picture, place, self.name)
            body["first_frame"] = {"mime": mime, "data": encode_base64(data)}
        return body
