"""A film for every key of the language, with two values to try the key with."""

from __future__ import annotations

import re
import shutil
import wave
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import fontpkg_inter
import fontpkg_jetbrains_mono

from storyboard.errors import Severity
from storyboard.language.schema.definitions import load_schema
from storyboard.model.film import MediaFacts, Take
from storyboard.pipeline.session import CheckedFilm, FilmSession, Overrides, check_film
from storyboard.providers.registry import add_provider_settings
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.timecode import Rate
from storyboard.transitions.registry import load_transitions

CAST = (
    "cast: {ana: {image: ana.png, description: Ana, voice: alto, wardrobe: "
    "{coat: {description: red coat}, suit: {description: grey suit}}}, ben: {image: ben.png}, "
    "hall: {kind: place, description: A hall}, quay: {kind: place, description: A quay}}"
)
SCHEMA = add_provider_settings(load_schema())
"""As an editor has it: with the settings of every adapter."""

_CHOICE = re.compile(r"<<(.*?)\|\|(.*?)>>")

# what each key is tried with: `<<one||other>>` stands for two values -----------------------------

TALK = "cast: [ana, ben], dialogue: [{ana: Hello., at: 0.5}]"
SHOT = {
    # key: (what the shot has besides, the key)
    "prompt": ("", "prompt: <<a boat||a gull>>"),
    "beats": ("length: 15", "beats: [{at: 0, prompt: a}, {at: <<7||8>>, prompt: b}]"),
    "first_frame": ("prompt: a", "first_frame: <<ana.png||A.last>>"),
    "last_frame": ("prompt: a, first_frame: ana.png", "last_frame: <<ana.png||A.last>>"),
    "continue": ("prompt: a", "continue: <<A||B>>"),
    "extend": ("prompt: a", "extend: <<A||B>>"),
    "clip": ("", "clip: <<A||B>>"),
    "color": ("length: 2", "color: <<red||blue>>"),
    "card": ("length: 2", "card: <<One||Two>>"),
    "length": ("prompt: a", "length: <<2||3>>"),
    "until": ("prompt: a, trim: {start: 0}", "until: A+<<8||9>>"),
    "duration": ("prompt: a", "duration: <<4||6>>"),
    "trim": ("prompt: a", "trim: {start: <<1||2>>}"),
    "handles": ("prompt: a, length: 4", "handles: <<0||1>>"),
    "like": ("prompt: a", "like: <<A||B>>"),
    "scene": ("prompt: a", "scene: INT. <<HALL||QUAY>> - NIGHT"),
    "place": ("prompt: a", "place: <<hall||quay>>"),
    "cast": ("prompt: a", "cast: <<[ana]||[ben]>>"),
    "blocking": ("prompt: a, cast: [ana]", "blocking: {ana: {where: <<left||right>>}}"),
    "line": (
        "prompt: a, scene: INT. BAR, cast: [ana, ben], "
        "blocking: {ana: {where: right}, ben: {where: left}}",
        "line: <<[ana, ben]||[ben, ana]>>",
    ),
    "cross": ("prompt: a, cast: [ana], like: A", "cross: <<true||false>>"),
    "size": ("prompt: a", "size: <<wide||close-up>>"),
    "angle": ("prompt: a", "angle: <<low||high>>"),
    "lens": ("prompt: a", "lens: <<35||85>>"),
    "camera": ("prompt: a", "camera: slow <<dolly in||pan left>>"),
    "focus": ("prompt: a", "focus: on <<ana||ben>>"),
    "light": ("prompt: a", "light: <<hard||soft>>"),
    "time": ("prompt: a", "time: <<night||dawn>>"),
    "weather": ("prompt: a", "weather: <<rain||snow>>"),
    "mood": ("prompt: a", "mood: <<tense||calm>>"),
    "text": ("prompt: a", "text: <<KEY||WEST>>"),
    "look": ("prompt: a", "look: <<35mm||16mm>>"),
    "dialogue": ("prompt: a, cast: [ana]", "dialogue: [{ana: <<Hello.||Goodbye.>>}]"),
    "narration": ("prompt: a", "narration: [{ana: <<Hello.||Goodbye.>>}]"),
    "sound": ("prompt: a", "sound: <<gulls||a horn>>"),
    "ambience": ("prompt: a", "ambience: {make: <<rain||wind>>}"),
    "provider": ("prompt: a", "provider: <<vertex||cometapi>>"),
    "model": ("prompt: a", "model: <<veo-3.1||veo-3.1-fast>>"),
    "resolution": ("prompt: a", "resolution: <<720p||1080p>>"),
    "aspect_ratio": ("prompt: a", 'aspect_ratio: "<<16:9||9:16>>"'),
    "takes": ("prompt: a", "takes: <<1||2>>"),
    "seed": ("prompt: a", "seed: <<1||2>>"),
    "audio": ("prompt: a", "audio: <<true||false>>"),
    "negative_prompt": ("prompt: a", "negative_prompt: <<watermark||logo>>"),
    "references": ("prompt: a, cast: [ana]", "references: <<auto||none>>"),
    "options": (
        "prompt: a, provider: vertex",
        "options: {person_generation: <<allow_adult||allow_all>>}",
    ),
    "still_model": (
        'prompt: a, provider: vertex, first_frame: {still: "a quay"}',
        "still_model: <<gemini-3-pro-image||gemini-3.1-flash-image>>",
    ),
    "transition": ("prompt: a", "transition: <<cut||{fade: 1}>>"),
    "transition_out": ("prompt: a", "transition_out: <<cut||{fade: 1}>>"),
    "mute": ("prompt: a", "mute: <<true||false>>"),
    "gain_db": ("prompt: a", "gain_db: <<0||-6>>"),
    "audio_track": ("clip: two.mp4", "audio_track: <<1||en>>"),
    "audio_lead": ("prompt: a, trim: {start: 2}", "audio_lead: <<0||1>>"),
    "audio_lag": ("prompt: a, trim: {end: -2}", "audio_lag: <<0||1>>"),
    "omit": ("prompt: a", "omit: <<true||false>>"),
    "lock": ("prompt: a", "lock: <<t01||t02>>"),
    "alternate": ("prompt: a", "alternate: <<A||B>>"),
    "match": ("prompt: a", "match: <<A||B>>.last"),
    "note": ("prompt: a", "note: <<hold||let go>>"),
    "continuity": ("prompt: a", "continuity: <<left||right>> hand"),
    "fit": ("prompt: a", "fit: <<crop||blur>>"),
    "effects": ("prompt: a", "effects: [{MultiplySpeed: {factor: <<0.5||1>>}}]"),
}
SHOT["id"] = ("prompt: a", "id: <<S||T>>")
CHANGED = {
    # what must differ where a key stands with the shots, because it is another thing there
    "length": ("prompt: a", "length: <<2||3>>"),
    "tempo": ("prompt: a, length: 4b", "tempo: {bpm: <<100||30>>}"),
    "target": ("prompt: a", "target: <<vertex||cometapi>>"),
    "speech_model": (
        "prompt: a, narration: [{ana: Hello.}]",
        "provider: gemini, model: omni-flash, speech_model: <<gemini-3.8-flash-tts||none-such>>",
    ),
    "text_model": (
        "prompt: a, narration: [{write: dry, voice: ana}]",
        "provider: gemini, model: omni-flash, text_model: <<gemini-3.8-flash||none-such>>",
    ),
}
FILM = {
    # key: (the shot, the key in the header)
    "title": ("prompt: a", "title: <<One||Two>>"),
    "author": ("prompt: a", "author: <<A||B>>"),
    "copyright": ("prompt: a", "copyright: <<A||B>>"),
    "credits": ("prompt: a", "credits: <<A||B>>"),
    "length": ("prompt: a", "length: <<20||30>>"),
    "format": ("prompt: a", "format: {resolution: <<720p||1080p>>}"),
    "defaults": ("prompt: a", "defaults: {seed: <<1||2>>}"),
    "profiles": ("prompt: a", "profiles: {p: {title: <<One||Two>>}}"),
    "look": ("prompt: a", "look: <<35mm||16mm>>"),
    "cast": ("prompt: a, cast: [eva]", "cast: {eva: {description: <<tall||small>>}}"),
    "ambience": ("prompt: a", "ambience: {make: <<rain||wind>>}"),
    "fonts": (
        "prompt: a",
        "fonts: [<<a||b>>.ttf]\ntitles: [{at: 1, length: 2, text: Hi}]",
    ),
    "styles": (
        "prompt: a",
        "styles: {s: {size: <<3||5>>}}\ntitles: [{at: 1, length: 2, text: Hi, style: s}]",
    ),
    "titles": ("prompt: a", "titles: [{at: 1, length: 2, text: <<One||Two>>}]"),
    "tempo": ("prompt: a, length: 4b", "tempo: {bpm: <<100||30>>}"),
    "markers": ("prompt: a", "markers: {drop: <<1||2>>}"),
    "sound": ("prompt: a", "sound: {loudness: <<web||broadcast>>}"),
    "subtitles": (TALK + ", prompt: a", "subtitles: <<track||burn>>"),
    "policy": ("prompt: a, provider: vertex", "policy: {budget_usd: <<0.01||100>>}"),
    "providers": ("prompt: a", "providers: {<<nobody||noone>>: {}}"),
    "root": ("prompt: a, first_frame: ../ana.png", 'root: "<<.||..>>"'),
    "storyboard": ("prompt: a", "storyboard: <<1||2>>"),
    "shots": ("", "shots: [{id: A, prompt: <<a||b>>}]"),
}
TRANSITION = "prompt: a, trim: {start: 2}, transition: "
MUSIC = "sound: {music: [{file: a.wav, %s}]}"
NESTED = (
    {
        "castMember.kind": ("cast: [e], prompt: a", "cast: {e: {kind: <<prop||character>>}}"),
        "castMember.description": FILM["cast"],
        "castMember.image": ("cast: [e], prompt: a", "cast: {e: {image: <<ana||ben>>.png}}"),
        "castMember.images": (
            "cast: [e], prompt: a",
            "cast: {e: {images: <<[ana.png, ben.png]||[ben.png, ana.png]>>}}",
        ),
        "castMember.voice": (
            "cast: [e], prompt: a, dialogue: [{e: Hi.}]",
            "cast: {e: {voice: <<alto||bass>>}}",
        ),
        "castMember.still": ("cast: [e], prompt: a", "cast: {e: {still: <<tall||small>>}}"),
        "cast.include": ("cast: [e], prompt: a", "cast: {include: <<one||two>>.yaml}"),
        "still.still": ("prompt: a, first_frame: {still: <<quay||hall>>}", ""),
        "still.cast": ("prompt: a, first_frame: {still: x, cast: <<[ana]||[ben]>>}", ""),
        "still.place": ("prompt: a, first_frame: {still: x, place: <<hall||quay>>}", ""),
        "trim.start": ("prompt: a, trim: {start: <<1||2>>}", ""),
        "trim.end": ("prompt: a, trim: {end: <<3||-3>>}", ""),
        "transition/Fade.fade": (TRANSITION + "{fade: <<1||2>>}", ""),
        "transition/Fade.from": (TRANSITION + "{fade: 1, from: <<black||white>>}", ""),
        "transition/Fade.through": (TRANSITION + "{fade: 1, through: <<black||white>>}", ""),
        "transition/Fade.align": (
            TRANSITION + "{fade: 1, through: black, align: <<start||end>>}",
            "",
        ),
        "transitionOut/Fade out.fade": ("prompt: a, transition_out: {fade: <<1||2>>}", ""),
        "transitionOut/Fade out.to": (
            "prompt: a, transition_out: {fade: 1, to: <<red||blue>>}",
            "",
        ),
        "line.at": ("prompt: a, cast: [ana], dialogue: [{ana: Hi., at: <<1||2>>}]", ""),
        "line.how": ("prompt: a, cast: [ana], dialogue: [{ana: Hi., how: <<low||loud>>}]", ""),
        "line.off": ("prompt: a, cast: [ana], dialogue: [{ana: Hi., off: <<true||false>>}]", ""),
        "toldLine.at": ("prompt: a, narration: [{ana: Hi., at: <<1||2>>}]", ""),
        "toldLine.how": ("prompt: a, narration: [{ana: Hi., how: <<low||loud>>}]", ""),
        "toldLine.off": ("prompt: a, narration: [{ana: Hi., off: <<true||false>>}]", ""),
        "toldLine.write": ("prompt: a, narration: [{write: <<dry||wet>>, voice: ana}]", ""),
        "toldLine.voice": ("prompt: a, narration: [{write: dry, voice: <<ana||ben>>}]", ""),
        "beat.at": (", ".join(SHOT["beats"]), ""),
        "beat.prompt": ("length: 15, beats: [{at: 0, prompt: a}, {at: 8, prompt: <<b||c>>}]", ""),
        "cue/Sound file.file": ("prompt: a, sound: {file: <<a||b>>.wav}", ""),
        "cue/Sound file.at": ("prompt: a, sound: {file: a.wav, at: <<1||2>>}", ""),
        "cue/Sound file.gain_db": ("prompt: a, sound: {file: a.wav, gain_db: <<-1||-2>>}", ""),
        "ambience.make": (", ".join(SHOT["ambience"]), ""),
        "ambience.file": ("prompt: a, ambience: {file: <<a||b>>.wav}", ""),
        "ambience.gain_db": ("prompt: a, ambience: {make: rain, gain_db: <<-9||-6>>}", ""),
        "include.include": ("prompt: a", "shots: [{include: <<three||four>>.yaml}]"),
        "tempoPart.bpm": ("prompt: a, length: 4b", "tempo: {bpm: <<100||30>>}"),
        "tempoPart.meter": ("prompt: a, length: 1bar", "tempo: {bpm: 30, meter: <<4||3>>}"),
        "tempoPart.first": ("prompt: a, length: 6b", "tempo: {bpm: 60, first: <<0||0.4>>}"),
        "tempoPart.at": (
            "prompt: a, length: 4b",
            "tempo: [{bpm: 60}, {bpm: 30, at: <<1bar||12b>>}]",
        ),
        "format.aspect_ratio": ("prompt: a", 'format: {aspect_ratio: "<<16:9||9:16>>"}'),
        "format.resolution": FILM["format"],
        "format.fit": ("prompt: a", "format: {fit: <<crop||blur>>}"),
        "crop.crop": ("prompt: a, fit: {crop: <<top||left>>, zoom: 2}", ""),
        "crop.zoom": ("prompt: a, fit: {crop: top, zoom: <<1||2>>}", ""),
        "format.fps": ("prompt: a", "format: {fps: <<24||25>>}"),
        "music.file": ("prompt: a", "sound: {music: [{file: <<a||b>>.wav}]}"),
        "music.make": ("prompt: a", "sound: {music: [{make: <<slow||fast>>}]}"),
        "narrationCue.at": ("prompt: a", "sound: {narration: [{at: <<1||2>>, ana: Hi.}]}"),
        "narrationCue.how": (
            "prompt: a",
            "sound: {narration: [{at: 1, ana: Hi., how: <<low||loud>>}]}",
        ),
        "narrationCue.off": (
            "prompt: a",
            "sound: {narration: [{at: 1, ana: Hi., off: <<true||false>>}]}",
        ),
        "narrationCue.write": (
            "prompt: a",
            "sound: {narration: [{at: 1, write: <<dry||wet>>, voice: ana}]}",
        ),
        "narrationCue.voice": (
            "prompt: a",
            "sound: {narration: [{at: 1, write: dry, voice: <<ana||ben>>}]}",
        ),
        "loudness/Loudness.lufs": ("prompt: a", "sound: {loudness: {lufs: <<-14||-20>>}}"),
        "loudness/Loudness.true_peak_db": (
            "prompt: a",
            "sound: {loudness: {true_peak_db: <<-1||-2>>}}",
        ),
        "soundtrack.music": ("prompt: a", "sound: {music: [{make: <<slow||fast>>}]}"),
        "soundtrack.narration": ("prompt: a", "sound: {narration: [{at: 1, ana: <<Hi.||Ho.>>}]}"),
        "soundtrack.ambience": ("prompt: a", "sound: {ambience: {make: <<rain||wind>>}}"),
        "soundtrack.loudness": FILM["sound"],
        "title.at": ("prompt: a", "titles: [{at: <<1||2>>, length: 2, text: Hi}]"),
        "title.length": ("prompt: a", "titles: [{at: 1, length: <<1||2>>, text: Hi}]"),
        "title.text": FILM["titles"],
        "title.credits": ("prompt: a", "titles: [{at: 1, length: 2, credits: <<[A]||[B]>>}]"),
        "title.style": (
            "prompt: a",
            "titles: [{at: 1, length: 2, text: Hi, style: <<center||lower-third>>}]",
        ),
        "title.image": ("prompt: a", "titles: [{at: 1, length: 2, image: <<ana||ben>>.png}]"),
        "title.pos": ("prompt: a", "titles: [{at: 1, length: 2, text: Hi, pos: <<top||left>>}]"),
        "title.width": (
            "prompt: a",
            "titles: [{at: 1, length: 2, image: ana.png, width: <<9||12>>}]",
        ),
        "policy.budget_usd": FILM["policy"],
        "policy.on_limit": (
            "length: 160, model: veo-3.1, beats: [{at: 0, prompt: a}]",
            "policy: {on_limit: <<reanchor||error>>}",
        ),
    }
    | {
        f"style.{key}": (
            "prompt: a",
            f"styles: {{s: {{{key}: {values}}}}}\n"
            "titles: [{at: 1, length: 2, text: Hi, style: s}]",
        )
        for key, values in (
            ("font", "<<a||b>>.ttf"),
            ("size", "<<3||5>>"),
            ("color", "<<red||blue>>"),
            ("pos", "<<top||[0.5, 0.2]>>"),
            ("box", '<<"#00000080"||black>>'),
            ("fade", "<<0||0.5>>"),
        )
    }
    | {
        f"music.{key}": ("prompt: a", MUSIC % f"{key}: <<1||2>>")
        for key in ("from", "to", "start", "fade_in", "fade_out", "gain_db", "duck_db")
    }
)


