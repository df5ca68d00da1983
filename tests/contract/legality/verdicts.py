"""What the simulator's rules say of a request, and what would come of it: no server, no clips."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from storyboard.errors import MediaError
from storyboard.simulator.media.test_patterns import decode_picture
from storyboard.simulator.media.uploaded_media import find_picture_problem
from storyboard.simulator.validation import cometapi_chat, cometapi_videos, gemini, omni, vertex
from storyboard.simulator.validation.rejection import Rejection
from storyboard.simulator.validation.veo_models import GEMINI, VERTEX
from storyboard.simulator.validation.veo_request import (
    ADDED_S,
    ClipFacts,
    VeoRequest,
    read_veo_request,
)


@dataclass(frozen=True)
class Source:
    """The video that is run on."""

    seconds: float
    resolution: str
    aspect: str
    wire: str
    """`veo`, `omni`, `videos` or `chat`, which made it; `footage` where none did."""
    hops: int = 0

    @property
    def facts(self) -> ClipFacts:
        width, height = omni.SIZES.get((self.resolution, self.aspect), (854, 480))
        return ClipFacts(width, height, round(self.seconds * 24), 24.0)


@dataclass(frozen=True)
class ClipTraits:
    """What a request asks for, or what comes of it; None is whatever comes."""

    seconds: float | None = None
    resolution: str | None = None
    aspect: str | None = None
    sound: bool | None = None
    seed: int | None = None
    negative: str | None = None
    options: dict[str, Any] | None = None
    first: bool = False
    last: bool = False
    references: int = 0
    extends: bool = False
    """The whole of its source stands before it."""

    def describe_difference(self, requested: ClipTraits) -> str:
        """Where it is not what was asked; empty where it is."""
        for trait in fields(self):
            wanted, got = getattr(requested, trait.name), getattr(self, trait.name)
            if wanted is not None and wanted != got:
                return f"{trait.name}: {got}, not {wanted}"
        return ""


@dataclass(frozen=True)
class WireRequest:
    """One request as it goes over a wire."""

    provider: str
    wire: str
    model: str
    body: Any
    """JSON; of the form, (fields, files)."""
    source: Source | None = None


@dataclass(frozen=True)
class Verdict:
    rejection: str = ""
    traits: ClipTraits = field(default_factory=ClipTraits)

    def find_mismatch(self, requested: ClipTraits) -> str:
        """Why the request does not give what was asked; empty where it does."""
        return self.rejection or self.traits.describe_difference(requested)


def judge_request(wire_request: WireRequest) -> Verdict:
    """The simulator's judgement."""
    judge: dict[str, Callable[[WireRequest], Verdict]] = {
        "vertex veo": _judge_vertex_veo,
        "gemini veo": _judge_gemini_veo,
        "cometapi videos": _judge_videos,
        "cometapi chat": _judge_chat,
        "vertex omni": _judge_omni,
        "gemini omni": _judge_omni,
    }
    return judge[f"{wire_request.provider} {wire_request.wire}"](wire_request)


def _judge_vertex_veo(wire_request: WireRequest) -> Verdict:
    model, ask = VERTEX.get(wire_request.model), read_veo_request(wire_request.body)
    if model is None or ask is None:
        return Verdict("404" if ask else "no instance")
    facts = wire_request.source.facts if wire_request.source else None
    problem = _find_picture_problem(ask)
    if wrong := vertex.find_job_failure(model, ask, facts, problem):
        return Verdict(wrong)
    return Verdict(
        traits=_read_traits(
            ask,
            wire_request,
            seconds=vertex.read_new_seconds(ask),
            sound=bool(model.has_sound and ask.parameters.get("generateAudio", True)),
        )
    )


def _judge_gemini_veo(wire_request: WireRequest) -> Verdict:
    model, ask = GEMINI.get(wire_request.model), read_veo_request(wire_request.body)
    if model is None or ask is None:
        return Verdict("404" if ask else "no instance")
    refused = gemini.reject_unsupported_request(model, wire_request.body, ask)
    if refused is None and (problem := _find_picture_problem(ask)):
        return Verdict(problem)
    if refused is None and ask.video and wire_request.source:
        by_veo = wire_request.source.wire == "veo"
        facts, hops = wire_request.source.facts, wire_request.source.hops
        refused = gemini.reject_unsupported_source(
            ask, facts, is_made_by_veo=by_veo, is_active=True, hops=hops
        )
    if refused:
        return Verdict(refused.message)
    seconds = ADDED_S if ask.video else ask.parameters.get("durationSeconds", 8)
    return Verdict(traits=_read_traits(ask, wire_request, seconds=seconds, sound=model.has_sound))


