"""What becomes of damage in a store, said to a person: what costs nothing, and what does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum, auto

from storyboard.graph.steps import BESIDE
from storyboard.providers import registry
from storyboard.run.record import Record
from storyboard.run.upkeep import Damage


class _Fate(Enum):
    KNOWN = auto()
    """The index knows what the sidecar said."""
    BESIDE = auto()
    """Only something beside the take is lost."""
    FREE = auto()
    PAID = auto()


def fates(found: Sequence[Damage], *, repaired: bool) -> list[str]:
    """What is true of all that is damaged, and what brings it back."""
    groups: dict[_Fate, list[Record]] = defaultdict(list)
    for damage in found:
        for record in damage.takes:
            groups[_fate(damage, record)].append(record)
    told = []
    if known := groups[_Fate.KNOWN]:
        how = "written again from the index" if repaired else "the index still knows"
        told.append(f"{how}: {_named(known)}")
    if strange := sum(not (damage.sha256 or damage.takes) for damage in found):
        how = "set aside" if repaired else "not known to the index"
        told.append(
            f"{strange} unreadable, {how}: if a film's lock file names the take, its next render"
            " reads the bytes again"
        )
    if free := groups[_Fate.FREE]:
        told.append(f"the next render makes again, for nothing: {_named(free)}")
    if paid := groups[_Fate.PAID]:
        rebuy = dict.fromkeys(f"--rebuy {_meant(record)}" for record in paid)
        told += [
            f"paid for, and not bought again unasked: {_named(paid)}",
            "hint: bring it from a store that has it: storyboard store fetch FILM --from STORE;"
            f" or buy it again: storyboard render FILM {' '.join(rebuy)}",
        ]
    if beside := groups[_Fate.BESIDE]:
        told.append(f"still plays, less what lay beside it: {_named(beside)}")
    if repaired and any(damage.set_aside for damage in found):
        told.append("damaged files are in damaged/")
    elif not repaired:
        told.append("hint: --repair mends what it can and sets damaged files aside in damaged/")
    return told


def _fate(damage: Damage, record: Record) -> _Fate:
    if not damage.sha256:
        return _Fate.KNOWN
    if record.take.sha256 != damage.sha256:
        return _Fate.BESIDE
    return _Fate.FREE if registry.makers(record.take.provider).repeatable else _Fate.PAID


def _named(records: Iterable[Record]) -> str:
    return ", ".join(dict.fromkeys(f"{r.step or r.take.shot} {r.take.name}" for r in records))


def _meant(record: Record) -> str:
    """What `--rebuy` calls it."""
    return record.step if record.kind in BESIDE else record.take.shot
