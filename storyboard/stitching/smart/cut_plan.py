"""The plan of a smart cut: which frames of the film are copied, and which are rendered."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from storyboard.graph.timeline import ClipKey, ShotEvent, Timeline
from storyboard.stitching.media.clip_index import ClipIndex
from storyboard.stitching.picture.clips import ConformedClip
from storyboard.stitching.text.title_timing import PlacedTitle
from storyboard.timecode import FrameRange

_WORTH_S = 4
"""A copy must last this part of a second to be worth a seam."""
_LONG_S = 10
"""Seconds of one window; longer ones are divided, to be rendered in parallel."""


@dataclass(frozen=True, slots=True)
class CopiedRange:
    """Film frames that are copied samples of one clip."""

    span: FrameRange
    clip: ClipKey
    start: int
    """The clip's frame (and sample) at the start of `span`."""


@dataclass(frozen=True, slots=True)
class RenderedRange:
    """Film frames that are rendered and encoded."""

    span: FrameRange


def plan_smart_cut(
    timeline: Timeline,
    clips: Mapping[ClipKey, ConformedClip],
    indexes: Mapping[ClipKey, ClipIndex],
    titles: Sequence[PlacedTitle],
) -> tuple[CopiedRange | RenderedRange, ...]:
    """Copied and rendered ranges that fill the film from 0 to its end, in order.

    `indexes` holds the steps whose clips may be copied.
    """
    worth = max(2, timeline.rate.nominal // _WORTH_S)
    parts: list[CopiedRange | RenderedRange] = []
    cuts = sorted({event.record.start for event in timeline.events if event.entering is None})
    at = 0
    for untouched in _join_ranges(_find_untouched_ranges(timeline, clips, titles), clips):
        index = indexes.get(untouched.clip)
        # A copy starts and ends only where the clip allows it; the frames around it are rendered.
        frame_range = FrameRange(untouched.start, untouched.start + untouched.span.length)
        copyable = index.find_copyable(frame_range) if index else None
        if copyable is None or copyable.length < worth:
            continue
        span = copyable.shift_by(untouched.span.start - untouched.start)
        parts += _divide_rendered_at_cuts(FrameRange(at, span.start), cuts, timeline.rate.nominal)
        parts.append(CopiedRange(span, untouched.clip, copyable.start))
        at = span.end
    parts += _divide_rendered_at_cuts(FrameRange(at, timeline.length), cuts, timeline.rate.nominal)
    return tuple(parts)


def _find_untouched_ranges(
    timeline: Timeline, clips: Mapping[ClipKey, ConformedClip], titles: Sequence[PlacedTitle]
) -> Iterator[CopiedRange]:
    """Film frames that show one frame of one clip and nothing else, as ranges of clip frames."""
    events = timeline.events
    merged_spans = list(_merge_spans(item.span for item in titles))
    ends = [span.end for span in merged_spans]
    for event, following in zip(events, (*events[1:], None), strict=False):
        # An event is seen until the next one first shows, which may be before its own end.
        end = _find_first_shown_frame(following) if following else timeline.length
        start = _find_first_shown_frame(event)
        if end <= start:
            continue
        blends = (event.entering, event.leaving)
        blended_spans = [blend.span for blend in blends if blend]
        # Titles are merged, so both their starts and ends rise and a binary search finds those
        # near.
        title_spans = merged_spans[
            bisect_right(ends, start) : bisect_left(merged_spans, end, key=_find_start) + 1
        ]
        for span in _subtract_spans(FrameRange(start, end), [*blended_spans, *title_spans]):
            yield from _find_take_ranges_within(event, span, clips)


def _find_first_shown_frame(event: ShotEvent) -> int:
    """The first film frame that shows anything of `event`."""
    if event.entering is None:
        return event.record.start
    return min(event.record.start, event.entering.span.start)


def _find_take_ranges_within(
    event: ShotEvent, span: FrameRange, clips: Mapping[ClipKey, ConformedClip]
) -> Iterator[CopiedRange]:
    at = event.visible.start
    for timeline_slice in event.slices:
        visible = FrameRange(at, at + timeline_slice.source.length).intersect_with(span)
        at += timeline_slice.source.length
        if (
            visible is None
            or not timeline_slice.step
            or timeline_slice.hold_frame is not None
            or clips[timeline_slice.clip_key].still
        ):
            continue
        clip = clips[timeline_slice.clip_key]
        # `at` is already past this slice, so count back from its end.
        start = clip.first + timeline_slice.source.end - (at - visible.start)
        available = min(visible.length, clip.frames - start)
        if available > 0:
            yield CopiedRange(
                FrameRange(visible.start, visible.start + available), timeline_slice.clip_key, start
            )


def _join_ranges(
    ranges: Iterator[CopiedRange], clips: Mapping[ClipKey, ConformedClip]
) -> Iterator[CopiedRange]:
    """Joins ranges where one continues in the same file where the previous one stopped."""
    pending: CopiedRange | None = None
    for next_range in ranges:
        if (
            pending
            and pending.span.end == next_range.span.start
            and pending.start + pending.span.length == next_range.start
            and clips[pending.clip].path == clips[next_range.clip].path
        ):
            pending = CopiedRange(
                FrameRange(pending.span.start, next_range.span.end), pending.clip, pending.start
            )
            continue
        if pending:
            yield pending
        pending = next_range
    if pending:
        yield pending


def _merge_spans(spans: Iterable[FrameRange]) -> Iterator[FrameRange]:
    """The union of `spans`, as separate spans in order."""
    pending: FrameRange | None = None
    for span in sorted(spans, key=_find_start):
        if pending and span.start <= pending.end:
            pending = FrameRange(pending.start, max(pending.end, span.end))
            continue
        if pending:
            yield pending
        pending = span
    if pending:
        yield pending


def _find_start(span: FrameRange) -> int:
    return span.start


def _subtract_spans(span: FrameRange, holes: Sequence[FrameRange]) -> Iterator[FrameRange]:
    at = span.start
    for hole in sorted(holes, key=_find_start):
        if hole.end <= at or hole.start >= span.end:
            continue
        if hole.start > at:
            yield FrameRange(at, hole.start)
        at = max(at, hole.end)
    if at < span.end:
        yield FrameRange(at, span.end)


def _divide_rendered_at_cuts(
    span: FrameRange, cuts: Sequence[int], frames_per_second: int
) -> Iterator[RenderedRange]:
    """Divides `span` at cuts that leave a second on both sides, and where it is too long."""
    if not span.length:
        return
    for cut in cuts:
        # Windows that end at cuts are found in the cache again when only one of the shots changes.
        if span.start + frames_per_second <= cut <= span.end - frames_per_second:
            yield from _divide_into_short_ranges(FrameRange(span.start, cut), frames_per_second)
            span = FrameRange(cut, span.end)
    yield from _divide_into_short_ranges(span, frames_per_second)


def _divide_into_short_ranges(span: FrameRange, frames_per_second: int) -> Iterator[RenderedRange]:
    # Equal parts, so that none is a short remainder.
    count = -(-span.length // (_LONG_S * frames_per_second))
    for number in range(count):
        start = span.start + span.length * number // count
        yield RenderedRange(FrameRange(start, span.start + span.length * (number + 1) // count))
