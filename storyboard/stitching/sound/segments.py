"""One segment of a film's sound: named by everything that sounds in it, measured once, encoded
once.

The measurement is cached separately from the AAC: the gain belongs to the whole film, and only with
the gain is a segment's AAC determined.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from storyboard.digest import Value, digest_value
from storyboard.errors import MediaError
from storyboard.model.film import Film
from storyboard.stitching.sound.aac import (
    PACKET,
    PREROLL,
    count_aac_packets,
    decode_aac_packets,
    encode_aac_packets,
)
from storyboard.stitching.sound.cue_sheet import CueSheet
from storyboard.stitching.sound.cue_sheet_entries import SoundCue
from storyboard.stitching.sound.limiter import HOP, Curve, apply_drive_and_limiter
from storyboard.stitching.sound.loudness import LoudnessGain, to_decibels
from storyboard.stitching.sound.meter import FLOOR_DB, Measurement, measure_sound
from storyboard.stitching.sound.mixer import (
    Ducking,
    SoundSources,
    find_cue_numbers_between,
    mix_sample_range,
)
from storyboard.stitching.sound.pcm import Samples
from storyboard.stitching.sound.segment_cache import SegmentCache

_REVISION = 3
"""Part of every segment's name; raise it when the same segment would sound different."""
PACKETS = 525
_SEGMENT_SAMPLES = PACKETS * PACKET
"""Samples of a segment: whole packets, hops and measured steps."""
_CONTEXT_SAMPLES = 9 * PACKET
"""Samples on either side of a segment, for filters and encoder to settle."""


