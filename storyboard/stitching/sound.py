"""The film's sound as samples: everything the cue sheet names, mixed for any part of the film.

What a part sounds like depends on nothing outside it, so parts are rendered alone, in any order,
and kept. Each sound is opened where the part begins and closed where it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from storyboard.errors import MediaError, StitchError
from storyboard.film import Line
from storyboard.stitching.cuesheet import CueSheet
from storyboard.stitching.pcm import (
    RATE,
    Reader,
    Samples,
    WavWriter,
    decoded,
    jumps,
    looped,
    silence,
)
from storyboard.stitching.pieces import DECLICK, Piece, Ramp

_BLOCK = 10 * RATE
_NEAR = 10 * RATE
"""What stands before here in a file is read through, beyond it a reader jumps."""
_ATTACK = RATE * 150 // 1000
_RELEASE = RATE * 400 // 1000
_SOON = RATE // 10
"""Pauses that leave less than this at full level stay ducked."""
_STEP = 72
"""Samples in which a step at a seam melts away."""

_EMPTY = "export it again, or take it out of the film"

Gain = NDArray[np.float32]


class Bed(Protocol):
    """Makes a bed from words: stereo (n, 2) float32 at 48 kHz, n = round(seconds * 48000).

    A function of its clock: the piece from `start_s` on is what a longer one has there. Words
    that begin with `music: ` want music.
    """

    def __call__(
        self, words: str, seconds: float, seed: int, start_s: float = 0.0, /
    ) -> NDArray[np.float32]: ...


class Murmur(Protocol):
    """Speaks a line in a cast member's voice (its words in the film): (n, 2) float32, 48 kHz."""

    def __call__(self, line: Line, voice: str, /) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the mix."""

    samples: Samples
    ended: Mapping[int, int]
    """By the piece's place in the cue sheet, the film sample where its file ended too soon."""


@dataclass(slots=True)
class Sounds:
    """Opens what the pieces of one film name.

    `folder` takes copies of files in which no reader can jump, and of those that loop; they go
    with the folder.
    """

    folder: Path
    beds: Bed | None = None
    murmur: Murmur | None = None
    voices: Mapping[str, str] = field(default_factory=dict)
    """By cast name, the voice's words."""
    laid: Mapping[Path, str] = field(default_factory=dict)
    """By path, where the film names a file that it lays itself; the others are takes."""
    takes: Mapping[Path, str] = field(default_factory=dict)
    """By path, whose take a file is."""
    _copies: dict[Path, Path] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def open(self, piece: Piece) -> Iterator[Samples]:
        """The samples of a piece from its `source` on.

        Raises StitchError for words that nobody makes, MediaError for a file that can't be read.
        """
        if piece.path is not None:
            return self._file(piece.path, piece)
        if piece.line is not None and self.murmur is not None:
            spoken = self.murmur(piece.line, self.voices.get(piece.line.speaker, ""))
            return iter([spoken[piece.source :]])
        if self.beds is None:
            raise StitchError(
                f"nothing here makes the sound {piece.make!r}",
                hint="give a file instead: {file: sound.wav}",
            )
        return _made(piece, self.beds)

    def _file(self, path: Path, piece: Piece) -> Iterator[Samples]:
        """The samples of its file; what is wrong with it is told with its place in the film."""
        empty = path in self.laid and not piece.source
        try:
            if piece.loops:
                yield from looped(self._copy(path), piece.source)
            near = piece.source <= _NEAR or jumps(path)
            for samples in decoded(path if near else self._copy(path), piece.source):
                empty = False
                yield samples
            if empty:
                raise MediaError(f"{path} has no sound", hint=_EMPTY)
        except MediaError as error:
            place = self.laid.get(path) or f"the take of {self.takes.get(path, 'a shot')}"
            raise MediaError(f"{place}: {error}", hint=error.hint, log=error.log) from error

    def _copy(self, path: Path) -> Path:
        with self._lock:
            if path not in self._copies:
                copy = self.folder / f"copy{len(self._copies)}.wav"
                with WavWriter(copy) as wav:
                    for block in decoded(path):
                        wav.write(block)
                if not wav.samples:
                    raise MediaError(f"{path} has no sound", hint=_EMPTY)
                self._copies[path] = copy
            return self._copies[path]


def mixed(sheet: CueSheet, sounds: Sounds, first: int, last: int) -> Part:
    """Film samples [first, last) of the mix, before any levelling."""
    block = silence(last - first)
    duck = Duck(sheet.speech)
    ends: dict[int, Samples] = {}  # the last two samples of what goes on there
    ended: dict[int, int] = {}
    for number in sounding(sheet, first, last):
        piece = sheet.pieces[number]
        playing = _Playing(cropped(piece, first, last), Reader(sounds.open(_from(piece, first))))
        try:
            playing.play(block, first, duck, ends)
        finally:
            playing.reader.close()
        if playing.ended_at is not None:
            ended[number] = playing.ended_at
    return Part(block, ended)


