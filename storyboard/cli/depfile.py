"""A make fragment of everything that a film reads, in the manner of `gcc -MD -MP`."""

from __future__ import annotations

import os
from pathlib import Path

from storyboard.model.film import Film
from storyboard.model.shot_keys import FIELD_KEYS
from storyboard.model.sound import list_media_files
from storyboard.run.paths import locate_lock_file
from storyboard.util.atomic_files import write_to_file_or_stream


def write_depfile(path: Path, target: Path, film: Film) -> None:
    """Writes `target: files` and an empty rule for each file, so that a deleted one is no error.

    The same text is a valid Ninja depfile.
    """
    names = [_to_relative_name(file) for file in list_film_files(film)]
    lines = [" \\\n  ".join([f"{_escape_name(str(target))}:", *map(_escape_name, names)])]
    lines += [f"{_escape_name(name)}:" for name in names]
    write_to_file_or_stream(path, "\n\n".join(lines) + "\n")


def list_film_files(film: Film) -> list[Path]:
    """Every file the film reads: texts, media, the lock file; each once, in a steady order."""
    paths = list(film.texts)
    shown = [key.read_value(shot) for shot in film.shots for key in FIELD_KEYS]
    media = list_media_files([*film.cast.values(), *shown, *film.music])
    paths += [file.path for file in media if not file.uri]
    lock = locate_lock_file(film.path)
    if lock.exists():
        paths.append(lock)
    return list(dict.fromkeys(paths))


def _to_relative_name(path: Path) -> str:
    """Relative to the current folder where the file lies under it, as make's rules name it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return os.path.relpath(path)


def _escape_name(name: str) -> str:
    for plain, safe in (("\\", "\\\\"), ("$", "$$"), (" ", "\\ "), ("#", "\\#"), (":", "\\:")):
        name = name.replace(plain, safe)
    return name
