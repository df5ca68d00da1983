"""Flipbook keeps the contract of a provider: `pytest test_flipbook.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from storyboard_flipbook import Flipbook

from storyboard.errors import InvalidRequest
from storyboard.providers.base import Provider, Request
from storyboard.testing import Bench, ProviderContract


class TestFlipbook(ProviderContract):
    def make(self) -> Provider:
        return Flipbook({})

    def requests(self, folder: Path) -> Sequence[Request]:
        """Without pages there is nothing to show, so words alone are not asked."""
        return [each for each in super().requests(folder) if each.inputs]

    def test_without_a_page_it_says_what_to_do(self, tmp_path: Path) -> None:
        words = super().requests(tmp_path)[0]
        with pytest.raises(InvalidRequest) as refused:
            asyncio.run(self.make().submit(words, Bench(tmp_path)))
        assert "first_frame" in refused.value.hint
