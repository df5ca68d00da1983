"""What people cut clips with: the command lines of a copy, of ffmpeg, of melt, and of MoviePy."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from storyboard.stitching.media.ffmpeg import find_ffmpeg
from tests.bench.clips import RATE

DISSOLVE = 12
DISSOLVE_OFFSETS = {2: 15.5, 4: 31.0, 6: 46.5}
"""Where the dissolves begin, by the clip that they bring in."""


def build_copy_command(root: Path, clips: Sequence[Path], out: str = "copy.mp4") -> list[str]:
    """Nothing but a remux: the floor."""
    clip_list = root / "clips.txt"
    clip_list.write_text("".join(f"file '{path}'\n" for path in clips))
    return [
        *(find_ffmpeg(), "-y", "-loglevel", "error", "-f", "concat", "-safe", "0"),
        *("-i", str(clip_list), "-c", "copy", "-movflags", "+faststart", out),
    ]


def build_ffmpeg_command(clips: Sequence[Path], preset: str) -> list[str]:
    """The graph that one writes by hand: xfade, acrossfade, loudnorm."""
    inputs = [part for path in clips for part in ("-i", str(path))]
    graph = [f"[{n}:v]settb=AVTB,fps={RATE}[v{n}]" for n in range(len(clips))]
    graph += [f"[{n}:a]aresample=48000[a{n}]" for n in range(len(clips))]
    picture, sound = "v0", "a0"
    for n in range(1, len(clips)):
        if n in DISSOLVE_OFFSETS:
            fade = f"xfade=transition=fade:duration={DISSOLVE / RATE}:offset={DISSOLVE_OFFSETS[n]}"
            graph += [f"[{picture}][v{n}]{fade}[p{n}]"]
            graph += [f"[{sound}][a{n}]acrossfade=d={DISSOLVE / RATE}[s{n}]"]
        else:
            graph += [f"[{picture}][v{n}]concat=n=2,settb=AVTB,fps={RATE}[p{n}]"]
            graph += [f"[{sound}][a{n}]concat=n=2:v=0:a=1[s{n}]"]
        picture, sound = f"p{n}", f"s{n}"
    graph += [f"[{picture}]format=yuv420p[v]"]
    graph += [f"[{sound}]loudnorm=I=-14:TP=-1:LRA=11,aresample=48000[a]"]
    return [
        *(find_ffmpeg(), "-y", "-loglevel", "error", *inputs, "-filter_complex", ";".join(graph)),
        *("-map", "[v]", "-map", "[a]", "-c:v", "libx264", "-preset", preset, "-crf", "20"),
        *("-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart", f"{preset}.mp4"),
    ]


def build_melt_command(clips: Sequence[Path], height: int) -> list[str]:
    """The same film by MLT's command line."""
    argv = ["melt", "-profile", f"atsc_{height}p_24"]
    for number, path in enumerate(clips):
        argv.append(str(path))
        if number in DISSOLVE_OFFSETS:
            argv += ["-mix", f"{DISSOLVE}", "-mixer", "luma", "-mixer", "mix:-1"]
    return [
        *(*argv, "-filter", "dynamic_loudness", "target_loudness=-14", "-consumer"),
        *("avformat:melt.mp4", "vcodec=libx264", "preset=veryfast", "crf=20", "acodec=aac"),
        *("ab=192k", "real_time=-2", "threads=2", "pix_fmt=yuv420p"),
    ]


def build_moviepy_command(root: Path, clips: Sequence[Path]) -> list[str]:
    """The same by a script for MoviePy."""
    script = root / "with_moviepy.py"
    script.write_text(_MOVIEPY_SCRIPT)
    return [sys.executable, str(script), *map(str, clips)]


_MOVIEPY_SCRIPT = """\
import sys
from moviepy import VideoFileClip, CompositeVideoClip, afx, vfx
clips, at = [], 0.0
for n, path in enumerate(sys.argv[1:]):
    clip = VideoFileClip(path)
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
