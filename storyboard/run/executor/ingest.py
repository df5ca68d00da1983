"""From a file to a take in the store: it is inspected, then stored, then recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storyboard.digest import hash_file
from storyboard.errors import EnvironmentProblem, MediaError, StoryboardError
from storyboard.graph.step_identity import Identity
from storyboard.graph.steps import Step
from storyboard.model.film import MediaFacts, Take
from storyboard.money import micros_to_usd
from storyboard.providers.base import Kind, Sample
from storyboard.run import events as ev
from storyboard.run.executor.acceptance import (
    MOVING_KINDS,
    SUFFIXES,
    AcceptedMedia,
    check_delivery,
)
from storyboard.run.executor.context import RunContext
from storyboard.run.executor.downloader import Download
from storyboard.run.executor.failure_recorder import FailureRecorder
from storyboard.run.executor.inputs import InputChanged
from storyboard.run.executor.workspace import AttemptWorkspace
from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.store.take_record import TakeRecord
from storyboard.util.batching import Batcher, build_batch_function
from storyboard.util.machine_errors import explain_machine_errors


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A download, and the file of the video that it goes on from."""

    download: Download
    source_video: Path | None

    @property
    def attempt(self) -> Attempt:
        return self.download.attempt


@dataclass(frozen=True, slots=True)
class _Inspection:
    """What was found in a sample: whether it is good, and its files by their content."""

    accepted: AcceptedMedia
    medium: _InspectedFile
    attachments: dict[str, _InspectedFile]


_InspectedFile = tuple[Path, str, str]
"""Where a file lies, its suffix and its SHA-256."""


