"""No key is accepted and ignored: each changes what is made, cut or said, or is refused by name.

The keys come from the schemas, so a new one fails here until somebody says what it does.
"""

from __future__ import annotations

import json
import re
import shutil
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import MoneyRefused, Severity
from storyboard.language import to_storyboard_data
from storyboard.language.schema.definitions import load_schema
from storyboard.model.film import MediaFacts, Take
from storyboard.pipeline.render import RenderOptions, check_budget_and_compute_cap
from storyboard.pipeline.session import CheckedFilm, FilmSession, Overrides, check_film
from storyboard.run.lockfile import text_format
from storyboard.run.lockfile.entries import LockEntry
from storyboard.run.paths import locate_lock_file
from storyboard.stitching.stitch import StepMedia, fingerprint_film
from storyboard.timecode import Rate

ROOT = Path(__file__).parent.parent.parent
CAST = (
    "cast: {ana: {image: ana.png, description: Ana, voice: alto}, ben: {image: ben.png}, "
    "hall: {kind: place, description: A hall}, quay: {kind: place, description: A quay}}"
)
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
    "duration": ("prompt: a", "duration: <<4||6>>"),
    "trim": ("prompt: a", "trim: {start: <<1||2>>}"),
    "handles": ("prompt: a, length: 4", "handles: <<0||1>>"),
    "like": ("prompt: a", "like: <<A||B>>"),
    "scene": ("prompt: a", "scene: INT. <<HALL||QUAY>> - NIGHT"),
    "place": ("prompt: a", "place: <<hall||quay>>"),
    "cast": ("prompt: a", "cast: <<[ana]||[ben]>>"),
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
    "audio_lead": ("prompt: a, trim: {start: 2}", "audio_lead: <<0||1>>"),
    "audio_lag": ("prompt: a, trim: {end: -2}", "audio_lag: <<0||1>>"),
    "omit": ("prompt: a", "omit: <<true||false>>"),
    "lock": ("prompt: a", "lock: <<t01||t02>>"),
    "alternate": ("prompt: a", "alternate: <<A||B>>"),
    "match": ("prompt: a", "match: <<A||B>>.last"),
    "note": ("prompt: a", "note: <<hold||let go>>"),
    "continuity": ("prompt: a", "continuity: <<left||right>> hand"),
    "effects": ("prompt: a", "effects: [{MultiplySpeed: {factor: <<0.5||1>>}}]"),
}
SHOT["id"] = ("prompt: a", "id: <<S||T>>")
CHANGED = {
    # what must differ where a key stands with the shots, because it is another thing there
    "length": ("prompt: a", "length: <<2||3>>"),
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
    "titles": ("prompt: a", "titles: [{at: 1, length: 2, text: <<One||Two>>}]"),
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
NESTED = {
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
    "transition/Wipe.wipe": (TRANSITION + "{wipe: <<1||0.5>>}", ""),
    "transition/Wipe.from": (TRANSITION + "{wipe: 1, from: <<left||top>>}", ""),
    "transition/Wipe.align": (TRANSITION + "{wipe: 1, align: <<end||center>>}", ""),
    "transition/Wipe.frames": (TRANSITION + "{wipe: 1, frames: <<hold||overlap>>}", ""),
    "transition/Dissolve.dissolve": (TRANSITION + "{dissolve: <<1||0.5>>}", ""),
    "transition/Dissolve.align": (TRANSITION + "{dissolve: 1, align: <<end||center>>}", ""),
    "transition/Dissolve.frames": (TRANSITION + "{dissolve: 1, frames: <<hold||overlap>>}", ""),
    "transitionOut/Fade out.fade": ("prompt: a, transition_out: {fade: <<1||2>>}", ""),
    "transitionOut/Fade out.to": ("prompt: a, transition_out: {fade: 1, to: <<red||blue>>}", ""),
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
    "format.aspect_ratio": ("prompt: a", 'format: {aspect_ratio: "<<16:9||9:16>>"}'),
    "format.resolution": FILM["format"],
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
    "policy.budget_usd": FILM["policy"],
    "policy.on_limit": (
        "length: 160, model: veo-3.1, beats: [{at: 0, prompt: a}]",
        "policy: {on_limit: <<reanchor||error>>}",
    ),
} | {
    f"music.{key}": ("prompt: a", MUSIC % f"{key}: <<1||2>>")
    for key in ("from", "to", "start", "fade_in", "fade_out", "gain_db", "duck_db")
}
# what the plan can't show -----------------------------------------------------------------------

FOR_PEOPLE = {
    "note": "words for whoever works on the film; `show` prints them, nothing is made of them",
    "continuity": "what people must keep the same; `show` prints it, nothing is made of it",
}
NAMES = {"sequence.sequence": "the name by which commands choose its shots, `seq:Q`"}
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
BY_DEFINITION = {
    "providers.vertex": "its keys stand below",
    "providers.gemini": "has no keys",
    "providers.previz": "has no keys",
    "providers.cometapi": "its keys stand below",
    "sequence.shots": "the shots, each tried as one",
}
ONE_REFUSED = {"film.root", "film.storyboard", "policy.on_limit", "part.storyboard"} | {
    "defaults.speech_model",
    "defaults.text_model",
}
"""Of the two values one is refused by name: the other allows it, or is the only one there is."""
SAID = {"film.length", "profile.length"}
"""A wish, whose whole effect is what `check` and `plan` say."""


def keys_of(node: Any, owner: str) -> Iterator[str]:
    """`shot.size`, `transition/Fade.from`: every key of every kind of mapping."""
    if isinstance(node, list):
        for part in node:
            yield from keys_of(part, owner)
    if not isinstance(node, dict):
        return
    here = f"{owner}/{node['title']}" if "title" in node and "/" not in owner else owner
    plain = owner in load_schema()["definitions"] and node is load_schema()["definitions"][owner]
    here = owner if plain or "properties" not in node else here
    for key, part in node.get("properties", {}).items():
        yield f"{here}.{key}"
        yield from keys_of(part, f"{here}.{key}" if here == "providers" else here)
    for key, part in node.items():
        if key not in ("properties", "title", "examples", "enum"):
            yield from keys_of(part, owner)


def tidy(key: str) -> str:
    """`providers.vertex/Vertex AI.project` is `providers.vertex.project`."""
    return re.sub(r"^(providers\.\w+)/[^.]*", r"\1", key)


KEYS = sorted(
    {tidy(k) for name, node in load_schema()["definitions"].items() for k in keys_of(node, name)}
)


def text_of(key: str) -> tuple[str, str]:
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
        header = f"profiles: {{p: {{{told}}}}}" if owner == "profile" else header
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
        lines += ["shots:", "  - {id: A, prompt: first, length: 2, trim: {start: 1}, size: wide}"]
        lines += [
            "  - {id: B, prompt: second, length: 2, trim: {start: 1}, size: insert}",
            f"  - {item}",
        ]
        if part:
            inner = f"\nshots:\n  - {{{shot}, id: S}}\n"
            part = part.replace("id: A", "id: S") if part.startswith("shots") else part + inner
            lines[-1] = "  - {include: part.yaml}"
    return "\n".join(lines) + "\n", part


def chosen(text: str, which: int) -> str:
    return _CHOICE.sub(lambda match: match[which], text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "film"
    folder.mkdir()
    (folder.parent / ".git").mkdir()
    for name in ("ana", "ben"):
        (folder / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + name.encode() + bytes(32))
    shutil.copy(folder / "ana.png", folder.parent)
    for name, level in (("a", 1), ("b", 2)):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 48000, 0, "NONE", ""))
            file.writeframes(bytes([0, level]) * 48000 * 12)
    (folder / "one.yaml").write_text("e: {description: tall}\n")
    (folder / "two.yaml").write_text("e: {description: small}\n")
    (folder / "three.yaml").write_text("shots:\n  - {id: S, prompt: a}\n")
    (folder / "four.yaml").write_text("shots:\n  - {id: S, prompt: b}\n")
    return folder


