"""The films that use a store, by what it remembers of them."""

from __future__ import annotations

import os
from pathlib import Path

from storyboard.digest import digest
from storyboard.run.durable import write_text


class Tenants:
    """One small file per film in folder `films` of the store at `root`.

    A film beside its own store is named from there, so that both may move together.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._folder = self._root / "films"

    def enter(self, film: Path) -> None:
        """Remembers, once, that the film in that file has takes here."""
        entry = self._entry(film)
        if not entry.exists():
            self._folder.mkdir(exist_ok=True)
            write_text(entry, f"{self._named(film)}\n")

    def forget(self, film: Path) -> None:
        self._entry(film).unlink(missing_ok=True)

    def films(self) -> list[Path]:
        """The files of the films, whether or not they are still there."""
        told = [path.read_text(encoding="utf-8").strip() for path in self._folder.glob("*.txt")]
        return sorted(Path(os.path.normpath(self._root / name)) for name in told if name)

    def _entry(self, film: Path) -> Path:
        return self._folder / f"{digest('film', self._named(film))[:16]}.txt"

    def _named(self, film: Path) -> str:
        film = film.absolute()
        beside = self._root.is_relative_to(film.parent)
        return os.path.relpath(film, self._root) if beside else os.path.normpath(film)
