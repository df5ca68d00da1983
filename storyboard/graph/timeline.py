"""The timeline: which frame of which take stands at which frame of the film.

Pure arithmetic, by the rules of the language: transitions take their frames from handles, or
overlap, or hold; planned frames rule. The stitch only carries out what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

from storyboard.film import Anchor, TransitionKind
from storyboard.timecode import FrameRange, Rate


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
    freeze: int | None = None
    """A source frame that stands still for the whole slice."""


@dataclass(frozen=True, slots=True)
class Blend:
    """A transition, placed: `span` are the film frames in which the two pictures mix.

    In frame k of n the incoming picture weighs (k + 1) / (n + 1), so no frame of a dissolve is
    wholly one side. A fade has a colour for its other side. A fade through a colour reaches the
    pure colour at the middle of `span`.
    """

    kind: TransitionKind
    span: FrameRange
    color: str = ""
    through: bool = False
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Event:
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
    used: FrameRange = FrameRange(0, 0)
    """The used range in source frames of the shot's own material."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The film, frame by frame: events in order, record ranges from 0 to `length`."""

    rate: Rate
    length: int
    """Frames of the whole film."""
    events: tuple[Event, ...]

    def event(self, shot: str) -> Event:
        for event in self.events:
            if event.shot == shot:
                return event
        raise KeyError(shot)

    def frame(self, anchor: Anchor) -> int:
        """The film frame that `anchor` names, held inside [0, length]; KeyError for no shot here.

        A shot's anchor is the start of its used range.
        """
        match anchor.shot:
            case "" | "start":
                origin = 0
            case "end":
                origin = self.length
            case shot:
                origin = self.event(shot).record.start
        return min(max(origin + anchor.offset, 0), self.length)
