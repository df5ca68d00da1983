"""HTTP for the adapters: free requests are retried, requests that may cost money are sent once.

One `ServiceClient` is one service. `request_with_retry` is for free requests. `post_once` sends a
request that may make a job; its error says either that no job was made, or that this is unknown.
`convert_unsent_errors` reports every failure before the request is sent as "no job". Downloads are
in `download.py`. This module follows no redirects and logs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from storyboard.errors import (
    AuthenticationError,
    InvalidRequest,
    NotNow,
    ProviderError,
    QuotaError,
    RefusedError,
    StoryboardError,
    UnknownOutcome,
    Unreachable,
)
from storyboard.providers.http.access import Access
from storyboard.providers.http.account_cures import suggest_access_cure, suggest_payment_cure
from storyboard.providers.http.connections import create_client
from storyboard.providers.http.error_body import ApiError, parse_error, parse_json
from storyboard.providers.http.redaction import Redactor
from storyboard.providers.http.safety_codes import (
    append_support_code_meaning,
    find_filter_categories,
    find_support_codes,
    suggest_filter_cure,
)

if TYPE_CHECKING:
    import httpx

Verdict: TypeAlias = Callable[[ApiError], StoryboardError | None]
"""An adapter's own reading of an error; None leaves it to the common one."""

_READ_S = 120.0
_TRIES = 4
_PATIENCE_S = 60.0
_LONGEST_PAUSE_S = 600.0
_LARGEST_ANSWER = 256 << 20
_LARGEST_ERROR = 1 << 20
_TOO_LONG = "the answer is too long"
_TOO_SLOW = "the answer arrives too slowly"
_LONGEST_REQUEST_S = 1800.0
"""The longest time for a free request, from the request to the end of the answer."""

_LONGEST_POST_S = 3600.0
"""Longest that the answer to an order may take."""

_GRACE_S = 60.0
_SLOWEST_BYTES_S = 2000
"""Bytes a second of an answer that is worth waiting for, after the time of grace."""

_REJECTING_STATUSES = frozenset({402, 405, 410, 411, 413, 414, 415, 429, 431})
"""With these, a server rejects a request before it does anything, whoever the server is: HTTP's
own."""

_OWN_REJECTING_STATUSES = frozenset({400, 401, 403, 404, 422})
"""With these too, if the service itself sends them: a proxy has its own reasons for them."""

_CREDENTIAL_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)
_NAME = re.compile(rb'"(?:name|id|task_id)"\s*:\s*"([\w./:=+~@-]{6,300})"')

for _talker in ("httpx", "httpcore"):  # they would log addresses and headers that give access
    logging.getLogger(_talker).setLevel(logging.WARNING)
logging.getLogger("stamina").addHandler(logging.NullHandler())


class ResponseTooLarge(ProviderError):
    """An answer longer than any that is meant; asking again would bring the same."""


