"""What is made beside the shots: stills, portraits of the cast, narration."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.graph.compiler import Graph
from storyboard.graph.narration import apply_spoken_narration
from storyboard.graph.timeline import NarrationItem, Timeline
from storyboard.model.film import (
    Anchor,
    CastKind,
    CastMember,
    FilmDefaults,
    FrameRef,
    Line,
    MediaFile,
    NarrationCue,
)
from storyboard.plan.selection import select_shots
from storyboard.providers.base import Kind, Role
from storyboard.timecode import FrameRange
from tests.unit.films import RATE, compile_shots, list_codes, make_shot

FACE = MediaFile(Path("/films/refs/ana.png"), "refs/ana.png")
CAST = {
    "ana": CastMember("ana", description="Ana, 40", images=(FACE,), voice="alto"),
    "ben": CastMember("ben", description="Ben, 45", still="portrait, neutral light"),
    "quay": CastMember("quay", CastKind.PLACE, description="a stone quay", still="the quay"),
}
STILL = FrameRef(still="Ben looks out", still_cast=("ben", "ana"), still_place="quay")
PLACES = FilmDefaults(provider="vertex")


def make_vertex_values(**values: Any) -> dict[str, Any]:
    return {"provider": "vertex", **values}


def list_link_sources(graph: Graph, id: str) -> list[tuple[str, str]]:
    links = graph.steps[id].links
    return [(link.cast, link.step or (link.file.name if link.file else "")) for link in links]


def test_a_still_is_sent_the_pictures_of_its_cast_and_place() -> None:
    for house, maker in ((FilmDefaults(), "previz"), (PLACES, "vertex")):
        values = make_vertex_values() if house is PLACES else {}
        graph = compile_shots(
            make_shot("SH010", first_frame=STILL, **values), cast=CAST, defaults=house
        )
        assert list_codes(graph) == []
        assert list(graph.steps) == ["cast.ben", "cast.quay", "SH010.first_frame", "SH010"]
        step = graph.steps["SH010.first_frame"]
        assert (step.kind, step.provider) == (Kind.STILL, maker)
        assert list_link_sources(graph, step.id) == [
            ("ben", "cast.ben"), ("ana", "refs/ana.png"), ("quay", "cast.quay"),
        ]  # fmt: skip
        assert {link.role for link in step.links} == {Role.REFERENCE}
        assert graph.steps["SH010"].parents == ("SH010.first_frame",)


def test_a_portrait_is_made_once_and_serves_references_and_frames() -> None:
    graph = compile_shots(
        make_shot("SH010", cast=("ben",), **make_vertex_values()),
        make_shot("SH020", first_frame=FrameRef(cast="ben"), **make_vertex_values()),
        cast=CAST,
        defaults=PLACES,
    )
    assert [s.kind for s in graph.steps.values()] == [Kind.STILL, Kind.GENERATE, Kind.GENERATE]
    portrait = graph.steps["cast.ben"]
    assert portrait.shot == ""
    assert portrait.prompt == "Portrait, neutral light. Ben, 45."
    assert (portrait.model, portrait.settings.resolution) == ("gemini-3.1-flash-image", "1k")
    assert list_link_sources(graph, "SH010") == [("ben", "cast.ben")]
    assert graph.steps["SH020"].links[0].role is Role.FIRST_FRAME


def test_pictures_come_before_a_portrait_and_go_into_it() -> None:
    both = {"ana": replace(CAST["ana"], still="a portrait")}
    graph = compile_shots(
        make_shot("SH010", cast=("ana",), **make_vertex_values()), cast=both, defaults=PLACES
    )
    assert list_link_sources(graph, "SH010") == [("ana", "refs/ana.png"), ("ana", "cast.ana")]
    assert list_link_sources(graph, "cast.ana") == [("ana", "refs/ana.png")]


@pytest.mark.parametrize(
    ("resolution", "asked", "micros"), [("720p", "1k", 67000), ("1080p", "2k", 101000),
                                        ("4k", "4k", 151000)],
)  # fmt: skip
def test_a_still_is_as_large_as_its_shot_and_costs_what_that_costs(
    resolution: str, asked: str, micros: int
) -> None:
    frame = FrameRef(still="The sea")
    graph = compile_shots(
        make_shot("SH010", first_frame=frame, resolution=resolution, **make_vertex_values())
    )
    step = graph.steps["SH010.first_frame"]
    assert (step.settings.resolution, step.price_micros) == (asked, micros)
    better = compile_shots(
        make_shot(
            "SH010",
            first_frame=frame,
            still_model="gemini-3-pro-image",
            seed=7,
            **make_vertex_values(),
        )
    )
    assert better.steps["SH010.first_frame"].model == "gemini-3-pro-image"
    assert better.steps["SH010.first_frame"].settings.seed is None
    assert list_codes(better, "note") == ["SB420"]


def test_a_portrait_for_a_paid_shot_is_paid_even_if_previz_is_default() -> None:
    graph = compile_shots(
        make_shot("SH010", cast=("ben",), **make_vertex_values()),
        make_shot("SH020", cast=("ben",)),
        cast=CAST,
    )
    assert graph.steps["cast.ben"].provider == "vertex"
    drawn = compile_shots(make_shot("SH020", cast=("ben",)), cast=CAST)
    assert drawn.steps["cast.ben"].provider == "previz"


def test_a_still_of_another_shape_than_its_model_makes_is_refused() -> None:
    graph = compile_shots(
        make_shot(
            "SH010", first_frame=FrameRef(still="Sea"), aspect_ratio="37:10", **make_vertex_values()
        )
    )
    assert "SB412" in list_codes(graph)


def test_a_platform_without_image_models_names_those_that_have_them() -> None:
    graph = compile_shots(make_shot("SH010", first_frame=STILL, provider="cometapi"), cast=CAST)
    (error,) = [d for d in graph.diagnostics if d.severity == "error"]
    assert error.code == "SB426"
    assert "first_frame: refs/picture.png" in error.hint
    assert "provider: gemini   # gemini-3.1-flash-image, $0.067 an image" in error.hint


def compile_narrated(*cues: NarrationCue, **values: Any) -> Graph:
    return compile_shots(
        make_shot("SH010", length=4 * 24, provider=values.pop("provider", "previz")),
        make_shot("SH020", length=4 * 24, narration=values.pop("narration", ())),
        cast=CAST,
        narration=cues,
        **values,
    )


def test_a_written_line_is_two_steps_and_a_given_one_is_one() -> None:
    graph = compile_narrated(
        NarrationCue(Anchor("SH020", 12), Line("ana", "She left.", how="dry")),
        NarrationCue(Anchor("end", -24), Line("ana", "", write="a sentence on the sea.")),
        defaults=PLACES,
    )
    assert list(graph.steps)[2:] == ["narration.1", "narration.2.words", "narration.2"]
    given_line, words, spoken = list(graph.steps.values())[2:]
    assert given_line.prompt == "Read aloud, dry: She left."
    assert given_line.settings.options == {"voice": "alto"}
    assert (given_line.shot, words.shot) == ("SH020", "")
    assert words.prompt == (
        "Write narration for a film, to be read aloud by one voice: a sentence on the sea. "
        "Answer with the spoken words alone, without quotation marks, headings or notes."
    )
    assert [(link.role, link.step) for link in spoken.links] == [(Role.TEXT, "narration.2.words")]
    assert [each.span.start for each in graph.timeline.narration] == [108, 168]
    assert all(step.price_micros > 0 for step in (given_line, words, spoken))


def test_narration_is_free_in_rehearsal_and_noted_without_a_voice() -> None:
    cue = NarrationCue(Anchor("SH010"), Line("ana", "She left."))
    for house, notes in ((FilmDefaults(), []), (FilmDefaults("previz", "cometapi"), []),
                         (FilmDefaults("cometapi"), ["SB427"])):  # fmt: skip
        graph = compile_narrated(cue, defaults=house)
        assert list_codes(graph, "note") == notes
        step = graph.steps["narration.1"]
        assert (step.provider, step.model, step.price_micros) == ("previz", "", 0)


def test_narration_past_the_end_is_warned_of() -> None:
    late = NarrationCue(Anchor("end", -6), Line("ana", "She had left twice before."))
    assert list_codes(compile_narrated(late), "warning") == ["SB362"]
    assert list_codes(compile_narrated(replace(late, at=Anchor("SH010"))), "warning") == []


def test_lines_that_are_heard_at_once_are_warned_of() -> None:
    first = NarrationCue(Anchor("SH010"), Line("ana", "She had left twice before."))
    second = NarrationCue(Anchor("SH010", 24), Line("ben", "Ana?"))
    graph = compile_narrated(first, second)
    assert list_codes(graph, "warning") == ["SB364"]
    assert "about 1.0 s before the end" in graph.diagnostics[0].message
    assert (
        list_codes(compile_narrated(first, replace(second, at=Anchor("SH010", 60))), "warning")
        == []
    )


def test_lines_of_a_shot_follow_one_another_as_they_are_spoken() -> None:
    lines = (Line("ana", "She left."), Line("ana", "Twice."), Line("ben", "Ana?", at=72))
    timeline = compile_narrated(narration=lines).timeline
    assert [each.span.start for each in timeline.narration] == [96 + 12, 96 + 12 + 19 + 7, 96 + 72]
    spoken = apply_spoken_narration(timeline, {"SH020.narration.1": Fraction(2)}, {})
    assert [each.span.start for each in spoken.narration] == [108, 108 + 48 + 7, 168]
    assert spoken.narration[0].span.length == 48


@given(st.lists(st.tuples(st.booleans(), st.fractions(0, 9)), min_size=1, max_size=6))
def test_lines_that_follow_never_overlap(lines: list[tuple[bool, Fraction]]) -> None:
    line = Line("ana", "Yes.")
    spoken_lines = [
        NarrationItem(f"n{n}", FrameRange(24 * n, 24 * n + 9), line, follows=follows)
        for n, (follows, _) in enumerate(lines)
    ]
    seconds = {f"n{n}": each for n, (_, each) in enumerate(lines)}
    done = apply_spoken_narration(
        Timeline(RATE, 240, (), tuple(spoken_lines)), seconds, {}
    ).narration
    for before, after in pairwise(done):
        assert not after.follows or after.span.start == before.span.end + 7
    for each, (_, length) in zip(done, lines, strict=True):
        assert each.span.length == max(1, RATE.to_frames_rounded_up(length)) if length else 9


def test_steps_are_named_by_their_ids_and_a_shot_means_its_picture() -> None:
    graph = compile_shots(
        make_shot("SH010", first_frame=STILL, narration=(Line("ana", "She left."),)),
        make_shot("SH020", continues="SH010"),
        cast=CAST,
    )
    names = select_shots(graph.film, ["SH010"], graph)
    assert [id for id, step in graph.steps.items() if step.is_selected_by(names)] == ["SH010"]
    assert select_shots(graph.film, ["cast.ben+"], graph) == {"cast.ben", "SH010", "SH020"}
    assert select_shots(graph.film, ["+SH020"], graph) == {"SH010", "SH020"}
    assert select_shots(graph.film, ["SH010.first_frame"], graph) == {"SH010.first_frame"}
