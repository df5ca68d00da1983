"""The reference pages say what the tables of the program say."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import storyboard
from reference.__main__ import FOLDER, PAGES, build_page
from reference.format_keys import (
    ACTIONS,
    CHECK_KEYS,
    EVENTS,
    PLAN_KEYS,
    PROVENANCE_KEYS,
    REASONS,
    SAVED_PLAN_KEYS,
)
from reference.readme import README, build_readme, extract_film
from storyboard.cli.exit_codes import EXIT_CODES
from storyboard.environment import VARIABLES
from storyboard.errors import Severity, StoryboardError
from storyboard.pipeline.session import check_film
from storyboard.plan.plan import Action, Reason
from storyboard.providers.registry import list_declarations
from storyboard.run.events import EVENT_TYPES
from tests.conftest import ROOT, RunCommand

FILM = """\
storyboard: 1
title: The Letter
cast: {ana: {description: Ana, still: a portrait}}
shots:
  - {card: ONE, length: 0.5}
  - {id: SH010, prompt: A kitchen, cast: [ana], length: 1, handles: 0.5}
  - {id: SH020, extend: SH010, prompt: Ana reads, length: 1, transition: {dissolve: 0.5}}
  - {id: SH030, clip: SH010, length: 0.5, effects: [BlackAndWhite]}
sound: {narration: [{at: SH020, ana: It came on Tuesday.}]}
"""


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == build_page(name), "run `make reference`"


def test_every_variable_that_the_product_names_is_in_the_table() -> None:
    """A name in the text of a module is read by it, or told to a user."""
    named = {
        variable
        for path in ROOT.glob("storyboard/**/*.py")
        for variable in re.findall(r"STORYBOARD_[A-Z_]+\b", path.read_text("utf-8"))
    }
    declared = {
        variable
        for declaration in list_declarations().values()
        for variable in declaration.base_url_variables
    }
    assert named - declared == VARIABLES.keys()


def test_every_exit_code_of_an_error_is_in_the_table() -> None:
    errors = [getattr(storyboard, name) for name in storyboard.__all__]
    codes = {
        error.exit_code
        for error in errors
        if isinstance(error, type) and issubclass(error, StoryboardError)
    }
    assert codes <= EXIT_CODES.keys()


def test_every_action_reason_and_event_is_explained() -> None:
    assert (set(ACTIONS), set(REASONS)) == (set(Action), set(Reason))
    assert [event.type for event in EVENT_TYPES] == list(EVENTS)


def list_key_paths(value: Any, path: str = "") -> Iterator[str]:
    """`nodes[].id` and so on of every key in a JSON document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from list_key_paths(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        yield path + "[]"
        for inner in value:
            yield from list_key_paths(inner, path + "[]")
    else:
        yield path


def find_unexplained(document: Any, keys: Any) -> set[str]:
    """The paths that are no key of the table, nor inside of one."""
    return {
        path
        for path in list_key_paths(document)
        if not any(
            path == key or path.startswith((key + ".", key + "[")) or key.startswith(path)
            for key in keys
        )
    }


def test_the_keys_of_check_are_explained(cli: RunCommand, write_film: Any) -> None:
    write_film("storyboard: 1\nshots:\n  - {id: SH010, prompt: a, cast: [bo]}\n  - {id: SH010}\n")
    document = cli("check", "film.yaml", "--json").json
    assert document["diagnostics"]
    assert find_unexplained(document, CHECK_KEYS) == set()


def test_the_keys_of_a_plan_are_explained(cli: RunCommand, write_film: Any) -> None:
    write_film(FILM)
    document = cli("plan", "film.yaml", "--json", "--provider", "vertex", "--out", "plan.json").json
    assert find_unexplained(document, PLAN_KEYS) == set()
    saved = json.loads(Path(write_film(FILM)).with_name("plan.json").read_text("utf-8"))
    assert find_unexplained(saved, SAVED_PLAN_KEYS) == set()


def test_the_keys_of_a_provenance_are_explained(write_film: Any, tmp_path: Path) -> None:
    film = write_film(FILM)
    storyboard.render(film, out=tmp_path / "film.mp4", proxy=True)
    record = storyboard.read_provenance(tmp_path / "film.mp4")
    take_keys = [key.removeprefix("TAKE.") for key in PROVENANCE_KEYS if key.startswith("TAKE.")]
    lists = ("ranges", "narration", "made_from")
    taken = {f"{name}[].{key}" for name in lists for key in take_keys}
    spans = {f"narration[].{key}" for key in ("from", "to")}
    keys = {key for key in PROVENANCE_KEYS if not key.startswith("TAKE.")}
    keys -= {f"{name}[]" for name in lists}
    assert find_unexplained(record, keys | taken | spans) == set()
    assert {"entering", "parents"} <= {key for entry in record["ranges"] for key in entry}


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def test_no_page_names_an_option_that_no_command_has() -> None:
    reference = build_page("command_line.md")
    known = {*OPTION.findall(reference), "--help", "--version"}
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    unknown = {
        f"{page.relative_to(ROOT)}: {option}"
        for page in pages
        for line in page.read_text("utf-8").splitlines()
        if "storyboard" in line or "render" in line
        for option in OPTION.findall(line)
        if option not in known
    }
    assert unknown == set()


def test_the_reference_knows_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(Path.home()) + os.sep not in "".join(build_page(name) for name in PAGES)


def test_the_readme_shows_what_its_commands_print() -> None:
    readme = README.read_text("utf-8")
    assert readme.count("```console") >= 2
    assert readme == build_readme(readme), "run `make reference`"


def test_the_first_film_of_the_readme_checks_without_a_warning(tmp_path: Path) -> None:
    film = tmp_path / "film.yaml"
    film.write_text(extract_film(README.read_text("utf-8")), encoding="utf-8")
    findings = check_film(film).diagnostics
    assert [finding.message for finding in findings if finding.severity is not Severity.NOTE] == []
