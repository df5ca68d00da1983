"""The timeline: where every frame stands, whatever the transitions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.graph.timeline import Timeline
from storyboard.model.film import Align, Anchor, FramesFrom, Transition, Trim
from storyboard.pipeline.session import check_film
from storyboard.timecode import FrameRange
from storyboard.transitions.registry import find_transition, load_transitions
from tests.unit.films import compile_shots, list_codes, make_shot


def make_dissolve(whole: int, **values: object) -> Transition:
    return Transition("dissolve", whole, **values)  # type: ignore[arg-type]


def test_cuts_stand_end_to_end() -> None:
    timeline = compile_shots(make_shot("SH010", length=60), make_shot("SH020", length=40)).timeline
    assert [event.record for event in timeline.events] == [FrameRange(0, 60), FrameRange(60, 100)]


def test_a_dissolve_with_handles_keeps_the_cut_and_the_length() -> None:
    graph = compile_shots(
        make_shot("SH010", length=60),
        make_shot("SH020", length=40, trim=Trim(start=10), transition=make_dissolve(12)),
    )
    out, into = graph.timeline.events
    assert graph.timeline.length == 100
    assert into.record == FrameRange(60, 100)
    assert (out.visible.end, into.visible.start) == (66, 54)
    assert into.entering is not None
    assert into.entering.span == FrameRange(54, 66)
    assert into.slices[0].source == FrameRange(4, 50)


def test_a_dissolve_aligns_to_the_side_that_has_the_frames() -> None:
    graph = compile_shots(
        make_shot("SH010", length=60), make_shot("SH020", transition=make_dissolve(12))
    )
    into = graph.timeline.events[1]
    assert into.entering is not None
    assert into.entering.span == FrameRange(60, 72)
    assert graph.timeline.length == 60 + 192


def test_a_dissolve_without_handles_overlaps_with_a_warning() -> None:
    graph = compile_shots(make_shot("SH010"), make_shot("SH020", transition=make_dissolve(12)))
    assert list_codes(graph, "warning") == ["SB355"]
    assert graph.timeline.events[1].record == FrameRange(180, 372)
    assert graph.timeline.length == 2 * 192 - 12


def test_handles_asked_for_and_missing_is_an_error() -> None:
    wanted = make_dissolve(12, frames=FramesFrom.HANDLES, align=Align.CENTER)
    graph = compile_shots(make_shot("SH010"), make_shot("SH020", transition=wanted))
    assert list_codes(graph) == ["SB351"]


def test_an_overlap_that_is_written_is_not_warned_of() -> None:
    wanted = make_dissolve(12, frames=FramesFrom.OVERLAP)
    graph = compile_shots(make_shot("SH010", length=60), make_shot("SH020", transition=wanted))
    assert list_codes(graph, "warning") == []
    assert graph.timeline.length == 60 + 192 - 12


def test_a_fade_through_a_colour_surrounds_the_cut_without_handles() -> None:
    fade = Transition("fade", 24, through=True)
    graph = compile_shots(make_shot("SH010"), make_shot("SH020", transition=fade))
    into = graph.timeline.events[1]
    assert into.entering is not None
    assert into.entering.span == FrameRange(180, 204)
    assert into.visible == into.record == FrameRange(192, 384)


def test_a_fade_through_a_colour_stands_where_it_is_aligned() -> None:
    spans = {}
    for align in Align:
        fade = Transition("fade", 24, through=True, align=align)
        graph = compile_shots(make_shot("SH010"), make_shot("SH020", transition=fade))
        into = graph.timeline.events[1]
        assert into.entering is not None
        assert into.visible == into.record == FrameRange(192, 384)
        spans[align] = into.entering.span
    assert spans == {
        Align.AUTO: FrameRange(180, 204),
        Align.CENTER: FrameRange(180, 204),
        Align.START: FrameRange(192, 216),
        Align.END: FrameRange(168, 192),
    }


def test_a_fade_wants_room_on_the_side_of_the_cut_where_it_stands() -> None:
    def list_codes_for(align: Align) -> list[str]:
        fade = Transition("fade", 24, through=True, align=align)
        graph = compile_shots(make_shot("SH010"), make_shot("SH020", length=20, transition=fade))
        return list_codes(graph)

    assert list_codes_for(Align.START) == ["SB352"]
    assert list_codes_for(Align.END) == list_codes_for(Align.CENTER) == []


def test_a_transition_longer_than_its_shot_is_an_error() -> None:
    graph = compile_shots(
        make_shot("SH010"),
        make_shot("SH020", length=10, transition=make_dissolve(12, frames=FramesFrom.OVERLAP)),
    )
    assert list_codes(graph) == ["SB352"]


def test_a_dissolve_that_the_first_shot_states_is_an_error() -> None:
    graph = compile_shots(make_shot("SH010", transition=make_dissolve(12)))
    assert list_codes(graph) == ["SB357"]
    assert graph.diagnostics[0].hint.startswith("transition: cut\n")


@pytest.mark.parametrize("kind", ["dissolve: 0.5", "slide: 0.5", "fade: 1, through: black"])
@pytest.mark.parametrize(
    "text",
    [
        "defaults: {{transition: {{{0}}}}}\nshots: [{{id: A, color: red, length: 4}}",
        "shots: [{{sequence: S, transition: {{{0}}}, shots: [{{id: A, color: red, length: 4}}]}}",
        "shots: [{{id: A, color: red, length: 4, like: B}}",
    ],
)
def test_a_transition_from_outside_the_first_shot_is_for_the_shots_after_it(
    tmp_path: Path, text: str, kind: str
) -> None:
    last = "{{id: B, color: red, length: 4, transition: {{{0}}}}}]"
    path = tmp_path / "film.yaml"
    path.write_text("storyboard: 1\n" + f"{text}, {last}\n".format(kind))

    graph = check_film(path).require_graph()

    first, second = graph.timeline.events
    assert first.entering is None
    assert second.entering is not None
    assert second.entering.kind == kind.partition(":")[0]


def test_a_fade_from_black_into_the_first_shot_may_come_from_a_default(tmp_path: Path) -> None:
    path = tmp_path / "film.yaml"
    path.write_text(
        "storyboard: 1\ndefaults: {transition: {fade: 1}}\n"
        "shots: [{id: A, color: red, length: 4}]\n"
    )
    assert check_film(path).require_graph().timeline.events[0].entering is not None


def test_a_dissolve_inside_a_chain_is_a_warning() -> None:
    graph = compile_shots(
        make_shot("SH010"), make_shot("SH020", extends="SH010", transition=make_dissolve(6))
    )
    assert "SB353" in list_codes(graph, "warning")


def test_a_film_that_is_not_as_long_as_wished_says_so() -> None:
    graph = compile_shots(make_shot("SH010"), length=240)
    assert [d.message for d in graph.diagnostics] == ["the film is 8 s long, not 10 s"]


kinds = st.sampled_from(["cut", *load_transitions()])
plans = st.lists(
    st.tuples(
        st.integers(30, 150),
        st.integers(0, 30),
        kinds,
        st.integers(0, 14),
        st.sampled_from(list(Align)),
        st.sampled_from([FramesFrom.AUTO, FramesFrom.OVERLAP]),
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(plans)
def test_every_film_frame_has_its_picture(plan: list[tuple]) -> None:  # type: ignore[type-arg]
    shots = []
    for n, (length, start, kind, frames, align, source) in enumerate(plan):
        into = Transition()
        if kind == "fade" or (n and kind != "cut"):
            arguments = find_transition(kind).to_arguments({})
            into = Transition(kind, frames, arguments=arguments, align=align, frames=source)
        shots.append(
            make_shot(f"S{n}", duration=192, length=length, trim=Trim(start=start), transition=into)
        )
    graph = compile_shots(*shots)
    assert list_codes(graph) == []
    check_timeline(graph.timeline)


def check_timeline(timeline: Timeline) -> None:
    """What is true of every timeline."""
    covered = [0] * timeline.length
    for before, event in zip([None, *timeline.events], timeline.events, strict=False):
        assert sum(part.source.length for part in event.slices) == event.visible.length
        assert event.visible.start <= event.record.start
        assert event.visible.end >= event.record.end
        assert event.slices[0].source.start >= 0
        for frame in range(event.record.start, event.record.end):
            covered[frame] += 1
        if event.entering is not None and event.entering.kind != "fade":
            assert before is not None
            span = event.entering.span
            assert event.visible.start <= span.start
            assert before.visible.end >= span.end
    assert min(covered) >= 1
    assert max(covered) <= 2


def test_a_hold_freezes_the_incoming_frame_and_lengthens_the_film() -> None:
    hold = make_dissolve(12, frames=FramesFrom.HOLD)
    graph = compile_shots(make_shot("SH010"), make_shot("SH020", transition=hold))
    out, into = graph.timeline.events
    assert list_codes(graph) == []
    assert graph.timeline.length == 192 + 12 + 192
    assert (out.record, into.record) == (FrameRange(0, 192), FrameRange(204, 396))
    assert into.entering is not None
    assert into.entering.span == FrameRange(192, 204)
    assert into.visible == FrameRange(192, 396)
    assert [(each.source, each.hold_frame) for each in into.slices] == [
        (FrameRange(0, 12), 0),
        (FrameRange(0, 192), None),
    ]
    assert [(each.source, each.hold_frame) for each in out.slices] == [
        (FrameRange(0, 192), None),
        (FrameRange(191, 203), 191),
    ]


def test_a_hold_goes_on_into_the_tail_handle_of_the_shot_before() -> None:
    hold = make_dissolve(12, frames=FramesFrom.HOLD)
    graph = compile_shots(
        make_shot("SH010", length=180 + 4), make_shot("SH020", length=40, transition=hold)
    )
    out, into = graph.timeline.events
    assert [(each.source, each.hold_frame) for each in out.slices] == [
        (FrameRange(0, 192), None),
        (FrameRange(191, 195), 191),
    ]
    assert sum(each.source.length for each in out.slices) == out.visible.length
    assert into.record == FrameRange(196, 236)
    assert graph.timeline.resolve_anchor(Anchor("SH020")) == 196
