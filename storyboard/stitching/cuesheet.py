"""The cue sheet: which sound plays from where to where on the film, how loud, and how it comes
and goes. Pure arithmetic on film and timeline; `sound` plays it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.digest import digest
from storyboard.errors import StitchError
from storyboard.film import Ambience, Film, MediaFile, Shot
from storyboard.graph.speech import Spoken, spoken
from storyboard.graph.timeline import Event, Timeline
from storyboard.stitching.pcm import RATE, sample
from storyboard.stitching.pieces import DECLICK, Piece, Ramp, Track
from storyboard.stitching.takesound import take_pieces
from storyboard.timecode import Rate

_BED_FADE = RATE * 3 // 10
_BREATH = RATE // 4
"""A voice's last breath after its line."""
_RING = RATE * 3 // 2
"""How long a file that is laid into a shot may ring on past it."""


@dataclass(frozen=True, slots=True)
class CueSheet:
    """Everything that sounds."""

    pieces: tuple[Piece, ...]
    speech: tuple[tuple[int, int], ...]
    """Film samples in which somebody speaks, in order, apart from each other."""
    length: int
    """Samples of the film."""
    notes: tuple[str, ...] = ()


def cue_sheet(
    film: Film, timeline: Timeline, tracks: Mapping[str, Track], *, voiced: bool = False
) -> CueSheet:
    """The film's sound: takes, laid files, ambience, music, and who speaks when.

    `voiced` gives the lines that no take speaks a piece of their own. Raises StitchError when a
    cue is anchored at a shot that is not in the cut.
    """
    shots = {shot.id: shot for shot in film.shots}
    length = sample(timeline.length, timeline.rate)
    notes: list[str] = []
    takes = take_pieces(timeline, shots, tracks, notes)
    others = [
        *_laid(timeline, shots),
        *_ambience(timeline, shots, length),
        *_music(film, timeline),
    ]
    said = tuple(spoken(film, timeline))
    voices = [*(_voices(said, timeline.rate) if voiced else []), *_told(timeline, tracks)]
    speech = _speech(said, voices, timeline.rate)
    pieces = [each for piece in (*takes, *others, *voices) if (each := _inside(piece, length))]
    return CueSheet(tuple(pieces), speech, length, tuple(notes))


def _laid(timeline: Timeline, shots: Mapping[str, Shot]) -> list[Piece]:
    """Sound files that shots lay into the mix; they ring on past the shot, fading."""
    pieces = []
    for event in timeline.events:
        for cue in shots[event.shot].sound:
            if cue.file is None:
                continue
            start = sample(event.record.start + cue.at, timeline.rate)
            out = max(sample(event.record.end, timeline.rate), start)
            ramps = (Ramp(start, start + DECLICK // 3, True), Ramp(out, out + _RING, False))
            pieces.append(
                Piece(start, out + _RING, _path(cue.file), gain_db=cue.gain_db, ramps=ramps)
            )
    return pieces


def _ambience(timeline: Timeline, shots: Mapping[str, Shot], length: int) -> list[Piece]:
    """One bed for neighbours that share it, its fades centred on its ends."""
    groups: list[tuple[Ambience, list[Event]]] = []
    previous = None
    for event in timeline.events:
        bed = shots[event.shot].ambience
        if bed is not None:
            if groups and bed == previous:
                groups[-1][1].append(event)
            else:
                groups.append((bed, [event]))
        previous = bed
    pieces = []
    for bed, events in groups:
        first = sample(events[0].record.start, timeline.rate) - _BED_FADE // 2
        last = sample(max(event.record.end for event in events), timeline.rate) + _BED_FADE // 2
        first, last = max(0, first), min(length, last)
        fade = min(_BED_FADE, (last - first) // 2)
        ramps = (Ramp(first, first + fade, True), Ramp(last - fade, last, False))
        piece = Piece(first, last, gain_db=bed.gain_db, ramps=ramps)
        if bed.file:
            pieces.append(replace(piece, path=_path(bed.file), loops=True))
        else:
            seed = _seed(f"{bed.make} {bed.scope}")
            pieces.append(replace(piece, make=bed.make, source=first, seed=seed))
    return pieces


def _music(film: Film, timeline: Timeline) -> list[Piece]:
    pieces = []
    for cue in film.music:
        try:
            begin, end = timeline.frame(cue.begin), timeline.frame(cue.end)
        except KeyError as error:
            raise StitchError(
                f"music is anchored at {error.args[0]}, which is not in the cut"
            ) from error
        first, last = sample(begin, timeline.rate), sample(end, timeline.rate)
        if last <= first:
            continue
        rising = max(DECLICK, sample(begin + cue.fade_in, timeline.rate) - first)
        falling = max(DECLICK, last - sample(end - cue.fade_out, timeline.rate))
        piece = Piece(
            first,
            last,
            source=int(cue.start * RATE),
            gain_db=cue.gain_db,
            ramps=(Ramp(first, first + rising, True), Ramp(last - falling, last, False)),
            duck_db=cue.duck_db,
        )
        if cue.file:
            early = f"music {cue.file.name} ends {{}} s before its `to`"
            pieces.append(replace(piece, path=_path(cue.file), early=early))
        else:
            pieces.append(replace(piece, make=f"music: {cue.make}", seed=_seed(cue.make)))
    return pieces


def _voices(said: Sequence[Spoken], rate: Rate) -> list[Piece]:
    """Lines that no take speaks: voices over a colour or a card."""
    return [
        Piece(sample(each.span.start, rate), sample(each.span.end, rate) + _BREATH, line=each.line)
        for each in said
        if each.sounds and not each.by_take
    ]


def _told(timeline: Timeline, tracks: Mapping[str, Track]) -> list[Piece]:
    """Narration, each line with the sound of the step that speaks it."""
    pieces = []
    for each in timeline.told:
        track = tracks.get(each.step)
        if track is None or not track.facts.has_audio:
            continue
        start, end = (sample(at, timeline.rate) for at in (each.span.start, each.span.end))
        pieces.append(Piece(start, end + _BREATH, track.path))
    return pieces


def _speech(
    said: Sequence[Spoken], voices: Sequence[Piece], rate: Rate
) -> tuple[tuple[int, int], ...]:
    """Where the takes' dialogue and the other voices are heard, merged."""
    spans = [(piece.start, piece.end - _BREATH) for piece in voices]
    spans += [
        (sample(each.heard.start, rate), sample(each.heard.end, rate))
        for each in said
        if each.heard and each.sounds and each.by_take
    ]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _inside(piece: Piece, length: int) -> Piece | None:
    """The part of a piece that lies on the film; one that the film's end cuts off is faded."""
    start, end = max(0, piece.start), min(length, piece.end)
    if start >= end:
        return None
    ramps = piece.ramps
    if end < piece.end:
        ramps = (*ramps, Ramp(max(start, end - DECLICK), end, False))
    source = piece.source + start - piece.start
    return replace(piece, start=start, end=end, source=source, ramps=ramps)


def _path(file: MediaFile) -> Path:
    if file.uri:
        raise StitchError(f"{file.name} must be fetched before it can be mixed")
    return file.path


def _seed(words: str) -> int:
    return int(digest("bed", words)[:8], 16)
