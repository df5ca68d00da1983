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


def read_requirements(name: str) -> list[str]:
    lines = (ROOT / "requirements" / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("-r ")]


def test_the_locks_are_made_of_what_the_package_needs(project: dict[str, Any]) -> None:
    assert read_requirements("runtime.in") == [*project["dependencies"], "hatchling"]
    assert read_requirements("simulator.in") == project["optional-dependencies"]["simulator"]


def test_only_the_simulator_needs_a_web_server() -> None:
    pins = re.compile(r"^(starlette|uvicorn|python-multipart)==", flags=re.M)
    runtime, dev = (
        (ROOT / "requirements" / name).read_text("utf-8") for name in ("runtime.txt", "dev.txt")
    )
    assert (len(pins.findall(runtime)), len(pins.findall(dev))) == (0, 3)
    imports = re.compile(r"^\s*(from|import) (starlette|uvicorn|python_multipart)\b", flags=re.M)
    importers = {
        path.relative_to(ROOT / "storyboard").parts[0]
        for path in ROOT.glob("storyboard/**/*.py")
        if imports.search(path.read_text("utf-8"))
    }
    assert importers == {"simulator"}


def test_nobody_is_told_to_install_a_stranger_of_our_name() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")]
    files = [*pages, *ROOT.glob("storyboard/**/*.py")]
    stranger = re.compile(r"install (?:-\S+ )*['\"]?storyboard(?!-)")
    assert [str(path) for path in files if stranger.search(path.read_text("utf-8"))] == []


def test_a_plug_in_depends_on_our_package() -> None:
    example = tomllib.loads((ROOT / "examples/plugin/pyproject.toml").read_text("utf-8"))
    assert example["project"]["dependencies"] == [DISTRIBUTION]
    assert f'dependencies = ["{DISTRIBUTION}"]' in (ROOT / "docs/plugins.md").read_text("utf-8")
