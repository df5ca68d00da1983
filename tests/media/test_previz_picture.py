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

from storyboard.digest import file_sha256
from storyboard.errors import StoryboardError
from storyboard.previz.draw import draw
from storyboard.previz.encode import planes
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
from storyboard.stitching.media import probe, read_frames
from storyboard.timecode import FrameRange

ANA = Figure("ana", "character", "Ana, 40, grey cardigan")
QUAY = "EXT. QUAY - DAWN"
SECONDS, FRAMES = 2, 48


def request(prompt, kind=Kind.GENERATE, inputs=(), moves=(), combined=False, **intent):
    settings = Settings(
        duration_s=SECONDS, resolution="180p", audio=intent.pop("audio", False),
        seed=intent.pop("seed", None), options=intent.pop("options", {}),
    )  # fmt: skip
    told = Intent(
        prompt=prompt, cast=intent.pop("cast", (ANA,)), scene=intent.pop("scene", QUAY),
        camera=tuple(Move(words) for words in moves), **intent,
    )  # fmt: skip
    return Request(kind, "previz", "m", "", told, settings, inputs=tuple(inputs), combined=combined)


def given(role, path, state=None, name=""):
    return Input(role, file_sha256(path), path, name=name, state=state)


def psnr(a, b):
    error = float(((a.astype(np.float64) - b) ** 2).mean())
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


def coded(path, start=0, end=None):
    end = probe(path).frames if end is None else end
    return list(read_frames(path, FrameRange(start, end)))


def png(path):
    return cv2.imread(str(path))


