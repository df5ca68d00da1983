"""The lock file: what people and renders write, kept by both, and said clearly when broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.errors import EnvironmentProblem, UsageError
from storyboard.film import MediaFacts, Take, Trim
from storyboard.run import locktext
from storyboard.run.locktext import Entry
from storyboard.run.lockyaml import read_edited
from storyboard.run.selects import Selects
from storyboard.run.shelf import FilmShelf
from storyboard.run.store import Store
from storyboard.timecode import Rate

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "selects.schema.json").read_text())
DIGEST = "ab" * 32


def take(ordinal: int = 1, *, digest: str = DIGEST, content: str = "c", price: int = 0) -> Take:
    return Take(
        digest=digest,
        ordinal=ordinal,
        sha256=content * 64,
        provider="vertex",
        model="veo-3.1",
        facts=MediaFacts(1280, 720, 192, Rate.parse(24), Rate.parse(24).seconds(192), True),
        seed=1947,
        price_micros=price,
        operation="operations/7",
        created_at=1_795_400_000.25 + ordinal,
        shot="SH010",
    )


@pytest.fixture
def selects(tmp_path: Path) -> Selects:
    return Selects(tmp_path / "letter.selects.yaml")


def test_what_was_entered_is_read_again_with_price_and_facts(selects: Selects) -> None:
    selects.add(take(price=3_200_000), step="SH010", parts={"prompt": "12ab"})
    assert selects.save()
    (read,) = Selects(selects.path).takes(DIGEST)
    assert read.price_micros == 3_200_000
    assert read.facts.frames == 192
    assert (read.seed, read.operation, read.shot) == (1947, "operations/7", "SH010")
    assert Selects(selects.path).paid() == {(DIGEST, 1): 3_200_000}
    assert Selects(selects.path).parts(DIGEST) == {"prompt": "12ab"}


def test_the_file_is_plain_yaml_that_follows_its_schema(selects: Selects) -> None:
    selects.add(take(1, price=3_200_000), step="SH010", parts={"prompt": "12ab"})
    selects.add(take(2), step="SH010", parts={})
    selects.set_pick(DIGEST, 2)
    selects.set_rejected(DIGEST, 1)
    selects.set_trim(DIGEST, 2, Trim(12, -5))
    selects.set_note(DIGEST, 2, 'the "good" eyes: yes')
    selects.save()
    jsonschema.validate(yaml.load(selects.path.read_text(), Loader=yaml.BaseLoader), _texts(SCHEMA))


def test_nothing_new_leaves_the_file_untouched(selects: Selects) -> None:
    selects.add(take(), step="SH010", parts={})
    selects.save()
    before = selects.path.stat().st_mtime_ns
    again = Selects(selects.path)
    assert again.add(take(), step="SH010", parts={})
    assert not again.save()
    assert selects.path.stat().st_mtime_ns == before


def test_one_more_take_is_one_more_line(selects: Selects) -> None:
    for n in range(5):
        selects.add(take(digest=f"{n:064x}"), step=f"SH0{n}0", parts={})
    selects.save()
    before = selects.path.read_text().splitlines()
    selects.add(take(2, digest=f"{3:064x}"), step="SH030", parts={})
    selects.save()
    after = selects.path.read_text().splitlines()
    assert len(after) == len(before) + 1
    assert set(before) < set(after)


def test_shots_stand_in_the_order_that_people_count(selects: Selects) -> None:
    for n, step in enumerate(("SH100", "SH20", "SH20.2", "SH20.10")):
        selects.add(take(digest=f"{n:064x}"), step=step, parts={})
    selects.save()
    steps = [line.split()[1] for line in selects.path.read_text().splitlines() if "step:" in line]
    assert steps == ["SH20", "SH20.2", "SH20.10", "SH100"]


def test_a_pick_made_while_a_render_runs_is_not_lost(selects: Selects) -> None:
    for n in (1, 2):
        selects.add(take(n), step="SH010", parts={})
    selects.save()
    render = Selects(selects.path)
    director = Selects(selects.path)
    director.set_pick(DIGEST, 2)
    director.save()
    render.add(take(digest="cd" * 32), step="SH020", parts={})
    render.save()
    both = Selects(selects.path)
    assert both.pick(DIGEST) == 2
    assert both.takes("cd" * 32)


def test_rejecting_the_picked_take_frees_the_pick_and_back(selects: Selects) -> None:
    selects.add(take(), step="SH010", parts={})
    selects.set_pick(DIGEST, 1)
    selects.set_rejected(DIGEST, 1)
    assert (selects.pick(DIGEST), selects.rejected(DIGEST)) == (None, {1})
    selects.set_pick(DIGEST, 1)
    assert (selects.pick(DIGEST), selects.rejected(DIGEST)) == (1, frozenset())


def test_picking_what_does_not_exist_is_refused(selects: Selects) -> None:
    with pytest.raises(UsageError, match="t02"):
        selects.set_pick(DIGEST, 2)


def test_other_bytes_for_a_known_take_stay_out_unless_they_replace_it(selects: Selects) -> None:
    selects.add(take(content="c"), step="SH010", parts={})
    selects.set_note(DIGEST, 1, "keep me")
    assert not selects.add(take(content="d"), step="SH010", parts={})
    assert selects.takes(DIGEST)[0].sha256 == "c" * 64
    assert selects.add(take(content="d"), step="SH010", parts={}, replace=True)
    assert selects.takes(DIGEST)[0].sha256 == "d" * 64
    assert selects.note(DIGEST, 1) == "keep me"


def test_history_tells_old_from_new_and_one_provider_from_another(selects: Selects) -> None:
    selects.add(take(2, digest="1" * 64), step="SH010", parts={})
    selects.add(take(1, digest="2" * 64), step="SH010", parts={})
    shelf = FilmShelf(None, selects)
    assert shelf.history("SH010", "vertex") == ("2" * 64, "1" * 64)
    assert shelf.history("SH010", "") == ("2" * 64, "1" * 64)
    assert shelf.history("SH010", "previz") == ()


def test_a_take_that_only_the_lock_knows_is_on_the_shelf_without_its_bytes(
    selects: Selects, tmp_path: Path
) -> None:
    selects.add(take(), step="SH010", parts={"prompt": "x"})
    shelf = FilmShelf(Store(tmp_path / "store"), selects, "letter")
    (found,) = shelf.takes(DIGEST)
    assert not shelf.present(found.sha256)
    assert shelf.history("SH010", "") == (DIGEST,)
    assert shelf.parts(DIGEST) == {"prompt": "x"}
    assert FilmShelf(None, selects).takes(DIGEST) == (found,)


def test_hand_written_yaml_is_read_like_our_own(selects: Selects) -> None:
    selects.path.write_text(f"""
