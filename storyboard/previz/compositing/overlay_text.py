"""Text on the picture: subtitles always, burn-in and slate on request; never on the end frames.

The first and the last frame of a take are passed on to other shots, so they stay clean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from storyboard.previz.audio.syllables import estimate_line_durations
from storyboard.previz.painting.rasterizer import Box, Pixels, composite_over, render_svg
from storyboard.previz.painting.svg import fmt
from storyboard.previz.props.documents import escape_xml
from storyboard.previz.script.shot_spec import ShotSpec
from storyboard.providers.base import SpokenLine

_CHARACTERS = 42
_FADE = 5
_SLATE_S = 0.9


@dataclass(frozen=True, slots=True)
class TextOverlay:
    """A picture of text and the frames that show it."""

    pixels: Pixels
    left: int
    top: int
    start: int
    end: int

    def compute_opacity(self, frame_index: int, frame_count: int) -> float:
        """0 on the first and last frame of a take, even if the text covers them."""
        begin, end = max(self.start, 1), min(self.end, frame_count - 1)
        if not begin <= frame_index < end:
            return 0.0
        return min(1.0, (frame_index - begin + 1) / _FADE, (end - frame_index) / _FADE)


def build_subtitles(
    lines: Sequence[SpokenLine], width: int, height: int, fps: int, frame_count: int
) -> list[TextOverlay]:
    """The spoken lines, two rows at a time, at the bottom of the frame."""
    size = 0.052 * min(width, height) * (1.0 if width >= height else 1.05)
    max_characters = max(12, min(_CHARACTERS, int(width * 0.88 / (size * 0.52))))
    overlays: list[TextOverlay] = []
    timed_lines = estimate_line_durations(tuple(lines))
    for i, (line, seconds) in enumerate(timed_lines):
        # A subtitle ends when the next line starts.
        later_starts = [other.at_s for other, _ in timed_lines[i + 1 :] if other.at_s > line.at_s]
        last = min([line.at_s + seconds + 0.45, *later_starts])
        pages = _split_subtitle_pages(line.words, max_characters)
        total = sum(len(" ".join(page)) for page in pages)
        at = line.at_s
        for page in pages:
            share = (last - line.at_s) * len(" ".join(page)) / max(1, total)
            start, end = round(at * fps), round((at + share) * fps)
            at += share
            if start < frame_count and end > start:
                overlays.append(_draw_subtitle(page, size, width, height, start, end, line.off))
    return overlays


def _split_subtitle_pages(words: str, max_characters: int) -> list[list[str]]:
    rows: list[str] = []
    for word in words.split():
        if rows and len(rows[-1]) + 1 + len(word) <= max_characters:
            rows[-1] += " " + word
        else:
            rows.append(word)
    pages = [rows[i : i + 2] for i in range(0, len(rows), 2)]
    for page in pages:
        if len(page) == 2:
            page[:] = _split_into_two_rows(" ".join(page), max_characters)
    return pages


def _split_into_two_rows(text: str, max_characters: int) -> list[str]:
    """Two rows of nearly the same length."""
    words = text.split()
    cuts = [[" ".join(words[:i]), " ".join(words[i:])] for i in range(1, len(words))]
    fitting_cuts = [cut for cut in cuts if max(map(len, cut)) <= max_characters] or cuts
    return min(fitting_cuts, key=lambda cut: abs(len(cut[0]) - len(cut[1])))


def _draw_subtitle(
    rows: Sequence[str],
    font_size: float,
    frame_width: int,
    frame_height: int,
    start_frame: int,
    end_frame: int,
    off_screen: bool,
) -> TextOverlay:
    step = font_size * 1.26
    tall = step * len(rows) + font_size * 0.9
    body = ""
    style = ' font-style="italic"' if off_screen else ""
    for i, row in enumerate(rows):
        y = font_size * 1.1 + i * step
        common = (
            f'x="{fmt(frame_width / 2)}" y="{fmt(y)}" font-family="Inter" font-weight="600"{style} '
            f'font-size="{fmt(font_size)}" text-anchor="middle"'
        )
        text = escape_xml(row)
        # Three strokes of falling width and rising opacity make a soft dark edge around the
        # letters.
        for spread, alpha in ((0.34, 0.16), (0.20, 0.34), (0.09, 0.62)):
            body += (
                f'<text {common} fill="none" stroke="#0b0b0e" stroke-opacity="{alpha}" '
                f'stroke-width="{fmt(font_size * spread)}" stroke-linejoin="round">{text}</text>'
            )
        body += f'<text {common} fill="#fbf7ec">{text}</text>'
    pixels = render_svg(body, Box(0, 0, frame_width, tall), 1.0)
    low = 0.055 if frame_width >= frame_height else 0.13
    return TextOverlay(pixels, 0, round(frame_height * (1 - low) - tall), start_frame, end_frame)


def draw_slate_overlay(
    spec: ShotSpec, prompt: str, frame_width: int, frame_height: int, fps: int, frame_count: int
) -> TextOverlay:
    """A slate with the shot as it was understood, over the first second."""
    size = min(frame_width, frame_height) * 0.045
    rows = [
        f"{spec.set} - {spec.time}".upper(),
        format_shot_label(spec),
        *_wrap_text(prompt, 40)[:4],
    ]
    tall = size * (len(rows) * 1.5 + 1.4)
    wide = min(frame_width * 0.9, size * 27)
    body = (
        f'<rect width="{fmt(wide)}" height="{fmt(tall)}" rx="{fmt(size * 0.4)}" fill="#14151a" '
        f'fill-opacity="0.86"/>'
    )
    for i in range(9):
        x = wide * i / 9
        body += (
            f'<polygon points="{fmt(x)},0 {fmt(x + wide / 18)},0 '
            f'{fmt(x + wide / 26)},{fmt(size * 0.5)} {fmt(x - wide / 60)},{fmt(size * 0.5)}" '
            f'fill="#f1ead8"/>'
        )
    for i, row in enumerate(rows):
        color = "#f1ead8" if i else "#e3b458"
        body += (
            f'<text x="{fmt(size)}" y="{fmt(size * (2.0 + i * 1.45))}" '
            f'font-family="JetBrains Mono" font-size="{fmt(size * 0.9)}" '
            f'fill="{color}">{escape_xml(row)}</text>'
        )
    pixels = render_svg(body, Box(0, 0, wide, tall), 1.0)
    left, top = (
        round((frame_width - pixels.shape[1]) / 2),
        round((frame_height - pixels.shape[0]) / 2),
    )
    return TextOverlay(pixels, left, top, 1, min(frame_count - 1, round(_SLATE_S * fps)))


def _wrap_text(text: str, max_characters: int) -> list[str]:
    rows: list[str] = []
    for word in text.split():
        if rows and len(rows[-1]) + 1 + len(word) <= max_characters:
            rows[-1] += " " + word
        else:
            rows.append(word)
    return rows


def format_shot_label(spec: ShotSpec) -> str:
    """The shot as the renderer understood it, in film terms: `MCU 65MM DOLLY IN`."""
    steps = " > ".join(f"{step.kind} {step.way}".strip() for step in spec.steps) or "hold"
    lens = f" {spec.lens:g}mm" if spec.lens else ""
    angle = f" {spec.angle}" if spec.angle != "eye" else ""
    return f"{spec.size}{lens}{angle} {steps}".upper()


def draw_shot_info_strip(
    spec: ShotSpec, frame_index: int, fps: int, width: int, height: int
) -> Pixels:
    """A strip along the top: the shot as understood, and the time in the take."""
    size = min(width, height) * 0.030
    seconds, rest = divmod(frame_index, fps)
    clock = f"{seconds // 60:02d}:{seconds % 60:02d}:{rest:02d}"
    common = (
        f'y="{fmt(size * 1.35)}" font-family="JetBrains Mono" '
        f'font-size="{fmt(size)}" fill="#f4efe2"'
    )
    body = f'<rect width="{width}" height="{fmt(size * 2)}" fill="#0b0b0e" fill-opacity="0.45"/>'
    body += f'<text x="{fmt(size)}" {common}>{escape_xml(format_shot_label(spec))}</text>'
    body += f'<text x="{fmt(width - size)}" text-anchor="end" {common}>{clock}</text>'
    return render_svg(body, Box(0, 0, width, size * 2), 1.0)


def paste_text_picture(
    canvas: Pixels, text_pixels: Pixels, left: int, top: int, opacity: float = 1.0
) -> None:
    """Draws text on `canvas`; `top` and `left` are raised to 0 where needed."""
    top, left = max(0, top), max(0, left)
    high = min(text_pixels.shape[0], canvas.shape[0] - top)
    wide = min(text_pixels.shape[1], canvas.shape[1] - left)
    piece = text_pixels[:high, :wide]
    if opacity < 1:
        piece = cv2.convertScaleAbs(piece, alpha=opacity)
    composite_over(canvas[top : top + high, left : left + wide], piece)
