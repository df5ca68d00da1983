"""What is said of two shots in a row: the line between two people, jump cuts, lines heard twice."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.graph.compiler import Graph
from storyboard.graph.continuity.line_of_action import find_camera_side
from storyboard.model.blocking import SIDES, Placement
from storyboard.model.film import Beat, CameraMove, CastMember, Clip, Line, Trim
from storyboard.pipeline.session import check_film
from tests.unit.films import compile_shots, make_shot

ANA_LEFT = (
    Placement("ana", where="left", faces="ben"),
    Placement("ben", where="right", faces="ana"),
)
ANA_RIGHT = tuple(placement.mirror_sides() for placement in ANA_LEFT)
CAST = {name: CastMember(name) for name in ("ana", "ben", "eva")}


def compile_scene(*shots: dict) -> Graph:
    """Shots of one scene with both people, unless a shot says otherwise."""
    usual = {"cast": ("ana", "ben"), "blocking": ANA_LEFT, "scene": "INT. KITCHEN", "length": 48}
    made = [make_shot(f"SH{index + 1}0", **{**usual, **shot}) for index, shot in enumerate(shots)]
    return compile_shots(*made, cast=CAST)


def find_messages(graph: Graph, code: str) -> list[str]:
    return [each.message for each in graph.diagnostics if each.code == code]


def count_crossings(*shots: dict) -> int:
    return len(find_messages(compile_scene(*shots), "SB370"))


def test_a_cut_over_the_line_is_warned_of_with_both_shots(tmp_path: Path) -> None:
    graph = compile_scene({"size": "MS"}, {"size": "MCU", "blocking": ANA_RIGHT})
    [message] = find_messages(graph, "SB370")
    assert "between ana and ben from SH10 to SH20" in message
    [warning] = [each for each in graph.diagnostics if each.code == "SB370"]
    assert "cross: true" in warning.hint


def test_singles_count_as_they_show_a_person_of_the_line() -> None:
    assert count_crossings({"cast": ("ana",)}, {"cast": ("ben",), "blocking": ANA_RIGHT}) == 1
    assert count_crossings({"cast": ("ana",)}, {"cast": ("ben",)}) == 0
    assert count_crossings({}, {"cast": ("eva",), "blocking": ANA_RIGHT}) == 0
    assert count_crossings({}, {"cast": (), "blocking": ANA_RIGHT}) == 0


@pytest.mark.parametrize(
    "between",
    [
        {"size": "insert", "blocking": ANA_RIGHT},
        {"cast": (), "prompt": "The clock"},
        {"cast": ("eva",)},
    ],
)
def test_what_shows_nobody_of_the_line_does_not_count(between: dict) -> None:
    assert count_crossings({}, between, {}) == 0
    assert count_crossings({}, between, {"blocking": ANA_RIGHT}) == 1


@pytest.mark.parametrize(
    "between",
    [
        {"angle": "frontal"},
        {"angle": "POV"},
        {"size": "POV"},
        {"angle": "overhead"},
        {"angle": "bird's-eye view"},
        {"size": "wide", "blocking": ANA_RIGHT},
        {"size": "WS", "blocking": ANA_RIGHT},
        {"size": "establishing shot", "blocking": ANA_RIGHT},
        {"camera": (CameraMove("slow arc around them"),)},
        {"camera": (CameraMove("orbit left"),)},
        {"cross": True, "blocking": ANA_RIGHT},
        {"beats": (Beat(24, "", (Placement("ben", where="left"),)),)},
        {"beats": (Beat(24, "", (Placement("ben", exit="right"),)),)},
        {"blocking": tuple(Placement(each.name, "center", faces=each.faces) for each in ANA_LEFT)},
    ],
)
def test_a_shot_on_the_line_or_across_it_opens_the_side(between: dict) -> None:
    assert count_crossings({}, between, {"blocking": ANA_RIGHT}) == 0


def test_a_medium_wide_shot_is_no_new_establishing_one() -> None:
    assert count_crossings({}, {"size": "medium wide shot", "blocking": ANA_RIGHT}) == 1
    assert count_crossings({}, {"size": "WS", "cast": ("ana",), "blocking": ANA_RIGHT}) == 1


def test_a_beat_in_which_nobody_of_the_line_moves_changes_nothing() -> None:
    turn = Beat(24, "", (Placement("ben", pose="stands"),))
    other = Beat(24, "", (Placement("eva", where="left"),))
    assert count_crossings({"beats": (turn, other)}, {"blocking": ANA_RIGHT}) == 1


def test_a_take_that_is_used_again_shows_what_it_shows() -> None:
    insert = {"size": "insert", "blocking": ANA_RIGHT}
    again = {"clip": Clip(shot="SH20"), "cast": (), "blocking": (), "length": 24}
    assert count_crossings({}, insert, {}, again, {}) == 0
    single = {"cast": ("ben",), "blocking": ANA_RIGHT}
    assert count_crossings({}, {**single, "cross": True}, {}, again, {}) == 0


def test_three_quarters_is_not_the_line() -> None:
    assert count_crossings({}, {"angle": "three-quarter front", "blocking": ANA_RIGHT}) == 1


def test_one_wrong_shot_is_one_warning() -> None:
    assert count_crossings({}, {"blocking": ANA_RIGHT}, {}) == 1
    assert count_crossings({}, {"blocking": ANA_RIGHT}, {"blocking": ANA_RIGHT}) == 1


def test_another_scene_has_another_line() -> None:
    street = {"scene": "EXT. STREET"}
    assert count_crossings({}, {**street, "blocking": ANA_RIGHT}) == 0


def test_a_line_may_be_said_where_nobody_faces_the_other() -> None:
    apart = [tuple(Placement(each.name, each.where) for each in side)
             for side in (ANA_LEFT, ANA_RIGHT)]  # fmt: skip
    assert count_crossings({"blocking": apart[0]}, {"blocking": apart[1]}) == 0
    said = {"line": ("ana", "ben")}
    assert count_crossings({"blocking": apart[0]}, {"blocking": apart[1], **said}) == 1


def test_a_look_tells_the_side_where_no_place_does() -> None:
    looks = [(Placement("ana", faces=side),) for side in ("right", "left")]
    line = {"line": ("ana", "ben"), "cast": ("ana",)}
    assert count_crossings({"blocking": looks[0], **line}, {"blocking": looks[1], **line}) == 1
    assert count_crossings({"blocking": looks[0], **line}, {"blocking": ANA_LEFT, **line}) == 0


people = st.sampled_from([None, *SIDES])


@given(people, people)
def test_the_side_turns_with_the_camera_and_with_the_order(
    one: str | None, two: str | None
) -> None:
    placements = [Placement("ana", where=one or ""), Placement("ben", where=two or "")]
    side = find_camera_side(placements, "ana", "ben")
    if side is None:
        assert None in (one, two)
        return
    assert find_camera_side(placements, "ben", "ana") == -side
    mirrored = [placement.mirror_sides() for placement in placements]
    assert find_camera_side(mirrored, "ana", "ben") == -side


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_the_whole_scene_may_be_seen_from_the_other_side(sides: list[bool]) -> None:
    shots = [{"blocking": ANA_LEFT if side else ANA_RIGHT} for side in sides]
    mirrored = [{"blocking": ANA_RIGHT if side else ANA_LEFT} for side in sides]
    crossings = count_crossings(*shots)
    assert crossings == count_crossings(*mirrored)
    assert (crossings == 0) == (len(set(sides)) == 1)
    assert count_crossings(*({**shot, "cross": True} for shot in shots)) == 0


# jump cuts ----------------------------------------------------------------------------------------


def count_jump_cuts(*shots: dict) -> int:
    return len(find_messages(compile_scene(*shots), "SB371"))


def test_the_same_people_from_the_same_view_are_a_jump_cut() -> None:
    graph = compile_scene({"size": "MCU"}, {"size": "medium close-up"})
    [message] = find_messages(graph, "SB371")
    assert "from SH10 to SH20" in message
    assert "ana and ben" in message
    assert count_jump_cuts(
        {"size": "MS", "angle": "low"}, {"size": "medium shot", "angle": "low angle"}
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"size": "MS"}, {"size": "CU"}),
        ({"size": "MS"}, {"size": "MS", "angle": "low"}),
        ({"size": "MS", "over": "ana"}, {"size": "MS", "over": "ben"}),
        ({"size": "MS"}, {"size": "MS", "cast": ("ana",)}),
        ({"size": "MS", "cast": ()}, {"size": "MS", "cast": ()}),
        ({}, {}),
        ({"size": "MS"}, {"size": "MS", "scene": "EXT. STREET"}),
        ({"size": "MS"}, {"size": "MS", "extends": "SH10", "length": None}),
        ({"size": "MS"}, {"size": "MS", "continues": "SH10"}),
    ],
)
def test_what_is_no_jump_cut(one: dict, other: dict) -> None:
    assert count_jump_cuts(one, other) == 0


def test_a_later_part_of_the_same_take_is_a_jump_cut_unless_it_goes_on() -> None:
    usual = {"size": "MS", "length": 24}
    later = {"clip": Clip(shot="SH10"), "cast": (), "blocking": ()}
    assert count_jump_cuts(usual, {**later, "trim": Trim(start=48), "length": 24}) == 1
    assert count_jump_cuts(usual, {**later, "trim": Trim(start=24), "length": 24}) == 0


# lines that are heard twice -----------------------------------------------------------------------


def test_a_line_that_a_reused_take_repeats_is_noted() -> None:
    line = Line("ana", "It came on Tuesday.", at=0)
    again = {"clip": Clip(shot="SH10"), "length": 48}
    graph = compile_scene({"dialogue": (line,)}, again)
    [message] = find_messages(graph, "SB372")
    assert "SH20 plays" in message
    assert "It came on Tuesday." in message
    assert not find_messages(compile_scene({"dialogue": (line,)}, {**again, "mute": True}), "SB372")
    later = {**again, "trim": Trim(start=48)}
    assert not find_messages(compile_scene({"dialogue": (line,)}, later), "SB372")


def test_an_effect_that_makes_a_length_illegal_is_one_error_with_shot_and_effect(
    tmp_path: Path,
) -> None:
    path = tmp_path / "film.yaml"
    path.write_text(
        textwrap.dedent(
            """
            storyboard: 1
            defaults: {provider: vertex}
            providers: {vertex: {project: my-project}}
            shots:
              - {id: SH010, prompt: a, length: 8, effects: [{MultiplySpeed: {factor: 4}}]}
            """
        )
    )
    [error] = [each for each in check_film(path).diagnostics if each.severity == "error"]
    assert "SH010" in error.message
    assert "MultiplySpeed" in error.message
