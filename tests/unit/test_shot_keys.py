"""The table of shot keys tells the truth: a change moves what the table says, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from storyboard.language.schema.definitions import load_schema
from storyboard.model.film import MediaFacts
from storyboard.model.shot_keys import SHOT_KEYS, Affects, Place
from storyboard.pipeline.plan_snapshot import build_snapshot
from storyboard.pipeline.session import FilmSession
from storyboard.providers.catalog import load_catalog
from storyboard.stitching.cut_inputs import CutInputs, StepMedia
from storyboard.stitching.fingerprint import fingerprint_film
from tests.unit import key_films
from tests.unit.key_films import (
    BY_RUNNING,
    ONE_REFUSED,
    add_two_takes,
    create_key_folder,
    list_errors,
    read_key_film,
    tidy_key,
    walk_keys,
)

ON_THE_WIRE = {"negative_prompt": "prompt: a, provider: vertex"}
"""Shots of a paid provider, for what previz doesn't read."""
SECOND_FLIPS = {
    "length": ("prompt: a", "length: <<2||7>>"),
    "model": ("prompt: a, provider: cometapi", "model: <<veo-3.1||veo-3.1-fast>>"),
    "duration": ("prompt: a, length: 2", "duration: <<4||6>>"),
}
"""Another change of a key, where one alone doesn't move all that it can."""


class Measured(NamedTuple):
    takes: dict[str, str]
    """Digests of what is made for the shot, by step."""
    fingerprint: str
    """Of the film that plays the same takes."""
    snapshot: dict[str, Any]
    """What a saved plan is held to."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create_key_folder(tmp_path_factory.mktemp("flips"))


def measure(
    folder: Path, key: str, which: int, shots: Collection[str] = ("S", "T")
) -> Measured | None:
    """What the film of a key comes to with one of its values; None where it is refused.

    Takes are those of `shots`, of all without any.
    """
    checked = read_key_film(folder, key, which)
    if list_errors(checked):
        return None
    session = FilmSession(checked)
    add_two_takes(session)
    plan = session.plan()
    media = {}
    takes = {}
    for index, node in enumerate(plan.nodes):
        is_made = node.step.provider not in ("effects", "import")
        content = f"take {index}" if is_made else str(node.digest)
        media[node.step.id] = StepMedia(
            Path(node.step.id), content, MediaFacts(frames=node.step.buys_frames), 0
        )
        if is_made and (node.step.shot in shots or not shots):
            takes[node.step.id.replace("T", "S")] = node.digest
    fingerprint = fingerprint_film(CutInputs(session.film, plan.timeline, media))
    return Measured(takes, fingerprint, build_snapshot(session, plan))


def find_moved(one: Measured, other: Measured) -> Affects:
    moved = Affects.NOTHING
    both = one.takes.keys() & other.takes.keys()
    if any(one.takes[step] != other.takes[step] for step in both):
        moved |= Affects.TAKE
    if one.fingerprint != other.fingerprint:
        moved |= Affects.CUT
    if not moved and one.snapshot != other.snapshot:
        moved |= Affects.PLAN
    return moved


@pytest.fixture
def longer_takes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue in which one model of CometAPI makes takes of another usual length."""
    catalog_file = folder / "catalog.yaml"
    catalog_file.write_text(
        "models: [{provider: cometapi, id: veo3.1-fast, default_duration: 8}]\n"
    )
    monkeypatch.setenv("STORYBOARD_CATALOG", str(catalog_file))
    load_catalog.cache_clear()
    yield
    load_catalog.cache_clear()


@pytest.mark.usefixtures("longer_takes")
@pytest.mark.parametrize("name", SHOT_KEYS)
def test_a_change_moves_what_the_table_says(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SHOT_KEYS[name]
    owner = "shot" if Place.SHOT in key.stands else "defaults"
    flips = [
        {**key_films.SHOT, **key_films.CHANGED}[name]
        if owner == "defaults"
        else key_films.SHOT[name]
    ]
    if name in ON_THE_WIRE:
        flips = [(ON_THE_WIRE[name], flips[0][1])]
    flips += [SECOND_FLIPS[name]] if name in SECOND_FLIPS else []
    moved = Affects.NOTHING
    for flip in flips:
        monkeypatch.setitem(key_films.SHOT, name, flip)
        one, other = measure(folder, f"{owner}.{name}", 1), measure(folder, f"{owner}.{name}", 2)
        if one is None or other is None:
            assert one is other, "one of the two values is refused"
            return
        if one.takes != other.takes or one.fingerprint != other.fingerprint:
            assert one.snapshot != other.snapshot, "a saved plan would run although it is stale"
        moved |= find_moved(one, other)
    declared = key.affects
    if declared & (Affects.TAKE | Affects.CUT):
        declared &= Affects.TAKE | Affects.CUT
    assert moved == declared


def list_declared() -> Iterator[tuple[str, frozenset[str]]]:
    """The keys of headers and of mappings inside values, with what each is said to move."""
    for name, definition in load_schema()["definitions"].items():
        if name not in ("shot", "sequence", "defaults"):
            for key, node in walk_keys(definition, name):
                if "x-affects" in node:
                    yield tidy_key(key), frozenset(node["x-affects"])


MAPPINGS = {"film.defaults", "film.cast", "film.sound"}
"""What they move is what the keys in them move."""
DECLARED = {key: moves for key, moves in list_declared() if key not in BY_RUNNING}


@pytest.mark.parametrize("key", DECLARED)
def test_a_key_of_the_header_moves_what_the_schema_says(folder: Path, key: str) -> None:
    """At the most: what a mapping may move depends on its keys, of which one is tried here."""
    one, other = measure(folder, key, 1, ()), measure(folder, key, 2, ())
    if one is None or other is None:
        assert key in ONE_REFUSED
        return
    moved = {str(affected.name).lower() for affected in find_moved(one, other)} - {"plan"}
    assert moved == DECLARED[key] or (moved < DECLARED[key] and key in MAPPINGS)
