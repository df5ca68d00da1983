"""Where a film keeps its state, its store and its lock file."""

from __future__ import annotations

import os
from pathlib import Path


def real_film(film: Path) -> Path:
    """The file itself where `film` is a link to one: so it has one ledger and one lock file."""
    return film.resolve() if film.is_symlink() else film


def state_folder(film: Path) -> Path:
    """`.storyboard/<stem>/` beside the film: ledger, lock, run logs, hashes; not created."""
    return film.parent / ".storyboard" / film.stem


def store_folder(film: Path) -> Path:
    """STORYBOARD_STORE, else `.storyboard/store` beside the film; not created."""
    named = os.environ.get("STORYBOARD_STORE", "")
    return Path(named).expanduser().absolute() if named else film.parent / ".storyboard" / "store"


def selects_file(film: Path) -> Path:
    """`<stem>.selects.yaml` beside the film: its lock file."""
    return film.with_name(f"{film.stem}.selects.yaml")


def make_folder(folder: Path) -> Path:
    """Creates `folder`; the `.storyboard` it may lie in is then invisible to git."""
    folder.mkdir(parents=True, exist_ok=True)
    for above in (folder, *folder.parents):
        if above.name == ".storyboard":
            ignore = above / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            break
    return folder
