"""Saved plans: what was reviewed is what runs, or nothing does.

A saved plan names the film, what was laid over it and everything that was decided; at render the
film is planned again and must come to the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storyboard.digest import digest
from storyboard.errors import MoneyRefused, UsageError
from storyboard.graph.choose import chosen_shots
from storyboard.graph.plan import Plan, Wishes
from storyboard.production import Flags, Production
from storyboard.reviewed import moved, reviewed
from storyboard.run.durable import write_out

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
    flags: Flags
    wishes: Wishes
    shots: tuple[str, ...]
    max_cost_micros: int | None
    """The `--max-cost` that the plan was saved with."""
    reviewed: Mapping[str, Any]

    @property
    def cost_micros(self) -> int:
        """Micro-dollars that were reviewed."""
        return sum(step["cost_micros"] for step in self.reviewed["steps"].values())

    def confirm(self, production: Production, plan: Plan) -> None:
        """Raises MoneyRefused, a line for whatever moved, unless `plan` comes to the same."""
        told = json.loads(json.dumps(reviewed(production, plan)))
        if lines := moved(self.reviewed, told):
            more = [f"and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
            raise MoneyRefused(
                "\n  ".join(["the saved plan is no longer true:", *lines[:_LINES], *more]),
                hint=f"nothing was spent; plan again: storyboard plan {self.film} "
                f"--out {self.path}",
            )


def save_plan(
    out: Path,
    production: Production,
    plan: Plan,
    wishes: Wishes,
    shots: Sequence[str],
    max_cost_micros: int | None,
) -> None:
    """Writes the plan to `out`, by rename where that is a file; its folder is made."""
    document: dict[str, Any] = {
        "film": str(production.film.path),
        "flags": production.flags.to_fields(),
        "wishes": {
            "retake": sorted(wishes.retake),
            "force": sorted(wishes.force),
            "rebuy": sorted(wishes.rebuy),
            "accept_stale": wishes.accept_stale,
        },
        "shots": list(shots),
        "max_cost_micros": max_cost_micros,
        "reviewed": reviewed(production, plan),
    }
    told = {_KEY: _FORMAT, "sha256": digest("plan", document), **document}
    write_out(out, json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def read_plan(path: Path) -> SavedPlan | None:
    """The saved plan in that file, or None where the file is something else, such as a film.

    Raises UsageError for a plan of another format, or one that is not as it was written.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(1) != b"{":
                return None
            text = (b"{" + stream.read()).decode("utf-8", "replace")
    except OSError:
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        begins = "".join(text[:80].split())
        if begins.startswith(_HEAD) or _HEAD.startswith(begins):
            raise _damaged(path) from error
        return None
    if not isinstance(told, dict) or _KEY not in told:
        return None
    if told[_KEY] != _FORMAT:
        if isinstance(told[_KEY], int) and told[_KEY] > _FORMAT:
            raise UsageError(f"{path} was saved by a newer storyboard", hint="upgrade storyboard")
        raise _damaged(path)
    document = {key: value for key, value in told.items() if key not in (_KEY, "sha256")}
    try:
        if told.get("sha256") != digest("plan", document):
            raise _damaged(path)
        wishes = told["wishes"]
        return SavedPlan(
            path=path,
            film=Path(told["film"]),
            flags=Flags.from_fields(told["flags"]),
            wishes=Wishes(
                frozenset(wishes["retake"]),
                frozenset(wishes["force"]),
                frozenset(wishes["rebuy"]),
                wishes["accept_stale"],
            ),
            shots=tuple(told["shots"]),
            max_cost_micros=told["max_cost_micros"],
            reviewed=told["reviewed"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> UsageError:
    return UsageError(
        f"the saved plan {path} is damaged, or not as it was saved",
        hint=f"make it anew: storyboard plan FILM --out {path}",
    )


def wishes_of(
    production: Production,
    retake: Sequence[str],
    force: Sequence[str],
    rebuy: Sequence[str],
    accept_stale: bool,
) -> Wishes:
    """The command line's wishes as shot ids; UsageError for a shot that is none."""

    def shots(words: Sequence[str]) -> frozenset[str]:
        return chosen_shots(production.film, words, production.graph)

    return Wishes(shots(retake), shots(force), shots(rebuy), accept_stale)
