"""Loudness and true peak, on material that wants to break them."""

import re
from dataclasses import dataclass

import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.film import Loudness
from storyboard.stitching.aac import encoded, heard, packets_of
from storyboard.stitching.limiter import limited
from storyboard.stitching.loudness import levelled, out_of_reach
from storyboard.stitching.media import run_ffmpeg
from storyboard.stitching.meter import FLOOR_DB, loudness, loudness_range, metered
from storyboard.stitching.pcm import RATE, WavWriter

WEB = Loudness(-14, -1)
BROADCAST = Loudness(-23, -1)
T = np.arange(4 * RATE) / RATE
DRAW = np.random.default_rng(5)


def noise(top_hz=24_000):
    """White up to `top_hz`; AAC at 192k keeps little of what lies above 16 kHz."""
    spectrum = np.fft.rfft(DRAW.standard_normal(len(T)))
    spectrum[int(top_hz * len(T) / RATE) :] = 0
    return np.fft.irfft(spectrum)


def bursts(top_hz=24_000):
    """Noise that is there for a tenth of every second, over a murmur."""
    gate = (T % 1.0 < 0.1) + 0.02
    return 0.3 * gate * noise(top_hz)


def square(top_hz=24_000):
    return np.sign(np.sin(2 * np.pi * 91 * T))


def spikes(top_hz=24_000):
    """Peaks that stand between the samples: a quarter of the rate, out of phase."""
    tone = np.sin(np.pi / 2 * np.arange(len(T)) + np.pi / 4)
    return 0.1 * noise(top_hz) + tone * (T % 1.0 < 0.003)


def quiet(top_hz=24_000):
    return 0.01 * noise(top_hz)


def speech(top_hz=24_000):
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * T), 0, 1) ** 2 * (T % 2.5 < 1.8)
    return 0.4 * syllables * np.sin(2 * np.pi * 140 * T) * (1 + 0.8 * np.sin(2 * np.pi * 700 * T))


MATERIAL = [bursts, square, spikes, quiet, speech]


def stereo(wave):
    return np.stack([wave, 0.9 * wave], axis=1).astype(np.float32)


def level(wave, target):
    """How it is levelled, and what comes out."""
    sound = stereo(wave)
    done = levelled(metered(sound, 0, 0), target)
    curve = np.ones(2, np.float32) if done.curve is None else done.curve
    return done, next(limited([sound], curve, done.drive))


@dataclass
class Measured:
    lufs: float
    true_peak_db: float
    lra: float


