"""Effects on takes: MoviePy processes exact frames, and the result is written as a new take.

The decoded frames are stored as planes in a temporary file, so an effect may read them in any order
while memory use stays flat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storyboard.errors import MediaError, StitchError
from storyboard.stitching.media.ffmpeg import load_moviepy, probe, run_ffmpeg
from storyboard.stitching.media.frame_index import FrameIndex
from storyboard.stitching.media.player_view import describe_clip_reading
from storyboard.stitching.media.probe import read_frame_index
from storyboard.stitching.media.yuv import Frame, Size, to_rgb, to_yuv_frame
from storyboard.stitching.picture.conform import choose_timescale
from storyboard.stitching.sound.pcm import (
    RATE,
    SampleReader,
    WavWriter,
    decode_audio,
    to_sample_position,
)
from storyboard.timecode import FrameRange, Rate, find_shown_frames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TAGS = (
    *("-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
)
_LATE_S = 1e-7
"""Added to each frame time, so that a looped clip never returns the frame before the requested
one.
"""
_LEEWAY = 1e-2
"""In frames: a time this close before a frame means that frame."""
_PLACED = ("SlideIn", "SlideOut")
_BLOCK_S = 1
_FAILS_AGAIN = "change the arguments of `effects`; the same arguments would fail again"


def apply_effects(
    takes_and_first_frames: Sequence[tuple[Path, int]], options: Mapping[str, Any], out: Path
) -> None:
    """Writes to `out` the takes, joined end to end, with the effects applied.

    `takes_and_first_frames` are files and the frame where each one's own material begins.
    `options`: `effects`, a list of [name, arguments]; `parts`, the frames of each take's own
    material at the film's rate; `frames` and `rate` of the result. `readings` only changes the
    identity: the takes are always read as a player shows them. `audio_track` names the sound track
    to use in place of the one that a player plays. The result has sound if any take has. Raises
    StitchError when MoviePy can't apply an effect, MediaError when a take can't be read.
    """
    rate = Rate.parse(str(options["rate"]))
    parts = [FrameRange(*bounds) for bounds in options["parts"]]
    size = _read_size_rounded_even(takes_and_first_frames[0][0])
    planes = out.with_name(f"{out.stem}.yuv")
    wav = out.with_name(f"{out.stem}.wav")
    try:
        count = _write_and_count_raw_frames(takes_and_first_frames, parts, rate, size, planes)
        clip = _build_moviepy_video(planes, count, size, rate)
        has_sound = any(probe(path).has_audio for path, _ in takes_and_first_frames)
        if has_sound:
            track = options.get("audio_track", "")
            sound = _build_moviepy_audio(takes_and_first_frames, parts, rate, track)
            clip = clip.with_audio(sound)
        result = _apply_effects_over_black(clip, options["effects"], size)
        if has_sound:
            _write_audio_padded_with_silence(
                result.audio, result.duration, rate.to_seconds(options["frames"]), wav
            )
        frames = _render_frames(result, options["frames"], rate, size)
        _encode_take(frames, size, rate, wav if has_sound else None, out)
    finally:
        planes.unlink(missing_ok=True)
        wav.unlink(missing_ok=True)


def _read_size_rounded_even(path: Path) -> Size:
    facts = probe(path)
    return facts.width // 2 * 2, facts.height // 2 * 2


def _write_and_count_raw_frames(
    takes_and_first_frames: Sequence[tuple[Path, int]],
    own_ranges: Sequence[FrameRange],
    rate: Rate,
    size: Size,
    out: Path,
) -> int:
    """Writes the frames of all ranges, at the film's rate, to `out`; returns how many."""
    from storyboard.stitching.media.frames import read_frames

    count = 0
    with out.open("wb") as stream:
        for (path, first), part in zip(takes_and_first_frames, own_ranges, strict=True):
            index = read_frame_index(path)
            if index is None:
                raise MediaError(f"{path.name} has only sound, no video")
            source_frames = _find_source_frames(index, first, part, rate)
            decoded_frames = read_frames(path, FrameRange(source_frames[0], source_frames[-1] + 1))
            # Each source frame is decoded once; it is written again for as long as the film repeats
            # it.
            number, picture = source_frames[0], _letterbox_frame(next(decoded_frames), size)
            for frame in source_frames:
                while number < frame:
                    number, picture = number + 1, _letterbox_frame(next(decoded_frames), size)
                stream.write(picture.data)
                count += 1
    return count


