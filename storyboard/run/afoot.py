"""The attempts that are not over, found by id and by what they make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from storyboard.run.attempts import FINAL_STATES, Attempt


class OpenAttempts:
    """Attempts that are not over, unknown ones too, oldest first."""

    def __init__(self, attempts: Iterable[Attempt] = ()) -> None:
        self._by_id: dict[int, Attempt] = {}
        self._ids_by_digest: dict[str, list[int]] = defaultdict(list)
        for attempt in attempts:
            self.update_attempt(attempt)

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._by_id.values())

    def __getitem__(self, id: int) -> Attempt:
        return self._by_id[id]

    def find_attempt(self, digest: str, ordinal: int | None = None) -> Attempt | None:
        """The attempt at that take, or at any take of the digest."""
        for id in self._ids_by_digest.get(digest, ()):
            if ordinal in (None, self._by_id[id].ordinal):
                return self._by_id[id]
        return None

    def update_attempt(self, attempt: Attempt) -> None:
        """Enters an attempt in place of what was known of it; one that is over is let go."""
        is_listed = attempt.id in self._by_id
        if attempt.state not in FINAL_STATES:
            self._by_id[attempt.id] = attempt
            if not is_listed:
                self._ids_by_digest[attempt.digest].append(attempt.id)
        elif is_listed:
            del self._by_id[attempt.id]
            self._ids_by_digest[attempt.digest].remove(attempt.id)
            if not self._ids_by_digest[attempt.digest]:
                del self._ids_by_digest[attempt.digest]
