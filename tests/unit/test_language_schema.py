"""The schema: one source for editor, checker and code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.language import load_schema, to_editor_schema
from storyboard.language.builder.header import LOUDNESS
from storyboard.language.builder.shot_builder import TYPE_PARSERS
from storyboard.language.builder.vocabulary import ANGLES, SIZES, is_in_vocabulary
from storyboard.language.schema.definitions import list_definition_keys
from storyboard.language.schema.editor_schema import OFFERED_WORDS
from storyboard.language.schema.fast_validator import SchemaCompiler
from storyboard.language.show import TYPE_FORMATTERS
from storyboard.language.yaml.parser import parse_yaml_with_problems
from storyboard.model.film import (
    RESOLUTIONS,
    CastKind,
    Film,
    Policy,
    Shot,
)
from storyboard.model.shot_keys import SHOT_KEYS
from storyboard.previz.script.camera_language import parse_camera_steps
from storyboard.providers.registry import add_provider_settings
from tests.unit.language_films import list_codes, load_text

ROOT = Path(__file__).parent.parent.parent
BROKEN = sorted((Path(__file__).parent.parent / "broken").glob("*.yaml"))


def walk_properties(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        for name, part in node.get("properties", {}).items():
            yield f"{path}.{name}", part
        for key, part in node.items():
            yield from walk_properties(part, f"{path}/{key}")
    elif isinstance(node, list):
        for part in node:
            yield from walk_properties(part, path)


def load_whole_schema() -> dict[str, Any]:
    """As an editor has it: with the settings of every adapter."""
    return add_provider_settings(load_schema())


def resolve_reference(part: dict[str, Any]) -> dict[str, Any]:
    target: Any = load_schema()
    for step in part.get("$ref", "").removeprefix("#/").split("/"):
        target = target[step] if step else {}
    return {**target, **part}


def walk_nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk_nodes(part)


def test_it_is_draft_07_and_what_editors_read() -> None:
    jsonschema.Draft7Validator.check_schema(load_whole_schema())
    assert load_schema()["$schema"] == "http://json-schema.org/draft-07/schema#"
    text = json.dumps(load_schema())
    for word in ("oneOf", "$defs", "unevaluatedProperties", "prefixItems"):
        assert word not in text


def test_nothing_but_private_keys_is_let_through() -> None:
    for node in walk_nodes(load_whole_schema()):
        if "properties" in node and node.get("type") == "object":
            assert node["additionalProperties"] is False, node.get("title")
            assert "^x-" in node["patternProperties"], node.get("title")


def test_every_key_explains_itself_to_an_editor() -> None:
    for path, part in walk_properties(load_whole_schema()):
        whole = resolve_reference(part)
        assert whole.get("title"), path
        assert len(whole.get("description", "")) > 10, path
        assert whole["description"].endswith("."), path
        assert "examples" in whole or "default" in whole or "providers" in path, path


def test_its_examples_and_defaults_are_what_it_accepts() -> None:
    compiler = SchemaCompiler(load_whole_schema())
    for path, part in walk_properties(load_whole_schema()):
        accepts = compiler.compile_schema(part)
        for value in (*part.get("examples", ()), *([part["default"]] if "default" in part else ())):
            assert accepts(value), (path, value)


def test_its_choices_are_those_of_the_code() -> None:
    definitions = load_schema()["definitions"]
    assert definitions["resolution"]["enum"] == list(RESOLUTIONS)
    assert definitions["castMember"]["properties"]["kind"]["enum"] == list(CastKind)
    assert definitions["loudness"]["else"]["enum"] == list(LOUDNESS)
    assert list_definition_keys("policy") == set(Policy.__dataclass_fields__)


def test_its_defaults_are_those_of_the_code() -> None:
    shot = load_schema()["definitions"]["shot"]["properties"]
    for key in ("provider", "model", "takes", "audio", "mute", "omit"):
        assert shot[key]["default"] == Shot.__dataclass_fields__[key].default, key
    for key, part in load_schema()["definitions"]["policy"]["properties"].items():
        if "default" in part:
            assert part["default"] == getattr(Policy(), key)
    assert load_schema()["definitions"]["film"]["properties"]["subtitles"]["default"] == "none"
    assert Film.__dataclass_fields__["subtitles"].default == "none"


def test_every_key_of_a_shot_is_a_field_that_is_read_and_shown() -> None:
    fields = {key.field_name for key in SHOT_KEYS.values()}
    assert fields - Shot.__dataclass_fields__.keys() == {"like", "until"}
    assert Shot.__dataclass_fields__.keys() - fields == {
        *("sequences", "origins"),
        *("scene_number", "over"),  # parts of `scene` and `angle`
    }
    names = {key.type.name for key in SHOT_KEYS.values()}
    assert names == TYPE_PARSERS.keys() == TYPE_FORMATTERS.keys()


def drop_offers(node: Any) -> Any:
    """The schema's rules alone: what it offers to an editor changes nothing of what is accepted."""
    if isinstance(node, list):
        return [drop_offers(part) for part in node]
    if not isinstance(node, dict):
        return node
    if [*node.get("allOf", [{}])[0]] == ["$ref"]:
        node = {**{key: part for key, part in node.items() if key != "allOf"}, **node["allOf"][0]}
    offers = ("examples", "defaultSnippets", "default")
    return {
        key: drop_offers(part)
        for key, part in node.items()
        if key not in offers or isinstance(part, dict)
    }


