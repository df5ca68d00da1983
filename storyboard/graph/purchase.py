"""What a shot buys: one take, one extension, or a long take in hops.

The shortest legal purchase that holds what is wanted; spare for handles never adds a hop and
never changes a stated duration.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from storyboard.film import FrameEdge, Shot
from storyboard.graph.chains import Hop, extensions, longest, resumed, split
from storyboard.graph.desk import Desk
from storyboard.graph.images import ReferenceImages
from storyboard.graph.legality import PREVIZ
from storyboard.graph.links import Linker
from storyboard.graph.material import ENDLESS, Material, Piece
from storyboard.graph.prompt import intent_of, prompt_of
from storyboard.graph.refusal import Refusals
from storyboard.graph.steps import FramePick, Link, Step, operation
from storyboard.providers.base import Kind, Role
from storyboard.providers.catalog import Model
from storyboard.timecode import FrameRange

_WHOLE = FrameRange(0, ENDLESS)
_LINKS = ("extend", "continue", "first_frame", "last_frame")


class Purchases:
    """Makes the steps of one film's shots."""

    def __init__(self, desk: Desk, linker: Linker) -> None:
        self._desk = desk
        self._linker = linker
        self._refuse = Refusals(desk)
        self._images = ReferenceImages(desk, linker, self._refuse)

    def material(self, shot: Shot) -> Material | None:
        """Adds the shot's steps to the desk and says what they bring; None after an error."""
        model = self._desk.judge.model(shot)
        if model is None:
            return None
        if shot.beats:
            if linked := [key for key in _LINKS if key in shot.origins]:
                self._refuse.beats_with_link(shot, linked[0])
                return None
            return self._long_take(shot, model)
        if shot.extends:
            return self._extension(shot, model)
        return self._take(shot, model)

    # one take ------------------------------------------------------------------------------

    def _take(self, shot: Shot, model: Model) -> Material | None:
        links = self._frames(shot, model)
        if links is None:
            return None
        kind = Kind.INTERPOLATE if len(links) == 2 else Kind.GENERATE
        resolution = self._desk.judge.resolution(shot, model, kind)
        named = self._images.named(shot, model, free=not links)
        if resolution is None or named is None:
            return None
        asked = operation(kind, (link.role for link in (*links, *named)))
        seconds = self._seconds(shot, model, resolution, asked)
        if seconds is None:
            return None
        links += named or self._images.auto(shot, model, resolution, seconds, not links)
        hop = Hop(seconds, False, 0, self._desk.rate.frames(seconds), depth_s=seconds)
        self._add(shot, model, shot.id, kind, hop, resolution, links, _WHOLE)
        return Material(shot.id, (Piece(shot.id, 0, hop.frames),))

    def _frames(self, shot: Shot, model: Model) -> list[Link] | None:
        """The links of first and last frame; None after an error."""
        links: list[Link | None] = []
        if (shot.first_frame or shot.continues) and not model.first_frame:
            self._refuse.first_frame(shot, model)
            return None
        if shot.last_frame and not model.last_frame:
            self._refuse.last_frame(shot, model)
            return None
        if shot.continues:
            role, key = Role.FIRST_FRAME, "continue"
            links.append(self._linker.of_shot(shot, shot.continues, FrameEdge.OUT, 0, role, key))
        elif shot.first_frame:
            links.append(
                self._linker.frame(shot, shot.first_frame, Role.FIRST_FRAME, "first_frame", model)
            )
        if shot.last_frame:
            links.append(
                self._linker.frame(shot, shot.last_frame, Role.LAST_FRAME, "last_frame", model)
            )
        found = [link for link in links if link is not None]
        return found if len(found) == len(links) else None

    def _seconds(self, shot: Shot, model: Model, resolution: str, asked: str) -> int | None:
        """Seconds of one new take: what is stated, else the shortest that holds the length.

        `asked` is the catalogue's name for the operation.
        """
        rate = self._desk.rate
        references = asked == "references"
        legal = model.legal_durations(resolution, references=references, operation=asked)
        if shot.duration is not None and (shot.said_here("duration") or shot.length is None):
            for seconds in legal:
                if rate.frames(seconds) == shot.duration:
                    return seconds
            wanted = rate.seconds(shot.duration)
            self._desk.judge.illegal_duration(shot, model, legal, wanted, resolution)
            return None
        if shot.length is None:
            if model.default_duration in legal:
                return model.default_duration
            return next((s for s in legal if s >= model.default_duration), max(legal))
        enough = [s for s in legal if rate.frames(s) >= shot.length]
        if not enough:
            self._refuse.too_long(shot, model, resolution, legal)
            return None
        roomy = [s for s in enough if rate.frames(s) >= shot.length + shot.handles]
        if not roomy:
            missing = shot.length + shot.handles - rate.frames(max(enough))
            self._desk.notices.note(
                "SB359",
                shot.span("handles" if "handles" in shot.origins else "length"),
                f"{shot.id} has {missing} frames less spare than wished: "
                f"{max(enough)} s is the longest take",
            )
            return max(enough)
        return min(roomy)

    # extensions ----------------------------------------------------------------------------

    def _extension(self, shot: Shot, model: Model) -> Material | None:
        parent = self._desk.materials[shot.extends]
        step = self._desk.steps.get(parent.last_step)
        if not self._refuse.unless_extendable(shot, model, parent, step):
            return None
        assert step is not None
        rule = model.extend
        assert rule is not None
        if step.settings.aspect_ratio != shot.aspect_ratio:
            self._refuse.other_aspect(shot, step)
            return None
        resolution = self._desk.judge.resolution(shot, model, Kind.EXTEND)
        named = self._images.named(shot, model, free=False)
        if resolution is None or named is None:
            return None
        self._images.auto(shot, model, resolution, 0, False)
        if rule.input_resolutions and (
            self._desk.resolutions[step.id] not in rule.input_resolutions
        ):
            self._refuse.input_resolution(shot, model, step)
            return None
        if step.shot == shot.extends and self._desk.uses[shot.extends].tail:
            self._desk.notices.warning(
                "SB354",
                shot.span("extend"),
                f"{shot.id} goes on from the end of {shot.extends}'s take, "
                f"which plays {self._desk.uses[shot.extends].tail} frames less: a jump",
                f"continue: {shot.extends}   # starts at the last frame that is seen",
            )
        if shot.id in self._desk.expired:
            return self._reanchored(shot, model, step, f"{step.id} has expired at {model.provider}")
        seconds = self._hop(shot, model, step)
        if seconds is None:
            return None
        if seconds in extensions(model, step.depth_s, step.hops):
            hop = Hop(
                seconds, True, 0, self._desk.rate.frames(seconds), depth_s=step.depth_s + seconds
            )
            link = Link(Role.VIDEO, step=step.id)
            self._add(
                shot, model, shot.id, Kind.EXTEND, hop, resolution, [link], _WHOLE, step.hops + 1
            )
            return Material(shot.id, (Piece(shot.id, 0, hop.frames),))
        if self._desk.film.policy.on_limit == "reanchor":
            why = f"the chain would be {step.depth_s} s and more"
            return self._reanchored(shot, model, step, why)
        self._refuse.chain(shot, model, step, seconds)
        return None

    def _hop(self, shot: Shot, model: Model, step: Step) -> int | None:
        """Seconds the extension adds, before the chain's cap is looked at."""
        rule = model.extend
        assert rule is not None
        rate = self._desk.rate
        if shot.duration is not None and shot.said_here("duration"):
            for hop in rule.hops:
                if rate.frames(hop) == shot.duration:
                    return hop
            wanted = rate.seconds(shot.duration)
            self._desk.judge.illegal_duration(
                shot, model, rule.hops, wanted, self._desk.resolutions[step.id]
            )
            return None
        if shot.length is None:
            return rule.default_hop
        enough = [hop for hop in rule.hops if rate.frames(hop) >= shot.length]
        if not enough:
            self._refuse.hop_too_long(shot, model)
            return None
        return min(enough)

    def _reanchored(self, shot: Shot, model: Model, step: Step, why: str) -> Material | None:
        """A new run from the last frame, where the film allows it; the repeated frame is cut."""
        resolution = self._desk.judge.resolution(shot, model, Kind.GENERATE)
        if resolution is None:
            return None
        longer = replace(shot, length=None if shot.length is None else shot.length + 1)
        seconds = self._seconds(longer, model, resolution, "image")
        if seconds is None:
            return None
        instead = f"starts again from {step.id}'s last frame: {why}"
        self._desk.notices.note("SB424", shot.span("extend"), f"{shot.id} {instead}")
        frames = self._desk.rate.frames(seconds) - 1
        hop = Hop(seconds, False, 0, frames, skip=1, depth_s=seconds)
        link = Link(Role.FIRST_FRAME, step=step.id, pick=FramePick(0, from_end=True))
        kind = Kind.GENERATE
        self._add(shot, model, shot.id, kind, hop, resolution, [link], _WHOLE, instead=instead)
        return Material(shot.id, (Piece(shot.id, 0, frames, skip=1),))

    # long takes ----------------------------------------------------------------------------

    def _long_take(self, shot: Shot, model: Model) -> Material | None:
        assert shot.length is not None
        resolution = self._desk.judge.resolution(shot, model, Kind.GENERATE)
        named = self._images.named(shot, model, free=True)
        if resolution is None or named is None:
            return None
        able = _able(model, resolution)
        hops = split(
            able,
            shot.length,
            self._desk.rate,
            [beat.at for beat in shot.beats],
            resolution=resolution,
            reanchor=self._desk.film.policy.on_limit == "reanchor",
            references=bool(named),
        )
        if hops is None:
            # Not for its length alone: another resolution would run on.
            if able is model or self._desk.judge.resolution(shot, model, Kind.EXTEND):
                self._refuse.long_take(shot, model, longest(able, resolution))
            return None
        hops = self._restarted(shot, model, resolution, hops)
        if hops is None:
            return None
        self._beat_notes(shot, hops)
        pieces: list[Piece] = []
        depth_hops = 0
        for number, hop in enumerate(hops, 1):
            id = f"{shot.id}.{number}" if len(hops) > 1 else shot.id
            links = self._hop_links(shot, model, resolution, hop, pieces, named)
            kind = Kind.EXTEND if hop.extends else Kind.GENERATE
            depth_hops = depth_hops + 1 if hop.extends else 0
            window = FrameRange(hop.start, hop.start + hop.frames)
            instead = ""
            if pieces and not hop.extends:
                why = "has expired" if id in self._desk.expired else "can run no longer"
                instead = f"starts again from the last frame of {pieces[-1].step}, which {why}"
            self._add(shot, model, id, kind, hop, resolution, links, window, depth_hops, instead)
            pieces.append(Piece(id, hop.start, hop.frames, hop.skip))
        return Material(shot.id, tuple(pieces))

    def _restarted(
        self, shot: Shot, model: Model, resolution: str, hops: tuple[Hop, ...]
    ) -> tuple[Hop, ...] | None:
        """The hops with a new start wherever the platform no longer has the source."""
        number = 1
        while number < len(hops):
            hop = hops[number]
            if hop.extends and f"{shot.id}.{number + 1}" in self._desk.expired:
                assert shot.length is not None
                rest = split(
                    _able(model, resolution),
                    shot.length - hop.start + 1,
                    self._desk.rate,
                    [beat.at - hop.start + 1 for beat in shot.beats if beat.at > hop.start],
                    resolution=resolution,
                    reanchor=True,
                )
                if rest is None or not model.first_frame:
                    self._refuse.long_take(shot, model, longest(model, resolution))
                    return None
                hops = (*hops[:number], *resumed(rest, hop.start))
            number += 1
        return hops

    def _hop_links(
        self,
        shot: Shot,
        model: Model,
        resolution: str,
        hop: Hop,
        pieces: list[Piece],
        named: list[Link],
    ) -> list[Link]:
        if hop.extends:
            return [Link(Role.VIDEO, step=pieces[-1].step)]
        if pieces:
            pick = FramePick(0, from_end=True)
            return [Link(Role.FIRST_FRAME, step=pieces[-1].step, pick=pick)]
        return named or self._images.auto(shot, model, resolution, hop.seconds, True)

    def _beat_notes(self, shot: Shot, hops: tuple[Hop, ...]) -> None:
        seams = {hop.start for hop in hops}
        for number, beat in enumerate(shot.beats):
            if beat.at not in seams:
                at = float(self._desk.rate.seconds(beat.at))
                self._desk.notices.note(
                    "SB360",
                    shot.span(f"beats[{number}].at"),
                    f"the beat at {at:g} s falls inside a hop; its words go into that hop's "
                    "prompt with their time",
                )

    # all -----------------------------------------------------------------------------------

    def _add(
        self,
        shot: Shot,
        model: Model,
        id: str,
        kind: Kind,
        hop: Hop,
        resolution: str,
        links: list[Link],
        window: FrameRange,
        hops: int = 0,
        instead: str = "",
    ) -> None:
        asked = operation(kind, (link.role for link in links))
        settings = self._desk.judge.settings(shot, model, asked, hop.seconds, resolution)
        intent = intent_of(self._desk.film, shot, window, first=window.start == 0)
        prompt = prompt_of(intent)
        if not prompt and asked in model.needs_words:
            self._refuse.wordless(shot, model)
        self._refuse.large_pictures(shot, model, links)
        free = shot.provider == PREVIZ
        if free and self._desk.film.subtitles == "burn":
            settings = replace(settings, options={"burn_in": False, **settings.options})
        price = model.price_micros(resolution, hop.seconds, audio=settings.audio)
        self._desk.resolutions[id] = resolution
        self._desk.steps[id] = Step(
            id=id,
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
            buys_frames=self._desk.rate.frames(Fraction(hop.seconds)),
            contains_source=kind is Kind.EXTEND and bool(model.extend and model.extend.combined),
            seeded=model.seed or free,
            depth_s=hop.depth_s,
            hops=hops,
            remote=kind is Kind.EXTEND and not free and bool(model.extend and model.extend.remote),
            instead=instead,
        )


def _able(model: Model, resolution: str) -> Model:
    """The model, without its extensions where they don't come in that resolution."""
    rule = model.extend
    if rule is None or (
        rule.resolution in ("", resolution)
        and (not rule.input_resolutions or resolution in rule.input_resolutions)
    ):
        return model
    return replace(model, extend=None)
