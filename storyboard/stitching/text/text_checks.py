"""Reports text of a film that can't be typeset, before anything is made.

It is checked for the delivered frame, since a proxy shows whatever its film can. Words that a model
has yet to write are unknown here; stitching checks them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from storyboard.diagnostics.formatting import format_value
from storyboard.errors import Diagnostic, Severity, Span
from storyboard.model.film import Film
from storyboard.stitching.media.yuv import Size
from storyboard.stitching.text.titles import typeset_title_block
from storyboard.stitching.text.typesetting import (
    HAIR_SPACE,
    Block,
    compute_legible_size,
    find_missing_letters,
    is_certain_to_fit,
    measure_text_width,
    typeset_card,
)

_BOXES = "use Latin, Greek and Cyrillic letters"
_PLAYER = "use `subtitles: track` or `sidecar`: then the player shows the letters"


def check_film_typesetting(film: Film, size: Size) -> Iterator[Diagnostic]:
    """Text that can't be typeset in a frame of `size`, with its source position.

    A letter that the font lacks is an error in burnt subtitles, and a warning on cards and titles,
    which show boxes; too much text for one picture is an error.
    """
    for shot in film.cut:
        if shot.card:
            place = shot.find_span("card")
            yield from _warn_missing_letters(shot.card, place)
            yield from _check_text_fits(
                "card", partial(typeset_card, shot.card), size, [(place, shot.card)]
            )
    for n, title in enumerate(film.titles):
        texts = [(film.find_span(f"titles[{n}].text"), title.text)] if title.text else []
        texts += [
            (film.find_span(f"titles[{n}].credits[{row}]"), line)
            for row, line in enumerate(title.credits)
        ]
        for place, text in texts:
            yield from _warn_missing_letters(text, place)
        yield from _check_text_fits("title", partial(typeset_title_block, title), size, texts)
    if film.subtitles == "burn":
        for place, words in _find_subtitle_words(film):
            if letters := find_missing_letters(words):
                message = f"this line can't be burnt in: the font doesn't have {' '.join(letters)}"
                related = ((film.find_span("subtitles"), "subtitles are burnt in"),)
                yield Diagnostic("SB601", message, place, _PLAYER, related=related)


def _find_subtitle_words(film: Film) -> Iterator[tuple[Span, str]]:
    """The words that become subtitles, with their source positions."""
    for shot in film.cut:
        for key, lines in (("dialogue", shot.dialogue), ("narration", shot.narration)):
            for n, line in enumerate(lines):
                yield shot.find_span(f"{key}[{n}].{line.speaker}"), line.words
    for n, cue in enumerate(film.narration):
        yield film.find_span(f"sound.narration[{n}].{cue.line.speaker}"), cue.line.words


def _warn_missing_letters(text: str, place: Span) -> Iterator[Diagnostic]:
    if letters := find_missing_letters(text):
        message = f"the font doesn't have {' '.join(letters)}: the film shows boxes instead"
        yield Diagnostic("SB601", message, place, _BOXES, Severity.WARNING)


def _check_text_fits(
    text_kind: str,
    typeset: Callable[[Size, int], Block],
    size: Size,
    texts: Sequence[tuple[Span, str]],
) -> Iterator[Diagnostic]:
    """An error if `texts` together don't fit in the smallest legible type."""
    least = compute_legible_size(size)
    # The estimate needs no font, so most films are checked without loading it.
    if is_certain_to_fit("\n".join(text for _, text in texts), size, least):
        return
    place = texts[0][0]
    block = typeset(size, least)
    frame = f"a frame of {size[0]}x{size[1]}"
    if block.width > block.across:
        longest = max(block.lines, key=lambda line: measure_text_width(line.text, line.size))
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
