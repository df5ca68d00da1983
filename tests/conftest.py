"""What every test has: a clean environment, no keys, and a command line in its own folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from storyboard.environment import TODAY_VARIABLE
from storyboard.providers.registry import load_known_secrets

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")  # the same examples for everybody: a failure is no coincidence

ROOT = Path(__file__).parent.parent
PLUGINS = ROOT / "tests" / "plugins"
_KEY_VARIABLES = load_known_secrets().key_variables


@pytest.fixture(autouse=True)
def _clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        ours = name.startswith("STORYBOARD_") and name != TODAY_VARIABLE
        if ours or name in (*_KEY_VARIABLES, "NO_COLOR", "GITHUB_ACTIONS"):
            monkeypatch.delenv(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the goldens again")


@dataclass(frozen=True)
class CommandResult:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


RunCommand = Callable[..., CommandResult]


def run_command(folder: Path, *arguments: object, **env: str) -> CommandResult:
    """Runs `storyboard ARGS` in `folder` as its user would, the studio plugged in."""
    process = subprocess.run(
        [sys.executable, "-m", "storyboard", *map(str, arguments)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{PLUGINS}",
            "STUDIO_BILL": str(folder / "bill.jsonl"),
            **env,
        },
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in process.stderr, process.stderr
    return CommandResult(process.returncode, process.stdout, process.stderr)


@pytest.fixture
def cli(tmp_path: Path) -> RunCommand:
    """The command line, in the test's folder unless `cwd` names another."""

    def run(*arguments: object, cwd: Path = tmp_path, **env: str) -> CommandResult:
        return run_command(cwd, *arguments, **{"STUDIO_BILL": str(tmp_path / "bill.jsonl"), **env})

    return run


@pytest.fixture
def write_film(tmp_path: Path) -> Callable[..., Path]:
    """Writes a film (or another file) into the test's folder."""

    def write_text_file(text: str, name: str = "film.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_text_file


@pytest.fixture
def read_bill(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """What the studio has billed so far."""

    def read_lines() -> list[dict[str, Any]]:
        path = tmp_path / "bill.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read_lines
