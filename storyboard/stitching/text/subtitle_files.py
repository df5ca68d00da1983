"""Writes SRT and WebVTT files from which every reader gets the words as they were spoken.

Neither format can escape a brace, and players take text in braces for a command; full-width braces
look the same and are harmless. Where SRT has no escape either (tags, times, `\\N`), an invisible
word joiner keeps the text from being parsed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

from storyboard.model.film import Film
from storyboard.stitching.media.ffmpeg import build_temp_path
from storyboard.stitching.text.subtitles import SubtitleCue
from storyboard.timecode import Rate
from storyboard.util.output_files import replace_file

_SUFFIXES = (".srt", ".vtt")
JOINER = "\u2060"
_BRACES = str.maketrans("{}", "\uff5b\uff5d")
_COMMAND = re.compile(r"(?<=\\)(?=[Nnh])")
_TAG = re.compile(r"(?<=<)(?=[^<>]*>)")
_TIME = re.compile(r"(?<=\d:\d\d:\d\d)(?=[.,]\d)")


def list_sidecar_paths(film: Film, cues: Sequence[SubtitleCue], out: Path) -> tuple[Path, ...]:
    """The subtitle files beside the film file `out`; none for a film without words."""
    return _build_sidecar_paths(out) if film.subtitles == "sidecar" and cues else ()


def find_stale_subtitles(film: Film, cues: Sequence[SubtitleCue], out: Path) -> tuple[Path, ...]:
    """Files beside `out` that players take for its subtitles, although the film has no words."""
    if film.subtitles != "sidecar" or cues:
        return ()
    return tuple(path for path in _build_sidecar_paths(out) if path.exists())


def write_cues(cues: Sequence[SubtitleCue], rate: Rate, paths: Sequence[Path]) -> None:
    """Writes the cues to every path, by rename, in the format of its suffix."""
    import pysubs2

    for path in paths:
        subtitles = pysubs2.SSAFile()
        for cue in cues:
            text = _escape_rows(cue.lines, path.suffix).replace("\n", r"\N")
            subtitles.append(
                pysubs2.SSAEvent(
                    start=_to_milliseconds(cue.span.start, rate),
                    end=_to_milliseconds(cue.span.end, rate),
                    text=rf"{{\i1}}{text}{{\i0}}" if cue.off else text,
                )
            )
        unfinished = build_temp_path(path)
        unfinished.write_text(subtitles.to_string(path.suffix[1:]), encoding="utf-8")
        replace_file(unfinished, path)


def _build_sidecar_paths(out: Path) -> tuple[Path, ...]:
    return tuple(map(out.with_suffix, _SUFFIXES))


def _escape_rows(rows: Sequence[str], suffix: str) -> str:
    """The rows, escaped for `suffix`; a row of digits alone would be parsed as a cue number."""
    text = "\n".join(JOINER + row if row.isdigit() else row for row in rows)
    text = _COMMAND.sub(JOINER, text.translate(_BRACES))
    if suffix == ".vtt":
        return html.escape(text, quote=False)
    return _TIME.sub(JOINER, _TAG.sub(JOINER, text))


def _to_milliseconds(frame: int, rate: Rate) -> int:
    return round(rate.to_seconds(frame) * 1000)
