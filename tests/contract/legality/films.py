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
_EDGE_LENGTHS = (8, 15, 29, 30, 31, 32, 36, 37, 38, 40, 41, 141, 142, 148, 149)
"""Lengths at which some platform's long takes end, and those beside them."""
_OMNI = {"omni-flash": 3}
_VEO = {"veo-3.1": 6, "veo-3.1-fast": 3, "veo-3.1-lite": 3}
_COMET = {"veo-3.1": 4, "veo-3.1-fast": 3, "veo3.1-pro": 1}
_RETIRED_MODELS = {
    "veo-3.0-generate-001": 1,
    "veo-3.0-fast-generate-001": 1,
    "veo-2.0-generate-001": 1,
}
ROUTES = {
    "vertex veo": Route("vertex", {**_VEO, **_RETIRED_MODELS}, foreign=("omni-flash",)),
    "vertex omni": Route("vertex", _OMNI, foreign=("veo-3.1",), seconds=_LONG),
    "gemini veo": Route("gemini", {**_VEO, **_RETIRED_MODELS}, foreign=("omni-flash",)),
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

    def find_value(self, shot: Shot, key: str, default: Any = None) -> Any:
        """What holds for a shot."""
        return shot.get(key, self.defaults.get(key, default))

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


def write_media(folder: Path) -> None:
    """The pictures and the footage that the films name."""
    for number, name in enumerate(PICTURES):
        pixels = np.full((36, 64, 3), 40 * number + 20, np.uint8)
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, pixels)[1].tobytes())
    out = cv2.VideoWriter(str(folder / "foot.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 24, (64, 36))
    for _ in range(48):
        out.write(np.zeros((36, 64, 3), np.uint8))
    out.release()


def generate_story(route: Route, seed: int) -> Story:
    """The film of that number."""
    return _StoryGenerator(route, Random(f"{route}/{seed}")).generate()


class _StoryGenerator:
    """Tells a film. Half of them are cautious, so that many are sound: their makers read a page."""

    def __init__(self, route: Route, chance: Random) -> None:
        self._route = route
        self._random = chance
        self._takes_risks = chance.random() < 0.5

    def generate(self) -> Story:
        rng = self._random
        defaults = {"model": self._choose_weighted(self._route.models)}
        self._set_sometimes(defaults, "resolution", 0.8, self._choose_resolution)
        self._set_sometimes(defaults, "aspect_ratio", 0.3, self._choose_aspect_ratio)
        self._set_sometimes(defaults, "seed", 0.15, lambda: rng.choice([0, 7, 2**32 - 1]))
        self._set_sometimes(defaults, "negative_prompt", 0.15, lambda: "watermark")
        self._set_sometimes(
            defaults, "audio", 0.1, lambda: not self._takes_risks or rng.random() < 0.3
        )
        self._set_sometimes(defaults, "options", 0.15, self._choose_options)
        self._set_sometimes(defaults, "duration", 0.07, self._choose_duration)
        names = ["ana", "ben", "cat", "dan", "eve"][: rng.choice([0, 1, 2, 3, 5])]
        cast = {name: rng.sample(PICTURES, rng.choice([1, 1, 2, 4])) for name in names}
        self._cast = names
        self._shots: list[Shot] = []
        chain = rng.random() < 0.2
        shot_count = 24 if chain and rng.random() < 0.05 else rng.choice([1, 2, 2, 3, 4, 5])
        for _ in range(shot_count):
            self._shots.append(
                self._generate_linked_shot("extend")
                if chain and self._shots
                else self._generate_shot()
            )
        return Story(
            self._route,
            defaults,
            tuple(self._shots),
            cast,
            storage=self._route.provider == "vertex" and rng.random() < 0.6,
            reanchor=rng.random() < 0.3,
            fps=rng.choice([24, 24, 24, 25, 30, "23.976", "30000/1001"]),
        )

    def _generate_shot(self) -> Shot:
        rare = (
            {"both": 3, "beats": 1, "clip": 0.3} if self._takes_risks else {"both": 1, "beats": 0.7}
        )
        shot_kind = self._choose_weighted({"text": 7, "frame": 4, "link": 6, **rare})
        if shot_kind == "link" and self._shots:
            return self._generate_linked_shot(self._choose_weighted({"extend": 5, "continue": 3}))
        shot: Shot = {"id": self._make_id()}
        if shot_kind == "clip":
            return {**shot, "clip": "foot.mp4"}
        shot["prompt"] = "A tram climbs the hill"
        if shot_kind == "beats":
            del shot["prompt"]
            length = self._random.randint(3, self._random.choice([12, 30, 45, 160]))
            shot["length"] = self._random.choice([length, self._random.choice(_EDGE_LENGTHS)])
            shot["beats"] = [{"at": 0, "prompt": "A tram"}, {"at": 2, "prompt": "It stops"}]
        elif shot_kind in ("frame", "both"):
            shot["first_frame"] = self._choose_frame()
            if shot_kind == "both":
                shot["last_frame"] = self._choose_frame()
        return self._add_settings(shot, long=shot_kind == "beats")

    def _generate_linked_shot(self, key: str) -> Shot:
        shot: Shot = {"id": self._make_id(), key: self._shots[-1]["id"], "prompt": "It goes on"}
        if self._random.random() < 0.1:
            shot[key] = self._random.choice(self._shots)["id"]
        if key == "extend" and self._random.random() < 0.15:
            shot["resolution"] = "720p"  # whatever its source is
        if key == "continue" and self._random.random() < 0.25:
            shot["last_frame"] = self._choose_frame()
        return self._add_settings(shot)

    def _add_settings(self, shot: Shot, *, long: bool = False) -> Shot:
        rng = self._random
        if not long:
            self._set_sometimes(shot, "duration", 0.3, self._choose_duration)
            if "duration" not in shot:
                self._set_sometimes(shot, "length", 0.3, self._choose_length)
            if {"first_frame", "continue", "extend"} & set(shot) and rng.random() < 0.06:
                del shot["prompt"]
        self._set_sometimes(shot, "takes", 0.2, lambda: rng.choice([2, 3, 6]))
        self._set_sometimes(shot, "model", 0.06, lambda: self._choose_weighted(self._route.models))
        if self._cast:
            self._set_sometimes(shot, "cast", 0.3, lambda: rng.sample(self._cast, 1))
            free = not {"first_frame", "continue", "extend"} & set(shot)
            if self._takes_risks or (free and "duration" not in shot):
                self._set_sometimes(shot, "references", 0.2, self._choose_references)
        if not self._takes_risks and rng.random() < 0.8:
            return shot
        self._set_sometimes(
            shot, "model", 0.03, lambda: rng.choice(self._route.foreign or ("veo-3.1",))
        )
        self._set_sometimes(shot, "resolution", 0.1, self._choose_resolution)
        self._set_sometimes(shot, "aspect_ratio", 0.04, self._choose_aspect_ratio)
        self._set_sometimes(shot, "seed", 0.06, lambda: rng.choice([0, 1947, 2**32 - 1]))
        self._set_sometimes(shot, "negative_prompt", 0.05, lambda: "text")
        self._set_sometimes(shot, "audio", 0.08, lambda: rng.random() < 0.5)
        self._set_sometimes(shot, "options", 0.12, self._choose_options)
        return shot

    def _choose_options(self) -> dict[str, Any]:
        values: dict[str, list[Any]] = {
            "person_generation": ["allow_adult", "allow_all", "dont_allow"],
            "resize": ["pad", "crop"],
            "compression": ["optimized", "lossless"],
            "labels": [{"show": "s1"}],
            "enhance_prompt": [True] if self._route.provider == "vertex" else [True, False],
        }
        name = self._random.choice([*values, "person_generation"])
        return {name: self._random.choice(values[name])}

    def _choose_references(self) -> Any:
        most = len(self._cast) if self._takes_risks else min(3, len(self._cast))
        return self._random.sample(self._cast, self._random.randint(1, most))

    def _choose_frame(self) -> str:
        pictures = list(PICTURES)
        takes = [f"{s['id']}.{end}" for s in self._shots for end in ("first", "last", "out")]
        return self._random.choice(pictures + self._cast + takes)

    def _choose_duration(self) -> int:
        if not self._takes_risks:
            return self._random.choice(self._route.seconds)
        return self._random.choice([4, 6, 7, 8, 8, 5, *self._random.sample(range(1, 21), 4)])

    def _choose_length(self) -> float:
        most = 20 if self._takes_risks else 7
        whole = self._random.choice([3, 5, 7, 7, self._random.randint(1, most)])
        return whole if self._random.random() < 0.7 else whole - 0.5

    def _choose_resolution(self) -> str:
        rare = {"4k": 9, "360p": 5, "480p": 3, "180p": 1} if self._takes_risks else {}
        return self._choose_weighted({"720p": 60, "1080p": 18, **rare})

    def _choose_aspect_ratio(self) -> str:
        return self._choose_weighted(
            {"16:9": 10, "9:16": 12, **({"1:1": 3, "4:3": 1} if self._takes_risks else {})}
        )

    def _set_sometimes(self, into: dict[str, Any], key: str, share: float, choose: Any) -> None:
        if key not in into and self._random.random() < share:
            into[key] = choose()

    def _choose_weighted(self, weights: dict[str, Any]) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]

    def _make_id(self) -> str:
        return f"SH{10 * (len(self._shots) + 1):03}"
