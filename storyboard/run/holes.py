"""What a film lacks of its takes, and cards in the place of what would be seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from storyboard.film import Take
from storyboard.graph.timeline import Slice, Timeline


def holes_of(timeline: Timeline, takes: Mapping[str, Take]) -> set[str]:
    """The steps without a take that the film shows, lets be heard or reads its words from."""
    shown = {part.step for event in timeline.events for part in event.slices if part.step}
    told = {step for each in timeline.told for step in (each.step, each.writer) if step}
    return (shown | told) - set(takes)


def slated(timeline: Timeline, holes: Collection[str]) -> Timeline:
    """The same film with a labelled card wherever a picture is missing."""
    events = []
    for event in timeline.events:
        slices = tuple(
            Slice("", part.source, card=f"{event.shot}\nmissing") if part.step in holes else part
            for part in event.slices
        )
        events.append(replace(event, slices=slices))
    return replace(timeline, events=tuple(events))
