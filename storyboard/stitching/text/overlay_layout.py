"""Everything shown over the picture: titles, and subtitles where the film burns them in.

A subtitle that shares the screen with a title moves above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from storyboard.graph.timeline import Timeline
from storyboard.model.film import Anchor, Film, TitleCue
from storyboard.stitching.media.yuv import Size
from storyboard.stitching.text.fonts import OURS, FontSet
from storyboard.stitching.text.subtitles import WIDTH, build_subtitle_cues
from storyboard.stitching.text.text_renderer import measure_text_width
from storyboard.stitching.text.title_timing import PlacedTitle, place_titles
from storyboard.stitching.text.titles import SUBTITLE, SUBTITLE_OFF, find_title_pixel_rows
from storyboard.stitching.text.typesetting import SUBTITLE_SIZE, SUBTITLE_WIDTH

_PROSE = "The quick brown fox jumps over the lazy dog."
_MIN_SHRINK = 0.8
"""How far type may shrink before lines are made shorter."""
_GAP = 0.02
"""Of the frame's height, between a subtitle and a title below it."""


def lay_out_overlays(
    film: Film, timeline: Timeline, fonts: FontSet = OURS
) -> tuple[PlacedTitle, ...]:
    """The titles and subtitles over the picture, ordered by their start.

    Raises StitchError for a title at a shot that is not in the cut, and for one that doesn't fit
    into the frame while a subtitle has to avoid it.
    """
    titles = place_titles(film.titles, timeline, fonts)
    if film.subtitles != "burn":
        return titles
    size = film.delivery.size
    overlays = [
        *titles,
        *(
            _lift_above_titles(placed_title, titles, size)
            for placed_title in _place_subtitles(film, timeline, fonts)
        ),
    ]
    return tuple(sorted(overlays, key=lambda placed_title: placed_title.span.start))


def _place_subtitles(film: Film, timeline: Timeline, fonts: FontSet) -> Iterator[PlacedTitle]:
    for cue in build_subtitle_cues(film, timeline, _choose_max_line_columns(film.delivery.size)):
        title = TitleCue(
            at=Anchor("start", cue.span.start),
            length=cue.span.length,
            text="\n".join(cue.lines),
            style=SUBTITLE_OFF if cue.off else SUBTITLE,
        )
        yield PlacedTitle(title, cue.span, fonts=fonts)


def _choose_max_line_columns(size: Size) -> int:
    """The longest line of which two fit into a frame of `size`."""
    point = max(8, round(min(size) * SUBTITLE_SIZE * _MIN_SHRINK))
    letter = measure_text_width(_PROSE, point) / len(_PROSE)
    return max(2, min(WIDTH, int(size[0] * SUBTITLE_WIDTH / letter)))


def _lift_above_titles(
    subtitle: PlacedTitle, titles: Sequence[PlacedTitle], size: Size
) -> PlacedTitle:
    """The subtitle, moved above the titles that it would cover, if there is space."""
    title_rows = [
        find_title_pixel_rows(placed_title.title, size, placed_title.fonts)
        for placed_title in titles
        if placed_title.span.intersect_with(subtitle.span)
    ]
    if not title_rows:
        return subtitle
    top, bottom = find_title_pixel_rows(subtitle.title, size, subtitle.fonts)
    gap = round(size[1] * _GAP)
    lift = 0
    # From the lowest title up: each one that the moved subtitle still touches lifts it further.
    for title_top, title_bottom in sorted(title_rows, reverse=True):
        if top - lift < title_bottom + gap and title_top - gap < bottom - lift:
            lift = bottom - title_top + gap
    # Even, so that chroma rows stay aligned.
    lift += lift % 2
    return replace(subtitle, lift=lift) if lift <= top - gap else subtitle