@dataclass(frozen=True, slots=True)
class Response:
    """A service's answer of status 2xx."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    value: Any
    """The JSON of the body; None if it is not JSON."""
    interruption: str = ""
    """Why the body ends before its end; empty where all of it came."""


class ServiceClient:
    """One service behind one origin; it keeps connections for free requests.

    A submit gets a new connection: if the service closes a reused one, that looks like a lost
    answer.
    """

    def __init__(
        self,
        provider: str,
        base: str,
        build_headers: Access,
        redactor: Redactor,
        *,
        translate_known_error: Verdict | None = None,
        service_name: str = "",
    ) -> None:
        self.provider = provider
        self.base = base
        self._access = build_headers
        self.redactor = redactor
        self._verdict = translate_known_error
        self._service_name = service_name or provider
        self._http_client: httpx.AsyncClient | None = None

    async def build_headers(self, renew_credentials: bool) -> Mapping[str, str]:
        """The headers that carry the key; from here on no message shows their values."""
        headers = await self._access(renew_credentials)
        for name, value in headers.items():
            if _CREDENTIAL_HEADER.search(name):
                self.redactor.add_secret(value)
                self.redactor.add_secret(value.split()[-1] if value.split() else "")
        return headers

    async def request_with_retry(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Sends a free request, and repeats it if that may help.

        `path` begins with a slash. Raises the error that a status of 300 or more means, or
        ProviderError if no answer came.
        """
        import stamina

        body_options = {"json": json, "params": params, "content": content}
        has_fresh_key = False
        async for attempt in stamina.retry_context(
            on=_choose_retry_delay, attempts=_TRIES, timeout=_PATIENCE_S, wait_initial=0.2
        ):
            with attempt:
                reply = await self._send_repeatable(
                    method, path, body_options, headers or {}, renew_credentials=has_fresh_key
                )
                if reply.status == 401 and not has_fresh_key:
                    has_fresh_key = True
                    reply = await self._send_repeatable(
                        method, path, body_options, headers or {}, renew_credentials=True
                    )
                if not 200 <= reply.status < 300:
                    raise self._to_error(parse_error(reply.status, reply.headers, reply.body))
                return reply
        raise AssertionError("unreachable")

    async def post_once(
        self,
        path: str,
        *,
        json: Any = None,
        fields: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        max_silence_s: float = _READ_S,
        is_partial_allowed: bool = False,
    ) -> Response:
        """Posts a request that may make a job and cost money; once.

        `fields` and `files` make a multipart form. `max_silence_s` is the longest silence. If the
        service refuses the key, this method renews it and sends the request again, since a 401 made
        no job. Raises Unreachable or another error if there is certainly no job. Raises
        UnknownOutcome if that is unknown: the connection broke after a byte was sent, the status
        does not reject the request, or the answer does not come from the service itself and HTTP
        leaves open what its status means. A complete JSON object counts, even if the connection
        broke after it.

        With `is_partial_allowed` an answer of status 2xx may have any content and may break off:
        the caller, who can read the parts, looks at `Response.interruption`.
        """
        for fresh in (False, True):
            reply = await self._send_billable_post(
                path, json, fields, files, max_silence_s, renew_credentials=fresh
            )
            if reply.status != 401 or not parse_error(401, reply.headers, reply.body).is_from_api:
                break
        is_success = 200 <= reply.status < 300
        if is_success and _is_web_page(reply):
            raise self.unknown_outcome_error(
                "the answer is a web page, possibly from a proxy or because of a wrong base URL"
            )
        if is_success and is_partial_allowed:
            return reply
        is_complete = is_success and isinstance(
            reply.value, Mapping
        )  # the rest of the answer adds nothing
        if reply.status in _REJECTING_STATUSES:
            raise self._to_error(parse_error(reply.status, reply.headers, reply.body))
        if reply.interruption and not is_complete:
            raise self.unknown_outcome_error(
                f"the connection broke ({reply.interruption})"
                f"{self._suggest_job_adoption(reply.body)}"
            )
        if is_success and reply.value is None:
            job_name = self._suggest_job_adoption(reply.body)
            raise self.unknown_outcome_error(
                f"its answer (HTTP {reply.status}) is not JSON{job_name}"
            )
        if is_success:
            return reply
        api_error = parse_error(reply.status, reply.headers, reply.body)
        if not api_error.is_from_api:
            raise self.unknown_outcome_error(
                f"the answer is HTTP {reply.status} in an unknown format, possibly from a "
                "proxy or because of a wrong base URL"
            )
        if self._verdict and (error := self._verdict(api_error)):
            raise error
        if reply.status not in _OWN_REJECTING_STATUSES:
            detail = f": {self.redactor(api_error.message)}" if api_error.message else ""
            raise self.unknown_outcome_error(f"it answered with HTTP {reply.status}{detail}")
        raise self._to_error(api_error)

    def _suggest_job_adoption(self, body: bytes) -> str:
        """The name of a job in a broken answer, so that a person can adopt it."""
        match = _NAME.search(body)
        name = match[1].decode("ascii") if match else ""
        if not name or self.redactor.contains_secret(name):
            return ""
        return (
            f"; the incomplete answer names the job {name}: use it with `--adopt` if it is the "
            "right one"
        )

    async def close(self) -> None:
        """Gives back the connections."""
        if self._http_client is not None:
            await self._http_client.aclose()
            self._http_client = None

    @property
    def http_client(self) -> httpx.AsyncClient:
        """The client for free requests, which reuses its connections."""
        if self._http_client is None:
            self._http_client = create_client(_READ_S)
        return self._http_client

    def to_error(self, api_error: ApiError) -> StoryboardError:
        """The error for a status of 300 or more, without keys and addresses."""
        return self._to_error(api_error)

    async def _send_repeatable(
        self,
        method: str,
        path: str,
        request_options: Mapping[str, Any],
        headers: Mapping[str, str],
        *,
        renew_credentials: bool,
    ) -> Response:
        import httpx

        merged_headers = {**headers, **await self.build_headers(renew_credentials)}
        try:
            async with (
                asyncio.timeout(_LONGEST_REQUEST_S),
                self.http_client.stream(
                    method, self.base + path, headers=merged_headers, **request_options
                ) as answer,
            ):
                reply = await _read_limited_response(answer, _GRACE_S, _SLOWEST_BYTES_S)
        except TimeoutError:
            raise self._no_answer_error("timeout") from None
        except httpx.TransportError as error:
            raise self._no_answer_error(type(error).__name__) from None
        if reply.interruption == _TOO_LONG:
            raise ResponseTooLarge(
                f"{self._service_name}: the answer is too long", provider=self.provider
            )
        if reply.interruption:
            raise self._no_answer_error(reply.interruption)
        return reply

    def _no_answer_error(self, why: str) -> ProviderError:
        return ProviderError(f"{self._service_name}: no answer: {why}", provider=self.provider)

    async def _send_billable_post(
        self,
        path: str,
        json: Any,
        fields: Mapping[str, str] | None,
        files: Mapping[str, tuple[str, bytes, str]] | None,
        max_silence_s: float,
        *,
        renew_credentials: bool,
    ) -> Response:
        import httpx

        with convert_unsent_errors(self.provider):
            headers = await self.build_headers(renew_credentials)
            http_client = create_client(max_silence_s)
        form_fields = (
            None if fields is None else {name: (None, text) for name, text in fields.items()}
        )
        body_options: dict[str, Any] = {
            "json": json,
            "files": {**(form_fields or {}), **(files or {})} or None,
        }
        async with http_client:
            with convert_unsent_errors(self.provider):
                request = http_client.build_request(
                    "POST", self.base + path, headers=headers, **body_options
                )
            try:
                answer = await http_client.send(request, stream=True)
                try:
                    return await _read_limited_response(answer)
                finally:
                    await answer.aclose()
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                raise Unreachable(
                    f"{self._service_name}: no connection: "
                    f"{self.redactor(error) or 'unknown error'}",
                    hint="check the network and render again; nothing was sent and nothing was "
                    "bought",
                    provider=self.provider,
                    retry_after_s=2.0,
                ) from None
            except httpx.TransportError as error:
                raise self.unknown_outcome_error(
                    f"the connection broke ({type(error).__name__})"
                ) from None

    def unknown_outcome_error(self, why: str) -> UnknownOutcome:
        """The error for a submit that the service may have accepted; `why` says why this is
        unknown.
        """
        return UnknownOutcome(
            f"the request was sent to {self._service_name}, but {why}", provider=self.provider
        )

    def _to_error(self, api_error: ApiError) -> StoryboardError:
        if self._verdict and (own_error := self._verdict(api_error)):
            return own_error
        message = self.redactor(api_error.message) or f"HTTP {api_error.status}"
        if api_error.status == 401 or (api_error.status == 403 and not find_support_codes(message)):
            return AuthenticationError(
                f"{self._service_name}: authentication failed: {message}",
                hint=suggest_access_cure(message)
                or "run `storyboard doctor` to see which keys are set",
                provider=self.provider,
            )
        if api_error.status in (402, 429) and (cure := suggest_payment_cure(api_error)):
            return InvalidRequest(
                f"{self._service_name}: payment problem: {message}",
                hint=cure,
                provider=self.provider,
            )
        if api_error.status == 429:
            return QuotaError(
                f"{self._service_name}: rate limit exceeded: {message}",
                hint="render again later; the quota applies to the whole account",
                provider=self.provider,
                retry_after_s=api_error.retry_after_s,
            )
        if find_support_codes(message):
            concern = find_filter_categories(message)
            return RefusedError(
                append_support_code_meaning(message),
                hint=suggest_filter_cure(concern),
                provider=self.provider,
                category=concern,
            )
        if api_error.status >= 500:
            return ProviderError(
                f"{self._service_name}: server error (HTTP {api_error.status}): {message}",
                provider=self.provider,
            )
        if 300 <= api_error.status < 400:
            return InvalidRequest(
                f"{self._service_name}: unexpected redirect (HTTP {api_error.status})",
                hint="check the base URL in the environment",
                provider=self.provider,
            )
        if api_error.status == 413:
            return InvalidRequest(
                f"{self._service_name}: the request is too large: {message}",
                hint="use smaller images or fewer references",
                provider=self.provider,
            )
        doubt_hint = "check the base URL and the proxy: this answer may not be from the provider"
        cure = suggest_access_cure(message) if api_error.is_from_api else doubt_hint
        return InvalidRequest(
            f"{self._service_name}: request rejected: {message}",
            hint=cure,
            provider=self.provider,
        )


