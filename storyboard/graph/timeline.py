"""The timeline: which frame of which take stands at which frame of the film.

Pure arithmetic, by the rules of the language: transitions take their frames from handles, or
overlap, or hold; planned frames rule. The stitch only carries out what stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Span
from storyboard.graph.shot_material import ShotMaterial, UsedRange
from storyboard.model.film import (
    Align,
    Anchor,
    Film,
    FramesFrom,
    Line,
    Shot,
    Transition,
)
from storyboard.model.framing import ShownFraming, build_shown_framing
from storyboard.timecode import FrameRange, Rate
from storyboard.transitions.registry import find_transition, list_color_transitions
from storyboard.util.serialization import Serialized

ClipKey: TypeAlias = tuple[str, ShownFraming | None]
"""A step, and how its take is framed."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive frames of one medium, in its own frames at the film's rate."""

    step: str
    """The step whose select it is; empty for a colour or a card."""
    source: FrameRange
    """Counted from the start of the step's own new material (its tail)."""
    color: str = ""
    """Set for plain colour."""
    card: str = ""
    """Set for a title card's text."""
    hold_frame: int | None = None
    """A source frame that stands still for the whole slice."""
    framing: ShownFraming | None = None
    """How the take fills the frame; None gives it bars where its shape is another."""

    @property
    def clip_key(self) -> ClipKey:
        """The take as it is framed."""
        return self.step, self.framing


@dataclass(frozen=True, slots=True)
class Blend(Serialized):
    """A transition, placed: `span` are the film frames in which the two pictures mix.

    In frame k of n the incoming picture weighs (k + 1) / (n + 1), so no frame of a dissolve is
    wholly one side. One that is with a colour has it for its other side; through a colour, it
    reaches the pure colour at the cut, which is the start, the middle or the end of `span`.
    """

    kind: str
    """The name of a transition; a cut is none."""
    span: FrameRange
    color: str = ""
    through: bool = False
    arguments: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What its drawing takes besides."""
    align: Align = Align.CENTER
    """Where the cut stands in one through a colour."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "span": self.span,
            "color": self.color,
            "through": self.through,
            # stood in every blend before they had arguments of their own
            "direction": "",
            **self.arguments,
            "align": self.align,
        }


@dataclass(frozen=True, slots=True)
class ShotEvent:
    """One shot in its place."""

    shot: str
    record: FrameRange
    """Its used range on the film; cuts stand at its ends. Overlapping shots overlap here."""
    visible: FrameRange
    """Every film frame that needs its picture: `record` and the handles of its transitions."""
    slices: tuple[Slice, ...]
    """What fills `visible`, in order; their lengths add up to it."""
    entering: Blend | None = None
    """The transition into it; None is a cut."""
    leaving: Blend | None = None
    """`transition_out` at the end of the film."""
    used_range: FrameRange = FrameRange(0, 0)
    """The used range in source frames of the shot's own material."""
    take_range: FrameRange = FrameRange(0, 0)
    """The same of its take, from which the effects of a shot made its material."""


@dataclass(frozen=True, slots=True)
class NarrationItem:
    """A line of narration in its place."""

    step: str
    """The step that speaks it."""
    span: FrameRange
    """Film frames in which it is heard; an estimate until it is spoken."""
    line: Line
    """Its `at` does not matter any more."""
    writer: str = ""
    """The step that writes its words, where one does."""
    follows: bool = False
    """It begins a breath after the line before it, however long that is."""
    text_span: Span = field(default=Span("<film>"), compare=False)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The film, frame by frame: events in order, record ranges from 0 to `length`."""

    rate: Rate
    length: int
    """Frames of the whole film."""
    events: tuple[ShotEvent, ...]
    narration: tuple[NarrationItem, ...] = ()

    def find_event(self, shot_id: str) -> ShotEvent:
        for event in self.events:
            if event.shot == shot_id:
                return event
        raise KeyError(shot_id)

    def resolve_anchor(self, anchor: Anchor) -> int:
        """The film frame that `anchor` names, held inside [0, length]; KeyError for no shot here.

        A shot's anchor is the start of its used range.
        """
        match anchor.shot:
            case "" | "start":
                origin = 0
            case "end":
                origin = self.length
            case shot:
                origin = self.find_event(shot).record.start
        return min(max(origin + anchor.offset, 0), self.length)


@dataclass(frozen=True, slots=True)
class _TransitionFrames:
    """How one shot enters: how much stands before its cut point, after it, and what overlaps."""

    before: int = 0
    """Frames of its head handle that are seen."""
    after: int = 0
    """Frames of the outgoing shot's tail handle that are seen."""
    overlap: int = 0
    hold: int = 0
    """Frames between the two shots in which the incoming first frame stands still."""
    blend: Transition | None = None


