"""Everything that goes into a cut, in one value.

The stitcher, the fingerprint and the writers of subtitle and cue files take this value, or a part
of it, and compute nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from storyboard.digest import hash_file
from storyboard.graph.timeline import Timeline
from storyboard.model.film import Film, Line, MediaFacts
from storyboard.stitching.text.fonts import FontSet
from storyboard.stitching.text.overlay_layout import lay_out_overlays
from storyboard.stitching.text.subtitles import SubtitleCue, build_subtitle_cues
from storyboard.stitching.text.title_timing import PlacedTitle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StepMedia:
    """The select of one step, as the caller knows it."""

    path: Path
    sha256: str
    """SHA-256 of the file."""
    facts: MediaFacts
    first_frame: int = 0
    """Where the step's own new material begins, in frames of the file."""


class AmbienceSource(Protocol):
    """Makes ambience or music from a description.

    Returns stereo (n, 2) float32 at 48 kHz, n = round(seconds * 48000). The result depends only on
    the position: what starts at `start_s` equals the same stretch of a longer result. A description
    that begins with `music: ` asks for music.
    """

    def __call__(
        self, words: str, seconds: float, seed: int, start_s: float = 0.0, /
    ) -> NDArray[np.float32]: ...


class SpeechSource(Protocol):
    """Makes a line in a cast member's voice (as the film describes it): (n, 2) float32, 48 kHz."""

    def __call__(self, line: Line, voice: str, /) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class GeneratedSounds:
    """Sources of the sound that a film describes in words."""

    beds: AmbienceSource | None = None
    """Makes `ambience` and `music` that are given as words."""
    murmur: SpeechSource | None = None
    """Makes a voice for lines that no take contains; without it they stay silent."""
    revision: str = ""
    """Of both sources; it changes when they may sound different."""


@dataclass(frozen=True)
class CutInputs:
    """A film and everything that its cut plays.

    Titles and subtitles are laid out once, on first use.
    """

    film: Film
    timeline: Timeline
    """The timeline as cut: narration at its spoken length, cards in place of missing takes."""
    media: Mapping[str, StepMedia]
    """By step id, every take that the timeline shows or plays; further takes are ignored."""
    sounds: GeneratedSounds = GeneratedSounds()
    hash_path: Callable[[Path], str] = hash_file
    """The SHA-256 of a file that the film names."""

    @cached_property
    def fonts(self) -> FontSet:
        """The film's own fonts, in the order in which it names them."""
        return FontSet(tuple(file.path for file in self.film.fonts))

    @cached_property
    def overlays(self) -> tuple[PlacedTitle, ...]:
        """Everything shown over the picture. Raises StitchError for text that doesn't fit."""
        return lay_out_overlays(self.film, self.timeline, self.fonts)

    @cached_property
    def subtitle_cues(self) -> tuple[SubtitleCue, ...]:
        """The cues of the subtitle track or files; empty when the film has neither."""
        if self.film.subtitles not in ("sidecar", "track"):
            return ()
        return build_subtitle_cues(self.film, self.timeline)
