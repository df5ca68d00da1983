"""Random films for the proof that `check` and the platforms agree: small, and the same each time.

A film is a plain value that knows its YAML. Nothing here asks the catalogue: resolutions that no
model has, lengths that nobody makes and chains without end are in it on purpose.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np

Shot = dict[str, Any]
"""The keys of a shot as the film writes them."""

PICTURES = ("ana.png", "ben.jpg", "cat.png", "dan.webp", "eve.png")


@dataclass(frozen=True)
class Route:
    """One way to a platform: `models` are names with their weights."""

    provider: str
    models: dict[str, int]
    transport: str = ""
    foreign: tuple[str, ...] = ()
    """Names of models of another wire of the same platform."""
    seconds: tuple[int, ...] = (4, 6, 8, 8)
    """What the cautious ask for."""


_LONG = tuple(range(3, 11))
_EDGES = (8, 15, 29, 30, 31, 32, 36, 37, 38, 40, 41, 141, 142, 148, 149)
"""Lengths at which some platform's long takes end, and those beside them."""
_OMNI = {"omni-flash": 3}
_VEO = {"veo-3.1": 6, "veo-3.1-fast": 3, "veo-3.1-lite": 3}
_COMET = {"veo-3.1": 4, "veo-3.1-fast": 3, "veo3.1-pro": 1}
_OLD = {"veo-3.0-generate-001": 1, "veo-3.0-fast-generate-001": 1, "veo-2.0-generate-001": 1}
ROUTES = {
    "vertex veo": Route("vertex", {**_VEO, **_OLD}, foreign=("omni-flash",)),
    "vertex omni": Route("vertex", _OMNI, foreign=("veo-3.1",), seconds=_LONG),
    "gemini veo": Route("gemini", {**_VEO, **_OLD}, foreign=("omni-flash",)),
    "gemini omni": Route(
        "gemini", {**_OMNI, "gemini-omni-1.1-flash": 1}, foreign=("veo-3.1",), seconds=_LONG
    ),
    "cometapi videos": Route("cometapi", _COMET, "videos"),
    "cometapi chat": Route("cometapi", _COMET, "chat"),
}


@dataclass(frozen=True)
class Story:
    """One film, before anybody has read it."""

    route: Route
    defaults: dict[str, Any]
    shots: tuple[Shot, ...]
    cast: dict[str, list[str]] = field(default_factory=dict)
    storage: bool = False
    reanchor: bool = False
    fps: int | str = 24

    def said(self, shot: Shot, key: str, otherwise: Any = None) -> Any:
        """What holds for a shot."""
        return shot.get(key, self.defaults.get(key, otherwise))

    @property
    def text(self) -> str:
        """The YAML, a shot a line."""
        provider = self.route.provider
        settings: dict[str, str] = {}
        if self.route.transport:
            settings["transport"] = self.route.transport
        if self.storage:
            settings["storage_uri"] = "gs://bucket/films"
        cast = {name: {"images": images} for name, images in self.cast.items()}
        head = {
            "storyboard": 1,
            "format": {"fps": self.fps},
            "defaults": {"provider": provider, **self.defaults},
            **({"cast": cast} if cast else {}),
            **({"providers": {provider: settings}} if settings else {}),
            **({"policy": {"on_limit": "reanchor"}} if self.reanchor else {}),
        }
        lines = [f"{key}: {json.dumps(value)}" for key, value in head.items()]
        return "\n".join([*lines, "shots:", *(f"  - {json.dumps(s)}" for s in self.shots), ""])


