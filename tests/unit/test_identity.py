"""Identity: what was asked and of what, never what it is called."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from storyboard.digest import digest_value
from storyboard.graph.compiler import Graph, compile_film
from storyboard.graph.step_identity import (
    build_request,
    compute_identity,
    hash_frame,
    resolve_frame_number,
)
from storyboard.graph.steps import FramePick, Link
from storyboard.model.film import (
    Clip,
    Footage,
    FrameEdge,
    FrameRef,
    MediaFacts,
    MediaFile,
    Take,
)
from storyboard.providers.base import WIRE_READS, Input, Role
from storyboard.timecode import Rate
from tests.unit.films import RATE, compile_shots, make_film, make_shot

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_digests_are_equal_exactly_where_values_are(a: object, b: object) -> None:
    same = digest_value("t", a) == digest_value("t", b)  # type: ignore[arg-type]
    assert same == (repr(_sort_keys(a)) == repr(_sort_keys(b)))
    assert digest_value("t", a) != digest_value("u", a)  # type: ignore[arg-type]


def _sort_keys(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sort_keys(value[key]) for key in sorted(value)}
    return [_sort_keys(item) for item in value] if isinstance(value, list) else value


def compute_digest(**values: object) -> str:
    (step,) = compile_shots(make_shot("SH010", provider="vertex", **values)).steps.values()
    return compute_identity(step, [], WIRE_READS, "").digest


def test_only_what_is_asked_counts() -> None:
    one = compute_digest(prompt="A boat", length=72)
    assert one == compute_digest(prompt="A boat", length=60, note="brighter", gain_db=-3.0, takes=4)
    assert one != compute_digest(prompt="A boat", length=140)
    assert one != compute_digest(prompt="A ship", length=72)
    assert one != compute_digest(prompt="A boat", length=72, seed=1)


def test_what_marks_a_job_for_the_bill_is_no_part_of_it() -> None:
    plain = compute_digest(options={})
    assert plain == compute_digest(options={"labels": {"show": "s1"}, "burn_in": False})
    assert plain != compute_digest(options={"person_generation": "dont_allow"})


def test_a_model_at_another_place_is_another_step() -> None:
    (step,) = compile_shots(make_shot("SH010", provider="vertex")).steps.values()
    first = compute_identity(step, [], WIRE_READS, "")
    assert first.digest != compute_identity(replace(step, provider="x"), [], WIRE_READS, "").digest
    assert first.digest != compute_identity(step, [], WIRE_READS, "2").digest


def test_the_parts_say_what_changed() -> None:
    graph = compile_shots(make_shot("SH010"), make_shot("SH020", continues="SH010"))
    step = graph.steps["SH020"]
    inputs = [Input(Role.FIRST_FRAME, hash_frame("a" * 64, 191))]
    moved = [Input(Role.FIRST_FRAME, hash_frame("b" * 64, 191))]
    before, after = (compute_identity(step, each, WIRE_READS, "").parts for each in (inputs, moved))
    assert {name for name in before if before[name] != after[name]} == {"upstream"}


def test_further_takes_derive_their_seed_and_share_the_digest() -> None:
    (step,) = compile_shots(make_shot("SH010", seed=7)).steps.values()
    seeds = [build_request(step, [], ordinal=n).settings.seed for n in (1, 2, 3)]
    assert seeds[0] == 7
    assert len(set(seeds)) == 3
    assert seeds == [build_request(step, [], ordinal=n).settings.seed for n in (1, 2, 3)]


def test_a_frame_is_named_in_the_takes_own_count() -> None:
    facts = MediaFacts(frames=360, rate=RATE)
    take = Take("d", 1, "s", "vertex", "m", facts, contains_source=True, source_frames=192)
    assert resolve_frame_number(take, FramePick(0), RATE) == 192
    assert resolve_frame_number(take, FramePick(0, from_end=True), RATE) == 359
    assert resolve_frame_number(take, FramePick(25), Rate.parse(25)) == 192 + 24


def test_how_a_frame_was_read_counts_only_where_it_is_more_than_decoded() -> None:
    assert hash_frame("s", 3, "") == hash_frame("s", 3) == digest_value("frame", ["s", 3])
    assert hash_frame("s", 3, "deinterlaced") != hash_frame("s", 3)


def test_only_what_hangs_on_a_frame_that_is_read_otherwise_changes_upstream() -> None:
    (step,) = compile_shots(make_shot("SH010", continues="")).steps.values()
    step = replace(step, links=(Link(Role.FIRST_FRAME, step="A", pick=FramePick(3)),))
    before, after = (
        compute_identity(
            step, [Input(Role.FIRST_FRAME, hash_frame("s", 3, reading))], WIRE_READS, ""
        ).parts
        for reading in ("", "tone-mapped from PQ")
    )
    assert {name for name in before if before[name] != after[name]} == {"upstream"}


def compile_beside_footage(footage: Footage, at_frame: int = 30) -> Graph:
    film = make_film(
        make_shot("SH010", clip=Clip(file=MediaFile(Path("/films/a.mp4"), "a.mp4"))),
        make_shot(
            "SH020", first_frame=FrameRef(shot="SH010", edge=FrameEdge.AT, at=at_frame), length=48
        ),
    )
    return compile_film(film, read_footage=lambda _: footage)


def test_a_frame_of_footage_carries_what_a_player_does_to_it() -> None:
    facts = MediaFacts(1280, 720, 240, RATE, Fraction(10))
    for reading in ("", "tone-mapped from PQ"):
        graph = compile_beside_footage(Footage(facts, frame_reading=reading))
        assert graph.steps["SH020"].links[0].pick == FramePick(30, reading=reading)


def test_a_frame_of_uneven_footage_is_the_one_that_stands_at_its_time() -> None:
    times = (*(Fraction(n, 60) for n in range(60)), *(Fraction(n, 10) for n in range(10, 100)))
    facts = MediaFacts(1280, 720, len(times), Rate.parse(15), Fraction(10))
    graph = compile_beside_footage(Footage(facts, frame_times=times), at_frame=48)
    pick = graph.steps["SH020"].links[0].pick
    assert pick == FramePick(70, counts_take_frames=True)  # at 2 s: sixty, and ten more
    take = Take("d", 1, "s", "import", "", facts)
    assert resolve_frame_number(take, pick, RATE) == 70