def test_the_schema_for_editors_has_the_rules_that_check_uses() -> None:
    text = (ROOT / "schemas" / "storyboard.schema.json").read_text("utf-8")
    assert json.loads(text) == to_editor_schema(load_whole_schema()), "run `make schema`"
    assert drop_offers(json.loads(text)) == drop_offers(load_whole_schema())


def test_an_editor_is_offered_nothing_that_it_would_show_as_an_object() -> None:
    """A YAML language server writes a mapping among the examples as `[object Object]`."""
    schema = to_editor_schema(load_whole_schema())
    for path, part in walk_properties(schema):
        offered = [*part.get("examples", ()), part.get("default")]
        assert not [value for value in offered if isinstance(value, (dict, list))], path
        # Beside a $ref, a language server of draft 07 drops all but a few keywords.
        assert not {"$ref", "defaultSnippets"} <= part.keys(), path


def test_a_snippet_for_an_editor_is_yaml_that_check_accepts() -> None:
    rules = dict(walk_properties(load_whole_schema()))
    compiler = SchemaCompiler(load_whole_schema())
    snippets = [
        (path, snippet["bodyText"])
        for path, part in walk_properties(to_editor_schema(load_whole_schema()))
        for snippet in part.get("defaultSnippets", ())
    ]
    assert len(snippets) > 20
    for path, text in snippets:
        data, problems = parse_yaml_with_problems(f"key: {text}\n", "f")
        assert not problems, path
        assert compiler.compile_schema(rules[path])(data["key"]), (path, text)


@pytest.mark.parametrize(
    ("key", "some"),
    [
        ("size", ["EWS", "MCU", "close-up"]),
        ("angle", ["eye level", "overhead"]),
        ("camera", ["static", "slow dolly in", "truck left"]),
        ("transition", ["cut", "dissolve", "fade", "wipe"]),
    ],
)
def test_an_editor_is_offered_the_words_of_the_field(key: str, some: list[str]) -> None:
    shot = to_editor_schema(load_whole_schema())["definitions"]["shot"]["properties"]
    assert set(some) <= set(shot[key]["examples"])


def test_the_words_that_an_editor_is_offered_are_known_to_check_and_to_previz() -> None:
    offered = {place[-1]: words for place, words in OFFERED_WORDS.items()}
    assert all(is_in_vocabulary(word, SIZES) for word in offered["size"])
    assert all(is_in_vocabulary(word, ANGLES) for word in offered["angle"])
    assert all(parse_camera_steps(words) for words in offered["camera"])


@pytest.mark.parametrize("film", BROKEN, ids=lambda film: film.stem)
def test_the_fast_answer_is_the_validator_s(film: Path) -> None:
    try:
        data, _ = parse_yaml_with_problems(film.read_text("utf-8"), "f")
    except Exception:
        return
    expected = jsonschema.Draft7Validator(load_schema()).is_valid(data)
    assert SchemaCompiler(load_schema()).compile_schema(load_schema())(data) is expected


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
                sorted(
                    list_definition_keys("shot")
                    | list_definition_keys("film")
                    | {"x-a", "at", "fade", "wipe", "still"}
                )
            ),
            part,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(load_schema()["definitions"])), VALUES)
def test_the_fast_answer_is_the_validator_s_for_anything(name: str, value: Any) -> None:
    wanted = {
        "allOf": [{"$ref": f"#/definitions/{name}"}],
        "definitions": load_schema()["definitions"],
    }
    expected = jsonschema.Draft7Validator(wanted).is_valid(value)
    assert SchemaCompiler(load_schema()).compile_definition(name)(value) is expected


def test_a_valid_film_never_loads_the_validator(tmp_path: Path) -> None:
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
    loaded = load_text(tmp_path, "shots:\n" + shots)
    assert list_codes(loaded) == ["SB105"]
    assert loaded.film is not None
    assert len(loaded.film.shots) == 5
