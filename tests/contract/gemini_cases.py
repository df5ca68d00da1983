"""What the tests of the Gemini API's adapter share: requests, a place, a key to look for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from storyboard.providers.base import (
    Input,
    Intent,
    Kind,
    Operation,
    Outcome,
    Request,
    Role,
    Running,
    Settings,
    SpokenLine,
)
from storyboard.providers.google.gemini import Gemini
from tests.contract.scripted import ScriptedAnswer, ScriptedServer, make_json_answer
from tests.contract.vertex_cases import PNG, ThreadWorkspace

T = TypeVar("T")
KEY = "AIza-not-a-key-51f0c2"
VEO = "veo-3.1-generate-preview"
OMNI = "gemini-omni-1.2-flash"
HOST = "https://generativelanguage.googleapis.com"
GREY_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "5478da6368000000820081da45083b0000000049454e44ae426082"
)
"""One pixel that decoders take."""
CLIP = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 12


def make_request(
    kind: Kind = Kind.GENERATE, *inputs: Input, model: str = VEO, **settings: Any
) -> Request:
    """A request to the Gemini API; keywords are those of `Settings`."""
    return Request(
        kind=kind,
        provider="gemini",
        model=model,
        prompt="a cat",
        intent=Intent(prompt="a cat"),
        settings=Settings(**settings),
        inputs=inputs,
        combined=kind is Kind.EXTEND,
    )


def make_speech_request(words: str, voice: str = "", how: str = "") -> Request:
    """A line to be spoken."""
    line = SpokenLine("ana", words, 0.0, how, False, voice)
    return Request(
        kind=Kind.SPEECH,
        provider="gemini",
        model="gemini-3.8-flash-tts",
        prompt=f"Say {how}: {words}" if how else words,
        intent=Intent(dialogue=(line,)),
        settings=Settings(options={"voice": voice} if voice else {}),
    )


def write_picture(
    folder: Path, role: Role = Role.FIRST_FRAME, name: str = "p", data: bytes = PNG
) -> Input:
    path = folder / f"{name}.png"
    path.write_bytes(data)
    return Input(role, sha256=name, path=path, name=name)


def run_with_adapter(action: Callable[[Gemini], Awaitable[T]]) -> T:
    """What an adapter of its own answers to `action`."""

    async def run() -> T:
        gemini = Gemini({})
        try:
            return await action(gemini)
        finally:
            await gemini.close()

    return asyncio.run(run())


def submit_request(request: Request, workspace: ThreadWorkspace) -> Operation:
    return run_with_adapter(lambda gemini: gemini.submit(request, workspace))


def poll_operation(name: str, workspace: ThreadWorkspace) -> Outcome:
    return run_with_adapter(lambda gemini: gemini.poll(Operation(name), workspace))


async def submit_and_wait(gemini: Gemini, request: Request, workspace: ThreadWorkspace) -> Outcome:
    """What becomes of a request."""
    operation = await gemini.submit(request, workspace)
    while isinstance(outcome := await gemini.poll(operation, workspace), Running):
        await asyncio.sleep(0.02)
    return outcome


def point_to_server(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    """An environment with a key, where the Gemini API is `server`."""
    monkeypatch.setenv("STORYBOARD_GEMINI_BASE_URL", server.url)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def make_error(
    status: int, message: str, code: str = "INVALID_ARGUMENT", **more: Any
) -> ScriptedAnswer:
    """An error as Google tells it."""
    return make_json_answer(
        {"error": {"code": status, "message": message, "status": code, **more}}, status
    )
