"""Finds the take that `pick` and `reject` speak of."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from storyboard.errors import UsageError
from storyboard.model.film import Take
from storyboard.pipeline.session import FilmSession, Overrides, check_film
from storyboard.plan.selection import select_shots
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.take_library import TakeLibrary


def find_take_with_lock_file(
    film: Path, shot: str, take_name: str, overrides: Overrides
) -> tuple[LockFile, Take]:
    """The lock file, and the take `take_name` (`t02`) of the current version of a shot or a step.

    A take that only the store knows is entered into the lock file first. Raises UsageError for a
    shot or take that there is not.
    """
    match = re.fullmatch(r"t(\d{1,4})", take_name)
    if match is None:
        raise UsageError(f"`{take_name}` names no take", hint="takes are named t01, t02, …")
    session = FilmSession(check_film(film, overrides))
    try:
        select_shots(session.film, [shot], session.graph)
        nodes = [
            n
            for n in session.plan(lenient=True).nodes
            if n.step.is_selected_by({shot}) and n.digest
        ]
        library = TakeLibrary(session.store, session.selects, session.film.stem)
        takes = [take for n in nodes for take in library.find_takes(n.digest)]
        judged_take = next((t for t in reversed(takes) if t.ordinal == int(match[1])), None)
        if judged_take is None:
            take_names = ", ".join(dict.fromkeys(take.name for take in takes)) or "none yet"
            raise UsageError(
                f"{shot} has no take {take_name} of its current version",
                hint=f"its takes: {take_names}",
            )
        if not session.selects.has_take(judged_take):
            step = next(n.step for n in nodes if n.digest == judged_take.digest)
            own_take = replace(judged_take, shot=step.shot)
            session.selects.add_take(
                own_take, step=step.id, parts=library.find_parts(judged_take.digest)
            )
        return session.selects, judged_take
    finally:
        session.close()