def _find_source_frames(
    index: FrameIndex, first: int, own_range: FrameRange, rate: Rate
) -> list[int]:
    """The take's frames at the film frames of `own_range`, counted from its frame `first`."""
    native, last = index.rate or rate, len(index.pts) - 1
    film_frames = range(own_range.start, own_range.end)
    # Such a clip has uneven times or needs conforming, so frames are chosen by their time.
    if describe_clip_reading(index):
        begin = rate.to_frames(native.to_seconds(first))
        return find_shown_frames(index.frame_times, (begin + frame for frame in film_frames), rate)
    if native == rate:
        return [min(last, first + frame) for frame in film_frames]
    # may differ from the cut by one frame, but changing it would change existing effects results
    return [min(last, first + int(rate.to_seconds(frame) * native.value)) for frame in film_frames]


def _letterbox_frame(frame: Frame, size: Size) -> Frame:
    """The frame scaled to `size`, with black bars if its aspect ratio differs."""
    if frame.shape == (size[1] * 3 // 2, size[0]):
        return frame
    return to_yuv_frame(_letterbox_rgb(to_rgb(frame), size))


def _letterbox_rgb(picture: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    width, height = size
    share = min(width / picture.shape[1], height / picture.shape[0])
    wide, tall = (max(1, round(n * share)) for n in (picture.shape[1], picture.shape[0]))
    interpolation = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, (wide, tall), interpolation=interpolation)
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - tall) // 2, (width - wide) // 2
    canvas[top : top + tall, left : left + wide] = scaled
    return canvas


