import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.stitching.sound.limiter import (
    HOP,
    apply_drive_and_limiter,
    compute_limiter_curve,
    count_limited_seconds,
    measure_true_peaks_by_hop,
)


def make_stereo(wave):
    return np.stack([wave, wave], axis=1).astype(np.float32)


def split_blocks(samples, size):
    return (samples[start : start + size] for start in range(0, len(samples), size))


@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 3000),
    size=st.integers(1, 700),
    drive=st.floats(0.1, 16),
)
@settings(max_examples=40, deadline=None)
def test_nothing_passes_the_ceiling_whatever_the_blocks(seed, n, size, drive):
    wave = make_stereo(np.random.default_rng(seed).standard_normal(n))
    peaks = measure_true_peaks_by_hop(split_blocks(wave, size), exact_above=0.0)
    curve = compute_limiter_curve(peaks, drive, 0.8)
    out = np.concatenate(list(apply_drive_and_limiter(split_blocks(wave, size), curve, drive)))
    assert out.shape == wave.shape
    assert np.abs(out).max() <= 0.8001
    assert (curve <= 1).all()


def test_peaks_do_not_depend_on_the_blocks():
    wave = make_stereo(np.random.default_rng(3).standard_normal(10_007))
    whole = measure_true_peaks_by_hop([wave], exact_above=0.0)
    np.testing.assert_allclose(
        measure_true_peaks_by_hop(split_blocks(wave, 333), exact_above=0.0), whole, rtol=1e-5
    )
    assert len(whole) == -(-len(wave) // HOP)


@pytest.mark.parametrize("hz", [997, 6000, 12_000, 17_000])
def test_the_peak_between_samples_is_found(hz):
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(4800) / 48_000 + 0.7)
    peaks = measure_true_peaks_by_hop([make_stereo(wave)], exact_above=0.0)
    assert peaks[10:-10].max() == pytest.approx(0.5, rel=0.03)


@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 4000),
    above=st.floats(0.05, 2),
    sparse=st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_every_peak_that_matters_is_the_true_one(seed, n, above, sparse):
    draw = np.random.default_rng(seed)
    wave = make_stereo(np.sign(draw.standard_normal(n)) * (draw.random(n) < sparse) * 0.4)
    exact, found = (
        measure_true_peaks_by_hop([wave], exact_above=0.0),
        measure_true_peaks_by_hop([wave], exact_above=above),
    )
    np.testing.assert_array_equal(found[exact > above], exact[exact > above])
    assert (found <= exact).all()


def test_a_peak_more_than_twice_as_high_as_its_samples_is_not_missed():
    wave = np.zeros(480)
    wave[228:252] = 0.2 * np.sign(np.sinc(np.arange(-11, 13) - 0.5))
    peaks = measure_true_peaks_by_hop([make_stereo(wave)], exact_above=0.45)
    assert peaks.max() == pytest.approx(0.466, rel=0.01)


def test_sound_below_the_ceiling_is_untouched():
    wave = make_stereo(0.3 * np.sin(np.arange(5000) / 10))
    curve = compute_limiter_curve(measure_true_peaks_by_hop([wave], exact_above=0.5), 1.0, 0.5)
    assert (curve == 1).all()
    assert count_limited_seconds(curve) == 0
    np.testing.assert_array_equal(
        np.concatenate(list(apply_drive_and_limiter([wave], curve, 1.0))), wave
    )


def test_the_gain_comes_down_before_a_peak_and_recovers_after_it():
    peaks = np.full(1000, 0.1, np.float32)
    peaks[500] = 2.0
    curve = compute_limiter_curve(peaks, 1.0, 0.5)
    assert curve[500] == pytest.approx(0.25, rel=0.01)
    assert (curve[:485] == 1).all()
    assert curve[495] < 1
    assert (np.diff(curve[506:]) >= -1e-6).all()
    assert curve[-1] == 1
    assert 0.1 < count_limited_seconds(curve) < 0.35
