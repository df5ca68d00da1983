"""The fonts of a text: which file draws which letter.

A letter comes from the first font that has it: the style's, the film's, ours, the machine's. Fonts
are read by path; fontconfig is never asked.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from storyboard.digest import hash_file

SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_JOINER = "\u200d"
_REGULAR = 400

_SYSTEM_FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    *("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
)


@dataclass(frozen=True, slots=True)
class FontFace:
    """The first face of a font file, with what a renderer finds it by."""

    path: Path
    family: str
    weight: int
    """From 1 to 1000; 400 is regular."""
    slanted: bool
    stretch: int
    """From 1, ultra-condensed, to 9; 5 is normal."""
    letters: frozenset[int]
    """Code points."""


@dataclass(frozen=True, slots=True)
class FontSet:
    """Fonts in the order in which they are asked for a letter; ours and the machine's follow."""

    files: tuple[Path, ...] = ()

    def split_into_runs(self, text: str, *, slanted: bool = False) -> list[tuple[FontFace, str]]:
        """The parts of `text` with the face of each, in logical order.

        A letter that no font has goes to the first font, which draws a box.
        """
        runs: list[tuple[FontFace, str]] = []
        for cluster in _split_into_clusters(text):
            face = self.find_face(cluster, slanted=slanted)
            # A space belongs to the run before it, so that it splits no word from its neighbour.
            if runs and (face is None or cluster.isspace() or face == runs[-1][0]):
                face = runs[-1][0]
                runs[-1] = (face, runs[-1][1] + cluster)
            else:
                runs.append((face or self._list_faces(slanted)[0], cluster))
        return runs

    def find_face(self, cluster: str, *, slanted: bool = False) -> FontFace | None:
        """The first face with all letters of a cluster, or else with its first letter."""
        codes = {ord(letter) for letter in cluster if _is_drawn(letter)}
        own = self._list_faces(slanted)
        for wanted in (codes, {ord(cluster[0])}):
            for face in chain(own, _iterate_system_faces()):
                if wanted <= face.letters:
                    return face
        return None

    def find_missing_letters(self, text: str) -> str:
        """The letters of `text` that no font has, each once, in order."""
        return "".join(
            letter
            for letter in dict.fromkeys(text)
            if _is_drawn(letter) and self.find_face(letter) is None
        )

    def list_machine_fonts(self, text: str) -> dict[Path, str]:
        """The machine's own fonts that `text` needs, with the letters that each gives."""
        needed: dict[Path, str] = {}
        own = self._list_faces(slanted=False)
        for face, part in self.split_into_runs(text):
            if face not in own:
                letters = needed.get(face.path, "") + "".join(filter(_is_drawn, part))
                needed[face.path] = "".join(dict.fromkeys(letters))
        return needed

    def _list_faces(self, slanted: bool) -> tuple[FontFace, ...]:
        """The film's faces and ours."""
        return _list_own_faces(self.files, slanted)

    def identify(self, text: str) -> list[str]:
        """What tells the fonts that `text` is drawn with from others: digests of their files.

        Our own fonts have none: they change with the program.
        """
        if not self.files and text.isascii():
            return []
        ours = {find_bundled_font(), find_bundled_font(slanted=True)}
        used = dict.fromkeys(face.path for face, _ in self.split_into_runs(text))
        return [_hash_font(path) for path in used if path not in ours]


def _hash_font(path: Path) -> str:
    state = path.stat()
    return _hash_font_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _hash_font_once(path: Path, _time: int, _size: int) -> str:
    return hash_file(path)


OURS = FontSet()
"""Only our own fonts, and the machine's."""


def find_bundled_font(*, slanted: bool = False) -> Path:
    """The font of titles, from its package."""
    from fontpkg_inter import ROOT

    return Path(ROOT, "files", f"Inter{'-Italic' if slanted else ''}[opsz,wght].ttf")


