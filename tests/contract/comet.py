"""What the tests of CometAPI's adapter share: requests, a place to work, a key to look out for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storyboard.providers.base import Input, Intent, Kind, Request, Role, Settings
from storyboard.providers.cometapi.provider import CometAPI

KEY = "sk-comet-4f1d2c0aa0b9"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


@dataclass
class InlineWorkspace:
    """Where the adapter works; nothing is computed in it but here."""

    scratch: Path

    async def compute(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        return function(*arguments)


def make_request(kind: Kind = Kind.GENERATE, *inputs: Input, **settings: Any) -> Request:
    """A shot of eight seconds, unless the settings say otherwise."""
    return Request(
        kind=kind,
        provider="cometapi",
        model="veo3.1",
        prompt="A tram climbs the hill, größer",
        intent=Intent(prompt="A tram climbs the hill"),
        settings=Settings(**settings),
        inputs=inputs,
    )


def write_picture(folder: Path, role: Role, name: str = "p") -> Input:
    path = folder / f"{name}.png"
    path.write_bytes(PNG + name.encode())
    return Input(role, sha256=name, path=path, name=name)


def make_adapter(transport: str = "videos") -> CometAPI:
    return CometAPI({"transport": transport})


def collect_error_text(error: BaseException) -> str:
    """All that an error could show."""
    text = f"{error!s} {error!r} {getattr(error, 'hint', '')}"
    while error.__cause__ or (error.__context__ and not error.__suppress_context__):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
        text += f" {error!s} {error!r}"
    return text
