"""Builds the inputs of the cut in one place, from the timeline and the takes.

Narration lasts as long as its speech and has the written words. For a missing take the cut shows a
labelled card and plays silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from storyboard.errors import StoryboardError
from storyboard.graph.compiler import Graph
from storyboard.graph.narration import apply_spoken_narration
from storyboard.graph.timeline import Slice, Timeline
from storyboard.model.film import Film, Take
from storyboard.pipeline.session import FilmSession
from storyboard.providers import registry
from storyboard.providers.base import Kind
from storyboard.run.store.store import Store

if TYPE_CHECKING:
    from storyboard.stitching.cut_inputs import CutInputs, GeneratedSounds


def build_cut_inputs(
    session: FilmSession, timeline: Timeline, takes: Mapping[str, Take]
) -> CutInputs:
    """The inputs of the cut of that timeline, with `takes` by step and stand-ins for missing ones.

    Raises StoryboardError for a written text that can't be read.
    """
    from storyboard.stitching.cut_inputs import CutInputs, StepMedia

    store, steps = session.store, session.graph.steps
    assert store is not None
    return CutInputs(
        film=session.film,
        timeline=_apply_narration_takes(_add_slates(timeline, takes), takes, store),
        media={
            id: StepMedia(
                store.require_file(take.sha256), take.sha256, take.facts, take.source_frames
            )
            for id, take in takes.items()
            if steps[id].kind not in (Kind.STILL, Kind.WRITE)
        },
        sounds=_choose_generated_sounds(session.film, session.graph),
        hash_path=session.hashes,
    )


def find_missing_steps(timeline: Timeline, takes: Mapping[str, Take]) -> set[str]:
    """The steps without a take that the film shows, lets be heard or reads its words from."""
    shown = {segment.step for event in timeline.events for segment in event.slices if segment.step}
    spoken_steps = {
        step for item in timeline.narration for step in (item.step, item.writer) if step
    }
    return (shown | spoken_steps) - set(takes)


def describe_narration_changes(planned: Timeline, inputs: CutInputs) -> list[str]:
    """A sentence for each planned line that nobody speaks yet, and for each that is too long."""
    spoken = {line.step for line in inputs.timeline.narration}
    return [
        *(
            f"{line.step} is not generated yet: the film has silence in its place"
            for line in sorted(planned.narration, key=lambda line: line.step)
            if line.step not in spoken
        ),
        *_describe_narration_overruns(inputs.timeline),
    ]


def _add_slates(timeline: Timeline, takes: Mapping[str, Take]) -> Timeline:
    """The same film with a labelled card in place of each missing picture."""
    events = []
    for event in timeline.events:
        slices = tuple(
            Slice("", segment.source, card=f"{event.shot}\nmissing")
            if segment.step and segment.step not in takes
            else segment
            for segment in event.slices
        )
        events.append(replace(event, slices=slices))
    return replace(timeline, events=tuple(events))


def _apply_narration_takes(timeline: Timeline, takes: Mapping[str, Take], store: Store) -> Timeline:
    """The timeline with every line that has a take; the others are left out."""
    lines = tuple(line for line in timeline.narration if line.step in takes)
    writers = {line.writer for line in lines} & takes.keys()
    words = {id: _read_words(id, takes[id], store) for id in writers}
    seconds = {line.step: takes[line.step].facts.seconds for line in lines}
    return apply_spoken_narration(replace(timeline, narration=lines), seconds, words)


def _read_words(step: str, take: Take, store: Store) -> str:
    try:
        return " ".join(store.require_file(take.sha256).read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise StoryboardError(
            f"the text of {step} can't be read: {error}",
            hint="run `storyboard store verify` to find the damage",
        ) from error


def _describe_narration_overruns(timeline: Timeline) -> list[str]:
    """A sentence for each line that runs into the next one or past the end of the film."""
    rate = timeline.rate
    lines = sorted(timeline.narration, key=lambda line: line.span.start)
    notes = []
    for line, next_line in zip_longest(lines, lines[1:]):
        end = timeline.length if next_line is None else min(next_line.span.start, timeline.length)
        if (overrun := line.span.end - end) > 0:
            where = (
                f"into {next_line.step}"
                if next_line and end < timeline.length
                else "past the end of the film"
            )
            notes.append(f"{line.step} continues {float(rate.to_seconds(overrun)):.1f} s {where}")
    return notes


def _choose_generated_sounds(film: Film, graph: Graph) -> GeneratedSounds:
    """The sounds that previz adds to the mix: ambience from words, and murmured lines in a
    rehearsal.

    In a paid film previz murmurs nothing: a line that no take speaks stays silent.
    """
    from storyboard.stitching.cut_inputs import GeneratedSounds

    provider_names = {step.provider for step in graph.steps.values()}
    has_described_sound = any(s.ambience and s.ambience.make for s in film.shots) or any(
        cue.make for cue in film.music
    )
    is_rehearsal = provider_names <= {"previz", "import", registry.EFFECTS}
    if not has_described_sound and not (is_rehearsal and any(s.dialogue for s in film.shots)):
        return GeneratedSounds()
    adapter = registry.load_adapter_class("previz")
    return GeneratedSounds(
        beds=getattr(adapter, "bed", None),
        murmur=getattr(adapter, "murmur", None) if is_rehearsal else None,
        revision=adapter.revision,
    )
