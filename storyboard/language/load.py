"""A file -> what is wrong with it, and the film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storyboard.errors import Diagnostic, Severity
from storyboard.film import Film
from storyboard.language.build import Builder, Wishes
from storyboard.language.files import Files
from storyboard.language.include import Reader
from storyboard.language.report import Nearest, Report
from storyboard.language.schema import Checker
from storyboard.language.source import Source, Unreadable, read_text

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A film as far as it could be built, and everything there is to say about its text."""

    film: Film | None
    """None where nothing useful could be built. Unfit for a plan while `errors` is not empty."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Of every severity, sorted by file, line and column."""
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Name, as spans carry it, to text; secrets are dots."""
    broken: frozenset[str] = frozenset()
    """Ids of shots that were read and could not be built; others may name them."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(each for each in self.diagnostics if each.severity is Severity.ERROR)


def load(
    path: Path,
    *,
    profile: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    previz: bool = False,
    proxy: bool = False,
    fragments: Mapping[str, Mapping[str, Any]] = _EMPTY,
) -> Loaded:
    """Reads the film and all that it includes; opens its media only to see what they are.

    Never raises for what a storyboard can have wrong. `provider` and `model` hold for every shot;
    `previz` draws what paid providers are named for, `proxy` does so at 320x180. `fragments` are
    the schemas of adapters: provider name -> {"settings": ..., "options": ...}.
    """
    report, nearest = Report(), Nearest()
    name = str(path)
    try:
        text = read_text(Path(path), name)
        home = Path(path).absolute()
        source = Source(name, home.parent.resolve() / home.name)
    except Unreadable as unreadable:
        return Loaded(None, (unreadable.diagnostic,))
    checker = Checker(report, nearest, fragments)
    files = Files(source.folder, nearest)
    reading = Reader(report, checker, files).film(source, text)
    film: Film | None = None
    broken: frozenset[str] = frozenset()
    if reading.film is not None:
        wishes = Wishes(profile or "", provider or "", model or "", previz, proxy)
        builder = Builder(reading, wishes, checker, files, report, nearest)
        film = builder.film(source.path, files.root)
        broken = frozenset(builder.broken)
    if film is not None and not film.shots:
        film = None
    return Loaded(film, report.sorted(), MappingProxyType(reading.texts), broken)
