"""Makes the files that must be readable for good: `python -m tests.frozen.keep`.

Run it once for each version whose files are to be kept, never again for one that is there: what
matters is that that version wrote them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from storyboard.simulator.server import Simulator
from tests.frozen import doors, records, renders

KEPT = records.HERE / "kept"
WHOLE = """\
storyboard: 1
title: The Boat
defaults: {provider: vertex, model: veo-3.1, duration: 4, resolution: 720p}
shots:
  - {id: SH010, prompt: A boat at the quay, seed: 7}
  - {id: SH020, continue: SH010, prompt: It leaves}
  - {id: SH030, clip: foot.mp4, trim: {start: 1}, length: 1}
"""
"""Bought and imported takes, all there."""
DRAWN = """\
storyboard: 1
defaults: {target: gemini, model: omni-flash, duration: 3}
cast: {ana: {description: "Ana, 40, grey cardigan", voice: alto}}
shots:
  - {id: SH010, prompt: Ana walks along the quay, cast: [ana], scene: EXT. QUAY - DUSK, size: MS}
"""
"""A take of previz, with the state that a next shot continues from."""


def keep_version(version: str) -> None:
    films = {
        "whole": (WHOLE, (), 0),
        "drawn": (DRAWN, (), 0),
        "troubled": (renders.FILMS["troubled"].text, renders.FILMS["troubled"].faults, 7),
    }
    with Simulator() as sim, tempfile.TemporaryDirectory() as base:
        for name, (text, faults, code) in films.items():
            folder = Path(base) / name
            folder.mkdir()
            renders.set_up_simulator(sim.url, faults)
            with renders.enter_folder(folder, sim.environment()):
                Path("film.yaml").write_text(text, "utf-8")
                proxy = ("--proxy",) if name == "drawn" else ()
                result = doors.run_cli("render", "film.yaml", "--yes", *proxy)
                assert result.code == code, result.err
                if name == "whole":
                    assert doors.run_cli("pick", "film.yaml", "SH010", "t01").code == 0
                    assert doors.run_cli("plan", "film.yaml", "--out", "saved.plan").code == 0
                    move_saved_plan(Path("saved.plan"), Path("/films/film.yaml"))
            _copy_film(folder, KEPT / version / name)


def _copy_film(folder: Path, out: Path) -> None:
    """What a colleague would be given: no locks, no caches, no finished film."""
    out.mkdir(parents=True)
    for path in (*folder.glob("film.*"), *folder.glob("saved.plan"), *folder.glob("foot.mp4")):
        shutil.copy(path, out)
    shutil.copytree(folder / ".storyboard", out / "state", ignore=_IGNORED)


_IGNORED = shutil.ignore_patterns(
    *(
        ".gitignore",
        "cache",
        "scratch",
        "claims",
        "lock",
        "*.lock",
        "films.json",
        "hashes.json",
        "*-wal",
        "*-shm",
    )
)


def move_saved_plan(path: Path, film: Path) -> None:
    """Names another place of its film in a saved plan."""
    saved_plan = json.loads(path.read_text("utf-8"))
    document = {k: v for k, v in saved_plan.items() if k not in ("storyboard_plan", "sha256")}
    document["film"] = str(film)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    sha256 = hashlib.sha256(f"storyboard:plan\0{text}".encode()).hexdigest()
    saved_plan |= {"film": str(film), "sha256": sha256}
    path.write_text(json.dumps(saved_plan, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    keep_version(sys.argv[1])
