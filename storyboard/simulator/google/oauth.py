"""Access tokens: exchanges a service account's signed assertion for a bearer token, and checks
tokens.
"""

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

from storyboard.simulator.fault_injection import ENTRY, wrap_with_faults
from storyboard.simulator.responses import build_google_error
from storyboard.simulator.state import SimulatorState

LIFE_S = 3600
_AUDIENCE = "https://oauth2.googleapis.com/token"
"""The audience for which google-auth signs, for any token URI."""
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def build_routes(world: SimulatorState) -> list[Route]:
    """`POST /token`, the token endpoint in the service account's file."""

    async def issue_token(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if form.get("grant_type") != [_GRANT]:
            return _reject_grant(
                "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}"
            )
        if problem := _find_assertion_problem(world, form.get("assertion", [""])[0]):
            return _reject_grant("invalid_grant", problem)
        access = f"ya29.simulated-{secrets.token_hex(16)}"
        world.tokens[access] = world.clock.now() + LIFE_S
        return JSONResponse(
            {"access_token": access, "expires_in": LIFE_S - 1, "token_type": "Bearer"}
        )

    return [
        Route(
            "/token",
            wrap_with_faults(world, "token", issue_token, _format_oauth_error),
            methods=["POST"],
        )
    ]


def reject_bad_bearer_token(world: SimulatorState, request: Request) -> Response | None:
    """The 401 for a missing, unknown, expired or revoked access token; else None."""
    scheme, _, access = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not access:
        return build_google_error(
            401,
            "Request is missing required authentication credential. Expected OAuth 2 access "
            "token, login cookie or other valid authentication credential.",
            details=[_build_error_info("CREDENTIALS_MISSING")],
        )
    logged = request.scope.get(ENTRY)
    match_text = world.append_named_prompts(request.url.path)
    # The fault revokes the token for good, so a client must fetch another one.
    if world.faults.consume_fault(
        "expired_token", logged.route if logged else "submit", match_text
    ):
        world.tokens.pop(access, None)
    if world.tokens.get(access, 0.0) <= world.clock.now():
        return build_google_error(
            401,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, "
            "login cookie or other valid authentication credential.",
            details=[_build_error_info("ACCESS_TOKEN_EXPIRED")],
        )
    return None


def reject_bad_api_key(world: SimulatorState, service: str, key: str) -> Response | None:
    """The refusal of an API key that is missing or doesn't belong to `service`; else None."""
    if not key:
        return build_google_error(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
        )
    if key != world.keys[service]:
        return build_google_error(
            400,
            "API key not valid. Please pass a valid API key.",
            details=[_build_error_info("API_KEY_INVALID")],
        )
    return None


def read_api_key(request: Request) -> str:
    """The API key from the header or the query."""
    return request.headers.get("x-goog-api-key") or request.query_params.get("key", "")


def _build_error_info(reason: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
    }


def _reject_grant(error_code: str, description: str) -> Response:
    return JSONResponse({"error": error_code, "error_description": description}, 400)


def _format_oauth_error(status: int, description: str, _wait: float | None) -> Response:
    """Errors of the fault gate in OAuth's format."""
    return JSONResponse({"error": "internal_failure", "error_description": description}, status)


def _find_assertion_problem(world: SimulatorState, assertion: str) -> str:
    """What is wrong with an assertion, in Google's words; empty if nothing."""
    try:
        signed, _, signature = assertion.rpartition(".")
        header, claims = (json.loads(_decode_segment(part)) for part in signed.split("."))
        proof = _decode_segment(signature)
    except (ValueError, binascii.Error):
        return "Bad Request"
    if header.get("alg") != "RS256":
        return "Invalid JWT: unsupported algorithm."
    if not _has_valid_signature(world.public_key, signed.encode("ascii"), proof):
        return "Invalid JWT Signature."
    if claims.get("aud") not in (_AUDIENCE, f"{world.url}/token"):
        return "Invalid JWT: wrong audience."
    if not claims.get("scope"):
        return "Invalid OAuth scope or ID token audience provided."
    # Google accepts a clock that is up to five minutes off.
    if not claims.get("iat", 0) - 300 <= time.time() <= claims.get("exp", 0):
        return "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe."
    return ""


def _decode_segment(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _has_valid_signature(key: Any, text: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, text, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
