"""What a film lacks of its takes, and cards in the place of what would be seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from storyboard.graph.timeline import Slice, Timeline
from storyboard.model.film import Take


def find_missing_steps(timeline: Timeline, takes: Mapping[str, Take]) -> set[str]:
    """The steps without a take that the film shows, lets be heard or reads its words from."""
    shown = {segment.step for event in timeline.events for segment in event.slices if segment.step}
    spoken_steps = {
        step for item in timeline.narration for step in (item.step, item.writer) if step
    }
    return (shown | spoken_steps) - set(takes)


def replace_missing_with_slates(timeline: Timeline, missing_steps: Collection[str]) -> Timeline:
    """The same film with a labelled card wherever a picture is missing."""
    events = []
    for event in timeline.events:
        slices = tuple(
            Slice("", segment.source, card=f"{event.shot}\nmissing")
            if segment.step in missing_steps
            else segment
            for segment in event.slices
        )
        events.append(replace(event, slices=slices))
    return replace(timeline, events=tuple(events))
