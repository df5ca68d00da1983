"""A range of a timeline as a timeline of its own, and its identity.

The excerpt alone determines what a window of the film shows, so the window is rendered from the
excerpt and cached under the excerpt's digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from storyboard.digest import Value, digest_value
from storyboard.graph.timeline import Blend, ClipKey, Slice, Timeline
from storyboard.model.film import Delivery
from storyboard.stitching.cut_inputs import StepMedia
from storyboard.stitching.picture.clips import ConformedClip
from storyboard.stitching.text.fonts import OURS, FontSet
from storyboard.stitching.text.text_renderer import TEXT_REVISION
from storyboard.stitching.text.title_timing import PlacedTitle
from storyboard.timecode import FrameRange


def extract_excerpt(timeline: Timeline, span: FrameRange) -> Timeline:
    """The film frames `span` of `timeline`, counted from 0, with only the events seen in them."""
    events = []
    for event in timeline.events:
        visible = event.visible.intersect_with(span)
        if visible is None and event.entering and event.entering.span.intersect_with(span):
            visible = FrameRange(event.visible.start, event.visible.start)  # still in its blend
        if visible is not None:
            events.append(
                replace(
                    event,
                    record=FrameRange(
                        *(max(0, at - span.start) for at in (event.record.start, event.record.end))
                    ),
                    visible=visible.shift_by(-span.start),
                    slices=_crop_slices(event.slices, visible.shift_by(-event.visible.start)),
                    entering=_shift_blend_into_span(event.entering, span),
                    leaving=_shift_blend_into_span(event.leaving, span),
                )
            )
    return Timeline(timeline.rate, span.length, tuple(events))


def select_titles_in_span(
    titles: Sequence[PlacedTitle], span: FrameRange
) -> tuple[PlacedTitle, ...]:
    """The titles shown in `span`, in its own frames."""
    return tuple(
        replace(placed_title, span=placed_title.span.shift_by(-span.start))
        for placed_title in titles
        if placed_title.span.intersect_with(span)
    )


def digest_excerpt(
    excerpt: Timeline,
    titles: Sequence[PlacedTitle],
    media: Mapping[str, StepMedia],
    clips: Mapping[ClipKey, ConformedClip],
    delivery: Delivery,
    revision: int,
    fonts: FontSet = OURS,
) -> str:
    """64 hex digits that change with anything that the frames of an excerpt show."""
    return digest_value(
        "window",
        [
            revision,
            [*delivery.size, delivery.rate.value],
            excerpt.length,
            [
                [
                    event.record.start,
                    [event.visible.start, event.visible.end],
                    [_serialize_slice(item, media, clips) for item in event.slices],
                    _serialize_blend(event.entering),
                    _serialize_blend(event.leaving),
                ]
                for event in excerpt.events
            ],
            [
                [item.span.start, item.span.end, item.title.text, item.title.style,
                 list(item.title.credits), item.lift, *item.identify_look()]
                for item in titles
            ],
            *(_serialize_lettering(excerpt, titles, fonts)),
        ],
    )  # fmt: skip


def _serialize_lettering(
    excerpt: Timeline, titles: Sequence[PlacedTitle], fonts: FontSet
) -> list[Value]:
    """What draws the text of an excerpt; nothing for one without text."""
    cards = [part.card for event in excerpt.events for part in event.slices if part.card]
    if not cards and not titles:
        return []
    return [["text", TEXT_REVISION, list(fonts.identify("\n".join(cards)))]]


def _crop_slices(slices: Sequence[Slice], frame_range: FrameRange) -> tuple[Slice, ...]:
    """The parts of `slices` that play in `frame_range`, counted from their start."""
    cropped_slices, at = [], 0
    for timeline_slice in slices:
        if overlap := FrameRange(at, at + timeline_slice.source.length).intersect_with(frame_range):
            cropped_slices.append(
                replace(timeline_slice, source=overlap.shift_by(timeline_slice.source.start - at))
            )
        at += timeline_slice.source.length
    return tuple(cropped_slices)


def _shift_blend_into_span(blend: Blend | None, span: FrameRange) -> Blend | None:
    if blend is None or not blend.span.intersect_with(span):
        return None
    return replace(blend, span=blend.span.shift_by(-span.start))


def _serialize_slice(
    timeline_slice: Slice, media: Mapping[str, StepMedia], clips: Mapping[ClipKey, ConformedClip]
) -> Value:
    content: list[Value] = [timeline_slice.color, timeline_slice.card]
    if timeline_slice.step:
        clip = clips[timeline_slice.clip_key]
        content = [media[timeline_slice.step].sha256, clip.first, clip.frames, clip.still]
        if timeline_slice.framing:
            content.append(timeline_slice.framing.to_digest_value())
    return [
        content,
        timeline_slice.source.start,
        timeline_slice.source.end,
        timeline_slice.hold_frame,
    ]


def _serialize_blend(blend: Blend | None) -> Value:
    if blend is None:
        return None
    span: Value = [blend.span.start, blend.span.end]
    fields = blend.to_fields() | {"span": span, "align": str(blend.align)}
    names = ("kind", "span", "color", "through", "direction", "align")
    return [
        # Fields added later count only as (name, value) after these, so older digests stay the
        # same.
        *(fields[name] for name in names),
        *([name, value] for name, value in sorted(fields.items()) if name not in names),
    ]
