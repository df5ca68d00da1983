"""What the language page shows as YAML is YAML, and stands in a film that `check` accepts."""

from __future__ import annotations

import re
import shutil
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from reference.language import build_language_page
from storyboard import check_film
from storyboard.errors import Severity
from storyboard.stitching.media.ffmpeg import find_ffmpeg
from storyboard.stitching.text.fonts import find_bundled_font
from tests.conftest import ROOT

CAST = {"ana": {"image": "refs/ana.png"}, "ben": {"image": "refs/ana.png"}}
PLACES = {name: {"kind": "place", "image": "refs/ana.png"} for name in ("kitchen", "harbour")}
SHOTS = [
    {"id": f"SH{number:03}", "prompt": "The harbour", "length": 4, "handles": 0.5}
    for number in (10, 20, 50, 60, 70, 80, 100, 900)
]
NOT_BUILT = {"match": {"SB190"}, "alternate": {"SB190"}}
"""Keys that the language has and this version refuses by name."""


class _Yaml12Loader(yaml.SafeLoader):
    """Reads `off` as the word that it is in a storyboard."""

    yaml_implicit_resolvers: ClassVar = {
        letter: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:bool" or letter in "tf"]
        for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def split_page(page: str) -> Iterator[tuple[str, str, str]]:
    """(section, heading, text) of every YAML block; each alternative is a block of its own."""
    section = heading = ""
    for match in re.finditer(
        r"^## ([^\n]+)$|^### ([^\n]+)$|^```yaml\n(.*?)^```$", page, re.M | re.S
    ):
        if match[1]:
            section, heading = match[1], ""
        elif match[2]:
            heading = match[2]
        else:
            yield from ((section, heading, text) for text in split_alternatives(match[3]))


def split_alternatives(block: str) -> Iterator[str]:
    lines = block.splitlines()
    alternatives = [line.removeprefix("# or ") for line in lines if line.startswith("# or ")]
    plain = [line for line in lines if not line.startswith("# or ")]
    yield "\n".join(plain)
    for alternative in alternatives:
        yield "\n".join([*plain[:-1], alternative])


BLOCKS = list(split_page(build_language_page()))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that the examples name."""
    folder = tmp_path_factory.mktemp("stage") / "film"
    picture = ROOT / "examples/04-first-and-last/refs/dawn.jpg"
    footage = next(ROOT.glob("examples/05-footage/footage/*.mp4"))
    for name in re.findall(
        r"[\w/-]+\.(?:png|wav|mp4|yaml|ttf)\b", "\n".join(b for *_, b in BLOCKS)
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            shutil.copy(picture, path)
        elif path.suffix == ".mp4":
            write_two_languages(footage, path)
        elif path.suffix == ".ttf":
            shutil.copy(find_bundled_font(), path)
        elif path.suffix == ".wav":
            write_silence(path)
    (folder / "refs").mkdir(exist_ok=True)
    shutil.copy(picture, folder / "refs" / "ana.png")
    act = {"storyboard": 1, "shots": [{"id": "SH710", "prompt": "The harbour", "length": 4}]}
    (folder / "act2.yaml").write_text(yaml.safe_dump(act))
    (folder.parent / "bible").mkdir()
    (folder.parent / ".git").mkdir()
    (folder.parent / "bible" / "cast.yaml").write_text("zoe: {description: A captain}\n")
    return folder


def write_two_languages(footage: Path, path: Path) -> None:
    """The picture of the footage with two sound tracks, the second one German."""
    silence = ("-f", "lavfi", "-i", "anullsrc=sample_rate=48000")
    tracks = ("-map", "0:v", "-map", "1:a", "-map", "1:a", "-metadata:s:a:1", "language=deu")
    command = (find_ffmpeg(), "-v", "error", "-i", footage, *silence, *tracks, "-shortest")
    subprocess.run([*command, "-c:v", "copy", path], check=True)


def write_silence(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 48000 * 20))


def build_film(section: str, heading: str, example: dict[str, Any]) -> dict[str, Any]:
    """The example at its place in a small film."""
    film: dict[str, Any] = {"storyboard": 1, "cast": CAST | PLACES, "shots": SHOTS}
    film |= {"tempo": {"bpm": 120}, "markers": {"drop": 40}}
    path = heading.strip("`").split(".")
    if "storyboard" in example and len(example) > 1:
        return example
    if heading.endswith("(header)"):
        both = {key: film[key] | value for key, value in example.items() if key == "cast"}
        return film | example | both
    if heading.endswith("(sequence)"):
        block = {"sequence": "SQ01", "shots": [{**SHOTS[0], "id": "SH500"}]} | example
        return film | {"shots": [block]}
    if heading.endswith("(include)"):
        return film | {"shots": [*SHOTS, example]}
    if heading.endswith("(defaults)") or heading == "`target`":
        return film | {"defaults": example}
    if path[0] == "cast" and len(path) > 1:
        return film | {"cast": CAST | PLACES | {"zoe": example}}
    if path[0] == "titles":
        return film | {"titles": [example]}
    if path[0] == "styles":
        return film | {"styles": {"locator": example}}
    if path[0] == "sound" and path[1:2] in (["music"], ["narration"]) and len(path) == 3:
        return film | {"sound": {path[1]: [example]}}
    if path[0] in ("format", "policy") or (path[0] == "sound" and len(path) == 2):
        return film | {path[0]: example}
    if section == "Effects":
        shots = [
            {"id": f"SE{index:03}", "prompt": "The harbour", "length": 2, "effects": [effect]}
            for index, effect in enumerate(example["effects"], 1)
        ]
        return film | {"shots": shots}
    assert section.startswith("Shots: "), f"no place for the example of {section}, {heading}"
    shot = {"id": "SH500", **build_base_shot(example), **example}
    return film | {"shots": [*(each for each in SHOTS if each["id"] != shot["id"]), shot]}


def build_base_shot(example: dict[str, Any]) -> dict[str, Any]:
    """What a shot needs besides the example, to be a shot."""
    if example.keys() & {"color", "card", "clip", "beats"}:
        return {}
    if example.get("model", "").startswith("omni") or "options" in example:
        return {"prompt": "The harbour", "provider": "vertex"}
    return {"prompt": "The harbour"}


@pytest.mark.parametrize(
    ("section", "heading", "text"),
    BLOCKS,
    ids=[f"{heading or section}-{index}" for index, (section, heading, _) in enumerate(BLOCKS)],
)
def test_an_example_stands_in_a_film(section: str, heading: str, text: str, stage: Path) -> None:
    example = yaml.load(text, Loader=_Yaml12Loader)
    film = stage / "film.yaml"
    data = build_film(section, heading, example)
    film.write_text(text if data is example else yaml.safe_dump(data, sort_keys=False), "utf-8")
    checked = check_film(film)
    problems = {d.code for d in checked.diagnostics if d.severity is Severity.ERROR}
    messages = [f"{d.code} {d.message}" for d in checked.diagnostics]
    assert problems == NOT_BUILT.get(heading.strip("`"), set()), messages


def test_every_key_of_a_shot_has_an_example() -> None:
    from storyboard.model.shot_keys import SHOT_KEYS

    shown = {heading.strip("`") for section, heading, _ in BLOCKS}
    assert SHOT_KEYS.keys() <= shown
