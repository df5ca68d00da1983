"""An extension's source is measured in its result, to the frame, however it was encoded again."""

from __future__ import annotations

import pytest

from storyboard.stitching.media.ffmpeg import count_source_frames_in_result, probe, run_ffmpeg


@pytest.fixture(scope="module")
def source(shared_lab):
    path = shared_lab.folder / "source.mp4"
    run_ffmpeg(
        ["-i", str(shared_lab.write_take(1, 88).path), "-frames:v", "40", "-crf", "30", str(path)]
    )
    return path


def write_result(stage, name, filters):
    path = stage.folder / f"{name}.mp4"
    whole = stage.write_take(1, 88).path
    run_ffmpeg(["-i", str(whole), "-vf", filters, "-crf", "23", str(path)])
    return path


@pytest.mark.parametrize(
    ("name", "filters", "frames"),
    [
        ("whole", "null", 40),
        ("cut", "trim=start_frame=2,setpts=PTS-STARTPTS", 38),
        ("held", "tpad=start=3:start_mode=clone", 43),
        ("brighter", "eq=brightness=0.03", 40),
        ("larger", "scale=iw*2:ih*2", 40),
    ],
)
def test_the_last_frame_of_the_source_is_found_where_it_stands(
    shared_lab, source, name, filters, frames
):
    path = write_result(shared_lab, name, filters)
    assert count_source_frames_in_result(source, 40, path, probe(path).frames) == frames


def test_what_does_not_begin_with_the_source_has_none_of_it(shared_lab, source):
    assert count_source_frames_in_result(source, 40, shared_lab.write_take(2, 88).path, 88) is None
    assert count_source_frames_in_result(source, 40, source, 20) is None, "it ends before"


def test_where_nothing_moves_the_count_decides(shared_lab):
    still = write_result(shared_lab, "still", "loop=loop=-1:size=1,trim=end_frame=60")
    assert count_source_frames_in_result(still, 40, still, 60) == 40
