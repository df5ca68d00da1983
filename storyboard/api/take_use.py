"""Whether a stored take plays, in which film, and in which way of rendering it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storyboard.api.films import load
from storyboard.api.store import list_store_films
from storyboard.api.takes import FilmTake, list_takes
from storyboard.errors import StoryboardError
from storyboard.run.store.take_record import TakeRecord

_VARIANTS = ("", "previz", "proxy")
"""The ways to render a film that have their own takes: as written, and its rehearsals."""


@dataclass(frozen=True, slots=True)
class TakeUse:
    """What one film does with a take."""

    film: Path
    variant: str = ""
    """`previz` or `proxy` for that rehearsal, "" for the film as written."""
    film_take: FilmTake | None = None
    """The take as the film has it; None where the film can't be read."""


def find_take_uses(record: TakeRecord, folder: str | Path = ".") -> tuple[TakeUse, ...]:
    """How the films that the take was made for use it; changes nothing on disk.

    The films are those with its name in `folder`, and those that ever rendered into the store.
    """
    films = [path for path in list_store_films(folder) if path.stem == record.film]
    present_films = [path for path in films if path.is_file()]
    return tuple(use for film in present_films for use in _find_film_uses(film, record))


def _find_film_uses(film: Path, record: TakeRecord) -> Iterator[TakeUse]:
    name = record.step or record.take.shot
    for variant in _VARIANTS:
        try:
            checked_film = load(film, previz=variant == "previz", proxy=variant == "proxy")
            if not checked_film.is_valid:
                yield TakeUse(film, variant)
                return
            takes = list_takes(checked_film, shots=name, include_older=True)
        except StoryboardError:
            continue  # the film no longer has that shot
        for film_take in takes:
            take = film_take.take
            if (take.digest, take.ordinal) == (record.take.digest, record.take.ordinal):
                yield TakeUse(film, variant, film_take)
                break
