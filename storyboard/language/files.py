"""Files that a film names: inside its root, really there, and of the right kind by their bytes."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from storyboard.film import MediaFile
from storyboard.language.report import Nearest, Report
from storyboard.language.yaml12 import Map


class Medium(StrEnum):
    PICTURE = "picture"
    VIDEO = "video"
    SOUND = "sound"


SUFFIXES: dict[Medium, frozenset[str]] = {
    Medium.PICTURE: frozenset({".png", ".jpg", ".jpeg", ".webp"}),
    Medium.VIDEO: frozenset({".mp4", ".mov", ".webm", ".mkv", ".m4v"}),
    Medium.SOUND: frozenset({".wav", ".mp3", ".m4a", ".flac", ".ogg"}),
}
_OTHERS = frozenset({".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".svg", ".psd", ".exr"})
_OTHERS |= frozenset({".avi", ".mxf", ".wmv", ".aac", ".aif", ".aiff", ".wma", ".opus", ".pdf"})
_ALL = _OTHERS.union(*SUFFIXES.values())

_WANTED = {
    Medium.PICTURE: "a picture: PNG, JPEG or WebP",
    Medium.VIDEO: "footage: MP4, MOV, WebM or MKV",
    Medium.SOUND: "sound: WAV, MP3, M4A, FLAC or Ogg",
}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class FileProblem(Exception):
    """Why a named file can't be used."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def is_file_name(text: str) -> bool:
    """Whether a reference means a file: it holds `/` or `://`, or ends like a medium."""
    return "/" in text or _suffix(text) in _ALL


def _suffix(name: str) -> str:
    return name[name.rfind(".") :].lower() if "." in name else ""


def is_url(text: str) -> bool:
    return _URL.match(text) is not None


@dataclass(frozen=True, slots=True)
class _Looked:
    path: Path
    problem: FileProblem | None = None


class Files:
    """Looks at each file of a film once."""

    def __init__(self, root: Path, nearest: Nearest) -> None:
        self.root = root
        self._nearest = nearest
        self._looked: dict[tuple[Path, str], _Looked] = {}
        self._media: dict[Path, tuple[Medium | None, str]] = {}
        self._sizes: dict[Path, int] = {}

    def find(self, text: str, folder: Path) -> Path:
        """The file of that name seen from `folder`, links resolved. Raises FileProblem."""
        key = folder, text
        if key not in self._looked:
            self._looked[key] = self._look(text, folder)
        looked = self._looked[key]
        if looked.problem is not None:
            raise looked.problem
        return looked.path

    def medium(self, text: str, folder: Path, wanted: Medium) -> MediaFile:
        """The file, if its bytes are a medium of that kind. Raises FileProblem."""
        path = self.find(text, folder)
        if path not in self._media:
            self._media[path] = sniff(path)
        found, name = self._media[path]
        if found is not wanted:
            message = f"`{text}` is {name}" if name else f"`{text}` is no {wanted}"
            raise FileProblem("SB505", message, f"what stands here is {_WANTED[wanted]}")
        if wanted is Medium.SOUND and _is_empty_wav(path):
            message = f"`{text}` is a WAV sound of no length"
            raise FileProblem("SB505", message, "export it again: no sample is in it")
        return MediaFile(path, text, size=self._sizes.get(path, 0))

    def _look(self, text: str, folder: Path) -> _Looked:
        if is_url(text):
            message = "media from `https://` and `gs://` aren't built yet"
            return _Looked(folder, FileProblem("SB190", message, "download it beside the film"))
        try:
            path = (folder / text).resolve()
            if not path.is_relative_to(self.root):
                message = f"`{text}` lies outside the film's root `{self.root}`"
                hint = "copy it beside the film, or name a folder above both with `root:`"
                return _Looked(path, FileProblem("SB503", message, hint))
            state = path.stat()
        except FileNotFoundError:
            hint = self._suggestion(text, folder)
            return _Looked(folder, FileProblem("SB501", f"there is no file `{text}`", hint))
        except PermissionError:
            return _Looked(folder, FileProblem("SB504", f"`{text}` may not be read"))
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its links go round in a circle"
            return _Looked(folder, FileProblem("SB501", f"`{text}` can't be found: {reason}"))
        if not stat.S_ISREG(state.st_mode):
            kind = "a folder" if stat.S_ISDIR(state.st_mode) else "no ordinary file"
            return _Looked(path, FileProblem("SB502", f"`{text}` is {kind}", _inside(path)))
        if not os.access(path, os.R_OK):
            return _Looked(path, FileProblem("SB504", f"`{text}` may not be read"))
        self._sizes[path] = state.st_size
        return _Looked(path)

    def _suggestion(self, text: str, folder: Path) -> str:
        named = Path(text)
        if "\\" in text:
            return "folders are separated by /"
        try:
            names = sorted(each.name for each in (folder / named.parent).iterdir())[:2000]
        except (OSError, ValueError):
            return f"there is no folder `{named.parent}`"
        near = self._nearest.word(named.name, names)
        return f"did you mean `{named.parent / near}`?" if near else ""


