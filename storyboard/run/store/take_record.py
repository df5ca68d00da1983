"""A take as the JSON record that lies beside its bytes; alone it rebuilds index and history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from storyboard.errors import StoreError
from storyboard.model.film import MediaFacts, Take
from storyboard.money import micros_to_usd, usd_to_micros
from storyboard.timecode import Rate

FORMAT = 1


@dataclass(frozen=True, slots=True)
class TakeRecord:
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


def to_record_json(record: TakeRecord) -> dict[str, Any]:
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
        "price_usd": micros_to_usd(take.price_micros),
        "operation": take.operation,
        "facts": _to_facts_json(facts),
        "contains_source": take.contains_source,
        "source_frames": take.source_frames,
        "uri": take.uri,
        "expires": to_iso_time(take.expires_at) if take.expires_at is not None else None,
        "attachments": dict(sorted(take.attachments.items())),
        "created": to_iso_time(take.created_at),
    }
    return {key: value for key, value in full.items() if not _is_empty(value)}


def parse_record(payload: Mapping[str, Any]) -> TakeRecord:
    """The record of a sidecar; raises StoreError for a newer format, KeyError for a broken one."""
    if payload["format"] > FORMAT:
        raise StoreError(
            "a take was written by a newer version of storyboard", hint="upgrade storyboard"
        )
    expires = payload.get("expires")
    take = Take(
        digest=payload["digest"],
        ordinal=payload["ordinal"],
        sha256=payload["sha256"],
        provider=payload["provider"],
        model=payload.get("model", ""),
        facts=_parse_facts(payload.get("facts", {})),
        seed=payload.get("seed"),
        price_micros=usd_to_micros(payload.get("price_usd", 0)),
        operation=payload.get("operation", ""),
        contains_source=payload.get("contains_source", False),
        source_frames=payload.get("source_frames", 0),
        uri=payload.get("uri", ""),
        expires_at=parse_iso_time(expires) if expires else None,
        attachments=payload.get("attachments", {}),
        created_at=parse_iso_time(payload["created"]),
        shot=payload.get("shot", ""),
    )
    return TakeRecord(
        take,
        payload.get("parts", {}),
        payload.get("kind", ""),
        payload["size"],
        payload["suffix"],
        payload.get("step", ""),
        payload.get("film", ""),
    )


def to_iso_time(seconds: float) -> str:
    """UTC, to the millisecond: `2026-11-23T04:29:11.250Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso_time(text: str) -> float:
    """Seconds since the epoch of what `to_iso_time` wrote."""
    return round(datetime.fromisoformat(text).timestamp(), 3)


@lru_cache(maxsize=64)
def parse_rate(text: str) -> Rate:
    """The rate that `str(rate)` wrote."""
    return Rate(Fraction(text))


_parse_fraction = lru_cache(maxsize=256)(Fraction)


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ("", {})


def _to_facts_json(facts: MediaFacts) -> dict[str, Any]:
    full = {
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "rate": str(facts.rate) if facts.rate else None,
        "seconds": str(facts.seconds),
        "has_audio": facts.has_audio,
    }
    return {key: value for key, value in full.items() if value is not None}


def _parse_facts(payload: Mapping[str, Any]) -> MediaFacts:
    rate = payload.get("rate")
    return MediaFacts(
        width=payload.get("width", 0),
        height=payload.get("height", 0),
        frames=payload.get("frames", 0),
        rate=parse_rate(rate) if rate else None,
        seconds=_parse_fraction(payload.get("seconds", 0)),
        has_audio=payload.get("has_audio", False),
    )
