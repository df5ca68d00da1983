"""The film's sound, levelled and coded: in parts that are kept, so that a change is heard alone.

A part is eleven seconds of the film, named by everything that sounds in it. What was measured of
it is kept apart from what was coded of it: the gain is the whole film's, and only with it does a
part's AAC have a name. Both stand on one grid, so memory holds a few parts and the meters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from storyboard.film import Film
from storyboard.graph.timeline import Timeline
from storyboard.stitching.aac import PACKET, packets_of
from storyboard.stitching.cuesheet import CueSheet, cue_sheet
from storyboard.stitching.limiter import HOP, Curve
from storyboard.stitching.loudness import CODEC_MARGIN_DB, Levelling, levelled, out_of_reach
from storyboard.stitching.meter import FLOOR_DB, FLOOR_LUFS, Meter, joined, loudness
from storyboard.stitching.pcm import RATE
from storyboard.stitching.pieces import Track
from storyboard.stitching.sound import Bed, Murmur, Sounds
from storyboard.stitching.soundcache import SoundCache
from storyboard.stitching.soundpart import PACKETS, Part, name_of

_ROUNDS = 6
_SPARE_DB = 0.1
_NEAR = 2 * PACKET // HOP
"""Hops around a peak that AAC let through which are lowered with it."""
_WORTH_A_NOTE = RATE // 10
_CLOSE_LU = 0.3

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class MixFacts:
    """What was mixed."""

    samples: int
    lufs: float
    """Integrated, of the AAC as it is decoded; -70 is silence."""
    true_peak_db: float
    """dBTP, of the same; -120 is silence."""
    lra: float
    gain_db: float
    """What the whole mix was raised or lowered by."""
    limited_s: float = 0.0
    """Seconds in which the limiter worked."""
    rendered: int = 0
    """Parts that were mixed; the others were kept from before."""
    parts: int = 0
    notes: tuple[str, ...] = ()


def soundtrack(
    film: Film,
    timeline: Timeline,
    tracks: Mapping[str, Track],
    out: Path,
    *,
    cache: Path,
    scratch: Path,
    beds: Bed | None = None,
    murmur: Murmur | None = None,
    maker: str = "",
    jobs: int = 1,
) -> MixFacts:
    """Writes the film's sound to `out`: AAC in ADTS, one packet early, as long as the timeline.

    `tracks` is keyed by step id; a step without one, or without sound, is silent. `beds` makes
    what `ambience` and `music` say in words, `murmur` the lines that no take speaks (they stay
    silent without it); `maker` is their revision. Parts are kept in `cache`. True peaks stay
    below the film's ceiling in what a player decodes. Raises StitchError for words without
    `beds`, MediaError when a file can't be read.
    """
    sheet = cue_sheet(film, timeline, tracks, voiced=murmur is not None)
    known = {track.path: track.sha256 for track in tracks.values()}
    voices = {name: member.voice for name, member in film.cast.items()}
    takes = {track.path: step for step, track in tracks.items()}
    sounds = Sounds(scratch, beds, murmur, voices, _laid(film), takes)
    shelf = SoundCache(cache)
    with ThreadPoolExecutor(max(1, jobs)) as pool:

        def every(work: Callable[[Part], _T]) -> list[_T]:
            return list(pool.map(work, parts))

        parts = [
            Part(
                number, sheet, sounds, shelf, scratch, name_of(sheet, number, known, voices, maker)
            )
            for number in range(-(-packets_of(sheet.length) // PACKETS))
        ]
        meter = joined(every(Part.meter))
        found, lufs = _coded(parts, every, meter, film)
    with out.open("wb") as stream:
        for part in parts:
            stream.write(part.coded)
    early = {n: min(p.ended[n] for p in parts if n in p.ended) for p in parts for n in p.ended}
    return MixFacts(
        samples=sheet.length,
        lufs=lufs,
        true_peak_db=max(FLOOR_DB, *(part.peak_db for part in parts)),
        lra=found.lra,
        gain_db=found.gain_db,
        limited_s=found.limited_s,
        rendered=sum(part.mixed for part in parts),
        parts=len(parts),
        notes=(
            *dict.fromkeys([*sheet.notes, *_early(sheet, early)]),
            *(found.notes or out_of_reach(lufs, film.loudness)),
        ),
    )


def _laid(film: Film) -> dict[Path, str]:
    """Where the film names each file that it lays."""
    named = [(cue.file, film.span(f"sound.music[{n}]")) for n, cue in enumerate(film.music)]
    for shot in film.shots:
        named += [(cue.file, shot.span(f"sound[{n}]")) for n, cue in enumerate(shot.sound)]
        if shot.ambience:
            named.append((shot.ambience.file, shot.span("ambience")))
    return {file.path: f"{span.file}:{span.line}" for file, span in reversed(named) if file}


def _coded(
    parts: list[Part],
    every: Callable[[Callable[[Part], Curve]], list[Curve]],
    meter: Meter,
    film: Film,
) -> tuple[Levelling, float]:
    """Codes the parts until what is decoded meets ceiling and target; how, and its loudness.

    What no round meets is left at the round that came closest.
    """
    spared, extra_db = np.zeros(len(meter.peaks), np.float32), 0.0
    best: tuple[tuple[bool, int], Levelling, float] | None = None
    for _ in range(_ROUNDS):
        found = levelled(meter, film.loudness, spared_db=spared, extra_db=extra_db)
        over, lufs = _heard(parts, every, found, film)
        silent = min(found.lufs, lufs) <= FLOOR_LUFS
        missing = 0.0 if silent else film.loudness.lufs - lufs
        rank = (bool(over.any()), round(abs(missing) / _CLOSE_LU))
        better = best is None or rank < best[0]
        if better:
            best = (rank, found, lufs)
        if not over.any() and abs(missing) <= _CLOSE_LU:
            return found, lufs
        if not over.any() and not better:
            break  # out of reach: more gain only crushes more
        spared = np.maximum(spared, _sparing(over, meter, found, film))
        extra_db += missing
    assert best is not None
    _heard(parts, every, best[1], film)
    return best[1:]


def _heard(
    parts: list[Part],
    every: Callable[[Callable[[Part], Curve]], list[Curve]],
    levelling: Levelling,
    film: Film,
) -> tuple[Curve, float]:
    """Codes the parts so: by hop, how far they pass the ceiling, and how loud they are."""
    over = every(partial(Part.code, levelling=levelling, film=film))
    return np.concatenate(over), loudness(np.concatenate([part.powers for part in parts]))


def _sparing(over: Curve, meter: Meter, levelling: Levelling, film: Film) -> Curve:
    """How much lower every hop must count for those to come down that AAC let through.

    The limiter then lowers what stands near them, however quiet it was before the coder.
    """
    lower = np.zeros(len(over), np.float32)
    held = np.ones(len(over)) if levelling.curve is None else levelling.curve[:-1]
    levels = 20 * np.log10(np.maximum(meter.peaks, 1e-6)) + levelling.gain_db
    room = film.loudness.true_peak_db - CODEC_MARGIN_DB - levels - 20 * np.log10(held)
    for hop in np.flatnonzero(over):
        near = slice(max(0, hop - _NEAR), hop + _NEAR + 1)
        lower[near] = np.maximum(lower[near], room[near] + over[hop] + _SPARE_DB)
    return lower


def _early(sheet: CueSheet, ended: Mapping[int, int]) -> list[str]:
    """The notes on pieces whose file ended too soon."""
    missing = {n: sheet.pieces[n].end - at for n, at in sorted(ended.items())}
    return [
        sheet.pieces[n].early.format(f"{short / RATE:.1f}")
        for n, short in missing.items()
        if short >= _WORTH_A_NOTE and sheet.pieces[n].early
    ]
