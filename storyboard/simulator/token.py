"""Access tokens: a service account's signed assertion for a bearer token, and their check."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storyboard.simulator.answers import google_error
from storyboard.simulator.gate import ENTRY, gate
from storyboard.simulator.world import World

LIFE_S = 3600
_AUDIENCE = "https://oauth2.googleapis.com/token"
"""What google-auth signs for, wherever it sends it."""
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def routes(world: World) -> list[Route]:
    """`POST /token`, the token endpoint that the service account's file names."""

    async def token(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if form.get("grant_type") != [_GRANT]:
            return _refused(
                "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}"
            )
        if problem := _problem(world, form.get("assertion", [""])[0]):
            return _refused("invalid_grant", problem)
        access = f"ya29.simulated-{secrets.token_hex(16)}"
        world.tokens[access] = world.clock.now() + LIFE_S
        return JSONResponse(
            {"access_token": access, "expires_in": LIFE_S - 1, "token_type": "Bearer"}
        )

    return [Route("/token", gate(world, "token", token, _troubled), methods=["POST"])]


def bearer_problem(world: World, request: Request) -> Response | None:
    """The 401 for a request whose access token is missing, unknown, old or revoked; else None."""
    scheme, _, access = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not access:
        return google_error(
            401,
            "Request is missing required authentication credential. Expected OAuth 2 access "
            "token, login cookie or other valid authentication credential.",
            details=[_info("CREDENTIALS_MISSING")],
        )
    line = request.scope.get(ENTRY)
    told = world.told(request.url.path)
    if world.faults.draw("expired_token", line.route if line else "submit", told):
        world.tokens.pop(access, None)
    if world.tokens.get(access, 0.0) <= world.clock.now():
        return google_error(
            401,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, "
            "login cookie or other valid authentication credential.",
            details=[_info("ACCESS_TOKEN_EXPIRED")],
        )
    return None


def key_problem(world: World, service: str, key: str) -> Response | None:
    """The refusal of an API key that is missing or not that of `service`; else None."""
    if not key:
        return google_error(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
        )
    if key != world.keys[service]:
        return google_error(
            400,
            "API key not valid. Please pass a valid API key.",
            details=[_info("API_KEY_INVALID")],
        )
    return None


def key_of(request: Request) -> str:
    """The API key that came in the header or in the query."""
    return request.headers.get("x-goog-api-key") or request.query_params.get("key", "")


def _info(reason: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
    }


def _refused(error: str, words: str) -> Response:
    return JSONResponse({"error": error, "error_description": words}, 400)


def _troubled(status: int, words: str, _wait: float | None) -> Response:
    """What goes wrong at the gate, as OAuth tells it."""
    return JSONResponse({"error": "internal_failure", "error_description": words}, status)


def _problem(world: World, assertion: str) -> str:
    """What is wrong with an assertion, in Google's words; empty where nothing is."""
    try:
        signed, _, signature = assertion.rpartition(".")
        header, claims = (json.loads(_plain(part)) for part in signed.split("."))
        proof = _plain(signature)
    except (ValueError, binascii.Error):
        return "Bad Request"
    if header.get("alg") != "RS256":
        return "Invalid JWT: unsupported algorithm."
    if not _signed(world.public_key, signed.encode("ascii"), proof):
        return "Invalid JWT Signature."
    if claims.get("aud") not in (_AUDIENCE, f"{world.url}/token"):
        return "Invalid JWT: wrong audience."
    if not claims.get("scope"):
        return "Invalid OAuth scope or ID token audience provided."
    if not claims.get("iat", 0) - 300 <= time.time() <= claims.get("exp", 0):
        return "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe."
    return ""


def _plain(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _signed(key: Any, text: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, text, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