def sniff(path: Path) -> tuple[Medium | None, str]:
    """What the first bytes say: the kind where it is one of ours, and its name for people."""
    try:
        with path.open("rb") as stream:
            head = stream.read(32)
    except OSError as error:
        return None, f"unreadable: {error.strerror}"
    if not head:
        return None, "empty"
    if head[:4] in (b"RIFF", b"RF64"):
        forms: dict[bytes, tuple[Medium | None, str]] = {
            b"WEBP": (Medium.PICTURE, "a WebP picture"),
            b"WAVE": (Medium.SOUND, "a WAV sound"),
            b"AVI ": (None, "an AVI video"),
        }
        return forms.get(head[8:12], (None, "of an unknown kind"))
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"):
            return None, "a HEIF picture"
        if brand in (b"M4A ", b"M4B ") or path.suffix.lower() == ".m4a":
            return Medium.SOUND, "an M4A sound"
        return Medium.VIDEO, "a video"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return Medium.VIDEO, "a video"
    for magic, kind, name in _MAGIC:
        if head.startswith(magic):
            return kind, name
    if head[0] == 0xFF and head[1:2] and head[1] & 0xE6 in (0xE2, 0xE4, 0xE6):
        return Medium.SOUND, "an MP3 sound"
    if not any(byte < 9 for byte in head):
        return None, "a text"
    return None, "of an unknown kind"


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


_CHUNKS = 64
"""A WAV with more of them before its samples is left to its decoder."""

_MAGIC: tuple[tuple[bytes, Medium | None, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", Medium.PICTURE, "a PNG picture"),
    (b"\xff\xd8\xff", Medium.PICTURE, "a JPEG picture"),
    (b"\x1a\x45\xdf\xa3", Medium.VIDEO, "a video"),
    (b"ID3", Medium.SOUND, "an MP3 sound"),
    (b"fLaC", Medium.SOUND, "a FLAC sound"),
    (b"OggS", Medium.SOUND, "an Ogg sound"),
    (b"GIF8", None, "a GIF"),
    (b"BM", None, "a BMP picture"),
    (b"II*\0", None, "a TIFF picture"),
    (b"MM\0*", None, "a TIFF picture"),
    (b"%PDF", None, "a PDF"),
    (b"PK\x03\x04", None, "an archive"),
)


def git_root(folder: Path) -> Path | None:
    """The nearest folder upwards that git keeps."""
    for each in (folder, *folder.parents):
        if (each / ".git").exists():
            return each
    return None


def film_root(header: Map, folder: Path, report: Report) -> Path:
    """The folder under which every file lies: the film's own, or what its `root` names."""
    if "root" not in header:
        return folder
    span, name = header.value_span("root"), header["root"]
    root, found = folder, False
    try:
        root = (folder / name).resolve()
        found = root.is_dir()
    except (OSError, RuntimeError, ValueError):
        pass
    git = git_root(folder)
    if not found:
        report.error("SB506", span, f"there is no folder `{name}`")
    elif not folder.is_relative_to(root):
        report.error("SB506", span, "the film itself doesn't lie under that folder")
    elif root != folder and (git is None or not root.is_relative_to(git)):
        message = (
            f"that lies above the git root `{git}`" if git else "there is no git root up there"
        )
        hint = "a root above the film's folder lies inside the git repository that holds the film"
        report.error("SB506", span, message, hint)
    else:
        return root
    return folder


def _inside(folder: Path) -> str:
    try:
        names = sorted(each.name for each in folder.iterdir() if _suffix(each.name) in _ALL)
    except OSError:
        return ""
    return f"name a file in it, such as `{names[0]}`" if names else ""
