"""Films by number, over many keys of the language, and the same each time.

Nothing here asks the product anything. About one film in four asks for what can't be had: how a
film is refused is frozen as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any

FILMS = 500
PICTURES = ("ana.png", "ben.jpg", "quay.png")
FOOTAGE = "foot.mp4"
MUSIC = "theme.wav"
Keys = dict[str, Any]


@dataclass(frozen=True)
class Platform:
    """Who is asked: the film's own defaults and settings, and the flags that it needs."""

    defaults: Keys
    settings: Keys
    flags: tuple[str, ...] = ()
    seconds: tuple[int, ...] = (4, 6, 8)
    seeded: bool = True
    """Whether it takes a seed, and what it is not to show."""


_OMNI_SECONDS = (3, 5, 6, 8, 10)
PLATFORMS = (
    Platform({}, {}),
    Platform({"target": "vertex"}, {}),
    Platform({"target": "gemini", "model": "omni-flash"}, {}, seconds=_OMNI_SECONDS, seeded=False),
    Platform({"provider": "vertex"}, {}),
    Platform(
        {"provider": "vertex", "model": "veo-3.1-fast"},
        {"vertex": {"storage_uri": "gs://bucket/films", "location": "europe-west4"}},
    ),
    Platform({"provider": "vertex", "model": "veo-3.1-lite"}, {"vertex": {"project": "mine"}}),
    Platform(
        {"provider": "vertex", "model": "omni-flash"}, {}, seconds=_OMNI_SECONDS, seeded=False
    ),
    Platform(
        {"provider": "vertex", "model": "omni-flash"},
        {"vertex": {"storage_uri": "gs://bucket/films"}},
        seconds=_OMNI_SECONDS,
        seeded=False,
    ),
    Platform({"provider": "gemini"}, {}, ("--allow-retired",), seeded=False),
    Platform(
        {"provider": "gemini", "model": "omni-flash"}, {}, seconds=_OMNI_SECONDS, seeded=False
    ),
    Platform({"provider": "cometapi"}, {}, seeded=False),
    Platform(
        {"provider": "cometapi", "model": "veo-3.1-fast"},
        {"cometapi": {"transport": "chat"}},
        seeded=False,
    ),
)

_PROMPTS = (
    "A tram climbs the hill",
    "Ana waits at the quay, gulls pass",
    "Ben, listening: he doesn't look up",
    "Two-shot over the table with a letter between them",
    "A boat comes in between the moles",
    "A dog runs along the shore — quickly",
)
_SCENES = ("INT. KITCHEN - NIGHT", "EXT. QUAY - DUSK", "EXT. CITY STREET - DAY", "EXT. SEA - DAWN")
_SIZES = ("WS", "MS", "MCU", "CU", "ECU", "EWS", "FS", "insert", "wide")
_ANGLES = ("low", "high", "OTS", "POV", "over-the-shoulder")
_CAMERAS: tuple[Any, ...] = (
    "slow dolly in",
    "static",
    "handheld",
    [{"static": 1}, "slow pan left"],
    ["crane down", {"truck right": 2}],
)
_LINES = ("It came on Tuesday.", "You waited.", "(softly) Last one tonight.", "I can wait.")
_EFFECTS: tuple[Any, ...] = (
    "BlackAndWhite",
    {"MultiplySpeed": {"factor": 0.5}},
    {"FadeIn": {"duration": 1}},
    {"LumContrast": {"contrast": 0.3}},
    {"Freeze": {"t": "end", "freeze_duration": 1}},
    "MirrorX",
)
_TRANSITIONS: tuple[Any, ...] = (
    "cut",
    "dissolve",
    {"dissolve": 0.5},
    {"dissolve": 0.5, "frames": "overlap"},
    {"dissolve": 0.25, "frames": "hold"},
    {"dissolve": 0.5, "frames": "handles", "align": "start"},
    {"fade": 0.5},
    {"fade": 0.5, "from": "white"},
    {"fade": 1, "through": "black", "align": "center"},
    {"wipe": 0.5, "from": "left"},
    {"wipe": 0.5, "from": "bottom", "frames": "overlap"},
)
_PROFILES: Keys = {
    "draft": {"defaults": {"resolution": "720p", "takes": 1}, "look": "pencil"},
    "social": {"format": {"aspect_ratio": "9:16"}, "defaults": {"aspect_ratio": "9:16"}},
}


