"""Effects as steps: what a shot's effects take of its take, and how long the result plays.

Effects work on what `trim` and `length` leave, so `length` stays the seconds on screen: what they
need of the take is reckoned backwards from it. Effects that do the same to every frame work on
the whole take instead and keep its handles. Frames that other shots begin or end with are the
take's own, without effects.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from storyboard.graph.context import CompileContext
from storyboard.graph.shot_material import ShotMaterial, StepSegment, UsedRange
from storyboard.graph.steps import Link, Step
from storyboard.model.effects import (
    are_frame_wise,
    changes_timing,
    compute_duration_after,
    explain_unusable_effects,
    find_timing_effects,
)
from storyboard.model.film import Shot
from storyboard.providers.base import Kind, Role, Settings
from storyboard.timecode import FrameRange, Rate

EFFECTS_PROVIDER = "effects"
_LONGEST_S = 3600
_INSTANT_S = Fraction(1, 1_000_000)


def adjust_length_for_effects(shot: Shot, rate: Rate) -> Shot:
    """The shot with the length that its effects want of the take."""
    if not shot.effects or shot.length is None or are_frame_wise(shot.effects):
        return shot
    return replace(shot, length=_find_source_frames(shot, shot.length, rate))


def _find_source_frames(shot: Shot, wanted_frames: int, rate: Rate) -> int | None:
    """The fewest frames that come out as `wanted_frames` or more; None where all the take is used.

    What `trim` leaves is used as it is where it comes out as just that.
    """

    def count_output(frames: int) -> int:
        return _count_output_frames(shot, frames, rate)

    start, end = shot.trim.start or 0, shot.trim.end
    if end is not None and 0 <= start < end and count_output(end - start) == wanted_frames:
        return end - start
    low, high = 0, rate.to_frames(_LONGEST_S)
    if count_output(high) < wanted_frames or count_output(high // 2) == count_output(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if count_output(middle) >= wanted_frames else (middle, high)
    holds = compute_duration_after(shot.effects, rate.to_seconds(high) - _INSTANT_S)
    return high if holds else high + 1  # one more, for the picture that one of them holds


def _count_output_frames(shot: Shot, frames: int, rate: Rate) -> int:
    """The whole frames that the effects make of so many."""
    return int(compute_duration_after(shot.effects, rate.to_seconds(frames)) * rate.value)


class EffectSteps:
    """Adds the effect steps of one film to the desk."""

    def __init__(self, context: CompileContext) -> None:
        self._context = context
        self.materials = dict(context.materials)
        """What each shot plays, by id: its take, or what its effects made of it."""
        self.refused_shots: set[str] = set()
        """Ids of those whose effects can't be done: how long they play nobody knows."""
        self.used_ranges = dict(context.used_ranges)

    def add_effect_steps(self) -> None:
        """Makes the steps of every shot that has effects."""
        for shot in self._context.film.shots:
            used_range, material = self.used_ranges.get(shot.id), self.materials.get(shot.id)
            if shot.effects and used_range and material and material.segments:
                self._add_effect_step(shot, used_range, material)

    def _add_effect_step(self, shot: Shot, used_range: UsedRange, material: ShotMaterial) -> None:
        rate = self._context.rate
        if are_frame_wise(shot.effects):
            source_range = FrameRange(0, material.frames)
            frames = source_range.length
        else:
            source_range = used_range.range
            frames = _count_output_frames(shot, source_range.length, rate)
            if not self._check_effect_length(shot, source_range.length, frames):
                self.refused_shots.add(shot.id)
                return
            frames = shot.length or frames
            self._warn_changed_speech_pace(shot)
            self.used_ranges[shot.id] = UsedRange(FrameRange(0, frames), 0, 0)
        ranges = material.split_range_by_step(source_range)
        clips = [self._context.footage.get(step) for step, _ in ranges]
        readings = [clip.clip_reading if clip else "" for clip in clips]
        id = f"{shot.id}.effects"
        self._context.steps[id] = Step(
            id=id,
            kind=Kind.EFFECT,
            shot=shot.id,
            provider=EFFECTS_PROVIDER,
            model="",
            target="",
            settings=Settings(
                duration_s=0,
                resolution="",
                aspect_ratio="",
                fps=0,
                options={
                    "effects": [[effect.name, dict(effect.arguments)] for effect in shot.effects],
                    "parts": [[part.start, part.end] for _, part in ranges],
                    "frames": frames,
                    "rate": f"{rate.value}",
                    **({"readings": readings} if any(readings) else {}),
                    **({"audio_track": shot.audio_track} if shot.audio_track else {}),
                },
            ),
            links=tuple(Link(Role.CLIP, step=step) for step, _ in ranges),
            buys_frames=frames,
        )
        self.materials[shot.id] = ShotMaterial(shot.id, (StepSegment(id, 0, frames),))

    def _warn_changed_speech_pace(self, shot: Shot) -> None:
        """Warns where lines are spoken at another pace than the storyboard's."""
        timing_effects = [effect.name for effect in shot.effects if changes_timing(effect)]
        if timing_effects and shot.dialogue:
            message = (
                f"{timing_effects[0]} changes the speed and the timing of the dialogue of {shot.id}"
            )
            hint = "use `narration` for speech that effects must not change"
            self._context.diagnostics.add_warning(
                "SB365", shot.find_span("dialogue"), message, hint
            )

    def _check_effect_length(self, shot: Shot, source_frames: int, output_frames: int) -> bool:
        """Whether `output_frames`, made of so many, are as long as wanted; refuses what is not."""
        rate, diagnostics = self._context.rate, self._context.diagnostics
        wanted = shot.length or 2
        for key, wants in (("audio_lead", shot.audio_lead), ("audio_lag", shot.audio_lag)):
            if wants:
                message = f"`{key}` needs sound outside the shot, and a shot with effects has none"
                diagnostics.add_error(
                    "SB358", shot.find_span(key), message, f"delete `{key}`", shot=shot
                )
                return False
        if problem := explain_unusable_effects(shot.effects, rate.to_seconds(source_frames)):
            message = f"the effects of {shot.id} can't be applied: {problem}"
            hint = "change the arguments, `length` or `trim`"
            diagnostics.add_error("SB358", shot.find_span("effects"), message, hint, shot=shot)
            return False
        if output_frames >= wanted:
            return True
        has, needs = (float(rate.to_seconds(n)) for n in (output_frames, wanted))
        diagnostics.add_error(
            "SB358",
            shot.find_span("effects"),
            f"{find_timing_effects(shot.effects)} of {shot.id} makes {has:g} s,"
            f" but the shot needs {needs:.2g} s",
            "set a shorter `length`, a longer `duration`, or other effects",
            shot=shot,
        )
        return False
