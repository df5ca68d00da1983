"""What a render leaves behind: events, lock files, records of takes, ledger, provenance, requests.

Bytes differ between machines, so content hashes, times and names of operations are masked: their
places stay. Identities by content are frozen with the films that are not rendered.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.frozen import doors, records

RENDERS = records.DATA / "renders"

_REHEARSED = """\
storyboard: 1
title: The Letter
author: A. Director
defaults: {target: gemini, model: omni-flash, handles: 0.25}
cast:
  ana: {image: ana.png, description: "Ana, 40, grey cardigan", voice: alto}
  quay: {kind: place, description: "a stone quay, one lamp"}
shots:
  - {card: THE LETTER, length: 1, transition: {fade: 0.25}}
  - id: SH010
    prompt: Ana walks along the quay with a suitcase
    cast: [ana]
    place: quay
    size: MS
    camera: [{static: 1}, slow pan left]
    length: 1.5
    duration: 3
    weather: light rain
    ambience: {make: "sea, gulls", gain_db: -27}
    dialogue: [{ana: "Hm.", at: 0.2, how: softly}]
    transition: {fade: 0.5, through: black}
  - {id: SH020, continue: SH010, prompt: She turns, length: 1, duration: 3, effects: [MirrorX]}
  - id: SH030
    clip: foot.mp4
    trim: {start: 0.5, end: -1}
    transition: {wipe: 0.25, from: left, frames: overlap}
  - {id: SH040, clip: SH010, trim: {start: 2}, length: 0.5, transition_out: {fade: 0.25}}
titles:
  - {at: SH010+0.25, text: Havana, length: 1, style: lower-third}
sound:
  music: [{file: theme.wav, from: start, to: end, fade_out: 0.5, gain_db: -10, duck_db: 8}]
  narration: [{at: SH030, write: "one sentence, dry", voice: ana}]
subtitles: sidecar
"""
_PAID = """\
storyboard: 1
defaults: {%s, duration: 4, resolution: 720p}
%s
shots:
  - {id: SH010, prompt: A boat at the quay, takes: 2}
  - {id: SH020, %s, prompt: It leaves}
"""
_BUCKET = "providers: {vertex: {storage_uri: gs://films/tests}}"
_CHAT = "providers: {cometapi: {transport: chat}}"
_STILLS = """\
storyboard: 1
defaults: {provider: gemini, model: omni-flash, duration: 3}
cast: {ana: {description: "Ana, 40", still: portrait, voice: alto}}
policy: {on_filtered: retry}
shots:
  - id: SH010
    first_frame: {still: "Ana at the quay", cast: [ana]}
    prompt: She waits
    narration: [{ana: "I can wait.", at: 0.5}]
sound:
  narration: [{at: SH010+2, write: "one sentence, dry", voice: ana}]
"""
_TROUBLED = """\
storyboard: 1
defaults: {provider: cometapi, duration: 4, resolution: 720p}
policy: {on_filtered: hold}
shots:
  - {id: SH010, prompt: A boat at the quay}
  - {id: SH020, prompt: A car that fails}
  - {id: SH030, prompt: A crowd that is filtered}
  - {id: SH040, prompt: A dog that is lost}
  - {id: SH050, prompt: A gull that is late}
"""
_FAULTS = (
    "failed@A car",
    "filtered@A crowd",
    "drop_after@A dog",
    "excuse:90@poll/A gull",
)


@dataclass(frozen=True)
class Render:
    """A film, how it is rendered, and what goes wrong on the way."""

    text: str
    flags: tuple[str, ...] = ("--yes",)
    code: int = 0
    faults: tuple[str, ...] = ()
    saved: bool = False
    """By way of a saved plan."""


FILMS: Mapping[str, Render] = {
    "rehearsed": Render(_REHEARSED, ("--proxy",)),
    "bucket": Render(_PAID % ("provider: vertex", _BUCKET, "extend: SH010"), saved=True),
    "vertex-omni": Render(_PAID % ("provider: vertex, model: omni-flash", "", "continue: SH010")),
    "gemini": Render(
        _PAID % ("provider: gemini", "", "first_frame: ana.png"), ("--yes", "--allow-retired")
    ),
    "omni": Render(_PAID % ("provider: gemini, model: omni-flash", "", "extend: SH010")),
    "videos": Render(_PAID % ("provider: cometapi", "", "first_frame: ana.png")),
    "chat": Render(_PAID % ("provider: cometapi", _CHAT, "continue: SH010")),
    "stills": Render(_STILLS),
    "troubled": Render(_TROUBLED, code=7, faults=_FAULTS),
}


def of_render(name: str, folder: Path, url: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """Renders that film at the simulator at `url` and reads what it left."""
    made = FILMS[name]
    set_up(url, made.faults)
    with standing(folder, variables):
        (folder / "film.yaml").write_text(made.text, "utf-8")
        told = _rendered(made)
        assert told.code == made.code, told.err
        return steady({**_left(folder, told), "requests": _requests(url), "bill": _bill(url)})


def _rendered(made: Render) -> doors.Answer:
    if not made.saved:
        return doors.cli("render", "film.yaml", "--json", *made.flags)
    planned = doors.cli("plan", "film.yaml", "--out", "saved.plan")
    assert planned.code == 0, planned.err
    return doors.cli("render", "saved.plan", "--json")


def set_up(url: str, faults: tuple[str, ...]) -> None:
    """The simulator as new, with what is to go wrong: `KIND[:TIMES]@MATCH`."""
    _ask(url, "reset", {})
    for fault in faults:
        kind, _, match = fault.partition("@")
        kind, _, times = kind.partition(":")
        _ask(url, "faults", {"kind": kind, "times": int(times or 1), "match": match})


@contextlib.contextmanager
def standing(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """In that folder, with the media that films name, at the services of those variables."""
    more = {**variables, "STORYBOARD_POLL_S": "0.02"}
    with records.desk(folder), mock.patch.dict(os.environ, more):
        yield


def _left(folder: Path, told: doors.Answer) -> dict[str, Any]:
    state = folder / ".storyboard" / "film"
    texts = [path.read_text("utf-8") for path in _sorted(state, "runs/*.jsonl")]
    logs = [json.loads(line) for text in texts for line in text.splitlines()]
    assert logs == told.lines, "the run log keeps what --json says"
    return {
        "events": _by_step(told.lines),
        "lock": {path.name: path.read_text("utf-8") for path in _sorted(folder, "*.selects*")},
        "takes": sorted(_records(folder), key=lambda t: (t["step"], t["ordinal"])),
        "states": [_scene(path) for path in _states(folder)],
        "ledger": _tables(state / "ledger.sqlite"),
        "index": _tables(folder / ".storyboard" / "store" / "index.sqlite"),
        "plan": records.wordless(doors.cli("plan", "film.yaml", "--json", *_again(told)).json),
        "listed": doors.cli("takes", "film.yaml", "--json", *_again(told)).json,
        "runs": doors.cli("runs", "film.yaml", "--json").json,
        "provenance": [json.loads(p.read_text()) for p in _sorted(folder, "build/*.json")],
        "subtitles": [p.read_text("utf-8") for p in _sorted(folder, "build/*.srt")],
    }


def _again(told: doors.Answer) -> tuple[str, ...]:
    """The flags with which the same film is meant once more."""
    providers = {each.get("provider") for each in told.lines}
    if "gemini" in providers:
        return ("--allow-retired",)
    return ("--proxy",) if "previz" in providers else ()


def _by_step(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The events of each take in their order, but those of progress, which come as it goes."""
    found: dict[str, Any] = {}
    for each in lines:
        if "progress" not in each["type"]:
            name = f"{each.get('step', '')} {each.get('take', '')}".strip()
            found.setdefault(name, []).append(each)
    return found


