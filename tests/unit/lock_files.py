"""Lock files as a person edits them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any


def edit_take(path: Path, digest: str, ordinal: int, **values: Any) -> None:
    """Writes values such as `trim` and `note` on the line of a take; None removes one."""
    text = path.read_text()
    lines = re.compile(rf"^  {digest}/(\S+): (\{{.*)$", re.MULTILINE).finditer(text)
    line = next(line for line in lines if _read_ordinal(line[1], line[2]) == ordinal)
    row = json.loads(line[2]) | values
    kept = {key: value for key, value in row.items() if value is not None}
    path.write_text(f"{text[: line.start(2)]}{json.dumps(kept)}{text[line.end(2) :]}")


def keep_both_sides(text: str) -> str:
    """A file in which git left conflict marks, without the marks."""
    marks = re.compile(r"^(<<<<<<<|=======$|>>>>>>>)")
    return "".join(line for line in text.splitlines(keepends=True) if not marks.match(line))


def _read_ordinal(key: str, row: str) -> int:
    return int(key[1:]) if key.startswith("t") else int(json.loads(row)["ordinal"])
