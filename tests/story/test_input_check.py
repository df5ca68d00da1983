"""Damaged pictures and sound are found before anything is bought, at the user's own line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import storyboard
from storyboard.pipeline.inputs.input_inspector import InputInspector
from storyboard.simulator.server import Simulator
from storyboard.stitching.media.ffmpeg import run_ffmpeg
from storyboard.util import file_memory
from tests.media.test_sound_damage import damage_sound
from tests.story.wires import build_environment, run_in_process

FILM = """\
storyboard: 1
cast: {{ana: {{image: {portrait}}}}}
sound: {{music: [{{file: {music}}}]}}
shots:
  - {{id: A, prompt: A boat, provider: vertex, model: veo-3.1, duration: 4, first_frame: {frame}}}
  - {{id: B, color: red, length: 2, sound: [{{file: {sound}}}]}}
"""
PICTURES = ("portrait.jpg", "frame.png")
SOUNDS = ("music.mp3", "sound.wav", "sound.flac", "sound.m4a")
WHOLE = {"portrait": "portrait.jpg", "music": "music.mp3", "frame": "frame.png"}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole files, and beside each one `cut-` of which the last part is missing."""
    folder = tmp_path_factory.mktemp("media")
    for name in PICTURES:
        picture = ["-f", "lavfi", "-i", "testsrc=s=640x360", "-frames:v", "1"]
        run_ffmpeg([*picture, str(folder / name)])
    for name in SOUNDS:
        sound = ["-f", "lavfi", "-i", "sine=d=4", "-movflags", "+faststart"]
        run_ffmpeg([*sound[: 4 if not name.endswith("m4a") else 6], str(folder / name)])
    for name in (*PICTURES, *SOUNDS):
        whole = (folder / name).read_bytes()
        (folder / f"cut-{name}").write_bytes(whole[: len(whole) * 6 // 10])
    return folder


@pytest.fixture
def folder(media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in media.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_film(folder: Path, **names: str) -> Path:
    path = folder / "film.yaml"
    path.write_text(FILM.format_map({**WHOLE, "sound": "sound.wav", **names}))
    return path


@pytest.mark.parametrize("sound", SOUNDS[1:])
def test_whole_files_are_nothing_to_speak_of(folder: Path, sound: str) -> None:
    film = write_film(folder, sound=sound)
    assert not [*storyboard.check_film(film).diagnostics]
    assert not (folder / ".storyboard").exists(), "who only looks leaves the disk as it is"


@pytest.mark.parametrize(
    ("key", "name", "line"),
    [
        ("portrait", "cut-portrait.jpg", 2),
        ("music", "cut-music.mp3", 3),
        ("frame", "cut-frame.png", 5),
        *(("sound", f"cut-{name}", 6) for name in SOUNDS[1:]),
    ],
)
def test_a_damaged_file_is_named_where_the_film_names_it(
    folder: Path, key: str, name: str, line: int
) -> None:
    film = write_film(folder, **{key: name})
    (told,) = storyboard.check_film(film).diagnostics
    assert (told.code, told.severity, told.span.line) == ("SB507", "error", line)
    assert told.message.startswith(f"{name} is ")
    assert str(folder) not in told.message


def test_nothing_is_bought_for_a_film_with_a_damaged_file(
    folder: Path,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in build_environment(simulator).items():
        monkeypatch.setenv(name, value)
    simulator.world.reset()
    write_film(folder, music="cut-music.mp3")
    result = run_in_process(capsys, "render", "film.yaml", "--yes")
    assert result.code == 1
    assert "SB507" in result.err
    assert "cut-music.mp3 is damaged or cut off: 2.4 s of 4.0 s" in result.err
    assert not simulator.world.jobs

    write_film(folder)
    assert run_in_process(capsys, "render", "film.yaml", "A", "--yes").code == 0
    assert len(simulator.world.jobs) == 1


def test_footage_is_decoded_in_full_on_request(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its index was read in any case."""
    clip = folder / "clip.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc=s=320x180:d=2", "-g", "12", str(clip)])
    damaged = bytearray(clip.read_bytes())
    start = damaged.index(b"mdat") + len(damaged) // 3
    damaged[start : start + 2048] = bytes(range(256)) * 8
    clip.write_bytes(damaged)
    film = folder / "film.yaml"
    film.write_text("storyboard: 1\nshots: [{id: A, clip: clip.mp4}]\n")

    assert not [*storyboard.check_film(film).diagnostics]
    (told,) = storyboard.check_film(film, full=True).diagnostics
    assert told.message.startswith("clip.mp4 is damaged: frame ")
    assert run_in_process(capsys, "check", "film.yaml", "--full").code == 1


def test_a_plan_says_how_many_files_are_still_to_be_decoded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_film(folder)
    assert "4 files are decoded before anything is bought" in (
        run_in_process(capsys, "plan", "film.yaml").err
    )


def test_a_file_that_was_moved_or_touched_is_not_decoded_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(file_memory, "_RACY_NS", 0)
    film = write_film(folder, music="cut-music.mp3")
    (before,) = storyboard.check_film(film, full=True).diagnostics
    (folder / "cut-music.mp3").rename(folder / "moved.mp3")
    (folder / "frame.png").touch()
    decoded: list[str] = []
    check = InputInspector.check_whole_input

    def check_and_note(self: InputInspector, path: Path, seconds: float | None = None) -> None:
        decoded.append(path.name)
        check(self, path, seconds)

    monkeypatch.setattr(InputInspector, "check_whole_input", check_and_note)
    film = write_film(folder, music="moved.mp3")
    (after,) = storyboard.check_film(film, full=True).diagnostics
    assert decoded == []
    assert after.message == before.message.replace("cut-music.mp3", "moved.mp3")
    assert "ffmpeg -i moved.mp3" in after.hint

    other = (folder / "cut-music.mp3", folder / "moved.mp3")
    other[0].write_bytes(other[1].read_bytes()[:-1] + b"?")
    status = other[1].stat()
    other[0].replace(other[1])
    os.utime(other[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    storyboard.check_film(film, full=True)
    assert decoded == ["moved.mp3"], "other bytes of the same size and time are another file"


def test_a_clip_that_stops_a_free_render_is_named_by_the_films_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody decoded it before, and the store has it under a name that tells nobody anything."""
    clip = folder / "my clip.mp4"
    picture = ["-f", "lavfi", "-i", "color=gray:s=320x180:r=24:d=2"]
    run_ffmpeg([*picture, "-f", "lavfi", "-i", "aevalsrc=random(0)-0.5:d=2", str(clip)])
    damage_sound(clip)
    (folder / "film.yaml").write_text(
        "storyboard: 1\nformat: {resolution: 180p}\nshots:\n  - {id: A, clip: my clip.mp4}\n"
    )
    result = run_in_process(capsys, "render", "film.yaml")
    assert result.code == 3
    assert "my clip.mp4 (film.yaml:4) is damaged" in result.err
    assert "takes/" not in result.err