def _build_moviepy_video(raw_frames_path: Path, frame_count: int, size: Size, rate: Rate) -> Any:
    """The frames as a MoviePy clip."""
    import numpy as np

    width, height = size
    mapped_frames = np.memmap(
        raw_frames_path, np.uint8, "r", shape=(frame_count, height * 3 // 2, width)
    )
    fps = float(rate.value)

    def read_picture_at(t: float) -> NDArray[np.uint8]:
        return to_rgb(
            np.asarray(mapped_frames[min(max(int(t * fps + _LEEWAY), 0), frame_count - 1)])
        )

    clip = load_moviepy().VideoClip(read_picture_at, duration=float(rate.to_seconds(frame_count)))
    return clip.with_fps(fps)


def _build_moviepy_audio(
    takes_and_first_frames: Sequence[tuple[Path, int]],
    own_ranges: Sequence[FrameRange],
    rate: Rate,
    audio_track: str,
) -> Any:
    """The sound of the ranges as a MoviePy clip, interpolated between samples."""
    import numpy as np

    take_sounds = []
    for (path, first), part in zip(takes_and_first_frames, own_ranges, strict=True):
        facts = probe(path)
        begin = to_sample_position(first, facts.rate or rate) + to_sample_position(part.start, rate)
        pieces = decode_audio(path, begin, audio_track=audio_track) if facts.has_audio else iter(())
        reader = SampleReader(pieces)
        take_sounds.append(
            reader.read(to_sample_position(part.end, rate) - to_sample_position(part.start, rate))
        )
        reader.close()
    whole = np.concatenate(take_sounds)
    places = np.arange(len(whole))

    def interpolate_samples(t: Any) -> Any:
        at = np.asarray(t, np.float64) * RATE
        both = [np.interp(at, places, side, left=0, right=0) for side in whole.T]
        return np.stack(both, axis=-1)

    return load_moviepy().AudioClip(interpolate_samples, duration=len(whole) / RATE, fps=RATE)


def _apply_effects_over_black(clip: Any, effects: Sequence[Sequence[Any]], size: Size) -> Any:
    """The clip with all effects applied, over black if they make it transparent or move it."""
    moviepy = load_moviepy()
    is_placed = False
    for name, arguments in effects:
        kind = getattr(moviepy.vfx, name, None) or getattr(moviepy.afx, name, None)
        if kind is None:
            raise StitchError(f"the installed MoviePy has no effect {name}")
        # Audio effects fail on a silent clip; there is nothing to change.
        if name.startswith("Audio") and clip.audio is None:
            continue
        with _translate_effect_errors(name, arguments):
            clip = _clamp_times_to_clip(clip.with_effects([kind(**arguments)]), name, arguments)
            if not all(clip.size):
                raise ValueError("it leaves no part of the picture")
        is_placed = is_placed or name in _PLACED
    # A mask or a slide leaves areas uncovered. A slide keeps the take's size; other effects may
    # have changed it.
    if clip.mask is not None or is_placed:
        size = tuple(clip.size) if not is_placed else size
        background = moviepy.ColorClip(size, color=(0, 0, 0), duration=clip.duration)
        sound = clip.audio
        clip = moviepy.CompositeVideoClip([background, clip], size=size).with_audio(sound)
    return clip


def _clamp_times_to_clip(clip: Any, effect_name: str, effect_arguments: Mapping[str, Any]) -> Any:
    """The clip with requested times limited to its duration, since some effects ask past its ends.

    A mask without a duration gets that of its clip. Errors are reported as those of the effect.
    """
    if clip.mask is not None:
        mask = clip.mask if clip.mask.duration else clip.mask.with_duration(clip.duration)
        clip = clip.with_mask(_clamp_times_to_clip(mask, effect_name, effect_arguments))
    frame_function, last = clip.frame_function, clip.duration - _LATE_S

    def read_clamped_picture(t: float) -> Any:
        with _translate_effect_errors(effect_name, effect_arguments):
            return frame_function(min(max(t, 0), last))

    return clip.with_updated_frame_function(read_clamped_picture)


@contextmanager
def _translate_effect_errors(
    effect_name: str, effect_arguments: Mapping[str, Any]
) -> Iterator[None]:
    """Turns any error that MoviePy raises into a StitchError that names the effect and its
    arguments.
    """
    try:
        yield
    except StitchError:
        raise
    except Exception as error:
        arguments_text = ", ".join(f"{key}: {value}" for key, value in effect_arguments.items())
        raise StitchError(
            f"the effect {effect_name} {{{arguments_text}}} can't be applied: "
            f"{error or type(error).__name__}",
            hint=_FAILS_AGAIN,
        ) from error


def _render_frames(clip: Any, frame_count: int, rate: Rate, size: Size) -> Iterator[Frame]:
    import numpy as np

    # Half a frame before the end still shows the last frame; the end itself may show nothing.
    last = max(0.0, clip.duration - 1 / (2 * float(rate.value)))
    for frame in range(frame_count):
        pixels = clip.get_frame(min(float(rate.to_seconds(frame)) + _LATE_S, last))
        picture = np.ascontiguousarray(np.clip(pixels, 0, 255).astype(np.uint8)[..., :3])
        if picture.shape[:2] != (size[1], size[0]):
            picture = _letterbox_rgb(picture, size)
        yield to_yuv_frame(picture)


def _write_audio_padded_with_silence(
    audio_clip: Any, clip_seconds: float, written_seconds: Any, out: Path
) -> None:
    """Writes the clip's sound with the length of its picture, padded with silence."""
    import numpy as np

    total = round(written_seconds * RATE)
    audible_samples = (
        0
        if audio_clip is None
        else min(total, round(min(clip_seconds, audio_clip.duration or clip_seconds) * RATE))
    )
    with WavWriter(out) as wav:
        for at in range(0, total, _BLOCK_S * RATE):
            n = min(_BLOCK_S * RATE, total - at)
            block = np.zeros((n, 2), np.float32)
            if (audible_in_block := min(n, audible_samples - at)) > 0:
                try:
                    with np.errstate(over="ignore"):
                        block[:audible_in_block] = audio_clip.get_frame(
                            np.arange(at, at + audible_in_block) / RATE
                        )
                except Exception as error:  # as above
                    message = f"the effects can't be applied to the sound: {error}"
                    raise StitchError(message, hint=_FAILS_AGAIN) from error
            if not np.isfinite(block).all():
                raise StitchError("the effects make the sound too loud", hint=_FAILS_AGAIN)
            wav.write(block)


def _encode_take(
    frames: Iterator[Frame], size: Size, rate: Rate, sound: Path | None, out: Path
) -> None:
    """Encodes a take: H.264 of high quality, with AAC if there is sound."""
    width, height = size
    sound_input = ("-i", f"file:{sound}") if sound else ()
    sound_output = ("-map", "1:a:0", "-c:a", "aac", "-b:a", "256k") if sound else ()
    run_ffmpeg(
        [
            *("-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{width}x{height}"),
            *("-framerate", f"{rate.value}", *_TAGS, "-i", "pipe:0", *sound_input),
            *("-map", "0:v:0", *sound_output, *_TAGS),
            *("-c:v", "libx264", "-profile:v", "high", "-preset", "veryfast", "-crf", "16"),
            *("-g", f"{2 * rate.nominal}", "-threads", "2", "-x264-params", "open-gop=0"),
            *(
                "-video_track_timescale",
                f"{choose_timescale(rate.value)}",
                "-movflags",
                "+faststart",
            ),
            *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
            *("-f", "mp4", f"file:{out}"),
        ],
        stdin=(frame.data for frame in frames),
    )
