"""The parsed shot, as plain data that state.json can contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storyboard.util.serialization import Serialized


@dataclass(frozen=True, slots=True)
class CameraStep(Serialized):
    """One movement of the camera."""

    kind: str
    """static, pan, tilt, dolly, truck, crane, zoom, orbit, follow, handheld, roll or whip."""
    way: str = ""
    """left, right, up, down, in, out or clockwise."""
    speed: float = 1.0
    length_s: float = 0.0
    """0 shares the rest of the shot with the others."""
    at_s: float | None = None
    """The start, if a beat sets it."""
    joined: bool = False
    """Whether it happens together with the step before it."""

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
        """The value that `to_fields` wrote, as read from JSON."""
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
    """A person in the picture."""

    name: str
    description: str = ""
    view: str = "front"
    """front, back, left or right."""
    turns_to: str = ""
    """The view that the person turns to within the shot."""
    walk: str = ""
    """left, right, away, toward, or empty."""
    pace: float = 1.0
    """1 walks, 2.2 runs."""
    sits: bool = False
    hands: str = ""
    """hold, phone, wave, point, raise or cross."""
    holds: str = ""
    """The thing in the person's hands."""
    eyes: str = ""
    """down, closed or empty."""
    mood: str = ""
    """smile, sad, angry or empty."""
    tint: tuple[str, str, str] | None = None
    """Hair, top and bottom colours of the reference picture."""

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
        """The value that `to_fields` wrote, as read from JSON."""
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
    """A thing in the picture, and its movement."""

    name: str
    """The name of a prop: boat, tram, letter..."""
    count: int = 1
    moves: str = ""
    """left, right, away, toward, up, or empty."""
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
        """The value that `to_fields` wrote, as read from JSON."""
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
    """sea, forest, city, room, open or void."""
    shore: str = ""
    """The ground by the sea: quay, beach, cliff, or water for none."""
    dressing: tuple[str, ...] = ()
    """Words for the place that its set knows: quay, market, kitchen..."""
    key: str = ""
    """The seed of the place's layout."""
    shot: str = ""
    """The seed of everything else."""
    time: str = "day"
    weather: tuple[str, ...] = ()
    size: str = "WS"
    angle: str = "eye"
    """eye, low, high, overhead or dutch."""
    shoulder: str = ""
    """The name of the person whose shoulder is in the foreground."""
    pov: bool = False
    lens: float = 0.0
    """Millimetres; 0 derives it from the size."""
    people: tuple[Person, ...] = ()
    about: tuple[str, ...] = ()
    """The people that the camera frames; empty for all."""
    extras: int = 0
    """People in the background."""
    things: tuple[Thing, ...] = ()
    text: str = ""
    mood: tuple[str, ...] = ()
    steps: tuple[CameraStep, ...] = ()
    hues: tuple[str, ...] = field(default=())
    """Colours that the text gives the place."""

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
        """The value that `to_fields` wrote, as read from JSON."""
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
