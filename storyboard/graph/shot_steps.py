"""What a shot buys: one take, one extension, or a long take in hops.

The shortest legal purchase that holds what is wanted; spare for handles never adds a hop and
never changes a stated duration.
"""

from __future__ import annotations

from dataclasses import replace

from storyboard.graph.context import CompileContext
from storyboard.graph.frame_links import FrameLinkResolver
from storyboard.graph.limits.extension_chains import Hop, offset_hops, plan_hops
from storyboard.graph.limits.model_limits import has_stated_duration
from storyboard.graph.limits.model_lookup import PREVIZ
from storyboard.graph.limits.rejections import BeatsWithLink, UnverifiedModel
from storyboard.graph.limits.shot_request import ShotRequest
from storyboard.graph.picture_shapes import note_other_shapes
from storyboard.graph.prompt import build_intent, build_prompt
from storyboard.graph.reference_images import ReferenceImages
from storyboard.graph.shot_material import ENDLESS, ShotMaterial, StepSegment
from storyboard.graph.steps import FramePick, Link, Step
from storyboard.model.film import FrameEdge, Shot
from storyboard.providers.base import Kind, Role, Settings
from storyboard.providers.catalog import Model
from storyboard.timecode import FrameRange

_WHOLE = FrameRange(0, ENDLESS)
_LINK_KEYS = ("extend", "continue", "first_frame", "last_frame")


