"""The quick index of a plain MP4 says what a demuxer says; bits keep their sense."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.errors import MediaError
from storyboard.stitching.media.clip_index import (
    CannotStreamCopy,
    read_clip_index,
    read_untrimmed_clip_index,
)
from storyboard.stitching.media.fast_index import read_plain_mp4_index
from storyboard.stitching.media.ffmpeg import probe, run_ffmpeg
from storyboard.stitching.media.h264 import (
    build_pps_unit,
    build_sps_unit,
    encode_golomb,
    find_nal_unit_ranges,
    parse_pps,
    parse_sps,
    renumber_slice_picture_set,
)
from storyboard.stitching.media.mp4_reader import UnsupportedMp4, read_sample_table
from storyboard.stitching.media.probe import _build_index_from_packets, open_media, read_frame_index
from storyboard.stitching.smart.parameter_sets import ParameterSets

PLAIN_OPTIONS = {
    "plain": [],
    "odd-size": ["-vf", "crop=318:178"],
    "ntsc": ["-r", "30000/1001"],
    "untagged": ["-bsf:v", "h264_metadata=colour_primaries=2"],
    "cavlc": ["-profile:v", "baseline"],
    "open": ["-x264-params", "open-gop=1:keyint=12:bframes=3:scenecut=0"],
    "fast-ticks": ["-video_track_timescale", "90000"],
    "with-sound": ["-f", "lavfi", "-i", "sine=d=1", "-shortest", "-map", "0:v", "-map", "1:a"],
}
DEMUXER_OPTIONS = {
    "coarse": ["-video_track_timescale", "24"],
    "stretched": ["-vf", "setsar=4/3"],
    "full-range": ["-vf", "scale=out_range=full", "-color_range", "pc"],
    "fine-color": ["-pix_fmt", "yuv444p", "-profile:v", "high444"],
    "interlaced": ["-flags", "+ilme+ildct"],
    "uneven": ["-vf", "setpts=PTS+if(gt(N\\,9)\\,1/(3*TB)\\,0)", "-fps_mode", "vfr"],
}


def write_variant(stage, name, options):
    source = stage.write_take(7, 30)
    path = stage.folder / f"{name}.mp4"
    first, rest = (options[:4], options[4:]) if "lavfi" in options else ([], options)
    run_ffmpeg(["-i", str(source.path), *first, "-preset", "veryfast", *rest, str(path)])
    return path


@pytest.mark.parametrize("name", PLAIN_OPTIONS)
def test_a_plain_file_is_indexed_from_its_table_alone(shared_lab, name):
    path = write_variant(shared_lab, name, PLAIN_OPTIONS[name])
    with open_media(path) as container:
        assert read_plain_mp4_index(path) == _build_index_from_packets(path, container)


@pytest.mark.parametrize("name", DEMUXER_OPTIONS)
def test_what_is_not_plain_is_left_to_a_demuxer(shared_lab, name):
    path = write_variant(shared_lab, name, DEMUXER_OPTIONS[name])
    assert read_plain_mp4_index(path) is None
    assert read_frame_index(path) is not None


def test_a_file_that_is_cut_off_or_hollow_is_refused(shared_lab):
    whole = write_variant(shared_lab, "whole", ["-movflags", "+faststart"]).read_bytes()
    short, hollow = shared_lab.folder / "short.mp4", shared_lab.folder / "hollow.mp4"
    short.write_bytes(whole[:-2000])
    with pytest.raises(MediaError, match="cut off"):
        probe(short)
    with pytest.raises(CannotStreamCopy, match="cut off"):
        read_clip_index(short)
    hollow.write_bytes(whole[: whole.index(b"mdat") + 4].ljust(len(whole), b"\0"))
    with pytest.raises(MediaError):
        probe(hollow)


@settings(max_examples=40)
@given(cut=st.integers(8, 3000), flip=st.integers(0, 3000), by=st.integers(1, 255))
def test_no_damage_to_a_table_of_contents_is_more_than_unreadable(shared_lab, cut, flip, by):
    path = shared_lab.folder / "damaged.mp4"
    source = shared_lab.folder / "sound.mp4"
    if not source.exists():
        source = shared_lab.write_take(8, 12).path.rename(source)
    data = bytearray(source.read_bytes())
    at = data.index(b"moov") + flip % (len(data) - data.index(b"moov"))
    data[at] ^= by
    path.write_bytes(bytes(data[: len(data) - cut % 7]))
    try:
        read_sample_table(path)
        read_clip_index(path)
    except (UnsupportedMp4, CannotStreamCopy):
        pass


def test_an_edit_that_hides_frames_forbids_copies(shared_lab):
    source = shared_lab.write_take(7, 30, options=("-g", "12", "-bf", "0"))
    path = shared_lab.folder / "hidden.mp4"
    run_ffmpeg(["-ss", "0.2", "-i", str(source.path), "-c", "copy", str(path)])
    shown_frames = len(read_frame_index(path).pts)
    assert shown_frames < len(read_clip_index(path).ranks)
    with pytest.raises(CannotStreamCopy, match="edit list hides some of its frames"):
        read_untrimmed_clip_index(path, shown_frames)


@given(st.integers(0, 254))
def test_sets_are_read_as_they_were_written(shared_lab, id):
    index = read_clip_index(write_plain_variant(shared_lab))
    sequence, picture = index.sequences[0], index.pictures[0]
    again = parse_sps(build_sps_unit(sequence, id % 31))
    assert replace(again, id=sequence.id) == sequence
    other = parse_pps(build_pps_unit(picture, id, id % 31))
    assert (other.id, other.sequence, other.tail) == (id, id % 31, picture.tail)


def write_plain_variant(stage):
    path = stage.folder / "once.mp4"
    return path if path.exists() else write_variant(stage, "once", [])


@given(data=st.binary(min_size=3, max_size=80), id=st.sampled_from([0, *range(15, 31)]))
def test_a_slice_keeps_every_bit_behind_its_new_id(data, id):
    """first_mb 0, slice_type 5, pps 0, then anything, escaped as an encoder would."""
    from storyboard.stitching.media.h264 import (
        _escape_payload,
        _pack_bit_text,
        _unescape_to_bit_text,
    )

    start = "1" + encode_golomb(5) + encode_golomb(0)
    start += "1" * (-len(start) % 8)
    unit = b"\x65" + _escape_payload(_pack_bit_text(start) + data)
    moved = renumber_slice_picture_set(unit, {0: id})
    assert b"\0\0\0" not in moved
    assert b"\0\0\1" not in moved
    text = _unescape_to_bit_text(moved[1:])
    begin = "1" + encode_golomb(5) + encode_golomb(id)
    assert text.startswith(begin)
    assert (
        text[len(begin) :]
        == _unescape_to_bit_text(unit[1:])[len("1" + encode_golomb(5) + encode_golomb(0)) :]
    )
    assert renumber_slice_picture_set(moved, {id: 0}) == unit


def test_seventeen_kinds_of_clips_fit_and_more_are_refused(shared_lab):
    index = read_clip_index(write_plain_variant(shared_lab))
    parameter_sets = ParameterSets()
    picture = index.pictures[0]
    kinds = [
        replace(index.sequences[0], tail=index.sequences[0].tail + "1" * number)
        for number in range(18)
    ]
    ids = [
        parameter_sets.assign_picture_set_ids([kind], [picture])[picture.id] for kind in kinds[:17]
    ]
    with pytest.raises(CannotStreamCopy, match="too many different"):
        parameter_sets.assign_picture_set_ids(kinds[17:], [picture])
    assert len(set(ids)) == 17
    assert {len(encode_golomb(id)) % 8 for id in ids} == {1}


def test_units_that_do_not_add_up_are_refused():
    with pytest.raises(MediaError, match="don't add up"):
        list(find_nal_unit_ranges(b"\0\0\0\x09abc", 4))
