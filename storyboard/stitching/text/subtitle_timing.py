"""Times subtitles: with the speech, and long enough to be read.

A cue starts with its words. When people talk faster than viewers read, or at the same time, the
cues of that group queue up and share the time that follows; at the end of a film they start
earlier.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction

from storyboard.timecode import FrameRange, Rate

GAP = 2
"""Frames between one cue and the next."""
LONGEST_S = 7
READING = 18
"""Columns per second that are easy to read."""
_LATE_S, _EARLY_S = 5, 2
"""How late or early a cue may start, so that a whole group stays easy to read."""
_SHARES = tuple(Fraction(share, 8) for share in reversed(range(9)))
"""Shares of the wished time above one second that a group may get, the largest first."""
_NEAR_S = Fraction(1, 4)
"""A cue this close to a cut starts with it; within twice that, it ends with it."""


def compute_reading_frames(columns: int, rate: Rate) -> int:
    """The frames that it takes to read `columns`: at least a second."""
    seconds = min(max(Fraction(1), Fraction(columns, READING)), Fraction(LONGEST_S))
    return rate.to_frames_rounded_up(seconds)


def schedule_subtitle_cues(
    spoken_spans: Sequence[FrameRange],
    reading_frames: Sequence[int],
    cuts: Sequence[int],
    film_frames: int,
    rate: Rate,
) -> list[FrameRange]:
    """The film frames of cues whose words are heard in `spoken_spans`, ordered by their starts.

    The result is in order, without overlap, within `film_frames`, and at least a second each while
    there is space; cues without space are empty. `reading_frames` says how long each takes to read,
    `cuts` are the ascending frames where the picture changes.
    """
    # If the film is too short for a second each, all cues get equally little.
    least = max(1, min(rate.to_frames(1), (film_frames + GAP) // max(1, len(spoken_spans)) - GAP))
    starts = _schedule_starts(
        spoken_spans, [max(least, want) for want in reading_frames], least, film_frames, rate
    )
    longest, cue_spans = rate.to_frames(LONGEST_S), []
    for number, (start, span) in enumerate(zip(starts, spoken_spans, strict=True)):
        # A cue lasts as long as its words or their reading, but ends before the next cue and after
        # LONGEST_S.
        room = starts[number + 1] - GAP if number + 1 < len(starts) else film_frames
        end = min(max(span.end, start + reading_frames[number]), start + longest, room, film_frames)
        cue_spans.append(FrameRange(min(start, film_frames), max(end, min(start, film_frames))))
    return _snap_cues_to_cuts(cue_spans, reading_frames, cuts, film_frames, rate)


def _schedule_starts(
    spoken_spans: Sequence[FrameRange],
    reading_frames: Sequence[int],
    least_frames: int,
    film_frames: int,
    rate: Rate,
) -> list[int]:
    """The start of each cue, at least `least_frames` and a gap after the previous one."""
    max_late, max_early, starts = rate.to_frames(_LATE_S), -rate.to_frames(_EARLY_S), []
    for first, last in _group_colliding_cues(spoken_spans, reading_frames):
        spans, crowd = spoken_spans[first:last], reading_frames[first:last]
        # Try the wished lengths first, then shorter ones, until no cue is too far from its words.
        for share in _SHARES:
            lengths = [least_frames + int((want - least_frames) * share) for want in crowd]
            queue = _queue_colliding_cues(spans, lengths, film_frames)
            away = [at - span.start for at, span in zip(queue, spans, strict=True)]
            if max_early <= min(away) and max(away) <= max_late:
                break
        starts += queue
    # Push cues forward, so that each has its least length before the next one and before the end.
    following = film_frames + GAP
    for number in reversed(range(len(starts))):
        starts[number] = following = min(starts[number], following - GAP - least_frames)
    # That may push the first ones below 0: then they follow each other at the least distance.
    return [max(at, number * (least_frames + GAP)) for number, at in enumerate(starts)]


def _group_colliding_cues(
    spoken_spans: Sequence[FrameRange], reading_frames: Sequence[int]
) -> list[tuple[int, int]]:
    """(first, last + 1) of cues that would overlap."""
    crowds: list[tuple[int, int]] = []
    first = free_from = 0
    for number, (span, want) in enumerate(zip(spoken_spans, reading_frames, strict=True)):
        if span.start >= free_from and number:
            crowds.append((first, number))
            first = number
        free_from = max(span.start, free_from) + want + GAP
    return [*crowds, (first, len(spoken_spans))] if spoken_spans else []


def _queue_colliding_cues(
    spoken_spans: Sequence[FrameRange], cue_frames: Sequence[int], film_frames: int
) -> list[int]:
    """The cues one after another, none before its words unless the film's end pushes it back."""
    starts: list[int] = []
    free_from = 0
    for span, frames in zip(spoken_spans, cue_frames, strict=True):
        starts.append(max(span.start, free_from))
        free_from = starts[-1] + frames + GAP
    end = film_frames
    for number in reversed(range(len(starts))):
        starts[number] = min(starts[number], end - cue_frames[number])
        end = starts[number] - GAP
    return starts


def _snap_cues_to_cuts(
    cue_spans: Sequence[FrameRange],
    reading_frames: Sequence[int],
    cuts: Sequence[int],
    film_frames: int,
    rate: Rate,
) -> list[FrameRange]:
    """Moves starts and ends that are close to a cut onto it, if the cue can still be read."""
    near, far = rate.to_frames(_NEAR_S), rate.to_frames(2 * _NEAR_S)
    snapped_spans: list[FrameRange] = []
    before = 0
    for number, span in enumerate(cue_spans):
        start, end = span.start, span.end
        need = min(span.length, reading_frames[number])
        room = cue_spans[number + 1].start - GAP if number + 1 < len(cue_spans) else film_frames
        # A later cut wins, since the words start near it; enough time must remain to read the cue.
        for cut in _find_near_cuts(cuts, start, near):
            if before <= cut <= end - need:
                start = cut
        for cut in _find_near_cuts(cuts, end, far):
            if start + need <= cut - GAP <= room:
                end = cut - GAP
                break
        before = end + GAP
        snapped_spans.append(FrameRange(start, end))
    return snapped_spans


def _find_near_cuts(cuts: Sequence[int], frame: int, max_distance: int) -> Sequence[int]:
    """The cuts (ascending) that are at most `max_distance` frames from `frame`."""
    return cuts[bisect_left(cuts, frame - max_distance) : bisect_right(cuts, frame + max_distance)]
