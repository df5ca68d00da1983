"""What a model makes of a shot: settings, or the rejection of what it does not make.

Every rule is pure: it takes a shot's request so far, and its answer is a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from storyboard.graph.limits.extension_chains import (
    find_legal_extension_seconds,
    find_longest_run_s,
)
from storyboard.graph.limits.model_lookup import PREVIZ, ModelLookup
from storyboard.graph.limits.optional_settings import (
    OptionalSettings,
    find_blocking_option,
    select_optional_settings,
)
from storyboard.graph.limits.rejections import (
    ForeignSource,
    IllegalAspectRatio,
    IllegalDuration,
    IllegalResolution,
    LongChain,
    LongExtension,
    LongLength,
    LongTake,
    MissingPrompt,
    NoExtension,
    NoFirstFrame,
    NoLastFrame,
    NoReferences,
    OversizedPicture,
    PlainSource,
    ReferencesBesideFrame,
    ReferencesWithoutImages,
    Rejection,
    SoundAlwaysOn,
    SourceAspectRatio,
    SourceResolution,
    TooManyReferences,
    UnacceptedReferences,
)
from storyboard.graph.limits.requested_frames import choose_drawn_ratio
from storyboard.graph.limits.shot_request import ShotRequest
from storyboard.graph.steps import Step
from storyboard.model.effects import find_timing_effects
from storyboard.model.film import CastMember, Film, Shot
from storyboard.providers.base import Kind, Settings
from storyboard.providers.catalog import Model


class ModelRules:
    """The rules of one film.

    `preferred` are the capabilities that a film may go without, `option_names` the options of all
    models.
    """

    def __init__(
        self,
        film: Film,
        models: ModelLookup,
        preferred: frozenset[str],
        option_names: frozenset[str],
    ) -> None:
        self._film = film
        self._models = models
        self._preferred = preferred
        self._option_names = option_names

    # everything together ---------------------------------------------------------------------

    def check(self, request: ShotRequest, prompt: str) -> Settings | tuple[Rejection, ...]:
        """The settings as they will be sent, or all that is wrong with the request."""
        shot, model = request.shot, request.model
        optional = self.select_optional_settings(request)
        rejections = [*self._list_rejections(request, prompt), *optional.rejections]
        if rejections:
            return tuple(rejections)
        return Settings(
            duration_s=request.seconds,
            resolution="180p" if self._film.proxy else request.resolution,
            aspect_ratio=choose_drawn_ratio(self._film, shot),
            fps=model.rate,
            audio=shot.audio and model.audio != "none",
            seed=optional.sent.get("seed"),
            negative_prompt=optional.sent.get("negative_prompt", ""),
            options=optional.options,
        )

    def select_optional_settings(self, request: ShotRequest) -> OptionalSettings:
        """What is sent of the settings that a film may go without, and what is dropped."""
        settings = self._film.providers.get(request.model.provider, {})
        has_storage = bool(settings.get("storage_uri"))
        return select_optional_settings(
            request, self._preferred, self._option_names, has_storage=has_storage
        )

    def find_blocking_option(
        self, shot: Shot, model: Model, operation: str
    ) -> tuple[str, Any] | None:
        """An option and its value that the shot itself gives and the operation does not take."""
        return find_blocking_option(shot, model, operation, self._preferred)

    def _list_rejections(self, request: ShotRequest, prompt: str) -> list[Rejection]:
        shot, model = request.shot, request.model
        rejections: list[Rejection] = []
        if shot.aspect_ratio not in model.aspect_ratios:
            rejections.append(IllegalAspectRatio(shot, "aspect_ratio", model))
        if not shot.audio and model.audio == "always":
            rejections.append(SoundAlwaysOn(shot, "audio", model))
        if not prompt and request.operation in model.needs_words:
            keys = ("extend", "continue", "first_frame")
            key = next((key for key in keys if key in shot.origins), "")
            rejections.append(MissingPrompt(shot, key, model))
        for file in (link.file for link in request.links):
            if file and model.picture_mb and file.size > model.picture_mb * 1_000_000:
                rejections.append(OversizedPicture(shot, "first_frame", model, file))
        return rejections

    # one after the other ---------------------------------------------------------------------

    def check_frames(self, shot: Shot, model: Model) -> Rejection | None:
        """Whether the model begins and ends with frames as the shot does."""
        if (shot.first_frame or shot.continues) and not model.first_frame:
            key = "continue" if shot.continues else "first_frame"
            others = self._models.list_alternatives(shot, model, lambda m: m.first_frame)
            return NoFirstFrame(shot, key, model, others)
        if shot.last_frame and not model.last_frame:
            others = self._models.list_alternatives(shot, model, lambda m: m.last_frame)
            return NoLastFrame(shot, "last_frame", model, others)
        return None

    def check_references(
        self, request: ShotRequest, names: tuple[str, ...], image_count: int
    ) -> Rejection | None:
        """Whether the references `names`, with so many images, are sent."""
        shot, model, key = request.shot, request.model, "references"
        if not request.begins_from_words:
            return ReferencesBesideFrame(shot, key, model)
        if model.references is None:
            others = self._models.list_alternatives(shot, model, lambda m: m.references is not None)
            return NoReferences(shot, key, model, others)
        if unaccepted := self.list_unaccepted_members(model, names):
            kinds = {member.kind.value for member in unaccepted}
            others = self._models.list_alternatives(
                shot, model, lambda m: m.references is not None and m.references.takes_kinds(kinds)
            )
            return UnacceptedReferences(shot, key, model, others, unaccepted)
        if image_count == 0:
            return ReferencesWithoutImages(shot, key, names)
        if len(names) > model.references.max:
            return TooManyReferences(shot, key, model, names, model.references.max)
        return None

    def list_unaccepted_members(self, model: Model, names: Sequence[str]) -> tuple[CastMember, ...]:
        """Members of the cast with pictures of a kind that the model does not take."""
        cast, limits = self._film.cast, model.references
        members = [cast[name] for name in dict.fromkeys(names) if name in cast]
        return tuple(
            member
            for member in members
            if (member.images or member.still or any(each.image for each in member.wardrobe))
            and limits is not None
            and not limits.takes_kinds((member.kind.value,))
        )

    def choose_resolution(self, request: ShotRequest) -> str | IllegalResolution:
        """The resolution to ask for."""
        shot, model = request.shot, request.model
        is_extension = request.kind is Kind.EXTEND
        legal = model.list_legal_resolutions(shot.aspect_ratio)
        if is_extension and model.extend and model.extend.resolution:
            legal = (model.extend.resolution,)
        if shot.resolution in legal:
            return shot.resolution
        return IllegalResolution(shot, "resolution", model, is_extension, legal)

    def choose_seconds(self, request: ShotRequest) -> int | IllegalDuration | LongLength:
        """Seconds of one new take: what is stated, else the shortest that holds the length."""
        shot, model, operation = request.shot, request.model, request.operation
        rate = self._film.delivery.rate
        legal = model.list_legal_durations(
            request.resolution, references=operation == "references", operation=operation
        )
        if shot.length is None or has_stated_duration(shot):
            if shot.duration is not None:
                return self._match_duration(request, legal)
            if model.default_duration in legal:
                return model.default_duration
            return next((s for s in legal if s >= model.default_duration), max(legal))
        long_enough = [s for s in legal if rate.to_frames(s) >= shot.length]
        if not long_enough:
            wanted_s = rate.to_seconds(shot.length)
            return LongLength(
                shot, find_length_key(shot), model, request.resolution, wanted_s, max(legal)
            )
        with_handles = [s for s in long_enough if rate.to_frames(s) >= shot.length + shot.handles]
        return min(with_handles, default=max(long_enough))

    def choose_extension_seconds(
        self, request: ShotRequest
    ) -> int | IllegalDuration | LongExtension:
        """Seconds that the extension adds, whatever its chain allows."""
        shot, model = request.shot, request.model
        rate, rule = self._film.delivery.rate, model.extend
        assert rule is not None
        if has_stated_duration(shot):
            return self._match_duration(request, rule.hops)
        if shot.length is None:
            return rule.default_hop
        long_enough = [hop for hop in rule.hops if rate.to_frames(hop) >= shot.length]
        if not long_enough:
            wanted_s = rate.to_seconds(shot.length)
            return LongExtension(shot, find_length_key(shot), model, wanted_s, max(rule.hops))
        return min(long_enough)

    def _match_duration(
        self, request: ShotRequest, legal: tuple[int, ...]
    ) -> int | IllegalDuration:
        rate, shot = self._film.delivery.rate, request.shot
        assert shot.duration is not None
        for seconds in legal:
            if rate.to_frames(seconds) == shot.duration:
                return seconds
        wanted_s = rate.to_seconds(shot.duration)
        return IllegalDuration(shot, "duration", request.model, request.resolution, wanted_s, legal)

    # extensions and long takes ---------------------------------------------------------------

    def check_source(self, shot: Shot, model: Model, source: Step | None) -> Rejection | None:
        """Whether the model may extend that take; it has no step where nothing runs."""
        key = "extend"
        if source is None:
            return PlainSource(shot, key)
        if model.extend is None:
            others = self._models.list_alternatives(shot, model, lambda m: m.extend is not None)
            return NoExtension(shot, key, model, others)
        if source.kind is Kind.IMPORT:
            if not model.extend.foreign:
                return ForeignSource(shot, key, model)
        elif (source.provider, source.target) != (shot.provider, model.provider):
            platform = source.target if source.provider == PREVIZ else source.provider
            return ForeignSource(shot, key, model, platform=platform)
        made_by = self._models.find_exact_model(source.target, source.model)
        if made_by is not None and made_by.wire != model.wire:
            return ForeignSource(shot, key, model, other_model=source.model)
        if source.settings.aspect_ratio != choose_drawn_ratio(self._film, shot):
            key = "aspect_ratio" if "aspect_ratio" in shot.origins else key
            return SourceAspectRatio(shot, key, source)
        return None

    def check_source_resolution(
        self, shot: Shot, model: Model, source: Step, source_resolution: str
    ) -> SourceResolution | None:
        """Whether the model extends takes in that resolution."""
        legal = model.extend.input_resolutions if model.extend else ()
        if not legal or source_resolution in legal:
            return None
        return SourceResolution(shot, "extend", model, source, source_resolution, legal)

    def check_chain(self, request: ShotRequest, source: Step) -> LongChain | None:
        """Whether the chain up to `source` may go on for so long."""
        shot, model, seconds = request.shot, request.model, request.seconds
        if seconds in find_legal_extension_seconds(model, source.depth_s, source.hops):
            return None
        wanted_s = source.depth_s + seconds
        others = self._list_long_take_models(shot, model, Fraction(wanted_s))
        return LongChain(shot, "extend", model, source, wanted_s, others)

    def reject_long_take(self, request: ShotRequest, model: Model) -> LongTake:
        """Why no hops of `model`, which may lack extensions at a resolution, are long enough."""
        shot = request.shot
        assert shot.length is not None
        wanted_s = self._film.delivery.rate.to_seconds(shot.length)
        longest_s = find_longest_run_s(model, request.resolution)
        others = self._list_long_take_models(shot, request.model, wanted_s)
        return LongTake(shot, find_length_key(shot), request.model, wanted_s, longest_s, others)

    def _list_long_take_models(
        self, shot: Shot, model: Model, wanted_s: Fraction
    ) -> tuple[Model, ...]:
        return self._models.list_alternatives(
            shot, model, lambda other: _find_longest_take_s(other) >= wanted_s
        )


def has_stated_duration(shot: Shot) -> bool:
    """Whether the shot itself says how long its take is."""
    return shot.duration is not None and shot.is_stated_by_shot("duration")


def find_length_key(shot: Shot) -> str:
    """The key that asks for so much of the take: the effects, where they change its length."""
    return "effects" if find_timing_effects(shot.effects) else "length"


def _find_longest_take_s(model: Model) -> int:
    resolution = model.resolutions[0] if model.resolutions else "720p"
    if model.extend and model.extend.resolution:
        resolution = model.extend.resolution
    return find_longest_run_s(model, resolution)
