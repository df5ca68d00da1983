"""What must not change by accident: prompts, identities, plans. `make golden` writes them again.

Prompts and digests are what was bought: a change here would buy every film again.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storyboard.cli import plan_output
from storyboard.cli.terminal.palette import to_terminal_text
from storyboard.graph.step_identity import compute_identity
from storyboard.pipeline.session import FilmSession, check_film
from storyboard.providers import registry
from storyboard.providers.base import Input

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def production() -> FilmSession:
    return FilmSession(check_film(HERE / "film.yaml"))


def compare_with_golden(name: str, text: str, request: pytest.FixtureRequest) -> None:
    path = HERE / name
    if request.config.getoption("--update-golden"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text("utf-8") == text


def test_prompts(production: FilmSession, request: pytest.FixtureRequest) -> None:
    steps = production.graph.steps.values()
    compare_with_golden(
        "prompts.txt", "\n\n".join(f"{s.id}\n{s.prompt}" for s in steps) + "\n", request
    )


def test_identities(production: FilmSession, request: pytest.FixtureRequest) -> None:
    """Of each step, with inputs whose content is fixed."""
    identities = {}
    for step in production.graph.steps.values():
        inputs = [Input(link.role, "0" * 64) for link in step.links]
        for provider in ("vertex", "previz"):
            maker = registry.read_provider_traits(provider)
            step_digest = compute_identity(step, inputs, maker.reads, maker.revision)
            identities[f"{step.id} by {provider}"] = step_digest.digest
    compare_with_golden("identities.json", json.dumps(identities, indent=1) + "\n", request)


def test_plan(production: FilmSession, request: pytest.FixtureRequest) -> None:
    plan = production.plan()
    compare_with_golden(
        "plan.json", json.dumps(plan_output.to_plan_document(plan), indent=1) + "\n", request
    )
    compare_with_golden(
        "plan.txt",
        to_terminal_text("\n".join(plan_output.format_plan_table(plan)), is_colored=False) + "\n",
        request,
    )
    compare_with_golden(
        "plan.md", "\n".join(plan_output.format_plan_markdown(plan)) + "\n", request
    )
    compare_with_golden("plan.mmd", plan_output.format_mermaid_graph(plan) + "\n", request)
