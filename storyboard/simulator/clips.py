"""The clips that the simulated models make: real files of the true size and number of frames."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.simulator import pictures
from storyboard.stitching.media import beside, probe, run_ffmpeg

FPS = 24
_RATE = 48_000
_TAGS = (
    *("-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
)
_ENCODER = (
    *("-c:v", "libx264", "-preset", "ultrafast", "-qp", "23", "-g", "48", "-threads", "2"),
    *("-pix_fmt", "yuv420p", *_TAGS, "-video_track_timescale", str(FPS * 512)),
)
_SOUND = ("-c:a", "aac", "-b:a", "96k", "-ar", str(_RATE), "-ac", "2")
_MP4 = ("-map_metadata", "-1", "-fflags", "+bitexact", "-f", "mp4")


@dataclass(frozen=True, slots=True)
class Order:
    """What one clip must be."""

    prompt: str
    size: tuple[int, int]
    """(width, height) in pixels."""
    frames: int
    """Of new material, at 24 a second."""
    seed: int = 0
    sound: bool = True
    first: bytes | None = None
    """An encoded picture that is frame 0."""
    last: bytes | None = None
    """An encoded picture that is the last frame."""
    references: tuple[bytes, ...] = ()
    """Encoded pictures that are seen in it."""
    crop: bool = False
    """Whether a picture of another shape loses its edges instead of getting bars."""
    source: Path | None = None
    """A clip that it goes on from, and begins with."""

    @property
    def digest(self) -> str:
        """Stands for all of it, pictures and source by their content."""
        state = hashlib.sha256()
        plain = (self.prompt, self.size, self.frames, self.seed, self.sound, self.crop)
        state.update(repr(plain).encode("utf-8", "surrogatepass"))
        for part in (self.first, self.last, *self.references):
            state.update(b"\0" + hashlib.sha256(part or b"").digest())
        if self.source is not None:
            state.update(b"\1" + hashlib.sha256(self.source.read_bytes()).digest())
        return state.hexdigest()


class Clips:
    """Makes clips, each once, in a folder of its own; safe to use from several threads."""

    def __init__(self, folder: Path, *, draw: bool = False) -> None:
        self._folder = folder
        self._draw = draw
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._stopped = threading.Event()

    def make(self, order: Order) -> Path:
        """The file of an order; StoryboardError for a picture or a source that can't be read."""
        name = order.digest
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            making = self._making.setdefault(name, threading.Lock())
        path = self._folder / f"{name}.mp4"
        with making:
            if not path.exists():
                unfinished = beside(path)
                try:
                    self._write(order, unfinished)
                    unfinished.replace(path)
                finally:
                    unfinished.unlink(missing_ok=True)
        return path

    def stop(self) -> None:
        """Ends the clips that are being made; nobody waits for them any more."""
        self._stopped.set()

    def _write(self, order: Order, out: Path) -> None:
        if order.source is not None:
            self._extend(order, order.source, out)
        elif self._draw and order.first is None:
            from storyboard.simulator.drawing import draw

            draw(order, out)
        else:
            self._encode(order, out)

    def _extend(self, order: Order, source: Path, out: Path) -> None:
        """The source's own frames, copied where this encoder made them, then the new ones."""
        facts = probe(source)
        head, tail = (out.with_suffix(f".{name}.mp4") for name in ("head", "tail"))
        listing = out.with_suffix(".txt")
        ours = source.parent == self._folder and not self._draw
        copied = ours and (facts.width, facts.height) == order.size
        try:
            self._encode(order, tail, start=pictures.last_of(source, facts.frames), sound=False)
            run_ffmpeg(
                [
                    *("-i", f"file:{source}", "-map", "0:v:0", "-an"),
                    *(("-c:v", "copy") if copied else (*_fitted(order.size), *_ENCODER)),
                    *(*_MP4, f"file:{head}"),
                ]
            )
            listing.write_text(f"file 'file:{head}'\nfile 'file:{tail}'\n", "utf-8")
            joined = ("-f", "concat", "-safe", "0", "-i", f"file:{listing}")
            end = ("-map", "0:v", "-c:v", "copy", *_MP4, f"file:{out}")
            if not order.sound:
                run_ffmpeg([*joined, *end])
                return
            lengths = (facts.frames / FPS, order.frames / FPS)
            before = (
                ("-i", f"file:{source}")
                if facts.has_audio
                else ("-f", "lavfi", "-i", f"anullsrc=r={_RATE}:cl=stereo")
            )
            fit = f"aresample={_RATE},aformat=channel_layouts=stereo,apad,atrim=end"
            graph = (
                f"[1:a]{fit}={lengths[0]:.6f}[a];[2:a]{fit}={lengths[1]:.6f}[b];"
                "[a][b]concat=n=2:v=0:a=1[s]"
            )
            run_ffmpeg(
                [
                    *(*joined, *before, *_tone(order)),
                    *("-filter_complex", graph, "-map", "[s]", *_SOUND, *end),
                ]
            )
        finally:
            for path in (head, tail, listing):
                path.unlink(missing_ok=True)

    def _encode(
        self,
        order: Order,
        out: Path,
        *,
        start: pictures.Picture | None = None,
        sound: bool | None = None,
    ) -> None:
        """Writes the new frames of an order, and a tone where it has sound.

        `start` is a picture that the first new frame goes on from.
        """
        width, height = order.size
        heard = order.sound if sound is None else sound
        run_ffmpeg(
            [
                *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{width}x{height}"),
                *("-framerate", str(FPS), *_TAGS, "-i", "pipe:0"),
                *((*_tone(order), "-map", "0:v", "-map", "1:a", *_SOUND) if heard else ("-an",)),
                *("-frames:v", str(order.frames), *_ENCODER, *_MP4, f"file:{out}"),
            ],
            stdin=self._until_stopped(
                pictures.frames(
                    order.prompt,
                    order.size,
                    order.frames,
                    seed=order.seed,
                    first=order.first,
                    last=order.last,
                    references=order.references,
                    start=start,
                    crop=order.crop,
                )
            ),
        )

    def _until_stopped(self, frames: Iterator[memoryview]) -> Iterator[memoryview]:
        for each in frames:
            if self._stopped.is_set():
                raise MediaError("the simulator has been stopped")
            yield each


def _tone(order: Order) -> tuple[str, ...]:
    """A quiet tone as long as the new frames, as an input; its pitch comes from the prompt."""
    pitch = (
        110 + int(hashlib.sha256(order.prompt.encode("utf-8", "replace")).hexdigest()[:4], 16) % 440
    )
    seconds = order.frames / FPS
    return ("-f", "lavfi", "-i", f"aevalsrc=0.05*sin({pitch}*2*PI*t):s={_RATE}:d={seconds:.6f}")


@lru_cache(maxsize=8)
def _fitted(size: tuple[int, int]) -> tuple[str, ...]:
    """Gives footage another size, padded where its shape is another, and keeps every frame."""
    width, height = size
    return (
        "-vf",
        f"scale={width}:{height}:force_original_aspect_ratio=decrease,"
        f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p,setpts=N/{FPS}/TB",
        *("-fps_mode", "passthrough"),
    )
