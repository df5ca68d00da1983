"""Every film frame shows the take frame that the timeline names."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.errors import MediaError, StitchError
from storyboard.graph.timeline import Blend, Slice
from storyboard.model.film import Align, MediaFacts
from storyboard.stitching.media.ffmpeg import probe
from storyboard.stitching.media.yuv import create_solid_frame, split_planes, to_rgb
from storyboard.stitching.picture.clips import (
    StepMedia,
    check_clips_with_notes,
    conform_shown_takes,
)
from storyboard.timecode import FrameRange

DISSOLVE, FADE, WIPE = "dissolve", "fade", "wipe"


@pytest.fixture(scope="module")
def media(shared_lab):
    return {f"S{clip}": shared_lab.write_take(clip, 48) for clip in (1, 2, 3)}


def read_all_marks(stage, frames):
    return [stage.read_marks(frame) for frame in frames]


def test_a_cut_shows_the_last_frame_and_then_the_first_of_the_next_shot(shared_lab, media):
    film = shared_lab.build_timeline(
        shared_lab.build_event("S1", (0, 10), source=5),
        shared_lab.build_event("S2", (10, 20)),
        shared_lab.build_event("S3", (20, 24), source=44),
    )
    assert read_all_marks(shared_lab, shared_lab.render_timeline(film, media)) == [
        *((1, 5 + k) for k in range(10)),
        *((2, k) for k in range(10)),
        *((3, 44 + k) for k in range(4)),
    ]


def test_a_take_may_play_twice_cut_differently_and_stand_still(shared_lab, media):
    film = shared_lab.build_timeline(
        shared_lab.build_event("S1", (0, 6), source=30),
        shared_lab.build_event("S1b", (6, 12), step="S1", source=3),
        shared_lab.build_event(
            "S2", (12, 16), slices=(Slice("S2", FrameRange(0, 4), hold_frame=17),)
        ),
    )
    assert read_all_marks(shared_lab, shared_lab.render_timeline(film, media)) == [
        *((1, 30 + k) for k in range(6)),
        *((1, 3 + k) for k in range(6)),
        *[(2, 17)] * 4,
    ]


def test_new_material_is_counted_from_where_the_step_begins(shared_lab):
    extended = shared_lab.write_take(4, 40, first_frame=24)
    film = shared_lab.build_timeline(shared_lab.build_event("S4", (0, 5), source=2))
    assert read_all_marks(shared_lab, shared_lab.render_timeline(film, {"S4": extended})) == [
        (4, 26 + k) for k in range(5)
    ]


def test_a_dissolve_with_handles_mixes_the_frames_around_the_cut(shared_lab, media):
    blend = Blend(DISSOLVE, FrameRange(6, 14))
    film = shared_lab.build_timeline(
        shared_lab.build_event("S1", (0, 10), visible=(0, 14), source=4),
        shared_lab.build_event("S2", (10, 20), visible=(6, 20), source=8, entering=blend),
    )
    frames = shared_lab.render_timeline(film, media)
    assert shared_lab.read_marks(frames[5]) == (1, 9)
    assert shared_lab.read_marks(frames[14]) == (2, 16)
    for k in range(8):
        share = (k + 1) / 9
        before = shared_lab.measure_levels(shared_lab.draw_marked_frame(1, 10 + k))
        after = shared_lab.measure_levels(shared_lab.draw_marked_frame(2, 8 + k))
        expected = before * (1 - share) + after * share
        assert np.abs(shared_lab.measure_levels(frames[6 + k]) - expected).max() < 5


def test_overlapping_shots_make_the_film_shorter(shared_lab, media):
    blend = Blend(DISSOLVE, FrameRange(8, 12))
    film = shared_lab.build_timeline(
        shared_lab.build_event("S1", (0, 12)),
        shared_lab.build_event("S2", (8, 20), source=1, entering=blend),
    )
    frames = shared_lab.render_timeline(film, media)
    assert len(frames) == 20
    assert [shared_lab.read_marks(frames[at]) for at in (7, 12)] == [(1, 7), (2, 5)]
    expected = (
        shared_lab.measure_levels(shared_lab.draw_marked_frame(1, 9)) * 0.6
        + shared_lab.measure_levels(shared_lab.draw_marked_frame(2, 2)) * 0.4
    )
    assert np.abs(shared_lab.measure_levels(frames[9]) - expected).max() < 5


def test_fades_come_from_a_colour_go_through_one_and_end_in_one(shared_lab, media):
    film = shared_lab.build_timeline(
        shared_lab.build_event(
            "S1", (0, 12), entering=Blend(FADE, FrameRange(0, 4), color="#ffffff")
        ),
        shared_lab.build_event(
            "S2", (12, 24), entering=Blend(FADE, FrameRange(9, 14), color="black", through=True)
        ),
        shared_lab.build_event(
            "S3", (24, 36), leaving=Blend(FADE, FrameRange(32, 36), color="black")
        ),
    )
    # the first shot is needed up to the middle of the fade, the second from there on
    frames = shared_lab.render_timeline(film, media)
    white, black = 235, 16

    def compute_expected_levels(clip, frame, color, share):
        return (
            shared_lab.measure_levels(shared_lab.draw_marked_frame(clip, frame)) * (1 - share)
            + color * share
        )

    assert (
        np.abs(
            shared_lab.measure_levels(frames[1]) - compute_expected_levels(1, 1, white, 0.6)
        ).max()
        < 5
    )
    assert (
        np.abs(
            shared_lab.measure_levels(frames[10]) - compute_expected_levels(1, 10, black, 2 / 3)
        ).max()
        < 5
    )
    assert np.abs(shared_lab.measure_levels(frames[11]) - black).max() < 2
    assert (
        np.abs(
            shared_lab.measure_levels(frames[12]) - compute_expected_levels(2, 0, black, 2 / 3)
        ).max()
        < 5
    )
    assert shared_lab.read_marks(frames[14]) == (2, 2)
    assert (
        np.abs(
            shared_lab.measure_levels(frames[35]) - compute_expected_levels(3, 11, black, 0.8)
        ).max()
        < 5
    )


def test_a_fade_through_a_colour_reaches_it_at_the_cut(shared_lab, media):
    def measure_shown_levels(span, align):
        blend = Blend(FADE, span, color="black", through=True, align=align)
        film = shared_lab.build_timeline(
            shared_lab.build_event("S1", (0, 12)),
            shared_lab.build_event("S2", (12, 24), entering=blend),
        )
        return [
            shared_lab.measure_levels(picture)
            for picture in shared_lab.render_timeline(film, media)
        ]

    def compute_expected_levels(clip, frame, color):
        return (
            shared_lab.measure_levels(shared_lab.draw_marked_frame(clip, frame)) * (1 - color)
            + 16 * color
        )

    out = measure_shown_levels(FrameRange(8, 12), Align.END)
    back = measure_shown_levels(FrameRange(12, 16), Align.START)
    for frames, at, clip, frame, color in (
        *((out, 7, 1, 7, 0), (out, 8, 1, 8, 0.25), (out, 10, 1, 10, 0.75), (out, 11, 1, 11, 1)),
        *((out, 12, 2, 0, 0), (back, 11, 1, 11, 0), (back, 12, 2, 0, 1)),
        *((back, 13, 2, 1, 0.75), (back, 15, 2, 3, 0.25), (back, 16, 2, 4, 0)),
    ):
        assert np.abs(frames[at] - compute_expected_levels(clip, frame, color)).max() < 5, at


@pytest.mark.parametrize(
    ("direction", "new", "old"),
    [
        ("left", np.s_[:, :20], np.s_[:, -20:]),
        ("right", np.s_[:, -20:], np.s_[:, :20]),
        ("top", np.s_[:10], np.s_[-10:]),
        ("bottom", np.s_[-10:], np.s_[:10]),
    ],
)
def test_a_wipe_comes_from_its_side(shared_lab, direction, new, old):
    blend = Blend(WIPE, FrameRange(4, 9), arguments={"direction": direction})
    film = shared_lab.build_timeline(
        shared_lab.build_event("A", (0, 9), slices=(Slice("", FrameRange(0, 9), color="#808080"),)),
        shared_lab.build_event(
            "B", (4, 12), entering=blend, slices=(Slice("", FrameRange(0, 8), color="#d02020"),)
        ),
    )
    luma, _, red = split_planes(shared_lab.render_timeline(film, {})[6])
    before, after = (
        [int(plane[0, 0]) for plane in split_planes(create_solid_frame(color, shared_lab.size))]
        for color in ("#808080", "#d02020")
    )
    assert np.abs(luma[new].astype(int) - after[0]).max() < 4
    assert np.abs(luma[old].astype(int) - before[0]).max() < 4
    assert abs(int(red.max()) - after[2]) < 8
    assert abs(int(red.min()) - before[2]) < 8


def test_a_card_and_a_colour_take_their_place_in_running_order(shared_lab, media):
    film = shared_lab.build_timeline(
        shared_lab.build_event(
            "C1", (0, 4), slices=(Slice("", FrameRange(0, 4), card="THE LETTER"),)
        ),
        shared_lab.build_event("S1", (4, 8)),
        shared_lab.build_event("C2", (8, 10), slices=(Slice("", FrameRange(0, 2), color="navy"),)),
    )
    frames = shared_lab.render_timeline(film, media)
    card = frames[2][:180]
    assert card[:60].max() < 24
    assert card[80:100, 110:210].max() > 180
    assert shared_lab.read_marks(frames[4]) == (1, 0)
    assert abs(int(frames[9][0, 0]) - int(create_solid_frame("navy", shared_lab.size)[0, 0])) < 3


def test_frames_beyond_the_plan_are_cut_and_two_missing_ones_are_held(shared_lab):
    media = {"S1": shared_lab.write_take(1, 30), "S2": shared_lab.write_take(2, 22)}
    film = shared_lab.build_timeline(
        shared_lab.build_event("S1", (0, 24)), shared_lab.build_event("S2", (24, 48))
    )
    clips = conform_shown_takes(film, media, shared_lab.delivery, shared_lab.folder / "cache")
    assert check_clips_with_notes(film, clips) == (
        "S2: the take of step S2 is 2 frames too short; its last frame is repeated",
    )
    frames = read_all_marks(shared_lab, shared_lab.render_timeline(film, media))
    assert frames[23:25] == [(1, 23), (2, 0)]
    assert frames[-3:] == [(2, 21)] * 3


def test_a_take_that_lacks_more_is_refused_with_the_numbers(shared_lab):
    media = {"SH010.2": shared_lab.write_take(2, 21)}
    film = shared_lab.build_timeline(shared_lab.build_event("SH010", (0, 24), step="SH010.2"))
    clips = conform_shown_takes(film, media, shared_lab.delivery, shared_lab.folder / "cache")
    with pytest.raises(StitchError) as refused:
        check_clips_with_notes(film, clips)
    assert str(refused.value) == (
        "take_short: shot SH010, step SH010.2: the take has 21 frames, not 24"
    )


def test_a_take_of_another_shape_is_noted(shared_lab):
    media = {"S1": shared_lab.write_take(1, 4, size=(240, 240))}
    film = shared_lab.build_timeline(shared_lab.build_event("S1", (0, 4)))
    clips = conform_shown_takes(film, media, shared_lab.delivery, shared_lab.folder / "cache")
    assert check_clips_with_notes(film, clips) == (
        "S1: the take of step S1 gets black bars",
        "converted to the format of the film: S1: size 240x240",
    )


def test_a_take_that_can_not_be_read_is_named_by_its_shot(shared_lab):
    page = shared_lab.folder / "page.mp4"
    page.write_text("<html>403 Forbidden</html>")
    film = shared_lab.build_timeline(shared_lab.build_event("SH010", (0, 4)))
    media = {"SH010": StepMedia(page, "p", MediaFacts())}
    with pytest.raises(MediaError, match=r"the take of shot SH010, step SH010: .* is text"):
        conform_shown_takes(film, media, shared_lab.delivery, shared_lab.folder / "cache")


def test_a_still_stands_as_long_as_it_is_wanted(shared_lab):
    still = shared_lab.folder / "still.png"
    cv2.imwrite(str(still), to_rgb(shared_lab.draw_marked_frame(6, 9))[..., ::-1])
    film = shared_lab.build_timeline(shared_lab.build_event("S6", (0, 10), source=3))
    frames = shared_lab.render_timeline(film, {"S6": StepMedia(still, "s", probe(still))})
    assert read_all_marks(shared_lab, frames) == [(6, 9)] * 10


def test_a_step_without_a_take_is_named(shared_lab):
    film = shared_lab.build_timeline(shared_lab.build_event("SH010", (0, 24)))
    with pytest.raises(StitchError, match="shot SH010 has no take"):
        conform_shown_takes(film, {}, shared_lab.delivery, shared_lab.folder / "cache")


@st.composite
def draw_cuts(draw):
    """Shots of three takes, joined by cuts, by dissolves over handles, or by overlaps."""
    shots, start = [], 0
    for number in range(draw(st.integers(1, 5))):
        length = draw(st.integers(9, 16))
        join = draw(st.sampled_from(["cut", "handles", "overlap"])) if number else "cut"
        frames = draw(st.integers(1, 4))
        shots.append((draw(st.integers(1, 3)), length, join, frames, draw(st.integers(5, 20))))
    return shots, start


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw_cuts())
def test_any_cut_shows_exactly_what_its_timeline_says(shared_lab, media, cut):
    shots, at = cut
    events, expected = [], {}
    for number, (clip, length, join, frames, source) in enumerate(shots):
        blend, first = None, at
        if join == "overlap":
            at -= frames
            blend, first = Blend(DISSOLVE, FrameRange(at, at + frames)), at
        elif join == "handles":
            first = at - frames
            blend = Blend(DISSOLVE, FrameRange(first, at))
        events.append(
            shared_lab.build_event(
                f"N{number}",
                (at, at + length),
                visible=(first, at + length),
                step=f"S{clip}",
                source=source - (at - first),
                entering=blend,
            )
        )
        for frame in range(at - (at - first), at + length):
            if blend and frame in blend.span:
                expected.pop(frame, None)
            else:
                expected[frame] = (clip, source + frame - at)
        at += length
    frames = shared_lab.render_timeline(shared_lab.build_timeline(*events), media)
    assert len(frames) == at
    assert {frame: shared_lab.read_marks(frames[frame]) for frame in expected} == expected
