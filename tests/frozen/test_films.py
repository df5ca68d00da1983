"""Five hundred films and every example are read, planned and asked for as they were when frozen.

A rename that changes a digest would buy every film again; one that changes a request would buy
something else. `python -m tests.frozen 12` shows the records of film 12, to compare two checkouts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.frozen import records
from tests.frozen.films import FILMS

EACH = 50
READ = FILMS if os.environ.get("FROZEN") == "all" else 3 * EACH
"""`make frozen` reads them all."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    with records.desk(tmp_path) as folder:
        yield folder


@pytest.mark.parametrize("first", range(0, READ, EACH))
def test_films_are_what_they_were(desk: Path, first: int) -> None:
    frozen = records.lines()
    moved = []
    for number in range(first, first + EACH):
        found = json.loads(records.line(number, records.of_film(number, desk)))
        was = json.loads(frozen[number])
        kinds = [kind for kind in {**was, **found} if was.get(kind) != found.get(kind)]
        if kinds:
            moved.append(f"film {number}: {', '.join(kinds)}")
    assert not moved


@pytest.mark.parametrize("number", records.WHOLE)
def test_some_films_are_kept_word_for_word(desk: Path, number: int) -> None:
    frozen = (records.DATA / "films" / f"{number:03}.json").read_text("utf-8")
    assert records.whole(records.of_film(number, desk)) == frozen


@pytest.mark.parametrize("name", records.EXAMPLES)
def test_examples_are_what_they_were(desk: Path, name: str) -> None:
    frozen = (records.DATA / "examples" / f"{name}.json").read_text("utf-8")
    assert records.whole(records.of_example(name, desk)) == frozen
