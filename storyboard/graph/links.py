"""Frame references as links: which frame of which step, or which file."""

from __future__ import annotations

from storyboard.film import FrameEdge, FrameRef, Shot
from storyboard.graph.desk import Desk
from storyboard.graph.material import Material
from storyboard.graph.steps import FramePick, Link
from storyboard.graph.stills import Stills, picture_link
from storyboard.providers.base import Role
from storyboard.providers.catalog import Model


class Linker:
    """Resolves the references of one film's shots."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stills = Stills(desk)

    def frame(self, shot: Shot, ref: FrameRef, role: Role, key: str, model: Model) -> Link | None:
        """The link for a frame reference; None after an error."""
        if ref.file:
            return Link(role, file=ref.file)
        if ref.cast:
            pictures = self._stills.pictures(shot, ref.cast)
            if pictures is None:
                return None
            if pictures:
                return picture_link(role, pictures[0], ref.cast)
            self._desk.notices.error(
                "SB361", shot, shot.span(key), f"{ref.cast} has no image", "image: refs/NAME.png"
            )
            return None
        if ref.still:
            return self._stills.frame(shot, ref, role, key, model)
        return self.of_shot(shot, ref.shot, ref.edge, ref.at, role, key)

    def of_shot(
        self, shot: Shot, source: str, edge: FrameEdge, at: int, role: Role, key: str
    ) -> Link | None:
        """A frame of another shot: of its take's own ends, its used range, or its source time."""
        material = self._desk.materials.get(source)
        if material is None:
            self._desk.notices.suffer(shot.id)
            return None
        if not material.pieces:
            self._desk.notices.error(
                "SB361", shot, shot.span(key), f"{source} is plain and has no frame to hand on"
            )
            return None
        use = self._desk.uses.get(source)
        if edge is FrameEdge.LAST or (edge is FrameEdge.OUT and use is not None and use.tail == 0):
            return Link(role, step=material.last_step, pick=FramePick(0, from_end=True))
        if use is None and edge in (FrameEdge.IN, FrameEdge.OUT):
            self._desk.notices.suffer(shot.id)
            return None
        frame = {
            FrameEdge.FIRST: 0,
            FrameEdge.IN: use.range.start if use else 0,
            FrameEdge.OUT: use.range.end - 1 if use else 0,
            FrameEdge.AT: at,
        }[edge]
        return self._at(shot, material, frame, role, key)

    def _at(self, shot: Shot, material: Material, frame: int, role: Role, key: str) -> Link | None:
        if frame < 0 or frame >= material.frames:
            holds = float(self._desk.rate.seconds(material.frames))
            self._desk.notices.error(
                "SB361",
                shot,
                shot.span(key),
                f"{material.shot} ends at {holds:g} s ({material.frames} frames)",
                f"{material.shot}.last   # its last frame",
            )
            return None
        piece, number = material.locate(frame)
        return Link(role, step=piece.step, pick=FramePick(number))

    def references(self, shot: Shot, names: tuple[str, ...], most: int) -> list[Link]:
        """One picture each in the order given, then further ones; cut at `most`."""
        return self._stills.references(shot, names, most) or []

    def reference_count(self, names: tuple[str, ...]) -> int:
        return self._stills.count(names)
