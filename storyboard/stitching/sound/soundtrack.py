"""The film's sound, levelled and encoded in cached segments, so a change redoes only its segment.

A segment is eleven seconds of the film, named by everything that sounds in it. The measurement is
cached separately from the AAC: the gain belongs to the whole film, and only with the gain is a
segment's AAC determined. Memory holds a few segments and all measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from storyboard.graph.timeline import Timeline
from storyboard.model.film import Film
from storyboard.stitching.cut_inputs import CutInputs
from storyboard.stitching.sound.aac import PACKET, count_aac_packets
from storyboard.stitching.sound.cue_sheet import CueSheet, build_cue_sheet
from storyboard.stitching.sound.limiter import HOP, Curve
from storyboard.stitching.sound.loudness import (
    CODEC_MARGIN_DB,
    LoudnessGain,
    compute_loudness_gain,
    note_missed_loudness,
)
from storyboard.stitching.sound.meter import (
    FLOOR_DB,
    FLOOR_LUFS,
    STEP,
    Measurement,
    compute_loudness,
    join_measurements,
)
from storyboard.stitching.sound.mixer import SoundSources
from storyboard.stitching.sound.pcm import RATE, to_sample_position
from storyboard.stitching.sound.segment_cache import SegmentCache
from storyboard.stitching.sound.segments import PACKETS, SoundSegment, digest_segment

_ROUNDS = 6
_SPARE_DB = 0.1
_NEAR = 2 * PACKET // HOP
"""Hops around a peak in the decoded AAC that are lowered with it."""
_WORTH_A_NOTE = RATE // 10
_CLOSE_LU = 0.3
_UNEVEN_LU = 11.0
"""A shot this much louder than its neighbour seems twice as loud, and people reach for the
volume.
"""
_MAX_UNEVEN = 5

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class MixResult:
    """What was mixed."""

    samples: int
    lufs: float
    """Integrated, of the decoded AAC; -70 is silence."""
    true_peak_db: float
    """dBTP, of the decoded AAC; -120 is silence."""
    lra: float
    gain_db: float
    """The gain of the whole mix."""
    limited_s: float = 0.0
    """Seconds in which the limiter worked."""
    rendered: int = 0
    """Segments that were mixed; the others were cached."""
    parts: int = 0
    notes: tuple[str, ...] = ()


def write_soundtrack(
    inputs: CutInputs, out: Path, *, cache: Path, scratch: Path, jobs: int = 1
) -> MixResult:
    """Writes the film's sound to `out`: AAC in ADTS, one packet early, as long as the timeline.

    A step without media, or without sound, is silent. Segments are kept in `cache`. True peaks of
    the decoded sound stay below the film's ceiling. Raises StitchError for a described sound that
    nothing can make, MediaError when a file can't be read.
    """
    film, media = inputs.film, inputs.media
    sheet = build_cue_sheet(
        film, inputs.timeline, media, adds_missing_voices=inputs.sounds.murmur is not None
    )
    hashes_by_path = {medium.path: medium.sha256 for medium in media.values()}
    for path in {cue.path for cue in sheet.cues if cue.path} - hashes_by_path.keys():
        hashes_by_path[path] = inputs.hash_path(path)
    voices = {name: member.voice for name, member in film.cast.items()}
    takes = {medium.path: step for step, medium in media.items()}
    sounds = SoundSources(scratch, inputs.sounds, voices, _find_sound_file_references(film), takes)
    segment_cache = SegmentCache(cache)
    with ThreadPoolExecutor(max(1, jobs)) as pool:

        def map_segments(work: Callable[[SoundSegment], _T]) -> list[_T]:
            return list(pool.map(work, segments))

        segments = [
            SoundSegment(
                number,
                sheet,
                sounds,
                segment_cache,
                scratch,
                digest_segment(sheet, number, hashes_by_path, voices, inputs.sounds.revision),
            )
            for number in range(-(-count_aac_packets(sheet.length) // PACKETS))
        ]
        measurement = join_measurements(map_segments(SoundSegment.measure))
        loudness_gain, lufs = _encode_to_loudness_target(segments, map_segments, measurement, film)
    with out.open("wb") as stream:
        for segment in segments:
            stream.write(segment.coded_packets)
    early_ends = {
        n: min(p.early_ends[n] for p in segments if n in p.early_ends)
        for p in segments
        for n in p.early_ends
    }
    return MixResult(
        samples=sheet.length,
        lufs=lufs,
        true_peak_db=max(FLOOR_DB, *(segment.peak_db for segment in segments)),
        lra=loudness_gain.lra,
        gain_db=loudness_gain.gain_db,
        limited_s=loudness_gain.limited_s,
        rendered=sum(segment.was_mixed for segment in segments),
        parts=len(segments),
        notes=(
            *dict.fromkeys([*sheet.notes, *_note_early_ends(sheet, early_ends)]),
            *_note_uneven_neighbours(film, inputs.timeline, measurement),
            *(loudness_gain.notes or note_missed_loudness(lufs, film.loudness)),
        ),
    )


def _find_sound_file_references(film: Film) -> dict[Path, str]:
    """Where the film names each of its sound files."""
    file_spans = [
        (cue.file, film.find_span(f"sound.music[{n}]")) for n, cue in enumerate(film.music)
    ]
    for shot in film.shots:
        file_spans += [
            (cue.file, shot.find_span(f"sound[{n}]")) for n, cue in enumerate(shot.sound)
        ]
        if shot.ambience:
            file_spans.append((shot.ambience.file, shot.find_span("ambience")))
    return {file.path: f"{span.file}:{span.line}" for file, span in reversed(file_spans) if file}


def _encode_to_loudness_target(
    segments: list[SoundSegment],
    map_segments: Callable[[Callable[[SoundSegment], Curve]], list[Curve]],
    measurement: Measurement,
    film: Film,
) -> tuple[LoudnessGain, float]:
    """Encodes the segments until the decoded sound meets ceiling and target; returns gain and
    loudness.

    If no round meets both, the closest one is used.
    """
    spared, extra_db = np.zeros(len(measurement.peaks), np.float32), 0.0
    best: tuple[tuple[bool, int], LoudnessGain, float] | None = None
    for _ in range(_ROUNDS):
        loudness_gain = compute_loudness_gain(
            measurement, film.loudness, hop_reduction_db=spared, extra_loudness_db=extra_db
        )
        over, lufs = _encode_and_measure_segments(segments, map_segments, loudness_gain, film)
        silent = min(loudness_gain.lufs, lufs) <= FLOOR_LUFS
        missing = 0.0 if silent else film.loudness.lufs - lufs
        # First no peak above the ceiling, then the loudness, in coarse steps.
        rank = (bool(over.any()), round(abs(missing) / _CLOSE_LU))
        better = best is None or rank < best[0]
        if better:
            best = (rank, loudness_gain, lufs)
        if not over.any() and abs(missing) <= _CLOSE_LU:
            return loudness_gain, lufs
        if not over.any() and not better:
            break  # out of reach: more gain would only crush more
        spared = np.maximum(spared, _compute_hop_reductions(over, measurement, loudness_gain, film))
        extra_db += missing
    assert best is not None
    _encode_and_measure_segments(segments, map_segments, best[1], film)
    return best[1:]


def _encode_and_measure_segments(
    segments: list[SoundSegment],
    map_segments: Callable[[Callable[[SoundSegment], Curve]], list[Curve]],
    levelling: LoudnessGain,
    film: Film,
) -> tuple[Curve, float]:
    """Encodes the segments: by hop, how far they exceed the ceiling, and their loudness."""
    over = map_segments(
        partial(SoundSegment.encode_and_measure_excess, levelling=levelling, film=film)
    )
    return np.concatenate(over), compute_loudness(
        np.concatenate([segment.powers for segment in segments])
    )


def _compute_hop_reductions(
    excess_db: Curve, measurement: Measurement, levelling: LoudnessGain, film: Film
) -> Curve:
    """How much each hop must be lowered for the peaks that AAC let through to come down.

    The limiter then lowers their surroundings too, however quiet those were before encoding.
    """
    lower = np.zeros(len(excess_db), np.float32)
    limiter_gain = np.ones(len(excess_db)) if levelling.curve is None else levelling.curve[:-1]
    levels = 20 * np.log10(np.maximum(measurement.peaks, 1e-6)) + levelling.gain_db
    # Headroom is what keeps the limiter from acting on a hop; lowering must use it up first.
    headroom = film.loudness.true_peak_db - CODEC_MARGIN_DB - levels - 20 * np.log10(limiter_gain)
    for hop in np.flatnonzero(excess_db):
        near = slice(max(0, hop - _NEAR), hop + _NEAR + 1)
        lower[near] = np.maximum(lower[near], headroom[near] + excess_db[hop] + _SPARE_DB)
    return lower


def _note_uneven_neighbours(film: Film, timeline: Timeline, measurement: Measurement) -> list[str]:
    """A note for every hard cut between shots of very different loudness."""
    extended = {shot.id: shot.extends for shot in film.shots}

    def find_step(film_frame: int) -> int:
        return to_sample_position(film_frame, timeline.rate) // STEP

    loudness = [
        compute_loudness(
            measurement.powers[find_step(event.record.start) : find_step(event.record.end)]
        )
        for event in timeline.events
    ]
    notes = []
    for (before, after), (one, other) in zip(
        pairwise(timeline.events), pairwise(loudness), strict=True
    ):
        is_cut = after.entering is None and extended[after.shot] != before.shot
        if not is_cut or min(one, other) <= FLOOR_LUFS:
            continue
        if abs(one - other) >= _UNEVEN_LU:
            loud, quiet = (before, after) if one > other else (after, before)
            by = round(abs(one - other))
            notes.append(
                f"{loud.shot} is {by} LU louder than {quiet.shot} at the cut between them; "
                f"`gain_db: -{by}` on {loud.shot} would even them out"
            )
    more = len(notes) - _MAX_UNEVEN
    return notes if more <= 1 else [*notes[:_MAX_UNEVEN], f"so it is at {more} more cuts"]


def _note_early_ends(sheet: CueSheet, ends_by_cue_number: Mapping[int, int]) -> list[str]:
    """Notes on cues whose file ended too soon."""
    missing = {n: sheet.cues[n].end - at for n, at in sorted(ends_by_cue_number.items())}
    return [
        sheet.cues[n].early_end_note.format(f"{short / RATE:.1f}")
        for n, short in missing.items()
        if short >= _WORTH_A_NOTE and sheet.cues[n].early_end_note
    ]
