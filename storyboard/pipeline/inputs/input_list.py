"""Every file that a film names, with the place that names it."""

from __future__ import annotations

from collections.abc import Iterator

from storyboard.errors import Span
from storyboard.model.film import Film, MediaFile
from storyboard.model.shot_keys import FIELD_KEYS
from storyboard.model.sound import list_media_files


def list_inputs(film: Film) -> Iterator[tuple[MediaFile, Span]]:
    """Each file, and the text that names it; a file that is named twice comes twice."""
    for name, member in film.cast.items():
        outfits = [outfit.image for outfit in member.wardrobe if outfit.image]
        for file in (*member.images, *outfits):
            yield file, film.find_span(f"cast.{name}")
    for shot in film.shots:
        for key in FIELD_KEYS:
            for file in list_media_files(key.read_value(shot)):
                yield file, shot.find_span(key.name)
    for number, cue in enumerate(film.music):
        for file in list_media_files(cue):
            yield file, film.find_span(f"sound.music[{number}].file")
    for number, title in enumerate(film.titles):
        if title.image is not None:
            yield title.image, film.find_span(f"titles[{number}].image")
