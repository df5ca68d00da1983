"""The takes of a film, which of them plays, and a person's choice among them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from storyboard.api.films import FilmSource, Names, load, to_names
from storyboard.api.keywords import name_known_keywords
from storyboard.errors import StoreError, UsageError
from storyboard.graph.steps import Step
from storyboard.model.take import Take
from storyboard.pipeline.provenance import to_provenance_path
from storyboard.pipeline.session import FilmSession
from storyboard.plan.plan import Node
from storyboard.plan.selection import select_shots
from storyboard.plan.take_chooser import has_key
from storyboard.plan.take_names import (
    find_takes_by_name,
    is_take_name,
    list_take_names,
    require_single_take,
)
from storyboard.run.lockfile.lockfile import LockFile
from storyboard.run.take_library import TakeLibrary


@dataclass(frozen=True, slots=True)
class FilmTake:
    """A take as one film has it."""

    step: Step
    """What made it; `step.shot` and `step.kind` say what for."""
    take: Take
    name: str
    """Its name: `t02`, or `t02-4f1c` if an older take has that number too."""
    plays: bool
    """Whether the film shows it now."""
    is_picked: bool
    is_rejected: bool
    is_current: bool
    """True if it was made from the current version of the shot."""
    path: Path | None
    """Its file; None if this store does not have it."""
    note: str = ""
    """A person's words on it, from the lock file."""
    trim: Mapping[str, str] = field(default_factory=dict)
    """Its trim in the lock file: `start`, `end`, in frames."""


@name_known_keywords
def list_takes(
    film: FilmSource, *, shots: Names = (), include_older: bool = False
) -> tuple[FilmTake, ...]:
    """The takes of the film's shots, of its stills and of its narration, in running order.

    `shots` names the only shots to look at. `include_older` adds takes of older versions of a
    shot. To see the takes of another provider, load the film with it. Changes nothing on disk.
    """
    session = FilmSession(load(film))
    try:
        plan = session.plan(shots=to_names(shots), lenient=True)
        library = TakeLibrary(session.store, session.selects, session.film.stem)
        return tuple(
            take
            for node in plan.nodes
            for take in _find_step_takes(session, library, node, include_older)
        )
    finally:
        session.close()


@name_known_keywords
def pick_take(film: FilmSource, shot: str, take: str) -> Take:
    """Chooses the take `take` (`t02`, `t02-4f1c`) of a shot or a step; it plays from now on.

    What hangs on it follows with the next render. The choice is kept in the film's lock file.
    Raises UsageError for a shot or a take that there is not, and for a name of two takes.
    """
    lock_file, chosen_take = _find_take_with_lock_file(film, shot, take)
    lock_file.set_pick(chosen_take)
    lock_file.save()
    return chosen_take


@name_known_keywords
def reject_take(film: FilmSource, shot: str, take: str) -> Take:
    """Passes over the take `take` (`t02`, `t02-4f1c`) of a shot or a step.

    The next best plays, or the next render makes a new one. The choice is kept in the film's lock
    file. Raises UsageError for a shot or a take that there is not, and for a name of two takes.
    """
    lock_file, rejected_take = _find_take_with_lock_file(film, shot, take)
    lock_file.set_rejected(rejected_take)
    lock_file.save()
    return rejected_take


@name_known_keywords
def read_provenance(out: str | Path) -> dict[str, Any]:
    """Where every frame of the film at `out` comes from: the JSON record beside it.

    `ranges` has an entry for each range of frames: `from`, `to` (exclusive), `take`, `provider`,
    `model`, `price_usd` and more. Raises StoreError if there is no such record.
    """
    path = to_provenance_path(Path(out))
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} is missing or can't be read",
            hint="render the film; the provenance record is written beside it",
        ) from error
    if not isinstance(document, dict):
        raise StoreError(f"{path} is not a provenance record", hint="render the film again")
    return document


def _find_step_takes(
    session: FilmSession, library: TakeLibrary, node: Node, include_older: bool
) -> Iterator[FilmTake]:
    step = node.step
    older = library.find_past_digests(step.id, step.provider) if include_older else ()
    for digest in dict.fromkeys((*older, *([node.digest] if node.digest else []))):
        takes = library.find_takes(digest)
        names = list_take_names(takes)
        pick, rejected = library.find_pick(digest), library.find_rejected(digest)
        for take in takes:
            is_current = digest == node.digest
            is_here = session.store is not None and library.has_file(take.sha256)
            yield FilmTake(
                step=step,
                take=take,
                name=names[take.key],
                plays=is_current and node.select is not None and node.select == take,
                is_picked=pick is not None and has_key(take, (pick,)),
                is_rejected=has_key(take, rejected),
                is_current=is_current,
                path=session.store.require_file(take.sha256)
                if session.store is not None and is_here
                else None,
                note=session.selects.find_note(digest, take.sha256, take.name),
                trim=session.selects.find_trim_fields(take),
            )


def _find_take_with_lock_file(film: FilmSource, shot: str, take_name: str) -> tuple[LockFile, Take]:
    """The lock file, and the take of that name of the current version of a shot or a step.

    A take that only the store knows is entered into the lock file first.
    """
    if not is_take_name(take_name):
        raise UsageError(
            f"`{take_name}` is not the name of a take", hint="use t01, t02, … or t02-4f1c"
        )
    session = FilmSession(load(film))
    try:
        select_shots(session.film, [shot], session.graph)
        nodes = [
            n
            for n in session.plan(lenient=True).nodes
            if n.step.is_selected_by({shot}) and n.digest
        ]
        library = TakeLibrary(session.store, session.selects, session.film.stem)
        takes_by_node = [(n, library.find_takes(n.digest)) for n in nodes]
        named = next(
            (
                (n, takes)
                for n, takes in reversed(takes_by_node)
                if find_takes_by_name(takes, take_name)
            ),
            None,
        )
        if named is None:
            lists = (list_take_names(takes).values() for _, takes in takes_by_node)
            take_names = ", ".join(dict.fromkeys(n for names in lists for n in names))
            raise UsageError(
                f"{shot} has no take {take_name} of its current version",
                hint=f"choose one of its takes: {take_names}"
                if take_names
                else f"{shot} has no takes of its current version; make one with `render`",
            )
        node, takes = named
        require_single_take(shot, take_name, takes)
        (named_take,) = find_takes_by_name(takes, take_name)
        if not session.selects.has_take(named_take):
            session.selects.add_take(
                replace(named_take, shot=node.step.shot),
                step=node.step.id,
                parts=library.find_parts(named_take.digest),
                is_repeatable=node.is_repeatable,
            )
        return session.selects, named_take
    finally:
        session.close()
