"""Where every frame of a film comes from: `FILM.provenance.json` beside the film.

Per range of frames the take, who made it, of what, for how much; and whatever a policy of the film
did on the way. Words are told by their hash: a prompt may be nobody else's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from storyboard.digest import digest
from storyboard.film import Film, Take
from storyboard.graph.compile import Graph
from storyboard.graph.steps import Step
from storyboard.graph.timeline import Event, Timeline
from storyboard.providers.base import Kind
from storyboard.run.attempts import Attempt, State
from storyboard.run.durable import write_text
from storyboard.run.hashing import Hashes
from storyboard.run.record import usd
from storyboard.run.selects import Selects
from storyboard.timecode import FrameRange

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_MODEL = f"{_IPTC}trainedAlgorithmicMedia"
_DRAWN = f"{_IPTC}algorithmicMedia"
_BOTH = f"{_IPTC}compositeWithTrainedAlgorithmicMedia"
_PARTS = f"{_IPTC}composite"
_REFUSED = (State.FAILED, State.FILTERED, State.LOST)


def provenance_file(out: Path) -> Path:
    """Beside the film: `build/film.provenance.json` for `build/film.mp4`."""
    return out.with_suffix(".provenance.json")


def write_provenance(
    out: Path,
    film: Film,
    graph: Graph,
    timeline: Timeline,
    takes: Mapping[str, Take],
    attempts: Iterable[Attempt],
    hashes: Hashes,
    selects: Selects,
) -> Path:
    """Writes the record of the film at `out`; `timeline` is the one that was cut."""
    teller = _Teller(film, graph, takes, attempts, hashes, selects)
    ranges = [each for event in timeline.events for each in teller.ranges(event)]
    told = [
        teller.made(graph.steps[each.step], takes[each.step], each.span)
        for each in timeline.told
        if each.step in takes
    ]
    used = {each["step"] for each in (*ranges, *told) if each.get("step")}
    used |= {id for name in used for id in _ancestry(graph, name)}
    document = {
        "format": 1,
        "film": out.name,
        "title": film.title,
        "storyboard": version("storyboard"),
        "frames": timeline.length,
        "rate": str(timeline.rate),
        "seconds": float(timeline.rate.seconds(timeline.length)),
        "digital_source_type": _of_all(each.get("digital_source_type") for each in ranges),
        "price_usd": usd(sum(_prices(takes, used).values())),
        "ranges": ranges,
        "narration": told,
        "made_from": [
            teller.made(graph.steps[id], takes[id], None)
            for id in sorted(used - {each["step"] for each in (*ranges, *told) if "step" in each})
            if id in takes
        ],
    }
    path = provenance_file(out)
    write_text(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    return path


def refresh_notes(out: Path, selects: Selects) -> None:
    """Brings the notes in the record of a film that stands to what the lock file says now.

    The rest of the record tells how the film was made, which is over.
    """
    path = provenance_file(out)
    try:
        document = json.loads(path.read_text("utf-8"))
        told = [each for key in ("ranges", "narration", "made_from") for each in document[key]]
        for each in told:
            if "take" not in each:
                continue
            each.pop("note", None)
            if note := selects.note(each["digest"], int(each["take"][1:])):
                each["note"] = note
    except (OSError, ValueError, KeyError, TypeError):
        return  # not as we write it: the next cut writes it anew
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    if json.loads(path.read_text("utf-8")) != document:
        write_text(path, text)


class _Teller:
    def __init__(
        self,
        film: Film,
        graph: Graph,
        takes: Mapping[str, Take],
        attempts: Iterable[Attempt],
        hashes: Hashes,
        selects: Selects,
    ) -> None:
        self._film = film
        self._selects = selects
        self._graph = graph
        self._takes = takes
        self._hashes = hashes
        self._refused: dict[str, list[Attempt]] = {}
        for each in attempts:
            if each.state in _REFUSED:
                self._refused.setdefault(each.digest, []).append(each)

    def ranges(self, event: Event) -> list[dict[str, Any]]:
        """What an event plays, piece by piece, in frames of the film (the end is exclusive)."""
        found = []
        start = event.visible.start
        for part in event.slices:
            span = FrameRange(start, start + part.source.length)
            start = span.end
            if part.step in self._takes:
                told = self.made(self._graph.steps[part.step], self._takes[part.step], span)
                told["source_frames"] = [part.source.start, part.source.end]
            else:
                told = {**_span(span), "plain": part.card or part.color or "black"}
            found.append({"shot": event.shot, **told, **_joins(event, span)})
        return found

    def made(self, step: Step, take: Take, span: FrameRange | None) -> dict[str, Any]:
        """A take and what it was made of."""
        refused = self._refused.get(take.digest, [])
        told: dict[str, Any] = {
            **(_span(span) if span else {}),
            "step": step.id,
            "kind": step.kind.value,
            "take": take.name,
            "sha256": take.sha256,
            "digest": take.digest,
            "provider": take.provider,
            "model": take.model,
            "prompt_sha256": digest("prompt", step.prompt) if step.prompt else "",
            "seed": take.seed,
            "operation": take.operation,
            "price_usd": usd(take.price_micros),
            "trim": self._selects.trim_text(take.digest, take.ordinal),
            "note": self._selects.note(take.digest, take.ordinal),
            "references": self._references(step),
            "parents": self._parents(step),
            "digital_source_type": self._source_type(step),
            "contains_source": take.contains_source if step.kind is Kind.EXTEND else None,
            "instead": step.instead,
            "policy": [
                {"outcome": each.state.value, "why": each.message, "price_usd": _settled(each)}
                for each in refused
            ],
        }
        return {key: value for key, value in told.items() if value not in (None, "", [], {})}

    def _source_type(self, step: Step) -> str:
        """IPTC's word for it; empty for footage, of which we know nothing."""
        if step.kind is Kind.IMPORT:
            return ""
        if step.kind is Kind.EFFECT:  # it is what its takes are
            kinds = {self._source_type(self._graph.steps[id]) for id in step.parents}
            return kinds.pop() if len(kinds) == 1 else _of_all(kinds)
        return _DRAWN if step.provider == "previz" else _MODEL

    def _references(self, step: Step) -> list[dict[str, str]]:
        return [
            {
                "role": link.role.value,
                "file": link.file.name,
                "sha256": self._hashes(link.file.path),
                **({"cast": link.cast} if link.cast else {}),
            }
            for link in step.links
            if link.file is not None and link.file.path.is_file()
        ]

    def _parents(self, step: Step) -> list[dict[str, str]]:
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


