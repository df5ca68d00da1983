"""Renders one request in a worker process: its frames, its sound, and the state for
continuations.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2

from storyboard.errors import OperationFailed
from storyboard.model.film import compute_frame_size
from storyboard.previz import state
from storyboard.previz.audio import narration
from storyboard.previz.audio.mix import render_soundtrack
from storyboard.previz.compositing.background_plate import (
    animate_camera_over_picture,
    dissolve_picture_into_scene,
)
from storyboard.previz.compositing.overlay_text import (
    build_subtitles,
    draw_shot_info_strip,
    draw_slate_overlay,
    paste_text_picture,
)
from storyboard.previz.continuation import continue_scene
from storyboard.previz.encode import append_video_tail, conform_video, encode_video, write_take
from storyboard.previz.painting import image_files
from storyboard.previz.painting.morph import morph_pictures
from storyboard.previz.painting.rasterizer import Pixels
from storyboard.previz.scene import Scene
from storyboard.previz.script.parser import parse_shot
from storyboard.previz.script.shot_spec import ShotSpec
from storyboard.previz.staging.framing import Composition, compose_shot
from storyboard.providers.base import Input, Kind, Request, Role, Sample
from storyboard.stitching.media.ffmpeg import extract_frame, probe

_MELT_FRAMES = 10
_LARGEST = 1080
"""Scenes are painted at most this high (the shorter side) and scaled up beyond it."""


def render_take(request: Request, scratch: Path) -> Sample:
    """The sample of `request`; its files are in a new folder of `scratch`, and the caller owns
    them.

    The same request and input bytes always give the same bytes. Raises StoryboardError if it can't
    be drawn.
    """
    # OpenCV's own threads would compete with the other worker processes.
    cv2.setNumThreads(1)
    folder = Path(tempfile.mkdtemp(prefix="previz-", dir=scratch))
    if request.kind is Kind.STILL:
        return _render_still(request, folder)
    if request.kind is Kind.GENERATE:
        return _TakeRenderer(request, folder).generate_take()
    if request.kind is Kind.INTERPOLATE:
        return _TakeRenderer(request, folder).interpolate_take()
    if request.kind is Kind.EXTEND:
        return _TakeRenderer(request, folder).extend_take()
    if request.kind is Kind.WRITE:
        return narration.write_placeholder_narration(request, folder)
    if request.kind is Kind.SPEECH:
        return narration.murmur_line_to_wav(request, folder)
    raise OperationFailed(f"previz can't make a {request.kind} step", provider="previz")


def _read_cast_tints(request: Request) -> dict[str, tuple[str, str, str]]:
    """Hair and clothes colours of cast members by name, from their reference pictures."""
    references = (
        reference
        for reference in request.inputs
        if reference.role is Role.REFERENCE and reference.path
    )
    images = [
        reference for reference in references if reference.state is None
    ]  # previz's own pictures already follow the description
    names = [figure.name for figure in request.intent.cast if figure.kind == "character"]
    # Pictures without a cast name go to the remaining characters in order.
    unused_names = [name for name in names if all(image.name != name for image in images)]
    tints: dict[str, tuple[str, str, str]] = {}
    for image in images:
        name = image.name if image.name in names else (unused_names.pop(0) if unused_names else "")
        if (
            name
            and name not in tints
            and (tint := image_files.read_hair_and_clothes_colors(_require_input_path(image)))
        ):
            tints[name] = tint
    return tints


def _require_input_path(media: Input | None, input_name: str = "picture") -> Path:
    if media is None or media.path is None:
        raise OperationFailed(f"previz needs the {input_name} as a local file", provider="previz")
    return media.path


def _render_still(request: Request, folder: Path) -> Sample:
    spec = parse_shot(request, _read_cast_tints(request))
    size = _read_frame_size(request)
    scene = Scene(spec, compose_shot(spec, *_limit_paint_size(size)), (), 1, request.settings.fps)
    picture = image_files.crop_to_fill_frame(scene.draw_frame(0), *size)
    path = folder / "still.png"
    image_files.save_png(picture, path)
    state_json = state.to_state_json(
        scene, [state.fingerprint_picture(picture)], request.settings.seed or 0
    )
    image_files.write_bytes_atomically(state_json.encode(), folder / "state.json")
    return Sample(path=path, attachments={"state.json": folder / "state.json"})


def _read_frame_size(request: Request) -> tuple[int, int]:
    return compute_frame_size(request.settings.resolution, request.settings.aspect_ratio)


def _limit_paint_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size in which scenes for frames of `size` are painted."""
    if min(size) <= _LARGEST:
        return size
    return round(size[0] * _LARGEST / min(size)), round(size[1] * _LARGEST / min(size))


