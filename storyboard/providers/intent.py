"""What a shot means, as a request carries it to the provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storyboard.model.blocking import Placement
from storyboard.util.serialization import Serialized


@dataclass(frozen=True, slots=True)
class Figure(Serialized):
    """A cast member as a request knows it."""

    name: str
    kind: str
    """character, place, prop or style."""
    description: str = ""
    voice: str = ""

    def to_fields(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "description": self.description,
            "voice": self.voice,
        }


@dataclass(frozen=True, slots=True)
class SpokenLine(Serialized):
    speaker: str
    words: str
    at_s: float
    """Seconds from the start of the new material."""
    how: str = ""
    off: bool = False
    voice: str = ""
    """The cast's words for the speaker's voice, so that it is known out of frame too."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "speaker": self.speaker,
            "words": self.words,
            "at_s": self.at_s,
            "how": self.how,
            "off": self.off,
            "voice": self.voice,
        }


@dataclass(frozen=True, slots=True)
class Move(Serialized):
    words: str
    length_s: float = 0.0
    """0 takes a share of the time that the other moves leave."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "words": self.words,
            "length_s": self.length_s,
        }


@dataclass(frozen=True, slots=True)
class Intent(Serialized):
    """The meaning of the shot in the storyboard's own words, before they become a prompt."""

    prompt: str = ""
    cast: tuple[Figure, ...] = ()
    """In frame, in the order listed; places are not among them."""
    place: Figure | None = None
    blocking: tuple[Placement, ...] = ()
    """Of the people in `cast`, as the step starts."""
    scene: str = ""
    size: str = ""
    angle: str = ""
    lens: str = ""
    camera: tuple[Move, ...] = ()
    focus: str = ""
    light: str = ""
    time: str = ""
    weather: str = ""
    mood: str = ""
    text: str = ""
    look: str = ""
    dialogue: tuple[SpokenLine, ...] = ()
    sound: tuple[str, ...] = ()
    ambience: str = ""
    beats: tuple[tuple[float, str], ...] = ()
    """(seconds from the start of the new material, words) of the beats inside this step."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "prompt": self.prompt,
            "cast": self.cast,
            "place": self.place,
            "blocking": self.blocking,
            "scene": self.scene,
            "size": self.size,
            "angle": self.angle,
            "lens": self.lens,
            "camera": self.camera,
            "focus": self.focus,
            "light": self.light,
            "time": self.time,
            "weather": self.weather,
            "mood": self.mood,
            "text": self.text,
            "look": self.look,
            "dialogue": self.dialogue,
            "sound": self.sound,
            "ambience": self.ambience,
            "beats": self.beats,
        }
