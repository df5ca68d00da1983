"""No key is accepted and ignored: each changes what is made, cut or said, or is refused by name.

The keys come from the schemas, so a new one fails here until somebody says what it does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import MoneyRefused
from storyboard.language import to_storyboard_data
from storyboard.model.film import MediaFacts
from storyboard.pipeline.render import RenderOptions, check_budget_and_compute_cap
from storyboard.pipeline.session import CheckedFilm, FilmSession, check_film
from storyboard.run.lockfile import text_format
from storyboard.run.lockfile.entries import LockEntry
from storyboard.run.paths import locate_lock_file
from storyboard.stitching.cut_inputs import CutInputs, StepMedia
from storyboard.stitching.fingerprint import fingerprint_film
from tests.unit.key_films import (
    BY_RUNNING,
    CAST,
    ONE_REFUSED,
    SCHEMA,
    add_two_takes,
    create_key_folder,
    list_errors,
    read_key_film,
    tidy_key,
    walk_keys,
)

ROOT = Path(__file__).parent.parent.parent

# what the plan can't show -----------------------------------------------------------------------

FOR_PEOPLE = {
    "note": "words for whoever works on the film; `show` prints them, nothing is made of them",
    "continuity": "what people must keep the same; `show` prints it, nothing is made of it",
}
NAMES = {
    "sequence.sequence": "the name by which commands choose its shots, `seq:Q`",
    "film.markers": "names of points, for people and for the points that use them",
}
BY_DEFINITION = {
    "providers.vertex": "its keys stand below",
    "providers.gemini": "has no keys",
    "providers.previz": "has no keys",
    "providers.cometapi": "its keys stand below",
    "sequence.shots": "the shots, each tried as one",
}
SAID = {"film.length", "profile.length", "shot.line", "sequence.line"}
"""A wish, whose whole effect is what `check` and `plan` say."""


KEYS = sorted(
    {
        tidy_key(key)
        for name, definition in SCHEMA["definitions"].items()
        for key, _ in walk_keys(definition, name)
    }
)


def effect(examined: CheckedFilm, takes: bool = False) -> str:
    """All that a film makes: steps and what they send, the cut and its fingerprint, the money."""
    production = FilmSession(examined)
    if takes:
        add_two_takes(production)
    plan = production.plan()
    steps = [node.step for node in plan.nodes]
    media = {
        step.id: StepMedia(Path(step.id), step.id, MediaFacts(frames=step.buys_frames), 0)
        for step in steps
    }
    try:
        money = str(check_budget_and_compute_cap(production, plan, RenderOptions()))
    except MoneyRefused as error:
        money = str(error)
    nodes = [(node.digest, node.select and node.select.name, node.ordinals) for node in plan.nodes]
    cut = fingerprint_film(CutInputs(production.film, plan.timeline, media))
    return re.sub(r"Span\([^)]*\)", "", repr((steps, nodes, plan.timeline, cut, money)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create_key_folder(tmp_path_factory.mktemp("keys"))


TRIED = [key for key in KEYS if key not in BY_RUNNING and key not in BY_DEFINITION]


@pytest.mark.parametrize("key", TRIED)
def test_a_key_has_an_effect_or_is_refused_by_name(folder: Path, key: str) -> None:
    name = key.rsplit(".", 1)[1]
    one, other = read_key_film(folder, key, 1), None
    first = None if list_errors(one) else effect(one, takes=name == "lock")
    before = [d.message for d in one.diagnostics]
    shown = to_storyboard_data(one.film) if one.film and not list_errors(one) else None
    wrong = list_errors(one)
    other = read_key_film(folder, key, 2)
    if wrong and list_errors(other):
        told = [d for d in (*one.diagnostics, *other.diagnostics) if f"`{name}" in d.message]
        assert told or name == "providers", (wrong, list_errors(other))
        return
    if key in ONE_REFUSED and (wrong or list_errors(other)):
        return
    assert not wrong, wrong
    assert not list_errors(other), list_errors(other)
    if name in FOR_PEOPLE:
        assert effect(other) == first, "it is for people"
        assert other.film
        assert to_storyboard_data(other.film) != shown
    elif key in SAID:
        assert [d.message for d in other.diagnostics] != before
    elif key in NAMES:
        assert other.film
        assert to_storyboard_data(other.film) != shown
    elif effect(other, takes=name == "lock") == first:
        said = [d.message for d in other.diagnostics if d.code == "SB216"]
        assert any(f"`{name}`" in each for each in said), "it is accepted and does nothing"


@pytest.mark.parametrize("key", BY_RUNNING)
def test_what_only_a_run_shows_has_a_test_that_runs(key: str) -> None:
    assert key in KEYS, "the schema has no such key any more"
    assert key.rsplit(".", 1)[1] in (ROOT / BY_RUNNING[key]).read_text("utf-8")


def test_every_exception_is_still_a_key() -> None:
    assert not {*BY_DEFINITION, *ONE_REFUSED, *SAID, *NAMES} - {*KEYS}
    assert not {f"shot.{name}" for name in FOR_PEOPLE} - {*KEYS}


# the lock file ------------------------------------------------------------------------------------

LOCK = json.loads((ROOT / "schemas" / "selects.schema.json").read_text("utf-8"))
OF_A_STEP: dict[str, tuple[Any, Any]] = {
    "shot": ("A", "Z"),
    "step": ("A", "Z"),
    "provider": ("previz", "studio"),
    "model": ("one", "two"),
    "parts": ({"prompt": "1"}, {"prompt": "2"}),
    "pick": (0, 1),
    "rejected": (0, 1),
}
"""Of `pick` and `rejected`, which of the two takes."""
OF_A_TAKE: dict[str, tuple[Any, Any]] = {
    "ordinal": (3, 4),
    "sha256": ("1" * 64, "2" * 64),
    "seed": (1, 2),
    "price_usd": (1.0, 2.0),
    "operation": ("jobs/1", "jobs/2"),
    "frames": (96, 95),
    "rate": ("24", "25"),
    "source_frames": (1, 2),
    "contains_source": (True, False),
    "created": ("2026-11-23T04:29:11Z", "2026-11-24T04:29:11Z"),
    "trim": ({"start": "12f"}, {"start": "24f"}),
    "trim.start": ({"start": "12f"}, {"start": "24f"}),
    "trim.end": ({"end": "12f"}, {"end": "24f"}),
    "note": ("good", "bad"),
}
OF_THE_FILE = {"format": "another one is refused", "takes": "holds the others"}


def keys_of_lock() -> Iterator[str]:
    yield from LOCK["properties"]
    for pattern, part in LOCK["properties"]["takes"]["patternProperties"].items():
        name = pattern.rpartition("/")[2].removesuffix("$")
        if name in OF_A_STEP:
            yield name
        for key, value in part.get("properties", {}).items():
            yield key
            yield from (f"{key}.{end}" for end in value.get("properties", {}) if key == "trim")


def locked(folder: Path, change: Callable[[LockEntry], None]) -> str:
    """What the film and `find_takes` make of a lock file in which the step's entry was changed."""
    film = folder / "locked.yaml"
    film.write_text(f"storyboard: 1\n{CAST}\nshots:\n  - {{id: A, prompt: a, duration: 4}}\n")
    lock = locate_lock_file(film)
    lock.unlink(missing_ok=True)
    production = FilmSession(check_film(film))
    add_two_takes(production)
    ((digest, entry),) = production.selects.entries.items()
    change(entry)
    lock.write_text(text_format.format_lock_file({digest: entry}))
    production = FilmSession(check_film(film))
    (node,) = production.plan().nodes
    selects = production.selects
    made = [
        (take, selects.find_note(digest, take.sha256, take.name))
        for take in selects.find_takes(digest)
    ]
    known = (
        selects.list_prices_micros(),
        selects.find_parts(digest),
        selects.find_first_take_dates("A", "previz"),
    )
    return repr((node.select, production.graph.timeline, made, known))


def test_every_key_of_the_lock_file_is_tried() -> None:
    assert {*keys_of_lock()} == {*OF_A_STEP, *OF_A_TAKE, *OF_THE_FILE}


@pytest.mark.parametrize("key", OF_A_STEP)
def test_what_the_lock_file_says_of_a_step_counts(folder: Path, key: str) -> None:
    one, other = (locked(folder, partial(say, key, value)) for value in OF_A_STEP[key])
    assert one != other


@pytest.mark.parametrize("key", OF_A_TAKE)
def test_what_the_lock_file_says_of_a_take_counts(folder: Path, key: str) -> None:
    one, other = (
        locked(folder, partial(put, key.partition(".")[0], value)) for value in OF_A_TAKE[key]
    )
    assert one != other


def say(key: str, value: Any, entry: LockEntry) -> None:
    if key == "pick":
        entry.pick = entry.list_keys()[value]
    elif key == "rejected":
        entry.rejected = {entry.list_keys()[value]}
    else:
        setattr(entry, key, value)


def put(key: str, value: Any, entry: LockEntry) -> None:
    first = entry.list_keys()[0]
    row = entry.takes.pop(first) | {key: value}
    entry.takes[row["sha256"]] = row
