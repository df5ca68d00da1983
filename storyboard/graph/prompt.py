"""From a shot to words: the intent of a step and the prompt assembled from it.

The assembly is frozen for version 1 of the language, since a prompt is part of what was bought:
an upgrade of the tool must not change one letter. Goldens pin it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from storyboard.graph.blocking.blocking_words import describe_changes, describe_placements
from storyboard.graph.blocking.part_blocking import find_part_blocking, show_looks
from storyboard.graph.dialogue_timing import compute_line_ranges
from storyboard.model.blocking import change_placements
from storyboard.model.film import Beat, CastKind, CastMember, Film, References, Shot
from storyboard.providers.base import Figure, Intent, Move, SpokenLine
from storyboard.timecode import FrameRange

SIZES: Mapping[str, str] = {
    "ews": "extreme wide shot",
    "els": "extreme wide shot",
    "ws": "wide shot",
    "ls": "wide shot",
    "wide": "wide shot",
    "fs": "full shot",
    "full": "full shot",
    "mws": "medium wide shot",
    "mls": "medium wide shot",
    "ms": "medium shot",
    "medium": "medium shot",
    "mcu": "medium close-up",
    "cu": "close-up",
    "close": "close-up",
    "ecu": "extreme close-up",
    "bcu": "extreme close-up",
    "xcu": "extreme close-up",
    "insert": "insert, close detail",
    "2s": "two-shot",
    "ots": "over-the-shoulder shot",
    "pov": "point-of-view shot",
}
"""Short forms of sizes (and the angles people write as sizes) in full."""

_ENDS = '.!?"'
_PAUSES = "…,;:–—-”»。！？"
"""After which a sentence needs no full stop, or goes on."""

ANGLES: Mapping[str, str] = {
    "ots": "over the shoulder",
    "pov": "point of view",
    "bev": "bird's-eye view",
    "dutch": "dutch angle",
    "low": "low angle",
    "high": "high angle",
    "eye": "eye level",
}


def build_intent(film: Film, shot: Shot, window: FrameRange, *, first: bool = True) -> Intent:
    """What one step of the shot means; `window` are its frames within the shot's material.

    Ambience is no part of it: its bed is laid in the mix, and changing it makes no take again.

    Dialogue and beats outside the window belong to another step; times count from its start.
    `first` is False for the later hops of a long take.
    """
    rate = film.delivery.rate
    spoken = []
    for line, frames in zip(shot.dialogue, compute_line_ranges(shot.dialogue, rate), strict=True):
        if frames.start in window or (first and frames.start < window.start):
            at_s = float(rate.to_seconds(max(0, frames.start - window.start)))
            member = film.cast.get(line.speaker)
            voice = member.voice if member else ""
            spoken.append(SpokenLine(line.speaker, line.words, at_s, line.how, line.off, voice))
    before = [beat for beat in shot.beats if beat.at <= window.start]
    inside = [beat for beat in shot.beats if window.start < beat.at < window.end]
    starting = [beat for beat in before if beat.at == window.start]
    blocking = find_part_blocking(
        shot, window.start, before[: len(before) - len(starting)], (*starting, *inside)
    )
    seen = [name for name in shot.cast if name not in blocking.absent]
    prompt = _join_shot_and_beat_prompts(shot.prompt, before[-1].prompt if before else "")
    for beat in starting:
        prompt = _join_shot_and_beat_prompts(
            prompt, _describe_beat_blocking(film, shot, beat, seen)
        )
    return Intent(
        prompt=prompt,
        cast=build_cast_figures(
            film,
            (*seen, *_list_style_references(film, shot)),
            {placement.name: placement.wears for placement in blocking.start},
        ),
        blocking=tuple(show_looks(blocking.present, blocking.start, seen, film.cast)),
        place=_build_shot_place_figure(film, shot),
        scene=shot.scene,
        size=shot.size,
        angle=f"over {_to_display_name(shot.over)}'s shoulder" if shot.over else shot.angle,
        lens=shot.lens,
        camera=tuple(Move(m.words, float(rate.to_seconds(m.length))) for m in shot.camera),
        focus=shot.focus,
        light=shot.light,
        time=shot.time,
        weather=shot.weather,
        mood=shot.mood,
        text=shot.text,
        look=shot.look,
        dialogue=tuple(spoken),
        sound=tuple(cue.words for cue in shot.sound if cue.words),
        beats=tuple(
            (
                float(rate.to_seconds(beat.at - window.start)),
                _join_shot_and_beat_prompts(
                    beat.prompt, _describe_beat_blocking(film, shot, beat, seen)
                ),
            )
            for beat in inside
        ),
    )


def build_prompt(intent: Intent) -> str:
    """The words a video model is sent for that intent."""
    parts: list[str] = []
    framing = [SIZES.get(intent.size.lower(), intent.size) if intent.size else ""]
    framing.append(ANGLES.get(intent.angle.lower(), intent.angle) if intent.angle else "")
    framing.append(f"{intent.lens} mm lens" if intent.lens.isdigit() else intent.lens)
    parts.append(", ".join(word for word in framing if word))
    parts.append(intent.prompt)
    parts += [f"From {_format_seconds(at)}: {words}" for at, words in intent.beats]
    parts.append(intent.scene)
    if intent.place:
        parts.append(_describe_figure("Place", intent.place))
    parts += [_describe_figure(_to_display_name(figure.name), figure) for figure in intent.cast]
    people = {figure.name for figure in intent.cast if figure.kind == CastKind.CHARACTER.value}
    parts += describe_placements(
        intent.blocking,
        lambda name: _to_display_name(name) if name in people else f"the {name.replace('_', ' ')}",
    )
    parts.append(", ".join(word for word in (intent.time, intent.weather) if word))
    if intent.camera:
        parts.append("Camera: " + ", then ".join(move.words for move in intent.camera))
    for label, words in (
        ("Focus", intent.focus),
        ("Light", intent.light),
        ("Mood", intent.mood),
        ("Look", intent.look),
    ):
        parts.append(f"{label}: {words}" if words else "")
    if intent.text:
        parts.append(f'The words "{intent.text}" can be read')
    parts += [_format_spoken_line(line) for line in intent.dialogue]
    if intent.sound:
        parts.append("Sound: " + ", ".join(intent.sound))
    return " ".join(_to_sentence(part) for part in parts if part.strip())


def build_still_prompt(words: str, intent: Intent) -> str:
    """The words an image model is sent for a picture that is made first."""
    return build_prompt(
        Intent(
            prompt=words,
            cast=intent.cast,
            place=intent.place,
            size=intent.size,
            angle=intent.angle,
            light=intent.light,
            time=intent.time,
            weather=intent.weather,
            look=intent.look,
        )
    )


def _list_style_references(film: Film, shot: Shot) -> list[str]:
    """Styles that the shot names among its references alone: their words count all the same."""
    if isinstance(shot.references, References):
        return []
    return [
        name
        for name in dict.fromkeys(shot.references)
        if name not in shot.cast
        and (member := film.cast.get(name))
        and member.kind is CastKind.STYLE
        and member.description
    ]


def _describe_beat_blocking(film: Film, shot: Shot, beat: Beat, seen: Collection[str]) -> str:
    """Sentences about what changes at a beat for the people who are seen."""

    def to_name(name: str) -> str:
        member = film.cast.get(name)
        is_person = member is None or member.kind is CastKind.CHARACTER
        return _to_display_name(name) if is_person else f"the {name.replace('_', ' ')}"

    def to_clothes(name: str, outfit_name: str) -> str:
        outfit = film.cast[name].find_outfit(outfit_name) if name in film.cast else None
        return (outfit.description if outfit else "") or outfit_name

    everybody = shot.blocking
    for earlier in shot.beats[: shot.beats.index(beat) + 1]:
        everybody = change_placements(everybody, earlier.blocking)
    changes = show_looks(beat.blocking, everybody, seen, film.cast)
    return " ".join(describe_changes(changes, to_name, to_clothes))


def build_cast_figures(
    film: Film, names: Sequence[str], outfits: Mapping[str, str] = MappingProxyType({})
) -> tuple[Figure, ...]:
    """The cast of a picture; `outfits` are what they wear, by name."""
    return tuple(_build_cast_figure(film, name, outfits.get(name, "")) for name in names)


def build_place_figure(film: Film, name: str) -> Figure:
    """A place by its cast name, or by words of its own."""
    return (
        _build_cast_figure(film, name)
        if name in film.cast
        else Figure(name, CastKind.PLACE.value, name)
    )


def _build_shot_place_figure(film: Film, shot: Shot) -> Figure | None:
    """The place of the cast, or the words that name one, unless the scene says them already."""
    if not shot.place:
        return None
    if shot.place in film.cast:
        return _build_cast_figure(film, shot.place)
    is_in_scene = shot.place.casefold() in shot.scene.casefold()
    return Figure(shot.place, CastKind.PLACE.value, "" if is_in_scene else shot.place)


def _build_cast_figure(film: Film, name: str, outfit_name: str = "") -> Figure:
    member = film.cast.get(name) or CastMember(name, CastKind.CHARACTER)
    outfit = member.find_outfit(outfit_name)
    words = (member.description, outfit.description if outfit else "")
    description = ", ".join(part for part in words if part)
    return Figure(name, member.kind.value, description, member.voice)


def _describe_figure(label: str, figure: Figure) -> str:
    if not figure.description:
        return "" if label == "Place" else label
    if figure.description.lower().startswith(label.lower()):
        return figure.description
    return f"{label}: {figure.description}"


def _format_spoken_line(line: SpokenLine) -> str:
    how = f", {line.how}," if line.how else ""
    off = " off screen" if line.off else ""
    return f'{_to_display_name(line.speaker)}{how} says{off}: "{line.words}"'


def _to_display_name(name: str) -> str:
    return name.replace("_", " ")[:1].upper() + name.replace("_", " ")[1:]


def _format_seconds(seconds: float) -> str:
    return f"{seconds:g} s"


def _join_shot_and_beat_prompts(shot_prompt: str, beat_prompt: str) -> str:
    """The words of a shot before those of its beat, as two sentences."""
    if not shot_prompt.strip() or not beat_prompt.strip():
        return shot_prompt if shot_prompt.strip() else beat_prompt
    ends = shot_prompt.rstrip()
    return (
        f"{shot_prompt} {beat_prompt}" if ends[-1] in _ENDS + _PAUSES else f"{ends}. {beat_prompt}"
    )


def _to_sentence(text: str) -> str:
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    return text if text[-1] in _ENDS else text + "."
