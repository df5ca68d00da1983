"""Time: whole frames at an exact rate, wherever seconds come from."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.timecode import FrameRange, Rate, Timecode, parse_time

RATES = st.sampled_from([Rate.parse(text) for text in (24, 25, 30, "23.976", "29.97", 60, 12)])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (24, Fraction(24)),
        ("23.976", Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_a_rate_is_what_people_mean(text: object, value: Fraction) -> None:
    assert Rate.parse(text).value == value  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [0, -24, 1000, "fast", "1/0"])
def test_what_is_no_rate_is_refused(text: object) -> None:
    with pytest.raises((ValueError, ZeroDivisionError)):
        Rate.parse(text)  # type: ignore[arg-type]


@given(RATES, st.integers(-(10**6), 10**6))
def test_frames_to_seconds_and_back(rate: Rate, frames: int) -> None:
    assert rate.to_frames(rate.to_seconds(frames)) == frames
    assert rate.to_frames_rounded_up(rate.to_seconds(frames)) == frames
    assert parse_time(f"{frames}f", rate).frames == frames


@given(RATES, st.fractions(0, 1000, max_denominator=1000))
def test_a_time_goes_to_the_nearest_frame(rate: Rate, seconds: Fraction) -> None:
    frames = rate.to_frames(seconds)
    assert abs(rate.to_seconds(frames) - seconds) * rate.value <= Fraction(1, 2)
    assert rate.to_frames_rounded_up(seconds) - frames in (0, 1)


def test_times_between_frames_are_reported() -> None:
    assert parse_time(0.5, Rate.parse(24)).exact
    assert not parse_time(0.51, Rate.parse(24)).exact
    with pytest.raises(ValueError, match="not a time"):
        parse_time("soon", Rate.parse(24))


@given(st.integers(-50, 50), st.integers(0, 60), st.integers(-50, 50), st.integers(0, 60))
def test_ranges_meet_where_they_share_frames(a: int, la: int, b: int, lb: int) -> None:
    one, other = FrameRange(a, a + la), FrameRange(b, b + lb)
    shared = set(range(a, a + la)) & set(range(b, b + lb))
    both = one.intersect_with(other)
    assert (set(range(both.start, both.end)) if both else set()) == shared


def test_a_timecode_counts_frames() -> None:
    assert str(Timecode(24 * 3661 + 5, Rate.parse(24))) == "01:01:01:05"
