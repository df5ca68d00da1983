"""`storyboard simulate`: what it prints, who can use it, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from storyboard.cli.app import run_command_line
from storyboard.simulator.faults import KINDS
from tests.conftest import ROOT


def test_a_shell_gets_every_variable_and_ctrl_c_ends_the_simulator(tmp_path: Path) -> None:
    bill = tmp_path / "bill.jsonl"
    command = [sys.executable, "-m", "storyboard", "simulate", "--bill", str(bill)]
    with subprocess.Popen(
        [*command, "--fault", "rate_limit=7"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        variables = dict(
            process.stdout.readline().strip().removeprefix("export ").split("=", 1)
            for _ in range(10)
        )
        origin = variables["STORYBOARD_GEMINI_BASE_URL"]
        account = Path(variables["GOOGLE_APPLICATION_CREDENTIALS"])
        assert json.loads(account.read_text())["token_uri"] == f"{origin}/token"
        model = f"{origin}/v1beta/models/veo-3.1-fast-generate-preview:predictLongRunning"
        headers = {"x-goog-api-key": variables["GEMINI_API_KEY"]}
        body = {"instances": [{"prompt": "a ferry"}]}
        codes = [httpx.post(model, json=body, headers=headers).status_code for _ in range(2)]
        assert codes == [429, 200]
        process.send_signal(signal.SIGINT)
        try:
            _, stderr = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "429 POST /v1beta/models/veo-3.1-fast-generate-preview:predictLongRunning" in stderr
    assert stderr.splitlines()[-1] == "1 charges, 0.80 USD in all"
    assert variables["GEMINI_API_KEY"] not in stderr
    assert [json.loads(line)["usd"] for line in bill.read_text().splitlines()] == ["0.8"]
    assert not account.exists()


WITHOUT_THE_EXTRA = """
import sys

for name in ("starlette", "uvicorn", "python_multipart", "multipart"):
    sys.modules[name] = None  # an import raises ModuleNotFoundError, as if it were not installed
from storyboard.__main__ import main

main()
"""


def run_without_the_extra(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_THE_EXTRA, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_without_its_extra_the_simulator_says_how_to_get_it() -> None:
    result = run_without_the_extra("simulate")
    assert (result.returncode, result.stdout) == (4, "")
    assert "needs starlette, uvicorn, python_multipart" in result.stderr
    assert "pip install 'storyboard-film[simulator]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_the_simulator_everything_else_works() -> None:
    assert run_without_the_extra("simulate", "--help").returncode == 0
    film = str(ROOT / "examples" / "01-one-shot" / "film.yaml")
    planned = run_without_the_extra("plan", film, "--provider", "vertex")
    assert (planned.returncode, planned.stderr) == (0, "")


def test_impossible_arguments_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for arguments, code, words in (
            (("--fault", "nonsense"), 2, "there are drop_before"),
            (("--port", str(taken.getsockname()[1])), 4, "can't be used"),
            (("--bill", "no/such/folder/bill.jsonl"), 4, "no/such/folder"),
        ):
            assert run_command_line(["simulate", *arguments]) == code
            assert words in capsys.readouterr().err


def test_every_fault_and_option_is_in_the_manual(capsys: pytest.CaptureFixture[str]) -> None:
    manual = (ROOT / "docs" / "simulator.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in manual] == []
    run_command_line(["simulate", "--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    assert {each for each in options - {"--help", "--quiet"} if f"`{each}" not in manual} == set()
