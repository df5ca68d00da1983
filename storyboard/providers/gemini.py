"""The Gemini API: Omni, Gemini's stills, texts and speech, and the interface that Veo had there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from storyboard.errors import (
    AuthenticationError,
    InvalidRequest,
    NotNow,
    RetiredModel,
    StoryboardError,
)
from storyboard.providers.base import (
    WIRE_READS,
    Kind,
    Operation,
    Outcome,
    Request,
    Sample,
    Workplace,
)
from storyboard.providers.catalog import catalog
from storyboard.providers.discreet import Discreet

if TYPE_CHECKING:
    from storyboard.providers.content import Content
    from storyboard.providers.files import Files
    from storyboard.providers.gemini_veo import GeminiVeo
    from storyboard.providers.http import Verdict, Wire
    from storyboard.providers.omni import Omni
    from storyboard.providers.said import Said

VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
"""Where the key is looked for, in this order."""

_ORIGIN = "https://generativelanguage.googleapis.com"
_KEY = re.compile(r"[!-~]+")
_PROCESSED_S = 10.0
_TOKENS = frozenset({Kind.STILL, Kind.WRITE, Kind.SPEECH})

_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "person_generation": {
                "title": "People",
                "description": "Which people Veo may show; it allows one value per operation.",
                "enum": ["allow_all", "allow_adult", "dont_allow"],
            },
            "enhance_prompt": {
                "title": "Enhance the prompt",
                "description": "Veo writes the prompt anew; Veo 3 always does.",
                "const": True,
            },
        },
    }
)


class Gemini:
    """The Gemini API behind the port."""

    name = "gemini"
    repeatable = False
    reads = WIRE_READS
    revision = ""
    schema: ClassVar[Mapping[str, Any]] = MappingProxyType({"options": _OPTIONS})

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._discreet = Discreet()
        self._parts: _Parts | None = None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job; every error of ours but UnknownOutcome says that there is none."""
        from storyboard.providers.files import Missing

        parts, wire = self._open(), _wire_of(request)
        try:
            if wire == "content":
                return await parts.content.submit(request, place)
            if wire == "omni":
                return await parts.omni.submit(request, place)
            return await parts.veo.submit(request, place)
        except RetiredModel as error:
            raise _retired(request.model, error) from error
        except Missing as error:
            if _status(request.model) != "retired":
                raise
            raise _retired(request.model, error) from error

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """How the job stands."""
        parts = self._open()
        if parts.content.owns(operation.name):
            return parts.content.poll(operation)
        if parts.omni.owns(operation.name):
            return await parts.omni.poll(operation, place)
        return await parts.veo.poll(operation, place)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file."""
        if sample.path is not None:
            return sample
        parts = self._open()
        if parts.omni.owns(sample.uri):
            return await parts.omni.fetch(sample, place)
        return await parts.veo.fetch(sample, place)

    async def close(self) -> None:
        """Gives back connections."""
        if self._parts is not None:
            await self._parts.wire.close()

    def _open(self) -> _Parts:
        if self._parts is None:
            self._parts = _Parts(self._discreet)
        return self._parts


class _Parts:
    """The interfaces of the service, which share one wire; made when first asked for."""

    def __init__(self, discreet: Discreet) -> None:
        from storyboard.providers.content import Content
        from storyboard.providers.files import Files
        from storyboard.providers.gemini_veo import GeminiVeo
        from storyboard.providers.http import Wire
        from storyboard.providers.omni import Omni
        from storyboard.providers.origin import origin

        async def access(fresh: bool) -> Mapping[str, str]:
            return {"x-goog-api-key": _key(discreet)}

        self.wire: Wire = Wire(
            "gemini",
            origin("STORYBOARD_GEMINI_BASE_URL", _ORIGIN),
            access,
            discreet,
            verdict=_verdict(discreet),
            who="the Gemini API",
        )
        files: Files = Files(self.wire)
        self.veo: GeminiVeo = GeminiVeo(self.wire, files)
        self.omni: Omni = Omni(self.wire, "/v1", files)
        self.content: Content = Content(self.wire, "/v1beta")


def _wire_of(request: Request) -> str:
    model = catalog().models.get((Gemini.name, request.model))
    if model is not None:
        return model.wire
    if request.kind in _TOKENS:
        return "content"
    return "omni" if "omni" in request.model else "veo"


def _key(discreet: Discreet) -> str:
    for variable in VARIABLES:
        if key := os.environ.get(variable, "").strip():
            if _KEY.fullmatch(key):
                return discreet.keep(key)
            raise AuthenticationError(
                f"{variable} holds characters that no key has",
                hint="copy it from https://aistudio.google.com/apikey once more",
                provider=Gemini.name,
            )
    raise AuthenticationError(
        f"no key for the Gemini API: {VARIABLES[0]} is not set",
        hint="get one at https://aistudio.google.com/apikey, then `export GEMINI_API_KEY=…`",
        provider=Gemini.name,
    )


def _verdict(discreet: Discreet) -> Verdict:
    """What the service's own errors mean, where that is more than their status says."""
    from storyboard.providers.files import Hidden, Missing

    def judge(told: Said) -> StoryboardError | None:
        message = discreet(told.message)
        low = message.lower()
        if told.status == 400 and "api key not valid" in low:
            return AuthenticationError(
                f"the Gemini API does not know the key: {message}",
                hint="see GEMINI_API_KEY, which wins over GOOGLE_API_KEY",
                provider=Gemini.name,
            )
        if told.status == 400 and "has been processed" in low:
            return NotNow(
                f"the Gemini API is not done with the video to go on from: {message}",
                hint="the same is said of one that expired or is not 720p: `--retake` it then",
                provider=Gemini.name,
                retry_after_s=_PROCESSED_S,
            )
        if told.status == 403 and "may not exist" in low:
            return Hidden(
                f"the Gemini API no longer has it: {message}",
                hint="it keeps files for two days",
                provider=Gemini.name,
            )
        if told.status == 404 and "no longer available" in low:
            return RetiredModel(message, provider=Gemini.name)
        if told.status == 404:
            return Missing(
                f"the Gemini API knows nothing of that: {message or 'status 404'}",
                hint="see `storyboard models`",
                provider=Gemini.name,
            )
        return None

    return judge


def _status(model: str) -> str:
    known = catalog().models.get((Gemini.name, model))
    return known.status if known else ""


def _retired(model: str, error: InvalidRequest) -> RetiredModel:
    """The error for a model that is gone, with its heir."""
    known = catalog().models.get((Gemini.name, model))
    instead = known.replacement if known else ""
    return RetiredModel(
        f"the Gemini API has switched {model} off: {error}",
        hint=f"use `model: {instead}`" if instead else "see `storyboard models`",
        provider=Gemini.name,
        model=model,
        replacement=instead,
    )
