"""The text of a lock file: a line for each take, JSON inside YAML.

So a diff shows whole takes, and a merge that keeps the lines of both sides keeps all takes. A text
that is laid out as we write it is read quickly; any other takes the way through the YAML parser.
Both lead to the one reader that knows what the lines mean.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from storyboard.run.lockfile.entries import (
    FIELDS,
    FORMAT,
    PICK,
    REJECTED,
    TAKES,
    LockEntry,
    find_key_content,
    format_content_key,
    is_repeatable_key,
)
from storyboard.run.lockfile.entry_reader import read_entries
from storyboard.run.lockfile.line_scanner import Node, scan_lines

LOCK_FILE_HEADER = """\
# The film's lock file: which takes exist, what they cost, and which one plays.
# Keep it in git. `storyboard render`, `pick` and `reject` write it; comments are not kept.
# When git reports a conflict here, keep the lines of both sides.
"""
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def format_lock_file(entries: Mapping[str, LockEntry], header: str = LOCK_FILE_HEADER) -> str:
    """The file with these entries, by shot and step, so that diffs stay small."""
    lines = [
        line
        for digest, entry in sorted(entries.items(), key=_build_sort_key)
        for line in _format_entry(digest, entry)
    ]
    section = f"{TAKES}:\n" if lines else f"{TAKES}: {{}}\n"
    return "".join([header, f"format: {FORMAT}\n", section, *lines])


def _format_entry(digest: str, entry: LockEntry) -> Iterator[str]:
    origin = {
        "step": entry.step,
        "shot": entry.shot,
        "provider": entry.provider,
        "model": entry.model,
        "parts": entry.parts,
    }
    content_counts: Counter[str] = Counter()
    for key in entry.list_keys():
        sha256 = find_key_content(key)
        name = format_content_key(sha256, content_counts[sha256]) if sha256 else key
        content_counts[sha256] += 1
        left_out = "ordinal" if is_repeatable_key(key) else "sha256"
        values = {**origin, **entry.takes[key]}
        row = {field: values[field] for field in FIELDS if field in values and field != left_out}
        yield f"  {digest}/{name}: {_format_json(row)}\n"
    if entry.pick is not None:
        yield f"  {digest}/{PICK}: {entry.pick}\n"
    if entry.rejected:
        yield f"  {digest}/{REJECTED}: [{', '.join(sorted(entry.rejected))}]\n"


def parse_lock_file(text: str, name: str) -> dict[str, LockEntry]:
    """The entries by digest; `name` is what errors call the file.

    Raises EnvironmentProblem, with the line and a cure, for a text that is no lock file.
    """
    root: Node | None = scan_lines(text)
    if root is None:
        from storyboard.run.lockfile.yaml_reader import parse_yaml

        root = parse_yaml(text, name)
    return read_entries(root, name)


def _build_sort_key(item: tuple[str, LockEntry]) -> tuple[Any, ...]:
    digest, entry = item
    number = tuple((len(chunk), chunk) for chunk in re.split(r"(\d+)", entry.step))
    return number, entry.provider, entry.model, digest


def _format_json(value: Any) -> str:
    """JSON that is YAML too: what YAML takes for a line end or refuses is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