def _choose_retry_delay(error: Exception) -> bool | float:
    """Whether asking again may help, or after how many seconds."""
    if isinstance(error, NotNow):
        pause = error.retry_after_s or 0.0
        return pause <= _LONGEST_PAUSE_S and (pause or True)
    return type(error) is ProviderError  # no answer, or trouble of the service's own


async def _read_limited_response(
    answer: httpx.Response, grace_s: float = _LONGEST_POST_S, min_bytes_per_s: float = math.inf
) -> Response:
    """The answer as far as it arrives; of an error, only the part that helps a person.

    It may take `grace_s` seconds, and one more for every `min_bytes_per_s` bytes.
    """
    import httpx

    body, interruption = bytearray(), ""
    started_at = time.monotonic()
    limit = _LARGEST_ANSWER if answer.is_success else _LARGEST_ERROR
    try:
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > limit:
                interruption = _TOO_LONG if answer.is_success else ""
                break
            if time.monotonic() - started_at > grace_s + len(body) / min_bytes_per_s:
                interruption = _TOO_SLOW
                break
    except (httpx.TransportError, httpx.DecodingError) as error:
        interruption = type(error).__name__
    return _to_response(answer, bytes(body), interruption)


def _to_response(answer: httpx.Response, body: bytes, interruption: str = "") -> Response:
    content_type = answer.headers.get("content-type", "")
    value = None if content_type.startswith(("text/html", "video/", "audio/")) else parse_json(body)
    return Response(answer.status_code, answer.headers, body, value, interruption)


def _is_web_page(reply: Response) -> bool:
    return reply.headers.get("content-type", "").lower().startswith("text/html")


@contextmanager
def convert_unsent_errors(provider: str) -> Iterator[None]:
    """Converts any failure inside to an InvalidRequest, which says that there is no job."""
    try:
        yield
    except StoryboardError:
        raise
    except OSError as error:
        raise InvalidRequest(
            f"an input can't be read: {error.strerror or error}", provider=provider
        ) from error
    except Exception as error:
        raise InvalidRequest(
            f"the request can't be built: {type(error).__name__}: {error}", provider=provider
        ) from error
