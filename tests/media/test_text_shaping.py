"""Text is drawn as a reference shaper shapes it, in every script, whatever its direction."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import resvg_py

from storyboard.stitching.text.fonts import OURS, FontSet, list_system_faces, read_font_face
from storyboard.stitching.text.line_breaking import split_word_to_width
from storyboard.stitching.text.text_renderer import PlacedText, is_right_to_left, render_text

LINES = {
    "latin": "Office AVATAR, é",
    "arabic": "المعدية الأخيرة",
    "hebrew": "המעבורת האחרונה",
    "devanagari": "क्षत्रिय हिन्दी स्त्री",
    "thai": "ที่นี่น้ำกรุงเทพ",
    "cjk": "最後の渡し船",
    "hangul": "마지막 나룻배",
}
PACKAGES = ("noto_sans_arabic", "noto_sans_devanagari", "noto_sans_thai", "noto_sans_jp")
"""Font packages that are used where somebody has installed them."""
SIZE = (900, 120)


def list_font_files() -> Iterator[Path]:
    for name in PACKAGES:
        try:
            package = importlib.import_module(f"fontpkg_{name}")
        except ImportError:
            continue
        yield from Path(package.ROOT, "files").glob("*.ttf")
    yield from (face.path for face in list_system_faces())


def find_fonts(text: str) -> FontSet:
    """Our font, or the first other one that has all of the letters."""
    letters = {ord(letter) for letter in text if not letter.isspace()}
    if not OURS.find_missing_letters(text) and text.isascii():
        return OURS
    for path in list_font_files():
        if letters <= read_font_face(path).letters:
            return FontSet((path,))
    if all(read_font_face(path).letters.isdisjoint(letters) for path in list_font_files()):
        pytest.skip(f"this machine has no font with {text}")
    pytest.skip(f"no font of this machine has all letters of {text}")


def draw_by_oracle(text: str, font_path: Path, size: int) -> np.ndarray:
    """The text as HarfBuzz shapes it, drawn glyph by glyph at (20, 80)."""
    hb: Any = pytest.importorskip("uharfbuzz")
    face = hb.Face(hb.Blob.from_file_path(str(font_path)))
    font = hb.Font(face)
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(font, buffer)
    assert all(info.codepoint for info in buffer.glyph_infos), "a glyph is missing"
    scale, at, paths = size / face.upem, 0.0, []
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        pen = SvgPen(at + position.x_offset, position.y_offset)
        font.draw_glyph_with_pen(info.codepoint, pen)
        paths.append(f'<path d="{" ".join(pen.steps)}"/>')
        at += position.x_advance
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE[0]}" height="{SIZE[1]}">'
        f'<g fill="white" transform="translate(20 80) scale({scale} {-scale})">'
        f"{''.join(paths)}</g></svg>"
    )
    return read_alpha(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True))


class SvgPen:
    """Writes the outline of one glyph as the steps of an SVG path."""

    def __init__(self, across: float, up: float) -> None:
        self._shift = across, up
        self.steps: list[str] = []

    def _write(self, letter: str, *points: tuple[float, float]) -> None:
        across, up = self._shift
        self.steps.append(letter + " ".join(f"{x + across} {y + up}" for x, y in points))

    def moveTo(self, point: tuple[float, float]) -> None:
        self._write("M", point)

    def lineTo(self, point: tuple[float, float]) -> None:
        self._write("L", point)

    def curveTo(self, *points: tuple[float, float]) -> None:
        self._write("C", *points)

    def qCurveTo(self, *points: tuple[float, float]) -> None:
        self._write("Q", *points)

    def closePath(self) -> None:
        self.steps.append("Z")


def read_alpha(png: bytes) -> np.ndarray:
    import cv2

    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return np.asarray(picture[..., 3], float) / 255


def draw_by_us(text: str, fonts: FontSet, size: int) -> np.ndarray:
    placed = PlacedText(text, 20, 80, size, "#ffffff", "start", fonts=fonts)
    return render_text([placed], SIZE)[..., 3].astype(float) / 255


def measure_difference(one: np.ndarray, other: np.ndarray) -> float:
    """The part of all ink that is only in one of two pictures."""
    return float(np.abs(one - other).sum() / np.maximum(one, other).sum())


@pytest.mark.parametrize("script", LINES)
def test_the_glyphs_and_their_order_are_those_of_the_reference_shaper(script: str) -> None:
    text = LINES[script]
    fonts = find_fonts(text)
    path = fonts.split_into_runs(text)[0][0].path
    ours, oracle = draw_by_us(text, fonts, 60), draw_by_oracle(text, path, 60)
    assert measure_difference(ours, oracle) < 0.06
    # The measure tells another order from this one.
    assert measure_difference(draw_by_us(text[::-1], fonts, 60), oracle) > 0.2


def test_a_paragraph_that_begins_in_hebrew_runs_from_right_to_left() -> None:
    fonts = find_fonts("שלום!")
    whole = draw_by_us("שלום!", fonts, 60)
    mark = draw_by_us("!", fonts, 60)
    # The exclamation mark ends the sentence, so it is drawn at its left.
    ink = np.flatnonzero(whole.any(axis=0))
    wide = np.flatnonzero(mark.any(axis=0))
    part = whole[:, ink[0] : ink[0] + len(wide)]
    assert measure_difference(part, mark[:, wide[0] : wide[0] + len(wide)]) < 0.2


@pytest.mark.parametrize(
    ("text", "answer"),
    [("Hi", False), ("שלום", True), ("12 שלום", True), ("Radio مرحبا", False), ("…", False)],
)
def test_the_first_letter_gives_a_paragraph_its_direction(text: str, answer: bool) -> None:
    assert is_right_to_left(text) is answer


def test_two_fonts_share_a_line_and_no_letter_is_lost() -> None:
    fonts = find_fonts("שלום")
    runs = fonts.split_into_runs("Ana — שלום")
    assert "".join(part for _, part in runs) == "Ana — שלום"
    assert not fonts.find_missing_letters("Ana — שלום")


def test_marks_stay_with_the_letter_that_carries_them() -> None:
    for text in ("é", "नि", "น้ำ", "👩‍🚀", "👍🏽"):
        assert len(OURS.split_into_runs(text)) == 1


def test_a_word_breaks_where_its_script_allows_it() -> None:
    assert [part for _, part in split_word_to_width("最後の渡し船", 1)] == list("最後の渡し船")
    assert [part for _, part in split_word_to_width("Donaudampfschiff", 0.3)] == [
        "Donaudampfschiff"
    ]
    thai = "ที่นี่กรุงเทพมหานคร"
    parts = [part for _, part in split_word_to_width(thai, 0.4)]
    assert len(parts) > 1
    assert "".join(parts) == thai
