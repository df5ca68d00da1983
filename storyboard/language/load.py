"""A file -> what is wrong with it, and the film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.suggestions import Suggester
from storyboard.errors import Diagnostic, Severity
from storyboard.language.builder.film_builder import FilmBuilder, Overrides
from storyboard.language.builder.includes import IncludeReader
from storyboard.language.builder.media_files import MediaFiles
from storyboard.language.schema.checker import SchemaChecker
from storyboard.language.yaml.source import Source, UnreadableSource, read_source
from storyboard.model.film import Film
from storyboard.util.known_secrets import KnownSecrets

_EMPTY: Mapping[str, Any] = MappingProxyType({})
_GENERIC_SECRETS = KnownSecrets()


@dataclass(frozen=True, slots=True)
class LoadResult:
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
        return tuple(
            diagnostic for diagnostic in self.diagnostics if diagnostic.severity is Severity.ERROR
        )


def load(
    path: Path,
    *,
    profile: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    previz: bool = False,
    proxy: bool = False,
    fragments: Mapping[str, Mapping[str, Any]] = _EMPTY,
    known_secrets: KnownSecrets = _GENERIC_SECRETS,
    allowed_folders: tuple[Path, ...] = (),
) -> LoadResult:
    """Reads the film and all that it includes; opens its media only to see what they are.

    Never raises for what a storyboard can have wrong. `provider` and `model` hold for every shot;
    `previz` draws what paid providers are named for, `proxy` does so at 320x180. `fragments` are
    the schemas of adapters: provider name -> {"settings": ..., "options": ...};
    `known_secrets` is what their keys look like. Files may lie in `allowed_folders` too; these are
    absolute and without links.
    """
    collector, suggester = DiagnosticCollector(), Suggester()
    name = str(path)
    try:
        text = read_source(Path(path), name)
        home = Path(path).absolute()
        source = Source(name, home.parent.resolve() / home.name)
    except UnreadableSource as unreadable:
        return LoadResult(None, (unreadable.diagnostic,))
    checker = SchemaChecker(collector, suggester, fragments)
    files = MediaFiles(source.folder, suggester, allowed_folders)
    parsed_film = IncludeReader(collector, checker, files, known_secrets).read_film(source, text)
    film: Film | None = None
    broken: frozenset[str] = frozenset()
    if parsed_film.film is not None:
        overrides = Overrides(profile or "", provider or "", model or "", previz, proxy)
        builder = FilmBuilder(parsed_film, overrides, checker, files, collector, suggester)
        film = builder.build_film(source.path, files.root)
        broken = frozenset(builder.broken)
    if film is not None and not film.shots:
        film = None
    return LoadResult(film, collector.list_sorted(), MappingProxyType(parsed_film.texts), broken)
