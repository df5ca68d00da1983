"""Every provider keeps the one contract: ours, a stranger's, and the paid ones on the simulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from storyboard.previz.provider import Previz
from storyboard.providers.base import Intent, Kind, Provider, Request, Settings
from storyboard.providers.catalog import Model, load_catalog
from storyboard.providers.cometapi.provider import CometAPI
from storyboard.providers.google.gemini import Gemini
from storyboard.providers.google.vertex import Vertex
from storyboard.simulator.server import Simulator
from storyboard.testing import ProviderContract
from tests.conftest import PLUGINS


@pytest.fixture
def paid(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who has every key, for the simulator."""
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)


class TestPreviz(ProviderContract):
    def make(self) -> Provider:
        return Previz()

    def models(self) -> Sequence[Model]:
        return ()

    def requests(self, folder: Path) -> Sequence[Request]:
        words = "A tram climbs the hill."
        settings = Settings(duration_s=1, resolution="180p")
        plain = Request(Kind.GENERATE, "previz", "veo-3.1", words, Intent(words), settings)
        return [plain, replace(plain, kind=Kind.STILL)]


class TestStudio(ProviderContract):
    @pytest.fixture(autouse=True)
    def _use_own_bill(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STUDIO_BILL", str(tmp_path / "bill.jsonl"))
        monkeypatch.setenv("STUDIO_CLIP", str(tmp_path / "clip.mp4"))
        monkeypatch.setattr(sys, "path", [str(PLUGINS), *sys.path])

    def make(self) -> Provider:
        from studio_provider import Studio

        studio: Provider = Studio({})
        return studio

    def requests(self, folder: Path) -> Sequence[Request]:
        return super().requests(folder)[:2]

    def extends(self, source: Request) -> None:
        """Not here: one clip serves for every job."""


@pytest.mark.usefixtures("paid")
class TestVertex(ProviderContract):
    def make(self) -> Provider:
        return Vertex({})

    def models(self) -> Sequence[Model]:
        """The lightest of those that this service alone has."""
        return [m for m in super().models() if "lite" in m.id]

    def requests(self, folder: Path) -> Sequence[Request]:
        return _drop_requests_with_pictures(super().requests(folder))


@pytest.mark.usefixtures("paid")
class TestGemini(ProviderContract):
    def make(self) -> Provider:
        return Gemini({})


@pytest.mark.usefixtures("paid")
class TestCometVideos(ProviderContract):
    def make(self) -> Provider:
        return CometAPI({})


@pytest.mark.usefixtures("paid")
class TestCometChat(ProviderContract):
    def make(self) -> Provider:
        return CometAPI({"transport": "chat"})

    def models(self) -> Sequence[Model]:
        known = load_catalog().apply_interface_variants({"cometapi": "chat"})
        return [m for m in known.models.values() if m.provider == "cometapi"]

    def requests(self, folder: Path) -> Sequence[Request]:
        requests = super().requests(folder)
        return [*_drop_requests_with_pictures(requests), requests[2]]


def _drop_requests_with_pictures(requests: Sequence[Request]) -> list[Request]:
    """What each adapter does with pictures its own tests tell, at less expense."""
    return [each for each in requests if not each.inputs]


def test_to_know_an_adapter_costs_little() -> None:
    """Planning loads the class; what speaks HTTP or draws comes with the first job."""
    heavy = {"httpx", "stamina", "google", "cv2", "numpy", "av", "resvg_py"}
    code = (
        "import sys;"
        " from storyboard.providers.registry import"
        " load_adapter_class, find_adapters, read_provider_traits;"
        "[(load_adapter_class(name)({}), read_provider_traits(name)) for name in find_adapters()];"
        f"print(sorted(find_adapters()), sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "STORYBOARD_PLUGINS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['cometapi', 'effects', 'gemini', 'previz', 'vertex'] []"
