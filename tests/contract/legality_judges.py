"""What the simulator's rules say of a request, and what would come of it: no server, no clips."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from storyboard.errors import MediaError
from storyboard.simulator.inputs import picture_problem
from storyboard.simulator.pictures import decoded
from storyboard.simulator.rules import chat, comet, gemini, omni, vertex
from storyboard.simulator.rules.refusal import Refusal
from storyboard.simulator.rules.veo import ADDED_S, Ask, ClipFacts, read
from storyboard.simulator.rules.veo_models import GEMINI, VERTEX


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
class Made:
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

    def differs(self, asked: Made) -> str:
        """Where it is not what was asked; empty where it is."""
        for each in fields(self):
            wanted, got = getattr(asked, each.name), getattr(self, each.name)
            if wanted is not None and wanted != got:
                return f"{each.name}: {got}, not {wanted}"
        return ""


@dataclass(frozen=True)
class Order:
    """One request as it goes over a wire."""

    provider: str
    wire: str
    model: str
    body: Any
    """JSON; of the form, (fields, files)."""
    source: Source | None = None


@dataclass(frozen=True)
class Verdict:
    refusal: str = ""
    made: Made = field(default_factory=Made)

    def against(self, asked: Made) -> str:
        """Why the request does not give what was asked; empty where it does."""
        return self.refusal or self.made.differs(asked)


def verdict(order: Order) -> Verdict:
    """The simulator's judgement."""
    judge: dict[str, Callable[[Order], Verdict]] = {
        "vertex veo": _vertex,
        "gemini veo": _gemini,
        "cometapi videos": _videos,
        "cometapi chat": _chat,
        "vertex omni": _omni,
        "gemini omni": _omni,
    }
    return judge[f"{order.provider} {order.wire}"](order)


def _vertex(order: Order) -> Verdict:
    model, ask = VERTEX.get(order.model), read(order.body)
    if model is None or ask is None:
        return Verdict("404" if ask else "no instance")
    facts = order.source.facts if order.source else None
    problem = _pictures(ask)
    if wrong := vertex.failure(model, ask, facts, problem):
        return Verdict(wrong)
    return Verdict(
        made=_made(
            ask,
            order,
            seconds=vertex.duration(ask),
            sound=bool(model.has_sound and ask.parameters.get("generateAudio", True)),
        )
    )


def _gemini(order: Order) -> Verdict:
    model, ask = GEMINI.get(order.model), read(order.body)
    if model is None or ask is None:
        return Verdict("404" if ask else "no instance")
    refused = gemini.refusal(model, order.body, ask)
    if refused is None and (problem := _pictures(ask)):
        return Verdict(problem)
    if refused is None and ask.video and order.source:
        by_veo = order.source.wire == "veo"
        facts, hops = order.source.facts, order.source.hops
        refused = gemini.source_refusal(ask, facts, by_veo=by_veo, active=True, hops=hops)
    if refused:
        return Verdict(refused.message)
    seconds = ADDED_S if ask.video else ask.parameters.get("durationSeconds", 8)
    return Verdict(made=_made(ask, order, seconds=seconds, sound=model.has_sound))


def _made(ask: Ask, order: Order, *, seconds: float, sound: bool) -> Made:
    given = ask.parameters
    names = {
        "personGeneration": "person_generation",
        "enhancePrompt": "enhance_prompt",
        "resizeMode": "resize",
        "compressionQuality": "compression",
    }
    options = {
        option: value.lower() if option in ("resize", "compression") else value
        for name, option in names.items()
        if (value := given.get(name)) is not None
    }
    if labels := order.body.get("labels"):
        options["labels"] = labels
    source = order.source if ask.video else None
    return Made(
        seconds,
        given.get("resolution", "720p"),
        source.aspect if source else given.get("aspectRatio", "16:9"),
        sound,
        given.get("seed"),
        given.get("negativePrompt"),
        options,
        ask.image is not None,
        ask.last is not None,
        len(ask.references),
        ask.video is not None,
    )


def _videos(order: Order) -> Verdict:
    values, files = order.body
    uploads = [
        comet.Upload(name, mime, data)
        for field_name, (name, data, mime) in files
        if field_name == "input_reference"
    ]
    form = comet.read_form(values, uploads)
    if isinstance(form, Refusal):
        return Verdict(form.message)
    for upload in uploads:
        if problem := _undecodable(upload.data):
            return Verdict(problem)
    aspect = "9:16" if form.height > form.width else "16:9"
    first, last = form.first is not None, form.last is not None
    made = Made(form.seconds, form.resolution, aspect, True, options={}, first=first, last=last)
    return Verdict(made=made)


def _chat(order: Order) -> Verdict:
    asked = chat.read_chat(order.body)
    if isinstance(asked, Refusal):
        return Verdict(asked.message)
    source = order.source if asked.video else None
    if words := chat.sentence(asked, source.facts if source else None):
        return Verdict(words)
    if source and source.wire == "footage":
        return Verdict("video.uri must be a video that was generated here")
    for uri in (asked.image, asked.last_frame, *asked.references):
        if uri and (problem := _undecodable(base64.b64decode(uri.partition(",")[2]))):
            return Verdict(problem)
    return Verdict(
        made=Made(
            asked.seconds,
            asked.resolution,
            source.aspect if source else asked.aspect_ratio,
            asked.audio,
            options={},
            first=bool(asked.image),
            last=bool(asked.last_frame),
            references=len(asked.references),
            extends=bool(asked.video),
        )
    )


def _omni(order: Order) -> Verdict:
    ask = omni.read_ask(order.body, order.provider)
    if isinstance(ask, Refusal):
        return Verdict(ask.message)
    for media in (ask.first, ask.last, *ask.references):
        if media and (problem := _undecodable(media.data or b"")):
            return Verdict(problem)
    source, whole = order.source, True
    if source and ask.task == "extend":
        generated = source.wire != "footage"
        reached = omni.reach(ask, order.provider, source.seconds, generated=generated)
        if isinstance(reached, Refusal):
            return Verdict(reached.message)
        whole = reached >= source.seconds
    labels = order.body.get("labels")
    extends = bool(source) and ask.task == "extend"
    return Verdict(
        made=Made(
            ask.seconds,
            ask.resolution or (source.resolution if source else "720p"),
            source.aspect if source else ask.aspect_ratio or "16:9",
            True,
            order.body.get("generation_config", {}).get("seed"),
            options={"labels": labels} if labels else {},
            first=ask.first is not None,
            last=ask.last is not None,
            references=len(ask.references),
            extends=extends and whole,
        )
    )


def _pictures(ask: Ask) -> str:
    found = (_problem(each.data or b"") for each in ask.pictures)
    return next((problem for problem in found if problem), "")


@lru_cache(maxsize=32)
def _problem(data: bytes) -> str:
    return picture_problem(data)


@lru_cache(maxsize=32)
def _undecodable(data: bytes) -> str:
    try:
        decoded(data)
    except MediaError as error:
        return str(error)
    return ""
