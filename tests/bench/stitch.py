"""The stitch beside what people use to cut clips: eight clips of 8 s, three dissolves.

Ways take turns, round by round; a slow rival sits out the later rounds. CPU seconds are those of
the whole process tree, and stand the noise of a machine better than those of the clock.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from itertools import count
from pathlib import Path

from tests.bench.clips import FULL_HD, HD, Size, write_clips
from tests.bench.clock import Usage, run_command
from tests.bench.competitors import (
    build_copy_command,
    build_ffmpeg_command,
    build_melt_command,
    build_moviepy_command,
)
from tests.bench.config import ROOT
from tests.bench.table import print_heading, print_memory_row, print_row

CLIPS = 8
OWN_ROUNDS, VERYFAST_ROUNDS, SLOW_ROUNDS = 3, 2, 1
"""Rounds."""
COPY_ONLY = "-c copy of the clips"
PEER_AIMS = {
    "raw ffmpeg, veryfast": "6x",
    "raw ffmpeg, medium": "12x",
    "MoviePy, veryfast": "15x",
    "melt, veryfast": "6x",
}
COPY_AIMS = {
    "ours, hard cuts": "3x wall",
    "ours, hard cuts, sound kept": "3x wall",
    "ours, one dissolve changed": "2x wall",
    "ours, nothing changed": "2x wall",
}
ROUNDS_BY_CLIP_COUNT = {10: 2, 100: 1, 1000: 1}
"""Rounds by the number of clips."""
MAX_MEMORY_MB = 400


def measure_stitch(root: Path) -> None:
    """A minute of film at 720p by us, ffmpeg, MoviePy and melt."""
    _compare_methods(root, "720p, a key frame every 2 s", HD, 48)


def measure_stitch_1080p(root: Path) -> None:
    """The same at 1080p."""
    _compare_methods(root, "1080p, a key frame every 2 s", FULL_HD, 48)


def measure_stitch_one_idr(root: Path) -> None:
    """The same of 720p clips with one key frame each, so that whoever cuts in has to encode."""
    _compare_methods(root, "720p, one key frame in each clip", HD, 250)


def measure_stitch_many(root: Path) -> None:
    """Ten, a hundred and a thousand clips by hard cuts, beside their copy; the memory of that.

    The clips are eight under many names: each is read, indexed, copied and heard by itself, but a
    seam that was proved once counts for all with the same bytes.
    """
    print_heading(f"many clips of 8 s at 720p by hard cuts (aim: {MAX_MEMORY_MB} MB at most)")
    clips = write_clips(root / "many-clips", CLIPS)
    folder = root / "many"
    for clip_count, rounds in ROUNDS_BY_CLIP_COUNT.items():
        folder.mkdir()
        for number in range(clip_count):
            (folder / f"{number:04d}.mp4").symlink_to(clips[number % CLIPS])
        links = sorted(folder.iterdir())
        own_run = _build_own_run(root, folder, "0,0,0", clip_count, f"many-{clip_count}")
        usages = _run_in_turns(
            {
                COPY_ONLY: (
                    rounds,
                    lambda links=links: run_command(build_copy_command(root, links), root),
                ),
                "ours": (rounds, _clear_cache_first(root, f"many-{clip_count}", own_run)),
                "ours, sound kept": (rounds, own_run),
            }
        )
        copy_usage = usages.pop(COPY_ONLY)
        print_row(f"{clip_count} clips: {COPY_ONLY}", copy_usage)
        for name, usage in usages.items():
            print_row(f"{clip_count} clips: {name}", usage, _format_ratio(usage, copy_usage))
            print_memory_row(f"{clip_count} clips: {name}", usage)
        shutil.rmtree(folder)
        for film in root.glob("*.mp4"):
            film.unlink()


def _compare_methods(root: Path, description: str, size: Size, keys: int) -> None:
    rounds = f"{OWN_ROUNDS} rounds, of rivals {VERYFAST_ROUNDS} and {SLOW_ROUNDS}"
    print_heading(f"stitch: {CLIPS} clips of 8 s, {description}, loudness levelled; {rounds}")
    clips = write_clips(root / f"clips-{size[1]}-{keys}", CLIPS, size, keys)
    usages = _run_in_turns(_list_methods(root, clips, size))
    own_usage, copy_usage = usages["ours"], usages[COPY_ONLY]
    print_row("3 dissolves: ours, nothing kept", own_usage, _format_ratio(own_usage, copy_usage))
    for name, aim in PEER_AIMS.items():
        if name in usages:
            usage = usages[name]
            cpu, wall = usage.cpu_s / own_usage.cpu_s, usage.wall_s / own_usage.wall_s
            print_row(
                f"3 dissolves: {name}", usage, f"{cpu:.1f}x our CPU, {wall:.1f}x our wall", aim
            )
    print_row(f"hard cuts: {COPY_ONLY}", copy_usage)
    for name, aim in COPY_AIMS.items():
        print_row(name, usages[name], _format_ratio(usages[name], copy_usage), aim)


def _format_ratio(usage: Usage, copy_usage: Usage) -> str:
    return (
        f"{usage.cpu_s / copy_usage.cpu_s:.1f}x copy's CPU,"
        f" {usage.wall_s / copy_usage.wall_s:.1f}x its wall"
    )


def _list_methods(
    root: Path, clips: Sequence[Path], size: Size
) -> dict[str, tuple[int, Callable[[], Usage]]]:
    """Name -> rounds and one run; what is not installed is left out."""
    lengths, folder, tag = count(6), clips[0].parent, clips[0].parent.name
    uncached = {"ours": "12,12,12", "ours, hard cuts": "0,0,0"}
    methods: dict[str, tuple[int, Callable[[], Usage]]] = {}
    for name, dissolves in uncached.items():
        cache_name = f"{tag}-{dissolves}"
        run = _build_own_run(root, folder, dissolves, CLIPS, cache_name)
        methods[name] = (OWN_ROUNDS, _clear_cache_first(root, cache_name, run))
    hard, same = f"{tag}-hard", f"{tag}-same"
    methods["ours, hard cuts, sound kept"] = (
        OWN_ROUNDS,
        _build_own_run(root, folder, "0,0,0", CLIPS, hard),
    )
    methods["ours, nothing changed"] = (
        OWN_ROUNDS,
        _build_own_run(root, folder, "12,12,12", CLIPS, same),
    )
    methods["ours, one dissolve changed"] = (
        OWN_ROUNDS,
        lambda: _build_own_run(root, folder, f"12,12,{next(lengths)}", CLIPS, same)(),
    )
    methods[COPY_ONLY] = (OWN_ROUNDS, lambda: run_command(build_copy_command(root, clips), root))
    methods["raw ffmpeg, veryfast"] = (
        VERYFAST_ROUNDS,
        lambda: run_command(build_ffmpeg_command(clips, "veryfast"), root),
    )
    methods["raw ffmpeg, medium"] = (
        SLOW_ROUNDS,
        lambda: run_command(build_ffmpeg_command(clips, "medium"), root),
    )
    methods["MoviePy, veryfast"] = (
        SLOW_ROUNDS,
        lambda: run_command(build_moviepy_command(root, clips), root),
    )
    if shutil.which("melt"):
        methods["melt, veryfast"] = (
            SLOW_ROUNDS,
            lambda: run_command(build_melt_command(clips, size[1]), root),
        )
    return methods


def _build_own_run(
    root: Path, folder: Path, lengths: str, clip_count: int, name: str
) -> Callable[[], Usage]:
    """A run of our own on what is kept in the cache of that name."""
    argv = [sys.executable, "-m", "tests.bench.cutting", str(folder), str(root / f"{name}.mp4")]
    argv += [str(root / f"cache-{name}"), lengths, f"{clip_count}"]
    return lambda: run_command(argv, root, {"PYTHONPATH": str(ROOT)})


def _clear_cache_first(root: Path, name: str, run: Callable[[], Usage]) -> Callable[[], Usage]:
    """The same with an empty cache each time."""

    def run_cold() -> Usage:
        shutil.rmtree(root / f"cache-{name}", ignore_errors=True)
        return run()

    return run_cold


def _run_in_turns(methods: Mapping[str, tuple[int, Callable[[], Usage]]]) -> dict[str, Usage]:
    """Medians by name of as many rounds as each way has; those of most rounds are warmed up."""
    usages_by_name: dict[str, list[Usage]] = {name: [] for name in methods}
    for rounds, run in methods.values():
        if rounds == OWN_ROUNDS:
            run()
    for number in range(max(rounds for rounds, _ in methods.values())):
        for name, (rounds, run) in methods.items():
            if number < rounds:
                usages_by_name[name].append(run())
    return {name: _compute_median(usages) for name, usages in usages_by_name.items()}


def _compute_median(usages: Sequence[Usage]) -> Usage:
    return Usage(*map(statistics.median, zip(*map(astuple, usages), strict=True)))
