"""Where a film keeps its state, its store and its lock file."""

from __future__ import annotations

import os
from pathlib import Path

from storyboard.errors import EnvironmentProblem


def real_film(film: Path) -> Path:
    """The file itself where `film` is a link to one: so it has one ledger and one lock file.

    Raises EnvironmentProblem for a link that has others beside it: what they tell was paid for.
    """
    if not film.is_symlink():
        return film
    real = Path(os.path.realpath(film))
    notes = {place(film): place(real) for place in (state_folder, selects_file)}
    strays = [note for note, own in notes.items() if note.exists() and not _same(note, own)]
    if strays:
        raise EnvironmentProblem(
            f"{film} is a link to {real}, and has notes of its own: {_named(strays)}",
            hint=_cure(film, real, [notes[stray] for stray in strays]),
        )
    return real


def _cure(film: Path, real: Path, owns: list[Path]) -> str:
    if there := [own for own in owns if own.exists()]:
        cure = f"{real} has notes too: {_named(there)}; set one side's away, or name {real} itself"
    else:
        cure = f"they tell what is paid: move them to {_named(owns)}, or name {real} without them"
    store = store_folder(film)
    if store.is_dir() and not _same(store, store_folder(real)):
        cure += f"\nits takes: storyboard store fetch {real} --from {store}"
    return cure


def _named(paths: list[Path]) -> str:
    return " and ".join(map(str, paths))


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def state_folder(film: Path) -> Path:
    """`.storyboard/<stem>/` beside the film: ledger, lock, run logs, hashes; not created."""
    return film.parent / ".storyboard" / film.stem


def store_folder(film: Path) -> Path:
    """STORYBOARD_STORE, else `.storyboard/store` beside the film; not created."""
    named = os.environ.get("STORYBOARD_STORE", "")
    return Path(named).expanduser().absolute() if named else film.parent / ".storyboard" / "store"


def selects_file(film: Path) -> Path:
    """`<stem>.selects.yaml` beside the film: its lock file."""
    return film.with_name(f"{film.stem}.selects.yaml")


def make_folder(folder: Path) -> Path:
    """Creates `folder`; the `.storyboard` it may lie in is then invisible to git."""
    folder.mkdir(parents=True, exist_ok=True)
    for above in (folder, *folder.parents):
        if above.name == ".storyboard":
            ignore = above / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            break
    return folder
