"""The same film on every platform: prior video by its URI, pictures handed on, from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from storyboard.model.film import Take
from storyboard.pipeline.session import FilmSession, Overrides, check_film
from storyboard.simulator.server import Simulator
from storyboard.stitching.media.ffmpeg import extract_frame
from tests.conftest import CommandResult, RunCommand

CHAIN_ROUTES = frozenset({"vertex", "gemini", "chat", "omni", "omni-vertex"})
"""Routes whose catalogue entry has extension, both ends given, and references."""

ROUTES = {
    "vertex": "defaults: {provider: vertex, model: veo-3.1-fast}\n"
    "providers: {vertex: {storage_uri: gs://films/night}}",
    "gemini": "defaults: {provider: gemini, model: veo-3.1-fast}",
    "videos": "defaults: {provider: cometapi, model: veo-3.1-fast}",
    "chat": "defaults: {provider: cometapi, model: veo-3.1-fast}\n"
    "providers: {cometapi: {transport: chat}}",
    "omni": "defaults: {provider: gemini, model: omni-flash}",
    "omni-vertex": "defaults: {provider: vertex, model: omni-flash}\n"
    "providers: {vertex: {storage_uri: gs://films/night}}",
}
FILM = """
storyboard: 1
format: {resolution: 720p}
%s
cast: {ana: {image: ana.png, description: "Ana, grey cardigan"}}
shots:
  - {id: SH010, prompt: A boat leaves the harbour, duration: 4}
  - {id: SH020, continue: SH010, prompt: Out at sea, duration: 4}
"""
CHAINED = """
  - {id: SH030, extend: SH010, prompt: It goes on}
  - {id: SH040, first_frame: storm.png, last_frame: dawn.png, prompt: Night into day, duration: 4}
  - {id: SH050, prompt: Ana waits, references: [ana], duration: 8}
"""


@dataclass
class RenderedRoute:
    """A film on one platform, after its render."""

    name: str
    session: FilmSession
    result: CommandResult
    submits: list[Any]
    """JSON of the requests that made jobs, in order; None for a form."""

    @property
    def takes(self) -> dict[str, Take]:
        nodes = self.session.plan().nodes
        return {node.step.id: node.select for node in nodes if node.select}

    def read_frame(self, shot: str, number: int) -> np.ndarray[Any, Any]:
        """A frame of the take's own count, small, as numbers; -1 is the last."""
        take = self.takes[shot]
        assert self.session.store is not None
        number = number % take.facts.frames
        out = self.session.film.root / f"{shot}-{number}.png"
        extract_frame(self.session.store.require_file(take.sha256), number, out)
        return read_small(out)

    def find_request(self, words: str) -> str:
        """The request whose prompt holds those words."""
        return next(str(body) for body in self.submits if words in str(body))


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def render_route(
    simulator: Simulator, cli: RunCommand, write_film: Callable[..., Path]
) -> Callable[[str], RenderedRoute]:
    def render(name: str) -> RenderedRoute:
        film = write_film(FILM % ROUTES[name] + (CHAINED if name in CHAIN_ROUTES else ""))
        for number, picture in enumerate(("ana", "storm", "dawn")):
            write_picture(film.parent / f"{picture}.png", number)
        before = len(simulator.world.journal)
        shots = ["SH010", "SH020", "SH030", "SH040", "SH050"][: 5 if name in CHAIN_ROUTES else 2]
        # Named one by one, so that the film is not cut.
        write_film(film.read_text() + "  - {color: black, length: 1, id: SH900}\n")
        result = cli("render", film, *shots, "--yes", "--allow-retired", **simulator.environment())
        assert result.code == 0, result.err
        entries = list(simulator.world.journal)[before:]
        submits = [request.json for request in entries if request.route == "submit"]
        flags = Overrides(allow_retired=True)
        return RenderedRoute(name, FilmSession(check_film(film, flags)), result, submits)

    return render


@pytest.mark.parametrize("name", list(ROUTES))
def test_the_last_frame_of_a_shot_is_the_first_of_its_continuation(
    name: str, render_route: Callable[[str], RenderedRoute]
) -> None:
    route = render_route(name)
    assert are_alike(route.read_frame("SH010", -1), route.read_frame("SH020", 0))
    assert route.takes["SH020"].facts.frames == 96
    if name not in CHAIN_ROUTES:
        return
    source, longer = route.takes["SH010"], route.takes["SH030"]
    assert source.uri
    prior = source.uri.removeprefix("interactions/")
    assert prior in route.find_request("It goes on"), "the prior video is handed on by its name"
    assert longer.contains_source
    assert longer.source_frames == 96
    assert longer.tail.length == 24 * (8 if name.startswith("omni") else 7)
    assert are_alike(route.read_frame("SH010", 50), route.read_frame("SH030", 50)), (
        "it holds its source"
    )

    assert are_alike(
        route.read_frame("SH040", 0), read_small(route.session.film.root / "storm.png")
    )
    assert are_alike(
        route.read_frame("SH040", -1), read_small(route.session.film.root / "dawn.png")
    )
    assert not are_alike(route.read_frame("SH040", 0), route.read_frame("SH040", -1))

    assert route.find_request("Ana waits").count("sha256") == 1, "one image of the cast went along"


@pytest.mark.parametrize("shot", ["extend: SH010", "first_frame: a.png, last_frame: b.png"])
def test_an_unsupported_feature_is_refused_with_who_supports_it(
    shot: str, cli: RunCommand, write_film: Callable[..., Path]
) -> None:
    film = write_film(FILM % ROUTES["videos"] + f"  - {{id: SH030, {shot}, prompt: It goes on}}\n")
    for number, picture in enumerate(("ana", "a", "b")):
        write_picture(film.parent / f"{picture}.png", number)
    result = cli("plan", film)
    assert result.code == 1
    assert "provider: vertex" in result.err + result.out


def write_picture(path: Path, number: int) -> None:
    """A picture that is like no other."""
    across = np.linspace(0, 255, 1280, dtype=np.uint8)
    picture = np.zeros((720, 1280, 3), np.uint8)
    picture[:, :, number] = across
    picture[200:520, 200 + 300 * number : 500 + 300 * number] = 255
    cv2.imwrite(str(path), picture)


def read_small(path: Path) -> np.ndarray[Any, Any]:
    picture = cv2.imread(str(path))
    assert picture is not None
    return cv2.resize(picture, (64, 36), interpolation=cv2.INTER_AREA).astype(np.float32)


def are_alike(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return float(np.abs(one - other).mean()) < 6