NESTED |= {
    "castMember.wardrobe": (
        "cast: [e], prompt: a, blocking: {e: {wears: coat}}",
        "cast: {e: {wardrobe: {coat: {description: <<red||blue>>}}}}",
    ),
    "outfit.description": (
        "cast: [e], prompt: a, blocking: {e: {wears: coat}}",
        "cast: {e: {wardrobe: {coat: {description: <<red||blue>>}}}}",
    ),
    "outfit.image": (
        "cast: [e], prompt: a, blocking: {e: {wears: coat}}",
        "cast: {e: {wardrobe: {coat: {image: <<ana||ben>>.png}}}}",
    ),
    "angle/Angle.over": ("prompt: a, cast: [ana, ben], angle: {over: <<ana||ben>>}", ""),
    "beat.blocking": (
        "cast: [ana], length: 15, beats: [{at: 0, prompt: a}, "
        "{at: 8, blocking: {ana: {where: <<left||right>>}}}]",
        "",
    ),
} | {
    f"placement.{key}": (f"prompt: a, cast: [ana], blocking: {{ana: {{{key}: <<{values}>>}}}}", "")
    for key, values in {
        "where": "left||right",
        "by": "table||window",
        "pose": "sits||stands",
        "faces": "camera||away",
        "holds": "letter||cup",
        "wears": "coat||suit",
        "enter": "left||right",
        "exit": "left||right",
    }.items()
}


