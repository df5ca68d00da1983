"""The page of file formats: what storyboard writes for programs and for git."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from reference.format_keys import (
    ACTIONS,
    CHECK_KEYS,
    EVENTS,
    MEANINGS,
    PLAN_KEYS,
    PROVENANCE_KEYS,
    REASONS,
    SAVED_PLAN_KEYS,
)
from reference.markdown import format_block, format_table, join_words, to_sentence
from reference.schema_values import describe_values
from storyboard.diagnostics.formatting import to_json_records
from storyboard.pipeline.depfile import write_depfile

SCHEMAS = Path(__file__).parent.parent / "schemas"

_INTRODUCTION = """\
# File formats

What storyboard writes for other programs, and for git. Every format has a number of its own and
grows only by new keys within that number. Read what you need and ignore what you don't know. Money
is in US dollars; where a name ends in `_micros`, it is in millionths of a dollar.

| file | what it is | keep it in git |
|---|---|---|
| `film.yaml` | [the storyboard file](language.md) | yes |
| `film.selects.yaml` | [the lock file](#the-lock-file): takes, picks and prices | yes |
| `.storyboard/store/` | the takes, each with [a sidecar](#the-sidecar-of-a-take) | no |
| `.storyboard/` | ledger, run logs and caches | no |
| `film.provenance.json` | [where every frame comes from](#provenance) | as you like |
| `film.plan.json` | [a saved plan](#a-saved-plan), where you named it | as you like |
| `film.d` | [a make fragment](#a-make-fragment), where you named it | no |
"""
_FILM = """\
storyboard: 1
title: The Letter
cast: {ana: {description: "Ana, 40, grey cardigan"}}
shots:
  - {id: SH010, prompt: A kitchen at night, length: 4}
  - {id: SH020, prompt: Ana reads, cast: [anna], length: 4}
"""


def build_file_formats_page() -> str:
    """The whole page, as Markdown."""
    lines = [
        _INTRODUCTION,
        *_describe_check(),
        *_describe_plan(),
        *_describe_events(),
        *_describe_lock_file(),
        *_describe_sidecar(),
        *_describe_saved_plan(),
        *_describe_provenance(),
        *_describe_depfile(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _describe_check() -> Iterator[str]:
    yield "## Problems: `check --json`\n"
    yield "One JSON object. `diagnostics` holds the problems in the order of their places. Other"
    yield "verbs print the same object, with exit code 1, where the film has errors. The codes are"
    yield "on [the page of diagnostics](diagnostics.md).\n"
    yield from _list_plain_keys(CHECK_KEYS)
    yield "This film names somebody who is not in the cast:\n"
    yield format_block("yaml", _FILM)
    yield format_block("json", _to_json({"format": 1, "diagnostics": _check_sample_film()}))
    yield "A verb that fails otherwise prints `error` instead, with `message`, `hint` and"
    yield "`exit_code`.\n"


def _describe_plan() -> Iterator[str]:
    yield "## The plan: `plan --json`\n"
    yield "One JSON object. `nodes` holds a step each, in running order, and what a step depends on"
    yield "stands before it.\n"
    yield from _list_plain_keys(PLAN_KEYS)
    for title, meanings in (("action", ACTIONS), ("reason", REASONS)):
        rows = [(f"`{name.value}`", to_sentence(words)) for name, words in meanings.items()]
        yield from format_table((title, "means"), rows)
    yield "The first node of a film of two shots, and the totals:\n"
    document = _plan_sample_film()
    shown = {"format": 1, "nodes": document["nodes"][:1], "totals": document["totals"]}
    yield format_block("json", _to_json(shown))


def _describe_events() -> Iterator[str]:
    schema = load_file_schema("event")
    yield "## Events: `render --json` and the run log\n"
    yield "Each line is a JSON object. `render --json` prints them as they happen; the run log in"
    yield "`.storyboard/` keeps them. Keys without a value are left out. The last line of a render"
    yield "is `summary`, or `error`. Money is in US dollars.\n"
    yield _link_schema("event")
    yield "Every event has these keys:\n"
    yield from _list_schema_keys(schema)
    for form in schema["allOf"]:
        kind = form["if"]["properties"]["type"]["const"]
        yield f"### `{kind}`\n"
        yield f"{EVENTS[kind]}\n"
        yield from _list_schema_keys(form["then"], skip=("format", "type", "time"))


def _describe_lock_file() -> Iterator[str]:
    yield "## The lock file\n"
    yield "`film.selects.yaml` beside the film says which takes exist, what they cost, and which"
    yield "one plays. Keep it in git: a fresh clone then never buys what a colleague bought."
    yield "storyboard writes it; you may edit picks, trims and notes by hand. Each line stands for"
    yield "itself: after a git conflict, keep the lines of both sides. Free takes have a line only"
    yield "if somebody picked, rejected, trimmed or annotated them.\n"
    yield _link_schema("selects")
    yield from _list_schema_keys(load_file_schema("selects"))


def _describe_sidecar() -> Iterator[str]:
    yield "## The sidecar of a take\n"
    yield "Beside each take in the store lies a JSON file. Together they are enough to rebuild the"
    yield "index of the store and the history of what was paid.\n"
    yield _link_schema("take")
    yield from _list_schema_keys(load_file_schema("take"))


def _describe_saved_plan() -> Iterator[str]:
    yield "## A saved plan\n"
    yield "`plan --out PLAN` writes what you reviewed. `render PLAN` plans the film again and runs"
    yield "only if the result is the same; otherwise it names what changed, with exit code 6.\n"
    yield from _list_plain_keys(SAVED_PLAN_KEYS)


def _describe_provenance() -> Iterator[str]:
    yield "## Provenance\n"
    yield "`film.provenance.json` beside the finished film says where every frame comes from."
    yield "Prompts are in it as hashes only.\n"
    yield from _list_plain_keys(PROVENANCE_KEYS)


def _describe_depfile() -> Iterator[str]:
    yield "## A make fragment\n"
    yield "`render --deps FILE` writes a rule with every file that the film reads, and an empty"
    yield "rule for each of them. Make and Ninja read it. Names that make can't read are reached"
    yield "through links in the folder `FILE.names`.\n"
    yield format_block("make", _write_sample_depfile())


def load_file_schema(name: str) -> Mapping[str, Any]:
    """A schema of the folder `schemas`, by the first part of its name."""
    schema: Mapping[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return schema


def _link_schema(name: str) -> str:
    title = load_file_schema(name)["title"]
    return f"Schema: [{title}](../../schemas/{name}.schema.json).\n"


def _list_plain_keys(keys: Mapping[str, str]) -> Iterator[str]:
    yield from format_table(("key", "means"), [(f"`{key}`", words) for key, words in keys.items()])


def _list_schema_keys(schema: Mapping[str, Any], skip: tuple[str, ...] = ()) -> Iterator[str]:
    rows = [row for row in _walk_schema(schema, "") if row[0] not in skip]
    cells = [(f"`{path}`", values, words) for path, values, words in rows]
    yield from format_table(("key", "values", "means"), cells)


def _walk_schema(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    """(path, values, meaning) of every key, those of inner mappings after their holder."""
    required = schema.get("required", ())
    inner = {**schema.get("properties", {}), **_name_patterns(schema)}
    for key, node in inner.items():
        whole = f"{path}.{key}" if path else key
        meaning = to_sentence(str(node.get("description") or MEANINGS[key]))
        values = _describe_file_values(node)
        yield whole, values + ("; always" if key in required else ""), meaning
        yield from _walk_schema(node, whole)
        if isinstance(node.get("items"), Mapping):
            yield from _walk_schema(node["items"], f"{whole}[]")
        if isinstance(node.get("additionalProperties"), Mapping):
            yield from _walk_schema(node["additionalProperties"], f"{whole}.NAME")


def _name_patterns(schema: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        r"^[0-9a-f]{64}/[0-9a-f]{64}(-\d+)?$": "DIGEST/SHA256",
        r"^[0-9a-f]{64}/t\d{2,}$": "DIGEST/TAKE",
        "^[0-9a-f]{64}/pick$": "DIGEST/pick",
        "^[0-9a-f]{64}/rejected$": "DIGEST/rejected",
        "^x-": "",
    }
    patterns = schema.get("patternProperties", {})
    return {
        names.get(pattern, "NAME"): node
        for pattern, node in patterns.items()
        if names.get(pattern, "NAME")
    }


def _describe_file_values(node: Mapping[str, Any]) -> str:
    if "$ref" in node:
        return str(node["$ref"]).rpartition("/")[2]
    if "items" in node and isinstance(node["items"], Mapping):
        return "a list: " + _describe_file_values(node["items"])
    if node.get("pattern") == "^[0-9a-f]{64}$":
        return "64 hex digits"
    if "oneOf" in node or "anyOf" in node:
        forms = [_describe_file_values(each) for each in node.get("oneOf", node.get("anyOf"))]
        return join_words(forms, "or")
    return describe_values(node)


def _to_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


@cache
def _check_sample_film() -> list[dict[str, Any]]:
    from storyboard import check_film

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.yaml"
        path.write_text(_FILM, "utf-8")
        records = to_json_records(check_film(path).diagnostics)
    shown: list[Any] = json.loads(json.dumps(records).replace(str(path), "film.yaml"))
    return shown


def _plan_sample_film() -> dict[str, Any]:
    from storyboard import plan_film
    from storyboard.cli.plan_output import to_plan_document

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.yaml"
        path.write_text(_FILM.replace(", cast: [anna]", ""), "utf-8")
        return to_plan_document(plan_film(path))


def _write_sample_depfile() -> str:
    from storyboard import load

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.yaml"
        path.write_text(_FILM.replace("[anna]", "[ana]"), "utf-8")
        out = Path(folder) / "film.d"
        film = load(path).film
        assert film is not None
        write_depfile(out, Path("build/film.mp4"), film)
        return re.sub(r"\S*/(film\.yaml)", r"\1", out.read_text("utf-8"))
