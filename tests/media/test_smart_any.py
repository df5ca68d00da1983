"""Any film of any takes: as long as planned, copied where it can be, drawn where it must."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.graph.timeline import Blend, Slice
from storyboard.model.film import Anchor, TitleCue
from storyboard.stitching.text.title_timing import place_titles
from storyboard.timecode import FrameRange
from storyboard.transitions.registry import find_transition, load_transitions
from tests.media.test_smart_cut import ENCODERS, check_film, stitch_takes, write_noisy_take

BETWEEN_PICTURES = [
    transition.name for transition in load_transitions().values() if not transition.is_with_color
]
JOINS = ("cut", "cut", *BETWEEN_PICTURES, "through", "hold", "from")


@pytest.fixture(scope="module")
def takes(shared_lab):
    return {
        name: write_noisy_take(shared_lab, 20 + number, 30, options)
        for number, (name, options) in enumerate(ENCODERS.items())
    }


@st.composite
def draw_edits(draw):
    """Shots with a take, a trim, a length and a way in, and perhaps a title."""
    shots = []
    for number in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, 14))
        shots.append(
            (
                draw(st.sampled_from((*ENCODERS, "card", "color"))),
                start,
                draw(st.integers(14, 30 - start)),
                draw(st.sampled_from(JOINS if number else ("cut", "from"))),
                draw(st.integers(1, 6)),
            )
        )
    title = draw(st.none() | st.tuples(st.integers(0, 40), st.integers(1, 12)))
    return shots, title


def build_edit_timeline(stage, shots):
    """The timeline: two pictures overlap, a hold goes between, a fade stands at the cut."""
    events, at = [], 0
    for number, (take, start, length, join, frames) in enumerate(shots):
        blend, held_frames = None, 0
        match join:
            case kind if kind in BETWEEN_PICTURES:
                at -= frames
                arguments = find_transition(kind).to_arguments({"from": "top"})
                blend = Blend(kind, FrameRange(at, at + frames), arguments=arguments)
            case "through":
                span = FrameRange(at - frames // 2, at - frames // 2 + frames)
                blend = Blend("fade", span, color="red", through=True)
            case "from":
                blend = Blend("fade", FrameRange(at, at + frames), color="white")
            case "hold":
                blend, held_frames = (
                    Blend("dissolve", FrameRange(at, at + frames)),
                    frames,
                )
                last = events[-1]
                tail = replace(last.slices[-1], source=FrameRange(0, frames), hold_frame=3)
                if not tail.step:
                    tail = replace(tail, hold_frame=None)
                visible = FrameRange(last.visible.start, last.visible.end + frames)
                events[-1] = replace(last, visible=visible, slices=(*last.slices, tail))
                at += frames
        source = FrameRange(start, start + length)
        if take in ENCODERS:
            still = Slice(take, FrameRange(start, start + held_frames), hold_frame=start)
            moving = Slice(take, source)
        else:
            words = {"card": "THE END"} if take == "card" else {"color": "#305070"}
            still, moving = (
                Slice("", FrameRange(0, held_frames), **words),
                Slice("", source, **words),
            )
        events.append(
            stage.build_event(
                f"N{number}",
                (at, at + length),
                visible=(at - held_frames, at + length),
                slices=(still, moving) if held_frames else (moving,),
                entering=blend,
            )
        )
        at += length
    return stage.build_timeline(*events)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw_edits())
def test_any_edit_copies_what_nothing_touches_and_draws_the_rest(shared_lab, takes, edit):
    shots, title = edit
    timeline = build_edit_timeline(shared_lab, shots)
    titles = ()
    if title:
        titles = (TitleCue(Anchor("start", title[0]), title[1], text="Havana"),)
    facts = stitch_takes(shared_lab, timeline, takes, "any", titles=titles)
    assert not any("re-encoded" in note for note in facts.notes)
    check_film(shared_lab, timeline, takes, facts, place_titles(titles, timeline))
