"""The folders of the user's own: what no film and no repository decides."""

from __future__ import annotations

import os
from pathlib import Path


def locate_config_folder() -> Path:
    """`~/.config/storyboard`, or where XDG_CONFIG_HOME says; not created."""
    return _locate_folder("XDG_CONFIG_HOME", "~/.config")


def locate_user_state_folder() -> Path:
    """`~/.local/state/storyboard`, or where XDG_STATE_HOME says; not created."""
    return _locate_folder("XDG_STATE_HOME", "~/.local/state")


def _locate_folder(variable: str, usual: str) -> Path:
    return Path(os.environ.get(variable) or usual).expanduser() / "storyboard"
