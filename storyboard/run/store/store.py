"""The store: content-addressed files, and beside them what is known of every take.

    takes/ab/ab12….mp4           bytes by their SHA-256, immutable and read-only
    takes/cd/cd34…/t01.json      the take of step digest cd34…, ordinal 1 (schema `take`)
    takes/cd/cd34…/t01-ef56….json  another one with that ordinal, which came from another store
    index.sqlite                 makes looking up fast; built again from the sidecars when lost
    claims/  scratch/            what is being made, and unfinished files of live runs
    films/                       which films have takes here

Bytes come before the sidecar and the sidecar before the index, each durable before the next, so
at any moment a take is either whole or not there. Several processes may use a store at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from storyboard.digest import hash_file
from storyboard.errors import StoreError
from storyboard.model.film import Take
from storyboard.model.take import TakeKey
from storyboard.plan.take_names import order_key
from storyboard.run.paths import create_git_ignored_folder
from storyboard.run.store.claims import Claims
from storyboard.run.store.films import RegisteredFilms
from storyboard.run.store.index import TakeIndex
from storyboard.run.store.take_record import TakeRecord, parse_record, to_record_json
from storyboard.util.atomic_files import flush_to_disk, open_draft, write_texts
from storyboard.util.machine_errors import MachineProblem, explain_machine_errors

_CHUNK = 1 << 20
SIDECAR_ERRORS = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What reading a broken sidecar raises."""


def _ignore_notice(_: str) -> None:
    pass


