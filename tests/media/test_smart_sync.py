"""Picture and sound of a woven film: together over the whole length, however it is cut."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest

from storyboard.graph.timeline import Blend
from storyboard.model.film import Film, Shot
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.media.ffmpeg import probe, run_ffmpeg
from storyboard.stitching.stitch import stitch_film
from storyboard.timecode import FrameRange

RATE = 48_000
FLASH = 12
"""The frame of every take with which a chirp of 2 ms is heard."""
CHIRP = rf"aevalsrc=0.7*sin(2*PI*3000*t)*between(t\,{FLASH}/24\,{FLASH}/24+0.002):s={RATE}:d=2"


@pytest.fixture(scope="module")
def film(shared_lab):
    """Nine takes, some cut hard, some dissolved, some trimmed, so that nothing falls on packets."""
    media = {}
    for number in range(9):
        take = shared_lab.write_take(number, 48, options=("-g", "12"))
        loud = shared_lab.folder / f"loud{number}.mp4"
        run_ffmpeg(
            ["-i", str(take.path), "-f", "lavfi", "-i", CHIRP, "-c:v", "copy", "-b:a", "256k",
             str(loud)],
        )  # fmt: skip
        media[f"{number}"] = replace(take, path=loud, facts=probe(loud), sha256=f"{number:064d}")
    events, at = [], 0
    for number, shot in enumerate(media):
        start, length = (7 if number % 3 == 1 else 0), 41
        blend = None
        if number % 3 == 2:
            at -= 5
            blend = Blend("dissolve", FrameRange(at, at + 5))
        events.append(shared_lab.build_event(shot, (at, at + length), source=start, entering=blend))
        at += length
    timeline = shared_lab.build_timeline(*events)
    shots = tuple(map(Shot, media))
    film = Film(
        shared_lab.folder / "film.yaml",
        shared_lab.folder,
        delivery=shared_lab.delivery,
        shots=shots,
    )
    out = shared_lab.folder / "film.mp4"
    stitch_film(CutInputs(film, timeline, media), out, cache=shared_lab.folder / "cache")
    return out


def decode_sound(path):
    """The film's sound from its beginning on, one channel."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    start = frames[0].pts * frames[0].time_base * RATE
    return sound[-int(start) :] if start < 0 else np.pad(sound, (int(start), 0))


def test_every_flash_is_heard_within_a_millisecond_of_being_seen(shared_lab, film):
    energy = decode_sound(film) ** 2
    with av.open(str(film)) as container:
        flash_times = {
            shared_lab.read_marks(frame.to_ndarray()): frame.pts * frame.time_base
            for frame in container.decode(video=0)
            if _is_single_frame(shared_lab, frame.to_ndarray())
        }
    offsets = []
    for take in range(9):
        expected_sample = int(flash_times[take, FLASH] * RATE)
        near = slice(max(0, expected_sample - RATE // 20), expected_sample + RATE // 20)
        nearby_energy = energy[near]
        middle = (nearby_energy * np.arange(near.start, near.stop)).sum() / nearby_energy.sum()
        offsets.append((middle - expected_sample) / RATE - 0.001)
    assert np.abs(offsets).max() < 0.001, offsets
    assert len(offsets) == 9


def _is_single_frame(stage, picture):
    """Whether it is one take's frame alone."""
    block_levels = stage.measure_levels(picture)
    return bool(((np.abs(block_levels - 48) < 12) | (np.abs(block_levels - 208) < 12)).all())
