"""Whether what a provider delivered is what was asked for; a lying clip never enters the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storyboard.errors import OperationFailed
from storyboard.model.film import MediaFacts
from storyboard.providers.base import Kind, Sample
from storyboard.timecode import Rate

_BLOCK = 16
_LEEWAY = 2
"""Frames that a take may be shorter or longer than asked."""

_STILL_KINDS = (Kind.STILL, Kind.FRAME, Kind.TITLE)
MOVING_KINDS = (
    Kind.GENERATE,
    Kind.INTERPOLATE,
    Kind.EXTEND,
    Kind.IMPORT,
    Kind.CONFORM,
    Kind.EFFECT,
)
SUFFIXES = {Kind.STILL: ".png", Kind.WRITE: ".txt", Kind.SPEECH: ".wav"}
"""The file name's end where a sample has none; else `.mp4`."""


@dataclass(frozen=True, slots=True)
class AcceptedMedia:
    """What was found in the media of one sample."""

    facts: MediaFacts
    contains_source: bool = False
    source_frames: int = 0
    note: str = ""
    """What a person should know of it."""


def check_delivery(
    facts: MediaFacts,
    sample: Sample,
    kind: Kind,
    *,
    path: Path,
    film_rate: Rate,
    bought_frames: int,
    extended_frames: int,
    requested_size: tuple[int, int] = (0, 0),
    count_source_frames: Callable[[int], int | None] = int,
) -> AcceptedMedia:
    """Checks a delivered file against what was bought; `film_rate` is the film's.

    Finds where an extension's own material begins: `count_source_frames` tells of about so many
    frames how many really are its source's, None when none is. `requested_size` is what was asked,
    (0, 0) where any will do. Raises OperationFailed for a file of the wrong kind, length or size.
    """
    if path.stat().st_size == 0:
        raise OperationFailed("the provider delivered an empty file", hint=_RETRY_HINT)
    if kind in _STILL_KINDS and facts.frames != 1:
        raise OperationFailed(
            f"the result is not an image: it has {facts.frames} frames", hint=_RETRY_HINT
        )
    if kind is Kind.SPEECH and not facts.has_audio:
        raise OperationFailed("the result is not speech: the file has no sound", hint=_RETRY_HINT)
    if kind is Kind.WRITE:
        _check_text_file(path)
    if kind not in MOVING_KINDS:
        return AcceptedMedia(facts)
    if facts.frames < 2:
        raise OperationFailed("the result contains no video", hint=_RETRY_HINT)
    if any(requested_size) and not _has_requested_size(facts, requested_size):
        raise OperationFailed(
            f"the result has the wrong size: {facts.width}x{facts.height}, not "
            f"{requested_size[0]}x{requested_size[1]}",
            hint=_RETRY_HINT,
        )
    native = facts.rate or film_rate
    expected_frames = (
        native.to_frames(film_rate.to_seconds(bought_frames)) if bought_frames else facts.frames
    )
    if kind is Kind.EXTEND:
        return _check_extension(
            facts, sample, expected_frames, extended_frames, count_source_frames
        )
    if abs(facts.frames - expected_frames) > _LEEWAY:
        raise OperationFailed(
            f"the result has the wrong length: {facts.frames} frames, not {expected_frames}",
            hint="render again to submit it once more; the result was not kept",
        )
    return AcceptedMedia(facts)


def _check_text_file(path: Path) -> None:
    try:
        words = path.read_text("utf-8").split()
    except UnicodeDecodeError as error:
        raise OperationFailed("the result is not UTF-8 text", hint=_RETRY_HINT) from error
    if not words:
        raise OperationFailed("the result contains no text", hint=_RETRY_HINT)


def _has_requested_size(facts: MediaFacts, requested_size: tuple[int, int]) -> bool:
    """Whether a picture has the size; coders may round a side up to whole blocks."""
    pairs = zip((facts.width, facts.height), requested_size, strict=True)
    return all(0 <= actual - expected < _BLOCK for actual, expected in pairs)


def _check_extension(
    facts: MediaFacts,
    sample: Sample,
    bought_frames: int,
    extended_frames: int,
    count_source_frames: Callable[[int], int | None],
) -> AcceptedMedia:
    claimed_frames = sample.source_frames or (extended_frames if sample.contains_source else 0)
    for source_frames in dict.fromkeys((claimed_frames, extended_frames, 0)):
        if abs(facts.frames - source_frames - bought_frames) > _LEEWAY:
            continue
        measured_frames = count_source_frames(source_frames) if source_frames else 0
        if measured_frames is None:
            return AcceptedMedia(
                facts,
                note=f"the first {source_frames} frames don't match the source take; the whole "
                "result counts as new",
            )
        if abs(facts.frames - measured_frames - bought_frames) > _LEEWAY:
            measured_frames = source_frames
        note = ""
        if extended_frames and not measured_frames:
            note = "the result doesn't start with the source take; the whole result counts as new"
        elif measured_frames != (claimed_frames or source_frames):
            note = f"the result starts with {measured_frames} frames of the source take"
        return AcceptedMedia(facts, measured_frames > 0, measured_frames, note)
    raise OperationFailed(
        f"the result has the wrong length: {facts.frames} frames, not {extended_frames} and "
        f"{bought_frames} new ones",
        hint="render again to submit it once more; the result was not kept",
    )


_RETRY_HINT = "render again to submit it once more; the result was not kept"
