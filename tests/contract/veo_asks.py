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

from storyboard.simulator.serve import Simulator

VERTEX = "veo-3.1-generate-001"
GEMINI = "veo-3.1-generate-preview"
SHORT = {"durationSeconds": 4}


@lru_cache(maxsize=8)
def picture(
    blue: int = 30, green: int = 200, red: int = 90, size: tuple[int, int] = (1280, 720)
) -> bytes:
    """A plain PNG."""
    pixels = np.full((size[1], size[0], 3), (blue, green, red), np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def image(data: bytes | None = None, mime: str = "image/png") -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(data or picture()).decode(), "mimeType": mime}


@dataclass
class Asker:
    """Talks to one simulator and remembers its access token."""

    sim: Simulator
    http: httpx.Client
    bearer: str = ""

    def token(self) -> str:
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
    def oauth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer or self.token()}"}

    @property
    def key(self) -> dict[str, str]:
        return {"x-goog-api-key": self.sim.world.keys["gemini"]}

    def vertex(self, verb: str, body: dict[str, Any], model: str = VERTEX) -> httpx.Response:
        path = f"/v1/projects/p/locations/us-central1/publishers/google/models/{model}:{verb}"
        return self.http.post(self.sim.url + path, json=body, headers=self.oauth)

    def shoot(self, instance: dict[str, Any], **parameters: Any) -> str:
        """Submits on Vertex; the operation's name."""
        answer = self.vertex(
            "predictLongRunning", {"instances": [instance], "parameters": parameters}
        )
        assert answer.status_code == 200, answer.text
        name: str = answer.json()["name"]
        return name

    def look(self, name: str) -> dict[str, Any]:
        """One poll on Vertex."""
        answer = self.vertex("fetchPredictOperation", {"operationName": name})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def shot(self, instance: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        """Submits on Vertex and polls to the end."""
        name = self.shoot(instance, **parameters)
        while not (found := self.look(name)).get("done"):
            pass
        return found

    def gemini(self, instance: dict[str, Any], **parameters: Any) -> httpx.Response:
        body = {"instances": [instance], "parameters": parameters}
        url = f"{self.sim.url}/v1beta/models/{GEMINI}:predictLongRunning"
        return self.http.post(url, json=body, headers=self.key)

    def gemini_done(self, instance: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        """Submits on the Gemini API and polls to the end."""
        answer = self.gemini(instance, **parameters)
        assert answer.status_code == 200, answer.text
        while not (found := self.get(answer.json()["name"]).json()).get("done"):
            pass
        done: dict[str, Any] = found
        return done

    def gemini_uri(self, instance: dict[str, Any], **parameters: Any) -> str:
        response = self.gemini_done(instance, **parameters)["response"]
        uri: str = response["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"]
        return uri

    def get(self, name: str, **headers: str) -> httpx.Response:
        return self.http.get(f"{self.sim.url}/v1beta/{name}", headers={**self.key, **headers})

    def gcs(self, uri: str, **headers: str) -> httpx.Response:
        """Downloads a `gs://` object."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        url = f"{self.sim.url}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
        return self.http.get(url, headers={**self.oauth, **headers})
