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

from storyboard.stitching.media.ffmpeg import read_frames
from storyboard.timecode import FrameRange
from tests.conftest import CommandResult, run_command

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
Render = Callable[..., CommandResult]


@pytest.fixture(scope="module")
def rendered_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("effects")
    (folder / "film.yaml").write_text(FILM)
    assert run_command(folder, "render", "film.yaml", "--proxy", "-q").code == 0
    return folder


@pytest.fixture
def folder(rendered_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(rendered_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path


def plan_nodes(folder: Path) -> dict[str, Any]:
    plan = run_command(folder, "plan", "film.yaml", "--proxy", "--json").json
    return {node["id"]: node for node in plan["nodes"]}


def read_frame(path: Path, frame: int) -> np.ndarray:
    return next(iter(read_frames(path, FrameRange(frame, frame + 1))))


def test_the_film_shows_both(rendered_folder: Path) -> None:
    film = rendered_folder / "build/film.proxy.mp4"
    grey = read_frame(film, 12)[180:]
    assert np.abs(grey.astype(int) - 128).max() < 6  # no colour is left
    lower = read_frame(film, 42)[150:178]
    assert lower.max() > 200  # the line stands at the foot of the card
    assert read_frame(film, 42)[:60].max() < 30
    assert plan_nodes(rendered_folder)["SH010.effects"]["action"] == "keep"
    assert plan_nodes(rendered_folder)["SH010.effects"]["step"] == "effect"


def test_other_arguments_make_only_the_effect_again(folder: Path) -> None:
    film = folder / "film.yaml"
    film.write_text(FILM.replace("factor: 2", "factor: 1.5"))
    actions = {id: node["action"] for id, node in plan_nodes(folder).items()}
    assert (actions["SH010"], actions["SH010.effects"]) == ("keep", "redo")
    film.write_text(FILM.replace("at the quay", "at the window"))
    actions = {id: node["action"] for id, node in plan_nodes(folder).items()}
    assert (actions["SH010"], actions["SH010.effects"]) == ("redo", "redo")


def test_an_effect_that_fails_is_named_and_no_retry_is_advised(
    folder: Path,
) -> None:
    film = folder / "film.yaml"
    film.write_text(FILM.replace("BlackAndWhite", "{Crop: {x1: 5000, width: 9}}"))
    result = run_command(folder, "render", "film.yaml", "--proxy", "-q")
    assert result.code == 3
    message = "SH010.effects: failed: the effect Crop {x1: 5000, width: 9} can't be applied"
    assert message in result.err
    assert "the same arguments would fail again" in result.err
    assert "submit it once more" not in result.err


def test_a_retake_is_of_the_take_and_the_effect_follows(folder: Path) -> None:
    result = run_command(folder, "render", "film.yaml", "--proxy", "-q", "--retake", "SH010")
    assert result.code == 0, result.err
    nodes_by_id = plan_nodes(folder)
    assert (nodes_by_id["SH010"]["take"], nodes_by_id["SH010.effects"]["take"]) == ("t02", "t01")
    pick_result = run_command(folder, "pick", "film.yaml", "SH010", "t01", "--proxy")
    assert pick_result.code == 0, pick_result.err


def test_a_track_is_in_the_file_for_the_player(folder: Path) -> None:
    film = folder / "film.yaml"
    film.write_text(FILM.replace("burn", "track"))
    assert run_command(folder, "render", "film.yaml", "--proxy", "-q").code == 0
    with av.open(str(folder / "build/film.proxy.mp4")) as container:
        (track,) = container.streams.subtitles
        packets = [bytes(packet) for packet in container.demux(track)]
    words = [
        packet_bytes[2 : 2 + packet_bytes[1]].decode()
        for packet_bytes in packets
        if packet_bytes[1:2] > b"\0"
    ]
    assert words == ["It came on Tuesday."]
    assert read_frame(folder / "build/film.proxy.mp4", 42)[150:178].max() < 30
    assert not list((folder / "build").glob("*.srt"))


def test_the_provenance_of_an_effect_is_that_of_its_take(rendered_folder: Path) -> None:
    first = json.loads((rendered_folder / "build/film.proxy.provenance.json").read_text())[
        "ranges"
    ][0]
    assert (first["step"], first["parents"][0]["step"]) == ("SH010.effects", "SH010")
    assert "trainedAlgorithmicMedia" not in first["digital_source_type"]  # previz drew it


def test_a_silent_film_keeps_old_subtitle_files_with_a_warning(folder: Path) -> None:
    spoken = FILM.replace("subtitles: burn", "subtitles: sidecar")
    silent = spoken.replace(", dialogue: [{ana: It came on Tuesday., off: true}]", "")
    arguments = ("render", "film.yaml", "--proxy")
    for text, is_warned in ((spoken, False), (silent, True)):
        (folder / "film.yaml").write_text(text)
        result = run_command(folder, *arguments)
        assert result.code == 0
        assert (
            "the film has no speech, but there is an old subtitle file film.proxy.srt" in result.err
        ) == is_warned
        assert {path.name for path in (folder / "build").glob("film.proxy.??t")} == {
            "film.proxy.srt",
            "film.proxy.vtt",
        }
        assert "cut in" not in run_command(folder, *arguments).err
