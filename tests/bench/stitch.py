"""The stitch beside what people use to cut clips: eight clips of 8 s at 720p, three dissolves."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from storyboard.stitch.media import ffmpeg_path, run_ffmpeg
from tests.bench.clock import Took, command, interleaved
from tests.bench.places import ROOT
from tests.bench.table import heading, memory_row, row

SIZE = (1280, 720)
CLIPS, SECONDS, RATE, DISSOLVE = 8, 8, 24, 12
OFFSETS = {2: 15.5, 4: 31.0, 6: 46.5}
"""Where the dissolves begin, by the clip that they bring in."""

STITCH_ROUNDS = 3


def stitch(root: Path) -> None:
    """A minute of film by us, ffmpeg, MoviePy and melt; then from ten clips to a hundred."""
    heading(f"stitch: {CLIPS} clips of {SECONDS} s at 720p, loudness levelled")
    clips = root / "clips"
    clips.mkdir()
    for number in range(CLIPS):
        clip(clips / f"{number}.mp4", number)
    took = interleaved(STITCH_ROUNDS, ways(root, clips))
    ours, copied, cut = took["ours"], took["copy"], took["ours, hard cuts"]
    aims = {
        "raw ffmpeg, veryfast": (ours, "6x"),
        "raw ffmpeg, medium": (ours, "12x"),
        "MoviePy, veryfast": (ours, "15x"),
        "melt, veryfast": (ours, "6x"),
    }
    row("3 dissolves: ours, nothing cached", ours, f"{ours.cpu_s / copied.cpu_s:.1f}x copy CPU")
    for name, (base, aim) in aims.items():
        if name in took:
            each = took[name]
            ratio = f"{each.cpu_s / base.cpu_s:.1f}x our CPU, {each.wall_s / base.wall_s:.1f}x wall"
            row(f"3 dissolves: {name}", each, ratio, aim)
    for name, aim in (
        ("ours, hard cuts", "3x"),
        ("ours, hard cuts, sound cached", "3x"),
        ("ours, one dissolve changed", "2x"),
        ("ours, nothing changed", "2x"),
    ):
        each = took[name]
        ratio = (
            f"{each.cpu_s / copied.cpu_s:.1f}x copy CPU, {each.wall_s / copied.wall_s:.1f}x wall"
        )
        row(name, each, ratio, aim)
    row("hard cuts: -c copy", copied, f"ours {cut.cpu_s / copied.cpu_s:.1f}x")
    for many in (10, 100):
        took = interleaved(1, {"": ours_of(root, clips, "0,0,0", many, f"many{many}")})
        row(f"hard cuts of {many} clips, sound cached", took[""])
        memory_row(f"hard cuts of {many} clips, sound cached", took[""])


def ways(root: Path, clips: Path) -> dict[str, Callable[[], Took]]:
    """Name -> one run; what is not installed is left out."""
    found: dict[str, Callable[[], Took]] = {}
    lengths = count(6)
    found["ours"] = ours_of(root, clips, "12,12,12", CLIPS, "cold", cold=True)
    found["ours, hard cuts"] = ours_of(root, clips, "0,0,0", CLIPS, "hard", cold=True)
    found["ours, hard cuts, sound cached"] = ours_of(root, clips, "0,0,0", CLIPS, "warm")
    found["ours, nothing changed"] = ours_of(root, clips, "12,12,12", CLIPS, "same")
    found["ours, one dissolve changed"] = lambda: ours_of(
        root, clips, f"12,12,{next(lengths)}", CLIPS, "same"
    )()
    found["copy"] = lambda: command(copy(root, clips), root)
    found["raw ffmpeg, veryfast"] = lambda: command(raw(root, clips, "veryfast"), root)
    found["raw ffmpeg, medium"] = lambda: command(raw(root, clips, "medium"), root)
    script = root / "with_moviepy.py"
    script.write_text(MOVIEPY)
    found["MoviePy, veryfast"] = lambda: command([sys.executable, str(script), str(clips)], root)
    if shutil.which("melt"):
        found["melt, veryfast"] = lambda: command(melt(clips), root)
    return found


def ours_of(
    root: Path, clips: Path, lengths: str, clip_count: int, name: str, *, cold: bool = False
) -> Callable[[], Took]:
    """A run of our own; `cold` begins with an empty cache each time."""
    cache, out = root / f"cache-{name}", root / f"{name}.mp4"
    argv = [sys.executable, "-m", "tests.bench.cutting", str(clips), str(out), str(cache)]

    def run() -> Took:
        if cold:
            shutil.rmtree(cache, ignore_errors=True)
        return command([*argv, lengths, str(clip_count)], root, {"PYTHONPATH": str(ROOT)})

    return run


def copy(root: Path, clips: Path) -> list[str]:
    """Nothing but a remux: the floor."""
    listed = root / "clips.txt"
    listed.write_text("".join(f"file '{path}'\n" for path in sorted(clips.iterdir())))
    return [
        *(ffmpeg_path(), "-y", "-loglevel", "error", "-f", "concat", "-safe", "0"),
        *("-i", str(listed), "-c", "copy", "-movflags", "+faststart", "copy.mp4"),
    ]


def raw(root: Path, clips: Path, preset: str) -> list[str]:
    """The graph that one writes by hand: xfade, acrossfade, loudnorm."""
    inputs = [part for path in sorted(clips.iterdir()) for part in ("-i", str(path))]
    graph = [f"[{n}:v]settb=AVTB,fps={RATE}[v{n}]" for n in range(CLIPS)]
    graph += [f"[{n}:a]aresample=48000[a{n}]" for n in range(CLIPS)]
    picture, sound = "v0", "a0"
    for n in range(1, CLIPS):
        if n in OFFSETS:
            fade = f"xfade=transition=fade:duration={DISSOLVE / RATE}:offset={OFFSETS[n]}"
            graph += [f"[{picture}][v{n}]{fade}[p{n}]"]
            graph += [f"[{sound}][a{n}]acrossfade=d={DISSOLVE / RATE}[s{n}]"]
        else:
            graph += [f"[{picture}][v{n}]concat=n=2,settb=AVTB,fps={RATE}[p{n}]"]
            graph += [f"[{sound}][a{n}]concat=n=2:v=0:a=1[s{n}]"]
        picture, sound = f"p{n}", f"s{n}"
    graph += [f"[{picture}]format=yuv420p[v]"]
    graph += [f"[{sound}]loudnorm=I=-14:TP=-1:LRA=11,aresample=48000[a]"]
    return [
        *(ffmpeg_path(), "-y", "-loglevel", "error", *inputs, "-filter_complex", ";".join(graph)),
        *("-map", "[v]", "-map", "[a]", "-c:v", "libx264", "-preset", preset, "-crf", "20"),
        *("-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart", f"{preset}.mp4"),
    ]


def melt(clips: Path) -> list[str]:
    """The same film by MLT's command line."""
    argv = ["melt", "-profile", "atsc_720p_24"]
    for number, path in enumerate(sorted(clips.iterdir())):
        argv.append(str(path))
        if number in OFFSETS:
            argv += ["-mix", f"{DISSOLVE}", "-mixer", "luma", "-mixer", "mix:-1"]
    return [
        *(*argv, "-filter", "dynamic_loudness", "target_loudness=-14", "-consumer"),
        *("avformat:melt.mp4", "vcodec=libx264", "preset=veryfast", "crf=20", "acodec=aac"),
        *("ab=192k", "real_time=-2", "threads=2", "pix_fmt=yuv420p"),
    ]


