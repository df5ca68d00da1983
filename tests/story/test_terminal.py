"""What a person sees on a terminal, and what a pipe gets of the same."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from storyboard.cli.progress import Progress
from storyboard.cli.terminal.tables import Column, Narrowing, fit_widths, shorten_middle
from storyboard.run import events as ev
from tests.conftest import RunCommand, run_command
from tests.terminals import drop_styles, list_style_codes, run_on_terminal

FILM = """\
storyboard: 1
title: Harbour
defaults: {provider: studio, model: studio-1}
shots:
  - {id: SH010_the_harbour_at_dawn, prompt: One, length: 0.5, duration: 4}
  - {id: SH020, prompt: Two, length: 0.5, duration: 4, seed: 7}
  - {card: The end, length: 0.5}
"""
ID = "SH010_the_harbour_at_dawn"
LEGIBLE = {"0", "1", "31", "32", "35", "36", "39"}
"""Plain, bold, and the base colours that stand out on white and on black: no yellow, no grey."""


@pytest.fixture(scope="module")
def paid_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film that was rendered and paid, and then had a word changed."""
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "film.yaml").write_text(FILM)
    result = run_command(folder, "render", "film.yaml", "--yes")
    assert result.code == 0, result.err
    (folder / "log.txt").write_text(result.err)
    (folder / "film.yaml").write_text(FILM.replace("prompt: Two", "prompt: Two gulls"))
    return folder


def split_table_lines(text: str) -> list[str]:
    return [line for line in drop_styles(text).splitlines() if line.strip()]


@pytest.mark.parametrize("verb", ["plan", "takes", "runs"])
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_table_fits_its_terminal_and_keeps_its_ids(
    paid_folder: Path, verb: str, columns: int
) -> None:
    shown = run_on_terminal(paid_folder, verb, "film.yaml", columns=columns)
    lines = split_table_lines(shown)
    lines = [line for line in lines if not line.startswith("plan:")]  # a sentence, which wraps
    assert max(map(len, lines)) <= columns, shown
    assert ID in shown or verb == "runs"


def test_a_wide_terminal_shows_more(paid_folder: Path) -> None:
    narrow = run_on_terminal(paid_folder, "plan", "film.yaml", columns=60)
    wide = run_on_terminal(paid_folder, "plan", "film.yaml", columns=120)
    assert "00:00:00:00" in wide
    assert "00:00:00:00" not in narrow
    assert "prompt changed" in narrow, "why is never left out"


def test_a_pipe_gets_the_whole_table_whatever_the_terminal(paid_folder: Path) -> None:
    outputs = {
        run_command(paid_folder, "plan", "film.yaml", COLUMNS=width).out for width in ("40", "200")
    }
    (output,) = outputs
    assert "00:00:00:00" in output
    assert "\x1b" not in output
    assert output.isascii() or not set(output) & set("─│┌┐└┘━┃…")


@pytest.mark.parametrize(
    ("env", "is_colored"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"CLICOLOR": "0"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
    ],
)
def test_a_terminal_is_coloured_unless_it_or_its_user_objects(
    paid_folder: Path, env: dict[str, str], is_colored: bool
) -> None:
    shown = run_on_terminal(paid_folder, "plan", "film.yaml", **env)
    assert ("\x1b" in shown) is is_colored
    assert list_style_codes(shown) <= LEGIBLE


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_a_pipe_is_coloured_where_that_is_asked_for(paid_folder: Path, variable: str) -> None:
    forced = run_command(paid_folder, "plan", "film.yaml", **{variable: "1"})
    plain = run_command(paid_folder, "plan", "film.yaml", **{variable: "0"})
    assert drop_styles(forced.out) == plain.out != forced.out


def test_an_error_is_drawn_in_colours_that_can_be_read(
    paid_folder: Path, write_film: Callable[..., Path]
) -> None:
    film = write_film(FILM.replace("seed: 7", "sede: 7, " + "x-note: '" + "long " * 40 + "'"))
    shown = run_on_terminal(film.parent, "check", film.name, columns=80)
    assert "\x1b[31m\x1b[1merror[" in shown
    assert "\x1b[31m\x1b[1m^" in shown
    assert list_style_codes(shown) <= LEGIBLE
    (source,) = [line for line in drop_styles(shown).splitlines() if "sede" in line and "|" in line]
    assert len(source) <= 80


