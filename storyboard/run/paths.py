"""Where a film keeps its state, its store and its lock file."""

from __future__ import annotations

import os
from pathlib import Path

from storyboard.digest import digest_value
from storyboard.environment import STORE_VARIABLE
from storyboard.errors import EnvironmentProblem
from storyboard.user_folders import locate_user_state_folder
from storyboard.util.machine_errors import MachineProblem


def resolve_film_path(film: Path) -> Path:
    """The file itself if `film` is a link to one: so it has one ledger and one lock file.

    Raises EnvironmentProblem for a link that has others beside it, since they record purchases, and
    for a path that is no text.
    """
    if not _is_text(str(film.absolute())):
        raise EnvironmentProblem(
            f"the path of the film has bytes that are no UTF-8: {film}",
            hint="rename the file, or the folder that has them in its name",
        )
    if not film.is_symlink():
        return film
    real = Path(os.path.realpath(film))
    notes = {locate(film): locate(real) for locate in (locate_state_folder, locate_lock_file)}
    strays = [
        note for note, target in notes.items() if note.exists() and not _is_same_path(note, target)
    ]
    if strays:
        raise EnvironmentProblem(
            f"{film} is a link to {real}, but has its own ledger or lock file: "
            f"{_join_paths(strays)}",
            hint=_describe_stray_state_cure(film, real, [notes[stray] for stray in strays]),
        )
    return real


def _is_text(path: str) -> bool:
    """Whether a path can be written into files and databases."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _describe_stray_state_cure(link: Path, real_film: Path, real_paths: list[Path]) -> str:
    if existing := [target for target in real_paths if target.exists()]:
        cure = (
            f"move the files of one side away, or name {real_film} itself; it has its own "
            f"too: {_join_paths(existing)}"
        )
    else:
        cure = (
            f"move these records of purchases to {_join_paths(real_paths)}, or name "
            f"{real_film} to work without them"
        )
    store = locate_store_folder(link)
    if store.is_dir() and not _is_same_path(store, locate_store_folder(real_film)):
        cure += f"\nget its takes: storyboard store fetch {real_film} --from {store}"
    return cure


def _join_paths(paths: list[Path]) -> str:
    return " and ".join(map(str, paths))


def _is_same_path(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def locate_state_folder(film: Path) -> Path:
    """`.storyboard/<stem>/` beside the film: ledger, lock, run logs, hashes; not created.

    Where that is not there and can't be made, a folder of the user's own for that film. No purchase
    is ever recorded in that one: it also needs the lock file beside the film.
    """
    beside = film.parent / ".storyboard" / film.stem
    parents = (beside.parent, film.parent)
    existing = next((folder for folder in parents if folder.exists()), None)
    if existing is None or beside.exists() or os.access(existing, os.W_OK):
        return beside
    key = digest_value("film", os.path.realpath(film))[:16]
    return locate_user_state_folder() / "films" / f"{film.stem}-{key}"


def locate_store_folder(film: Path) -> Path:
    """STORYBOARD_STORE, else `.storyboard/store` beside the film; not created."""
    configured = os.environ.get(STORE_VARIABLE, "")
    return (
        Path(configured).expanduser().absolute()
        if configured
        else film.parent / ".storyboard" / "store"
    )


def locate_lock_file(film: Path) -> Path:
    """`<stem>.selects.yaml` beside the film: its lock file."""
    return film.with_name(f"{film.stem}.selects.yaml")


def locate_free_takes(lock_file: Path) -> Path:
    """`free-takes.yaml` in the state folder of the film with that lock file: its companion."""
    stem = lock_file.name.removesuffix(".selects.yaml")
    return locate_state_folder(lock_file.with_name(f"{stem}.yaml")) / "free-takes.yaml"


def create_state_folder(folder: Path) -> Path:
    """Creates a film's state folder; raises MachineProblem where it can't be written."""
    try:
        create_git_ignored_folder(folder)
        is_writable = os.access(folder, os.W_OK)
    except OSError:
        is_writable = False
    if not is_writable:
        raise MachineProblem(
            f"no permission to write {folder}, where the state of the film is kept",
            hint="let that folder be written, or render a copy of the film elsewhere",
        )
    return folder


def create_git_ignored_folder(folder: Path) -> Path:
    """Creates `folder`; the `.storyboard` it may lie in is then invisible to git."""
    folder.mkdir(parents=True, exist_ok=True)
    for above in (folder, *folder.parents):
        if above.name == ".storyboard":
            ignore = above / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            break
    return folder
