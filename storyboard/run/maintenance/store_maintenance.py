"""Looking after a store: reading every byte again, and throwing away what no film wants."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

from storyboard.digest import hash_file
from storyboard.run.executor.workspace import remove_dead_scratch_folders
from storyboard.run.store.store import SIDECAR_ERRORS, Store, read_sidecar
from storyboard.run.store.take_record import TakeRecord
from storyboard.util.machine_errors import explain_machine_errors

_SETTLED_AGE_S = 3600.0
"""A file that nothing names is as old as this, or a take is about to name it."""


@dataclass(frozen=True, slots=True)
class StoreDefect:
    """One thing wrong in the store."""

    problem: str
    """`changed` bytes, `missing` bytes or sidecar, an `unreadable` sidecar."""
    path: Path
    sha256: str = ""
    """Of the bytes; empty for a sidecar."""
    takes: tuple[TakeRecord, ...] = ()
    """The takes that are lost with it; of a sidecar, the take that the index still knows."""

    @property
    def can_quarantine(self) -> bool:
        """Whether repair moves it to `damaged/`: what is there, and not known otherwise."""
        return self.problem != "missing" and bool(self.sha256 or not self.takes)

    def __str__(self) -> str:
        names = ", ".join(f"{record.take.shot} {record.take.name}" for record in self.takes)
        return f"{self.path.name} is {self.problem}" + (f": {names}" if names else "")


@dataclass(frozen=True, slots=True)
class GcReport:
    """What `collect_garbage` removed, or would."""

    takes: int = 0
    files: int = 0
    size: int = 0
    """Bytes."""
    price_micros: int = 0
    """What the takes had cost."""
    spared: tuple[TakeRecord, ...] = ()
    """Takes that stay because nobody could say whether they are wanted."""
    unnamed_files: tuple[Path, ...] = ()
    """Files that stay though no take and no film names them: nobody can say what they cost."""


def verify_store(store: Store, *, repair: bool = False) -> list[StoreDefect]:
    """Reads every file and sidecar again; empty when all is as it was.

    `repair` sets damaged bytes aside in `damaged/`, writes sidecars again that the index knows,
    sets the others aside too, and rebuilds the index.
    """
    records_by_sha256: dict[str, list[TakeRecord]] = {}
    defects: list[StoreDefect] = []
    indexed = {store.locate_sidecar(record): record for record in store.list_records()}
    for path in sorted({*(store.root / "takes").glob("??/*/t*.json"), *indexed}):
        record: TakeRecord | None
        try:
            record = read_sidecar(path)
        except SIDECAR_ERRORS:
            record = indexed.get(path)
            problem = "unreadable" if path.exists() else "missing"
            defects.append(StoreDefect(problem, path, takes=(record,) if record else ()))
        if record is not None:
            for sha256 in _list_sha256s(record):
                records_by_sha256.setdefault(sha256, []).append(record)
    present_files = set()
    for path in store.list_files():
        sha256 = path.name.partition(".")[0]
        present_files.add(sha256)
        if hash_file(path) != sha256:
            defects.append(
                StoreDefect("changed", path, sha256, tuple(records_by_sha256.get(sha256, ())))
            )
    for sha256, records in records_by_sha256.items():
        if sha256 not in present_files:
            path = store.root / "takes" / sha256[:2] / sha256
            defects.append(StoreDefect("missing", path, sha256, tuple(records)))
    if repair and defects:
        store.confirm_writable()
    if repair:
        with explain_machine_errors(str(store.root)):
            for defect in defects:
                _repair_defect(store, defect)
        store.rebuild_index()
    return defects


def collect_garbage(
    store: Store,
    kept_media: Set[str],
    *,
    is_possibly_wanted: Callable[[TakeRecord], bool] = lambda _: False,
    dry_run: bool = False,
) -> GcReport:
    """Removes every take whose content is not in `kept_media`, and its files.

    `kept_media` holds the SHA-256 of media that films hold on to; takes for which
    `is_possibly_wanted` holds stay as well. What is being made now is left alone, and so are files
    that no take names.
    """
    if not dry_run:
        store.confirm_writable()
    claimed_digests = store.claims.list_claimed_digests()
    kept_contents: set[str] = set(kept_media)
    spared: list[TakeRecord] = []
    removed: list[TakeRecord] = []
    for record in store.list_records():
        if record.take.sha256 in kept_media or record.take.digest in claimed_digests:
            pass
        elif is_possibly_wanted(record):
            spared.append(record)
        else:
            removed.append(record)
            continue
        kept_contents |= _list_sha256s(record)
    settled_since = time.time() - _SETTLED_AGE_S
    removed_contents = {sha256 for record in removed for sha256 in _list_sha256s(record)}
    loose: list[Path] = []
    unnamed: list[Path] = []
    for path in store.list_files():
        sha256 = path.name.partition(".")[0]
        if sha256 in kept_contents:
            continue
        if sha256 in removed_contents:
            loose.append(path)
        elif path.stat().st_mtime < settled_since:
            unnamed.append(path)
    size = sum(path.stat().st_size for path in loose)
    if not dry_run:
        for record in removed:
            store.forget_take(record)
        for path in loose:
            path.unlink(missing_ok=True)
    price = sum(record.take.price_micros for record in removed)
    return GcReport(len(removed), len(loose), size, price, tuple(spared), tuple(unnamed))


def _list_sha256s(record: TakeRecord) -> set[str]:
    return {record.take.sha256, *record.take.attachments.values()}


def clean_up_after_crash(store: Store, state_folder: Path) -> None:
    """Removes what runs left that died with all made; `state_folder` is their film's."""
    if store.is_writable:
        remove_dead_scratch_folders(store.root)
        store.claims.remove_stale_claims(str(state_folder.absolute()), frozenset())


def _repair_defect(store: Store, defect: StoreDefect) -> None:
    if not defect.sha256 and defect.takes:
        store.add_records(defect.takes)
    if not defect.can_quarantine:
        return
    folder = store.root / "damaged"
    folder.mkdir(exist_ok=True)
    path = defect.path
    name = path.name if defect.sha256 else f"{path.parent.name}-{path.name}"
    with contextlib.suppress(FileNotFoundError):
        path.replace(folder / name)
