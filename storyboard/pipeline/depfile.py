"""A make fragment of everything that a film reads, in the manner of `gcc -MD -MP`."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from storyboard.errors import UsageError
from storyboard.model.film import Film
from storyboard.model.shot_keys import FIELD_KEYS
from storyboard.model.sound import list_media_files
from storyboard.run.paths import locate_lock_file
from storyboard.util.atomic_files import write_to_file_or_stream
from storyboard.util.output_files import is_stream_path

_PLAIN_NAME = re.compile(r"(?![~-])[\w./,+@!^{}' #:-]+(?<! )")
"""Letters of any script, and the marks that make does not interpret or that an escape protects."""


def write_depfile(path: Path, target: Path, film: Film) -> list[Path]:
    """Writes `target: files` and an empty rule for each file, so that a deleted file is not an
    error.

    The same text is a valid Ninja depfile. Make interprets some characters of a name, and no escape
    prevents it. For a file with such a name, this function makes a link with a plain name in the
    folder `PATH.names`. Returns the files that are left out because `path` is a stream, which can't
    have a folder beside it.
    """
    files = list_film_files(film)
    names = {file: _to_relative_name(file) for file in files}
    odd_files = [file for file in files if not _is_plain_name(names[file])]
    if odd_files and is_stream_path(path):
        names = {file: name for file, name in names.items() if file not in odd_files}
    else:
        names |= _link_odd_files(path, odd_files)
        odd_files = []
    quoted = [_escape_name(name) for name in names.values()]
    lines = [" \\\n  ".join([f"{_escape_name(str(target))}:", *quoted])]
    lines += [f"{name}:" for name in quoted]
    write_to_file_or_stream(path, "\n\n".join(lines) + "\n")
    return odd_files


def require_names_for_make(path: Path, target: Path) -> None:
    """Raises UsageError for a target, or a place of the fragment, that make can't name."""
    for name, flag in ((str(target), "-o build/film.mp4"), (str(path), "--deps build/film.d")):
        if not _is_plain_name(name):
            raise UsageError(
                f"make can't use the file name {name!r}",
                hint=f"use a name of letters, digits and . _ - such as {flag}",
            )


def _choose_link_folder(path: Path) -> Path:
    return path.with_name(path.name + ".names")


def _link_odd_files(path: Path, files: list[Path]) -> dict[Path, str]:
    """The name of a link to each file; links that no file needs any more are gone.

    Make looks at the time of the file behind a link, so that a link is as good as its file.
    """
    folder = _choose_link_folder(path)
    links = {
        file: folder / (hashlib.sha256(os.fsencode(file)).hexdigest()[:16] + ".link")
        for file in files
    }
    if links:
        folder.mkdir(parents=True, exist_ok=True)
    for old_link in set(folder.glob("*.link")) - set(links.values()):
        old_link.unlink(missing_ok=True)
    for file, link in links.items():
        if not link.is_symlink():  # the link is named by the digest of its target
            link.symlink_to(file)
    if not links:
        with suppress(OSError):
            folder.rmdir()
    return {file: _to_relative_name(link) for file, link in links.items()}


def list_film_files(film: Film) -> list[Path]:
    """Every file that the film reads: texts, media, the lock file; each once, in a fixed order."""
    paths = list(film.texts)
    shown = [key.read_value(shot) for shot in film.shots for key in FIELD_KEYS]
    media = list_media_files(
        [*film.cast.values(), *shown, *film.music, *film.titles, film.fonts, film.styles]
    )
    paths += [file.path for file in media if not file.uri]
    lock = locate_lock_file(film.path)
    if lock.exists():
        paths.append(lock)
    return list(dict.fromkeys(paths))


def _to_relative_name(path: Path) -> str:
    """Relative to the current folder if the file is inside it, as the rules of make name it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return os.path.relpath(path)


def _is_plain_name(name: str) -> bool:
    """Whether make reads the escaped name as the name of one file and nothing else."""
    return _PLAIN_NAME.fullmatch(name) is not None


def _escape_name(name: str) -> str:
    for plain, safe in ((" ", "\\ "), ("#", "\\#"), (":", "\\:")):
        name = name.replace(plain, safe)
    return name
