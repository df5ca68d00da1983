"""The quick index of a plain MP4 says what a demuxer says; bits keep their sense."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.errors import MediaError
from storyboard.stitching.media import probe, run_ffmpeg
from storyboard.stitching.packets import _read, index_of, opened
from storyboard.stitching.smart.bitstream import (
    golomb,
    picture_set,
    renumbered,
    sequence_set,
    units,
    written_picture,
    written_sequence,
)
from storyboard.stitching.smart.boxes import Unreadable, read_samples
from storyboard.stitching.smart.clipindex import NotCopied, clip_index, read_index
from storyboard.stitching.smart.plain import plain_index
from storyboard.stitching.smart.roster import Roster

WAYS = {
    "plain": [],
    "odd-size": ["-vf", "crop=318:178"],
    "ntsc": ["-r", "30000/1001"],
    "untagged": ["-bsf:v", "h264_metadata=colour_primaries=2"],
    "cavlc": ["-profile:v", "baseline"],
    "open": ["-x264-params", "open-gop=1:keyint=12:bframes=3:scenecut=0"],
    "fast-ticks": ["-video_track_timescale", "90000"],
    "with-sound": ["-f", "lavfi", "-i", "sine=d=1", "-shortest", "-map", "0:v", "-map", "1:a"],
}
LEFT_TO_A_DEMUXER = {
    "coarse": ["-video_track_timescale", "24"],
    "stretched": ["-vf", "setsar=4/3"],
    "full-range": ["-vf", "scale=out_range=full", "-color_range", "pc"],
    "fine-color": ["-pix_fmt", "yuv444p", "-profile:v", "high444"],
    "interlaced": ["-flags", "+ilme+ildct"],
    "uneven": ["-vf", "setpts=PTS+if(gt(N\\,9)\\,1/(3*TB)\\,0)", "-fps_mode", "vfr"],
}


def written(stage, name, options):
    source = stage.take(7, 30)
    path = stage.folder / f"{name}.mp4"
    first, rest = (options[:4], options[4:]) if "lavfi" in options else ([], options)
    run_ffmpeg(["-i", str(source.path), *first, "-preset", "veryfast", *rest, str(path)])
    return path


@pytest.mark.parametrize("name", WAYS)
def test_a_plain_file_is_told_by_its_table_alone(stage, name):
    path = written(stage, name, WAYS[name])
    with opened(path) as container:
        assert plain_index(path) == _read(path, container)


@pytest.mark.parametrize("name", LEFT_TO_A_DEMUXER)
def test_what_is_not_plain_is_left_to_a_demuxer(stage, name):
    path = written(stage, name, LEFT_TO_A_DEMUXER[name])
    assert plain_index(path) is None
    assert index_of(path) is not None


def test_a_file_that_is_cut_off_or_hollow_is_refused_in_words(stage):
    whole = written(stage, "whole", ["-movflags", "+faststart"]).read_bytes()
    short, hollow = stage.folder / "short.mp4", stage.folder / "hollow.mp4"
    short.write_bytes(whole[:-2000])
    with pytest.raises(MediaError, match="cut off"):
        probe(short)
    with pytest.raises(NotCopied, match="cut off"):
        read_index(short)
    hollow.write_bytes(whole[: whole.index(b"mdat") + 4].ljust(len(whole), b"\0"))
    with pytest.raises(MediaError):
        probe(hollow)


@settings(max_examples=40)
@given(cut=st.integers(8, 3000), flip=st.integers(0, 3000), by=st.integers(1, 255))
def test_no_damage_to_a_table_of_contents_is_more_than_unreadable(stage, cut, flip, by):
    path = stage.folder / "damaged.mp4"
    source = stage.folder / "sound.mp4"
    if not source.exists():
        source = stage.take(8, 12).path.rename(source)
    data = bytearray(source.read_bytes())
    at = data.index(b"moov") + flip % (len(data) - data.index(b"moov"))
    data[at] ^= by
    path.write_bytes(bytes(data[: len(data) - cut % 7]))
    try:
        read_samples(path)
        read_index.__globals__["_index"].__wrapped__(str(path), 0, by)
    except (Unreadable, NotCopied):
        pass


def test_an_edit_that_hides_frames_forbids_copies(stage):
    source = stage.take(7, 30, options=("-g", "12", "-bf", "0"))
    path = stage.folder / "hidden.mp4"
    run_ffmpeg(["-ss", "0.2", "-i", str(source.path), "-c", "copy", str(path)])
    shown = len(index_of(path).pts)
    assert shown < len(read_index(path).ranks)
    with pytest.raises(NotCopied, match="only some of the frames"):
        clip_index(path, shown)


@given(st.integers(0, 254))
def test_sets_are_read_as_they_were_written(stage, id):
    index = read_index(written_once(stage))
    sequence, picture = index.sequences[0], index.pictures[0]
    again = sequence_set(written_sequence(sequence, id % 31))
    assert replace(again, id=sequence.id) == sequence
    other = picture_set(written_picture(picture, id, id % 31))
    assert (other.id, other.sequence, other.tail) == (id, id % 31, picture.tail)


def written_once(stage):
    path = stage.folder / "once.mp4"
    return path if path.exists() else written(stage, "once", [])


@given(data=st.binary(min_size=3, max_size=80), id=st.sampled_from([0, *range(15, 31)]))
def test_a_slice_keeps_every_bit_behind_its_new_id(data, id):
    """first_mb 0, slice_type 5, pps 0, then anything, escaped as an encoder would."""
    from storyboard.stitching.smart.bitstream import _bytes, _escaped, _text

    start = "1" + golomb(5) + golomb(0)
    start += "1" * (-len(start) % 8)
    unit = b"\x65" + _escaped(_bytes(start) + data)
    moved = renumbered(unit, {0: id})
    assert b"\0\0\0" not in moved
    assert b"\0\0\1" not in moved
    text = _text(moved[1:])
    begin = "1" + golomb(5) + golomb(id)
    assert text.startswith(begin)
    assert text[len(begin) :] == _text(unit[1:])[len("1" + golomb(5) + golomb(0)) :]
    assert renumbered(moved, {id: 0}) == unit


def test_many_kinds_of_clips_find_room_or_are_told(stage):
    index = read_index(written_once(stage))
    roster = Roster()
    picture = index.pictures[0]
    kinds = [
        replace(index.sequences[0], tail=index.sequences[0].tail + "1" * number)
        for number in range(18)
    ]
    ids = [roster.admit([each], [picture])[picture.id] for each in kinds[:17]]
    with pytest.raises(NotCopied, match="too many kinds"):
        roster.admit(kinds[17:], [picture])
    assert len(set(ids)) == 17
    assert {len(golomb(id)) % 8 for id in ids} == {1}


def test_units_that_do_not_add_up_are_refused():
    with pytest.raises(MediaError, match="don't add up"):
        list(units(b"\0\0\0\x09abc", 4))