def measure(sound, folder):
    """As ffmpeg measures it."""
    path = folder / "measured.wav"
    with WavWriter(path) as wav:
        wav.write(sound)
    graph = ["-i", str(path), "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    log = run_ffmpeg(graph, loglevel="info")
    summary = log[log.rfind("Summary:") :]
    found = dict(re.findall(r"^\s*(I|LRA|Peak):\s+(-?inf|-?[\d.]+)\s", summary, re.M))
    return Measured(float(found["I"]), float(found["Peak"]), float(found["LRA"]))


@pytest.mark.parametrize("make", MATERIAL, ids=lambda make: make.__name__)
def test_the_meter_reads_what_ffmpeg_reads(tmp_path, make):
    sound = stereo(make(top_hz=14_000))
    meter, found = metered(sound, 0, 0), measure(sound, tmp_path)
    assert loudness(meter.powers) == pytest.approx(found.lufs, abs=0.1)
    assert loudness_range(meter.powers) == pytest.approx(found.lra, abs=0.2)
    assert 20 * np.log10(meter.peaks.max()) == pytest.approx(found.true_peak_db, abs=0.15)


def test_the_highest_peak_is_true_however_low_it_is():
    tone = 0.01 * np.sin(np.pi / 2 * np.arange(len(T)) + np.pi / 4)
    meter = metered(stereo(tone), 0, 0, above=0.9)
    assert np.abs(tone).max() < 0.0071
    assert meter.peaks[100:-100].max() == pytest.approx(0.01, rel=0.03)


def test_a_meter_in_parts_is_the_meter_of_the_whole():
    sound, cut = stereo(speech()), 96_000
    whole = metered(sound, 0, 0)
    first = metered(sound[: cut + 9600], 0, 9600)
    second = metered(sound[cut - 9600 :], 9600, 0)
    for name in ("powers", "peaks"):
        parts = np.concatenate([getattr(first, name), getattr(second, name)])
        np.testing.assert_allclose(parts, getattr(whole, name), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("target", [WEB, BROADCAST], ids=["web", "broadcast"])
@pytest.mark.parametrize("make", MATERIAL, ids=lambda make: make.__name__)
def test_the_target_is_met_and_the_ceiling_holds(tmp_path, make, target):
    done, sound = level(make(), target)
    found = measure(sound, tmp_path)
    assert found.true_peak_db <= target.true_peak_db - 1 + 0.05
    assert done.lufs == pytest.approx(found.lufs, abs=0.15)
    assert done.true_peak_db == pytest.approx(found.true_peak_db, abs=0.15)
    assert found.lufs == pytest.approx(target.lufs, abs=0.5)
    assert not done.notes
    assert len(sound) == len(T)


def test_gain_alone_keeps_the_dynamics():
    wave = 0.05 * np.sin(2 * np.pi * 440 * T) * (0.5 + 0.5 * np.sin(T))
    done, sound = level(wave, BROADCAST)
    assert done.curve is None
    np.testing.assert_allclose(sound[:, 0], wave * 10 ** (done.gain_db / 20), atol=1e-5)


def test_the_limiter_leaves_alone_what_is_not_loud():
    wave = 0.05 * np.sin(2 * np.pi * 440 * T)
    wave[2 * RATE : 2 * RATE + 480] *= 15
    done, sound = level(wave, WEB)
    assert 0 < done.limited_s < 0.5
    away = slice(0, int(1.98 * RATE))
    np.testing.assert_allclose(sound[away, 0], wave[away] * 10 ** (done.gain_db / 20), atol=2e-5)


def test_silence_stays_silence():
    done, sound = level(np.zeros(RATE), WEB)
    assert (done.gain_db, done.true_peak_db) == (0, FLOOR_DB)
    assert done.notes == ("the sound is silent: its loudness stays",)
    assert not sound.any()


def test_a_film_too_short_to_measure_still_keeps_the_ceiling(tmp_path):
    done, sound = level(np.ones(RATE // 10), WEB)
    assert np.abs(sound).max() <= 10 ** (-1.9 / 20)
    assert "too quiet or short" in done.notes[0]


def test_hiss_is_not_raised_without_end():
    done, _ = level(2e-4 * noise(), WEB)
    assert done.gain_db == 24
    assert "LU below -14 LUFS" in out_of_reach(done.lufs, WEB)[0]


def test_parts_of_aac_join_without_a_seam():
    sound, packet = stereo(0.3 * np.sin(2 * np.pi * 440 * T)), 1024
    whole = encoded(sound)
    at = 90  # a packet; the second part begins four packets before its first
    first = encoded(sound[: (at + 4) * packet])[:at]
    second = encoded(sound[(at - 4) * packet :])[4:]
    assert len(first) + len(second) == len(whole)
    found = heard([*first, *second])[: len(sound)]
    error = np.abs(found - sound)
    seam = error[(at - 2) * packet : (at + 1) * packet].max()
    assert seam <= error[packet:-packet].max() < 0.03


def test_a_packet_hangs_on_what_is_heard_and_not_on_what_was_spent_before():
    sound, packet = stereo(speech() + 0.01 * noise()), 1024
    whole = encoded(sound)
    alone = encoded(sound[(90 - 4) * packet :])[4:]
    same = [one == other for one, other in zip(alone, whole[90:], strict=True)]
    assert sum(same) > 0.8 * len(same)


def test_no_sound_makes_packets_that_a_decoder_may_refuse():
    """Two channels may have 1536 bytes, and nothing is harder to code than full-scale noise."""
    loud = DRAW.uniform(-1, 1, (RATE, 2)).astype(np.float32)
    clicks = (DRAW.random((RATE, 2)) < 0.002).astype(np.float32)
    assert max(map(len, [*encoded(loud), *encoded(clicks)])) < 1536


@pytest.mark.parametrize("samples", [1, 1023, 1024, 1025])
def test_the_shortest_sounds_have_their_packets_too(samples):
    packets = encoded(np.full((samples, 2), 0.1, np.float32))
    assert len(packets) == packets_of(samples)
    assert len(heard(packets)) >= samples


def test_sound_that_is_no_number_is_an_error_in_words():
    with pytest.raises(MediaError, match="can't be encoded"):
        encoded(np.full((4096, 2), np.nan, np.float32))
