"""Files outside the film's root: only who renders the film may allow them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import storyboard
from storyboard.cli.app import run_command_line
from storyboard.errors import EnvironmentProblem

Allow = Callable[[Path], None]
PICTURE = Path(__file__).parents[2] / "docs" / "the-last-ferry.jpg"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Another disk with a picture, which the film names through a link beside it."""
    (tmp_path / "film").mkdir(exist_ok=True)
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "frame.jpg").write_bytes(PICTURE.read_bytes())
    (tmp_path / "film" / "pictures").symlink_to(disk)
    return disk


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("STORYBOARD_ALLOW_FOLDERS", raising=False)
    path = tmp_path / "film" / "film.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "storyboard: 1\nshots: [{id: A, prompt: A boat, first_frame: pictures/frame.jpg}]\n"
    )
    return path


def write_user_file(folder: Path, text: str) -> None:
    path = folder / "config" / "storyboard" / "allowed-folders.txt"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def list_codes(film: Path, **overrides: object) -> list[str]:
    return [each.code for each in storyboard.load(film, **overrides).diagnostics]  # type: ignore[arg-type]


def test_a_file_outside_the_root_is_refused_with_what_the_user_may_do(
    film: Path, disk: Path
) -> None:
    (told,) = storyboard.load(film).diagnostics
    assert told.code == "SB503"
    assert f"--allow-folder {disk}" in told.hint
    assert "STORYBOARD_ALLOW_FOLDERS" in told.hint
    assert "allowed-folders.txt" in told.hint


def test_a_program_allows_a_folder(film: Path, disk: Path) -> None:
    assert list_codes(film, allow_folders=disk) == []
    assert list_codes(film, allow_folders=[str(disk)]) == []
    assert list_codes(film) == ["SB503"], "only for that call"


def test_a_film_that_was_loaded_is_allowed_a_folder_later(film: Path, disk: Path) -> None:
    loaded = storyboard.load(film)
    assert storyboard.load(loaded, allow_folders=disk).is_valid


@pytest.mark.parametrize("verb", ["check", "plan", "show", "takes"])
def test_the_command_line_allows_folders(film: Path, disk: Path, verb: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert run_command_line([verb, str(film)]) == 1
    flags = ["--allow-folder", str(other), "--allow-folder", str(disk)]
    assert run_command_line([verb, str(film), *flags]) == 0


def test_the_environment_allows_folders(
    film: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_ALLOW_FOLDERS", os.pathsep.join(["/no/such/disk", str(disk)]))
    assert list_codes(film) == []


def test_the_users_own_file_allows_folders(film: Path, disk: Path, tmp_path: Path) -> None:
    write_user_file(tmp_path, f"# the archive\n\n{disk}\n")
    assert list_codes(film) == []


def test_a_folder_allowed_by_a_relative_name_is_refused(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would mean another folder wherever the command is called."""
    write_user_file(tmp_path, "disk\n")
    with pytest.raises(EnvironmentProblem, match=r"allowed-folders.txt names the folder 'disk'"):
        storyboard.load(film)
    write_user_file_path = tmp_path / "config" / "storyboard" / "allowed-folders.txt"
    write_user_file_path.unlink()
    monkeypatch.setenv("STORYBOARD_ALLOW_FOLDERS", "disk")
    with pytest.raises(EnvironmentProblem, match="STORYBOARD_ALLOW_FOLDERS"):
        storyboard.load(film)


@pytest.mark.parametrize(
    "line", ["allow_folders: [{0}]", "root: {0}", "policy: {{allow_folders: [{0}]}}"]
)
def test_a_film_allows_itself_nothing(film: Path, disk: Path, line: str) -> None:
    film.write_text(film.read_text() + line.format(disk) + "\n")
    assert "SB503" in list_codes(film)


def test_a_saved_plan_holds_no_folder_that_was_allowed(
    film: Path, disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may come from a stranger; who runs it allows the folder again."""
    plan = tmp_path / "plan.json"
    storyboard.plan_film(film, allow_folders=disk, out=plan)
    assert str(disk) not in plan.read_text()
    render = ["render", str(plan), "--frozen", "-o", str(tmp_path / "film.mp4")]
    assert run_command_line(render) == 1
    assert run_command_line([*render, "--allow-folder", str(disk)]) != 1
    assert "SB503" in capsys.readouterr().err
