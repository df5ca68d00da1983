"""A day's work from `new` to the film, through the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from storyboard.stitching.media.ffmpeg import probe
from tests.conftest import PLUGINS, ROOT, RunCommand

Write = Callable[..., Path]

SMALL = """\
storyboard: 1
title: Small
defaults: {target: vertex, seed: 3}
shots:
  - {id: SH010, prompt: A boat on the sea, size: WS, duration: 4, length: 1}
  - {id: SH020, extend: SH010, prompt: It sails on, length: 1.5}
  - {card: END, length: 1, transition: {fade: 0.5}, transition_out: {fade: 0.5}}
"""


@pytest.fixture(scope="module")
def rendered_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small film, rendered once as a proxy; its folder."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "film.yaml").write_text(SMALL)
    process = subprocess.run(
        [sys.executable, "-m", "storyboard", "render", "film.yaml", "--proxy", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{PLUGINS}"},
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / "events.jsonl").write_text(process.stdout)
    return folder


def test_a_new_film_checks_plans_and_has_its_schema(cli: RunCommand, tmp_path: Path) -> None:
    result = cli("new", "my film")
    assert result.out.strip() == "my film/film.yaml"
    film = tmp_path / "my film" / "film.yaml"
    assert cli("check", film, "--strict").code == 0
    assert cli("plan", film, "--exit-code").code == 5
    assert json.loads(film.with_name("storyboard.schema.json").read_text())["$schema"]
    assert cli("new", "my film").code == 2


def test_the_film_is_as_planned_to_the_frame(cli: RunCommand, rendered_folder: Path) -> None:
    plan = cli("plan", "film.yaml", "--proxy", "--json", cwd=rendered_folder).json
    facts = probe(rendered_folder / "build" / "film.proxy.mp4")
    assert plan["totals"]["frames"] == facts.frames == 84
    assert (facts.width, facts.height) == (320, 180)
    assert {node["action"] for node in plan["nodes"]} == {"keep"}


def test_a_second_render_makes_nothing_and_says_so(cli: RunCommand, rendered_folder: Path) -> None:
    film = rendered_folder / "build" / "film.proxy.mp4"
    before = film.read_bytes()
    again = cli("render", "film.yaml", "--proxy", cwd=rendered_folder)
    assert (again.code, again.out) == (0, "build/film.proxy.mp4\n")
    assert "nothing to make: 2 takes kept" in again.err
    assert film.read_bytes() == before


def test_events_are_the_closed_set_of_their_schema(rendered_folder: Path) -> None:
    import jsonschema

    schema = json.loads((ROOT / "schemas" / "event.schema.json").read_text())
    events = [
        json.loads(line) for line in (rendered_folder / "events.jsonl").read_text().splitlines()
    ]
    for event in events:
        jsonschema.validate(event, schema)
    kinds = [event["type"] for event in events]
    assert kinds[0] == "plan"
    assert kinds[-1] == "summary"
    assert {"take_added", "step_finished", "film_written"} <= set(kinds)


def test_a_clone_draws_free_takes_again_and_they_come_out_the_same(
    cli: RunCommand, rendered_folder: Path, tmp_path: Path
) -> None:
    """No lock file tells of them, so a rehearsal leaves a clone as clean as it was."""
    assert not (rendered_folder / "film.selects.yaml").exists()
    (tmp_path / "film.yaml").write_bytes((rendered_folder / "film.yaml").read_bytes())
    assert cli("render", "film.yaml", "--proxy", "-q").code == 0
    assert not (tmp_path / "film.selects.yaml").exists()
    assert (tmp_path / "build" / "film.proxy.mp4").read_bytes() == (
        rendered_folder / "build" / "film.proxy.mp4"
    ).read_bytes()


def test_make_renders_again_only_when_a_file_changed(tmp_path: Path) -> None:
    (tmp_path / "film.yaml").write_text('storyboard: 1\nshots:\n  - {card: "A", length: 0.5}\n')
    (tmp_path / "Makefile").write_text(
        f"build/%.mp4: %.yaml\n\t@{sys.executable} -m storyboard render $< -o $@ "
        "--deps build/$*.d\n-include $(wildcard build/*.d)\n"
    )

    # the tests themselves may run under make, which speaks to a make below it
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MA")}

    def run_make() -> str:
        process = subprocess.run(
            ["make", "build/film.mp4"],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        return process.stdout

    assert run_make().strip() == "build/film.mp4"
    assert "up to date" in run_make()
    film = tmp_path / "film.yaml"
    film.write_text(film.read_text().replace('"A"', '"B"'))
    os.utime(film, (film.stat().st_mtime + 10, film.stat().st_mtime + 10))
    assert run_make().strip() == "build/film.mp4"


def test_rejecting_the_only_take_asks_for_another(cli: RunCommand, write_film: Write) -> None:
    film = write_film(
        SMALL.replace("{target: vertex, seed: 3}", "{provider: studio, model: studio-1}")
    )
    assert cli("render", film, "SH010", "--yes", "-q").code == 0
    assert cli("reject", film, "SH010", "t01").code == 0
    node = cli("plan", film, "--json").json["nodes"][0]
    assert (node["action"], node["reasons"]) == ("redo", ["retake_requested"])
    assert cli("pick", film, "SH010", "t09").code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["render"], 2),
        (["rendr"], 2),
        (["plan", "film.yaml", "SH999"], 2),
        (["check", "absent.yaml"], 1),
        (["render", "film.yaml", "--provider", "vertex", "--yes"], 4),
        (["plan", "film.yaml", "--provider", "gemini"], 1),
        (["plan", "film.yaml", "--max-cost", "many"], 2),
        (["store", "ls"], 2),
        (["models", "veo-3.1"], 0),
        (["show", "--schema"], 0),
        (["doctor"], 0),
    ],
)
def test_exit_codes(cli: RunCommand, write_film: Write, arguments: list[str], code: int) -> None:
    write_film(SMALL)
    assert cli(*arguments).code == code


def test_a_glance_is_enough_while_nothing_changed(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    film = write_film('storyboard: 1\nshots:\n  - {card: "A", length: 0.5}\n')
    assert cli("render", film, "-q").code == 0
    stamps = tmp_path / ".storyboard" / "film" / "stamps"
    time.sleep(2.1)  # a file younger than that may change again unseen, and is not trusted
    assert "up to date" in cli("render", film).err
    assert len(list(stamps.iterdir())) == 1
    out = tmp_path / "build" / "film.mp4"
    before = out.stat().st_mtime_ns
    assert "up to date" in cli("render", film).err
    assert out.stat().st_mtime_ns > before, "make sees that it was rendered"
    film.touch()
    assert "up to date" in cli("render", film).err, "the film is known by its time of the last look"
    film.write_text(film.read_text().replace('"A"', '"B"'))
    assert "cut again" in cli("render", film).err
    out.write_bytes(out.read_bytes()[:-1])
    assert "cut again" in cli("render", film).err
