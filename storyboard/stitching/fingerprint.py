"""The identity of a finished film: equal digests mean that the same file would come out.

Made of contents, never of paths, ids or times, so that a film moves between machines and a
renamed shot is not cut again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storyboard.digest import Value, digest_value, hash_file
from storyboard.errors import StitchError
from storyboard.graph.timeline import Blend, ShotEvent, Slice, Timeline
from storyboard.model.film import Align, Anchor, Film, Line, MediaFile, Shot
from storyboard.model.shot_keys import FIELD_KEYS, SHOT_KEYS, Affects
from storyboard.stitching.picture.clips import StepMedia
from storyboard.stitching.text.overlay_layout import lay_out_overlays
from storyboard.stitching.text.title_timing import PlacedTitle
from storyboard.util.serialization import Serialized

_REVISION = 5
"""Raise it when the same film would come out differently."""

_FIRST_CUT_KEYS = tuple(
    "mute gain_db audio_lead audio_lag sound ambience dialogue narration".split()
)
"""In the order in which every film's fingerprint has them, for good."""

_LATER: Mapping[type[Serialized], Mapping[str, Any]] = MappingProxyType(
    {Line: {"write": ""}, Blend: {"align": Align.CENTER}}
)
"""Fields that came after version 1: they count only where they say something else than this."""


def fingerprint_film(
    film: Film, timeline: Timeline, media: Mapping[str, StepMedia], *, generator_revision: str = ""
) -> str:
    """64 hex digits that change with anything that changes the finished file.

    That is the timeline, the bytes of every take that it shows or that only sounds, titles, sound,
    loudness, metadata and subtitles; and `generator_revision`, the revision of whatever makes beds
    and voices from words. Sound files are read once while they stay the same. Raises StitchError
    when one is missing.
    """
    shots = {shot.id: shot for shot in film.shots}
    shown_steps = {part.step for event in timeline.events for part in event.slices}
    shown_steps |= {item.step for item in timeline.narration}
    narration: list[Value] = [
        [item.span.start, item.span.end, media[item.step].sha256, item.line.words]
        for item in timeline.narration
        if item.step in media
    ]
    sound_only: list[Value] = [
        [step, item.sha256]
        for step, item in sorted(media.items())
        if not item.facts.frames and step not in shown_steps
    ]
    return digest_value(
        "stitch",
        {
            "revision": _REVISION,
            "maker": generator_revision,
            "size": list(film.delivery.size),
            "rate": timeline.rate.value,
            "length": timeline.length,
            "events": [
                [
                    _serialize_event(event, media),
                    _serialize_cut_values(shots[event.shot], timeline),
                    before is not None and shots[event.shot].extends == before.shot,
                ]
                for before, event in zip((None, *timeline.events), timeline.events, strict=False)
            ],
            "heard": sound_only,
            "titles": [_serialize_title(item) for item in lay_out_overlays(film, timeline)],
            "music": [_serialize_with_anchors_resolved(cue, timeline) for cue in film.music],
            "narration": [
                _serialize_with_anchors_resolved(cue, timeline) for cue in film.narration
            ],
            "voices": {name: member.voice for name, member in film.cast.items()},
            "loudness": _serialize_value(film.loudness),
            "metadata": [film.title, film.author, film.copyright, list(film.credits)],
            "subtitles": film.subtitles,
            **({"told": narration} if narration else {}),
        },
    )


def _serialize_event(event: ShotEvent, media: Mapping[str, StepMedia]) -> Value:
    return [
        [event.record.start, event.record.end, event.visible.start, event.visible.end],
        [_serialize_slice(part, media) for part in event.slices],
        _serialize_value(event.entering),
        _serialize_value(event.leaving),
        [
            event.used_range.start,
            event.used_range.end,
            event.take_range.start,
            event.take_range.end,
        ],
    ]


def _serialize_slice(part: Slice, media: Mapping[str, StepMedia]) -> Value:
    medium = media.get(part.step)
    take_identity: list[Value] = [medium.sha256, medium.first_frame] if medium else []
    return [
        take_identity,
        [part.source.start, part.source.end],
        part.color,
        part.card,
        part.hold_frame,
    ]


def _serialize_cut_values(shot: Shot, timeline: Timeline) -> Value:
    """What of a shot changes the film though no take and no frame of the timeline moves.

    Keys that came after the first ones count only where they say something.
    """
    first = [
        _serialize_with_anchors_resolved(SHOT_KEYS[name].read_value(shot), timeline)
        for name in _FIRST_CUT_KEYS
    ]
    later: dict[str, Value] = {
        key.name: _serialize_with_anchors_resolved(value, timeline)
        for key in FIELD_KEYS
        if Affects.CUT in key.affects
        and not key.is_on_timeline
        and key.name not in _FIRST_CUT_KEYS
        and (value := key.read_value(shot)) != key.absent_value
    }
    return [*first, later] if later else first


def _serialize_title(placed_title: PlacedTitle) -> Value:
    title = placed_title.title
    position: list[Value] = [placed_title.span.start, placed_title.span.end, placed_title.lift]
    return [*position, title.text, list(title.credits), title.style]


def _serialize_with_anchors_resolved(value: object, timeline: Timeline) -> Value:
    """Like `_serialize_value`, with anchors as the film frames that they name."""
    if isinstance(value, Anchor):
        try:
            return timeline.resolve_anchor(value)
        except KeyError as error:
            raise StitchError(
                f"a sound is anchored at {value.shot}, which is not in the cut"
            ) from error
    return _serialize_value(value, timeline)


def _serialize_value(value: object, timeline: Timeline | None = None) -> Value:
    """The canonical form of a value of the film; files stand as their contents."""
    if isinstance(value, MediaFile):
        return value.uri or _hash_media_file(value)
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, str | int | float | Fraction):
        return value
    if isinstance(value, tuple | list):
        return [
            _serialize_with_anchors_resolved(item, timeline) if timeline else _serialize_value(item)
            for item in value
        ]
    if isinstance(value, Serialized):
        later = _LATER.get(type(value), {})
        return {
            name: _serialize_with_anchors_resolved(part, timeline)
            if timeline
            else _serialize_value(part)
            for name, part in value.to_fields().items()
            if name not in later or part != later[name]
        }
    raise TypeError(f"{type(value).__name__} has no part in a film's identity")


def _hash_media_file(file: MediaFile) -> str:
    try:
        return hash_content(file.path)
    except OSError as error:
        raise StitchError(f"{file.name} can't be read: {error.strerror}") from error


def hash_content(path: Path) -> str:
    """The SHA-256 of a file, read once while it stays the same. Raises OSError."""
    facts = path.stat()
    return _hash_unchanged_file(str(path), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1024)
def _hash_unchanged_file(path_text: str, _size: int, _changed: int) -> str:
    return hash_file(Path(path_text))
