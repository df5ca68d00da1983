"""Beside every film stands where each of its frames comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.conftest import RunCommand

FILM = """
storyboard: 1
format: {resolution: 720p}
defaults: {provider: studio, model: studio-1, duration: 4}
policy: {on_filtered: retry}
shots:
  - {id: SH010, prompt: A secret lighthouse, length: 2, seed: 7}
  - {id: SH020, continue: SH010, prompt: A car, length: 1}
  - {color: black, length: 1}
  - {id: SH030, clip: SH010, trim: {start: 2}, length: 1, transition: {dissolve: 0.25, frames: overlap}}
"""  # noqa: E501


def render_provenance(cli: RunCommand, film: Path) -> dict[str, Any]:
    said = cli("render", film, "--yes", STORYBOARD_POLL_S="0.01")
    assert said.code == 0, said.err
    out = film.parent / said.out.strip()
    provenance: dict[str, Any] = json.loads(out.with_suffix(".provenance.json").read_text())
    return provenance


def test_every_frame_of_the_film_is_listed_once_and_in_order(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    provenance = render_provenance(cli, write_film(FILM))
    assert provenance["format"] == 1
    ranges = provenance["ranges"]
    assert [frame_range["shot"] for frame_range in ranges][:2] == ["SH010", "SH020"]
    assert ranges[0]["from"] == 0
    assert ranges[-1]["to"] == provenance["frames"]
    for one, other in pairwise(ranges):
        over = one["to"] - other["from"]
        assert over == (6 if "entering" in other else 0)
    assert ranges[2]["plain"] == "black"


def test_it_names_the_provider_sources_and_price_of_a_take(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(FILM)
    provenance = render_provenance(cli, film)
    first, second, _, again = provenance["ranges"]
    assert (first["provider"], first["model"], first["seed"]) == ("studio", "studio-1", 7)
    assert first["price_usd"] == 0.4
    assert first["operation"].startswith("jobs/")
    assert second["parents"] == [
        {"role": "first_frame", "step": "SH010", "take": "t01", "sha256": first["sha256"]}
    ]
    assert again["sha256"] == first["sha256"]
    assert provenance["price_usd"] == 0.8, "what plays twice was bought once"
    assert provenance["digital_source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert "lighthouse" not in json.dumps(provenance), "words are told by their hash"


def test_it_comes_back_when_it_was_removed(
    cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(FILM)
    render_provenance(cli, film)
    provenance_file = film.parent / "build" / "film.provenance.json"
    before = provenance_file.read_text()
    provenance_file.unlink()
    assert cli("render", film, STORYBOARD_POLL_S="0.01").code == 0
    assert provenance_file.read_text() == before
