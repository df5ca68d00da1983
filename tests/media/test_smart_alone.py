"""A clip that can't be copied as it is costs only itself; its frames are what a player shows."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from storyboard.stitching.media import probe, read_frames, run_ffmpeg
from storyboard.stitching.smart import clipindex, cut
from storyboard.stitching.smart.bitstream import _Bits, _payload, _unit, sequence_set
from storyboard.stitching.smart.boxes import read_samples
from storyboard.stitching.smart.clipindex import NotCopied, read_index
from storyboard.timecode import FrameRange
from tests.media.test_smart_cut import hashes, noisy, stitched, told

FRAMES = 24
LOSSLESS = ("-qp", "0", "-g", "12")
FRAGMENTS = ("-g", "8", "-movflags", "frag_keyframe", "-bf", "0")


@pytest.fixture(scope="module")
def plain(stage):
    return noisy(stage, 40, FRAMES, ("-g", "12", "-bf", "0"))


def between(stage, plain, odd, name, monkeypatch=None):
    """The notes of a film with `odd` between two plain takes, and the frames it shows of it."""
    media = {"first": plain, "odd": odd, "last": plain}
    events, at = [], 0
    for step, medium in media.items():
        events.append(stage.event(step, (at, at + medium.facts.frames)))
        at += medium.facts.frames
    timeline = stage.timeline(*events)
    facts = stitched(stage, timeline, media, name)
    shown = hashes(facts.path, at)
    own = hashes(plain.path, FRAMES)
    assert (shown[:FRAMES], shown[-FRAMES:]) == (own, own), "the others are copied"
    middle = FrameRange(FRAMES, at - FRAMES)
    return told(facts), [stage.read(each)[1] for each in read_frames(facts.path, middle)]


def test_lossless_pictures_are_not_mixed_with_others(stage, plain):
    odd = noisy(stage, 41, FRAMES, LOSSLESS)
    notes, shown = between(stage, plain, odd, "lossless")
    assert ["H.264 profile, 244, does not mix" in note for note in notes] == [True]
    assert shown == list(range(FRAMES))


def test_pictures_that_come_out_as_others_are_found_and_encoded_again(stage, plain, monkeypatch):
    odd = noisy(stage, 42, FRAMES, LOSSLESS)
    monkeypatch.setattr(clipindex, "_mixes", lambda sequence: True)
    notes, shown = between(stage, plain, odd, "others")
    assert ["are others in the film" in note for note in notes] == [True]
    assert shown == list(range(FRAMES))


def test_a_clip_that_fails_its_proof_is_encoded_again_alone(stage, plain, monkeypatch):
    odd = noisy(stage, 43, FRAMES, ("-g", "12"))
    really = cut.proved

    def proved(path, threads, proofs, **options):
        if any(each.index.path == odd.path for each in threads):
            raise NotCopied("frame 24 does not come out when it is due", odd.path, plain.path)
        really(path, threads, proofs, **options)

    monkeypatch.setattr(cut, "proved", proved)
    notes, shown = between(stage, plain, odd, "unproved")
    assert ["odd is encoded again: frame 24" in note for note in notes] == [True]
    assert shown == list(range(FRAMES))


def test_every_fragment_is_played(stage, plain):
    notes, shown = between(stage, plain, noisy(stage, 44, FRAMES, FRAGMENTS), "fragments")
    assert ["lie in fragments" in note for note in notes] == [True]
    assert shown == list(range(FRAMES))


EDITS = {
    "reordered": ([(500, 12), (500, 0)], [*range(12, 24), *range(12)]),
    "twice": ([(500, 0), (500, 0)], [*range(12), *range(12)]),
    "without-its-tail": ([(500, 0)], [*range(12)]),
    "without-its-head": ([(500, 12)], [*range(12, 24)]),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_list_is_played_as_a_player_would(stage, plain, name):
    edits, due = EDITS[name]
    source = noisy(stage, 45, FRAMES, ("-g", "12"))
    path = stage.folder / f"{name}.mp4"
    path.write_bytes(edited(source.path.read_bytes(), [(ms, 1024 + 512 * at) for ms, at in edits]))
    odd = replace(source, path=path, sha256=name, facts=probe(path))
    notes, shown = between(stage, plain, odd, name)
    assert ["is encoded again: it" in note for note in notes] == [True]
    assert shown == due


@pytest.mark.parametrize("scale", ["24", "1000", "90000"])
def test_an_edit_list_that_only_waits_for_the_first_picture_hides_nothing(stage, plain, scale):
    options = ("-g", "12", "-bf", "2", "-video_track_timescale", scale)
    source = noisy(stage, 47, FRAMES - 1, options)
    late = stage.folder / f"late{scale}.mp4"
    run_ffmpeg(
        ["-itsoffset", "0.5", "-i", str(source.path), "-f", "lavfi", "-i", "sine=d=2",
         "-c:v", "copy", "-video_track_timescale", scale, str(late)]
    )  # fmt: skip
    for number, path in enumerate((source.path, late)):
        odd = replace(source, path=path, sha256=f"{scale}-{number}", facts=probe(path))
        notes, shown = between(stage, plain, odd, f"ticks{scale}-{number}")
        assert not [note for note in notes if "encoded again" in note]
        assert shown == list(range(FRAMES - 1))


def edited(data, edits):
    """An MP4 with its table of contents last, with other edits: (milliseconds, ticks) of each."""
    rows = b"".join(struct.pack(">Iihh", *each, 1, 0) for each in edits)
    new = struct.pack(">I4sII", 16 + len(rows), b"elst", 0, len(edits)) + rows
    at = data.index(b"elst") - 4
    (old,) = struct.unpack_from(">I", data, at)
    data = bytearray(data[:at] + new + data[at + old :])
    for kind in (b"moov", b"trak", b"edts"):
        place = data.index(kind) - 4
        struct.pack_into(
            ">I", data, place, struct.unpack_from(">I", data, place)[0] + len(new) - old
        )
    return bytes(data)


def test_a_clip_that_does_not_say_how_it_reorders_is_copied_and_says_so_in_the_film(stage, plain):
    pyramid = ("-bf", "8", "-refs", "8", "-g", "24", "-x264-params", "b-pyramid=2:b-adapt=2")
    odd = noisy(stage, 46, FRAMES, pyramid)
    assert read_index(odd.path).delay > 1
    silent = stage.folder / "silent.mp4"
    silent.write_bytes(unsaid(odd.path))
    odd = replace(odd, path=silent, sha256="silent")
    notes, shown = between(stage, plain, odd, "silent-film")
    assert (notes, shown) == ((), list(range(FRAMES)))


def unsaid(path):
    """The file without anything in its sequence set behind the size of its pictures."""
    config = read_samples(path).config
    size = int.from_bytes(config[6:8], "big")
    text = _payload(config[8 : 8 + size])
    tail = sequence_set(config[8 : 8 + size]).tail
    assert text.endswith(tail), "its colours are said"
    bits = _Bits(tail)
    for _ in range(3):
        bits.ue()
    bits.u(2)
    bits.ue()
    if not bits.ue():
        bits.ue()
    bits.ue()
    bits.u(1)
    bits.ue()
    bits.ue()
    bits.u(2)
    for _ in range(4 * bits.u(1)):
        bits.ue()
    short = _unit(0x67, text[: len(text) - len(tail) + bits.at] + "0")
    changed = config[:6] + len(short).to_bytes(2, "big") + short + config[8 + size :]
    return path.read_bytes().replace(config, changed.ljust(len(config), b"\0"))
