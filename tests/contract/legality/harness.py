"""A desk at which the films of the proof are read, and what is found wrong with their reading."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Diagnostic, Severity
from storyboard.graph import compiler as compiling
from storyboard.graph.compiler import Graph
from storyboard.graph.steps import Step
from storyboard.model.film import Shot as Compiled
from storyboard.pipeline.session import CheckedFilm, Overrides, check_film
from storyboard.providers.base import Kind
from storyboard.providers.catalog import Catalog
from storyboard.providers.registry import load_full_catalog
from tests.contract.legality import reference_rules as naive
from tests.contract.legality.films import Route, Shot, Story
from tests.contract.legality.requests import capture_request, describe_source, read_requested_traits
from tests.contract.legality.verdicts import ClipTraits, Source, WireRequest, judge_request

LIMITS = frozenset(
    "SB410 SB411 SB412 SB413 SB414 SB415 SB416 SB417 SB418 SB419 SB421 SB422 SB428 SB429 SB430 "
    "SB431 SB432".split()
)
"""What a model or a platform can't do."""


@dataclass(frozen=True)
class ShotError:
    """An error about a shot."""

    code: str
    shot: str
    message: str


class RecordingNotices(DiagnosticCollector):
    """Remembers every error with its shot, also where two shots share one line of the text."""

    shot_errors: list[ShotError]

    def __init__(self) -> None:
        super().__init__()
        RecordingNotices.shot_errors = []

    def add(self, diagnostic: Diagnostic, shot: Compiled | None = None) -> None:
        if diagnostic.severity is Severity.ERROR:
            error = ShotError(diagnostic.code, shot.id if shot else "", diagnostic.message)
            self.shot_errors.append(error)
        super().add(diagnostic, shot)


@dataclass(frozen=True)
class CheckedStory:
    """A film that was checked."""

    story: Story
    examined: CheckedFilm
    catalog: Catalog
    shot_errors: tuple[ShotError, ...]
    folder: Path

    @property
    def graph(self) -> Graph:
        assert self.examined.graph is not None, self.story.text
        return self.examined.graph

    def build_wire_requests(self) -> Iterator[tuple[Step, WireRequest]]:
        """What a render would send for every step that passed."""
        for step in self.graph.steps.values():
            if step.kind in (Kind.GENERATE, Kind.INTERPOLATE, Kind.EXTEND):
                for samples in {1, step.samples}:
                    context = (self.story, self.graph, self.catalog, step, self.folder)
                    yield step, capture_request(*context, samples=samples)

    def find_wrong_passes(self) -> Iterator[str]:
        """Steps that passed and whose requests are turned down, or make something else."""
        for step, wire_request in self.build_wire_requests():
            if problem := judge_request(wire_request).find_mismatch(read_requested_traits(step)):
                yield f"{step.id} passes, and: {problem}"

    def find_limit_errors(self) -> Iterator[tuple[ShotError, Shot]]:
        """Refusals for what a model can't do, with the shot as it was told."""
        shots = {shot["id"]: shot for shot in self.story.shots}
        for error in self.shot_errors:
            if error.code in LIMITS:
                yield error, shots[error.shot]

    def build_literal_requests(self, shot: Shot) -> Iterator[tuple[WireRequest, ClipTraits]]:
        """What would be sent for a shot by somebody who reads it literally."""
        return naive.build_requests(self.story, shot, self.find_source(shot))

    def find_wrong_errors(self) -> Iterator[tuple[ShotError, Shot]]:
        """Refusals of what would have been made as asked."""
        return (
            (error, shot) for error, shot in self.find_limit_errors() if self._is_buildable(shot)
        )

    def _is_buildable(self, shot: Shot) -> bool:
        if "beats" in shot:
            length: float = shot["length"]
            return naive.find_longest_take_s(self.story, shot) >= length
        return any(
            not judge_request(wire_request).find_mismatch(requested)
            for wire_request, requested in self.build_literal_requests(shot)
        )

    def find_source(self, shot: Shot) -> Source | None:
        """What a shot runs on, by the plan."""
        material = self.graph.materials.get(shot.get("extend", ""))
        return describe_source(self.graph, self.catalog, material.last_step) if material else None


class StoryChecker:
    """Reads films in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._films = 0
        self._catalogs: dict[str, Catalog] = {}

    def find_catalog(self, route: Route) -> Catalog:
        name = f"{route.provider} {route.transport}"
        if name not in self._catalogs:
            chosen = {route.provider: route.transport} if route.transport else {}
            self._catalogs[name] = load_full_catalog([route.provider]).apply_interface_variants(
                chosen
            )
        return self._catalogs[name]

    def check_story(self, film: Story, **flags: bool) -> CheckedStory:
        self._films += 1  # a name of its own: to write over a file is far slower on some disks
        path = self.folder / f"film-{self._films}.yaml"
        path.write_text(film.text, "utf-8")
        RecordingNotices.shot_errors = []
        examined = check_film(path, Overrides(allow_retired=True, **flags))
        path.unlink()
        return CheckedStory(
            film,
            examined,
            self.find_catalog(film.route),
            tuple(RecordingNotices.shot_errors),
            self.folder,
        )

    @staticmethod
    def create(folder: Path, monkeypatch: pytest.MonkeyPatch) -> StoryChecker:
        """One whose adapters work at once, without an event loop, and whose errors are heard."""

        async def call_directly(function: Any, /, *arguments: Any, **named: Any) -> Any:
            return function(*arguments, **named)

        monkeypatch.setattr(asyncio, "to_thread", call_directly)
        monkeypatch.setattr(compiling, "DiagnosticCollector", RecordingNotices)
        return StoryChecker(folder)
