"""A style has words and a picture: the words always go along, the picture where it is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from storyboard.graph.compiler import Graph
from storyboard.pipeline.session import check_film
from storyboard.providers.base import Role
from tests.contract.vertex_cases import PNG

FILM = """
storyboard: 1
defaults: {provider: %s, model: %s, duration: 8}
cast:
  brush: {kind: style, image: brush.png, description: ink and wash}
  mira: {image: brush.png, description: a girl in a red coat}
shots:
  - {id: SH010, prompt: Someone walks, %s}
"""


@pytest.fixture
def compile_shot(write_film: Callable[..., Path]) -> Callable[..., Graph]:
    def check(provider: str, model: str, shot: str) -> Graph:
        path = write_film(FILM % (provider, model, shot))
        (path.parent / "brush.png").write_bytes(PNG)
        graph = check_film(path).graph
        assert graph is not None
        return graph

    return check


def list_messages(graph: Graph, code: str) -> list[str]:
    return [each.message for each in graph.diagnostics if each.code == code]


def list_sent_names(graph: Graph) -> list[str]:
    return [link.cast for link in graph.steps["SH010"].links if link.role is Role.REFERENCE]


@pytest.mark.parametrize("model", ["veo-3.1", "veo-3.1-fast"])
def test_an_explicit_style_picture_is_refused_where_the_model_takes_none(
    compile_shot: Callable[..., Graph], model: str
) -> None:
    graph = compile_shot("vertex", model, "references: [brush, mira]")
    (error,) = [each for each in graph.diagnostics if each.code == "SB417"]
    assert (
        "reference images only of a character, place or prop, and brush is a style" in error.message
    )
    assert "references: [mira]" in error.hint
    assert "cast: [brush]   # its description is in the prompt" in error.hint
    assert "model: gemini-omni-1.2-flash" in error.hint, "a model that takes it"


def test_of_the_cast_only_the_pictures_are_sent_that_the_model_takes(
    compile_shot: Callable[..., Graph],
) -> None:
    graph = compile_shot("vertex", "veo-3.1", "cast: [brush, mira]")
    assert list_sent_names(graph) == ["mira"]
    assert list_messages(graph, "SB423") == [
        "SH010 sends no picture of brush: veo-3.1-generate-001 takes none of a style; "
        "its description is in the prompt"
    ]
    assert "Brush: ink and wash." in graph.steps["SH010"].prompt


def test_a_style_alone_leaves_the_shot_without_references(
    compile_shot: Callable[..., Graph],
) -> None:
    graph = compile_shot("vertex", "veo-3.1", "cast: [brush]")
    assert list_sent_names(graph) == []
    assert "Brush: ink and wash." in graph.steps["SH010"].prompt


@pytest.mark.parametrize("key", ["cast", "references"])
def test_a_model_that_takes_styles_gets_the_picture_and_the_words(
    compile_shot: Callable[..., Graph], key: str
) -> None:
    graph = compile_shot("gemini", "omni-flash", f"{key}: [brush]")
    assert list_sent_names(graph) == ["brush"]
    assert not list_messages(graph, "SB423")
    assert "Brush: ink and wash." in graph.steps["SH010"].prompt


def test_a_character_that_is_only_a_reference_stays_out_of_the_words(
    compile_shot: Callable[..., Graph],
) -> None:
    graph = compile_shot("gemini", "omni-flash", "references: [mira]")
    assert graph.steps["SH010"].prompt == "Someone walks."
