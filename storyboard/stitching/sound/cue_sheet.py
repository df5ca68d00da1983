"""Builds the cue sheet: which sound plays from when to when, how loud, and with which fades.

Pure arithmetic on film and timeline; `mixer` plays it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.digest import digest_value
from storyboard.errors import StitchError
from storyboard.graph.dialogue_timing import PlacedLine, place_dialogue
from storyboard.graph.timeline import ShotEvent, Timeline
from storyboard.model.film import Ambience, Film, MediaFile, Shot
from storyboard.stitching.cut_inputs import StepMedia
from storyboard.stitching.sound.cue_sheet_entries import DECLICK, GainRamp, SoundCue
from storyboard.stitching.sound.pcm import RATE, to_sample_position
from storyboard.stitching.sound.take_audio import build_take_cues
from storyboard.timecode import Rate

_BED_FADE = RATE * 3 // 10
_BREATH = RATE // 4
"""How long a voice rings on after its line."""
_RING = RATE * 3 // 2
"""How long a shot's sound file may ring on after the shot."""


@dataclass(frozen=True, slots=True)
class CueSheet:
    """Every sound of the film."""

    cues: tuple[SoundCue, ...]
    speech: tuple[tuple[int, int], ...]
    """Film samples with speech, in order and merged."""
    length: int
    """Samples of the film."""
    notes: tuple[str, ...] = ()


def build_cue_sheet(
    film: Film,
    timeline: Timeline,
    media: Mapping[str, StepMedia],
    *,
    adds_missing_voices: bool = False,
) -> CueSheet:
    """The film's sound: takes, files, ambience, music, and when people speak.

    `adds_missing_voices` adds a cue for each line that no take contains. Raises StitchError when a
    cue is anchored at a shot that is not in the cut.
    """
    shots = {shot.id: shot for shot in film.shots}
    length = to_sample_position(timeline.length, timeline.rate)
    notes: list[str] = []
    take_cues = build_take_cues(timeline, shots, media, notes)
    other_cues = [
        *_build_file_cues(timeline, shots),
        *_build_ambience_cues(timeline, shots, length),
        *_build_music_cues(film, timeline),
    ]
    spoken_lines = tuple(place_dialogue(film, timeline))
    voice_cues = [
        *(_build_generated_voice_cues(spoken_lines, timeline.rate) if adds_missing_voices else []),
        *_build_narration_cues(timeline, media),
    ]
    speech = _merge_speech_spans(spoken_lines, voice_cues, timeline.rate)
    sound_cues = [
        cropped_cue
        for sound_cue in (*take_cues, *other_cues, *voice_cues)
        if (cropped_cue := _crop_cue_to_film(sound_cue, length))
    ]
    return CueSheet(tuple(sound_cues), speech, length, tuple(notes))


