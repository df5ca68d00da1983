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
def film_folder(tmp_path: Path) -> Iterator[Path]:
    with records.open_film_folder(tmp_path) as folder:
        yield folder


@pytest.mark.parametrize("first", range(0, READ, EACH))
def test_films_are_what_they_were(film_folder: Path, first: int) -> None:
    frozen = records.read_lines()
    changed = []
    for number in range(first, first + EACH):
        current = json.loads(records.make_line(number, records.record_film(number, film_folder)))
        was = json.loads(frozen[number])
        kinds = [kind for kind in {**was, **current} if was.get(kind) != current.get(kind)]
        if kinds:
            changed.append(f"film {number}: {', '.join(kinds)}")
    assert not changed


@pytest.mark.parametrize("number", records.WHOLE)
def test_some_films_are_kept_word_for_word(film_folder: Path, number: int) -> None:
    frozen = (records.DATA / "films" / f"{number:03}.json").read_text("utf-8")
    assert records.to_json_text(records.record_film(number, film_folder)) == frozen


@pytest.mark.parametrize("name", records.EXAMPLES)
def test_examples_are_what_they_were(film_folder: Path, name: str) -> None:
    frozen = (records.DATA / "examples" / f"{name}.json").read_text("utf-8")
    assert records.to_json_text(records.record_example(name, film_folder)) == frozen
