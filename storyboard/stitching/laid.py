"""Everything that is laid over the picture: titles, and subtitles where the film burns them in.

A subtitle that shares the screen with a title gives way to it, and stands above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from storyboard.film import Anchor, Film, TitleCue
from storyboard.graph.timeline import Timeline
from storyboard.stitching.overlays import PlacedTitle, placed
from storyboard.stitching.planes import Size
from storyboard.stitching.subtitles import WIDTH, cues
from storyboard.stitching.titles import SUBTITLE, SUBTITLE_OFF, extent
from storyboard.stitching.typeset import SUBTITLE_SIZE, SUBTITLE_WIDTH, length_of

_PROSE = "The quick brown fox jumps over the lazy dog."
_SMALLER = 0.8
"""How far type may shrink before lines are made shorter."""
_AIR = 0.02
"""Of the frame's height, between a subtitle and a title below it."""


def laid(film: Film, timeline: Timeline) -> tuple[PlacedTitle, ...]:
    """What stands over the picture, in the order in which it comes.

    Raises StitchError for a title at a shot that is not in the cut, and for one that has no room
    in the frame where a subtitle gives way to it.
    """
    titles = placed(film.titles, timeline)
    if film.subtitles != "burn":
        return titles
    size = film.delivery.size
    found = [*titles, *(_giving_way(each, titles, size) for each in _burnt(film, timeline))]
    return tuple(sorted(found, key=lambda each: each.span.start))


def _burnt(film: Film, timeline: Timeline) -> Iterator[PlacedTitle]:
    for cue in cues(film, timeline, _columns(film.delivery.size)):
        title = TitleCue(
            at=Anchor("start", cue.span.start),
            length=cue.span.length,
            text="\n".join(cue.lines),
            style=SUBTITLE_OFF if cue.off else SUBTITLE,
        )
        yield PlacedTitle(title, cue.span)


def _columns(size: Size) -> int:
    """How long a line may be so that two of them stand in a frame of `size`."""
    point = max(8, round(min(size) * SUBTITLE_SIZE * _SMALLER))
    letter = length_of(_PROSE, point) / len(_PROSE)
    return max(2, min(WIDTH, int(size[0] * SUBTITLE_WIDTH / letter)))


def _giving_way(each: PlacedTitle, titles: Sequence[PlacedTitle], size: Size) -> PlacedTitle:
    """A subtitle above the titles that it would stand on, where there is room."""
    beside = [extent(other.title, size) for other in titles if other.span.intersection(each.span)]
    if not beside:
        return each
    top, bottom = extent(each.title, size)
    air = round(size[1] * _AIR)
    lift = 0
    for head, foot in sorted(beside, reverse=True):
        if top - lift < foot + air and head - air < bottom - lift:
            lift = bottom - head + air
    lift += lift % 2
    return replace(each, lift=lift) if lift <= top - air else each
