"""Filmlab keeps the contract of a provider, and never pays twice: `pytest test_filmlab.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from filmlab_server import KEY, FilmlabServer, run_server
from storyboard_filmlab import Filmlab

from storyboard.errors import (
    AuthenticationError,
    InvalidRequest,
    QuotaError,
    StoryboardError,
    UnknownOutcome,
    Unreachable,
)
from storyboard.providers.base import Operation, Provider
from storyboard.testing import Bench, ProviderContract


class TestFilmlab(ProviderContract):
    @pytest.fixture(autouse=True)
    def server(self) -> Iterator[FilmlabServer]:
        with run_server() as server:
            yield server

    def make(self) -> Provider:
        return Filmlab({})

    def submit_once(self, folder: Path) -> Operation:
        async def submit_and_close() -> Operation:
            provider = self.make()
            try:
                return await provider.submit(self.requests(folder)[0], Bench(folder))
            finally:
                await provider.close()

        return asyncio.run(submit_and_close())

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            ((200, None), UnknownOutcome),
            ((500, {"error": {"message": "a bad day"}}), UnknownOutcome),
            ((429, {"error": {"message": "too many"}}), QuotaError),
            ((400, {"error": {"message": "no such model"}}), InvalidRequest),
        ],
    )
    def test_whatever_comes_back_one_post_is_sent(
        self,
        answer: tuple[int, object],
        error: type[StoryboardError],
        server: FilmlabServer,
        tmp_path: Path,
    ) -> None:
        server.next_answers.append(answer)
        with pytest.raises(error):
            self.submit_once(tmp_path)
        assert server.posts == 1

    def test_a_wrong_key_is_shown_by_its_variable_alone(
        self, server: FilmlabServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FILMLAB_ACCESS", f"{KEY}wrong")
        with pytest.raises(AuthenticationError) as refused:
            self.submit_once(tmp_path)
        assert KEY not in str(refused.value)
        assert not server.jobs

    def test_without_a_connection_nothing_was_bought(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STORYBOARD_FILMLAB_BASE_URL", "http://127.0.0.1:9")
        with pytest.raises(Unreachable):
            self.submit_once(tmp_path)
