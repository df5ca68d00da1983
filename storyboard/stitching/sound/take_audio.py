"""The sound of takes under their pictures: cuts, blends, leads, lags and seams.

A cut fades in and out over 3 ms; a blend fades both sides at equal power; a lead or a lag runs
under the neighbour's picture while the neighbour's sound continues. Where a take continues in the
next without a cut, nothing fades.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from storyboard.graph.timeline import ShotEvent, Timeline
from storyboard.model.film import Shot
from storyboard.stitching.cut_inputs import StepMedia
from storyboard.stitching.sound.cue_sheet_entries import DECLICK, GainRamp, SoundCue
from storyboard.stitching.sound.pcm import RATE, to_sample_position
from storyboard.timecode import Rate
from storyboard.transitions.registry import find_transition

_LEAN = RATE // 50
"""The ramp at the far end of a lead or a lag."""
_SEAM = 240
"""Samples (5 ms) over which one copy of a sound replaces another."""


def build_take_cues(
    timeline: Timeline,
    shots: Mapping[str, Shot],
    media: Mapping[str, StepMedia],
    collected_notes: list[str],
) -> list[SoundCue]:
    """The takes' sound, event by event; a lead that is too long adds to `collected_notes`."""
    sound_cues: list[SoundCue] = []
    events = timeline.events
    for before, event, after in zip((None, *events), events, (*events[1:], None), strict=False):
        shot = shots[event.shot]
        event_cues = [] if shot.mute else _build_event_cues(event, shot, media, timeline.rate)
        if not event_cues:
            continue
        is_seam = before is not None and _is_extension_of_previous(before, event, shots)
        if not is_seam:
            event_cues[0] = _add_fade_in_or_lead(
                event_cues[0], event, shot, timeline.rate, collected_notes
            )
        if after is None or not _is_extension_of_previous(event, after, shots):
            event_cues[-1] = _add_fade_out_or_lag(event_cues[-1], event, after, shot, timeline.rate)
        for event_cue in event_cues:
            _append_or_join_cue(
                sound_cues, event_cue, is_seam=is_seam or event_cue is not event_cues[0]
            )
    seams = {sound_cue.start for sound_cue in sound_cues if sound_cue.seamless}
    return [
        _add_declick_ramps(sound_cue, goes_on=sound_cue.end in seams) for sound_cue in sound_cues
    ]


def _is_extension_of_previous(
    before: ShotEvent, event: ShotEvent, shots: Mapping[str, Shot]
) -> bool:
    """Whether `event` is an extension that begins where the event before it stops."""
    return (
        event.entering is None
        and shots[event.shot].extends == before.shot
        and event.slices[0].source.start == 0
    )


def _build_event_cues(
    event: ShotEvent, shot: Shot, media: Mapping[str, StepMedia], rate: Rate
) -> list[SoundCue]:
    """A cue for each slice of the event that has moving picture with sound."""
    event_cues: list[SoundCue] = []
    cursor = event.visible.start
    for part in event.slices:
        start, cursor = cursor, cursor + part.source.length
        medium = media.get(part.step)
        if medium is None or part.hold_frame is not None or not medium.facts.has_audio:
            continue
        event_cues.append(
            SoundCue(
                to_sample_position(start, rate),
                to_sample_position(cursor, rate),
                medium.path,
                to_sample_position(_find_first_own_frame(medium, rate) + part.source.start, rate),
                audio_track=shot.audio_track,
                gain_db=shot.gain_db,
                early_end_note=f"the sound of {event.shot} ends {{}} s before its picture",
            )
        )
    return event_cues


def _find_first_own_frame(medium: StepMedia, film_rate: Rate) -> int:
    """Where the step's own material begins, in frames of the film."""
    own = medium.facts.rate
    if own is None or own == film_rate:
        return medium.first_frame
    return film_rate.to_frames(own.to_seconds(medium.first_frame))


def _add_fade_in_or_lead(
    sound_cue: SoundCue, event: ShotEvent, shot: Shot, rate: Rate, collected_notes: list[str]
) -> SoundCue:
    """The first cue of an event with its fade in, or its lead."""
    if sound_cue.start > to_sample_position(event.visible.start, rate):
        return sound_cue  # the event begins with a still or silent slice
    lead = sound_cue.start - to_sample_position(event.record.start - shot.audio_lead, rate)
    if shot.audio_lead and lead > 0:
        # The take has only as much sound before the shot as its slice was trimmed.
        available = min(lead, to_sample_position(event.slices[0].source.start, rate))
        if available < lead:
            collected_notes.append(
                f"{shot.id}: audio_lead needs {lead / RATE:.2f} s, but the take has only "
                f"{available / RATE:.2f} s before the shot"
            )
        start = sound_cue.start - available
        ramp = GainRamp(start, start + _LEAN, True)
        return replace(sound_cue, start=start, source=sound_cue.source - available, ramps=(ramp,))
    blend = event.entering
    if blend is None:
        return sound_cue
    start, end = (
        to_sample_position(blend.span.start, rate),
        to_sample_position(blend.span.end, rate),
    )
    # A blend through a colour has no overlap: each side fades on its own side of the cut.
    if blend.through:
        start = to_sample_position(event.record.start, rate)
    return replace(sound_cue, ramps=(*sound_cue.ramps, GainRamp(start, end, True)))


