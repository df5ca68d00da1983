"""What can't be set in type is said by `check`, at its place, before anything is bought."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storyboard.errors import Severity
from storyboard.pipeline.session import CheckedFilm, Overrides, check_film
from storyboard.stitching.text import fonts


@pytest.fixture(autouse=True)
def machine_without_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fonts, "_SYSTEM_FOLDERS", ())
    fonts.list_system_faces.cache_clear()
    yield
    fonts.list_system_faces.cache_clear()


HEAD = 'storyboard: 1\nformat: {aspect_ratio: "16:9", resolution: 360p}\n'


def check_text(folder: Path, text: str, **flags: bool) -> CheckedFilm:
    path = folder / "film.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return check_film(path, Overrides(**flags))


def list_text_findings(examined: CheckedFilm) -> list[tuple[str, Severity, int, int]]:
    return [
        (each.code, each.severity, each.span.line, each.span.column)
        for each in examined.diagnostics
        if each.code.startswith("SB6")
    ]


def make_lines(number: int) -> str:
    return "\\n".join(f"line {at}" for at in range(number))


def test_subtitles_with_letters_the_font_lacks_are_refused_by_check(
    tmp_path: Path,
) -> None:
    film = check_text(
        tmp_path,
        "subtitles: burn\n"
        "cast: {yuki: {description: Yuki}}\n"
        "defaults: {resolution: 720p}\n"
        "shots:\n"
        "  - {id: A, prompt: Yuki, length: 4, dialogue: {yuki: 日本語です}}\n"
        "  - {id: B, prompt: Yuki, length: 4, dialogue: [{yuki: Grüße!}, {yuki: はい, at: 2}]}\n"
        "  - {id: C, prompt: Yuki, length: 4, dialogue: [{yuki: いいえ}], omit: true}\n"
        "sound: {narration: [{at: B, yuki: むかし}]}\n",
    )
    error = Severity.ERROR
    assert list_text_findings(film) == [
        ("SB601", error, 7, 55),
        ("SB601", error, 8, 72),
        ("SB601", error, 10, 35),
    ]
    assert {each.code for each in film.diagnostics} == {"SB601"}
    first = next(each for each in film.diagnostics if each.code == "SB601")
    assert first.message == (
        "this line can't be burnt in: no font has 日 (U+65E5), 本 (U+672C), 語 (U+8A9E), "
        "で (U+3067), す (U+3059)"
    )
    assert first.hint == (
        "name a font that has these letters: `fonts: [fonts/NotoSansJP.otf]`; "
        "or use `subtitles: track` or `sidecar`: then the player shows the letters"
    )
    assert first.related[0][0].line == 3


def test_a_player_has_its_own_letters(tmp_path: Path) -> None:
    shot = "shots: [{id: A, prompt: Yuki, length: 4, dialogue: {yuki: 日本語です}}]\n"
    for kind in ("none", "sidecar", "track"):
        film = check_text(tmp_path, f"subtitles: {kind}\ncast: {{yuki: {{}}}}\n{shot}")
        assert not list_text_findings(film)


def test_boxes_on_a_card_and_in_a_title_are_warned_of(tmp_path: Path) -> None:
    film = check_text(
        tmp_path,
        "shots: [{id: A, card: Ελλάδα 日本, length: 2}]\n"
        "titles:\n"
        "  - {at: A, length: 1, text: Привет}\n"
        "  - {at: A, length: 1, text: שלום}\n"
        "  - {at: A, length: 1, credits: [Ana, ☃ 日]}\n",
    )
    warning = Severity.WARNING
    assert list_text_findings(film) == [
        ("SB601", warning, 3, 23),
        ("SB601", warning, 6, 30),
        ("SB601", warning, 7, 39),
    ]
    assert film.is_valid


def test_what_is_too_much_for_one_picture_is_refused_with_what_fits(tmp_path: Path) -> None:
    film = check_text(
        tmp_path,
        f'shots: [{{id: A, card: "{make_lines(30)}", length: 2}}]\n'
        "titles:\n"
        f'  - {{at: A, length: 1, text: "{make_lines(60)}"}}\n'
        f'  - {{at: A, length: 1, style: upper-third, text: "{make_lines(28)}"}}\n'
        f"  - {{at: A, length: 1, style: lower-third, text: {'x' * 400}}}\n"
        f"  - {{at: A, length: 1, credits: [Ana, {'x' * 400}]}}\n"
        f"  - {{at: A, length: 1, credits: [{', '.join(f'name {n}' for n in range(99))}]}}\n"
        f'  - {{at: A, length: 1, style: lower-third, text: "{make_lines(22)}"}}\n',
    )
    too_long = [each for each in film.diagnostics if each.code == "SB602"]
    assert [(each.span.line, each.severity) for each in too_long] == [
        (line, Severity.ERROR) for line in (3, 5, 6, 7, 8)
    ]
    assert too_long[0].message == "this card is too long: 30 lines in the smallest readable size"
    assert too_long[0].hint.startswith("write at most 23 lines for a frame of 640x360")
    assert [each.span.column for each in too_long[3:]] == [50, 39]
    assert "is too long for a frame of 640x360" in too_long[3].message
    assert too_long[3].hint.startswith("add a space: a line has room for about 1")


def test_legibility_is_judged_in_the_film_that_is_delivered(tmp_path: Path) -> None:
    for number, sound in ((23, True), (24, False)):
        text = f'shots: [{{id: A, card: "{make_lines(number)}", length: 2}}]\n'
        assert check_text(tmp_path, text).is_valid is sound
        assert check_text(tmp_path, text, proxy=True).is_valid is sound


def test_a_film_with_plain_words_never_loads_a_font(tmp_path: Path) -> None:
    film = tmp_path / "film.yaml"
    film.write_text(
        HEAD + "subtitles: burn\n"
        "shots: [{id: A, card: THE END, length: 4, dialogue: {Ana: Ça — d’accord}}]\n"
        "titles: [{at: A, length: 1, text: Zürich}, {at: A, length: 1, credits: [Łódź]}]\n",
        encoding="utf-8",
    )
    code = (
        "import sys; from pathlib import Path; from storyboard.pipeline.session import check_film;"
        "assert check_film(Path(sys.argv[1])).is_valid; sys.exit('PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(film)], check=False).returncode == 0