def _sorted(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _records(folder: Path) -> list[dict[str, Any]]:
    told = [
        json.loads(p.read_text("utf-8")) for p in folder.glob(".storyboard/store/takes/*/*.json")
    ]
    return [each for each in told if "ordinal" in each]


def _states(folder: Path) -> list[Path]:
    """The scene states, in the order of their steps."""
    names = [
        each["attachments"]["state.json"]
        for each in sorted(_records(folder), key=lambda each: each["step"])
        if "state.json" in each.get("attachments", {})
    ]
    store = folder / ".storyboard" / "store" / "takes"
    return [next(store.glob(f"*/{name}*")) for name in names]


def _scene(path: Path) -> dict[str, Any]:
    """A scene's state, its frames counted and what is drawn left out."""
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    counts = {name: len(told[name]) for name in ("poses", "actors", "prints")}
    return {**told, "poses": told["poses"][:1], "actors": told["actors"][:1], "prints": counts}


def _tables(path: Path) -> dict[str, Any]:
    """The rows of a database by table, as their columns are called there."""
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.row_factory = sqlite3.Row
        names = [
            name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        found: dict[str, Any] = {"version": base.execute("PRAGMA user_version").fetchone()[0]}
        for name in sorted(names):
            rows = [dict(row) for row in base.execute(f"SELECT * FROM {name}")]
            for row in rows:
                for key, value in row.items():
                    if isinstance(value, str) and value[:1] in ("{", "["):
                        row[key] = json.loads(value)
            found[name] = sorted((steady(row) for row in rows), key=_order)
    return found


def _order(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(key, "")) for key in ("step", "ordinal", "state", "sample"))


# the simulator ------------------------------------------------------------------------------


def _requests(url: str) -> list[Any]:
    """What was submitted, as the simulator's journal has it."""
    told = _ask(url, "journal")["requests"]
    kept = ("method", "path", "query", "auth", "content_type", "json", "route")
    sent = [{key: each[key] for key in kept} for each in told if each["route"] == "submit"]
    return sorted((steady(each) for each in sent), key=lambda each: json.dumps(each["json"]))


def _bill(url: str) -> list[Any]:
    return sorted((steady(each) for each in _ask(url, "bill")["charges"]), key=json.dumps)


def _ask(url: str, what: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{url}/_simulator/{what}", data) as answer:
        return json.load(answer)


# what differs each time ---------------------------------------------------------------------

_MASKED = frozenset(
    "operation uri expires expires_at size elapsed_s at created_at updated_at created began path "
    "previous_interaction_id".split()
)
_TEXTS = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "<url>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<sha256>"),
    (re.compile(r"\b\d{8}[Tt]\d{6}-[0-9a-f]{6}\b"), "<run>"),
    (re.compile(r"/\d{15,}/"), "/<number>/"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z"), "<time>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<day>"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "<part>"),
    (re.compile(r'"(operation|uri)": "[^"]*"'), r'"\1": "…"'),
    (re.compile(r"boundary=\S+"), "boundary=…"),
)


def steady(value: Any, key: str = "") -> Any:
    """JSON with what differs from render to render masked, and prose left out."""
    if key in _MASKED and value:
        return "…"
    if key in ("id", "attempt") and isinstance(value, int):  # of a row
        return "…"
    if key in ("message", "hint", "label", "why") and value:
        return "…"
    if isinstance(value, dict):
        return {_masked(name): steady(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [steady(each) for each in value]
    if isinstance(value, float):
        return round(value, 3)
    return _masked(value) if isinstance(value, str) else value


def _masked(text: str) -> str:
    for pattern, instead in _TEXTS:
        text = pattern.sub(instead, text)
    return text
