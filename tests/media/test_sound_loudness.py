"""Loudness and true peak, on material that wants to break them."""

import re
from dataclasses import dataclass

import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.model.film import Loudness
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.stitching.sound.aac import count_aac_packets, decode_aac_packets, encode_aac_packets
from storyboard.stitching.sound.limiter import apply_drive_and_limiter
from storyboard.stitching.sound.loudness import compute_loudness_gain, note_missed_loudness
from storyboard.stitching.sound.meter import (
    FLOOR_DB,
    compute_loudness,
    compute_loudness_range,
    measure_sound,
)
from storyboard.stitching.sound.pcm import RATE, WavWriter

WEB = Loudness(-14, -1)
BROADCAST = Loudness(-23, -1)
T = np.arange(4 * RATE) / RATE
DRAW = np.random.default_rng(5)


def create_noise(top_hz=24_000):
    """White up to `top_hz`; AAC at 192k keeps little of what lies above 16 kHz."""
    spectrum = np.fft.rfft(DRAW.standard_normal(len(T)))
    spectrum[int(top_hz * len(T) / RATE) :] = 0
    return np.fft.irfft(spectrum)


def create_bursts(top_hz=24_000):
    """Noise that is there for a tenth of every second, over a murmur."""
    gate = (T % 1.0 < 0.1) + 0.02
    return 0.3 * gate * create_noise(top_hz)


def create_square_wave(top_hz=24_000):
    return np.sign(np.sin(2 * np.pi * 91 * T))


def create_spikes(top_hz=24_000):
    """Peaks that stand between the samples: a quarter of the rate, out of phase."""
    tone = np.sin(np.pi / 2 * np.arange(len(T)) + np.pi / 4)
    return 0.1 * create_noise(top_hz) + tone * (T % 1.0 < 0.003)


def create_quiet_noise(top_hz=24_000):
    return 0.01 * create_noise(top_hz)


def create_speech(top_hz=24_000):
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * T), 0, 1) ** 2 * (T % 2.5 < 1.8)
    return 0.4 * syllables * np.sin(2 * np.pi * 140 * T) * (1 + 0.8 * np.sin(2 * np.pi * 700 * T))


MATERIAL = [create_bursts, create_square_wave, create_spikes, create_quiet_noise, create_speech]


def to_stereo(wave):
    return np.stack([wave, 0.9 * wave], axis=1).astype(np.float32)


def level_wave(wave, target):
    """How it is levelled, and what comes out."""
    sound = to_stereo(wave)
    gain = compute_loudness_gain(measure_sound(sound, 0, 0), target)
    curve = np.ones(2, np.float32) if gain.curve is None else gain.curve
    return gain, next(apply_drive_and_limiter([sound], curve, gain.drive))


@dataclass
class FfmpegMeasurement:
    lufs: float
    true_peak_db: float
    lra: float


