"""From a delivered file to a take in the store: looked at first, then kept, then written down."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storyboard.digest import file_sha256
from storyboard.disk import disk_errors
from storyboard.errors import EnvironmentProblem, MediaError, OperationFailed, StoryboardError
from storyboard.film import MediaFacts, Take
from storyboard.providers.base import Kind, Sample
from storyboard.run import events as ev
from storyboard.run.attempts import Attempt, State
from storyboard.run.batches import Batches, one_by_one
from storyboard.run.following import Brought, rebuy_hint
from storyboard.run.proof import SUFFIX, Proof, prove
from storyboard.run.record import Record, usd
from storyboard.run.studio import Studio
from storyboard.run.workplace import Room

_CHARGED = "nothing was kept, and it is counted as charged"


@dataclass(frozen=True, slots=True)
class _Come:
    """What has come for an attempt, and the file of the video that it goes on from."""

    attempt: Attempt
    brought: Brought
    source: Path | None


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found in a sample: whether it is good, and its files by their content."""

    proof: Proof
    medium: _File
    attachments: dict[str, _File]


_File = tuple[Path, str, str]
"""Where a file lies, its suffix and its SHA-256."""


class Shelver:
    """Takes the results of one run into the store, and closes their attempts."""

    def __init__(self, studio: Studio) -> None:
        self._film = studio.film
        self._store = studio.store
        self._ledger = studio.ledger
        self._media = studio.media
        self._place = studio.place
        self._tell = studio.tell
        self._kept = Batches(self._keep)
        self._added = Batches(self._add)

    async def shelve(self, attempt: Attempt, brought: Brought, source: Path | None = None) -> Take:
        """The take of a sample that has come; `source` is the video that it goes on from.

        Raises OperationFailed, with nothing kept, when it is not what was asked for.
        """
        try:
            found = await self._kept.do(_Come(attempt, brought, source))
        except StoryboardError as error:
            if isinstance(error, EnvironmentProblem):
                raise
            await self._ledger.advance(
                attempt,
                State.FAILED,
                message=(told := str(error).replace(str(brought.sample.path), "what came")),
                settled_micros=attempt.reserved_micros,
            )
            charged = attempt.reserved_micros > 0
            told = told if isinstance(error, OperationFailed) else f"it can't be read: {told}"
            raise OperationFailed(
                f"{attempt.name} is not what was bought: {told}",
                hint=f"{_CHARGED}; {rebuy_hint(attempt)}" if charged else error.hint,
                provider=attempt.provider,
                charged=charged,
            ) from error
        if found.proof.note:
            self._tell(ev.Note(step=attempt.step, shot=attempt.shot, message=found.proof.note))
        take = _take(attempt, brought.sample, found)
        attempt = await self._ledger.advance(attempt, State.FETCHED, sha256=take.sha256)
        await self._added.do((attempt, take))
        return await self.commit(attempt, take)

    def _look(self, come: _Come) -> _Found:
        attempt, source = come.attempt, come.source
        sample, facts = come.brought.sample, come.brought.facts
        path, kind = sample.path, Kind(attempt.kind)
        assert path is not None
        if facts is None:
            facts = MediaFacts() if kind is Kind.WRITE else self._media.probe(path)

        def measured(given: int) -> int | None:
            """How many frames the file has of its source, about `given`."""
            if source is None:
                return given
            try:
                return self._media.prefix(source, given, path, facts.frames)
            except MediaError:
                return given

        proof = prove(
            facts,
            sample,
            kind,
            path=path,
            rate=self._film.delivery.rate,
            buys_frames=attempt.buys_frames,
            given_frames=attempt.given_frames,
            size=(attempt.width, attempt.height),
            measured=measured,
        )
        suffix = path.suffix.lower() or SUFFIX.get(kind, ".mp4")
        attachments = {
            name: (beside, Path(name).suffix, file_sha256(beside))
            for name, beside in sorted(sample.attachments.items())
        }
        return _Found(proof, (path, suffix, file_sha256(path)), attachments)

    def _keep(self, come: Sequence[_Come]) -> Sequence[_Found | Exception]:
        """Looks at what has come, and takes in the bytes of all that is good."""
        found = one_by_one(self._look)(come)
        good = [each for each in found if isinstance(each, _Found)]
        with disk_errors(str(self._store.root)):
            self._store.put_all(
                [file for each in good for file in (each.medium, *each.attachments.values())]
            )
        return found

    def _add(self, all_: Sequence[tuple[Attempt, Take]]) -> Sequence[None]:
        with disk_errors(str(self._store.root)):
            self._store.add_all([self._record(attempt, take) for attempt, take in all_])
        for attempt, _ in all_:
            Room(self._place, f"a{attempt.id}").clear()
        return [None] * len(all_)

    def _record(self, attempt: Attempt, take: Take) -> Record:
        return self._store.record(
            take, attempt.parts, kind=attempt.kind, step=attempt.step, film=self._film.stem
        )

    async def commit(self, attempt: Attempt, take: Take) -> Take:
        """The ledger's last word on an attempt whose take is in the store."""
        await self._ledger.advance(
            attempt, State.COMMITTED, sha256=take.sha256, settled_micros=attempt.reserved_micros
        )
        self._tell(
            ev.TakeAdded(
                step=attempt.step,
                shot=attempt.shot,
                take=take.name,
                sha256=take.sha256,
                digest=take.digest,
                cost_usd=usd(take.price_micros),
                frames=take.facts.frames,
            )
        )
        return take

    def stored(self, attempt: Attempt) -> Take | None:
        """The take of an attempt that died between the store and the ledger's last word."""
        if attempt.state is not State.FETCHED:
            return None
        for take in self._store.takes(attempt.digest, fresh=True):
            if (take.ordinal, take.sha256) == (attempt.ordinal, attempt.sha256):
                return take if self._store.present(take.sha256) else None
        return None


def _take(attempt: Attempt, sample: Sample, found: _Found) -> Take:
    return Take(
        digest=attempt.digest,
        ordinal=attempt.ordinal,
        sha256=found.medium[2],
        provider=attempt.provider,
        model=attempt.model,
        facts=found.proof.facts,
        seed=attempt.seed,
        price_micros=attempt.reserved_micros,
        operation=attempt.operation,
        contains_source=found.proof.contains_source,
        source_frames=found.proof.source_frames,
        uri=sample.uri,
        expires_at=sample.expires_at,
        attachments={name: file[2] for name, file in found.attachments.items()},
        created_at=round(time.time(), 3),
        shot=attempt.shot,
    )
