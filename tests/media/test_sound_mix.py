"""The film's sound: every sample where the timeline puts it."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from storyboard.digest import hash_file
from storyboard.errors import MediaError, Span, StitchError
from storyboard.graph.timeline import Blend, NarrationItem, ShotEvent, Slice, Timeline
from storyboard.model.film import (
    Align,
    Ambience,
    Anchor,
    CastMember,
    Delivery,
    Film,
    Line,
    Loudness,
    MediaFacts,
    MediaFile,
    MusicCue,
    Origin,
    Shot,
    SoundCue,
    ValueSource,
)
from storyboard.stitching.cut_inputs import CutInputs, GeneratedSounds
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.stitching.sound.cue_sheet import build_cue_sheet
from storyboard.stitching.sound.mixer import SoundSources, mix_sample_range
from storyboard.stitching.sound.pcm import RATE, WavWriter, read_wav_blocks, to_sample_position
from storyboard.stitching.sound.soundtrack import write_soundtrack
from storyboard.timecode import FrameRange, Rate

FPS = Rate(Fraction(24))
UNMASTERED = Loudness(-65, -1)  # so low that one gain does it
FRAME = 2000  # samples of one frame at 24


@dataclass
class Track:
    path: Path
    facts: MediaFacts
    first_frame: int = 0

    @property
    def sha256(self):
        return hash_file(self.path)


@dataclass
class MixingDesk:
    """Makes sounds, mixes films of them, and listens to what came out."""

    folder: Path
    file_count: int = 0

    def write_wav(self, samples, name=None):
        self.file_count += 1
        path = self.folder / (name or f"sound{self.file_count}.wav")
        samples = np.asarray(samples, np.float32)
        if samples.ndim == 1:
            samples = np.stack([samples, samples], axis=1)
        with WavWriter(path) as wav:
            wav.write(samples)
        return path

    def build_track(self, samples, first_frame=0, rate=FPS):
        path = self.write_wav(samples)
        frames = int(len(samples) * rate.value / RATE)
        return Track(path, MediaFacts(frames=frames, rate=rate, has_audio=True), first_frame)

    def write_media_file(self, samples, name):
        return MediaFile(self.write_wav(samples, name), name)

    def build_film(self, *shots, **more):
        path = self.folder / "film.yaml"
        more.setdefault("loudness", UNMASTERED)
        return Film(path, self.folder, shots=shots, delivery=Delivery(rate=FPS), **more)

    def render_mix(self, film, timeline, tracks, *, beds=None, murmur=None):
        """The mix before its gain, and what a render says of it."""
        sheet = build_cue_sheet(film, timeline, tracks, adds_missing_voices=murmur is not None)
        voices = {name: member.voice for name, member in film.cast.items()}
        mixed_samples = mix_sample_range(
            sheet, SoundSources(self.folder, GeneratedSounds(beds, murmur), voices), 0, sheet.length
        ).samples
        facts = self.render_soundtrack(film, timeline, tracks, beds=beds, murmur=murmur)
        assert (
            len(mixed_samples)
            == facts.samples
            == to_sample_position(timeline.length, timeline.rate)
        )
        return mixed_samples, facts

    def render_soundtrack(self, film, timeline, tracks, *, cache="cache", beds=None, murmur=None):
        out = self.folder / "film.aac"
        where = {"cache": self.folder / cache, "scratch": self.folder}
        inputs = CutInputs(film, timeline, tracks, GeneratedSounds(beds, murmur))
        return write_soundtrack(inputs, out, **where)


@pytest.fixture
def desk(tmp_path):
    return MixingDesk(tmp_path)


def create_tone(seconds, hz=440.0, level=0.1):
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def create_hiss(seconds, level=0.1, seed=1):
    return level * np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2))


def create_clicks(seconds, *at, level=0.8):
    wave = np.zeros(round(seconds * RATE))
    wave[list(at)] = level
    return wave


def measure_db(wave):
    return 10 * np.log10(np.mean(np.square(wave, dtype=np.float64)) + 1e-20)


def build_cut_timeline(*parts, rate=FPS, **events):
    """A timeline of hard cuts: (shot, step, source start, frames), played in order."""
    cursor, shot_events = 0, []
    for shot, step, start, frames in parts:
        span = FrameRange(cursor, cursor + frames)
        source = FrameRange(start, start + frames)
        part = Slice(step, source) if step else Slice("", source, color="black")
        shot_events.append(
            ShotEvent(shot, span, span, (part,), used_range=source, **events.get(shot, {}))
        )
        cursor = span.end
    return Timeline(rate, cursor, tuple(shot_events))


def build_dissolve_timeline(first, second, frames, overlap):
    """Two shots of `frames` each, whose sounds overlap for `overlap` frames."""
    start = frames - overlap
    span = FrameRange(start, frames)
    whole = FrameRange(0, frames)
    one = ShotEvent(first, whole, whole, (Slice(first, whole),), used_range=whole)
    later = whole.shift_by(start)
    blend = Blend("dissolve", span)
    two = ShotEvent(second, later, later, (Slice(second, whole),), entering=blend, used_range=whole)
    return Timeline(FPS, start + frames, (one, two))


def find_peaks(wave, above=0.3):
    return np.flatnonzero(np.abs(wave[:, 0]) > above).tolist()


def test_a_click_lands_on_its_sample_after_cut_and_trim(desk):
    film = desk.build_film(Shot("A"), Shot("B"))
    tracks = {
        "A": desk.build_track(create_clicks(2, 10_000)),
        "B": desk.build_track(create_clicks(2, 24 * FRAME + 777)),
    }
    timeline = build_cut_timeline(("A", "A", 0, 24), ("B", "B", 20, 24))
    mixed_samples, _ = desk.render_mix(film, timeline, tracks)
    assert find_peaks(mixed_samples) == [10_000, 24 * FRAME + 4 * FRAME + 777]


def test_a_take_that_contains_its_source_plays_its_tail(desk):
    film = desk.build_film(Shot("A"))
    track = desk.build_track(create_clicks(3, 100, 24 * FRAME + 5000), first_frame=24)
    heard, _ = desk.render_mix(film, build_cut_timeline(("A", "A", 0, 24)), {"A": track})
    assert find_peaks(heard) == [5000]


def test_a_take_at_another_rate_is_placed_by_time(desk):
    film = desk.build_film(Shot("A"))
    track = desk.build_track(
        create_clicks(3, 2 * RATE + 480), first_frame=60, rate=Rate(Fraction(30))
    )
    heard, _ = desk.render_mix(film, build_cut_timeline(("A", "A", 0, 24)), {"A": track})
    assert find_peaks(heard) == [480]


@pytest.mark.parametrize("fps", ["23.976", "25", "29.97", "30"])
def test_sound_is_exact_at_every_rate(desk, fps):
    rate = Rate.parse(fps)
    film = desk.build_film(Shot("A"), Shot("B"))
    wave = create_clicks(4, to_sample_position(31, rate) + 500)
    tracks = {
        "A": desk.build_track(create_hiss(4, 0.01), rate=rate),
        "B": desk.build_track(wave, rate=rate),
    }
    mixed_samples, facts = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 37), ("B", "B", 20, 24), rate=rate), tracks
    )
    assert facts.samples == int(Fraction(61 * RATE) / rate.value)
    wanted = (
        to_sample_position(37, rate)
        + to_sample_position(31, rate)
        - to_sample_position(20, rate)
        + 500
    )
    assert abs(find_peaks(mixed_samples)[0] - wanted) <= 1


def test_a_cut_between_loud_sounds_does_not_click(desk):
    film = desk.build_film(Shot("A"), Shot("B"))
    steady = np.full(2 * RATE, 0.5)
    tracks = {"A": desk.build_track(steady), "B": desk.build_track(-steady)}
    mixed_samples, _ = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks
    )
    assert np.abs(np.diff(mixed_samples[:, 0])).max() < 0.02
    assert abs(mixed_samples[24 * FRAME - 300, 0] - 0.5) < 0.01
    assert abs(mixed_samples[24 * FRAME + 300, 0] + 0.5) < 0.01
    assert abs(mixed_samples[0, 0]) < 0.01
    assert abs(mixed_samples[-1, 0]) < 0.01


def test_a_dissolve_keeps_the_power_of_two_sounds(desk):
    film = desk.build_film(Shot("A"), Shot("B"))
    tracks = {
        "A": desk.build_track(create_hiss(2, seed=1)),
        "B": desk.build_track(create_hiss(2, seed=2)),
    }
    mixed_samples, _ = desk.render_mix(film, build_dissolve_timeline("A", "B", 48, 24), tracks)
    parts = mixed_samples[FRAME:-FRAME].reshape(-1, 4 * FRAME // 2, 2)[:16]
    assert max(abs(measure_db(part) + 20) for part in parts) < 0.4
    middle = mixed_samples[36 * FRAME - FRAME // 2 : 36 * FRAME + FRAME // 2]
    both = np.concatenate(list(read_wav_blocks(tracks["A"].path, 4 * RATE)))
    share = np.vdot(middle, both[36 * FRAME - FRAME // 2 : 36 * FRAME + FRAME // 2])
    share /= np.vdot(*(2 * [both[36 * FRAME - FRAME // 2 : 36 * FRAME + FRAME // 2]]))
    assert share == pytest.approx(np.sqrt(0.5), abs=0.06)


def test_a_fade_from_black_fades_the_sound_and_a_fade_out_too(desk):
    span = FrameRange(0, 48)
    event = ShotEvent(
        "A",
        span,
        span,
        (Slice("A", span),),
        entering=Blend("fade", FrameRange(0, 12), color="black"),
        leaving=Blend("fade", FrameRange(36, 48), color="black"),
    )
    film = desk.build_film(Shot("A"))
    mixed_samples, _ = desk.render_mix(
        film, Timeline(FPS, 48, (event,)), {"A": desk.build_track(create_hiss(2))}
    )
    ends = [measure_db(mixed_samples[:FRAME]), measure_db(mixed_samples[-FRAME:])]
    assert max(ends) < measure_db(mixed_samples[20 * FRAME : 28 * FRAME]) - 15


def test_a_fade_through_black_is_silent_at_its_middle(desk):
    a, b = FrameRange(0, 24), FrameRange(24, 48)
    blend = Blend("fade", FrameRange(18, 30), color="black", through=True)
    events = (
        ShotEvent("A", a, a, (Slice("A", a),)),
        ShotEvent("B", b, b, (Slice("B", a),), entering=blend),
    )
    tracks = {"A": desk.build_track(create_hiss(1)), "B": desk.build_track(create_hiss(1, seed=2))}
    mixed_samples, _ = desk.render_mix(
        desk.build_film(Shot("A"), Shot("B")), Timeline(FPS, 48, events), tracks
    )
    middle = mixed_samples[24 * FRAME - 200 : 24 * FRAME + 200]
    assert measure_db(middle) < measure_db(mixed_samples[10 * FRAME : 16 * FRAME]) - 25
    assert measure_db(mixed_samples[17 * FRAME : 18 * FRAME]) == pytest.approx(-20, abs=0.5)


def test_a_fade_through_black_falls_and_rises_on_the_side_where_it_stands(desk):
    a, b = FrameRange(0, 24), FrameRange(24, 48)
    tracks = {"A": desk.build_track(create_hiss(1)), "B": desk.build_track(create_hiss(1, seed=2))}

    def measure_sides(span, align):
        blend = Blend("fade", span, color="black", through=True, align=align)
        events = (
            ShotEvent("A", a, a, (Slice("A", a),)),
            ShotEvent("B", b, b, (Slice("B", a),), entering=blend),
        )
        film = desk.build_film(Shot("A"), Shot("B"))
        sound, _ = desk.render_mix(film, Timeline(FPS, 48, events), tracks)
        return measure_db(sound[23 * FRAME : 24 * FRAME - 200]), measure_db(
            sound[24 * FRAME + 200 : 25 * FRAME]
        )

    falling, at_once = measure_sides(FrameRange(12, 24), Align.END)
    assert falling < -38
    assert at_once == pytest.approx(-20, abs=0.5)
    at_once, rising = measure_sides(FrameRange(24, 36), Align.START)
    assert rising < -36
    assert at_once == pytest.approx(-20, abs=0.5)


def test_muted_colour_and_missing_sound_are_silence(desk):
    film = desk.build_film(Shot("A", mute=True), Shot("B", color="black"), Shot("C"), Shot("D"))
    silent = desk.build_track(create_hiss(1))
    silent.facts = MediaFacts(frames=24, rate=FPS, has_audio=False)
    tracks = {"A": desk.build_track(create_hiss(1)), "C": silent}
    timeline = build_cut_timeline(
        ("A", "A", 0, 24), ("B", "", 0, 24), ("C", "C", 0, 24), ("D", "D", 0, 24)
    )
    mixed_samples, facts = desk.render_mix(film, timeline, tracks)
    assert not mixed_samples.any()
    assert (facts.lufs, facts.true_peak_db, facts.gain_db) == (-70, -120, 0)
    assert "silent" in facts.notes[0]


def test_gain_moves_one_shot(desk):
    film = desk.build_film(Shot("A"), Shot("B", gain_db=-12))
    tracks = {"A": desk.build_track(create_hiss(1)), "B": desk.build_track(create_hiss(1, seed=2))}
    heard, _ = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks
    )
    assert measure_db(heard[: 20 * FRAME]) - measure_db(heard[28 * FRAME :]) == pytest.approx(
        12, abs=0.2
    )


def test_a_lag_runs_on_under_the_next_picture_and_a_lead_before_it(desk):
    film = desk.build_film(Shot("A", audio_lag=12), Shot("B"), Shot("C", audio_lead=6))
    tracks = {
        "A": desk.build_track(create_tone(3, 500)),
        "B": desk.build_track(create_tone(3, 2000)),
        "C": desk.build_track(create_tone(3, 6000)),
    }
    timeline = build_cut_timeline(("A", "A", 0, 24), ("B", "B", 0, 48), ("C", "C", 24, 24))
    mixed_samples, facts = desk.render_mix(film, timeline, tracks)

    def measure_level(hz, frame):
        part = mixed_samples[frame * FRAME : (frame + 2) * FRAME, 0]
        turn = np.exp(-2j * np.pi * hz * np.arange(len(part)) / RATE)
        return abs(np.mean(part * turn)) * 2

    assert measure_level(500, 33) == pytest.approx(0.1, rel=0.05)
    assert measure_level(2000, 33) == pytest.approx(0.1, rel=0.05), (
        "the neighbour sounds on beneath"
    )
    assert measure_level(500, 37) < 0.001
    assert measure_level(6000, 63) < 0.001
    assert measure_level(6000, 67) == pytest.approx(0.1, rel=0.05)
    assert measure_level(2000, 67) == pytest.approx(0.1, rel=0.05)
    assert facts.notes == ()


def test_a_lead_longer_than_the_take_is_shortened_and_noted(desk):
    film = desk.build_film(Shot("A"), Shot("B", audio_lead=12))
    tracks = {"A": desk.build_track(np.zeros(RATE)), "B": desk.build_track(create_hiss(2))}
    heard, facts = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 24), ("B", "B", 6, 24)), tracks
    )
    assert not heard[: 18 * FRAME].any()
    assert measure_db(heard[19 * FRAME : 24 * FRAME]) > -25
    assert facts.notes == (
        "B: audio_lead needs 0.50 s, but the take has only 0.25 s before the shot",
    )


def test_hops_of_a_chain_meet_without_a_gap(desk):
    whole = create_tone(3, 97, 0.3)
    span = FrameRange(0, 48)
    slices = (Slice("A", FrameRange(0, 24)), Slice("A.2", FrameRange(0, 24)))
    tracks = {
        "A": desk.build_track(whole[:RATE]),
        "A.2": desk.build_track(whole[RATE : 2 * RATE]),
    }
    timeline = Timeline(FPS, 48, (ShotEvent("A", span, span, slices),))
    mixed_samples, _ = desk.render_mix(desk.build_film(Shot("A")), timeline, tracks)
    np.testing.assert_allclose(mixed_samples[200:-200, 0], whole[200 : 2 * RATE - 200], atol=1e-4)


def test_a_step_at_a_seam_melts_away(desk):
    first, second = create_tone(1, 100.25, 0.3), create_tone(1, 60, 0.3) + 0.2
    tracks = {"A": desk.build_track(first), "B": desk.build_track(second)}
    film = desk.build_film(Shot("A"), Shot("B", extends="A"))
    heard, _ = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks
    )
    assert np.abs(np.diff(heard[24 * FRAME - 10 : 24 * FRAME + 100, 0])).max() < 0.02
    np.testing.assert_allclose(heard[24 * FRAME + 72 : -200, 0], second[72:-200], atol=1e-4)


def test_an_extension_with_its_source_takes_over_inside_the_shared_sound(desk):
    whole = create_tone(2, 330, 0.3)
    tracks = {"A": desk.build_track(whole[:RATE]), "B": desk.build_track(whole, first_frame=24)}
    film = desk.build_film(Shot("A"), Shot("B", extends="A"))
    heard, _ = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks
    )
    np.testing.assert_allclose(heard[200:-200, 0], whole[200:-200], atol=1e-4)


def test_parts_of_one_take_in_a_row_are_one_sound(desk):
    whole = create_tone(2, 97, 0.3)
    track = desk.build_track(whole)
    film = desk.build_film(Shot("A"), Shot("B"))
    heard, _ = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 24), ("B", "A", 24, 24)), {"A": track}
    )
    np.testing.assert_allclose(heard[200:-200, 0], whole[200:-200], atol=1e-4)


def test_a_frozen_slice_is_silent(desk):
    span = FrameRange(0, 36)
    slices = (Slice("A", FrameRange(0, 12), hold_frame=0), Slice("A", FrameRange(0, 24)))
    timeline = Timeline(FPS, 36, (ShotEvent("A", span, span, slices),))
    heard, _ = desk.render_mix(
        desk.build_film(Shot("A")), timeline, {"A": desk.build_track(create_hiss(1))}
    )
    assert not heard[: 12 * FRAME].any()
    assert measure_db(heard[13 * FRAME :]) == pytest.approx(-20, abs=0.5)


def test_a_laid_file_starts_at_its_time_and_rings_past_the_shot(desk):
    bang = desk.write_media_file(create_hiss(3, 0.2), "bang.wav")
    film = desk.build_film(Shot("A", sound=(SoundCue(file=bang, at=12, gain_db=-6),)), Shot("B"))
    tracks = {"A": desk.build_track(np.zeros(RATE)), "B": desk.build_track(np.zeros(2 * RATE))}
    mixed_samples, _ = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 24), ("B", "B", 0, 48)), tracks
    )
    assert not mixed_samples[: 12 * FRAME].any()
    assert measure_db(mixed_samples[13 * FRAME : 23 * FRAME]) == pytest.approx(-20, abs=0.4)
    assert -40 < measure_db(mixed_samples[42 * FRAME : 44 * FRAME]) < -22
    assert not mixed_samples[60 * FRAME + 10 :].any()


def test_neighbours_of_one_scope_share_one_bed(desk):
    requests = []

    def draw_hum(words, seconds, seed, start_s=0.0):
        requests.append((words, start_s))
        t = start_s + np.arange(round(seconds * RATE)) / RATE
        return np.stack(2 * [0.1 * np.sin(2 * np.pi * 210.37 * t)], axis=1).astype(np.float32)

    hum = Ambience(make="hum", gain_db=-6, scope="seq:SQ01")
    film = desk.build_film(Shot("A", ambience=hum), Shot("B", ambience=hum), Shot("C"))
    timeline = build_cut_timeline(("A", "", 0, 24), ("B", "", 0, 24), ("C", "", 0, 24))
    mixed_samples, _ = desk.render_mix(film, timeline, {}, beds=draw_hum)
    t = np.arange(44 * FRAME) / RATE
    wanted = 0.1 * 10 ** (-6 / 20) * np.sin(2 * np.pi * 210.37 * t)
    np.testing.assert_allclose(
        mixed_samples[8 * FRAME : 44 * FRAME, 0], wanted[8 * FRAME :], atol=1e-4
    )
    assert not mixed_samples[52 * FRAME :].any()
    assert {words for words, _ in requests} == {"hum"}


def test_two_beds_cross_fade_at_their_border(desk):
    rain = Ambience(
        file=desk.write_media_file(create_hiss(1.5, 0.1, 1), "rain.wav"), gain_db=0, scope="seq:1"
    )
    wind = Ambience(
        file=desk.write_media_file(create_hiss(1.5, 0.1, 2), "wind.wav"), gain_db=0, scope="seq:2"
    )
    film = desk.build_film(Shot("A", ambience=rain), Shot("B", ambience=wind))
    heard, _ = desk.render_mix(film, build_cut_timeline(("A", "", 0, 96), ("B", "", 0, 96)), {})
    parts = heard[12 * FRAME : -12 * FRAME].reshape(-1, 6 * FRAME, 2)
    assert max(abs(measure_db(part) + 20) for part in parts) < 0.5, (
        "loops and borders keep the power"
    )


def test_music_plays_from_anchor_to_anchor_and_says_when_it_ends_early(desk):
    theme = desk.write_media_file(
        np.concatenate([create_clicks(1, 24_000), create_clicks(1, 100)]), "theme.wav"
    )
    cue = MusicCue(theme, begin=Anchor("B", -6), end=Anchor("end"), start=Fraction(1, 2))
    film = desk.build_film(Shot("A"), Shot("B"), music=(cue,))
    mixed_samples, facts = desk.render_mix(
        film, build_cut_timeline(("A", "", 0, 24), ("B", "", 0, 72)), {}
    )
    begin = 18 * FRAME
    assert find_peaks(mixed_samples) == [begin + RATE - 24_000 + 100], (
        "its first click lies on the declick ramp"
    )
    assert facts.notes[0] == "music theme.wav ends 1.8 s before its `to`"


def test_music_fades_in_and_out(desk):
    cue = MusicCue(
        desk.write_media_file(create_hiss(3), "theme.wav"), fade_in=24, fade_out=24, gain_db=-6
    )
    film = desk.build_film(Shot("A"), music=(cue,))
    heard, _ = desk.render_mix(film, build_cut_timeline(("A", "", 0, 72)), {})
    assert measure_db(heard[:FRAME]) < -45
    assert measure_db(heard[30 * FRAME : 42 * FRAME]) == pytest.approx(-26, abs=0.4)
    assert measure_db(heard[-FRAME:]) < -45


def test_music_is_ducked_under_speech_as_far_as_asked(desk):
    cue = MusicCue(desk.write_media_file(create_hiss(8), "theme.wav"), duck_db=9)
    lines = (Line("ana", "one two three four", at=48), Line("ana", "five six", at=92))
    film = desk.build_film(Shot("A", dialogue=lines), music=(cue,))
    tracks = {"A": desk.build_track(np.zeros(8 * RATE))}
    mixed_samples, _ = desk.render_mix(film, build_cut_timeline(("A", "A", 0, 192)), tracks)
    before, during, between, after = (
        measure_db(mixed_samples[int(a * RATE) : int(b * RATE)])
        for a, b in [(0.5, 1.8), (2.1, 3.4), (3.55, 3.83), (5.2, 7)]
    )
    assert before - during == pytest.approx(9, abs=0.3)
    assert before - between == pytest.approx(9, abs=0.4), "a short pause stays ducked"
    assert before == pytest.approx(after, abs=0.3)
    gain = np.abs(mixed_samples[:, 0]).reshape(-1, 480).max(axis=1)
    assert 20 * np.log10(np.abs(np.diff(gain)).max() + 1e-9) < -12


def test_music_gives_way_where_a_trimmed_take_speaks(desk):
    cue = MusicCue(desk.write_media_file(create_hiss(6), "theme.wav"), duck_db=9)
    lines = (Line("ana", "It is away.", at=6), Line("ana", "It came on Tuesday.", at=84))
    film = desk.build_film(Shot("A", dialogue=lines), music=(cue,))
    speech = np.zeros(8 * RATE)
    speech[int(3.5 * RATE) : int(5 * RATE)] = create_tone(1.5, level=0.001)
    timeline = build_cut_timeline(("A", "A", 48, 144), A={"take_range": FrameRange(48, 192)})
    mixed_samples, _ = desk.render_mix(film, timeline, {"A": desk.build_track(speech)})
    before, during, after = (
        measure_db(mixed_samples[int(a * RATE) : int(b * RATE)])
        for a, b in [(0, 1.2), (1.6, 2.9), (3.8, 6)]
    )
    assert before == pytest.approx(after, abs=0.3)
    assert before - during == pytest.approx(9, abs=0.3)


def test_voices_over_black_are_murmured_where_a_speech_source_exists(desk):
    spoken = []

    def record_murmur(line, voice):
        spoken.append((line.speaker, voice))
        return create_hiss(0.4, 0.1).astype(np.float32)

    film = desk.build_film(
        Shot("A", color="black", dialogue=(Line("ben", "Ana?", at=6, off=True),)),
        Shot("B", color="black"),
        cast={"ben": CastMember("ben", voice="baritone")},
    )
    timeline = build_cut_timeline(("A", "", 0, 24), ("B", "", 0, 48))
    mixed_samples, _ = desk.render_mix(film, timeline, {}, murmur=record_murmur)
    assert set(spoken) == {("ben", "baritone")}
    assert np.flatnonzero(mixed_samples[:, 0])[0] == pytest.approx(6 * FRAME, abs=2)
    silent, _ = desk.render_mix(film, timeline, {})
    assert not silent.any()


def test_narration_plays_across_the_cut_and_ducks_the_music(desk):
    film = desk.build_film(
        Shot("A"),
        Shot("B"),
        music=(
            MusicCue(desk.write_media_file(create_tone(3, 200, 0.05), "theme.wav"), duck_db=20),
        ),
    )
    line = NarrationItem("narration.1", FrameRange(18, 42), Line("ana", "She had left before."))
    spoken = Track(desk.write_wav(create_hiss(1, 0.1)), MediaFacts(has_audio=True))
    timeline = replace(build_cut_timeline(("A", "", 0, 24), ("B", "", 0, 48)), narration=(line,))
    mixed_samples, _ = desk.render_mix(film, timeline, {"narration.1": spoken})
    assert measure_db(mixed_samples[19 * FRAME : 41 * FRAME]) == pytest.approx(-20, abs=0.5), (
        "over the cut at 24"
    )
    music = measure_db(create_tone(1, 200, 0.05))
    assert measure_db(mixed_samples[4 * FRAME : 12 * FRAME]) == pytest.approx(music, abs=0.5)
    assert measure_db(mixed_samples[56 * FRAME : 70 * FRAME]) == pytest.approx(music, abs=0.5)
    alone, _ = desk.render_mix(film, timeline, {})
    assert measure_db(alone[20 * FRAME : 40 * FRAME]) == pytest.approx(music, abs=0.5), (
        "not generated yet"
    )


def test_a_sound_without_a_source_and_an_anchor_without_a_shot_are_errors(desk):
    timeline = build_cut_timeline(("A", "", 0, 24))
    with pytest.raises(StitchError, match="the sound 'rain' can't be generated"):
        desk.render_mix(desk.build_film(Shot("A", ambience=Ambience(make="rain"))), timeline, {})
    cue = MusicCue(make="slow piano", begin=Anchor("X"))
    with pytest.raises(StitchError, match="starts or ends at X, which is not in the cut"):
        desk.render_mix(desk.build_film(Shot("A"), music=(cue,)), timeline, {})
    gone = MusicCue(MediaFile(desk.folder / "gone.wav", "gone.wav"))
    with pytest.raises(MediaError, match=r"gone\.wav was not found"):
        desk.render_mix(desk.build_film(Shot("A"), music=(gone,)), timeline, {})


def test_a_long_film_is_mixed_block_by_block(desk):
    click = create_clicks(25, *range(12_345, 25 * RATE, RATE))
    film = desk.build_film(Shot("A"))
    heard, _ = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 25 * 24)), {"A": desk.build_track(click)}
    )
    assert find_peaks(heard) == list(range(12_345, 25 * RATE, RATE))


def test_aac_in_mp4_plays_in_step_with_its_picture(desk):
    """Priming and edit lists are undone: a click in AAC stands where it stood before."""
    source = desk.write_wav(create_clicks(2, RATE + 321) + 0.001 * create_hiss(2)[:, 0])
    movie = desk.folder / "take.mp4"
    picture = ["-f", "lavfi", "-i", "color=s=64x64:r=24:d=2"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "256k"]
    run_ffmpeg([*picture, "-i", str(source), *codecs, "-shortest", str(movie)])
    track = Track(movie, MediaFacts(frames=48, rate=FPS, has_audio=True))
    film = desk.build_film(Shot("A"))
    mixed_samples, _ = desk.render_mix(film, build_cut_timeline(("A", "A", 12, 24)), {"A": track})
    assert int(np.argmax(np.abs(mixed_samples[:, 0]))) == pytest.approx(RATE // 2 + 321, abs=1)


def test_handles_carry_the_sound_through_a_dissolve_and_the_cut_stays(desk):
    blend = Blend("wipe", FrameRange(18, 30), arguments={"direction": "left"})
    a = ShotEvent("A", FrameRange(0, 24), FrameRange(0, 30), (Slice("A", FrameRange(0, 30)),))
    b = ShotEvent(
        "B",
        FrameRange(24, 48),
        FrameRange(18, 48),
        (Slice("B", FrameRange(6, 36)),),
        entering=blend,
    )
    tracks = {
        "A": desk.build_track(create_hiss(2)),
        "B": desk.build_track(create_clicks(2, 12 * FRAME + 9) + 1e-4),
    }
    mixed_samples, _ = desk.render_mix(
        desk.build_film(Shot("A"), Shot("B")), Timeline(FPS, 48, (a, b)), tracks
    )
    assert int(np.argmax(np.abs(mixed_samples[:, 0]))) == (18 + 6) * FRAME + 9
    assert measure_db(mixed_samples[: 18 * FRAME]) == pytest.approx(-20, abs=0.3)
    assert measure_db(mixed_samples[31 * FRAME :]) < -70


def test_a_fade_from_black_leaves_the_shot_before_alone(desk):
    a, b = FrameRange(0, 24), FrameRange(24, 48)
    blend = Blend("fade", FrameRange(24, 36), color="black")
    events = (
        ShotEvent("A", a, a, (Slice("A", a),)),
        ShotEvent("B", b, b, (Slice("B", a),), entering=blend),
    )
    tracks = {"A": desk.build_track(create_hiss(1)), "B": desk.build_track(create_hiss(1, seed=2))}
    mixed_samples, _ = desk.render_mix(
        desk.build_film(Shot("A"), Shot("B")), Timeline(FPS, 48, events), tracks
    )
    assert measure_db(mixed_samples[22 * FRAME : 24 * FRAME - 200]) == pytest.approx(-20, abs=0.5)
    assert measure_db(mixed_samples[24 * FRAME : 25 * FRAME]) < -40


def test_the_end_of_the_film_ends_everything(desk):
    bang = desk.write_media_file(create_hiss(3, 0.2), "bang.wav")
    shot = Shot("A", audio_lag=24, sound=(SoundCue(file=bang, at=20),))
    cue = MusicCue(desk.write_media_file(create_hiss(9), "theme.wav"), begin=Anchor("end", -2))
    mixed_samples, facts = desk.render_mix(
        desk.build_film(shot, music=(cue,)),
        build_cut_timeline(("A", "A", 0, 24)),
        {"A": desk.build_track(create_hiss(3))},
    )
    assert len(mixed_samples) == 24 * FRAME
    assert abs(mixed_samples[-1, 0]) < 0.02
    assert facts.notes == ()


def test_a_take_whose_sound_stops_early_does_not_click_and_is_named(desk):
    film = desk.build_film(Shot("A"))
    track = desk.build_track(np.full(int(1.5 * RATE), 0.5))
    heard, facts = desk.render_mix(film, build_cut_timeline(("A", "A", 0, 48)), {"A": track})
    assert np.abs(np.diff(heard[:, 0])).max() < 0.02
    assert facts.notes == ("the sound of A ends 0.5 s before its picture",)


def test_the_same_film_mixes_to_the_same_bytes_whatever_was_kept(desk):
    theme = desk.write_media_file(create_hiss(3), "theme.wav")
    bed = Ambience(file=desk.write_media_file(create_hiss(2, 0.05, 3), "bed.wav"), scope="film")
    shots = [Shot("A", ambience=bed), Shot("B", ambience=bed), Shot("C", ambience=bed)]
    music = (MusicCue(theme, gain_db=-9, begin=Anchor("start", 24)),)
    timeline = build_cut_timeline(
        ("A", "A", 0, 12 * 24), ("B", "B", 0, 6 * 24), ("C", "A", 0, 18 * 24)
    )
    tracks = {"A": desk.build_track(create_tone(18)), "B": desk.build_track(create_tone(6, 700))}
    film = desk.build_film(*shots, music=music, loudness=Loudness(-20, -1))
    out = desk.folder / "film.aac"
    first = desk.render_soundtrack(film, timeline, tracks)
    once = out.read_bytes()
    assert (first.parts, first.rendered) == (4, 4)
    assert desk.render_soundtrack(film, timeline, tracks).rendered == 0
    assert out.read_bytes() == once

    softer = replace(film, shots=(shots[0], replace(shots[1], gain_db=-0.1), shots[2]))
    changed = desk.render_soundtrack(softer, timeline, tracks)
    assert (changed.gain_db, changed.rendered) == (first.gain_db, 1)  # B lies in the second
    after = out.read_bytes()
    assert after != once
    assert desk.render_soundtrack(softer, timeline, tracks, cache="other").rendered == 4
    assert out.read_bytes() == after


def test_a_part_that_was_damaged_is_made_again(desk):
    film, timeline = desk.build_film(Shot("A")), build_cut_timeline(("A", "A", 0, 48))
    tracks = {"A": desk.build_track(create_hiss(2))}
    desk.render_soundtrack(film, timeline, tracks)
    once = (desk.folder / "film.aac").read_bytes()
    for cached_file in (desk.folder / "cache").iterdir():
        cached_file.write_bytes(cached_file.read_bytes()[:-9])
    assert desk.render_soundtrack(film, timeline, tracks).rendered == 1
    assert (desk.folder / "film.aac").read_bytes() == once


def test_a_part_sounds_the_same_alone_as_in_the_whole(desk):
    """Nothing tells where a part begins: loops, jumps in files, beds, ramps and ducking go on."""
    loop = Ambience(file=desk.write_media_file(create_hiss(1.7, 0.05, 3), "bed.wav"), scope="film")
    mp3 = desk.folder / "theme.mp3"
    theme = desk.write_wav(create_hiss(26, 0.1, 4), "long.wav")
    run_ffmpeg(["-i", str(theme), "-c:a", "libmp3lame", "-b:a", "192k", str(mp3)])
    music = MusicCue(MediaFile(mp3, "theme.mp3"), fade_in=480, fade_out=24, duck_db=12)
    line = Line("ana", "It came on Tuesday, and nobody had seen it.", at=290)
    film = desk.build_film(Shot("A", ambience=loop, dialogue=(line,)), music=(music,))
    timeline = build_cut_timeline(("A", "A", 0, 24 * 24))
    sheet = build_cue_sheet(film, timeline, {"A": desk.build_track(create_hiss(24))})
    sounds = SoundSources(desk.folder)
    whole = mix_sample_range(sheet, sounds, 0, sheet.length).samples
    for first, last in ((0, 5000), (480_000, 700_000), (13 * RATE + 7, 14 * RATE)):
        part = mix_sample_range(sheet, sounds, first, last).samples
        np.testing.assert_allclose(part, whole[first:last], atol=2e-6)


@pytest.mark.parametrize("use", ["music", "ambience", "sound"])
@pytest.mark.parametrize(
    ("wave", "told"), [([], "has no sound"), ([0.1, np.nan], "has invalid samples")]
)
def test_a_file_that_can_not_be_played_is_named_with_its_place_in_the_film(desk, use, wave, told):
    file = desk.write_media_file(wave, "bad.wav")
    keys = {
        "sound": {"sound": (SoundCue(file=file),)},
        "ambience": {"ambience": Ambience(file=file, scope="film")},
    }.get(use, {})
    origins = {use: Origin(ValueSource.SHOT, value=Span("film.yaml", 7))}
    film = desk.build_film(
        Shot("A", mute=True, origins=origins, **keys),
        music=(MusicCue(file),) if use == "music" else (),
        origins={"sound.music": Origin(ValueSource.FILM, value=Span("film.yaml", 7))},
    )
    with pytest.raises(MediaError, match=rf"^film\.yaml:7: {re.escape(str(file.path))} {told}"):
        desk.render_soundtrack(film, build_cut_timeline(("A", "A", 0, 24)), {})


def test_a_take_that_can_not_be_played_is_named_by_its_shot(desk):
    film = desk.build_film(Shot("A"))
    with pytest.raises(MediaError, match=r"^the take of A: .* invalid samples"):
        desk.render_soundtrack(
            film,
            build_cut_timeline(("A", "A", 0, 24)),
            {"A": desk.build_track(np.full(RATE, np.inf))},
        )


def test_a_lag_into_its_own_extension_is_not_heard_twice(desk):
    whole = create_tone(3, 330, 0.3)
    tracks = {"A": desk.build_track(whole), "B": desk.build_track(whole[RATE:])}
    film = desk.build_film(Shot("A", audio_lag=12), Shot("B", extends="A"))
    heard, _ = desk.render_mix(
        film, build_cut_timeline(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks
    )
    np.testing.assert_allclose(heard[200:-200, 0], whole[200 : 2 * RATE - 200], atol=1e-3)


def create_bangs(seconds):
    """A whisper, and noise that is there at once, also with the first sample."""
    t = np.arange(round(seconds * RATE)) / RATE
    return (0.02 + 0.6 * (t % 1 < 0.3)) * create_hiss(seconds, 0.5)[:, 0]


def create_rain(seconds):
    return create_hiss(seconds, 0.02)[:, 0]


@pytest.mark.parametrize("target", [Loudness(-14, -1), Loudness(-23, -1)], ids=["web", "broadcast"])
@pytest.mark.parametrize(
    "make", [create_bangs, create_rain, create_tone], ids=lambda make: make.__name__
)
@pytest.mark.parametrize("seconds", [1, 12])
def test_what_a_player_decodes_meets_target_and_ceiling(desk, make, target, seconds):
    film = desk.build_film(Shot("A"), loudness=target)
    result = desk.render_soundtrack(
        film,
        build_cut_timeline(("A", "A", 0, 24 * seconds)),
        {"A": desk.build_track(make(seconds))},
    )
    sound, movie = str(desk.folder / "film.aac"), str(desk.folder / "film.mp4")
    early = f"{-1024 / RATE:.9f}"
    run_ffmpeg(["-itsoffset", early, "-i", sound, "-c", "copy", "-bsf:a", "aac_adtstoasc", movie])
    graph = ["-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    log = run_ffmpeg(["-i", movie, *graph], loglevel="info")
    figures = dict(re.findall(r"^\s*(I|Peak):\s+(-?[\d.]+)\s", log[log.rfind("Summary:") :], re.M))
    assert float(figures["Peak"]) <= target.true_peak_db
    assert float(figures["I"]) == pytest.approx(target.lufs, abs=0.5)
    assert result.lufs == pytest.approx(float(figures["I"]), abs=0.15)
    assert result.true_peak_db == pytest.approx(float(figures["Peak"]), abs=0.4)


@pytest.mark.parametrize(
    ("levels", "noted"),
    [
        ((0.2, 0.2 * 10 ** (-12 / 20)), ["A is 12 LU louder than B"]),
        ((0.2 * 10 ** (-14 / 20), 0.2), ["B is 14 LU louder than A"]),
        ((0.2, 0.2 * 10 ** (-10 / 20)), []),
        ((0.2, 0.0), []),
    ],
)
def test_a_cut_between_loud_and_quiet_is_noted(desk, levels, noted):
    tracks = {
        name: desk.build_track(create_hiss(3, level, seed=n))
        for n, (name, level) in enumerate(zip("AB", levels, strict=True))
    }
    film = desk.build_film(Shot("A"), Shot("B"))
    cut = build_cut_timeline(("A", "A", 0, 60), ("B", "B", 0, 60))
    facts = desk.render_soundtrack(film, cut, tracks)
    notes = [note for note in facts.notes if "LU louder" in note]
    assert [note.partition(" at the cut")[0] for note in notes] == noted
    assert all(f"`gain_db: -{note.split()[2]}` on {note[0]}" in note for note in notes)


def test_what_comes_over_softly_or_is_one_take_may_grow_louder(desk):
    tracks = {"A": desk.build_track(create_hiss(3)), "B": desk.build_track(create_hiss(3, 0.01))}
    hard = build_cut_timeline(("A", "A", 0, 60), ("B", "B", 0, 60))
    blend = Blend("fade", FrameRange(60, 72), color="black")
    soft = replace(hard, events=(hard.events[0], replace(hard.events[1], entering=blend)))
    for timeline, second in ((soft, Shot("B")), (hard, Shot("B", extends="A"))):
        film = desk.build_film(Shot("A"), second)
        facts = desk.render_soundtrack(film, timeline, tracks)
        assert not [note for note in facts.notes if "louder" in note]


def test_a_film_that_jumps_at_every_cut_says_so_a_few_times(desk):
    tracks = {"A": desk.build_track(create_hiss(1)), "B": desk.build_track(create_hiss(1, 0.01))}
    shots = [Shot(f"{name}{n}") for n in range(5) for name in "AB"]
    cut = build_cut_timeline(*((shot.id, shot.id[0], 0, 24) for shot in shots))
    facts = desk.render_soundtrack(desk.build_film(*shots), cut, tracks)
    louder = [note for note in facts.notes if "louder" in note]
    assert len(louder) == 5
    assert "so it is at 4 more cuts" in facts.notes