def measure_with_ffmpeg(sound, folder):
    """As ffmpeg measures it."""
    path = folder / "measured.wav"
    with WavWriter(path) as wav:
        wav.write(sound)
    graph = ["-i", str(path), "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    log = run_ffmpeg(graph, loglevel="info")
    summary = log[log.rfind("Summary:") :]
    figures = dict(re.findall(r"^\s*(I|LRA|Peak):\s+(-?inf|-?[\d.]+)\s", summary, re.M))
    return FfmpegMeasurement(float(figures["I"]), float(figures["Peak"]), float(figures["LRA"]))


@pytest.mark.parametrize("make", MATERIAL, ids=lambda make: make.__name__)
def test_the_meter_reads_what_ffmpeg_reads(tmp_path, make):
    sound = to_stereo(make(top_hz=14_000))
    meter, expected = measure_sound(sound, 0, 0), measure_with_ffmpeg(sound, tmp_path)
    assert compute_loudness(meter.powers) == pytest.approx(expected.lufs, abs=0.1)
    assert compute_loudness_range(meter.powers) == pytest.approx(expected.lra, abs=0.2)
    assert 20 * np.log10(meter.peaks.max()) == pytest.approx(expected.true_peak_db, abs=0.15)


def test_the_highest_peak_is_true_however_low_it_is():
    tone = 0.01 * np.sin(np.pi / 2 * np.arange(len(T)) + np.pi / 4)
    meter = measure_sound(to_stereo(tone), 0, 0, exact_above=0.9)
    assert np.abs(tone).max() < 0.0071
    assert meter.peaks[100:-100].max() == pytest.approx(0.01, rel=0.03)


def test_a_meter_in_parts_is_the_meter_of_the_whole():
    sound, cut = to_stereo(create_speech()), 96_000
    whole = measure_sound(sound, 0, 0)
    first = measure_sound(sound[: cut + 9600], 0, 9600)
    second = measure_sound(sound[cut - 9600 :], 9600, 0)
    for name in ("powers", "peaks"):
        parts = np.concatenate([getattr(first, name), getattr(second, name)])
        np.testing.assert_allclose(parts, getattr(whole, name), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("target", [WEB, BROADCAST], ids=["web", "broadcast"])
@pytest.mark.parametrize("make", MATERIAL, ids=lambda make: make.__name__)
def test_the_target_is_met_and_the_ceiling_holds(tmp_path, make, target):
    gain, sound = level_wave(make(), target)
    measured = measure_with_ffmpeg(sound, tmp_path)
    assert measured.true_peak_db <= target.true_peak_db - 1 + 0.05
    assert gain.lufs == pytest.approx(measured.lufs, abs=0.15)
    assert gain.true_peak_db == pytest.approx(measured.true_peak_db, abs=0.15)
    assert measured.lufs == pytest.approx(target.lufs, abs=0.5)
    assert not gain.notes
    assert len(sound) == len(T)


def test_gain_alone_keeps_the_dynamics():
    wave = 0.05 * np.sin(2 * np.pi * 440 * T) * (0.5 + 0.5 * np.sin(T))
    gain, sound = level_wave(wave, BROADCAST)
    assert gain.curve is None
    np.testing.assert_allclose(sound[:, 0], wave * 10 ** (gain.gain_db / 20), atol=1e-5)


def test_the_limiter_leaves_alone_what_is_not_loud():
    wave = 0.05 * np.sin(2 * np.pi * 440 * T)
    wave[2 * RATE : 2 * RATE + 480] *= 15
    gain, sound = level_wave(wave, WEB)
    assert 0 < gain.limited_s < 0.5
    away = slice(0, int(1.98 * RATE))
    np.testing.assert_allclose(sound[away, 0], wave[away] * 10 ** (gain.gain_db / 20), atol=2e-5)


def test_silence_stays_silence():
    gain, sound = level_wave(np.zeros(RATE), WEB)
    assert (gain.gain_db, gain.true_peak_db) == (0, FLOOR_DB)
    assert gain.notes == ("the sound is silent: its loudness is not changed",)
    assert not sound.any()


def test_a_film_too_short_to_measure_still_keeps_the_ceiling(tmp_path):
    gain, sound = level_wave(np.ones(RATE // 10), WEB)
    assert np.abs(sound).max() <= 10 ** (-1.9 / 20)
    assert "too quiet or too short" in gain.notes[0]


def test_hiss_is_not_raised_without_end():
    gain, _ = level_wave(2e-4 * create_noise(), WEB)
    assert gain.gain_db == 24
    assert "LU below -14 LUFS" in note_missed_loudness(gain.lufs, WEB)[0]


def test_parts_of_aac_join_without_a_seam():
    sound, packet = to_stereo(0.3 * np.sin(2 * np.pi * 440 * T)), 1024
    whole = encode_aac_packets(sound)
    at = 90  # a packet; the second part begins four packets before its first
    first = encode_aac_packets(sound[: (at + 4) * packet])[:at]
    second = encode_aac_packets(sound[(at - 4) * packet :])[4:]
    assert len(first) + len(second) == len(whole)
    decoded = decode_aac_packets([*first, *second])[: len(sound)]
    error = np.abs(decoded - sound)
    seam = error[(at - 2) * packet : (at + 1) * packet].max()
    assert seam <= error[packet:-packet].max() < 0.03


def test_a_packet_depends_only_on_the_sound_near_it():
    sound, packet = to_stereo(create_speech() + 0.01 * create_noise()), 1024
    whole = encode_aac_packets(sound)
    alone = encode_aac_packets(sound[(90 - 4) * packet :])[4:]
    same = [one == other for one, other in zip(alone, whole[90:], strict=True)]
    assert sum(same) > 0.8 * len(same)


def test_no_sound_makes_packets_that_a_decoder_may_refuse():
    """Two channels may have 1536 bytes, and nothing is harder to code than full-scale noise."""
    loud = DRAW.uniform(-1, 1, (RATE, 2)).astype(np.float32)
    clicks = (DRAW.random((RATE, 2)) < 0.002).astype(np.float32)
    assert max(map(len, [*encode_aac_packets(loud), *encode_aac_packets(clicks)])) < 1536


@pytest.mark.parametrize("samples", [1, 1023, 1024, 1025])
def test_the_shortest_sounds_have_their_packets_too(samples):
    packets = encode_aac_packets(np.full((samples, 2), 0.1, np.float32))
    assert len(packets) == count_aac_packets(samples)
    assert len(decode_aac_packets(packets)) >= samples


def test_sound_that_is_no_number_is_refused():
    with pytest.raises(MediaError, match="can't be encoded"):
        encode_aac_packets(np.full((4096, 2), np.nan, np.float32))
