"""Wraps an adapter, which may be a stranger's, so that it shows no key.

Its errors and reports go to the terminal, the run log and the ledger. This wrapper first removes
the keys of the environment and everything that looks like a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from storyboard.errors import StoryboardError
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Operation,
    Outcome,
    Provider,
    Request,
    Running,
    Sample,
    Unusable,
    Workplace,
)


class RedactedProvider:
    """A provider that passes everything on, with no key in any message."""

    def __init__(self, provider: Provider, hide_secrets: Callable[[str], str]) -> None:
        self._provider = provider
        self._hide_secrets = hide_secrets
        self.name = provider.name
        self.repeatable = provider.repeatable
        self.reads = provider.reads
        self.revision = provider.revision

    async def submit(self, request: Request, place: Workplace) -> Operation:
        with self._redact_errors():
            return await self._provider.submit(request, place)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        with self._redact_errors():
            outcome = await self._provider.poll(operation, place)
        redacted: Outcome = redact_outcome(outcome, self._hide_secrets)
        return redacted

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        with self._redact_errors():
            return await self._provider.fetch(sample, place)

    async def account(self) -> str:
        """The account whose quota is used; empty if the adapter does not say."""
        read_account = getattr(self._provider, "account", None)
        with self._redact_errors():
            return await read_account() if read_account is not None else ""

    async def trace(self, tag: str) -> tuple[Sample, ...]:
        """The results of a lost answer; empty if the adapter can't look for them."""
        find_samples = getattr(self._provider, "trace", None)
        with self._redact_errors():
            return await find_samples(tag) if find_samples is not None else ()

    async def close(self) -> None:
        with self._redact_errors():
            await self._provider.close()

    @contextmanager
    def _redact_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            redact_error(error, self._hide_secrets)
            text = f"{type(error).__name__}: {error}"
            if self._hide_secrets(text) != text and not isinstance(error, StoryboardError):
                # It makes its text of more than its arguments, so nothing of it is kept.
                raise RuntimeError(self._hide_secrets(text)) from None
            raise


def redact_outcome(outcome: Any, hide_secrets: Callable[[str], str]) -> Any:
    """The outcome without keys in its texts; a value of another type is returned unchanged."""
    if isinstance(outcome, Running):
        return replace(outcome, note=hide_secrets(outcome.note))
    if isinstance(outcome, Done):
        samples = tuple(
            replace(sample, problem=hide_secrets(sample.problem)) if sample.problem else sample
            for sample in outcome.samples
        )
        filtered, hint = hide_secrets(outcome.filtered), hide_secrets(outcome.hint)
        return replace(outcome, samples=samples, filtered=filtered, hint=hint)
    if isinstance(outcome, Unusable):
        return replace(outcome, message=hide_secrets(outcome.message))
    if isinstance(outcome, Failed | Filtered):
        message, hint = hide_secrets(outcome.message), hide_secrets(outcome.hint)
        return replace(outcome, message=message, hint=hint)
    return outcome


def redact_error(error: BaseException, hide_secrets: Callable[[str], str]) -> None:
    """Removes keys from an error and its causes, because their tracebacks are logged."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.args = tuple(
            hide_secrets(value) if isinstance(value, str) else value for value in current.args
        )
        if isinstance(current, StoryboardError):
            current.hint = hide_secrets(current.hint)
        if isinstance(current, OSError) and isinstance(current.strerror, str):
            current.strerror = hide_secrets(current.strerror)
        waiting += [current.__cause__, current.__context__]