def _ancestry(graph: Graph, id: str) -> set[str]:
    found: set[str] = set()
    stack = [id]
    while stack:
        for parent in graph.steps[stack.pop()].parents:
            if parent not in found:
                found.add(parent)
                stack.append(parent)
    return found


def _span(span: FrameRange) -> dict[str, int]:
    return {"from": span.start, "to": span.end}


def _joins(event: Event, span: FrameRange) -> dict[str, Any]:
    """The transitions that lie over a range."""
    joins = {"entering": event.entering, "leaving": event.leaving}
    return {
        name: {"kind": blend.kind.value, **_span(blend.span)}
        for name, blend in joins.items()
        if blend is not None and blend.span.intersection(span)
    }


def _of_all(kinds: Iterable[str | None]) -> str:
    found = {kind or "" for kind in kinds}
    if found <= {_MODEL}:
        return _MODEL
    if _MODEL in found:
        return _BOTH
    return _DRAWN if found <= {_DRAWN, ""} and _DRAWN in found else _PARTS


def _settled(attempt: Attempt) -> float | None:
    return usd(attempt.settled_micros) if attempt.settled_micros else None


def _prices(takes: Mapping[str, Take], steps: Iterable[str]) -> dict[tuple[str, int], int]:
    """What each take cost, once; two that came out the same were paid for twice."""
    used = [takes[id] for id in steps if id in takes]
    return {(take.digest, take.ordinal): take.price_micros for take in used}