def read_font_face(path: Path) -> FontFace:
    """The first face of a TrueType or OpenType file. Raises ValueError if it is none."""
    try:
        data = path.read_bytes()
        tables = _find_tables(data)
        os2 = data[tables["OS/2"] :] if "OS/2" in tables else b""
        weight, stretch = struct.unpack_from(">HH", os2, 4) if os2 else (_REGULAR, 5)
        slanted = bool(struct.unpack_from(">H", os2, 62)[0] & 1) if os2 else False
        letters = frozenset(_read_letters(data, tables["cmap"]))
        family = _read_family(data, tables["name"])
    except (KeyError, struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not a font that can be read") from error
    if not family or not letters:
        raise ValueError(f"{path.name} has no name or no letters")
    return FontFace(path, family, weight, slanted, stretch, letters)


def _iterate_system_faces() -> Iterator[FontFace]:
    """The machine's fonts, which are read only when the others lack a letter."""
    yield from list_system_faces()


@lru_cache(maxsize=1)
def list_system_faces() -> tuple[FontFace, ...]:
    """The machine's fonts, regular ones first, then by path."""
    faces = []
    for folder in _SYSTEM_FOLDERS:
        for path in sorted(Path(folder).expanduser().rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                try:
                    faces.append(read_font_face(path))
                except (OSError, ValueError):
                    continue  # another font may have the letter; if none has, `check` says so
    return tuple(
        sorted(faces, key=lambda face: (face.weight != _REGULAR, face.slanted, face.stretch != 5))
    )


@lru_cache(maxsize=64)
def _list_own_faces(files: tuple[Path, ...], slanted: bool) -> tuple[FontFace, ...]:
    faces = [_read_cached(path) for path in files]
    bundled = [find_bundled_font(slanted=slanted), find_bundled_font()]
    return tuple(dict.fromkeys([*faces, *map(_read_cached, bundled)]))


@lru_cache(maxsize=256)
def _read_cached(path: Path) -> FontFace:
    return read_font_face(path)


def _is_drawn(letter: str) -> bool:
    """Whether a font needs a picture of the letter; controls and selectors have none."""
    return letter.isprintable() and not letter.isspace() and not _is_selector(letter)


def _is_selector(letter: str) -> bool:
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _split_into_clusters(text: str) -> Iterator[str]:
    """Letters with the marks on them, and signs that joiners bind, each as one string."""
    cluster = ""
    for letter in text:
        binds = (
            unicodedata.category(letter) in ("Mn", "Mc", "Me", "Cf")
            or "\U0001f3fb" <= letter <= "\U0001f3ff"
            or cluster.endswith(_JOINER)
        )
        if cluster and not binds:
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster


def _find_tables(data: bytes) -> Mapping[str, int]:
    """Where each table of the first face begins."""
    start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
    count = struct.unpack_from(">H", data, start + 4)[0]
    return {
        tag.decode("latin-1"): offset
        for tag, _, offset, _ in (
            struct.unpack_from(">4sIII", data, start + 12 + 16 * number) for number in range(count)
        )
    }


def _read_family(data: bytes, name: int) -> str:
    """The family's name: the typographic one, else the usual one; in English where there is one."""
    count, strings = struct.unpack_from(">HH", data, name + 2)
    found: dict[tuple[bool, bool], str] = {}
    for number in range(count):
        platform, _, language, kind, length, offset = struct.unpack_from(
            ">6H", data, name + 6 + 12 * number
        )
        if kind in (1, 16) and platform in (0, 3):
            raw = data[name + strings + offset :][:length]
            key = (kind == 16, language in (0, 0x409))
            found.setdefault(key, raw.decode("utf-16-be"))
    order = ((True, True), (False, True), (True, False), (False, False))
    return next((found[key] for key in order if key in found), "")


def _read_letters(data: bytes, cmap: int) -> Iterator[int]:
    """The code points that the Unicode tables of `cmap` map to a picture."""
    count = struct.unpack_from(">H", data, cmap + 2)[0]
    for number in range(count):
        platform, _, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * number)
        table = cmap + offset
        form = struct.unpack_from(">H", data, table)[0]
        if platform not in (0, 3):
            continue
        if form == 4:
            yield from _read_segments(data, table)
        elif form == 12:
            groups = struct.unpack_from(">I", data, table + 12)[0]
            for group in range(groups):
                first, last, glyph = struct.unpack_from(">III", data, table + 16 + 12 * group)
                yield from range(first + (glyph == 0), last + 1)


def _read_segments(data: bytes, table: int) -> Iterator[int]:
    """The code points of a table of format 4."""
    size = struct.unpack_from(">H", data, table + 6)[0]
    ends, starts = table + 14, table + 16 + size
    for at in range(0, size, 2):
        last = struct.unpack_from(">H", data, ends + at)[0]
        first, delta, jump = (
            struct.unpack_from(">H", data, starts + at + size * part)[0] for part in range(3)
        )
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if jump:
                place = starts + at + 2 * size + jump + 2 * (code - first)
                glyph = struct.unpack_from(">H", data, place)[0]
                if not glyph:
                    continue
            if (glyph + delta) & 0xFFFF:
                yield code
