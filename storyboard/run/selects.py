"""`<stem>.selects.yaml`: the film's lock file as data, and the decisions people made in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from storyboard.disk import DiskProblem, disk_errors
from storyboard.errors import EnvironmentProblem, Span, UsageError
from storyboard.film import MediaFacts, Take, Trim
from storyboard.outlet import end_of, hindrance
from storyboard.run import locktext
from storyboard.run.durable import write_text
from storyboard.run.locktext import Entry
from storyboard.run.record import iso, micros, rate_of, stamp, usd

_Change = Callable[[dict[str, Entry]], None]


class Selects:
    """The lock file at `path`; an absent file is an empty one.

    Changes are kept in memory until `save`, which lays them over whatever stands in the file by
    then, so that a pick made while a render runs is not lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._changes: list[_Change] = []
        self._seen: tuple[int, ...] | None = None
        self._text = ""
        self._entries: dict[str, Entry] = {}
        self._by_step: dict[str, list[tuple[str, str, str]]] = {}
        self._load()

    @property
    def entries(self) -> Mapping[str, Entry]:
        """By step digest; not for changing."""
        return self._entries

    # reading

    def takes(self, digest: str) -> tuple[Take, ...]:
        """Every take the file knows of that digest, lowest ordinal first."""
        entry = self._entries.get(digest)
        if entry is None:
            return ()
        return tuple(_take(digest, n, entry) for n in sorted(entry.takes))

    def has(self, take: Take) -> bool:
        """Whether the file names these very bytes for that digest and ordinal."""
        entry = self._entries.get(take.digest)
        row = entry.takes.get(take.ordinal) if entry else None
        return row is not None and row["sha256"] == take.sha256

    def pick(self, digest: str) -> int | None:
        """The ordinal a person picked."""
        entry = self._entries.get(digest)
        return entry.pick if entry else None

    def rejected(self, digest: str) -> frozenset[int]:
        """Ordinals a person rejected."""
        entry = self._entries.get(digest)
        return frozenset(entry.rejected) if entry else frozenset()

    def trim(self, digest: str, ordinal: int) -> Trim | None:
        """The trim that belongs to that take, in its source frames."""
        row = self._row(digest, ordinal)
        told = row.get("trim") if row else None
        return Trim(_frames(told.get("start")), _frames(told.get("end"))) if told else None

    def trim_text(self, digest: str, ordinal: int) -> dict[str, str]:
        """The same as the file says it: `{start: 12f}`."""
        row = self._row(digest, ordinal)
        return dict(row.get("trim") or {}) if row else {}

    def trims(self) -> bool:
        """Whether any take is trimmed."""
        return any(row.get("trim") for e in self._entries.values() for row in e.takes.values())

    def span(self, digest: str, ordinal: int, key: str) -> Span:
        """Where the file, as it was read, says `key` of that take; the file where it does not."""
        from storyboard.run.lockyaml import find_key

        places = find_key(self._text, digest, ordinal, key)
        return Span(str(self.path), *places) if places else Span(str(self.path))

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._text

    def note(self, digest: str, ordinal: int) -> str:
        """What a person noted of that take."""
        row = self._row(digest, ordinal)
        return str(row.get("note", "")) if row else ""

    def parts(self, digest: str) -> Mapping[str, str]:
        """The named parts the digest was made of; empty if unknown."""
        entry = self._entries.get(digest)
        return entry.parts if entry else {}

    def dated(self, step: str, provider: str) -> list[tuple[float, str]]:
        """(when its first take was made, digest) of that step; an empty provider means any."""
        if not self._by_step:
            for digest, entry in self._entries.items():
                made = min(
                    (str(row.get("created", "")) for row in entry.takes.values()), default=""
                )
                self._by_step.setdefault(entry.step, []).append((made, entry.provider, digest))
        return [
            (stamp(made) if made else 0.0, digest)
            for made, maker, digest in self._by_step.get(step, ())
            if provider in ("", maker)
        ]

    def paid(self) -> dict[tuple[str, int], int]:
        """Micro-dollars by (digest, ordinal) of every take that cost something."""
        return {
            (digest, n): micros(row["price_usd"])
            for digest, entry in self._entries.items()
            for n, row in entry.takes.items()
            if row.get("price_usd")
        }

    # deciding

    def add(
        self, take: Take, *, step: str, parts: Mapping[str, str], replace: bool = False
    ) -> bool:
        """Enters a take; False when the file names other bytes for it, which then stay.

        `replace` lets the new bytes win, keeping a person's trim and note.
        """
        row = self._row(take.digest, take.ordinal)
        if row is not None and (row["sha256"] == take.sha256 or not replace):
            return bool(row["sha256"] == take.sha256)
        told = _row(take)
        named = (take.shot, step, take.provider, take.model)

        def enter(entries: dict[str, Entry]) -> None:
            entry = entries.setdefault(take.digest, Entry(*named))
            entry.parts = entry.parts or dict(parts)
            kept = entry.takes.get(take.ordinal, {})
            entry.takes[take.ordinal] = told | {
                key: kept[key] for key in ("trim", "note") if key in kept
            }

        self._change(enter)
        return True

    def set_pick(self, digest: str, ordinal: int | None) -> None:
        """Picks a take, or takes the pick back; a picked take is no longer rejected."""

        def choose(entries: dict[str, Entry]) -> None:
            entry = _known(entries, digest, ordinal)
            entry.pick = ordinal
            entry.rejected -= {ordinal or 0}

        self._change(choose)

    def set_rejected(self, digest: str, ordinal: int, rejected: bool = True) -> None:
        """Rejects a take, or takes that back; a rejected take is no longer picked."""

        def judge(entries: dict[str, Entry]) -> None:
            entry = _known(entries, digest, ordinal)
            entry.rejected = (
                (entry.rejected | {ordinal}) if rejected else entry.rejected - {ordinal}
            )
            if rejected and entry.pick == ordinal:
                entry.pick = None

        self._change(judge)

    def set_trim(self, digest: str, ordinal: int, trim: Trim | None) -> None:
        """Trims a take in its own source frames, or frees it."""
        ends = {"start": trim.start, "end": trim.end} if trim else {}
        told = {end: f"{frames}f" for end, frames in ends.items() if frames is not None}
        self._change(lambda entries: _set(_known(entries, digest, ordinal), ordinal, "trim", told))

    def set_note(self, digest: str, ordinal: int, note: str) -> None:
        self._change(lambda entries: _set(_known(entries, digest, ordinal), ordinal, "note", note))

    def confirm_writable(self) -> None:
        """Raises DiskProblem where the file can't be written: what is bought belongs in it."""
        if not os.access(end_of(self.path).parent, os.W_OK):
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
        with disk_errors(str(self.path)), _alone_in(end_of(self.path).parent):
            return self._write()

    def _write(self) -> bool:
        if self._stat() != self._seen:
            pending = self._changes
            self._load()
            for change in pending:
                change(self._entries)
        self._changes = []
        text = locktext.write(self._entries)
        if text == self._text:
            return False
        write_text(self.path, text)
        self._text, self._seen = text, self._stat()
        return True

    def _change(self, change: _Change) -> None:
        change(self._entries)
        self._changes.append(change)
        self._by_step.clear()

    def _row(self, digest: str, ordinal: int) -> dict[str, Any] | None:
        entry = self._entries.get(digest)
        return entry.takes.get(ordinal) if entry else None

    def _load(self) -> None:
        self._by_step.clear()
        if found := hindrance(self.path):
            raise EnvironmentProblem(
                f"{self.path} is {found}, where the film's lock file belongs",
                hint="move it away; a link to an ordinary file is followed",
            )
        self._seen = self._stat()
        try:
            self._text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self._text = ""
        except UnicodeDecodeError as error:
            raise EnvironmentProblem(
                f"{self.path.name} is not UTF-8 text",
                hint=f"take it back from git: git checkout -- {self.path.name}",
            ) from error
        self._entries = locktext.read(self._text, self.path.name) if self._text else {}

    def _stat(self) -> tuple[int, ...] | None:
        try:
            told = self.path.stat()
        except FileNotFoundError:
            return None
        return told.st_ino, told.st_size, told.st_mtime_ns


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keeps other writers of lock files in `folder` out for the moment it takes to write one."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # where the file system has no locks, writing is still atomic
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _known(entries: dict[str, Entry], digest: str, ordinal: int | None) -> Entry:
    entry = entries.get(digest)
    if entry is None or (ordinal is not None and ordinal not in entry.takes):
        name = f"t{ordinal:02d}" if ordinal else "take"
        raise UsageError(
            f"the lock file knows no {name} of step {digest[:8]}",
            hint="`storyboard takes FILM` lists the takes",
        )
    return entry


