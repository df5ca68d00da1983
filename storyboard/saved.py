"""Saved plans: what was reviewed is what runs, or nothing does.

A saved plan names the film, what was laid over it and every decision; at render the film is
planned again and must come to the same decisions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storyboard.errors import MoneyRefused, UsageError
from storyboard.graph.choose import chosen_shots
from storyboard.graph.plan import Node, Plan, Wishes
from storyboard.production import Flags, Production
from storyboard.run.durable import write_text

_KEY = "storyboard_plan"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class SavedPlan:
    film: Path
    flags: Flags
    wishes: Wishes
    shots: tuple[str, ...]
    decisions: Mapping[str, Mapping[str, Any]]
    """By step id: action, digest, ordinals, cost in micro-dollars."""

    def confirm(self, plan: Plan) -> None:
        """Raises MoneyRefused, saying what moved, unless `plan` decides just the same."""
        now = _decisions(plan)
        moved = []
        for id in dict.fromkeys((*self.decisions, *now)):
            before, after = self.decisions.get(id), now.get(id)
            if before == after or (after is not None and _cheaper(before, after)):
                continue
            if before is None:
                moved.append(f"{id} is new")
            elif after is None:
                moved.append(f"{id} is gone")
            elif before["action"] != after["action"]:
                moved.append(f"{id} was {before['action']}, now {after['action']}")
            elif before["cost_micros"] != after["cost_micros"]:
                moved.append(f"{id} has another price")
            else:
                moved.append(f"{id} asks for something else")
        if moved:
            more = f" and {len(moved) - 6} more" if len(moved) > 6 else ""
            raise MoneyRefused(
                f"the saved plan is no longer true: {'; '.join(moved[:6])}{more}",
                hint=f"plan again: storyboard plan {self.film} --out …",
            )


def save_plan(
    out: Path, film: Path, flags: Flags, plan: Plan, wishes: Wishes, shots: Sequence[str]
) -> None:
    """Writes the plan to `out`, by rename."""
    document = {
        _KEY: _FORMAT,
        "film": str(film.absolute()),
        "flags": asdict(flags),
        "wishes": {
            "retake": sorted(wishes.retake),
            "force": sorted(wishes.force),
            "rebuy": sorted(wishes.rebuy),
            "accept_stale": wishes.accept_stale,
        },
        "shots": list(shots),
        "steps": _decisions(plan),
    }
    write_text(out, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def read_plan(path: Path) -> SavedPlan | None:
    """The saved plan in that file, or None where the file is something else, such as a film.

    Raises UsageError for a plan of a newer format, or one that is damaged.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(1) != b"{":
                return None
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or _KEY not in told:
        return None
    if told[_KEY] != _FORMAT:
        raise UsageError(f"{path} was saved by a newer storyboard", hint="upgrade storyboard")
    try:
        wishes = told["wishes"]
        return SavedPlan(
            film=Path(told["film"]),
            flags=Flags(**told["flags"]),
            wishes=Wishes(
                frozenset(wishes["retake"]),
                frozenset(wishes["force"]),
                frozenset(wishes["rebuy"]),
                wishes["accept_stale"],
            ),
            shots=tuple(told["shots"]),
            decisions=told["steps"],
        )
    except (KeyError, TypeError) as error:
        raise UsageError(f"{path} is a damaged plan", hint="save it again") from error


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


def _decisions(plan: Plan) -> dict[str, dict[str, Any]]:
    return {node.step.id: _decision(node) for node in plan.nodes}


def _cheaper(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """A step whose takes have come since: a plan is an upper bound, and less is always true."""
    if before is None:
        return False
    fewer = set(after["ordinals"]) <= set(before["ordinals"])
    same = not before["digest"] or before["digest"] == after["digest"]
    return fewer and same and after["cost_micros"] <= before["cost_micros"]


def _decision(node: Node) -> dict[str, Any]:
    return {
        "action": node.action.value,
        "digest": node.digest,
        "ordinals": list(node.ordinals),
        "cost_micros": node.cost_micros,
    }
