"""Pictures of another shape fill the frame as the film says: cropped, padded, blurred, moved."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from storyboard.model.film import Delivery
from storyboard.model.framing import (
    POSITIONS,
    FitKind,
    Framing,
    ShownFraming,
    build_shown_framing,
)
from storyboard.stitching.media.ffmpeg import probe, read_frames
from storyboard.stitching.media.yuv import to_rgb
from storyboard.stitching.picture.conform import conform_take
from storyboard.stitching.picture.framing_move import compute_move_window
from storyboard.timecode import FrameRange

SCOPE = Delivery("2.39:1", "180p")
TALL = Delivery("9:16", "180p")


def write_ramp(path, size=(640, 360)):
    """Red grows from left to right, green from top to bottom: the colour says the place."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 2] = np.linspace(0, 255, width)[None, :]
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    picture[..., 0] = 60
    cv2.imwrite(str(path), picture)
    return path


def read_place(picture, y, x):
    """Where in the ramp the pixel came from, each from 0 to 1."""
    red, green, _ = picture[y, x].astype(float)
    return red / 255, green / 255


def frame_ramp(lab, delivery, framing, frames=1, size=(640, 360)):
    path = write_ramp(lab.folder / "ramp.png", size)
    shown = build_shown_framing(framing, FrameRange(0, frames))
    out = conform_take(
        path, "ramp", delivery, lab.folder / "cache", framing=shown, still_frames=frames
    )
    facts = probe(out)
    assert (facts.width, facts.height) == delivery.size
    return [to_rgb(frame) for frame in read_frames(out, FrameRange(0, frames))]


@pytest.mark.parametrize("word", POSITIONS)
@pytest.mark.parametrize("delivery", [SCOPE, TALL])
def test_the_point_of_a_crop_keeps_its_place(lab, word, delivery):
    x, y = POSITIONS[word]
    (picture,) = frame_ramp(lab, delivery, (Framing(FitKind.CROP, (x, y), 1.5),))
    height, width = picture.shape[:2]
    at = (round(y * (height - 9)) + 4, round(x * (width - 9)) + 4)
    assert read_place(picture, *at) == pytest.approx((x, y), abs=0.06)


def test_a_crop_covers_the_frame_and_shows_all_of_one_side(lab):
    (picture,) = frame_ramp(lab, SCOPE, (Framing(),))
    middle = picture.shape[0] // 2
    assert read_place(picture, middle, 2)[0] < 0.05
    assert read_place(picture, middle, -3)[0] > 0.95
    assert read_place(picture, 2, 100)[1] == pytest.approx(0.13, abs=0.03)


def test_pad_shows_the_whole_picture_between_bars(lab):
    (picture,) = frame_ramp(lab, SCOPE, (Framing(FitKind.PAD),))
    assert picture[60, 4].max() < 6
    assert read_place(picture, 2, 160)[1] < 0.06


def test_blur_shows_the_whole_picture_over_itself(lab):
    (picture,) = frame_ramp(lab, SCOPE, (Framing(FitKind.BLUR),))
    bar = picture[:, 4].astype(int)
    assert bar.max() > 30
    assert np.abs(np.diff(bar, axis=0)).max() < 12
    assert read_place(picture, 2, 160)[1] < 0.06
    assert read_place(picture, 67, 160)[0] == pytest.approx(0.5, abs=0.03)


def test_a_take_that_has_the_frame_is_copied_whatever_the_fit(lab):
    take = lab.write_take(1, 4)
    for kind in FitKind:
        framing = build_shown_framing((Framing(kind),), FrameRange(0, 4))
        cache = lab.folder / "cache"
        assert conform_take(take.path, "x", lab.delivery, cache, framing=framing) == take.path


def test_a_move_rests_at_both_ends_and_never_jitters(lab):
    picture = np.zeros((1440, 2560, 3), np.uint8)
    picture[:, 1600:] = 200
    path = lab.folder / "edge.png"
    cv2.imwrite(str(path), picture)
    ends = (Framing(), Framing(FitKind.CROP, (0.2, 0.4), 1.15))
    move = ShownFraming(ends, FrameRange(0, 96))
    cache = lab.folder / "cache"
    out = conform_take(path, "edge", SCOPE, cache, framing=move, still_frames=96)
    width, height = SCOPE.size
    places = []
    for number, frame in enumerate(read_frames(out, FrameRange(0, 96))):
        row = frame[height // 2 - 8 : height // 2 + 8].mean(axis=0)
        low, high = row[:120].mean(), row[-40:].mean()
        place = width - (row - low).sum() / (high - low)
        window = compute_move_window(move, number, (2560, 1440), SCOPE.size)
        assert place == pytest.approx((1600 / 2560 - window.left) / window.width * width, abs=0.15)
        places.append(place)
    steps = np.diff(places)
    assert steps.min() > -0.1
    assert max(steps[:3].mean(), steps[-3:].mean()) < steps[45:51].mean() / 3


def test_a_move_over_a_take_of_another_rate_keeps_the_seconds(lab):
    take = lab.write_take(7, 60, rate="30")
    move = ShownFraming((Framing(), Framing(zoom=1.05)), FrameRange(0, 48))
    out = conform_take(take.path, take.sha256, lab.delivery, lab.folder / "cache", framing=move)
    assert probe(out).frames == 48
    marks = [lab.read_marks(frame) for frame in read_frames(out, FrameRange(0, 12))]
    assert marks[0] == (7, 0)
    assert [frame for _, frame in marks] == sorted(frame for _, frame in marks)