@dataclass(frozen=True)
class Film:
    """One film before anybody has read it, and the flags to read it with."""

    number: int
    text: str
    flags: tuple[str, ...]


def generate_film(number: int) -> Film:
    """The film of that number."""
    return _FilmGenerator(number, Random(f"frozen film {number}")).generate()


class _FilmGenerator:
    def __init__(self, number: int, chance: Random) -> None:
        self._number = number
        self._chance = chance
        self._platform = PLATFORMS[number % len(PLATFORMS)]
        self._wild = chance.random() < 0.25
        self._shots: list[Keys] = []
        self._made: list[str] = []

    def generate(self) -> Film:
        head = self._generate_head()
        items = self._generate_items()
        sound = self._generate_sound()
        lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
        lines += ["shots:", *items]
        lines += [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in sound.items()]
        return Film(self._number, "\n".join([*lines, ""]), self._choose_flags(head))

    # the header ------------------------------------------------------------------------------

    def _generate_head(self) -> Keys:
        pick, maybe = self._chance.choice, self._set_sometimes
        platform = self._platform
        head: Keys = {"storyboard": 1}
        maybe(head, "title", 0.6, lambda: pick(["The Letter", "Línea 28", "Harbour"]))
        maybe(head, "author", 0.3, lambda: "A. Director")
        maybe(head, "copyright", 0.2, lambda: "CC0")
        maybe(head, "credits", 0.2, lambda: ["Written by A. Director", "Sound: B."])
        maybe(head, "length", 0.2, lambda: pick([10, 24.5, 60]))
        maybe(head, "format", 0.7, self._choose_format)
        defaults = {**platform.defaults}
        maybe(defaults, "handles", 0.3, lambda: pick([0, 0.5, 1]))
        maybe(defaults, "takes", 0.2, lambda: pick([1, 2]))
        maybe(defaults, "resolution", 0.3, lambda: pick(["720p", "720p", "1080p"]))
        maybe(defaults, "audio", 0.15, lambda: not self._wild or pick([True, False]))
        if platform.seeded or self._wild:
            maybe(defaults, "seed", 0.3, lambda: pick([0, 7, 1947]))
            maybe(defaults, "negative_prompt", 0.25, lambda: "watermark, text")
        maybe(defaults, "aspect_ratio", 0.15, lambda: pick(["16:9", "9:16"]))
        head["defaults"] = defaults
        maybe(head, "profiles", 0.3, lambda: _PROFILES)
        maybe(head, "look", 0.5, lambda: "35mm, deep shadow")
        head["cast"] = self._generate_cast()
        if platform.settings:
            head["providers"] = platform.settings
        maybe(head, "policy", 0.4, self._choose_policy)
        maybe(head, "subtitles", 0.3, lambda: pick(["none", "sidecar", "track", "burn"]))
        return head

    def _choose_format(self) -> Keys:
        format_values: Keys = {}
        self._set_sometimes(
            format_values, "fps", 0.5, lambda: self._chance.choice([24, 25, 30, "23.976"])
        )
        self._set_sometimes(
            format_values, "resolution", 0.5, lambda: self._chance.choice(["720p", "1080p"])
        )
        shapes = ["16:9", "9:16", "1:1"] if self._wild else ["16:9", "9:16"]
        self._set_sometimes(format_values, "aspect_ratio", 0.3, lambda: self._chance.choice(shapes))
        return format_values or {"fps": 24}

    def _generate_cast(self) -> Keys:
        pick = self._chance.choice
        ana: Keys = {"description": "Ana, 40, grey cardigan", "voice": "alto"}
        ben: Keys = {"description": "Ben, 45, work shirt", "voice": "baritone"}
        kitchen: Keys = {"kind": "place", "description": "small kitchen, one lamp"}
        self._pictured = self._chance.random() < 0.6
        if self._pictured:
            ana["image"] = "ana.png"
        if self._chance.random() < 0.3:
            ben["images"] = pick([["ben.jpg"], ["ben.jpg", "ana.png"]])
        elif self._chance.random() < 0.2 and self._platform.defaults.get("provider") != "cometapi":
            ben["still"] = "portrait, neutral light"
        if self._chance.random() < 0.3:
            kitchen["image"] = "quay.png"
        cast: Keys = {"ana": ana, "ben": ben, "kitchen": kitchen}
        self._set_sometimes(
            cast, "letter", 0.2, lambda: {"kind": "prop", "description": "an old letter"}
        )
        return cast

    def _choose_policy(self) -> Keys:
        policy: Keys = {}
        for key, words in {
            "on_limit": ["error", "reanchor"],
            "on_filtered": ["fail", "retry", "hold"],
            "on_failed": ["fail", "retry"],
            "on_expired": ["error", "reanchor"],
            "on_pick": ["first", "wait"],
            "retries": [0, 1, 2],
            "budget_usd": [600, 1250.5],
        }.items():
            self._set_sometimes(policy, key, 0.3, lambda words=words: self._chance.choice(words))
        return policy or {"retries": 1}

    def _choose_flags(self, head: Keys) -> tuple[str, ...]:
        flags = list(self._platform.flags)
        if "profiles" in head and self._chance.random() < 0.6:
            flags += ["--profile", self._chance.choice(["draft", "social"])]
        if self._chance.random() < 0.1:
            flags += ["--previz"]
        elif self._chance.random() < 0.05:
            flags += ["--provider", self._chance.choice(["vertex", "cometapi", "previz"])]
        if self._chance.random() < 0.05:
            flags += ["--proxy"]
        return tuple(flags)

    # the shots -------------------------------------------------------------------------------

    def _generate_items(self) -> list[str]:
        lines = []
        for _ in range(self._chance.choice([1, 2, 3, 3, 4, 5])):
            if self._chance.random() < 0.2:
                inside = [self._generate_shot() for _ in range(self._chance.choice([1, 2]))]
                block = {
                    "sequence": f"SQ{len(self._shots):02}",
                    "scene": self._chance.choice(_SCENES),
                    **self._choose_ambience(0.6),
                }
                self._set_sometimes(block, "cast", 0.3, lambda: ["ana", "ben"])
                self._set_sometimes(block, "place", 0.4, lambda: "kitchen")
                lines.append(f"  - {json.dumps({**block, 'shots': inside}, ensure_ascii=False)}")
            else:
                lines.append(f"  - {json.dumps(self._generate_shot(), ensure_ascii=False)}")
        return lines

    def _generate_shot(self) -> Keys:
        shot: Keys = {"id": f"SH{10 * (len(self._shots) + 1):03}"}
        self._shots.append(shot)
        before = self._made[-1] if self._made else ""
        ways = {"text": 6, "frame": 2, "both": 1, "beats": 1, "clip": 1, "card": 1, "color": 0.7}
        if before:
            ways |= {"continue": 2, "extend": 2.5, "again": 1, "like": 1, "bridge": 0.7}
        way = self._chance.choices(list(ways), list(ways.values()))[0]
        getattr(self, f"_by_{way}")(shot, before)
        if way not in ("card", "color", "clip", "again"):
            self._add_direction(shot)
            self._add_request_settings(shot, way)
            self._made.append(shot["id"])
        self._add_edit(shot, way)
        return shot

    def _by_text(self, shot: Keys, before: str) -> None:
        shot["prompt"] = self._chance.choice(_PROMPTS)

    def _by_frame(self, shot: Keys, before: str) -> None:
        still: Keys = {"still": "Ana at the quay, back to us", "cast": ["ana"], "place": "kitchen"}
        drawn = self._wild or self._platform.defaults.get("provider") != "cometapi"
        frames: list[Any] = [*PICTURES, *PICTURES, *(["ana"] if self._pictured else [])]
        frames += [still] if drawn else []
        if before:
            frames += [f"{before}.first", f"{before}.last", f"{before}.in", f"{before}@1.5"]
        shot |= {
            "prompt": self._chance.choice(_PROMPTS),
            "first_frame": self._chance.choice(frames),
        }

    def _by_both(self, shot: Keys, before: str) -> None:
        last = f"{before}.out" if before and self._chance.random() < 0.4 else "quay.png"
        shot |= {"prompt": "The night gives way", "first_frame": "ana.png", "last_frame": last}

    def _by_beats(self, shot: Keys, before: str) -> None:
        length = self._chance.choice([11, 14, 15, 22])
        beats = [{"at": 0, "prompt": "A tram climbs"}, {"at": 8, "prompt": "It passes the market"}]
        shot |= {"length": length, "beats": beats}

    def _by_clip(self, shot: Keys, before: str) -> None:
        shot["clip"] = FOOTAGE
        self._set_sometimes(shot, "trim", 0.5, lambda: {"start": 0.5, "end": -0.5})

    def _by_again(self, shot: Keys, before: str) -> None:
        shot |= {"clip": before, "trim": {"start": 1}, "length": 2}

    def _by_card(self, shot: Keys, before: str) -> None:
        shot |= {"card": self._chance.choice(["THE LETTER", "Act two\n\nmorning"]), "length": 2.5}

    def _by_color(self, shot: Keys, before: str) -> None:
        shot |= {"color": self._chance.choice(["black", "white"]), "length": 3}
        self._set_sometimes(shot, "dialogue", 0.5, lambda: {"ben": "Ana?", "off": True})

    def _by_continue(self, shot: Keys, before: str) -> None:
        shot |= {"continue": before, "prompt": "Gulls rise"}
        self._set_sometimes(shot, "trim", 0.6, lambda: {"start": "1f"})

    def _by_bridge(self, shot: Keys, before: str) -> None:
        shot |= {"continue": before, "last_frame": "ana.png", "prompt": "It turns to day"}

    def _by_extend(self, shot: Keys, before: str) -> None:
        shot |= {"extend": before, "prompt": "She walks out along the quay"}

    def _by_like(self, shot: Keys, before: str) -> None:
        shot |= {"like": before, "prompt": "On Ben, listening"}

    def _add_direction(self, shot: Keys) -> None:
        pick, maybe = self._chance.choice, self._set_sometimes
        maybe(shot, "scene", 0.3, lambda: pick(_SCENES))
        maybe(shot, "place", 0.25, lambda: "kitchen")
        maybe(shot, "cast", 0.4, lambda: pick([["ana"], ["ben"], ["ana", "ben"], []]))
        maybe(shot, "size", 0.4, lambda: pick(_SIZES))
        maybe(shot, "angle", 0.2, lambda: pick(_ANGLES))
        maybe(shot, "lens", 0.15, lambda: pick([24, 35, 65]))
        maybe(shot, "camera", 0.4, lambda: pick(_CAMERAS))
        for key, words in {
            "focus": "on her hands",
            "light": "one practical",
            "time": "late afternoon",
            "weather": "light rain",
            "mood": "tense",
            "text": "KEY WEST",
            "look": "grainy",
            "note": "for the art department",
            "continuity": "the lamp is lit",
        }.items():
            maybe(shot, key, 0.12, lambda words=words: words)
        maybe(shot, "sound", 0.25, self._choose_cues)
        maybe(shot, "dialogue", 0.25, self._choose_dialogue)
        maybe(shot, "narration", 0.1, lambda: [{"ana": "I can wait.", "at": 0.5}])
        shot |= self._choose_ambience(0.15)

    def _add_request_settings(self, shot: Keys, way: str) -> None:
        pick, maybe = self._chance.choice, self._set_sometimes
        if way not in ("beats", "extend"):
            if self._chance.random() < 0.5:
                shot["length"] = pick([2, 3, 3.5, 4, 7] if self._wild else [2, 3, 3.5])
            else:
                maybe(shot, "duration", 0.4, lambda: pick(self._platform.seconds))
        maybe(shot, "takes", 0.1, lambda: pick([2, 3]))
        maybe(shot, "handles", 0.08, lambda: 0.25)
        maybe(shot, "references", 0.1, lambda: pick(["auto", "none", "none"]))
        if self._platform.seeded:
            maybe(shot, "seed", 0.12, lambda: pick([0, 12, 2**32 - 1]))
            maybe(shot, "negative_prompt", 0.08, lambda: "hats")
        if self._platform.defaults.get("provider") == "vertex" and self._platform.seeded:
            maybe(
                shot, "options", 0.15, lambda: self._choose_options(framed=way in ("frame", "both"))
            )
        if self._pictured and way == "text" and "duration" not in shot:
            maybe(shot, "references", 0.2, lambda: ["ana"])
        if self._wild:
            maybe(shot, "references", 0.2, lambda: pick([["ana"], ["ana", "kitchen"], ["nobody"]]))
            maybe(shot, "resolution", 0.1, lambda: pick(["480p", "1080p", "4k"]))
            maybe(shot, "audio", 0.2, lambda: pick([True, False]))
            maybe(shot, "model", 0.1, lambda: pick(["veo-3.1-lite", "omni-flash", "veo-9"]))
            maybe(shot, "provider", 0.1, lambda: pick(["previz", "vertex", "cometapi"]))
            maybe(shot, "colour", 0.05, lambda: "red")
            maybe(shot, "options", 0.1, lambda: self._choose_options(framed=True))

    def _add_edit(self, shot: Keys, way: str) -> None:
        pick, maybe = self._chance.choice, self._set_sometimes
        if len(self._shots) > 1 or (self._wild and self._chance.random() < 0.2):
            maybe(shot, "transition", 0.4, lambda: pick(_TRANSITIONS))
        else:
            maybe(shot, "transition", 0.3, lambda: pick(_TRANSITIONS[6:8]))
        maybe(shot, "transition_out", 0.1, lambda: {"fade": 0.5})
        if way in ("card", "color"):
            return
        maybe(shot, "mute", 0.05, lambda: True)
        maybe(shot, "gain_db", 0.1, lambda: pick([-6, 3.5]))
        if "length" in shot and way == "text":
            maybe(shot, "audio_lag", 0.2, lambda: 0.2)
        if self._wild or "trim" in shot:
            maybe(shot, "audio_lead", 0.1, lambda: 0.2)
        maybe(shot, "effects", 0.12, lambda: self._chance.sample(_EFFECTS, pick([1, 1, 2])))
        if self._wild or way == "text":
            maybe(shot, "lock", 0.03, lambda: "t01")
        if self._wild:
            maybe(shot, "omit", 0.05, lambda: True)
        if len(self._shots) > 1:
            maybe(shot, "match", 0.05, lambda: f"{self._shots[0]['id']}.last")

    # sounds and words ------------------------------------------------------------------------

    def _choose_ambience(self, share: float) -> Keys:
        ambience: Keys = {}
        self._set_sometimes(
            ambience, "ambience", share, lambda: {"make": "sea, gulls", "gain_db": -27}
        )
        return ambience

    def _choose_cues(self) -> list[Any]:
        file = {"file": MUSIC, "at": 0.25, "gain_db": -9}
        return self._chance.choice([["tram bell"], ["tram bell", "gulls"], ["wind", file], [file]])

    def _choose_dialogue(self) -> Any:
        first = {self._chance.choice(["ana", "ben"]): self._chance.choice(_LINES)}
        second = {"ben": "Mm.", "at": 1.6, "how": "half to herself"}
        return self._chance.choice([first, [first], [{**first, "at": 0.25}, second], [first]])

    def _choose_options(self, *, framed: bool) -> Keys:
        always: list[Keys] = [
            {"person_generation": "allow_adult"},
            {"labels": {"show": "s1"}},
            {"compression": "optimized"},
        ]
        of_frames: list[Keys] = [{"resize": "crop"}, {"compression": "optimized", "resize": "pad"}]
        return self._chance.choice(always + (of_frames if framed else []))

    def _generate_sound(self) -> Keys:
        sound_keys: Keys = {}
        shot = self._shots[0]["id"]
        title = {"at": f"{shot}+0.5", "text": "Havana", "length": 1.5, "style": "lower-third"}
        roll = {"at": "end-1.5", "credits": ["Written by A. Director"], "length": 1.5}
        self._set_sometimes(sound_keys, "titles", 0.3, lambda: [self._chance.choice([title, roll])])
        sound: Keys = {}
        music = {"file": MUSIC, "from": shot, "to": "end", "start": 0.1, "fade_in": 0.2}
        self._set_sometimes(sound, "music", 0.3, lambda: [{**music, "fade_out": 0.3, "duck_db": 9}])
        self._set_sometimes(
            sound, "music", 0.15, lambda: [{"make": "slow, minor, piano", "gain_db": -12}]
        )
        self._set_sometimes(
            sound, "narration", 0.15, lambda: [{"at": shot, "ana": "She had left twice."}]
        )
        self._set_sometimes(
            sound,
            "narration",
            0.1,
            lambda: [{"at": f"{shot}+0.5", "write": "one sentence, dry", "voice": "ana"}],
        )
        self._set_sometimes(
            sound,
            "loudness",
            0.2,
            lambda: self._chance.choice(["web", "broadcast", {"lufs": -16, "true_peak_db": -2}]),
        )
        if sound:
            sound_keys["sound"] = sound
        return sound_keys

    def _set_sometimes(self, into: Keys, key: str, share: float, choose: Any) -> None:
        if self._chance.random() < share and key not in into:
            into[key] = choose()
