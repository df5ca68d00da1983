"""Identity of a step: what was asked and of what, never what it is called.

The digest covers kind, provider and its revision, exact model, the request fields that the
provider `reads`, and the content of the inputs. A frame of a take is identified by the take's
bytes and the frame's number, so planning needs no pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from storyboard.digest import Value, digest_text, digest_value, to_canonical_text
from storyboard.graph.steps import FramePick, Step
from storyboard.model.blocking import Placement
from storyboard.model.film import MediaFacts, Take
from storyboard.providers.base import (
    Figure,
    Input,
    Intent,
    Move,
    Request,
    Settings,
    SpokenLine,
)
from storyboard.timecode import Rate
from storyboard.util.serialization import Serialized

_SEED_BITS = 32
_PLAIN = frozenset({str, int, float, bool})
_FOR_PEOPLE = frozenset({"labels", "burn_in", "slate"})
"""Options that mark a job for a bill or a rehearsal and change nothing of what is bought."""
_USUAL: Mapping[type[Serialized], Mapping[str, Any]] = MappingProxyType(
    {
        Settings: {
            "duration_s": 8,
            "resolution": "720p",
            "aspect_ratio": "16:9",
            "fps": 24,
            "audio": True,
            "seed": None,
            "negative_prompt": "",
            "options": {},
        },
        Intent: {
            **dict.fromkeys(
                "prompt scene size angle lens focus light time weather mood text look".split(), ""
            ),
            **dict.fromkeys(("cast", "blocking", "camera", "dialogue", "sound", "beats"), ()),
            "place": None,
            "ambience": "",
        },
        Placement: {
            **dict.fromkeys("where by pose faces holds wears enter exit".split(), ""),
            "is_away": False,
        },
        Figure: {"description": "", "voice": ""},
        SpokenLine: {"how": "", "off": False, "voice": ""},
        Move: {"length_s": 0.0},
        Input: {
            **dict.fromkeys(("path", "facts", "expires_at", "state"), None),
            **dict.fromkeys(("name", "uri"), ""),
            "source_frames": 0,
        },
        MediaFacts: {
            **dict.fromkeys(("width", "height", "frames", "seconds"), 0),
            "rate": None,
            "has_audio": False,
        },
    }
)
"""What a field stays away with: a later version may add one without changing what stands."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A step's digest and the named parts it was made of."""

    digest: str
    parts: Mapping[str, str]
    """`provider model prompt settings references upstream` -> 12 hex digits each."""


def build_request(
    step: Step, inputs: Sequence[Input], *, ordinal: int, samples: int = 1, tag: str = ""
) -> Request:
    """What the provider is asked for take `ordinal` (1 is the first), or for several from it on.

    A further take derives its seed from (seed, ordinal), where the model takes a seed at all;
    of several samples the service gives each a seed of its own.
    """
    settings = step.settings
    if ordinal > 1 and step.seeded and samples == 1:
        derived = int(digest_value("seed", [settings.seed or 0, ordinal])[:8], 16)
        settings = replace(settings, seed=derived % (1 << _SEED_BITS))
    return Request(
        kind=step.kind,
        provider=step.provider,
        model=step.model,
        prompt=step.prompt,
        intent=step.intent,
        settings=settings,
        inputs=tuple(inputs),
        samples=samples,
        combined=step.contains_source,
        tag=tag,
    )


def compute_identity(
    step: Step, inputs: Sequence[Input], reads: frozenset[str], revision: str
) -> Identity:
    """The step's digest, given the content of its inputs in the order of its links."""
    request = build_request(step, inputs, ordinal=1)
    words: dict[str, Value] = {}
    settings: dict[str, Value] = {}
    for name, way, of_words in _split_field_paths(reads):
        (words if of_words else settings)[name] = _read_field(request, name, way)
    references: list[Value] = []
    upstream: list[Value] = []
    for link, step_input in zip(step.links, inputs, strict=True):
        (upstream if link.step else references).append([step_input.role.value, step_input.sha256])
    texts = {
        "provider": to_canonical_text([step.provider, revision]),
        "model": to_canonical_text(step.model),
        "prompt": to_canonical_text(words),
        "settings": to_canonical_text(settings),
        "references": to_canonical_text(references),
        "upstream": to_canonical_text(upstream),
    }
    parts = {name: _digest_part(name, text) for name, text in texts.items()}
    kind_and_roles = to_canonical_text(
        [step.kind.value, [step_input.role.value for step_input in inputs]]
    )
    return Identity(digest_text("step", "\n".join((kind_and_roles, *texts.values()))), parts)


def hash_frame(medium_sha256: str, frame: int, reading: str = "") -> str:
    """The identity of one frame (of its own count, from 0) of a medium with those bytes.

    `reading` is what a player does to it beyond decoding.
    """
    return digest_value("frame", [medium_sha256, frame, *([reading] if reading else [])])


def hash_picture(file_sha256: str, reading: str) -> str:
    """The identity of a picture file: its bytes, and what a viewer does to its pixels."""
    return digest_value("picture", [file_sha256, reading]) if reading else file_sha256


def resolve_frame_number(take: Take, pick: FramePick, rate: Rate) -> int:
    """The frame of the take's own count that `pick`, in film frames of its tail, names."""
    native = take.facts.rate or rate
    frames = pick.frame
    if native != rate and not pick.counts_take_frames:
        frames = native.to_frames(rate.to_seconds(frames))
    last = take.facts.frames - 1
    wanted = last - frames if pick.from_end else take.source_frames + frames
    return max(take.source_frames, min(wanted, last))


@lru_cache
def _split_field_paths(
    field_paths: frozenset[str],
) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """In order: a field's name, the way to it, and whether it is words rather than settings."""
    return tuple(
        (name, tuple(name.split(".")), name.startswith(("prompt", "intent")))
        for name in sorted(field_paths)
    )


@lru_cache
def _digest_part(name: str, text: str) -> str:
    return digest_text(f"part:{name}", text)[:12]


def _read_field(request: Request, name: str, attribute_path: tuple[str, ...]) -> Value:
    value: Any = request
    for part in attribute_path:
        value = value.get(part) if isinstance(value, Mapping) else value.to_fields()[part]
    if name == "settings.options":
        value = {key: option for key, option in value.items() if key not in _FOR_PEOPLE}
    return to_canonical_value(value)


def to_canonical_value(value: Any) -> Value:
    """A value of the core as canonical data; fields that say only what is usual stay away."""
    if value is None or type(value) in _PLAIN:
        primitive: Value = value
        return primitive
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Serialized):
        usual = _USUAL.get(type(value), {})
        return {
            name: to_canonical_value(item)
            for name, item in value.to_fields().items()
            if name not in usual or item != usual[name]
        }
    if isinstance(value, Mapping):
        return {str(key): to_canonical_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_canonical_value(item) for item in value]
    if isinstance(value, PurePath):
        raise TypeError("a path is never part of an identity")
    result: Value = value
    return result
