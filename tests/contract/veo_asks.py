"""What the Veo contract tests share: how to ask, by raw HTTP, as a client that knows nothing."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import httpx
import numpy as np
from google.auth import crypt, jwt

from storyboard.simulator.server import Simulator

VERTEX = "veo-3.1-generate-001"
GEMINI = "veo-3.1-generate-preview"
SHORT = {"durationSeconds": 4}


@lru_cache(maxsize=8)
def draw_picture(
    blue: int = 30, green: int = 200, red: int = 90, size: tuple[int, int] = (1280, 720)
) -> bytes:
    """A plain PNG."""
    pixels = np.full((size[1], size[0], 3), (blue, green, red), np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def make_image(data: bytes | None = None, mime: str = "image/png") -> dict[str, str]:
    return {
        "bytesBase64Encoded": base64.b64encode(data or draw_picture()).decode(),
        "mimeType": mime,
    }


@dataclass
class SimulatorClient:
    """Talks to one simulator and remembers its access token."""

    sim: Simulator
    http: httpx.Client
    bearer: str = ""

    def fetch_token(self) -> str:
        """A new access token, for an assertion signed as google-auth signs it."""
        account = json.loads(
            Path(self.sim.environment()["GOOGLE_APPLICATION_CREDENTIALS"]).read_text()
        )
        now = int(time.time())
        claims = {
            "iss": account["client_email"],
            "aud": "https://oauth2.googleapis.com/token",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "iat": now,
            "exp": now + 3600,
        }
        signer = crypt.RSASigner.from_service_account_info(account)
        assertion = jwt.encode(signer, claims).decode()
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        answer = self.http.post(
            account["token_uri"], data={"grant_type": grant, "assertion": assertion}
        )
        answer.raise_for_status()
        self.bearer = answer.json()["access_token"]
        return self.bearer

    @property
    def oauth_headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer or self.fetch_token()}"}

    @property
    def key_headers(self) -> dict[str, str]:
        return {"x-goog-api-key": self.sim.world.keys["gemini"]}

    def post_to_vertex(
        self, verb: str, body: dict[str, Any], model: str = VERTEX
    ) -> httpx.Response:
        path = f"/v1/projects/p/locations/us-central1/publishers/google/models/{model}:{verb}"
        return self.http.post(self.sim.url + path, json=body, headers=self.oauth_headers)

    def submit_to_vertex(self, instance: dict[str, Any], **parameters: Any) -> str:
        """Submits on Vertex; the operation's name."""
        answer = self.post_to_vertex(
            "predictLongRunning", {"instances": [instance], "parameters": parameters}
        )
        assert answer.status_code == 200, answer.text
        name: str = answer.json()["name"]
        return name

    def poll_vertex(self, name: str) -> dict[str, Any]:
        """One poll on Vertex."""
        answer = self.post_to_vertex("fetchPredictOperation", {"operationName": name})
        assert answer.status_code == 200, answer.text
        operation: dict[str, Any] = answer.json()
        return operation

    def run_on_vertex(self, instance: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        """Submits on Vertex and polls to the end."""
        name = self.submit_to_vertex(instance, **parameters)
        while not (operation := self.poll_vertex(name)).get("done"):
            pass
        return operation

    def post_to_gemini(self, instance: dict[str, Any], **parameters: Any) -> httpx.Response:
        body = {"instances": [instance], "parameters": parameters}
        url = f"{self.sim.url}/v1beta/models/{GEMINI}:predictLongRunning"
        return self.http.post(url, json=body, headers=self.key_headers)

    def run_on_gemini(self, instance: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        """Submits on the Gemini API and polls to the end."""
        answer = self.post_to_gemini(instance, **parameters)
        assert answer.status_code == 200, answer.text
        while not (operation := self.get_from_gemini(answer.json()["name"]).json()).get("done"):
            pass
        done: dict[str, Any] = operation
        return done

    def run_and_get_uri(self, instance: dict[str, Any], **parameters: Any) -> str:
        response = self.run_on_gemini(instance, **parameters)["response"]
        uri: str = response["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"]
        return uri

    def get_from_gemini(self, name: str, **headers: str) -> httpx.Response:
        return self.http.get(
            f"{self.sim.url}/v1beta/{name}", headers={**self.key_headers, **headers}
        )

    def download_object(self, uri: str, **headers: str) -> httpx.Response:
        """Downloads a `gs://` object."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        url = f"{self.sim.url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
        return self.http.get(url, headers={**self.oauth_headers, **headers})
