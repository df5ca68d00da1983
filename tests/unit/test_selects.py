"""The lock file: what people and renders write, kept by both, and said clearly when broken."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.errors import EnvironmentProblem, UsageError
from storyboard.model.film import MediaFacts, Take, Trim
from storyboard.plan.take_chooser import choose_take
from storyboard.run.lockfile import text_format
from storyboard.run.lockfile.entries import LockEntry
from storyboard.run.lockfile.entry_reader import read_entries
from storyboard.run.lockfile.line_scanner import scan_lines
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.lockfile.yaml_reader import parse_yaml
from storyboard.run.paths import locate_free_takes
from storyboard.run.store.store import Store
from storyboard.run.take_library import TakeLibrary
from storyboard.timecode import Rate
from tests.unit.lock_files import edit_take

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "selects.schema.json").read_text())
DIGEST = "ab" * 32


def make_take(
    ordinal: int = 1, *, digest: str = DIGEST, content: str = "", sha256: str = "", price: int = 0
) -> Take:
    """A take; those of other ordinals have other bytes, unless `content` says which."""
    return Take(
        digest=digest,
        ordinal=ordinal,
        sha256=sha256 or (content or " cdef0123456789"[ordinal]) * 64,
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
    assert LockFile(lock_file.path).list_prices_micros() == {(DIGEST, 1, "c" * 64): 3_200_000}
    assert LockFile(lock_file.path).find_parts(DIGEST) == {"prompt": "12ab"}


def test_the_file_is_plain_yaml_that_follows_its_schema(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(1, price=3_200_000), step="SH010", parts={"prompt": "12ab"})
    lock_file.add_take(make_take(2), step="SH010", parts={})
    lock_file.set_pick(make_take(2))
    lock_file.set_rejected(make_take(1))
    lock_file.add_take(make_take(digest="cd" * 32), step="SH020", parts={}, is_repeatable=True)
    lock_file.set_pick(make_take(digest="cd" * 32))
    lock_file.save()
    trim = {"start": "12f", "end": "-5f"}
    edit_take(lock_file.path, DIGEST, 2, trim=trim, note='the "good" eyes: yes')
    edited = LockFile(lock_file.path)
    assert edited.find_trim(make_take(2)) == Trim(12, -5)
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
    steps = re.findall(r'"step": "(.*?)"', lock_file.path.read_text())
    assert steps == ["SH20", "SH20.2", "SH20.10", "SH100"]


def test_a_pick_made_while_a_render_runs_is_not_lost(lock_file: LockFile) -> None:
    for n in (1, 2):
        lock_file.add_take(make_take(n), step="SH010", parts={})
    lock_file.save()
    render = LockFile(lock_file.path)
    director = LockFile(lock_file.path)
    director.set_pick(make_take(2))
    director.save()
    render.add_take(make_take(digest="cd" * 32), step="SH020", parts={})
    render.save()
    both = LockFile(lock_file.path)
    assert both.find_pick(DIGEST) == make_take(2).sha256
    assert both.find_takes("cd" * 32)


def test_rejecting_the_picked_take_frees_the_pick_and_back(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(), step="SH010", parts={})
    take, sha256 = make_take(), make_take().sha256
    lock_file.set_pick(take)
    lock_file.set_rejected(take)
    assert (lock_file.find_pick(DIGEST), lock_file.find_rejected(DIGEST)) == (None, {sha256})
    lock_file.set_pick(take)
    assert (lock_file.find_pick(DIGEST), lock_file.find_rejected(DIGEST)) == (sha256, frozenset())


def test_picking_what_does_not_exist_is_refused(lock_file: LockFile) -> None:
    with pytest.raises(UsageError, match="t02"):
        lock_file.set_pick(make_take(2))


def test_other_bytes_of_one_ordinal_are_another_take(lock_file: LockFile) -> None:
    one, other = make_take(content="c", price=400_000), make_take(content="d", price=400_000)
    for take in (one, other):
        assert lock_file.add_take(take, step="SH010", parts={})
    lock_file.set_pick(other)
    lock_file.save()
    edit_take(lock_file.path, DIGEST, 1, note="keep me")
    read = LockFile(lock_file.path)
    assert [take.sha256 for take in read.find_takes(DIGEST)] == ["c" * 64, "d" * 64]
    assert read.find_pick(DIGEST) == "d" * 64
    assert read.find_note(DIGEST, "c" * 64, "t01") == "keep me"
    assert sum(read.list_prices_micros().values()) == 800_000


def test_two_takes_that_came_out_the_same_are_two_purchases(lock_file: LockFile) -> None:
    takes = [make_take(n, content="c", price=400_000) for n in (1, 2)]
    for take in takes:
        lock_file.add_take(take, step="SH010", parts={})
    lock_file.set_pick(takes[1])
    lock_file.save()
    read = LockFile(lock_file.path)
    assert [take.name for take in read.find_takes(DIGEST)] == ["t01", "t02"]
    assert sum(read.list_prices_micros().values()) == 800_000
    assert read.find_pick(DIGEST) == takes[1].sha256, "which of them plays is all one"


def test_the_same_bytes_bought_in_two_clones_are_one_take_and_two_purchases(
    lock_file: LockFile,
) -> None:
    """As from a service that heeds the seed, which both derive from the ordinal."""
    lock_file.add_take(make_take(2, price=400_000), step="SH010", parts={})
    lock_file.save()
    text = lock_file.path.read_text()
    line = text.splitlines()[-1]
    theirs = line.replace("operations/7", "operations/9")
    for merged in (f"{text}{theirs}\n", f"{text}{theirs}\n{line}\n{theirs}\n"):
        lock_file.path.write_text(merged)
        read = LockFile(lock_file.path)
        assert [take.name for take in read.find_takes(DIGEST)] == ["t02"]
        assert read.list_prices_micros() == {make_take(2).key: 800_000}
        read.set_pick(make_take(2))
        read.save()
        again = LockFile(lock_file.path)
        assert again.list_prices_micros() == {make_take(2).key: 800_000}
        assert parse_yaml(lock_file.path.read_text(), "x").read_items()


# free takes --------------------------------------------------------------------------------------


def add_free_takes(lock_file: LockFile, *ordinals: int, content: str = "") -> None:
    for n in ordinals:
        take = make_take(n, content=content)
        lock_file.add_take(take, step="SH010", parts={"prompt": "1"}, is_repeatable=True)


def test_free_takes_that_nobody_judged_leave_the_lock_file_unwritten(lock_file: LockFile) -> None:
    add_free_takes(lock_file, 1, 2)
    assert not lock_file.save()
    assert not lock_file.path.exists()
    assert [take.name for take in LockFile(lock_file.path).find_takes(DIGEST)] == ["t01", "t02"]
    assert (lock_file.path.parent / ".storyboard" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("judge", [LockFile.set_pick, LockFile.set_rejected])
def test_a_judged_free_take_is_in_the_lock_file_with_what_makes_it_again(
    lock_file: LockFile, judge: Callable[[LockFile, Take], None]
) -> None:
    add_free_takes(lock_file, 1, 2)
    judge(lock_file, make_take(2))
    assert lock_file.save()
    shutil.rmtree(lock_file.path.parent / ".storyboard")
    clone = LockFile(lock_file.path)
    (take,) = clone.find_takes(DIGEST)
    assert (take.digest, take.ordinal, take.seed) == (DIGEST, 2, 1947)
    assert clone.find_pick(DIGEST) == "t02" or clone.find_rejected(DIGEST) == {"t02"}


def test_a_free_take_that_comes_out_otherwise_elsewhere_is_the_same_take(
    lock_file: LockFile,
) -> None:
    add_free_takes(lock_file, 1)
    lock_file.set_pick(make_take(1))
    lock_file.save()
    edit_take(lock_file.path, DIGEST, 1, note="good", trim={"start": "3f"})
    shutil.rmtree(lock_file.path.parent / ".storyboard")
    text = lock_file.path.read_text()
    clone = LockFile(lock_file.path)
    other = make_take(1, content="f")
    assert not clone.add_take(other, step="SH010", parts={}, is_repeatable=True), "it is told"
    assert not clone.save()
    assert lock_file.path.read_text() == text
    read = LockFile(lock_file.path)
    assert [take.sha256 for take in read.find_takes(DIGEST)] == [other.sha256]
    assert choose_take([other], pick=read.find_pick(DIGEST)) == other
    assert read.find_trim(other) == Trim(3, None)


def test_a_judgment_that_is_taken_back_takes_the_line_back(lock_file: LockFile) -> None:
    add_free_takes(lock_file, 1, 2)
    lock_file.set_pick(make_take(1))
    lock_file.set_pick(make_take(2))
    lock_file.save()
    assert f"{DIGEST}/t01" not in lock_file.path.read_text()
    assert len(LockFile(lock_file.path).find_takes(DIGEST)) == 2


def test_an_edit_of_the_prompt_leaves_no_litter(lock_file: LockFile) -> None:
    for digest in ("1" * 64, "2" * 64):
        take = make_take(digest=digest)
        lock_file.add_take(take, step="SH010", parts={}, is_repeatable=True)
        lock_file.save()
    assert set(LockFile(lock_file.path).entries) == {"2" * 64}
    lock_file.forget_other_steps({"SH020"})
    lock_file.save()
    assert not LockFile(lock_file.path).entries


def test_a_damaged_companion_is_as_good_as_none(lock_file: LockFile) -> None:
    add_free_takes(lock_file, 1)
    lock_file.save()
    companion = locate_free_takes(lock_file.path)
    companion.write_text("takes: [")
    assert not LockFile(lock_file.path).entries


# reading ------------------------------------------------------------------------------------------


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


FIRST_FORMAT = f"""\
# The film's lock file: which takes exist, what they cost, and which one plays.
format: 1
steps:
  {DIGEST}:
    shot: SH010
    step: SH010
    provider: vertex
    model: veo-3.1
    parts: {{"prompt": "12ab"}}
    takes:
      t01: {{"sha256": "{"c" * 64}", "price_usd": 3.2, "frames": 192, "rate": "24"}}
      t02: {{"sha256": "{"d" * 64}", "trim": {{"start": "12f"}}}}
    pick: t02
    rejected: [t01]
  {"cd" * 32}:
    shot: SH020
    step: SH020
    provider: previz
    model: veo-3.1
    parts: {{}}
    takes:
      t01: {{"sha256": "{"e" * 64}"}}
      t02: {{"sha256": "{"f" * 64}", "note": "better"}}
