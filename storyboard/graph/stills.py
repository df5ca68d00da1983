"""Pictures that are made first, by an image model: the stills of frames, the portraits of the cast.

A frame's still belongs to its shot. A portrait is made once for the film and serves every shot
that sends or begins with a picture of that member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from storyboard.errors import Span
from storyboard.graph.context import CompileContext
from storyboard.graph.limits.model_lookup import PREVIZ
from storyboard.graph.prompt import (
    build_cast_figures,
    build_intent,
    build_place_figure,
    build_still_prompt,
)
from storyboard.graph.steps import Link, Step
from storyboard.model.blocking import find_placement
from storyboard.model.delivery import RESOLUTIONS
from storyboard.model.film import CastKind, CastMember, Film, FrameRef, MediaFile, Shot
from storyboard.money import format_usd
from storyboard.providers.base import Figure, Intent, Kind, Role, Settings
from storyboard.providers.catalog import Model
from storyboard.timecode import FrameRange


class StillSteps:
    """Makes the steps of one film's stills."""

    def __init__(self, context: CompileContext) -> None:
        self._context = context
        self._failed_portraits: set[str] = set()

    def add_frame_still(
        self, shot: Shot, ref: FrameRef, role: Role, key: str, model: Model
    ) -> Link | None:
        """The link of a frame that is a still, its step added; None after an error.

        `model` is the one of the shot, on the platform whose limits hold.
        """
        image = self._find_image_model(
            shot, model.provider, shot.still_model, shot.find_span(key), f"{key}: "
        )
        if image is None or not self._check_aspect_ratio(
            shot, image, shot.aspect_ratio, shot.find_span(key)
        ):
            return None
        film = self._context.film
        shot_intent = build_intent(film, shot, FrameRange(0, 1))
        outfits = {placement.name: placement.wears for placement in shot.blocking}
        cast = build_cast_figures(film, ref.still_cast, outfits) or shot_intent.cast
        place = build_place_figure(film, ref.still_place) if ref.still_place else shot_intent.place
        picture = Intent(
            prompt=ref.still,
            cast=cast,
            place=place,
            scene=shot_intent.scene,
            size=shot_intent.size,
            angle=shot_intent.angle,
            light=shot_intent.light,
            time=shot_intent.time,
            weather=shot_intent.weather,
            mood=shot_intent.mood,
            look=shot_intent.look,
        )
        names = [figure.name for figure in (*cast, *([place] if place else []))]
        links = self._link_cast_images(shot, names, image, shot.find_span(key))
        if links is None:
            return None
        free = shot.provider == PREVIZ
        id = f"{shot.id}.{role.value}"
        self._context.steps[id] = Step(
            id=id,
            kind=Kind.STILL,
            shot=shot.id,
            provider=shot.provider,
            model=model.id if free and not shot.still_model else image.id,
            target=model.provider,
            settings=build_settings_without_motion(film, shot, model)
            if free
            else _build_paid_still_settings(shot, image),
            prompt=build_still_prompt(ref.still, picture),
            intent=picture,
            links=tuple(links),
            price_micros=0
            if free
            else self._compute_still_price_micros(shot.resolution, image, len(links)),
            buys_frames=0,
            seeded=free or image.seed,
        )
        if not free and shot.seed is not None and not image.seed:
            self._context.diagnostics.add_note(
                "SB420",
                shot.find_span("seed"),
                f"`seed` is not sent for stills: {_describe_model(image)} has no such setting",
            )
        return Link(role, step=id)

    def collect_cast_images(self, shot: Shot, cast_name: str) -> list[MediaFile | str] | None:
        """Files of a cast member, then the step of its portrait; None after an error."""
        member = self._context.film.cast.get(cast_name)
        if member is None:
            return []
        portrait = self._add_portrait_step(shot, cast_name) if member.still else ""
        if portrait is None:
            return None
        pictures: list[MediaFile | str] = [*member.images, *([portrait] if portrait else [])]
        outfit = _find_worn_picture(shot, member)
        # The clothes of this shot matter more than a second picture of the member.
        return [*pictures[:1], *([outfit] if outfit else []), *pictures[1:]]

    def count_cast_images(self, shot: Shot, cast_names: Sequence[str]) -> int:
        """Pictures of those members, portraits and what they wear among them."""
        members = [
            self._context.film.cast[name] for name in cast_names if name in self._context.film.cast
        ]
        return sum(
            len(member.images) + bool(member.still) + bool(_find_worn_picture(shot, member))
            for member in members
        )

    def link_reference_images(
        self, shot: Shot, names: Sequence[str], max_images: int
    ) -> list[Link] | None:
        """One picture each in the order given, then further ones; cut at `max_images`."""
        sets = [(name, self.collect_cast_images(shot, name)) for name in dict.fromkeys(names)]
        if any(images is None for _, images in sets):
            return None
        firsts = [(name, images[0]) for name, images in sets if images]
        further = [(name, image) for name, images in sets if images for image in images[1:]]
        return [
            build_image_link(Role.REFERENCE, image, name)
            for name, image in (*firsts, *further)[:max_images]
        ]

    # portraits -----------------------------------------------------------------------------

    def _add_portrait_step(self, shot: Shot, cast_name: str) -> str | None:
        """The id of the step that makes a member's portrait, added at its first use."""
        id = f"cast.{cast_name}"
        if id in self._context.steps:
            return id
        if id in self._failed_portraits:
            self._context.diagnostics.mark_blocked(shot.id)
            return None
        film, defaults = self._context.film, self._context.film.defaults
        member = film.cast[cast_name]
        provider = (
            defaults.provider
            if shot.provider == PREVIZ
            else _choose_portrait_provider(defaults.provider, shot)
        )
        platform = self._find_portrait_platform(shot, provider)
        span = film.find_span(f"cast.{cast_name}")
        image = self._find_image_model(
            shot, platform, defaults.still_model, span, f"{cast_name}: {{image: …}} or "
        )
        if image is None or not self._check_aspect_ratio(shot, image, defaults.aspect_ratio, span):
            self._failed_portraits.add(id)
            return None
        figure = Figure(cast_name, member.kind.value, member.description, member.voice)
        here = member.kind is CastKind.PLACE
        intent = Intent(
            prompt=member.still, cast=() if here else (figure,), place=figure if here else None
        )
        portrait_intent = (
            replace(intent, size="MCU") if member.kind is CastKind.CHARACTER else intent
        )
        most = image.references.max if image.references else 0
        links = [Link(Role.REFERENCE, file=file, cast=cast_name) for file in member.images[:most]]
        free = provider == PREVIZ
        resolution = "180p" if film.proxy else defaults.resolution
        self._context.steps[id] = Step(
            id=id,
            kind=Kind.STILL,
            shot="",
            provider=provider,
            model=image.id,
            target=platform,
            settings=Settings(
                duration_s=0,
                resolution=resolution
                if free
                else image.choose_still_resolution(RESOLUTIONS[defaults.resolution]),
                aspect_ratio=defaults.aspect_ratio,
                audio=False,
            ),
            prompt=build_still_prompt(member.still, intent),
            # a portrait, as previz draws it; a model is told in the film's words
            intent=portrait_intent,
            links=tuple(links),
            price_micros=0
            if free
            else self._compute_still_price_micros(defaults.resolution, image, len(links)),
            seeded=free or image.seed,
        )
        return id

    def _find_portrait_platform(self, shot: Shot, provider: str) -> str:
        """Where the limits of a portrait come from."""
        if provider != PREVIZ:
            return provider
        if target := self._context.film.defaults.target:
            return target
        model = self._context.models.find_shot_model(shot)
        return model.provider if isinstance(model, Model) else ""

    # what may be asked ---------------------------------------------------------------------

    def _find_image_model(
        self, shot: Shot, platform: str, model_name: str, span: Span, cure: str
    ) -> Model | None:
        models = self._context.models
        image = self._context.accept_answer(
            models.find_helper_model(shot, platform, "still", model_name)
        )
        if image is None and not model_name:
            file = "refs/picture.png" if cure.endswith(": ") else "image: refs/picture.png"
            others = [
                f"provider: {model.provider}   # {model.id}, "
                f"{format_usd(self._compute_still_price_micros(shot.resolution, model, 0))} "
                "an image"
                for model in models.list_helper_models("still")
            ]
            self._context.diagnostics.add_error(
                "SB426",
                span,
                f"{platform} has no image model, so it can't make `still`",
                "\n".join([f"{cure.partition(' or ')[0]}{file}", *others]),
                shot=shot,
            )
        return image

    def _check_aspect_ratio(
        self, shot: Shot, image_model: Model, aspect_ratio: str, span: Span
    ) -> bool:
        if aspect_ratio in image_model.aspect_ratios:
            return True
        legal = ", ".join(image_model.aspect_ratios)
        self._context.diagnostics.add_error(
            "SB412",
            span,
            f"{_describe_model(image_model)} can't make stills with aspect ratio {aspect_ratio}",
            f"use {legal}",
            shot=shot,
        )
        return False

    def _link_cast_images(
        self, shot: Shot, names: Sequence[str], image_model: Model, span: Span
    ) -> list[Link] | None:
        """The pictures of the cast that go into a still."""
        most = image_model.references.max if image_model.references else 0
        if (count := self.count_cast_images(shot, names)) > most:
            self._context.diagnostics.add_note(
                "SB423",
                span,
                f"a still of {shot.id} leaves out {count - most} reference "
                f"image{'s' if count - most > 1 else ''}: {_describe_model(image_model)} "
                f"accepts at most {most}",
            )
        return self.link_reference_images(shot, names, most)

    def _compute_still_price_micros(
        self, resolution: str, image_model: Model, reference_count: int
    ) -> int:
        size = image_model.choose_still_resolution(RESOLUTIONS[resolution])
        return image_model.compute_still_or_text_micros(size, reference_count) or 0


