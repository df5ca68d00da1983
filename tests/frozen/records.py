"""What is frozen of a film that is not rendered, and where it is kept.

Prose (messages, hints, reasons in words) is left out: what is frozen is what a program, a saved
file or a service reads.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from tests.frozen import doors, wires
from tests.frozen.films import generate_film

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DATA = HERE / "data"
MEDIA = HERE / "media"
LINES = DATA / "films.jsonl"
"""A line per film: the hash of each kind of record."""
EVENTS = DATA / "events.json"
WHOLE = (0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 17, 20, 22, 26)
"""Films whose records are kept word for word, so that a difference can be read."""

_USUAL_FLAGS: tuple[tuple[str, ...], ...] = ((), ("--previz", "--proxy"), ("--provider", "vertex"))
EXAMPLES: dict[str, tuple[tuple[str, ...], ...]] = {
    path.parent.name: _USUAL_FLAGS for path in sorted(ROOT.glob("examples/*/film.yaml"))
}
EXAMPLES["11-one-minute"] += (
    ("--profile", "vertex"),
    ("--profile", "gemini", "--allow-retired"),
    ("--profile", "cometapi"),
    ("--profile", "chat"),
    ("--profile", "omni"),
)
EXAMPLES["09-the-last-ferry"] += (("--profile", "draft"),)
"""Every example, with the flags that it is read with."""

_PROSE = frozenset({"message", "hint", "instead", "predicted_from"})
_DIAGNOSTIC_KEYS = frozenset(
    {"code", "severity", "file", "line", "column", "end_line", "end_column"}
)


@contextlib.contextmanager
def open_film_folder(folder: Path) -> Iterator[Path]:
    """A folder with the media that the films name, where every key is set."""
    for path in MEDIA.iterdir():
        shutil.copy(path, folder)
    (folder / "words.txt").write_text("She had left twice before.\n", "utf-8")
    account = folder / "account.json"
    account.write_text(json.dumps(wires.CREDENTIALS), "utf-8")
    keys = {**wires.KEYS, "GOOGLE_APPLICATION_CREDENTIALS": str(account)}
    with mock.patch.dict(os.environ, keys), contextlib.chdir(folder):
        yield folder


def record_film(number: int, folder: Path) -> dict[str, Any]:
    """The records of a generated film."""
    generated = generate_film(number)
    path = folder / f"film-{number}.yaml"
    path.write_text(generated.text, "utf-8")
    return {
        "text": generated.text,
        "flags": list(generated.flags),
        **_record_commands(path, generated.flags, folder),
    }


def record_example(name: str, folder: Path) -> dict[str, Any]:
    """The records of an example, by the flags that it was read with."""
    path = ROOT / "examples" / name / "film.yaml"
    records_by_flags = {
        " ".join(flags): _record_commands(path, flags, folder) for flags in EXAMPLES[name]
    }
    for flags, record in records_by_flags.items():
        if flags:  # what does not differ much is kept word for word once
            record |= {
                k: _hash_value(v) for k, v in record.items() if k in ("show", "plan", "saved")
            }
    return records_by_flags


def _record_commands(path: Path, flags: Sequence[str], folder: Path) -> dict[str, Any]:
    check_result = doors.run_cli("check", path, "--json", *flags)
    diagnostics = [
        {key: value for key, value in diagnostic.items() if key in _DIAGNOSTIC_KEYS}
        for diagnostic in check_result.json["diagnostics"]
    ]
    for diagnostic in diagnostics:
        diagnostic["file"] = Path(diagnostic["file"]).name
    record: dict[str, Any] = {"code": check_result.code, "check": diagnostics}
    if check_result.code:
        return record
    saved = folder / "saved.plan"
    plan_result = doors.run_cli("plan", path, "--json", "--out", saved, *flags)
    graph = doors.compile_with_flags(path, flags)
    return {
        **record,
        "show": doors.run_cli("show", path, "--json", *flags).json,
        "plan": drop_prose(plan_result.json),
        "saved": read_saved_plan(saved),
        "steps": doors.describe_steps(graph),
        "requests": doors.capture_requests(graph, folder),
        "fingerprint": doors.compute_fingerprint(graph),
    }


def read_saved_plan(path: Path) -> Any:
    """A saved plan without the place of its film, and without the hash over it."""
    plan = json.loads(path.read_text("utf-8"))
    path.unlink()
    return {key: value for key, value in plan.items() if key not in ("film", "sha256")}


def drop_prose(value: Any) -> Any:
    """JSON whose prose is left out."""
    if isinstance(value, dict):
        return {k: "…" if k in _PROSE and v else drop_prose(v) for k, v in value.items()}
    if isinstance(value, list):
        return [drop_prose(each) for each in value]
    return value


def make_line(number: int, record: dict[str, Any]) -> str:
    """The hashes of a film's records."""
    return json.dumps(
        {"film": number, **{kind: _hash_value(value) for kind, value in record.items()}}
    )


def _hash_value(value: Any) -> Any:
    if isinstance(value, int):
        return value
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_lines() -> list[str]:
    """The frozen lines, by the number of their film."""
    return LINES.read_text("utf-8").splitlines()


def to_json_text(value: Any) -> str:
    """A record as a file that can be read, and compared line by line."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
