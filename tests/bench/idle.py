"""Nothing to do: plan and an idle render beside doit and Snakemake on as many targets."""

from __future__ import annotations

import os
from functools import cache, partial
from pathlib import Path

from storyboard.stitching.media.ffmpeg import run_ffmpeg
from tests.bench.clock import Usage, run_command, run_interleaved
from tests.bench.config import PEERS, ROOT, ROUNDS, STORYBOARD
from tests.bench.table import print_heading, print_line, print_row


class RenderedFilm:
    """A film of `n` shots of four frames whose takes are all there, and its commands.

    With `is_stitched` it was rendered whole. Of another, one more shot is left unmade, so that
    nothing is cut, and what an idle render does is to look at every take.
    """

    def __init__(self, root: Path, n: int, *, is_stitched: bool) -> None:
        self.folder = root / f"film-{n}"
        self.folder.mkdir()
        clip = self.folder / "clip.mp4"
        _write_clip(clip)
        self._env = {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "bench" / "plugins")]),
            "PAPER_CLIP": str(clip),
            "STORYBOARD_POLL_S": "0",
        }
        lines = ["storyboard: 1", "defaults: {provider: paper, model: paper-1}", "shots:"]
        lines += [f"  - {{id: SH{i:05d}, prompt: Shot {i}, length: 4f}}" for i in range(n)]
        self._shot_arguments = () if is_stitched else (f"SH00000..SH{n - 1:05d}",)
        if not is_stitched:
            lines.append("  - {id: SH99999, provider: previz, prompt: A gull, duration: 4}")
        (self.folder / "film.yaml").write_text("\n".join(lines) + "\n")
        usage = self.render()
        stitch = " and stitch" if is_stitched else ""
        print_line(f"(first render of {n} shots, takes{stitch}: {usage.wall_s:.0f} s wall)")

    def check(self) -> Usage:
        return self._run_command("check", "film.yaml", "-q")

    def plan(self) -> Usage:
        return self._run_command("plan", "film.yaml", *self._shot_arguments, "-q")

    def render(self) -> Usage:
        return self._run_command("render", "film.yaml", *self._shot_arguments, "--yes", "-q")

    def _run_command(self, *arguments: str) -> Usage:
        return run_command([STORYBOARD, *arguments], self.folder, self._env)


@cache
def prepare_film(root: Path, n: int) -> RenderedFilm:
    """The film of `n` shots in `root`, made at the first asking; a long one is not cut."""
    return RenderedFilm(root, n, is_stitched=n <= 1_000)


def measure_idle(root: Path) -> None:
    """1,000 shots that are all there, by doit and Snakemake on 1,000 targets."""
    _compare_idle(root, 1_000, ROUNDS)


def measure_long_idle(root: Path) -> None:
    """The same of 10,000, which are not cut."""
    _compare_idle(root, 10_000, 3)


def _compare_idle(root: Path, n: int, rounds: int) -> None:
    print_heading(f"nothing to do: {n} shots, {n} targets")
    film = prepare_film(root, n)
    runs = {
        "plan": film.plan,
        "render": film.render,
        "doit": partial(run_command, _prepare_doit(root / f"doit-{n}", n), root / f"doit-{n}"),
        "snakemake": partial(
            run_command, _prepare_snakemake(root / f"make-{n}", n), root / f"make-{n}"
        ),
    }
    usages = run_interleaved(rounds, runs)
    doit, snakemake = usages["doit"], usages["snakemake"]
    for name in ("plan", "render"):
        ours = usages[name]
        ratio = (
            f"{ours.cpu_s / doit.cpu_s:.2f}x doit's CPU, {ours.wall_s / doit.wall_s:.2f}x its wall;"
            f" {snakemake.wall_s / ours.wall_s:.1f}x faster than Snakemake"
        )
        print_row(f"storyboard {name}", ours, ratio, "1x doit, 10x Snakemake")
    print_row("doit", doit)
    print_row("Snakemake", snakemake)


def _write_clip(clip: Path) -> None:
    """Four seconds of grey and silence, 9 kB."""
    run_ffmpeg(
        ["-f", "lavfi", "-i", "color=gray:s=1280x720:r=24:d=4", "-f", "lavfi", "-i",
         "anullsrc=r=48000:d=4", "-shortest", "-c:v", "libx264", "-preset", "ultrafast",
         "-pix_fmt", "yuv420p", "-c:a", "aac", str(clip)]
    )  # fmt: skip


def _prepare_doit(folder: Path, n: int) -> list[str]:
    (folder / "out").mkdir(parents=True)
    (folder / "dodo.py").write_text(
        "from pathlib import Path\n"
        "def make(n):\n"
        "    Path(f'out/{n}').write_text(str(n))\n"
        "def task_make():\n"
        f"    for n in range({n}):\n"
        "        yield {'name': str(n), 'actions': [(make, [n])], 'targets': [f'out/{n}'],\n"
        "               'file_dep': [f'in{n}']}\n"
    )
    for number in range(n):
        (folder / f"in{number}").touch()
    argv = [str(PEERS / "doit"), "-v", "0"]
    run_command(argv, folder)
    return argv


def _prepare_snakemake(folder: Path, n: int) -> list[str]:
    (folder / "out").mkdir(parents=True)
    (folder / "Snakefile").write_text(
        f"rule all:\n    input: expand('out/{{n}}', n=range({n}))\n"
        "rule one:\n    output: 'out/{n}'\n    shell: 'echo {wildcards.n} > {output}'\n"
    )
    for number in range(n):
        (folder / "out" / str(number)).write_text(str(number))
    argv = [str(PEERS / "snakemake"), "-c1", "--quiet", "all", "--rerun-triggers", "mtime"]
    run_command(argv, folder)
    return argv