def _add_fade_out_or_lag(
    sound_cue: SoundCue, event: ShotEvent, after: ShotEvent | None, shot: Shot, rate: Rate
) -> SoundCue:
    """The last cue of an event with its fade out, or its lag."""
    if sound_cue.end < to_sample_position(event.visible.end, rate):
        return sound_cue
    end = to_sample_position(event.record.end + shot.audio_lag, rate)
    if shot.audio_lag and end > sound_cue.end:
        return replace(
            sound_cue, end=end, ramps=(*sound_cue.ramps, GainRamp(end - _LEAN, end, False))
        )
    ramps = list(sound_cue.ramps)
    blend = after.entering if after else None
    # A fade in from a colour belongs to the next shot alone; this one ends with a cut.
    if after and blend and (blend.through or not find_transition(blend.kind).is_with_color):
        last = after.record.start if blend.through else blend.span.end
        ramps.append(
            GainRamp(
                to_sample_position(blend.span.start, rate), to_sample_position(last, rate), False
            )
        )
    if event.leaving:
        span = event.leaving.span
        ramps.append(
            GainRamp(
                to_sample_position(span.start, rate), to_sample_position(span.end, rate), False
            )
        )
    return replace(sound_cue, ramps=tuple(ramps))


def _append_or_join_cue(sound_cues: list[SoundCue], sound_cue: SoundCue, *, is_seam: bool) -> None:
    """Appends `sound_cue`, or joins it with the previous cue if it continues the same sound."""
    last = sound_cues[-1] if sound_cues else None
    if (
        last is None
        or last.end != sound_cue.start
        or _is_fading_at(last, sound_cue.start)
        or _is_fading_at(sound_cue, sound_cue.start)
    ):
        sound_cues.append(sound_cue)
        return
    # The same file at the next sample: no seam at all. Rounding may shift it by one.
    continued_source = last.source + sound_cue.start - last.start
    if (
        last.path == sound_cue.path
        and last.audio_track == sound_cue.audio_track
        and last.gain_db == sound_cue.gain_db
        and abs(continued_source - sound_cue.source) <= 1
    ):
        sound_cues[-1] = replace(last, end=sound_cue.end, ramps=(*last.ramps, *sound_cue.ramps))
    elif not is_seam:
        sound_cues.append(sound_cue)
    elif sound_cue.source >= _SEAM:  # its file contains the same moment: cross-fade the copies
        start = sound_cue.start - _SEAM
        fades = (
            GainRamp(start, sound_cue.start, False, linear=True),
            GainRamp(start, sound_cue.start, True, linear=True),
        )
        sound_cues[-1] = replace(last, ramps=(*last.ramps, fades[0]))
        begin = sound_cue.source - _SEAM
        sound_cues.append(
            replace(sound_cue, start=start, source=begin, ramps=(*sound_cue.ramps, fades[1]))
        )
    else:
        sound_cues.append(replace(sound_cue, seamless=True))


def _is_fading_at(sound_cue: SoundCue, film_sample: int) -> bool:
    return any(ramp.start <= film_sample <= ramp.end for ramp in sound_cue.ramps)


def _add_declick_ramps(sound_cue: SoundCue, *, goes_on: bool) -> SoundCue:
    """Adds short ramps at ends that have no other fade."""
    ramps = list(sound_cue.ramps)
    size = min(DECLICK, (sound_cue.end - sound_cue.start) // 2)
    if not sound_cue.seamless and not any(
        r.rising and r.start <= sound_cue.start < r.end for r in ramps
    ):
        ramps.append(GainRamp(sound_cue.start, sound_cue.start + size, True))
    if not goes_on and not any(not r.rising and r.start < sound_cue.end <= r.end for r in ramps):
        ramps.append(GainRamp(sound_cue.end - size, sound_cue.end, False))
    return replace(sound_cue, ramps=tuple(ramps), continues=goes_on)
