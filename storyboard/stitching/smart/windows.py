"""The plan of a smart cut: which frames of the film are copied, and which are drawn and encoded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from storyboard.film import TransitionKind
from storyboard.graph.timeline import Event, Timeline
from storyboard.stitching.material import Clip
from storyboard.stitching.overlays import PlacedTitle
from storyboard.stitching.smart.clipindex import ClipIndex
from storyboard.timecode import FrameRange

_WORTH_S = 4
"""A copy is worth a seam from this part of a second on."""
_LONG_S = 10
"""Seconds of one window; longer ones are divided, so that they are drawn side by side."""


@dataclass(frozen=True, slots=True)
class Run:
    """Film frames that are one clip's samples as they are."""

    span: FrameRange
    step: str
    start: int
    """The clip's frame, and its sample, that stands at the start of `span`."""


@dataclass(frozen=True, slots=True)
class Window:
    """Film frames that are drawn and encoded."""

    span: FrameRange


def planned(
    timeline: Timeline,
    clips: Mapping[str, Clip],
    indexes: Mapping[str, ClipIndex],
    titles: Sequence[PlacedTitle],
) -> tuple[Run | Window, ...]:
    """Runs and windows that fill the film from 0 to its end, in order.

    `indexes` are those of the steps whose clips may be copied.
    """
    worth = max(2, timeline.rate.nominal // _WORTH_S)
    parts: list[Run | Window] = []
    cuts = sorted({event.record.start for event in timeline.events if event.entering is None})
    at = 0
    for plain in _joined(_plain(timeline, clips, titles), clips):
        index = indexes.get(plain.step)
        wanted = FrameRange(plain.start, plain.start + plain.span.length)
        copied = index.copyable(wanted) if index else None
        if copied is None or copied.length < worth:
            continue
        span = copied.shifted(plain.span.start - plain.start)
        parts += _windows(FrameRange(at, span.start), cuts, timeline.rate.nominal)
        parts.append(Run(span, plain.step, copied.start))
        at = span.end
    parts += _windows(FrameRange(at, timeline.length), cuts, timeline.rate.nominal)
    return tuple(parts)


def _plain(
    timeline: Timeline, clips: Mapping[str, Clip], titles: Sequence[PlacedTitle]
) -> Iterator[Run]:
    """Film frames that show one frame of one clip and nothing else, as runs of clip frames."""
    events = timeline.events
    titled = list(_merged(each.span for each in titles))
    ends = [span.end for span in titled]
    for event, following in zip(events, (*events[1:], None), strict=False):
        end = _takes_over(following) if following else timeline.length
        start = _takes_over(event)
        if end <= start:
            continue
        blends = (event.entering, event.leaving)
        mixed = [each.span for each in blends if each and each.kind is not TransitionKind.CUT]
        near = titled[bisect_right(ends, start) : bisect_left(titled, end, key=_start) + 1]
        for span in _without(FrameRange(start, end), [*mixed, *near]):
            yield from _runs(event, span, clips)


def _takes_over(event: Event) -> int:
    """The first film frame that shows anything of `event`."""
    if event.entering is None:
        return event.record.start
    return min(event.record.start, event.entering.span.start)


def _runs(event: Event, span: FrameRange, clips: Mapping[str, Clip]) -> Iterator[Run]:
    at = event.visible.start
    for each in event.slices:
        shown = FrameRange(at, at + each.source.length).intersection(span)
        at += each.source.length
        if shown is None or not each.step or each.freeze is not None or clips[each.step].still:
            continue
        clip = clips[each.step]
        start = clip.first + each.source.end - (at - shown.start)
        there = min(shown.length, clip.frames - start)
        if there > 0:
            yield Run(FrameRange(shown.start, shown.start + there), each.step, start)


def _joined(runs: Iterator[Run], clips: Mapping[str, Clip]) -> Iterator[Run]:
    """Runs that go on in the same file where the one before stopped, as one."""
    last: Run | None = None
    for run in runs:
        if (
            last
            and last.span.end == run.span.start
            and last.start + last.span.length == run.start
            and clips[last.step].path == clips[run.step].path
        ):
            last = Run(FrameRange(last.span.start, run.span.end), last.step, last.start)
            continue
        if last:
            yield last
        last = run
    if last:
        yield last


def _merged(spans: Iterable[FrameRange]) -> Iterator[FrameRange]:
    """What `spans` cover, in order and apart."""
    last: FrameRange | None = None
    for span in sorted(spans, key=_start):
        if last and span.start <= last.end:
            last = FrameRange(last.start, max(last.end, span.end))
            continue
        if last:
            yield last
        last = span
    if last:
        yield last


def _start(span: FrameRange) -> int:
    return span.start


def _without(span: FrameRange, holes: Sequence[FrameRange]) -> Iterator[FrameRange]:
    at = span.start
    for hole in sorted(holes, key=_start):
        if hole.end <= at or hole.start >= span.end:
            continue
        if hole.start > at:
            yield FrameRange(at, hole.start)
        at = max(at, hole.end)
    if at < span.end:
        yield FrameRange(at, span.end)


def _windows(span: FrameRange, cuts: Sequence[int], nominal: int) -> Iterator[Window]:
    """`span` divided at cuts that leave a second on both sides, and where it is too long."""
    if not span.length:
        return
    for cut in cuts:
        if span.start + nominal <= cut <= span.end - nominal:
            yield from _pieces(FrameRange(span.start, cut), nominal)
            span = FrameRange(cut, span.end)
    yield from _pieces(span, nominal)


def _pieces(span: FrameRange, nominal: int) -> Iterator[Window]:
    count = -(-span.length // (_LONG_S * nominal))
    for number in range(count):
        start = span.start + span.length * number // count
        yield Window(FrameRange(start, span.start + span.length * (number + 1) // count))
