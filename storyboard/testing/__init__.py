"""The contract of every provider, as tests for pytest.

Subclass `ProviderContract` in a test module, under a name that begins with `Test`, and return the
adapter from `make`; the catalogue entries determine the test requests.

    from storyboard.testing import ProviderContract

    class TestFlipbook(ProviderContract):
        def make(self):
            return Flipbook({"pictures": "tests/pictures"})

Test a paid adapter against a simulator of its service: every test submits operations.
"""

from __future__ import annotations

from storyboard.testing.provider_contract import ProviderContract
from storyboard.testing.workspace import Bench

__all__ = ["Bench", "ProviderContract"]
