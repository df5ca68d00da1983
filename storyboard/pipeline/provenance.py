"""Where every frame of a film comes from: `FILM.provenance.json` beside the film.

For each range of frames it records the take, its provider, its inputs and its price, and everything
that a policy of the film did during the render. It records words only as their digest, since a
prompt may be private.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storyboard._version import __version__
from storyboard.digest import digest_value
from storyboard.graph.compiler import Graph
from storyboard.graph.steps import Step
from storyboard.graph.timeline import ShotEvent
from storyboard.model.film import Take
from storyboard.model.take import TakeKey
from storyboard.money import micros_to_usd
from storyboard.printable import to_json_text
from storyboard.providers.base import Kind
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.timecode import FrameRange
from storyboard.util.atomic_files import write_text

if TYPE_CHECKING:
    from storyboard.stitching.cut_inputs import CutInputs

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_MODEL = f"{_IPTC}trainedAlgorithmicMedia"
_DRAWN = f"{_IPTC}algorithmicMedia"
_BOTH = f"{_IPTC}compositeWithTrainedAlgorithmicMedia"
_COMPOSITE = f"{_IPTC}composite"
_FAILED_STATES = (State.FAILED, State.FILTERED, State.LOST)


def to_provenance_path(out: Path) -> Path:
    """Beside the film: `build/film.provenance.json` for `build/film.mp4`."""
    return out.with_suffix(".provenance.json")


def write_provenance(
    out: Path,
    inputs: CutInputs,
    graph: Graph,
    takes: Mapping[str, Take],
    attempts: Iterable[Attempt],
    lock_file: LockFile,
) -> None:
    """Writes the record of the film at `out`, which was cut of `inputs`, made of `takes`."""
    timeline = inputs.timeline
    builder = _ProvenanceBuilder(graph, takes, attempts, inputs.hash_path, lock_file)
    ranges = [entry for event in timeline.events for entry in builder.describe_played_ranges(event)]
    narration = [
        builder.describe_take(graph.steps[entry.step], takes[entry.step], entry.span)
        for entry in timeline.narration
        if entry.step in takes
    ]
    used = {entry["step"] for entry in (*ranges, *narration) if entry.get("step")}
    used |= {id for name in used for id in _find_ancestors(graph, name)}
    document = {
        "format": 1,
        "film": out.name,
        "title": inputs.film.title,
        "storyboard": __version__,
        "frames": timeline.length,
        "rate": str(timeline.rate),
        "seconds": float(timeline.rate.to_seconds(timeline.length)),
        "digital_source_type": _combine_source_types(
            entry.get("digital_source_type") for entry in ranges
        ),
        "price_usd": micros_to_usd(sum(_collect_take_prices_micros(takes, used).values())),
        "ranges": ranges,
        "narration": narration,
        "made_from": [
            builder.describe_take(graph.steps[id], takes[id], None)
            for id in sorted(
                used - {entry["step"] for entry in (*ranges, *narration) if "step" in entry}
            )
            if id in takes
        ],
    }
    text = to_json_text(document, indent=1) + "\n"
    write_text(to_provenance_path(out), text)


def refresh_provenance_notes(out: Path, lock_file: LockFile) -> None:
    """Updates the notes in an existing film's record from the lock file.

    The rest of the record describes how the film was made, which does not change.
    """
    path = to_provenance_path(out)
    try:
        document = json.loads(path.read_text("utf-8"))
        entries = [each for key in ("ranges", "narration", "made_from") for each in document[key]]
        for each in entries:
            if "take" not in each:
                continue
            each.pop("note", None)
            if note := lock_file.find_note(each["digest"], each["sha256"], each["take"]):
                each["note"] = note
    except (OSError, ValueError, KeyError, TypeError):
        return  # not as we write it: the next cut writes it anew
    text = to_json_text(document, indent=1) + "\n"
    if json.loads(path.read_text("utf-8")) != document:
        write_text(path, text)


class _ProvenanceBuilder:
    def __init__(
        self,
        graph: Graph,
        takes: Mapping[str, Take],
        attempts: Iterable[Attempt],
        hash_path: Callable[[Path], str],
        lock_file: LockFile,
    ) -> None:
        self._selects = lock_file
        self._graph = graph
        self._takes = takes
        self._hash_path = hash_path
        self._failed_attempts: dict[str, list[Attempt]] = {}
        for attempt in attempts:
            if attempt.state in _FAILED_STATES:
                self._failed_attempts.setdefault(attempt.digest, []).append(attempt)

    def describe_played_ranges(self, event: ShotEvent) -> list[dict[str, Any]]:
        """What an event plays, part by part, in frames of the film (the end is exclusive)."""
        entries = []
        start = event.visible.start
        for slice_ in event.slices:
            span = FrameRange(start, start + slice_.source.length)
            start = span.end
            if slice_.step in self._takes:
                entry = self.describe_take(
                    self._graph.steps[slice_.step], self._takes[slice_.step], span
                )
                entry["source_frames"] = [slice_.source.start, slice_.source.end]
            else:
                entry = {**_to_json_range(span), "plain": slice_.card or slice_.color or "black"}
            entries.append({"shot": event.shot, **entry, **_describe_transitions_over(event, span)})
        return entries

    def describe_take(self, step: Step, take: Take, span: FrameRange | None) -> dict[str, Any]:
        """A take and what it was made from."""
        failures = self._failed_attempts.get(take.digest, [])
        fields: dict[str, Any] = {
            **(_to_json_range(span) if span else {}),
            "step": step.id,
            "kind": step.kind.value,
            "take": take.name,
            "sha256": take.sha256,
            "digest": take.digest,
            "provider": take.provider,
            "model": take.model,
            "prompt_sha256": digest_value("prompt", step.prompt) if step.prompt else "",
            "seed": take.seed,
            "operation": take.operation,
            "price_usd": micros_to_usd(take.price_micros),
            "trim": self._selects.find_trim_fields(take),
            "note": self._selects.find_note(take.digest, take.sha256, take.name),
            "references": self._list_references(step),
            "parents": self._list_parents(step),
            "digital_source_type": self._find_digital_source_type(step),
            "contains_source": take.contains_source if step.kind is Kind.EXTEND else None,
            "instead": step.instead,
            "policy": [
                {
                    "outcome": attempt.state.value,
                    "why": attempt.message,
                    "price_usd": _to_settled_usd(attempt),
                }
                for attempt in failures
            ],
        }
        return {key: value for key, value in fields.items() if value not in (None, "", [], {})}

    def _find_digital_source_type(self, step: Step) -> str:
        """IPTC's word for it; empty for footage, of which we know nothing."""
        if step.kind is Kind.IMPORT:
            return ""
        if step.kind is Kind.EFFECT:  # it is what its takes are
            kinds = {self._find_digital_source_type(self._graph.steps[id]) for id in step.parents}
            return kinds.pop() if len(kinds) == 1 else _combine_source_types(kinds)
        return _DRAWN if step.provider == "previz" else _MODEL

    def _list_references(self, step: Step) -> list[dict[str, str]]:
        return [
            {
                "role": link.role.value,
                "file": link.file.name,
                "sha256": self._hash_path(link.file.path),
                **({"cast": link.cast} if link.cast else {}),
            }
            for link in step.links
            if link.file is not None and link.file.path.is_file()
        ]

    def _list_parents(self, step: Step) -> list[dict[str, str]]:
        return [
            {
                "role": link.role.value,
                "step": link.step,
                "take": self._takes[link.step].name,
                "sha256": self._takes[link.step].sha256,
            }
            for link in step.links
            if link.step in self._takes
        ]


