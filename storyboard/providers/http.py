"""HTTP for the adapters: what is free is repeated, what may cost money is sent once.

One `Wire` is one service. `ask` is for what may be asked again; `order` sends a request
that may make a job, and says for certain or not at all that it made none. Downloads are in
`download.py`. Redirects are never followed here, and nothing is logged.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
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
from storyboard.providers.client import client
from storyboard.providers.discreet import Discreet
from storyboard.providers.said import Said, parsed, said
from storyboard.providers.support import category, codes, cure, explained
from storyboard.providers.unsent import unsent

if TYPE_CHECKING:
    import httpx

Access: TypeAlias = Callable[[bool], Awaitable[Mapping[str, str]]]
"""Headers that carry the key; True asks for fresh ones, after the service refused them."""

Verdict: TypeAlias = Callable[[Said], StoryboardError | None]
"""An adapter's own reading of an error; None leaves it to the common one."""

_READ_S = 120.0
_TRIES = 4
_PATIENCE_S = 60.0
_LONGEST_PAUSE_S = 600.0
_LARGEST_ANSWER = 256 << 20
_LARGEST_ERROR = 1 << 20
_ENDLESS = "it has no end"
_DRIPS = "it only drips"
_WHOLE_S = 1800.0
"""Longest that anything free may take, from the request to the end of the answer."""

_ORDER_S = 3600.0
"""Longest that the answer to an order may take."""

_GRACE_S = 60.0
_SLOWEST = 2000
"""Bytes a second of an answer that is worth waiting for, after the time of grace."""

_TURNED_AWAY = frozenset({402, 405, 410, 411, 413, 414, 415, 429, 431})
"""By these a request is turned away before anything is done for it, whoever says so: HTTP's own."""

_TURNED_AWAY_BY_IT = frozenset({400, 401, 403, 404, 422})
"""By these too, where the service itself says so: a proxy has them for reasons of its own."""

_NAME = re.compile(rb'"(?:name|id|task_id)"\s*:\s*"([\w./:=+~@-]{6,300})"')

for _talker in ("httpx", "httpcore"):  # they would log addresses and headers that give access
    logging.getLogger(_talker).setLevel(logging.WARNING)
logging.getLogger("stamina").addHandler(logging.NullHandler())


