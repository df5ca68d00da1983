"""What becomes of damage in a store, said to a person: what costs nothing, and what does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum, auto

from storyboard.graph.steps import HELPER_KINDS
from storyboard.providers import registry
from storyboard.run.maintenance.store_maintenance import StoreDefect
from storyboard.run.store.take_record import TakeRecord


class _Recovery(Enum):
    KNOWN = auto()
    """The index knows what the sidecar said."""
    BESIDE = auto()
    """Only something beside the take is lost."""
    FREE = auto()
    PAID = auto()


def describe_recovery(defects: Sequence[StoreDefect], *, is_repaired: bool) -> list[str]:
    """What is true of all that is damaged, and what brings it back."""
    groups: dict[_Recovery, list[TakeRecord]] = defaultdict(list)
    for defect in defects:
        for record in defect.takes:
            groups[_choose_recovery(defect, record)].append(record)
    lines = []
    if indexed := groups[_Recovery.KNOWN]:
        state = "restored from the index" if is_repaired else "still in the index"
        lines.append(f"{state}: {_format_take_names(indexed)}")
    if unreadable_count := sum(not (defect.sha256 or defect.takes) for defect in defects):
        state = "moved to damaged/" if is_repaired else "not in the index"
        lines.append(
            f"{unreadable_count} unreadable, {state}: if the take is in a film's lock file, "
            "the next render reads the file again"
        )
    if free := groups[_Recovery.FREE]:
        lines.append(f"made again by the next render, free of charge: {_format_take_names(free)}")
    if paid := groups[_Recovery.PAID]:
        rebuy = dict.fromkeys(f"--rebuy {_name_rebuy_target(record)}" for record in paid)
        lines += [
            f"paid, and not bought again automatically: {_format_take_names(paid)}",
            "hint: copy it from a store that has it: storyboard store fetch FILM --from "
            f"STORE; or buy it again: storyboard render FILM {' '.join(rebuy)}",
        ]
    if partial := groups[_Recovery.BESIDE]:
        lines.append(
            f"still usable, but a file beside it is damaged: {_format_take_names(partial)}"
        )
    if is_repaired and any(defect.can_quarantine for defect in defects):
        lines.append("the damaged files are now in damaged/")
    elif not is_repaired:
        lines.append(
            "hint: use --repair to repair what is possible and move damaged files to damaged/"
        )
    return lines


def _choose_recovery(defect: StoreDefect, record: TakeRecord) -> _Recovery:
    if not defect.sha256:
        return _Recovery.KNOWN
    if record.take.sha256 != defect.sha256:
        return _Recovery.BESIDE
    return (
        _Recovery.FREE
        if registry.read_provider_traits(record.take.provider).repeatable
        else _Recovery.PAID
    )


def _format_take_names(records: Iterable[TakeRecord]) -> str:
    return ", ".join(dict.fromkeys(f"{r.step or r.take.shot} {r.take.name}" for r in records))


def _name_rebuy_target(record: TakeRecord) -> str:
    """What `--rebuy` calls it."""
    return record.step if record.kind in HELPER_KINDS else record.take.shot
