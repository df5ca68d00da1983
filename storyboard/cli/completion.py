"""What a shell offers on Tab: shots, takes, profiles, models and providers.

A film is often half written when somebody presses Tab, and an answer is wanted at once. So its text
is searched for what looks like a name, and nothing is parsed, checked or loaded for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import click

_LARGEST = 4_000_000
"""Bytes of a file that is still searched."""
_MOST_FILES = 100
_VALUE = r"""\s*["']?([^\s,{}\[\]"'#]+)"""
_SHOT_ID = re.compile(rf"(?m)(?:^[\s-]*|[{{,]\s*)id:{_VALUE}")
_SEQUENCE = re.compile(rf"(?m)(?:^[\s-]*|[{{,]\s*)sequence:{_VALUE}")
_INCLUDE = re.compile(rf"(?m)(?:^[\s-]*|[{{,]\s*)include:{_VALUE}")
_PROFILES = re.compile(r"(?m)^profiles:[^\S\n]*(\{.*)?(?:#.*)?\n((?:(?:[ \t]+.*|#.*)?\n)*)")
_BLOCK_KEY = re.compile(r"(?m)^([ \t]+)([\w-]+):")
_LOCK_FIELD = re.compile(r"(?m)^    (?:shot|step): (.+)$|^      (t\d{2,}):|^  ([0-9a-f]{64}):")
_CATALOG_ENTRY = re.compile(r"(?m)^  - ")
_CATALOG_ID = re.compile(r"\bid: ([\w.-]+)")
_CATALOG_ALIAS = re.compile(r"(?m)^  ([\w.-]+): +\{")


def complete_shots(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Ids of shots, `seq:` with a sequence, and the steps that have takes already."""
    film = _find_film(ctx)
    if film is None:
        return []
    texts = list(_read_film_texts(film))
    shots = [name for text in texts for name in _SHOT_ID.findall(text)]
    sequences = [f"seq:{name}" for text in texts for name in _SEQUENCE.findall(text)]
    steps = [name for names, _ in _read_locked_takes(film) for name in names]
    return _match_start((*shots, *sequences, *steps), incomplete)


def complete_takes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The takes that the lock file has of the shot that was typed before."""
    film, shot = _find_film(ctx), ctx.params.get("shot")
    if film is None:
        return []
    takes = {take for names, takes in _read_locked_takes(film) if shot in names for take in takes}
    return _match_start(sorted(takes), incomplete)


def complete_profiles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    film = _find_film(ctx)
    if film is None:
        return []
    names = [name for text in _read_film_texts(film) for name in _find_profiles(text)]
    return _match_start(names, incomplete)


def complete_models(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The aliases and exact ids of the catalogue, and those of the user's own."""
    return _match_start(_list_models(), incomplete)


def complete_providers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return _match_start(_list_providers(), incomplete)


def complete_models_or_providers(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[str]:
    return _match_start((*_list_providers(), *_list_models()), incomplete)


def _find_film(ctx: click.Context) -> Path | None:
    """The film on the line so far; before the value of an option, click has not parsed it yet."""
    films = (ctx.params.get("film"), *(ctx.params.get("films") or ()))
    words = (Path(word) for word in ctx.args if not word.startswith("-"))
    return next((film for film in (*films, *words) if isinstance(film, Path)), None)


def _match_start(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]


def _read_film_texts(film: Path) -> Iterator[str]:
    """The film's text and those of the files that it includes, as far as they can be read."""
    waiting, known = [film], {film}
    for path in waiting:
        text = _read_text(path)
        yield text
        for name in _INCLUDE.findall(text):
            included = path.parent / name
            if included not in known and len(known) < _MOST_FILES:
                known.add(included)
                waiting.append(included)


def _read_text(path: Path) -> str:
    with suppress(OSError):
        if path.is_file() and path.stat().st_size <= _LARGEST:
            return path.read_text(encoding="utf-8", errors="replace")
    return ""


def _find_profiles(text: str) -> Iterator[str]:
    for flow, block in _PROFILES.findall(f"{text}\n"):
        if flow:
            yield from _find_outer_flow_keys(flow)
        keys = _BLOCK_KEY.findall(block)
        yield from (name for indent, name in keys if indent == keys[0][0])


def _find_outer_flow_keys(flow: str) -> Iterator[str]:
    """`{draft: {model: x}, final: {}}` -> draft, final."""
    depth = 0
    for match in re.finditer(r"[{}]|([\w-]+):", flow):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if match[1] and depth == 1:
            yield match[1]


def _read_locked_takes(film: Path) -> Iterator[tuple[set[str], list[str]]]:
    """By entry of the lock file, the ids of its shot and step, and its takes."""
    text = _read_text(film.with_name(f"{film.stem}.selects.yaml"))
    fields = _LOCK_FIELD.findall(text)
    for is_digest, entry in groupby(fields, key=lambda field: bool(field[2])):
        if not is_digest:
            rows = list(entry)
            names = {name.strip("\"'") for name, _, _ in rows if name}
            yield names, [take for _, take, _ in rows if take]


def _list_models() -> list[str]:
    from storyboard.providers import catalog
    from storyboard.providers.catalog_overrides import find_catalog_override_file

    own = find_catalog_override_file()
    names: list[str] = []
    for path in (Path(catalog.__file__).with_name("catalog.yaml"), *([own] if own else [])):
        text = _read_text(path)
        head, *entries = _CATALOG_ENTRY.split(text)
        _, _, aliases = head.partition("\naliases:\n")
        names += _CATALOG_ALIAS.findall(aliases.partition("\n\n")[0])
        current = [entry for entry in entries if "status: retired" not in entry]
        names += [name for entry in current for name in _CATALOG_ID.findall(entry)[:1]]
    return names


def _list_providers() -> list[str]:
    from storyboard.providers.registry import EFFECTS, find_adapters

    return [name for name in find_adapters() if name != EFFECTS]
