"""`python -m tests.frozen` writes what is frozen; `python -m tests.frozen 12` shows film 12.

Write it again only where a change of behaviour is meant: what stands there was made by the code
that films were bought with. To find what moved in a film, show it in two checkouts and compare.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from storyboard.simulator.server import Simulator
from tests.frozen import doors, records, renders
from tests.frozen.films import FILMS


def write_records() -> None:
    for name in ("films", "examples"):
        (records.DATA / name).mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        records.open_film_folder(Path(folder)) as film_folder,
    ):
        lines = []
        for number in range(FILMS):
            record = records.record_film(number, film_folder)
            lines.append(records.make_line(number, record))
            if number in records.WHOLE:
                path = records.DATA / "films" / f"{number:03}.json"
                path.write_text(records.to_json_text(record), "utf-8")
        records.LINES.write_text("\n".join([*lines, ""]), "utf-8")
        for name in records.EXAMPLES:
            path = records.DATA / "examples" / f"{name}.json"
            path.write_text(
                records.to_json_text(records.record_example(name, film_folder)), "utf-8"
            )
    records.EVENTS.write_text(records.to_json_text(doors.list_event_records()), "utf-8")
    renders.RENDERS.mkdir(exist_ok=True)
    with Simulator() as sim:
        for name in renders.FILMS:
            with tempfile.TemporaryDirectory() as folder:
                render_record = renders.record_render(
                    name, Path(folder), sim.url, sim.environment()
                )
            (renders.RENDERS / f"{name}.json").write_text(
                records.to_json_text(render_record), "utf-8"
            )


def print_film(number: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        records.open_film_folder(Path(folder)) as film_folder,
    ):
        print(records.to_json_text(records.record_film(number, film_folder)), end="")


if __name__ == "__main__":
    print_film(int(sys.argv[1])) if sys.argv[1:] else write_records()
