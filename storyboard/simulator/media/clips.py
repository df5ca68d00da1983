"""The clips of the simulated models: real files with the correct size and number of frames."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from storyboard.errors import MediaError
from storyboard.simulator.media import test_patterns
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.stitching.media.ffmpeg import build_temp_path, probe, run_ffmpeg

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


class ClipFactory:
    """Makes each clip once, in a folder of its own; safe to use from several threads."""

    def __init__(self, folder: Path, *, uses_previz: bool = False) -> None:
        self._folder = folder
        self._draw = uses_previz
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._stopped = threading.Event()

    def create_clip(self, clip_spec: ClipSpec) -> Path:
        """The file of a clip; StoryboardError for a picture or a source that can't be read."""
        name = clip_spec.digest
        # One lock per clip: the same clip is made once, others in parallel.
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            clip_lock = self._making.setdefault(name, threading.Lock())
        path = self._folder / f"{name}.mp4"
        with clip_lock:
            if not path.exists():
                unfinished = build_temp_path(path)
                try:
                    self._write_clip(clip_spec, unfinished)
                    unfinished.replace(path)
                finally:
                    unfinished.unlink(missing_ok=True)
        return path

    def stop(self) -> None:
        """Stops the clips that are being made; no caller waits for them."""
        self._stopped.set()

    def _write_clip(self, clip_spec: ClipSpec, out: Path) -> None:
        if clip_spec.source is not None:
            self._extend_clip(clip_spec, clip_spec.source, out)
        elif self._draw and clip_spec.first is None:
            from storyboard.simulator.media.previz_clips import draw_previz_clip

            draw_previz_clip(clip_spec, out)
        else:
            self._encode_new_frames(clip_spec, out)

    def _extend_clip(self, clip_spec: ClipSpec, source: Path, out: Path) -> None:
        """Writes the source's frames, copied if this encoder made them, then the new ones."""
        facts = probe(source)
        head, tail = (out.with_suffix(f".{name}.mp4") for name in ("head", "tail"))
        listing = out.with_suffix(".txt")
        is_own = source.parent == self._folder and not self._draw
        can_copy = is_own and (facts.width, facts.height) == clip_spec.size
        try:
            self._encode_new_frames(
                clip_spec,
                tail,
                start_picture=test_patterns.read_last_frame(source, facts.frames),
                sound=False,
            )
            run_ffmpeg(
                [
                    *("-i", f"file:{source}", "-map", "0:v:0", "-an"),
                    *(
                        ("-c:v", "copy")
                        if can_copy
                        else (*_build_resize_options(clip_spec.size), *_ENCODER)
                    ),
                    *(*_MP4, f"file:{head}"),
                ]
            )
            listing.write_text(f"file 'file:{head}'\nfile 'file:{tail}'\n", "utf-8")
            joined = ("-f", "concat", "-safe", "0", "-i", f"file:{listing}")
            end = ("-map", "0:v", "-c:v", "copy", *_MP4, f"file:{out}")
            if not clip_spec.sound:
                run_ffmpeg([*joined, *end])
                return
            lengths = (facts.frames / FPS, clip_spec.frames / FPS)
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
                    *(*joined, *before, *_build_tone_input(clip_spec)),
                    *("-filter_complex", graph, "-map", "[s]", *_SOUND, *end),
                ]
            )
        finally:
            for path in (head, tail, listing):
                path.unlink(missing_ok=True)

    def _encode_new_frames(
        self,
        clip_spec: ClipSpec,
        out: Path,
        *,
        start_picture: test_patterns.Picture | None = None,
        sound: bool | None = None,
    ) -> None:
        """Writes the new frames of a clip, with a tone if it has sound.

        `start_picture` is the picture that the first new frame continues.
        """
        width, height = clip_spec.size
        has_sound = clip_spec.sound if sound is None else sound
        run_ffmpeg(
            [
                *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{width}x{height}"),
                *("-framerate", str(FPS), *_TAGS, "-i", "pipe:0"),
                *(
                    (*_build_tone_input(clip_spec), "-map", "0:v", "-map", "1:a", *_SOUND)
                    if has_sound
                    else ("-an",)
                ),
                *("-frames:v", str(clip_spec.frames), *_ENCODER, *_MP4, f"file:{out}"),
            ],
            stdin=self._yield_until_stopped(
                test_patterns.draw_frames(
                    clip_spec.prompt,
                    clip_spec.size,
                    clip_spec.frames,
                    seed=clip_spec.seed,
                    first=clip_spec.first,
                    last=clip_spec.last,
                    references=clip_spec.references,
                    start=start_picture,
                    crop=clip_spec.crop,
                )
            ),
        )

    def _yield_until_stopped(self, frames: Iterator[memoryview]) -> Iterator[memoryview]:
        for frame in frames:
            if self._stopped.is_set():
                raise MediaError("the simulator has been stopped")
            yield frame


def _build_tone_input(clip_spec: ClipSpec) -> tuple[str, ...]:
    """A quiet tone as long as the new frames, as an ffmpeg input; the prompt gives its pitch."""
    pitch = (
        110
        + int(hashlib.sha256(clip_spec.prompt.encode("utf-8", "replace")).hexdigest()[:4], 16) % 440
    )
    seconds = clip_spec.frames / FPS
    return ("-f", "lavfi", "-i", f"aevalsrc=0.05*sin({pitch}*2*PI*t):s={_RATE}:d={seconds:.6f}")


@lru_cache(maxsize=8)
def _build_resize_options(size: tuple[int, int]) -> tuple[str, ...]:
    """Options that resize footage, with bars if the shape differs, and keep every frame."""
    width, height = size
    return (
        "-vf",
        f"scale={width}:{height}:force_original_aspect_ratio=decrease,"
        f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p,setpts=N/{FPS}/TB",
        *("-fps_mode", "passthrough"),
    )
