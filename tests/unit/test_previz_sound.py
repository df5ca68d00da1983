import hashlib
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from storyboard.model.film import Line
from storyboard.previz.audio import music
from storyboard.previz.audio.mix import (
    murmur_line_in_room,
    render_described_ambience,
    render_soundtrack,
)
from storyboard.previz.audio.noise import RATE
from storyboard.previz.audio.sound_words import find_named_sounds, find_shot_sounds
from storyboard.previz.audio.speech_synth import synthesize_murmur
from storyboard.previz.audio.syllables import estimate_line_durations, schedule_syllables
from storyboard.previz.audio.voice import choose_voice, murmur_line
from storyboard.providers.base import Figure, Intent, Kind, Request, Settings, SpokenLine

ANA = Figure("ana", "character", "Ana, 40 years old, grey cardigan", "alto")
BEN = Figure("ben", "character", "Ben, work shirt", "baritone")


def make_request(seed=1, audio=True, **intent):
    settings = Settings(seed=seed, audio=audio)
    return Request(Kind.GENERATE, "previz", "veo-3.1", "", Intent(**intent), settings)


def measure_level_db(wave):
    return 10 * np.log10(np.mean(np.square(wave, dtype=np.float64)) + 1e-20)


def measure_pitch_hz(wave):
    """The shortest of the strong periods between 60 and 400 Hz."""
    spectrum = np.abs(np.fft.rfft(wave[: 2 * RATE], 4 * RATE)) ** 2
    low, high = RATE // 400, RATE // 60
    autocorrelation = np.fft.irfft(spectrum)[low:high]
    strong = int(np.argmax(autocorrelation > 0.75 * autocorrelation.max()))
    return RATE / (low + strong + int(np.argmax(autocorrelation[strong : strong + low // 2])))


def measure_centroid_hz(wave):
    mono = wave.mean(axis=1) if wave.ndim == 2 else wave
    power = np.abs(np.fft.rfft(mono)) ** 2
    return float(np.sum(power * np.fft.rfftfreq(len(mono), 1 / RATE)) / np.sum(power))


def test_a_soundtrack_is_stereo_of_the_exact_length_with_headroom():
    request = make_request(scene="EXT. HARBOUR - DAY", sound=("gulls", "a door slams"), cast=(ANA,))
    sound = render_soundtrack(request, seconds=2.5, start_s=0)
    assert sound.shape == (120_000, 2)
    assert sound.dtype == np.float32
    assert 0.01 < np.abs(sound).max() < 1


def test_the_same_request_sounds_the_same_in_another_process():
    script = (
        "import hashlib\n"
        "from storyboard.previz.audio.mix import render_soundtrack\n"
        "from storyboard.providers.base import *\n"
        "i = Intent(sound=('rain', 'thunder'), dialogue=(SpokenLine('ana', 'It is late.', 0.2),))\n"
        "r = Request(Kind.GENERATE, 'previz', 'veo-3.1', '', i, Settings(seed=7))\n"
        "print(hashlib.sha256(render_soundtrack(r, seconds=1.5, start_s=3).tobytes()).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()
    line = SpokenLine("ana", "It is late.", 0.2)
    here = render_soundtrack(
        make_request(seed=7, sound=("rain", "thunder"), dialogue=(line,)), seconds=1.5, start_s=3
    )
    assert hashlib.sha256(here.tobytes()).hexdigest() == there


@pytest.mark.parametrize(
    "intent",
    [
        {"ambience": "waves, wind and gulls"},
        {"ambience": "refrigerator hum, clock"},
        {"sound": ("footsteps in the forest", "crickets"), "scene": "EXT. WOODS - NIGHT"},
        {"sound": ("slow piano music",)},
    ],
    ids=["sea", "kitchen", "woods", "music"],
)
def test_an_extension_goes_on_where_its_source_stopped(intent):
    request = make_request(**intent)
    whole = render_soundtrack(request, seconds=3.0, start_s=0)
    first = render_soundtrack(request, seconds=1.7, start_s=0)
    rest = render_soundtrack(request, seconds=1.3, start_s=1.7)
    np.testing.assert_allclose(np.concatenate([first, rest]), whole, atol=2e-6)


def test_a_seam_under_dialogue_has_no_step():
    line = SpokenLine("ana", "I will not be here when you come back to this house.", 0.3)
    first = render_soundtrack(make_request(ambience="rain", dialogue=(line,)), seconds=2, start_s=0)
    rest = render_soundtrack(make_request(ambience="rain"), seconds=2, start_s=2)
    joined = np.concatenate([first, rest])
    steps = np.abs(np.diff(joined[:, 0]))
    at_seam = steps[2 * RATE - 1]
    assert at_seam <= steps[2 * RATE :].max()


def test_a_shot_without_sounds_still_has_room_tone_under_its_lines():
    still = render_soundtrack(make_request(prompt="A letter on a table"), seconds=2, start_s=0)
    line = SpokenLine("ana", "It came on Tuesday morning.", 0)
    voice = render_soundtrack(make_request(dialogue=(line,)), seconds=2, start_s=0)
    assert -45 < measure_level_db(still) < -30
    assert measure_level_db(voice) > measure_level_db(still) + 10


def test_adding_a_sound_leaves_the_others_unchanged():
    plain = render_soundtrack(make_request(sound=("rain",)), seconds=1, start_s=0)
    more = render_soundtrack(make_request(sound=("rain", "wind")), seconds=1, start_s=0)
    wind = render_soundtrack(make_request(sound=("wind",)), seconds=1, start_s=0)
    room = render_soundtrack(make_request(), seconds=1, start_s=0)
    np.testing.assert_allclose(more - plain, wind - room, atol=1e-6)


def test_seeds_differ_and_no_audio_is_silence():
    one, two = (
        render_soundtrack(make_request(seed=s, sound=("rain",)), seconds=0.5, start_s=0)
        for s in (1, 2)
    )
    assert not np.array_equal(one, two)
    assert not render_soundtrack(
        make_request(audio=False, sound=("rain",)), seconds=0.5, start_s=0
    ).any()
    assert render_soundtrack(make_request(), seconds=0, start_s=0).shape == (0, 2)


def test_the_world_seed_of_the_source_wins_over_the_requests_own():
    by_world = render_soundtrack(
        make_request(seed=5, sound=("rain",)), seconds=0.5, start_s=0, seed=1
    )
    by_request = render_soundtrack(make_request(seed=1, sound=("rain",)), seconds=0.5, start_s=0)
    assert np.array_equal(by_world, by_request)


def test_a_line_is_heard_from_its_time_for_as_long_as_its_words_take():
    line = SpokenLine("ana", "one two three four five six", 1.0)
    sound = render_soundtrack(make_request(dialogue=(line,), cast=(ANA,)), seconds=5, start_s=0)
    frames = sound[: 5 * RATE].reshape(50, -1)
    loud = np.array([measure_level_db(part) for part in frames]) > -33
    assert not loud[:10].any()
    assert loud[10:13].any()
    spoken_s = np.flatnonzero(loud)[-1] / 10 + 0.1 - 1.0
    assert spoken_s == pytest.approx(6 / 2.6, abs=0.35)


def test_voices_follow_the_cast_and_stay():
    ana = murmur_line(
        SpokenLine("ana", "Every evening he walks along the water alone.", 0), 3, {"ana": ANA}
    )
    ben = murmur_line(
        SpokenLine("ben", "Every evening he walks along the water alone.", 0), 3, {"ben": BEN}
    )
    assert measure_pitch_hz(ana) == pytest.approx(186, rel=0.15)
    assert measure_pitch_hz(ben) == pytest.approx(112, rel=0.15)
    assert choose_voice("ana", "alto") == choose_voice("ana", "alto", "an old man")
    assert choose_voice("Zoë") == choose_voice("zoë")
    assert choose_voice("x", "Ben, 45 years old") != choose_voice("x", "old man")
    assert choose_voice("kid", "child").pitch_hz > choose_voice("kid", "bass").pitch_hz * 2


def test_a_speaker_out_of_frame_keeps_the_voice_of_the_cast():
    line = SpokenLine("ben", "Ana, are you there?", 0, off=True, voice="baritone")
    far = murmur_line(line, 1.5, {})
    near = murmur_line(SpokenLine("ben", "Ana, are you there?", 0, voice="baritone"), 1.5, {})
    assert measure_pitch_hz(far) == pytest.approx(measure_pitch_hz(near), rel=0.03)
    cut = [
        np.sum(np.abs(np.fft.rfft(wave)[int(4000 * len(wave) / RATE) :])) for wave in (far, near)
    ]
    assert cut[0] < 0.4 * cut[1]


def test_a_whisper_is_softer_and_has_no_pitch():
    loud = synthesize_murmur(
        SpokenLine("ana", "Come here, quickly.", 0), 1.5, choose_voice("ana", "alto")
    )
    soft = synthesize_murmur(
        SpokenLine("ana", "Come here, quickly.", 0),
        1.5,
        choose_voice("ana", "alto", how="whispering"),
    )
    assert measure_level_db(soft) < measure_level_db(loud) - 6

    def measure_periodicity(wave):
        turned = np.fft.irfft(np.abs(np.fft.rfft(wave, 2 * len(wave))) ** 2)
        return turned[RATE // 300 : RATE // 100].max() / turned[0]

    assert measure_periodicity(soft) < 0.5 * measure_periodicity(loud)


def test_syllables_pause_at_punctuation_and_rise_in_a_question():
    asking = schedule_syllables("Did you see it, Ana, or not?", 4.0)
    telling = schedule_syllables("You did see it, Ana, or not.", 4.0)
    gaps = [b.start_s - a.end_s for a, b in pairwise(asking)]
    assert sorted(gaps)[-2] > 0.15 > sorted(gaps)[-3]
    assert asking[-1].pitch > 1.2 > 1.0 > telling[-1].pitch
    assert asking[-1].end_s <= 4.0


@pytest.mark.parametrize("words", ["", "...", "1984", "Привет, мир", "こんにちは、世界", "Ω", "hm"])
def test_any_script_makes_a_murmur_or_silence(words):
    line = SpokenLine("ana", words, 0.1)
    sound = render_soundtrack(make_request(dialogue=(line,)), seconds=1, start_s=0)
    assert np.isfinite(sound).all()


def test_lines_too_close_are_hurried_but_never_beyond_reason():
    first = SpokenLine("ana", " ".join(["word"] * 13), 0.0)
    timed = estimate_line_durations(
        [first, SpokenLine("ana", "Yes.", 4.0), SpokenLine("ben", "No.", 1.0)]
    )
    assert timed[0][1] == pytest.approx(4.0)
    assert estimate_line_durations([first, SpokenLine("ana", "Yes.", 1.0)])[0][1] == pytest.approx(
        13 / 4.5
    )
    assert estimate_line_durations([first])[0][1] == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("words", "sounds"),
    [
        ("waves break on the shore", {"sea", "gulls"}),
        ("heavy rain and distant thunder", {"rain", "thunder"}),
        ("a shop doorbell", {"bell"}),
        ("someone slams the door", {"door"}),
        ("a car horn", {"car horn"}),
        ("foghorn", {"horn"}),
        ("footsteps on gravel", {"steps"}),
        ("refrigerator hum, clock", {"hum", "clock"}),
        ("no birds, only wind", {"wind"}),
        ("a kazoo solo", set()),
    ],
)
def test_words_are_heard_as_sounds(words, sounds):
    assert set(find_named_sounds(words, all_sounds=True)) == sounds


def test_scenery_only_suggests_a_quiet_bed():
    heard = {
        each.name: each
        for each in find_shot_sounds(Intent(prompt="A dog runs along the harbour quay"))
    }
    assert set(heard) == {"sea", "air"}
    assert heard["sea"].gain_db <= -6
    inside = {
        each.name: each
        for each in find_shot_sounds(Intent(scene="INT. CABIN - NIGHT", weather="rain"))
    }
    assert inside["rain"].gain_db < -10
    silent = find_shot_sounds(Intent(prompt="A busy street", sound=("complete silence",)))
    assert {each.name for each in silent} == {"room"}


def test_a_cue_for_a_rare_sound_is_heard_within_the_shot():
    without = render_soundtrack(make_request(sound=("rain",)), seconds=4, start_s=0)
    with_thunder = render_soundtrack(make_request(sound=("rain", "thunder")), seconds=4, start_s=0)
    assert measure_level_db(with_thunder - without) > -45


def test_beds_differ_in_colour_as_they_do_outside():
    dull, bright = (
        measure_centroid_hz(render_described_ambience(words, 2, 1))
        for words in ("train rumble", "rain")
    )
    assert dull < 400 < 1500 < bright


@pytest.mark.parametrize("words", ["rain", "harbour", "crowd", "engine", "refrigerator hum"])
def test_a_made_bed_is_as_loud_as_a_mastered_file(words):
    assert -26 < measure_level_db(render_described_ambience(words, 4, 3)) < -8
    joined = np.concatenate(
        [render_described_ambience(words, 1, 3), render_described_ambience(words, 1, 3, 1.0)]
    )
    np.testing.assert_allclose(joined, render_described_ambience(words, 2, 3), atol=2e-6)


def test_a_bed_of_words_that_name_nothing_lasting_is_room_tone():
    np.testing.assert_array_equal(
        render_described_ambience("a kazoo", 1, 3), render_described_ambience("a door slams", 1, 3)
    )
    assert render_described_ambience("a kazoo", 1, 3).any()


def test_music_keeps_to_its_words_and_its_clock():
    slow, fast = (
        music.parse_music_style("slow, minor, piano"),
        music.parse_music_style("fast happy guitar"),
    )
    assert slow.tempo < fast.tempo
    assert slow.minor
    assert not fast.minor
    assert (slow.lead, fast.lead) == ("piano", "guitar")
    whole = music.render_endless_music("slow, minor, piano", 3, 7)
    later = music.render_endless_music("slow, minor, piano", 1, 7, 2.0)
    np.testing.assert_allclose(whole[2 * RATE :], later, atol=2e-6)
    assert np.abs(whole).max() < 1
    assert measure_level_db(whole) > -30


def test_a_bed_of_music_is_only_music():
    words = "slow, minor, music box bells in the rain"
    np.testing.assert_array_equal(
        render_described_ambience(f"music: {words}", 1, 7), music.render_endless_music(words, 1, 7)
    )


def test_a_line_of_the_film_is_spoken_in_its_cast_voice():
    deep, high = (
        murmur_line_in_room(Line("ben", "It came on Tuesday morning."), v)
        for v in ("bass", "soprano")
    )
    assert deep.shape[1] == 2
    assert measure_pitch_hz(deep[:, 0]) < 110 < 180 < measure_pitch_hz(high[:, 0])
    assert 1.5 < len(deep) / RATE < 2.6