"""


def test_the_first_format_is_read_and_rewritten_at_the_first_write(lock_file: LockFile) -> None:
    lock_file.path.write_text(FIRST_FORMAT)
    old = LockFile(lock_file.path)
    assert [each.price_micros for each in old.find_takes(DIGEST)] == [3_200_000, 0]
    assert (old.find_pick(DIGEST), old.find_rejected(DIGEST)) == ("d" * 64, {"c" * 64})
    assert old.find_trim(make_take(2, content="d")) == Trim(12, None)
    free = [make_take(n, digest="cd" * 32, content=content) for n, content in ((1, "e"), (2, "f"))]
    assert [take.sha256 for take in old.find_takes("cd" * 32)] == [take.sha256 for take in free]
    old.add_take(make_take(digest="9" * 64), step="SH030", parts={}, is_repeatable=True)
    assert not old.save()
    assert lock_file.path.read_text() == FIRST_FORMAT, "nothing of it changed"
    old.add_take(make_take(3), step="SH010", parts={})
    assert old.save()
    new = LockFile(lock_file.path)
    assert "format: 2" in lock_file.path.read_text()
    assert f"{'cd' * 32}/t01" not in lock_file.path.read_text(), "free, and nobody judged it"
    assert new.entries == old.entries


def test_hand_written_yaml_is_read_like_our_own(lock_file: LockFile) -> None:
    lock_file.path.write_text(f"""
