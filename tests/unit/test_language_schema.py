"""The schema: one source for editor, checker and code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.film import (
    RESOLUTIONS,
    Align,
    CastKind,
    Film,
    FramesFrom,
    Policy,
    Shot,
    TransitionKind,
)
from storyboard.language import schema
from storyboard.language.accept import Compiler
from storyboard.language.header import LOUDNESS
from storyboard.language.schema import keys
from storyboard.language.shot import FIELDS, LIKE, MAKERS
from storyboard.language.yaml12 import parse
from tests.unit.language_films import codes, read

BROKEN = sorted((Path(__file__).parent.parent / "broken").glob("*.yaml"))


def properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        for name, part in node.get("properties", {}).items():
            yield f"{path}.{name}", part
        for key, part in node.items():
            yield from properties(part, f"{path}/{key}")
    elif isinstance(node, list):
        for part in node:
            yield from properties(part, path)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    target: Any = schema()
    for step in part.get("$ref", "").removeprefix("#/").split("/"):
        target = target[step] if step else {}
    return {**target, **part}


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(part)


def test_it_is_draft_07_and_what_editors_read() -> None:
    jsonschema.Draft7Validator.check_schema(schema())
    assert schema()["$schema"] == "http://json-schema.org/draft-07/schema#"
    text = json.dumps(schema())
    for word in ("oneOf", "$defs", "unevaluatedProperties", "prefixItems"):
        assert word not in text


def test_nothing_but_private_keys_is_let_through() -> None:
    for node in nodes(schema()):
        if "properties" in node and node.get("type") == "object":
            assert node["additionalProperties"] is False, node.get("title")
            assert "^x-" in node["patternProperties"], node.get("title")


def test_every_key_explains_itself_to_an_editor() -> None:
    for path, part in properties(schema()):
        whole = resolved(part)
        assert whole.get("title"), path
        assert len(whole.get("description", "")) > 10, path
        assert whole["description"].endswith("."), path
        assert "examples" in whole or "default" in whole or "providers" in path, path


def test_its_examples_and_defaults_are_what_it_accepts() -> None:
    compiler = Compiler(schema())
    for path, part in properties(schema()):
        accepts = compiler.schema(part)
        for value in (*part.get("examples", ()), *([part["default"]] if "default" in part else ())):
            assert accepts(value), (path, value)


def test_its_choices_are_those_of_the_code() -> None:
    definitions = schema()["definitions"]
    assert definitions["resolution"]["enum"] == list(RESOLUTIONS)
    assert definitions["castMember"]["properties"]["kind"]["enum"] == list(CastKind)
    assert definitions["transition"]["else"]["enum"] == list(TransitionKind)
    fade = definitions["transition"]["then"]["then"]["properties"]
    wipe = definitions["transition"]["then"]["else"]["then"]["properties"]
    assert fade["align"]["enum"] == wipe["align"]["enum"] == list(Align)
    assert wipe["frames"]["enum"] == list(FramesFrom)
    assert definitions["loudness"]["else"]["enum"] == list(LOUDNESS)
    assert keys("policy") == set(Policy.__dataclass_fields__)


def test_its_defaults_are_those_of_the_code() -> None:
    shot = schema()["definitions"]["shot"]["properties"]
    for key in ("provider", "model", "takes", "audio", "mute", "omit"):
        assert shot[key]["default"] == Shot.__dataclass_fields__[key].default, key
    for key, part in schema()["definitions"]["policy"]["properties"].items():
        if "default" in part:
            assert part["default"] == getattr(Policy(), key)
    assert schema()["definitions"]["film"]["properties"]["subtitles"]["default"] == "none"
    assert Film.__dataclass_fields__["subtitles"].default == "none"


def test_every_key_of_a_shot_becomes_something() -> None:
    handled = FIELDS.keys() | {"id", "like", "look", "negative_prompt", "references", "ambience"}
    handled |= {"cast", "clip", "continue", "extend"}
    assert keys("shot") == handled - {"target"}
    assert keys("shot") >= LIKE | set(MAKERS)
    assert keys("defaults") <= handled | {"speech_model", "text_model"}


@pytest.mark.parametrize("film", BROKEN, ids=lambda film: film.stem)
def test_the_fast_answer_is_the_validator_s(film: Path) -> None:
    try:
        data, _ = parse(film.read_text("utf-8"), "f")
    except Exception:
        return
    expected = jsonschema.Draft7Validator(schema()).is_valid(data)
    assert Compiler(schema()).schema(schema())(data) is expected


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 90)
    | st.floats(-2, 90)
    | st.sampled_from(["", "cut", "12f", "16:9", "SH010", "ana", "black", "auto", "x y", "t02"]),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                sorted(keys("shot") | keys("film") | {"x-a", "at", "fade", "wipe", "still"})
            ),
            part,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(schema()["definitions"])), VALUES)
def test_the_fast_answer_is_the_validator_s_for_anything(name: str, value: Any) -> None:
    wanted = {"allOf": [{"$ref": f"#/definitions/{name}"}], "definitions": schema()["definitions"]}
    expected = jsonschema.Draft7Validator(wanted).is_valid(value)
    assert Compiler(schema()).definition(name)(value) is expected


def test_a_sound_film_never_pays_for_the_validator(tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "film.yaml").write_text(
        "storyboard: 1\nshots: [{id: A, prompt: a, dialogue: [{off: true, ana: Yes.}]}]\n"
    )
    code = (
        "import sys; from pathlib import Path; from storyboard.language import load;"
        "loaded = load(Path('film.yaml')); assert not loaded.diagnostics, loaded.diagnostics;"
        "sys.exit('jsonschema' in sys.modules)"
    )
    root = str(Path(__file__).parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": root}, check=False
    )
    assert done.returncode == 0


def test_a_mistake_in_one_shot_says_nothing_of_another(tmp_path: Path) -> None:
    shots = "".join(
        f"  - {{id: S{n}, prompt: a, length: {'x' if n == 3 else 4}}}\n" for n in range(6)
    )
    loaded = read(tmp_path, "shots:\n" + shots)
    assert codes(loaded) == ["SB105"]
    assert loaded.film is not None
    assert len(loaded.film.shots) == 5