def build_timeline(
    film: Film,
    shots: Sequence[Shot],
    materials: Mapping[str, ShotMaterial],
    used_ranges: Mapping[str, UsedRange],
    take_ranges: Mapping[str, UsedRange],
    diagnostics: DiagnosticCollector,
    quiet_shots: Collection[str] = (),
) -> Timeline:
    """Places `shots` in order; every one has a material, a use of it, and a use of its take.

    `quiet_shots` are next to one that could not be built: of their transitions nothing is said.
    """
    discarded = DiagnosticCollector()
    collectors = {shot.id: discarded if shot.id in quiet_shots else diagnostics for shot in shots}
    joins = [
        _plan_transition(film, shots[n - 1] if n else None, shot, used_ranges, collectors[shot.id])
        for n, shot in enumerate(shots)
    ]
    events = []
    cursor = 0
    for n, (shot, join) in enumerate(zip(shots, joins, strict=True)):
        used_range = used_ranges[shot.id]
        following = joins[n + 1] if n + 1 < len(joins) else _TransitionFrames()
        start = cursor - join.overlap + join.hold
        record = FrameRange(start, start + used_range.range.length)
        after = max(following.after, following.hold)
        visible = FrameRange(record.start - max(join.before, join.hold), record.end + after)
        source = FrameRange(
            used_range.range.start - join.before, used_range.range.end + following.after
        )
        _check_transition_fits(shot, join, following, used_range, collectors[shot.id])
        events.append(
            ShotEvent(
                shot=shot.id,
                record=record,
                visible=visible,
                slices=_frame_slices(
                    (
                        *_build_frozen_slice(materials[shot.id], source.start, join.hold),
                        *_slice_material(materials[shot.id], source),
                        *_build_frozen_slice(
                            materials[shot.id], source.end - 1, after - following.after
                        ),
                    ),
                    build_shown_framing(shot.fit or film.delivery.fit, used_range.range),
                ),
                entering=_build_entering_blend(join, record.start),
                leaving=_build_closing_blend(shot, record),
                used_range=used_range.range,
                take_range=take_ranges[shot.id].range,
            )
        )
        cursor = record.end
    return Timeline(film.delivery.rate, cursor, tuple(events))


def warn_unexpected_film_length(
    film: Film, timeline: Timeline, diagnostics: DiagnosticCollector
) -> None:
    """Warns when the film is not as long as its author wished."""
    if film.length is not None and film.length != timeline.length:
        rate = film.delivery.rate
        runs, wished = (float(rate.to_seconds(n)) for n in (timeline.length, film.length))
        diagnostics.add_warning(
            "SB356", film.find_span("length"), f"the film is {runs:g} s long, not {wished:g} s"
        )


def check_cues_in_film(film: Film, timeline: Timeline, diagnostics: DiagnosticCollector) -> None:
    """Refuses music that ends before it begins, and warns of cues that nobody would see or hear."""
    for n, cue in enumerate(film.music):
        begin, end = timeline.resolve_anchor(cue.begin), timeline.resolve_anchor(cue.end)
        span = film.find_span(f"sound.music[{n}]")
        if begin >= timeline.length:
            diagnostics.add_warning("SB362", span, "this music starts after the end of the film")
        elif end <= begin:
            diagnostics.add_error(
                "SB362",
                span,
                "this music ends before it starts",
                "to: end   # or a later shot",
            )
    for n, title in enumerate(film.titles):
        if timeline.resolve_anchor(title.at) >= timeline.length:
            span = film.find_span(f"titles[{n}].at")
            diagnostics.add_warning("SB362", span, "this title starts after the end of the film")


