"""Takes of one chain play from the longest one, where it really holds the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storyboard.digest import file_sha256
from storyboard.film import Film, Shot, TransitionKind
from storyboard.graph.timeline import Blend, Slice
from storyboard.stitching.film import stitch_film
from storyboard.stitching.material import prepared
from storyboard.stitching.media import probe, read_frames, run_ffmpeg
from storyboard.stitching.smart.chains import unbroken
from storyboard.timecode import FrameRange


@pytest.fixture(scope="module")
def chain(stage):
    """A take of 40 frames, its extension of 64, and the extension of that, of 88."""
    whole = stage.take(1, 88, options=("-g", "250", "-crf", "20"))
    takes = {"S3": replace(whole, first_frame=64)}
    for step, frames, first in (("S1", 40, 0), ("S2", 64, 40)):
        path = stage.folder / f"{step}.mp4"
        run_ffmpeg(["-i", str(whole.path), "-frames:v", f"{frames}", "-crf", "26", str(path)])
        takes[step] = replace(
            whole, path=path, sha256=file_sha256(path), facts=probe(path), first_frame=first
        )
    return takes


def three(stage, *, blend=None, last=24, start=0):
    return stage.timeline(
        stage.event("A", (0, 40 - start), step="S1", source=start),
        stage.event("B", (40 - start, 40 - start + last), step="S2", entering=blend),
        stage.event("C", (40 - start + last, 64 - start + last), step="S3"),
    )


def steps(stage, timeline, chain):
    clips = prepared(timeline, chain, stage.delivery, stage.folder / "cache")
    return [
        (part.step, clips[part.step].first + part.source.start)
        for event in unbroken(timeline, clips).events
        for part in event.slices
    ]


def test_neighbours_of_a_chain_play_from_the_longest_member(stage, chain):
    assert steps(stage, three(stage), chain) == [("S3", 0), ("S3", 40), ("S3", 64)]
    assert steps(stage, three(stage, start=6), chain)[0] == ("S3", 6)


def test_such_a_chain_has_no_seam_and_nothing_is_encoded(stage, chain):
    timeline = three(stage)
    film = Film(
        *(stage.folder / "film.yaml", stage.folder),
        delivery=stage.delivery,
        shots=tuple(map(Shot, "ABC")),
    )
    cache = stage.folder / "chain"
    out = stage.folder / "chain.mp4"
    stitch_film(film, timeline, chain, out, cache=cache)
    assert list(cache.glob("*.mp4")) == []
    whole = FrameRange(0, 88)
    pairs = zip(read_frames(out, whole), read_frames(chain["S3"].path, whole), strict=True)
    assert all((one == other).all() for one, other in pairs)


def test_trims_and_transitions_break_a_chain(stage, chain):
    trimmed = steps(stage, three(stage, last=20), chain)
    assert trimmed == [("S2", 0), ("S2", 40), ("S3", 64)]
    blend = Blend(TransitionKind.FADE, FrameRange(36, 44), through=True)
    assert steps(stage, three(stage, blend=blend), chain)[0] == ("S1", 0)


def test_a_result_without_its_source_keeps_the_seam(stage, chain):
    other = stage.take(2, 64, first_frame=40)
    late = replace(chain["S2"], first_frame=41)
    for stranger in (other, late):
        timeline = three(stage, last=23)
        found = steps(stage, timeline, {**chain, "S2": stranger})
        assert found[0] == ("S1", 0)


def test_a_frame_that_stands_still_is_no_part_of_a_chain(stage, chain):
    still = stage.event("A", (0, 40), slices=(Slice("S1", FrameRange(0, 40), freeze=39),))
    timeline = stage.timeline(still, stage.event("B", (40, 64), step="S2"))
    assert steps(stage, timeline, chain)[0][0] == "S1"
