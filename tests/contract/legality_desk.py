"""A desk at which the films of the proof are read, and what is found wrong with their reading."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import Span
from storyboard.film import Shot as Compiled
from storyboard.graph import compile as compiling
from storyboard.graph.compile import Graph
from storyboard.graph.notices import Notices
from storyboard.graph.steps import Step
from storyboard.production import Examined, Flags, examine
from storyboard.providers.base import Kind
from storyboard.providers.catalog import Catalog
from storyboard.providers.registry import full_catalog
from tests.contract import legality_naive as naive
from tests.contract.legality_films import Route, Shot, Story
from tests.contract.legality_judges import Made, Order, Source, verdict
from tests.contract.legality_wires import asked_by, order_of, source_of

LIMITS = frozenset(
    "SB410 SB411 SB412 SB413 SB414 SB415 SB416 SB417 SB418 SB419 SB421 SB422 SB428 SB429 SB430 "
    "SB431 SB432".split()
)
"""What a model or a platform can't do."""


@dataclass(frozen=True)
class Refusal:
    """An error about a shot."""

    code: str
    shot: str
    message: str


class Heard(Notices):
    """Remembers every error with its shot, also where two shots share one line of the text."""

    told: list[Refusal]

    def __init__(self) -> None:
        super().__init__()
        Heard.told = []

    def error(
        self, code: str, shot: Compiled | None, span: Span, message: str, hint: str = ""
    ) -> None:
        self.told.append(Refusal(code, shot.id if shot else "", message))
        super().error(code, shot, span, message, hint)


@dataclass(frozen=True)
class Read:
    """A film that was checked."""

    story: Story
    examined: Examined
    known: Catalog
    refusals: tuple[Refusal, ...]
    folder: Path

    @property
    def graph(self) -> Graph:
        assert self.examined.graph is not None, self.story.text
        return self.examined.graph

    def orders(self) -> Iterator[tuple[Step, Order]]:
        """What a render would send for every step that passed."""
        for step in self.graph.steps.values():
            if step.kind in (Kind.GENERATE, Kind.INTERPOLATE, Kind.EXTEND):
                for samples in {1, step.samples}:
                    about = (self.story, self.graph, self.known, step, self.folder)
                    yield step, order_of(*about, samples=samples)

    def unsound(self) -> Iterator[str]:
        """Steps that passed and whose requests are turned down, or make something else."""
        for step, order in self.orders():
            if why := verdict(order).against(asked_by(step)):
                yield f"{step.id} passes, and: {why}"

    def limited(self) -> Iterator[tuple[Refusal, Shot]]:
        """Refusals for what a model can't do, with the shot as it was told."""
        shots = {shot["id"]: shot for shot in self.story.shots}
        for refusal in self.refusals:
            if refusal.code in LIMITS:
                yield refusal, shots[refusal.shot]

    def attempts(self, shot: Shot) -> Iterator[tuple[Order, Made]]:
        """What would be sent for a shot by somebody who reads it literally."""
        return naive.attempts(self.story, shot, self.source(shot))

    def incomplete(self) -> Iterator[tuple[Refusal, Shot]]:
        """Refusals of what would have been made as asked."""
        return ((refusal, shot) for refusal, shot in self.limited() if self._works(shot))

    def _works(self, shot: Shot) -> bool:
        if "beats" in shot:
            length: float = shot["length"]
            return naive.reach(self.story, shot) >= length
        return any(not verdict(order).against(asked) for order, asked in self.attempts(shot))

    def source(self, shot: Shot) -> Source | None:
        """What a shot runs on, by the plan."""
        material = self.graph.materials.get(shot.get("extend", ""))
        return source_of(self.graph, self.known, material.last_step) if material else None


class Desk:
    """Reads films in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._films = 0
        self._known: dict[str, Catalog] = {}

    def known(self, route: Route) -> Catalog:
        name = f"{route.provider} {route.transport}"
        if name not in self._known:
            chosen = {route.provider: route.transport} if route.transport else {}
            self._known[name] = full_catalog([route.provider]).through(chosen)
        return self._known[name]

    def read(self, film: Story, **flags: bool) -> Read:
        self._films += 1  # a name of its own: to write over a file is far slower on some disks
        path = self.folder / f"film-{self._films}.yaml"
        path.write_text(film.text, "utf-8")
        Heard.told = []
        examined = examine(path, Flags(allow_retired=True, **flags))
        path.unlink()
        return Read(film, examined, self.known(film.route), tuple(Heard.told), self.folder)

    @staticmethod
    def prepared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
        """One whose adapters work at once, without an event loop, and whose errors are heard."""

        async def at_once(function: Any, /, *arguments: Any, **named: Any) -> Any:
            return function(*arguments, **named)

        monkeypatch.setattr(asyncio, "to_thread", at_once)
        monkeypatch.setattr(compiling, "Notices", Heard)
        return Desk(folder)
