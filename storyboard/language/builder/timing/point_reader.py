"""Reads points of the film: a shot, a marker, `start`, `end`, or film time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from storyboard.errors import Span
from storyboard.language.builder.context import LayeredValues
from storyboard.language.builder.parsed import ParsedFilm
from storyboard.model.film import Anchor
from storyboard.model.shot_ruler import ShotRuler
from storyboard.model.tempo import MusicalTime, parse_musical_time

_OFFSET = re.compile(r"[+-](\d{1,7}f|\d{1,6}(\.\d+)?|\d{1,5}(\.\d{1,3})?(b|bar))")
_LETTER = r"[^\x00-@\[-^`{-\x7f]"
_ID = re.compile(rf"{_LETTER}({_LETTER}|[0-9])*(-({_LETTER}|[0-9])*{_LETTER}({_LETTER}|[0-9])*)*")


class PointReader:
    """The points that the text of one film can name."""

    def __init__(
        self,
        values: LayeredValues,
        ruler: ShotRuler,
        parsed_film: ParsedFilm,
        excluded_shots: Mapping[str, str],
        header: Mapping[str, Any],
    ) -> None:
        self._values = values
        self._ruler = ruler
        self._parsed_film = parsed_film
        self._excluded = excluded_shots
        markers = header.get("markers", {})
        self._markers = {name: text for name, text in markers.items() if not name.startswith("x-")}
        names = {*parsed_film.shots_by_id, *self._markers}
        self._names = ("start", "end", *sorted(names, key=lambda name: (-len(name), name)))

    def read_markers(self) -> dict[str, Anchor]:
        """The points that markers name; reports each that can't be one."""
        anchors = {}
        for name, text in self._markers.items():
            path = f"markers.{name}"
            if name in ("start", "end") or name in self._parsed_film.shots_by_id:
                what = "a point of every film" if name in ("start", "end") else "the id of a shot"
                message = f"`{name}` can't be the name of a marker: it is {what}"
                self._values.add_error("SB215", path, message, "rename the marker", at_key=True)
            elif anchor := self.read_anchor(self._values, path, text):
                anchors[name] = anchor
        return anchors

    def find_position(
        self, values: LayeredValues, key_path: str, value: Any
    ) -> tuple[int, int] | None:
        """The span and the frame of a point, as far as the shots before it tell.

        None if there is no such point, which is reported. A point after a shot that isn't measured
        yet is in no span: -1.
        """
        anchor = self.read_anchor(values, key_path, value)
        if anchor is None:
            return None
        if anchor.shot == "start":
            return 0, anchor.offset
        start = self._ruler.starts.get(anchor.shot)
        return (start.span, start.frame + anchor.offset) if start else (-1, 0)

    def read_anchor(self, values: LayeredValues, key_path: str, value: Any) -> Anchor | None:
        """A point of the film; None, reported, where it names no shot of the cut."""
        span = values.origins.find_span(key_path)
        text = str(value).strip()
        if musical := parse_musical_time(text):
            offset = self._measure_beats(values, key_path, text, "start", 0, musical)
            return self._reject_before_film(values, key_path, Anchor("start", offset, span))
        try:
            at = values.context.parse_time_with_cache(value if not isinstance(value, str) else text)
        except ValueError:
            pass
        else:
            return self._reject_before_film(values, key_path, Anchor("start", at.frames, span))
        for name in self._names:
            if text.startswith(name) and (text == name or _OFFSET.fullmatch(text[len(name) :])):
                return self._read_named_anchor(values, key_path, span, name, text[len(name) :])
        self._report_unknown_point(values, key_path, text)
        return None

    def _read_named_anchor(
        self, values: LayeredValues, key_path: str, span: Span, name: str, offset_text: str
    ) -> Anchor | None:
        if name in self._excluded:
            message = f"`{name}` can't be used as a point in time: it {self._excluded[name]}"
            values.add_error("SB205", key_path, message, "use a shot that is in the cut")
            return None
        base = Anchor(name, 0, span)
        if name in self._markers and name not in self._parsed_film.shots_by_id:
            if key_path.startswith("markers."):
                message = "a marker can't be placed at another marker"
                values.add_error("SB208", key_path, message, "use a shot or film time")
                return None
            marker = self.read_anchor(self._values, f"markers.{name}", self._markers[name])
            if marker is None:
                values.failed = True
                return None
            base = Anchor(marker.shot, marker.offset, span)
        if musical := parse_musical_time(offset_text):
            offset = self._measure_beats(
                values, key_path, offset_text, base.shot, base.offset, musical
            )
        else:
            offset = values.parse_time_as_frames(key_path, offset_text) if offset_text else 0
        anchor = Anchor(base.shot, base.offset + offset, span)
        return self._reject_before_film(values, key_path, anchor)

    def _measure_beats(
        self,
        values: LayeredValues,
        key_path: str,
        text: str,
        shot: str,
        offset: int,
        time: MusicalTime,
    ) -> int:
        """Frames of beats from a point, in the music that plays there."""
        if shot == "end":
            beats = self._values.beats
            if beats is not None:
                return beats.measure_duration(time)
        elif shot == "start":
            beats = self._values.beats
        else:
            position = self._ruler.starts.get(shot)
            beats = position.beats if position else None
        if beats is None:
            message = f"`{text.lstrip('+-')}` counts beats, but no `tempo` applies there"
            hint = "add a tempo to the sequence or to the film: `tempo: {bpm: 120}`"
            values.add_error("SB314", key_path, message, hint)
            return 0
        return replace(beats, frame=beats.frame + offset).measure_frames(time)

    def _report_unknown_point(self, values: LayeredValues, key_path: str, text: str) -> None:
        if self._parsed_film.may_lack_ids:
            values.failed = True
            return
        match = _ID.match(text)
        word = match[0] if match else text
        if match and (len(word) == len(text) or _OFFSET.fullmatch(text[len(word) :])):
            near = values.context.suggester.suggest_name(word, self._names)
            values.add_error("SB201", key_path, f"there is no shot or marker `{word}`", near)
        else:
            hint = "write a shot (SH010, SH010+1.5), a marker, start, end-6, or seconds in the film"
            values.add_error("SB208", key_path, f"`{text}` is not a point in the film", hint)

    def _reject_before_film(
        self, values: LayeredValues, key_path: str, anchor: Anchor
    ) -> Anchor | None:
        if anchor.shot == "start" and anchor.offset < 0:
            values.add_error("SB313", key_path, "this point is before the start of the film")
            return None
        return anchor