class TakeIngest:
    """Takes the results of one run into the store, and closes their attempts."""

    def __init__(self, context: RunContext) -> None:
        self._film = context.film
        self._store = context.store
        self._ledger = context.ledger
        self._media = context.media
        self._workspace = context.workspace
        self._critical_tasks = context.critical_tasks
        self._emit = context.emit
        self._failures = FailureRecorder(context.ledger)
        self._owners: dict[tuple[str, str], Attempt] = {}
        """By provider and content, the attempt of this run that first brought it."""
        self._file_batcher = Batcher(self._inspect_and_store)
        self._record_batcher = Batcher(self._add_takes_and_clear_workspaces)

    async def ingest_download(self, download: Download, source_video: Path | None = None) -> Take:
        """The take of a download; `source_video` is the video that it goes on from.

        It is ingested to the end even when the run is being stopped. Raises OperationFailed, with
        nothing kept, when it is not what was asked for.
        """
        return await self._critical_tasks.run_to_end(
            self._inspect_store_and_commit(_Delivery(download, source_video))
        )

    async def _inspect_store_and_commit(self, delivery: _Delivery) -> Take:
        attempt, sample = delivery.attempt, delivery.download.sample
        try:
            inspection = await self._file_batcher.run_in_batch(delivery)
        except EnvironmentProblem:
            raise
        except StoryboardError as error:
            raise await self._failures.record_bad_download(attempt, sample.path, error) from error
        if inspection.accepted.note:
            self._emit(
                ev.Note(step=attempt.step, shot=attempt.shot, message=inspection.accepted.note)
            )
        take = _to_take(attempt, sample, inspection)
        if owner_name := self._find_other_owner_name(attempt, take.sha256):
            raise await self._failures.record_foreign_result(attempt, take.sha256, owner_name)
        attempt = await self._ledger.transition(attempt, State.FETCHED, sha256=take.sha256)
        await self._record_batcher.run_in_batch((attempt, take))
        return await self.commit_attempt(attempt, take)

    def _find_other_owner_name(self, attempt: Attempt, sha256: str) -> str:
        """The take that another job of the provider made of the same bytes; empty where none did.

        Two jobs for two steps never make the same bytes: the service has delivered one result
        twice. Free local steps may, and a step that is made again may come out as it was. What a
        person has adopted is taken.
        """
        if attempt.repeatable or attempt.sha256 == sha256:
            return ""
        if Kind(attempt.kind) not in (*MOVING_KINDS, Kind.STILL):
            return ""
        own = (self._film.stem, attempt.step)
        for record in self._store.find_records_by_content(sha256):
            take = record.take
            is_same_job = take.operation == attempt.operation or take.digest == attempt.digest
            is_own = is_same_job or (record.film, record.step) == own
            if take.provider == attempt.provider and not is_own:
                return f"{record.step}:{take.name} of film {record.film or '?'}"
        # another take of this run may be on its way into the store with them
        owner = self._owners.setdefault((attempt.provider, sha256), attempt)
        is_same_job = owner.operation == attempt.operation or owner.digest == attempt.digest
        return "" if is_same_job or owner.step == attempt.step else owner.name

    def _inspect_delivery(self, delivery: _Delivery) -> _Inspection:
        attempt, source = delivery.attempt, delivery.source_video
        sample, facts = delivery.download.sample, delivery.download.facts
        path, kind = sample.path, Kind(attempt.kind)
        assert path is not None
        if facts is None:
            facts = MediaFacts() if kind is Kind.WRITE else self._media.probe(path)

        def count_source_frames(expected_frames: int) -> int | None:
            """How many frames the file has of its source, about `expected_frames`."""
            if source is None:
                return expected_frames
            try:
                return self._media.count_source_frames_in_result(
                    source, expected_frames, path, facts.frames
                )
            except MediaError:
                return expected_frames

        accepted = check_delivery(
            facts,
            sample,
            kind,
            path=path,
            film_rate=self._film.delivery.rate,
            bought_frames=attempt.buys_frames,
            extended_frames=attempt.given_frames,
            requested_size=(attempt.width, attempt.height),
            count_source_frames=count_source_frames,
        )
        suffix = path.suffix.lower() or SUFFIXES.get(kind, ".mp4")
        attachments = {
            name: (attachment, Path(name).suffix, hash_file(attachment))
            for name, attachment in sorted(sample.attachments.items())
        }
        return _Inspection(accepted, (path, suffix, hash_file(path)), attachments)

    def _inspect_and_store(
        self, deliveries: Sequence[_Delivery]
    ) -> Sequence[_Inspection | Exception]:
        """Looks at what has come, and takes in the bytes of all that is good."""
        inspections = build_batch_function(self._inspect_delivery)(deliveries)
        passed = [inspection for inspection in inspections if isinstance(inspection, _Inspection)]
        with explain_machine_errors(str(self._store.root)):
            self._store.put_files(
                [
                    file
                    for inspection in passed
                    for file in (inspection.medium, *inspection.attachments.values())
                ]
            )
        return inspections

    def _add_takes_and_clear_workspaces(
        self, pairs: Sequence[tuple[Attempt, Take]]
    ) -> Sequence[None]:
        with explain_machine_errors(str(self._store.root)):
            self._store.add_records(
                [self._build_record(attempt, take) for attempt, take in pairs],
                repeatable_digests={attempt.digest for attempt, _ in pairs if attempt.repeatable},
            )
        for attempt, _ in pairs:
            AttemptWorkspace(self._workspace, f"a{attempt.id}").return_folder()
        return [None] * len(pairs)

    def _build_record(self, attempt: Attempt, take: Take) -> TakeRecord:
        return self._store.build_take_record(
            take, attempt.parts, kind=attempt.kind, step=attempt.step, film=self._film.stem
        )

    async def commit_attempt(self, attempt: Attempt, take: Take) -> Take:
        """The ledger's last word on an attempt whose take is in the store."""
        await self._ledger.transition(
            attempt, State.COMMITTED, sha256=take.sha256, settled_micros=attempt.reserved_micros
        )
        self._report_take(attempt.step, take)
        return take

    async def ingest_footage(
        self, step: Step, identity: Identity, path: Path, expected_sha256: str
    ) -> Take:
        """The take of footage that is the film's own, by its content.

        Raises InputChanged when the file no longer has that content.
        """
        take = await asyncio.to_thread(self._store_footage, step, identity, path, expected_sha256)
        self._report_take(step.id, take)
        return take

    def _store_footage(
        self, step: Step, identity: Identity, path: Path, expected_sha256: str
    ) -> Take:
        is_stored = self._store.has_complete_file(expected_sha256)
        with explain_machine_errors(str(self._store.root)):
            # what is in the store was decoded on its way in
            facts = (self._media.probe if is_stored else self._media.probe_and_decode)(path)
            if self._store.put_file(path, move=False) != expected_sha256:
                raise InputChanged(path)
            take = Take(
                digest=identity.digest,
                ordinal=1,
                sha256=expected_sha256,
                provider="import",
                model="",
                facts=facts,
                created_at=round(time.time(), 3),
                shot=step.shot,
            )
            self._store.add_take(
                take,
                identity.parts,
                kind=step.kind.value,
                step=step.id,
                film=self._film.stem,
            )
        return take

    def _report_take(self, step_id: str, take: Take) -> None:
        self._emit(
            ev.TakeAdded(
                step=step_id,
                shot=take.shot,
                take=take.name,
                sha256=take.sha256,
                digest=take.digest,
                cost_usd=micros_to_usd(take.price_micros),
                frames=take.facts.frames,
            )
        )

    def find_stored_take(self, attempt: Attempt) -> Take | None:
        """The take of an attempt that died between the store and the ledger's last word."""
        if attempt.state is not State.FETCHED:
            return None
        for take in self._store.find_takes(attempt.digest, fresh=True):
            if (take.ordinal, take.sha256) == (attempt.ordinal, attempt.sha256):
                return take if self._store.has_complete_file(take.sha256) else None
        return None


def _to_take(attempt: Attempt, sample: Sample, inspection: _Inspection) -> Take:
    return Take(
        digest=attempt.digest,
        ordinal=attempt.ordinal,
        sha256=inspection.medium[2],
        provider=attempt.provider,
        model=attempt.model,
        facts=inspection.accepted.facts,
        seed=attempt.seed,
        price_micros=attempt.reserved_micros,
        operation=attempt.operation,
        contains_source=inspection.accepted.contains_source,
        source_frames=inspection.accepted.source_frames,
        uri=sample.uri,
        expires_at=sample.expires_at,
        attachments={name: file[2] for name, file in inspection.attachments.items()},
        created_at=round(time.time(), 3),
        shot=attempt.shot,
    )