def two_takes(production: FilmSession) -> None:
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


def effect(examined: CheckedFilm, takes: bool = False) -> str:
    """All that a film makes: steps and what they send, the cut and its fingerprint, the money."""
    production = FilmSession(examined)
    if takes:
        two_takes(production)
    plan = production.plan()
    steps = [node.step for node in plan.nodes]
    media = {
        step.id: StepMedia(Path(step.id), step.id, MediaFacts(frames=step.buys_frames), 0)
        for step in steps
    }
    try:
        money = str(check_budget_and_compute_cap(production, plan, RenderOptions()))
    except MoneyRefused as error:
        money = str(error)
    nodes = [(node.digest, node.select and node.select.name, node.ordinals) for node in plan.nodes]
    cut = fingerprint_film(production.film, plan.timeline, media)
    return re.sub(r"Span\([^)]*\)", "", repr((steps, nodes, plan.timeline, cut, money)))


def errors(examined: CheckedFilm) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in examined.diagnostics if d.severity is Severity.ERROR]


def read(folder: Path, key: str, which: int) -> CheckedFilm:
    text, part = (chosen(each, which) for each in text_of(key))
    film = folder / "film.yaml"
    film.write_text(text)
    (folder / "part.yaml").write_text(part or "shots: []\n")
    return check_film(
        film, Overrides(profile="p" if key.startswith(("profile.", "film.profiles")) else None)
    )


TRIED = [key for key in KEYS if key not in BY_RUNNING and key not in BY_DEFINITION]


