"""Smart rendering: what nothing touches is the take's own picture, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from hashlib import md5

import av
import numpy as np
import pytest

from storyboard.errors import MediaError
from storyboard.graph.timeline import Blend, Slice
from storyboard.model.film import Anchor, Film, Shot, TitleCue
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.clip_index import CannotStreamCopy, read_untrimmed_clip_index
from storyboard.stitching.media.ffmpeg import probe, read_frames, run_ffmpeg, verify_media
from storyboard.stitching.media.mp4_reader import read_sample_table
from storyboard.stitching.picture.clips import conform_shown_takes
from storyboard.stitching.picture.compositor import compose_frames
from storyboard.stitching.smart.cut_plan import CopiedRange, plan_smart_cut
from storyboard.stitching.stitch import stitch_film
from storyboard.stitching.text.title_timing import place_titles
from storyboard.timecode import FrameRange

DISSOLVE, FADE, WIPE = "dissolve", "fade", "wipe"
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
def media(shared_lab):
    """Takes of 48 frames by many encoders, each with grain of its own."""
    return {
        name: write_noisy_take(shared_lab, number, 48, options)
        for number, (name, options) in enumerate(ENCODERS.items())
    }


def write_noisy_take(stage, number, frames, options):
    """A marked take with noise, so that no two frames are alike."""
    grain = ("-vf", f"noise=alls=8:allf=t:all_seed={number}", "-threads", "1")
    take = stage.write_take(100 + number, frames, options=(*grain, *options))
    return replace(take, sha256=f"{number:064d}")


def hash_frames(path, frames):
    return [md5(frame.tobytes()).hexdigest() for frame in read_frames(path, FrameRange(0, frames))]


def stitch_takes(stage, timeline, media, name, *, cache="cache", titles=(), jobs=2):
    film = Film(
        stage.folder / "film.yaml",
        stage.folder,
        delivery=stage.delivery,
        shots=tuple(Shot(event.shot) for event in timeline.events),
        titles=titles,
    )
    out = stage.folder / f"{name}.mp4"
    return stitch_film(CutInputs(film, timeline, media), out, cache=stage.folder / cache, jobs=jobs)


def list_picture_notes(facts):
    """The notes on the picture: these takes have no sound."""
    return tuple(note for note in facts.notes if "loudness" not in note)


def plan_copies(stage, timeline, media, titles=()):
    clips = conform_shown_takes(timeline, media, stage.delivery, stage.folder / "cache")
    indexes = {}
    for step, clip in clips.items():
        try:
            indexes[step] = read_untrimmed_clip_index(clip.path, clip.frames)
        except CannotStreamCopy:
            continue
    return plan_smart_cut(timeline, clips, indexes, titles)


def map_copied_frames(stage, timeline, media, titles=()):
    """Film frame -> (step, take frame) of what is to be copied."""
    return {
        run.span.start + offset: (run.clip[0], run.start + offset)
        for run in plan_copies(stage, timeline, media, titles)
        if isinstance(run, CopiedRange)
        for offset in range(run.span.length)
    }


def check_film(stage, timeline, media, facts, titles=()):
    """Every copied frame is the take's own; every other one is as drawn, but for the encoder."""
    copied_frames = map_copied_frames(stage, timeline, media, titles)
    sources = {
        step: hash_frames(medium.path, medium.facts.frames)
        for step, medium in media.items()
        if step in {where[0] for where in copied_frames.values()}
    }
    frames = list(read_frames(facts.path, FrameRange(0, timeline.length)))
    for at, (step, source) in copied_frames.items():
        assert md5(frames[at].tobytes()).hexdigest() == sources[step][source], (at, step, source)
    clips = conform_shown_takes(timeline, media, stage.delivery, stage.folder / "cache")
    for at, drawn in enumerate(compose_frames(timeline, clips, titles, stage.size)):
        if at not in copied_frames:
            difference = np.abs(frames[at].astype(int) - drawn.astype(int)).mean()
            assert difference < 3, (at, difference)
    assert verify_media(facts.path, timeline.length) == timeline.length
    with av.open(str(facts.path)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.size]
        assert len(packets) == timeline.length
        times = [p.dts for p in packets]
        assert times == sorted(set(times))
        assert sorted(p.pts for p in packets) == [1000 * n for n in range(timeline.length)]
        assert all(p.pts >= p.dts for p in packets)
    return len(copied_frames)


