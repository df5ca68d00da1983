"""Any file's sound as samples: right from the first one, at the right place, at the right level."""

import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.stitching.sound import pcm
from storyboard.stitching.sound.pcm import (
    RATE,
    SampleReader,
    WavWriter,
    decode_audio,
    loop_audio,
    read_wav_blocks,
)

SECONDS = 3


def create_chirps(rate=RATE, seconds=SECONDS):
    """A quiet tone with a short burst at every second plus a little, so that places are seen."""
    t = np.arange(seconds * rate) / rate
    wave = 0.02 * np.sin(2 * np.pi * 440 * t)
    for second in range(seconds):
        since = t - second - 0.31
        wave += 0.6 * np.exp(-((since / 0.0006) ** 2)) * np.cos(2 * np.pi * 1500 * since)
    return wave


def write_wav(path, wave, channels=2):
    with WavWriter(path) as out:
        out.write(np.stack([wave, wave], axis=1).astype(np.float32))
    if channels == 2:
        return path
    mono = path.with_suffix(".mono.wav")
    run_ffmpeg(["-i", str(path), "-ac", "1", "-c:a", "pcm_s16le", str(mono)])
    return mono


def decode_samples(path, start=0, n=None):
    samples = list(decode_audio(path, start))
    decoded_samples = np.concatenate(samples) if samples else np.zeros((0, 2), np.float32)
    return decoded_samples if n is None else decoded_samples[:n]


def find_bursts(samples):
    """The sample at the middle of every burst."""
    loud = np.abs(samples[:, 0])
    return [
        second * RATE + int(np.argmax(loud[second * RATE : (second + 1) * RATE]))
        for second in range(len(samples) // RATE)
    ]


BURST_SAMPLES = [14_880 + second * RATE for second in range(SECONDS)]


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".wav", ["-c:a", "pcm_s24le"]),
        (".flac", ["-c:a", "flac"]),
        (".mp3", ["-c:a", "libmp3lame", "-b:a", "256k"]),
        (".m4a", ["-c:a", "aac", "-b:a", "256k"]),
        (".ogg", ["-c:a", "libvorbis", "-q:a", "8"]),
        (".mkv", ["-c:a", "libopus", "-b:a", "256k"]),
        (".mov", ["-c:a", "pcm_s16le"]),
    ],
)
def test_priming_is_undone_in_every_container(tmp_path, suffix, options):
    path = tmp_path / f"sound{suffix}"
    run_ffmpeg(
        ["-i", str(write_wav(tmp_path / "source.wav", create_chirps())), *options, str(path)]
    )
    samples = decode_samples(path)
    assert find_bursts(samples) == pytest.approx(BURST_SAMPLES, abs=2)
    assert len(samples) == pytest.approx(SECONDS * RATE, abs=1300)
    quiet = samples[20_000:40_000]
    assert np.sqrt(np.mean(quiet**2)) == pytest.approx(0.02 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("rate", [44_100, 22_050, 96_000])
def test_another_sample_rate_keeps_time_and_level(tmp_path, rate):
    path = tmp_path / "sound.wav"
    source = write_wav(tmp_path / "source.wav", create_chirps())
    run_ffmpeg(["-i", str(source), "-ar", str(rate), "-c:a", "pcm_s24le", str(path)])
    samples = decode_samples(path)
    assert find_bursts(samples) == pytest.approx(BURST_SAMPLES, abs=1)
    assert len(samples) == pytest.approx(SECONDS * RATE, abs=2)


def test_mono_is_heard_on_both_sides_at_its_own_level(tmp_path):
    samples = decode_samples(write_wav(tmp_path / "source.wav", create_chirps(), channels=1))
    np.testing.assert_array_equal(samples[:, 0], samples[:, 1])
    assert np.abs(samples).max() == pytest.approx(0.6, rel=0.05)


def test_surround_is_folded_to_stereo(tmp_path):
    path = tmp_path / "surround.wav"
    graph = "aevalsrc=0.2*sin(2*PI*300*t)|0|0.2*sin(2*PI*900*t)|0|0|0:c=5.1:d=1:s=48000"
    run_ffmpeg(["-f", "lavfi", "-i", graph, str(path)])
    left, right = decode_samples(path).T
    assert np.std(left) > 1.2 * np.std(right) > 0.05


@pytest.mark.parametrize("suffix", [".mkv", ".mov"])
def test_a_late_start_in_a_film_is_silence_before_it(tmp_path, suffix):
    movie = tmp_path / f"late{suffix}"
    source = write_wav(tmp_path / "source.wav", create_chirps())
    picture = ["-f", "lavfi", "-i", "color=s=64x64:r=24:d=3"]
    run_ffmpeg([*picture, "-itsoffset", "0.5", "-i", str(source), "-c:a", "pcm_s16le", str(movie)])
    samples = decode_samples(movie)
    assert not samples[: RATE // 2 - 50].any()
    assert int(np.argmax(np.abs(samples[:RATE, 0]))) == pytest.approx(
        BURST_SAMPLES[0] + RATE // 2, abs=50
    )


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".wav", ".webm"])
def test_a_start_far_inside_is_exact_too(tmp_path, suffix):
    source = write_wav(tmp_path / "source.wav", np.tile(create_chirps(), 5))
    path = source if suffix == ".wav" else tmp_path / f"sound{suffix}"
    if path != source:
        run_ffmpeg(["-i", str(source), "-b:a", "192k", str(path)])
    start = 11 * RATE + 4321
    np.testing.assert_allclose(
        decode_samples(path, start, RATE), decode_samples(path)[start : start + RATE], atol=2e-4
    )


