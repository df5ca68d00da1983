"""Everything that the frozen records need to know of the product's inside, in one place.

What can be asked of the command line is asked there. The rest (identities of steps whose inputs
are not made yet, requests as they leave, the fingerprint of a film that is not cut) goes through
the few names that this module imports: a rename touches this file and no record.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import storyboard
from storyboard.cli.app import run_command_line
from storyboard.digest import hash_file
from storyboard.errors import StoryboardError
from storyboard.graph.compiler import Graph
from storyboard.graph.step_identity import build_request, compute_identity
from storyboard.graph.steps import Link, Step
from storyboard.model.film import MediaFacts
from storyboard.providers import registry
from storyboard.providers.base import Input, Kind, Role
from storyboard.run import events
from storyboard.stitching.cut_inputs import CutInputs, GeneratedSounds, StepMedia
from storyboard.stitching.fingerprint import fingerprint_film
from tests.frozen import wires

PAID_KINDS = frozenset(
    {Kind.GENERATE, Kind.INTERPOLATE, Kind.EXTEND, Kind.STILL, Kind.WRITE, Kind.SPEECH}
)
"""Steps that a service is asked for."""

_VALUE_FLAGS = {"--profile": "profile", "--provider": "provider", "--model": "model"}
_SWITCH_FLAGS = {"--previz": "previz", "--proxy": "proxy", "--allow-retired": "allow_retired"}


@dataclass(frozen=True)
class CommandResult:
    """What one command line answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Of a render, the records that came before the film's path."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]


def run_cli(*arguments: object) -> CommandResult:
    """One command line in this process, in the current folder."""
    thresholds = gc.get_threshold()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command_line([str(argument) for argument in arguments])
    gc.set_threshold(*thresholds)
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return CommandResult(code, out.getvalue(), err.getvalue())


def compile_with_flags(film: Path, flags: Sequence[str]) -> Graph:
    """The steps of a valid film, with its flags as the command line has them."""
    overrides: dict[str, Any] = {}
    words = iter(flags)
    for word in words:
        if word in _SWITCH_FLAGS:
            overrides[_SWITCH_FLAGS[word]] = True
        else:
            overrides[_VALUE_FLAGS[word]] = next(words)
    return storyboard.compile_film(film, **overrides)


def describe_steps(graph: Graph) -> dict[str, Any]:
    """By step, what it is and its digests, with inputs whose content is fixed."""
    return {step.id: _describe_step(step) for step in graph.steps.values()}


def _describe_step(step: Step) -> dict[str, Any]:
    inputs = [Input(link.role, _choose_content(n, link)) for n, link in enumerate(step.links)]
    digests = {}
    for provider in dict.fromkeys((step.provider, "previz")):
        traits = registry.read_provider_traits(provider)
        step_digest = compute_identity(step, inputs, traits.reads, traits.revision)
        digests[provider] = {"digest": step_digest.digest, "parts": dict(step_digest.parts)}
    return {
        "kind": step.kind.value,
        "model": step.model,
        "prompt": step.prompt,
        "takes": step.takes,
        "samples": step.samples,
        "second_seed": build_request(step, inputs, ordinal=2).settings.seed,
        "inputs": [
            [link.role.value, link.file.name if link.file else link.step] for link in step.links
        ],
        "identities": digests,
    }


def _choose_content(number: int, link: Link) -> str:
    return hash_file(link.file.path) if link.file else f"{number % 16:x}" * 64


def compute_fingerprint(graph: Graph) -> str:
    """The fingerprint of the finished film, with takes whose content is fixed."""
    media = {
        step.id: StepMedia(Path("take.mp4"), f"{n % 16:x}" * 64, _choose_facts(step), n % 3)
        for n, step in enumerate(graph.steps.values())
        if step.kind not in (Kind.STILL, Kind.WRITE)
    }
    sounds = GeneratedSounds(revision="1")
    return fingerprint_film(CutInputs(graph.film, graph.timeline, media, sounds))


def _choose_facts(step: Step) -> MediaFacts:
    if step.kind is Kind.SPEECH:
        return MediaFacts(seconds=Fraction(2), has_audio=True)
    return MediaFacts(width=1280, height=720, frames=240, seconds=Fraction(10))


def capture_requests(graph: Graph, folder: Path) -> dict[str, Any]:
    """By step that is bought, every HTTP request up to the one that submits it."""
    requests_by_step = {}
    adapters: dict[str, Any] = {}
    for step in graph.steps.values():
        if step.kind not in PAID_KINDS or step.provider == "previz":
            continue
        if step.provider not in adapters:
            adapter_class: Callable[[Mapping[str, Any]], Any] = registry.load_adapter_class(
                step.provider
            )
            adapters[step.provider] = adapter_class(graph.film.providers.get(step.provider, {}))
        requests_by_step[step.id] = _capture_submission(
            adapters[step.provider], step, graph, folder
        )
    return requests_by_step


