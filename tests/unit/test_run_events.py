"""The records of a run: a closed set, one line each, and an exit code at the end."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from storyboard.errors import (
    DecisionNeeded,
    EnvironmentProblem,
    MoneyRefused,
    OperationFailed,
    StoryboardError,
)
from storyboard.run.events import EVENT_TYPES, Event, Note, RunLog, StepFinished, combine_sinks
from storyboard.run.result import RunResult

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "event.schema.json").read_text())
SOME: dict[str, Any] = {
    "str": "x",
    "int": 3,
    "float": 0.5,
    "bool": True,
    "float | None": 0.5,
    "tuple[int, ...]": (11, 360),
    "tuple[str, ...]": ("SH010",),
    "dict[str, Any] | None": {"message": "no", "hint": "", "exit_code": 6},
    "tuple[dict[str, Any], ...]": ({"code": "SB101"},),
}


@pytest.mark.parametrize("type", EVENT_TYPES, ids=lambda type: type.type)
def test_every_record_is_in_the_schema_with_every_field(type: Any) -> None:
    fields = {f.name: SOME[f.type] for f in dataclasses.fields(type) if f.name != "time"}
    record = type(**fields).to_record()
    jsonschema.validate(record, SCHEMA)
    assert set(record) == {"format", "type", "time", *fields}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**record, "colour": "red"}, SCHEMA)


def test_the_schema_knows_no_other_types() -> None:
    assert SCHEMA["properties"]["type"]["enum"] == [type.type for type in EVENT_TYPES]


def test_what_is_empty_is_left_out_but_never_what_is_wanted() -> None:
    assert set(Note(message="", time=1.0).to_record()) == {"format", "type", "time", "message"}


def test_the_run_log_has_a_line_for_every_record_at_once(tmp_path: Path) -> None:
    log = RunLog(tmp_path, "20261123T042911-ab12cd")
    heard: list[Event] = []
    tell = combine_sinks(log, heard.append)
    tell(StepFinished(step="SH010", status="kept", take="t01"))
    tell(Note(message="größer"))
    lines = log.path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["step_finished", "note"]
    assert len(heard) == 2
    log.close()
    assert log.path.name == "20261123T042911-ab12cd.jsonl"


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (RunResult(), 0),
        (RunResult(failed={"a": OperationFailed("no")}), 3),
        (RunResult(failed={"a": OperationFailed("no"), "b": MoneyRefused("no")}), 6),
        (RunResult(failed={"a": EnvironmentProblem("no"), "b": OperationFailed("no")}), 4),
        (RunResult(failed={"a": MoneyRefused("no")}, unknown={"b": DecisionNeeded("?")}), 7),
        (RunResult(unknown={"b": DecisionNeeded("?")}, interrupted=True), 130),
        (RunResult(failed={"a": StoryboardError("no")}, blocked={"b": "waits for a"}), 3),
    ],
)
def test_the_worst_that_happened_is_the_exit_code(result: RunResult, code: int) -> None:
    assert result.exit_code == code
    assert result.to_summary("r").to_record()["exit_code"] == code
    assert result.is_complete == (code == 0)
