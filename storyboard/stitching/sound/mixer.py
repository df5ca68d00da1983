"""Mixes the cue sheet into samples, for any part of the film.

A part depends on nothing outside it, so parts are mixed separately, in any order, and cached. Each
sound is opened where the part begins and closed where it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from storyboard.errors import MediaError, StitchError
from storyboard.stitching.cut_inputs import AmbienceSource, GeneratedSounds
from storyboard.stitching.sound.cue_sheet import CueSheet
from storyboard.stitching.sound.cue_sheet_entries import DECLICK, GainRamp, SoundCue
from storyboard.stitching.sound.pcm import (
    RATE,
    SampleReader,
    Samples,
    WavWriter,
    can_seek,
    create_silence,
    decode_audio,
    loop_audio,
)

_BLOCK = 10 * RATE
_NEAR = 10 * RATE
"""A reader decodes through this many samples of a file, and seeks beyond."""
_ATTACK = RATE * 150 // 1000
_RELEASE = RATE * 400 // 1000
_SOON = RATE // 10
"""Pauses that leave less than this at full level stay ducked."""
_STEP = 72
"""Samples over which a step at a seam is smoothed."""

_EMPTY_HINT = "export the sound again, or remove it from the film"

Gain = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MixedBlock:
    """A part of the mix."""

    samples: Samples
    ended: Mapping[int, int]
    """By the cue's number in the sheet, the film sample where its file ended too soon."""


@dataclass(slots=True)
class SoundSources:
    """Opens the sounds that a film's cues name.

    `folder` holds copies of files that can't be seeked, and of those that loop; the caller removes
    it.
    """

    folder: Path
    generated: GeneratedSounds = GeneratedSounds()
    voices: Mapping[str, str] = field(default_factory=dict)
    """By cast name, the description of the voice."""
    film_files: Mapping[Path, str] = field(default_factory=dict)
    """By path, where the film names a sound file; other files are takes."""
    takes: Mapping[Path, str] = field(default_factory=dict)
    """By path, the step whose take a file is."""
    _copies: dict[tuple[Path, str], Path] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def open_cue(self, cue: SoundCue) -> Iterator[Samples]:
        """The samples of a cue from its `source` on.

        Raises StitchError for a description that nothing can make, MediaError for an unreadable
        file.
        """
        if cue.path is not None:
            return self._read_file(cue.path, cue)
        if cue.line is not None and self.generated.murmur is not None:
            spoken = self.generated.murmur(cue.line, self.voices.get(cue.line.speaker, ""))
            return iter([spoken[cue.source :]])
        if self.generated.beds is None:
            raise StitchError(
                f"the sound {cue.make!r} can't be generated",
                hint="use a file instead: {file: sound.wav}",
            )
        return _generate_ambience(cue, self.generated.beds)

    def _read_file(self, path: Path, cue: SoundCue) -> Iterator[Samples]:
        """The samples of the cue's file; an error names its place in the film."""
        # Only a file that the film names must have sound; a take may be silent.
        is_empty = path in self.film_files and not cue.source
        try:
            if cue.loops:
                yield from loop_audio(self._copy_to_wav(path), cue.source)
            is_near = cue.source <= _NEAR or can_seek(path)
            if not is_near:
                path = self._copy_to_wav(path, cue.audio_track)
            for samples in decode_audio(path, cue.source, audio_track=cue.audio_track):
                is_empty = False
                yield samples
            if is_empty:
                raise MediaError(f"{path} has no sound", hint=_EMPTY_HINT)
        except MediaError as error:
            place = self.film_files.get(path) or f"the take of {self.takes.get(path, 'a shot')}"
            raise MediaError(f"{place}: {error}", hint=error.hint, log=error.log) from error

    def _copy_to_wav(self, path: Path, audio_track: str = "") -> Path:
        with self._lock:
            if (path, audio_track) not in self._copies:
                copy = self.folder / f"copy{len(self._copies)}.wav"
                with WavWriter(copy) as wav:
                    for block in decode_audio(path, audio_track=audio_track):
                        wav.write(block)
                if not wav.samples:
                    raise MediaError(f"{path} has no sound", hint=_EMPTY_HINT)
                self._copies[path, audio_track] = copy
            return self._copies[path, audio_track]


def mix_sample_range(sheet: CueSheet, sounds: SoundSources, first: int, last: int) -> MixedBlock:
    """Film samples [first, last) of the mix, before levelling."""
    block = create_silence(last - first)
    ducking = Ducking(sheet.speech)
    ends: dict[int, Samples] = {}  # the last two samples of each cue that another continues
    ended: dict[int, int] = {}
    for number in find_cue_numbers_between(sheet, first, last):
        cue = sheet.cues[number]
        player = _CuePlayer(
            crop_cue(cue, first, last),
            SampleReader(sounds.open_cue(_advance_cue_source(cue, first))),
        )
        try:
            player.add_cue_to_block(block, first, ducking, ends)
        finally:
            player.reader.close()
        if player.ended_at is not None:
            ended[number] = player.ended_at
    return MixedBlock(block, ended)


def find_cue_numbers_between(sheet: CueSheet, first: int, last: int) -> list[int]:
    """The numbers of the cues that sound in [first, last), ordered by their start."""
    numbers = [n for n, cue in enumerate(sheet.cues) if cue.start < last and cue.end > first]
    return sorted(numbers, key=lambda n: (sheet.cues[n].start, sheet.cues[n].end))


