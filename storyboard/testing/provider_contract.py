"""The contract of a provider, as a class of tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from storyboard.errors import StoryboardError
from storyboard.providers.base import (
    Done,
    Failed,
    Filtered,
    Kind,
    Operation,
    Outcome,
    Provider,
    Request,
    Running,
    Sample,
    Unusable,
)
from storyboard.providers.catalog import KEYS, Extension, Model, load_catalog
from storyboard.providers.declaration import read_declaration
from storyboard.testing.checks import check_sample, is_request_field
from storyboard.testing.sample_requests import build_extension_request, build_minimal_requests
from storyboard.testing.workspace import Bench, open_watched_workspace

_T = TypeVar("_T")
_SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_MOVING = (Kind.GENERATE, Kind.INTERPOLATE, Kind.EXTEND)


class ProviderContract:
    """Tests that hold for every provider. Override what differs for your adapter."""

    patience_s: float = 60.0
    """An operation that takes longer counts as stuck."""
    pause_s: float = 0.05
    """Seconds between two polls."""

    def make(self) -> Provider:
        """A new adapter object, created like a run creates it from the film's settings."""
        raise NotImplementedError(f"{type(self).__name__} has no make()")

    def models(self) -> Sequence[Model]:
        """The provider's models: its own entries, or those of the catalogue, without retired
        ones.
        """
        provider = self.make()
        own_entries = _list_model_entries(provider)
        full_catalog = load_catalog().extend_with_models(
            [{"provider": provider.name, **entry} for entry in own_entries]
        )
        sold = [m for m in full_catalog.models.values() if m.provider == provider.name]
        return [m for m in sold if m.status != "retired"]

    def requests(self, folder: Path) -> Sequence[Request]:
        """The requests to test; by default the smallest of every kind that its first models
        support.

        Write input pictures into `folder`.
        """
        requests: list[Request] = []
        makes: set[str] = set()
        for model in self.models():
            if model.makes not in makes:
                makes.add(model.makes)
                requests += build_minimal_requests(model, folder)
        return requests

    def extends(self, source: Request) -> Extension | None:
        """How the model can extend a result of `source`; None if it can't."""
        model = next((m for m in self.models() if m.id == source.model), None)
        return model.extend if model is not None and source.kind in _MOVING else None

    def secrets(self) -> Sequence[str]:
        """Text that must never be shown: by default every key and token in the environment."""
        declared = read_declaration(type(self.make())).key_variables
        return [
            value
            for name, value in os.environ.items()
            if (name in declared or name.endswith(_SECRETS)) and len(value) >= 6
        ]

    # what it says of itself

    def test_it_says_what_it_is(self) -> None:
        """It states its name, what changes its result, and whether running again is free."""
        provider = self.make()
        assert provider.name, "`name` is empty"
        assert isinstance(provider.revision, str), "`revision` must be a string"
        assert isinstance(provider.repeatable, bool), "`repeatable` must be True or False"
        wrong = [name for name in provider.reads if not is_request_field(name)]
        assert not wrong, f"`reads` has unknown names: {wrong}"

    def test_what_it_declares_can_be_read(self) -> None:
        """Variables are tuples of names, and key patterns are regular expressions."""
        try:
            read_declaration(type(self.make()))
        except ValueError as error:
            raise AssertionError(str(error)) from error

    def test_its_models_are_catalogue_entries(self) -> None:
        """Every entry has only keys of the catalogue, including those that a plan needs."""
        known_keys = KEYS.keys() | {"price", "variants"}
        for entry in _list_model_entries(self.make()):
            unknown = sorted(set(entry) - known_keys)
            assert not unknown, f"{entry.get('id')}: unknown catalogue keys: {unknown}"
            assert entry.get("id"), "an entry of `models` has no `id`"
        for model in self.models():
            if model.makes == "video":
                assert model.durations, f"{model.id}: no `durations`"
                assert model.resolutions, f"{model.id}: no `resolutions`"
                assert model.aspect_ratios, f"{model.id}: no `aspect_ratios`"
                assert model.default_duration in model.durations, (
                    f"{model.id}: `default_duration` is not one of its `durations`: "
                    f"{model.default_duration}"
                )

    def test_its_schema_is_one(self) -> None:
        """`settings` and `options` are JSON Schemas of objects."""
        from jsonschema import Draft7Validator

        schema: Mapping[str, Any] = getattr(self.make(), "schema", None) or {}
        unknown = sorted(set(schema) - {"settings", "options"})
        assert not unknown, f"`schema` has unknown parts: {unknown}"
        for part, part_schema in schema.items():
            Draft7Validator.check_schema(json.loads(json.dumps(part_schema, default=dict)))
            assert part_schema.get("type") == "object", (
                f"schema.{part} is not a schema of an object"
            )

    # what it does

    def test_jobs_bring_what_was_asked(self, tmp_path: Path) -> None:
        """Each kind of request gives playable media of the requested length and size.

        The first result is also extended, if the model supports it.
        """
        with open_watched_workspace(tmp_path) as workspace:
            requests = list(self.requests(tmp_path))
            extend = self.extends(requests[0])
            for number, request in enumerate(requests):
                before = _read_input_bytes(request)
                sample = self._run_with_timeout(self._submit_and_fetch(request, workspace.room()))
                check_sample(request, sample, workspace.scratch)
                assert _read_input_bytes(request) == before, (
                    f"the inputs of a {request.kind} were changed"
                )
                if extend is not None and not number:
                    requests.append(build_extension_request(request, sample, extend))

    def test_jobs_are_apart_and_outlive_the_object(self, tmp_path: Path) -> None:
        """Two simultaneous operations keep their results apart, and another object finds them by
        name.

        They can be polled and fetched repeatedly. A repeatable provider need not know the
        operations of another object: a run simply starts them again.
        """

        async def run_both(workspace: Bench, requests: Sequence[Request]) -> list[Sample]:
            first = second = self.make()
            workspaces = [workspace.room() for _ in requests]
            jobs = await asyncio.gather(*map(first.submit, requests, workspaces))
            names = [job.name for job in jobs]
            assert len(set(names)) == len(names), f"two submissions returned the same job: {names}"
            if not first.repeatable:
                await first.close()
                second = self.make()
            async with _open_provider(second):
                return [
                    await self._fetch_twice(second, job, job_workspace)
                    for job, job_workspace in reversed([*zip(jobs, workspaces, strict=True)])
                ][::-1]

        with open_watched_workspace(tmp_path) as workspace:
            first = self.requests(tmp_path)[0]
            requests = [first, replace(first, prompt=f"{first.prompt} It stops.")]
            samples = self._run_with_timeout(run_both(workspace, requests))
            assert len({sample.path for sample in samples}) == 2, "two results use the same file"
            for request, sample in zip(requests, samples, strict=True):
                check_sample(request, sample, workspace.scratch)

    def test_what_goes_wrong_can_be_read(self, tmp_path: Path) -> None:
        """Faults are StoryboardErrors or outcomes, never another exception, and show no key."""

        async def provoke_errors(workspace: Bench, requests: Sequence[Request]) -> None:
            async with _open_provider(self.make()) as provider:
                for request in requests:
                    await self._run_expecting_readable_error(
                        self._submit_and_wait(provider, request, workspace), "submit"
                    )
                unknown_operation = Operation("no-such-operation")
                outcome = await self._run_expecting_readable_error(
                    provider.poll(unknown_operation, workspace), "poll"
                )
                assert not isinstance(outcome, Done), (
                    "poll() reports a job as done that never existed"
                )
                await self._run_expecting_readable_error(
                    provider.fetch(Sample(uri="no-such-result"), workspace), "fetch"
                )

        with open_watched_workspace(tmp_path) as workspace:
            broken_picture = tmp_path / "broken.png"
            broken_picture.write_bytes(b"no picture")
            requests = [
                replace(
                    request, inputs=tuple(replace(i, path=broken_picture) for i in request.inputs)
                )
                for request in self.requests(tmp_path)
                if request.inputs
            ]
            self._run_with_timeout(provoke_errors(workspace, requests[:1]))

    def test_closing_twice_is_harmless(self) -> None:
        """With and without a preceding request."""

        async def close_twice() -> None:
            provider = self.make()
            await provider.close()
            await provider.close()

        self._run_with_timeout(close_twice())

    # how that is found out

    def _run_with_timeout(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run(asyncio.wait_for(coroutine, self.patience_s * 4))

    async def _submit_and_fetch(self, request: Request, workspace: Bench) -> Sample:
        async with _open_provider(self.make()) as provider:
            _, samples = await self._submit_and_wait(provider, request, workspace)
            sample = await provider.fetch(samples[0], workspace)
            self._check_shows_no_secret(sample)
            return sample

    async def _fetch_twice(
        self, provider: Provider, operation: Operation, workspace: Bench
    ) -> Sample:
        """The operation's result, polled and fetched a second time."""
        samples = operation.samples or await self._wait_until_done(
            provider, Operation(operation.name), workspace
        )
        await provider.fetch(samples[0], workspace)
        if not operation.samples:
            again = await provider.poll(Operation(operation.name), workspace)
            assert isinstance(again, Done), f"poll() reports a finished job as {again!r}"
            samples = again.samples
        return await provider.fetch(samples[0], workspace)

    async def _submit_and_wait(
        self, provider: Provider, request: Request, workspace: Bench
    ) -> tuple[Operation, tuple[Sample, ...]]:
        operation = await provider.submit(request, workspace)
        assert operation.name, "an operation has no name"
        self._check_shows_no_secret(operation)
        return operation, operation.samples or await self._wait_until_done(
            provider, operation, workspace
        )

    async def _wait_until_done(
        self, provider: Provider, operation: Operation, workspace: Bench
    ) -> tuple[Sample, ...]:
        for _ in range(max(1, round(self.patience_s / max(self.pause_s, 0.001)))):
            outcome: Outcome = await provider.poll(operation, workspace)
            self._check_shows_no_secret(outcome)
            if isinstance(outcome, (Failed, Filtered, Unusable)):
                raise StoryboardError(outcome.message)
            if isinstance(outcome, Done):
                assert outcome.samples, "a finished job has no result"
                return outcome.samples
            assert isinstance(outcome, Running), (
                f"poll() returned something that is not an outcome: {outcome!r}"
            )
            await asyncio.sleep(self.pause_s)
        raise AssertionError(f"{operation.name} is not finished after {self.patience_s} s")

    async def _run_expecting_readable_error(
        self, coroutine: Coroutine[Any, Any, _T], action_name: str
    ) -> _T | None:
        try:
            return await coroutine
        except StoryboardError as error:
            self._check_shows_no_secret(error)
            if not str(error):
                raise AssertionError(f"{action_name} raises an error without a message") from error
        except Exception as error:
            raise AssertionError(f"{action_name} raises {type(error).__name__}: {error}") from error
        return None

    def _check_shows_no_secret(self, value: object) -> None:
        text = f"{value!r} {value} {getattr(value, 'hint', '')}"
        shown_secrets = [secret for secret in self.secrets() if secret in text]
        assert not shown_secrets, f"a {type(value).__name__} contains a key"


@contextlib.asynccontextmanager
async def _open_provider(provider: Provider) -> AsyncIterator[Provider]:
    try:
        yield provider
    finally:
        await provider.close()


def _read_input_bytes(request: Request) -> list[bytes | None]:
    return [
        request_input.path.read_bytes() if request_input.path else None
        for request_input in request.inputs
    ]


def _list_model_entries(provider: Provider) -> Sequence[Mapping[str, Any]]:
    entries: Sequence[Mapping[str, Any]] = getattr(provider, "models", ())
    return entries
