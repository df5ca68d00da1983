"""One film of clips, cut by us: `python -m tests.bench.cutting CLIPS OUT CACHE FRAMES COUNT`.

FRAMES are the lengths of three dissolves, `0,0,0` for hard cuts; COUNT clips are taken, again from
the first where there are fewer.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

from storyboard.digest import digest_value
from storyboard.graph.timeline import Blend, ShotEvent, Slice, Timeline
from storyboard.model.film import Delivery, Film, MediaFacts, Shot
from storyboard.stitching.cut_inputs import CutInputs, StepMedia
from storyboard.stitching.media.probe import read_frame_index
from storyboard.stitching.stitch import stitch_film
from storyboard.timecode import FrameRange, Rate

RATE = Rate(Fraction(24))
FRAMES = 192


def main(folder: Path, out: Path, cache: Path, lengths: list[int], count: int) -> None:
    """Cuts the film and prints its notes."""
    clips = sorted(folder.glob("*.mp4"))
    first_index = read_frame_index(clips[0])
    assert first_index is not None
    facts = MediaFacts(*first_index.coded_size, FRAMES, RATE, Fraction(8), True)
    media, events, at = {}, [], 0
    for number in range(count):
        shot, clip = f"SH{number:04d}", clips[number % len(clips)]
        media[shot] = StepMedia(clip, digest_value("bench", str(clip)), facts)
        length = lengths[number // 2 % len(lengths) - 1] if number and number % 2 == 0 else 0
        at -= length
        blend = Blend("dissolve", FrameRange(at, at + length)) if length else None
        record = FrameRange(at, at + FRAMES)
        whole = (Slice(shot, FrameRange(0, FRAMES)),)
        events.append(
            ShotEvent(shot, record, record, whole, blend, used_range=FrameRange(0, FRAMES))
        )
        at = record.end
    delivery = Delivery(resolution=f"{first_index.coded_size[1]}p")
    film = Film(folder / "film.yaml", folder, delivery=delivery, shots=tuple(map(Shot, media)))
    result = stitch_film(
        CutInputs(film, Timeline(RATE, at, tuple(events)), media), out, cache=cache
    )
    assert result.frames == at
    print(*result.notes, sep="\n")


if __name__ == "__main__":
    main(
        *map(Path, sys.argv[1:4]), [int(part) for part in sys.argv[4].split(",")], int(sys.argv[5])
    )
