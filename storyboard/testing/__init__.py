"""The contract that every provider keeps, as tests for pytest.

Subclass `ProviderContract` in a test module, under a name that begins with `Test`, and say how to
make the adapter; what it is asked comes from its catalogue entries.

    from storyboard.testing import ProviderContract

    class TestFlipbook(ProviderContract):
        def make(self):
            return Flipbook({"pictures": "tests/pictures"})

A paid adapter belongs on a simulator of its service: every test submits jobs.
"""

from __future__ import annotations

from storyboard.testing.provider_contract import ProviderContract
from storyboard.testing.workspace import Bench

__all__ = ["Bench", "ProviderContract"]
