"""The identity of a finished film: equal digests mean that stitching gives the same file.

It covers contents, never paths, ids or times, so a film can move between machines and a renamed
shot is not stitched again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from storyboard.digest import Value, digest_value
from storyboard.errors import StitchError
from storyboard.graph.timeline import Blend, ShotEvent, Slice
from storyboard.model.film import Align, Anchor, Line, MediaFile, Shot
from storyboard.model.shot_keys import FIELD_KEYS, SHOT_KEYS, Affects
from storyboard.stitching.cut_inputs import CutInputs, StepMedia
from storyboard.stitching.text.text_renderer import TEXT_REVISION
from storyboard.stitching.text.title_timing import PlacedTitle
from storyboard.util.machine_errors import explain_read_error
from storyboard.util.serialization import Serialized

_REVISION = 5
"""Raise it when stitching the same film would give a different file."""

_FIRST_CUT_KEYS = tuple(
    "mute gain_db audio_lead audio_lag sound ambience dialogue narration".split()
)
"""In the order of every existing fingerprint; never change it."""

_LATER: Mapping[type[Serialized], Mapping[str, Any]] = MappingProxyType(
    {Line: {"write": ""}, Blend: {"align": Align.CENTER}}
)
"""Fields added after version 1: a value counts only if it differs from the one given here."""


def fingerprint_film(inputs: CutInputs) -> str:
    """64 hex digits that change with anything that changes the finished file.

    The fingerprint covers the timeline, the bytes of every take that is shown or only heard,
    titles, sound, loudness, metadata and subtitles, and the revision of the sources of ambience and
    voices. Raises StitchError when a sound file is missing.
    """
    film, timeline, media = inputs.film, inputs.timeline, inputs.media
    shots = {shot.id: shot for shot in film.shots}
    shown_steps = {part.step for event in timeline.events for part in event.slices}
    shown_steps |= {item.step for item in timeline.narration}
    narration: list[Value] = [
        [item.span.start, item.span.end, media[item.step].sha256, item.line.words]
        for item in timeline.narration
        if item.step in media
    ]
    cards = [part.card for event in timeline.events for part in event.slices if part.card]
    text: list[Value] = [TEXT_REVISION, *inputs.fonts.identify("\n".join(cards))]
    sound_only: list[Value] = [
        [step, item.sha256]
        for step, item in sorted(media.items())
        if not item.facts.frames and step not in shown_steps
    ]
    return digest_value(
        "stitch",
        {
            "revision": _REVISION,
            "maker": inputs.sounds.revision,
            "size": list(film.delivery.size),
            "rate": timeline.rate.value,
            "length": timeline.length,
            "events": [
                [
                    _serialize_event(event, inputs),
                    _serialize_cut_values(shots[event.shot], inputs),
                    before is not None and shots[event.shot].extends == before.shot,
                ]
                for before, event in zip((None, *timeline.events), timeline.events, strict=False)
            ],
            "heard": sound_only,
            "titles": [_serialize_title(item) for item in inputs.overlays],
            "music": [_serialize_value(cue, inputs) for cue in film.music],
            "narration": [_serialize_value(cue, inputs) for cue in film.narration],
            "voices": {name: member.voice for name, member in film.cast.items()},
            "loudness": _serialize_value(film.loudness, inputs),
            "metadata": [film.title, film.author, film.copyright, list(film.credits)],
            "subtitles": film.subtitles,
            **({"told": narration} if narration else {}),
            **({"text": text} if cards or inputs.overlays else {}),
        },
    )


def _serialize_event(event: ShotEvent, inputs: CutInputs) -> Value:
    return [
        [event.record.start, event.record.end, event.visible.start, event.visible.end],
        [_serialize_slice(part, inputs.media) for part in event.slices],
        _serialize_value(event.entering, inputs),
        _serialize_value(event.leaving, inputs),
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
        *([part.framing.to_digest_value()] if part.framing else []),
    ]


def _serialize_cut_values(shot: Shot, inputs: CutInputs) -> Value:
    """The values of a shot that change the film without moving a take or a frame of the timeline.

    Keys that are not among the first ones count only if the shot sets them.
    """
    first = [_serialize_value(SHOT_KEYS[name].read_value(shot), inputs) for name in _FIRST_CUT_KEYS]
    later: dict[str, Value] = {
        key.name: _serialize_value(value, inputs)
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
    look = placed_title.identify_look()
    return [*position, title.text, list(title.credits), title.style, *look]


def _serialize_value(value: object, inputs: CutInputs) -> Value:
    """The canonical form of a value of the film.

    A file becomes its contents' digest, an anchor the film frame that it names.
    """
    if isinstance(value, Anchor):
        return _resolve_anchor(value, inputs)
    if isinstance(value, MediaFile):
        return value.uri or _hash_media_file(value, inputs)
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, str | int | float | Fraction):
        return value
    if isinstance(value, tuple | list):
        return [_serialize_value(item, inputs) for item in value]
    if isinstance(value, Serialized):
        later = _LATER.get(type(value), {})
        return {
            name: _serialize_value(part, inputs)
            for name, part in value.to_fields().items()
            if name not in later or part != later[name]
        }
    raise TypeError(f"{type(value).__name__} can't be part of a film's identity")


def _resolve_anchor(anchor: Anchor, inputs: CutInputs) -> int:
    try:
        return inputs.timeline.resolve_anchor(anchor)
    except KeyError as error:
        raise StitchError(
            f"a sound starts or ends at {anchor.shot}, which is not in the cut"
        ) from error


def _hash_media_file(file: MediaFile, inputs: CutInputs) -> str:
    try:
        return inputs.hash_path(file.path)
    except OSError as error:
        if problem := explain_read_error(error, file.name):
            raise problem from error
        raise StitchError(f"{file.name} can't be read: {error.strerror}") from error
