"""The store: content-addressed files, and beside them what is known of every take.

    takes/ab/ab12….mp4           bytes by their SHA-256, immutable and read-only
    takes/cd/cd34…/t01.json      the take of step digest cd34…, ordinal 1 (schema `take`)
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

from storyboard.digest import file_sha256
from storyboard.disk import DiskProblem, disk_errors
from storyboard.errors import StoreError
from storyboard.film import Take
from storyboard.run.claims import Claims
from storyboard.run.durable import sync, unfinished, write_texts
from storyboard.run.index import Index
from storyboard.run.places import make_folder
from storyboard.run.record import Record, from_json, to_json
from storyboard.run.tenants import Tenants

_CHUNK = 1 << 20
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What reading a broken sidecar raises."""


def _silent(_: str) -> None:
    pass


class Store:
    """The store in folder `root`, created when absent; one that may only be read is read.

    `notice` hears what a person should know, such as that the index was rebuilt.
    """

    def __init__(self, root: Path, *, notice: Callable[[str], None] = _silent) -> None:
        self.root = root
        self._files = root / "takes"
        self._takes = str(self._files)
        self.writable = not root.exists() or os.access(root, os.W_OK)
        if self.writable:
            with disk_errors(str(root)):
                make_folder(root)
                self._files.mkdir(exist_ok=True)
        self.claims = Claims(root / "claims")
        self.tenants = Tenants(root)
        self._guard = threading.Lock()
        self._lent: tempfile.TemporaryDirectory[str] | None = None
        self._known: dict[str, tuple[Record, ...]] = {}
        self._suffix: dict[str, tuple[str, int]] = {}
        index = root / "index.sqlite"
        self._index = Index(index, self.sidecars, notice, writable=self.writable)
        self._disk = os.open(root, os.O_RDONLY | os.O_DIRECTORY)

    def confirm_writable(self) -> None:
        """Raises DiskProblem for a store that may only be read."""
        if not self.writable:
            raise DiskProblem(
                f"no permission to write {self.root}",
                hint="check who owns the folder, or set STORYBOARD_STORE to one of yours",
            )

    @property
    def cache(self) -> Path:
        """Where a cut keeps what it worked out; until `close` where nothing may be written."""
        if self.writable:
            return self.root / "cache"
        self._lent = self._lent or tempfile.TemporaryDirectory(prefix="storyboard-")
        return Path(self._lent.name)

    def close(self) -> None:
        self.claims.close()
        self._index.close()
        if self._lent is not None:
            self._lent.cleanup()
        if self._disk >= 0:
            os.close(self._disk)
            self._disk = -1

    # bytes

    def put(self, path: Path, *, suffix: str = "", move: bool = True) -> str:
        """Takes a file in and returns its SHA-256; the same bytes are kept once.

        With `move` the file is ours and disappears from `path`; without, it is hashed while it is
        copied, so the answer is true of the bytes that were kept.
        """
        suffix = suffix or path.suffix.lower()
        if move and path.stat().st_dev == self._files.stat().st_dev:
            sha256 = file_sha256(path)
            self._keep([(path, suffix, sha256)])
            return sha256
        with unfinished(self._files / "copy") as (copy, stream):
            sha256 = _copied(path, stream)
            self._keep([(copy, suffix, sha256)])
        if move:
            path.unlink()
        return sha256

    def put_all(self, files: Sequence[tuple[Path, str, str]]) -> None:
        """Takes in files that are ours, each with its suffix and the SHA-256 just read of it."""
        here = self._files.stat().st_dev
        near = [each for each in files if each[0].stat().st_dev == here]
        for path, suffix, _ in files:
            if path.stat().st_dev != here:
                self.put(path, suffix=suffix)
        self._keep(near)

    def _keep(self, files: Sequence[tuple[Path, str, str]]) -> None:
        """Gives whole files their places, unless they are there."""
        new: dict[Path, Path] = {}
        for path, suffix, sha256 in files:
            target = self._file(sha256, suffix)
            size = path.stat().st_size
            if target in new or (target.exists() and target.stat().st_size == size):
                path.unlink()
            else:
                new[target] = path
            self._suffix[sha256] = (suffix, size)
        sync(new.values(), self._disk)
        for target, path in new.items():
            path.chmod(0o444)
            target.parent.mkdir(exist_ok=True)
            path.replace(target)
        sync({target.parent for target in new}, self._disk)

    def path(self, sha256: str) -> Path:
        """The file with those bytes; raises StoreError when the store has none."""
        if found := self._find(sha256):
            return found
        raise StoreError(
            f"the store has no bytes {sha256[:12]}",
            hint=f"`storyboard store verify` says what else is missing in {self.root}",
        )

    def named(self, sha256: str) -> Path:
        """Where bytes lie that are `present`; like `path`, and asks the disk no more."""
        suffix, _ = self._suffix.get(sha256, ("", 0))
        return Path(f"{self._takes}/{sha256[:2]}/{sha256}{suffix}") if suffix else self.path(sha256)

    def present(self, sha256: str) -> bool:
        """Whether those bytes are here, by name and size; `verify` reads them."""
        suffix, size = self._suffix.get(sha256, ("", 0))
        if suffix:
            try:
                name = f"{self._takes}/{sha256[:2]}/{sha256}{suffix}"
                return os.stat(name).st_size == size  # noqa: PTH116 - asked a thousand times a plan
            except OSError:
                return False
        found = self._find(sha256)
        if found is None:
            return False
        return all(found.stat().st_size == record.size for record in self._index.by_content(sha256))

    def holds(self, sha256: str) -> bool:
        """Whether there is a file of that name, whatever its bytes."""
        return self._find(sha256) is not None

    def set_aside(self, sha256: str) -> None:
        """Moves a damaged file to `damaged/`, so that it is made or fetched again."""
        path = self._find(sha256)
        if path is not None:
            folder = self.root / "damaged"
            folder.mkdir(exist_ok=True)
            path.replace(folder / path.name)

    def _find(self, sha256: str) -> Path | None:
        suffix, _ = self._suffix.get(sha256, ("", 0))
        if suffix:
            path = self._file(sha256, suffix)
            return path if path.exists() else None
        return next(iter((self._files / sha256[:2]).glob(f"{sha256}.*")), None)

    def _file(self, sha256: str, suffix: str) -> Path:
        return self._files / sha256[:2] / f"{sha256}{suffix}"

    # takes

    def add(
        self, take: Take, parts: Mapping[str, str], *, kind: str, step: str = "", film: str = ""
    ) -> None:
        """Makes a take known whose bytes and attachments were `put` before.

        `step` and `film` (its stem) say what it was first made for. A take of the same digest and
        ordinal is replaced; its bytes stay until swept.
        """
        self.add_all([self.record(take, parts, kind=kind, step=step, film=film)])

    def record(
        self, take: Take, parts: Mapping[str, str], *, kind: str, step: str = "", film: str = ""
    ) -> Record:
        """What `add` writes down of a take."""
        file = self.path(take.sha256)
        return Record(take, parts, kind, file.stat().st_size, file.suffix, step or take.shot, film)

    def add_all(self, records: Sequence[Record]) -> None:
        """Makes many takes known, each of them whole or not at all."""
        texts: dict[Path, str] = {}
        new: set[Path] = set()
        for record in records:
            folder = self._sidecar_folder(record.take.digest)
            if not folder.exists():
                folder.mkdir(parents=True)
                new.add(folder.parent)
            texts[folder / f"{record.take.name}.json"] = _lines(to_json(record))
        write_texts(texts, new, self._disk)
        self._index.add_all(records)
        with self._guard:
            for record in records:
                self._learn(record)

    def expire(self, take: Take) -> None:
        """Writes down that the platform no longer keeps a take; its bytes here stay."""
        for record in self.records(take.digest, fresh=True):
            if record.take.ordinal == take.ordinal:
                gone = replace(record.take, expires_at=min(time.time(), take.expires_at or 4e9))
                self.add_all([replace(record, take=gone)])

    def _learn(self, record: Record) -> None:
        """Adds a take to what is known of its digest, where anything is."""
        known = self._known.get(record.take.digest)
        if known is not None:
            by_ordinal = {each.take.ordinal: each for each in (*known, record)}
            self._known[record.take.digest] = tuple(by_ordinal[n] for n in sorted(by_ordinal))

    def takes(self, digest: str, *, fresh: bool = False) -> tuple[Take, ...]:
        """Every take of a step digest, lowest ordinal first.

        `fresh` looks again for what another process may have added since.
        """
        return tuple(record.take for record in self.records(digest, fresh=fresh))

    def records(self, digest: str, *, fresh: bool = False) -> tuple[Record, ...]:
        """The same, with parts and kind."""
        with self._guard:
            known = self._known.get(digest)
        if known is None or fresh:
            self._look_up([digest], fresh=fresh)
            known = self._known[digest]
        return known

    def preload(self, digests: Iterable[str]) -> None:
        """Looks up many digests at once, for `takes`, `records` and `present`."""
        self._look_up([digest for digest in digests if digest not in self._known])

    def dated(self, step: str, provider: str, film: str = "") -> list[tuple[float, str]]:
        """(when its first take was made, digest) of this film's step by `provider`.

        An empty provider means any.
        """
        return self._index.dated(step, provider, film)

    def made_by(self, provider: str, operation: str) -> list[Record]:
        """The takes that an operation of a provider made, whatever film they were made for."""
        return self._index.by_operation(provider, operation)

    def paid(self, film: str, known: Collection[tuple[str, int]]) -> list[Record]:
        """The takes that cost something and were first made for a film of that stem, oldest first.

        Those that are `known` by (digest, ordinal) are left out.
        """
        return self._index.paid(film, known)

    def ls(self) -> list[Record]:
        """Everything that is known, oldest first."""
        return self._index.all()

    def why(self, name: str) -> list[Record]:
        """The records of a shot, a step, a digest, or of content; the last two may be cut short."""
        if found := self._index.by_shot(name):
            return found
        return [
            record
            for record in self._index.all()
            if record.take.digest.startswith(name) or record.take.sha256.startswith(name)
        ]

    def sidecars(self) -> Iterator[Record]:
        """Every record as its sidecar tells it; a sidecar that can't be read is passed over."""
        for path in sorted(self._files.glob("??/*/t*.json")):
            with contextlib.suppress(*UNREADABLE):
                yield read_sidecar(path)

    def sidecar(self, record: Record) -> Path:
        """Where the sidecar of a take lies."""
        return self._sidecar_folder(record.take.digest) / f"{record.take.name}.json"

    def forget(self, record: Record) -> None:
        """Removes a take's sidecar and row; its bytes are for the caller to remove."""
        take, sidecar = record.take, self.sidecar(record)
        sidecar.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            sidecar.parent.rmdir()
        self._index.drop(take.digest, take.ordinal)
        with self._guard:
            self._known.pop(take.digest, None)

    def rebuild(self) -> None:
        """Builds the index again from the sidecars."""
        self._index.rebuild("was rebuilt on request")
        with self._guard:
            self._known.clear()

    def files(self) -> Iterator[Path]:
        """Every file of content, unfinished ones aside."""
        for folder in sorted(self._files.glob("??")):
            for path in sorted(folder.iterdir()):
                if not path.name.startswith(".") and path.is_file():
                    yield path

    def _look_up(self, digests: list[str], *, fresh: bool = False) -> None:
        asked = [each for each in digests if self._sidecar_count(each)] if fresh else digests
        found = self._index.by_digest(asked) if asked else {}
        for digest in digests:
            records = found.get(digest, [])
            if (fresh or not records) and self._sidecar_count(digest) > len(records):
                records = self._from_sidecars(digest)
            with self._guard:
                self._known[digest] = tuple(records)
            for record in records:
                self._suffix[record.take.sha256] = (record.suffix, record.size)

    def _sidecar_count(self, digest: str) -> int:
        """More than the index knows, when it was deleted under a running film."""
        try:
            return len(os.listdir(f"{self._takes}/{digest[:2]}/{digest}"))  # noqa: PTH208 - names alone are wanted
        except OSError:
            return 0

    def _from_sidecars(self, digest: str) -> list[Record]:
        records = []
        for path in sorted(self._sidecar_folder(digest).glob("t*.json")):
            with contextlib.suppress(*UNREADABLE):
                records.append(read_sidecar(path))
                self._index.add_all(records[-1:])
        return sorted(records, key=lambda record: record.take.ordinal)

    def _sidecar_folder(self, digest: str) -> Path:
        return self._files / digest[:2] / digest


def read_sidecar(path: Path) -> Record:
    """The record in one sidecar; raises one of UNREADABLE for a broken one."""
    return from_json(json.loads(path.read_text(encoding="utf-8")))


def _lines(told: Mapping[str, Any]) -> str:
    """JSON with a line for each field."""
    fields = (f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in told.items())
    return "{\n " + ",\n ".join(fields) + "\n}\n"


def _copied(path: Path, stream: BinaryIO) -> str:
    """Copies a file and returns its SHA-256."""
    state = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            state.update(chunk)
            stream.write(chunk)
    stream.flush()
    return state.hexdigest()
