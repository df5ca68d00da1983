"""The README, with the output of the commands that it shows.

Each ```console block holds a command after `$ ` and what it prints. The commands run in a folder
that holds `film.yaml`, the first YAML block of the README.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
_YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```", flags=re.M | re.S)
_CONSOLE_BLOCK = re.compile(r"^```console\n\$ ([^\n]*)\n.*?^```", flags=re.M | re.S)


def extract_film(readme: str) -> str:
    """The first film that the README shows."""
    block = _YAML_BLOCK.search(readme)
    if block is None:
        raise ValueError("the README shows no film")
    return block[1]


def build_readme(readme: str) -> str:
    """The same text with the output of each command as it is today."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "film.yaml").write_text(extract_film(readme), encoding="utf-8")

        def run_block(block: re.Match[str]) -> str:
            return f"```console\n$ {block[1]}\n{_run_command(block[1], Path(folder))}```"

        return _CONSOLE_BLOCK.sub(run_block, readme)


def _run_command(command: str, folder: Path) -> str:
    """What `storyboard …` prints, with no keys, plug-ins or settings of this machine's user."""
    program, *arguments = command.split()
    if program != "storyboard":
        raise ValueError(f"the README can only run storyboard, not {program}")
    environment = {"PATH": os.defpath, "HOME": str(folder), "STORYBOARD_PLUGINS": ""}
    result = subprocess.run(
        [sys.executable, "-P", "-m", "storyboard", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return "\n".join(line.rstrip() for line in result.stdout.strip("\n").splitlines()) + "\n"
