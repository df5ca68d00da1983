"""A command line on a terminal of a given width, as a person has it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

from tests.conftest import PLUGINS, ROOT

STYLE = re.compile(r"\x1b\[([0-9;]*)m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LINES = 40
_COLOR_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM")


def run_on_terminal(folder: Path, *arguments: object, columns: int = 80, **env: str) -> str:
    """All that `storyboard ARGS` shows on the terminal, with its control sequences."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in _COLOR_VARIABLES}
    process = subprocess.Popen(
        [sys.executable, "-m", "storyboard", *map(str, arguments)],
        cwd=folder,
        env={
            **kept,
            "TERM": "xterm",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{PLUGINS}",
            "STUDIO_BILL": str(folder / "bill.jsonl"),
            **env,
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    parts = []
    with suppress(OSError):  # Linux ends a terminal so
        while part := os.read(ours, 1 << 16):
            parts.append(part)
    os.close(ours)
    process.wait()
    return b"".join(parts).decode("utf-8").replace("\r\n", "\n")


def drop_styles(text: str) -> str:
    return CONTROL.sub("", text)


def list_style_codes(text: str) -> set[str]:
    """The codes of all colours and styles that a text sets."""
    return {code for codes in STYLE.findall(text) for code in (codes or "0").split(";")}
