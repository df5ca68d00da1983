"""`<stem>.selects.yaml`: the film's lock file as data, and the decisions people made in it."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from storyboard.errors import EnvironmentProblem, Span, StoryboardError, UsageError
from storyboard.model.film import MediaFacts, Take, Trim
from storyboard.model.take import TakeKey
from storyboard.money import micros_to_usd, usd_to_micros
from storyboard.plan.take_names import list_take_keys
from storyboard.run.lockfile.entries import JUDGMENTS, TAKES, LockEntry, is_repeatable_key
from storyboard.run.lockfile.text_format import format_lock_file, parse_lock_file
from storyboard.run.paths import create_git_ignored_folder, locate_free_takes
from storyboard.run.store.take_record import parse_iso_time, parse_rate, to_iso_time
from storyboard.util.atomic_files import write_text
from storyboard.util.file_memory import read_file_facts
from storyboard.util.machine_errors import MachineProblem, explain_machine_errors
from storyboard.util.output_files import describe_obstacle, follow_links

_FREE_TAKES_HEADER = """\
# The free takes that the last renders used, for this machine alone: they can be made again.
# What a person picks, rejects, trims or notes of them stands in the lock file beside the film.
"""

Entries = dict[str, LockEntry]


@dataclass(slots=True)
class _Contents:
    """Both files, by step digest."""

    shared: Entries = field(default_factory=dict)
    """The lock file: what was paid for, and what people decided."""
    local: Entries = field(default_factory=dict)
    """Its companion: takes of free, repeatable providers."""
    versions: dict[tuple[str, str], str] = field(default_factory=dict)
    """By step and provider, the digest whose free takes were entered last."""

    def find_row(self, digest: str, *keys: str) -> dict[str, Any] | None:
        """The line of a take in the lock file, else in its companion."""
        for entries in (self.shared, self.local):
            entry = entries.get(digest)
            for key in keys if entry else ():
                if entry and key in entry.takes:
                    return entry.takes[key]
        return None

    def forget_earlier_versions(self) -> None:
        """Drops the free takes of earlier versions of the steps that were entered."""
        for digest, entry in list(self.local.items()):
            if self.versions.get((entry.step, entry.provider), digest) != digest:
                del self.local[digest]

    def merge_entries(self) -> Entries:
        """What both say; of a free take that people judged, what it became here."""
        merged = dict(self.shared)
        for digest, local in self.local.items():
            shared = self.shared.get(digest)
            if shared is None:
                merged[digest] = local
                continue
            takes = {**shared.takes}
            for key, row in local.takes.items():
                judged = shared.takes.get(key, {})
                takes[key] = row | {name: judged[name] for name in JUDGMENTS if name in judged}
            merged[digest] = replace(shared, takes=takes)
        return merged


_Change = Callable[[_Contents], None]


class LockFile:
    """The lock file at `path` and its companion; an absent file is an empty one.

    Git keeps the lock file. The companion, in the film's state folder, has the takes of free,
    repeatable providers; one moves into the lock file when a person judges it.

    Changes are kept in memory until `save`, which lays them over whatever stands in the files by
    then, so that a pick made while a render runs is not lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._companion = locate_free_takes(path)
        self._changes: list[_Change] = []
        self._saved_facts: list[list[int] | None] = []
        self._text = ""
        self._contents = _Contents()
        self._texts_before = ("", "")
        self._merged: Entries | None = None
        self._by_step: dict[str, list[tuple[str, str, str]]] = {}
        self._load_contents()

    @property
    def entries(self) -> Mapping[str, LockEntry]:
        """By step digest; not for changing."""
        if self._merged is None:
            self._merged = self._contents.merge_entries()
        return self._merged

    # reading

    def find_takes(self, digest: str) -> tuple[Take, ...]:
        """Every take the files know of that digest: the lowest ordinal first, then the oldest."""
        entry = self.entries.get(digest)
        if entry is None:
            return ()
        takes = (_to_take(digest, entry, entry.takes[key]) for key in entry.list_keys())
        once = {take.key: take for take in reversed(tuple(takes))}  # what was bought twice is one
        return tuple(reversed(once.values()))

    def has_take(self, take: Take) -> bool:
        """Whether the files name these very bytes for that digest."""
        entry = self.entries.get(take.digest)
        if entry is None:
            return False
        is_known = (take.sha256, take.ordinal)
        return any((row["sha256"], row["ordinal"]) == is_known for row in entry.takes.values())

    def find_pick(self, digest: str) -> str | None:
        """The key of the take that a person picked."""
        entry = self._contents.shared.get(digest)
        return entry.pick if entry else None

    def find_rejected(self, digest: str) -> frozenset[str]:
        """The keys of the takes that a person rejected."""
        entry = self._contents.shared.get(digest)
        return frozenset(entry.rejected) if entry else frozenset()

    def find_trim(self, take: Take) -> Trim | None:
        """The trim that belongs to the take, in its source frames."""
        limits = self.find_trim_fields(take)
        return (
            Trim(_parse_frames(limits.get("start")), _parse_frames(limits.get("end")))
            if limits
            else None
        )

    def find_trim_fields(self, take: Take) -> dict[str, str]:
        """The same as the file says it: `{start: 12f}`."""
        row = self._contents.find_row(take.digest, *list_take_keys(take))
        return dict(row.get("trim") or {}) if row else {}

    def has_trims(self) -> bool:
        """Whether any take is trimmed."""
        entries = self._contents.shared.values()
        return any(row.get("trim") for entry in entries for row in entry.takes.values())

    def find_take_span(self, take: Take, key: str) -> Span:
        """Where the file, as it was read, says `key` of that take; the file where it does not."""
        from storyboard.run.lockfile.yaml_reader import locate_value

        paths = [(TAKES, f"{take.digest}/{name}", key) for name in list_take_keys(take)]
        first_format = ("steps", take.digest, TAKES, take.name, key)
        places = locate_value(self._text, [*paths, first_format])
        return Span(str(self.path), *places) if places else Span(str(self.path))

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._text

    def find_note(self, digest: str, sha256: str, name: str) -> str:
        """What a person noted of the take of that digest, content and name."""
        row = self._contents.find_row(digest, sha256, name)
        return str(row.get("note", "")) if row else ""

    def find_parts(self, digest: str) -> Mapping[str, str]:
        """The named parts the digest was made of; empty if unknown."""
        entry = self.entries.get(digest)
        return entry.parts if entry else {}

    def find_first_take_dates(self, step: str, provider: str) -> list[tuple[float, str]]:
        """(when its first take was made, digest) of that step; an empty provider means any."""
        if not self._by_step:
            for digest, entry in self.entries.items():
                created = min(
                    (str(row.get("created", "")) for row in entry.takes.values()), default=""
                )
                self._by_step.setdefault(entry.step, []).append((created, entry.provider, digest))
        return [
            (parse_iso_time(created) if created else 0.0, digest)
            for created, entry_provider, digest in self._by_step.get(step, ())
            if provider in ("", entry_provider)
        ]

    def list_prices_micros(self) -> dict[TakeKey, int]:
        """Micro-dollars of every take that cost something, as often as it was bought."""
        prices: Counter[TakeKey] = Counter()
        for digest, entry in self._contents.shared.items():
            for row in entry.takes.values():
                if row.get("price_usd"):
                    take_key = (digest, row["ordinal"], row["sha256"])
                    prices[take_key] += usd_to_micros(row["price_usd"])
        return dict(prices)

    # deciding

    def add_take(
        self, take: Take, *, step: str, parts: Mapping[str, str], is_repeatable: bool = False
    ) -> bool:
        """Enters a take; False when the files had other bytes for one that can be made again.

        Such a take is known by its ordinal, and has the new bytes from then on; every other one
        is known by its bytes, and stays beside those of its ordinal.
        """
        if self.has_take(take):
            return True
        old_row = self._contents.find_row(take.digest, take.name) if is_repeatable else None
        origin = (take.shot, step, take.provider, take.model)
        row = _to_row(take)

        def enter_row(contents: _Contents) -> None:
            entries = contents.local if is_repeatable else contents.shared
            if is_repeatable:
                contents.versions[step, take.provider] = take.digest
            entry = entries.setdefault(take.digest, LockEntry(*origin))
            entry.parts = entry.parts or dict(parts)
            if is_repeatable:
                entry.takes[take.name] = dict(row)
            else:
                entry.enter_purchase(dict(row))

        self._apply_change(enter_row)
        return old_row is None

    def forget_other_steps(self, steps: Collection[str]) -> None:
        """Leaves out the free takes of steps that the film no longer has."""

        def drop_steps(contents: _Contents) -> None:
            for digest in [d for d, entry in contents.local.items() if entry.step not in steps]:
                del contents.local[digest]

        if any(entry.step not in steps for entry in self._contents.local.values()):
            self._apply_change(drop_steps)

    def set_pick(self, take: Take) -> None:
        """Picks a take; a picked take is no longer rejected."""

        def apply_pick(contents: _Contents) -> None:
            entry, key = _require_shared_take(contents, take)
            entry.pick = key
            entry.rejected -= {key}

        self._apply_change(apply_pick)

    def set_rejected(self, take: Take) -> None:
        """Rejects a take; a rejected take is no longer picked."""

        def apply_rejection(contents: _Contents) -> None:
            entry, key = _require_shared_take(contents, take)
            entry.rejected |= {key}
            if entry.pick == key:
                entry.pick = None

        self._apply_change(apply_rejection)

    @property
    def is_writable(self) -> bool:
        return os.access(follow_links(self.path).parent, os.W_OK)

    def confirm_writable(self) -> None:
        """Raises MachineProblem where the file can't be written: what is bought belongs in it."""
        if not self.is_writable:
            raise MachineProblem(
                f"{self.path} can't be written, and every purchase must be recorded there",
                hint="make the film's folder writable, or render a copy of the film in another "
                "folder",
            )

    def save(self) -> bool:
        """Writes what changed; True when the lock file is another one now.

        Entries that someone else wrote meanwhile stay.
        """
        if not self._changes:
            return False
        with explain_machine_errors(str(self.path)), _lock_folder(follow_links(self.path).parent):
            return self._merge_and_write_changes()

    def _merge_and_write_changes(self) -> bool:
        if self._read_facts_of_both() != self._saved_facts:
            pending = self._changes
            self._load_contents()
            self._texts_before = _format_contents(self._contents)
            for change in pending:
                change(self._contents)
        self._changes = []
        self._contents.forget_earlier_versions()
        self._forget_merged()
        shared_text, local_text = _format_contents(self._contents)
        has_changed = shared_text != self._texts_before[0]
        if local_text != self._texts_before[1]:
            create_git_ignored_folder(self._companion.parent)
            write_text(self._companion, local_text)
        if has_changed:
            write_text(self.path, shared_text)
            self._text = shared_text
        self._saved_facts = self._read_facts_of_both()
        return has_changed

    def _apply_change(self, change: _Change) -> None:
        if not self._changes:
            self._texts_before = _format_contents(self._contents)
        change(self._contents)
        self._changes.append(change)
        self._forget_merged()

    def _forget_merged(self) -> None:
        self._merged = None
        self._by_step.clear()

    def _load_contents(self) -> None:
        self._forget_merged()
        if found := describe_obstacle(self.path):
            raise EnvironmentProblem(
                f"{self.path} is {found}, but must be the film's lock file",
                hint="move it away; a link to a regular file is allowed",
            )
        self._saved_facts = self._read_facts_of_both()
        try:
            self._text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self._text = ""
        except UnicodeDecodeError as error:
            raise EnvironmentProblem(
                f"{self.path.name} is not UTF-8 text",
                hint=f"restore the file from git: git checkout -- {self.path.name}",
            ) from error
        entries = parse_lock_file(self._text, self.path.name) if self._text else {}
        shared, unjudged = _split_unjudged(entries)
        local = _read_companion(self._companion)
        self._contents = _Contents(shared, unjudged if local is None else local)

    def _read_facts_of_both(self) -> list[list[int] | None]:
        return [_read_facts(self.path), _read_facts(self._companion)]