class TooMuch(ProviderError):
    """An answer longer than any that is meant; asking again would bring the same."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A service's answer of status 2xx."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    value: Any
    """The JSON of the body; None where it is none."""
    broken: str = ""
    """Why the body ends before its end; empty where all of it came."""


class Wire:
    """One service behind one origin; connections are kept for what is free.

    An order has a connection of its own: on a reused one, a connection that the service closed
    meanwhile looks like a lost answer.
    """

    def __init__(
        self,
        provider: str,
        base: str,
        access: Access,
        discreet: Discreet,
        *,
        verdict: Verdict | None = None,
        who: str = "",
    ) -> None:
        self.provider = provider
        self.base = base
        self.access = access
        self.discreet = discreet
        self._verdict = verdict
        self._who = who or provider
        self._kept: httpx.AsyncClient | None = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Sends what is free to repeat, and repeats it where that may help.

        `path` begins with a slash. Raises the error that a status of 300 and more means, or
        ProviderError when no answer came.
        """
        import stamina

        wishes = {"json": json, "params": params, "content": content}
        refreshed = False
        async for attempt in stamina.retry_context(
            on=_again, attempts=_TRIES, timeout=_PATIENCE_S, wait_initial=0.2
        ):
            with attempt:
                reply = await self._free(method, path, wishes, headers or {}, fresh=refreshed)
                if reply.status == 401 and not refreshed:
                    refreshed = True
                    reply = await self._free(method, path, wishes, headers or {}, fresh=True)
                if not 200 <= reply.status < 300:
                    raise self._error(said(reply.status, reply.headers, reply.body))
                return reply
        raise AssertionError("unreachable")

    async def order(
        self,
        path: str,
        *,
        json: Any = None,
        fields: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        read_s: float = _READ_S,
        stream: bool = False,
    ) -> Reply:
        """Posts what may make a job and cost money; once.

        `fields` and `files` make a multipart form. `read_s` is the longest silence. A refused key
        is renewed and sent again, since a 401 made no job. Raises Unreachable or another error
        when there is no job for certain, and UnknownOutcome when nobody can know: the connection
        broke after a byte was sent, a status that does not refuse, an answer that is not of the
        service's own making where HTTP leaves open what its status means. A JSON object that came
        whole counts, whatever broke behind it.

        With `stream` an answer of status 2xx may be anything and may break off: the caller, who
        can read what came of it, looks at `Reply.broken`.
        """
        for fresh in (False, True):
            reply = await self._sent(path, json, fields, files, read_s, fresh=fresh)
            if reply.status != 401 or not said(401, reply.headers, reply.body).own:
                break
        good = 200 <= reply.status < 300
        if good and _is_page(reply):
            raise self.unknown("a web page came back, as from a proxy or a wrong base URL")
        if good and stream:
            return reply
        whole = good and isinstance(reply.value, Mapping)  # what came after it said no more
        if reply.status in _TURNED_AWAY:
            raise self._error(said(reply.status, reply.headers, reply.body))
        if reply.broken and not whole:
            raise self.unknown(f"the connection broke ({reply.broken}){self._named(reply.body)}")
        if good and reply.value is None:
            why = f"its answer of status {reply.status} is no JSON{self._named(reply.body)}"
            raise self.unknown(why)
        if good:
            return reply
        told = said(reply.status, reply.headers, reply.body)
        if not told.own:
            raise self.unknown(
                f"what came back was status {reply.status} and no error of the service's own,"
                " as from a proxy or a wrong base URL"
            )
        if self._verdict and (error := self._verdict(told)):
            raise error
        if reply.status not in _TURNED_AWAY_BY_IT:
            words = f": {self.discreet(told.message)}" if told.message else ""
            raise self.unknown(f"it answered with status {reply.status}{words}")
        raise self._error(told)

    def _named(self, body: bytes) -> str:
        """The name of a job in what came of an answer, for a person to adopt."""
        found = _NAME.search(body)
        name = found[1].decode("ascii") if found else ""
        if not name or self.discreet.shows(name):
            return ""
        return f"; what came of the answer names {name}, which `--adopt` takes if that is the job"

    async def close(self) -> None:
        """Gives back the connections."""
        if self._kept is not None:
            await self._kept.aclose()
            self._kept = None

    @property
    def kept(self) -> httpx.AsyncClient:
        """The client whose connections are reused, for what is free."""
        if self._kept is None:
            self._kept = client(_READ_S)
        return self._kept

    def trouble(self, told: Said) -> StoryboardError:
        """What a status of 300 and more means, keys and addresses left out."""
        return self._error(told)

    async def _free(
        self,
        method: str,
        path: str,
        wishes: Mapping[str, Any],
        headers: Mapping[str, str],
        *,
        fresh: bool,
    ) -> Reply:
        import httpx

        told = {**headers, **await self.access(fresh)}
        try:
            async with (
                asyncio.timeout(_WHOLE_S),
                self.kept.stream(method, self.base + path, headers=told, **wishes) as answer,
            ):
                reply = await _collected(answer, _GRACE_S, _SLOWEST)
        except TimeoutError:
            raise self._no_answer("it takes too long") from None
        except httpx.TransportError as error:
            raise self._no_answer(type(error).__name__) from None
        if reply.broken == _ENDLESS:
            raise TooMuch(f"the answer from {self._who} has no end", provider=self.provider)
        if reply.broken:
            raise self._no_answer(reply.broken)
        return reply

    def _no_answer(self, why: str) -> ProviderError:
        return ProviderError(f"no answer from {self._who}: {why}", provider=self.provider)

    async def _sent(
        self,
        path: str,
        json: Any,
        fields: Mapping[str, str] | None,
        files: Mapping[str, tuple[str, bytes, str]] | None,
        read_s: float,
        *,
        fresh: bool,
    ) -> Reply:
        import httpx

        with unsent(self.provider):
            headers = await self.access(fresh)
            own = client(read_s)
        form = None if fields is None else {name: (None, told) for name, told in fields.items()}
        wishes: dict[str, Any] = {"json": json, "files": {**(form or {}), **(files or {})} or None}
        async with own:
            with unsent(self.provider):
                request = own.build_request("POST", self.base + path, headers=headers, **wishes)
            try:
                answer = await own.send(request, stream=True)
                try:
                    return await _collected(answer)
                finally:
                    await answer.aclose()
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
                raise Unreachable(
                    f"{self._who} can't be reached: {self.discreet(error) or 'no connection'}",
                    hint="nothing was sent and nothing was bought",
                    provider=self.provider,
                    retry_after_s=2.0,
                ) from None
            except httpx.TransportError as error:
                raise self.unknown(f"the connection broke ({type(error).__name__})") from None

    def unknown(self, why: str) -> UnknownOutcome:
        """That an order may have been taken, and `why` nobody can say."""
        return UnknownOutcome(f"the request went to {self._who} and {why}", provider=self.provider)

    def _error(self, told: Said) -> StoryboardError:
        if self._verdict and (own := self._verdict(told)):
            return own
        message = self.discreet(told.message) or f"status {told.status}"
        if told.status == 401 or (told.status == 403 and not codes(message)):
            return AuthenticationError(
                f"{self._who} does not let us in: {message}",
                hint="see `storyboard doctor` for the keys that are set",
                provider=self.provider,
            )
        if told.status == 429:
            return QuotaError(
                f"{self._who} has too many requests of ours: {message}",
                hint="the quota is the account's; render again later goes on",
                provider=self.provider,
                retry_after_s=told.retry_after_s,
            )
        if codes(message):
            seen = category(message)
            return RefusedError(
                explained(message), hint=cure(seen), provider=self.provider, category=seen
            )
        if told.status >= 500:
            return ProviderError(
                f"{self._who} is in trouble (status {told.status}): {message}",
                provider=self.provider,
            )
        if 300 <= told.status < 400:
            return InvalidRequest(
                f"{self._who} sent us elsewhere (status {told.status})",
                hint="the address is not one of its own; see the base URL in the environment",
                provider=self.provider,
            )
        if told.status == 413:
            return InvalidRequest(
                f"{self._who} refuses so large a request: {message}",
                hint="smaller pictures, or fewer references",
                provider=self.provider,
            )
        whose = "" if told.own else "a proxy may have said so, or the base URL is not its own"
        return InvalidRequest(f"{self._who} refuses: {message}", hint=whose, provider=self.provider)


