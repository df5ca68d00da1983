"""Smart rendering: what nothing touches is the take's own picture, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from hashlib import md5

import av
import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.film import Anchor, Film, Shot, TitleCue, TransitionKind
from storyboard.graph.timeline import Blend, Slice
from storyboard.stitching.film import stitch_film
from storyboard.stitching.material import prepared
from storyboard.stitching.media import probe, read_frames, run_ffmpeg, verify
from storyboard.stitching.overlays import placed
from storyboard.stitching.picture import draw
from storyboard.stitching.smart.boxes import read_samples
from storyboard.stitching.smart.clipindex import NotCopied, clip_index
from storyboard.stitching.smart.windows import Run, planned
from storyboard.timecode import FrameRange

DISSOLVE, FADE, WIPE = TransitionKind.DISSOLVE, TransitionKind.FADE, TransitionKind.WIPE
MAIN = "-profile:v main -refs 1 -bf 0 -g 12".split()
CAVLC = "-profile:v baseline -g 12".split()
PYRAMID = "-preset slow -bf 5 -refs 5 -g 16 -x264-params b-pyramid=normal:keyint=16".split()
SLICES = "-g 12 -slices 4 -x264-params aud=1:repeat-headers=1".split()
CISCO = "-c:v libopenh264 -b:v 400k -g 12".split()
OPEN = "-g 12 -bf 3 -x264-params open-gop=1:keyint=12:scenecut=0".split()
LONE = "-g 250 -sc_threshold 0".split()
PLAIN = "-g 12".split()
ENCODERS = {
    "plain": PLAIN, "main": MAIN, "cavlc": CAVLC, "pyramid": PYRAMID, "slices": SLICES,
    "cisco": CISCO, "open": OPEN, "lone": LONE,
}  # fmt: skip


@pytest.fixture(scope="module")
def media(stage):
    """Takes of 48 frames by many encoders, each with grain of its own."""
    return {
        name: noisy(stage, number, 48, options)
        for number, (name, options) in enumerate(ENCODERS.items())
    }


def noisy(stage, number, frames, options):
    """A marked take with noise, so that no two frames are alike."""
    grain = ("-vf", f"noise=alls=8:allf=t:all_seed={number}", "-threads", "1")
    take = stage.take(100 + number, frames, options=(*grain, *options))
    return replace(take, sha256=f"{number:064d}")


def hashes(path, frames):
    return [md5(frame.tobytes()).hexdigest() for frame in read_frames(path, FrameRange(0, frames))]


def stitched(stage, timeline, media, name, *, cache="cache", titles=(), jobs=2):
    film = Film(
        stage.folder / "film.yaml",
        stage.folder,
        delivery=stage.delivery,
        shots=tuple(Shot(event.shot) for event in timeline.events),
        titles=titles,
    )
    out = stage.folder / f"{name}.mp4"
    return stitch_film(film, timeline, media, out, cache=stage.folder / cache, jobs=jobs)


def told(facts):
    """The notes on the picture: these takes have no sound."""
    return tuple(note for note in facts.notes if "loudness" not in note)


def plan(stage, timeline, media, titles=()):
    clips = prepared(timeline, media, stage.delivery, stage.folder / "cache")
    indexes = {}
    for step, clip in clips.items():
        try:
            indexes[step] = clip_index(clip.path, clip.frames)
        except NotCopied:
            continue
    return planned(timeline, clips, indexes, titles)


def copied(stage, timeline, media, titles=()):
    """Film frame -> (step, take frame) of what is to be copied."""
    return {
        run.span.start + k: (run.step, run.start + k)
        for run in plan(stage, timeline, media, titles)
        if isinstance(run, Run)
        for k in range(run.span.length)
    }


def held_to(stage, timeline, media, facts, titles=()):
    """Every copied frame is the take's own; every other one is as drawn, but for the encoder."""
    due = copied(stage, timeline, media, titles)
    sources = {
        step: hashes(medium.path, medium.facts.frames)
        for step, medium in media.items()
        if step in {where[0] for where in due.values()}
    }
    frames = list(read_frames(facts.path, FrameRange(0, timeline.length)))
    for at, (step, source) in due.items():
        assert md5(frames[at].tobytes()).hexdigest() == sources[step][source], (at, step, source)
    clips = prepared(timeline, media, stage.delivery, stage.folder / "cache")
    for at, drawn in enumerate(draw(timeline, clips, titles, stage.size)):
        if at not in due:
            apart = np.abs(frames[at].astype(int) - drawn.astype(int)).mean()
            assert apart < 3, (at, apart)
    assert verify(facts.path, timeline.length) == timeline.length
    with av.open(str(facts.path)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.size]
        assert len(packets) == timeline.length
        times = [p.dts for p in packets]
        assert times == sorted(set(times))
        assert sorted(p.pts for p in packets) == [1000 * n for n in range(timeline.length)]
        assert all(p.pts >= p.dts for p in packets)
    return len(due)


