"""A slide: the incoming picture comes in from its side, pixel for pixel, over the outgoing one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from storyboard.graph.timeline import Blend
from storyboard.stitching.media.ffmpeg import read_frames
from storyboard.stitching.media.yuv import split_planes, to_rgb
from storyboard.timecode import FrameRange
from storyboard.transitions.registry import find_transition
from storyboard.transitions.spec import SIDES
from tests.media.test_smart_cut import check_film, stitch_takes, write_noisy_take

SIZES = [(320, 180), (34, 22)]
"""The second has chroma planes with odd sides, which end within a row of the frame."""


def draw_random_frame(seed, size):
    width, height = size
    return np.random.default_rng(seed).integers(0, 256, (height * 3 // 2, width), np.uint8)


def slide_pictures(size, share, direction):
    """Outgoing, incoming and slid frame as RGB, each chroma sample on its own four pixels."""
    outgoing, incoming = (draw_random_frame(seed, size) for seed in (1, 2))
    before = outgoing.copy(), incoming.copy()
    slid = find_transition("slide").draw_frame(outgoing, incoming, share, direction=direction)
    assert np.array_equal(outgoing, before[0])
    assert np.array_equal(incoming, before[1])
    return [to_rgb(frame) for frame in (outgoing, incoming, slid)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("direction", SIDES)
def test_each_pixel_is_one_of_the_two_pictures_with_its_own_colour(size, direction):
    extent = size[0] if direction in ("left", "right") else size[1]
    frames = 8
    for at in range(frames):
        share = Fraction(at + 1, frames + 1)
        outgoing, incoming, slid = (
            # every side as the left one
            {
                "left": picture,
                "right": picture[:, ::-1],
                "top": picture.swapaxes(0, 1),
                "bottom": picture[::-1].swapaxes(0, 1),
            }[direction]
            for picture in slide_pictures(size, share, direction)
        )
        shown = 2 * round(share * (extent // 2))
        assert np.array_equal(slid[:, :shown], incoming[:, extent - shown :])
        assert np.array_equal(slid[:, shown:], outgoing[:, shown:])


def test_it_has_moved_by_the_share_of_the_way_that_is_due():
    size = (320, 180)
    for share in (Fraction(1, 100), Fraction(1, 3), Fraction(1, 2), Fraction(99, 100)):
        black, white = (np.full((270, 320), level, np.uint8) for level in (16, 235))
        frame = find_transition("slide").draw_frame(black, white, share, direction="top")
        luma, blue, red = split_planes(frame)
        rows = int((luma[:, 0] == 235).sum())
        assert abs(rows - share * size[1]) <= 1
        assert (blue[: rows // 2] == 235).all()
        assert (red[rows // 2 :] == 16).all()


def test_a_cut_with_a_slide_copies_what_it_does_not_touch(shared_lab):
    media = {name: write_noisy_take(shared_lab, n, 48, ("-g", "12")) for n, name in enumerate("AB")}
    blend = Blend("slide", FrameRange(20, 28), arguments={"direction": "right"})
    timeline = shared_lab.build_timeline(
        shared_lab.build_event("A", (0, 24), visible=(0, 28)),
        shared_lab.build_event("B", (24, 68), visible=(20, 68), entering=blend),
    )
    facts = stitch_takes(shared_lab, timeline, media, "slide")
    copied = check_film(shared_lab, timeline, media, facts)
    assert 24 <= copied <= 60
    slid, before, after = (
        next(iter(read_frames(path, FrameRange(at, at + 1))))[:180].astype(int)
        for path, at in ((facts.path, 23), (media["A"].path, 23), (media["B"].path, 3))
    )
    shown = 2 * round(Fraction(4, 9) * 160)
    assert np.abs(slid[:, : 320 - shown] - before[:, : 320 - shown]).mean() < 4
    assert np.abs(slid[:, 320 - shown :] - after[:, :shown]).mean() < 4


@pytest.mark.parametrize(("align", "first"), [("start", 24), ("center", 18), ("end", 12)])
def test_a_film_gives_a_slide_its_handles_and_keeps_its_length(
    lab, cli, write_film, tmp_path, align, first
):
    for name, clip in (("a.mp4", 1), ("b.mp4", 2)):
        lab.write_take(clip, 48).path.rename(tmp_path / name)
    film = write_film(f"""
        storyboard: 1
        shots:
          - {{id: A, clip: a.mp4, trim: {{start: 0.5}}, length: 1}}
          - {{id: B, clip: b.mp4, trim: {{start: 0.5}}, length: 1,
             transition: {{slide: 0.5, from: bottom, align: {align}, frames: handles}}}}
        """)
    rendered = cli("render", film, "--proxy")
    assert rendered.code == 0, rendered.err
    frames = list(read_frames(tmp_path / rendered.out.strip(), FrameRange(0, 48)))
    assert lab.read_marks(frames[first - 1])[0] == 1
    assert lab.read_marks(frames[first + 12]) == (2, first + 12 - 12)
    for at in range(12):
        film_frame = first + at
        outgoing = lab.draw_marked_frame(1, film_frame + 12)[:180]
        incoming = lab.draw_marked_frame(2, film_frame - 12)[:180]
        shown = 2 * round(Fraction(at + 1, 13) * 90)
        expected = np.concatenate([outgoing[: 180 - shown], incoming[:shown]]).astype(int)
        assert np.abs(frames[film_frame][:180] - expected).mean() < 5, film_frame


def test_the_cure_for_missing_handles_keeps_the_side(cli, write_film):
    film = "storyboard: 1\nshots: [{id: A, prompt: a}, {id: B, prompt: b, transition: %s}]\n"
    for frames in ("auto", "handles"):
        checked = cli("check", write_film(film % f"{{slide: 1, from: right, frames: {frames}}}"))
        assert "transition: {slide: 1, from: right, frames: overlap}" in checked.out
