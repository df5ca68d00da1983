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

_REHEARSAL_TEXT = """\
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
_PAID_TEXT = """\
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
_TROUBLED_TEXT = """\
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
    "rehearsed": Render(_REHEARSAL_TEXT, ("--proxy", "-o", "build/film.mp4")),
    "bucket": Render(_PAID_TEXT % ("provider: vertex", _BUCKET, "extend: SH010"), saved=True),
    "vertex-omni": Render(
        _PAID_TEXT % ("provider: vertex, model: omni-flash", "", "continue: SH010")
    ),
    "gemini": Render(
        _PAID_TEXT % ("provider: gemini", "", "first_frame: ana.png"), ("--yes", "--allow-retired")
    ),
    "omni": Render(_PAID_TEXT % ("provider: gemini, model: omni-flash", "", "extend: SH010")),
    "videos": Render(_PAID_TEXT % ("provider: cometapi", "", "first_frame: ana.png")),
    "chat": Render(_PAID_TEXT % ("provider: cometapi", _CHAT, "continue: SH010")),
    "stills": Render(_STILLS),
    "troubled": Render(_TROUBLED_TEXT, code=7, faults=_FAULTS),
}


def record_render(
    name: str, folder: Path, url: str, variables: Mapping[str, str]
) -> dict[str, Any]:
    """Renders that film at the simulator at `url` and reads what it left."""
    render = FILMS[name]
    set_up_simulator(url, render.faults)
    with enter_folder(folder, variables):
        (folder / "film.yaml").write_text(render.text, "utf-8")
        result = _run_render(render)
        assert result.code == render.code, result.err
        return mask_varying(
            {
                **_record_outputs(folder, result),
                "requests": _read_submissions(url),
                "bill": _read_charges(url),
            }
        )


def _run_render(render: Render) -> doors.CommandResult:
    if not render.saved:
        return doors.run_cli("render", "film.yaml", "--json", *render.flags)
    plan_result = doors.run_cli("plan", "film.yaml", "--out", "saved.plan")
    assert plan_result.code == 0, plan_result.err
    return doors.run_cli("render", "saved.plan", "--json")


def set_up_simulator(url: str, faults: tuple[str, ...]) -> None:
    """The simulator as new, with what is to go wrong: `KIND[:TIMES]@MATCH`."""
    _request_admin(url, "reset", {})
    for fault in faults:
        kind, _, match = fault.partition("@")
        kind, _, times = kind.partition(":")
        _request_admin(url, "faults", {"kind": kind, "times": int(times or 1), "match": match})


@contextlib.contextmanager
def enter_folder(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """In that folder, with the media that films name, at the services of those variables."""
    environment = {**variables, "STORYBOARD_POLL_S": "0.02"}
    with records.open_film_folder(folder), mock.patch.dict(os.environ, environment):
        yield


def _record_outputs(folder: Path, result: doors.CommandResult) -> dict[str, Any]:
    state = folder / ".storyboard" / "film"
    texts = [path.read_text("utf-8") for path in _glob_sorted(state, "runs/*.jsonl")]
    logs = [json.loads(line) for text in texts for line in text.splitlines()]
    assert logs == result.lines, "the run log keeps what --json says"
    return {
        "events": _group_by_take(result.lines),
        "lock": {path.name: path.read_text("utf-8") for path in _glob_sorted(folder, "*.selects*")},
        "takes": sorted(_read_take_records(folder), key=lambda t: (t["step"], t["ordinal"])),
        "states": [_read_scene(path) for path in _find_scene_states(folder)],
        "ledger": _read_tables(state / "ledger.sqlite"),
        "index": _read_tables(folder / ".storyboard" / "store" / "index.sqlite"),
        "plan": records.drop_prose(
            doors.run_cli("plan", "film.yaml", "--json", *_repeat_flags(result)).json
        ),
        "listed": doors.run_cli("takes", "film.yaml", "--json", *_repeat_flags(result)).json,
        "runs": doors.run_cli("runs", "film.yaml", "--json").json,
        "provenance": [json.loads(p.read_text()) for p in _glob_sorted(folder, "build/*.json")],
        "subtitles": [p.read_text("utf-8") for p in _glob_sorted(folder, "build/*.srt")],
    }


def _repeat_flags(result: doors.CommandResult) -> tuple[str, ...]:
    """The flags with which the same film is meant once more."""
    providers = {each.get("provider") for each in result.lines}
    if "gemini" in providers:
        return ("--allow-retired",)
    return ("--proxy",) if "previz" in providers else ()


def _group_by_take(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The events of each take in their order, but those of progress, which come as it goes."""
    events_by_take: dict[str, Any] = {}
    for event in lines:
        if "progress" not in event["type"]:
            name = f"{event.get('step', '')} {event.get('take', '')}".strip()
            events_by_take.setdefault(name, []).append(event)
    return events_by_take


