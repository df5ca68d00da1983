"""A clip that can't be copied as it is costs only itself; its frames are what a player shows."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from storyboard.stitching.media import clip_index
from storyboard.stitching.media.clip_index import CannotStreamCopy, read_clip_index
from storyboard.stitching.media.ffmpeg import probe, read_frames, run_ffmpeg
from storyboard.stitching.media.h264 import (
    _BitReader,
    _build_nal_unit,
    _read_payload_bit_text,
    parse_sps,
)
from storyboard.stitching.media.mp4_reader import read_sample_table
from storyboard.stitching.smart import smart_cut
from storyboard.timecode import FrameRange
from tests.media.test_smart_cut import (
    hash_frames,
    list_picture_notes,
    stitch_takes,
    write_noisy_take,
)

FRAMES = 24
LOSSLESS = ("-qp", "0", "-g", "12")
FRAGMENTS = ("-g", "8", "-movflags", "frag_keyframe", "-bf", "0")


@pytest.fixture(scope="module")
def plain_take(shared_lab):
    return write_noisy_take(shared_lab, 40, FRAMES, ("-g", "12", "-bf", "0"))


def stitch_between(stage, plain, odd, name, monkeypatch=None):
    """The notes of a film with `odd` between two plain takes, and the frames it shows of it."""
    media = {"first": plain, "odd": odd, "last": plain}
    events, at = [], 0
    for step, medium in media.items():
        events.append(stage.build_event(step, (at, at + medium.facts.frames)))
        at += medium.facts.frames
    timeline = stage.build_timeline(*events)
    facts = stitch_takes(stage, timeline, media, name)
    shown_hashes = hash_frames(facts.path, at)
    plain_hashes = hash_frames(plain.path, FRAMES)
    assert (shown_hashes[:FRAMES], shown_hashes[-FRAMES:]) == (plain_hashes, plain_hashes), (
        "the others are copied"
    )
    middle = FrameRange(FRAMES, at - FRAMES)
    return list_picture_notes(facts), [
        stage.read_marks(picture)[1] for picture in read_frames(facts.path, middle)
    ]


def test_lossless_pictures_are_not_mixed_with_others(shared_lab, plain_take):
    odd = write_noisy_take(shared_lab, 41, FRAMES, LOSSLESS)
    notes, shown = stitch_between(shared_lab, plain_take, odd, "lossless")
    assert ["H.264 profile, 244, can't be mixed" in note for note in notes] == [True]
    assert shown == list(range(FRAMES))


def test_pictures_that_come_out_as_others_are_found_and_encoded_again(
    shared_lab, plain_take, monkeypatch
):
    odd = write_noisy_take(shared_lab, 42, FRAMES, LOSSLESS)
    monkeypatch.setattr(clip_index, "_has_mixable_profile", lambda sequence: True)
    notes, shown = stitch_between(shared_lab, plain_take, odd, "others")
    assert ["look different in the film" in note for note in notes] == [True]
    assert shown == list(range(FRAMES))


def test_a_clip_that_fails_its_proof_is_encoded_again_alone(shared_lab, plain_take, monkeypatch):
    odd = write_noisy_take(shared_lab, 43, FRAMES, ("-g", "12"))
    check_for_real = smart_cut.check_seams

    def fail_for_odd_take(path, threads, proofs, **options):
        if any(sample_range.index.path == odd.path for sample_range in threads):
            raise CannotStreamCopy(
                "frame 24 is not decoded at the expected time", odd.path, plain_take.path
            )
        check_for_real(path, threads, proofs, **options)

    monkeypatch.setattr(smart_cut, "check_seams", fail_for_odd_take)
    notes, frame_numbers = stitch_between(shared_lab, plain_take, odd, "unproved")
    assert ["odd is re-encoded: frame 24" in note for note in notes] == [True]
    assert frame_numbers == list(range(FRAMES))


def test_every_fragment_is_played(shared_lab, plain_take):
    notes, shown = stitch_between(
        shared_lab, plain_take, write_noisy_take(shared_lab, 44, FRAMES, FRAGMENTS), "fragments"
    )
    assert ["fragmented MP4" in note for note in notes] == [True]
    assert shown == list(range(FRAMES))


EDITS = {
    "reordered": ([(500, 12), (500, 0)], [*range(12, 24), *range(12)]),
    "twice": ([(500, 0), (500, 0)], [*range(12), *range(12)]),
    "without-its-tail": ([(500, 0)], [*range(12)]),
    "without-its-head": ([(500, 12)], [*range(12, 24)]),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_list_is_played_as_a_player_would(shared_lab, plain_take, name):
    edits, due = EDITS[name]
    source = write_noisy_take(shared_lab, 45, FRAMES, ("-g", "12"))
    path = shared_lab.folder / f"{name}.mp4"
    path.write_bytes(
        replace_edit_list(source.path.read_bytes(), [(ms, 1024 + 512 * at) for ms, at in edits])
    )
    odd = replace(source, path=path, sha256=name, facts=probe(path))
    notes, frame_numbers = stitch_between(shared_lab, plain_take, odd, name)
    assert ["is re-encoded: it" in note for note in notes] == [True]
    assert frame_numbers == due


@pytest.mark.parametrize("scale", ["24", "1000", "90000"])
def test_an_edit_list_that_only_waits_for_the_first_picture_hides_nothing(
    shared_lab, plain_take, scale
):
    options = ("-g", "12", "-bf", "2", "-video_track_timescale", scale)
    source = write_noisy_take(shared_lab, 47, FRAMES - 1, options)
    late = shared_lab.folder / f"late{scale}.mp4"
    run_ffmpeg(
        ["-itsoffset", "0.5", "-i", str(source.path), "-f", "lavfi", "-i", "sine=d=2",
         "-c:v", "copy", "-video_track_timescale", scale, str(late)]
    )  # fmt: skip
    for number, path in enumerate((source.path, late)):
        odd = replace(source, path=path, sha256=f"{scale}-{number}", facts=probe(path))
        notes, frame_numbers = stitch_between(shared_lab, plain_take, odd, f"ticks{scale}-{number}")
        assert not [note for note in notes if "re-encoded" in note]
        assert frame_numbers == list(range(FRAMES - 1))


def replace_edit_list(data, edits):
    """An MP4 with its table of contents last, with other edits: (milliseconds, ticks) of each."""
    rows = b"".join(struct.pack(">Iihh", *edit, 1, 0) for edit in edits)
    new = struct.pack(">I4sII", 16 + len(rows), b"elst", 0, len(edits)) + rows
    at = data.index(b"elst") - 4
    (old,) = struct.unpack_from(">I", data, at)
    data = bytearray(data[:at] + new + data[at + old :])
    for kind in (b"moov", b"trak", b"edts"):
        position = data.index(kind) - 4
        struct.pack_into(
            ">I", data, position, struct.unpack_from(">I", data, position)[0] + len(new) - old
        )
    return bytes(data)


def test_a_clip_that_does_not_declare_its_reordering_is_copied(shared_lab, plain_take):
    pyramid = ("-bf", "8", "-refs", "8", "-g", "24", "-x264-params", "b-pyramid=2:b-adapt=2")
    odd = write_noisy_take(shared_lab, 46, FRAMES, pyramid)
    assert read_clip_index(odd.path).delay > 1
    silent = shared_lab.folder / "silent.mp4"
    silent.write_bytes(strip_reordering_facts(odd.path))
    odd = replace(odd, path=silent, sha256="silent")
    notes, frame_numbers = stitch_between(shared_lab, plain_take, odd, "silent-film")
    assert (notes, frame_numbers) == ((), list(range(FRAMES)))


def strip_reordering_facts(path):
    """The file without anything in its sequence set behind the size of its pictures."""
    config = read_sample_table(path).config
    size = int.from_bytes(config[6:8], "big")
    text = _read_payload_bit_text(config[8 : 8 + size])
    tail = parse_sps(config[8 : 8 + size]).tail
    assert text.endswith(tail), "its colours are said"
    bits = _BitReader(tail)
    for _ in range(3):
        bits.read_unsigned_golomb()
    bits.read_bits(2)
    bits.read_unsigned_golomb()
    if not bits.read_unsigned_golomb():
        bits.read_unsigned_golomb()
    bits.read_unsigned_golomb()
    bits.read_bits(1)
    bits.read_unsigned_golomb()
    bits.read_unsigned_golomb()
    bits.read_bits(2)
    for _ in range(4 * bits.read_bits(1)):
        bits.read_unsigned_golomb()
    short = _build_nal_unit(0x67, text[: len(text) - len(tail) + bits.at] + "0")
    changed = config[:6] + len(short).to_bytes(2, "big") + short + config[8 + size :]
    return path.read_bytes().replace(config, changed.ljust(len(config), b"\0"))
