"""What the run logs of a film say was ordered: the only other word on it when a ledger is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class LoggedSubmission:
    """One take that a run set out to make, and that never came as far as its log knows."""

    digest: str
    ordinal: int
    run: str = ""
    step: str = ""
    shot: str = ""
    kind: str = ""
    provider: str = ""
    model: str = ""
    position: int = 0
    """Among the takes that were begun with it."""
    operation: str = ""
    """The last that it was known by; a later order may have no name."""


def list_logged_runs(state_folder: Path) -> frozenset[str]:
    """The runs that have left a log in the state folder."""
    return frozenset(path.stem for path in (state_folder / "runs").glob("*.jsonl"))


def find_unfinished_submissions(state_folder: Path) -> list[LoggedSubmission]:
    """Takes that runs of the film in that state folder began and did not bring home."""
    unfinished: dict[tuple[str, int], LoggedSubmission] = {}
    steps: dict[str, str] = {}
    for path in sorted((state_folder / "runs").glob("*.jsonl")):
        for record in _read_log_records(path):
            kind, step = record.get("type"), str(record.get("step", ""))
            digest = str(record.get("digest", "")) or steps.get(step, "")
            takes = [(digest, n) for n in _parse_ordinals(str(record.get("take", "")))]
            if kind == "step_started":
                steps[step] = digest
                for position, key in enumerate(takes):
                    unfinished[key] = _to_submission(
                        record, key, position, path.stem, unfinished.get(key)
                    )
            elif kind == "operation_started":
                for key in takes:
                    if key in unfinished:
                        unfinished[key] = replace(
                            unfinished[key], operation=str(record.get("operation", ""))
                        )
            elif kind == "take_added":
                for key in takes:
                    unfinished.pop(key, None)
    return list(unfinished.values())


def _to_submission(
    record: Mapping[str, Any],
    key: tuple[str, int],
    position: int,
    run: str,
    earlier: LoggedSubmission | None,
) -> LoggedSubmission:
    step, shot, kind, provider, model = (
        str(record.get(name, "")) for name in ("step", "shot", "kind", "provider", "model")
    )
    operation = earlier.operation if earlier else ""
    return LoggedSubmission(*key, run, step, shot, kind, provider, model, position, operation)


def _read_log_records(path: Path) -> Iterator[Mapping[str, Any]]:
    """A run that was killed may have left half a line."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def _parse_ordinals(take_names: str) -> list[int]:
    """1 and 2 of `t01, t02`."""
    names = (name.strip() for name in take_names.split(","))
    return [int(name[1:]) for name in names if name[:1] == "t" and name[1:].isdigit()]
