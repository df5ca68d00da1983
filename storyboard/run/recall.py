"""Takes that the store forgot and the lock file remembers, whole again by their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.film import MediaFacts, Take
from storyboard.providers.base import Kind
from storyboard.run.record import Record
from storyboard.run.selects import Selects
from storyboard.run.store import Store

_WORDS = ".txt"


class Recall:
    """Looks into bytes that are here, once each, for what the lock file does not tell of them."""

    def __init__(self, store: Store, probe: Callable[[Path], MediaFacts] | None = None) -> None:
        self._store = store
        self._probe = probe or _real_probe
        self._seen: dict[str, MediaFacts | None] = {}

    def __call__(self, take: Take) -> Take:
        """The take with the facts of its medium; as it is where that can't be read."""
        if take.sha256 not in self._seen:
            self._seen[take.sha256] = self._facts(take.sha256)
        facts = self._seen[take.sha256]
        return replace(take, facts=facts) if facts else take

    def _facts(self, sha256: str) -> MediaFacts | None:
        path = self._store.path(sha256)
        try:
            return None if path.suffix == _WORDS else self._probe(path)
        except MediaError:
            return None


def restore(
    store: Store,
    selects: Selects,
    kinds: Mapping[str, Kind],
    *,
    film: str,
    hashes: Callable[[Path], str],
    probe: Callable[[Path], MediaFacts],
) -> None:
    """Makes takes known to the store again of which it has but the bytes.

    `kinds` are those of the film's steps; what the lock file has of others is left alone.
    """
    recall = Recall(store, probe)
    found = []
    for step, take in _forgotten(store, selects, kinds):
        path = store.path(take.sha256)
        if hashes(path) == take.sha256:
            parts, size = selects.parts(take.digest), path.stat().st_size
            whole = recall(take)
            found.append(Record(whole, parts, kinds[step].value, size, path.suffix, step, film))
    if found:
        store.add_all(found)


def _forgotten(
    store: Store, selects: Selects, kinds: Mapping[str, Kind]
) -> Iterator[tuple[str, Take]]:
    """(step, take) that only the lock file knows and whose bytes are here."""
    for digest, entry in selects.entries.items():
        if entry.step not in kinds:
            continue
        known = {take.ordinal for take in store.takes(digest)}
        if not entry.takes.keys() <= known:
            for take in selects.takes(digest):
                if take.ordinal not in known and store.present(take.sha256):
                    yield entry.step, take


def _real_probe(path: Path) -> MediaFacts:
    from storyboard.stitching.media import probe

    return probe(path)
