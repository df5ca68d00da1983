"""Reports text of a film that can't be typeset, before anything is made.

It is checked for the delivered frame, since a proxy shows whatever its film can. Words that a model
has yet to write are unknown here; stitching checks them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from storyboard.diagnostics.formatting import format_value
from storyboard.errors import Diagnostic, Severity, Span
from storyboard.model.film import Film, TitleCue
from storyboard.stitching.media.yuv import Size
from storyboard.stitching.text.fonts import FontSet, read_font_face
from storyboard.stitching.text.overlay_pictures import USUAL_WIDTH, place_picture
from storyboard.stitching.text.title_timing import choose_fonts
from storyboard.stitching.text.titles import typeset_title_block
from storyboard.stitching.text.typesetting import (
    HAIR_SPACE,
    Block,
    Type,
    compute_legible_size,
    find_machine_fonts,
    find_missing_letters,
    is_certain_to_fit,
    typeset_card,
)

_PLAYER = "use `subtitles: track` or `sidecar`: then the player shows the letters"
_SHOWN = 5
"""Letters that a message names with their numbers."""
_SCRIPTS = {
    "ARABIC": "NotoSansArabic.ttf",
    "HEBREW": "NotoSansHebrew.ttf",
    "DEVANAGARI": "NotoSansDevanagari.ttf",
    "BENGALI": "NotoSansBengali.ttf",
    "TAMIL": "NotoSansTamil.ttf",
    "THAI": "NotoSansThai.ttf",
    "HANGUL": "NotoSansKR.otf",
    "HIRAGANA": "NotoSansJP.otf",
    "KATAKANA": "NotoSansJP.otf",
    "CJK": "NotoSansSC.otf",
    "ARMENIAN": "NotoSansArmenian.ttf",
    "GEORGIAN": "NotoSansGeorgian.ttf",
}
"""Fonts that have the letters of a script, by the first word of their names."""


def check_film_typesetting(film: Film, size: Size) -> Iterator[Diagnostic]:
    """Text that can't be typeset in a frame of `size`, with its source position.

    A letter that no font has is an error in burnt subtitles, and a warning on cards and titles,
    which show boxes; too much text for one picture is an error.
    """
    fonts = FontSet(tuple(file.path for file in film.fonts))
    unreadable = [
        *(
            (film.find_span(f"fonts[{n}]"), _find_font_problem(file.path))
            for n, file in enumerate(film.fonts)
        ),
        *(
            (film.find_span(f"styles.{name}.font"), _find_font_problem(style.font.path))
            for name, style in film.styles.items()
            if style.font
        ),
    ]
    if problems := [(place, problem) for place, problem in unreadable if problem]:
        for place, problem in problems:
            yield Diagnostic("SB505", problem, place, "use a TTF, OTF or TTC file")
        return
    for shot in film.cut:
        if shot.card:
            place = shot.find_span("card")
            yield from _check_letters(shot.card, place, fonts)
            typeset = partial(typeset_card, shot.card, type_=Type(fonts))
            yield from _check_text_fits("card", typeset, size, [(place, shot.card)])
    for n, title in enumerate(film.titles):
        title_fonts = choose_fonts(title.look, fonts)
        texts = [(film.find_span(f"titles[{n}].text"), title.text)] if title.text else []
        texts += [
            (film.find_span(f"titles[{n}].credits[{row}]"), line)
            for row, line in enumerate(title.credits)
        ]
        for place, text in texts:
            yield from _check_letters(text, place, title_fonts)
        if title.image is not None:
            yield from _check_picture_fits(film, n, title, size)
            continue
        typeset = partial(typeset_title_block, title, fonts=title_fonts)
        yield from _check_text_fits("title", typeset, size, texts, is_usual=not title.look.size)
    if film.subtitles == "burn":
        for place, words in _find_subtitle_words(film):
            if letters := find_missing_letters(words, fonts):
                message = f"this line can't be burnt in: no font has {_name_letters(letters)}"
                related = ((film.find_span("subtitles"), "subtitles are burnt in"),)
                hint = f"{_suggest_font(letters)}; or {_PLAYER}"
                yield Diagnostic("SB601", message, place, hint, related=related)


def _find_font_problem(path: Path) -> str:
    try:
        read_font_face(path)
    except ValueError as error:
        return str(error)
    return ""


def _find_subtitle_words(film: Film) -> Iterator[tuple[Span, str]]:
    """The words that become subtitles, with their source positions."""
    for shot in film.cut:
        for key, lines in (("dialogue", shot.dialogue), ("narration", shot.narration)):
            for n, line in enumerate(lines):
                yield shot.find_span(f"{key}[{n}].{line.speaker}"), line.words
    for n, cue in enumerate(film.narration):
        yield film.find_span(f"sound.narration[{n}].{cue.line.speaker}"), cue.line.words


def _check_letters(text: str, place: Span, fonts: FontSet) -> Iterator[Diagnostic]:
    if letters := find_missing_letters(text, fonts):
        message = f"no font has {_name_letters(letters)}: the film shows boxes instead"
        yield Diagnostic("SB601", message, place, _suggest_font(letters), Severity.WARNING)
    for path, letters in find_machine_fonts(text, fonts).items():
        sample = letters if len(letters) <= 2 * _SHOWN else letters[: 2 * _SHOWN] + "…"
        message = f"{sample} is drawn with this machine's {path.name}; others may not have it"
        yield Diagnostic("SB603", message, place, _copy_hint(path), Severity.NOTE)


def _name_letters(letters: str) -> str:
    """The first letters with their code points: `日 (U+65E5)`."""
    named = [f"{letter} (U+{ord(letter):04X})" for letter in letters[:_SHOWN]]
    more = len(letters) - _SHOWN
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _suggest_font(letters: str) -> str:
    names = [unicodedata.name(letter, "").split("-")[0].split(" ")[0] for letter in letters]
    # Kana tell Japanese from Chinese.
    names.sort(key=lambda name: name not in ("HIRAGANA", "KATAKANA"))
    font = next((_SCRIPTS[name] for name in names if name in _SCRIPTS), "FILE.ttf")
    return f"name a font that has these letters: `fonts: [fonts/{font}]`"


def _copy_hint(path: Path) -> str:
    return f"copy {path} into the film's folder and name it: `fonts: [fonts/{path.name}]`"


def _check_picture_fits(
    film: Film, number: int, title: TitleCue, size: Size
) -> Iterator[Diagnostic]:
    """A warning if a picture is made narrower than it says, to fit into the frame."""
    wanted = size[0] * (title.width or USUAL_WIDTH) / 100
    _, _, width, _ = place_picture(title, size)
    if width < wanted - 1:
        place = film.find_span(f"titles[{number}].width")
        message = f"this picture is taller than the frame at {title.width or USUAL_WIDTH:g} %"
        hint = f"width: {100 * width // size[0]}   # % of the frame's width"
        yield Diagnostic("SB602", message, place, hint, Severity.WARNING)


def _check_text_fits(
    text_kind: str,
    typeset: Callable[[Size, int], Block],
    size: Size,
    texts: Sequence[tuple[Span, str]],
    *,
    is_usual: bool = True,
) -> Iterator[Diagnostic]:
    """An error if `texts` together don't fit in the smallest legible type."""
    least = compute_legible_size(size)
    # The estimate needs no font, so most films are checked without loading it.
    if is_usual and is_certain_to_fit("\n".join(text for _, text in texts), size, least):
        return
    place = texts[0][0]
    block = typeset(size, least)
    frame = f"a frame of {size[0]}x{size[1]}"
    if block.width > block.across:
        longest = max(block.lines, key=lambda line: line.width)
        word = longest.text.replace(HAIR_SPACE, "")
        place = next((text_place for text_place, text in texts if word in text), place)
        letters = int(len(word) * block.across / block.width)
        message = f"{format_value(word)} is too long for {frame} in a readable size"
        hint = f"add a space: a line has room for about {letters} letters of it"
        yield Diagnostic("SB602", message, place, hint)
    elif not block.fits:
        room = int(block.down // block.lines[-1].height)
        message = (
            f"this {text_kind} is too long: {len(block.lines)} lines in the smallest readable size"
        )
        hint = f"write at most {room} lines for {frame}, or show them one after another"
        yield Diagnostic("SB602", message, place, hint)