def crop_cue(cue: SoundCue, first: int, last: int) -> SoundCue:
    """The part of a cue that sounds in [first, last); its ramps keep their places."""
    ahead = max(0, first - cue.start)
    return replace(
        cue,
        start=cue.start + ahead,
        end=min(cue.end, last),
        source=cue.source + ahead,
        seamless=cue.seamless and not ahead,
        continues=cue.continues and cue.end <= last,
    )


def _advance_cue_source(cue: SoundCue, film_sample: int) -> SoundCue:
    return replace(cue, source=cue.source + max(0, film_sample - cue.start))


class _CuePlayer:
    """Plays one cue into a block."""

    def __init__(self, cue: SoundCue, reader: SampleReader) -> None:
        self.cue = cue
        self.reader = reader
        self.ended_at: int | None = None

    def add_cue_to_block(
        self,
        block: Samples,
        block_start: int,
        ducking: Ducking,
        seam_endings: dict[int, Samples],
    ) -> None:
        """Adds the cue to the block that begins at film sample `block_start` and contains all of
        it.
        """
        cue = self.cue
        first, last = cue.start, cue.end
        sound = self.reader.read(last - first) * np.float32(10 ** (cue.gain_db / 20))
        # The file ended before the cue: fade it out, or the stop would click.
        if self.reader.ended and self.reader.samples_read < last - first:
            stop = self.ended_at = first + self.reader.samples_read
            _apply_ramp(sound, GainRamp(max(first, stop - DECLICK), stop, False), first)
        for ramp in cue.ramps:
            _apply_ramp(sound, ramp, first)
        if cue.duck_db:
            sound *= ducking.compute_gain(cue.duck_db, first, last)[:, None]
        if cue.seamless and first in seam_endings:
            _smooth_seam_step(seam_endings.pop(first), sound)
        if cue.continues and len(sound) > 1:
            seam_endings[last] = sound[-2:].copy()
        block[first - block_start : last - block_start] += sound


def _generate_ambience(cue: SoundCue, ambience_source: AmbienceSource) -> Iterator[Samples]:
    """Generated ambience, always made in the same stretches of its clock, wherever it starts."""
    at = cue.source // _BLOCK * _BLOCK
    skip, end = cue.source - at, cue.source + cue.end - cue.start
    while at < end:
        yield ambience_source(cue.make, _BLOCK / RATE, cue.seed, at / RATE)[skip:]
        at, skip = at + _BLOCK, 0


def _apply_ramp(sound: Samples, ramp: GainRamp, sound_start: int) -> None:
    """Applies a ramp to `sound`, which starts at film sample `sound_start`."""
    size = max(1, ramp.end - ramp.start)
    first = min(max(ramp.start - sound_start, 0), len(sound))
    last = min(max(ramp.end - sound_start, first), len(sound))
    # Half a sample in, so that a rise and a fall over the same samples are exact mirror images.
    share = (np.arange(first, last, dtype=np.float32) + (sound_start - ramp.start + 0.5)) / size
    if not ramp.rising:
        share = 1 - share
    gain = share if ramp.linear else np.sin(share * np.float32(np.pi / 2))
    sound[first:last] *= gain[:, None]
    if ramp.rising:
        sound[:first] = 0
    else:
        sound[last:] = 0


def _smooth_seam_step(previous_ending: Samples, sound: Samples) -> None:
    """Removes the step at a seam.

    A start between the last sample of the previous sound and where that sound was heading is no
    step.
    """
    # Heading: the line through the last two samples, one sample further.
    last_value, expected_value = previous_ending[1], 2 * previous_ending[1] - previous_ending[0]
    target = np.clip(
        sound[0], np.minimum(last_value, expected_value), np.maximum(last_value, expected_value)
    )
    n = min(_STEP, len(sound))
    decay = np.linspace(1, 0, n, endpoint=False, dtype=np.float32) ** 2
    sound[:n] += decay[:, None] * (target - sound[0])


class Ducking:
    """Lowers music under speech: down before a line, held through short pauses, up again after
    it.
    """

    def __init__(self, speech_spans: Sequence[tuple[int, int]]) -> None:
        merged_spans: list[list[int]] = []
        for start, end in speech_spans:
            if merged_spans and start - merged_spans[-1][1] < _ATTACK + _RELEASE + _SOON:
                merged_spans[-1][1] = end
            else:
                merged_spans.append([start, end])
        self.ducked_spans = tuple((start - _ATTACK, end + _RELEASE) for start, end in merged_spans)
        """Where the gain is lowered, falling or rising."""
        self._positions = [at for s, e in merged_spans for at in (s - _ATTACK, s, e, e + _RELEASE)]
        self._depths = [0.0, 1.0, 1.0, 0.0] * len(merged_spans)

    def compute_gain(self, duck_db: float, first: int, last: int) -> Gain:
        """The gain for film samples [first, last)."""
        if not self._positions:
            return np.ones(last - first, dtype=np.float32)
        share = np.interp(np.arange(first, last), self._positions, self._depths)
        # Smoothstep: the fall and the rise begin and end without a corner.
        soft = share * share * (3 - 2 * share)
        return (10 ** (-duck_db / 20 * soft)).astype(np.float32)
