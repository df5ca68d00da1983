"""Previz takes as other steps meet them: exact ends, continuations without a jump, equal bytes."""

import itertools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from storyboard.digest import hash_file
from storyboard.errors import StoryboardError
from storyboard.previz.encode import to_yuv_planes
from storyboard.previz.render_take import render_take
from storyboard.providers.base import (
    Figure,
    Input,
    Intent,
    Kind,
    Move,
    Request,
    Role,
    Settings,
    SpokenLine,
)
from storyboard.stitching.media.ffmpeg import probe, read_frames
from storyboard.timecode import FrameRange

ANA = Figure("ana", "character", "Ana, 40, grey cardigan")
QUAY = "EXT. QUAY - DAWN"
SECONDS, FRAMES = 2, 48


def request(prompt, kind=Kind.GENERATE, inputs=(), moves=(), combined=False, **intent):
    settings = Settings(
        duration_s=SECONDS, resolution="180p", audio=intent.pop("audio", False),
        seed=intent.pop("seed", None), options=intent.pop("options", {}),
    )  # fmt: skip
    intent_value = Intent(
        prompt=prompt, cast=intent.pop("cast", (ANA,)), scene=intent.pop("scene", QUAY),
        camera=tuple(Move(words) for words in moves), **intent,
    )  # fmt: skip
    return Request(
        kind, "previz", "m", "", intent_value, settings, inputs=tuple(inputs), combined=combined
    )


def build_input(role, path, state=None, name=""):
    return Input(role, hash_file(path), path, name=name, state=state)


def compute_psnr(a, b):
    error = float(((a.astype(np.float64) - b) ** 2).mean())
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


def read_all_frames(path, start=0, end=None):
    end = probe(path).frames if end is None else end
    return list(read_frames(path, FrameRange(start, end)))


def read_png(path):
    return cv2.imread(str(path))


def to_planes(picture):
    high, wide = picture.shape[:2]
    return np.frombuffer(to_yuv_planes(picture), np.uint8).reshape(high * 3 // 2, wide)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("previz")


@pytest.fixture(scope="module")
def wide_take(folder):
    """Ana on the quay, seen from behind, the camera under way."""
    return render_take(
        request("Ana at the quay, back to us", size="wide", moves=["truck right"]), folder
    )


def test_a_take_has_the_requested_frames_and_clean_end_frames(wide_take):
    facts = probe(wide_take.path)
    assert (facts.width, facts.height, facts.frames) == (320, 180, FRAMES)
    assert not facts.has_audio
    frames = read_all_frames(wide_take.path)
    for frame, name in ((frames[0], "first.png"), (frames[-1], "last.png")):
        assert compute_psnr(frame, to_planes(read_png(wide_take.attachments[name]))) > 42
    assert compute_psnr(frames[0], frames[-1]) < 32


def test_a_shot_that_continues_begins_with_the_very_picture(wide_take, folder):
    last = wide_take.attachments["last.png"]
    continuation = render_take(
        request(
            "She turns",
            inputs=[build_input(Role.FIRST_FRAME, last, wide_take.attachments["state.json"])],
            moves=["dolly in"],
        ),
        folder,
    )
    assert np.array_equal(read_png(continuation.attachments["first.png"]), read_png(last))
    frames = read_all_frames(continuation.path)
    jumps = [compute_psnr(a, b) for a, b in itertools.pairwise(frames)]
    assert min(jumps[:12]) > 30
    assert json.loads(continuation.attachments["state.json"].read_text())["clock"] == pytest.approx(
        47 / 24
    )


def test_a_foreign_first_frame_is_kept_and_moved_over(folder):
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:, :, 1] = np.linspace(0, 255, 640, dtype=np.uint8)
    cv2.circle(picture, (320, 180), 90, (40, 60, 220), -1)
    path = folder / "foreign.png"
    cv2.imwrite(str(path), picture)
    take = render_take(
        request(
            "A red sun", inputs=[build_input(Role.FIRST_FRAME, path)], moves=["dolly in"], cast=()
        ),
        folder,
    )
    small = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
    assert np.array_equal(read_png(take.attachments["first.png"]), small)
    frames = read_all_frames(take.path)
    assert compute_psnr(frames[0], frames[1]) > 36
    assert compute_psnr(frames[0], frames[-1]) < 30
    assert "state.json" not in take.attachments


def test_an_interpolation_keeps_both_its_ends(wide_take, folder):
    ends = [wide_take.attachments[name] for name in ("first.png", "last.png")]
    take = render_take(
        request(
            "The light changes",
            Kind.INTERPOLATE,
            [build_input(Role.FIRST_FRAME, ends[0]), build_input(Role.LAST_FRAME, ends[1])],
        ),
        folder,
    )
    for name, end in zip(("first.png", "last.png"), ends, strict=True):
        assert np.array_equal(read_png(take.attachments[name]), read_png(end))
    frames = read_all_frames(take.path)
    assert len(frames) == FRAMES
    assert min(compute_psnr(a, b) for a, b in itertools.pairwise(frames)) > 30


def test_an_extension_continues_its_source_without_a_jump(wide_take, folder):
    extension = request(
        "She walks out along the quay",
        Kind.EXTEND,
        [build_input(Role.VIDEO, wide_take.path, wide_take.attachments["state.json"])],
        combined=True,
    )
    whole = render_take(extension, folder)
    assert (whole.contains_source, whole.source_frames) == (True, FRAMES)
    source, frames = read_all_frames(wide_take.path), read_all_frames(whole.path)
    assert len(frames) == 2 * FRAMES
    assert all(np.array_equal(a, b) for a, b in zip(source, frames, strict=False))
    last, first = (
        read_png(wide_take.attachments["last.png"]),
        read_png(whole.attachments["first.png"]),
    )
    assert 30 < compute_psnr(last, first) < 60
    before = read_luma_before_last(wide_take)
    assert compute_psnr(last, first) > compute_psnr(last, before) - 4
    tail = render_take(replace(extension, combined=False), folder)
    assert (tail.contains_source, probe(tail.path).frames) == (False, FRAMES)
    assert hash_file(tail.attachments["last.png"]) == hash_file(whole.attachments["last.png"])


