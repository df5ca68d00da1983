"""`<stem>.selects.yaml`: the film's lock file as data, and the decisions people made in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from storyboard.errors import EnvironmentProblem, Span, UsageError
from storyboard.model.film import MediaFacts, Take, Trim
from storyboard.money import micros_to_usd, usd_to_micros
from storyboard.run.lockfile import text_format
from storyboard.run.lockfile.entries import LockEntry
from storyboard.run.store.take_record import parse_iso_time, parse_rate, to_iso_time
from storyboard.util.atomic_files import write_text
from storyboard.util.disk_errors import DiskProblem, explain_disk_errors
from storyboard.util.file_memory import read_file_facts
from storyboard.util.output_files import describe_obstacle, follow_links

_Change = Callable[[dict[str, LockEntry]], None]


class LockFile:
    """The lock file at `path`; an absent file is an empty one.

    Changes are kept in memory until `save`, which lays them over whatever stands in the file by
    then, so that a pick made while a render runs is not lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changes: list[_Change] = []
        self._saved_facts: list[int] | None = None
        self._text = ""
        self._entries: dict[str, LockEntry] = {}
        self._by_step: dict[str, list[tuple[str, str, str]]] = {}
        self._load_entries()

    @property
    def entries(self) -> Mapping[str, LockEntry]:
        """By step digest; not for changing."""
        return self._entries

    # reading

    def find_takes(self, digest: str) -> tuple[Take, ...]:
        """Every take the file knows of that digest, lowest ordinal first."""
        entry = self._entries.get(digest)
        if entry is None:
            return ()
        return tuple(_to_take(digest, n, entry) for n in sorted(entry.takes))

    def has_take(self, take: Take) -> bool:
        """Whether the file names these very bytes for that digest and ordinal."""
        entry = self._entries.get(take.digest)
        row = entry.takes.get(take.ordinal) if entry else None
        return row is not None and row["sha256"] == take.sha256

    def find_pick(self, digest: str) -> int | None:
        """The ordinal a person picked."""
        entry = self._entries.get(digest)
        return entry.pick if entry else None

    def find_rejected(self, digest: str) -> frozenset[int]:
        """Ordinals a person rejected."""
        entry = self._entries.get(digest)
        return frozenset(entry.rejected) if entry else frozenset()

    def find_trim(self, digest: str, ordinal: int) -> Trim | None:
        """The trim that belongs to that take, in its source frames."""
        row = self._find_row(digest, ordinal)
        limits = row.get("trim") if row else None
        return (
            Trim(_parse_frames(limits.get("start")), _parse_frames(limits.get("end")))
            if limits
            else None
        )

    def find_trim_fields(self, digest: str, ordinal: int) -> dict[str, str]:
        """The same as the file says it: `{start: 12f}`."""
        row = self._find_row(digest, ordinal)
        return dict(row.get("trim") or {}) if row else {}

    def has_trims(self) -> bool:
        """Whether any take is trimmed."""
        return any(row.get("trim") for e in self._entries.values() for row in e.takes.values())

    def find_take_span(self, digest: str, ordinal: int, key: str) -> Span:
        """Where the file, as it was read, says `key` of that take; the file where it does not."""
        from storyboard.run.lockfile.yaml_reader import locate_take_value

        places = locate_take_value(self._text, digest, ordinal, key)
        return Span(str(self.path), *places) if places else Span(str(self.path))

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._text

    def find_note(self, digest: str, ordinal: int) -> str:
        """What a person noted of that take."""
        row = self._find_row(digest, ordinal)
        return str(row.get("note", "")) if row else ""

    def find_parts(self, digest: str) -> Mapping[str, str]:
        """The named parts the digest was made of; empty if unknown."""
        entry = self._entries.get(digest)
        return entry.parts if entry else {}

    def find_first_take_dates(self, step: str, provider: str) -> list[tuple[float, str]]:
        """(when its first take was made, digest) of that step; an empty provider means any."""
        if not self._by_step:
            for digest, entry in self._entries.items():
                created = min(
                    (str(row.get("created", "")) for row in entry.takes.values()), default=""
                )
                self._by_step.setdefault(entry.step, []).append((created, entry.provider, digest))
        return [
            (parse_iso_time(created) if created else 0.0, digest)
            for created, entry_provider, digest in self._by_step.get(step, ())
            if provider in ("", entry_provider)
        ]

    def list_prices_micros(self) -> dict[tuple[str, int], int]:
        """Micro-dollars by (digest, ordinal) of every take that cost something."""
        return {
            (digest, n): usd_to_micros(row["price_usd"])
            for digest, entry in self._entries.items()
            for n, row in entry.takes.items()
            if row.get("price_usd")
        }

    # deciding

    def add_take(
        self, take: Take, *, step: str, parts: Mapping[str, str], can_replace: bool = False
    ) -> bool:
        """Enters a take; False when the file names other bytes for it, which then stay.

        `can_replace` lets the new bytes win, keeping a person's trim and note.
        """
        row = self._find_row(take.digest, take.ordinal)
        if row is not None and (row["sha256"] == take.sha256 or not can_replace):
            return bool(row["sha256"] == take.sha256)
        new_row = _to_row(take)
        origin = (take.shot, step, take.provider, take.model)

        def enter_row(entries: dict[str, LockEntry]) -> None:
            entry = entries.setdefault(take.digest, LockEntry(*origin))
            entry.parts = entry.parts or dict(parts)
            old_row = entry.takes.get(take.ordinal, {})
            entry.takes[take.ordinal] = new_row | {
                key: old_row[key] for key in ("trim", "note") if key in old_row
            }

        self._apply_change(enter_row)
        return True

    def set_pick(self, digest: str, ordinal: int) -> None:
        """Picks a take; a picked take is no longer rejected."""

        def apply_pick(entries: dict[str, LockEntry]) -> None:
            entry = _require_entry(entries, digest, ordinal)
            entry.pick = ordinal
            entry.rejected -= {ordinal}

        self._apply_change(apply_pick)

    def set_rejected(self, digest: str, ordinal: int) -> None:
        """Rejects a take; a rejected take is no longer picked."""

        def apply_rejection(entries: dict[str, LockEntry]) -> None:
            entry = _require_entry(entries, digest, ordinal)
            entry.rejected |= {ordinal}
            if entry.pick == ordinal:
                entry.pick = None

        self._apply_change(apply_rejection)

    def confirm_writable(self) -> None:
        """Raises DiskProblem where the file can't be written: what is bought belongs in it."""
        if not os.access(follow_links(self.path).parent, os.W_OK):
            raise DiskProblem(
                f"{self.path} can't be written, and what is bought is entered there",
                hint="let the film's folder be written, or render a copy of the film elsewhere",
            )

    def save(self) -> bool:
        """Writes what changed; True when the file is another one now.

        Entries that someone else wrote meanwhile stay.
        """
        if not self._changes:
            return False
        with explain_disk_errors(str(self.path)), _lock_folder(follow_links(self.path).parent):
            return self._merge_and_write_changes()

    def _merge_and_write_changes(self) -> bool:
        if self._read_facts() != self._saved_facts:
            pending = self._changes
            self._load_entries()
            for change in pending:
                change(self._entries)
        self._changes = []
        text = text_format.format_lock_file(self._entries)
        if text == self._text:
            return False
        write_text(self.path, text)
        self._text, self._saved_facts = text, self._read_facts()
        return True

    def _apply_change(self, change: _Change) -> None:
        change(self._entries)
        self._changes.append(change)
        self._by_step.clear()

    def _find_row(self, digest: str, ordinal: int) -> dict[str, Any] | None:
        entry = self._entries.get(digest)
        return entry.takes.get(ordinal) if entry else None

    def _load_entries(self) -> None:
        self._by_step.clear()
        if found := describe_obstacle(self.path):
            raise EnvironmentProblem(
                f"{self.path} is {found}, where the film's lock file belongs",
                hint="move it away; a link to an ordinary file is followed",
            )
        self._saved_facts = self._read_facts()
        try:
            self._text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self._text = ""
        except UnicodeDecodeError as error:
            raise EnvironmentProblem(
                f"{self.path.name} is not UTF-8 text",
                hint=f"take it back from git: git checkout -- {self.path.name}",
            ) from error
        self._entries = (
            text_format.parse_lock_file(self._text, self.path.name) if self._text else {}
        )

    def _read_facts(self) -> list[int] | None:
        try:
            return read_file_facts(self.path)
        except FileNotFoundError:
            return None


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Keeps other writers of lock files in `folder` out for the moment it takes to write one."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # where the file system has no locks, writing is still atomic
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _require_entry(entries: dict[str, LockEntry], digest: str, ordinal: int) -> LockEntry:
    entry = entries.get(digest)
    if entry is None or ordinal not in entry.takes:
        raise UsageError(
            f"the lock file knows no t{ordinal:02d} of step {digest[:8]}",
            hint="`storyboard takes FILM` lists the takes",
        )
    return entry


