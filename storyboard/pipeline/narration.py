"""Narration as it was spoken: lines as long as their takes, with the words that were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest

from storyboard.errors import StoryboardError
from storyboard.graph.narration import apply_spoken_narration
from storyboard.graph.timeline import Timeline
from storyboard.model.film import Take
from storyboard.run.store.store import Store


def apply_narration_takes(timeline: Timeline, takes: Mapping[str, Take], store: Store) -> Timeline:
    """The timeline with every line that has a take; the others are left out.

    Raises StoryboardError for a written text that can't be read.
    """
    lines = tuple(line for line in timeline.narration if line.step in takes)
    writers = {line.writer for line in lines} & takes.keys()
    words = {id: _read_words(id, takes[id], store) for id in writers}
    seconds = {line.step: takes[line.step].facts.seconds for line in lines}
    return apply_spoken_narration(replace(timeline, narration=lines), seconds, words)


def describe_narration_overruns(timeline: Timeline) -> list[str]:
    """A sentence for each line that runs into the next one or past the end of the film."""
    rate = timeline.rate
    lines = sorted(timeline.narration, key=lambda line: line.span.start)
    notes = []
    for line, next_line in zip_longest(lines, lines[1:]):
        end = timeline.length if next_line is None else min(next_line.span.start, timeline.length)
        if (overrun := line.span.end - end) > 0:
            where = (
                f"into {next_line.step}" if next_line and end < timeline.length else "past the end"
            )
            notes.append(f"{line.step} runs {float(rate.to_seconds(overrun)):.1f} s {where}")
    return notes


def _read_words(step: str, take: Take, store: Store) -> str:
    try:
        return " ".join(store.require_file(take.sha256).read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise StoryboardError(
            f"the text of {step} can't be read: {error}",
            hint="`storyboard store verify` says what is damaged",
        ) from error