def _find_ancestors(graph: Graph, step_id: str) -> set[str]:
    ancestors: set[str] = set()
    stack = [step_id]
    while stack:
        for parent in graph.steps[stack.pop()].parents:
            if parent not in ancestors:
                ancestors.add(parent)
                stack.append(parent)
    return ancestors


def _to_json_range(span: FrameRange) -> dict[str, int]:
    return {"from": span.start, "to": span.end}


def _describe_transitions_over(event: ShotEvent, span: FrameRange) -> dict[str, Any]:
    """The transitions that lie over a range."""
    transitions = {"entering": event.entering, "leaving": event.leaving}
    return {
        name: {"kind": blend.kind, **_to_json_range(blend.span)}
        for name, blend in transitions.items()
        if blend is not None and blend.span.intersect_with(span)
    }


def _combine_source_types(kinds: Iterable[str | None]) -> str:
    source_types = {kind or "" for kind in kinds}
    if source_types <= {_MODEL}:
        return _MODEL
    if _MODEL in source_types:
        return _BOTH
    return _DRAWN if source_types <= {_DRAWN, ""} and _DRAWN in source_types else _COMPOSITE


def _to_settled_usd(attempt: Attempt) -> float | None:
    return micros_to_usd(attempt.settled_micros) if attempt.settled_micros else None


def _collect_take_prices_micros(
    takes_by_step: Mapping[str, Take], steps: Iterable[str]
) -> dict[TakeKey, int]:
    """The price of each take, once; two takes with equal bytes were both paid."""
    used = [takes_by_step[id] for id in steps if id in takes_by_step]
    return {take.key: take.price_micros for take in used}
