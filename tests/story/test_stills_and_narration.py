"""Stills before shots, and a voice over them: made once, approved for cents, heard in its place."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storyboard.errors import Severity
from storyboard.production import examine
from tests.conftest import Cli, command

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
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One clip of eight seconds that the studio hands out for every shot."""
    return str(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory, clip: str) -> Path:
    """A folder with the film, wholly paid for."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "film.yaml").write_text(FILM)
    assert command(folder, "render", "film.yaml", "--yes", "-q", STUDIO_CLIP=clip).code == 0
    return folder


@pytest.fixture
def told(paid: Path, tmp_path: Path) -> Path:
    """The paid film in a folder of the test's own."""
    shutil.copytree(paid, tmp_path, dirs_exist_ok=True)
    return tmp_path / "film.yaml"


def nodes(plan: Any) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in plan["nodes"]}


def test_the_plan_shows_what_is_made_beside_the_shots(cli: Cli, write: Write) -> None:
    plan = nodes(cli("plan", write(FILM), "--json").json)
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


def test_stills_are_made_alone_judged_and_made_again_before_a_shot_is_bought(
    cli: Cli, write: Write, bill: Bill, clip: str
) -> None:
    film = write(FILM)
    assert cli("render", film, "--until", "stills").code == 6, "cents are money too"
    first = cli("render", film, "--until", "stills", "--yes", "--max-cost", "0.11")
    assert (first.code, first.out) == (0, "")
    assert [(job["kind"], job["sent"]) for job in bill()] == [("still", []), ("still", ["ben"])]
    shown = dict(line.split(": t01 ") for line in first.err.splitlines() if ": t01 /" in line)
    assert shown.keys() == {"cast.ben", "SH010.first_frame"}
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in shown.values())
    again = cli("render", film, "--until", "stills", "--yes", "--retake", "SH010.first_frame")
    assert "SH010.first_frame: t02 /" in again.err
    assert cli("pick", film, "SH010.first_frame", "t01").code == 0
    assert len(bill()) == 3
    assert cli("render", film, "--yes", "-q", STUDIO_CLIP=clip).code == 0
    made = sorted(job["kind"] for job in bill()[3:])
    assert made == ["generate", "generate", "speech", "speech", "write"]


def test_a_still_that_is_rejected_is_made_again_and_its_shots_follow(cli: Cli, told: Path) -> None:
    nothing = cli("render", told, "--until", "stills")
    assert (nothing.code, nothing.out) == (0, ""), "nothing is left to pay"
    assert "cast.ben: t01 /" in nothing.err
    assert cli("reject", told, "cast.ben", "t01").code == 0
    redone = nodes(cli("plan", told, "--json").json)
    assert redone["cast.ben"]["reasons"] == ["retake_requested"]
    assert redone["SH020"]["reasons"] == ["upstream_changed"]


def test_a_retake_of_a_shot_leaves_its_still_and_its_narration_alone(cli: Cli, told: Path) -> None:
    plan = nodes(cli("plan", told, "--retake", "SH010", "--json").json)
    assert {id: n["action"] for id, n in plan.items() if n["action"] != "keep"} == {"SH010": "redo"}
    assert cli("plan", told, "--retake", "cast.bne").code == 2


def test_words_are_written_once_spoken_in_their_voice_and_read_in_the_subtitles(
    cli: Cli, told: Path, bill: Bill
) -> None:
    spoken = [job for job in bill() if job["kind"] == "speech"]
    assert {(job["words"], job["voice"], job["prompt"]) for job in spoken} == {
        ("He had left twice before.", "Deep", "He had left twice before."),
        ("The harbour keeps what it is given.", "Deep", "Read aloud, dry:"),
    }
    subtitles = told.with_name("build") / "film.srt"
    assert "The harbour keeps what it is given.</i>" in subtitles.read_text("utf-8")
    told.write_text(FILM.replace("Deep", "Thin"))
    plan = nodes(cli("plan", told, "--json").json)
    assert {id for id, n in plan.items() if n["action"] != "keep"} == {
        "SH010.narration.1",
        "narration.1",
    }, "another voice speaks the same words"
    told.write_text(FILM.replace("twice before", "once before"))
    plan = nodes(cli("plan", told, "--json").json)
    assert {id for id, n in plan.items() if n["action"] != "keep"} == {"SH010.narration.1"}


def test_a_film_without_its_voice_is_told_and_cut_only_where_asked(cli: Cli, told: Path) -> None:
    told.write_text(FILM.replace("twice before", "once before"))
    failed = cli("render", told, "--yes", STUDIO_FAIL="once before")
    assert (failed.code, failed.out) == (3, "")
    silent = cli("render", told, "--yes", "--missing", "slate", STUDIO_FAIL="once before")
    assert silent.code == 3
    assert "SH010.narration.1 is not spoken yet" in silent.err
    assert Path(silent.out.strip()).name == "film.mp4"


def test_previz_makes_all_of_it_for_nothing(cli: Cli, write: Write, tmp_path: Path) -> None:
    film = write(PREVIZ)
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
    assert "Here a voice will speak on the harbour." in (tmp_path / "build/film.srt").read_text()


def test_where_a_platform_has_none_previz_speaks_and_stills_are_refused(
    cli: Cli, write: Write
) -> None:
    film = write(
        "storyboard: 1\ndefaults: {provider: cometapi}\nshots: [{id: A, prompt: Sea}]\n"
        "sound: {narration: [{at: A, ana: She left.}]}\n"
    )
    plan = cli("plan", film, "--json", "-v")
    assert nodes(plan.json)["narration.1"]["provider"] == "previz"
    assert "previz speaks the narration: cometapi has no speech model" in plan.err
    write('storyboard: 1\ncast: {ben: {still: portrait}}\ndefaults: {provider: cometapi}\n'
          'shots: [{id: A, first_frame: ben, prompt: Sea}]\n')  # fmt: skip
    refused = cli("check", film)
    assert refused.code == 1
    assert "SB426" in refused.err + refused.out
    assert "provider: gemini   # gemini-3.1-flash-image, $0.067 a picture" in (
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
    write: Write, key: str, name: str, said: str
) -> None:
    asked = f"provider: vertex, {key}: {name}"
    film = write(FILM.replace("provider: studio, model: studio-1", asked))
    examined = examine(film)
    assert not examined.sound
    assert {d.code for d in examined.diagnostics if d.severity is Severity.ERROR} == {"SB402"}
    assert any(said in each.message for each in examined.diagnostics)
