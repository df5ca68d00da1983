"""The sound of the takes under their pictures: cuts, blends, leads, lags and seams.

A cut comes and goes in 3 ms; a blend fades both sides at equal power; a lead or a lag runs under
the neighbour's picture while the neighbour sounds on. Where a take goes on in the next without a
cut, nothing fades.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from storyboard.film import Shot, TransitionKind
from storyboard.graph.timeline import Event, Timeline
from storyboard.stitching.pcm import RATE, sample
from storyboard.stitching.pieces import DECLICK, Piece, Ramp, Track
from storyboard.timecode import Rate

_LEAN = RATE // 50
"""The ramp at the far end of a lead or a lag."""
_SEAM = 240
"""Samples (5 ms) in which one copy of a sound takes over from another."""


def take_pieces(
    timeline: Timeline, shots: Mapping[str, Shot], tracks: Mapping[str, Track], notes: list[str]
) -> list[Piece]:
    """The sound of the takes, event by event; what a lead can't have is added to `notes`."""
    pieces: list[Piece] = []
    events = timeline.events
    for before, event, after in zip((None, *events), events, (*events[1:], None), strict=False):
        shot = shots[event.shot]
        runs = [] if shot.mute else _runs(event, shot, tracks, timeline.rate)
        if not runs:
            continue
        seam = before is not None and _goes_on(before, event, shots)
        if not seam:
            runs[0] = _entered(runs[0], event, shot, timeline.rate, notes)
        if after is None or not _goes_on(event, after, shots):
            runs[-1] = _left(runs[-1], event, after, shot, timeline.rate)
        for run in runs:
            _joined(pieces, run, seam=seam or run is not runs[0])
    seams = {piece.start for piece in pieces if piece.seamless}
    return [_declicked(piece, goes_on=piece.end in seams) for piece in pieces]


def _goes_on(before: Event, event: Event, shots: Mapping[str, Shot]) -> bool:
    """Whether `event` is an extension that begins where the event before it stops."""
    return (
        event.entering is None
        and shots[event.shot].extends == before.shot
        and event.slices[0].source.start == 0
    )


def _runs(event: Event, shot: Shot, tracks: Mapping[str, Track], rate: Rate) -> list[Piece]:
    """Where the event has moving picture with sound: a piece for each slice."""
    runs: list[Piece] = []
    cursor = event.visible.start
    for part in event.slices:
        start, cursor = cursor, cursor + part.source.length
        track = tracks.get(part.step)
        if track is None or part.freeze is not None or not track.facts.has_audio:
            continue
        runs.append(
            Piece(
                sample(start, rate),
                sample(cursor, rate),
                track.path,
                sample(_first(track, rate) + part.source.start, rate),
                gain_db=shot.gain_db,
                early=f"the sound of {event.shot} ends {{}} s before its picture",
            )
        )
    return runs


def _first(track: Track, rate: Rate) -> int:
    """Where the step's own material begins, in frames of the film."""
    own = track.facts.rate
    if own is None or own == rate:
        return track.first_frame
    return rate.frames(own.seconds(track.first_frame))


def _entered(piece: Piece, event: Event, shot: Shot, rate: Rate, notes: list[str]) -> Piece:
    """The first piece of an event with its fade in, or its lead."""
    if piece.start > sample(event.visible.start, rate):
        return piece  # it stood still or silent before
    wanted = piece.start - sample(event.record.start - shot.audio_lead, rate)
    if shot.audio_lead and wanted > 0:
        held = min(wanted, sample(event.slices[0].source.start, rate))
        if held < wanted:
            notes.append(
                f"{shot.id}: audio_lead asks {wanted / RATE:.2f} s, "
                f"its take holds {held / RATE:.2f} s before the shot"
            )
        start = piece.start - held
        ramp = Ramp(start, start + _LEAN, True)
        return replace(piece, start=start, source=piece.source - held, ramps=(ramp,))
    blend = event.entering
    if blend is None:
        return piece
    start, end = sample(blend.span.start, rate), sample(blend.span.end, rate)
    if blend.kind is TransitionKind.FADE and blend.through:
        start = sample(event.record.start, rate)
    return replace(piece, ramps=(*piece.ramps, Ramp(start, end, True)))


def _left(piece: Piece, event: Event, after: Event | None, shot: Shot, rate: Rate) -> Piece:
    """The last piece of an event with its fade out, or its lag."""
    if piece.end < sample(event.visible.end, rate):
        return piece
    end = sample(event.record.end + shot.audio_lag, rate)
    if shot.audio_lag and end > piece.end:
        return replace(piece, end=end, ramps=(*piece.ramps, Ramp(end - _LEAN, end, False)))
    ramps = list(piece.ramps)
    blend = after.entering if after else None
    if after and blend and (blend.kind is not TransitionKind.FADE or blend.through):
        last = after.record.start if blend.kind is TransitionKind.FADE else blend.span.end
        ramps.append(Ramp(sample(blend.span.start, rate), sample(last, rate), False))
    if event.leaving:
        span = event.leaving.span
        ramps.append(Ramp(sample(span.start, rate), sample(span.end, rate), False))
    return replace(piece, ramps=tuple(ramps))


def _joined(pieces: list[Piece], run: Piece, *, seam: bool) -> None:
    """Appends `run`; where it plays on from the piece before it, the two become one sound."""
    last = pieces[-1] if pieces else None
    if last is None or last.end != run.start or _fades(last, run.start) or _fades(run, run.start):
        pieces.append(run)
        return
    on = last.source + run.start - last.start
    if last.path == run.path and last.gain_db == run.gain_db and abs(on - run.source) <= 1:
        pieces[-1] = replace(last, end=run.end, ramps=(*last.ramps, *run.ramps))
    elif not seam:
        pieces.append(run)
    elif run.source >= _SEAM:  # it brings its source along: two copies of one moment
        start = run.start - _SEAM
        fades = (
            Ramp(start, run.start, False, linear=True),
            Ramp(start, run.start, True, linear=True),
        )
        pieces[-1] = replace(last, ramps=(*last.ramps, fades[0]))
        begin = run.source - _SEAM
        pieces.append(replace(run, start=start, source=begin, ramps=(*run.ramps, fades[1])))
    else:
        pieces.append(replace(run, seamless=True))


def _fades(piece: Piece, at: int) -> bool:
    return any(ramp.start <= at <= ramp.end for ramp in piece.ramps)


def _declicked(piece: Piece, *, goes_on: bool) -> Piece:
    """Short ramps at the ends that nothing else softens."""
    ramps = list(piece.ramps)
    size = min(DECLICK, (piece.end - piece.start) // 2)
    if not piece.seamless and not any(r.rising and r.start <= piece.start < r.end for r in ramps):
        ramps.append(Ramp(piece.start, piece.start + size, True))
    if not goes_on and not any(not r.rising and r.start < piece.end <= r.end for r in ramps):
        ramps.append(Ramp(piece.end - size, piece.end, False))
    return replace(piece, ramps=tuple(ramps), goes_on=goes_on)
