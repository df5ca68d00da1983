"""Timing of titles: which film frames they cover, how they fade, and how credits roll.

A title is stored as planes multiplied by its alpha, so drawing it is a multiply and an add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storyboard.digest import Value, hash_file
from storyboard.errors import StitchError
from storyboard.graph.timeline import Timeline
from storyboard.model.film import TextStyle, TitleCue
from storyboard.stitching.media.yuv import Frame, Size, split_planes, to_yuv_frame
from storyboard.stitching.text.fonts import OURS, FontSet
from storyboard.stitching.text.titles import SUBTITLE, SUBTITLE_OFF, draw_title
from storyboard.timecode import FrameRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FADE = 12
"""Frames over which a title fades in and out; fewer if it is short."""


@dataclass(frozen=True, slots=True)
class PlacedTitle:
    """A title and the film frames that show it."""

    title: TitleCue
    span: FrameRange
    lift: int = 0
    """Pixels, an even number, above the place that its style gives."""
    fonts: FontSet = OURS

    def identify_look(self) -> list[Value]:
        """What its picture depends on besides its words and their time."""
        title = self.title
        look, image = title.look, title.image
        fonts = self.fonts.identify("\n".join((title.text, *title.credits)))
        named: dict[str, Value] = {
            "fonts": list(fonts),
            "size": look.size,
            "color": look.color,
            "pos": look.pos if isinstance(look.pos, str) else list(look.pos),
            "box": look.box,
            "fade": look.fade,
            "image": hash_file(image.path) if image else "",
            "width": title.width,
        }
        usual = {"fonts": [], "size": 0.0, "color": "", "pos": "", "box": "", "fade": None,
                 "image": "", "width": 0.0}  # fmt: skip
        return [[name, value] for name, value in named.items() if value != usual[name]]

    def compute_opacity(self, film_frame: int) -> float:
        """How opaque it is at `film_frame` while it fades in or out; subtitles fade only
        where their style says so.
        """
        wanted = self.title.look.fade
        if wanted is None:
            wanted = 0 if self.title.style in (SUBTITLE, SUBTITLE_OFF) else FADE
        fade = min(wanted, self.span.length // 3)
        away = min(film_frame - self.span.start, self.span.end - 1 - film_frame)
        return min(1.0, (away + 1) / (fade + 1))


def place_titles(
    titles: Sequence[TitleCue], timeline: Timeline, fonts: FontSet = OURS
) -> tuple[PlacedTitle, ...]:
    """The titles with their film frames, in order; parts after the film's end are cut off."""
    result: list[PlacedTitle] = []
    for title in titles:
        try:
            start = timeline.resolve_anchor(title.at)
        except KeyError as error:
            raise StitchError(
                f"the title {title.text or 'with credits'!r} starts at {title.at.shot}, which "
                "is not in the cut"
            ) from error
        end = min(start + title.length, timeline.length)
        if end > start:
            span = FrameRange(start, end)
            result.append(PlacedTitle(title, span, fonts=choose_fonts(title.look, fonts)))
    return tuple(sorted(result, key=lambda placed_title: placed_title.span.start))


def choose_fonts(look: TextStyle, film_fonts: FontSet) -> FontSet:
    """The fonts of a text: its style's first, then the film's."""
    return FontSet((look.font.path, *film_fonts.files)) if look.font else film_fonts


