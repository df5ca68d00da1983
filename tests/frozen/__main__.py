"""`python -m tests.frozen` writes what is frozen; `python -m tests.frozen 12` shows film 12.

Write it again only where a change of behaviour is meant: what stands there was made by the code
that films were bought with. To find what moved in a film, show it in two checkouts and compare.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from storyboard.simulator.serve import Simulator
from tests.frozen import doors, records, renders
from tests.frozen.films import FILMS


def write() -> None:
    for name in ("films", "examples"):
        (records.DATA / name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, records.desk(Path(folder)) as desk:
        found = []
        for number in range(FILMS):
            record = records.of_film(number, desk)
            found.append(records.line(number, record))
            if number in records.WHOLE:
                path = records.DATA / "films" / f"{number:03}.json"
                path.write_text(records.whole(record), "utf-8")
        records.LINES.write_text("\n".join([*found, ""]), "utf-8")
        for name in records.EXAMPLES:
            path = records.DATA / "examples" / f"{name}.json"
            path.write_text(records.whole(records.of_example(name, desk)), "utf-8")
    records.EVENTS.write_text(records.whole(doors.every_event()), "utf-8")
    renders.RENDERS.mkdir(exist_ok=True)
    with Simulator() as sim:
        for name in renders.FILMS:
            with tempfile.TemporaryDirectory() as folder:
                left = renders.of_render(name, Path(folder), sim.url, sim.environment())
            (renders.RENDERS / f"{name}.json").write_text(records.whole(left), "utf-8")


def show(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder, records.desk(Path(folder)) as desk:
        print(records.whole(records.of_film(number, desk)), end="")


if __name__ == "__main__":
    show(int(sys.argv[1])) if sys.argv[1:] else write()
