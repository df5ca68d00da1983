"""What a shot is, once its words are understood: plain data that state.json can carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storyboard.util.serialization import Serialized


@dataclass(frozen=True, slots=True)
class CameraStep(Serialized):
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

    def to_fields(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "way": self.way,
            "speed": self.speed,
            "length_s": self.length_s,
            "at_s": self.at_s,
            "joined": self.joined,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> CameraStep:
        """The value that `to_fields` wrote, as JSON gives it back."""
        return cls(
            kind=fields["kind"],
            way=fields.get("way", ""),
            speed=fields.get("speed", 1.0),
            length_s=fields.get("length_s", 0.0),
            at_s=fields.get("at_s"),
            joined=fields.get("joined", False),
        )


@dataclass(frozen=True, slots=True)
class Person(Serialized):
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

    def to_fields(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.description,
            "view": self.view,
            "turns_to": self.turns_to,
            "walk": self.walk,
            "pace": self.pace,
            "sits": self.sits,
            "hands": self.hands,
            "holds": self.holds,
            "eyes": self.eyes,
            "mood": self.mood,
            "tint": self.tint,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Person:
        """The value that `to_fields` wrote, as JSON gives it back."""
        tint = tuple(fields["tint"]) if fields.get("tint") else None
        return cls(
            name=fields["name"],
            description=fields.get("description", ""),
            view=fields.get("view", "front"),
            turns_to=fields.get("turns_to", ""),
            walk=fields.get("walk", ""),
            pace=fields.get("pace", 1.0),
            sits=fields.get("sits", False),
            hands=fields.get("hands", ""),
            holds=fields.get("holds", ""),
            eyes=fields.get("eyes", ""),
            mood=fields.get("mood", ""),
            tint=tint,
        )


@dataclass(frozen=True, slots=True)
class Thing(Serialized):
    """Something in the picture: what, and what it does."""

    name: str
    """A word of the property room: boat, tram, letter..."""
    count: int = 1
    moves: str = ""
    """left right away toward up, or nothing."""
    words: str = ""
    """The words around it, for its colours."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "count": self.count,
            "moves": self.moves,
            "words": self.words,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Thing:
        """The value that `to_fields` wrote, as JSON gives it back."""
        return cls(
            name=fields["name"],
            count=fields.get("count", 1),
            moves=fields.get("moves", ""),
            words=fields.get("words", ""),
        )


@dataclass(frozen=True, slots=True)
class ShotSpec(Serialized):
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
    steps: tuple[CameraStep, ...] = ()
    hues: tuple[str, ...] = field(default=())
    """Colours that the words give the place."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "set": self.set,
            "shore": self.shore,
            "dressing": self.dressing,
            "key": self.key,
            "shot": self.shot,
            "time": self.time,
            "weather": self.weather,
            "size": self.size,
            "angle": self.angle,
            "shoulder": self.shoulder,
            "pov": self.pov,
            "lens": self.lens,
            "people": self.people,
            "about": self.about,
            "extras": self.extras,
            "things": self.things,
            "text": self.text,
            "mood": self.mood,
            "steps": self.steps,
            "hues": self.hues,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> ShotSpec:
        """The value that `to_fields` wrote, as JSON gives it back."""
        return cls(
            set=fields.get("set", "void"),
            shore=fields.get("shore", ""),
            dressing=tuple(fields.get("dressing", ())),
            key=fields.get("key", ""),
            shot=fields.get("shot", ""),
            time=fields.get("time", "day"),
            weather=tuple(fields.get("weather", ())),
            size=fields.get("size", "WS"),
            angle=fields.get("angle", "eye"),
            shoulder=fields.get("shoulder", ""),
            pov=fields.get("pov", False),
            lens=fields.get("lens", 0.0),
            people=tuple(map(Person.from_fields, fields.get("people", ()))),
            about=tuple(fields.get("about", ())),
            extras=fields.get("extras", 0),
            things=tuple(map(Thing.from_fields, fields.get("things", ()))),
            text=fields.get("text", ""),
            mood=tuple(fields.get("mood", ())),
            steps=tuple(map(CameraStep.from_fields, fields.get("steps", ()))),
            hues=tuple(fields.get("hues", ())),
        )