def list_transition_films() -> dict[str, tuple[str, str]]:
    """Of each transition between two pictures: its own key, its parameters, `align`, `frames`."""
    films = {}
    for name, transition in load_transitions().items():
        if transition.is_with_color:
            continue
        keys = {name: "<<1||0.5>>", "align": "<<end||center>>", "frames": "<<hold||overlap>>"}
        for parameter in transition.parameters:
            keys[parameter.name] = f"<<{parameter.default}||{parameter.examples[0]}>>"
        for key, values in keys.items():
            settings = {name: "1"} | {key: values}
            written = ", ".join(f"{one}: {value}" for one, value in settings.items())
            films[f"transition/{name.capitalize()}.{key}"] = (f"{TRANSITION}{{{written}}}", "")
    return films


NESTED |= list_transition_films()


BY_RUNNING = {
    # what happens only in a run, with the tests that see it
    "policy.on_filtered": "tests/story/test_provenance.py",
    "policy.on_failed": "tests/unit/test_run_local.py",
    "policy.on_expired": "tests/story/test_expired_sources.py",
    "policy.on_pick": "tests/unit/test_run_local.py",
    "policy.retries": "tests/unit/test_run_local.py",
    "providers.vertex.project": "tests/contract/test_vertex_credentials.py",
    "providers.vertex.location": "tests/contract/test_vertex_credentials.py",
    "providers.vertex.storage_uri": "tests/contract/test_vertex_jobs.py",
    "providers.cometapi.transport": "tests/contract/test_cometapi_simulated.py",
}
ONE_REFUSED = {"film.root", "film.storyboard", "policy.on_limit", "part.storyboard"} | {
    "defaults.speech_model",
    "defaults.text_model",
}
"""Of the two values one is refused by name: the other allows it, or is the only one there is."""


