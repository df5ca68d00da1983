"""The `tempo` of a block -> the times of its beats."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Span
from storyboard.language.builder.parsed import Scope
from storyboard.language.yaml.parser import Map
from storyboard.model.tempo import DEFAULT_METER, BeatGrid, TempoChange, parse_musical_time
from storyboard.timecode import Rate, parse_time


class BeatGrids:
    """The beat grids of a film, each built once."""

    def __init__(
        self, header: Mapping[str, Any], rate: Rate, diagnostics: DiagnosticCollector
    ) -> None:
        self._header = header
        self._rate = rate
        self._diagnostics = diagnostics
        self._grids: dict[int, BeatGrid] = {}

    @property
    def film_grid(self) -> BeatGrid | None:
        """The beats from the start of the film; None if the film has no tempo of its own."""
        return self._find_grid(self._header) if "tempo" in self._header else None

    def find_block(self, scope: Scope) -> tuple[int, BeatGrid | None]:
        """The innermost block with a tempo, by an arbitrary number, and its beats."""
        included = (header for _, header in reversed(scope.includes))
        for block in (*reversed(scope.sequences), *included, self._header):
            if "tempo" in block:
                return id(block), self._find_grid(block)
        return 0, None

    def _find_grid(self, block: Mapping[str, Any]) -> BeatGrid:
        if id(block) not in self._grids:
            self._grids[id(block)] = self._build_grid(block["tempo"])
        return self._grids[id(block)]

    def _build_grid(self, tempo: Any) -> BeatGrid:
        parts = tempo if isinstance(tempo, list) else [tempo]
        first = parts[0]
        meter = first.get("meter", DEFAULT_METER)
        if "at" in first:
            self._add_error(first, "at", "the first tempo begins with beat 1", "delete `at`")
        changes = [TempoChange(Fraction(0), Fraction(str(first["bpm"])))]
        for part in parts[1:]:
            if "at" not in part:
                hint = "say where this tempo begins, in beats or bars: `at: 16bar`"
                self._add_error(part, "bpm", "every tempo after the first needs `at`", hint)
                continue
            for key in ("meter", "first"):
                if key in part:
                    message = f"`{key}` is only allowed in the first tempo"
                    self._add_error(part, key, message, f"delete `{key}`")
            begins = parse_musical_time(part["at"])
            beat = begins.to_beats(meter) if begins else Fraction(0)
            if beat <= changes[-1].beat:
                message = "this tempo begins before the tempo above it, or at the same time"
                hint = "put the tempos in order, each `at` later than the one before"
                self._add_error(part, "at", message, hint)
                continue
            changes.append(TempoChange(beat, Fraction(str(part["bpm"]))))
        return BeatGrid(self._read_first_s(first), meter, changes)

    def _read_first_s(self, part: Mapping[str, Any]) -> Fraction:
        value = part.get("first", 0)
        if isinstance(value, str) and parse_musical_time(value):
            hint = "write seconds, such as 0.35"
            self._add_error(part, "first", "`first` can't be in beats: beat 1 is at `first`", hint)
            return Fraction(0)
        if isinstance(value, str):
            return self._rate.to_seconds(parse_time(value, self._rate).frames)
        return Fraction(str(value))  # exact, since beat 1 needn't be on a frame

    def _add_error(self, part: Mapping[str, Any], key: str, message: str, hint: str) -> None:
        span = part.find_value_span(key) if isinstance(part, Map) else Span("<film>")
        self._diagnostics.add_error("SB315", span, message, hint)
