"""Frame references as links: which frame of which step, or which file."""

from __future__ import annotations

from storyboard.film import Film, FrameEdge, FrameRef, Shot
from storyboard.graph.desk import Desk
from storyboard.graph.material import Material
from storyboard.graph.prompt import figures, intent_of, still_prompt
from storyboard.graph.steps import FramePick, Link, Step
from storyboard.providers.base import Kind, Role, Settings
from storyboard.providers.catalog import Model
from storyboard.timecode import FrameRange


class Linker:
    """Resolves the references of one film's shots."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def frame(self, shot: Shot, ref: FrameRef, role: Role, key: str, model: Model) -> Link | None:
        """The link for a frame reference; None after an error."""
        if ref.file:
            return Link(role, file=ref.file)
        if ref.cast:
            member = self._desk.film.cast[ref.cast]
            if member.images:
                return Link(role, file=member.images[0], cast=ref.cast)
            self._desk.notices.error(
                "SB361", shot, shot.span(key), f"{ref.cast} has no image", "image: refs/NAME.png"
            )
            return None
        if ref.still:
            return self._still(shot, ref, role, key, model)
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

    def _still(self, shot: Shot, ref: FrameRef, role: Role, key: str, model: Model) -> Link | None:
        """A picture made first. Previz draws it; image models of paid providers come later."""
        if shot.provider != "previz":
            self._desk.notices.error(
                "SB190",
                shot,
                shot.span(key),
                f"`still` pictures are not made by {shot.provider} yet",
                f"{key}: refs/picture.png   # or rehearse with --previz, which draws it",
            )
            return None
        intent = intent_of(self._desk.film, shot, FrameRange(0, 1))
        cast = figures(self._desk.film, ref.still_cast)
        place = figures(self._desk.film, [ref.still_place]) if ref.still_place else ()
        id = f"{shot.id}.{role.value}"
        picture = type(intent)(
            prompt=ref.still,
            cast=cast or intent.cast,
            place=place[0] if place else intent.place,
            scene=intent.scene,
            size=intent.size,
            angle=intent.angle,
            light=intent.light,
            time=intent.time,
            weather=intent.weather,
            mood=intent.mood,
            look=intent.look,
        )
        settings = plain_settings(self._desk.film, shot, model)
        self._desk.steps[id] = Step(
            id=id,
            kind=Kind.STILL,
            shot=shot.id,
            provider=shot.provider,
            model=model.id,
            target=model.provider,
            settings=settings,
            prompt=still_prompt(ref.still, picture),
            intent=picture,
            buys_frames=0,
            seeded=True,
        )
        return Link(role, step=id)

    def references(self, shot: Shot, names: tuple[str, ...], most: int) -> list[Link]:
        """One image each in the order given, then further ones; cut at `most`."""
        members = [self._desk.film.cast[name] for name in names if name in self._desk.film.cast]
        images = [(m.name, m.images[0]) for m in members if m.images]
        images += [(m.name, image) for m in members for image in m.images[1:]]
        return [Link(Role.REFERENCE, file=image, cast=name) for name, image in images[:most]]

    def reference_count(self, names: tuple[str, ...]) -> int:
        members = [self._desk.film.cast[name] for name in names if name in self._desk.film.cast]
        return sum(len(member.images) for member in members)


def plain_settings(film: Film, shot: Shot, model: Model | None = None) -> Settings:
    """Settings of a step that asks for no moving picture: a still, or footage."""
    return Settings(
        duration_s=0,
        resolution="180p" if film.proxy else shot.resolution,
        aspect_ratio=shot.aspect_ratio,
        fps=model.rate if model else 24,
        audio=False,
        seed=shot.seed,
    )
