"""The finished file: every frame, picture and sound from 0 to the end, playable anywhere."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from storyboard.errors import MediaError, StitchError
from storyboard.film import Anchor, Film, Line, MediaFile, MusicCue, Shot, TitleCue, TransitionKind
from storyboard.graph.timeline import Blend, Timeline
from storyboard.stitching.film import stitch_film
from storyboard.stitching.media import probe, read_frames, run_ffmpeg, verify
from storyboard.stitching.mux import check
from storyboard.timecode import FrameRange, Rate


@pytest.fixture(scope="module")
def media(stage):
    """Two takes with sound and one at 30 fps without."""
    takes = {}
    for clip, tone in ((1, 220), (2, 330)):
        silent = stage.take(clip, 60)
        loud = stage.folder / f"loud{clip}.mp4"
        sine = f"sine=f={tone}:r=48000:d=2.5"
        run_ffmpeg(["-i", str(silent.path), "-f", "lavfi", "-i", sine, "-c:v", "copy", str(loud)])
        takes[f"SH0{clip}0"] = replace(silent, path=loud, facts=probe(loud), sha256=f"{clip}" * 64)
    takes["SH030"] = stage.take(3, 60, rate="30")
    return takes


@pytest.fixture(scope="module")
def timeline(stage):
    blend = Blend(TransitionKind.DISSOLVE, FrameRange(38, 46))
    return stage.timeline(
        stage.event("SH010", (0, 42), visible=(0, 46), source=2),
        stage.event("SH020", (42, 72), visible=(38, 72), source=6, entering=blend),
        stage.event("SH030", (72, 96)),
    )


@pytest.fixture(scope="module")
def film(stage):
    return Film(
        stage.folder / "film.yaml",
        stage.folder,
        title="The Letter — «fin»",
        author="A. Director",
        copyright="© 2026 A. Director",
        delivery=stage.delivery,
        shots=(
            Shot("SH010", dialogue=(Line("ana", "It came on Tuesday."),)),
            *map(Shot, ("SH020", "SH030")),
        ),
        titles=(TitleCue(Anchor("SH030", 4), 16, text="Havana"),),
        subtitles="sidecar",
    )


@pytest.fixture(scope="module")
def finished(stage, film, timeline, media):
    heard: list[tuple[int, int]] = []
    out = stage.folder / "build" / "film.mp4"
    facts = stitch_film(
        film,
        timeline,
        media,
        out,
        cache=stage.folder / "cache",
        on_progress=lambda done, total: heard.append((done, total)),
    )
    assert heard[-1] == (96, 96)
    return facts


def test_every_frame_of_the_film_is_the_one_that_was_planned(stage, finished):
    frames = list(read_frames(finished.path, FrameRange(0, 96)))
    assert [stage.read(frames[at]) for at in (0, 37, 46, 71)] == [(1, 2), (1, 39), (2, 14), (2, 39)]
    assert [stage.read(frames[at])[0] for at in (72, 75, 95)] == [3, 3, 3]
    assert stage.read(frames[92]) == (3, 25)
    assert frames[84][80:100, 120:200].max() > frames[75][80:100, 120:200].max()


def test_what_was_made_is_told(stage, finished):
    assert (finished.frames, finished.seconds) == (96, Fraction(4))
    assert finished.notes == ("conformed to the film's format: SH030: 30 fps",)
    assert -40 < finished.lufs < 0
    assert finished.true_peak_db < 0
    assert [path.name for path in finished.subtitles] == ["film.srt", "film.vtt"]
    assert sorted(path.name for path in finished.path.parent.iterdir()) == [
        *("film.mp4", "film.srt", "film.vtt"),
    ]
    left = [path.name for path in (stage.folder / "cache").iterdir()]
    assert all(name.endswith(".mp4") or name in ("sound", "proofs") for name in left)
    heard = [path.name for path in (stage.folder / "cache" / "sound").iterdir()]
    assert all(name.startswith(("meter-", "aac-")) for name in heard)


def test_picture_and_sound_start_at_zero_and_end_together(finished):
    with av.open(str(finished.path)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.time_base == Fraction(1, 24000)
        assert picture.frames == 96
        assert (picture.start_time, sound.start_time) == (0, 0)
        assert abs(sound.duration * sound.time_base - 4) < Fraction(1, 24)
        shown = sorted(p.pts for p in container.demux(picture) if p.pts is not None)
        assert shown == [1000 * frame for frame in range(96)]


def test_it_decodes_without_a_word_as_h264_high_420_bt709(finished):
    log = run_ffmpeg(["-xerror", "-i", str(finished.path), "-f", "null", "-"], loglevel="error")
    assert log == ""
    assert verify(finished.path, 96) == 96
    with av.open(str(finished.path)) as container:
        codec, sound = container.streams.video[0].codec_context, container.streams.audio[0]
        assert (codec.name, codec.profile, codec.pix_fmt) == ("h264", "High", "yuv420p")
        assert (codec.colorspace, codec.color_range, codec.color_primaries) == (1, 1, 1)
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("aac", 48000, 2)


def test_the_index_stands_in_front_and_says_whose_film_it_is(finished):
    data = finished.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(finished.path)) as container:
        assert container.metadata["title"] == "The Letter — «fin»"
        assert container.metadata["artist"] == "A. Director"
        assert container.metadata["copyright"] == "© 2026 A. Director"


def test_the_sound_is_the_takes_own_in_its_place(finished):
    with av.open(str(finished.path)) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])

    def pitch(start_s):
        part = samples[int(start_s * 48000) :][:24000] * np.hanning(24000)
        return np.argmax(np.abs(np.fft.rfft(part))) * 2

    assert (pitch(0.5), pitch(2.2)) == (220, 330)
    assert np.abs(samples[int(3.2 * 48000) : int(3.9 * 48000)]).max() < 1e-3


def test_the_same_film_is_the_same_file(stage, film, timeline, media, finished):
    again = stage.folder / "again" / "film.mp4"
    stitch_film(film, timeline, media, again, cache=stage.folder / "cache")
    assert again.read_bytes() == finished.path.read_bytes()


def test_a_film_that_fails_leaves_what_was_there(stage, film, timeline, media):
    out = stage.folder / "kept" / "film.mp4"
    out.parent.mkdir()
    out.write_bytes(b"the last good one")
    short = {**media, "SH020": stage.take(2, 30)}
    with pytest.raises(StitchError, match="take_short: shot SH020"):
        stitch_film(film, timeline, short, out, cache=stage.folder / "cache")
    assert [path.read_bytes() for path in out.parent.iterdir()] == [b"the last good one"]


def test_the_proof_finds_what_is_wrong(stage, film, finished):
    check(finished.path, 96, film)
    with pytest.raises(MediaError, match="has 96 frames, not 95"):
        check(finished.path, 95, film)
    late = stage.folder / "late.mp4"
    source = ["-i", str(finished.path)]
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
        check(late, 96, film)
    mute = stage.folder / "mute.mp4"
    run_ffmpeg([*source, "-an", "-c", "copy", str(mute)])
    with pytest.raises(MediaError, match="does not start with the picture"):
        check(mute, 96, film)


def test_an_empty_film_is_refused(stage, film, timeline, media):
    empty = replace(timeline, length=0, events=())
    with pytest.raises(StitchError, match="no shot is in the cut"):
        stitch_film(film, empty, media, stage.folder / "x.mp4", cache=stage.folder / "cache")


def test_sound_that_can_not_be_mixed_ends_the_drawing_at_once(stage, film, timeline, media):
    text = stage.folder / "theme.wav"
    text.write_text("no music at all")
    music = (MusicCue(MediaFile(text, "theme.wav")),)
    heard: list[int] = []
    with pytest.raises(MediaError, match=r"theme\.wav"):
        stitch_film(
            replace(film, music=music),
            timeline,
            media,
            stage.folder / "unheard.mp4",
            cache=stage.folder / "cache",
            on_progress=lambda done, _: heard.append(done),
        )
    assert not (stage.folder / "unheard.mp4").exists()


@pytest.mark.parametrize("rate", ["23.976", "25", "29.97", "60"])
def test_a_film_may_have_any_rate(stage, film, media, rate):
    exact = Rate.parse(rate)
    events = [stage.event("SH010", (0, 20)), stage.event("SH020", (20, 40))]
    line = Timeline(exact, 40, tuple(events))
    delivery = replace(film.delivery, rate=exact)
    out = stage.folder / f"at{rate}.mp4"
    plain = replace(film, delivery=delivery, titles=(), subtitles="none")
    facts = stitch_film(plain, line, media, out, cache=stage.folder / "cache")
    assert facts.seconds == exact.seconds(40)
    assert (probe(out).frames, probe(out).rate) == (40, exact)


def test_what_a_killed_process_left_is_swept_after_a_day(stage, film, timeline, media):
    cache = stage.folder / "swept"
    old, new = cache / "stitch-old", cache / "stitch-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "picture.mp4").write_bytes(b"half")
    os.utime(old, (0, 0))
    stitch_film(film, timeline, media, stage.folder / "clean.mp4", cache=cache)
    assert not old.exists()
    assert new.exists()
