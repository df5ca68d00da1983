"""Takes of one chain play from the longest one, where it really holds the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storyboard.digest import hash_file
from storyboard.graph.timeline import Blend, Slice
from storyboard.model.film import Film, Shot
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.ffmpeg import probe, read_frames, run_ffmpeg
from storyboard.stitching.picture.clips import conform_shown_takes
from storyboard.stitching.smart.extension_runs import move_slices_to_extensions
from storyboard.stitching.stitch import stitch_film
from storyboard.timecode import FrameRange


@pytest.fixture(scope="module")
def chain(shared_lab):
    """A take of 40 frames, its extension of 64, and the extension of that, of 88."""
    whole = shared_lab.write_take(1, 88, options=("-g", "250", "-crf", "20"))
    takes = {"S3": replace(whole, first_frame=64)}
    for step, frames, first in (("S1", 40, 0), ("S2", 64, 40)):
        path = shared_lab.folder / f"{step}.mp4"
        run_ffmpeg(["-i", str(whole.path), "-frames:v", f"{frames}", "-crf", "26", str(path)])
        takes[step] = replace(
            whole, path=path, sha256=hash_file(path), facts=probe(path), first_frame=first
        )
    return takes


def build_chain_timeline(stage, *, blend=None, last=24, start=0):
    return stage.build_timeline(
        stage.build_event("A", (0, 40 - start), step="S1", source=start),
        stage.build_event("B", (40 - start, 40 - start + last), step="S2", entering=blend),
        stage.build_event("C", (40 - start + last, 64 - start + last), step="S3"),
    )


def list_played_steps(stage, timeline, chain):
    clips = conform_shown_takes(timeline, chain, stage.delivery, stage.folder / "cache")
    return [
        (part.step, clips[part.clip_key].first + part.source.start)
        for event in move_slices_to_extensions(timeline, clips).events
        for part in event.slices
    ]


def test_neighbours_of_a_chain_play_from_the_longest_member(shared_lab, chain):
    assert list_played_steps(shared_lab, build_chain_timeline(shared_lab), chain) == [
        ("S3", 0),
        ("S3", 40),
        ("S3", 64),
    ]
    assert list_played_steps(shared_lab, build_chain_timeline(shared_lab, start=6), chain)[0] == (
        "S3",
        6,
    )


def test_such_a_chain_has_no_seam_and_nothing_is_encoded(shared_lab, chain):
    timeline = build_chain_timeline(shared_lab)
    film = Film(
        *(shared_lab.folder / "film.yaml", shared_lab.folder),
        delivery=shared_lab.delivery,
        shots=tuple(map(Shot, "ABC")),
    )
    cache = shared_lab.folder / "chain"
    out = shared_lab.folder / "chain.mp4"
    stitch_film(CutInputs(film, timeline, chain), out, cache=cache)
    assert list(cache.glob("*.mp4")) == []
    whole = FrameRange(0, 88)
    pairs = zip(read_frames(out, whole), read_frames(chain["S3"].path, whole), strict=True)
    assert all((one == other).all() for one, other in pairs)


def test_trims_and_transitions_break_a_chain(shared_lab, chain):
    trimmed = list_played_steps(shared_lab, build_chain_timeline(shared_lab, last=20), chain)
    assert trimmed == [("S2", 0), ("S2", 40), ("S3", 64)]
    blend = Blend("fade", FrameRange(36, 44), through=True)
    assert list_played_steps(shared_lab, build_chain_timeline(shared_lab, blend=blend), chain)[
        0
    ] == ("S1", 0)


def test_a_result_without_its_source_keeps_the_seam(shared_lab, chain):
    other = shared_lab.write_take(2, 64, first_frame=40)
    late = replace(chain["S2"], first_frame=41)
    for stranger in (other, late):
        timeline = build_chain_timeline(shared_lab, last=23)
        played = list_played_steps(shared_lab, timeline, {**chain, "S2": stranger})
        assert played[0] == ("S1", 0)


def test_a_frame_that_stands_still_is_no_part_of_a_chain(shared_lab, chain):
    still = shared_lab.build_event(
        "A", (0, 40), slices=(Slice("S1", FrameRange(0, 40), hold_frame=39),)
    )
    timeline = shared_lab.build_timeline(still, shared_lab.build_event("B", (40, 64), step="S2"))
    assert list_played_steps(shared_lab, timeline, chain)[0][0] == "S1"
