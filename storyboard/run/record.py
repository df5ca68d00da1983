"""A take as the JSON record that lies beside its bytes; alone it rebuilds index and history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from storyboard.errors import StoreError
from storyboard.film import MediaFacts, Take
from storyboard.timecode import Rate

FORMAT = 1
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """What the store knows of one take."""

    take: Take
    parts: Mapping[str, str]
    """The named parts its step digest was made of."""
    kind: str
    size: int
    """Bytes of the medium."""
    suffix: str
    """Of the medium's file: `.mp4`."""
    step: str = ""
    """Id of the step it was first made for; the shot's own id where it has one step."""
    film: str = ""
    """Stem of the film it was first made for; like `step` for people and for history."""


def to_json(record: Record) -> dict[str, Any]:
    """The record as the schema `take` has it; what is empty is left out."""
    take, facts = record.take, record.take.facts
    full = {
        "format": FORMAT,
        "digest": take.digest,
        "ordinal": take.ordinal,
        "parts": dict(record.parts),
        "sha256": take.sha256,
        "size": record.size,
        "suffix": record.suffix,
        "kind": record.kind,
        "shot": take.shot,
        "step": record.step,
        "film": record.film,
        "provider": take.provider,
        "model": take.model,
        "seed": take.seed,
        "price_usd": usd(take.price_micros),
        "operation": take.operation,
        "facts": _facts_json(facts),
        "contains_source": take.contains_source,
        "source_frames": take.source_frames,
        "uri": take.uri,
        "expires": iso(take.expires_at) if take.expires_at is not None else None,
        "attachments": dict(sorted(take.attachments.items())),
        "created": iso(take.created_at),
    }
    return {key: value for key, value in full.items() if not _empty(value)}


def from_json(told: Mapping[str, Any]) -> Record:
    """The record of a sidecar; raises StoreError for a newer format, KeyError for a broken one."""
    if told["format"] > FORMAT:
        raise StoreError(
            "a take was written by a newer storyboard than this one", hint="upgrade storyboard"
        )
    expires = told.get("expires")
    take = Take(
        digest=told["digest"],
        ordinal=told["ordinal"],
        sha256=told["sha256"],
        provider=told["provider"],
        model=told.get("model", ""),
        facts=_facts(told.get("facts", {})),
        seed=told.get("seed"),
        price_micros=micros(told.get("price_usd", 0)),
        operation=told.get("operation", ""),
        contains_source=told.get("contains_source", False),
        source_frames=told.get("source_frames", 0),
        uri=told.get("uri", ""),
        expires_at=stamp(expires) if expires else None,
        attachments=told.get("attachments", {}),
        created_at=stamp(told["created"]),
        shot=told.get("shot", ""),
    )
    return Record(
        take,
        told.get("parts", {}),
        told.get("kind", ""),
        told["size"],
        told["suffix"],
        told.get("step", ""),
        told.get("film", ""),
    )


def usd(amount: int) -> float:
    """Micro-dollars as the decimal that JSON shows; `micros` gives the same amount back."""
    return amount / _MICROS


def micros(amount: float | str) -> int:
    """Dollars as whole micro-dollars."""
    return round(float(amount) * _MICROS)


def iso(seconds: float) -> str:
    """UTC, to the millisecond: `2026-11-23T04:29:11.250Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamp(text: str) -> float:
    """Seconds since the epoch of what `iso` wrote."""
    return round(datetime.fromisoformat(text).timestamp(), 3)


@lru_cache(maxsize=64)
def rate_of(text: str) -> Rate:
    """The rate that `str(rate)` wrote."""
    return Rate(Fraction(text))


_fraction = lru_cache(maxsize=256)(Fraction)


def _empty(value: Any) -> bool:
    return value is None or value is False or value in ("", {})


def _facts_json(facts: MediaFacts) -> dict[str, Any]:
    full = {
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "rate": str(facts.rate) if facts.rate else None,
        "seconds": str(facts.seconds),
        "has_audio": facts.has_audio,
    }
    return {key: value for key, value in full.items() if value is not None}


def _facts(told: Mapping[str, Any]) -> MediaFacts:
    rate = told.get("rate")
    return MediaFacts(
        width=told.get("width", 0),
        height=told.get("height", 0),
        frames=told.get("frames", 0),
        rate=rate_of(rate) if rate else None,
        seconds=_fraction(told.get("seconds", 0)),
        has_audio=told.get("has_audio", False),
    )
