"""A make fragment of everything that a film reads, in the manner of `gcc -MD -MP`."""

from __future__ import annotations

import os
from pathlib import Path

from storyboard.film import Film, FrameRef, MediaFile
from storyboard.run.durable import write_out
from storyboard.run.places import selects_file


def write_deps(path: Path, target: Path, film: Film) -> None:
    """Writes `target: files` and an empty rule for each file, so that a deleted one is no error.

    The same text is a valid Ninja depfile.
    """
    names = [_name(each) for each in files_of(film)]
    lines = [" \\\n  ".join([f"{_escaped(str(target))}:", *map(_escaped, names)])]
    lines += [f"{_escaped(name)}:" for name in names]
    write_out(path, "\n\n".join(lines) + "\n")


def files_of(film: Film) -> list[Path]:
    """Every file the film reads: texts, media, the lock file; each once, in a steady order."""
    found = list(film.texts)
    media: list[MediaFile | None] = []
    for member in film.cast.values():
        media += member.images
    for shot in film.shots:
        media += [shot.clip.file] if shot.clip else []
        media += [_file(shot.first_frame), _file(shot.last_frame), _file(shot.match)]
        media += [cue.file for cue in shot.sound]
        media += [shot.ambience.file] if shot.ambience else []
    media += [cue.file for cue in film.music]
    found += [each.path for each in media if each is not None and not each.uri]
    lock = selects_file(film.path)
    if lock.exists():
        found.append(lock)
    return list(dict.fromkeys(found))


def _file(ref: FrameRef | None) -> MediaFile | None:
    return ref.file if ref else None


def _name(path: Path) -> str:
    """Relative to the current folder where the file lies under it, as make's rules name it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return os.path.relpath(path)


def _escaped(name: str) -> str:
    for plain, safe in (("\\", "\\\\"), ("$", "$$"), (" ", "\\ "), ("#", "\\#"), (":", "\\:")):
        name = name.replace(plain, safe)
    return name
