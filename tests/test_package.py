"""What an installer gets: one name, one version, and what each part of the package needs."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from storyboard._version import DISTRIBUTION, __version__
from tests.conftest import ROOT, run_command


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def test_the_package_has_one_name_and_one_version(project: dict[str, Any]) -> None:
    assert (project["name"], project["version"]) == (DISTRIBUTION, __version__)
    installed = distribution(DISTRIBUTION)
    assert installed.version == __version__
    assert {point.name for point in installed.entry_points} >= {"storyboard", "previz", "effects"}


def test_the_command_tells_the_version_of_the_package(tmp_path: Path) -> None:
    assert run_command(tmp_path, "--version").out.strip() == f"storyboard {__version__}"


def test_nobody_is_told_to_install_a_stranger_of_our_name() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")]
    files = [*pages, *ROOT.glob("storyboard/**/*.py")]
    stranger = re.compile(r"install (?:-\S+ )*['\"]?storyboard(?!-)")
    assert [str(path) for path in files if stranger.search(path.read_text("utf-8"))] == []


def test_a_plug_in_depends_on_our_package() -> None:
    example = tomllib.loads((ROOT / "examples/plugin/pyproject.toml").read_text("utf-8"))
    assert example["project"]["dependencies"] == [DISTRIBUTION]
    assert f'dependencies = ["{DISTRIBUTION}"]' in (ROOT / "docs/plugins.md").read_text("utf-8")