def _again(error: Exception) -> bool | float:
    """Whether asking again may help, or after how many seconds."""
    if isinstance(error, NotNow):
        pause = error.retry_after_s or 0.0
        return pause <= _LONGEST_PAUSE_S and (pause or True)
    return type(error) is ProviderError  # no answer, or trouble of the service's own


async def _collected(
    answer: httpx.Response, grace_s: float = _ORDER_S, slowest: float = math.inf
) -> Reply:
    """The answer as far as it comes; of one that is no success, what may be of interest.

    It may take `grace_s` seconds, and one more for every `slowest` bytes.
    """
    import httpx

    body, broken = bytearray(), ""
    began = time.monotonic()
    most = _LARGEST_ANSWER if answer.is_success else _LARGEST_ERROR
    try:
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > most:
                broken = _ENDLESS if answer.is_success else ""
                break
            if time.monotonic() - began > grace_s + len(body) / slowest:
                broken = _DRIPS
                break
    except (httpx.TransportError, httpx.DecodingError) as error:
        broken = type(error).__name__
    return _read(answer, bytes(body), broken)


def _read(answer: httpx.Response, body: bytes, broken: str = "") -> Reply:
    told = answer.headers.get("content-type", "")
    value = None if told.startswith(("text/html", "video/", "audio/")) else parsed(body)
    return Reply(answer.status_code, answer.headers, body, value, broken)


def _is_page(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").lower().startswith("text/html")