def test_notes_are_shown_where_there_is_nothing_else(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    noted = "storyboard: 1\nshots:\n  - {id: A, prompt: A boat, length: 0.51}\n"
    shown = cli("check", write_film(noted))
    assert (shown.code, "note[SB301]" in shown.out) == (0, True)
    film = write_film(noted.replace("length", "size: enormous, length"))
    assert "warning[" in cli("check", film).out
    assert "note[" not in cli("check", film).out
    assert "note[" in cli("check", film, "-v").out


def test_a_log_has_a_line_for_each_event_with_its_time(paid_folder: Path) -> None:
    lines = (paid_folder / "log.txt").read_text().splitlines()
    assert "\x1b" not in "".join(lines)
    events = [line for line in lines if line.startswith("[")]
    assert all(line[1:].partition("]")[0].replace(":", "").isdecimal() for line in events)
    finished = [line for line in events if " t01 in " in line]
    assert "(1 of 2 done, " in finished[0]
    assert "(2 of 2 done, " in finished[1]
    assert finished[1].endswith("so far)")
    assert any("submitted to studio" in line for line in events)


def test_a_log_hears_of_a_render_that_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(as_json=False, quiet=False, verbose=False, silence_s=0.01) as progress:
        progress(ev.StepStarted(step="SH010", kind="generate", provider="vertex"))
        said = ""
        while "still at work" not in said:
            said += capfd.readouterr().err
    assert "SH010" in said.rpartition("still at work")[2]
    assert "\x1b" not in said


def test_a_terminal_shows_how_far_the_render_is(
    write_film: Callable[..., Path], tmp_path: Path
) -> None:
    write_film(FILM)
    shown = run_on_terminal(tmp_path, "render", "film.yaml", "--yes", columns=100)
    assert "of 2 done" in shown
    assert "so far" in shown
    assert list_style_codes(shown) <= LEGIBLE
    assert shown.rstrip().endswith("build/film.mp4")


def test_takes_have_short_names_and_their_files_are_asked_for(paid_folder: Path) -> None:
    listed = run_command(paid_folder, "takes", "film.yaml").out
    assert f"{ID}  t01" in listed
    assert "/takes/" not in listed
    paths = run_command(paid_folder, "takes", "film.yaml", f"{ID}:t01", "--paths").out.split()
    assert [Path(path).suffix for path in paths] == [".mp4"]
    assert Path(paths[0]).is_file()
    unknown = run_command(paid_folder, "takes", "film.yaml", f"{ID}:t07")
    assert (unknown.code, f"{ID} has no take t07" in unknown.err) == (2, True)


def write_opener(folder: Path) -> Path:
    """The system's opener, which notes what it was told to open and which keys it could see."""
    folder.mkdir()
    name = "open" if sys.platform == "darwin" else "xdg-open"
    program = folder / name
    program.write_text(f'#!/bin/sh\necho "$1 [$GEMINI_API_KEY]" > "{folder}/opened"\n')
    program.chmod(0o755)
    return folder / "opened"


def test_a_take_is_opened_by_the_system_and_no_key_goes_along(
    paid_folder: Path, tmp_path: Path
) -> None:
    opened = write_opener(tmp_path / "bin")
    env = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "GEMINI_API_KEY": "k"}
    result = run_command(paid_folder, "takes", "film.yaml", ID, "--open", **env)
    assert result.code == 0, result.err
    path = run_command(paid_folder, "takes", "film.yaml", f"{ID}:t01", "--paths").out.strip()
    assert opened.read_text() == f"{path} []\n"
    assert run_command(paid_folder, "takes", "film.yaml", "--open", **env).code == 2


def test_no_opener_is_run_from_the_current_folder(paid_folder: Path, tmp_path: Path) -> None:
    """The folder may be a stranger's; a relative entry of PATH leads there."""
    folder = tmp_path / "film"
    shutil.copytree(paid_folder, folder)
    opened = write_opener(folder / "bin")
    result = run_command(folder, "takes", "film.yaml", ID, "--open", PATH=f"bin{os.pathsep}")
    assert result.code == 4, result.err
    assert "hint: open it yourself: /" in result.err
    assert not opened.exists()


def test_a_proxy_has_a_film_and_takes_of_its_own(paid_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "film"
    shutil.copytree(paid_folder, folder)
    full = (folder / "build" / "film.mp4").read_bytes()
    proxy = run_command(folder, "render", "film.yaml", "--proxy", "-q")
    assert (proxy.code, proxy.out) == (0, "build/film.proxy.mp4\n"), proxy.err
    assert (folder / "build" / "film.mp4").read_bytes() == full
    takes = run_command(folder, "takes", "film.yaml", "--proxy").out
    assert "previz" in takes
    assert "studio" not in takes
    assert "previz" not in run_command(folder, "takes", "film.yaml").out
    why = run_command(folder, "store", "why", "SH020").out
    assert "yes, in film.yaml with --proxy" in why


def test_a_stored_take_is_explained_in_words(paid_folder: Path) -> None:
    explained = run_command(paid_folder, "store", "why", ID).out
    for words in ("a clip", f"shot {ID} of the film `film`", "$", "yes, in film.yaml"):
        assert words in explained, explained
    assert "digest" not in explained
    changed = run_command(paid_folder, "store", "why", "SH020", "-v").out
    assert "no, it was made from another version of the shot" in changed
    assert "digest" in changed


def test_a_narrow_table_shortens_paths_then_drops_what_matters_least() -> None:
    columns = (
        Column("id"),
        Column("kind", drop_rank=2),
        Column("at", drop_rank=1),
        Column("path", narrowing=Narrowing.SHORTEN),
    )
    natural = (10, 8, 11, 60)
    assert fit_widths(columns, natural, 100) == {0: 10, 1: 8, 2: 11, 3: 60}
    assert fit_widths(columns, natural, 70) == {0: 10, 1: 8, 2: 11, 3: 35}
    assert fit_widths(columns, natural, 45) == {0: 10, 2: 11, 3: 20}
    assert fit_widths(columns, natural, 20) == {0: 10, 3: 16}, "an id is never shortened"
    assert shorten_middle("/home/mira/films/ferry/build/film.mp4", 20) == "/home/…uild/film.mp4"