format: 2
takes:
  {DIGEST}/{"c" * 64}: {{step: SH010, provider: vertex, ordinal: 1, price_usd: 3.20, rate: 24}}
  {DIGEST}/{"d" * 64}:   # the two-shot
    ordinal: 2
    trim: {{start: 12f}}
  {DIGEST}/pick: {"d" * 64}
  {DIGEST}/rejected:
    - {"c" * 64}
""")
    read = LockFile(lock_file.path)
    assert [each.price_micros for each in read.find_takes(DIGEST)] == [3_200_000, 0]
    assert read.find_trim(make_take(2, content="d")) == Trim(12, None)
    assert (read.find_pick(DIGEST), read.find_rejected(DIGEST)) == ("d" * 64, {"c" * 64})
    span = read.find_take_span(make_take(2, content="d"), "trim")
    assert (span.line, span.column) == (7, 11)


def test_lines_that_a_merge_left_twice_count_once(lock_file: LockFile) -> None:
    lock_file.add_take(make_take(price=400_000), step="SH010", parts={})
    lock_file.set_pick(make_take())
    lock_file.save()
    lines = lock_file.path.read_text().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if line.startswith("format"))
    head, body = lines[:number], lines[number:]
    noted = [line.replace("}\n", ', "note": "good"}\n') for line in body]
    for sides, note in (((body, body), ""), ((body, noted), "good"), ((noted, body), "good")):
        lock_file.path.write_text("".join([*head, *sides[0], *sides[1]]))
        read = LockFile(lock_file.path)
        assert [take.sha256 for take in read.find_takes(DIGEST)] == [make_take().sha256]
        assert read.find_pick(DIGEST) == make_take().sha256
        assert read.find_note(DIGEST, make_take().sha256, "t01") == note


def test_what_two_sides_say_differently_is_told_with_both_lines(lock_file: LockFile) -> None:
    for n in (1, 2):
        lock_file.add_take(make_take(n), step="SH010", parts={})
    lock_file.set_pick(make_take(1))
    lock_file.save()
    for n in (1, 2):
        edit_take(lock_file.path, DIGEST, n, note="mine")
    text = lock_file.path.read_text()
    take_line = next(line for line in text.splitlines() if '"note"' in line)
    first = text.splitlines().index(take_line) + 1
    lock_file.path.write_text(text + take_line.replace("mine", "yours") + "\n")
    with pytest.raises(EnvironmentProblem) as raised:
        LockFile(lock_file.path)
    assert f"this take stands on line {first} too, with another note" in str(raised.value)
    assert raised.value.hint == "keep one of the two lines and delete the other"
    lock_file.path.write_text(f"{text}  {DIGEST}/pick: {make_take(2).sha256}\n")
    with pytest.raises(EnvironmentProblem) as raised:
        LockFile(lock_file.path)
    assert "another take of this step is picked on line" in str(raised.value)
    assert raised.value.hint.startswith("keep the line of the take that is to play")


def test_blocks_of_the_first_format_that_a_merge_left_twice_lose_nothing(
    lock_file: LockFile,
) -> None:
    block = FIRST_FORMAT.partition("steps:\n")[2]
    other = block.replace("c" * 64, "a" * 64).replace("    pick: t02\n", "")
    lock_file.path.write_text(FIRST_FORMAT + other)
    read = LockFile(lock_file.path)
    assert [take.name for take in read.find_takes(DIGEST)] == ["t01", "t01", "t02"]
    assert sum(read.list_prices_micros().values()) == 6_400_000
    second = LockFile(lock_file.path)
    second.add_take(make_take(digest="9" * 64), step="SH030", parts={})
    second.save()
    both = FIRST_FORMAT + lock_file.path.read_text().partition("format: 2\n")[2]
    lock_file.path.write_text(f"format: 2\n{both}")
    assert len(LockFile(lock_file.path).find_takes(DIGEST)) == 3, "one side in each format"


def test_a_thousand_steps_take_the_quick_road(lock_file: LockFile) -> None:
    for n in range(1000):
        lock_file.add_take(make_take(digest=f"{n:064x}"), step=f"SH{n}", parts={"prompt": "1"})
    lock_file.save()
    assert scan_lines(lock_file.path.read_text()) is not None


KEY = f"{DIGEST}/{'c' * 64}"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("format: 3\nsteps: {}\n", 1, "newer"),
        ("takes: {}\n", 1, "format"),
        ("format: 2\ntakes: [\n", 3, "expected"),
        ("format: 2\n<<<<<<< HEAD\ntakes: {}\n=======\n>>>>>>> x\n", 2, "conflict"),
        ("format: 2\ntakes:\n  abc: {}\n", 3, "digest"),
        (f"format: 2\ntakes:\n  {DIGEST}/t1: {{}}\n", 3, "no take"),
        (f"format: 2\ntakes:\n  {DIGEST}/pick: two\n", 3, "none of its takes"),
        (f"format: 2\ntakes:\n  {KEY}: {{ordinal: 1, seed: x}}\n", 3, "seed"),
        (f"format: 2\ntakes:\n  {KEY}: {{seed: 1}}\n", 3, "ordinal"),
        (f"format: 2\ntakes:\n  {KEY}:\n    ordinal: 1\n    ordinal: 1\n", 5, "again"),
        (f"format: 2\ntakes:\n  {DIGEST}/t01: {{seed: 1}}\n", 3, "sha256"),
        (f"format: 2\ntakes:\n  {KEY}:\n    colour: red\n", 4, "colour"),
        ("format: 2\ntakes: {}\nfoo: \x01\n", 3, "character"),
        ("format: 2\ntakes: {}\nfoo: 1\n", 3, "foo"),
        ("format: 1\nsteps:\n  abc: {}\n", 3, "digest"),
        (f"format: 1\nsteps:\n  {DIGEST}:\n    pick: two\n", 4, "t01"),
        (f"format: 1\nsteps:\n  {DIGEST}:\n    takes:\n      t01: {{seed: 1}}\n", 5, "sha256"),
        (f"format: 1\nsteps:\n  {DIGEST}:\n    colour: red\n", 4, "colour"),
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
        ("ordinal", 0),
        ("parts", {"prompt": {}}),
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
    number = next(n for n, line in enumerate(lines, 1) if line.startswith(f"  {DIGEST}/"))
    name, _, row = lines[number - 1].partition(": ")
    lines[number - 1] = f"{name}: {json.dumps(json.loads(row) | {key: value})}"
    lock_file.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(EnvironmentProblem) as raised:
        LockFile(lock_file.path)
    assert str(raised.value).startswith(f"letter.selects.yaml:{number}: ")


def test_all_wrong_values_are_reported_at_once(lock_file: LockFile) -> None:
    for digest in (DIGEST, "cd" * 32):
        lock_file.add_take(make_take(digest=digest, price=400_000), step="SH010", parts={})
    lock_file.save()
    text = lock_file.path.read_text().replace('"frames": 192', '"frames": "many"')
    text = text.replace('"rate": "24"', '"rate": "0"')
    text += f"  {DIGEST}/pick: {'9' * 64}\n"
    lock_file.path.write_text(text)
    with pytest.raises(EnvironmentProblem) as raised:
        LockFile(lock_file.path)
    error_text = str(raised.value)
    assert (error_text.count("'many' is no frames"), error_text.count("'0' is no rate")) == (2, 2)
    assert "the pick is none of its takes: cccccccccccc" in error_text
    assert error_text.count("line ") == 4


def test_a_newer_file_says_upgrade(lock_file: LockFile) -> None:
    lock_file.path.write_text("format: 9\nsteps: {}\n")
    with pytest.raises(EnvironmentProblem) as raised:
        LockFile(lock_file.path)
    assert raised.value.hint == "upgrade storyboard"


words = st.text(max_size=30)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
rows = st.fixed_dictionaries(
    {"sha256": hashes, "ordinal": st.integers(1, 120)},
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


@st.composite
def draw_entry(draw: st.DrawFn) -> LockEntry:
    entry = LockEntry(draw(words), draw(words), draw(words), draw(words))
    entry.parts = draw(st.dictionaries(words, words, max_size=3))
    for row in draw(st.lists(rows, min_size=1, max_size=3)):
        is_free = draw(st.booleans())
        if is_free:
            entry.takes[f"t{row['ordinal']:02d}"] = row
        else:
            entry.enter_purchase(row)
    keys = st.sampled_from(sorted(key for key in entry.takes if "-" not in key))
    entry.pick = draw(st.none() | keys)
    entry.rejected = draw(st.sets(keys, max_size=2))
    return entry


files = st.dictionaries(hashes, draw_entry(), max_size=3)


@settings(max_examples=60, deadline=None)
@given(files)
def test_both_readers_read_whatever_is_written(known: dict[str, LockEntry]) -> None:
    text = text_format.format_lock_file(known)
    lines = scan_lines(text)
    assert lines is not None
    assert read_entries(lines, "x") == known, "the quick road"
    assert read_entries(parse_yaml(text, "x"), "x") == known, "the road through YAML"
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