def in_a_row(stage, names, length=48):
    return stage.timeline(
        *(stage.event(name, (n * length, (n + 1) * length)) for n, name in enumerate(names))
    )


def test_hard_cuts_of_takes_by_any_encoder_are_copies(stage, media):
    timeline = in_a_row(stage, ENCODERS)
    facts = stitched(stage, timeline, media, "mixed")
    assert told(facts) == ()
    assert held_to(stage, timeline, media, facts) == timeline.length
    assert read_samples(facts.path).config[6:8] != b""
    with av.open(str(facts.path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "avc1"


def test_takes_of_one_encoder_share_their_parameter_sets(stage, media):
    facts = stitched(stage, in_a_row(stage, ["plain", "lone", "plain"]), media, "alike")
    config = read_samples(facts.path).config
    assert config[5] & 31 == 1


def test_wherever_one_seeks_in_a_mixed_film_the_right_frame_is_shown(stage, media):
    timeline = in_a_row(stage, ENCODERS)
    facts = stitched(stage, timeline, media, "sought")
    frames = hashes(facts.path, timeline.length)
    with av.open(str(facts.path)) as container:
        stream = container.streams.video[0]
        for at in (383, 5, 200, 96, 47, 48, 300, 144, 143, 1, 250):
            container.seek(at * 1000, stream=stream, backward=True)
            for frame in container.decode(stream):
                if frame.pts == at * 1000:
                    found = md5(frame.to_ndarray().tobytes()).hexdigest()
                    assert found == frames[at], at
                    break
            else:
                pytest.fail(f"frame {at} was not found")


def test_trims_encode_only_up_to_the_next_key_frame(stage, media):
    timeline = stage.timeline(
        stage.event("A", (0, 30), step="plain", source=5),
        stage.event("B", (30, 60), step="pyramid", source=16),
        stage.event("C", (60, 70), step="lone", source=0),
        stage.event("D", (70, 100), step="lone", source=9),
    )
    facts = stitched(stage, timeline, media, "trimmed")
    count = held_to(stage, timeline, media, facts)
    parts = plan(stage, timeline, media)
    assert parts[0].span.end <= 7
    assert {type(part).__name__ for part in parts} == {"Run", "Window"}
    assert count >= 50
    assert not any(isinstance(part, Run) and part.span.end > 70 for part in parts)


def test_transitions_titles_cards_and_colours_are_windows_between_copies(stage, media):
    blends = [
        Blend(DISSOLVE, FrameRange(44, 52)),
        Blend(FADE, FrameRange(86, 94), color="#400000", through=True),
        Blend(WIPE, FrameRange(130, 138), direction="clock"),
    ]
    timeline = stage.timeline(
        stage.event(
            "A",
            (0, 52),
            step="plain",
            slices=(Slice("plain", FrameRange(0, 48)), Slice("plain", FrameRange(20, 24))),
        ),
        stage.event("B", (44, 90), visible=(44, 90), step="main", entering=blends[0]),
        stage.event("C", (90, 138), step="cavlc", entering=blends[1]),
        stage.event("D", (130, 176), step="slices", entering=blends[2]),
        stage.event("E", (176, 200), slices=(Slice("", FrameRange(0, 24), card="THE END"),)),
        stage.event("F", (200, 210), slices=(Slice("", FrameRange(0, 10), color="#205080"),)),
        stage.event(
            "G", (210, 258), step="cisco", leaving=Blend(FADE, FrameRange(250, 258), color="black")
        ),
    )
    titles = (TitleCue(Anchor("A", 14), 8, text="Havana"),)
    facts = stitched(stage, timeline, media, "blended", titles=titles)
    assert held_to(stage, timeline, media, facts, placed(titles, timeline)) > 100


@pytest.mark.parametrize("span", [(36, 48), (42, 54), (48, 60)], ids=["end", "center", "start"])
def test_a_fade_through_a_colour_is_drawn_on_either_side_of_its_cut(stage, media, span):
    blend = Blend(FADE, FrameRange(*span), color="white", through=True)
    timeline = stage.timeline(
        stage.event("A", (0, 48), step="plain"),
        stage.event("B", (48, 96), step="main", entering=blend),
    )
    facts = stitched(stage, timeline, media, f"faded-{span[0]}")
    assert held_to(stage, timeline, media, facts) > 40


def test_a_window_is_drawn_once_however_often_the_film_is_cut(stage, media):
    def line(frames):
        blend = Blend(DISSOLVE, FrameRange(48 - frames, 48))
        later = Blend(DISSOLVE, FrameRange(88 - frames, 88 - frames + 6))
        return stage.timeline(
            stage.event("A", (0, 48), step="plain"),
            stage.event("B", (48 - frames, 96 - frames), step="main", entering=blend),
            stage.event(
                "C", (88 - frames, 130 - frames), step="cavlc",
                entering=replace(later, span=FrameRange(88 - frames, 96 - frames)),
            ),
        )  # fmt: skip

    def kept():
        return {path.name: path.stat().st_ino for path in (stage.folder / "own").glob("*.mp4")}

    stitched(stage, line(8), media, "once", cache="own")
    first = kept()
    assert len(first) == 2
    stitched(stage, line(8), media, "twice", cache="own")
    assert kept() == first
    facts = stitched(stage, line(6), media, "changed", cache="own")
    assert len(kept()) == 3
    assert first.items() <= kept().items()
    held_to(stage, line(6), media, facts)


def test_the_jobs_change_nothing(stage, media):
    timeline = stage.timeline(
        stage.event("A", (0, 30), step="plain", source=5),
        stage.event("B", (30, 60), step="pyramid", source=3),
    )
    one = stitched(stage, timeline, media, "one", cache="alone", jobs=1)
    four = stitched(stage, timeline, media, "four", cache="four", jobs=4)
    assert one.path.read_bytes() == four.path.read_bytes()


def test_a_take_in_another_format_is_conformed_alone(stage, media):
    more = {
        **media,
        "fast": stage.take(9, 60, rate="30"),
        "wide": stage.take(8, 48, size=(480, 270)),
    }
    timeline = in_a_row(stage, ["plain", "fast", "main", "wide"])
    facts = stitched(stage, timeline, more, "conformed")
    assert told(facts) == (
        "conformed to the film's format: fast: 30 fps",
        "conformed to the film's format: wide: size 480x270",
    )
    frames = list(read_frames(facts.path, FrameRange(0, 192)))
    assert [md5(each.tobytes()).hexdigest() for each in frames[:48]] == hashes(
        media["plain"].path, 48
    )
    assert stage.read(frames[48 + 20])[0] == 9


def test_takes_that_can_not_be_copied_are_encoded_and_noted(stage, media):
    hevc = stage.folder / "take.mkv"
    run_ffmpeg(["-i", str(media["plain"].path), "-c", "copy", str(hevc)])
    odd = replace(media["plain"], path=hevc, sha256="e" * 64)
    timeline = in_a_row(stage, ["odd", "main"])
    facts = stitched(stage, timeline, {**media, "odd": odd}, "odd")
    assert told(facts) == ("odd: the take of step odd is encoded again: it is no MP4",)
    assert held_to(stage, timeline, {**media, "odd": odd}, facts) == 48


def test_a_take_that_turns_out_damaged_is_drawn_and_the_others_still_copied(stage, media):
    """Its units don't add up in the middle, yet a decoder still makes something of them."""
    data = bytearray(media["main"].path.read_bytes())
    table = read_samples(media["main"].path)
    at = table.offsets[30]
    data[at : at + 4] = (table.sizes[30] - 4 + 7).to_bytes(4, "big")
    path = stage.folder / "torn.mp4"
    path.write_bytes(bytes(data))
    torn = replace(media["main"], path=path, sha256="d" * 64)
    timeline = in_a_row(stage, ["plain", "torn", "cavlc"], 24)
    whole = in_a_row(stage, ["plain", "torn", "cavlc"])
    takes = {**media, "torn": torn}
    facts = stitched(stage, timeline, takes, "untorn")
    assert told(facts) == ()
    with pytest.raises(MediaError, match=r"torn\.mp4 is damaged"):
        stitched(stage, whole, takes, "torn-film")


def test_a_take_with_a_hole_is_never_copied_in_silence(stage, media):
    data = bytearray(media["main"].path.read_bytes())
    table = read_samples(media["main"].path)
    at = table.offsets[30] + table.sizes[30] // 2
    data[at : at + 64] = bytes(64)
    path = stage.folder / "hollow.mp4"
    path.write_bytes(bytes(data))
    hollow = replace(media["main"], path=path, sha256="f" * 64)
    timeline = in_a_row(stage, ["plain", "hollow"])
    try:
        notes = told(stitched(stage, timeline, {**media, "hollow": hollow}, "hollow"))
    except MediaError as error:
        notes = (str(error),)
    assert "hollow" in notes[0]
    assert "frame 30: a part of the file is missing" in notes[0] or "damaged" in notes[0]


def test_a_take_whose_sets_change_on_the_way_is_drawn_and_the_others_copied(stage, media):
    listed = stage.folder / "two.txt"
    listed.write_text("".join(f"file '{media[name].path}'\n" for name in ("plain", "pyramid")))
    path = stage.folder / "changing.mp4"
    run_ffmpeg(["-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(path)])
    changing = replace(media["plain"], path=path, sha256="c" * 64, facts=probe(path))
    timeline = in_a_row(stage, ["main", "changing", "cavlc"], 40)
    takes = {**media, "changing": changing}
    facts = stitched(stage, timeline, takes, "changing-film")
    assert len(told(facts)) == 1
    assert "its parameter sets change on the way" in told(facts)[0]
    assert held_to(stage, timeline, takes, facts) >= 70


def test_a_film_that_can_not_be_proved_is_encoded_whole(stage, media, monkeypatch):
    def doubtful(*_: object, **options: object) -> None:
        raise NotCopied("frame 3 does not come out when it is due")

    monkeypatch.setattr("storyboard.stitching.smart.cut.proved", doubtful)
    timeline = in_a_row(stage, ["plain", "main"])
    facts = stitched(stage, timeline, media, "doubted")
    assert told(facts) == (
        "the whole picture is encoded again: frame 3 does not come out when it is due",
    )
    frames = list(read_frames(facts.path, FrameRange(0, 96)))
    assert [stage.read(frames[at])[1] for at in (0, 47)] == [0, 47]


def test_the_film_starts_at_zero_whatever_was_reordered(stage, media):
    facts = stitched(stage, in_a_row(stage, ["pyramid", "cavlc"]), media, "zero")
    with av.open(str(facts.path)) as container:
        assert container.streams.video[0].start_time == 0
        assert container.streams.video[0].average_rate == Fraction(24)
