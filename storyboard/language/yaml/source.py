"""One YAML file of a film: where it lies, how people name it, and its text."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from storyboard.errors import Diagnostic, Span
from storyboard.util.line_breaks import BREAKS

MAX_BYTES = 5_000_000
"""Bytes of the largest storyboard, some 100,000 lines."""


_UNPRINTABLE = re.compile(
    "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"PK\x03\x04": "an archive",
    b"%PDF": "a PDF",
    b"RIFF": "a media file",
}


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    """As the user would name it; every span carries it."""
    path: Path
    """Absolute, links resolved."""

    @property
    def folder(self) -> Path:
        """What the paths in it are relative to."""
        return self.path.parent


class UnreadableSource(Exception):
    """The file gives no text; `.diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def read_source(path: Path, file_name: str, referring_span: Span | None = None) -> str:
    """The text of the file without a byte order mark, its line ends as they are.

    Raises Unreadable. `referring_span` is the place that names the file, where there is one.
    """
    missing = "SB501" if referring_span else "SB001"
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            raise _build_unreadable_error(
                missing,
                file_name,
                referring_span,
                f"`{file_name}` is a folder",
                _suggest_film_in(path),
            )
        if not stat.S_ISREG(state.st_mode):
            raise _build_unreadable_error(
                missing, file_name, referring_span, f"`{file_name}` is not a regular file"
            )
        if state.st_size > MAX_BYTES:
            size = f"{state.st_size / 1e6:.0f} MB"
            raise _build_unreadable_error(
                "SB003",
                file_name,
                referring_span,
                f"`{file_name}` is too large: {size}; a storyboard has at most "
                f"{MAX_BYTES // 1000000} MB",
                "check that the file is a storyboard; split a large one with `- include: "
                "other.yaml`",
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise _build_unreadable_error(
            missing, file_name, referring_span, f"there is no file `{file_name}`"
        ) from None
    except PermissionError:
        raise _build_unreadable_error(
            "SB504" if referring_span else "SB001",
            file_name,
            referring_span,
            f"`{file_name}` can't be read: permission denied",
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _build_unreadable_error(
            missing, file_name, referring_span, f"`{file_name}` can't be read: {reason}"
        ) from None
    return _decode_utf8_text(data, file_name)


def find_line_and_column(text: str, offset: int) -> tuple[int, int]:
    """(line, column) of a character, from 1."""
    line, begin = 1, 0
    for match in BREAKS.finditer(text, 0, offset):
        line, begin = line + 1, match.end()
    return line, offset - begin + 1


def _decode_utf8_text(data: bytes, file_name: str) -> str:
    start = Span(file_name)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableSource(
            Diagnostic(
                "SB002", f"`{file_name}` is UTF-16", start, "save it as UTF-8 in your editor"
            )
        )
    what = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), "")
    if what or b"\0" in data:
        message = f"`{file_name}` is {what or 'binary'}, not text"
        raise UnreadableSource(Diagnostic("SB002", message, start, "name a YAML text file"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        head = BREAKS.split(data[: error.start].decode("utf-8-sig"))
        line, column = len(head), len(head[-1]) + 1
        raise UnreadableSource(
            Diagnostic(
                "SB002",
                f"byte 0x{data[error.start]:02x} is not valid UTF-8",
                Span(file_name, line, column, line, column + 1),
                "save the file as UTF-8 in your editor",
            )
        ) from None
    if bad := _UNPRINTABLE.search(text):
        line, column = find_line_and_column(text, bad.start())
        raise UnreadableSource(
            Diagnostic(
                "SB002",
                f"control characters are not allowed: U+{ord(bad[0]):04X}",
                Span(file_name, line, column, line, column + 1),
                "delete it",
            )
        )
    return text


def _build_unreadable_error(
    code: str, file_name: str, referring_span: Span | None, message: str, hint: str = ""
) -> UnreadableSource:
    return UnreadableSource(Diagnostic(code, message, referring_span or Span(file_name), hint))


def _suggest_film_in(folder: Path) -> str:
    try:
        films = sorted(
            file.name
            for file in folder.iterdir()
            if file.suffix in (".yaml", ".yml") and ".selects." not in file.name
        )
    except OSError:
        return ""
    return f"name the film in it: `{folder / films[0]}`" if films else ""
