"""`make bench`: what the house promises, measured as ratios in one run."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.bench.clock import Took, command, interleaved

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
STORYBOARD = str(BIN / "storyboard")
ROUNDS = 5
SHOTS = 1000


def main() -> None:
    """Runs every benchmark and prints its table."""
    with tempfile.TemporaryDirectory(prefix="storyboard-bench-") as folder:
        root = Path(folder)
        print(
            f"{os.cpu_count()} cores, Python {sys.version.split()[0]}; medians of {ROUNDS} rounds"
        )
        help_beside_interpreter(root)
        check_of_a_long_film(root)
        nothing_to_do(root)
        previz_against_real_time(root)


def help_beside_interpreter(root: Path) -> None:
    """`--help` beside the bare interpreter; aim: within 100 ms CPU."""
    took = interleaved(
        ROUNDS,
        {
            "bare": lambda: command([sys.executable, "-c", "pass"], root),
            "help": lambda: command([STORYBOARD, "--help"], root),
        },
    )
    more = took["help"].cpu_s - took["bare"].cpu_s
    row("--help over the bare interpreter", took["help"], f"+{more * 1000:.0f} ms CPU", "100 ms")


def check_of_a_long_film(root: Path) -> None:
    """`check` on a film of 10,000 lines; aim: under 0.5 s CPU."""
    film = root / "long.yaml"
    lines = ["storyboard: 1", "title: Long", "cast:", "  ana: {description: Ana}", "shots:"]
    number = 0
    while len(lines) < 10_000:
        number += 1
        lines += [
            f"  - id: SH{number:05d}",
            f"    prompt: Shot number {number} along the river",
            "    cast: [ana]",
            "    size: MS",
            "    scene: EXT. RIVER - DAY",
            "    camera: slow pan left",
            "    length: 5",
            "    transition: cut",
        ]
    film.write_text("\n".join(lines) + "\n")
    took = interleaved(ROUNDS, {"check": lambda: command([STORYBOARD, "check", str(film)], root)})
    row(f"check, {len(lines)} lines, {number} shots", took["check"], "", "0.5 s CPU")


def nothing_to_do(root: Path) -> None:
    """Plan and an idle render of 1,000 shots beside doit and Snakemake on 1,000 targets."""
    ours = root / "ours"
    ours.mkdir()
    env = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "plugins")]),
        "STUDIO_BILL": str(ours / "bill.jsonl"),
        "STUDIO_CLIP": str(ours / "clip.mp4"),
    }
    lines = ["storyboard: 1", "defaults: {provider: studio, model: studio-1}", "shots:"]
    lines += [f"  - {{id: SH{n:05d}, prompt: Shot {n}, length: 4f}}" for n in range(SHOTS)]
    (ours / "film.yaml").write_text("\n".join(lines) + "\n")
    render = [STORYBOARD, "render", "film.yaml", "--yes", "-q"]
    first = command(render, ours, env)
    print(f"  (first render of {SHOTS} shots: {first.wall_s:.0f} s wall)")
    doit, snakemake = _doit(root), _snakemake(root)
    took = interleaved(
        ROUNDS,
        {
            "plan": lambda: command([STORYBOARD, "plan", "film.yaml", "-q"], ours, env),
            "render": lambda: command(render, ours, env),
            "doit": lambda: command(doit, root / "doit"),
            "snakemake": lambda: command(snakemake, root / "snakemake"),
        },
    )
    for name in ("plan", "render"):
        ratios = (
            f"{took[name].wall_s / took['doit'].wall_s:.2f}x doit, "
            f"{took['snakemake'].wall_s / took[name].wall_s:.1f}x faster than Snakemake"
        )
        row(f"nothing to do, {SHOTS} shots: {name}", took[name], ratios, "1x doit, 10x Snakemake")
    row(f"nothing to do, {SHOTS} targets: doit", took["doit"])
    row(f"nothing to do, {SHOTS} targets: Snakemake", took["snakemake"])


def _doit(root: Path) -> list[str]:
    folder = root / "doit"
    (folder / "out").mkdir(parents=True)
    (folder / "dodo.py").write_text(
        "from pathlib import Path\n"
        "def make(n):\n"
        "    Path(f'out/{n}').write_text(str(n))\n"
        "def task_make():\n"
        f"    for n in range({SHOTS}):\n"
        "        Path(f'in{n}').touch()\n"
        "        yield {'name': str(n), 'actions': [(make, [n])], 'targets': [f'out/{n}'],\n"
        "               'file_dep': [f'in{n}']}\n"
    )
    argv = [str(_peers() / "doit"), "-v", "0"]
    command(argv, folder)
    return argv


def _snakemake(root: Path) -> list[str]:
    folder = root / "snakemake"
    (folder / "out").mkdir(parents=True)
    (folder / "Snakefile").write_text(
        f"rule all:\n    input: expand('out/{{n}}', n=range({SHOTS}))\n"
        "rule one:\n    output: 'out/{n}'\n    shell: 'echo {wildcards.n} > {output}'\n"
    )
    for n in range(SHOTS):
        (folder / "out" / str(n)).write_text(str(n))
    argv = [str(_peers() / "snakemake"), "-c1", "--quiet", "all", "--rerun-triggers", "mtime"]
    command(argv, folder)
    return argv


def _peers() -> Path:
    return ROOT / ".venv" / "bench" / "bin"


def previz_against_real_time(root: Path) -> None:
    """Seconds of previz a second of rendering at 1280x720; one render of eight shots each time."""
    film = root / "previz.yaml"
    prompts = [
        "A ferry crosses the sea", "A woman in a red coat walks along the quay",
        "Pines in the snow", "A street in the rain", "A kitchen, one lamp",
        "A lighthouse on a cliff", "A tram climbs the hill", "A letter on a table",
    ]  # fmt: skip
    lines = ["storyboard: 1", "shots:"]
    lines += [
        f"  - {{id: SH{n}0, prompt: {p}, duration: 4, seed: 1}}" for n, p in enumerate(prompts, 1)
    ]
    film.write_text("\n".join(lines).replace(", one", " with one") + "\n")
    for name, flags in (("720p", []), ("proxy", ["--proxy"])):
        store = {"STORYBOARD_STORE": str(root / f"store-{name}")}
        out = str(root / f"previz-{name}.mp4")
        argv = [STORYBOARD, "render", str(film), "-q", "-o", out, *flags]
        took = command(argv, root, store)
        seconds = 4 * len(prompts)
        row(
            f"previz at {name}, {seconds} s of film, stitch and all",
            took,
            f"{seconds / took.wall_s:.2f}x real time, {seconds / took.cpu_s:.2f}x per CPU second",
        )


def row(what: str, took: Took, ratio: str = "", aim: str = "") -> None:
    """One line of the table."""
    line = f"{what:<52} {took.cpu_s:7.2f} s CPU {took.wall_s:7.2f} s wall"
    print(line + (f"   {ratio}" if ratio else "") + (f"   (aim: {aim})" if aim else ""), flush=True)


if __name__ == "__main__":
    main()