def as_planes(picture):
    high, wide = picture.shape[:2]
    return np.frombuffer(planes(picture), np.uint8).reshape(high * 3 // 2, wide)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("previz")


@pytest.fixture(scope="module")
def wide(folder):
    """Ana on the quay, seen from behind, the camera under way."""
    return draw(request("Ana at the quay, back to us", size="wide", moves=["truck right"]), folder)


def test_a_take_has_the_frames_that_were_asked_for_and_clean_ends_beside_it(wide):
    facts = probe(wide.path)
    assert (facts.width, facts.height, facts.frames) == (320, 180, FRAMES)
    assert not facts.has_audio
    frames = coded(wide.path)
    for frame, name in ((frames[0], "first.png"), (frames[-1], "last.png")):
        assert psnr(frame, as_planes(png(wide.attachments[name]))) > 42
    assert psnr(frames[0], frames[-1]) < 32


def test_a_shot_that_continues_begins_with_the_very_picture(wide, folder):
    last = wide.attachments["last.png"]
    on = draw(
        request(
            "She turns",
            inputs=[given(Role.FIRST_FRAME, last, wide.attachments["state.json"])],
            moves=["dolly in"],
        ),
        folder,
    )
    assert np.array_equal(png(on.attachments["first.png"]), png(last))
    frames = coded(on.path)
    jumps = [psnr(a, b) for a, b in itertools.pairwise(frames)]
    assert min(jumps[:12]) > 30
    assert json.loads(on.attachments["state.json"].read_text())["clock"] == pytest.approx(47 / 24)


def test_a_foreign_first_frame_is_kept_and_moved_over(folder):
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[:, :, 1] = np.linspace(0, 255, 640, dtype=np.uint8)
    cv2.circle(picture, (320, 180), 90, (40, 60, 220), -1)
    path = folder / "foreign.png"
    cv2.imwrite(str(path), picture)
    take = draw(
        request("A red sun", inputs=[given(Role.FIRST_FRAME, path)], moves=["dolly in"], cast=()),
        folder,
    )
    small = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
    assert np.array_equal(png(take.attachments["first.png"]), small)
    frames = coded(take.path)
    assert psnr(frames[0], frames[1]) > 36
    assert psnr(frames[0], frames[-1]) < 30
    assert "state.json" not in take.attachments


def test_an_interpolation_keeps_both_its_ends(wide, folder):
    ends = [wide.attachments[name] for name in ("first.png", "last.png")]
    take = draw(
        request(
            "The light changes",
            Kind.INTERPOLATE,
            [given(Role.FIRST_FRAME, ends[0]), given(Role.LAST_FRAME, ends[1])],
        ),
        folder,
    )
    for name, end in zip(("first.png", "last.png"), ends, strict=True):
        assert np.array_equal(png(take.attachments[name]), png(end))
    frames = coded(take.path)
    assert len(frames) == FRAMES
    assert min(psnr(a, b) for a, b in itertools.pairwise(frames)) > 30


def test_an_extension_goes_on_from_its_source_without_a_jump_or_a_repeated_frame(wide, folder):
    asked = request(
        "She walks out along the quay",
        Kind.EXTEND,
        [given(Role.VIDEO, wide.path, wide.attachments["state.json"])],
        combined=True,
    )
    whole = draw(asked, folder)
    assert (whole.contains_source, whole.source_frames) == (True, FRAMES)
    source, frames = coded(wide.path), coded(whole.path)
    assert len(frames) == 2 * FRAMES
    assert all(np.array_equal(a, b) for a, b in zip(source, frames, strict=False))
    last, first = png(wide.attachments["last.png"]), png(whole.attachments["first.png"])
    assert 30 < psnr(last, first) < 60
    before = png_before_last(wide)
    assert psnr(last, first) > psnr(last, before) - 4
    tail = draw(replace(asked, combined=False), folder)
    assert (tail.contains_source, probe(tail.path).frames) == (False, FRAMES)
    assert file_sha256(tail.attachments["last.png"]) == file_sha256(whole.attachments["last.png"])


def png_before_last(take):
    y, u, v = _split(coded(take.path, FRAMES - 2, FRAMES - 1)[0])
    del u, v
    last = cv2.cvtColor(png(take.attachments["last.png"]), cv2.COLOR_BGR2GRAY)
    return np.repeat(cv2.resize(y, last.shape[::-1])[:, :, None], 3, axis=2)


def _split(frame):
    high = frame.shape[0] * 2 // 3
    return frame[:high], None, None


def test_an_extension_of_foreign_footage_goes_on_from_its_last_frame(wide, folder):
    take = draw(
        request("Fog rolls in", Kind.EXTEND, [given(Role.VIDEO, wide.path)], combined=True),
        folder,
    )
    frames = coded(take.path)
    assert (take.source_frames, len(frames)) == (FRAMES, 2 * FRAMES)
    assert psnr(frames[FRAMES - 1], frames[FRAMES]) > 34


def test_the_place_is_the_same_in_every_shot_and_prompts_alone_are_not(folder):
    def still(prompt, **intent):
        sample = draw(request(prompt, Kind.STILL, moves=["static"], **intent), folder)
        return png(sample.path)

    dawn = still("Ana waits", size="WS", cast=(), scene="EXT. FIELD - DAWN")
    again = still("Ana waits", size="WS", cast=(), scene="EXT. FIELD - DAWN")
    other = still("Two oaks in a field", size="WS", cast=(), scene="")
    assert np.array_equal(dawn, again)
    assert psnr(dawn, other) < 24


def test_words_are_on_the_picture_but_never_on_the_frames_that_are_handed_on(folder):
    line = SpokenLine("ana", "I wasn't going to tell you about the letter.", 0.0)
    plain = draw(request("Ana speaks", size="MS", moves=["static"]), folder)
    said = draw(
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
        low = slice(150, 180)
        assert psnr(png(said.attachments[name])[low], png(plain.attachments[name])[low]) > 40
    middle = [coded(take.path, 24, 25)[0][140:175, 60:260] for take in (plain, said)]
    assert psnr(*middle) < 24


def test_a_reference_picture_decides_the_clothes(folder):
    picture = np.full((300, 150, 3), 200, np.uint8)
    picture[80:160, 40:110] = (30, 160, 40)
    path = folder / "ana.png"
    cv2.imwrite(str(path), picture)
    plainly = Figure("ana", "character", "a woman in a coat")
    asked = request("Ana waits", Kind.STILL, size="MS", scene="", cast=(plainly,))
    plain = png(draw(asked, folder).path)
    tinted = png(
        draw(replace(asked, inputs=(given(Role.REFERENCE, path, name="ana"),)), folder).path
    )
    changed = np.abs(tinted.astype(int) - plain).max(axis=2) > 30
    blue, green, red = tinted[changed].mean(axis=0)
    assert changed.mean() > 0.05
    assert green > red + 20
    assert green > blue + 20


@pytest.mark.parametrize(("aspect", "size"), [("9:16", (180, 320)), ("1:1", (180, 180))])
def test_other_shapes_are_framed_too(aspect, size, folder):
    asked = request("Ana and the sea", size="MS")
    asked = replace(asked, settings=replace(asked.settings, duration_s=1, aspect_ratio=aspect))
    facts = probe(draw(asked, folder).path)
    assert (facts.width, facts.height) == size


def test_a_take_with_sound_is_as_long_as_its_picture(folder):
    asked = request("Waves on the quay", audio=True)
    facts = probe(draw(replace(asked, settings=replace(asked.settings, duration_s=1)), folder).path)
    assert facts.has_audio
    assert float(facts.seconds) == pytest.approx(1.0, abs=0.03)


def test_what_cannot_be_drawn_is_said_in_a_sentence(folder):
    with pytest.raises(StoryboardError, match="first frame as a local file"):
        draw(request("x", Kind.INTERPOLATE), folder)
    broken = folder / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(StoryboardError, match="no picture"):
        draw(request("x", inputs=[given(Role.FIRST_FRAME, broken)]), folder)


_CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
import test_previz_picture as t
folder = Path(sys.argv[1])
folder.mkdir()
asked = t.request("Ana walks along the quay in the rain", moves=["handheld"], audio=True, seed=7,
                  dialogue=(t.SpokenLine("ana", "It came on Tuesday.", 0.2),))
sample = t.draw(asked, folder)
files = [sample.path, *sample.attachments.values()]
print(*(t.file_sha256(file) for file in files))
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