class Store:
    """The store in folder `root`, created when absent; one that may only be read is read.

    `on_notice` hears what a person should know, such as that the index was rebuilt.
    """

    def __init__(self, root: Path, *, on_notice: Callable[[str], None] = _ignore_notice) -> None:
        self.root = root
        self._files = root / "takes"
        self._files_path = str(self._files)
        self.is_writable = not root.exists() or os.access(root, os.W_OK)
        if self.is_writable:
            with explain_machine_errors(str(root)):
                create_git_ignored_folder(root)
                self._files.mkdir(exist_ok=True)
        self.claims = Claims(root / "claims")
        self.films = RegisteredFilms(root)
        self._guard = threading.Lock()
        self._temp_cache: tempfile.TemporaryDirectory[str] | None = None
        self._records: dict[str, tuple[TakeRecord, ...]] = {}
        self._file_facts: dict[str, tuple[str, int]] = {}
        index = root / "index.sqlite"
        self._index = TakeIndex(index, self.read_sidecars, on_notice, writable=self.is_writable)
        self._disk_handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)

    def confirm_writable(self) -> None:
        """Raises MachineProblem for a store that may only be read."""
        if not self.is_writable:
            raise MachineProblem(
                f"no permission to write {self.root}",
                hint="check the owner of the folder, or set STORYBOARD_STORE to a folder that you "
                "own",
            )

    @property
    def cache(self) -> Path:
        """Where a cut keeps what it worked out; until `close` where nothing may be written."""
        if self.is_writable:
            return self.root / "cache"
        self._temp_cache = self._temp_cache or tempfile.TemporaryDirectory(prefix="storyboard-")
        return Path(self._temp_cache.name)

    def close(self) -> None:
        self.claims.close()
        self._index.close()
        if self._temp_cache is not None:
            self._temp_cache.cleanup()
        if self._disk_handle >= 0:
            os.close(self._disk_handle)
            self._disk_handle = -1

    # bytes

    def put_file(self, path: Path, *, suffix: str = "", move: bool = True) -> str:
        """Takes a file in and returns its SHA-256; the same bytes are kept once.

        With `move` the file is ours and disappears from `path`; without, it is hashed while it is
        copied, so the answer is true of the bytes that were kept.
        """
        suffix = suffix or path.suffix.lower()
        if move and path.stat().st_dev == self._files.stat().st_dev:
            sha256 = hash_file(path)
            self._move_into_place([(path, suffix, sha256)])
            return sha256
        with open_draft(self._files / "copy") as (copy, stream):
            sha256 = _copy_and_hash(path, stream)
            self._move_into_place([(copy, suffix, sha256)])
        if move:
            path.unlink()
        return sha256

    def put_files(self, files: Sequence[tuple[Path, str, str]]) -> None:
        """Takes in files that are ours, each with its suffix and the SHA-256 just read of it."""
        here = self._files.stat().st_dev
        near = [file for file in files if file[0].stat().st_dev == here]
        for path, suffix, _ in files:
            if path.stat().st_dev != here:
                self.put_file(path, suffix=suffix)
        self._move_into_place(near)

    def _move_into_place(self, files: Sequence[tuple[Path, str, str]]) -> None:
        """Gives whole files their places, unless they are there."""
        moves: dict[Path, Path] = {}
        for path, suffix, sha256 in files:
            target = self._build_path(sha256, suffix)
            size = path.stat().st_size
            if target in moves or (target.exists() and target.stat().st_size == size):
                path.unlink()
            else:
                moves[target] = path
            self._file_facts[sha256] = (suffix, size)
        flush_to_disk(moves.values(), self._disk_handle)
        for target, path in moves.items():
            path.chmod(0o444)
            target.parent.mkdir(exist_ok=True)
            path.replace(target)
        flush_to_disk({target.parent for target in moves}, self._disk_handle)

    def require_file(self, sha256: str) -> Path:
        """The file with those bytes; raises StoreError when the store has none."""
        if file := self._find_file(sha256):
            return file
        raise StoreError(
            f"the store has no file {sha256[:12]}",
            hint=f"run `storyboard store verify` to find everything that is missing in {self.root}",
        )

    def locate_present_file(self, sha256: str) -> Path:
        """Where bytes lie that are present; like `require_file`, and asks the disk no more."""
        suffix, _ = self._file_facts.get(sha256, ("", 0))
        return (
            Path(f"{self._files_path}/{sha256[:2]}/{sha256}{suffix}")
            if suffix
            else self.require_file(sha256)
        )

    def has_complete_file(self, sha256: str) -> bool:
        """Whether those bytes are here, by name and size; `verify_store` reads them."""
        suffix, size = self._file_facts.get(sha256, ("", 0))
        if suffix:
            try:
                name = f"{self._files_path}/{sha256[:2]}/{sha256}{suffix}"
                return os.stat(name).st_size == size  # noqa: PTH116 - asked a thousand times a plan
            except OSError:
                return False
        file = self._find_file(sha256)
        if file is None:
            return False
        return all(
            file.stat().st_size == record.size
            for record in self._index.find_records_by_content(sha256)
        )

    def has_file(self, sha256: str) -> bool:
        """Whether there is a file of that name, whatever its bytes."""
        return self._find_file(sha256) is not None

    def quarantine_file(self, sha256: str) -> None:
        """Moves a damaged file to `damaged/`, so that it is made or fetched again."""
        path = self._find_file(sha256)
        if path is not None:
            folder = self.root / "damaged"
            folder.mkdir(exist_ok=True)
            path.replace(folder / path.name)

    def _find_file(self, sha256: str) -> Path | None:
        suffix, _ = self._file_facts.get(sha256, ("", 0))
        if suffix:
            path = self._build_path(sha256, suffix)
            return path if path.exists() else None
        return next(iter((self._files / sha256[:2]).glob(f"{sha256}.*")), None)

    def _build_path(self, sha256: str, suffix: str) -> Path:
        return self._files / sha256[:2] / f"{sha256}{suffix}"

    # takes

    def add_take(
        self, take: Take, parts: Mapping[str, str], *, kind: str, step: str = "", film: str = ""
    ) -> None:
        """Makes a take known whose bytes and attachments `put_file` took in before.

        `step` and `film` (its stem) say what it was first made for. Another take of the same digest
        and ordinal stays beside it.
        """
        self.add_records([self.build_take_record(take, parts, kind=kind, step=step, film=film)])

    def build_take_record(
        self, take: Take, parts: Mapping[str, str], *, kind: str, step: str = "", film: str = ""
    ) -> TakeRecord:
        """What `add_take` writes down of a take."""
        file = self.require_file(take.sha256)
        return TakeRecord(
            take, parts, kind, file.stat().st_size, file.suffix, step or take.shot, film
        )

    def add_records(
        self, records: Sequence[TakeRecord], *, repeatable_digests: Collection[str] = ()
    ) -> None:
        """Makes many takes known, each of them whole or not at all.

        A take of `repeatable_digests` replaces that of its ordinal, whose bytes stay; any other one
        stays beside it, since each of them was paid for.
        """
        texts: dict[Path, str] = {}
        new_folders: set[Path] = set()
        replaced: list[TakeRecord] = []
        for record in records:
            folder = self._locate_sidecar_folder(record.take.digest)
            if not folder.exists():
                folder.mkdir(parents=True)
                new_folders.add(folder.parent)
            path = folder / f"{record.take.name}.json"
            other = _read_other_take(path, record)
            if other is not None and record.take.digest in repeatable_digests:
                replaced.append(other)
            elif other is not None:
                path = folder / _format_long_sidecar_name(record)
            texts[path] = _format_lines(to_record_json(record))
        write_texts(texts, new_folders, self._disk_handle)
        self._index.add_records(records, replaced=replaced)
        with self._guard:
            for record in records:
                self._cache_record(record, replaced)

    def mark_expired(self, take: Take) -> None:
        """Writes down that the platform no longer keeps a take; its bytes here stay."""
        for record in self.find_records(take.digest, fresh=True):
            if record.take.sha256 == take.sha256 and record.take.ordinal == take.ordinal:
                expired = replace(record.take, expires_at=min(time.time(), take.expires_at or 4e9))
                self.add_records([replace(record, take=expired)])

    def _cache_record(self, record: TakeRecord, replaced: Collection[TakeRecord]) -> None:
        """Adds a take to what is known of its digest, where anything is."""
        cached = self._records.get(record.take.digest)
        if cached is not None:
            gone = {each.take.key for each in (*replaced, record)}
            others = [each for each in cached if each.take.key not in gone]
            self._records[record.take.digest] = tuple(sorted((*others, record), key=_order_records))

    def find_takes(self, digest: str, *, fresh: bool = False) -> tuple[Take, ...]:
        """Every take of a step digest: the lowest ordinal first, of equal ones the oldest.

        `fresh` looks again for what another process may have added since.
        """
        return tuple(record.take for record in self.find_records(digest, fresh=fresh))

    def find_records(self, digest: str, *, fresh: bool = False) -> tuple[TakeRecord, ...]:
        """The same, with parts and kind."""
        with self._guard:
            cached = self._records.get(digest)
        if cached is None or fresh:
            self._load_records([digest], fresh=fresh)
            cached = self._records[digest]
        return cached

    def preload(self, digests: Iterable[str]) -> None:
        """Looks up many digests at once for `find_takes`, `find_records`, `has_complete_file`."""
        self._load_records([digest for digest in digests if digest not in self._records])

    def find_first_take_dates(
        self, step: str, provider: str, film_stem: str = ""
    ) -> list[tuple[float, str]]:
        """(when its first take was made, digest) of this film's step by `provider`.

        An empty provider means any.
        """
        return self._index.find_first_take_dates(step, provider, film_stem)

    def find_records_by_operation(self, provider: str, operation: str) -> list[TakeRecord]:
        """The takes that an operation of a provider made, whatever film they were made for."""
        return self._index.find_records_by_operation(provider, operation)

    def find_records_by_content(self, sha256: str) -> list[TakeRecord]:
        """The takes that consist of these bytes, whatever film they were made for."""
        return self._index.find_records_by_content(sha256)

    def find_paid_records(
        self, film_stem: str, excluded_keys: Collection[TakeKey]
    ) -> list[TakeRecord]:
        """The takes that cost something and were first made for a film of that stem, oldest first.

        Those of `excluded_keys` are left out; one without content means any.
        """
        return self._index.find_paid_records(film_stem, excluded_keys)

    def list_records(self) -> list[TakeRecord]:
        """Everything that is known, oldest first."""
        return self._index.list_records()

    def find_records_by_name(self, name: str) -> list[TakeRecord]:
        """The records of a shot, a step, a digest, or of content; the last two may be cut short."""
        if matches := self._index.find_records_by_shot(name):
            return matches
        return [
            record
            for record in self._index.list_records()
            if record.take.digest.startswith(name) or record.take.sha256.startswith(name)
        ]

    def read_sidecars(self) -> Iterator[TakeRecord]:
        """Every record as its sidecar tells it; a sidecar that can't be read is passed over."""
        for path in sorted(self._files.glob("??/*/t*.json")):
            with contextlib.suppress(*SIDECAR_ERRORS):
                yield read_sidecar(path)

    def locate_sidecar(self, record: TakeRecord) -> Path:
        """Where the sidecar of a take lies."""
        folder = self._locate_sidecar_folder(record.take.digest)
        long_path = folder / _format_long_sidecar_name(record)
        return long_path if long_path.exists() else folder / f"{record.take.name}.json"

    def forget_take(self, record: TakeRecord) -> None:
        """Removes a take's sidecar and row; its bytes are for the caller to remove."""
        take, sidecar = record.take, self.locate_sidecar(record)
        sidecar.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            sidecar.parent.rmdir()
        self._index.drop_record(record)
        with self._guard:
            self._records.pop(take.digest, None)

    def rebuild_index(self) -> None:
        """Builds the index again from the sidecars."""
        self._index.rebuild("was rebuilt on request")
        with self._guard:
            self._records.clear()

    def list_files(self) -> Iterator[Path]:
        """Every file of content, unfinished ones aside."""
        for folder in sorted(self._files.glob("??")):
            for path in sorted(folder.iterdir()):
                if not path.name.startswith(".") and path.is_file():
                    yield path

    def _load_records(self, digests: list[str], *, fresh: bool = False) -> None:
        stored_digests = (
            [digest for digest in digests if self._count_sidecars(digest)] if fresh else digests
        )
        by_digest = self._index.find_records_by_digest(stored_digests) if stored_digests else {}
        for digest in digests:
            records = by_digest.get(digest, [])
            if (fresh or not records) and self._count_sidecars(digest) > len(records):
                records = self._read_and_index_sidecars(digest)
            with self._guard:
                self._records[digest] = tuple(records)
            for record in records:
                self._file_facts[record.take.sha256] = (record.suffix, record.size)

    def _count_sidecars(self, digest: str) -> int:
        """More than the index knows, when it was deleted under a running film."""
        try:
            return len(os.listdir(f"{self._files_path}/{digest[:2]}/{digest}"))  # noqa: PTH208 - names alone are wanted
        except OSError:
            return 0

    def _read_and_index_sidecars(self, digest: str) -> list[TakeRecord]:
        records = []
        for path in sorted(self._locate_sidecar_folder(digest).glob("t*.json")):
            with contextlib.suppress(*SIDECAR_ERRORS):
                records.append(read_sidecar(path))
                self._index.add_records(records[-1:])
        return sorted(records, key=_order_records)

    def _locate_sidecar_folder(self, digest: str) -> Path:
        return self._files / digest[:2] / digest


def read_sidecar(path: Path) -> TakeRecord:
    """The record in one sidecar; raises one of UNREADABLE for a broken one."""
    return parse_record(json.loads(path.read_text(encoding="utf-8")))


def _read_other_take(path: Path, record: TakeRecord) -> TakeRecord | None:
    """The take that a sidecar names, where it has other bytes than `record`."""
    with contextlib.suppress(*SIDECAR_ERRORS):
        named = read_sidecar(path)
        return named if named.take.sha256 != record.take.sha256 else None
    return None


def _format_long_sidecar_name(record: TakeRecord) -> str:
    return f"{record.take.name}-{record.take.sha256}.json"


def _order_records(record: TakeRecord) -> tuple[int, float, str]:
    return order_key(record.take)


def _format_lines(payload: Mapping[str, Any]) -> str:
    """JSON with a line for each field."""
    fields = (f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in payload.items())
    return "{\n " + ",\n ".join(fields) + "\n}\n"


def _copy_and_hash(path: Path, stream: BinaryIO) -> str:
    """Copies a file and returns its SHA-256."""
    state = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            state.update(chunk)
            stream.write(chunk)
    stream.flush()
    return state.hexdigest()