@dataclass
class _TakeRenderer:
    """Renders one moving picture."""

    request: Request
    folder: Path
    first_frame: Pixels | None = field(default=None, init=False)
    last_frame: Pixels | None = field(default=None, init=False)
    fingerprints: list[str] = field(default_factory=list, init=False)

    @property
    def spec(self) -> ShotSpec:
        return parse_shot(self.request, _read_cast_tints(self.request))

    @property
    def frames(self) -> int:
        return self.request.settings.duration_s * self.request.settings.fps

    @property
    def fps(self) -> int:
        return self.request.settings.fps

    def generate_take(self) -> Sample:
        """Renders from the description alone, or from a first frame."""
        first_frame = self.request.input(Role.FIRST_FRAME)
        size = _read_frame_size(self.request)
        if first_frame is None:
            composition = compose_shot(self.spec, *_limit_paint_size(size))
            return self._render_scene(self._build_scene(self.spec, composition))
        picture = image_files.load_picture_filling_frame(
            _require_input_path(first_frame, "first frame"), *size
        )
        prior_state = _keep_state_of_same_aspect(state.read_state(first_frame.state), size)
        # A picture that previz drew itself carries its state, so the scene can continue; others
        # become a plate.
        frame = state.find_frame_index(prior_state, picture) if prior_state else None
        if prior_state is None or frame is None:
            return self._render_camera_over_picture(picture, self.spec)
        spec, composition, resume = continue_scene(
            self.request, self.spec, prior_state, frame, 0, size
        )
        scene = Scene(
            spec, composition, self.request.intent.dialogue, self.frames, self.fps, resume
        )
        # The picture may be a compressed copy, so it dissolves into the newly drawn scene.
        live = (
            dissolve_picture_into_scene(picture, scene.draw_frame(i), i, _MELT_FRAMES)
            for i in range(self.frames)
        )
        return self._render_scene(scene, live, seed=prior_state["seed"])

    def interpolate_take(self) -> Sample:
        """Morphs between two pictures, both kept exactly."""
        size = _read_frame_size(self.request)
        end_frames = [
            image_files.load_picture_filling_frame(
                _require_input_path(self.request.input(role), what), *size
            )
            for role, what in ((Role.FIRST_FRAME, "first frame"), (Role.LAST_FRAME, "last frame"))
        ]
        spec = self.spec
        video = self._write_video_and_end_frames(
            morph_pictures(end_frames[0], end_frames[1], self.frames), spec
        )
        return self._add_sound_and_finish_take(video, 0.0, self.request.settings.seed or 0)

    def extend_take(self) -> Sample:
        """Renders the continuation of a take, with or without its source before it."""
        source_input = self.request.input(Role.VIDEO)
        source = _require_input_path(source_input, "video")
        size = _read_frame_size(self.request)
        prior_state = _keep_state_of_same_aspect(
            state.read_state(source_input.state if source_input else None), size
        )
        same_format = (
            prior_state is not None
            and _has_frame_size(source, size)
            and prior_state["fps"] == self.fps
        )
        # Footage without a state: move the camera over its last frame.
        if prior_state is None:
            count = probe(source).frames
            end = self.folder / "end.png"
            extract_frame(source, count - 1, end)
            picture = image_files.load_picture_filling_frame(end, *size)
            end.unlink()
            spec = self.spec
            frames = animate_camera_over_picture(picture, spec, self.frames + 1, self.fps)
            # Frame 0 is the source's last frame, which the take must not repeat.
            next(frames)
            video = self._write_video_and_end_frames(frames, spec)
            return self._add_sound_and_finish_take(
                video, 0.0, self.request.settings.seed or 0, source, same_format
            )
        last = len(prior_state["poses"]) - 1
        spec, composition, resume = continue_scene(
            self.request, self.spec, prior_state, last, 1, size
        )
        scene = Scene(
            spec, composition, self.request.intent.dialogue, self.frames, self.fps, resume
        )
        return self._render_scene(
            scene, seed=prior_state["seed"], source=source, same_format=same_format
        )

    def _build_scene(self, spec: ShotSpec, composition: Composition) -> Scene:
        return Scene(spec, composition, self.request.intent.dialogue, self.frames, self.fps)

    def _draw_frames(self, scene: Scene) -> Iterator[Pixels]:
        """The scene's frames in the size of the take."""
        size = _read_frame_size(self.request)
        for number in range(self.frames):
            yield image_files.crop_to_fill_frame(scene.draw_frame(number), *size)

    def _render_camera_over_picture(self, picture: Pixels, spec: ShotSpec) -> Sample:
        video = self._write_video_and_end_frames(
            animate_camera_over_picture(picture, spec, self.frames, self.fps), spec
        )
        return self._add_sound_and_finish_take(video, 0.0, self.request.settings.seed or 0)

    def _render_scene(
        self,
        scene: Scene,
        frames: Iterator[Pixels] | None = None,
        seed: int | None = None,
        source: Path | None = None,
        same_format: bool = False,
    ) -> Sample:
        """Renders a scene's frames as a take, with the state for continuations."""
        video = self._write_video_and_end_frames(frames or self._draw_frames(scene), scene.spec)
        seed = self.request.settings.seed or 0 if seed is None else seed
        state_json = state.to_state_json(scene, self.fingerprints, seed)
        image_files.write_bytes_atomically(state_json.encode(), self.folder / "state.json")
        return self._add_sound_and_finish_take(video, scene.clock, seed, source, same_format)

    def _write_video_and_end_frames(self, frames: Iterator[Pixels], spec: ShotSpec) -> Path:
        out = self.folder / "picture.mp4"
        encode_video(
            self._overlay_text_and_record_frames(frames, spec),
            _read_frame_size(self.request),
            self.fps,
            out,
        )
        image_files.save_png(_require_drawn_frame(self.first_frame), self.folder / "first.png")
        image_files.save_png(_require_drawn_frame(self.last_frame), self.folder / "last.png")
        return out

    def _overlay_text_and_record_frames(
        self, frames: Iterator[Pixels], spec: ShotSpec
    ) -> Iterator[Pixels]:
        """Adds text to the frames and keeps the clean first and last one."""
        width, height = _read_frame_size(self.request)
        options = self.request.settings.options
        lines = self.request.intent.dialogue
        overlays = []
        if options.get("burn_in") is not False:  # False: the film burns in subtitles itself
            overlays += build_subtitles(lines, width, height, self.fps, self.frames)
        if options.get("slate"):
            prompt = self.request.intent.prompt
            overlays.append(draw_slate_overlay(spec, prompt, width, height, self.fps, self.frames))
        for number, picture in enumerate(frames):
            self.fingerprints.append(state.fingerprint_picture(picture))
            is_end = number in (0, self.frames - 1)
            if number == 0:
                self.first_frame = picture.copy()
            if number == self.frames - 1:
                self.last_frame = picture.copy()
            strengths = [(c, c.compute_opacity(number, self.frames)) for c in overlays]
            if not is_end and (options.get("burn_in") or any(s for _, s in strengths)):
                picture = picture.copy()
                if options.get("burn_in"):
                    paste_text_picture(
                        picture, draw_shot_info_strip(spec, number, self.fps, width, height), 0, 0
                    )
                for override_values, strength in strengths:
                    if strength:
                        paste_text_picture(
                            picture,
                            override_values.pixels,
                            override_values.left,
                            override_values.top,
                            strength,
                        )
            yield picture

    def _add_sound_and_finish_take(
        self,
        new_video: Path,
        clock_s: float,
        seed: int,
        source: Path | None = None,
        same_format: bool = False,
    ) -> Sample:
        """Joins picture and sound, after the source if requested."""
        sound = None
        if self.request.settings.audio:
            seconds = self.frames / self.fps
            sound = render_soundtrack(self.request, seconds=seconds, start_s=clock_s, seed=seed)
        out = self.folder / "take.mp4"
        whole, source_before, count = new_video, None, 0
        if source is not None and self.request.combined:
            source_before = source
            conformed = source
            if not same_format:
                conformed = self.folder / "source.mp4"
                conform_video(source, _read_frame_size(self.request), self.fps, conformed)
            count = probe(conformed).frames
            whole = self.folder / "whole.mp4"
            append_video_tail(conformed, new_video, whole)
        write_take(whole, sound, out, source=source_before)
        for leftover in ("picture.mp4", "whole.mp4", "source.mp4"):
            (self.folder / leftover).unlink(missing_ok=True)
        names = ("first.png", "last.png", "state.json")
        attachments = {name: self.folder / name for name in names if (self.folder / name).exists()}
        return Sample(path=out, contains_source=source_before is not None, source_frames=count,
                      attachments=attachments)  # fmt: skip


def _has_frame_size(video: Path, size: tuple[int, int]) -> bool:
    """Whether `video` has frames of that size."""
    facts = probe(video)
    return (facts.width, facts.height) == size


def _keep_state_of_same_aspect(
    prior_state: Mapping[str, Any] | None, size: tuple[int, int]
) -> Mapping[str, Any] | None:
    """The state, if it has the aspect ratio of `size`; another one can't be continued."""
    if prior_state is None:
        return None
    width, height = prior_state["size"]
    return prior_state if abs(width / height - size[0] / size[1]) < 0.02 else None


def _require_drawn_frame(picture: Pixels | None) -> Pixels:
    if picture is None:
        raise OperationFailed("previz got a request for a take without length", provider="previz")
    return picture
