from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.stitching.sound.pcm import RATE, SampleReader, to_sample_position
from storyboard.timecode import Rate

RATES = [Rate.parse(text) for text in ("23.976", "24", "25", "29.97", "30", "59.94", "60")]


@given(rate=st.sampled_from(RATES), frames=st.integers(0, 10**7))
def test_a_frame_begins_at_the_last_whole_sample_before_its_time(rate, frames):
    at = to_sample_position(frames, rate)
    exact = rate.to_seconds(frames) * RATE
    assert at <= exact < at + 1


@given(rate=st.sampled_from(RATES), lengths=st.lists(st.integers(1, 500), min_size=1, max_size=50))
def test_shots_add_up_to_the_film_without_a_sample_lost(rate, lengths):
    cuts = [sum(lengths[:n]) for n in range(len(lengths) + 1)]
    parts = [to_sample_position(b, rate) - to_sample_position(a, rate) for a, b in pairwise(cuts)]
    assert sum(parts) == to_sample_position(cuts[-1], rate)
    frame = RATE / rate.value
    assert all(abs(part - length * frame) < 1 for part, length in zip(parts, lengths, strict=True))


@pytest.mark.parametrize(("fps", "samples"), [("24", 48_000), ("25", 46_080), ("23.976", 48_048)])
def test_twenty_four_frames(fps, samples):
    assert to_sample_position(24, Rate.parse(fps)) == samples
    assert to_sample_position(1, Rate(Fraction(24))) == 2000


@given(st.lists(st.integers(0, 30), max_size=8), st.lists(st.integers(1, 25), max_size=8))
def test_a_reader_gives_the_same_sound_in_any_pieces(pieces, wanted):
    whole = np.arange(2 * sum(pieces), dtype=np.float32).reshape(-1, 2)
    ends = np.cumsum(pieces).astype(int).tolist()
    reader = SampleReader(whole[a:b] for a, b in zip([0, *ends], ends, strict=False))
    read = np.concatenate([np.zeros((0, 2), np.float32), *(reader.read(n) for n in wanted)])
    assert len(read) == sum(wanted)
    together = min(len(read), len(whole))
    assert np.array_equal(read[:together], whole[:together])
    assert not read[together:].any()
    assert reader.samples_read == together
