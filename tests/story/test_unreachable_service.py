"""A service that can't be reached costs nothing: no money, and no place in the minute's quota."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storyboard.simulator.server import Simulator
from tests.story.wires import set_up_film


@pytest.mark.parametrize("wire", ["vertex", "gemini"])
def test_a_request_that_never_left_is_not_counted(
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wire: str,
) -> None:
    film = set_up_film(simulator, wire, tmp_path, monkeypatch)
    with socket.socket() as closed:  # bound and never listening: the connection is refused
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv(f"STORYBOARD_{wire.upper()}_BASE_URL", address)
        assert film.render(capsys).code != 0
    assert not film.charges
    quota = tmp_path / ".storyboard" / "store" / "quota.sqlite"
    if quota.exists():
        with closing(sqlite3.connect(quota)) as database:
            assert database.execute("SELECT count(*) FROM submits").fetchone() == (0,)
