"""The environment of the programs that we start: no keys, and nothing from the current folder.

A film may come from a stranger, and its folder is often the current one, so nothing may be imported
or run from there; and a program that reads foreign media needs no keys.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

_SECRET_NAME = re.compile(
    r"key|token|secret|pass|credential|auth|cookie|^aws_|_pat$", re.IGNORECASE
)
_SECRET_VALUE = re.compile(r"://[^/\s]*@")
"""A password in a URL, as in many proxy settings."""


def build_child_environment(credential_variables: Collection[str] = ()) -> dict[str, str]:
    """Our own environment without credentials, and with absolute search paths only.

    Leaves out `credential_variables` and every variable named like a credential. An empty or
    relative entry of PATH or PYTHONPATH refers to the current folder, so it is left out too.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in credential_variables and not _is_secret_variable(name, value)
    }
    for name in ("PATH", "PYTHONPATH"):
        if name in variables:
            variables[name] = os.pathsep.join(
                select_absolute_paths(variables[name].split(os.pathsep))
            )
    return {**variables, "PYTHONSAFEPATH": "1"}


def select_absolute_paths(folders: Iterable[str]) -> list[str]:
    """The folders that mean the same from any current folder."""
    return [folder for folder in folders if Path(folder).is_absolute()]


def _is_secret_variable(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