def test_a_film_without_sound_gives_none_and_damage_is_an_error(tmp_path):
    movie, junk = tmp_path / "mute.mp4", tmp_path / "junk.wav"
    run_ffmpeg(["-f", "lavfi", "-i", "color=s=64x64:d=0.2", str(movie)])
    junk.write_bytes(b"RIFF" + bytes(200))
    assert len(decode_samples(movie)) == 0
    with pytest.raises(MediaError):
        decode_samples(junk)
    with pytest.raises(MediaError, match="was not found"):
        decode_samples(tmp_path / "gone.wav")
    with pytest.raises(MediaError, match="has no sound"):
        next(loop_audio(movie))


@pytest.mark.parametrize("seconds", [0.3, 0.9, 2.2])
def test_a_loop_has_no_seam(tmp_path, seconds):
    t = np.arange(int(seconds * RATE)) / RATE
    path = write_wav(tmp_path / "loop.wav", 0.3 * np.sin(2 * np.pi * 137 * t))
    reader = SampleReader(loop_audio(path))
    wave = reader.read(6 * RATE)[:, 0]
    reader.close()
    assert np.abs(np.diff(wave)).max() < 0.3 * 2 * np.pi * 137 / RATE * 1.6
    assert np.sqrt(np.mean(wave**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.35)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 100, 30_000, 70_000])
def test_a_short_loop_is_made_in_memory_and_sounds_like_one_that_is_read(
    tmp_path, monkeypatch, count
):
    path = write_wav(tmp_path / "loop.wav", np.random.default_rng(count).normal(0, 0.1, count))
    n = 3 * count + 30
    expected_by_start = {
        start: SampleReader(loop_audio(path, start)).read(n)
        for start in (0, 1, count, 7 * count + 3)
    }
    monkeypatch.setattr(pcm, "_HELD", 0)
    for start, expected in expected_by_start.items():
        reader = SampleReader(loop_audio(path, start))
        np.testing.assert_array_equal(reader.read(n), expected)
        reader.close()


def test_the_tiniest_loop_is_read_once(tmp_path, monkeypatch):
    path, calls = write_wav(tmp_path / "one.wav", np.full(1, 0.1)), []
    decode_for_real = pcm.decode_audio
    monkeypatch.setattr(
        pcm, "decode_audio", lambda *given: calls.append(given) or decode_for_real(*given)
    )
    assert (SampleReader(loop_audio(path)).read(10 * RATE) == np.float32(0.1)).all()
    assert len(calls) == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_a_sample_that_is_no_number_is_named_with_its_place(tmp_path, bad, rate):
    wave = np.full(2 * RATE, 0.1)
    wave[RATE // 2 : RATE // 2 + 9] = bad
    path = write_wav(tmp_path / "broken.wav", wave)
    head = bytearray(path.read_bytes())
    head[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(head)
    place = f"{RATE / 2 / rate:.2f} s"
    with pytest.raises(
        MediaError, match=rf"broken\.wav has invalid samples .*, the first at {place}"
    ):
        decode_samples(path)


def test_a_reader_gives_silence_after_the_end_and_counts_what_was_real(tmp_path):
    reader = SampleReader(decode_audio(write_wav(tmp_path / "short.wav", np.ones(1000))))
    first, rest = reader.read(700), reader.read(700)
    assert first.all()
    assert rest[:300].all()
    assert not rest[300:].any()
    assert (reader.samples_read, reader.ended) == (1000, True)


def test_an_unfinished_wav_never_has_the_name(tmp_path):
    path = tmp_path / "out.wav"

    def write_and_interrupt():
        with WavWriter(path) as out:
            out.write(np.zeros((10, 2), np.float32))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_interrupt()
    assert not list(tmp_path.iterdir())
    wave = create_chirps().astype(np.float32)
    assert np.array_equal(
        np.concatenate(list(read_wav_blocks(write_wav(path, wave), 999)))[:, 0], wave
    )
