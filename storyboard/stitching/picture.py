"""The compositor: walks the timeline forward once and draws every frame of the film.

Each event's frames are decoded as they are due and dropped when they are past, so memory does not
grow with the number of shots. Frames that nothing touches pass from decoder to encoder as planes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from storyboard.errors import StitchError
from storyboard.film import Delivery, TransitionKind
from storyboard.graph.timeline import Blend, Event, Timeline
from storyboard.stitching.conform import timescale
from storyboard.stitching.filters import color_weight, mix, weight, wipe
from storyboard.stitching.material import Clip, frames_of
from storyboard.stitching.media import run_ffmpeg
from storyboard.stitching.overlays import Overlays, PlacedTitle
from storyboard.stitching.planes import Frame, Size, solid

_WHOLE = ("-preset", "veryfast", "-crf", "18", "-threads", "4")
"""How a whole film is encoded. Threads are fixed: x264's output depends on them, and equal films
should be equal.
"""
_TAGS = (
    *("-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
)


def draw(
    timeline: Timeline,
    clips: Mapping[str, Clip],
    titles: Sequence[PlacedTitle],
    size: Size,
    *,
    threads: int = 0,
) -> Iterator[Frame]:
    """Every frame of the film, in order; each is the caller's to read until the next.

    `threads` are those of each decoder, 0 as many as it likes.
    """
    cut = _Cut(timeline, clips, size, threads)
    overlays = Overlays(titles, size)
    try:
        for frame in range(timeline.length):
            yield overlays.laid(cut.picture(frame), frame)
    finally:
        cut.close()


def encode(
    frames: Iterator[Frame],
    delivery: Delivery,
    out: Path,
    *,
    on_frame: Callable[[], None] | None = None,
) -> None:
    """Writes `frames` to `out` as H.264 High, 4:2:0, BT.709, a key frame every two seconds.

    `on_frame` is called for each frame that was handed to the encoder.
    """
    width, height = delivery.size
    rate = f"{delivery.rate.value}"

    def pieces() -> Iterator[memoryview]:
        for frame in frames:
            yield frame.data
            if on_frame is not None:
                on_frame()

    run_ffmpeg(
        [
            *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{width}x{height}"),
            # said of both sides, or ffmpeg would convert from one to the other
            *("-framerate", rate, *_TAGS, "-i", "pipe:0", *_TAGS),
            *("-c:v", "libx264", "-profile:v", "high", *_WHOLE),
            *("-g", f"{2 * delivery.rate.nominal}"),
            *("-video_track_timescale", f"{timescale(delivery.rate.value)}"),
            *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mp4", f"file:{out}"),
        ],
        stdin=pieces(),
    )


class _Cut:
    """The picture of the film before titles; frames are asked for in rising order."""

    def __init__(
        self, timeline: Timeline, clips: Mapping[str, Clip], size: Size, threads: int
    ) -> None:
        self._events = timeline.events
        self._clips = clips
        self._size = size
        self._threads = threads
        self._current = 0
        self._readers: dict[int, _Reader] = {}

    def picture(self, frame: int) -> Frame:
        while (
            self._current + 1 < len(self._events)
            and _takes_over(self._events[self._current + 1]) <= frame
        ):
            self._current += 1
        picture = self._composed(self._current, frame)
        for number in [n for n in self._readers if self._events[n].visible.end <= frame + 1]:
            self._readers.pop(number).close()
        return picture

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _composed(self, number: int, frame: int) -> Frame:
        """Event `number` at film frame `frame`, with the transition that it is in, if any."""
        if number < 0:
            return solid("black", self._size)
        event = self._events[number]
        if event.entering and frame in event.entering.span:
            return self._entering(number, event.entering, frame)
        if event.leaving and frame in event.leaving.span:
            return self._leaving(number, event.leaving, frame)
        return self._alone(number, frame)

    def _entering(self, number: int, blend: Blend, frame: int) -> Frame:
        at, frames = frame - blend.span.start, blend.span.length
        share = weight(at, frames)
        match blend.kind:
            case TransitionKind.CUT:
                return self._alone(number, frame)
            case TransitionKind.FADE if blend.through:
                color = solid(blend.color or "black", self._size)
                share = color_weight(at, frames, blend.align)
                if share == 1:
                    return color
                side = number - 1 if frame < self._events[number].record.start else number
                return mix(self._under(side, number, frame), color, share)
            case TransitionKind.FADE:
                color = solid(blend.color or "black", self._size)
                return mix(color, self._alone(number, frame), share)
            case TransitionKind.DISSOLVE:
                return mix(self._composed(number - 1, frame), self._alone(number, frame), share)
            case TransitionKind.WIPE:
                outgoing, incoming = self._composed(number - 1, frame), self._alone(number, frame)
                return wipe(outgoing, incoming, share, blend.direction)

    def _leaving(self, number: int, blend: Blend, frame: int) -> Frame:
        share = weight(frame - blend.span.start, blend.span.length)
        color = solid(blend.color or "black", self._size)
        picture = self._alone(number, frame)
        if blend.kind is TransitionKind.WIPE:
            return wipe(picture, color, share, blend.direction)
        return picture if blend.kind is TransitionKind.CUT else mix(picture, color, share)

    def _under(self, side: int, number: int, frame: int) -> Frame:
        """One side of a fade through a colour."""
        return self._alone(number, frame) if side == number else self._composed(side, frame)

    def _alone(self, number: int, frame: int) -> Frame:
        event = self._events[number]
        if frame not in event.visible:
            raise StitchError(f"shot {event.shot} has no picture for film frame {frame}")
        if number not in self._readers:
            self._readers[number] = _Reader(event, self._clips, self._size, self._threads)
        return self._readers[number].at(frame)


class _Reader:
    """The frames of one event by film frame, decoded forward only once."""

    def __init__(self, event: Event, clips: Mapping[str, Clip], size: Size, threads: int) -> None:
        self._event = event
        self._frames = frames_of(event.slices, clips, size, threads=threads)
        self._next = event.visible.start
        self._last: Frame | None = None

    def at(self, frame: int) -> Frame:
        while self._next <= frame:
            self._last = next(self._frames, None)
            self._next += 1
        if self._last is None:
            raise StitchError(
                f"the slices of shot {self._event.shot} end before film frame {frame}"
            )
        return self._last

    def close(self) -> None:
        self._frames.close()


def _takes_over(event: Event) -> int:
    """The first film frame that shows anything of `event`."""
    if event.entering is None:
        return event.record.start
    return min(event.record.start, event.entering.span.start)
