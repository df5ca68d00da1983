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
from storyboard.model.film import MediaFacts, Take, Trim
from storyboard.run.lockfile import text_format
from storyboard.run.lockfile.entries import LockEntry
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.lockfile.yaml_reader import parse_lock_yaml
from storyboard.run.store.store import Store
from storyboard.run.take_library import TakeLibrary
from storyboard.timecode import Rate
from tests.unit.lock_files import edit_take

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "selects.schema.json").read_text())
DIGEST = "ab" * 32


def make_take(
    ordinal: int = 1, *, digest: str = DIGEST, content: str = "c", price: int = 0
) -> Take:
    return Take(
        digest=digest,
        ordinal=ordinal,
        sha256=content * 64,
        provider="vertex",
        model="veo-3.1",
        facts=MediaFacts(1280, 720, 192, Rate.parse(24), Rate.parse(24).to_seconds(192), True),
        seed=1947,
        price_micros=price,
        operation="operations/7",
        created_at=1_795_400_000.25 + ordinal,
        shot="SH010",
    )


@pytest.fixture
def lock_file(tmp_path: Path) -> LockFile:
    return LockFile(tmp_path / "letter.selects.yaml")


def test_what_was_entered_is_read_again_with_price_and_facts(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(price=3_200_000), step="SH010", parts={"prompt": "12ab"})
    assert lock_file.save()
    (read,) = LockFile(lock_file.path).find_takes(DIGEST)
    assert read.price_micros == 3_200_000
    assert read.facts.frames == 192
    assert (read.seed, read.operation, read.shot) == (1947, "operations/7", "SH010")
    assert LockFile(lock_file.path).list_prices_micros() == {(DIGEST, 1): 3_200_000}
    assert LockFile(lock_file.path).find_parts(DIGEST) == {"prompt": "12ab"}


def test_the_file_is_plain_yaml_that_follows_its_schema(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(1, price=3_200_000), step="SH010", parts={"prompt": "12ab"})
    lock_file.add_take(make_take(2), step="SH010", parts={})
    lock_file.set_pick(DIGEST, 2)
    lock_file.set_rejected(DIGEST, 1)
    lock_file.save()
    trim = {"start": "12f", "end": "-5f"}
    edit_take(lock_file.path, DIGEST, 2, trim=trim, note='the "good" eyes: yes')
    edited = LockFile(lock_file.path)
    assert edited.find_trim(DIGEST, 2) == Trim(12, -5)
    edited.add_take(make_take(3), step="SH010", parts={})
    edited.save()
    jsonschema.validate(
        yaml.load(lock_file.path.read_text(), Loader=yaml.BaseLoader), _loosen_to_text(SCHEMA)
    )


def test_nothing_new_leaves_the_file_untouched(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(), step="SH010", parts={})
    lock_file.save()
    before = lock_file.path.stat().st_mtime_ns
    again = LockFile(lock_file.path)
    assert again.add_take(make_take(), step="SH010", parts={})
    assert not again.save()
    assert lock_file.path.stat().st_mtime_ns == before


def test_one_more_take_is_one_more_line(lock_file: LockFile) -> None:
    for n in range(5):
        lock_file.add_take(make_take(digest=f"{n:064x}"), step=f"SH0{n}0", parts={})
    lock_file.save()
    before = lock_file.path.read_text().splitlines()
    lock_file.add_take(make_take(2, digest=f"{3:064x}"), step="SH030", parts={})
    lock_file.save()
    after = lock_file.path.read_text().splitlines()
    assert len(after) == len(before) + 1
    assert set(before) < set(after)


def test_shots_stand_in_the_order_that_people_count(lock_file: LockFile) -> None:
    for n, step in enumerate(("SH100", "SH20", "SH20.2", "SH20.10")):
        lock_file.add_take(make_take(digest=f"{n:064x}"), step=step, parts={})
    lock_file.save()
    steps = [line.split()[1] for line in lock_file.path.read_text().splitlines() if "step:" in line]
    assert steps == ["SH20", "SH20.2", "SH20.10", "SH100"]


def test_a_pick_made_while_a_render_runs_is_not_lost(lock_file: LockFile) -> None:
    for n in (1, 2):
        lock_file.add_take(make_take(n), step="SH010", parts={})
    lock_file.save()
    render = LockFile(lock_file.path)
    director = LockFile(lock_file.path)
    director.set_pick(DIGEST, 2)
    director.save()
    render.add_take(make_take(digest="cd" * 32), step="SH020", parts={})
    render.save()
    both = LockFile(lock_file.path)
    assert both.find_pick(DIGEST) == 2
    assert both.find_takes("cd" * 32)


def test_rejecting_the_picked_take_frees_the_pick_and_back(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(), step="SH010", parts={})
    lock_file.set_pick(DIGEST, 1)
    lock_file.set_rejected(DIGEST, 1)
    assert (lock_file.find_pick(DIGEST), lock_file.find_rejected(DIGEST)) == (None, {1})
    lock_file.set_pick(DIGEST, 1)
    assert (lock_file.find_pick(DIGEST), lock_file.find_rejected(DIGEST)) == (1, frozenset())


