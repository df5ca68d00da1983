"""What a step takes in: first by content, to know it; then with its bytes, to make it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from storyboard.errors import StoryboardError
from storyboard.graph.step_identity import hash_frame, hash_picture, resolve_frame_number
from storyboard.graph.steps import FramePick, Link, Step
from storyboard.model.film import MediaFacts, MediaFile, Take
from storyboard.providers.base import Input
from storyboard.run.executor.context import RunContext
from storyboard.util.machine_errors import explain_read_error

_CHUNK = 1 << 20


class InputChanged(Exception):
    """A file of the film changed while it was read; the step's identity is another one now."""


class InputResolver:
    """Resolves the links of a film's steps; frames and copies are made once a run."""

    def __init__(self, context: RunContext, hash_path: Callable[[Path], str]) -> None:
        self._store = context.store
        self._media = context.media
        self._hashes = hash_path
        self._rate = context.film.delivery.rate
        self._folder = context.workspace.scratch / "inputs"
        self._tasks: dict[str, asyncio.Task[Path]] = {}

    def identify_inputs(self, step: Step, parent_takes: Mapping[str, Take]) -> tuple[Input, ...]:
        """The inputs by content alone, in the order of the links; reads no media.

        `parent_takes` are the selects of the step's parents.
        """
        return tuple(self._identify_input(link, parent_takes) for link in step.links)

    async def prepare_inputs(
        self, step: Step, identified_inputs: tuple[Input, ...], parent_takes: Mapping[str, Take]
    ) -> tuple[Input, ...]:
        """The same inputs with local bytes.

        Raises InputChanged when a file of the film is no longer what `identified_inputs` says.
        """
        return tuple(
            [
                await self._prepare_input(link, source, parent_takes)
                for link, source in zip(step.links, identified_inputs, strict=True)
            ]
        )

    def _identify_input(self, link: Link, parent_takes: Mapping[str, Take]) -> Input:
        if link.file is not None:
            sha256 = self._hash_file(link.file)
            if link.pick is not None:
                sha256 = hash_frame(sha256, link.pick.frame, link.pick.reading)
            else:
                sha256 = hash_picture(sha256, link.file.reading)
            return Input(link.role, sha256, name=link.cast)
        take = parent_takes[link.step]
        state = self._find_state_attachment(take)
        if link.pick is not None:
            frame = resolve_frame_number(take, link.pick, self._rate)
            sha256 = hash_frame(take.sha256, frame, link.pick.reading)
            return Input(link.role, sha256, name=link.cast, state=state)
        return Input(
            link.role,
            take.sha256,
            name=link.cast,
            facts=take.facts,
            uri=take.uri,
            expires_at=take.expires_at,
            state=state,
            source_frames=take.source_frames,
        )

    def _hash_file(self, file: MediaFile) -> str:
        try:
            return self._hashes(file.path)
        except OSError as error:
            if problem := explain_read_error(error, file.name):
                raise problem from error
            raise StoryboardError(
                f"{file.name} can't be read: {error.strerror or error}",
                hint="restore the file, or name another one in the storyboard",
            ) from error

    def _find_state_attachment(self, take: Take) -> Path | None:
        sha256 = take.attachments.get("state.json", "")
        return (
            self._store.require_file(sha256)
            if sha256 and self._store.has_complete_file(sha256)
            else None
        )

    async def _prepare_input(
        self, link: Link, identified_input: Input, parent_takes: Mapping[str, Take]
    ) -> Input:
        if link.file is not None:
            return await self._prepare_file_input(link.file, link.pick, identified_input)
        take = parent_takes[link.step]
        if link.pick is None:
            present = self._store.has_complete_file(take.sha256)
            return replace(
                identified_input, path=self._store.require_file(take.sha256) if present else None
            )
        frame = resolve_frame_number(take, link.pick, self._rate)
        path = await self._locate_or_extract_frame(identified_input.sha256, take, frame)
        return replace(identified_input, path=path, facts=_to_still_facts(take.facts))

    async def _prepare_file_input(
        self, file: MediaFile, pick: FramePick | None, identified_input: Input
    ) -> Input:
        sha256 = self._hashes(file.path)
        content_sha256 = (
            hash_frame(sha256, pick.frame, pick.reading)
            if pick
            else hash_picture(sha256, file.reading)
        )
        if identified_input.sha256 != content_sha256:
            raise InputChanged(file.path)
        copy = await self._create_file_once(
            sha256, lambda: self._copy_unchanged_file(file.path, sha256)
        )
        if pick is None:
            if file.reading:
                out = self._folder / f"{content_sha256}.png"
                copy = await self._create_file_once(
                    content_sha256, lambda: self._convert_picture(copy, out)
                )
            return replace(
                identified_input, path=copy, facts=await asyncio.to_thread(self._media.probe, copy)
            )
        facts = await asyncio.to_thread(self._media.probe, copy)
        out = self._folder / f"{identified_input.sha256}.png"
        path = await self._create_file_once(
            identified_input.sha256, lambda: self._extract_frame(copy, pick.frame, out)
        )
        return replace(identified_input, path=path, facts=_to_still_facts(facts))

    async def _locate_or_extract_frame(self, frame_sha256: str, take: Take, frame: int) -> Path:
        """The picture itself: the lossless one kept with the take where there is one."""
        ends = {take.tail.start: "first.png", take.tail.end - 1: "last.png"}
        attachment = take.attachments.get(ends.get(frame, ""), "")
        if attachment and self._store.has_complete_file(attachment):
            return self._store.require_file(attachment)
        source = self._store.require_file(take.sha256)
        out = self._folder / f"{frame_sha256}.png"
        return await self._create_file_once(
            frame_sha256, lambda: self._extract_frame(source, frame, out)
        )

    async def _create_file_once(self, key: str, create_file: Callable[[], Path]) -> Path:
        if key not in self._tasks:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._tasks[key] = asyncio.create_task(asyncio.to_thread(create_file))
        return await asyncio.shield(self._tasks[key])

    def _extract_frame(self, source: Path, frame: int, out: Path) -> Path:
        self._media.extract_frame(source, frame, out)
        return out

    def _convert_picture(self, source: Path, out: Path) -> Path:
        self._media.convert_picture(source, out)
        return out

    def _copy_unchanged_file(self, path: Path, expected_sha256: str) -> Path:
        """A copy that no editor can change under the provider's hands."""
        copy = self._folder / f"{expected_sha256}{path.suffix.lower()}"
        state = hashlib.sha256()
        with path.open("rb") as source, copy.open("wb") as stream:
            while chunk := source.read(_CHUNK):
                state.update(chunk)
                stream.write(chunk)
        if state.hexdigest() != expected_sha256:
            copy.unlink()
            raise InputChanged(path)
        return copy


def _to_still_facts(facts: MediaFacts) -> MediaFacts:
    return MediaFacts(width=facts.width, height=facts.height, frames=1)
