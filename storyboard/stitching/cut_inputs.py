"""All that a cut is made of, in one value.

Whoever stitches the film, tells it from others or writes what lies beside it takes this value, or
a part of it, and works nothing out again.
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
    """Of the file's bytes."""
    facts: MediaFacts
    first_frame: int = 0
    """Where the step's own new material begins, in the file's own frames."""


class AmbienceSource(Protocol):
    """Makes a bed from words: stereo (n, 2) float32 at 48 kHz, n = round(seconds * 48000).

    A function of its clock: the piece from `start_s` on is what a longer one has there. Words
    that begin with `music: ` want music.
    """

    def __call__(
        self, words: str, seconds: float, seed: int, start_s: float = 0.0, /
    ) -> NDArray[np.float32]: ...


class SpeechSource(Protocol):
    """Speaks a line in a cast member's voice (its words in the film): (n, 2) float32, 48 kHz."""

    def __call__(self, line: Line, voice: str, /) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class GeneratedSounds:
    """What makes the sound that a film has only words for."""

    beds: AmbienceSource | None = None
    """Makes what `ambience` and `music` say in words."""
    murmur: SpeechSource | None = None
    """Speaks the lines that no take speaks; they stay silent without it."""
    revision: str = ""
    """Of both: another one may sound otherwise."""


@dataclass(frozen=True)
class CutInputs:
    """A film and everything that its cut plays.

    Titles and subtitles are laid out once, when they are first asked for.
    """

    film: Film
    timeline: Timeline
    """As it is cut: narration is as long as it is spoken, and cards stand for missing takes."""
    media: Mapping[str, StepMedia]
    """By step id, every take that the timeline shows or lets be heard; others do no harm."""
    sounds: GeneratedSounds = GeneratedSounds()
    hash_path: Callable[[Path], str] = hash_file
    """The SHA-256 of a file that the film names."""

    @cached_property
    def overlays(self) -> tuple[PlacedTitle, ...]:
        """What stands over the picture. Raises StitchError for what has no place there."""
        return lay_out_overlays(self.film, self.timeline)

    @cached_property
    def subtitle_cues(self) -> tuple[SubtitleCue, ...]:
        """What a track or files of subtitles say; nothing where the film wants neither."""
        if self.film.subtitles not in ("sidecar", "track"):
            return ()
        return build_subtitle_cues(self.film, self.timeline)
