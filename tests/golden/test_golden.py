"""What must not change by accident: prompts, identities, plans. `make golden` writes them again.

Prompts and digests are what was bought: a change here would buy every film again.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from storyboard.cli import planview
from storyboard.graph.identity import identity
from storyboard.production import Production, examine
from storyboard.providers import registry
from storyboard.providers.base import Input

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def production() -> Production:
    return Production(examine(HERE / "film.yaml"))


def same(name: str, text: str, request: pytest.FixtureRequest) -> None:
    path = HERE / name
    if request.config.getoption("--update-golden"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text("utf-8") == text


def test_prompts(production: Production, request: pytest.FixtureRequest) -> None:
    steps = production.graph.steps.values()
    same("prompts.txt", "\n\n".join(f"{s.id}\n{s.prompt}" for s in steps) + "\n", request)


def test_identities(production: Production, request: pytest.FixtureRequest) -> None:
    """Of each step, with inputs whose content is fixed."""
    found = {}
    for step in production.graph.steps.values():
        inputs = [Input(link.role, "0" * 64) for link in step.links]
        for provider in ("vertex", "previz"):
            maker = registry.makers(provider)
            asked = identity(step, inputs, maker.reads, maker.revision)
            found[f"{step.id} by {provider}"] = asked.digest
    same("identities.json", json.dumps(found, indent=1) + "\n", request)


def test_plan(production: Production, request: pytest.FixtureRequest) -> None:
    plan = production.plan()
    same("plan.json", json.dumps(planview.document(plan), indent=1) + "\n", request)
    same("plan.txt", click.unstyle("\n".join(planview.human(plan))) + "\n", request)
    same("plan.md", "\n".join(planview.markdown(plan)) + "\n", request)
    same("plan.mmd", planview.mermaid(plan) + "\n", request)
