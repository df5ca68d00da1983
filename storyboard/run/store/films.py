"""The films that use a store, by what it remembers of them."""

from __future__ import annotations

import os
from pathlib import Path

from storyboard.digest import digest_value
from storyboard.util.atomic_files import write_text


class RegisteredFilms:
    """One small file per film in folder `films` of the store at `root`.

    A film beside its own store is named from there, so that both may move together.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._folder = self._root / "films"

    def register_film(self, film: Path) -> None:
        """Remembers, once, that the film in that file has takes here."""
        entry = self._locate_entry(film)
        if not entry.exists():
            self._folder.mkdir(exist_ok=True)
            write_text(entry, f"{self._to_stored_path(film)}\n")

    def forget_film(self, film: Path) -> None:
        self._locate_entry(film).unlink(missing_ok=True)

    def list_films(self) -> list[Path]:
        """The files of the films, whether or not they are still there."""
        files = self._folder.glob("*.txt")
        stored_paths = [path.read_text("utf-8", "replace").strip() for path in files]
        return sorted(
            Path(os.path.normpath(self._root / name))
            for name in stored_paths
            if name and "\0" not in name  # no path has it, so no film is meant
        )

    def _locate_entry(self, film: Path) -> Path:
        return self._folder / f"{digest_value('film', self._to_stored_path(film))[:16]}.txt"

    def _to_stored_path(self, film: Path) -> str:
        film = film.absolute()
        is_beside_store = self._root.is_relative_to(film.parent)
        return os.path.relpath(film, self._root) if is_beside_store else os.path.normpath(film)
