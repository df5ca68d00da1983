"""The values of one shot, or of the film's header, on their way to become parts of a Film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.suggestions import Suggester
from storyboard.errors import Span
from storyboard.language.builder.layers import Origins
from storyboard.language.builder.media_files import FileProblem, MediaFiles, MediaKind
from storyboard.language.yaml.source import Source
from storyboard.model.film import MediaFile
from storyboard.model.shot_ruler import BeatPosition
from storyboard.model.tempo import parse_musical_time
from storyboard.timecode import Rate, Time, parse_time


@dataclass(slots=True)
class BuildContext:
    """What every shot of one load shares."""

    diagnostics: DiagnosticCollector
    suggester: Suggester
    files: MediaFiles
    rate: Rate
    sources: Mapping[str, Source]
    """By name, as spans carry it."""
    _times: dict[Any, Time] = field(default_factory=dict)

    def parse_time_with_cache(self, value: str | int | float) -> Time:
        """`parse_time`, remembered."""
        key = type(value), value
        time = self._times.get(key)
        if time is None:
            time = self._times[key] = parse_time(value, self.rate)
        return time


class LayeredValues:
    """Merged values with their places. An error here marks the thing as broken."""

    __slots__ = ("beats", "context", "data", "failed", "name", "origins")

    def __init__(
        self, context: BuildContext, data: Mapping[str, Any], origins: Origins, shot_id: str = ""
    ) -> None:
        self.context = context
        self.data = data
        self.origins = origins
        self.name = shot_id
        self.failed = False
        self.beats: BeatPosition | None = None
        """Where it starts in the music; None if no tempo applies."""

    def parse_time_as_frames(self, key_path: str, value: str | int | float) -> int:
        """Whole frames of a time; notes one that is between two frames.

        Beats and bars are as long as they are at the start of the shot.
        """
        if isinstance(value, str) and (musical := parse_musical_time(value)):
            beats = self.require_beats(key_path, value)
            return beats.measure_duration(musical) if beats else 1
        time = self.context.parse_time_with_cache(value)
        if not time.exact:
            seconds = float(self.context.rate.to_seconds(time.frames))
            self.context.diagnostics.add_note(
                "SB301",
                self.origins.find_span(key_path),
                f"{value} s is not a whole number of frames; rounded to {time.frames} frames, "
                f"{seconds:.4g} s",
            )
        return time.frames

    def parse_length(self, key_path: str, value: str | int | float) -> int:
        """Whole frames of a shot's length; beats and bars end the shot on a beat."""
        if isinstance(value, str) and (musical := parse_musical_time(value)):
            beats = self.require_beats(key_path, value)
            return beats.measure_frames(musical) if beats else 1
        return self.parse_time_as_frames(key_path, value)

    def require_beats(self, key_path: str, value: str) -> BeatPosition | None:
        """The place in the music; None, reported, if no tempo applies."""
        if self.beats is None:
            message = f"`{value}` counts beats, but no `tempo` applies here"
            hint = "add a tempo to the sequence or to the film: `tempo: {bpm: 120}`"
            self.add_error("SB314", key_path, message, hint)
        return self.beats

    def find_media(self, key_path: str, file_name: str, wanted_kind: MediaKind) -> MediaFile | None:
        """The file that the value at `key_path` names; None, reported, if it can't be used."""
        span = self.origins.find_span(key_path)
        try:
            return self.context.files.find_media(
                file_name, self.context.sources[span.file].folder, wanted_kind
            )
        except FileProblem as problem:
            self.failed = True
            self.context.diagnostics.add_error(problem.code, span, problem.message, problem.hint)
            return None

    def add_error(
        self,
        code: str,
        key_path: str,
        message: str,
        hint: str = "",
        related: tuple[tuple[Span, str], ...] = (),
        *,
        at_key: bool = False,
    ) -> None:
        """Reports an error at the value of `key_path`, or at its key."""
        self.failed = True
        span = self.origins.find_key_span(key_path) if at_key else self.origins.find_span(key_path)
        self.context.diagnostics.add_error(code, span, message, hint, related)

    def add_warning(self, code: str, key_path: str, message: str, hint: str = "") -> None:
        self.context.diagnostics.add_warning(code, self.origins.find_span(key_path), message, hint)