@pytest.mark.parametrize("key", TRIED)
def test_a_key_has_an_effect_or_is_refused_by_name(folder: Path, key: str) -> None:
    name = key.rsplit(".", 1)[1]
    one, other = read(folder, key, 1), None
    first = None if errors(one) else effect(one, takes=name == "lock")
    before = [d.message for d in one.diagnostics]
    shown = to_storyboard_data(one.film) if one.film and not errors(one) else None
    wrong = errors(one)
    other = read(folder, key, 2)
    if wrong and errors(other):
        told = [d for d in (*one.diagnostics, *other.diagnostics) if f"`{name}" in d.message]
        assert told or name == "providers", (wrong, errors(other))
        return
    if key in ONE_REFUSED and (wrong or errors(other)):
        return
    assert not wrong, wrong
    assert not errors(other), errors(other)
    if name in FOR_PEOPLE:
        assert effect(other) == first, "it is for people"
        assert other.film
        assert to_storyboard_data(other.film) != shown
    elif key in SAID:
        assert [d.message for d in other.diagnostics] != before
    elif key in NAMES:
        assert other.film
        assert to_storyboard_data(other.film) != shown
    elif effect(other, takes=name == "lock") == first:
        said = [d.message for d in other.diagnostics if d.code == "SB216"]
        assert any(f"`{name}`" in each for each in said), "it is accepted and does nothing"


@pytest.mark.parametrize("key", BY_RUNNING)
def test_what_only_a_run_shows_has_a_test_that_runs(key: str) -> None:
    assert key in KEYS, "the schema has no such key any more"
    assert key.rsplit(".", 1)[1] in (ROOT / BY_RUNNING[key]).read_text("utf-8")


def test_every_exception_is_still_a_key() -> None:
    assert not {*BY_DEFINITION, *ONE_REFUSED, *SAID, *NAMES} - {*KEYS}
    assert not {f"shot.{name}" for name in FOR_PEOPLE} - {*KEYS}


# the lock file ------------------------------------------------------------------------------------

LOCK = json.loads((ROOT / "schemas" / "selects.schema.json").read_text("utf-8"))
OF_A_STEP: dict[str, tuple[Any, Any]] = {
    "shot": ("A", "Z"),
    "step": ("A", "Z"),
    "provider": ("previz", "studio"),
    "model": ("one", "two"),
    "parts": ({"prompt": "1"}, {"prompt": "2"}),
    "pick": (1, 2),
    "rejected": ({1}, {2}),
}
OF_A_TAKE: dict[str, tuple[Any, Any]] = {
    "sha256": ("1" * 64, "2" * 64),
    "seed": (1, 2),
    "price_usd": (1.0, 2.0),
    "operation": ("jobs/1", "jobs/2"),
    "frames": (96, 95),
    "rate": ("24", "25"),
    "source_frames": (1, 2),
    "contains_source": (True, False),
    "created": ("2026-11-23T04:29:11Z", "2026-11-24T04:29:11Z"),
    "trim": ({"start": "12f"}, {"start": "24f"}),
    "trim.start": ({"start": "12f"}, {"start": "24f"}),
    "trim.end": ({"end": "12f"}, {"end": "24f"}),
    "note": ("good", "bad"),
}
OF_THE_FILE = {"format": "another one is refused", "steps": "holds the others", "takes": "likewise"}


def keys_of_lock(node: Any) -> Iterator[str]:
    for key, part in node.get("properties", {}).items():
        yield key
        yield from (f"{key}.{end}" for end in part.get("properties", {}) if key == "trim")
    for part in (*node.get("properties", {}).values(), *node.get("patternProperties", {}).values()):
        if part.get("properties", {}).keys() != {"start", "end"}:
            yield from keys_of_lock(part)


def locked(folder: Path, change: Callable[[LockEntry], None]) -> str:
    """What the film and `find_takes` make of a lock file in which the step's entry was changed."""
    film = folder / "locked.yaml"
    film.write_text(f"storyboard: 1\n{CAST}\nshots:\n  - {{id: A, prompt: a, duration: 4}}\n")
    lock = locate_lock_file(film)
    lock.unlink(missing_ok=True)
    production = FilmSession(check_film(film))
    two_takes(production)
    ((digest, entry),) = production.selects.entries.items()
    change(entry)
    lock.write_text(text_format.format_lock_file({digest: entry}))
    production = FilmSession(check_film(film))
    (node,) = production.plan().nodes
    selects = production.selects
    made = [(take, selects.find_note(digest, take.ordinal)) for take in selects.find_takes(digest)]
    known = (
        selects.list_prices_micros(),
        selects.find_parts(digest),
        selects.find_first_take_dates("A", "previz"),
    )
    return repr((node.select, production.graph.timeline, made, known))


def test_every_key_of_the_lock_file_is_tried() -> None:
    assert {*keys_of_lock(LOCK)} == {*OF_A_STEP, *OF_A_TAKE, *OF_THE_FILE}


@pytest.mark.parametrize("key", OF_A_STEP)
def test_what_the_lock_file_says_of_a_step_counts(folder: Path, key: str) -> None:
    one, other = (locked(folder, partial(say, key, value)) for value in OF_A_STEP[key])
    assert one != other


@pytest.mark.parametrize("key", OF_A_TAKE)
def test_what_the_lock_file_says_of_a_take_counts(folder: Path, key: str) -> None:
    one, other = (
        locked(folder, partial(put, key.partition(".")[0], value)) for value in OF_A_TAKE[key]
    )
    assert one != other


def say(key: str, value: Any, entry: LockEntry) -> None:
    setattr(entry, key, value)


def put(key: str, value: Any, entry: LockEntry) -> None:
    entry.takes[1][key] = value
