"""The Gemini API: Omni, Gemini's stills, texts and speech, and the interface that Veo had there."""

from __future__ import annotations

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
from storyboard.providers.catalog import load_catalog
from storyboard.providers.declaration import build_settings_schema
from storyboard.providers.google.environment import (
    API_KEY_PATTERN,
    GEMINI_BASE_URL_VARIABLE,
    GEMINI_KEY_VARIABLES,
)
from storyboard.providers.http.redaction import Redactor

if TYPE_CHECKING:
    from storyboard.providers.google.gemini_files import GeminiFiles
    from storyboard.providers.google.gemini_veo import GeminiVeo
    from storyboard.providers.google.generate_content import GenerateContentClient
    from storyboard.providers.google.omni import Omni
    from storyboard.providers.http.error_body import ApiError
    from storyboard.providers.http.service import ServiceClient, Verdict

_ORIGIN = "https://generativelanguage.googleapis.com"
_KEY_HINT = "create a key at https://aistudio.google.com/apikey, then `export GEMINI_API_KEY=…`"
_PROCESSED_S = 10.0
_CONTENT_KINDS = frozenset({Kind.STILL, Kind.WRITE, Kind.SPEECH})

_SETTINGS = build_settings_schema("Gemini API", "No settings; the key is read from GEMINI_API_KEY.")
_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "person_generation": {
                "title": "People",
                "description": "Which people Veo may show; a request allows only one value.",
                "enum": ["allow_all", "allow_adult", "dont_allow"],
            },
            "enhance_prompt": {
                "title": "Enhance the prompt",
                "description": "Veo rewrites the prompt; Veo 3 always does.",
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
    key_variables = GEMINI_KEY_VARIABLES
    base_url_variables = (GEMINI_BASE_URL_VARIABLE,)
    secret_patterns = (API_KEY_PATTERN,)
    schema: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {"settings": _SETTINGS, "options": _OPTIONS}
    )

    def __init__(self, settings: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._redactor = Redactor()
        self._interfaces: _Interfaces | None = None

    async def submit(self, request: Request, place: Workplace) -> Operation:
        """Starts the job; every error of ours but UnknownOutcome says that there is none."""
        from storyboard.providers.google.gemini_files import NotFound

        interfaces, interface = self._open_interfaces(), _choose_interface_name(request)
        try:
            if interface == "content":
                return await interfaces.content.submit(request, place)
            if interface == "omni":
                return await interfaces.omni.submit(request, place)
            return await interfaces.veo.submit(request, place)
        except RetiredModel as error:
            raise _retirement_error(request.model, error) from error
        except NotFound as error:
            if _find_catalog_status(request.model) != "retired":
                raise
            raise _retirement_error(request.model, error) from error

    async def poll(self, operation: Operation, place: Workplace) -> Outcome:
        """The state of the job."""
        interfaces = self._open_interfaces()
        if interfaces.content.is_content_operation(operation.name):
            return interfaces.content.poll(operation)
        if interfaces.omni.is_interaction_reference(operation.name):
            return await interfaces.omni.poll(operation, place)
        return await interfaces.veo.poll(operation, place)

    async def fetch(self, sample: Sample, place: Workplace) -> Sample:
        """The sample with its file."""
        if sample.path is not None:
            return sample
        interfaces = self._open_interfaces()
        if interfaces.omni.is_interaction_reference(sample.uri):
            return await interfaces.omni.fetch(sample, place)
        return await interfaces.veo.fetch(sample, place)

    async def close(self) -> None:
        """Gives back connections."""
        if self._interfaces is not None:
            await self._interfaces.client.close()

    def _open_interfaces(self) -> _Interfaces:
        if self._interfaces is None:
            self._interfaces = _Interfaces(self._redactor)
        return self._interfaces


class _Interfaces:
    """The interfaces of the service, which share one wire; made when first asked for."""

    def __init__(self, redactor: Redactor) -> None:
        from storyboard.providers.google.gemini_files import GeminiFiles
        from storyboard.providers.google.gemini_veo import GeminiVeo
        from storyboard.providers.google.generate_content import GenerateContentClient
        from storyboard.providers.google.omni import Omni
        from storyboard.providers.http.access import read_key
        from storyboard.providers.http.base_url import resolve_base_url
        from storyboard.providers.http.service import ServiceClient

        async def build_headers(renew_credentials: bool) -> Mapping[str, str]:
            key = read_key("gemini", GEMINI_KEY_VARIABLES, redactor, hint=_KEY_HINT)
            return {"x-goog-api-key": key}

        self.client: ServiceClient = ServiceClient(
            "gemini",
            resolve_base_url(GEMINI_BASE_URL_VARIABLE, _ORIGIN),
            build_headers,
            redactor,
            translate_known_error=_build_error_translator(redactor),
            service_name="the Gemini API",
        )
        files: GeminiFiles = GeminiFiles(self.client)
        self.veo: GeminiVeo = GeminiVeo(self.client, files)
        self.omni: Omni = Omni(self.client, "/v1", files)
        self.content: GenerateContentClient = GenerateContentClient(self.client, "/v1beta")


def _choose_interface_name(request: Request) -> str:
    model = load_catalog().models.get((Gemini.name, request.model))
    if model is not None:
        return model.wire
    if request.kind in _CONTENT_KINDS:
        return "content"
    return "omni" if "omni" in request.model else "veo"


def _build_error_translator(redactor: Redactor) -> Verdict:
    """What the service's own errors mean, if they mean more than their status."""
    from storyboard.providers.google.gemini_files import NotFound, NotFoundOrForbidden

    def translate_known_error(api_error: ApiError) -> StoryboardError | None:
        message = redactor(api_error.message)
        lowered = message.lower()
        if api_error.status == 400 and "api key not valid" in lowered:
            return AuthenticationError(
                f"Gemini API: the key is not valid: {message}",
                hint="check GEMINI_API_KEY; it overrides GOOGLE_API_KEY",
                provider=Gemini.name,
            )
        if api_error.status == 400 and "has been processed" in lowered:
            return NotNow(
                f"Gemini API: the video to extend is not ready: {message}",
                hint="render again later; if the video has expired or is not 720p, `--retake` it",
                provider=Gemini.name,
                retry_after_s=_PROCESSED_S,
            )
        if api_error.status == 403 and "may not exist" in lowered:
            return NotFoundOrForbidden(
                f"Gemini API: no longer available: {message}",
                hint="make the file again; the Gemini API keeps files for two days",
                provider=Gemini.name,
            )
        if api_error.status == 404 and "no longer available" in lowered:
            return RetiredModel(message, provider=Gemini.name)
        if api_error.status == 404:
            return NotFound(
                f"Gemini API: not found: {message or 'HTTP 404'}",
                hint="run `storyboard models` to see the models",
                provider=Gemini.name,
            )
        return None

    return translate_known_error


def _find_catalog_status(model_id: str) -> str:
    entry = load_catalog().models.get((Gemini.name, model_id))
    return entry.status if entry else ""


def _retirement_error(model_id: str, error: InvalidRequest) -> RetiredModel:
    """The error for a model that is gone, with its heir."""
    entry = load_catalog().models.get((Gemini.name, model_id))
    successor = entry.replacement if entry else ""
    return RetiredModel(
        f"Gemini API: {model_id} was switched off: {error}",
        hint=f"use `model: {successor}`"
        if successor
        else "run `storyboard models` to see the models",
        provider=Gemini.name,
        model=model_id,
        replacement=successor,
    )