def _to_row(take: Take) -> dict[str, Any]:
    row: dict[str, Any] = {"sha256": take.sha256}
    if take.seed is not None:
        row["seed"] = take.seed
    if take.price_micros:
        row["price_usd"] = micros_to_usd(take.price_micros)
    if take.operation and take.price_micros:
        row["operation"] = take.operation
    row["frames"] = take.facts.frames
    if take.facts.rate:
        row["rate"] = str(take.facts.rate)
    if take.source_frames:
        row["source_frames"] = take.source_frames
    if take.contains_source:
        row["contains_source"] = True
    row["created"] = to_iso_time(take.created_at)
    return row


def _to_take(digest: str, ordinal: int, entry: LockEntry) -> Take:
    row = entry.takes[ordinal]
    frames = row.get("frames", 0)
    rate = parse_rate(row["rate"]) if "rate" in row else None
    return Take(
        digest=digest,
        ordinal=ordinal,
        sha256=row["sha256"],
        provider=entry.provider,
        model=entry.model,
        facts=MediaFacts(
            frames=frames, rate=rate, seconds=rate.to_seconds(frames) if rate else Fraction(0)
        ),
        seed=row.get("seed"),
        price_micros=usd_to_micros(row.get("price_usd", 0)),
        operation=row.get("operation", ""),
        contains_source=row.get("contains_source", False),
        source_frames=row.get("source_frames", 0),
        created_at=parse_iso_time(row["created"]) if "created" in row else 0.0,
        shot=entry.shot,
    )


def _parse_frames(text: str | None) -> int | None:
    return int(text[:-1]) if text is not None else None
