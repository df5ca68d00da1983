"""One part of a film's sound: named by all that sounds in it, measured once, coded once.

What was measured is kept apart from what was coded: the gain is the whole film's, and only with
it does a part's AAC have a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from storyboard.digest import Value, digest
from storyboard.errors import MediaError
from storyboard.film import Film
from storyboard.stitching.aac import PACKET, PREROLL, encoded, heard, packets_of
from storyboard.stitching.cuesheet import CueSheet
from storyboard.stitching.identity import content
from storyboard.stitching.limiter import HOP, Curve, limited
from storyboard.stitching.loudness import Levelling, decibels
from storyboard.stitching.meter import FLOOR_DB, Meter, metered
from storyboard.stitching.pcm import Samples
from storyboard.stitching.pieces import Piece
from storyboard.stitching.sound import Duck, Sounds, mixed, sounding
from storyboard.stitching.soundcache import SoundCache

_REVISION = 2
"""Part of every part's name; raise it when the same part would sound otherwise."""
PACKETS = 525
_PART = PACKETS * PACKET
"""Samples of a part: whole packets, hops and steps of a meter."""
_AROUND = 9 * PACKET
"""Samples on either side of a part that settle filters and coder."""


class Part:
    """One part: mixed at most once in a run, and only where something of it is not kept."""

    def __init__(
        self,
        number: int,
        sheet: CueSheet,
        sounds: Sounds,
        shelf: SoundCache,
        scratch: Path,
        name: str,
    ) -> None:
        self._number = number
        self._sheet = sheet
        self._sounds = sounds
        self._shelf = shelf
        self._scratch = scratch
        self._name = name
        self._coded = ""
        self.mixed = False
        self.peak_db = FLOOR_DB
        self.powers = np.zeros(0, np.float32)
        self.ended: dict[int, int] = {}
        """By the piece's place in the sheet, where its file ended too soon."""
        self._first, self._last = _span(number, sheet)
        self._low, self._high = _around(number, sheet)

    def meter(self) -> Meter:
        """What was measured of the part, before any levelling."""
        sounding_ = sounding(self._sheet, self._low, self._high)
        kept = self._shelf.find(f"meter-{self._name}")
        if kept is None:
            part = mixed(self._sheet, self._sounds, self._low, self._high)
            np.save(self._raw, part.samples)
            self.mixed = True
            meter = metered(part.samples, self._first - self._low, self._high - self._last)
            ended = [[sounding_.index(n), at - self._low] for n, at in part.ended.items()]
            body = meter.powers.astype("<f4").tobytes() + meter.peaks.astype("<f4").tobytes()
            facts = {"powers": len(meter.powers), "ended": ended}
            kept = self._shelf.keep(f"meter-{self._name}", facts, body)
        values = np.frombuffer(kept.body, "<f4")
        powers = int(kept.facts["powers"])
        self.ended = {sounding_[n]: at + self._low for n, at in kept.facts["ended"]}
        return Meter(values[:powers], values[powers:])

    def code(self, levelling: Levelling, film: Film) -> Curve:
        """Sees to the part's AAC and hears it as a player does, in `powers` and `peak_db`.

        Returns by hop how far the true peaks pass the film's ceiling, dB.
        """
        curve = levelling.curve
        if curve is not None:
            curve = curve[self._low // HOP : self._high // HOP + 2]
            curve = None if (curve == 1).all() else curve
        limits = "" if curve is None else curve.astype("<f4").tobytes().hex()
        ceiling_db = film.loudness.true_peak_db
        parts: list[Value] = [_REVISION, self._name, f"{levelling.gain_db:g}", limits]
        parts.append(f"{ceiling_db:g}")
        self._coded = f"aac-{digest('sound', parts)}"
        kept = self._shelf.find(self._coded)
        if kept is None:
            ceiling = 10 ** (ceiling_db / 20)
            packets, meter = self._encoded(levelling.drive, curve, ceiling)
            passed = np.flatnonzero(meter.peaks > ceiling)
            loud = [[int(n), decibels(meter.peaks[n]) - ceiling_db] for n in passed]
            peak = float(meter.peaks.max(initial=0))
            facts = {"loud": loud, "peak": peak, "powers": len(meter.powers)}
            body = meter.powers.astype("<f4").tobytes() + b"".join(packets)
            kept = self._shelf.keep(self._coded, facts, body)
        self.powers = np.frombuffer(kept.body[: 4 * kept.facts["powers"]], "<f4")
        self.peak_db = decibels(kept.facts["peak"])
        over = np.zeros(-(-(self._last - self._first) // HOP), np.float32)
        for hop, db in kept.facts["loud"] if len(over) else ():
            over[min(hop, len(over) - 1)] = db  # beyond the end the last one counts
        return over

    @property
    def coded(self) -> bytes:
        """The part's packets. Raises MediaError when somebody has taken them away."""
        kept = self._shelf.find(self._coded)
        if kept is None:
            raise MediaError("a part of the film's sound vanished while the film was cut")
        return kept.body[4 * kept.facts["powers"] :]

    @property
    def _raw(self) -> Path:
        return self._scratch / f"part{self._number}.npy"

    def _samples(self) -> Samples:
        if not self._raw.exists():
            self.mixed = True
            np.save(self._raw, mixed(self._sheet, self._sounds, self._low, self._high).samples)
        samples: Samples = np.load(self._raw)
        return samples

    def _encoded(
        self, drive: float, curve: Curve | None, ceiling: float
    ) -> tuple[list[bytes], Meter]:
        """The part's packets, and the meter of what they sound like."""
        even = np.ones(1, np.float32)
        sound = next(limited([self._samples()], even if curve is None else curve, drive))
        dropped = PREROLL if self._number else 0
        begin = max(0, self._first - dropped * PACKET)
        end = min(self._high, self._first + _PART + PREROLL * PACKET)
        packets = encoded(sound[begin - self._low : end - self._low])
        decoded = heard(packets)
        before = self._first - begin
        after = len(decoded) - before - (self._last - self._first)
        if self._last == self._sheet.length:
            after = 0  # what rings on after the end is heard too
        total = packets_of(self._sheet.length) - self._number * PACKETS
        kept = packets[dropped : dropped + min(PACKETS, total)]
        return kept, metered(decoded, before, after, above=ceiling)


def _span(number: int, sheet: CueSheet) -> tuple[int, int]:
    first, last = number * _PART, (number + 1) * _PART
    return min(first, sheet.length), min(last, sheet.length)


def _around(number: int, sheet: CueSheet) -> tuple[int, int]:
    first, last = _span(number, sheet)
    return max(0, min(number * _PART, first) - _AROUND), min(sheet.length, last + _AROUND)


def name_of(
    sheet: CueSheet, number: int, known: Mapping[Path, str], voices: Mapping[str, str], maker: str
) -> str:
    """What a part sounds like, as a digest: equal names sound equal, wherever they stand."""
    (first, last), (low, high) = _span(number, sheet), _around(number, sheet)
    pieces: list[Value] = []
    ducked = False
    for n in sounding(sheet, low, high):
        piece = sheet.pieces[n]
        ducked = ducked or bool(piece.duck_db)
        pieces.append(_piece(piece, low, high, known, voices, maker))
    speech: list[Value] = [
        [start - low, end - low]
        for start, end in Duck(sheet.speech).held
        if ducked and start < high and end > low
    ]
    return digest("sound part", [_REVISION, first - low, last - low, high - low, pieces, speech])


def _piece(
    piece: Piece,
    low: int,
    high: int,
    known: Mapping[Path, str],
    voices: Mapping[str, str],
    maker: str,
) -> Value:
    """What of a piece is heard in [low, high), counted from `low`."""
    what: Value
    if piece.path is not None:
        what = known.get(piece.path) or content(piece.path)
    elif piece.line is not None:
        line = piece.line
        what = [maker, line.words, line.how, line.off, line.speaker, voices.get(line.speaker, "")]
    else:
        what = [maker, piece.make, piece.seed]
    start, end = max(piece.start, low), min(piece.end, high)
    ramps: list[Value] = [
        [ramp.start - low, ramp.end - low, ramp.rising, ramp.linear]
        for ramp in piece.ramps
        if not (ramp.end <= low if ramp.rising else ramp.start >= high)
    ]
    return [
        *(what, start - low, end - low, piece.source + start - piece.start, piece.loops),
        *(f"{piece.gain_db:g}", f"{piece.duck_db:g}", ramps),
        *(piece.seamless and piece.start >= low, piece.goes_on and piece.end <= high),
    ]