def _read_facts(path: Path) -> list[int] | None:
    try:
        return read_file_facts(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _read_companion(path: Path) -> Entries | None:
    """The free takes that were noted; None where nothing can be read: they are made again."""
    with suppress(OSError, UnicodeDecodeError, StoryboardError):
        return parse_lock_file(path.read_text(encoding="utf-8"), path.name)
    return None


def _format_contents(contents: _Contents) -> tuple[str, str]:
    """The texts of both files; of free takes, the lock file has those that people judged."""
    shared, _ = _split_unjudged(contents.shared)
    return format_lock_file(shared), format_lock_file(contents.local, _FREE_TAKES_HEADER)


def _split_unjudged(entries: Entries) -> tuple[Entries, Entries]:
    """The entries, and apart those free takes in them that nobody judged."""
    kept: Entries = {}
    unjudged: Entries = {}
    for digest, entry in entries.items():
        free = {
            key: row
            for key, row in entry.takes.items()
            if is_repeatable_key(key) and not entry.is_judged(key)
        }
        if not free:
            kept[digest] = entry
            continue
        unjudged[digest] = replace(entry, takes=free, pick=None, rejected=set())
        if len(free) < len(entry.takes):
            others = {key: row for key, row in entry.takes.items() if key not in free}
            kept[digest] = replace(entry, takes=others)
    return kept, unjudged


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


def _require_shared_take(contents: _Contents, take: Take) -> tuple[LockEntry, str]:
    """The entry in the lock file and the take's key; a free take moves in from the companion."""
    for entries in (contents.shared, contents.local):
        entry = entries.get(take.digest)
        key = next((k for k in list_take_keys(take) if entry and k in entry.takes), None)
        if entry is not None and key is not None:
            blank = replace(entry, takes={}, pick=None, rejected=set())
            shared = contents.shared.setdefault(take.digest, blank)
            shared.takes.setdefault(key, dict(entry.takes[key]))
            return shared, key
    raise UsageError(
        f"the lock file has no take {take.name} of step {take.digest[:8]}",
        hint="run `storyboard takes FILM` to list the takes",
    )


def _to_row(take: Take) -> dict[str, Any]:
    row: dict[str, Any] = {"ordinal": take.ordinal, "sha256": take.sha256}
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


def _to_take(digest: str, entry: LockEntry, row: Mapping[str, Any]) -> Take:
    frames = row.get("frames", 0)
    rate = parse_rate(row["rate"]) if "rate" in row else None
    return Take(
        digest=digest,
        ordinal=row["ordinal"],
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
