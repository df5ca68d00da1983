"""Stills before shots, and a voice over them: made once, approved for cents, heard in its place."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import Severity
from storyboard.pipeline.session import check_film
from tests.conftest import RunCommand, run_command

Write = Callable[..., Path]
Bill = Callable[[], list[dict[str, Any]]]

FILM = """\
storyboard: 1
title: Told
defaults: {provider: studio, model: studio-1}
cast:
  ben: {description: "Ben, 45", still: "portrait, neutral light", voice: Deep}
shots:
  - {id: SH010, first_frame: {still: Ben at the quay, cast: [ben]}, prompt: He turns, length: 0.5,
     duration: 8, narration: [{ben: He had left twice before.}]}
  - {id: SH020, prompt: Ben waits, cast: [ben], length: 0.5, duration: 8}
sound:
  narration: [{at: SH020+0.25, write: "a sentence on the harbour", voice: ben, how: dry}]
subtitles: sidecar
"""
PREVIZ = FILM.replace("defaults: {provider: studio, model: studio-1}\n", "")


@pytest.fixture(scope="module")
def clip_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One clip of eight seconds that the studio hands out for every shot."""
    return str(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(scope="module")
def paid_folder(tmp_path_factory: pytest.TempPathFactory, clip_path: str) -> Path:
    """A folder with the film, wholly paid for."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "film.yaml").write_text(FILM)
    assert (
        run_command(folder, "render", "film.yaml", "--yes", "-q", STUDIO_CLIP=clip_path).code == 0
    )
    return folder


@pytest.fixture
def film_path(paid_folder: Path, tmp_path: Path) -> Path:
    """The paid film in a folder of the test's own."""
    shutil.copytree(paid_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "film.yaml"


def map_nodes(plan: Any) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in plan["nodes"]}


def test_the_plan_shows_what_is_made_beside_the_shots(cli: RunCommand, write_film: Write) -> None:
    plan = map_nodes(cli("plan", write_film(FILM), "--json").json)
    assert {id: (n["step"], n["model"], n["cost_usd"]) for id, n in plan.items()} == {
        "cast.ben": ("still", "studio-still", "0.05"),
        "SH010.first_frame": ("still", "studio-still", "0.06"),
        "SH010": ("generate", "studio-1", "0.80"),
        "SH020": ("generate", "studio-1", "0.80"),
        "SH010.narration.1": ("speech", "studio-voice", "0.004"),
        "narration.1.words": ("write", "studio-text", "0.02"),
        "narration.1": ("speech", "studio-voice", "0.06"),
    }
    assert plan["SH010.first_frame"]["depends_on"] == ["cast.ben"]
    assert plan["SH020"]["depends_on"] == ["cast.ben"]
    assert plan["narration.1"]["depends_on"] == ["narration.1.words"]
    assert [plan[id]["record_in"] for id in ("SH010.narration.1", "narration.1")] == [12, 18]


def test_stills_are_made_and_retaken_before_a_shot_is_bought(
    cli: RunCommand, write_film: Write, read_bill: Bill, clip_path: str
) -> None:
    film = write_film(FILM)
    assert cli("render", film, "--until", "stills").code == 6, "cents are money too"
    first = cli("render", film, "--until", "stills", "--yes", "--max-cost", "0.11")
    assert (first.code, first.out) == (0, "")
    assert [(job["kind"], job["sent"]) for job in read_bill()] == [
        ("still", []),
        ("still", ["ben"]),
    ]
    paths_by_step = dict(
        line.split(": t01 ") for line in first.err.splitlines() if ": t01 /" in line
    )
    assert paths_by_step.keys() == {"cast.ben", "SH010.first_frame"}
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in paths_by_step.values())
    again = cli("render", film, "--until", "stills", "--yes", "--retake", "SH010.first_frame")
    assert "SH010.first_frame: t02 /" in again.err
    assert cli("pick", film, "SH010.first_frame", "t01").code == 0
    assert len(read_bill()) == 3
    assert cli("render", film, "--yes", "-q", STUDIO_CLIP=clip_path).code == 0
    kinds = sorted(job["kind"] for job in read_bill()[3:])
    assert kinds == ["generate", "generate", "speech", "speech", "write"]


def test_a_still_that_is_rejected_is_made_again_and_its_shots_follow(
    cli: RunCommand, film_path: Path
) -> None:
    result = cli("render", film_path, "--until", "stills")
    assert (result.code, result.out) == (0, ""), "nothing is left to pay"
    assert "cast.ben: t01 /" in result.err
    assert cli("reject", film_path, "cast.ben", "t01").code == 0
    redone = map_nodes(cli("plan", film_path, "--json").json)
    assert redone["cast.ben"]["reasons"] == ["retake_requested"]
    assert redone["SH020"]["reasons"] == ["upstream_changed"]


