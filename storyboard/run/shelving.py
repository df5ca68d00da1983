"""From a delivered file to a take in the store: looked at first, then kept, then written down."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from storyboard.errors import EnvironmentProblem, OperationFailed, StoryboardError
from storyboard.film import MediaFacts, Take
from storyboard.providers.base import Kind, Sample
from storyboard.run import events as ev
from storyboard.run.attempts import Attempt, State
from storyboard.run.durable import disk_errors
from storyboard.run.proof import SUFFIX, Proof, prove
from storyboard.run.record import usd
from storyboard.run.studio import Studio
from storyboard.run.workplace import Room

_CHARGED = "nothing was kept, and it is counted as charged; render again buys it anew"


class Shelver:
    """Takes the results of one run into the store, and closes their attempts."""

    def __init__(self, studio: Studio) -> None:
        self._film = studio.film
        self._store = studio.store
        self._ledger = studio.ledger
        self._media = studio.media
        self._place = studio.place
        self._tell = studio.tell

    async def shelve(self, attempt: Attempt, sample: Sample) -> Take:
        """The take of a sample.

        Raises OperationFailed, with nothing kept, when it is not what was asked for.
        """
        try:
            proof = await asyncio.to_thread(self._proved, attempt, sample)
        except StoryboardError as error:
            if isinstance(error, EnvironmentProblem):
                raise
            await self._ledger.advance(
                attempt,
                State.FAILED,
                message=str(error),
                settled_micros=attempt.reserved_micros,
            )
            charged = attempt.reserved_micros > 0
            told = (
                str(error) if isinstance(error, OperationFailed) else f"it can't be read: {error}"
            )
            raise OperationFailed(
                f"{attempt.name} is not what was bought: {told}",
                hint=_CHARGED if charged else error.hint,
                provider=attempt.provider,
                charged=charged,
            ) from error
        if proof.note:
            self._tell(ev.Note(step=attempt.step, shot=attempt.shot, message=proof.note))
        take = await asyncio.to_thread(self._put, attempt, sample, proof)
        attempt = await self._ledger.advance(attempt, State.FETCHED, sha256=take.sha256)
        await asyncio.to_thread(self._add, attempt, take)
        Room(self._place, f"a{attempt.id}").clear()
        return await self.commit(attempt, take)

    def _proved(self, attempt: Attempt, sample: Sample) -> Proof:
        assert sample.path is not None
        kind = Kind(attempt.kind)
        facts = MediaFacts() if kind is Kind.WRITE else self._media.probe(sample.path)
        return prove(
            facts,
            sample,
            kind,
            path=sample.path,
            rate=self._film.delivery.rate,
            buys_frames=attempt.buys_frames,
            given_frames=attempt.given_frames,
            size=(attempt.width, attempt.height),
        )

    def _put(self, attempt: Attempt, sample: Sample, proof: Proof) -> Take:
        assert sample.path is not None
        with disk_errors(str(self._store.root)):
            suffix = sample.path.suffix.lower() or SUFFIX.get(Kind(attempt.kind), ".mp4")
            sha256 = self._store.put(sample.path, suffix=suffix)
            attachments = {
                name: self._store.put(path, suffix=Path(name).suffix)
                for name, path in sorted(sample.attachments.items())
            }
        return Take(
            digest=attempt.digest,
            ordinal=attempt.ordinal,
            sha256=sha256,
            provider=attempt.provider,
            model=attempt.model,
            facts=proof.facts,
            seed=attempt.seed,
            price_micros=attempt.reserved_micros,
            operation=attempt.operation,
            contains_source=proof.contains_source,
            source_frames=proof.source_frames,
            uri=sample.uri,
            expires_at=sample.expires_at,
            attachments=attachments,
            created_at=round(time.time(), 3),
            shot=attempt.shot,
        )

    def _add(self, attempt: Attempt, take: Take) -> None:
        with disk_errors(str(self._store.root)):
            self._store.add(
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
