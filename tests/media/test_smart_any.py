"""Any film of any takes: as long as planned, copied where it can be, drawn where it must."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.film import Anchor, TitleCue, TransitionKind
from storyboard.graph.timeline import Blend, Slice
from storyboard.stitching.overlays import placed
from storyboard.timecode import FrameRange
from tests.media.test_smart_cut import ENCODERS, held_to, noisy, stitched

JOINS = ("cut", "cut", "dissolve", "wipe", "through", "hold", "from")


@pytest.fixture(scope="module")
def takes(stage):
    return {
        name: noisy(stage, 20 + number, 30, options)
        for number, (name, options) in enumerate(ENCODERS.items())
    }


@st.composite
def edits(draw):
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


def film_of(stage, shots):
    """The timeline: a dissolve or wipe overlaps, a hold goes between, a fade stands at the cut."""
    events, at = [], 0
    for number, (take, start, length, join, frames) in enumerate(shots):
        blend, held = None, 0
        match join:
            case "dissolve" | "wipe":
                at -= frames
                kind = TransitionKind.WIPE if join == "wipe" else TransitionKind.DISSOLVE
                blend = Blend(kind, FrameRange(at, at + frames), direction="top")
            case "through":
                span = FrameRange(at - frames // 2, at - frames // 2 + frames)
                blend = Blend(TransitionKind.FADE, span, color="red", through=True)
            case "from":
                blend = Blend(TransitionKind.FADE, FrameRange(at, at + frames), color="white")
            case "hold":
                blend, held = Blend(TransitionKind.DISSOLVE, FrameRange(at, at + frames)), frames
                last = events[-1]
                tail = replace(last.slices[-1], source=FrameRange(0, frames), freeze=3)
                if not tail.step:
                    tail = replace(tail, freeze=None)
                visible = FrameRange(last.visible.start, last.visible.end + frames)
                events[-1] = replace(last, visible=visible, slices=(*last.slices, tail))
                at += frames
        source = FrameRange(start, start + length)
        if take in ENCODERS:
            still = Slice(take, FrameRange(start, start + held), freeze=start)
            moving = Slice(take, source)
        else:
            words = {"card": "THE END"} if take == "card" else {"color": "#305070"}
            still, moving = Slice("", FrameRange(0, held), **words), Slice("", source, **words)
        events.append(
            stage.event(
                f"N{number}",
                (at, at + length),
                visible=(at - held, at + length),
                slices=(still, moving) if held else (moving,),
                entering=blend,
            )
        )
        at += length
    return stage.timeline(*events)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits())
def test_any_edit_copies_what_nothing_touches_and_draws_the_rest(stage, takes, edit):
    shots, title = edit
    timeline = film_of(stage, shots)
    titles = ()
    if title:
        titles = (TitleCue(Anchor("start", title[0]), title[1], text="Havana"),)
    facts = stitched(stage, timeline, takes, "any", titles=titles)
    assert not any("encoded again" in note for note in facts.notes)
    held_to(stage, timeline, takes, facts, placed(titles, timeline))
