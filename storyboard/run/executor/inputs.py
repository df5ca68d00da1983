"""What a step takes in: first by content, to know it; then with its bytes, to make it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from storyboard.errors import StoryboardError
from storyboard.graph.step_identity import hash_frame, resolve_frame_number
from storyboard.graph.steps import FramePick, Link, Step
from storyboard.model.film import MediaFacts, MediaFile, Take
from storyboard.providers.base import Input
from storyboard.run.executor.context import RunContext

_CHUNK = 1 << 20


class InputChanged(Exception):
    """A file of the film changed while it was read; the step's identity is another one now."""


class InputResolver:
    """Resolves the links of a film's steps; frames and copies are made once a run."""

    def __init__(self, context: RunContext, hashes: Callable[[Path], str]) -> None:
        self._store = context.store
        self._media = context.media
        self._hashes = hashes
        self._rate = context.film.delivery.rate
        self._folder = context.workspace.scratch / "inputs"
        self._tasks: dict[str, asyncio.Task[Path]] = {}

    def identify_inputs(self, step: Step, takes: Mapping[str, Take]) -> tuple[Input, ...]:
        """The inputs by content alone, in the order of the links; reads no media.

        `takes` are the selects of the step's parents.
        """
        return tuple(self._identify_input(link, takes) for link in step.links)

    async def prepare_inputs(
        self, step: Step, identified: tuple[Input, ...], takes: Mapping[str, Take]
    ) -> tuple[Input, ...]:
        """The same inputs with local bytes.

        Raises InputChanged when a file of the film is no longer what `identified` says.
        """
        return tuple(
            [
                await self._prepare_input(link, source, takes)
                for link, source in zip(step.links, identified, strict=True)
            ]
        )

    def _identify_input(self, link: Link, takes: Mapping[str, Take]) -> Input:
        if link.file is not None:
            sha256 = self._hash_file(link.file)
            if link.pick is not None:
                sha256 = hash_frame(sha256, link.pick.frame)
            return Input(link.role, sha256, name=link.cast)
        take = takes[link.step]
        state = self._find_state(take)
        if link.pick is not None:
            frame = resolve_frame_number(take, link.pick, self._rate)
            return Input(link.role, hash_frame(take.sha256, frame), name=link.cast, state=state)
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
            raise StoryboardError(
                f"{file.name} can't be read: {error.strerror or error}",
                hint="the storyboard names it; put it back or name another",
            ) from error

    def _find_state(self, take: Take) -> Path | None:
        sha256 = take.attachments.get("state.json", "")
        return (
            self._store.require_file(sha256) if sha256 and self._store.is_present(sha256) else None
        )

    async def _prepare_input(self, link: Link, source: Input, takes: Mapping[str, Take]) -> Input:
        if link.file is not None:
            return await self._prepare_file(link.file, link.pick, source)
        take = takes[link.step]
        if link.pick is None:
            present = self._store.is_present(take.sha256)
            return replace(source, path=self._store.require_file(take.sha256) if present else None)
        frame = resolve_frame_number(take, link.pick, self._rate)
        path = await self._prepare_frame(source.sha256, take, frame)
        return replace(source, path=path, facts=_to_still_facts(take.facts))

    async def _prepare_file(self, file: MediaFile, pick: FramePick | None, source: Input) -> Input:
        sha256 = self._hashes(file.path)
        if source.sha256 != (sha256 if pick is None else hash_frame(sha256, pick.frame)):
            raise InputChanged(file.path)
        copy = await self._run_once(sha256, lambda: self._copy_file(file.path, sha256))
        if pick is None:
            return replace(
                source, path=copy, facts=await asyncio.to_thread(self._media.probe, copy)
            )
        facts = await asyncio.to_thread(self._media.probe, copy)
        out = self._folder / f"{source.sha256}.png"
        path = await self._run_once(
            source.sha256, lambda: self._extract_frame(copy, pick.frame, out)
        )
        return replace(source, path=path, facts=_to_still_facts(facts))

    async def _prepare_frame(self, sha256: str, take: Take, frame: int) -> Path:
        """The picture itself: the lossless one kept with the take where there is one."""
        ends = {take.tail.start: "first.png", take.tail.end - 1: "last.png"}
        attachment = take.attachments.get(ends.get(frame, ""), "")
        if attachment and self._store.is_present(attachment):
            return self._store.require_file(attachment)
        source = self._store.require_file(take.sha256)
        out = self._folder / f"{sha256}.png"
        return await self._run_once(sha256, lambda: self._extract_frame(source, frame, out))

    async def _run_once(self, key: str, make: Callable[[], Path]) -> Path:
        if key not in self._tasks:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._tasks[key] = asyncio.create_task(asyncio.to_thread(make))
        return await asyncio.shield(self._tasks[key])

    def _extract_frame(self, source: Path, frame: int, out: Path) -> Path:
        self._media.extract_frame(source, frame, out)
        return out

    def _copy_file(self, path: Path, sha256: str) -> Path:
        """A copy that no editor can change under the provider's hands."""
        copy = self._folder / f"{sha256}{path.suffix.lower()}"
        state = hashlib.sha256()
        with path.open("rb") as source, copy.open("wb") as stream:
            while chunk := source.read(_CHUNK):
                state.update(chunk)
                stream.write(chunk)
        if state.hexdigest() != sha256:
            copy.unlink()
            raise InputChanged(path)
        return copy


def _to_still_facts(facts: MediaFacts) -> MediaFacts:
    return MediaFacts(width=facts.width, height=facts.height, frames=1)
