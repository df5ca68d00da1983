"""Builds the site of these pages: `make site`. It loads nothing from the network when read."""

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent

project = "storyboard"
extensions = ["myst_parser"]
root_doc = "index"
html_theme = "furo"
html_title = "storyboard"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
myst_heading_anchors = 3


def setup(app: Any) -> None:
    app.connect("source-read", link_pages_outside)


def link_pages_outside(_app: Any, name: str, source: list[str]) -> None:
    """Makes a page outside of this folder a file to download: the site holds only these pages."""

    def replace_link(match: re.Match[str]) -> str:
        target = (DOCS / name).parent / match[2]
        return (
            match[0]
            if target.resolve().is_relative_to(DOCS)
            else f"{{download}}`{match[1]} <{match[2]}>`"
        )

    source[0] = re.sub(r"\[([^\]]+)\]\((\.\./[^)#]+\.md)\)", replace_link, source[0])
