"""The attempts that are not over, found by id and by what they make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from storyboard.run.attempts import OVER, Attempt


class Afoot:
    """Attempts that are not over, unknown ones too, oldest first."""

    def __init__(self, attempts: Iterable[Attempt] = ()) -> None:
        self._by_id: dict[int, Attempt] = {}
        self._ids: dict[str, list[int]] = defaultdict(list)
        for each in attempts:
            self.put(each)

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._by_id.values())

    def __getitem__(self, id: int) -> Attempt:
        return self._by_id[id]

    def at(self, digest: str, ordinal: int | None = None) -> Attempt | None:
        """The attempt at that take, or at any take of the digest."""
        for id in self._ids.get(digest, ()):
            if ordinal in (None, self._by_id[id].ordinal):
                return self._by_id[id]
        return None

    def put(self, attempt: Attempt) -> None:
        """Enters an attempt in place of what was known of it; one that is over is let go."""
        known = attempt.id in self._by_id
        if attempt.state not in OVER:
            self._by_id[attempt.id] = attempt
            if not known:
                self._ids[attempt.digest].append(attempt.id)
        elif known:
            del self._by_id[attempt.id]
            self._ids[attempt.digest].remove(attempt.id)
            if not self._ids[attempt.digest]:
                del self._ids[attempt.digest]
