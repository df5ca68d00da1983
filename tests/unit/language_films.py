"""Writes a storyboard into a folder with some media, and loads it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from storyboard.errors import Severity
from storyboard.language import LoadResult, load
from storyboard.model.film import Film
from storyboard.providers.registry import load_known_secrets

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
MP4 = b"\0\0\0\x18ftypisom" + bytes(32)
WAV = b"RIFF\0\0\0\0WAVEfmt " + bytes(32)
_BYTES = {".png": PNG, ".mp4": MP4, ".wav": WAV}


def load_text(folder: Path, text: str, *media: str, **wishes: Any) -> LoadResult:
    """`text` as film.yaml with `storyboard: 1` before it; media files are made beside it."""
    for name in media:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(_BYTES[Path(name).suffix])
    path = folder / "film.yaml"
    path.write_text("storyboard: 1\n" + textwrap.dedent(text), encoding="utf-8")
    return load(path, known_secrets=load_known_secrets(), **wishes)


def build_film(folder: Path, text: str, *media: str, **wishes: Any) -> Film:
    """The film of a text that has no errors."""
    loaded = load_text(folder, text, *media, **wishes)
    assert not loaded.errors, loaded.errors
    assert loaded.film is not None
    return loaded.film


def list_codes(loaded: LoadResult, *severities: Severity) -> list[str]:
    """The codes of what was found, notes left out unless asked for."""
    wanted = severities or (Severity.ERROR, Severity.WARNING)
    return [each.code for each in loaded.diagnostics if each.severity in wanted]
