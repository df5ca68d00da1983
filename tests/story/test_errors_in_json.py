"""Whoever reads JSON reads of what went wrong in JSON, whichever verb was asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import jsonschema
import pytest

from storyboard.run.attempts import Attempt, State
from storyboard.run.ledger import Ledger
from storyboard.run.places import state_folder
from tests.conftest import ROOT
from tests.story.wires import cli

PAID = """\
storyboard: 1
defaults: {provider: vertex, model: veo-3.1, duration: 4}
shots: [{id: SH010, prompt: A boat}]
"""


@pytest.fixture(autouse=True)
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "film.yaml"
    path.write_text(PAID)
    (tmp_path / "wrong.yaml").write_text(PAID.replace("prompt:", "promt:"))
    return path


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (6, ["render", "film.yaml"]),
        (2, ["render", "film.yaml", "SH099"]),
        (2, ["render", "film.yaml", "--max-cost", "much"]),
        (2, ["render", "film.yaml", "--colour"]),
        (1, ["render", "wrong.yaml"]),
        (1, ["plan", "wrong.yaml"]),
        (2, ["plan", "film.yaml", "--out", "."]),
        (2, ["models", "nope"]),
        (2, ["resolve", "film.yaml", "SH010"]),
    ],
)
def test_a_refusal_is_told_in_json(
    code: int, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = cli(capsys, *arguments, "--json")
    assert said.code == code
    if arguments[0] == "render":
        (line,) = said.out.splitlines()
        told = json.loads(line)
        schema = (ROOT / "schemas" / "event.schema.json").read_text()
        jsonschema.validate(told, json.loads(schema))
        assert told["type"] == "error"
    else:
        told = said.json
    assert told["format"] == 1
    if code == 1:
        assert told["diagnostics"][0]["code"].startswith("SB")
    else:
        assert told["error"]["exit_code"] == code
        assert told["error"]["message"]


def test_what_waits_for_a_person_is_told_in_json(
    film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger(state_folder(film))

    async def unknown() -> None:
        attempt = Attempt("d" * 64, 1, "SH010", "SH010", "generate", "vertex", "veo", False)
        begun = await ledger.begin([attempt], price_micros=1_600_000, cap_micros=None)
        for state in (State.SUBMITTING, State.UNKNOWN):
            begun = await ledger.advance_all(begun, state)

    asyncio.run(unknown())
    ledger.close()
    said = cli(capsys, "resolve", "film.yaml", "SH010", "--json")
    assert said.code == 7
    told = said.json
    assert (told["attempt"], told["state"]) == ("SH010:t01", "unknown")
    assert told["held_usd"] == "1.60"
