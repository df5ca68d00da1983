"""Finds the take that `pick` and `reject` speak of."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from storyboard.errors import UsageError
from storyboard.film import Take
from storyboard.graph.choose import chosen_shots
from storyboard.production import Flags, Production, examine
from storyboard.run.selects import Selects
from storyboard.run.shelf import FilmShelf


def judged(film: Path, shot: str, name: str, flags: Flags) -> tuple[Selects, Take]:
    """The lock file, and the take `name` (`t02`) of the current version of a shot or a step.

    A take that only the store knows is entered into the lock file first. Raises UsageError for a
    shot or take that there is not.
    """
    match = re.fullmatch(r"t(\d{1,4})", name)
    if match is None:
        raise UsageError(f"`{name}` names no take", hint="takes are named t01, t02, …")
    production = Production(examine(film, flags))
    try:
        chosen_shots(production.film, [shot], production.graph)
        nodes = [
            n for n in production.plan(lenient=True).nodes if n.step.meant_by({shot}) and n.digest
        ]
        shelf = FilmShelf(production.store, production.selects, production.film.stem)
        takes = [take for n in nodes for take in shelf.takes(n.digest)]
        found = next((t for t in reversed(takes) if t.ordinal == int(match[1])), None)
        if found is None:
            known = ", ".join(dict.fromkeys(take.name for take in takes)) or "none yet"
            raise UsageError(
                f"{shot} has no take {name} of its current version", hint=f"its takes: {known}"
            )
        if not production.selects.has(found):
            step = next(n.step for n in nodes if n.digest == found.digest)
            mine = replace(found, shot=step.shot)
            production.selects.add(mine, step=step.id, parts=shelf.parts(found.digest))
        return production.selects, found
    finally:
        production.close()
