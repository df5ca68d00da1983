"""Writes every reference page and the output in the README: `python -m reference`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from reference.command_line import build_command_line_page
from reference.diagnostics import build_diagnostics_page
from reference.file_formats import build_file_formats_page
from reference.language import build_language_page
from reference.python_api import build_python_api_page
from reference.readme import README, build_readme

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "language.md": build_language_page,
    "command_line.md": build_command_line_page,
    "python_api.md": build_python_api_page,
    "file_formats.md": build_file_formats_page,
    "diagnostics.md": build_diagnostics_page,
}
_NOTICE = "<!-- `make reference` writes this page. -->\n\n"


def build_page(name: str) -> str:
    """The text of a page as it must stand in the folder."""
    return _NOTICE + PAGES[name]()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (FOLDER / name).write_text(build_page(name), encoding="utf-8")
    README.write_text(build_readme(README.read_text("utf-8")), encoding="utf-8")
