"""Help, check and previz: what a person waits for at the keyboard."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.clock import run_command, run_interleaved
from tests.bench.config import ROUNDS, STORYBOARD
from tests.bench.table import print_heading, print_row


def measure_startup(root: Path) -> None:
    """`--help` beside the bare interpreter, and `check` of 10,000 lines."""
    print_heading("at the keyboard")
    film, shots = _write_long_film(root)
    usages = run_interleaved(
        ROUNDS,
        {
            "bare": lambda: run_command([sys.executable, "-c", "pass"], root),
            "help": lambda: run_command([STORYBOARD, "--help"], root),
            "check": lambda: run_command([STORYBOARD, "check", str(film)], root),
        },
    )
    extra_s = usages["help"].cpu_s - usages["bare"].cpu_s
    print_row(
        "--help over the bare interpreter",
        usages["help"],
        f"+{extra_s * 1000:.0f} ms CPU",
        "100 ms",
    )
    print_row(f"check, 10,000 lines, {shots} shots", usages["check"], "", "0.5 s CPU")


def _write_long_film(root: Path) -> tuple[Path, int]:
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
    return film, number


def measure_previz(root: Path) -> None:
    """Seconds of previz a second of rendering; one render of eight shots at each size."""
    print_heading("previz, stitch and all")
    film = root / "previz.yaml"
    prompts = [
        "A ferry crosses the sea", "A woman in a red coat walks along the quay",
        "Pines in the snow", "A street in the rain", "A kitchen with one lamp",
        "A lighthouse on a cliff", "A tram climbs the hill", "A letter on a table",
    ]  # fmt: skip
    lines = ["storyboard: 1", "shots:"]
    lines += [
        f"  - {{id: SH{n}0, prompt: {p}, duration: 4, seed: 1}}" for n, p in enumerate(prompts, 1)
    ]
    film.write_text("\n".join(lines))
    seconds = 4 * len(prompts)
    for name, flags in (("720p", []), ("proxy", ["--proxy"])):
        store = {"STORYBOARD_STORE": str(root / f"store-{name}")}
        out = str(root / f"previz-{name}.mp4")
        usage = run_command([STORYBOARD, "render", str(film), "-q", "-o", out, *flags], root, store)
        speed = (
            f"{seconds / usage.wall_s:.2f}x real time, {seconds / usage.cpu_s:.2f}x per CPU second"
        )
        print_row(f"{seconds} s at {name}", usage, speed)
