"""The adapters of one run, each created when a step first needs it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from storyboard.providers.base import Provider


class ProviderPool:
    """Creates an adapter once per name, by `create_provider`, and closes them all."""

    def __init__(self, create_provider: Callable[[str], Provider]) -> None:
        self._create_provider = create_provider
        self._providers: dict[str, Provider] = {}

    def load_provider(self, name: str) -> Provider:
        if name not in self._providers:
            self._providers[name] = self._create_provider(name)
        return self._providers[name]

    async def close_providers(self) -> None:
        for provider in self._providers.values():
            with suppress(Exception):
                await provider.close()
