"""Names that stand in digests and files are written out, never taken from attributes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import storyboard

ROOT = Path(storyboard.__file__).parent

_OF_DATACLASSES = frozenset({"fields", "asdict", "astuple"})
_OF_OBJECTS = frozenset("__dict__ __slots__ __dataclass_fields__ __match_args__".split())


def find_attribute_names(path: Path) -> list[str]:
    """Where a module asks a value or its class what its attributes are called."""
    tree = ast.parse(path.read_text("utf-8"))
    line_numbers = []
    for node in ast.walk(tree):
        imported = isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        if imported and _OF_DATACLASSES & {alias.name for alias in node.names}:
            line_numbers.append(node.lineno)
        elif isinstance(node, ast.Attribute):
            is_dataclasses = isinstance(node.value, ast.Name) and node.value.id == "dataclasses"
            if node.attr in _OF_OBJECTS or (is_dataclasses and node.attr in _OF_DATACLASSES):
                line_numbers.append(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            # one attribute by its name in quotes is a question, not a list of names
            listed = node.func.id in ("getattr", "setattr") and not (
                isinstance(node.args[1], ast.Constant)
            )
            if node.func.id == "vars" or listed:
                line_numbers.append(node.lineno)
    return [f"{path.relative_to(ROOT)}:{line}" for line in line_numbers]


ALLOWED = {
    "__init__.py": "public names are looked up in their modules; no file or digest has them",
    "model/shot_keys.py": "the table writes the names out; it only reads the fields they name",
    "model/sound.py": "files are looked for in every part of a value, by whatever name",
    "providers/http/__init__.py": "the names that plug-ins import are loaded when first used",
    "stitching/effects/apply.py": "MoviePy's own effects are found by their names",
    "stitching/media/ffmpeg.py": "MoviePy's settings are put into a module of our making",
}


def test_no_name_for_good_is_taken_from_an_attribute() -> None:
    found = [
        place
        for path in sorted(ROOT.rglob("*.py"))
        for place in find_attribute_names(path)
        if place.partition(":")[0] not in ALLOWED
    ]
    assert found == [], "write the names out: see storyboard/util/serialization.py"


@pytest.mark.parametrize(
    "line",
    [
        "from dataclasses import asdict",
        "import dataclasses; told = dataclasses.fields(value)",
        "told = vars(value)",
        "told = value.__dict__",
        "told = {name: getattr(value, name) for name in NAMES}",
        "told = type(value).__slots__",
    ],
)
def test_it_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / "module.py"
    path.write_text(line, "utf-8")
    assert find_attribute_names(path) == ["module.py:1"]
