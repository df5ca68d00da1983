"""Small films made of values, for tests of what comes after the language."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from storyboard.errors import Span
from storyboard.graph.compiler import Graph, compile_film
from storyboard.model.film import Film, Footage, MediaFacts, Origin, Shot, ValueSource
from storyboard.timecode import Rate

RATE = Rate(Fraction(24))


def make_shot(id: str, **values: Any) -> Shot:
    """A shot whose given keys count as written on the shot itself, each on a line of its own."""
    written = {
        key: Origin(ValueSource.SHOT, value=Span("film.yaml", line, 5, line, 9))
        for line, key in enumerate(values, 2)
    }
    names = {"continues": "continue", "extends": "extend"}
    origins = {names.get(key, key): origin for key, origin in written.items()}
    origins[""] = Origin(ValueSource.SHOT, value=Span("film.yaml", 1, 1, 1, 9))
    if "prompt" not in values and not {"clip", "color", "card"} & set(values):
        values["prompt"] = f"The shot {id}"
    return Shot(id, origins=origins, **values)


def make_film(*shots: Shot, **values: Any) -> Film:
    return Film(path=Path("/films/film.yaml"), root=Path("/films"), shots=shots, **values)


def make_footage_facts(seconds: int = 10) -> MediaFacts:
    return MediaFacts(1280, 720, 24 * seconds, RATE, Fraction(seconds), True)


def compile_shots(*shots: Shot, **values: Any) -> Graph:
    film = make_film(*shots, **values)
    return compile_film(film, read_footage=lambda _: Footage(make_footage_facts()))


def list_codes(graph: Graph, severity: str = "error") -> list[str]:
    return [d.code for d in graph.diagnostics if d.severity == severity]
