"""Saved plans: a render runs exactly what was reviewed, or nothing.

A saved plan names the film, the options that override it and every decision. The render plans the
film again, and the two plans must be equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storyboard.digest import digest_value
from storyboard.errors import MoneyRefused, UsageError
from storyboard.pipeline.plan_snapshot import build_snapshot, describe_snapshot_changes
from storyboard.pipeline.session import FilmSession, Overrides
from storyboard.plan.plan import Plan, TakeRequests
from storyboard.plan.selection import select_shots
from storyboard.printable import to_json_text
from storyboard.util.atomic_files import write_to_file_or_stream

_KEY = "storyboard_plan"
_FORMAT = 1
_HEAD = f'{{"{_KEY}"'
"""What every saved plan begins with, spaces aside."""
_LINES = 8
"""So many changes are named; more are counted."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    path: Path
    film: Path
    overrides: Overrides
    requests: TakeRequests
    shots: tuple[str, ...]
    max_cost_micros: int | None
    """The `--max-cost` that the plan was saved with."""
    snapshot: Mapping[str, Any]

    @property
    def cost_micros(self) -> int:
        """Micro-dollars that were reviewed."""
        return sum(step["cost_micros"] for step in self.snapshot["steps"].values())

    def require_same_plan(self, session: FilmSession, plan: Plan) -> None:
        """Raises MoneyRefused, with a line for each difference from the saved plan."""
        snapshot = json.loads(json.dumps(build_snapshot(session, plan)))
        if lines := describe_snapshot_changes(self.snapshot, snapshot):
            more = [f"and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
            raise MoneyRefused(
                "\n  ".join(["the saved plan is out of date:", *lines[:_LINES], *more]),
                hint=f"plan again: storyboard plan {self.film} --out {self.path} (nothing was "
                "spent)",
            )


def save_plan(
    out: Path,
    session: FilmSession,
    plan: Plan,
    requests: TakeRequests,
    shots: Sequence[str],
    max_cost_micros: int | None,
) -> None:
    """Writes the plan to `out`, by rename if that is a file; makes its folder."""
    document: dict[str, Any] = {
        "film": str(session.film.path),
        "flags": session.overrides.to_fields(),
        "wishes": {
            "retake": sorted(requests.retake),
            "force": sorted(requests.force),
            "rebuy": sorted(requests.rebuy),
            "accept_stale": requests.accept_stale,
        },
        "shots": list(shots),
        "max_cost_micros": max_cost_micros,
        "reviewed": build_snapshot(session, plan),
    }
    payload = {_KEY: _FORMAT, "sha256": digest_value("plan", document), **document}
    write_to_file_or_stream(out, to_json_text(payload, indent=1) + "\n")


def read_saved_plan(path: Path) -> SavedPlan | None:
    """The saved plan in that file, or None if the file is something else, such as a film.

    Raises UsageError for a plan of another format, or for one that was edited.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(1) != b"{":
                return None
            text = (b"{" + stream.read()).decode("utf-8", "replace")
    except OSError:
        return None
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        begins = "".join(text[:80].split())
        if begins.startswith(_HEAD) or _HEAD.startswith(begins):
            raise _corrupt_plan_error(path) from error
        return None
    if not isinstance(payload, dict) or _KEY not in payload:
        return None
    if payload[_KEY] != _FORMAT:
        if isinstance(payload[_KEY], int) and payload[_KEY] > _FORMAT:
            raise UsageError(
                f"{path} was saved by a newer version of storyboard", hint="upgrade storyboard"
            )
        raise _corrupt_plan_error(path)
    document = {key: value for key, value in payload.items() if key not in (_KEY, "sha256")}
    try:
        if payload.get("sha256") != digest_value("plan", document):
            raise _corrupt_plan_error(path)
        requests = payload["wishes"]
        return SavedPlan(
            path=path,
            film=Path(payload["film"]),
            overrides=Overrides.from_fields(payload["flags"]),
            requests=TakeRequests(
                frozenset(requests["retake"]),
                frozenset(requests["force"]),
                frozenset(requests["rebuy"]),
                requests["accept_stale"],
            ),
            shots=tuple(payload["shots"]),
            max_cost_micros=payload["max_cost_micros"],
            snapshot=payload["reviewed"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _corrupt_plan_error(path) from error


def refuse_saved_plan(path: Path) -> None:
    """Raises UsageError where a film is wanted and the file is a saved plan."""
    if read_saved_plan(path) is not None:
        raise UsageError(f"{path} is a saved plan", hint=f"to run it: storyboard render {path}")


def _corrupt_plan_error(path: Path) -> UsageError:
    return UsageError(
        f"the saved plan {path} is damaged or was edited",
        hint=f"save it again: storyboard plan FILM --out {path}",
    )


def parse_take_requests(
    session: FilmSession,
    retake: Sequence[str],
    force: Sequence[str],
    rebuy: Sequence[str],
    accept_stale: bool,
) -> TakeRequests:
    """The command line's wishes as shot ids; UsageError for a shot that is none."""

    def resolve_shots(words: Sequence[str]) -> frozenset[str]:
        return select_shots(session.film, words, session.graph)

    return TakeRequests(
        resolve_shots(retake), resolve_shots(force), resolve_shots(rebuy), accept_stale
    )