class SoundSegment:
    """One segment: mixed at most once per run, and only if some result is not cached."""

    def __init__(
        self,
        number: int,
        sheet: CueSheet,
        sounds: SoundSources,
        cache: SegmentCache,
        scratch: Path,
        name: str,
    ) -> None:
        self._number = number
        self._sheet = sheet
        self._sounds = sounds
        self._cache = cache
        self._scratch = scratch
        self._name = name
        self._coded_name = ""
        self.was_mixed = False
        self.peak_db = FLOOR_DB
        self.powers = np.zeros(0, np.float32)
        self.early_ends: dict[int, int] = {}
        """By the cue's number in the sheet, the film sample where its file ended too soon."""
        self._first, self._last = _compute_segment_span(number, sheet)
        self._low, self._high = _compute_span_with_context(number, sheet)

    def measure(self) -> Measurement:
        """The segment's measurement, before levelling."""
        cue_numbers = find_cue_numbers_between(self._sheet, self._low, self._high)
        entry = self._cache.read_entry(f"meter-{self._name}")
        if entry is None:
            block = mix_sample_range(self._sheet, self._sounds, self._low, self._high)
            np.save(self._samples_path, block.samples)
            self.was_mixed = True
            measurement = measure_sound(
                block.samples, self._first - self._low, self._high - self._last
            )
            # Stored relative to the segment, which may be elsewhere in another film.
            cut_short = [[cue_numbers.index(n), at - self._low] for n, at in block.ended.items()]
            body = (
                measurement.powers.astype("<f4").tobytes()
                + measurement.peaks.astype("<f4").tobytes()
            )
            facts = {"powers": len(measurement.powers), "ended": cut_short}
            entry = self._cache.write_entry(f"meter-{self._name}", facts, body)
        values = np.frombuffer(entry.body, "<f4")
        powers = int(entry.facts["powers"])
        self.early_ends = {cue_numbers[n]: at + self._low for n, at in entry.facts["ended"]}
        return Measurement(values[:powers], values[powers:])

    def encode_and_measure_excess(self, levelling: LoudnessGain, film: Film) -> Curve:
        """Encodes the segment unless cached, and measures the decoded result in `powers` and
        `peak_db`.

        Returns how far the true peaks of each hop exceed the film's ceiling, in dB.
        """
        curve = levelling.curve
        # A segment in which the limiter does nothing keeps its name, whatever it does elsewhere.
        if curve is not None:
            curve = curve[self._low // HOP : self._high // HOP + 2]
            curve = None if (curve == 1).all() else curve
        limits = "" if curve is None else curve.astype("<f4").tobytes().hex()
        ceiling_db = film.loudness.true_peak_db
        parts: list[Value] = [_REVISION, self._name, f"{levelling.gain_db:g}", limits]
        parts.append(f"{ceiling_db:g}")
        self._coded_name = f"aac-{digest_value('sound', parts)}"
        entry = self._cache.read_entry(self._coded_name)
        if entry is None:
            ceiling = 10 ** (ceiling_db / 20)
            packets, measurement = self._encode_and_measure_limited(levelling.drive, curve, ceiling)
            loud_hops = np.flatnonzero(measurement.peaks > ceiling)
            loud = [[int(n), to_decibels(measurement.peaks[n]) - ceiling_db] for n in loud_hops]
            peak = float(measurement.peaks.max(initial=0))
            facts = {"loud": loud, "peak": peak, "powers": len(measurement.powers)}
            body = measurement.powers.astype("<f4").tobytes() + b"".join(packets)
            entry = self._cache.write_entry(self._coded_name, facts, body)
        self.powers = np.frombuffer(entry.body[: 4 * entry.facts["powers"]], "<f4")
        self.peak_db = to_decibels(entry.facts["peak"])
        over = np.zeros(-(-(self._last - self._first) // HOP), np.float32)
        for hop, db in entry.facts["loud"] if len(over) else ():
            over[min(hop, len(over) - 1)] = db  # ringing after the end counts for the last hop
        return over

    @property
    def coded_packets(self) -> bytes:
        """The segment's packets. Raises MediaError when its file was deleted meanwhile."""
        entry = self._cache.read_entry(self._coded_name)
        if entry is None:
            raise MediaError("a temporary file with sound was deleted while the film was assembled")
        return entry.body[4 * entry.facts["powers"] :]

    @property
    def _samples_path(self) -> Path:
        return self._scratch / f"part{self._number}.npy"

    def _load_or_mix_samples(self) -> Samples:
        if not self._samples_path.exists():
            self.was_mixed = True
            np.save(
                self._samples_path,
                mix_sample_range(self._sheet, self._sounds, self._low, self._high).samples,
            )
        samples: Samples = np.load(self._samples_path)
        return samples

    def _encode_and_measure_limited(
        self, drive: float, curve: Curve | None, ceiling: float
    ) -> tuple[list[bytes], Measurement]:
        """The segment's packets, and the measurement of their decoded sound."""
        unity_curve = np.ones(1, np.float32)
        sound = next(
            apply_drive_and_limiter(
                [self._load_or_mix_samples()], unity_curve if curve is None else curve, drive
            )
        )
        # The first segment has no sound before it, and keeps the encoder's early packet.
        preroll = PREROLL if self._number else 0
        begin = max(0, self._first - preroll * PACKET)
        end = min(self._high, self._first + _SEGMENT_SAMPLES + PREROLL * PACKET)
        packets = encode_aac_packets(sound[begin - self._low : end - self._low])
        decoded_sound = decode_aac_packets(packets)
        before = self._first - begin
        after = len(decoded_sound) - before - (self._last - self._first)
        if self._last == self._sheet.length:
            after = 0  # include what rings on after the end
        total = count_aac_packets(self._sheet.length) - self._number * PACKETS
        own_packets = packets[preroll : preroll + min(PACKETS, total)]
        return own_packets, measure_sound(decoded_sound, before, after, exact_above=ceiling)


def _compute_segment_span(segment_number: int, sheet: CueSheet) -> tuple[int, int]:
    first, last = segment_number * _SEGMENT_SAMPLES, (segment_number + 1) * _SEGMENT_SAMPLES
    return min(first, sheet.length), min(last, sheet.length)


def _compute_span_with_context(segment_number: int, sheet: CueSheet) -> tuple[int, int]:
    first, last = _compute_segment_span(segment_number, sheet)
    return max(0, min(segment_number * _SEGMENT_SAMPLES, first) - _CONTEXT_SAMPLES), min(
        sheet.length, last + _CONTEXT_SAMPLES
    )


def digest_segment(
    sheet: CueSheet,
    segment_number: int,
    hashes_by_path: Mapping[Path, str],
    voices: Mapping[str, str],
    generator_revision: str,
) -> str:
    """A digest of a segment's sound: equal names sound equal, wherever they are in a film."""
    (first, last), (low, high) = (
        _compute_segment_span(segment_number, sheet),
        _compute_span_with_context(segment_number, sheet),
    )
    serialized_cues: list[Value] = []
    is_ducked = False
    for n in find_cue_numbers_between(sheet, low, high):
        cue = sheet.cues[n]
        is_ducked = is_ducked or bool(cue.duck_db)
        serialized_cues.append(
            _serialize_cue_within(cue, low, high, hashes_by_path, voices, generator_revision)
        )
    # Speech matters only where a cue is ducked.
    speech: list[Value] = [
        [start - low, end - low]
        for start, end in Ducking(sheet.speech).ducked_spans
        if is_ducked and start < high and end > low
    ]
    return digest_value(
        "sound part", [_REVISION, first - low, last - low, high - low, serialized_cues, speech]
    )


def _serialize_cue_within(
    cue: SoundCue,
    low: int,
    high: int,
    hashes_by_path: Mapping[Path, str],
    voices: Mapping[str, str],
    generator_revision: str,
) -> Value:
    """What is heard of a cue in [low, high), counted from `low`."""
    source_identity: Value
    if cue.path is not None:
        file_hash = hashes_by_path[cue.path]
        source_identity = [file_hash, cue.audio_track] if cue.audio_track else file_hash
    elif cue.line is not None:
        line = cue.line
        source_identity = [
            generator_revision,
            line.words,
            line.how,
            line.off,
            line.speaker,
            voices.get(line.speaker, ""),
        ]
    else:
        source_identity = [generator_revision, cue.make, cue.seed]
    start, end = max(cue.start, low), min(cue.end, high)
    # A ramp that is over before `low`, or starts after `high`, changes nothing here.
    ramps: list[Value] = [
        [ramp.start - low, ramp.end - low, ramp.rising, ramp.linear]
        for ramp in cue.ramps
        if not (ramp.end <= low if ramp.rising else ramp.start >= high)
    ]
    return [
        *(source_identity, start - low, end - low, cue.source + start - cue.start, cue.loops),
        *(f"{cue.gain_db:g}", f"{cue.duck_db:g}", ramps),
        *(cue.seamless and cue.start >= low, cue.continues and cue.end <= high),
    ]
