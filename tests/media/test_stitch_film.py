"""The finished file: every frame, picture and sound from 0 to the end, playable anywhere."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from storyboard.errors import MediaError, StitchError
from storyboard.graph.timeline import Blend, Timeline
from storyboard.model.film import (
    Anchor,
    Film,
    Line,
    MediaFile,
    MusicCue,
    Shot,
    TitleCue,
)
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.ffmpeg import probe, read_frames, run_ffmpeg, verify_media
from storyboard.stitching.mux import check_film_timing
from storyboard.stitching.stitch import stitch_film
from storyboard.timecode import FrameRange, Rate


@pytest.fixture(scope="module")
def media(shared_lab):
    """Two takes with sound and one at 30 fps without."""
    takes = {}
    for clip, tone in ((1, 220), (2, 330)):
        silent = shared_lab.write_take(clip, 60)
        loud = shared_lab.folder / f"loud{clip}.mp4"
        sine = f"sine=f={tone}:r=48000:d=2.5"
        run_ffmpeg(["-i", str(silent.path), "-f", "lavfi", "-i", sine, "-c:v", "copy", str(loud)])
        takes[f"SH0{clip}0"] = replace(silent, path=loud, facts=probe(loud), sha256=f"{clip}" * 64)
    takes["SH030"] = shared_lab.write_take(3, 60, rate="30")
    return takes


@pytest.fixture(scope="module")
def timeline(shared_lab):
    blend = Blend("dissolve", FrameRange(38, 46))
    return shared_lab.build_timeline(
        shared_lab.build_event("SH010", (0, 42), visible=(0, 46), source=2),
        shared_lab.build_event("SH020", (42, 72), visible=(38, 72), source=6, entering=blend),
        shared_lab.build_event("SH030", (72, 96)),
    )


@pytest.fixture(scope="module")
def film(shared_lab):
    return Film(
        shared_lab.folder / "film.yaml",
        shared_lab.folder,
        title="The Letter — «fin»",
        author="A. Director",
        copyright="© 2026 A. Director",
        delivery=shared_lab.delivery,
        shots=(
            Shot("SH010", dialogue=(Line("ana", "It came on Tuesday."),)),
            *map(Shot, ("SH020", "SH030")),
        ),
        titles=(TitleCue(Anchor("SH030", 4), 16, text="Havana"),),
        subtitles="sidecar",
    )


@pytest.fixture(scope="module")
def stitched_film(shared_lab, film, timeline, media):
    progress: list[tuple[int, int]] = []
    out = shared_lab.folder / "build" / "film.mp4"
    facts = stitch_film(
        CutInputs(film, timeline, media),
        out,
        cache=shared_lab.folder / "cache",
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert progress[-1] == (96, 96)
    return facts


def test_every_frame_of_the_film_is_the_one_that_was_planned(shared_lab, stitched_film):
    frames = list(read_frames(stitched_film.path, FrameRange(0, 96)))
    assert [shared_lab.read_marks(frames[at]) for at in (0, 37, 46, 71)] == [
        (1, 2),
        (1, 39),
        (2, 14),
        (2, 39),
    ]
    assert [shared_lab.read_marks(frames[at])[0] for at in (72, 75, 95)] == [3, 3, 3]
    assert shared_lab.read_marks(frames[92]) == (3, 25)
    assert frames[84][80:100, 120:200].max() > frames[75][80:100, 120:200].max()


def test_the_result_reports_what_was_made(shared_lab, stitched_film):
    assert (stitched_film.frames, stitched_film.seconds) == (96, Fraction(4))
    assert stitched_film.notes == ("converted to the format of the film: SH030: 30 fps",)
    assert -40 < stitched_film.lufs < 0
    assert stitched_film.true_peak_db < 0
    assert [path.name for path in stitched_film.subtitles] == ["film.srt", "film.vtt"]
    assert sorted(path.name for path in stitched_film.path.parent.iterdir()) == [
        *("film.mp4", "film.srt", "film.vtt"),
    ]
    cache_names = [path.name for path in (shared_lab.folder / "cache").iterdir()]
    assert all(name.endswith(".mp4") or name in ("sound", "proofs") for name in cache_names)
    sound_cache_names = [path.name for path in (shared_lab.folder / "cache" / "sound").iterdir()]
    assert all(name.startswith(("meter-", "aac-")) for name in sound_cache_names)


def test_picture_and_sound_start_at_zero_and_end_together(stitched_film):
    with av.open(str(stitched_film.path)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.time_base == Fraction(1, 24000)
        assert picture.frames == 96
        assert (picture.start_time, sound.start_time) == (0, 0)
        assert abs(sound.duration * sound.time_base - 4) < Fraction(1, 24)
        timestamps = sorted(p.pts for p in container.demux(picture) if p.pts is not None)
        assert timestamps == [1000 * frame for frame in range(96)]


def test_it_decodes_without_a_warning_as_h264_high_420_bt709(stitched_film):
    log = run_ffmpeg(
        ["-xerror", "-i", str(stitched_film.path), "-f", "null", "-"], loglevel="error"
    )
    assert log == ""
    assert verify_media(stitched_film.path, 96) == 96
    with av.open(str(stitched_film.path)) as container:
        codec, sound = container.streams.video[0].codec_context, container.streams.audio[0]
        assert (codec.name, codec.profile, codec.pix_fmt) == ("h264", "High", "yuv420p")
        assert (codec.colorspace, codec.color_range, codec.color_primaries) == (1, 1, 1)
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("aac", 48000, 2)


def test_the_index_stands_in_front_and_says_whose_film_it_is(stitched_film):
    data = stitched_film.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(stitched_film.path)) as container:
        assert container.metadata["title"] == "The Letter — «fin»"
        assert container.metadata["artist"] == "A. Director"
        assert container.metadata["copyright"] == "© 2026 A. Director"


def test_the_sound_is_the_takes_own_in_its_place(stitched_film):
    with av.open(str(stitched_film.path)) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])

    def measure_pitch(start_s):
        part = samples[int(start_s * 48000) :][:24000] * np.hanning(24000)
        return np.argmax(np.abs(np.fft.rfft(part))) * 2

    assert (measure_pitch(0.5), measure_pitch(2.2)) == (220, 330)
    assert np.abs(samples[int(3.2 * 48000) : int(3.9 * 48000)]).max() < 1e-3


def test_the_same_film_is_the_same_file(shared_lab, film, timeline, media, stitched_film):
    again = shared_lab.folder / "again" / "film.mp4"
    stitch_film(CutInputs(film, timeline, media), again, cache=shared_lab.folder / "cache")
    assert again.read_bytes() == stitched_film.path.read_bytes()


def test_a_film_that_fails_leaves_what_was_there(shared_lab, film, timeline, media):
    out = shared_lab.folder / "kept" / "film.mp4"
    out.parent.mkdir()
    out.write_bytes(b"the last good one")
    short = {**media, "SH020": shared_lab.write_take(2, 30)}
    with pytest.raises(StitchError, match="take_short: shot SH020"):
        stitch_film(CutInputs(film, timeline, short), out, cache=shared_lab.folder / "cache")
    assert [path.read_bytes() for path in out.parent.iterdir()] == [b"the last good one"]


def test_the_proof_finds_what_is_wrong(shared_lab, film, stitched_film):
    check_film_timing(stitched_film.path, 96, film)
    with pytest.raises(MediaError, match="has 96 frames, not 95"):
        check_film_timing(stitched_film.path, 95, film)
    late = shared_lab.folder / "late.mp4"
    source = ["-i", str(stitched_film.path)]
    run_ffmpeg(
        [
            *source,
            "-itsoffset",
            "0.5",
            *source,
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-c",
            "copy",
            str(late),
        ]
    )
    with pytest.raises(MediaError, match="sound"):
        check_film_timing(late, 96, film)
    mute = shared_lab.folder / "mute.mp4"
    run_ffmpeg([*source, "-an", "-c", "copy", str(mute)])
    with pytest.raises(MediaError, match="doesn't start with the picture"):
        check_film_timing(mute, 96, film)


def test_an_empty_film_is_refused(shared_lab, film, timeline, media):
    empty = replace(timeline, length=0, events=())
    with pytest.raises(StitchError, match="no shot is in the cut"):
        stitch_film(
            CutInputs(film, empty, media),
            shared_lab.folder / "x.mp4",
            cache=shared_lab.folder / "cache",
        )


def test_sound_that_can_not_be_mixed_ends_the_drawing_at_once(shared_lab, film, timeline, media):
    text = shared_lab.folder / "theme.wav"
    text.write_text("no music at all")
    music = (MusicCue(MediaFile(text, "theme.wav")),)
    progress: list[int] = []
    with pytest.raises(MediaError, match=r"theme\.wav"):
        stitch_film(
            CutInputs(replace(film, music=music), timeline, media),
            shared_lab.folder / "unheard.mp4",
            cache=shared_lab.folder / "cache",
            on_progress=lambda done, _: progress.append(done),
        )
    assert not (shared_lab.folder / "unheard.mp4").exists()


@pytest.mark.parametrize("rate", ["23.976", "25", "29.97", "60"])
def test_a_film_may_have_any_rate(shared_lab, film, media, rate):
    exact = Rate.parse(rate)
    events = [shared_lab.build_event("SH010", (0, 20)), shared_lab.build_event("SH020", (20, 40))]
    line = Timeline(exact, 40, tuple(events))
    delivery = replace(film.delivery, rate=exact)
    out = shared_lab.folder / f"at{rate}.mp4"
    plain = replace(film, delivery=delivery, titles=(), subtitles="none")
    facts = stitch_film(CutInputs(plain, line, media), out, cache=shared_lab.folder / "cache")
    assert facts.seconds == exact.to_seconds(40)
    assert (probe(out).frames, probe(out).rate) == (40, exact)


def test_what_a_killed_process_left_is_swept_after_a_day(shared_lab, film, timeline, media):
    cache = shared_lab.folder / "swept"
    old, new = cache / "stitch-old", cache / "stitch-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "picture.mp4").write_bytes(b"half")
    os.utime(old, (0, 0))
    stitch_film(CutInputs(film, timeline, media), shared_lab.folder / "clean.mp4", cache=cache)
    assert not old.exists()
    assert new.exists()
