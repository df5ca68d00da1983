"""The environment in which the programs that we start run: no keys, nothing of the current folder.

A film may come from a stranger. Its folder is often the current one, so nothing may be imported
or run from there; and who reads foreign media needs no keys, so it isn't given any.
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
"""A password in an address, as a proxy's often has."""


def build_child_environment(credential_variables: Collection[str] = ()) -> dict[str, str]:
    """Our own environment without credentials, and with search paths that are absolute.

    `credential_variables` are left out, and whatever is named like a credential. An empty or
    relative entry of PATH or PYTHONPATH means the current folder, or one in it, and is left out.
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
    """Those that mean the same wherever they are read."""
    return [folder for folder in folders if Path(folder).is_absolute()]


def _is_secret_variable(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))
