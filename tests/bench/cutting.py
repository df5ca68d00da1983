"""One film of clips, cut by us: `python -m tests.bench.cutting CLIPS OUT CACHE FRAMES COUNT`.

FRAMES are the lengths of three dissolves, `0,0,0` for hard cuts; COUNT clips are taken, again from
the first where there are fewer.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

from storyboard.digest import digest
from storyboard.film import Delivery, Film, MediaFacts, Shot, TransitionKind
from storyboard.graph.timeline import Blend, Event, Slice, Timeline
from storyboard.stitching.film import stitch_film
from storyboard.stitching.material import Medium
from storyboard.stitching.packets import index_of
from storyboard.timecode import FrameRange, Rate

RATE = Rate(Fraction(24))
FRAMES = 192


def main(folder: Path, out: Path, cache: Path, lengths: list[int], count: int) -> None:
    """Cuts the film and prints its notes."""
    clips = sorted(folder.glob("*.mp4"))
    first = index_of(clips[0])
    assert first is not None
    facts = MediaFacts(*first.coded, FRAMES, RATE, Fraction(8), True)
    media, events, at = {}, [], 0
    for number in range(count):
        shot, clip = f"SH{number:04d}", clips[number % len(clips)]
        media[shot] = Medium(clip, digest("bench", str(clip)), facts)
        length = lengths[number // 2 % len(lengths) - 1] if number and number % 2 == 0 else 0
        at -= length
        blend = Blend(TransitionKind.DISSOLVE, FrameRange(at, at + length)) if length else None
        record = FrameRange(at, at + FRAMES)
        whole = (Slice(shot, FrameRange(0, FRAMES)),)
        events.append(Event(shot, record, record, whole, blend, used=FrameRange(0, FRAMES)))
        at = record.end
    delivery = Delivery(resolution=f"{first.coded[1]}p")
    film = Film(folder / "film.yaml", folder, delivery=delivery, shots=tuple(map(Shot, media)))
    done = stitch_film(film, Timeline(RATE, at, tuple(events)), media, out, cache=cache)
    assert done.frames == at
    print(*done.notes, sep="\n")


if __name__ == "__main__":
    main(
        *map(Path, sys.argv[1:4]), [int(part) for part in sys.argv[4].split(",")], int(sys.argv[5])
    )
