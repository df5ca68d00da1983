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

from tests.bench.clips import FULL_HD, HD, Size, clips
from tests.bench.clock import Took, command
from tests.bench.places import ROOT
from tests.bench.rivals import copy, melt, moviepy, raw
from tests.bench.table import heading, memory_row, row

CLIPS = 8
OURS, VERYFAST, SLOW = 3, 2, 1
"""Rounds."""
BARE = "-c copy of the clips"
RIVALS = {
    "raw ffmpeg, veryfast": "6x",
    "raw ffmpeg, medium": "12x",
    "MoviePy, veryfast": "15x",
    "melt, veryfast": "6x",
}
BESIDE_COPY = {
    "ours, hard cuts": "3x wall",
    "ours, hard cuts, sound kept": "3x wall",
    "ours, one dissolve changed": "2x wall",
    "ours, nothing changed": "2x wall",
}
MANY = {10: 2, 100: 1, 1000: 1}
"""Rounds by the number of clips."""
MOST_MB = 400


def stitch(root: Path) -> None:
    """A minute of film at 720p by us, ffmpeg, MoviePy and melt."""
    _table(root, "720p, a key frame every 2 s", HD, 48)


def stitch_1080p(root: Path) -> None:
    """The same at 1080p."""
    _table(root, "1080p, a key frame every 2 s", FULL_HD, 48)


def stitch_one_idr(root: Path) -> None:
    """The same of 720p clips with one key frame each, so that whoever cuts in has to encode."""
    _table(root, "720p, one key frame in each clip", HD, 250)


def stitch_many(root: Path) -> None:
    """Ten, a hundred and a thousand clips by hard cuts, beside their copy; the memory of that.

    The clips are eight under many names: each is read, indexed, copied and heard by itself, but a
    seam that was proved once counts for all with the same bytes.
    """
    heading(f"many clips of 8 s at 720p by hard cuts (aim: {MOST_MB} MB at most)")
    made = clips(root / "many-clips", CLIPS)
    folder = root / "many"
    for many, rounds in MANY.items():
        folder.mkdir()
        for number in range(many):
            (folder / f"{number:04d}.mp4").symlink_to(made[number % CLIPS])
        named = sorted(folder.iterdir())
        ours = _ours(root, folder, "0,0,0", many, f"many-{many}")
        took = _in_turns(
            {
                BARE: (rounds, lambda named=named: command(copy(root, named), root)),
                "ours": (rounds, _cold(root, f"many-{many}", ours)),
                "ours, sound kept": (rounds, ours),
            }
        )
        bare = took.pop(BARE)
        row(f"{many} clips: {BARE}", bare)
        for name, each in took.items():
            row(f"{many} clips: {name}", each, _beside(each, bare))
            memory_row(f"{many} clips: {name}", each)
        shutil.rmtree(folder)
        for film in root.glob("*.mp4"):
            film.unlink()


def _table(root: Path, what: str, size: Size, keys: int) -> None:
    rounds = f"{OURS} rounds, of rivals {VERYFAST} and {SLOW}"
    heading(f"stitch: {CLIPS} clips of 8 s, {what}, loudness levelled; {rounds}")
    made = clips(root / f"clips-{size[1]}-{keys}", CLIPS, size, keys)
    took = _in_turns(_ways(root, made, size))
    ours, bare = took["ours"], took[BARE]
    row("3 dissolves: ours, nothing kept", ours, _beside(ours, bare))
    for name, aim in RIVALS.items():
        if name in took:
            each = took[name]
            cpu, wall = each.cpu_s / ours.cpu_s, each.wall_s / ours.wall_s
            row(f"3 dissolves: {name}", each, f"{cpu:.1f}x our CPU, {wall:.1f}x our wall", aim)
    row(f"hard cuts: {BARE}", bare)
    for name, aim in BESIDE_COPY.items():
        row(name, took[name], _beside(took[name], bare), aim)


def _beside(each: Took, bare: Took) -> str:
    return f"{each.cpu_s / bare.cpu_s:.1f}x copy's CPU, {each.wall_s / bare.wall_s:.1f}x its wall"


def _ways(
    root: Path, made: Sequence[Path], size: Size
) -> dict[str, tuple[int, Callable[[], Took]]]:
    """Name -> rounds and one run; what is not installed is left out."""
    lengths, folder, tag = count(6), made[0].parent, made[0].parent.name
    cold = {"ours": "12,12,12", "ours, hard cuts": "0,0,0"}
    found: dict[str, tuple[int, Callable[[], Took]]] = {}
    for name, dissolves in cold.items():
        place = f"{tag}-{dissolves}"
        run = _ours(root, folder, dissolves, CLIPS, place)
        found[name] = (OURS, _cold(root, place, run))
    hard, same = f"{tag}-hard", f"{tag}-same"
    found["ours, hard cuts, sound kept"] = (OURS, _ours(root, folder, "0,0,0", CLIPS, hard))
    found["ours, nothing changed"] = (OURS, _ours(root, folder, "12,12,12", CLIPS, same))
    found["ours, one dissolve changed"] = (
        OURS,
        lambda: _ours(root, folder, f"12,12,{next(lengths)}", CLIPS, same)(),
    )
    found[BARE] = (OURS, lambda: command(copy(root, made), root))
    found["raw ffmpeg, veryfast"] = (VERYFAST, lambda: command(raw(made, "veryfast"), root))
    found["raw ffmpeg, medium"] = (SLOW, lambda: command(raw(made, "medium"), root))
    found["MoviePy, veryfast"] = (SLOW, lambda: command(moviepy(root, made), root))
    if shutil.which("melt"):
        found["melt, veryfast"] = (SLOW, lambda: command(melt(made, size[1]), root))
    return found


def _ours(root: Path, folder: Path, lengths: str, many: int, name: str) -> Callable[[], Took]:
    """A run of our own on what is kept in the cache of that name."""
    argv = [sys.executable, "-m", "tests.bench.cutting", str(folder), str(root / f"{name}.mp4")]
    argv += [str(root / f"cache-{name}"), lengths, f"{many}"]
    return lambda: command(argv, root, {"PYTHONPATH": str(ROOT)})


def _cold(root: Path, name: str, run: Callable[[], Took]) -> Callable[[], Took]:
    """The same with an empty cache each time."""

    def emptied() -> Took:
        shutil.rmtree(root / f"cache-{name}", ignore_errors=True)
        return run()

    return emptied


def _in_turns(ways: Mapping[str, tuple[int, Callable[[], Took]]]) -> dict[str, Took]:
    """Medians by name of as many rounds as each way has; those of most rounds are warmed up."""
    taken: dict[str, list[Took]] = {name: [] for name in ways}
    for rounds, run in ways.values():
        if rounds == OURS:
            run()
    for number in range(max(rounds for rounds, _ in ways.values())):
        for name, (rounds, run) in ways.items():
            if number < rounds:
                taken[name].append(run())
    return {name: _median(all_) for name, all_ in taken.items()}


def _median(all_: Sequence[Took]) -> Took:
    return Took(*map(statistics.median, zip(*map(astuple, all_), strict=True)))
