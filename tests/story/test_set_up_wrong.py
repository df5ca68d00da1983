"""A machine whose proxy or certificates are set up wrong: nothing is sent, and nothing held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storyboard.providers import client
from storyboard.simulator.serve import Simulator
from tests.story.wires import Stage, staged

Capture = pytest.CaptureFixture[str]
_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def stage(
    services: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Stage]]:
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    client.trust.cache_clear()
    yield lambda wire: staged(services, wire, tmp_path, monkeypatch)
    client.trust.cache_clear()


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("ALL_PROXY", "socks5://user:secret@127.0.0.1:9", "pip install 'httpx[socks]'"),
        ("HTTP_PROXY", "foo://user:secret@host", "http://HOST:PORT"),
        ("https_proxy", "http://user:secret@127.0.0.1:bad", "http://HOST:PORT"),
        ("SSL_CERT_FILE", "/nonexistent.pem", "name a PEM file that is there"),
    ],
)
@pytest.mark.parametrize("wire", ["gemini", "videos"])
def test_the_variable_is_named_and_no_money_is_held(
    stage: Callable[[str], Stage],
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    wire: str,
    name: str,
    value: str,
    cure: str,
) -> None:
    play = stage(wire)
    with monkeypatch.context() as wrong:
        wrong.setenv(name, value)
        said = play.render(capsys)
    assert said.code == 4
    assert f"{name} " in said.err
    assert cure in said.err
    assert "nothing was sent" in said.err
    assert "secret" not in said.err
    assert [(each.state, each.held_micros) for each in play.attempts] == [("failed", 0)]
    assert play.submits == 0


def test_a_job_that_runs_is_kept_until_the_machine_is_set_right(
    stage: Callable[[str], Stage], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = stage("videos")
    play.sim.world.faults.add("html:40@poll")
    assert play.render(capsys).code == 3
    play.sim.world.faults.clear()
    with monkeypatch.context() as wrong:
        wrong.setenv("HTTP_PROXY", "foo://host")
        said = play.render(capsys)
    assert (said.code, "HTTP_PROXY names no proxy" in said.err) == (4, True)
    assert [each.state for each in play.attempts] == ["submitted"]
    assert play.render(capsys).code == 0
    assert len(play.charges) == 1
