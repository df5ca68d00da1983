"""What a shell is offered on Tab: quickly, and of a half-written film too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from storyboard.cli.app import VERBS
from tests.conftest import ROOT, RunCommand
from tests.test_layers import HEAVY

FILM = """\
storyboard: 1
profiles:
  draft:
    defaults: {model: veo-3.1-fast}
  final: {defaults: {model: veo-3.1}}
shots:
  - id: SH010
    prompt: A boat
  - {sequence: SQ01, shots: [{id: SH020, prompt: "a gull, id: none"}]}
  - include: parts/end.yaml
"""
LOCK = """\
format: 1
steps:
  {digest}:
    shot: SH010
    step: SH010
    takes:
      t01: {{}}
      t02: {{}}
"""


def complete(folder: Path, line: str) -> list[str]:
    """What is offered for the last word of a line; heavy modules must not be loaded for it."""
    words = line.split(" ")
    code = (
        "import sys, atexit; from storyboard.cli.app import run_command_line;"
        f"atexit.register(lambda: print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr));"
        "run_command_line([])"
    )
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "_STORYBOARD_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stderr.strip() == "[]"
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.fixture
def film(write_film: Callable[..., Path]) -> Path:
    write_film("shots:\n  - {id: SH900, prompt: Night}\n", "parts/end.yaml")
    write_film(LOCK.format(digest="a" * 64), "film.selects.yaml")
    return write_film(FILM)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("storyboard render film.yaml S", ["SH010", "SH020", "SH900"]),
        ("storyboard plan film.yaml --retake SH9", ["SH900"]),
        ("storyboard takes film.yaml seq:", ["seq:SQ01"]),
        ("storyboard pick film.yaml SH010 ", ["t01", "t02"]),
        ("storyboard reject film.yaml SH020 ", []),
        ("storyboard plan film.yaml --profile ", ["draft", "final"]),
        ("storyboard check film.yaml --model veo-3.1-fast-g", ["veo-3.1-fast-generate-001"]),
        ("storyboard render film.yaml --provider v", ["vertex"]),
        ("storyboard models prev", ["previz"]),
    ],
)  # fmt: skip
def test_names_are_completed(film: Path, line: str, offered: list[str]) -> None:
    assert complete(film.parent, line) == offered


@pytest.mark.parametrize(
    "text", [FILM + "  - {id: SH030, prompt: [\n", "\x00\xff id: SH010", "", "shots: {{{"]
)
def test_a_broken_film_is_no_obstacle(film: Path, text: str) -> None:
    film.write_text(text, encoding="latin-1")
    offered = complete(film.parent, "storyboard render film.yaml S")
    assert ("SH020" in offered) is ("SH020" in text)


def test_an_included_device_is_not_read(film: Path) -> None:
    film.write_text("include: /dev/zero\nshots: [{id: SH010}]\n")
    assert "SH010" in complete(film.parent, "storyboard render film.yaml S")


@pytest.mark.parametrize("verb", [*VERBS, "store ls", "store why", "store gc"])
def test_the_help_of_every_verb_has_examples(cli: RunCommand, verb: str) -> None:
    shown = cli(*verb.split(" "), "--help").out
    examples = shown.partition("Examples:\n")[2].splitlines()
    assert examples
    assert all(line.startswith(f"    storyboard {verb.split(' ')[0]} ") or
               line.strip() == f"storyboard {verb}" for line in examples)  # fmt: skip
