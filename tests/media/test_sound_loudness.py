"""Loudness and true peak, on material that wants to break them."""

import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.film import Loudness
from storyboard.stitch.loudness import FLOOR_DB, level, measure, verify
from storyboard.stitch.media import run_ffmpeg
from storyboard.stitch.pcm import RATE, WavWriter, read_wav

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


def wav(path, wave):
    with WavWriter(path) as out:
        out.write(np.stack([wave, 0.9 * wave], axis=1).astype(np.float32))
    return path


@pytest.mark.parametrize("target", [WEB, BROADCAST], ids=["web", "broadcast"])
@pytest.mark.parametrize("make", MATERIAL, ids=lambda make: make.__name__)
def test_the_target_is_met_and_the_ceiling_holds(tmp_path, make, target):
    raw, out = wav(tmp_path / "raw.wav", make()), tmp_path / "out.wav"
    done = level(raw, out, target)
    found = measure(out)
    assert found.true_peak_db <= target.true_peak_db - 1 + 0.05
    assert done.measured.lufs == pytest.approx(found.lufs, abs=0.15)
    assert done.measured.true_peak_db == pytest.approx(found.true_peak_db, abs=0.15)
    assert found.lufs == pytest.approx(target.lufs, abs=0.5)
    assert not done.notes
    assert sum(len(block) for block in read_wav(out, RATE)) == len(T)


@pytest.mark.parametrize("make", MATERIAL, ids=lambda make: make.__name__)
def test_the_ceiling_holds_after_aac(tmp_path, make):
    out, film = tmp_path / "out.wav", tmp_path / "film.mp4"
    level(wav(tmp_path / "raw.wav", make(top_hz=14_000)), out, WEB)
    run_ffmpeg(["-i", str(out), "-c:a", "aac", "-b:a", "192k", str(film)])
    assert verify(film, WEB) == ()


def test_gain_alone_keeps_the_dynamics(tmp_path):
    wave = 0.05 * np.sin(2 * np.pi * 440 * T) * (0.5 + 0.5 * np.sin(T))
    out = tmp_path / "out.wav"
    done = level(wav(tmp_path / "raw.wav", wave), out, BROADCAST)
    heard = np.concatenate(list(read_wav(out, RATE)))[:, 0]
    assert done.limited_s == 0
    np.testing.assert_allclose(heard, wave * 10 ** (done.gain_db / 20), atol=1e-5)


def test_the_limiter_leaves_alone_what_is_not_loud(tmp_path):
    wave = 0.05 * np.sin(2 * np.pi * 440 * T)
    wave[2 * RATE : 2 * RATE + 480] *= 15
    out = tmp_path / "out.wav"
    done = level(wav(tmp_path / "raw.wav", wave), out, WEB)
    heard = np.concatenate(list(read_wav(out, RATE)))[:, 0]
    assert 0 < done.limited_s < 0.5
    away = slice(0, int(1.98 * RATE))
    np.testing.assert_allclose(heard[away], wave[away] * 10 ** (done.gain_db / 20), atol=2e-5)


def test_silence_stays_silence(tmp_path):
    out = tmp_path / "out.wav"
    done = level(wav(tmp_path / "raw.wav", np.zeros(RATE)), out, WEB)
    assert (done.gain_db, done.measured.true_peak_db) == (0, FLOOR_DB)
    assert done.notes == ("the sound is silent: its loudness stays",)
    assert not np.concatenate(list(read_wav(out, RATE))).any()


def test_a_film_too_short_to_measure_still_keeps_the_ceiling(tmp_path):
    out = tmp_path / "out.wav"
    done = level(wav(tmp_path / "raw.wav", np.ones(RATE // 10)), out, WEB)
    assert measure(out).true_peak_db <= -1.9
    assert "too quiet or short" in done.notes[0]


def test_hiss_is_not_raised_without_end(tmp_path):
    out = tmp_path / "out.wav"
    done = level(wav(tmp_path / "raw.wav", 2e-4 * noise()), out, WEB)
    assert done.gain_db == 24
    assert "LU below -14 LUFS" in done.notes[0]


def test_a_file_without_sound_can_not_be_measured(tmp_path):
    movie = tmp_path / "mute.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "color=s=64x64:d=0.2", str(movie)])
    with pytest.raises(MediaError):
        measure(movie)


def test_verify_says_what_misses(tmp_path):
    loud = wav(tmp_path / "loud.wav", 1.2 * np.sin(2 * np.pi * 440 * T))
    said = verify(loud, WEB)
    assert any("LUFS" in each for each in said)
    assert any("dBTP" in each for each in said)