def _set(entry: Entry, ordinal: int, key: str, value: Any) -> None:
    if value:
        entry.takes[ordinal][key] = value
    else:
        entry.takes[ordinal].pop(key, None)


def _row(take: Take) -> dict[str, Any]:
    row: dict[str, Any] = {"sha256": take.sha256}
    if take.seed is not None:
        row["seed"] = take.seed
    if take.price_micros:
        row["price_usd"] = usd(take.price_micros)
    if take.operation and take.price_micros:
        row["operation"] = take.operation
    row["frames"] = take.facts.frames
    if take.facts.rate:
        row["rate"] = str(take.facts.rate)
    if take.source_frames:
        row["source_frames"] = take.source_frames
    if take.contains_source:
        row["contains_source"] = True
    row["created"] = iso(take.created_at)
    return row


def _take(digest: str, ordinal: int, entry: Entry) -> Take:
    row = entry.takes[ordinal]
    frames = row.get("frames", 0)
    rate = rate_of(row["rate"]) if "rate" in row else None
    return Take(
        digest=digest,
        ordinal=ordinal,
        sha256=row["sha256"],
        provider=entry.provider,
        model=entry.model,
        facts=MediaFacts(
            frames=frames, rate=rate, seconds=rate.seconds(frames) if rate else Fraction(0)
        ),
        seed=row.get("seed"),
        price_micros=micros(row.get("price_usd", 0)),
        operation=row.get("operation", ""),
        contains_source=row.get("contains_source", False),
        source_frames=row.get("source_frames", 0),
        created_at=stamp(row["created"]) if "created" in row else 0.0,
        shot=entry.shot,
    )


def _frames(told: str | None) -> int | None:
    return int(told[:-1]) if told is not None else None