def test_a_retake_of_a_shot_leaves_its_still_and_its_narration_alone(
    cli: RunCommand, film_path: Path
) -> None:
    plan = map_nodes(cli("plan", film_path, "--retake", "SH010", "--json").json)
    assert {id: n["action"] for id, n in plan.items() if n["action"] != "keep"} == {"SH010": "redo"}
    assert cli("plan", film_path, "--retake", "cast.bne").code == 2


def test_written_words_are_spoken_and_stand_in_the_subtitles(
    cli: RunCommand, film_path: Path, read_bill: Bill
) -> None:
    spoken = [job for job in read_bill() if job["kind"] == "speech"]
    assert {(job["words"], job["voice"], job["prompt"]) for job in spoken} == {
        ("He had left twice before.", "Deep", "He had left twice before."),
        ("The harbour keeps what it is given.", "Deep", "Read aloud, dry:"),
    }
    subtitles = film_path.with_name("build") / "film.srt"
    assert "The harbour keeps what it is given.</i>" in subtitles.read_text("utf-8")
    film_path.write_text(FILM.replace("Deep", "Thin"))
    plan = map_nodes(cli("plan", film_path, "--json").json)
    assert {id for id, n in plan.items() if n["action"] != "keep"} == {
        "SH010.narration.1",
        "narration.1",
    }, "another voice speaks the same words"
    film_path.write_text(FILM.replace("twice before", "once before"))
    plan = map_nodes(cli("plan", film_path, "--json").json)
    assert {id for id, n in plan.items() if n["action"] != "keep"} == {"SH010.narration.1"}


def test_a_film_without_its_narration_is_stitched_only_on_request(
    cli: RunCommand, film_path: Path
) -> None:
    film_path.write_text(FILM.replace("twice before", "once before"))
    failed = cli("render", film_path, "--yes", STUDIO_FAIL="once before")
    assert (failed.code, failed.out) == (3, "")
    silent = cli("render", film_path, "--yes", "--missing", "slate", STUDIO_FAIL="once before")
    assert silent.code == 3
    assert "SH010.narration.1 is not generated yet" in silent.err
    assert Path(silent.out.strip()).name == "film.mp4"


def test_previz_makes_all_of_it_for_nothing(
    cli: RunCommand, write_film: Write, tmp_path: Path
) -> None:
    film = write_film(PREVIZ)
    first = cli("render", film, "--proxy", "--until", "stills")
    assert (first.code, first.out) == (0, "")
    assert cli("render", film, "--proxy").code == 0
    plan = cli("plan", film, "--proxy", "--json", "--exit-code")
    assert plan.code == 0
    assert {n["provider"] for n in plan.json["nodes"]} == {"previz"}
    takes = {t["step"]: t for t in cli("takes", film, "--proxy", "--json").json["takes"]}
    words = Path(takes["narration.1.words"]["path"]).read_text("utf-8")
    assert words == "Here a voice will speak on the harbour.\n"
    with wave.open(takes["narration.1"]["path"]) as file:
        assert 1.5 < file.getnframes() / file.getframerate() < 5
    assert (
        "Here a voice will speak on the harbour." in (tmp_path / "build/film.proxy.srt").read_text()
    )


def test_where_a_platform_has_none_previz_speaks_and_stills_are_refused(
    cli: RunCommand, write_film: Write
) -> None:
    film = write_film(
        "storyboard: 1\ndefaults: {provider: cometapi}\nshots: [{id: A, prompt: Sea}]\n"
        "sound: {narration: [{at: A, ana: She left.}]}\n"
    )
    plan = cli("plan", film, "--json", "-v")
    assert map_nodes(plan.json)["narration.1"]["provider"] == "previz"
    assert "previz speaks the narration, because cometapi has no speech model" in plan.err
    write_film('storyboard: 1\ncast: {ben: {still: portrait}}\ndefaults: {provider: cometapi}\n'
          'shots: [{id: A, first_frame: ben, prompt: Sea}]\n')  # fmt: skip
    refused = cli("check", film)
    assert refused.code == 1
    assert "SB426" in refused.err + refused.out
    assert "provider: gemini   # gemini-3.1-flash-image, $0.067 an image" in (
        refused.err + refused.out
    )


@pytest.mark.parametrize(
    ("key", "name", "said"),
    [
        ("still_model", "veo-3.1", "that makes stills"),
        ("speech_model", "gemini-3.8-flash", "that makes speech"),
        ("text_model", "gemini-3.8-flash-tts", "that makes texts"),
        ("model", "gemini-3.1-flash-image", "there is no model `gemini-3.1-flash-image`"),
    ],
)
def test_no_model_is_asked_for_what_it_does_not_make(
    write_film: Write, key: str, name: str, said: str
) -> None:
    defaults = f"provider: vertex, {key}: {name}"
    film = write_film(FILM.replace("provider: studio, model: studio-1", defaults))
    checked = check_film(film)
    assert not checked.is_valid
    assert {
        diagnostic.code
        for diagnostic in checked.diagnostics
        if diagnostic.severity is Severity.ERROR
    } == {"SB402"}
    assert any(said in problem.message for problem in checked.diagnostics)