def sounding(sheet: CueSheet, first: int, last: int) -> list[int]:
    """The places in the sheet of the pieces that sound in [first, last), by their start."""
    found = [n for n, piece in enumerate(sheet.pieces) if piece.start < last and piece.end > first]
    return sorted(found, key=lambda n: (sheet.pieces[n].start, sheet.pieces[n].end))


def cropped(piece: Piece, first: int, last: int) -> Piece:
    """The part of a piece that sounds in [first, last); its ramps stand where they stood."""
    ahead = max(0, first - piece.start)
    return replace(
        piece,
        start=piece.start + ahead,
        end=min(piece.end, last),
        source=piece.source + ahead,
        seamless=piece.seamless and not ahead,
        goes_on=piece.goes_on and piece.end <= last,
    )


def _from(piece: Piece, first: int) -> Piece:
    return replace(piece, source=piece.source + max(0, first - piece.start))


class _Playing:
    """A piece while it sounds."""

    def __init__(self, piece: Piece, reader: Reader) -> None:
        self.piece = piece
        self.reader = reader
        self.ended_at: int | None = None

    def play(
        self,
        block: Samples,
        start: int,
        duck: Duck,
        ends: dict[int, Samples],
    ) -> None:
        """Adds itself to the block that begins at film sample `start` and holds all of it."""
        piece = self.piece
        first, last = piece.start, piece.end
        sound = self.reader.read(last - first) * np.float32(10 ** (piece.gain_db / 20))
        if self.reader.ended and self.reader.given < last - first:
            stop = self.ended_at = first + self.reader.given
            _fade(sound, Ramp(max(first, stop - DECLICK), stop, False), first)
        for ramp in piece.ramps:
            _fade(sound, ramp, first)
        if piece.duck_db:
            sound *= duck.gain(piece.duck_db, first, last)[:, None]
        if piece.seamless and first in ends:
            _melt_step(ends.pop(first), sound)
        if piece.goes_on and len(sound) > 1:
            ends[last] = sound[-2:].copy()
        block[first - start : last - start] += sound


def _made(piece: Piece, beds: Bed) -> Iterator[Samples]:
    """A bed, always made in the same stretches of its clock, wherever it is begun."""
    at = piece.source // _BLOCK * _BLOCK
    skip, end = piece.source - at, piece.source + piece.end - piece.start
    while at < end:
        yield beds(piece.make, _BLOCK / RATE, piece.seed, at / RATE)[skip:]
        at, skip = at + _BLOCK, 0


def _fade(sound: Samples, ramp: Ramp, at: int) -> None:
    """Applies a ramp to `sound`, which stands at film sample `at`."""
    size = max(1, ramp.end - ramp.start)
    first = min(max(ramp.start - at, 0), len(sound))
    last = min(max(ramp.end - at, first), len(sound))
    share = (np.arange(first, last, dtype=np.float32) + (at - ramp.start + 0.5)) / size
    if not ramp.rising:
        share = 1 - share
    gain = share if ramp.linear else np.sin(share * np.float32(np.pi / 2))
    sound[first:last] *= gain[:, None]
    if ramp.rising:
        sound[:first] = 0
    else:
        sound[last:] = 0


def _melt_step(ending: Samples, sound: Samples) -> None:
    """Takes the step out of a seam: what lies between where the sound before stood and where it
    was heading is none.
    """
    stood, heading = ending[1], 2 * ending[1] - ending[0]
    wanted = np.clip(sound[0], np.minimum(stood, heading), np.maximum(stood, heading))
    n = min(_STEP, len(sound))
    melting = np.linspace(1, 0, n, endpoint=False, dtype=np.float32) ** 2
    sound[:n] += melting[:, None] * (wanted - sound[0])


class Duck:
    """Gives way to speech: down before a line, held through short pauses, up again after it."""

    def __init__(self, speech: Sequence[tuple[int, int]]) -> None:
        held: list[list[int]] = []
        for start, end in speech:
            if held and start - held[-1][1] < _ATTACK + _RELEASE + _SOON:
                held[-1][1] = end
            else:
                held.append([start, end])
        self.held = tuple((start - _ATTACK, end + _RELEASE) for start, end in held)
        """Where it is down, on its way down or on its way up."""
        self._places = [at for s, e in held for at in (s - _ATTACK, s, e, e + _RELEASE)]
        self._depths = [0.0, 1.0, 1.0, 0.0] * len(held)

    def gain(self, duck_db: float, first: int, last: int) -> Gain:
        """The gain for film samples [first, last)."""
        if not self._places:
            return np.ones(last - first, dtype=np.float32)
        share = np.interp(np.arange(first, last), self._places, self._depths)
        soft = share * share * (3 - 2 * share)
        return (10 ** (-duck_db / 20 * soft)).astype(np.float32)
