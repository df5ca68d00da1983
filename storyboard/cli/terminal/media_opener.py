"""Shows a file in the viewer that the system has for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from storyboard.errors import EnvironmentProblem
from storyboard.providers.registry import list_credential_variables
from storyboard.util.child_environment import build_child_environment


def open_in_viewer(path: Path) -> None:
    """Hands the file to the system's opener; raises EnvironmentProblem where that is no use."""
    name = "open" if sys.platform == "darwin" else "xdg-open"
    environment = build_child_environment(list_credential_variables())
    if authority := os.environ.get("XAUTHORITY"):
        environment["XAUTHORITY"] = authority  # a file of the display, which a viewer must read
    program = shutil.which(name, path=environment.get("PATH", ""))
    if program is None:
        raise EnvironmentProblem(
            f"there is no `{name}` on the PATH to open it with", hint=f"open it yourself: {path}"
        )
    done = subprocess.run(
        [program, str(path.absolute())],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise EnvironmentProblem(
            f"`{name}` ended with {done.returncode}", hint=f"open it yourself: {path}"
        )