def walk_keys(node: Any, owner: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """`shot.size`, `transition/Fade.from`: every key of every kind of mapping, with its schema."""
    if isinstance(node, list):
        for part in node:
            yield from walk_keys(part, owner)
    if not isinstance(node, dict):
        return
    here = f"{owner}/{node['title']}" if "title" in node and "/" not in owner else owner
    plain = owner in SCHEMA["definitions"] and node is SCHEMA["definitions"][owner]
    here = owner if plain or "properties" not in node else here
    for key, part in node.get("properties", {}).items():
        yield f"{here}.{key}", part
        yield from walk_keys(part, f"{here}.{key}" if here == "providers" else here)
    for key, part in node.items():
        if key not in ("properties", "title", "examples", "enum"):
            yield from walk_keys(part, owner)


def tidy_key(key: str) -> str:
    """`providers.vertex/Vertex AI.project` is `providers.vertex.project`."""
    return re.sub(r"^(providers\.\w+)/[^.]*", r"\1", key)


PLACED = {
    "shot.cross": ", blocking: {ana: {where: left}}",
    "shot.line": ", scene: INT. BAR, cast: [ana, ben], "
    "blocking: {ana: {where: left}, ben: {where: right}}",
}
PLACED["sequence.line"] = PLACED["shot.line"]
"""Of keys that tell something of two shots: where people are in the first."""


def build_key_film(key: str) -> tuple[str, str]:
    """The film in which a key is tried, and the part it includes."""
    owner, name = key.rsplit(".", 1)
    header, shot, around, part = "", "", "", ""
    if owner == "shot":
        rest, told = SHOT[name]
        shot = ", ".join(each for each in (rest, told) if each)
    elif owner in ("sequence", "defaults"):
        shot, told = {**SHOT, **CHANGED}[name] if name != "sequence" else ("prompt: a", "")
        around = told if owner == "sequence" else ""
        header = f"defaults: {{{told}}}" if owner == "defaults" else ""
    elif owner in ("film", "profile", "part"):
        shot, told = FILM[name]
        header = told if owner == "film" else ""
        told_in_flow = told.replace("\n", ", ")
        header = f"profiles: {{p: {{{told_in_flow}}}}}" if owner == "profile" else header
        part = told if owner == "part" else ""
    else:
        shot, header = NESTED[key]
    lines = [header]
    if not re.search(r"^storyboard:", header):
        lines.append("storyboard: 1")
    if not re.search(r"^cast:", header):
        lines.append(CAST)
    if not re.search(r"^shots:", header):
        item = shot if "id:" in shot else f"id: S, {shot}"
        item = f"{{{item}}}"
        if owner == "sequence":
            id = "<<Q||R>>" if name == "sequence" else "Q"
            item = f"{{sequence: {id}, {around}, shots: [{item}]}}".replace(", ,", ",")
        placed = PLACED.get(key, "")
        between = ", scene: INT. BAR" if name == "line" else ""
        lines += [
            "shots:",
            f"  - {{id: A, prompt: first, length: 2, trim: {{start: 1}}, size: wide{placed}}}",
        ]
        lines += [
            f"  - {{id: B, prompt: second, length: 2, trim: {{start: 1}}, size: insert{between}}}",
            f"  - {item}",
        ]
        if part:
            inner = f"\nshots:\n  - {{{shot}, id: S}}\n"
            part = part.replace("id: A", "id: S") if part.startswith("shots") else part + inner
            lines[-1] = "  - {include: part.yaml}"
    return "\n".join(lines) + "\n", part


def choose_value(text: str, which: int) -> str:
    return _CHOICE.sub(lambda match: match[which], text)


def write_clip_with_two_tracks(path: Path, *languages: str) -> None:
    """A clip of a second whose two sound tracks are tones, each said to be in a language."""
    tones = [word for pitch in (400, 700) for word in ("-f", "lavfi", "-i", f"sine=f={pitch}:d=1")]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-pix_fmt", "yuv420p"]
    names = [
        word
        for number, language in enumerate(languages)
        for word in (f"-metadata:s:a:{number}", f"language={language}")
    ]
    picture = ["-f", "lavfi", "-i", "color=gray:s=160x90:r=24:d=1"]
    run_ffmpeg([*picture, *tones, *maps, *names, str(path)])


def create_key_folder(parent: Path) -> Path:
    """A folder with every file that the films of keys name."""
    folder = parent / "film"
    folder.mkdir()
    (folder.parent / ".git").mkdir()
    for name in ("ana", "ben"):
        (folder / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + name.encode() + bytes(32))
    shutil.copy(folder / "ana.png", folder.parent)
    for name, level in (("a", 1), ("b", 2)):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 48000, 0, "NONE", ""))
            file.writeframes(bytes([0, level]) * 48000 * 12)
    for name, font in (("a", fontpkg_inter), ("b", fontpkg_jetbrains_mono)):
        file = next(Path(font.ROOT, "files").glob("*[[]*wght].ttf"))
        shutil.copy(file, folder / f"{name}.ttf")
    write_clip_with_two_tracks(folder / "two.mp4", "deu", "eng")
    (folder / "one.yaml").write_text("e: {description: tall}\n")
    (folder / "two.yaml").write_text("e: {description: small}\n")
    (folder / "three.yaml").write_text("shots:\n  - {id: S, prompt: a}\n")
    (folder / "four.yaml").write_text("shots:\n  - {id: S, prompt: b}\n")
    return folder


def add_two_takes(production: FilmSession) -> None:
    """Two takes of every step, as renders elsewhere would have entered them."""
    for node in production.plan().nodes:
        for ordinal in (1, 2) if node.digest else ():
            facts = MediaFacts(frames=node.step.buys_frames, rate=Rate(Fraction(24)))
            take = Take(
                digest=node.digest,
                ordinal=ordinal,
                sha256=f"{ordinal}{node.digest[1:]}",
                provider=node.step.provider,
                model=node.step.model,
                facts=facts,
                shot=node.step.shot,
                price_micros=400_000,
            )
            production.selects.add_take(take, step=node.step.id, parts=node.parts or {})


def list_errors(examined: CheckedFilm) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in examined.diagnostics if d.severity is Severity.ERROR]


def read_key_film(folder: Path, key: str, which: int) -> CheckedFilm:
    text, part = (choose_value(each, which) for each in build_key_film(key))
    film = folder / "film.yaml"
    film.write_text(text)
    (folder / "part.yaml").write_text(part or "shots: []\n")
    return check_film(
        film, Overrides(profile="p" if key.startswith(("profile.", "film.profiles")) else None)
    )