def _slice_material(material: ShotMaterial, source_range: FrameRange) -> tuple[Slice, ...]:
    if material.color or material.card:
        return (Slice("", source_range, color=material.color, card=material.card),)
    return tuple(Slice(step, frames) for step, frames in material.split_range_by_step(source_range))


def _frame_slices(slices: tuple[Slice, ...], framing: ShownFraming | None) -> tuple[Slice, ...]:
    """The slices of a shot, those that show a take with its framing."""
    if framing is None:
        return slices
    return tuple(replace(part, framing=framing) if part.step else part for part in slices)


def _build_frozen_slice(material: ShotMaterial, frame: int, frame_count: int) -> tuple[Slice, ...]:
    """A frame of the material that stands still."""
    if not frame_count:
        return ()
    if not material.segments:
        return _slice_material(material, FrameRange(frame, frame + frame_count))
    segment, at = material.locate_frame(frame)
    return (Slice(segment.step, FrameRange(at, at + frame_count), hold_frame=at),)


def _plan_transition(
    film: Film,
    previous: Shot | None,
    shot: Shot,
    used_ranges: Mapping[str, UsedRange],
    diagnostics: DiagnosticCollector,
) -> _TransitionFrames:
    transition = shot.transition
    if transition.is_cut or not transition.duration:
        return _TransitionFrames()
    span = shot.find_span("transition")
    spec = find_transition(transition.kind)
    if previous is None and (transition.through or not spec.is_with_color):
        if shot.is_stated_by_shot("transition"):  # what a default gives is for the other shots
            _reject_transition_from_nothing(transition, shot, span, diagnostics)
        return _TransitionFrames()
    if previous is None or spec.is_with_color:
        return _TransitionFrames(blend=transition)
    if shot.extends == previous.id:
        diagnostics.add_warning(
            "SB353",
            span,
            f"{shot.id} extends {previous.id}: a {transition.kind} between them shows the "
            "same moment twice",
        )
    return _choose_transition_frames(film, transition, previous, shot, used_ranges, diagnostics)


def _reject_transition_from_nothing(
    transition: Transition, shot: Shot, span: Span, diagnostics: DiagnosticCollector
) -> None:
    fade = transition.kind if transition.through else list_color_transitions()[0]
    diagnostics.add_error(
        "SB357",
        span,
        f"the first shot can't have a {transition.kind} through a colour: no shot is before it"
        if transition.through
        else f"the first shot can't have a {transition.kind}: no shot is before it",
        f"transition: cut\ntransition: {{{fade}: 1}}   # from black",
        shot=shot,
    )


