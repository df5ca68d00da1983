"""The text of a lock file: what we write is read by line, what people edited is read as YAML.

Every take is one line of JSON inside YAML, so a diff shows whole takes and a merge rarely
conflicts. A thousand steps are read in some milliseconds; a text that is not exactly as we write
it takes the slow road through the YAML parser, which also knows the line of what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from storyboard.run.lockfile.entries import FORMAT, LockEntry, is_valid_take_row, parse_ordinal

_HEADER = """\
# The film's lock file: which takes exist, what they cost, and which one plays.
# Keep it in git. `storyboard render`, `pick` and `reject` write it; comments are not kept.
"""
_ENTRY = re.compile(
    r"  ([0-9a-f]{64}):\n"
    r"    shot: ([^\n]*)\n"
    r"    step: ([^\n]*)\n"
    r"    provider: ([^\n]*)\n"
    r"    model: ([^\n]*)\n"
    r"    parts: (\{[^\n]*\})\n"
    r"    takes:\n"
    r"((?:      t[0-9]{2,}: \{[^\n]*\}\n)+)"
    r"(?:    pick: (t[0-9]{2,})\n)?"
    r"(?:    rejected: \[([t0-9, ]*)\]\n)?"
)
_HEAD = re.compile(rf"(?:#[^\n]*\n)*format: {FORMAT}\nsteps:(?: \{{\}})?\n")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_RESERVED = frozenset("y n yes no on off true false null".split())
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def format_lock_file(entries: Mapping[str, LockEntry]) -> str:
    """The lock file with these entries, by shot and step, so that diffs stay small."""
    lines = [_HEADER, f"format: {FORMAT}\n", "steps:\n" if entries else "steps: {}\n"]
    for digest, entry in sorted(entries.items(), key=_build_sort_key):
        lines.append(f"  {digest}:\n")
        lines.append(
            f"    shot: {_format_scalar(entry.shot)}\n    step: {_format_scalar(entry.step)}\n"
        )
        lines.append(f"    provider: {_format_scalar(entry.provider)}\n")
        lines.append(f"    model: {_format_scalar(entry.model)}\n")
        lines.append(f"    parts: {_format_json(entry.parts)}\n    takes:\n")
        lines += (f"      t{n:02d}: {_format_json(entry.takes[n])}\n" for n in sorted(entry.takes))
        if entry.pick is not None:
            lines.append(f"    pick: t{entry.pick:02d}\n")
        if entry.rejected:
            lines.append(
                f"    rejected: [{', '.join(f't{n:02d}' for n in sorted(entry.rejected))}]\n"
            )
    return "".join(lines)


def parse_lock_file(text: str, name: str) -> dict[str, LockEntry]:
    """The entries by digest; `name` is what errors call the file.

    Raises EnvironmentProblem, with the line and a cure, for a text that is no lock file.
    """
    try:
        entries = _parse_own_format(text)
    except ValueError:
        entries = None
    if entries is None:
        from storyboard.run.lockfile.yaml_reader import parse_lock_yaml

        entries = parse_lock_yaml(text, name)
    return entries


def _parse_own_format(text: str) -> dict[str, LockEntry] | None:
    """None when the text is not exactly as `format_lock_file` makes it."""
    head = _HEAD.match(text)
    if head is None:
        return None
    entries: dict[str, LockEntry] = {}
    position = head.end()
    while position < len(text):
        match = _ENTRY.match(text, position)
        if match is None or match[1] in entries:
            return None
        digest, shot, step, provider, model, parts, takes, pick, rejected = match.groups()
        entry = entries[digest] = LockEntry(
            _parse_scalar(shot),
            _parse_scalar(step),
            _parse_scalar(provider),
            _parse_scalar(model),
            json.loads(parts),
            {
                parse_ordinal(line[6 : (colon := line.index(":"))]): json.loads(line[colon + 2 :])
                for line in takes.splitlines()
            },
            parse_ordinal(pick) if pick else None,
            {parse_ordinal(name.strip()) for name in rejected.split(",")} if rejected else set(),
        )
        if not all(map(is_valid_take_row, entry.takes.values())) or entry.pick not in (
            None,
            *entry.takes,
        ):
            return None
        position = match.end()
    return entries


def _build_sort_key(item: tuple[str, LockEntry]) -> tuple[Any, ...]:
    digest, entry = item
    number = tuple((len(chunk), chunk) for chunk in re.split(r"(\d+)", entry.step))
    return number, entry.provider, entry.model, digest


def _format_scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return _format_json(text)


def _parse_scalar(text: str) -> str:
    if text.startswith('"'):
        value = json.loads(text)
        if isinstance(value, str):
            return value
    if _PLAIN.fullmatch(text):
        return text
    raise ValueError(text)


def _format_json(value: Any) -> str:
    """JSON that is YAML too: what YAML takes for a line end or refuses is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
