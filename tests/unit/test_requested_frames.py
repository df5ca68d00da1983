"""A film is delivered in any frame; the model is asked for the nearest that it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storyboard.language import to_storyboard_data
from storyboard.model.delivery import compute_frame_size
from storyboard.model.film import Delivery
from storyboard.model.framing import Framing
from storyboard.pipeline.session import CheckedFilm, check_film
from tests.unit.films import compile_shots, list_codes, make_shot

PAID: dict[str, Any] = {"provider": "vertex"}


def write_and_check(folder: Path, text: str) -> CheckedFilm:
    path = folder / "film.yaml"
    path.write_text(f"storyboard: 1\n{text}", "utf-8")
    return check_film(path)


@pytest.mark.parametrize(
    ("delivered", "requested"),
    [
        ("2.39:1", "16:9"),
        ("1.85:1", "16:9"),
        ("4:3", "16:9"),
        ("1:1", "16:9"),
        ("4:5", "9:16"),
        ("9:16", "9:16"),
        ("2:3", "9:16"),
    ],
)
def test_the_nearest_frame_of_the_model_is_requested(delivered: str, requested: str) -> None:
    shot = make_shot("SH010", aspect_ratio=delivered, **PAID)
    shot.origins.pop("aspect_ratio")  # type: ignore[attr-defined]
    graph = compile_shots(shot, delivery=Delivery(delivered))
    assert list_codes(graph) == []
    assert graph.steps["SH010"].settings.aspect_ratio == requested
    assert list_codes(graph, "note").count("SB435") == (delivered != requested)


def test_a_frame_that_a_shot_states_is_never_changed() -> None:
    shot = make_shot("SH010", aspect_ratio="2.39:1", **PAID)
    assert list_codes(compile_shots(shot, delivery=Delivery("2.39:1"))) == ["SB412"]


def test_another_fit_or_frame_buys_nothing_again(tmp_path: Path) -> None:
    digests = set()
    for ratio, fit in (("2.39:1", "pad"), ("2.39:1", "{crop: top}"), ("1.85:1", "blur")):
        film = write_and_check(
            tmp_path,
            f'format: {{aspect_ratio: "{ratio}", fit: {fit}}}\n'
            "shots:\n  - {id: A, prompt: a, provider: vertex, length: 4}\n",
        )
        assert film.is_valid
        assert film.graph
        digests.add(repr(film.graph.steps["A"].settings))
    assert len(digests) == 1


def test_previz_draws_for_the_frame_of_the_film_unless_the_framing_is_said(
    tmp_path: Path,
) -> None:
    film = write_and_check(
        tmp_path,
        """
format: {aspect_ratio: "2.39:1"}
shots:
  - {id: A, prompt: a, length: 4}
  - {id: B, extend: A, prompt: on, fit: pad}
  - {id: C, prompt: c, length: 4, fit: {crop: top}}
""",
    )
    assert film.is_valid, film.diagnostics
    assert film.graph
    drawn = {id: step.settings.aspect_ratio for id, step in film.graph.steps.items()}
    assert drawn == {"A": "2.39:1", "B": "2.39:1", "C": "16:9"}


def test_show_says_what_is_requested_and_how_it_fits(tmp_path: Path) -> None:
    film = write_and_check(
        tmp_path,
        """
format: {aspect_ratio: "2.39:1", resolution: 1080p}
shots:
  - {id: A, prompt: a, length: 4}
  - sequence: Q
    fit: blur
    shots:
      - {id: B, prompt: b, length: 4}
      - {id: C, prompt: c, length: 4, fit: [crop, {crop: [0.6, 0.4], zoom: 1.15}]}
""",
    )
    assert film.graph
    shown = to_storyboard_data(film.graph.film)
    assert shown["format"]["aspect_ratio"] == "2.39:1"
    assert [shot["aspect_ratio"] for shot in shown["shots"]] == ["16:9"] * 3
    assert [shot["fit"] for shot in shown["shots"]] == [
        "crop",
        "blur",
        ["crop", {"crop": [0.6, 0.4], "zoom": 1.15}],
    ]


def test_several_framings_that_are_wrong_are_all_told(tmp_path: Path) -> None:
    film = write_and_check(
        tmp_path,
        """
format: {fit: stretch}
shots:
  - {id: A, prompt: a, fit: {crop: middle}}
  - {id: B, prompt: b, fit: {crop: [0.5, 2]}}
  - {id: C, prompt: c, fit: {crop: top, zoom: 0.5}}
  - {id: D, prompt: d, fit: [crop]}
  - {id: E, color: black, length: 1, fit: crop}
""",
    )
    lines = sorted(d.span.line for d in film.diagnostics if d.severity == "error")
    assert lines == [3, 5, 6, 7, 8, 9]


def test_a_plain_crop_is_what_is_said_by_default() -> None:
    assert Framing() == Framing(position=(0.5, 0.5), zoom=1.0)


@pytest.mark.parametrize("resolution", ["180p", "480p", "720p", "1080p", "4k"])
@pytest.mark.parametrize("ratio", ["2.39:1", "1.85:1", "2:1", "4:5", "1:1", "9:16", "4:3", "9:21"])
def test_every_frame_has_even_sides_and_its_shape(resolution: str, ratio: str) -> None:
    width, height = compute_frame_size(resolution, ratio)
    across, down = map(float, ratio.split(":"))
    assert width % 2 == height % 2 == 0
    assert abs(width / height - across / down) * min(width, height) <= 2.4 * across / down