def _build_file_cues(timeline: Timeline, shots: Mapping[str, Shot]) -> list[SoundCue]:
    """Sound files that shots add to the mix; they ring on after the shot, fading."""
    sound_cues = []
    for event in timeline.events:
        for cue in shots[event.shot].sound:
            if cue.file is None:
                continue
            start = to_sample_position(event.record.start + cue.at, timeline.rate)
            out = max(to_sample_position(event.record.end, timeline.rate), start)
            ramps = (GainRamp(start, start + DECLICK // 3, True), GainRamp(out, out + _RING, False))
            sound_cues.append(
                SoundCue(
                    start,
                    out + _RING,
                    _require_local_path(cue.file),
                    gain_db=cue.gain_db,
                    ramps=ramps,
                )
            )
    return sound_cues


def _build_ambience_cues(
    timeline: Timeline, shots: Mapping[str, Shot], film_samples: int
) -> list[SoundCue]:
    """One cue for adjacent shots with the same ambience; its fades are centred on its ends."""
    groups: list[tuple[Ambience, list[ShotEvent]]] = []
    previous = None
    for event in timeline.events:
        ambience = shots[event.shot].ambience
        if ambience is not None:
            if groups and ambience == previous:
                groups[-1][1].append(event)
            else:
                groups.append((ambience, [event]))
        previous = ambience
    sound_cues = []
    for ambience, events in groups:
        first = to_sample_position(events[0].record.start, timeline.rate) - _BED_FADE // 2
        last = (
            to_sample_position(max(event.record.end for event in events), timeline.rate)
            + _BED_FADE // 2
        )
        first, last = max(0, first), min(film_samples, last)
        fade = min(_BED_FADE, (last - first) // 2)
        ramps = (GainRamp(first, first + fade, True), GainRamp(last - fade, last, False))
        sound_cue = SoundCue(first, last, gain_db=ambience.gain_db, ramps=ramps)
        if ambience.file:
            sound_cues.append(
                replace(sound_cue, path=_require_local_path(ambience.file), loops=True)
            )
        else:
            seed = _derive_sound_seed(f"{ambience.make} {ambience.scope}")
            # Generated ambience depends on the film's clock, so it goes on unchanged across a shot
            # without it.
            sound_cues.append(replace(sound_cue, make=ambience.make, source=first, seed=seed))
    return sound_cues


def _build_music_cues(film: Film, timeline: Timeline) -> list[SoundCue]:
    sound_cues = []
    for cue in film.music:
        try:
            begin, end = timeline.resolve_anchor(cue.begin), timeline.resolve_anchor(cue.end)
        except KeyError as error:
            raise StitchError(
                f"music starts or ends at {error.args[0]}, which is not in the cut"
            ) from error
        first, last = (
            to_sample_position(begin, timeline.rate),
            to_sample_position(end, timeline.rate),
        )
        if last <= first:
            continue
        fade_in = max(DECLICK, to_sample_position(begin + cue.fade_in, timeline.rate) - first)
        fade_out = max(DECLICK, last - to_sample_position(end - cue.fade_out, timeline.rate))
        sound_cue = SoundCue(
            first,
            last,
            source=int(cue.start * RATE),
            gain_db=cue.gain_db,
            ramps=(GainRamp(first, first + fade_in, True), GainRamp(last - fade_out, last, False)),
            duck_db=cue.duck_db,
        )
        if cue.file:
            early = f"music {cue.file.name} ends {{}} s before its `to`"
            sound_cues.append(
                replace(sound_cue, path=_require_local_path(cue.file), early_end_note=early)
            )
        else:
            sound_cues.append(
                replace(sound_cue, make=f"music: {cue.make}", seed=_derive_sound_seed(cue.make))
            )
    return sound_cues


def _build_generated_voice_cues(spoken_lines: Sequence[PlacedLine], rate: Rate) -> list[SoundCue]:
    """Lines that no take contains, such as voices over a colour or a card."""
    return [
        SoundCue(
            to_sample_position(spoken_line.span.start, rate),
            to_sample_position(spoken_line.span.end, rate) + _BREATH,
            line=spoken_line.line,
        )
        for spoken_line in spoken_lines
        if spoken_line.is_audible and not spoken_line.by_take
    ]


def _build_narration_cues(timeline: Timeline, media: Mapping[str, StepMedia]) -> list[SoundCue]:
    """Narration, each line with the sound of its step."""
    sound_cues = []
    for item in timeline.narration:
        medium = media.get(item.step)
        if medium is None or not medium.facts.has_audio:
            continue
        start, end = (
            to_sample_position(at, timeline.rate) for at in (item.span.start, item.span.end)
        )
        sound_cues.append(SoundCue(start, end + _BREATH, medium.path))
    return sound_cues


def _merge_speech_spans(
    spoken_lines: Sequence[PlacedLine], voice_cues: Sequence[SoundCue], rate: Rate
) -> tuple[tuple[int, int], ...]:
    """Where dialogue of takes and other voices are heard, merged."""
    spans = [(sound_cue.start, sound_cue.end - _BREATH) for sound_cue in voice_cues]
    spans += [
        (
            to_sample_position(spoken_line.audible_range.start, rate),
            to_sample_position(spoken_line.audible_range.end, rate),
        )
        for spoken_line in spoken_lines
        if spoken_line.audible_range and spoken_line.is_audible and spoken_line.by_take
    ]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _crop_cue_to_film(sound_cue: SoundCue, film_samples: int) -> SoundCue | None:
    """The part of a cue within the film; a cue that the film's end cuts off gets a fade."""
    start, end = max(0, sound_cue.start), min(film_samples, sound_cue.end)
    if start >= end:
        return None
    ramps = sound_cue.ramps
    if end < sound_cue.end:
        ramps = (*ramps, GainRamp(max(start, end - DECLICK), end, False))
    source = sound_cue.source + start - sound_cue.start
    return replace(sound_cue, start=start, end=end, source=source, ramps=ramps)


def _require_local_path(file: MediaFile) -> Path:
    if file.uri:
        raise StitchError(f"{file.name} must be downloaded before it can be mixed")
    return file.path


def _derive_sound_seed(words: str) -> int:
    return int(digest_value("bed", words)[:8], 16)