def _read_traits(
    ask: VeoRequest, wire_request: WireRequest, *, seconds: float, sound: bool
) -> ClipTraits:
    parameters = ask.parameters
    names = {
        "personGeneration": "person_generation",
        "enhancePrompt": "enhance_prompt",
        "resizeMode": "resize",
        "compressionQuality": "compression",
    }
    options = {
        option: value.lower() if option in ("resize", "compression") else value
        for name, option in names.items()
        if (value := parameters.get(name)) is not None
    }
    if labels := wire_request.body.get("labels"):
        options["labels"] = labels
    source = wire_request.source if ask.video else None
    return ClipTraits(
        seconds,
        parameters.get("resolution", "720p"),
        source.aspect if source else parameters.get("aspectRatio", "16:9"),
        sound,
        parameters.get("seed"),
        parameters.get("negativePrompt"),
        options,
        ask.image is not None,
        ask.last is not None,
        len(ask.references),
        ask.video is not None,
    )


def _judge_videos(wire_request: WireRequest) -> Verdict:
    values, files = wire_request.body
    uploads = [
        cometapi_videos.Upload(name, mime, data)
        for field_name, (name, data, mime) in files
        if field_name == "input_reference"
    ]
    form = cometapi_videos.read_form(values, uploads)
    if isinstance(form, Rejection):
        return Verdict(form.message)
    for upload in uploads:
        if problem := _explain_undecodable(upload.data):
            return Verdict(problem)
    aspect = "9:16" if form.height > form.width else "16:9"
    first, last = form.first is not None, form.last is not None
    traits = ClipTraits(
        form.seconds, form.resolution, aspect, True, options={}, first=first, last=last
    )
    return Verdict(traits=traits)


def _judge_chat(wire_request: WireRequest) -> Verdict:
    chat_request = cometapi_chat.read_chat(wire_request.body)
    if isinstance(chat_request, Rejection):
        return Verdict(chat_request.message)
    source = wire_request.source if chat_request.video else None
    if words := cometapi_chat.explain_model_refusal(chat_request, source.facts if source else None):
        return Verdict(words)
    if source and source.wire == "footage":
        return Verdict("video.uri must be a video that was generated here")
    for uri in (chat_request.image, chat_request.last_frame, *chat_request.references):
        if uri and (problem := _explain_undecodable(base64.b64decode(uri.partition(",")[2]))):
            return Verdict(problem)
    return Verdict(
        traits=ClipTraits(
            chat_request.seconds,
            chat_request.resolution,
            source.aspect if source else chat_request.aspect_ratio,
            chat_request.audio,
            options={},
            first=bool(chat_request.image),
            last=bool(chat_request.last_frame),
            references=len(chat_request.references),
            extends=bool(chat_request.video),
        )
    )


def _judge_omni(wire_request: WireRequest) -> Verdict:
    ask = omni.read_interaction(wire_request.body, wire_request.provider)
    if isinstance(ask, Rejection):
        return Verdict(ask.message)
    for media in (ask.first, ask.last, *ask.references):
        if media and (problem := _explain_undecodable(media.data or b"")):
            return Verdict(problem)
    source, whole = wire_request.source, True
    if source and ask.task == "extend":
        generated = source.wire != "footage"
        reached = omni.compute_kept_seconds(
            ask, wire_request.provider, source.seconds, is_generated=generated
        )
        if isinstance(reached, Rejection):
            return Verdict(reached.message)
        whole = reached >= source.seconds
    labels = wire_request.body.get("labels")
    extends = bool(source) and ask.task == "extend"
    return Verdict(
        traits=ClipTraits(
            ask.seconds,
            ask.resolution or (source.resolution if source else "720p"),
            source.aspect if source else ask.aspect_ratio or "16:9",
            True,
            wire_request.body.get("generation_config", {}).get("seed"),
            options={"labels": labels} if labels else {},
            first=ask.first is not None,
            last=ask.last is not None,
            references=len(ask.references),
            extends=extends and whole,
        )
    )


def _find_picture_problem(ask: VeoRequest) -> str:
    problems = (_check_picture(each.data or b"") for each in ask.pictures)
    return next((problem for problem in problems if problem), "")


@lru_cache(maxsize=32)
def _check_picture(data: bytes) -> str:
    return find_picture_problem(data)


@lru_cache(maxsize=32)
def _explain_undecodable(data: bytes) -> str:
    try:
        decode_picture(data)
    except MediaError as error:
        return str(error)
    return ""
