"""What a shot buys: one take, one extension, or a long take in hops.

The shortest legal purchase that holds what is wanted; spare for handles never adds a hop and
never changes a stated duration.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from storyboard.graph.context import CompileContext
from storyboard.graph.extension_chains import (
    Hop,
    find_legal_extension_seconds,
    find_longest_run_s,
    offset_hops,
    plan_hops,
)
from storyboard.graph.frame_links import FrameLinkResolver
from storyboard.graph.limits.model_limits import PREVIZ
from storyboard.graph.prompt import build_intent, build_prompt
from storyboard.graph.reference_images import ReferenceImages
from storyboard.graph.rejections import Rejections
from storyboard.graph.shot_material import ENDLESS, ShotMaterial, StepSegment
from storyboard.graph.steps import FramePick, Link, Step, find_catalog_operation
from storyboard.model.film import FrameEdge, Shot
from storyboard.providers.base import Kind, Role
from storyboard.providers.catalog import Model
from storyboard.timecode import FrameRange

_WHOLE = FrameRange(0, ENDLESS)
_LINK_KEYS = ("extend", "continue", "first_frame", "last_frame")


class ShotStepBuilder:
    """Makes the steps of one film's shots."""

    def __init__(self, context: CompileContext, resolver: FrameLinkResolver) -> None:
        self._context = context
        self._resolver = resolver
        self._rejections = Rejections(context)
        self._images = ReferenceImages(context, resolver, self._rejections)

    def build_material(self, shot: Shot) -> ShotMaterial | None:
        """Adds the shot's steps to the desk and says what they bring; None after an error."""
        model = self._context.rules.resolve_shot_model(shot)
        if model is None:
            return None
        if shot.beats:
            if linked := [key for key in _LINK_KEYS if key in shot.origins]:
                self._rejections.reject_beats_with_link(shot, linked[0])
                return None
            return self._build_long_take(shot, model)
        if shot.extends:
            return self._build_extension(shot, model)
        return self._build_single_take(shot, model)

    # one take ------------------------------------------------------------------------------

    def _build_single_take(self, shot: Shot, model: Model) -> ShotMaterial | None:
        links = self._link_first_and_last_frame(shot, model)
        if links is None:
            return None
        kind = Kind.INTERPOLATE if len(links) == 2 else Kind.GENERATE
        resolution = self._context.rules.choose_resolution(shot, model, kind)
        named_links = self._images.link_named_references(shot, model, free=not links)
        if resolution is None or named_links is None:
            return None
        operation = find_catalog_operation(kind, (link.role for link in (*links, *named_links)))
        seconds = self._choose_take_seconds(shot, model, resolution, operation)
        if seconds is None:
            return None
        links += named_links or self._images.link_automatic_references(
            shot, model, resolution, seconds, not links
        )
        hop = Hop(seconds, False, 0, self._context.rate.to_frames(seconds), depth_s=seconds)
        self._add_take_step(shot, model, shot.id, kind, hop, resolution, links, _WHOLE)
        return ShotMaterial(shot.id, (StepSegment(shot.id, 0, hop.frames),))

    def _link_first_and_last_frame(self, shot: Shot, model: Model) -> list[Link] | None:
        """The links of first and last frame; None after an error."""
        links: list[Link | None] = []
        if (shot.first_frame or shot.continues) and not model.first_frame:
            self._rejections.reject_first_frame(shot, model)
            return None
        if shot.last_frame and not model.last_frame:
            self._rejections.reject_last_frame(shot, model)
            return None
        if shot.continues:
            role, key = Role.FIRST_FRAME, "continue"
            links.append(
                self._resolver.link_shot_frame(shot, shot.continues, FrameEdge.OUT, 0, role, key)
            )
        elif shot.first_frame:
            links.append(
                self._resolver.resolve_frame_ref(
                    shot, shot.first_frame, Role.FIRST_FRAME, "first_frame", model
                )
            )
        if shot.last_frame:
            links.append(
                self._resolver.resolve_frame_ref(
                    shot, shot.last_frame, Role.LAST_FRAME, "last_frame", model
                )
            )
        resolved_links = [link for link in links if link is not None]
        return resolved_links if len(resolved_links) == len(links) else None

    def _choose_take_seconds(
        self, shot: Shot, model: Model, resolution: str, operation: str
    ) -> int | None:
        """Seconds of one new take: what is stated, else the shortest that holds the length.

        `operation` is the catalogue's name for the operation.
        """
        rate = self._context.rate
        references = operation == "references"
        legal = model.list_legal_durations(resolution, references=references, operation=operation)
        if shot.duration is not None and (
            shot.is_stated_by_shot("duration") or shot.length is None
        ):
            for seconds in legal:
                if rate.to_frames(seconds) == shot.duration:
                    return seconds
            wanted = rate.to_seconds(shot.duration)
            self._context.rules.reject_duration(shot, model, legal, wanted, resolution)
            return None
        if shot.length is None:
            if model.default_duration in legal:
                return model.default_duration
            return next((s for s in legal if s >= model.default_duration), max(legal))
        long_enough = [s for s in legal if rate.to_frames(s) >= shot.length]
        if not long_enough:
            self._rejections.reject_long_length(shot, model, resolution, legal)
            return None
        with_handles = [s for s in long_enough if rate.to_frames(s) >= shot.length + shot.handles]
        if not with_handles:
            missing = shot.length + shot.handles - rate.to_frames(max(long_enough))
            self._context.diagnostics.add_note(
                "SB359",
                shot.find_span("handles" if "handles" in shot.origins else "length"),
                f"{shot.id} has {missing} frames less spare than wished: "
                f"{max(long_enough)} s is the longest take",
            )
            return max(long_enough)
        return min(with_handles)

    # extensions ----------------------------------------------------------------------------

    def _build_extension(self, shot: Shot, model: Model) -> ShotMaterial | None:
        parent = self._context.materials[shot.extends]
        step = self._context.steps.get(parent.last_step)
        if not self._rejections.check_extendable(shot, model, parent, step):
            return None
        assert step is not None
        rule = model.extend
        assert rule is not None
        if step.settings.aspect_ratio != shot.aspect_ratio:
            self._rejections.reject_extension_aspect_ratio(shot, step)
            return None
        resolution = self._context.rules.choose_resolution(shot, model, Kind.EXTEND)
        named_links = self._images.link_named_references(shot, model, free=False)
        if resolution is None or named_links is None:
            return None
        self._images.link_automatic_references(shot, model, resolution, 0, False)
        if rule.input_resolutions and (
            self._context.resolutions[step.id] not in rule.input_resolutions
        ):
            self._rejections.reject_extension_source_resolution(shot, model, step)
            return None
        if step.shot == shot.extends and self._context.used_ranges[shot.extends].tail:
            self._context.diagnostics.add_warning(
                "SB354",
                shot.find_span("extend"),
                f"{shot.id} goes on from the end of {shot.extends}'s take, "
                f"which plays {self._context.used_ranges[shot.extends].tail} frames less: a jump",
                f"continue: {shot.extends}   # starts at the last frame that is seen",
            )
        if shot.id in self._context.expired:
            return self._restart_from_last_frame(
                shot, model, step, f"{step.id} has expired at {model.provider}"
            )
        seconds = self._choose_extension_seconds(shot, model, step)
        if seconds is None:
            return None
        if seconds in find_legal_extension_seconds(model, step.depth_s, step.hops):
            hop = Hop(
                seconds,
                True,
                0,
                self._context.rate.to_frames(seconds),
                depth_s=step.depth_s + seconds,
            )
            link = Link(Role.VIDEO, step=step.id)
            self._add_take_step(
                shot, model, shot.id, Kind.EXTEND, hop, resolution, [link], _WHOLE, step.hops + 1
            )
            return ShotMaterial(shot.id, (StepSegment(shot.id, 0, hop.frames),))
        if self._context.film.policy.on_limit == "reanchor":
            why = f"the chain would be {step.depth_s} s and more"
            return self._restart_from_last_frame(shot, model, step, why)
        self._rejections.reject_long_chain(shot, model, step, seconds)
        return None

    def _choose_extension_seconds(self, shot: Shot, model: Model, source_step: Step) -> int | None:
        """Seconds the extension adds, before the chain's cap is looked at."""
        rule = model.extend
        assert rule is not None
        rate = self._context.rate
        if shot.duration is not None and shot.is_stated_by_shot("duration"):
            for hop in rule.hops:
                if rate.to_frames(hop) == shot.duration:
                    return hop
            wanted = rate.to_seconds(shot.duration)
            self._context.rules.reject_duration(
                shot, model, rule.hops, wanted, self._context.resolutions[source_step.id]
            )
            return None
        if shot.length is None:
            return rule.default_hop
        long_enough = [hop for hop in rule.hops if rate.to_frames(hop) >= shot.length]
        if not long_enough:
            self._rejections.reject_long_hop(shot, model)
            return None
        return min(long_enough)

    def _restart_from_last_frame(
        self, shot: Shot, model: Model, source_step: Step, reason: str
    ) -> ShotMaterial | None:
        """A new run from the last frame, where the film allows it; the repeated frame is cut."""
        resolution = self._context.rules.choose_resolution(shot, model, Kind.GENERATE)
        if resolution is None:
            return None
        longer = replace(shot, length=None if shot.length is None else shot.length + 1)
        seconds = self._choose_take_seconds(longer, model, resolution, "image")
        if seconds is None:
            return None
        instead = f"starts again from {source_step.id}'s last frame: {reason}"
        self._context.diagnostics.add_note(
            "SB424", shot.find_span("extend"), f"{shot.id} {instead}"
        )
        frames = self._context.rate.to_frames(seconds) - 1
        hop = Hop(seconds, False, 0, frames, skip=1, depth_s=seconds)
        link = Link(Role.FIRST_FRAME, step=source_step.id, pick=FramePick(0, from_end=True))
        kind = Kind.GENERATE
        self._add_take_step(
            shot, model, shot.id, kind, hop, resolution, [link], _WHOLE, instead=instead
        )
        return ShotMaterial(shot.id, (StepSegment(shot.id, 0, frames, skip=1),))

    # long takes ----------------------------------------------------------------------------

    def _build_long_take(self, shot: Shot, model: Model) -> ShotMaterial | None:
        assert shot.length is not None
        resolution = self._context.rules.choose_resolution(shot, model, Kind.GENERATE)
        named_links = self._images.link_named_references(shot, model, free=True)
        if resolution is None or named_links is None:
            return None
        usable_model = _drop_unusable_extension(model, resolution)
        hops = plan_hops(
            usable_model,
            shot.length,
            self._context.rate,
            [beat.at for beat in shot.beats],
            resolution=resolution,
            reanchor=self._context.film.policy.on_limit == "reanchor",
            references=bool(named_links),
        )
        if hops is None:
            # Not for its length alone: another resolution would run on.
            if usable_model is model or self._context.rules.choose_resolution(
                shot, model, Kind.EXTEND
            ):
                self._rejections.reject_long_take(
                    shot, model, find_longest_run_s(usable_model, resolution)
                )
            return None
        hops = self._replan_expired_hops(shot, model, resolution, hops)
        if hops is None:
            return None
        self._note_beats_inside_hops(shot, hops)
        segments: list[StepSegment] = []
        depth_hops = 0
        for number, hop in enumerate(hops, 1):
            id = f"{shot.id}.{number}" if len(hops) > 1 else shot.id
            links = self._build_hop_links(shot, model, resolution, hop, segments, named_links)
            kind = Kind.EXTEND if hop.extends else Kind.GENERATE
            depth_hops = depth_hops + 1 if hop.extends else 0
            window = FrameRange(hop.start, hop.start + hop.frames)
            instead = ""
            if segments and not hop.extends:
                why = "has expired" if id in self._context.expired else "can run no longer"
                instead = f"starts again from the last frame of {segments[-1].step}, which {why}"
            self._add_take_step(
                shot, model, id, kind, hop, resolution, links, window, depth_hops, instead
            )
            segments.append(StepSegment(id, hop.start, hop.frames, hop.skip))
        return ShotMaterial(shot.id, tuple(segments))

    def _replan_expired_hops(
        self, shot: Shot, model: Model, resolution: str, hops: tuple[Hop, ...]
    ) -> tuple[Hop, ...] | None:
        """The hops with a new start wherever the platform no longer has the source."""
        number = 1
        while number < len(hops):
            hop = hops[number]
            if hop.extends and f"{shot.id}.{number + 1}" in self._context.expired:
                assert shot.length is not None
                rest = plan_hops(
                    _drop_unusable_extension(model, resolution),
                    shot.length - hop.start + 1,
                    self._context.rate,
                    [beat.at - hop.start + 1 for beat in shot.beats if beat.at > hop.start],
                    resolution=resolution,
                    reanchor=True,
                )
                if rest is None or not model.first_frame:
                    self._rejections.reject_long_take(
                        shot, model, find_longest_run_s(model, resolution)
                    )
                    return None
                hops = (*hops[:number], *offset_hops(rest, hop.start))
            number += 1
        return hops

    def _build_hop_links(
        self,
        shot: Shot,
        model: Model,
        resolution: str,
        hop: Hop,
        segments: list[StepSegment],
        named_links: list[Link],
    ) -> list[Link]:
        if hop.extends:
            return [Link(Role.VIDEO, step=segments[-1].step)]
        if segments:
            pick = FramePick(0, from_end=True)
            return [Link(Role.FIRST_FRAME, step=segments[-1].step, pick=pick)]
        return named_links or self._images.link_automatic_references(
            shot, model, resolution, hop.seconds, True
        )

    def _note_beats_inside_hops(self, shot: Shot, hops: tuple[Hop, ...]) -> None:
        seams = {hop.start for hop in hops}
        for number, beat in enumerate(shot.beats):
            if beat.at not in seams:
                at = float(self._context.rate.to_seconds(beat.at))
                self._context.diagnostics.add_note(
                    "SB360",
                    shot.find_span(f"beats[{number}].at"),
                    f"the beat at {at:g} s falls inside a hop; its words go into that hop's "
                    "prompt with their time",
                )

    # all -----------------------------------------------------------------------------------

    def _add_take_step(
        self,
        shot: Shot,
        model: Model,
        step_id: str,
        kind: Kind,
        hop: Hop,
        resolution: str,
        links: list[Link],
        window: FrameRange,
        chain_hops: int = 0,
        instead: str = "",
    ) -> None:
        operation = find_catalog_operation(kind, (link.role for link in links))
        settings = self._context.rules.build_settings(
            shot, model, operation, hop.seconds, resolution
        )
        intent = build_intent(self._context.film, shot, window, first=window.start == 0)
        prompt = build_prompt(intent)
        if not prompt and operation in model.needs_words:
            self._rejections.reject_missing_prompt(shot, model)
        self._rejections.reject_oversized_images(shot, model, links)
        free = shot.provider == PREVIZ
        if free and self._context.film.subtitles == "burn":
            settings = replace(settings, options={"burn_in": False, **settings.options})
        price = model.compute_video_price_micros(resolution, hop.seconds, audio=settings.audio)
        self._context.resolutions[step_id] = resolution
        self._context.steps[step_id] = Step(
            id=step_id,
            kind=kind,
            shot=shot.id,
            provider=shot.provider,
            model=model.id,
            target=model.provider,
            settings=settings,
            prompt=prompt,
            intent=intent,
            links=tuple(links),
            takes=shot.takes,
            samples=1 if free or settings.seed is not None else model.samples,
            price_micros=0 if free else price or 0,
            buys_frames=self._context.rate.to_frames(Fraction(hop.seconds)),
            contains_source=kind is Kind.EXTEND and bool(model.extend and model.extend.combined),
            seeded=model.seed or free,
            depth_s=hop.depth_s,
            hops=chain_hops,
            remote=kind is Kind.EXTEND and not free and bool(model.extend and model.extend.remote),
            instead=instead,
        )


def _drop_unusable_extension(model: Model, resolution: str) -> Model:
    """The model, without its extensions where they don't come in that resolution."""
    rule = model.extend
    if rule is None or (
        rule.resolution in ("", resolution)
        and (not rule.input_resolutions or resolution in rule.input_resolutions)
    ):
        return model
    return replace(model, extend=None)