def _glob_sorted(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def _read_take_records(folder: Path) -> list[dict[str, Any]]:
    records_found = [
        json.loads(p.read_text("utf-8")) for p in folder.glob(".storyboard/store/takes/*/*.json")
    ]
    return [each for each in records_found if "ordinal" in each]


def _find_scene_states(folder: Path) -> list[Path]:
    """The scene states, in the order of their steps."""
    names = [
        each["attachments"]["state.json"]
        for each in sorted(_read_take_records(folder), key=lambda each: each["step"])
        if "state.json" in each.get("attachments", {})
    ]
    store = folder / ".storyboard" / "store" / "takes"
    return [next(store.glob(f"*/{name}*")) for name in names]


def _read_scene(path: Path) -> dict[str, Any]:
    """A scene's state, its frames counted and what is drawn left out."""
    scene: dict[str, Any] = json.loads(path.read_text("utf-8"))
    counts = {name: len(scene[name]) for name in ("poses", "actors", "prints")}
    return {**scene, "poses": scene["poses"][:1], "actors": scene["actors"][:1], "prints": counts}


def _read_tables(path: Path) -> dict[str, Any]:
    """The rows of a database by table, as their columns are called there."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        tables: dict[str, Any] = {"version": database.execute("PRAGMA user_version").fetchone()[0]}
        for name in sorted(names):
            rows = [dict(row) for row in database.execute(f"SELECT * FROM {name}")]
            for row in rows:
                for key, value in row.items():
                    if isinstance(value, str) and value[:1] in ("{", "["):
                        row[key] = json.loads(value)
            tables[name] = sorted((mask_varying(row) for row in rows), key=_sort_key)
    return tables


def _sort_key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(key, "")) for key in ("step", "ordinal", "state", "sample"))


# the simulator ------------------------------------------------------------------------------


def _read_submissions(url: str) -> list[Any]:
    """What was submitted, as the simulator's journal has it."""
    logged_requests = _request_admin(url, "journal")["requests"]
    kept_keys = ("method", "path", "query", "auth", "content_type", "json", "route")
    submissions = [
        {key: each[key] for key in kept_keys}
        for each in logged_requests
        if each["route"] == "submit"
    ]
    return sorted(
        (mask_varying(each) for each in submissions), key=lambda each: json.dumps(each["json"])
    )


def _read_charges(url: str) -> list[Any]:
    return sorted(
        (mask_varying(each) for each in _request_admin(url, "bill")["charges"]), key=json.dumps
    )


def _request_admin(url: str, what: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{url}/_simulator/{what}", data) as answer:
        return json.load(answer)


# what differs each time ---------------------------------------------------------------------

_VARYING_KEYS = frozenset(
    "operation uri expires expires_at size elapsed_s at created_at updated_at created began path "
    "previous_interaction_id".split()
)
_VARYING_TEXTS = (
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


def mask_varying(value: Any, key: str = "") -> Any:
    """JSON with what differs from render to render masked, and prose left out."""
    if key in _VARYING_KEYS and value:
        return "…"
    if key in ("id", "attempt") and isinstance(value, int):  # of a row
        return "…"
    if key in ("message", "hint", "label", "why") and value:
        return "…"
    if isinstance(value, dict):
        return {_mask_text(name): mask_varying(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [mask_varying(each) for each in value]
    if isinstance(value, float):
        return round(value, 3)
    return _mask_text(value) if isinstance(value, str) else value


def _mask_text(text: str) -> str:
    for pattern, instead in _VARYING_TEXTS:
        text = pattern.sub(instead, text)
    return text
