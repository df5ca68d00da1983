"""Pictures that are made first, by an image model: the stills of frames, the portraits of the cast.

A frame's still belongs to its shot. A portrait is made once for the film and serves every shot
that sends or begins with a picture of that member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from storyboard.delivery import RESOLUTIONS
from storyboard.errors import Span
from storyboard.film import CastKind, Film, FrameRef, MediaFile, Shot
from storyboard.graph.desk import Desk
from storyboard.graph.legality import PREVIZ
from storyboard.graph.notices import usd
from storyboard.graph.prompt import figures, intent_of, place_of, still_prompt
from storyboard.graph.steps import Link, Step
from storyboard.providers.base import Figure, Intent, Kind, Role, Settings
from storyboard.providers.catalog import Model
from storyboard.timecode import FrameRange


class Stills:
    """Makes the steps of one film's stills."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._refused: set[str] = set()

    def frame(self, shot: Shot, ref: FrameRef, role: Role, key: str, model: Model) -> Link | None:
        """The link of a frame that is a still, its step added; None after an error.

        `model` is the one of the shot, on the platform whose limits hold.
        """
        image = self._image(shot, model.provider, shot.still_model, shot.span(key), f"{key}: ")
        if image is None or not self._shaped(shot, image, shot.aspect_ratio, shot.span(key)):
            return None
        film = self._desk.film
        around = intent_of(film, shot, FrameRange(0, 1))
        cast = figures(film, ref.still_cast) or around.cast
        place = place_of(film, ref.still_place) if ref.still_place else around.place
        picture = Intent(
            prompt=ref.still,
            cast=cast,
            place=place,
            scene=around.scene,
            size=around.size,
            angle=around.angle,
            light=around.light,
            time=around.time,
            weather=around.weather,
            mood=around.mood,
            look=around.look,
        )
        names = [each.name for each in (*cast, *([place] if place else []))]
        links = self._sent(shot, names, image, shot.span(key))
        if links is None:
            return None
        free = shot.provider == PREVIZ
        id = f"{shot.id}.{role.value}"
        self._desk.steps[id] = Step(
            id=id,
            kind=Kind.STILL,
            shot=shot.id,
            provider=shot.provider,
            model=model.id if free and not shot.still_model else image.id,
            target=model.provider,
            settings=plain_settings(film, shot, model) if free else _paid(shot, image),
            prompt=still_prompt(ref.still, picture),
            intent=picture,
            links=tuple(links),
            price_micros=0 if free else self._price(shot.resolution, image, len(links)),
            buys_frames=0,
            seeded=free or image.seed,
        )
        if not free and shot.seed is not None and not image.seed:
            self._desk.notices.note(
                "SB420", shot.span("seed"), f"`seed` is not sent for stills: {_of(image)} has none"
            )
        return Link(role, step=id)

    def pictures(self, shot: Shot, name: str) -> list[MediaFile | str] | None:
        """Files of a cast member, then the step of its portrait; None after an error."""
        member = self._desk.film.cast.get(name)
        if member is None:
            return []
        portrait = self._portrait(shot, name) if member.still else ""
        if portrait is None:
            return None
        return [*member.images, *([portrait] if portrait else [])]

    def count(self, names: Sequence[str]) -> int:
        """Pictures of those members, portraits among them."""
        members = [self._desk.film.cast[name] for name in names if name in self._desk.film.cast]
        return sum(len(member.images) + bool(member.still) for member in members)

    def references(self, shot: Shot, names: Sequence[str], most: int) -> list[Link] | None:
        """One picture each in the order given, then further ones; cut at `most`."""
        sets = [(name, self.pictures(shot, name)) for name in dict.fromkeys(names)]
        if any(found is None for _, found in sets):
            return None
        firsts = [(name, found[0]) for name, found in sets if found]
        further = [(name, each) for name, found in sets if found for each in found[1:]]
        return [
            picture_link(Role.REFERENCE, each, name) for name, each in (*firsts, *further)[:most]
        ]

    # portraits -----------------------------------------------------------------------------

    def _portrait(self, shot: Shot, name: str) -> str | None:
        """The id of the step that makes a member's portrait, added at its first use."""
        id = f"cast.{name}"
        if id in self._desk.steps:
            return id
        if id in self._refused:
            self._desk.notices.suffer(shot.id)
            return None
        film, house = self._desk.film, self._desk.film.house
        member = film.cast[name]
        provider = house.provider if shot.provider == PREVIZ else _paying(house.provider, shot)
        platform = self._platform(shot, provider)
        span = film.span(f"cast.{name}")
        image = self._image(shot, platform, house.still_model, span, f"{name}: {{image: …}} or ")
        if image is None or not self._shaped(shot, image, house.aspect_ratio, span):
            self._refused.add(id)
            return None
        figure = Figure(name, member.kind.value, member.description, member.voice)
        here = member.kind is CastKind.PLACE
        asked = Intent(
            prompt=member.still, cast=() if here else (figure,), place=figure if here else None
        )
        near = replace(asked, size="MCU") if member.kind is CastKind.CHARACTER else asked
        most = image.references.max if image.references else 0
        links = [Link(Role.REFERENCE, file=each, cast=name) for each in member.images[:most]]
        free = provider == PREVIZ
        resolution = "180p" if film.proxy else house.resolution
        self._desk.steps[id] = Step(
            id=id,
            kind=Kind.STILL,
            shot="",
            provider=provider,
            model=image.id,
            target=platform,
            settings=Settings(
                duration_s=0,
                resolution=resolution if free else image.covering(RESOLUTIONS[house.resolution]),
                aspect_ratio=house.aspect_ratio,
                audio=False,
            ),
            prompt=still_prompt(member.still, asked),
            intent=near,  # a portrait, as previz draws it; a model is told in the film's words
            links=tuple(links),
            price_micros=0 if free else self._price(house.resolution, image, len(links)),
            seeded=free or image.seed,
        )
        return id

    def _platform(self, shot: Shot, provider: str) -> str:
        """Where the limits of a portrait come from."""
        if provider != PREVIZ:
            return provider
        model = self._desk.judge.model(shot)
        return self._desk.film.house.target or (model.provider if model else "")

    # what may be asked ---------------------------------------------------------------------

    def _image(self, shot: Shot, platform: str, named: str, span: Span, cure: str) -> Model | None:
        judge = self._desk.judge
        image = judge.maker(shot, platform, "still", named)
        if image is None and not named:
            file = "refs/picture.png" if cure.endswith(": ") else "image: refs/picture.png"
            others = [
                f"provider: {model.provider}   # {model.id}, "
                f"{usd(self._price(shot.resolution, model, 0))} a picture"
                for model in judge.makers("still")
            ]
            self._desk.notices.error(
                "SB426",
                shot,
                span,
                f"{platform} has no image model, so `still` can't be made there",
                "\n".join([f"{cure.partition(' or ')[0]}{file}", *others]),
            )
        return image

    def _shaped(self, shot: Shot, image: Model, aspect_ratio: str, span: Span) -> bool:
        if aspect_ratio in image.aspect_ratios:
            return True
        legal = ", ".join(image.aspect_ratios)
        self._desk.notices.error(
            "SB412",
            shot,
            span,
            f"{_of(image)} makes no stills of {aspect_ratio}",
            f"it makes {legal}",
        )
        return False

    def _sent(
        self, shot: Shot, names: Sequence[str], image: Model, span: Span
    ) -> list[Link] | None:
        """The pictures of the cast that go into a still."""
        most = image.references.max if image.references else 0
        if (count := self.count(names)) > most:
            self._desk.notices.note(
                "SB423",
                span,
                f"a still of {shot.id} leaves out {count - most} reference "
                f"image{'s' if count - most > 1 else ''}: {_of(image)} takes {most}",
            )
        return self.references(shot, names, most)

    def _price(self, resolution: str, image: Model, references: int) -> int:
        size = image.covering(RESOLUTIONS[resolution])
        return image.each_micros(size, references) or 0


def plain_settings(film: Film, shot: Shot, model: Model | None = None) -> Settings:
    """Settings of a step that asks for no moving picture: a still of previz, or footage."""
    return Settings(
        duration_s=0,
        resolution="180p" if film.proxy else shot.resolution,
        aspect_ratio=shot.aspect_ratio,
        fps=model.rate if model else 24,
        audio=False,
        seed=shot.seed,
    )


def _paid(shot: Shot, image: Model) -> Settings:
    return Settings(
        duration_s=0,
        resolution=image.covering(RESOLUTIONS[shot.resolution]),
        aspect_ratio=shot.aspect_ratio,
        audio=False,
        seed=shot.seed if image.seed else None,
    )


def _paying(house: str, shot: Shot) -> str:
    """A portrait that a bought shot needs is bought too, even where the house only draws."""
    return shot.provider if house == PREVIZ else house


def picture_link(role: Role, picture: MediaFile | str, name: str) -> Link:
    if isinstance(picture, str):
        return Link(role, step=picture, cast=name)
    return Link(role, file=picture, cast=name)


def _of(model: Model) -> str:
    return f"{model.id} on {model.provider}"
