"""Narration as it was spoken: lines as long as their takes, with the words that were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest

from storyboard.errors import StoryboardError
from storyboard.film import Take
from storyboard.graph.narration import settled
from storyboard.graph.timeline import Timeline
from storyboard.run.store import Store


def narrated(timeline: Timeline, takes: Mapping[str, Take], store: Store) -> Timeline:
    """The timeline with every line that has a take; the others are left out.

    Raises StoryboardError for a written text that can't be read.
    """
    told = tuple(each for each in timeline.told if each.step in takes)
    writers = {each.writer for each in told} & takes.keys()
    words = {id: _words(id, takes[id], store) for id in writers}
    seconds = {each.step: takes[each.step].facts.seconds for each in told}
    return settled(replace(timeline, told=told), seconds, words)


def overruns(timeline: Timeline) -> list[str]:
    """A sentence for each line that runs into the next one or past the end of the film."""
    rate = timeline.rate
    told = sorted(timeline.told, key=lambda each: each.span.start)
    notes = []
    for each, after in zip_longest(told, told[1:]):
        end = timeline.length if after is None else min(after.span.start, timeline.length)
        if (over := each.span.end - end) > 0:
            where = f"into {after.step}" if after and end < timeline.length else "past the end"
            notes.append(f"{each.step} runs {float(rate.seconds(over)):.1f} s {where}")
    return notes


def _words(step: str, take: Take, store: Store) -> str:
    try:
        return " ".join(store.path(take.sha256).read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise StoryboardError(
            f"the text of {step} can't be read: {error}",
            hint="`storyboard store verify` says what is damaged",
        ) from error