def lay_out(folder: Path) -> None:
    """The pictures and the footage that the films name."""
    for number, name in enumerate(PICTURES):
        pixels = np.full((36, 64, 3), 40 * number + 20, np.uint8)
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, pixels)[1].tobytes())
    out = cv2.VideoWriter(str(folder / "foot.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 24, (64, 36))
    for _ in range(48):
        out.write(np.zeros((36, 64, 3), np.uint8))
    out.release()


def story(route: Route, seed: int) -> Story:
    """The film of that number."""
    return _Teller(route, Random(f"{route}/{seed}")).story()


class _Teller:
    """Tells a film. Half of them are cautious, so that many are sound: their makers read a page."""

    def __init__(self, route: Route, chance: Random) -> None:
        self._route = route
        self._chance = chance
        self._bold = chance.random() < 0.5

    def story(self) -> Story:
        chance = self._chance
        defaults = {"model": self._of(self._route.models)}
        self._maybe(defaults, "resolution", 0.8, self._resolution)
        self._maybe(defaults, "aspect_ratio", 0.3, self._aspect)
        self._maybe(defaults, "seed", 0.15, lambda: chance.choice([0, 7, 2**32 - 1]))
        self._maybe(defaults, "negative_prompt", 0.15, lambda: "watermark")
        self._maybe(defaults, "audio", 0.1, lambda: not self._bold or chance.random() < 0.3)
        self._maybe(defaults, "options", 0.15, self._options)
        self._maybe(defaults, "duration", 0.07, self._seconds)
        names = ["ana", "ben", "cat", "dan", "eve"][: chance.choice([0, 1, 2, 3, 5])]
        cast = {name: chance.sample(PICTURES, chance.choice([1, 1, 2, 4])) for name in names}
        self._cast = names
        self._shots: list[Shot] = []
        chain = chance.random() < 0.2
        many = 24 if chain and chance.random() < 0.05 else chance.choice([1, 2, 2, 3, 4, 5])
        for _ in range(many):
            self._shots.append(self._linked("extend") if chain and self._shots else self._shot())
        return Story(
            self._route,
            defaults,
            tuple(self._shots),
            cast,
            storage=self._route.provider == "vertex" and chance.random() < 0.6,
            reanchor=chance.random() < 0.3,
            fps=chance.choice([24, 24, 24, 25, 30, "23.976", "30000/1001"]),
        )

    def _shot(self) -> Shot:
        rare = {"both": 3, "beats": 1, "clip": 0.3} if self._bold else {"both": 1, "beats": 0.7}
        made = self._of({"text": 7, "frame": 4, "link": 6, **rare})
        if made == "link" and self._shots:
            return self._linked(self._of({"extend": 5, "continue": 3}))
        shot: Shot = {"id": self._id()}
        if made == "clip":
            return {**shot, "clip": "foot.mp4"}
        shot["prompt"] = "A tram climbs the hill"
        if made == "beats":
            del shot["prompt"]
            length = self._chance.randint(3, self._chance.choice([12, 30, 45, 160]))
            shot["length"] = self._chance.choice([length, self._chance.choice(_EDGES)])
            shot["beats"] = [{"at": 0, "prompt": "A tram"}, {"at": 2, "prompt": "It stops"}]
        elif made in ("frame", "both"):
            shot["first_frame"] = self._frame()
            if made == "both":
                shot["last_frame"] = self._frame()
        return self._settled(shot, long=made == "beats")

    def _linked(self, key: str) -> Shot:
        shot: Shot = {"id": self._id(), key: self._shots[-1]["id"], "prompt": "It goes on"}
        if self._chance.random() < 0.1:
            shot[key] = self._chance.choice(self._shots)["id"]
        if key == "extend" and self._chance.random() < 0.15:
            shot["resolution"] = "720p"  # whatever its source is
        if key == "continue" and self._chance.random() < 0.25:
            shot["last_frame"] = self._frame()
        return self._settled(shot)

    def _settled(self, shot: Shot, *, long: bool = False) -> Shot:
        chance = self._chance
        if not long:
            self._maybe(shot, "duration", 0.3, self._seconds)
            if "duration" not in shot:
                self._maybe(shot, "length", 0.3, self._length)
            if {"first_frame", "continue", "extend"} & set(shot) and chance.random() < 0.06:
                del shot["prompt"]
        self._maybe(shot, "takes", 0.2, lambda: chance.choice([2, 3, 6]))
        self._maybe(shot, "model", 0.06, lambda: self._of(self._route.models))
        if self._cast:
            self._maybe(shot, "cast", 0.3, lambda: chance.sample(self._cast, 1))
            free = not {"first_frame", "continue", "extend"} & set(shot)
            if self._bold or (free and "duration" not in shot):
                self._maybe(shot, "references", 0.2, self._references)
        if not self._bold and chance.random() < 0.8:
            return shot
        self._maybe(shot, "model", 0.03, lambda: chance.choice(self._route.foreign or ("veo-3.1",)))
        self._maybe(shot, "resolution", 0.1, self._resolution)
        self._maybe(shot, "aspect_ratio", 0.04, self._aspect)
        self._maybe(shot, "seed", 0.06, lambda: chance.choice([0, 1947, 2**32 - 1]))
        self._maybe(shot, "negative_prompt", 0.05, lambda: "text")
        self._maybe(shot, "audio", 0.08, lambda: chance.random() < 0.5)
        self._maybe(shot, "options", 0.12, self._options)
        return shot

    def _options(self) -> dict[str, Any]:
        values: dict[str, list[Any]] = {
            "person_generation": ["allow_adult", "allow_all", "dont_allow"],
            "resize": ["pad", "crop"],
            "compression": ["optimized", "lossless"],
            "labels": [{"show": "s1"}],
            "enhance_prompt": [True] if self._route.provider == "vertex" else [True, False],
        }
        name = self._chance.choice([*values, "person_generation"])
        return {name: self._chance.choice(values[name])}

    def _references(self) -> Any:
        most = len(self._cast) if self._bold else min(3, len(self._cast))
        return self._chance.sample(self._cast, self._chance.randint(1, most))

    def _frame(self) -> str:
        pictures = list(PICTURES)
        takes = [f"{s['id']}.{end}" for s in self._shots for end in ("first", "last", "out")]
        return self._chance.choice(pictures + self._cast + takes)

    def _seconds(self) -> int:
        if not self._bold:
            return self._chance.choice(self._route.seconds)
        return self._chance.choice([4, 6, 7, 8, 8, 5, *self._chance.sample(range(1, 21), 4)])

    def _length(self) -> float:
        most = 20 if self._bold else 7
        whole = self._chance.choice([3, 5, 7, 7, self._chance.randint(1, most)])
        return whole if self._chance.random() < 0.7 else whole - 0.5

    def _resolution(self) -> str:
        rare = {"4k": 9, "360p": 5, "480p": 3, "180p": 1} if self._bold else {}
        return self._of({"720p": 60, "1080p": 18, **rare})

    def _aspect(self) -> str:
        return self._of({"16:9": 10, "9:16": 12, **({"1:1": 3, "4:3": 1} if self._bold else {})})

    def _maybe(self, into: dict[str, Any], key: str, share: float, make: Any) -> None:
        if key not in into and self._chance.random() < share:
            into[key] = make()

    def _of(self, weighed: dict[str, Any]) -> str:
        return self._chance.choices(list(weighed), list(weighed.values()))[0]

    def _id(self) -> str:
        return f"SH{10 * (len(self._shots) + 1):03}"