class Overlays:
    """Draws titles on the frames of a film, in one forward pass."""

    def __init__(self, titles: Sequence[PlacedTitle], size: Size) -> None:
        self._waiting = list(titles)
        self._size = size
        self._shown: list[tuple[PlacedTitle, Layer]] = []

    def draw_titles(self, frame: Frame, film_frame: int) -> Frame:
        """`frame` itself, or a copy with the titles of `film_frame`."""
        while self._waiting and self._waiting[0].span.start <= film_frame:
            placed_title = self._waiting.pop(0)
            picture = draw_title(placed_title.title, self._size, placed_title.fonts)
            self._shown.append((placed_title, Layer(picture)))
        self._shown = [pair for pair in self._shown if film_frame < pair[0].span.end]
        if not self._shown:
            return frame
        picture = frame.copy()
        for placed_title, layer in self._shown:
            # Taller than the frame: roll it from just below the frame until it has left at the top.
            if layer.height > self._size[1]:
                progress = (film_frame - placed_title.span.start + 0.5) / placed_title.span.length
                layer.blend_onto(
                    picture, 1, self._size[1] - progress * (self._size[1] + layer.height)
                )
            else:
                layer.blend_onto(
                    picture, placed_title.compute_opacity(film_frame), -placed_title.lift
                )
        return picture


class Layer:
    """A picture with alpha, ready to be drawn on frames."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        import cv2
        import numpy as np

        self.height = picture.shape[0]
        alpha = picture[..., 3]
        self._left, right, self._top, bottom = _find_even_visible_bounds(alpha)
        picture = picture[self._top : bottom, self._left : right]
        alpha = np.ascontiguousarray(picture[..., 3])
        # Chroma planes have half the size, so their alpha is averaged to it.
        half = cv2.resize(
            alpha, (alpha.shape[1] // 2, alpha.shape[0] // 2), interpolation=cv2.INTER_AREA
        )
        planes = split_planes(to_yuv_frame(np.ascontiguousarray(picture[..., :3])))
        self._alphas = (alpha, half, half)
        self._planes = tuple(
            cv2.multiply(plane, mask, scale=1 / 255)
            for plane, mask in zip(planes, self._alphas, strict=True)
        )

    def blend_onto(self, frame: Frame, opacity: float, offset_down: float = 0.0) -> None:
        """Draws it on `frame`, in place, with `opacity`, `offset_down` pixels lower."""
        import cv2

        for step, plane, mask, target in zip(
            (1, 2, 2), self._planes, self._alphas, split_planes(frame), strict=True
        ):
            # While credits roll, the top is between rows: draw every row that the layer touches in
            # part.
            left, down = self._left // step, (self._top + offset_down) / step
            first = max(0, int(down // 1))
            columns = slice(left, left + plane.shape[1])
            area = target[first : max(first, int(-(-(down + plane.shape[0]) // 1))), columns]
            if not area.size:
                continue
            light, cover = (
                _sample_rows(source_plane, area.shape[0], first - down)
                for source_plane in (plane, mask)
            )
            # Premultiplied light and alpha fade together.
            if opacity < 1:
                light, cover = (
                    cv2.convertScaleAbs(source_plane, alpha=opacity)
                    for source_plane in (light, cover)
                )
            area[...] = cv2.add(cv2.multiply(area, 255 - cover, scale=1 / 255), light)


def _sample_rows(plane: NDArray[np.uint8], rows: int, start: float) -> NDArray[np.uint8]:
    """`rows` rows of `plane` from row `start`, which may be between two rows, or outside."""
    import cv2
    import numpy as np

    if start == 0 and rows == plane.shape[0]:
        return plane
    first = int(start // 1)
    inside = plane[max(0, first) : max(0, first + rows + 1)]
    shift = np.array([[1, 0, 0], [0, 1, max(0, first) - start]], np.float32)
    moved = cv2.warpAffine(inside, shift, (plane.shape[1], rows), flags=cv2.INTER_LINEAR)
    return np.asarray(moved, np.uint8)


def _find_even_visible_bounds(alpha: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """(left, right, top, bottom) of everything visible, on even pixels."""
    import numpy as np

    columns, rows = np.flatnonzero(alpha.any(axis=0)), np.flatnonzero(alpha.any(axis=1))
    if not len(columns):
        # An empty layer still needs one block of chroma.
        return 0, 2, 0, 2
    left, top = int(columns[0]) // 2 * 2, int(rows[0]) // 2 * 2
    return left, int(columns[-1]) // 2 * 2 + 2, top, int(rows[-1]) // 2 * 2 + 2
