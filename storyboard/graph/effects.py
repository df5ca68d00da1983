"""Effects as steps: what a shot's effects take of its take, and how long the result plays.

Effects work on what `trim` and `length` leave, so `length` stays the seconds on screen: what they
need of the take is reckoned backwards from it. Effects that do the same to every frame work on
the whole take instead and keep its handles. Frames that other shots begin or end with are the
take's own, without effects.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from storyboard.effects import lasting, moves_time, timeless, unfit
from storyboard.film import Shot
from storyboard.graph.desk import Desk
from storyboard.graph.material import Material, Piece, Use
from storyboard.graph.steps import Link, Step
from storyboard.providers.base import Kind, Role, Settings
from storyboard.timecode import FrameRange, Rate

MAKER = "effects"
_LONGEST_S = 3600
_INSTANT_S = Fraction(1, 1_000_000)


def bought(shot: Shot, rate: Rate) -> Shot:
    """The shot with the length that its effects want of the take."""
    if not shot.effects or shot.length is None or timeless(shot.effects):
        return shot
    return replace(shot, length=_source(shot, shot.length, rate))


def _source(shot: Shot, wanted: int, rate: Rate) -> int | None:
    """The fewest frames that come out as `wanted` or more; None where all of the take is used.

    What `trim` leaves is used as it is where it comes out as just that.
    """

    def out(frames: int) -> int:
        return _left(shot, frames, rate)

    start, end = shot.trim.start or 0, shot.trim.end
    if end is not None and 0 <= start < end and out(end - start) == wanted:
        return end - start
    low, high = 0, rate.frames(_LONGEST_S)
    if out(high) < wanted or out(high // 2) == out(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if out(middle) >= wanted else (middle, high)
    holds = lasting(shot.effects, rate.seconds(high) - _INSTANT_S)
    return high if holds else high + 1  # one more, for the picture that one of them holds


def _left(shot: Shot, frames: int, rate: Rate) -> int:
    """The whole frames that the effects make of so many."""
    return int(lasting(shot.effects, rate.seconds(frames)) * rate.value)


class Effects:
    """Adds the effect steps of one film to the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.materials = dict(desk.materials)
        """What each shot plays, by id: its take, or what its effects made of it."""
        self.uses = dict(desk.uses)

    def add(self) -> None:
        """Makes the steps of every shot that has effects."""
        for shot in self._desk.film.shots:
            use, material = self.uses.get(shot.id), self.materials.get(shot.id)
            if shot.effects and use and material and material.pieces:
                self._step(shot, use, material)

    def _step(self, shot: Shot, use: Use, material: Material) -> None:
        rate = self._desk.rate
        if timeless(shot.effects):
            taken = FrameRange(0, material.frames)
            frames = taken.length
        else:
            taken = use.range
            frames = _left(shot, taken.length, rate)
            if not self._enough(shot, taken.length, frames):
                return
            frames = shot.length or frames
            self._heard(shot)
            self.uses[shot.id] = Use(FrameRange(0, frames), 0, 0)
        parts = material.cut(taken)
        id = f"{shot.id}.effects"
        self._desk.steps[id] = Step(
            id=id,
            kind=Kind.EFFECT,
            shot=shot.id,
            provider=MAKER,
            model="",
            target="",
            settings=Settings(
                duration_s=0,
                resolution="",
                aspect_ratio="",
                fps=0,
                options={
                    "effects": [[each.name, dict(each.arguments)] for each in shot.effects],
                    "parts": [[part.start, part.end] for _, part in parts],
                    "frames": frames,
                    "rate": f"{rate.value}",
                },
            ),
            links=tuple(Link(Role.CLIP, step=step) for step, _ in parts),
            buys_frames=frames,
        )
        self.materials[shot.id] = Material(shot.id, (Piece(id, 0, frames),))

    def _heard(self, shot: Shot) -> None:
        """Warns where lines are spoken at another pace than the storyboard's."""
        moving = [each.name for each in shot.effects if moves_time(each)]
        if moving and shot.dialogue:
            message = f"{moving[0]} changes the pace of what {shot.id} says, and where it is said"
            hint = "`narration` is told over the shot at its own pace"
            self._desk.notices.warning("SB365", shot.span("dialogue"), message, hint)

    def _enough(self, shot: Shot, taken: int, frames: int) -> bool:
        """Whether `frames`, made of so many, are as long as is wanted; refuses what is not."""
        rate, notices = self._desk.rate, self._desk.notices
        wanted = shot.length or 2
        for key, wants in (("audio_lead", shot.audio_lead), ("audio_lag", shot.audio_lag)):
            if wants:
                message = f"`{key}` wants sound beyond the shot, and its effects leave none"
                notices.error("SB358", shot, shot.span(key), message, f"delete `{key}`")
                return False
        if told := unfit(shot.effects, rate.seconds(taken)):
            message = f"the effects of {shot.id} can't be done: {told}"
            hint = "give other arguments, or another `length` or `trim`"
            notices.error("SB358", shot, shot.span("effects"), message, hint)
            return False
        if frames >= wanted:
            return True
        has, needs = (float(rate.seconds(n)) for n in (frames, wanted))
        notices.error(
            "SB358",
            shot,
            shot.span("effects"),
            f"the effects of {shot.id} make {has:g} s; {needs:g} s are wanted",
            "a shorter `length`, a longer `duration`, or other effects",
        )
        return False
