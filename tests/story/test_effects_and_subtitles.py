"""Effects, and words in the picture: made once, followed by what changes, seen in the film."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from storyboard.stitching.media import read_frames
from storyboard.timecode import FrameRange
from tests.conftest import Said, command

FILM = """\
storyboard: 1
cast: {ana: {description: "Ana, 40"}}
shots:
  - id: SH010
    prompt: Ana at the quay
    length: 1
    cast: [ana]
    effects: [{MultiplySpeed: {factor: 2}}, BlackAndWhite]
  - {card: "Later", length: 1, dialogue: [{ana: It came on Tuesday., off: true}]}
sound: {music: [{make: "slow, minor, piano", gain_db: -20}]}
subtitles: burn
"""
Render = Callable[..., Said]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("effects")
    (folder / "film.yaml").write_text(FILM)
    assert command(folder, "render", "film.yaml", "--proxy", "-q").code == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def nodes(folder: Path) -> dict[str, Any]:
    plan = command(folder, "plan", "film.yaml", "--proxy", "--json").json
    return {node["id"]: node for node in plan["nodes"]}


def picture(path: Path, frame: int) -> np.ndarray:
    return next(iter(read_frames(path, FrameRange(frame, frame + 1))))


def test_the_film_shows_both(made: Path) -> None:
    film = made / "build/film.mp4"
    grey = picture(film, 12)[180:]
    assert np.abs(grey.astype(int) - 128).max() < 6  # no colour is left
    lower = picture(film, 42)[150:178]
    assert lower.max() > 200  # the line stands at the foot of the card
    assert picture(film, 42)[:60].max() < 30
    assert nodes(made)["SH010.effects"]["action"] == "keep"
    assert nodes(made)["SH010.effects"]["step"] == "effect"


def test_other_arguments_make_only_the_effect_again(folder: Path) -> None:
    film = folder / "film.yaml"
    film.write_text(FILM.replace("factor: 2", "factor: 1.5"))
    found = {id: node["action"] for id, node in nodes(folder).items()}
    assert (found["SH010"], found["SH010.effects"]) == ("keep", "redo")
    film.write_text(FILM.replace("at the quay", "at the window"))
    found = {id: node["action"] for id, node in nodes(folder).items()}
    assert (found["SH010"], found["SH010.effects"]) == ("redo", "redo")


def test_an_effect_that_can_not_be_done_is_named_and_not_to_be_asked_for_again(
    folder: Path,
) -> None:
    film = folder / "film.yaml"
    film.write_text(FILM.replace("BlackAndWhite", "{Crop: {x1: 5000, width: 9}}"))
    done = command(folder, "render", "film.yaml", "--proxy", "-q")
    assert done.code == 3
    told = "SH010.effects: failed: the effect Crop {x1: 5000, width: 9} can't be done"
    assert told in done.err
    assert "it would fail again" in done.err
    assert "asks once more" not in done.err


def test_a_retake_is_of_the_take_and_the_effect_follows(folder: Path) -> None:
    done = command(folder, "render", "film.yaml", "--proxy", "-q", "--retake", "SH010")
    assert done.code == 0, done.err
    found = nodes(folder)
    assert (found["SH010"]["take"], found["SH010.effects"]["take"]) == ("t02", "t01")
    back = command(folder, "pick", "film.yaml", "SH010", "t01", "--proxy")
    assert back.code == 0, back.err


def test_a_track_is_in_the_file_for_the_player(folder: Path) -> None:
    film = folder / "film.yaml"
    film.write_text(FILM.replace("burn", "track"))
    assert command(folder, "render", "film.yaml", "--proxy", "-q").code == 0
    with av.open(str(folder / "build/film.mp4")) as container:
        (track,) = container.streams.subtitles
        packets = [bytes(packet) for packet in container.demux(track)]
    words = [each[2 : 2 + each[1]].decode() for each in packets if each[1:2] > b"\0"]
    assert words == ["It came on Tuesday."]
    assert picture(folder / "build/film.mp4", 42)[150:178].max() < 30
    assert not list((folder / "build").glob("*.srt"))


def test_the_provenance_of_an_effect_is_that_of_its_take(made: Path) -> None:
    first = json.loads((made / "build/film.provenance.json").read_text())["ranges"][0]
    assert (first["step"], first["parents"][0]["step"]) == ("SH010.effects", "SH010")
    assert "trainedAlgorithmicMedia" not in first["digital_source_type"]  # previz drew it


def test_a_silent_film_stands_as_it_is_and_sidecars_beside_it_are_told_of(folder: Path) -> None:
    spoken = FILM.replace("subtitles: burn", "subtitles: sidecar")
    silent = spoken.replace(", dialogue: [{ana: It came on Tuesday., off: true}]", "")
    order = ("render", "film.yaml", "--proxy")
    for text, told in ((spoken, False), (silent, True)):
        (folder / "film.yaml").write_text(text)
        cut = command(folder, *order)
        assert cut.code == 0
        assert ("nothing is said in the film, but film.srt lies beside it" in cut.err) == told
        assert {path.name for path in (folder / "build").glob("film.??t")} == {
            "film.srt",
            "film.vtt",
        }
        assert "cut in" not in command(folder, *order).err