def _choose_transition_frames(
    film: Film,
    transition: Transition,
    previous: Shot,
    shot: Shot,
    used_ranges: Mapping[str, UsedRange],
    diagnostics: DiagnosticCollector,
) -> _TransitionFrames:
    """Handles where they suffice, an overlap where the film leaves it open."""
    duration = transition.duration
    tail, head = used_ranges[previous.id].tail, used_ranges[shot.id].head
    span = shot.find_span("transition")
    if transition.frames is FramesFrom.HOLD:
        return _TransitionFrames(after=min(tail, duration), hold=duration, blend=transition)
    frames_before = {Align.CENTER: duration // 2, Align.START: 0, Align.END: duration}
    if transition.align is Align.AUTO:
        choices = [
            frames_before[Align.CENTER],
            frames_before[Align.START],
            frames_before[Align.END],
        ]
    else:
        choices = [frames_before[transition.align]]
    if transition.frames is not FramesFrom.OVERLAP:
        for before in choices:
            if head >= before and tail >= duration - before:
                if transition.frames is FramesFrom.AUTO:
                    align = next(name for name, at in frames_before.items() if at == before)
                    diagnostics.add_note(
                        "SB363",
                        span,
                        f"the {transition.kind} into {shot.id} uses handles, `align: {align}`",
                    )
                return _TransitionFrames(before, duration - before, blend=transition)
    if transition.frames is FramesFrom.HANDLES:
        before = choices[0]
        diagnostics.add_error(
            "SB351",
            span,
            f"the {transition.kind} needs {duration - before} spare frames after "
            f"{previous.id}, which has {tail}, and {before} before {shot.id}, which has {head}",
            f"{_format_overlap(film, transition)}   # the film gets "
            f"{_format_frames_as_seconds(film, duration)} s shorter\nlength: …   # a shorter "
            f"{previous.id} has more spare frames",
            shot=shot,
        )
        return _TransitionFrames()
    if transition.frames is FramesFrom.AUTO:
        diagnostics.add_warning(
            "SB355",
            span,
            f"not enough spare frames for this {transition.kind}: {previous.id} and {shot.id} "
            f"overlap, and the film gets {_format_frames_as_seconds(film, duration)} s shorter",
            f"{_format_overlap(film, transition)}   # accept this",
        )
    return _TransitionFrames(overlap=duration, blend=transition)


def _check_transition_fits(
    shot: Shot,
    transition_in: _TransitionFrames,
    next_transition: _TransitionFrames,
    used_range: UsedRange,
    diagnostics: DiagnosticCollector,
) -> None:
    """A transition may not be longer than the used length less its other transition."""
    entering = transition_in.overlap + (
        transition_in.after if transition_in.blend and not transition_in.hold else 0
    )
    if transition_in.blend and find_transition(transition_in.blend.kind).is_with_color:
        entering = transition_in.blend.duration - _count_frames_before_cut(transition_in.blend)
    leaving = next_transition.overlap + next_transition.before
    if next_transition.blend and find_transition(next_transition.blend.kind).is_with_color:
        leaving = _count_frames_before_cut(next_transition.blend)
    if not shot.transition_out.is_cut:
        leaving += shot.transition_out.duration
    if entering + leaving > used_range.range.length:
        key = "transition" if transition_in.blend else "transition_out"
        diagnostics.add_error(
            "SB352",
            shot.find_span(key if key in shot.origins else "length"),
            f"{shot.id} has {used_range.range.length} frames; its transitions need {entering} "
            f"and {leaving}",
            f"set at most {max(used_range.range.length - min(entering, leaving), 0)} frames here",
            shot=shot,
        )


def _build_entering_blend(transition_in: _TransitionFrames, cut_frame: int) -> Blend | None:
    transition = transition_in.blend
    if transition is None:
        return None
    if not find_transition(transition.kind).is_with_color:
        start = cut_frame - max(transition_in.before, transition_in.hold)
        span = FrameRange(start, start + transition.duration)
        return Blend(transition.kind, span, arguments=transition.arguments)
    start = cut_frame - _count_frames_before_cut(transition)
    return Blend(
        transition.kind,
        FrameRange(start, start + transition.duration),
        color=transition.color,
        through=transition.through,
        arguments=transition.arguments,
        align=transition.align
        if transition.through and transition.align is not Align.AUTO
        else Align.CENTER,
    )


def _count_frames_before_cut(transition: Transition) -> int:
    """The frames before the cut of one with a colour: those in which the outgoing shot goes."""
    if not transition.through or transition.align is Align.START:
        return 0
    return transition.duration if transition.align is Align.END else transition.duration // 2


def _build_closing_blend(shot: Shot, record: FrameRange) -> Blend | None:
    out = shot.transition_out
    if out.is_cut or not out.duration:
        return None
    start = max(record.start, record.end - out.duration)
    return Blend(out.kind, FrameRange(start, record.end), color=out.color, arguments=out.arguments)


def _format_overlap(film: Film, transition: Transition) -> str:
    """The same transition, with its frames from an overlap, as a storyboard writes it."""
    settings = {
        transition.kind: _format_frames_as_seconds(film, transition.duration),
        **find_transition(transition.kind).to_settings(transition.arguments),
        "frames": FramesFrom.OVERLAP,
    }
    return f"transition: {{{', '.join(f'{key}: {value}' for key, value in settings.items())}}}"


def _format_frames_as_seconds(film: Film, frames: int) -> str:
    return f"{float(film.delivery.rate.to_seconds(frames)):g}"
