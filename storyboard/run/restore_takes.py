"""Takes that the store forgot and the lock file remembers, whole again by their bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.model.film import MediaFacts, Take
from storyboard.plan.take_names import list_take_keys
from storyboard.providers.base import Kind
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.store.store import Store
from storyboard.run.store.take_record import TakeRecord

_WORDS = ".txt"


class MediaRecovery:
    """Looks into bytes that are here, once each, for what the lock file does not tell of them."""

    def __init__(self, store: Store, probe: Callable[[Path], MediaFacts] | None = None) -> None:
        self._store = store
        self._probe = probe or _probe_file
        self._facts_by_sha256: dict[str, MediaFacts | None] = {}

    def __call__(self, take: Take) -> Take:
        """The take with the facts of its medium; as it is where that can't be read."""
        if take.sha256 not in self._facts_by_sha256:
            self._facts_by_sha256[take.sha256] = self._read_facts(take.sha256)
        facts = self._facts_by_sha256[take.sha256]
        return replace(take, facts=facts) if facts else take

    def _read_facts(self, sha256: str) -> MediaFacts | None:
        path = self._store.require_file(sha256)
        try:
            return None if path.suffix == _WORDS else self._probe(path)
        except MediaError:
            return None


def is_each_key_known(keys: Iterable[str], stored: Collection[Take]) -> bool:
    """Whether the store has a take for each of the lock file's keys of one digest."""
    known = {key for take in stored for key in list_take_keys(take)}
    return all(key in known for key in keys)


def find_unknown_takes(
    locked: Iterable[Take], keys: Collection[str], stored: Collection[Take]
) -> tuple[Take, ...]:
    """The takes of one digest that the store does not know, by the lock file's keys of them.

    One that can be made again is known by its name: the store may have other bytes of it.
    """
    known = {(take.sha256, take.ordinal) for take in stored}
    ordinals = {take.ordinal for take in stored}
    return tuple(
        take
        for take in locked
        if (take.sha256, take.ordinal) not in known
        and not (take.name in keys and take.ordinal in ordinals)
    )


def restore_takes(
    store: Store,
    lock_file: LockFile,
    kinds_by_step: Mapping[str, Kind],
    *,
    film_stem: str,
    hash_path: Callable[[Path], str],
    probe: Callable[[Path], MediaFacts],
) -> None:
    """Makes takes known to the store again of which it has but the bytes.

    `kinds_by_step` are those of the film's steps; what the lock file has of others is left alone.
    """
    recovery = MediaRecovery(store, probe)
    records = []
    for step, take in _find_forgotten_takes(store, lock_file, kinds_by_step):
        path = store.require_file(take.sha256)
        if hash_path(path) == take.sha256:
            parts, size = lock_file.find_parts(take.digest), path.stat().st_size
            complete_take = recovery(take)
            records.append(
                TakeRecord(
                    complete_take,
                    parts,
                    kinds_by_step[step].value,
                    size,
                    path.suffix,
                    step,
                    film_stem,
                )
            )
    if records:
        store.add_records(records)


def _find_forgotten_takes(
    store: Store, lock_file: LockFile, kinds_by_step: Mapping[str, Kind]
) -> Iterator[tuple[str, Take]]:
    """(step, take) that only the lock file knows and whose bytes are here."""
    for digest, entry in lock_file.entries.items():
        if entry.step not in kinds_by_step:
            continue
        stored = store.find_takes(digest)
        if not is_each_key_known(entry.takes, stored):
            for take in find_unknown_takes(lock_file.find_takes(digest), entry.takes, stored):
                if store.has_complete_file(take.sha256):
                    yield entry.step, take


def _probe_file(path: Path) -> MediaFacts:
    from storyboard.stitching.media.ffmpeg import probe

    return probe(path)
