"""The published contract finds what is wrong with a provider, and lets a sound one pass."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from storyboard.errors import ProviderError
from storyboard.providers.base import (
    WIRE_READS,
    Done,
    Failed,
    Operation,
    Outcome,
    Provider,
    Request,
    Sample,
    Workplace,
)
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.testing import ProviderContract

KEY = "sk-contract-77aa01"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of 720p, as a job would bring it."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    run_ffmpeg(
        ["-f", "lavfi", "-i", "color=s=1280x720:r=24:d=1", "-preset", "ultrafast", str(path)]
    )
    return path


class CorrectProvider:
    """A provider that does as it should, with a clip made before."""

    name = "sound"
    repeatable = False
    reads = WIRE_READS
    revision = ""
    models: ClassVar[Any] = (
        {
            "id": "sound-1",
            "durations": [1],
            "default_duration": 1,
            "resolutions": ["720p"],
            "aspect_ratios": ["16:9"],
            "first_frame": True,
        },
    )
    schema: ClassVar[Mapping[str, Any]] = {"options": {"type": "object"}}
    clip: ClassVar[Path]
    jobs: ClassVar[dict[str, str]] = {}

    async def submit(self, request: Request, place: Workplace) -> Operation:
        for given in request.inputs:
            if given.path is None or not given.path.read_bytes().startswith(b"\x89PNG"):
                raise ProviderError("no picture")
        name = f"job-{len(self.jobs)}"
        self.jobs[name] = request.prompt
        return Operation(name)

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        if operation.name not in self.jobs:
            return Failed("no such job")
        return Done((Sample(uri=operation.name),))

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        if sample.uri not in self.jobs:
            raise ProviderError("no such result")
        out = place.scratch / f"{sample.uri}.mp4"
        shutil.copy(self.clip, out)
        return Sample(path=out, uri=sample.uri)

    async def close(self) -> None:
        pass


async def _leak_key(self: Any, sample: Sample, place: Workplace) -> Sample:
    raise ProviderError(f"the key {KEY} is refused")


async def _raise_key_error(self: Any, operation: Operation, place: Workplace) -> Outcome:
    raise KeyError(operation.name)


async def _accept_unknown_operation(self: Any, operation: Operation, place: Workplace) -> Outcome:
    return Done((Sample(uri=operation.name),))


async def _reuse_one_name(self: Any, request: Request, place: Workplace) -> Operation:
    self.jobs["job"] = request.prompt
    return Operation("job")


async def _leave_stray_file(self: Any, sample: Sample, place: Workplace) -> Sample:
    Path("left.txt").write_text("here")
    return await CorrectProvider.fetch(self, sample, place)


async def _return_outside_file(self: Any, sample: Sample, place: Workplace) -> Sample:
    return Sample(path=self.clip)


async def _overwrite_inputs(self: Any, request: Request, place: Workplace) -> Operation:
    for given in request.inputs:
        assert given.path is not None
        given.path.write_bytes(b"\x89PNG mine now")
    return await CorrectProvider.submit(self, request, place)


async def _forget_operation(self: Any, operation: Operation, place: Workplace) -> Outcome:
    return Failed("who was that?")


MODEL = CorrectProvider.models[0]
JOBS = "test_jobs_bring_what_was_asked"
APART_TEST = "test_jobs_are_apart_and_outlive_the_object"
WRONG = "test_what_goes_wrong_can_be_read"
MODELS = "test_its_models_are_catalogue_entries"
FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("test_it_says_what_it_is", "reads", {"reads": frozenset({"prompt", "settings.colour"})}),
    ("test_it_says_what_it_is", "name", {"name": ""}),
    (MODELS, "unknown catalogue keys", {"models": ({**MODEL, "colour": True},)}),
    (MODELS, "default_duration", {"models": ({**MODEL, "default_duration": 3},)}),
    ("test_its_schema_is_one", "unknown parts", {"schema": {"option": {"type": "object"}}}),
    ("test_its_schema_is_one", "is not valid", {"schema": {"options": {"type": 7}}}),
    (JOBS, "not 0 and 48 new ones", {"models": ({**MODEL, "durations": [2]},)}),
    (JOBS, "not 1920x1080", {"models": ({**MODEL, "resolutions": ["1080p"]},)}),
    (JOBS, "not in scratch", {"fetch": _return_outside_file}),
    (JOBS, "written outside", {"fetch": _leave_stray_file}),
    (JOBS, "inputs of a generate were changed", {"submit": _overwrite_inputs}),
    (APART_TEST, "returned the same job", {"submit": _reuse_one_name}),
    (APART_TEST, "who was that", {"poll": _forget_operation}),
    (WRONG, "contains a key", {"fetch": _leak_key}),
    (WRONG, "poll raises KeyError", {"poll": _raise_key_error}),
    (WRONG, "as done that never existed", {"poll": _accept_unknown_operation}),
]


def run_contract_test(test: str, folder: Path, provider: type[Any]) -> None:
    class ContractOfProvider(ProviderContract):
        def make(self) -> Provider:
            made: Provider = provider()
            return made

    check: Callable[..., None] = getattr(ContractOfProvider(), test)
    needs_folder = "tmp_path" in check.__code__.co_varnames  # type: ignore[attr-defined]
    check(folder) if needs_folder else check()


@pytest.fixture
def _kept(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACT_KEY", KEY)
    monkeypatch.setattr(CorrectProvider, "clip", clip, raising=False)
    monkeypatch.setattr(CorrectProvider, "jobs", {})


@pytest.mark.usefixtures("_kept")
@pytest.mark.parametrize("test", [n for n in dir(ProviderContract) if n.startswith("test_")])
def test_a_correct_provider_passes(tmp_path: Path, test: str) -> None:
    run_contract_test(test, tmp_path, CorrectProvider)


@pytest.mark.usefixtures("_kept")
@pytest.mark.parametrize(("test", "words", "fault"), FAULTS, ids=[words for _, words, _ in FAULTS])
def test_a_fault_is_found(tmp_path: Path, test: str, words: str, fault: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=words):
        run_contract_test(test, tmp_path, type("Faulty", (CorrectProvider,), fault))
