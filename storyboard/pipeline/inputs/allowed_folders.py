"""Folders outside a film's root whose files the user allows the film to use.

Neither a film nor a repository can allow them: otherwise a stranger's film could send any file of
the person who renders it to a service.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from storyboard.environment import ALLOW_FOLDERS_VARIABLE as VARIABLE
from storyboard.errors import EnvironmentProblem
from storyboard.user_folders import locate_config_folder

FILE_NAME = "allowed-folders.txt"
"""In the user's config folder: a folder a line, `#` begins a remark."""


def list_allowed_folders(folders: Iterable[Path]) -> tuple[Path, ...]:
    """`folders`, and those of the environment and of the user's own file, with links resolved.

    Raises EnvironmentProblem for a folder that is not absolute, and for a file that can't be read.
    """
    named = [text for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text.strip()]
    allowed = [folder.absolute() for folder in folders]
    allowed += [_parse_folder(text, VARIABLE) for text in named]
    allowed += _read_user_file(locate_config_folder() / FILE_NAME)
    return tuple(dict.fromkeys(Path(os.path.realpath(folder)) for folder in allowed))


def _read_user_file(path: Path) -> list[Path]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentProblem(f"{path} can't be read: {error}") from error
    texts = [line.strip() for line in lines]
    return [_parse_folder(text, str(path)) for text in texts if text and not text.startswith("#")]


def _parse_folder(text: str, where: str) -> Path:
    try:
        folder = Path(text.strip()).expanduser()
    except RuntimeError:  # no such user
        folder = Path()
    if not folder.is_absolute():
        raise EnvironmentProblem(
            f"{where} names the folder {text!r}, which is not absolute",
            hint="begin it with / or ~",
        )
    return folder
