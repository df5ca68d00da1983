"""What a shot is, once its words are understood: plain data that state.json can carry."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the camera does."""

    kind: str
    """static pan tilt dolly truck crane zoom orbit follow handheld roll whip."""
    way: str = ""
    """left right up down in out, clockwise."""
    speed: float = 1.0
    length_s: float = 0.0
    """0 shares what the others leave."""
    at_s: float | None = None
    """When a beat gives it a place of its own."""
    joined: bool = False
    """Happens together with the step before it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the picture."""

    name: str
    description: str = ""
    view: str = "front"
    """front back left right."""
    turns_to: str = ""
    """The view that it turns to within the shot."""
    walk: str = ""
    """left right away toward, or nothing."""
    pace: float = 1.0
    """1 walks, 2.2 runs."""
    sits: bool = False
    hands: str = ""
    """hold phone wave point raise cross."""
    holds: str = ""
    """The thing in its hands."""
    eyes: str = ""
    """down, closed or nothing."""
    mood: str = ""
    """smile sad angry or nothing."""
    tint: tuple[str, str, str] | None = None
    """Hair, top and bottom colours of its reference picture."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in the picture: what, and what it does."""

    name: str
    """A word of the property room: boat, tram, letter..."""
    count: int = 1
    moves: str = ""
    """left right away toward up, or nothing."""
    words: str = ""
    """The words around it, for its colours."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A shot to draw."""

    set: str = "void"
    """sea forest city room open void."""
    shore: str = ""
    """What one stands on by the sea: quay, beach, cliff, or water for nothing."""
    dressing: tuple[str, ...] = ()
    """Words of the place that its set knows: quay, market, kitchen..."""
    key: str = ""
    """What the layout of the place is seeded with."""
    shot: str = ""
    """What everything else is seeded with."""
    time: str = "day"
    weather: tuple[str, ...] = ()
    size: str = "WS"
    angle: str = "eye"
    """eye low high overhead dutch."""
    shoulder: str = ""
    """Name of the one whose shoulder the camera looks over."""
    pov: bool = False
    lens: float = 0.0
    """Millimetres; 0 lets the size decide."""
    people: tuple[Person, ...] = ()
    about: tuple[str, ...] = ()
    """Whom the camera cares for; empty for all of them."""
    extras: int = 0
    """People far behind."""
    things: tuple[Thing, ...] = ()
    text: str = ""
    mood: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    hues: tuple[str, ...] = field(default=())
    """Colours that the words give the place."""
