"""Draws every frame of the film in one forward pass over the timeline.

Each event's frames are decoded when they are due and dropped once past, so memory does not grow
with the number of shots. Unchanged frames go from decoder to encoder as planes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from storyboard.errors import StitchError
from storyboard.graph.timeline import Blend, ClipKey, ShotEvent, Timeline
from storyboard.model.film import Delivery
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.stitching.media.yuv import Frame, Size, create_solid_frame
from storyboard.stitching.picture.clips import ConformedClip, render_slice_frames
from storyboard.stitching.picture.conform import choose_timescale
from storyboard.stitching.picture.transition_shares import (
    compute_color_share,
    compute_incoming_share,
)
from storyboard.stitching.text.fonts import OURS, FontSet
from storyboard.stitching.text.title_timing import Overlays, PlacedTitle
from storyboard.transitions.registry import find_transition

_ENCODER_OPTIONS = ("-preset", "veryfast", "-crf", "18", "-threads", "4")
"""How a whole film is encoded.

The number of threads is fixed: x264's output depends on it, and equal films should be equal.
"""
_TAGS = (
    *("-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
)


def compose_frames(
    timeline: Timeline,
    clips: Mapping[ClipKey, ConformedClip],
    titles: Sequence[PlacedTitle],
    size: Size,
    *,
    threads: int = 0,
    fonts: FontSet = OURS,
) -> Iterator[Frame]:
    """Every frame of the film, in order; each stays valid until the next.

    `threads` are those of each decoder; 0 lets it choose. `fonts` are those of cards.
    """
    compositor = _Compositor(timeline, clips, size, threads, fonts)
    overlays = Overlays(titles, size)
    try:
        for frame in range(timeline.length):
            yield overlays.draw_titles(compositor.compose_untitled_frame(frame), frame)
    finally:
        compositor.close()


def encode_frames(
    frames: Iterator[Frame],
    delivery: Delivery,
    out: Path,
    *,
    on_frame: Callable[[], None] | None = None,
) -> None:
    """Writes `frames` to `out` as H.264 High, 4:2:0, BT.709, with a key frame every two seconds.

    `on_frame` is called for each frame handed to the encoder.
    """
    width, height = delivery.size
    rate = f"{delivery.rate.value}"

    def stream_frames() -> Iterator[memoryview]:
        for frame in frames:
            yield frame.data
            if on_frame is not None:
                on_frame()

    run_ffmpeg(
        [
            *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{width}x{height}"),
            # stated for both sides, or ffmpeg would convert from one to the other
            *("-framerate", rate, *_TAGS, "-i", "pipe:0", *_TAGS),
            *("-c:v", "libx264", "-profile:v", "high", *_ENCODER_OPTIONS),
            *("-g", f"{2 * delivery.rate.nominal}"),
            *("-video_track_timescale", f"{choose_timescale(delivery.rate.value)}"),
            *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mp4", f"file:{out}"),
        ],
        stdin=stream_frames(),
    )


class _Compositor:
    """The picture of the film before titles; frames must be requested in ascending order."""

    def __init__(
        self,
        timeline: Timeline,
        clips: Mapping[ClipKey, ConformedClip],
        size: Size,
        threads: int,
        fonts: FontSet,
    ) -> None:
        self._fonts = fonts
        self._events = timeline.events
        self._clips = clips
        self._size = size
        self._threads = threads
        self._current = 0
        self._readers: dict[int, _ShotReader] = {}

    def compose_untitled_frame(self, film_frame: int) -> Frame:
        # An event takes over with its first shown frame; during a blend it also reads the event
        # before it.
        while (
            self._current + 1 < len(self._events)
            and _find_first_shown_frame(self._events[self._current + 1]) <= film_frame
        ):
            self._current += 1
        picture = self._compose_event_frame(self._current, film_frame)
        # Close each decoder after its event's last frame, so that only a few are open at a time.
        for number in [n for n in self._readers if self._events[n].visible.end <= film_frame + 1]:
            self._readers.pop(number).close()
        return picture

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _compose_event_frame(self, event_number: int, film_frame: int) -> Frame:
        """The event at `film_frame`, with the transition that covers it, if any."""
        # The first event may blend in, from black.
        if event_number < 0:
            return create_solid_frame("black", self._size)
        event = self._events[event_number]
        if event.entering and film_frame in event.entering.span:
            return self._compose_entering_blend(event_number, event.entering, film_frame)
        if event.leaving and film_frame in event.leaving.span:
            return self._compose_leaving_blend(event_number, event.leaving, film_frame)
        return self._read_event_frame(event_number, film_frame)

    def _compose_entering_blend(self, event_number: int, blend: Blend, film_frame: int) -> Frame:
        transition = find_transition(blend.kind)
        if blend.through:
            return self._compose_blend_through_color(event_number, blend, film_frame)
        # A blend with a colour ignores the other shot; a blend with a shot draws that one with its
        # own blends.
        outgoing = (
            create_solid_frame(blend.color or "black", self._size)
            if transition.is_with_color
            else self._compose_event_frame(event_number - 1, film_frame)
        )
        incoming = self._read_event_frame(event_number, film_frame)
        share = compute_incoming_share(film_frame - blend.span.start, blend.span.length)
        return transition.draw_frame(outgoing, incoming, share, **blend.arguments)

    def _compose_blend_through_color(
        self, event_number: int, blend: Blend, film_frame: int
    ) -> Frame:
        color = create_solid_frame(blend.color or "black", self._size)
        at, frames = film_frame - blend.span.start, blend.span.length
        share = compute_color_share(at, frames, blend.align)
        # Where the colour covers everything, no take needs a frame there.
        if share == 1:
            return color
        picture = (
            self._compose_event_frame(event_number - 1, film_frame)
            if film_frame < self._events[event_number].record.start
            else self._read_event_frame(event_number, film_frame)
        )
        return find_transition(blend.kind).draw_frame(picture, color, share, **blend.arguments)

    def _compose_leaving_blend(self, event_number: int, blend: Blend, film_frame: int) -> Frame:
        picture = self._read_event_frame(event_number, film_frame)
        color = create_solid_frame(blend.color or "black", self._size)
        share = compute_incoming_share(film_frame - blend.span.start, blend.span.length)
        return find_transition(blend.kind).draw_frame(picture, color, share, **blend.arguments)

    def _read_event_frame(self, event_number: int, film_frame: int) -> Frame:
        event = self._events[event_number]
        if film_frame not in event.visible:
            raise StitchError(f"shot {event.shot} has no picture for film frame {film_frame}")
        if event_number not in self._readers:
            self._readers[event_number] = _ShotReader(
                event, self._clips, self._size, self._threads, self._fonts
            )
        return self._readers[event_number].read_frame(film_frame)


class _ShotReader:
    """The frames of one event by film frame, decoded once, in order."""

    def __init__(
        self,
        event: ShotEvent,
        clips: Mapping[ClipKey, ConformedClip],
        size: Size,
        threads: int,
        fonts: FontSet,
    ) -> None:
        self._event = event
        self._frames = render_slice_frames(event.slices, clips, size, threads=threads, fonts=fonts)
        self._next = event.visible.start
        self._last: Frame | None = None

    def read_frame(self, film_frame: int) -> Frame:
        # Frames that are skipped are decoded and dropped; a repeated request returns the last
        # frame.
        while self._next <= film_frame:
            self._last = next(self._frames, None)
            self._next += 1
        if self._last is None:
            raise StitchError(
                f"the slices of shot {self._event.shot} end before film frame {film_frame}"
            )
        return self._last

    def close(self) -> None:
        self._frames.close()


def _find_first_shown_frame(event: ShotEvent) -> int:
    """The first film frame that shows anything of `event`."""
    if event.entering is None:
        return event.record.start
    return min(event.record.start, event.entering.span.start)
