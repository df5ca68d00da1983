"""Takes that the store forgot and the lock file remembers, whole again by their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.model.film import MediaFacts, Take
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


def restore_takes(
    store: Store,
    lock_file: LockFile,
    kinds: Mapping[str, Kind],
    *,
    film: str,
    hashes: Callable[[Path], str],
    probe: Callable[[Path], MediaFacts],
) -> None:
    """Makes takes known to the store again of which it has but the bytes.

    `kinds` are those of the film's steps; what the lock file has of others is left alone.
    """
    recovery = MediaRecovery(store, probe)
    records = []
    for step, take in _find_forgotten(store, lock_file, kinds):
        path = store.require_file(take.sha256)
        if hashes(path) == take.sha256:
            parts, size = lock_file.find_parts(take.digest), path.stat().st_size
            complete_take = recovery(take)
            records.append(
                TakeRecord(complete_take, parts, kinds[step].value, size, path.suffix, step, film)
            )
    if records:
        store.add_records(records)


def _find_forgotten(
    store: Store, lock_file: LockFile, kinds: Mapping[str, Kind]
) -> Iterator[tuple[str, Take]]:
    """(step, take) that only the lock file knows and whose bytes are here."""
    for digest, entry in lock_file.entries.items():
        if entry.step not in kinds:
            continue
        stored_ordinals = {take.ordinal for take in store.find_takes(digest)}
        if not entry.takes.keys() <= stored_ordinals:
            for take in lock_file.find_takes(digest):
                if take.ordinal not in stored_ordinals and store.is_present(take.sha256):
                    yield entry.step, take


def _probe_file(path: Path) -> MediaFacts:
    from storyboard.stitching.media.ffmpeg import probe

    return probe(path)
