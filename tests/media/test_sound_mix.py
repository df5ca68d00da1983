"""The film's sound: every sample where the timeline puts it."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from storyboard.digest import file_sha256
from storyboard.errors import MediaError, Span, StitchError
from storyboard.film import (
    Align,
    Ambience,
    Anchor,
    CastMember,
    Delivery,
    Film,
    Layer,
    Line,
    Loudness,
    MediaFacts,
    MediaFile,
    MusicCue,
    Origin,
    Shot,
    SoundCue,
    TransitionKind,
)
from storyboard.graph.timeline import Blend, Event, Narrated, Slice, Timeline
from storyboard.stitching.cuesheet import cue_sheet
from storyboard.stitching.media import run_ffmpeg
from storyboard.stitching.pcm import RATE, WavWriter, read_wav, sample
from storyboard.stitching.sound import Sounds, mixed
from storyboard.stitching.soundtrack import soundtrack
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
        return file_sha256(self.path)


@dataclass
class Desk:
    """Makes sounds, mixes films of them, and listens to what came out."""

    folder: Path
    count: int = 0

    def wav(self, samples, name=None):
        self.count += 1
        path = self.folder / (name or f"sound{self.count}.wav")
        samples = np.asarray(samples, np.float32)
        if samples.ndim == 1:
            samples = np.stack([samples, samples], axis=1)
        with WavWriter(path) as wav:
            wav.write(samples)
        return path

    def track(self, samples, first_frame=0, rate=FPS):
        path = self.wav(samples)
        frames = int(len(samples) * rate.value / RATE)
        return Track(path, MediaFacts(frames=frames, rate=rate, has_audio=True), first_frame)

    def file(self, samples, name):
        return MediaFile(self.wav(samples, name), name)

    def film(self, *shots, **more):
        path = self.folder / "film.yaml"
        more.setdefault("loudness", UNMASTERED)
        return Film(path, self.folder, shots=shots, delivery=Delivery(rate=FPS), **more)

    def mix(self, film, timeline, tracks, *, beds=None, murmur=None):
        """The mix before its gain, and what a render says of it."""
        sheet = cue_sheet(film, timeline, tracks, voiced=murmur is not None)
        voices = {name: member.voice for name, member in film.cast.items()}
        heard = mixed(sheet, Sounds(self.folder, beds, murmur, voices), 0, sheet.length).samples
        facts = self.render(film, timeline, tracks, beds=beds, murmur=murmur)
        assert len(heard) == facts.samples == sample(timeline.length, timeline.rate)
        return heard, facts

    def render(self, film, timeline, tracks, *, cache="cache", **more):
        out = self.folder / "film.aac"
        where = {"cache": self.folder / cache, "scratch": self.folder}
        return soundtrack(film, timeline, tracks, out, **where, **more)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def tone(seconds, hz=440.0, level=0.1):
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def hiss(seconds, level=0.1, seed=1):
    return level * np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2))


def clicks(seconds, *at, level=0.8):
    wave = np.zeros(round(seconds * RATE))
    wave[list(at)] = level
    return wave


def db(wave):
    return 10 * np.log10(np.mean(np.square(wave, dtype=np.float64)) + 1e-20)


def cut(*parts, rate=FPS, **events):
    """A timeline of hard cuts: (shot, step, source start, frames), played in order."""
    cursor, made = 0, []
    for shot, step, start, frames in parts:
        span = FrameRange(cursor, cursor + frames)
        source = FrameRange(start, start + frames)
        part = Slice(step, source) if step else Slice("", source, color="black")
        made.append(Event(shot, span, span, (part,), used=source, **events.get(shot, {})))
        cursor = span.end
    return Timeline(rate, cursor, tuple(made))


def dissolve(first, second, frames, overlap):
    """Two shots of `frames` each, whose sounds overlap for `overlap` frames."""
    start = frames - overlap
    span = FrameRange(start, frames)
    whole = FrameRange(0, frames)
    one = Event(first, whole, whole, (Slice(first, whole),), used=whole)
    later = whole.shifted(start)
    blend = Blend(TransitionKind.DISSOLVE, span)
    two = Event(second, later, later, (Slice(second, whole),), entering=blend, used=whole)
    return Timeline(FPS, start + frames, (one, two))


def peaks(wave, above=0.3):
    return np.flatnonzero(np.abs(wave[:, 0]) > above).tolist()


def test_a_click_lands_on_its_sample_after_cut_and_trim(desk):
    film = desk.film(Shot("A"), Shot("B"))
    tracks = {
        "A": desk.track(clicks(2, 10_000)),
        "B": desk.track(clicks(2, 24 * FRAME + 777)),
    }
    timeline = cut(("A", "A", 0, 24), ("B", "B", 20, 24))
    heard, _ = desk.mix(film, timeline, tracks)
    assert peaks(heard) == [10_000, 24 * FRAME + 4 * FRAME + 777]


def test_a_take_that_contains_its_source_plays_its_tail(desk):
    film = desk.film(Shot("A"))
    track = desk.track(clicks(3, 100, 24 * FRAME + 5000), first_frame=24)
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24)), {"A": track})
    assert peaks(heard) == [5000]


def test_a_take_at_another_rate_is_placed_by_time(desk):
    film = desk.film(Shot("A"))
    track = desk.track(clicks(3, 2 * RATE + 480), first_frame=60, rate=Rate(Fraction(30)))
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24)), {"A": track})
    assert peaks(heard) == [480]


@pytest.mark.parametrize("fps", ["23.976", "25", "29.97", "30"])
def test_sound_is_exact_at_every_rate(desk, fps):
    rate = Rate.parse(fps)
    film = desk.film(Shot("A"), Shot("B"))
    wave = clicks(4, sample(31, rate) + 500)
    tracks = {"A": desk.track(hiss(4, 0.01), rate=rate), "B": desk.track(wave, rate=rate)}
    heard, facts = desk.mix(film, cut(("A", "A", 0, 37), ("B", "B", 20, 24), rate=rate), tracks)
    assert facts.samples == int(Fraction(61 * RATE) / rate.value)
    wanted = sample(37, rate) + sample(31, rate) - sample(20, rate) + 500
    assert abs(peaks(heard)[0] - wanted) <= 1


def test_a_cut_between_loud_sounds_does_not_click(desk):
    film = desk.film(Shot("A"), Shot("B"))
    steady = np.full(2 * RATE, 0.5)
    tracks = {"A": desk.track(steady), "B": desk.track(-steady)}
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks)
    assert np.abs(np.diff(heard[:, 0])).max() < 0.02
    assert abs(heard[24 * FRAME - 300, 0] - 0.5) < 0.01
    assert abs(heard[24 * FRAME + 300, 0] + 0.5) < 0.01
    assert abs(heard[0, 0]) < 0.01
    assert abs(heard[-1, 0]) < 0.01


def test_a_dissolve_keeps_the_power_of_two_sounds(desk):
    film = desk.film(Shot("A"), Shot("B"))
    tracks = {"A": desk.track(hiss(2, seed=1)), "B": desk.track(hiss(2, seed=2))}
    heard, _ = desk.mix(film, dissolve("A", "B", 48, 24), tracks)
    parts = heard[FRAME:-FRAME].reshape(-1, 4 * FRAME // 2, 2)[:16]
    assert max(abs(db(part) + 20) for part in parts) < 0.4
    middle = heard[36 * FRAME - FRAME // 2 : 36 * FRAME + FRAME // 2]
    both = np.concatenate(list(read_wav(tracks["A"].path, 4 * RATE)))
    share = np.vdot(middle, both[36 * FRAME - FRAME // 2 : 36 * FRAME + FRAME // 2])
    share /= np.vdot(*(2 * [both[36 * FRAME - FRAME // 2 : 36 * FRAME + FRAME // 2]]))
    assert share == pytest.approx(np.sqrt(0.5), abs=0.06)


def test_a_fade_from_black_fades_the_sound_and_a_fade_out_too(desk):
    span = FrameRange(0, 48)
    event = Event(
        "A",
        span,
        span,
        (Slice("A", span),),
        entering=Blend(TransitionKind.FADE, FrameRange(0, 12), color="black"),
        leaving=Blend(TransitionKind.FADE, FrameRange(36, 48), color="black"),
    )
    film = desk.film(Shot("A"))
    heard, _ = desk.mix(film, Timeline(FPS, 48, (event,)), {"A": desk.track(hiss(2))})
    ends = [db(heard[:FRAME]), db(heard[-FRAME:])]
    assert max(ends) < db(heard[20 * FRAME : 28 * FRAME]) - 15


def test_a_fade_through_black_is_silent_at_its_middle(desk):
    a, b = FrameRange(0, 24), FrameRange(24, 48)
    blend = Blend(TransitionKind.FADE, FrameRange(18, 30), color="black", through=True)
    events = (
        Event("A", a, a, (Slice("A", a),)),
        Event("B", b, b, (Slice("B", a),), entering=blend),
    )
    tracks = {"A": desk.track(hiss(1)), "B": desk.track(hiss(1, seed=2))}
    heard, _ = desk.mix(desk.film(Shot("A"), Shot("B")), Timeline(FPS, 48, events), tracks)
    middle = heard[24 * FRAME - 200 : 24 * FRAME + 200]
    assert db(middle) < db(heard[10 * FRAME : 16 * FRAME]) - 25
    assert db(heard[17 * FRAME : 18 * FRAME]) == pytest.approx(-20, abs=0.5)


def test_a_fade_through_black_falls_and_rises_on_the_side_where_it_stands(desk):
    a, b = FrameRange(0, 24), FrameRange(24, 48)
    tracks = {"A": desk.track(hiss(1)), "B": desk.track(hiss(1, seed=2))}

    def heard(span, align):
        blend = Blend(TransitionKind.FADE, span, color="black", through=True, align=align)
        events = (
            Event("A", a, a, (Slice("A", a),)),
            Event("B", b, b, (Slice("B", a),), entering=blend),
        )
        film = desk.film(Shot("A"), Shot("B"))
        sound, _ = desk.mix(film, Timeline(FPS, 48, events), tracks)
        return db(sound[23 * FRAME : 24 * FRAME - 200]), db(sound[24 * FRAME + 200 : 25 * FRAME])

    falling, at_once = heard(FrameRange(12, 24), Align.END)
    assert falling < -38
    assert at_once == pytest.approx(-20, abs=0.5)
    at_once, rising = heard(FrameRange(24, 36), Align.START)
    assert rising < -36
    assert at_once == pytest.approx(-20, abs=0.5)


def test_muted_colour_and_missing_sound_are_silence(desk):
    film = desk.film(Shot("A", mute=True), Shot("B", color="black"), Shot("C"), Shot("D"))
    silent = desk.track(hiss(1))
    silent.facts = MediaFacts(frames=24, rate=FPS, has_audio=False)
    tracks = {"A": desk.track(hiss(1)), "C": silent}
    timeline = cut(("A", "A", 0, 24), ("B", "", 0, 24), ("C", "C", 0, 24), ("D", "D", 0, 24))
    heard, facts = desk.mix(film, timeline, tracks)
    assert not heard.any()
    assert (facts.lufs, facts.true_peak_db, facts.gain_db) == (-70, -120, 0)
    assert "silent" in facts.notes[0]


def test_gain_moves_one_shot(desk):
    film = desk.film(Shot("A"), Shot("B", gain_db=-12))
    tracks = {"A": desk.track(hiss(1)), "B": desk.track(hiss(1, seed=2))}
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks)
    assert db(heard[: 20 * FRAME]) - db(heard[28 * FRAME :]) == pytest.approx(12, abs=0.2)


def test_a_lag_runs_on_under_the_next_picture_and_a_lead_before_it(desk):
    film = desk.film(Shot("A", audio_lag=12), Shot("B"), Shot("C", audio_lead=6))
    tracks = {
        "A": desk.track(tone(3, 500)),
        "B": desk.track(tone(3, 2000)),
        "C": desk.track(tone(3, 6000)),
    }
    timeline = cut(("A", "A", 0, 24), ("B", "B", 0, 48), ("C", "C", 24, 24))
    heard, facts = desk.mix(film, timeline, tracks)

    def level(hz, frame):
        part = heard[frame * FRAME : (frame + 2) * FRAME, 0]
        turn = np.exp(-2j * np.pi * hz * np.arange(len(part)) / RATE)
        return abs(np.mean(part * turn)) * 2

    assert level(500, 33) == pytest.approx(0.1, rel=0.05)
    assert level(2000, 33) == pytest.approx(0.1, rel=0.05), "the neighbour sounds on beneath"
    assert level(500, 37) < 0.001
    assert level(6000, 63) < 0.001
    assert level(6000, 67) == pytest.approx(0.1, rel=0.05)
    assert level(2000, 67) == pytest.approx(0.1, rel=0.05)
    assert facts.notes == ()


def test_a_lead_that_the_take_does_not_hold_is_shorter_and_said(desk):
    film = desk.film(Shot("A"), Shot("B", audio_lead=12))
    tracks = {"A": desk.track(np.zeros(RATE)), "B": desk.track(hiss(2))}
    heard, facts = desk.mix(film, cut(("A", "A", 0, 24), ("B", "B", 6, 24)), tracks)
    assert not heard[: 18 * FRAME].any()
    assert db(heard[19 * FRAME : 24 * FRAME]) > -25
    assert facts.notes == ("B: audio_lead asks 0.50 s, its take holds 0.25 s before the shot",)


def test_hops_of_a_chain_meet_without_a_gap(desk):
    whole = tone(3, 97, 0.3)
    span = FrameRange(0, 48)
    slices = (Slice("A", FrameRange(0, 24)), Slice("A.2", FrameRange(0, 24)))
    tracks = {
        "A": desk.track(whole[:RATE]),
        "A.2": desk.track(whole[RATE : 2 * RATE]),
    }
    timeline = Timeline(FPS, 48, (Event("A", span, span, slices),))
    heard, _ = desk.mix(desk.film(Shot("A")), timeline, tracks)
    np.testing.assert_allclose(heard[200:-200, 0], whole[200 : 2 * RATE - 200], atol=1e-4)


def test_a_step_at_a_seam_melts_away(desk):
    first, second = tone(1, 100.25, 0.3), tone(1, 60, 0.3) + 0.2
    tracks = {"A": desk.track(first), "B": desk.track(second)}
    film = desk.film(Shot("A"), Shot("B", extends="A"))
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks)
    assert np.abs(np.diff(heard[24 * FRAME - 10 : 24 * FRAME + 100, 0])).max() < 0.02
    np.testing.assert_allclose(heard[24 * FRAME + 72 : -200, 0], second[72:-200], atol=1e-4)


def test_an_extension_with_its_source_takes_over_inside_the_shared_sound(desk):
    whole = tone(2, 330, 0.3)
    tracks = {"A": desk.track(whole[:RATE]), "B": desk.track(whole, first_frame=24)}
    film = desk.film(Shot("A"), Shot("B", extends="A"))
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks)
    np.testing.assert_allclose(heard[200:-200, 0], whole[200:-200], atol=1e-4)


def test_parts_of_one_take_in_a_row_are_one_sound(desk):
    whole = tone(2, 97, 0.3)
    track = desk.track(whole)
    film = desk.film(Shot("A"), Shot("B"))
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24), ("B", "A", 24, 24)), {"A": track})
    np.testing.assert_allclose(heard[200:-200, 0], whole[200:-200], atol=1e-4)


def test_a_frozen_slice_is_silent(desk):
    span = FrameRange(0, 36)
    slices = (Slice("A", FrameRange(0, 12), freeze=0), Slice("A", FrameRange(0, 24)))
    timeline = Timeline(FPS, 36, (Event("A", span, span, slices),))
    heard, _ = desk.mix(desk.film(Shot("A")), timeline, {"A": desk.track(hiss(1))})
    assert not heard[: 12 * FRAME].any()
    assert db(heard[13 * FRAME :]) == pytest.approx(-20, abs=0.5)


def test_a_laid_file_starts_at_its_time_and_rings_past_the_shot(desk):
    bang = desk.file(hiss(3, 0.2), "bang.wav")
    film = desk.film(Shot("A", sound=(SoundCue(file=bang, at=12, gain_db=-6),)), Shot("B"))
    tracks = {"A": desk.track(np.zeros(RATE)), "B": desk.track(np.zeros(2 * RATE))}
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24), ("B", "B", 0, 48)), tracks)
    assert not heard[: 12 * FRAME].any()
    assert db(heard[13 * FRAME : 23 * FRAME]) == pytest.approx(-20, abs=0.4)
    assert -40 < db(heard[42 * FRAME : 44 * FRAME]) < -22
    assert not heard[60 * FRAME + 10 :].any()


def test_neighbours_of_one_scope_share_one_bed(desk):
    asked = []

    def beds(words, seconds, seed, start_s=0.0):
        asked.append((words, start_s))
        t = start_s + np.arange(round(seconds * RATE)) / RATE
        return np.stack(2 * [0.1 * np.sin(2 * np.pi * 210.37 * t)], axis=1).astype(np.float32)

    hum = Ambience(make="hum", gain_db=-6, scope="seq:SQ01")
    film = desk.film(Shot("A", ambience=hum), Shot("B", ambience=hum), Shot("C"))
    timeline = cut(("A", "", 0, 24), ("B", "", 0, 24), ("C", "", 0, 24))
    heard, _ = desk.mix(film, timeline, {}, beds=beds)
    t = np.arange(44 * FRAME) / RATE
    wanted = 0.1 * 10 ** (-6 / 20) * np.sin(2 * np.pi * 210.37 * t)
    np.testing.assert_allclose(heard[8 * FRAME : 44 * FRAME, 0], wanted[8 * FRAME :], atol=1e-4)
    assert not heard[52 * FRAME :].any()
    assert {words for words, _ in asked} == {"hum"}


def test_two_beds_cross_fade_at_their_border(desk):
    rain = Ambience(file=desk.file(hiss(1.5, 0.1, 1), "rain.wav"), gain_db=0, scope="seq:1")
    wind = Ambience(file=desk.file(hiss(1.5, 0.1, 2), "wind.wav"), gain_db=0, scope="seq:2")
    film = desk.film(Shot("A", ambience=rain), Shot("B", ambience=wind))
    heard, _ = desk.mix(film, cut(("A", "", 0, 96), ("B", "", 0, 96)), {})
    parts = heard[12 * FRAME : -12 * FRAME].reshape(-1, 6 * FRAME, 2)
    assert max(abs(db(part) + 20) for part in parts) < 0.5, "loops and borders keep the power"


def test_music_plays_from_anchor_to_anchor_and_says_when_it_ends_early(desk):
    theme = desk.file(np.concatenate([clicks(1, 24_000), clicks(1, 100)]), "theme.wav")
    cue = MusicCue(theme, begin=Anchor("B", -6), end=Anchor("end"), start=Fraction(1, 2))
    film = desk.film(Shot("A"), Shot("B"), music=(cue,))
    heard, facts = desk.mix(film, cut(("A", "", 0, 24), ("B", "", 0, 72)), {})
    begin = 18 * FRAME
    assert peaks(heard) == [begin + RATE - 24_000 + 100], "its first click lies on the declick ramp"
    assert facts.notes[0] == "music theme.wav ends 1.8 s before its `to`"


def test_music_fades_in_and_out(desk):
    cue = MusicCue(desk.file(hiss(3), "theme.wav"), fade_in=24, fade_out=24, gain_db=-6)
    film = desk.film(Shot("A"), music=(cue,))
    heard, _ = desk.mix(film, cut(("A", "", 0, 72)), {})
    assert db(heard[:FRAME]) < -45
    assert db(heard[30 * FRAME : 42 * FRAME]) == pytest.approx(-26, abs=0.4)
    assert db(heard[-FRAME:]) < -45


def test_music_gives_way_to_speech_by_what_it_was_told(desk):
    cue = MusicCue(desk.file(hiss(8), "theme.wav"), duck_db=9)
    lines = (Line("ana", "one two three four", at=48), Line("ana", "five six", at=92))
    film = desk.film(Shot("A", dialogue=lines), music=(cue,))
    tracks = {"A": desk.track(np.zeros(8 * RATE))}
    heard, _ = desk.mix(film, cut(("A", "A", 0, 192)), tracks)
    before, during, between, after = (
        db(heard[int(a * RATE) : int(b * RATE)])
        for a, b in [(0.5, 1.8), (2.1, 3.4), (3.55, 3.83), (5.2, 7)]
    )
    assert before - during == pytest.approx(9, abs=0.3)
    assert before - between == pytest.approx(9, abs=0.4), "a short pause stays ducked"
    assert before == pytest.approx(after, abs=0.3)
    gain = np.abs(heard[:, 0]).reshape(-1, 480).max(axis=1)
    assert 20 * np.log10(np.abs(np.diff(gain)).max() + 1e-9) < -12


def test_music_gives_way_where_a_trimmed_take_speaks(desk):
    cue = MusicCue(desk.file(hiss(6), "theme.wav"), duck_db=9)
    lines = (Line("ana", "It is away.", at=6), Line("ana", "It came on Tuesday.", at=84))
    film = desk.film(Shot("A", dialogue=lines), music=(cue,))
    said = np.zeros(8 * RATE)
    said[int(3.5 * RATE) : int(5 * RATE)] = tone(1.5, level=0.001)
    timeline = cut(("A", "A", 48, 144), A={"taken": FrameRange(48, 192)})
    heard, _ = desk.mix(film, timeline, {"A": desk.track(said)})
    before, during, after = (
        db(heard[int(a * RATE) : int(b * RATE)]) for a, b in [(0, 1.2), (1.6, 2.9), (3.8, 6)]
    )
    assert before == pytest.approx(after, abs=0.3)
    assert before - during == pytest.approx(9, abs=0.3)


def test_voices_over_black_are_murmured_where_somebody_can(desk):
    spoken = []

    def murmur(line, voice):
        spoken.append((line.speaker, voice))
        return hiss(0.4, 0.1).astype(np.float32)

    film = desk.film(
        Shot("A", color="black", dialogue=(Line("ben", "Ana?", at=6, off=True),)),
        Shot("B", color="black"),
        cast={"ben": CastMember("ben", voice="baritone")},
    )
    timeline = cut(("A", "", 0, 24), ("B", "", 0, 48))
    heard, _ = desk.mix(film, timeline, {}, murmur=murmur)
    assert set(spoken) == {("ben", "baritone")}
    assert np.flatnonzero(heard[:, 0])[0] == pytest.approx(6 * FRAME, abs=2)
    silent, _ = desk.mix(film, timeline, {})
    assert not silent.any()


def test_narration_is_heard_where_it_stands_over_the_cut_and_music_gives_way(desk):
    film = desk.film(
        Shot("A"),
        Shot("B"),
        music=(MusicCue(desk.file(tone(3, 200, 0.05), "theme.wav"), duck_db=20),),
    )
    line = Narrated("narration.1", FrameRange(18, 42), Line("ana", "She had left before."))
    spoken = Track(desk.wav(hiss(1, 0.1)), MediaFacts(has_audio=True))
    timeline = replace(cut(("A", "", 0, 24), ("B", "", 0, 48)), told=(line,))
    heard, _ = desk.mix(film, timeline, {"narration.1": spoken})
    assert db(heard[19 * FRAME : 41 * FRAME]) == pytest.approx(-20, abs=0.5), "over the cut at 24"
    music = db(tone(1, 200, 0.05))
    assert db(heard[4 * FRAME : 12 * FRAME]) == pytest.approx(music, abs=0.5)
    assert db(heard[56 * FRAME : 70 * FRAME]) == pytest.approx(music, abs=0.5)
    alone, _ = desk.mix(film, timeline, {})
    assert db(alone[20 * FRAME : 40 * FRAME]) == pytest.approx(music, abs=0.5), "not spoken yet"


def test_words_without_a_maker_and_anchors_without_a_shot_are_told_apart(desk):
    timeline = cut(("A", "", 0, 24))
    with pytest.raises(StitchError, match="nothing here makes the sound 'rain'"):
        desk.mix(desk.film(Shot("A", ambience=Ambience(make="rain"))), timeline, {})
    cue = MusicCue(make="slow piano", begin=Anchor("X"))
    with pytest.raises(StitchError, match="anchored at X, which is not in the cut"):
        desk.mix(desk.film(Shot("A"), music=(cue,)), timeline, {})
    gone = MusicCue(MediaFile(desk.folder / "gone.wav", "gone.wav"))
    with pytest.raises(MediaError, match=r"gone\.wav is not there"):
        desk.mix(desk.film(Shot("A"), music=(gone,)), timeline, {})


def test_a_long_film_is_mixed_block_by_block(desk):
    click = clicks(25, *range(12_345, 25 * RATE, RATE))
    film = desk.film(Shot("A"))
    heard, _ = desk.mix(film, cut(("A", "A", 0, 25 * 24)), {"A": desk.track(click)})
    assert peaks(heard) == list(range(12_345, 25 * RATE, RATE))


def test_aac_in_mp4_plays_in_step_with_its_picture(desk):
    """Priming and edit lists are undone: a click in AAC stands where it stood before."""
    source = desk.wav(clicks(2, RATE + 321) + 0.001 * hiss(2)[:, 0])
    movie = desk.folder / "take.mp4"
    picture = ["-f", "lavfi", "-i", "color=s=64x64:r=24:d=2"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "256k"]
    run_ffmpeg([*picture, "-i", str(source), *codecs, "-shortest", str(movie)])
    track = Track(movie, MediaFacts(frames=48, rate=FPS, has_audio=True))
    film = desk.film(Shot("A"))
    heard, _ = desk.mix(film, cut(("A", "A", 12, 24)), {"A": track})
    assert int(np.argmax(np.abs(heard[:, 0]))) == pytest.approx(RATE // 2 + 321, abs=1)


def test_handles_carry_the_sound_through_a_dissolve_and_the_cut_stays(desk):
    blend = Blend(TransitionKind.WIPE, FrameRange(18, 30), direction="left")
    a = Event("A", FrameRange(0, 24), FrameRange(0, 30), (Slice("A", FrameRange(0, 30)),))
    b = Event(
        "B",
        FrameRange(24, 48),
        FrameRange(18, 48),
        (Slice("B", FrameRange(6, 36)),),
        entering=blend,
    )
    tracks = {"A": desk.track(hiss(2)), "B": desk.track(clicks(2, 12 * FRAME + 9) + 1e-4)}
    heard, _ = desk.mix(desk.film(Shot("A"), Shot("B")), Timeline(FPS, 48, (a, b)), tracks)
    assert int(np.argmax(np.abs(heard[:, 0]))) == (18 + 6) * FRAME + 9
    assert db(heard[: 18 * FRAME]) == pytest.approx(-20, abs=0.3)
    assert db(heard[31 * FRAME :]) < -70


def test_a_fade_from_black_leaves_the_shot_before_alone(desk):
    a, b = FrameRange(0, 24), FrameRange(24, 48)
    blend = Blend(TransitionKind.FADE, FrameRange(24, 36), color="black")
    events = (
        Event("A", a, a, (Slice("A", a),)),
        Event("B", b, b, (Slice("B", a),), entering=blend),
    )
    tracks = {"A": desk.track(hiss(1)), "B": desk.track(hiss(1, seed=2))}
    heard, _ = desk.mix(desk.film(Shot("A"), Shot("B")), Timeline(FPS, 48, events), tracks)
    assert db(heard[22 * FRAME : 24 * FRAME - 200]) == pytest.approx(-20, abs=0.5)
    assert db(heard[24 * FRAME : 25 * FRAME]) < -40


def test_the_end_of_the_film_ends_everything(desk):
    bang = desk.file(hiss(3, 0.2), "bang.wav")
    shot = Shot("A", audio_lag=24, sound=(SoundCue(file=bang, at=20),))
    cue = MusicCue(desk.file(hiss(9), "theme.wav"), begin=Anchor("end", -2))
    heard, facts = desk.mix(
        desk.film(shot, music=(cue,)), cut(("A", "A", 0, 24)), {"A": desk.track(hiss(3))}
    )
    assert len(heard) == 24 * FRAME
    assert abs(heard[-1, 0]) < 0.02
    assert facts.notes == ()


def test_a_take_whose_sound_stops_early_does_not_click_and_is_named(desk):
    film = desk.film(Shot("A"))
    track = desk.track(np.full(int(1.5 * RATE), 0.5))
    heard, facts = desk.mix(film, cut(("A", "A", 0, 48)), {"A": track})
    assert np.abs(np.diff(heard[:, 0])).max() < 0.02
    assert facts.notes == ("the sound of A ends 0.5 s before its picture",)


def test_the_same_film_mixes_to_the_same_bytes_whatever_was_kept(desk):
    theme = desk.file(hiss(3), "theme.wav")
    bed = Ambience(file=desk.file(hiss(2, 0.05, 3), "bed.wav"), scope="film")
    shots = [Shot("A", ambience=bed), Shot("B", ambience=bed), Shot("C", ambience=bed)]
    music = (MusicCue(theme, gain_db=-9, begin=Anchor("start", 24)),)
    timeline = cut(("A", "A", 0, 12 * 24), ("B", "B", 0, 6 * 24), ("C", "A", 0, 18 * 24))
    tracks = {"A": desk.track(tone(18)), "B": desk.track(tone(6, 700))}
    film = desk.film(*shots, music=music, loudness=Loudness(-20, -1))
    out = desk.folder / "film.aac"
    first = desk.render(film, timeline, tracks)
    once = out.read_bytes()
    assert (first.parts, first.rendered) == (4, 4)
    assert desk.render(film, timeline, tracks).rendered == 0
    assert out.read_bytes() == once

    softer = replace(film, shots=(shots[0], replace(shots[1], gain_db=-0.1), shots[2]))
    changed = desk.render(softer, timeline, tracks)
    assert (changed.gain_db, changed.rendered) == (first.gain_db, 1)  # B lies in the second
    after = out.read_bytes()
    assert after != once
    assert desk.render(softer, timeline, tracks, cache="other").rendered == 4
    assert out.read_bytes() == after


def test_a_part_that_was_damaged_is_made_again(desk):
    film, timeline = desk.film(Shot("A")), cut(("A", "A", 0, 48))
    tracks = {"A": desk.track(hiss(2))}
    desk.render(film, timeline, tracks)
    once = (desk.folder / "film.aac").read_bytes()
    for kept in (desk.folder / "cache").iterdir():
        kept.write_bytes(kept.read_bytes()[:-9])
    assert desk.render(film, timeline, tracks).rendered == 1
    assert (desk.folder / "film.aac").read_bytes() == once


def test_a_part_sounds_the_same_alone_as_in_the_whole(desk):
    """Nothing tells where a part begins: loops, jumps in files, beds, ramps and ducking go on."""
    loop = Ambience(file=desk.file(hiss(1.7, 0.05, 3), "bed.wav"), scope="film")
    mp3 = desk.folder / "theme.mp3"
    theme = desk.wav(hiss(26, 0.1, 4), "long.wav")
    run_ffmpeg(["-i", str(theme), "-c:a", "libmp3lame", "-b:a", "192k", str(mp3)])
    music = MusicCue(MediaFile(mp3, "theme.mp3"), fade_in=480, fade_out=24, duck_db=12)
    line = Line("ana", "It came on Tuesday, and nobody had seen it.", at=290)
    film = desk.film(Shot("A", ambience=loop, dialogue=(line,)), music=(music,))
    timeline = cut(("A", "A", 0, 24 * 24))
    sheet = cue_sheet(film, timeline, {"A": desk.track(hiss(24))})
    sounds = Sounds(desk.folder)
    whole = mixed(sheet, sounds, 0, sheet.length).samples
    for first, last in ((0, 5000), (480_000, 700_000), (13 * RATE + 7, 14 * RATE)):
        part = mixed(sheet, sounds, first, last).samples
        np.testing.assert_allclose(part, whole[first:last], atol=2e-6)


@pytest.mark.parametrize("use", ["music", "ambience", "sound"])
@pytest.mark.parametrize(
    ("wave", "told"), [([], "has no sound"), ([0.1, np.nan], "holds samples that are no numbers")]
)
def test_a_file_that_can_not_be_played_is_named_with_its_place_in_the_film(desk, use, wave, told):
    file = desk.file(wave, "bad.wav")
    keys = {
        "sound": {"sound": (SoundCue(file=file),)},
        "ambience": {"ambience": Ambience(file=file, scope="film")},
    }.get(use, {})
    origins = {use: Origin(Layer.SHOT, value=Span("film.yaml", 7))}
    film = desk.film(
        Shot("A", mute=True, origins=origins, **keys),
        music=(MusicCue(file),) if use == "music" else (),
        origins={"sound.music": Origin(Layer.FILM, value=Span("film.yaml", 7))},
    )
    with pytest.raises(MediaError, match=rf"^film\.yaml:7: {re.escape(str(file.path))} {told}"):
        desk.render(film, cut(("A", "A", 0, 24)), {})


def test_a_take_that_can_not_be_played_is_named_by_its_shot(desk):
    film = desk.film(Shot("A"))
    with pytest.raises(MediaError, match=r"^the take of A: .* no numbers"):
        desk.render(film, cut(("A", "A", 0, 24)), {"A": desk.track(np.full(RATE, np.inf))})


def test_a_lag_into_its_own_extension_is_not_heard_twice(desk):
    whole = tone(3, 330, 0.3)
    tracks = {"A": desk.track(whole), "B": desk.track(whole[RATE:])}
    film = desk.film(Shot("A", audio_lag=12), Shot("B", extends="A"))
    heard, _ = desk.mix(film, cut(("A", "A", 0, 24), ("B", "B", 0, 24)), tracks)
    np.testing.assert_allclose(heard[200:-200, 0], whole[200 : 2 * RATE - 200], atol=1e-3)


def bangs(seconds):
    """A whisper, and noise that is there at once, also with the first sample."""
    t = np.arange(round(seconds * RATE)) / RATE
    return (0.02 + 0.6 * (t % 1 < 0.3)) * hiss(seconds, 0.5)[:, 0]


def rain(seconds):
    return hiss(seconds, 0.02)[:, 0]


@pytest.mark.parametrize("target", [Loudness(-14, -1), Loudness(-23, -1)], ids=["web", "broadcast"])
@pytest.mark.parametrize("make", [bangs, rain, tone], ids=lambda make: make.__name__)
@pytest.mark.parametrize("seconds", [1, 12])
def test_what_a_player_decodes_meets_target_and_ceiling(desk, make, target, seconds):
    film = desk.film(Shot("A"), loudness=target)
    told = desk.render(film, cut(("A", "A", 0, 24 * seconds)), {"A": desk.track(make(seconds))})
    sound, movie = str(desk.folder / "film.aac"), str(desk.folder / "film.mp4")
    early = f"{-1024 / RATE:.9f}"
    run_ffmpeg(["-itsoffset", early, "-i", sound, "-c", "copy", "-bsf:a", "aac_adtstoasc", movie])
    graph = ["-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    log = run_ffmpeg(["-i", movie, *graph], loglevel="info")
    found = dict(re.findall(r"^\s*(I|Peak):\s+(-?[\d.]+)\s", log[log.rfind("Summary:") :], re.M))
    assert float(found["Peak"]) <= target.true_peak_db
    assert float(found["I"]) == pytest.approx(target.lufs, abs=0.5)
    assert told.lufs == pytest.approx(float(found["I"]), abs=0.15)
    assert told.true_peak_db == pytest.approx(float(found["Peak"]), abs=0.4)
