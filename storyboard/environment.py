"""Environment variables of the core, in one table; each adapter declares its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STORE_VARIABLE = "STORYBOARD_STORE"
CATALOG_VARIABLE = "STORYBOARD_CATALOG"
FFMPEG_VARIABLE = "STORYBOARD_FFMPEG"
PLUGINS_VARIABLE = "STORYBOARD_PLUGINS"
POLL_S_VARIABLE = "STORYBOARD_POLL_S"
TODAY_VARIABLE = "STORYBOARD_TODAY"
ALLOW_FOLDERS_VARIABLE = "STORYBOARD_ALLOW_FOLDERS"
MEDIA_LIMITS_VARIABLE = "STORYBOARD_MEDIA_LIMITS"

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        STORE_VARIABLE: "The folder that keeps the takes; one can serve many films. "
        "Absent: `.storyboard/store` beside the film.",
        CATALOG_VARIABLE: "A file that adds to the catalogue of models, or corrects it. "
        "Absent: `storyboard/catalog.yaml` in the user's config folder, if it is there.",
        FFMPEG_VARIABLE: "The ffmpeg to run. "
        "Absent: the one that imageio-ffmpeg ships, else the one on the PATH.",
        PLUGINS_VARIABLE: "Set and empty: providers of other packages are not loaded. "
        "Absent: all are.",
        ALLOW_FOLDERS_VARIABLE: "Folders outside a film's root that its files may be in, separated "
        "as in PATH. Absent: only those of `--allow-folder` and of the user's own file.",
        MEDIA_LIMITS_VARIABLE: "Larger limits for media files, as NAME=NUMBER with spaces between "
        "them. Absent: side=32768 pixels=50000000 rate=768000 channels=64 hours=24 memory_mb=350 "
        "seconds=6.",
        POLL_S_VARIABLE: "Seconds until a running operation is polled for the second time; "
        "later polls wait longer. Absent: 10.",
        TODAY_VARIABLE: "The day that the catalogue is read for, `2027-01-01`: which models are "
        "switched off, and what they cost. Absent: today in UTC.",
    }
)
"""What each means, and what holds without it."""
