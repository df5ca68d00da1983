"""A stretch of a timeline as a timeline of its own, and its identity.

What a window of the film shows follows from its excerpt alone, wherever in whatever film it
stands; so it is drawn from the excerpt, and kept under the excerpt's digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from storyboard.digest import Value, digest
from storyboard.film import Delivery
from storyboard.graph.timeline import Blend, Slice, Timeline
from storyboard.stitching.material import Clip, Medium
from storyboard.stitching.overlays import PlacedTitle
from storyboard.timecode import FrameRange


def excerpt(timeline: Timeline, span: FrameRange) -> Timeline:
    """The film frames `span` of `timeline`, from 0; only what is seen in them is in it."""
    events = []
    for event in timeline.events:
        seen = event.visible.intersection(span)
        if seen is None and event.entering and event.entering.span.intersection(span):
            seen = FrameRange(event.visible.start, event.visible.start)  # it fades in before it
        if seen is not None:
            events.append(
                replace(
                    event,
                    record=FrameRange(
                        *(max(0, at - span.start) for at in (event.record.start, event.record.end))
                    ),
                    visible=seen.shifted(-span.start),
                    slices=_part(event.slices, seen.shifted(-event.visible.start)),
                    entering=_moved(event.entering, span),
                    leaving=_moved(event.leaving, span),
                )
            )
    return Timeline(timeline.rate, span.length, tuple(events))


def titles_within(titles: Sequence[PlacedTitle], span: FrameRange) -> tuple[PlacedTitle, ...]:
    """The titles that are seen in `span`, by its own frames."""
    return tuple(
        replace(each, span=each.span.shifted(-span.start))
        for each in titles
        if each.span.intersection(span)
    )


def excerpt_digest(
    part: Timeline,
    titles: Sequence[PlacedTitle],
    media: Mapping[str, Medium],
    clips: Mapping[str, Clip],
    delivery: Delivery,
    revision: int,
) -> str:
    """64 hex digits that change with whatever the frames of an excerpt show."""
    return digest(
        "window",
        [
            revision,
            [*delivery.size, delivery.rate.value],
            part.length,
            [
                [
                    event.record.start,
                    [event.visible.start, event.visible.end],
                    [_slice(each, media, clips) for each in event.slices],
                    _blend(event.entering),
                    _blend(event.leaving),
                ]
                for event in part.events
            ],
            [
                [each.span.start, each.span.end, each.title.text, each.title.style,
                 list(each.title.credits), each.lift]
                for each in titles
            ],
        ],
    )  # fmt: skip


def _part(slices: Sequence[Slice], wanted: FrameRange) -> tuple[Slice, ...]:
    """What plays in the frames `wanted` of `slices`, counted from their beginning."""
    found, at = [], 0
    for each in slices:
        if part := FrameRange(at, at + each.source.length).intersection(wanted):
            found.append(replace(each, source=part.shifted(each.source.start - at)))
        at += each.source.length
    return tuple(found)


def _moved(blend: Blend | None, span: FrameRange) -> Blend | None:
    if blend is None or not blend.span.intersection(span):
        return None
    return replace(blend, span=blend.span.shifted(-span.start))


def _slice(each: Slice, media: Mapping[str, Medium], clips: Mapping[str, Clip]) -> Value:
    shown: list[Value] = [each.color, each.card]
    if each.step:
        clip = clips[each.step]
        shown = [media[each.step].sha256, clip.first, clip.frames, clip.still]
    return [shown, each.source.start, each.source.end, each.freeze]


def _blend(blend: Blend | None) -> Value:
    if blend is None:
        return None
    span = [blend.span.start, blend.span.end]
    return [str(blend.kind), span, blend.color, blend.through, blend.direction, str(blend.align)]