def build_hard_cuts(stage, names, length=48):
    return stage.build_timeline(
        *(stage.build_event(name, (n * length, (n + 1) * length)) for n, name in enumerate(names))
    )


def test_hard_cuts_of_takes_by_any_encoder_are_copies(shared_lab, media):
    timeline = build_hard_cuts(shared_lab, ENCODERS)
    facts = stitch_takes(shared_lab, timeline, media, "mixed")
    assert list_picture_notes(facts) == ()
    assert check_film(shared_lab, timeline, media, facts) == timeline.length
    assert read_sample_table(facts.path).config[6:8] != b""
    with av.open(str(facts.path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "avc1"


def test_takes_of_one_encoder_share_their_parameter_sets(shared_lab, media):
    facts = stitch_takes(
        shared_lab, build_hard_cuts(shared_lab, ["plain", "lone", "plain"]), media, "alike"
    )
    config = read_sample_table(facts.path).config
    assert config[5] & 31 == 1


def test_seeking_in_a_mixed_film_shows_the_right_frame(shared_lab, media):
    timeline = build_hard_cuts(shared_lab, ENCODERS)
    facts = stitch_takes(shared_lab, timeline, media, "sought")
    frames = hash_frames(facts.path, timeline.length)
    with av.open(str(facts.path)) as container:
        stream = container.streams.video[0]
        for at in (383, 5, 200, 96, 47, 48, 300, 144, 143, 1, 250):
            container.seek(at * 1000, stream=stream, backward=True)
            for frame in container.decode(stream):
                if frame.pts == at * 1000:
                    frame_hash = md5(frame.to_ndarray().tobytes()).hexdigest()
                    assert frame_hash == frames[at], at
                    break
            else:
                pytest.fail(f"frame {at} was not found")


def test_trims_encode_only_up_to_the_next_key_frame(shared_lab, media):
    timeline = shared_lab.build_timeline(
        shared_lab.build_event("A", (0, 30), step="plain", source=5),
        shared_lab.build_event("B", (30, 60), step="pyramid", source=16),
        shared_lab.build_event("C", (60, 70), step="lone", source=0),
        shared_lab.build_event("D", (70, 100), step="lone", source=9),
    )
    facts = stitch_takes(shared_lab, timeline, media, "trimmed")
    count = check_film(shared_lab, timeline, media, facts)
    parts = plan_copies(shared_lab, timeline, media)
    assert parts[0].span.end <= 7
    assert {type(part).__name__ for part in parts} == {"CopiedRange", "RenderedRange"}
    assert count >= 50
    assert not any(isinstance(part, CopiedRange) and part.span.end > 70 for part in parts)


def test_transitions_titles_cards_and_colours_are_windows_between_copies(shared_lab, media):
    blends = [
        Blend(DISSOLVE, FrameRange(44, 52)),
        Blend(FADE, FrameRange(86, 94), color="#400000", through=True),
        Blend(WIPE, FrameRange(130, 138), arguments={"direction": "right"}),
    ]
    timeline = shared_lab.build_timeline(
        shared_lab.build_event(
            "A",
            (0, 52),
            step="plain",
            slices=(Slice("plain", FrameRange(0, 48)), Slice("plain", FrameRange(20, 24))),
        ),
        shared_lab.build_event("B", (44, 90), visible=(44, 90), step="main", entering=blends[0]),
        shared_lab.build_event("C", (90, 138), step="cavlc", entering=blends[1]),
        shared_lab.build_event("D", (130, 176), step="slices", entering=blends[2]),
        shared_lab.build_event(
            "E", (176, 200), slices=(Slice("", FrameRange(0, 24), card="THE END"),)
        ),
        shared_lab.build_event(
            "F", (200, 210), slices=(Slice("", FrameRange(0, 10), color="#205080"),)
        ),
        shared_lab.build_event(
            "G", (210, 258), step="cisco", leaving=Blend(FADE, FrameRange(250, 258), color="black")
        ),
    )
    titles = (TitleCue(Anchor("A", 14), 8, text="Havana"),)
    facts = stitch_takes(shared_lab, timeline, media, "blended", titles=titles)
    assert check_film(shared_lab, timeline, media, facts, place_titles(titles, timeline)) > 100


@pytest.mark.parametrize("span", [(36, 48), (42, 54), (48, 60)], ids=["end", "center", "start"])
def test_a_fade_through_a_colour_is_drawn_on_either_side_of_its_cut(shared_lab, media, span):
    blend = Blend(FADE, FrameRange(*span), color="white", through=True)
    timeline = shared_lab.build_timeline(
        shared_lab.build_event("A", (0, 48), step="plain"),
        shared_lab.build_event("B", (48, 96), step="main", entering=blend),
    )
    facts = stitch_takes(shared_lab, timeline, media, f"faded-{span[0]}")
    assert check_film(shared_lab, timeline, media, facts) > 40


def test_a_window_is_drawn_once_however_often_the_film_is_cut(shared_lab, media):
    def build_dissolve_timeline(frames):
        blend = Blend(DISSOLVE, FrameRange(48 - frames, 48))
        later = Blend(DISSOLVE, FrameRange(88 - frames, 88 - frames + 6))
        return shared_lab.build_timeline(
            shared_lab.build_event("A", (0, 48), step="plain"),
            shared_lab.build_event("B", (48 - frames, 96 - frames), step="main", entering=blend),
            shared_lab.build_event(
                "C", (88 - frames, 130 - frames), step="cavlc",
                entering=replace(later, span=FrameRange(88 - frames, 96 - frames)),
            ),
        )  # fmt: skip

    def list_cached_files():
        return {path.name: path.stat().st_ino for path in (shared_lab.folder / "own").glob("*.mp4")}

    stitch_takes(shared_lab, build_dissolve_timeline(8), media, "once", cache="own")
    first = list_cached_files()
    assert len(first) == 2
    stitch_takes(shared_lab, build_dissolve_timeline(8), media, "twice", cache="own")
    assert list_cached_files() == first
    facts = stitch_takes(shared_lab, build_dissolve_timeline(6), media, "changed", cache="own")
    assert len(list_cached_files()) == 3
    assert first.items() <= list_cached_files().items()
    check_film(shared_lab, build_dissolve_timeline(6), media, facts)


def test_the_jobs_change_nothing(shared_lab, media):
    timeline = shared_lab.build_timeline(
        shared_lab.build_event("A", (0, 30), step="plain", source=5),
        shared_lab.build_event("B", (30, 60), step="pyramid", source=3),
    )
    one = stitch_takes(shared_lab, timeline, media, "one", cache="alone", jobs=1)
    four = stitch_takes(shared_lab, timeline, media, "four", cache="four", jobs=4)
    assert one.path.read_bytes() == four.path.read_bytes()


def test_a_take_in_another_format_is_conformed_alone(shared_lab, media):
    more = {
        **media,
        "fast": shared_lab.write_take(9, 60, rate="30"),
        "wide": shared_lab.write_take(8, 48, size=(480, 270)),
    }
    timeline = build_hard_cuts(shared_lab, ["plain", "fast", "main", "wide"])
    facts = stitch_takes(shared_lab, timeline, more, "conformed")
    assert list_picture_notes(facts) == (
        "converted to the format of the film: fast: 30 fps",
        "converted to the format of the film: wide: size 480x270",
    )
    frames = list(read_frames(facts.path, FrameRange(0, 192)))
    assert [md5(frame.tobytes()).hexdigest() for frame in frames[:48]] == hash_frames(
        media["plain"].path, 48
    )
    assert shared_lab.read_marks(frames[48 + 20])[0] == 9


def test_takes_that_can_not_be_copied_are_encoded_and_noted(shared_lab, media):
    hevc = shared_lab.folder / "take.mkv"
    run_ffmpeg(["-i", str(media["plain"].path), "-c", "copy", str(hevc)])
    odd = replace(media["plain"], path=hevc, sha256="e" * 64)
    timeline = build_hard_cuts(shared_lab, ["odd", "main"])
    facts = stitch_takes(shared_lab, timeline, {**media, "odd": odd}, "odd")
    assert list_picture_notes(facts) == (
        "odd: the take of step odd is re-encoded: it is not an MP4 file",
    )
    assert check_film(shared_lab, timeline, {**media, "odd": odd}, facts) == 48


def test_a_damaged_take_is_drawn_and_the_others_are_copied(shared_lab, media):
    """Its units don't add up in the middle, yet a decoder still makes something of them."""
    data = bytearray(media["main"].path.read_bytes())
    table = read_sample_table(media["main"].path)
    at = table.offsets[30]
    data[at : at + 4] = (table.sizes[30] - 4 + 7).to_bytes(4, "big")
    path = shared_lab.folder / "torn.mp4"
    path.write_bytes(bytes(data))
    torn = replace(media["main"], path=path, sha256="d" * 64)
    timeline = build_hard_cuts(shared_lab, ["plain", "torn", "cavlc"], 24)
    whole = build_hard_cuts(shared_lab, ["plain", "torn", "cavlc"])
    takes = {**media, "torn": torn}
    facts = stitch_takes(shared_lab, timeline, takes, "untorn")
    assert list_picture_notes(facts) == ()
    with pytest.raises(MediaError, match=r"torn\.mp4 is damaged"):
        stitch_takes(shared_lab, whole, takes, "torn-film")


def test_a_take_with_a_hole_is_never_copied_without_a_note(shared_lab, media):
    data = bytearray(media["main"].path.read_bytes())
    table = read_sample_table(media["main"].path)
    at = table.offsets[30] + table.sizes[30] // 2
    data[at : at + 64] = bytes(64)
    path = shared_lab.folder / "hollow.mp4"
    path.write_bytes(bytes(data))
    hollow = replace(media["main"], path=path, sha256="f" * 64)
    timeline = build_hard_cuts(shared_lab, ["plain", "hollow"])
    try:
        notes = list_picture_notes(
            stitch_takes(shared_lab, timeline, {**media, "hollow": hollow}, "hollow")
        )
    except MediaError as error:
        notes = (str(error),)
    assert "hollow" in notes[0]
    assert "frame 30: a part of the file is missing" in notes[0] or "damaged" in notes[0]


def test_a_take_with_changing_parameter_sets_is_drawn_alone(shared_lab, media):
    list_file = shared_lab.folder / "two.txt"
    list_file.write_text("".join(f"file '{media[name].path}'\n" for name in ("plain", "pyramid")))
    path = shared_lab.folder / "changing.mp4"
    run_ffmpeg(["-f", "concat", "-safe", "0", "-i", str(list_file), "-c", "copy", str(path)])
    changing = replace(media["plain"], path=path, sha256="c" * 64, facts=probe(path))
    timeline = build_hard_cuts(shared_lab, ["main", "changing", "cavlc"], 40)
    takes = {**media, "changing": changing}
    facts = stitch_takes(shared_lab, timeline, takes, "changing-film")
    assert len(list_picture_notes(facts)) == 1
    assert "its parameter sets change inside the file" in list_picture_notes(facts)[0]
    assert check_film(shared_lab, timeline, takes, facts) >= 70


def test_a_film_that_can_not_be_proved_is_encoded_whole(shared_lab, media, monkeypatch):
    def fail_check(*_: object, **options: object) -> None:
        raise CannotStreamCopy("frame 3 is not decoded at the expected time")

    monkeypatch.setattr("storyboard.stitching.smart.smart_cut.check_seams", fail_check)
    timeline = build_hard_cuts(shared_lab, ["plain", "main"])
    facts = stitch_takes(shared_lab, timeline, media, "doubted")
    assert list_picture_notes(facts) == (
        "the whole film is re-encoded: frame 3 is not decoded at the expected time",
    )
    frames = list(read_frames(facts.path, FrameRange(0, 96)))
    assert [shared_lab.read_marks(frames[at])[1] for at in (0, 47)] == [0, 47]


def test_the_film_starts_at_zero_whatever_was_reordered(shared_lab, media):
    facts = stitch_takes(
        shared_lab, build_hard_cuts(shared_lab, ["pyramid", "cavlc"]), media, "zero"
    )
    with av.open(str(facts.path)) as container:
        assert container.streams.video[0].start_time == 0
        assert container.streams.video[0].average_rate == Fraction(24)
