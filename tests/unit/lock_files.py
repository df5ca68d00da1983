"""Lock files as a person edits them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any


def edit_take(path: Path, digest: str, ordinal: int, **values: Any) -> None:
    """Writes values such as `trim` and `note` on the line of a take; None removes one."""
    text = path.read_text()
    start = text.index(f"  {digest}:\n")
    line = re.compile(rf"^      t{ordinal:02d}: (.*)$", re.MULTILINE).search(text, start)
    assert line is not None, f"no t{ordinal:02d}"
    row = json.loads(line[1]) | values
    kept = {key: value for key, value in row.items() if value is not None}
    path.write_text(f"{text[: line.start(1)]}{json.dumps(kept)}{text[line.end(1) :]}")
