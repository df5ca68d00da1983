"""What the run logs of a film say was ordered: the only other word on it when a ledger is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ordered:
    """One take that a run set out to make, and that never came as far as its log knows."""

    digest: str
    ordinal: int
    run: str = ""
    step: str = ""
    shot: str = ""
    kind: str = ""
    provider: str = ""
    model: str = ""
    place: int = 0
    """Among the takes that were begun with it."""
    operation: str = ""
    """The last that it was known by; a later order may have no name."""


def runs(state: Path) -> frozenset[str]:
    """The runs that have left a log in the state folder."""
    return frozenset(path.stem for path in (state / "runs").glob("*.jsonl"))


def ordered(state: Path) -> list[Ordered]:
    """Takes that runs of the film in that state folder began and did not bring home."""
    left: dict[tuple[str, int], Ordered] = {}
    steps: dict[str, str] = {}
    for path in sorted((state / "runs").glob("*.jsonl")):
        for told in _records(path):
            kind, step = told.get("type"), str(told.get("step", ""))
            digest = str(told.get("digest", "")) or steps.get(step, "")
            takes = [(digest, n) for n in _ordinals(str(told.get("take", "")))]
            if kind == "step_started":
                steps[step] = digest
                for place, key in enumerate(takes):
                    left[key] = _begun(told, key, place, path.stem, left.get(key))
            elif kind == "operation_started":
                for key in takes:
                    if key in left:
                        left[key] = replace(left[key], operation=str(told.get("operation", "")))
            elif kind == "take_added":
                for key in takes:
                    left.pop(key, None)
    return list(left.values())


def _begun(
    told: Mapping[str, Any], key: tuple[str, int], place: int, run: str, before: Ordered | None
) -> Ordered:
    step, shot, kind, provider, model = (
        str(told.get(name, "")) for name in ("step", "shot", "kind", "provider", "model")
    )
    known = before.operation if before else ""
    return Ordered(*key, run, step, shot, kind, provider, model, place, known)


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    """A run that was killed may have left half a line."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict):
            yield told


def _ordinals(takes: str) -> list[int]:
    """1 and 2 of `t01, t02`."""
    names = (name.strip() for name in takes.split(","))
    return [int(name[1:]) for name in names if name[:1] == "t" and name[1:].isdigit()]