def build_settings_without_motion(film: Film, shot: Shot, model: Model | None = None) -> Settings:
    """Settings of a step that asks for no moving picture: a still of previz, or footage."""
    return Settings(
        duration_s=0,
        resolution="180p" if film.proxy else shot.resolution,
        aspect_ratio=shot.aspect_ratio,
        fps=model.rate if model else 24,
        audio=False,
        seed=shot.seed,
    )


def _build_paid_still_settings(shot: Shot, image_model: Model) -> Settings:
    return Settings(
        duration_s=0,
        resolution=image_model.choose_still_resolution(RESOLUTIONS[shot.resolution]),
        aspect_ratio=shot.aspect_ratio,
        audio=False,
        seed=shot.seed if image_model.seed else None,
    )


def _choose_portrait_provider(default_provider: str, shot: Shot) -> str:
    """A portrait that a bought shot needs is bought too, even where the house only draws."""
    return shot.provider if default_provider == PREVIZ else default_provider


def _find_worn_picture(shot: Shot, member: CastMember) -> MediaFile | None:
    """The picture of what the member wears at the start of the shot."""
    placement = find_placement(shot.blocking, member.name)
    outfit = member.find_outfit(placement.wears) if placement else None
    return outfit.image if outfit else None


def build_image_link(role: Role, file_or_step_id: MediaFile | str, cast_name: str) -> Link:
    if isinstance(file_or_step_id, str):
        return Link(role, step=file_or_step_id, cast=cast_name)
    return Link(role, file=file_or_step_id, cast=cast_name)


def _describe_model(model: Model) -> str:
    return f"{model.id} on {model.provider}"