class ShotStepBuilder:
    """Makes the steps of one film's shots."""

    def __init__(self, context: CompileContext) -> None:
        self._context = context
        self._rules = context.rules
        self._resolver = FrameLinkResolver(context)
        self._images = ReferenceImages(context, self._resolver)

    def build_material(self, shot: Shot) -> ShotMaterial | None:
        """Adds the shot's steps to the film's and says what they bring; None after an error."""
        model = self._context.accept_answer(self._context.models.find_shot_model(shot))
        if model is None:
            return None
        if model.status == "unverified" and shot.provider == model.provider:
            self._context.report_findings(UnverifiedModel(shot, "provider", model))
        if shot.beats:
            if linked := [key for key in _LINK_KEYS if key in shot.origins]:
                self._context.report_findings(BeatsWithLink(shot, "beats", linked[0]))
                return None
            return self._build_long_take(shot, model)
        if shot.extends:
            return self._build_extension(shot, model)
        return self._build_single_take(shot, model)

    # one take ------------------------------------------------------------------------------

    def _build_single_take(self, shot: Shot, model: Model) -> ShotMaterial | None:
        frames = self._link_first_and_last_frame(shot, model)
        if frames is None:
            return None
        kind = Kind.INTERPOLATE if len(frames) == 2 else Kind.GENERATE
        request = ShotRequest(shot, model, kind, frames)
        resolution = self._context.accept_answer(self._rules.choose_resolution(request))
        references = self._images.link_named_references(request)
        if resolution is None or references is None:
            return None
        request = replace(request, resolution=resolution, links=(*frames, *references))
        seconds = self._choose_take_seconds(request)
        if seconds is None:
            return None
        request = replace(request, seconds=seconds)
        if not references:
            automatic = self._images.link_automatic_references(request)
            request = replace(request, links=(*frames, *automatic))
        self._add_take_step(shot.id, request, seconds)
        length = self._context.rate.to_frames(seconds)
        return ShotMaterial(shot.id, (StepSegment(shot.id, 0, length),))

    def _link_first_and_last_frame(self, shot: Shot, model: Model) -> tuple[Link, ...] | None:
        """The links of first and last frame; None after an error."""
        if rejection := self._rules.check_frames(shot, model):
            self._context.report_findings(rejection)
            return None
        links: list[Link | None] = []
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
        resolved_links = tuple(link for link in links if link is not None)
        return resolved_links if len(resolved_links) == len(links) else None

    def _choose_take_seconds(self, request: ShotRequest) -> int | None:
        """Seconds of one new take, with a note where they leave less for handles than wished."""
        shot = request.shot
        seconds = self._context.accept_answer(self._rules.choose_seconds(request))
        if seconds is None or shot.length is None or has_stated_duration(shot):
            return seconds
        missing = shot.length + shot.handles - self._context.rate.to_frames(seconds)
        if missing > 0:
            self._context.diagnostics.add_note(
                "SB359",
                shot.find_span("handles" if "handles" in shot.origins else "length"),
                f"{shot.id} has {missing} spare frames too few: {seconds} s is the longest take",
            )
        return seconds

    # extensions ----------------------------------------------------------------------------

    def _build_extension(self, shot: Shot, model: Model) -> ShotMaterial | None:
        source = self._context.steps.get(self._context.materials[shot.extends].last_step)
        if rejection := self._rules.check_source(shot, model, source):
            self._context.report_findings(rejection)
            return None
        assert source is not None
        request = ShotRequest(shot, model, Kind.EXTEND, (Link(Role.VIDEO, step=source.id),))
        resolution = self._context.accept_answer(self._rules.choose_resolution(request))
        references = self._images.link_named_references(request)
        if resolution is None or references is None:
            return None
        request = replace(request, resolution=resolution)
        self._images.link_automatic_references(request)
        source_resolution = self._context.resolutions[source.id]
        if rejection := self._rules.check_source_resolution(shot, model, source, source_resolution):
            self._context.report_findings(rejection)
            return None
        self._warn_jump(shot, source)
        if shot.id in self._context.expired:
            why = f"{source.id} has expired on {model.provider}"
            return self._restart_from_last_frame(shot, model, source, why)
        seconds = self._context.accept_answer(
            self._rules.choose_extension_seconds(replace(request, resolution=source_resolution))
        )
        if seconds is None:
            return None
        request = replace(request, seconds=seconds)
        rejection = self._rules.check_chain(request, source)
        if rejection and self._context.film.policy.on_limit == "reanchor":
            why = f"the chain would be longer than {source.depth_s} s"
            return self._restart_from_last_frame(shot, model, source, why)
        if rejection:
            self._context.report_findings(rejection)
            return None
        depth_s = source.depth_s + seconds
        self._add_take_step(shot.id, request, depth_s, chain_hops=source.hops + 1)
        frames = self._context.rate.to_frames(seconds)
        return ShotMaterial(shot.id, (StepSegment(shot.id, 0, frames),))

    def _warn_jump(self, shot: Shot, source: Step) -> None:
        """Warns where the source plays less than its take, whose end the extension goes on from."""
        used_range = self._context.used_ranges.get(shot.extends)
        if source.shot == shot.extends and used_range is not None and used_range.tail:
            self._context.diagnostics.add_warning(
                "SB354",
                shot.find_span("extend"),
                f"{shot.id} continues from the end of {shot.extends}'s take, but the last "
                f"{used_range.tail} frames of that take are not shown: the film will jump",
                f"continue: {shot.extends}   # starts at the last frame that is shown",
            )

    def _restart_from_last_frame(
        self, shot: Shot, model: Model, source: Step, reason: str
    ) -> ShotMaterial | None:
        """A new run from the last frame, where the film allows it; the repeated frame is cut."""
        link = Link(Role.FIRST_FRAME, step=source.id, pick=FramePick(0, from_end=True))
        request = ShotRequest(shot, model, links=(link,))
        resolution = self._context.accept_answer(self._rules.choose_resolution(request))
        if resolution is None:
            return None
        request = replace(request, resolution=resolution)
        longer = replace(shot, length=None if shot.length is None else shot.length + 1)
        seconds = self._choose_take_seconds(replace(request, shot=longer))
        if seconds is None:
            return None
        instead = f"starts again from {source.id}'s last frame: {reason}"
        self._context.diagnostics.add_note(
            "SB424", shot.find_span("extend"), f"{shot.id} {instead}"
        )
        self._add_take_step(shot.id, replace(request, seconds=seconds), seconds, instead=instead)
        frames = self._context.rate.to_frames(seconds) - 1
        return ShotMaterial(shot.id, (StepSegment(shot.id, 0, frames, skip=1),))

    # long takes ----------------------------------------------------------------------------

    def _build_long_take(self, shot: Shot, model: Model) -> ShotMaterial | None:
        request = ShotRequest(shot, model)
        resolution = self._context.accept_answer(self._rules.choose_resolution(request))
        references = self._images.link_named_references(request)
        if resolution is None or references is None:
            return None
        request = replace(request, resolution=resolution, links=tuple(references))
        hops = self._plan_hops(request)
        if hops is None:
            return None
        self._note_beats_inside_hops(shot, hops)
        segments: list[StepSegment] = []
        depth_hops = 0
        for number, hop in enumerate(hops, 1):
            id = f"{shot.id}.{number}" if len(hops) > 1 else shot.id
            depth_hops = depth_hops + 1 if hop.extends else 0
            instead = ""
            if segments and not hop.extends:
                why = "has expired" if id in self._context.expired else "can't be extended further"
                instead = f"starts again from the last frame of {segments[-1].step}, which {why}"
            self._add_take_step(
                id,
                self._build_hop_request(request, hop, segments),
                hop.depth_s,
                window=FrameRange(hop.start, hop.start + hop.frames),
                chain_hops=depth_hops,
                instead=instead,
            )
            segments.append(StepSegment(id, hop.start, hop.frames, hop.skip))
        return ShotMaterial(shot.id, tuple(segments))

    def _plan_hops(self, request: ShotRequest) -> tuple[Hop, ...] | None:
        """The hops of a long take; None after an error."""
        shot, model = request.shot, request.model
        assert shot.length is not None
        usable_model = _drop_unusable_extension(model, request.resolution)
        hops = plan_hops(
            usable_model,
            shot.length,
            self._context.rate,
            [beat.at for beat in shot.beats],
            resolution=request.resolution,
            reanchor=self._context.film.policy.on_limit == "reanchor",
            references=bool(request.links),
        )
        if hops is not None:
            return self._replan_expired_hops(request, usable_model, hops)
        # Not for its length alone: another resolution would run on.
        if usable_model is not model:
            extension = replace(request, kind=Kind.EXTEND)
            if self._context.accept_answer(self._rules.choose_resolution(extension)) is None:
                return None
        self._context.report_findings(self._rules.reject_long_take(request, usable_model))
        return None

    def _replan_expired_hops(
        self, request: ShotRequest, usable_model: Model, hops: tuple[Hop, ...]
    ) -> tuple[Hop, ...] | None:
        """The hops with a new start wherever the platform no longer has the source."""
        shot, model = request.shot, request.model
        assert shot.length is not None
        number = 1
        while number < len(hops):
            hop = hops[number]
            if hop.extends and f"{shot.id}.{number + 1}" in self._context.expired:
                rest = plan_hops(
                    usable_model,
                    shot.length - hop.start + 1,
                    self._context.rate,
                    [beat.at - hop.start + 1 for beat in shot.beats if beat.at > hop.start],
                    resolution=request.resolution,
                    reanchor=True,
                )
                if rest is None or not model.first_frame:
                    self._context.report_findings(self._rules.reject_long_take(request, model))
                    return None
                hops = (*hops[:number], *offset_hops(rest, hop.start))
            number += 1
        return hops

    def _build_hop_request(
        self, request: ShotRequest, hop: Hop, segments: list[StepSegment]
    ) -> ShotRequest:
        """One hop of a long take after those that brought `segments`."""
        request = replace(request, seconds=hop.seconds)
        if hop.extends:
            link = Link(Role.VIDEO, step=segments[-1].step)
            return replace(request, kind=Kind.EXTEND, links=(link,))
        if segments:
            pick = FramePick(0, from_end=True)
            link = Link(Role.FIRST_FRAME, step=segments[-1].step, pick=pick)
            return replace(request, links=(link,))
        if request.links:
            return request
        return replace(request, links=tuple(self._images.link_automatic_references(request)))

    def _note_beats_inside_hops(self, shot: Shot, hops: tuple[Hop, ...]) -> None:
        seams = {hop.start for hop in hops}
        for number, beat in enumerate(shot.beats):
            if beat.at not in seams:
                at = float(self._context.rate.to_seconds(beat.at))
                self._context.diagnostics.add_note(
                    "SB360",
                    shot.find_span(f"beats[{number}].at"),
                    f"the beat at {at:g} s starts inside a generated part; its text goes into "
                    "the prompt of that part, with the time",
                )

    # all -----------------------------------------------------------------------------------

    def _add_take_step(
        self,
        step_id: str,
        request: ShotRequest,
        depth_s: int,
        *,
        window: FrameRange = _WHOLE,
        chain_hops: int = 0,
        instead: str = "",
    ) -> None:
        """Adds the step of a request that is complete, or reports why its model does not make it.

        `depth_s` are the seconds of its chain up to its end. `window` is what it brings of the
        shot, in frames.
        """
        shot, model, kind = request.shot, request.model, request.kind
        intent = build_intent(self._context.film, shot, window, first=window.start == 0)
        prompt = build_prompt(intent)
        self._context.report_findings(*self._rules.select_optional_settings(request).dropped)
        note_other_shapes(self._context, request)
        settings = self._rules.check(request, prompt)
        if not isinstance(settings, Settings):
            self._context.report_findings(*settings)
            return
        free = shot.provider == PREVIZ
        if free and self._context.film.subtitles == "burn":
            settings = replace(settings, options={"burn_in": False, **settings.options})
        price = model.compute_video_price_micros(
            request.resolution, request.seconds, audio=settings.audio
        )
        self._context.resolutions[step_id] = request.resolution
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
            links=request.links,
            takes=shot.takes,
            samples=1 if free or settings.seed is not None else model.samples,
            price_micros=0 if free else price or 0,
            buys_frames=self._context.rate.to_frames(request.seconds),
            contains_source=kind is Kind.EXTEND and bool(model.extend and model.extend.combined),
            seeded=model.seed or free,
            depth_s=depth_s,
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