def test_picking_what_does_not_exist_is_refused(lock_file: LockFile) -> None:
    with pytest.raises(UsageError, match="t02"):
        lock_file.set_pick(DIGEST, 2)


def test_other_bytes_for_a_known_take_stay_out_unless_they_replace_it(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(content="c"), step="SH010", parts={})
    lock_file.save()
    edit_take(lock_file.path, DIGEST, 1, note="keep me")
    lock_file = LockFile(lock_file.path)
    assert not lock_file.add_take(make_take(content="d"), step="SH010", parts={})
    assert lock_file.find_takes(DIGEST)[0].sha256 == "c" * 64
    assert lock_file.add_take(make_take(content="d"), step="SH010", parts={}, can_replace=True)
    assert lock_file.find_takes(DIGEST)[0].sha256 == "d" * 64
    assert lock_file.find_note(DIGEST, 1) == "keep me"


def test_history_separates_old_from_new_and_the_providers(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(2, digest="1" * 64), step="SH010", parts={})
    lock_file.add_take(make_take(1, digest="2" * 64), step="SH010", parts={})
    shelf = TakeLibrary(None, lock_file)
    assert shelf.find_past_digests("SH010", "vertex") == ("2" * 64, "1" * 64)
    assert shelf.find_past_digests("SH010", "") == ("2" * 64, "1" * 64)
    assert shelf.find_past_digests("SH010", "previz") == ()


def test_a_take_known_only_to_the_lock_file_is_listed_without_bytes(
    lock_file: LockFile, tmp_path: Path
) -> None:
    lock_file.add_take(make_take(), step="SH010", parts={"prompt": "x"})
    shelf = TakeLibrary(Store(tmp_path / "store"), lock_file, "letter")
    (listed_take,) = shelf.find_takes(DIGEST)
    assert not shelf.has_file(listed_take.sha256)
    assert shelf.find_past_digests("SH010", "") == (DIGEST,)
    assert shelf.find_parts(DIGEST) == {"prompt": "x"}
    assert TakeLibrary(None, lock_file).find_takes(DIGEST) == (listed_take,)


def test_hand_written_yaml_is_read_like_our_own(lock_file: LockFile) -> None:
    lock_file.path.write_text(f"""
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
    read = LockFile(lock_file.path)
    assert [each.price_micros for each in read.find_takes(DIGEST)] == [3_200_000, 0]
    assert read.find_trim(DIGEST, 2) == Trim(12, None)
    assert (read.find_pick(DIGEST), read.find_rejected(DIGEST)) == (2, {1})


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
    lock_file: LockFile, text: str, line: int, words: str
) -> None:
    lock_file.path.write_text(text)
    with pytest.raises(EnvironmentProblem, match=words) as raised:
        LockFile(lock_file.path)
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
    lock_file: LockFile, key: str, value: object
) -> None:
    lock_file.add_take(make_take(price=400_000), step="SH010", parts={})
    lock_file.save()
    lines = lock_file.path.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("      t01: "))
    row = json.loads(lines[number - 1].partition(": ")[2]) | {key: value}
    lines[number - 1] = f"      t01: {json.dumps(row)}"
    lock_file.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(EnvironmentProblem) as raised:
        LockFile(lock_file.path)
    assert str(raised.value).startswith(f"letter.selects.yaml:{number}: ")


def test_all_wrong_values_are_reported_at_once(lock_file: LockFile) -> None:
    for digest in (DIGEST, "cd" * 32):
        lock_file.add_take(make_take(digest=digest, price=400_000), step="SH010", parts={})
    lock_file.save()
    text = lock_file.path.read_text().replace('"frames": 192', '"frames": "many"')
    text = text.replace('"rate": "24"', '"rate": "0"') + "    pick: t09\n"
    lock_file.path.write_text(text)
    with pytest.raises(EnvironmentProblem) as raised:
        LockFile(lock_file.path)
    error_text = str(raised.value)
    assert (error_text.count("'many' is no frames"), error_text.count("'0' is no rate")) == (2, 2)
    assert "the pick is none of its takes: t01" in error_text
    assert error_text.count("line ") == 4


def test_a_newer_file_says_upgrade(lock_file: LockFile) -> None:
    lock_file.path.write_text("format: 9\nsteps: {}\n")
    with pytest.raises(EnvironmentProblem) as raised:
        LockFile(lock_file.path)
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
    LockEntry,
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
def test_both_readers_read_whatever_is_written(known: dict[str, LockEntry]) -> None:
    text = text_format.format_lock_file(known)
    assert text_format._parse_own_format(text) == known, "the quick road"
    assert parse_lock_yaml(text, "x") == known, "the road through YAML"
    assert text_format.format_lock_file(text_format.parse_lock_file(text, "x")) == text


def _loosen_to_text(schema: object) -> object:
    """The schema for a loader that leaves every scalar a text."""
    if isinstance(schema, dict):
        if schema.get("type") in ("integer", "number", "boolean"):
            return {"type": "string"}
        if "const" in schema:
            return {"const": str(schema["const"])}
        return {key: _loosen_to_text(value) for key, value in schema.items()}
    return schema
