"""Whoever reads JSON reads of what went wrong in JSON, whichever verb was asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import jsonschema
import pytest

from storyboard.run.ledger.attempts import Attempt, State
from storyboard.run.ledger.ledger import Ledger
from storyboard.run.paths import locate_state_folder
from tests.conftest import ROOT
from tests.story.wires import run_in_process

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
def test_a_refusal_is_reported_in_json(
    code: int, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_in_process(capsys, *arguments, "--json")
    assert result.code == code
    if arguments[0] == "render":
        (line,) = result.out.splitlines()
        answer = json.loads(line)
        schema = (ROOT / "schemas" / "event.schema.json").read_text()
        jsonschema.validate(answer, json.loads(schema))
        assert answer["type"] == "error"
    else:
        answer = result.json
    assert answer["format"] == 1
    if code == 1:
        assert answer["diagnostics"][0]["code"].startswith("SB")
    else:
        assert answer["error"]["exit_code"] == code
        assert answer["error"]["message"]


def test_an_attempt_to_resolve_is_reported_in_json(
    film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger(locate_state_folder(film))

    async def leave_unknown_attempt() -> None:
        attempt = Attempt("d" * 64, 1, "SH010", "SH010", "generate", "vertex", "veo", False)
        attempts = await ledger.reserve_attempts([attempt], price_micros=1_600_000, cap_micros=None)
        for state in (State.SUBMITTING, State.UNKNOWN):
            attempts = await ledger.transition_together(attempts, state)

    asyncio.run(leave_unknown_attempt())
    ledger.close()
    result = run_in_process(capsys, "resolve", "film.yaml", "SH010", "--json")
    assert result.code == 7
    answer = result.json
    assert (answer["attempt"], answer["state"]) == ("SH010:t01", "unknown")
    assert answer["held_usd"] == "1.60"
