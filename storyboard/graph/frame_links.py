"""Frame references as links: which frame of which step, or which file."""

from __future__ import annotations

from dataclasses import replace

from storyboard.graph.context import CompileContext
from storyboard.graph.shot_material import ShotMaterial
from storyboard.graph.steps import FramePick, Link
from storyboard.graph.stills import StillSteps, build_image_link
from storyboard.model.film import FrameEdge, FrameRef, Shot
from storyboard.providers.base import Role
from storyboard.providers.catalog import Model
from storyboard.timecode import find_shown_frames


class FrameLinkResolver:
    """Resolves the references of one film's shots."""

    def __init__(self, context: CompileContext) -> None:
        self._context = context
        self._stills = StillSteps(context)

    def resolve_frame_ref(
        self, shot: Shot, ref: FrameRef, role: Role, key: str, model: Model
    ) -> Link | None:
        """The link for a frame reference; None after an error."""
        if ref.file:
            return Link(role, file=ref.file)
        if ref.cast:
            pictures = self._stills.collect_cast_images(shot, ref.cast)
            if pictures is None:
                return None
            if pictures:
                return build_image_link(role, pictures[0], ref.cast)
            self._context.diagnostics.add_error(
                "SB361",
                shot.find_span(key),
                f"{ref.cast} has no image",
                "image: refs/NAME.png",
                shot=shot,
            )
            return None
        if ref.still:
            return self._stills.add_frame_still(shot, ref, role, key, model)
        return self.link_shot_frame(shot, ref.shot, ref.edge, ref.at, role, key)

    def link_shot_frame(
        self, shot: Shot, source_shot_id: str, edge: FrameEdge, at_frame: int, role: Role, key: str
    ) -> Link | None:
        """A frame of another shot: of its take's own ends, its used range, or its source time."""
        material = self._context.materials.get(source_shot_id)
        if material is None:
            self._context.diagnostics.mark_blocked(shot.id)
            return None
        if not material.segments:
            self._context.diagnostics.add_error(
                "SB361",
                shot.find_span(key),
                f"{source_shot_id} is a colour or card and has no frame to use",
                shot=shot,
            )
            return None
        used_range = self._context.used_ranges.get(source_shot_id)
        if edge is FrameEdge.LAST or (
            edge is FrameEdge.OUT and used_range is not None and used_range.tail == 0
        ):
            return self._build_frame_link(role, material.last_step, FramePick(0, from_end=True))
        if used_range is None and edge in (FrameEdge.IN, FrameEdge.OUT):
            self._context.diagnostics.mark_blocked(shot.id)
            return None
        frame = {
            FrameEdge.FIRST: 0,
            FrameEdge.IN: used_range.range.start if used_range else 0,
            FrameEdge.OUT: used_range.range.end - 1 if used_range else 0,
            FrameEdge.AT: at_frame,
        }[edge]
        return self._link_frame_at(shot, material, frame, role, key)

    def _link_frame_at(
        self, shot: Shot, material: ShotMaterial, frame: int, role: Role, key: str
    ) -> Link | None:
        if frame < 0 or frame >= material.frames:
            holds = float(self._context.rate.to_seconds(material.frames))
            self._context.diagnostics.add_error(
                "SB361",
                shot.find_span(key),
                f"{material.shot} ends at {holds:g} s ({material.frames} frames)",
                f"{material.shot}.last   # its last frame",
                shot=shot,
            )
            return None
        segment, number = material.locate_frame(frame)
        return self._build_frame_link(role, segment.step, FramePick(number))

    def _build_frame_link(self, role: Role, step: str, pick: FramePick) -> Link:
        """The link to a frame; of footage it is the one that a player shows there."""
        footage = self._context.footage.get(step)
        if footage is None:
            return Link(role, step=step, pick=pick)
        if footage.frame_times and not pick.from_end:
            shown = find_shown_frames(footage.frame_times, [pick.frame], self._context.rate)[0]
            pick = replace(pick, frame=shown, counts_take_frames=True)
        return Link(role, step=step, pick=replace(pick, reading=footage.frame_reading))

    def link_reference_images(
        self, shot: Shot, names: tuple[str, ...], max_images: int
    ) -> list[Link]:
        """One picture each in the order given, then further ones; cut at `max_images`."""
        return self._stills.link_reference_images(shot, names, max_images) or []

    def count_reference_images(self, shot: Shot, names: tuple[str, ...]) -> int:
        return self._stills.count_cast_images(shot, names)
