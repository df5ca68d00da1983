"""Whether what a provider delivered is what was asked for; a lying clip never enters the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storyboard.errors import OperationFailed
from storyboard.film import MediaFacts
from storyboard.providers.base import Kind, Sample
from storyboard.timecode import Rate

_BLOCK = 16
_LEEWAY = 2
"""Frames that a take may be shorter or longer than asked."""

_PICTURES = (Kind.STILL, Kind.FRAME, Kind.TITLE)
MOVING = (Kind.GENERATE, Kind.INTERPOLATE, Kind.EXTEND, Kind.IMPORT, Kind.CONFORM, Kind.EFFECT)
SUFFIX = {Kind.STILL: ".png", Kind.WRITE: ".txt", Kind.SPEECH: ".wav"}
"""The file name's end where a sample has none; else `.mp4`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found in the media of one sample."""

    facts: MediaFacts
    contains_source: bool = False
    source_frames: int = 0
    note: str = ""
    """What a person should know of it."""


def prove(
    facts: MediaFacts,
    sample: Sample,
    kind: Kind,
    *,
    path: Path,
    rate: Rate,
    buys_frames: int,
    given_frames: int,
    size: tuple[int, int] = (0, 0),
    measured: Callable[[int], int | None] = int,
) -> Proof:
    """Checks a delivered file against what was bought; `rate` is the film's.

    Finds where an extension's own material begins: `measured` tells of about so many frames how
    many really are its source's, None when none is. `size` is what was asked, (0, 0) where any
    will do. Raises OperationFailed for a file of the wrong kind, length or size.
    """
    if path.stat().st_size == 0:
        raise OperationFailed("an empty file was delivered", hint=_AGAIN)
    if kind in _PICTURES and facts.frames != 1:
        raise OperationFailed(f"asked for a picture, got {facts.frames} frames", hint=_AGAIN)
    if kind is Kind.SPEECH and not facts.has_audio:
        raise OperationFailed("asked for speech, got a file without sound", hint=_AGAIN)
    if kind is Kind.WRITE:
        _readable(path)
    if kind not in MOVING:
        return Proof(facts)
    if facts.frames < 2:
        raise OperationFailed("asked for moving pictures, got none", hint=_AGAIN)
    if any(size) and not _as_large(facts, size):
        raise OperationFailed(
            f"asked for {size[0]}x{size[1]}, got {facts.width}x{facts.height}", hint=_AGAIN
        )
    native = facts.rate or rate
    wanted = native.frames(rate.seconds(buys_frames)) if buys_frames else facts.frames
    if kind is Kind.EXTEND:
        return _extension(facts, sample, wanted, given_frames, measured)
    if abs(facts.frames - wanted) > _LEEWAY:
        raise OperationFailed(
            f"asked for {wanted} frames, got {facts.frames}",
            hint="nothing was kept; render again asks once more",
        )
    return Proof(facts)


def _readable(path: Path) -> None:
    try:
        words = path.read_text("utf-8").split()
    except UnicodeDecodeError as error:
        raise OperationFailed("asked for words, got no UTF-8 text", hint=_AGAIN) from error
    if not words:
        raise OperationFailed("asked for words, got none", hint=_AGAIN)


def _as_large(facts: MediaFacts, size: tuple[int, int]) -> bool:
    """Whether a picture has the size; coders may round a side up to whole blocks."""
    pairs = zip((facts.width, facts.height), size, strict=True)
    return all(0 <= found - asked < _BLOCK for found, asked in pairs)


def _extension(
    facts: MediaFacts,
    sample: Sample,
    wanted: int,
    given: int,
    measured: Callable[[int], int | None],
) -> Proof:
    said = sample.source_frames or (given if sample.contains_source else 0)
    for source in dict.fromkeys((said, given, 0)):
        if abs(facts.frames - source - wanted) > _LEEWAY:
            continue
        found = measured(source) if source else 0
        if found is None:
            return Proof(
                facts, note=f"its first {source} frames are not its source's; all of it is new"
            )
        if abs(facts.frames - found - wanted) > _LEEWAY:
            found = source
        note = ""
        if given and not found:
            note = "the result does not begin with its source; all of it is taken as new"
        elif found != (said or source):
            note = f"the result begins with {found} frames of its source"
        return Proof(facts, found > 0, found, note)
    raise OperationFailed(
        f"asked for {wanted} new frames after {given}, got {facts.frames} in all",
        hint="nothing was kept; render again asks once more",
    )


_AGAIN = "nothing was kept; render again asks once more"
