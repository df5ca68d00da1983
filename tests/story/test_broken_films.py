"""Films with a mistake in them: each names, in its first line, every code and where it stands.

`# SB101 5:7` is that code at line 5, column 7 of the film; `act2.yaml:2:10` of another file.
Nothing else may be said: one mistake is one diagnostic.
"""

import shutil
from pathlib import Path

import pytest

from storyboard.diagnostics.codes import CODES
from storyboard.language import format_diagnostics, load, to_json_records
from storyboard.providers.registry import load_known_secrets

BROKEN = Path(__file__).parent.parent / "broken"
FILMS = sorted(BROKEN.glob("*.yaml"))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
MP4 = b"\0\0\0\x18ftypisom" + bytes(32)
WAV = b"RIFF\0\0\0\0WAVEfmt " + bytes(32)
MEDIA = {
    "refs/ana.png": PNG,
    "refs/text.png": b"I am no picture",
    "refs/empty.png": b"",
    "refs/ana.gif": b"GIF89a" + bytes(16),
    "footage/dawn.mp4": MP4,
    "music/theme.wav": WAV,
    "sfx/rain.wav": WAV,
    "bible/cast.yaml": b"ana: {description: Ana}\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story") / "film"
    for name, data in MEDIA.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder.parent / "outside.png").write_bytes(PNG)
    (folder / "refs/link.png").symlink_to("../../outside.png")
    for part in (BROKEN / "parts").iterdir():
        shutil.copy(part, folder)
    return folder


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.stem)
def test_each_mistake_is_named_where_it_stands(
    film: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    path = Path("film.yaml")
    shutil.copy(film, path)
    expected = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(", ")
    loaded = load(path, known_secrets=load_known_secrets())
    positions = [_format_position(each) for each in to_json_records(loaded.diagnostics)]
    assert sorted(positions) == sorted(expected)
    for form in ("human", "concise", "github"):
        assert all(
            each.split()[0] in format_diagnostics(loaded.diagnostics, loaded.texts, form)
            for each in positions
        )


def test_every_code_of_the_language_has_a_film() -> None:
    first_lines = " ".join(film.read_text(encoding="utf-8").splitlines()[0] for film in FILMS)
    elsewhere = {
        "SB001",
        "SB002",
        "SB003",
        "SB004",
        "SB209",
        "SB211",
        "SB504",
        "SB507",
        "SB601",
        "SB602",
        "SB603",
    }
    of_the_graph = ("SB35", "SB36", "SB37", "SB4")
    silent = {code for code in CODES if not code.startswith(of_the_graph)} - {*first_lines.split()}
    assert silent <= elsewhere


def _format_position(diagnostic: dict[str, object]) -> str:
    file = "" if diagnostic["file"] == "film.yaml" else f"{diagnostic['file']}:"
    return f"{diagnostic['code']} {file}{diagnostic['line']}:{diagnostic['column']}"
