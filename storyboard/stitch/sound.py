"""The film's sound: everything the cue sheet names in one stereo WAV, at the film's loudness.

It is rendered once, forward and in blocks, so memory does not grow with the film. Each sound is
opened when it first plays and closed when it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from storyboard.errors import StitchError
from storyboard.film import Film, Line
from storyboard.graph.timeline import Timeline
from storyboard.stitch.cuesheet import CueSheet, cue_sheet
from storyboard.stitch.loudness import CODEC_MARGIN_DB, level
from storyboard.stitch.pcm import RATE, Reader, Samples, WavWriter, decoded, looped, silence
from storyboard.stitch.pieces import DECLICK, Piece, Ramp, Track

_BLOCK = 10 * RATE
_ATTACK = RATE * 150 // 1000
_RELEASE = RATE * 400 // 1000
_SOON = RATE // 10
"""Pauses that leave less than this at full level stay ducked."""
_STEP = 72
"""Samples in which a step at a seam melts away."""
_WORTH_A_NOTE = RATE // 10

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
class MixFacts:
    """What was mixed."""

    samples: int
    lufs: float
    """Integrated; -70 is silence."""
    true_peak_db: float
    """dBTP, before AAC; -120 is silence."""
    lra: float
    gain_db: float
    """What the whole mix was raised or lowered by."""
    limited_s: float = 0.0
    """Seconds in which the limiter worked."""
    notes: tuple[str, ...] = ()


def mix(
    film: Film,
    timeline: Timeline,
    tracks: Mapping[str, Track],
    out: Path,
    *,
    scratch: Path,
    beds: Bed | None = None,
    murmur: Murmur | None = None,
    margin_db: float = CODEC_MARGIN_DB,
) -> MixFacts:
    """Writes the film's sound to `out`: stereo float WAV, 48 kHz, as long as the timeline.

    `tracks` is keyed by step id; a step without one, or without sound, is silent. `beds` makes
    what `ambience` and `music` say in words, `murmur` the lines that no take speaks (they stay
    silent without it). True peaks keep `margin_db` below the film's ceiling, since AAC overshoots.
    `scratch` holds one unlevelled copy meanwhile. Raises StitchError for words without `beds`,
    MediaError when a file can't be read.
    """
    sheet = cue_sheet(film, timeline, tracks, voiced=murmur is not None)
    voices = {name: member.voice for name, member in film.cast.items()}
    raw = scratch / f"{out.stem}.raw.wav"
    notes = list(sheet.notes)
    try:
        with WavWriter(raw) as wav:
            for block in _rendered(sheet, beds, murmur, voices, notes):
                wav.write(block)
        done = level(raw, out, film.loudness, margin_db=margin_db)
    finally:
        raw.unlink(missing_ok=True)
    return MixFacts(
        samples=sheet.length,
        lufs=done.measured.lufs,
        true_peak_db=done.measured.true_peak_db,
        lra=done.measured.lra,
        gain_db=done.gain_db,
        limited_s=done.limited_s,
        notes=(*dict.fromkeys(notes), *done.notes),
    )


def _rendered(
    sheet: CueSheet,
    beds: Bed | None,
    murmur: Murmur | None,
    voices: Mapping[str, str],
    notes: list[str],
) -> Iterator[Samples]:
    """The mix in blocks of ten seconds."""
    waiting = sorted(sheet.pieces, key=lambda piece: (piece.start, piece.end), reverse=True)
    playing: list[_Playing] = []
    duck = _Duck(sheet.speech)
    ends: dict[int, Samples] = {}  # the last two samples of what goes on there
    try:
        for start in range(0, sheet.length, _BLOCK):
            end = min(start + _BLOCK, sheet.length)
            block = silence(end - start)
            while waiting and waiting[-1].start < end:
                piece = waiting.pop()
                playing.append(_Playing(piece, Reader(_sound(piece, beds, murmur, voices))))
            for each in playing:
                each.play(block, start, duck, ends)
                if each.piece.end <= end:
                    notes += each.close()
            playing = [each for each in playing if each.piece.end > end]
            yield block
    finally:
        for each in playing:
            each.reader.close()


class _Playing:
    """A piece while it sounds."""

    def __init__(self, piece: Piece, reader: Reader) -> None:
        self.piece = piece
        self.reader = reader
        self._at = piece.start
        self._ended_at = piece.end

    def play(
        self,
        block: Samples,
        start: int,
        duck: _Duck,
        ends: dict[int, Samples],
    ) -> None:
        """Adds its part to the block that begins at film sample `start`."""
        piece = self.piece
        first, last = self._at, min(piece.end, start + len(block))
        sound = self.reader.read(last - first) * np.float32(10 ** (piece.gain_db / 20))
        if self.reader.ended and self._ended_at == piece.end:
            self._ended_at = piece.start + self.reader.given
            stop = self._ended_at
            _fade(sound, Ramp(max(piece.start, stop - DECLICK), stop, False), first)
        for ramp in piece.ramps:
            _fade(sound, ramp, first)
        if piece.duck_db:
            sound *= duck.gain(piece.duck_db, first, last)[:, None]
        if piece.seamless and first == piece.start and first in ends:
            _melt_step(ends.pop(first), sound)
        if piece.goes_on and last == piece.end and len(sound) > 1:
            ends[last] = sound[-2:].copy()
        block[first - start : last - start] += sound
        self._at = last

    def close(self) -> list[str]:
        """Closes its file; says so where the sound ended early."""
        self.reader.close()
        missing = self.piece.end - self._ended_at
        if missing < _WORTH_A_NOTE or not self.piece.early:
            return []
        return [self.piece.early.format(f"{missing / RATE:.1f}")]


def _sound(
    piece: Piece, beds: Bed | None, murmur: Murmur | None, voices: Mapping[str, str]
) -> Iterator[Samples]:
    if piece.path is not None:
        return looped(piece.path) if piece.loops else decoded(piece.path, piece.source)
    if piece.line is not None and murmur is not None:
        return iter([murmur(piece.line, voices.get(piece.line.speaker, ""))])
    if beds is None:
        raise StitchError(
            f"nothing here makes the sound {piece.make!r}",
            hint="give a file instead: {file: sound.wav}",
        )
    return _made(piece, beds)


def _made(piece: Piece, beds: Bed) -> Iterator[Samples]:
    end = piece.source + piece.end - piece.start
    for at in range(piece.source, end, _BLOCK):
        yield beds(piece.make, min(_BLOCK, end - at) / RATE, piece.seed, at / RATE)


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


class _Duck:
    """Gives way to speech: down before a line, held through short pauses, up again after it."""

    def __init__(self, speech: Sequence[tuple[int, int]]) -> None:
        held: list[list[int]] = []
        for start, end in speech:
            if held and start - held[-1][1] < _ATTACK + _RELEASE + _SOON:
                held[-1][1] = end
            else:
                held.append([start, end])
        self._places = [at for s, e in held for at in (s - _ATTACK, s, e, e + _RELEASE)]
        self._depths = [0.0, 1.0, 1.0, 0.0] * len(held)

    def gain(self, duck_db: float, first: int, last: int) -> Gain:
        """The gain for film samples [first, last)."""
        if not self._places:
            return np.ones(last - first, dtype=np.float32)
        share = np.interp(np.arange(first, last), self._places, self._depths)
        soft = share * share * (3 - 2 * share)
        return (10 ** (-duck_db / 20 * soft)).astype(np.float32)