def read_luma_before_last(take):
    y, u, v = _take_luma(read_all_frames(take.path, FRAMES - 2, FRAMES - 1)[0])
    del u, v
    last = cv2.cvtColor(read_png(take.attachments["last.png"]), cv2.COLOR_BGR2GRAY)
    return np.repeat(cv2.resize(y, last.shape[::-1])[:, :, None], 3, axis=2)


def _take_luma(frame):
    high = frame.shape[0] * 2 // 3
    return frame[:high], None, None


def test_an_extension_of_foreign_footage_goes_on_from_its_last_frame(wide_take, folder):
    take = render_take(
        request(
            "Fog rolls in", Kind.EXTEND, [build_input(Role.VIDEO, wide_take.path)], combined=True
        ),
        folder,
    )
    frames = read_all_frames(take.path)
    assert (take.source_frames, len(frames)) == (FRAMES, 2 * FRAMES)
    assert compute_psnr(frames[FRAMES - 1], frames[FRAMES]) > 34


def test_the_place_is_the_same_in_every_shot_and_prompts_alone_are_not(folder):
    def draw_still(prompt, **intent):
        sample = render_take(request(prompt, Kind.STILL, moves=["static"], **intent), folder)
        return read_png(sample.path)

    dawn = draw_still("Ana waits", size="WS", cast=(), scene="EXT. FIELD - DAWN")
    again = draw_still("Ana waits", size="WS", cast=(), scene="EXT. FIELD - DAWN")
    other = draw_still("Two oaks in a field", size="WS", cast=(), scene="")
    assert np.array_equal(dawn, again)
    assert compute_psnr(dawn, other) < 24


def test_burnt_in_words_are_not_on_the_end_frames(folder):
    line = SpokenLine("ana", "I wasn't going to tell you about the letter.", 0.0)
    plain = render_take(request("Ana speaks", size="MS", moves=["static"]), folder)
    spoken = render_take(
        request(
            "Ana speaks",
            size="MS",
            moves=["static"],
            dialogue=(line,),
            options={"burn_in": True, "slate": True},
        ),
        folder,
    )
    for name in ("first.png", "last.png"):
        bottom_rows = slice(150, 180)
        assert (
            compute_psnr(
                read_png(spoken.attachments[name])[bottom_rows],
                read_png(plain.attachments[name])[bottom_rows],
            )
            > 40
        )
    middle = [read_all_frames(take.path, 24, 25)[0][140:175, 60:260] for take in (plain, spoken)]
    assert compute_psnr(*middle) < 24


def test_a_reference_picture_decides_the_clothes(folder):
    picture = np.full((300, 150, 3), 200, np.uint8)
    picture[80:160, 40:110] = (30, 160, 40)
    path = folder / "ana.png"
    cv2.imwrite(str(path), picture)
    plainly = Figure("ana", "character", "a woman in a coat")
    still_request = request("Ana waits", Kind.STILL, size="MS", scene="", cast=(plainly,))
    plain = read_png(render_take(still_request, folder).path)
    tinted = read_png(
        render_take(
            replace(still_request, inputs=(build_input(Role.REFERENCE, path, name="ana"),)), folder
        ).path
    )
    changed = np.abs(tinted.astype(int) - plain).max(axis=2) > 30
    blue, green, red = tinted[changed].mean(axis=0)
    assert changed.mean() > 0.05
    assert green > red + 20
    assert green > blue + 20


@pytest.mark.parametrize(("aspect", "size"), [("9:16", (180, 320)), ("1:1", (180, 180))])
def test_other_shapes_are_framed_too(aspect, size, folder):
    shot_request = request("Ana and the sea", size="MS")
    shot_request = replace(
        shot_request, settings=replace(shot_request.settings, duration_s=1, aspect_ratio=aspect)
    )
    facts = probe(render_take(shot_request, folder).path)
    assert (facts.width, facts.height) == size


def test_a_take_with_sound_is_as_long_as_its_picture(folder):
    shot_request = request("Waves on the quay", audio=True)
    facts = probe(
        render_take(
            replace(shot_request, settings=replace(shot_request.settings, duration_s=1)), folder
        ).path
    )
    assert facts.has_audio
    assert float(facts.seconds) == pytest.approx(1.0, abs=0.03)


def test_what_cannot_be_drawn_is_explained(folder):
    with pytest.raises(StoryboardError, match="first frame as a local file"):
        render_take(request("x", Kind.INTERPOLATE), folder)
    broken = folder / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(StoryboardError, match="not a readable image"):
        render_take(request("x", inputs=[build_input(Role.FIRST_FRAME, broken)]), folder)


_CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
import test_previz_picture as t
folder = Path(sys.argv[1])
folder.mkdir()
asked = t.request("Ana walks along the quay in the rain", moves=["handheld"], audio=True, seed=7,
                  dialogue=(t.SpokenLine("ana", "It came on Tuesday.", 0.2),))
sample = t.render_take(asked, folder)
files = [sample.path, *sample.attachments.values()]
print(*(t.hash_file(file) for file in files))
"""


def test_equal_requests_give_equal_bytes_in_any_process_and_folder(tmp_path):
    script = _CHILD.format(here=str(Path(__file__).parent))
    runs = [
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / name)],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
        ).stdout
        for name, seed in (("a", "1"), ("a much longer name", "77"))
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert len(runs[0].split()) == 4
