"""Makes one request, in a worker process: its frames, its sound, and what others go on from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2

from storyboard.errors import OperationFailed
from storyboard.film import frame_size
from storyboard.previz import narrator, pictures, state
from storyboard.previz.continuing import continued
from storyboard.previz.encode import conform, join, write_picture, write_take
from storyboard.previz.framing import Composition, compose
from storyboard.previz.lettering import burn_in, put, slate, subtitles
from storyboard.previz.morph import morph
from storyboard.previz.paint import Pixels
from storyboard.previz.parse import parse
from storyboard.previz.plate import melted, moved
from storyboard.previz.scene import Scene, Taken
from storyboard.previz.sound import soundtrack
from storyboard.previz.spec import Spec
from storyboard.providers.base import Input, Kind, Request, Role, Sample
from storyboard.stitching.media import extract_frame, probe

_MELT_FRAMES = 10
_LARGEST = 1080
"""Scenes are painted at most this high (the shorter side) and scaled up beyond it."""


def draw(request: Request, scratch: Path) -> Sample:
    """The sample of `request`; its files lie in a new folder of `scratch` and are the caller's.

    The same request and the same input bytes give the same bytes, wherever and however often it
    is drawn. Raises StoryboardError for what can't be drawn.
    """
    cv2.setNumThreads(1)
    folder = Path(tempfile.mkdtemp(prefix="previz-", dir=scratch))
    if request.kind is Kind.STILL:
        return _still(request, folder)
    if request.kind is Kind.GENERATE:
        return _Take(request, folder).generate()
    if request.kind is Kind.INTERPOLATE:
        return _Take(request, folder).interpolate()
    if request.kind is Kind.EXTEND:
        return _Take(request, folder).extend()
    if request.kind is Kind.WRITE:
        return narrator.written(request, folder)
    if request.kind is Kind.SPEECH:
        return narrator.told(request, folder)
    raise OperationFailed(f"previz makes no {request.kind} step", provider="previz")


def _tints(request: Request) -> dict[str, tuple[str, str, str]]:
    """Colours of cast members by name, as their reference pictures show them."""
    sent = (each for each in request.inputs if each.role is Role.REFERENCE and each.path)
    images = [each for each in sent if each.state is None]  # its own pictures follow the words
    names = [figure.name for figure in request.intent.cast if figure.kind == "character"]
    free = [name for name in names if all(image.name != name for image in images)]
    found: dict[str, tuple[str, str, str]] = {}
    for image in images:
        name = image.name if image.name in names else (free.pop(0) if free else "")
        if name and name not in found and (tint := pictures.tint_of(_path(image))):
            found[name] = tint
    return found


def _path(given: Input | None, what: str = "picture") -> Path:
    if given is None or given.path is None:
        raise OperationFailed(f"previz needs the {what} as a local file", provider="previz")
    return given.path


def _still(request: Request, folder: Path) -> Sample:
    spec = parse(request, _tints(request))
    size = _size(request)
    scene = Scene(spec, compose(spec, *_painted(size)), (), 1, request.settings.fps)
    picture = pictures.framed(scene.frame(0), *size)
    path = folder / "still.png"
    pictures.save(picture, path)
    told = state.written(scene, [state.fingerprint(picture)], request.settings.seed or 0)
    pictures.write(told.encode(), folder / "state.json")
    return Sample(path=path, attachments={"state.json": folder / "state.json"})


def _size(request: Request) -> tuple[int, int]:
    return frame_size(request.settings.resolution, request.settings.aspect_ratio)


def _painted(size: tuple[int, int]) -> tuple[int, int]:
    """The size that scenes for frames of `size` are painted in."""
    if min(size) <= _LARGEST:
        return size
    return round(size[0] * _LARGEST / min(size)), round(size[1] * _LARGEST / min(size))


@dataclass
class _Take:
    """One moving picture in the making."""

    request: Request
    folder: Path
    first: Pixels | None = field(default=None, init=False)
    last: Pixels | None = field(default=None, init=False)
    prints: list[str] = field(default_factory=list, init=False)

    @property
    def spec(self) -> Spec:
        return parse(self.request, _tints(self.request))

    @property
    def frames(self) -> int:
        return self.request.settings.duration_s * self.request.settings.fps

    @property
    def fps(self) -> int:
        return self.request.settings.fps

    def generate(self) -> Sample:
        """From words, or on from a picture."""
        given = self.request.input(Role.FIRST_FRAME)
        size = _size(self.request)
        if given is None:
            composition = compose(self.spec, *_painted(size))
            return self._filmed(self._scene(self.spec, composition))
        picture = pictures.load(_path(given, "first frame"), *size)
        known = _fitting(state.read(given.state), size)
        frame = state.frame_of(known, picture) if known else None
        if known is None or frame is None:
            return self._over(picture, self.spec)
        spec, composition, taken = continued(self.request, self.spec, known, frame, 0, size)
        scene = Scene(spec, composition, self.request.intent.dialogue, self.frames, self.fps, taken)
        live = (melted(picture, scene.frame(i), i, _MELT_FRAMES) for i in range(self.frames))
        return self._filmed(scene, live, seed=known["seed"])

    def interpolate(self) -> Sample:
        """Between two pictures, both kept to the pixel."""
        size = _size(self.request)
        ends = [
            pictures.load(_path(self.request.input(role), what), *size)
            for role, what in ((Role.FIRST_FRAME, "first frame"), (Role.LAST_FRAME, "last frame"))
        ]
        spec = self.spec
        video = self._write(morph(ends[0], ends[1], self.frames), spec)
        return self._finished(video, 0.0, self.request.settings.seed or 0)

    def extend(self) -> Sample:
        """The tail of a take that goes on, with or without its source before it."""
        given = self.request.input(Role.VIDEO)
        source = _path(given, "video")
        size = _size(self.request)
        known = _fitting(state.read(given.state if given else None), size)
        own = known is not None and _has_size(source, size) and known["fps"] == self.fps
        if known is None:
            count = probe(source).frames
            end = self.folder / "end.png"
            extract_frame(source, count - 1, end)
            picture = pictures.load(end, *size)
            end.unlink()
            spec = self.spec
            on = moved(picture, spec, self.frames + 1, self.fps)
            next(on)
            video = self._write(on, spec)
            return self._finished(video, 0.0, self.request.settings.seed or 0, source, own)
        last = len(known["poses"]) - 1
        spec, composition, taken = continued(self.request, self.spec, known, last, 1, size)
        scene = Scene(spec, composition, self.request.intent.dialogue, self.frames, self.fps, taken)
        return self._filmed(scene, seed=known["seed"], source=source, own=own)

    def _scene(self, spec: Spec, composition: Composition, taken: Taken | None = None) -> Scene:
        lines = self.request.intent.dialogue
        return Scene(spec, composition, lines, self.frames, self.fps, taken)

    def _shown(self, scene: Scene) -> Iterator[Pixels]:
        """The scene's frames in the size of the take."""
        size = _size(self.request)
        for number in range(self.frames):
            yield pictures.framed(scene.frame(number), *size)

    def _over(self, picture: Pixels, spec: Spec) -> Sample:
        video = self._write(moved(picture, spec, self.frames, self.fps), spec)
        return self._finished(video, 0.0, self.request.settings.seed or 0)

    def _filmed(
        self,
        scene: Scene,
        frames: Iterator[Pixels] | None = None,
        seed: int | None = None,
        source: Path | None = None,
        own: bool = False,
    ) -> Sample:
        """A scene's frames as a take, with the state that another goes on from."""
        video = self._write(frames or self._shown(scene), scene.spec)
        seed = self.request.settings.seed or 0 if seed is None else seed
        told = state.written(scene, self.prints, seed)
        pictures.write(told.encode(), self.folder / "state.json")
        return self._finished(video, scene.clock, seed, source, own)

    def _write(self, frames: Iterator[Pixels], spec: Spec) -> Path:
        out = self.folder / "picture.mp4"
        write_picture(self._lettered(frames, spec), _size(self.request), self.fps, out)
        pictures.save(_given(self.first), self.folder / "first.png")
        pictures.save(_given(self.last), self.folder / "last.png")
        return out

    def _lettered(self, frames: Iterator[Pixels], spec: Spec) -> Iterator[Pixels]:
        """Frames with their words, the clean ends kept aside."""
        width, height = _size(self.request)
        options = self.request.settings.options
        lines = self.request.intent.dialogue
        captions = []
        if options.get("burn_in") is not False:  # the film burns in its own
            captions += subtitles(lines, width, height, self.fps, self.frames)
        if options.get("slate"):
            told = self.request.intent.prompt
            captions.append(slate(spec, told, width, height, self.fps, self.frames))
        for number, picture in enumerate(frames):
            self.prints.append(state.fingerprint(picture))
            ends = number in (0, self.frames - 1)
            if number == 0:
                self.first = picture.copy()
            if number == self.frames - 1:
                self.last = picture.copy()
            shown = [(c, c.strength(number, self.frames)) for c in captions]
            if not ends and (options.get("burn_in") or any(s for _, s in shown)):
                picture = picture.copy()
                if options.get("burn_in"):
                    put(picture, burn_in(spec, number, self.fps, width, height), 0, 0)
                for caption, strength in shown:
                    if strength:
                        put(picture, caption.pixels, caption.left, caption.top, strength)
            yield picture

    def _finished(
        self, video: Path, clock: float, seed: int, source: Path | None = None, own: bool = False
    ) -> Sample:
        """Joins picture and sound, and with them the source where that is asked for."""
        sound = None
        if self.request.settings.audio:
            seconds = self.frames / self.fps
            sound = soundtrack(self.request, seconds=seconds, start_s=clock, seed=seed)
        out = self.folder / "take.mp4"
        whole, before, count = video, None, 0
        if source is not None and self.request.combined:
            before = source
            ours = source
            if not own:
                ours = self.folder / "source.mp4"
                conform(source, _size(self.request), self.fps, ours)
            count = probe(ours).frames
            whole = self.folder / "whole.mp4"
            join(ours, video, whole)
        write_take(whole, sound, out, before=before)
        for left in ("picture.mp4", "whole.mp4", "source.mp4"):
            (self.folder / left).unlink(missing_ok=True)
        names = ("first.png", "last.png", "state.json")
        attachments = {name: self.folder / name for name in names if (self.folder / name).exists()}
        return Sample(path=out, contains_source=before is not None, source_frames=count,
                      attachments=attachments)  # fmt: skip


def _has_size(source: Path, size: tuple[int, int]) -> bool:
    """Whether `source` has frames of that size."""
    facts = probe(source)
    return (facts.width, facts.height) == size


def _fitting(known: Mapping[str, Any] | None, size: tuple[int, int]) -> Mapping[str, Any] | None:
    """A state that can be taken up in a frame of `size`: one of the same shape."""
    if known is None:
        return None
    width, height = known["size"]
    return known if abs(width / height - size[0] / size[1]) < 0.02 else None


def _given(picture: Pixels | None) -> Pixels:
    if picture is None:
        raise OperationFailed("previz was asked for a take of no length", provider="previz")
    return picture
