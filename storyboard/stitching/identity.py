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

from storyboard.digest import Value, digest, file_sha256
from storyboard.errors import StitchError
from storyboard.film import Align, Anchor, Film, Line, MediaFile, Shot
from storyboard.graph.timeline import Blend, Event, Slice, Timeline
from storyboard.serialized import Serialized
from storyboard.stitching.laid import laid
from storyboard.stitching.material import Medium
from storyboard.stitching.overlays import PlacedTitle

_REVISION = 5
"""Raise it when the same film would come out differently."""

_LATER: Mapping[type[Serialized], Mapping[str, Any]] = MappingProxyType(
    {Line: {"write": ""}, Blend: {"align": Align.CENTER}}
)
"""Fields that came after version 1: they count only where they say something else than this."""


def stitch_digest(
    film: Film, timeline: Timeline, media: Mapping[str, Medium], *, maker: str = ""
) -> str:
    """64 hex digits that change with anything that changes the finished file.

    That is the timeline, the bytes of every take that it shows or that only sounds, titles, sound,
    loudness, metadata and subtitles; and `maker`, the revision of whatever makes beds and voices
    from words. Sound files are read once while they stay the same. Raises StitchError when one is
    missing.
    """
    shots = {shot.id: shot for shot in film.shots}
    shown = {part.step for event in timeline.events for part in event.slices}
    shown |= {each.step for each in timeline.told}
    told: list[Value] = [
        [each.span.start, each.span.end, media[each.step].sha256, each.line.words]
        for each in timeline.told
        if each.step in media
    ]
    heard: list[Value] = [
        [step, each.sha256]
        for step, each in sorted(media.items())
        if not each.facts.frames and step not in shown
    ]
    return digest(
        "stitch",
        {
            "revision": _REVISION,
            "maker": maker,
            "size": list(film.delivery.size),
            "rate": timeline.rate.value,
            "length": timeline.length,
            "events": [
                [
                    _event(event, media),
                    _voice(shots[event.shot], timeline),
                    before is not None and shots[event.shot].extends == before.shot,
                ]
                for before, event in zip((None, *timeline.events), timeline.events, strict=False)
            ],
            "heard": heard,
            "titles": [_title(each) for each in laid(film, timeline)],
            "music": [_sound(cue, timeline) for cue in film.music],
            "narration": [_sound(cue, timeline) for cue in film.narration],
            "voices": {name: member.voice for name, member in film.cast.items()},
            "loudness": _value(film.loudness),
            "metadata": [film.title, film.author, film.copyright, list(film.credits)],
            "subtitles": film.subtitles,
            **({"told": told} if told else {}),
        },
    )


def _event(event: Event, media: Mapping[str, Medium]) -> Value:
    return [
        [event.record.start, event.record.end, event.visible.start, event.visible.end],
        [_slice(part, media) for part in event.slices],
        _value(event.entering),
        _value(event.leaving),
        [event.used.start, event.used.end, event.taken.start, event.taken.end],
    ]


def _slice(part: Slice, media: Mapping[str, Medium]) -> Value:
    medium = media.get(part.step)
    taken: list[Value] = [medium.sha256, medium.first_frame] if medium else []
    return [taken, [part.source.start, part.source.end], part.color, part.card, part.freeze]


def _voice(shot: Shot, timeline: Timeline) -> Value:
    """What of a shot is heard, besides its take."""
    heard = (
        *(shot.mute, shot.gain_db, shot.audio_lead, shot.audio_lag),
        *(shot.sound, shot.ambience, shot.dialogue, shot.narration),
    )
    return [_sound(each, timeline) for each in heard]


def _title(each: PlacedTitle) -> Value:
    title = each.title
    placed: list[Value] = [each.span.start, each.span.end, each.lift]
    return [*placed, title.text, list(title.credits), title.style]


def _sound(value: object, timeline: Timeline) -> Value:
    """Like `_value`, with anchors as the film frames that they name."""
    if isinstance(value, Anchor):
        try:
            return timeline.frame(value)
        except KeyError as error:
            raise StitchError(
                f"a sound is anchored at {value.shot}, which is not in the cut"
            ) from error
    return _value(value, timeline)


def _value(value: object, timeline: Timeline | None = None) -> Value:
    """The canonical form of a value of the film; files stand as their contents."""
    if isinstance(value, MediaFile):
        return value.uri or _content(value)
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, str | int | float | Fraction):
        return value
    if isinstance(value, tuple | list):
        return [_sound(each, timeline) if timeline else _value(each) for each in value]
    if isinstance(value, Serialized):
        later = _LATER.get(type(value), {})
        return {
            name: _sound(part, timeline) if timeline else _value(part)
            for name, part in value.to_fields().items()
            if name not in later or part != later[name]
        }
    raise TypeError(f"{type(value).__name__} has no part in a film's identity")


def _content(file: MediaFile) -> str:
    try:
        return content(file.path)
    except OSError as error:
        raise StitchError(f"{file.name} can't be read: {error.strerror}") from error


def content(path: Path) -> str:
    """The SHA-256 of a file, read once while it stays the same. Raises OSError."""
    facts = path.stat()
    return _sha256(str(path), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1024)
def _sha256(name: str, _size: int, _changed: int) -> str:
    return file_sha256(Path(name))
