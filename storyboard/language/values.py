"""The values of one shot, or of the film's header, on their way to become parts of a Film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storyboard.errors import Span
from storyboard.film import MediaFile
from storyboard.language.files import FileProblem, Files, Medium
from storyboard.language.layers import Origins
from storyboard.language.report import Nearest, Report
from storyboard.language.source import Source
from storyboard.timecode import Rate, Time, parse_time


@dataclass(slots=True)
class Desk:
    """What every shot of one load shares."""

    report: Report
    nearest: Nearest
    files: Files
    rate: Rate
    sources: Mapping[str, Source]
    """By name, as spans carry it."""
    _times: dict[Any, Time] = field(default_factory=dict)

    def time(self, value: str | int | float) -> Time:
        """`parse_time`, remembered."""
        key = type(value), value
        found = self._times.get(key)
        if found is None:
            found = self._times[key] = parse_time(value, self.rate)
        return found


class Values:
    """Merged values with their places. An error here marks the thing as broken."""

    __slots__ = ("data", "desk", "failed", "name", "origins")

    def __init__(
        self, desk: Desk, data: Mapping[str, Any], origins: Origins, name: str = ""
    ) -> None:
        self.desk = desk
        self.data = data
        self.origins = origins
        self.name = name
        self.failed = False

    def frames(self, path: str, value: str | int | float) -> int:
        """Whole frames of a time; one that lies between two frames is noted."""
        time = self.desk.time(value)
        if not time.exact:
            seconds = float(self.desk.rate.seconds(time.frames))
            self.desk.report.note(
                "SB301",
                self.origins.span(path),
                f"{value} s lies between two frames; it is {time.frames} frames, {seconds:.4g} s",
            )
        return time.frames

    def media(self, path: str, text: str, wanted: Medium) -> MediaFile | None:
        """The file that the value at `path` names; None, reported, if it can't be used."""
        span = self.origins.span(path)
        try:
            return self.desk.files.medium(text, self.desk.sources[span.file].folder, wanted)
        except FileProblem as problem:
            self.failed = True
            self.desk.report.error(problem.code, span, problem.message, problem.hint)
            return None

    def error(
        self,
        code: str,
        path: str,
        message: str,
        hint: str = "",
        related: tuple[tuple[Span, str], ...] = (),
        *,
        at_key: bool = False,
    ) -> None:
        """Reports an error at the value of `path`, or at its key."""
        self.failed = True
        span = self.origins.key_span(path) if at_key else self.origins.span(path)
        self.desk.report.error(code, span, message, hint, related)

    def warning(self, code: str, path: str, message: str, hint: str = "") -> None:
        self.desk.report.warning(code, self.origins.span(path), message, hint)
