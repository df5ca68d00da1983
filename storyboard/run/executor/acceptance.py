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
        raise OperationFailed("an empty file was delivered", hint=_RETRY_HINT)
    if kind in _STILL_KINDS and facts.frames != 1:
        raise OperationFailed(f"asked for a picture, got {facts.frames} frames", hint=_RETRY_HINT)
    if kind is Kind.SPEECH and not facts.has_audio:
        raise OperationFailed("asked for speech, got a file without sound", hint=_RETRY_HINT)
    if kind is Kind.WRITE:
        _check_text_file(path)
    if kind not in MOVING_KINDS:
        return AcceptedMedia(facts)
    if facts.frames < 2:
        raise OperationFailed("asked for moving pictures, got none", hint=_RETRY_HINT)
    if any(requested_size) and not _has_requested_size(facts, requested_size):
        raise OperationFailed(
            f"asked for {requested_size[0]}x{requested_size[1]}, got {facts.width}x{facts.height}",
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
            f"asked for {expected_frames} frames, got {facts.frames}",
            hint="nothing was kept; render again asks once more",
        )
    return AcceptedMedia(facts)


def _check_text_file(path: Path) -> None:
    try:
        words = path.read_text("utf-8").split()
    except UnicodeDecodeError as error:
        raise OperationFailed("asked for words, got no UTF-8 text", hint=_RETRY_HINT) from error
    if not words:
        raise OperationFailed("asked for words, got none", hint=_RETRY_HINT)


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
                note=f"its first {source_frames} frames are not its source's; all of it is new",
            )
        if abs(facts.frames - measured_frames - bought_frames) > _LEEWAY:
            measured_frames = source_frames
        note = ""
        if extended_frames and not measured_frames:
            note = "the result does not begin with its source; all of it is taken as new"
        elif measured_frames != (claimed_frames or source_frames):
            note = f"the result begins with {measured_frames} frames of its source"
        return AcceptedMedia(facts, measured_frames > 0, measured_frames, note)
    raise OperationFailed(
        f"asked for {bought_frames} new frames after {extended_frames}, got {facts.frames} in all",
        hint="nothing was kept; render again asks once more",
    )


_RETRY_HINT = "nothing was kept; render again asks once more"