format: 1
steps:
  {DIGEST}:   # the two-shot
    shot: SH010
    step: SH010
    provider: vertex
    model: veo-3.1
    takes:
      t01: {{sha256: {"c" * 64}, price_usd: 3.20, frames: 192, rate: 24}}
      t02:
        sha256: {"d" * 64}
        trim: {{start: 12f}}
    pick: t02
    rejected: [t01]
""")
    read = Selects(selects.path)
    assert [each.price_micros for each in read.takes(DIGEST)] == [3_200_000, 0]
    assert read.trim(DIGEST, 2) == Trim(12, None)
    assert (read.pick(DIGEST), read.rejected(DIGEST)) == (2, {1})


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("format: 2\nsteps: {}\n", 1, "newer"),
        ("steps: {}\n", 1, "format"),
        ("format: 1\nsteps: [\n", 3, "expected"),
        ("format: 1\n<<<<<<< HEAD\nsteps: {}\n=======\n>>>>>>> x\n", 2, "conflict"),
        ("format: 1\nsteps:\n  abc: {}\n", 3, "digest"),
        (f"format: 1\nsteps:\n  {DIGEST}: {{}}\n  {DIGEST}: {{}}\n", 4, "again"),
        (f"format: 1\nsteps:\n  {DIGEST}:\n    pick: two\n", 4, "t01"),
        (f"format: 1\nsteps:\n  {DIGEST}:\n    takes:\n      t01: {{seed: x}}\n", 5, "seed"),
        (f"format: 1\nsteps:\n  {DIGEST}:\n    takes:\n      t01: {{seed: 1}}\n", 5, "sha256"),
        (f"format: 1\nsteps:\n  {DIGEST}:\n    colour: red\n", 4, "colour"),
        ("format: 1\nsteps: {}\nfoo: \x01\n", 3, "character"),
    ],
)
def test_a_broken_file_names_line_and_cure(
    selects: Selects, text: str, line: int, words: str
) -> None:
    selects.path.write_text(text)
    with pytest.raises(EnvironmentProblem, match=words) as raised:
        Selects(selects.path)
    assert str(raised.value).startswith(f"letter.selects.yaml:{line}: ")
    assert raised.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("price_usd", "cheap"),
        ("price_usd", -500),
        ("price_usd", float("inf")),
        ("created", "yesterday"),
        ("created", "2026-13-41T00:00:00Z"),
        ("frames", "many"),
        ("frames", -1),
        ("rate", "0"),
        ("rate", "24/0"),
        ("sha256", 5),
        ("seed", True),
        ("operation", [1]),
        ("contains_source", "perhaps"),
        ("trim", {"start": "3"}),
    ],
)
def test_a_value_that_can_not_be_is_named_with_its_line(
    selects: Selects, key: str, value: object
) -> None:
    selects.add(take(price=400_000), step="SH010", parts={})
    selects.save()
    lines = selects.path.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("      t01: "))
    row = json.loads(lines[number - 1].partition(": ")[2]) | {key: value}
    lines[number - 1] = f"      t01: {json.dumps(row)}"
    selects.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(EnvironmentProblem) as raised:
        Selects(selects.path)
    assert str(raised.value).startswith(f"letter.selects.yaml:{number}: ")


def test_all_wrong_values_are_told_at_once(selects: Selects) -> None:
    for digest in (DIGEST, "cd" * 32):
        selects.add(take(digest=digest, price=400_000), step="SH010", parts={})
    selects.save()
    text = selects.path.read_text().replace('"frames": 192', '"frames": "many"')
    text = text.replace('"rate": "24"', '"rate": "0"') + "    pick: t09\n"
    selects.path.write_text(text)
    with pytest.raises(EnvironmentProblem) as raised:
        Selects(selects.path)
    told = str(raised.value)
    assert (told.count("'many' is no frames"), told.count("'0' is no rate")) == (2, 2)
    assert "the pick is none of its takes: t01" in told
    assert told.count("line ") == 4


def test_a_newer_file_says_upgrade(selects: Selects) -> None:
    selects.path.write_text("format: 9\nsteps: {}\n")
    with pytest.raises(EnvironmentProblem) as raised:
        Selects(selects.path)
    assert raised.value.hint == "upgrade storyboard"


words = st.text(max_size=30)
rows = st.fixed_dictionaries(
    {"sha256": st.text("0123456789abcdef", min_size=64, max_size=64)},
    optional={
        "seed": st.integers(-1, 2**32),
        "price_usd": st.integers(1, 10**9).map(lambda n: n / 1_000_000),
        "operation": words,
        "frames": st.integers(0, 10**6),
        "rate": st.sampled_from(["24", "24000/1001"]),
        "contains_source": st.just(True),
        "note": words,
        "trim": st.fixed_dictionaries({}, optional={"start": st.just("3f"), "end": st.just("-2f")}),
    },
)
entries = st.builds(
    Entry,
    shot=words,
    step=words,
    provider=words,
    model=words,
    parts=st.dictionaries(words, words, max_size=3),
    takes=st.dictionaries(st.integers(1, 120), rows, min_size=1, max_size=3),
    pick=st.none() | st.integers(1, 120),
    rejected=st.sets(st.integers(1, 120), max_size=3),
).map(lambda entry: replace(entry, pick=entry.pick if entry.pick in entry.takes else None))
files = st.dictionaries(st.text("0123456789abcdef", min_size=64, max_size=64), entries, max_size=3)


@settings(max_examples=60, deadline=None)
@given(files)
def test_whatever_is_written_is_read_again_by_either_road(known: dict[str, Entry]) -> None:
    text = locktext.write(known)
    assert locktext._read_own(text) == known, "the quick road"
    assert read_edited(text, "x") == known, "the road through YAML"
    assert locktext.write(locktext.read(text, "x")) == text


def _texts(schema: object) -> object:
    """The schema for a loader that leaves every scalar a text."""
    if isinstance(schema, dict):
        if schema.get("type") in ("integer", "number", "boolean"):
            return {"type": "string"}
        if "const" in schema:
            return {"const": str(schema["const"])}
        return {key: _texts(value) for key, value in schema.items()}
    return schema