def _capture_submission(adapter: Any, step: Step, graph: Graph, folder: Path) -> Any:
    settings = graph.film.providers.get(step.provider, {})
    provider_request = build_request(
        step,
        [_make_input(link, step, settings, folder) for link in step.links],
        ordinal=1,
        samples=step.samples,
        tag="t1",
    )
    with wires.capture_requests() as http_requests:
        try:
            asyncio.run(adapter.submit(provider_request, _InlineWorkspace(folder)))
        except StoryboardError as error:
            return {"refused": error.exit_code, "requests": http_requests}
        except wires.Submitted:
            return http_requests
    raise AssertionError(f"{step.id} was submitted without a POST")


def _make_input(link: Link, step: Step, settings: Mapping[str, Any], folder: Path) -> Input:
    if link.file is not None:
        return Input(link.role, "f" * 64, path=link.file.path, name=link.cast)
    if link.role is Role.TEXT:
        return Input(link.role, "c" * 64, path=folder / "words.txt")
    if link.role is not Role.VIDEO:
        return Input(link.role, "a" * 64, path=folder / "ana.png", name=link.cast)
    omni = "omni" in step.model
    uri = {
        "cometapi": "https://example.test/clip.mp4",
        "gemini": "interactions/v1_abc" if omni else wires.FILE,
        "vertex": f"{settings['storage_uri']}/1/sample_0.mp4"
        if "storage_uri" in settings
        else "interactions/v1_abc"
        if omni
        else "",
    }[step.provider]
    return Input(link.role, "b" * 64, path=folder / "foot.mp4", uri=uri)


@dataclass(frozen=True)
class _InlineWorkspace:
    """Where an adapter works."""

    scratch: Path

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        return function(*arguments)


def list_event_records() -> list[dict[str, Any]]:
    """A record of every type of event, bare and with all that it can tell."""
    step_fields: dict[str, Any] = {"step": "SH010.2", "shot": "SH010", "time": 0.0}
    every_event: list[events.Event] = [
        events.PlanMade(time=0.0, run="r"),
        events.PlanMade(
            time=0.0, run="r", create=1, redo=2, keep=3, imports=4, blocked=5, cost_usd=6.5
        ),
        events.StepStarted(time=0.0, step="SH010"),
        events.StepStarted(
            **step_fields, kind="extend", provider="p", model="m", digest="d", take="t01"
        ),
        events.OperationStarted(time=0.0, step="SH010", operation="o"),
        events.OperationStarted(
            **step_fields, operation="o", provider="p", take="t01", resumed=True
        ),
        events.OperationProgress(time=0.0, step="SH010", operation="o"),
        events.OperationProgress(**step_fields, operation="o", elapsed_s=1.5, message="m"),
        events.TakeAdded(time=0.0, step="SH010", take="t01", sha256="s"),
        events.TakeAdded(
            **step_fields, take="t01", sha256="s", digest="d", cost_usd=1.6, frames=96
        ),
        events.StepFinished(time=0.0, step="SH010", status="kept"),
        events.StepFinished(**step_fields, status="made", take="t01", elapsed_s=1.5),
        events.StepFailed(time=0.0, step="SH010", message=""),
        events.StepFailed(**step_fields, message="m", hint="h", exit_code=7, trace="t"),
        events.StepBlocked(time=0.0, step="SH010", message="m"),
        events.StepBlocked(**step_fields, message="m", by=("SH010.1", "SH020")),
        events.StitchProgress(time=0.0, frames=1, of_frames=2),
        events.StitchProgress(time=0.0, frames=1, of_frames=2, message="m"),
        events.FilmWritten(time=0.0, path="p"),
        events.FilmWritten(time=0.0, path="p", frames=1, seconds=2.5, size=3),
        events.Note(time=0.0, message=""),
        events.Note(**step_fields, message="m"),
        events.Summary(time=0.0, run="r"),
        events.Summary(
            time=0.0,
            run="r",
            **dict.fromkeys(("made", "kept", "failed", "blocked", "unknown", "exit_code"), 1),
            interrupted=True,
            cost_usd=2.5,
        ),
        events.ErrorEvent(time=0.0, error={"message": "m", "hint": "h", "exit_code": 4}),
        events.ErrorEvent(time=0.0, diagnostics=({"code": "SB101"},)),
    ]
    assert {type(each) for each in every_event} == set(events.EVENT_TYPES)
    return [each.to_record() for each in every_event]
