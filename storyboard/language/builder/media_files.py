"""Files that a film names: inside its root, really there, and of the right kind by their bytes."""

from __future__ import annotations

import os
import re
import shlex
import stat
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.suggestions import Suggester, format_suggestion
from storyboard.language.yaml.parser import Map
from storyboard.model.film import MediaFile
from storyboard.util.picture_header import describe_picture_reading, read_image_size

_TURNED = (5, 6, 7, 8)
"""EXIF orientations that lay a picture on its side."""


class MediaKind(StrEnum):
    PICTURE = "picture"
    VIDEO = "video"
    SOUND = "sound"
    FONT = "font"


SUFFIXES: dict[MediaKind, frozenset[str]] = {
    MediaKind.PICTURE: frozenset({".png", ".jpg", ".jpeg", ".webp"}),
    MediaKind.VIDEO: frozenset(
        ".mp4 .mov .qt .webm .mkv .m4v .f4v .avi .divx .mts .m2ts .m2t .ts .tod .mod .mpg .mpeg "
        ".mpe .m2p .vob .mxf .gxf .3gp .3g2 .wmv .asf .flv .ogv .dv .lrv .insv".split()
    ),
    MediaKind.SOUND: frozenset({".wav", ".mp3", ".m4a", ".flac", ".ogg"}),
    MediaKind.FONT: frozenset({".ttf", ".otf", ".ttc", ".otc"}),
}
_OTHERS = frozenset({".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".svg", ".psd", ".exr"})
_OTHERS |= frozenset({".aac", ".aif", ".aiff", ".wma", ".opus", ".pdf"})
_ALL = _OTHERS.union(*SUFFIXES.values())

_KIND_WORDS = {
    MediaKind.PICTURE: "an image: PNG, JPEG or WebP",
    MediaKind.VIDEO: "footage: MP4, MOV, WebM, MKV, AVI, MTS, MPEG, VOB or MXF",
    MediaKind.SOUND: "sound: WAV, MP3, M4A, FLAC or Ogg",
    MediaKind.FONT: "a font: TTF, OTF or TTC",
}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class FileProblem(Exception):
    """Why a named file can't be used."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def is_file_reference(text: str) -> bool:
    """Whether a reference means a file: it holds `/` or `://`, or ends like a medium."""
    return "/" in text or _extract_suffix(text) in _ALL


def _extract_suffix(name: str) -> str:
    return name[name.rfind(".") :].lower() if "." in name else ""


def is_url(text: str) -> bool:
    return _URL.match(text) is not None


@dataclass(frozen=True, slots=True)
class _LookupResult:
    path: Path
    problem: FileProblem | None = None


class MediaFiles:
    """Looks at each file of a film once."""

    def __init__(
        self, root: Path, suggester: Suggester, allowed_folders: tuple[Path, ...] = ()
    ) -> None:
        self.root = root
        self._allowed_folders = allowed_folders
        self._suggester = suggester
        self._lookups: dict[tuple[Path, str], _LookupResult] = {}
        self._media: dict[Path, tuple[MediaKind | None, str]] = {}
        self._sizes: dict[Path, int] = {}

    def find_file(self, file_name: str, folder: Path) -> Path:
        """The file of that name seen from `folder`, links resolved. Raises FileProblem."""
        key = folder, file_name
        if key not in self._lookups:
            self._lookups[key] = self._look_up_file(file_name, folder)
        lookup = self._lookups[key]
        if lookup.problem is not None:
            raise lookup.problem
        return lookup.path

    def find_media(self, file_name: str, folder: Path, wanted_kind: MediaKind) -> MediaFile:
        """The file, if its bytes are a medium of that kind. Raises FileProblem."""
        path = self.find_file(file_name, folder)
        if path not in self._media:
            self._media[path] = detect_media_kind_and_name(path)
        kind, name = self._media[path]
        if kind is not wanted_kind:
            message = (
                f"`{file_name}` is {name}" if name else f"`{file_name}` is not a {wanted_kind} file"
            )
            hint = f"use {_KIND_WORDS[wanted_kind]}"
            if kind is MediaKind.PICTURE and wanted_kind is MediaKind.VIDEO:
                hint = (
                    f"show an image with `first_frame: {file_name}`; add `provider: previz` "
                    "to make it free of charge; `camera` then moves over it"
                )
            raise FileProblem("SB505", message, hint)
        if wanted_kind is MediaKind.SOUND and _is_empty_wav(path):
            message = f"`{file_name}` is an empty WAV file"
            raise FileProblem(
                "SB505", message, "export the sound again: the file contains no samples"
            )
        reading = describe_picture_reading(path) if kind is MediaKind.PICTURE else ""
        width, height = read_image_size(path) if kind is MediaKind.PICTURE else (0, 0)
        if any(f"orientation {number}" in reading for number in _TURNED):
            width, height = height, width
        return MediaFile(path, file_name, "", self._sizes.get(path, 0), reading, width, height)

    def _look_up_file(self, file_name: str, folder: Path) -> _LookupResult:
        if is_url(file_name):
            message = "media from `https://` and `gs://` are not supported yet"
            return _LookupResult(
                folder,
                FileProblem("SB190", message, "download the file and put it beside the film"),
            )
        try:
            path = (folder / file_name).resolve()
            if not any(map(path.is_relative_to, (self.root, *self._allowed_folders))):
                message = f"`{file_name}` is outside the film's root folder `{self.root}`"
                hint = (
                    "copy the file into the film's folder, set `root:` to a folder that contains "
                    "both the film and the file,"
                    f" or allow the folder: --allow-folder {shlex.quote(str(path.parent))}"
                    " (for good: STORYBOARD_ALLOW_FOLDERS,"
                    " or a line in ~/.config/storyboard/allowed-folders.txt)"
                )
                return _LookupResult(path, FileProblem("SB503", message, hint))
            state = path.stat()
        except FileNotFoundError:
            if other := _find_in_other_form(folder, file_name):
                return self._look_up_file(other, folder)
            hint = self._suggest_file_name(file_name, folder)
            return _LookupResult(
                folder, FileProblem("SB501", f"there is no file `{file_name}`", hint)
            )
        except PermissionError:
            return _LookupResult(
                folder, FileProblem("SB504", f"`{file_name}` can't be read: permission denied")
            )
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its symbolic links form a loop"
            return _LookupResult(
                folder, FileProblem("SB501", f"`{file_name}` can't be found: {reason}")
            )
        if not stat.S_ISREG(state.st_mode):
            kind = "a folder" if stat.S_ISDIR(state.st_mode) else "not a regular file"
            return _LookupResult(
                path, FileProblem("SB502", f"`{file_name}` is {kind}", _suggest_media_in(path))
            )
        if not os.access(path, os.R_OK):
            return _LookupResult(
                path, FileProblem("SB504", f"`{file_name}` can't be read: permission denied")
            )
        self._sizes[path] = state.st_size
        return _LookupResult(path)

    def _suggest_file_name(self, file_name: str, folder: Path) -> str:
        wanted_path = Path(file_name)
        if "\\" in file_name:
            return "separate folders with /"
        try:
            names = sorted(entry.name for entry in (folder / wanted_path.parent).iterdir())[:2000]
        except (OSError, ValueError):
            return f"there is no folder `{wanted_path.parent}`"
        near = self._suggester.find_nearest_name(wanted_path.name, names)
        return format_suggestion(str(wanted_path.parent / near)) if near else ""


def _find_in_other_form(folder: Path, file_name: str) -> str:
    """The name as the disk has it, where its accents are composed otherwise; "" if nothing is.

    A Mac writes decomposed names, other systems keep what was typed, and git carries both.
    """
    found: list[str] = []
    for part in Path(file_name).parts:
        here = folder.joinpath(*found)
        if not (here / part).exists():
            try:
                names = [entry.name for entry in here.iterdir()]
            except OSError:
                return ""
            form = unicodedata.normalize("NFC", part)
            alike = [name for name in names if unicodedata.normalize("NFC", name) == form]
            if len(alike) != 1:
                return ""
            part = alike[0]
        found.append(part)
    other = str(Path(*found)) if found else ""
    return other if other != file_name else ""


def detect_media_kind_and_name(path: Path) -> tuple[MediaKind | None, str]:
    """What the first bytes say: the kind where it is one of ours, and its name for people."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        return None, f"unreadable: {error.strerror}"
    if not head:
        return None, "empty"
    if head[:4] in (b"RIFF", b"RF64"):
        forms: dict[bytes, tuple[MediaKind | None, str]] = {
            b"WEBP": (MediaKind.PICTURE, "a WebP image"),
            b"WAVE": (MediaKind.SOUND, "a WAV sound"),
            b"AVI ": (MediaKind.VIDEO, "an AVI video"),
        }
        return forms.get(head[8:12], (None, "of an unknown kind"))
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"):
            return None, "a HEIF image"
        if brand in (b"M4A ", b"M4B ") or path.suffix.lower() == ".m4a":
            return MediaKind.SOUND, "an M4A sound"
        return MediaKind.VIDEO, "a video"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return MediaKind.VIDEO, "a video"
    if head.startswith(b"OggS") and any(mark in head for mark in _OGG_PICTURES):
        return MediaKind.VIDEO, "an Ogg video"
    if _is_transport_stream(head):
        return MediaKind.VIDEO, "an MPEG transport stream"
    for magic, kind, name in _MAGIC:
        if head.startswith(magic):
            return kind, name
    if head[0] == 0xFF and head[1:2] and head[1] & 0xE6 in (0xE2, 0xE4, 0xE6):
        return MediaKind.SOUND, "an MP3 sound"
    if not any(byte < 9 for byte in head):
        return None, "a text"
    return None, "of an unknown kind"


def _is_transport_stream(head: bytes) -> bool:
    """Whether packets of one size follow each other; the first may be cut off in front."""
    return any(
        head[start : start + _TS_PACKETS * size : size] == b"G" * _TS_PACKETS
        for size in _TS_SIZES
        for start in range(size)
    )


def _is_empty_wav(path: Path) -> bool:
    """Whether the file ends where its samples begin, whatever its header says of their number."""
    try:
        with path.open("rb") as stream:
            if stream.read(4) not in (b"RIFF", b"RF64"):
                return False
            stream.seek(12)
            for _ in range(_CHUNKS):
                name, size = stream.read(4), int.from_bytes(stream.read(4), "little")
                if name == b"data":
                    return not stream.read(1)
                stream.seek(size + size % 2, os.SEEK_CUR)
    except OSError:
        pass  # whoever reads it says so
    return False


_TS_SIZES, _TS_PACKETS = (188, 192, 204), 5
"""Bytes of a packet of a transport stream: on its own, on a Blu-ray or AVCHD card, broadcast."""
_OGG_PICTURES = (b"\x80theora", b"\1video\0\0\0")
_HEAD_BYTES = 204 * (_TS_PACKETS + 1)
_CHUNKS = 64
"""A WAV with more of them before its samples is left to its decoder."""

_MAGIC: tuple[tuple[bytes, MediaKind | None, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", MediaKind.PICTURE, "a PNG image"),
    (b"\xff\xd8\xff", MediaKind.PICTURE, "a JPEG image"),
    (b"\x1a\x45\xdf\xa3", MediaKind.VIDEO, "a video"),
    (b"\0\0\1\xba", MediaKind.VIDEO, "an MPEG video"),
    (b"\0\0\1\xb3", MediaKind.VIDEO, "an MPEG video"),
    (b"\x06\x0e\x2b\x34", MediaKind.VIDEO, "an MXF video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", MediaKind.VIDEO, "a WMV video"),
    (b"FLV\1", MediaKind.VIDEO, "an FLV video"),
    (b"\0\0\0\0\1\xbc", MediaKind.VIDEO, "a GXF video"),
    (b"\x1f\x07\0", MediaKind.VIDEO, "a DV video"),
    (b"ID3", MediaKind.SOUND, "an MP3 sound"),
    (b"fLaC", MediaKind.SOUND, "a FLAC sound"),
    (b"OggS", MediaKind.SOUND, "an Ogg sound"),
    (b"\0\1\0\0", MediaKind.FONT, "a font"),
    (b"true", MediaKind.FONT, "a font"),
    (b"OTTO", MediaKind.FONT, "a font"),
    (b"ttcf", MediaKind.FONT, "a font"),
    (b"wOFF", None, "a web font"),
    (b"wOF2", None, "a web font"),
    (b"GIF8", None, "a GIF"),
    (b"BM", None, "a BMP image"),
    (b"II*\0", None, "a TIFF image"),
    (b"MM\0*", None, "a TIFF image"),
    (b"%PDF", None, "a PDF"),
    (b"PK\x03\x04", None, "an archive"),
)


def find_git_root(folder: Path) -> Path | None:
    """The nearest folder upwards that git keeps."""
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return None


def find_film_root(header: Map, folder: Path, diagnostics: DiagnosticCollector) -> Path:
    """The folder under which every file lies: the film's own, or what its `root` names."""
    if "root" not in header:
        return folder
    span, name = header.find_value_span("root"), header["root"]
    root, exists = folder, False
    try:
        root = (folder / name).resolve()
        exists = root.is_dir()
    except (OSError, RuntimeError, ValueError):
        pass
    git = find_git_root(folder)
    if not exists:
        diagnostics.add_error("SB506", span, f"there is no folder `{name}`")
    elif not folder.is_relative_to(root):
        diagnostics.add_error("SB506", span, f"the film is not inside the `root` folder `{name}`")
    elif root != folder and (git is None or not root.is_relative_to(git)):
        message = (
            f"the `root` folder is above the git repository `{git}`"
            if git
            else "the `root` folder is not inside a git repository"
        )
        hint = "choose a folder inside the git repository that contains the film"
        diagnostics.add_error("SB506", span, message, hint)
    else:
        return root
    return folder


def _suggest_media_in(folder: Path) -> str:
    try:
        names = sorted(file.name for file in folder.iterdir() if _extract_suffix(file.name) in _ALL)
    except OSError:
        return ""
    return f"name a file in that folder, such as `{names[0]}`" if names else ""