MOVIEPY = """\
import sys
from pathlib import Path
from moviepy import VideoFileClip, CompositeVideoClip, afx, vfx
clips, at = [], 0.0
for n, path in enumerate(sorted(Path(sys.argv[1]).iterdir())):
    clip = VideoFileClip(str(path))
    if n in (2, 4, 6):
        at -= 0.5
        clip = clip.with_effects([vfx.CrossFadeIn(0.5), afx.AudioFadeIn(0.5)])
    clips.append(clip.with_start(at))
    at += 8
film = CompositeVideoClip(clips)
film = film.with_audio(film.audio.with_effects([afx.AudioNormalize()]))
film.write_videofile("moviepy.mp4", fps=24, preset="veryfast", audio_codec="aac",
                     audio_bitrate="192k", ffmpeg_params=["-crf", "20"], logger=None)
"""


def clip(path: Path, number: int) -> None:
    """A pan over rough ground with a moving subject and grain, and a tone under it."""
    run_ffmpeg(
        [
            *("-f", "rawvideo", "-pix_fmt", "bgr24", "-video_size", "1280x720"),
            *("-framerate", f"{RATE}", "-i", "pipe:0"),
            *("-f", "lavfi", "-i", f"sine=f={220 + 55 * number}:r=48000:d={SECONDS}"),
            *("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"),
            *("-c:v", "libx264", "-preset", "medium", "-b:v", "7M", "-g", f"{2 * RATE}"),
            *("-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709"),
            *("-color_trc", "bt709", "-c:a", "aac", "-b:a", "192k", "-ac", "2", str(path)),
        ],
        stdin=pictures(number),
    )


def pictures(number: int) -> Iterator[memoryview]:
    width, height = SIZE
    random = np.random.default_rng(number)
    ground = np.full((height + 200, width + 400, 3), 110.0 + 10 * number, np.float32)
    for octave in (4, 8, 16, 32, 64, 128):
        shape = (512 // octave + 2, 896 // octave + 2, 3)
        rough = random.standard_normal(shape).astype(np.float32) * octave / 4
        ground += cv2.resize(rough, ground.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    picture = np.clip(ground, 0, 255).astype(np.uint8)
    grain = random.integers(-3, 4, (8, height, width, 1), dtype=np.int16)
    for frame in range(SECONDS * RATE):
        left = 1.5 * frame if number % 2 else 380 - 1.5 * frame
        move = np.array([[1, 0, -left], [0, 1, -50 - 30 * np.sin(frame / 40 + number)]])
        seen = cv2.warpAffine(picture, move, SIZE, borderMode=cv2.BORDER_REFLECT)
        cv2.circle(
            seen, (300 + 4 * frame, int(360 + 80 * np.sin(frame / 10))), 60, (40, 80, 220), -1
        )
        yield np.clip(seen + grain[frame % 8], 0, 255).astype(np.uint8).data
