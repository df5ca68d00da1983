"""A machine whose proxy or certificates are set up wrong: nothing is sent, and nothing held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storyboard.providers.http import connections
from storyboard.simulator.server import Simulator
from tests.story.wires import SimulatorFilm, set_up_film

Capture = pytest.CaptureFixture[str]
_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def create_film(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], SimulatorFilm]]:
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    connections.load_tls_context.cache_clear()
    yield lambda wire: set_up_film(simulator, wire, tmp_path, monkeypatch)
    connections.load_tls_context.cache_clear()


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("ALL_PROXY", "socks5://user:secret@127.0.0.1:9", "pip install 'httpx[socks]'"),
        ("HTTP_PROXY", "foo://user:secret@host", "http://HOST:PORT"),
        ("https_proxy", "http://user:secret@127.0.0.1:bad", "http://HOST:PORT"),
        ("SSL_CERT_FILE", "/nonexistent.pem", "set it to an existing PEM file"),
    ],
)
@pytest.mark.parametrize("wire", ["gemini", "videos"])
def test_the_variable_is_named_and_no_money_is_reserved(
    create_film: Callable[[str], SimulatorFilm],
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    wire: str,
    name: str,
    value: str,
    cure: str,
) -> None:
    film = create_film(wire)
    with monkeypatch.context() as wrong:
        wrong.setenv(name, value)
        result = film.render(capsys)
    assert result.code == 4
    assert f"{name} " in result.err
    assert cure in result.err
    assert "nothing was sent" in result.err
    assert "secret" not in result.err
    assert [(attempt.state, attempt.held_micros) for attempt in film.attempts] == [("failed", 0)]
    assert film.submission_count == 0


def test_a_job_that_runs_is_kept_until_the_machine_is_set_right(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = create_film("videos")
    film.simulator.world.faults.add("html:40@poll")
    assert film.render(capsys).code == 3
    film.simulator.world.faults.clear()
    with monkeypatch.context() as wrong:
        wrong.setenv("HTTP_PROXY", "foo://host")
        result = film.render(capsys)
    assert (result.code, "HTTP_PROXY is not a valid proxy" in result.err) == (4, True)
    assert [attempt.state for attempt in film.attempts] == ["submitted"]
    assert film.render(capsys).code == 0
    assert len(film.charges) == 1
