"""What keyboards, word processors and other tools put into a storyboard without being seen."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from tests.unit.language_films import load_text


def write_shots(lines: str) -> str:
    return "shots:\n" + lines


TRAPS = {
    # what was typed: (line in the shots, column, part of the message, part of the cure)
    "a full-width colon": ("  - id： A\n    prompt: a boat\n", 1, 7, "FULLWIDTH COLON", "type :"),
    "blanks of a web page": (
        "  - id: A\n\u00a0\u00a0\u00a0 prompt: a boat\n    length: 3\n",
        2,
        1,
        "NO-BREAK SPACE",
        "type a space",
    ),
    "an en dash": ("  – id: A\n    prompt: a boat\n", 1, 3, "EN DASH", "type -"),
    "a full-width comma": ("  - {id: A，prompt: a boat}\n", 1, 11, "FULLWIDTH COMMA", "type ,"),
    "full-width braces": ("  - ｛id: A, prompt: a boat｝\n", 1, 5, "FULLWIDTH LEFT", "type {"),
    "a blank that is none": (
        "  - id: A\n    prompt:\u00a0a boat\n    length: 3\n",
        2,
        12,
        "NO-BREAK SPACE",
        "type a space",
    ),
    "a missing colon": ("  - id A\n    prompt: a boat\n", 1, 5, "`id` has no colon", "`id: A`"),
    "a hash in braces": (
        "  - {id: A, color: #000000, length: 2}\n  - {id: B, prompt: #now, length: 3}\n",
        1,
        20,
        "a comment",
        'color: "#000000"',
    ),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_told_on_its_own_line_with_what_to_type(tmp_path: Path, trap: str) -> None:
    lines, line, column, message, cure = TRAPS[trap]
    first = load_text(tmp_path, write_shots(lines)).errors[0]
    text = (tmp_path / "film.yaml").read_text("utf-8")
    shots_line = text[: text.index("shots:")].count("\n") + 1
    assert (first.span.line - shots_line, first.span.column) == (line, column)
    assert message in first.message
    assert cure in first.hint


@pytest.mark.parametrize(
    ("shot", "cure"),
    [
        ("id: A, prom\u200bpt: a boat", "type `prompt`"),
        ("id: A, prompt: a boat, length： 3", "type `length: 3`"),
        ("id: A, prompt a boat", "`prompt: a boat`"),
        ("id: A, prompt: a boat, size\u00a0: wide", "type `size"),
        ("id: A, prompt: a boat, length: ３", "type `3`"),
        ("id: “A”, prompt: a boat", "rename it to `A`"),
        ("id: A\u200d, prompt: a boat", "rename it to `A`"),
        ("id: a\u202eb, prompt: a boat", "rename it to `ab`"),
    ],
)
def test_a_character_that_cant_be_seen_is_named(tmp_path: Path, shot: str, cure: str) -> None:
    errors = load_text(tmp_path, write_shots(f"  - {{{shot}}}\n")).errors
    assert any(cure in error.hint for error in errors), errors


def test_prose_may_hold_all_of_them(tmp_path: Path) -> None:
    prose = "“Go”，she said：— now…　※ ｛ok｝ 👩\u200d🚀"
    loaded = load_text(tmp_path, write_shots(f"  - id: A\n    prompt: {prose}\n"))
    assert not loaded.errors
    assert loaded.film is not None
    assert loaded.film.shots[0].prompt == prose


def test_names_may_be_of_any_script_and_are_equal_however_they_are_composed(
    tmp_path: Path,
) -> None:
    decomposed = unicodedata.normalize("NFD", "josé")
    text = (
        "cast: {josé: {description: a man}, 太郎: {description: a boy}, अनु: {}, ана: {}}\n"
        "titles: [{at: Ä1+1, length: 1, text: Hi}]\nshots:\n"
        f"  - {{id: Ä1, cast: [{decomposed}, 太郎, अनु], prompt: a boat, length: 3}}\n"
        f"  - {{id: 海-2, continue: {unicodedata.normalize('NFD', 'Ä1')}, prompt: on, length: 3, "
        f"dialogue: [{{{decomposed}: Hola.}}]}}\n"
    )
    loaded = load_text(tmp_path, text)
    assert not loaded.errors
    film = loaded.film
    assert film is not None
    assert film.shots[0].cast == ("josé", "太郎", "अनु")
    assert film.shots[1].continues == film.shots[0].id
    assert film.shots[1].dialogue[0].speaker == "josé"


def test_a_file_is_found_in_the_form_that_its_disk_keeps(tmp_path: Path) -> None:
    folder = tmp_path / unicodedata.normalize("NFD", "références")
    folder.mkdir()
    picture = folder / unicodedata.normalize("NFD", "été.png")
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(400))
    shot = "id: A, prompt: a boat, first_frame: références/été.png"
    loaded = load_text(tmp_path, write_shots(f"  - {{{shot}}}\n"))
    assert not loaded.errors
    assert loaded.film is not None
    frame = loaded.film.shots[0].first_frame
    assert frame is not None
    assert frame.file is not None
    assert frame.file.path.samefile(picture)


def test_a_picture_as_a_clip_is_told_the_way(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(400))
    [error] = load_text(tmp_path, write_shots("  - {id: A, clip: photo.jpg, length: 3}\n")).errors
    assert "first_frame: photo.jpg" in error.hint
    assert "previz" in error.hint


@pytest.mark.parametrize(
    ("escape", "name"),
    [
        ("\\0", "NULL (U+0000)"),
        ("\\x1b", "ESCAPE (U+001B)"),
        ("\\a", "BELL (U+0007)"),
        ("\\x9b", "U+009B"),
        ("\\r", "CARRIAGE RETURN"),
        ("\\x7f", "DELETE"),
    ],
)
def test_a_control_character_is_refused_with_its_place_and_name(
    tmp_path: Path, escape: str, name: str
) -> None:
    shots = (
        f'  - {{id: A, prompt: "a{escape}b", length: 3}}\n'
        f'  - {{id: B, prompt: p, length: 3, "x-{escape}": 1}}\n'
        f'  - {{id: C, prompt: p, length: 3, dialogue: [{{ana: "Hi{escape}"}}]}}\n'
    )
    errors = load_text(tmp_path, "cast: {ana: {}}\n" + write_shots(shots)).errors
    assert [error.code for error in errors] == ["SB018"] * 3
    assert all(name in error.message for error in errors)
    assert [error.span.line for error in errors] == [4, 5, 6]


def test_tabs_and_line_breaks_are_text(tmp_path: Path) -> None:
    block = "  - id: B\n    prompt: |\n      a\n      b\n"
    shots = '  - {id: A, prompt: "a\\tb\\nc", length: 3}\n' + block
    assert not load_text(tmp_path, write_shots(shots)).errors
