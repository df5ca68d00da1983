"""Looking after a store: reading every byte again, and throwing away what no film wants."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

from storyboard.digest import file_sha256
from storyboard.disk import disk_errors
from storyboard.run.record import Record
from storyboard.run.store import UNREADABLE, Store, read_sidecar
from storyboard.run.workplace import clear_dead

_ORPHAN_AGE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing wrong in the store."""

    what: str
    """`changed` bytes, `missing` bytes or sidecar, an `unreadable` sidecar."""
    path: Path
    sha256: str = ""
    """Of the bytes; empty for a sidecar."""
    takes: tuple[Record, ...] = ()
    """The takes that are lost with it; of a sidecar, the take that the index still knows."""

    @property
    def set_aside(self) -> bool:
        """Whether repair moves it to `damaged/`: what is there, and not known otherwise."""
        return self.what != "missing" and bool(self.sha256 or not self.takes)

    def __str__(self) -> str:
        names = ", ".join(f"{one.take.shot} {one.take.name}" for one in self.takes)
        return f"{self.path.name} is {self.what}" + (f": {names}" if names else "")


@dataclass(frozen=True, slots=True)
class Swept:
    """What `sweep` removed, or would."""

    takes: int = 0
    files: int = 0
    size: int = 0
    """Bytes."""
    price_micros: int = 0
    """What the takes had cost."""
    spared: tuple[Record, ...] = ()
    """Takes that stay because nobody could say whether they are wanted."""


def verify(store: Store, *, repair: bool = False) -> list[Damage]:
    """Reads every file and sidecar again; empty when all is as it was.

    `repair` sets damaged bytes aside in `damaged/`, writes sidecars again that the index knows,
    sets the others aside too, and rebuilds the index.
    """
    wanted: dict[str, list[Record]] = {}
    found: list[Damage] = []
    indexed = {store.sidecar(record): record for record in store.ls()}
    for path in sorted({*(store.root / "takes").glob("??/*/t*.json"), *indexed}):
        record: Record | None
        try:
            record = read_sidecar(path)
        except UNREADABLE:
            record = indexed.get(path)
            what = "unreadable" if path.exists() else "missing"
            found.append(Damage(what, path, takes=(record,) if record else ()))
        if record is not None:
            for sha256 in _contents(record):
                wanted.setdefault(sha256, []).append(record)
    seen = set()
    for path in store.files():
        sha256 = path.name.partition(".")[0]
        seen.add(sha256)
        if file_sha256(path) != sha256:
            found.append(Damage("changed", path, sha256, tuple(wanted.get(sha256, ()))))
    for sha256, records in wanted.items():
        if sha256 not in seen:
            path = store.root / "takes" / sha256[:2] / sha256
            found.append(Damage("missing", path, sha256, tuple(records)))
    if repair and found:
        store.confirm_writable()
    if repair:
        with disk_errors(str(store.root)):
            for damage in found:
                _repair(store, damage)
        store.rebuild()
    return found


def sweep(
    store: Store,
    keep: Set[str],
    *,
    unsure: Callable[[Record], bool] = lambda _: False,
    dry_run: bool = False,
) -> Swept:
    """Removes every take whose content is not in `keep`, then bytes that no take wants.

    `keep` holds the SHA-256 of media that films hold on to; takes that are `unsure` stay as well.
    What is being made now, and loose files younger than an hour, are left alone.
    """
    if not dry_run:
        store.confirm_writable()
    busy = store.claims.known()
    kept: set[str] = set(keep)
    spared: list[Record] = []
    gone: list[Record] = []
    for record in store.ls():
        if record.take.sha256 in keep or record.take.digest in busy:
            pass
        elif unsure(record):
            spared.append(record)
        else:
            gone.append(record)
            continue
        kept |= _contents(record)
    young = time.time() - _ORPHAN_AGE_S
    forgotten = {sha256 for record in gone for sha256 in _contents(record)}
    loose = [
        path
        for path in store.files()
        if (sha := path.name.partition(".")[0]) not in kept
        and (sha in forgotten or path.stat().st_mtime < young)
    ]
    size = sum(path.stat().st_size for path in loose)
    if not dry_run:
        for record in gone:
            store.forget(record)
        for path in loose:
            path.unlink(missing_ok=True)
    price = sum(record.take.price_micros for record in gone)
    return Swept(len(gone), len(loose), size, price, tuple(spared))


def _contents(record: Record) -> set[str]:
    return {record.take.sha256, *record.take.attachments.values()}


def tidy(store: Store, state: Path) -> None:
    """Removes what runs left that died with all made; `state` is the folder of their film."""
    if store.writable:
        clear_dead(store.root)
        store.claims.clear(str(state.absolute()), frozenset())


def _repair(store: Store, damage: Damage) -> None:
    if not damage.sha256 and damage.takes:
        store.add_all(damage.takes)
    if not damage.set_aside:
        return
    folder = store.root / "damaged"
    folder.mkdir(exist_ok=True)
    path = damage.path
    name = path.name if damage.sha256 else f"{path.parent.name}-{path.name}"
    with contextlib.suppress(FileNotFoundError):
        path.replace(folder / name)
