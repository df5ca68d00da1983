"""What a step takes in: first by content, to know it; then with its bytes, to make it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from storyboard.errors import StoryboardError
from storyboard.film import MediaFacts, MediaFile, Take
from storyboard.graph.identity import frame_number, frame_sha
from storyboard.graph.steps import FramePick, Link, Step
from storyboard.providers.base import Input
from storyboard.run.studio import Studio

_CHUNK = 1 << 20


class InputChanged(Exception):
    """A file of the film changed while it was read; the step's identity is another one now."""


class Inputs:
    """Resolves the links of a film's steps; frames and copies are made once a run."""

    def __init__(self, studio: Studio, hashes: Callable[[Path], str]) -> None:
        self._store = studio.store
        self._media = studio.media
        self._hashes = hashes
        self._rate = studio.film.delivery.rate
        self._folder = studio.place.scratch / "inputs"
        self._made: dict[str, asyncio.Task[Path]] = {}

    def known(self, step: Step, takes: Mapping[str, Take]) -> tuple[Input, ...]:
        """The inputs by content alone, in the order of the links; reads no media.

        `takes` are the selects of the step's parents.
        """
        return tuple(self._known(link, takes) for link in step.links)

    async def ready(
        self, step: Step, known: tuple[Input, ...], takes: Mapping[str, Take]
    ) -> tuple[Input, ...]:
        """The same inputs with local bytes.

        Raises InputChanged when a file of the film is no longer what `known` says.
        """
        return tuple(
            [
                await self._ready(link, given, takes)
                for link, given in zip(step.links, known, strict=True)
            ]
        )

    def _known(self, link: Link, takes: Mapping[str, Take]) -> Input:
        if link.file is not None:
            sha256 = self._of_file(link.file)
            if link.pick is not None:
                sha256 = frame_sha(sha256, link.pick.frame)
            return Input(link.role, sha256, name=link.cast)
        take = takes[link.step]
        state = self._state(take)
        if link.pick is not None:
            frame = frame_number(take, link.pick, self._rate)
            return Input(link.role, frame_sha(take.sha256, frame), name=link.cast, state=state)
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

    def _of_file(self, file: MediaFile) -> str:
        try:
            return self._hashes(file.path)
        except OSError as error:
            raise StoryboardError(
                f"{file.name} can't be read: {error.strerror or error}",
                hint="the storyboard names it; put it back or name another",
            ) from error

    def _state(self, take: Take) -> Path | None:
        sha256 = take.attachments.get("state.json", "")
        return self._store.path(sha256) if sha256 and self._store.present(sha256) else None

    async def _ready(self, link: Link, given: Input, takes: Mapping[str, Take]) -> Input:
        if link.file is not None:
            return await self._ready_file(link.file, link.pick, given)
        take = takes[link.step]
        if link.pick is None:
            present = self._store.present(take.sha256)
            return replace(given, path=self._store.path(take.sha256) if present else None)
        frame = frame_number(take, link.pick, self._rate)
        path = await self._frame(given.sha256, take, frame)
        return replace(given, path=path, facts=_picture(take.facts))

    async def _ready_file(self, file: MediaFile, pick: FramePick | None, given: Input) -> Input:
        sha256 = self._hashes(file.path)
        if given.sha256 != (sha256 if pick is None else frame_sha(sha256, pick.frame)):
            raise InputChanged(file.path)
        copy = await self._once(sha256, lambda: self._copy(file.path, sha256))
        if pick is None:
            return replace(given, path=copy, facts=await asyncio.to_thread(self._media.probe, copy))
        facts = await asyncio.to_thread(self._media.probe, copy)
        out = self._folder / f"{given.sha256}.png"
        path = await self._once(given.sha256, lambda: self._extract(copy, pick.frame, out))
        return replace(given, path=path, facts=_picture(facts))

    async def _frame(self, sha256: str, take: Take, frame: int) -> Path:
        """The picture itself: the lossless one kept with the take where there is one."""
        ends = {take.tail.start: "first.png", take.tail.end - 1: "last.png"}
        kept = take.attachments.get(ends.get(frame, ""), "")
        if kept and self._store.present(kept):
            return self._store.path(kept)
        source = self._store.path(take.sha256)
        out = self._folder / f"{sha256}.png"
        return await self._once(sha256, lambda: self._extract(source, frame, out))

    async def _once(self, key: str, make: Callable[[], Path]) -> Path:
        if key not in self._made:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._made[key] = asyncio.create_task(asyncio.to_thread(make))
        return await asyncio.shield(self._made[key])

    def _extract(self, source: Path, frame: int, out: Path) -> Path:
        self._media.extract_frame(source, frame, out)
        return out

    def _copy(self, path: Path, sha256: str) -> Path:
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


def _picture(facts: MediaFacts) -> MediaFacts:
    return MediaFacts(width=facts.width, height=facts.height, frames=1)
