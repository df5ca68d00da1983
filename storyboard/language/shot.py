"""One draft -> one Shot: layers merged, every key become a part, what can't go together refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from storyboard.effects import lasting, unfit
from storyboard.film import Clip, Layer, References, Shot
from storyboard.language import narration, parts, speech
from storyboard.language.drafts import Draft
from storyboard.language.effects import effects
from storyboard.language.files import Medium, is_file_name
from storyboard.language.values import Values
from storyboard.language.words import ANGLES, SIZES, is_known, read_slug

MAKERS = ("first_frame", "continue", "extend", "clip", "color", "card")
"""Keys of which a shot has at most one; with none of them it is text to video."""

LIKE = frozenset(
    "scene place cast size angle lens camera focus light time weather mood text look references "
    "provider model resolution aspect_ratio audio negative_prompt options still_model".split()
)
"""What `like` takes over."""

_CUT_ONLY = frozenset(
    "prompt beats duration takes seed references negative_prompt options provider model "
    "resolution aspect_ratio still_model last_frame".split()
)
"""Keys of making, which mean nothing on what is only cut. Words that describe it may stay."""
_NO_TAKE = _CUT_ONLY | {"trim", "lock", "effects"}

_TEXTS = (
    "prompt scene place size angle focus light time weather mood text provider model resolution "
    "aspect_ratio color card note continuity still_model alternate target"
).split()

FIELDS: dict[str, Callable[[Values, str, Any], Any]] = {
    **dict.fromkeys(_TEXTS, lambda values, path, value: value.strip()),
    "beats": parts.beats,
    "first_frame": parts.frame,
    "last_frame": parts.frame,
    "match": parts.frame,
    "trim": parts.trim,
    "camera": parts.camera,
    "dialogue": speech.lines,
    "narration": narration.lines,
    "sound": parts.sounds,
    "transition": parts.transition,
    "transition_out": parts.transition_out,
    **dict.fromkeys(
        ("length", "duration", "handles", "audio_lead", "audio_lag"),
        lambda values, path, value: values.frames(path, value),
    ),
    "takes": lambda values, path, value: int(value),
    "seed": lambda values, path, value: int(value),
    "gain_db": lambda values, path, value: float(value),
    **dict.fromkeys(("audio", "mute", "omit"), lambda values, path, value: value),
    "lens": lambda values, path, value: value.strip() if isinstance(value, str) else f"{value:g}",
    "lock": lambda values, path, value: (
        value if isinstance(value, str) else "true" if value else ""
    ),
    "effects": effects,
    "options": lambda values, path, value: MappingProxyType(plain(value)),
}
_REFERRING = ("first_frame", "last_frame", "match", "alternate", "place", "sound", "omit")
_RENAMED = {"continue": "continues", "extend": "extends"}


def build(draft: Draft, values: Values, given: Mapping[str, Any], places: list[str]) -> Shot | None:
    """The shot, or None where it has errors, which are reported.

    `given` are fields that are settled already; `places` the cast names that are places.
    """
    own = draft.item
    data = dict(values.data)
    maker = _maker(values, own)
    only_cut = maker in ("clip", "color", "card")
    if only_cut:
        _refuse_making(values, own, maker)
    if only_cut or maker == "extend":
        for key in _not_for(values, only_cut) - own.keys():
            data.pop(key, None)
    if values.failed:
        return None
    fields: dict[str, Any] = {"id": draft.id}
    for key, value in data.items():
        make = FIELDS.get(key)
        if make is not None:
            fields[key] = make(values, key, value)
        elif key in _RENAMED:
            fields[_RENAMED[key]] = value
    if "clip" in own:
        fields["clip"] = _clip(values, own["clip"])
    if "ambience" in data:
        fields["ambience"] = parts.ambience(
            values, "ambience", data["ambience"], _scope(values, draft)
        )
    if "references" in data:
        fields.update(_references(data["references"]))
    _set_scene(values, fields, places)
    _set_cast(fields, data.get("cast", ()), places)
    _check_words(values, fields)
    _check_times(values, fields, own)
    if maker == "" and "prompt" not in data and "beats" not in data and "last_frame" not in own:
        values.failed = True
        values.desk.report.error(
            "SB109",
            draft.span,
            f"nothing says what {draft.id} shows",
            "give it a `prompt`, or a link such as `clip`, `extend` or `first_frame`",
        )
    if values.failed:
        return None
    fields.update(given)
    fields["origins"] = values.origins
    fields["sequences"] = tuple(str(each.get("sequence", "")) for each in draft.scope.sequences)
    return Shot(**fields)


def referring(draft: Draft, values: Values) -> Shot:
    """Nothing but what the shot names, of a shot that can't be built."""
    data = values.data
    fields = {key: FIELDS[key](values, key, data[key]) for key in _REFERRING if key in data}
    for key in _RENAMED.keys() & data.keys():
        fields[_RENAMED[key]] = data[key]
    if "clip" in data:
        fields["clip"] = _clip(values, data["clip"])
    if "references" in data:
        fields.update(_references(data["references"]))
    if "ambience" in data:
        parts.ambience(values, "ambience", data["ambience"], _scope(values, draft))
    return Shot(id=draft.id, **fields)


def plain(value: Any) -> Any:
    """The same data in ordinary dicts and lists."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def _maker(values: Values, own: Mapping[str, Any]) -> str:
    """The key that makes the shot, "" for text to video; refuses two."""
    makers = [key for key in own if key in MAKERS]
    for other in makers[1:]:
        values.error(
            "SB110",
            other,
            f"`{makers[0]}` makes this shot already, so `{other}` can't",
            f"keep one of {' and '.join(f'`{each}`' for each in makers)}",
            ((values.origins.key_span(makers[0]), f"`{makers[0]}`"),),
            at_key=True,
        )
    if "last_frame" in own and makers in ([], ["extend"]):
        values.error(
            "SB112",
            "last_frame",
            "`last_frame` wants `first_frame` or `continue` beside it",
            "say where the shot begins: `first_frame: refs/start.png` or `continue: SH010`",
            at_key=True,
        )
    return makers[0] if makers else ""


def _refuse_making(values: Values, own: Mapping[str, Any], maker: str) -> None:
    for key in own:
        if key in (_CUT_ONLY if maker == "clip" else _NO_TAKE):
            what = "a clip is cut, not made" if maker == "clip" else f"a {maker} has no take"
            hint = "words for people go into `note`" if key == "prompt" else f"delete `{key}`"
            values.error("SB111", key, f"`{key}` has no effect here: {what}", hint, at_key=True)


def _not_for(values: Values, only_cut: bool) -> set[str]:
    """What a take that is given doesn't inherit; the length of a sequence is its own shots'."""
    length = values.origins.get("length")
    near = length is not None and length.layer is Layer.SEQUENCE
    return {"duration"} | ({"prompt"} if only_cut else set()) | (set() if near else {"length"})


def _clip(values: Values, text: str) -> Clip | None:
    text = text.strip()
    if not is_file_name(text):
        return Clip(shot=text)
    file = values.media("clip", text, Medium.VIDEO)
    return Clip(file=file) if file else None


def _references(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"references": References(value)}
    return {"references": References.NAMED, "reference_names": tuple(value)}


def _scope(values: Values, draft: Draft) -> str:
    origin = values.origins.get("ambience")
    if origin is not None and origin.layer is Layer.SHOT:
        return f"shot:{draft.id}"
    if origin is not None and origin.layer is Layer.SEQUENCE:
        return f"seq:{origin.detail}"
    return "film"


def _set_scene(values: Values, fields: dict[str, Any], places: list[str]) -> None:
    """`scene` sets place and time where they are not said, or are said further out."""
    if fields.get("scene"):
        slug = read_slug(fields["scene"], places)
        for key, found in (("place", slug.place), ("time", slug.time)):
            if found and (key not in fields or values.origins.inner("scene", key)):
                fields[key] = found


def _set_cast(fields: dict[str, Any], names: Iterable[str], places: list[str]) -> None:
    """Who is in frame; a place among them is where they are."""
    found = [name for name in names if name in places]
    fields["cast"] = tuple(name for name in names if name not in found)
    if found:
        fields.setdefault("place", found[0])


def _check_words(values: Values, fields: Mapping[str, Any]) -> None:
    for key, known, code in (("size", SIZES, "SB114"), ("angle", ANGLES, "SB115")):
        word = fields.get(key, "")
        if word and not is_known(word, known):
            near = values.desk.nearest.hint(word, known)
            hint = near or "it goes into the prompt as it stands"
            values.warning(code, key, f"`{word}` is no {key} that is known", hint)


def _check_times(values: Values, fields: dict[str, Any], own: Mapping[str, Any]) -> None:
    length, duration = fields.get("length"), fields.get("duration")
    if duration is not None and length is not None:
        if "duration" not in own:
            del fields["duration"]
        elif duration < length and "effects" not in fields:
            values.error(
                "SB302",
                "duration",
                "`duration` is what the take holds, so it can't be shorter than `length`",
                "raise `duration`, or leave it out: the shortest legal one is bought",
                ((values.origins.span("length"), "`length`"),),
            )
    for key in ("length", "duration"):
        if fields.get(key) == 0:
            values.error("SB106", key, f"`{key}` is shorter than half a frame")
    trim = fields.get("trim")
    if trim is not None and length is not None and trim.end is not None and trim.end > 0:
        rate = values.desk.rate
        left = rate.seconds(trim.end - (trim.start or 0))
        bent = fields.get("effects", ())
        plays = lasting(bent, left)
        if left > 0 and not unfit(bent, left) and int(plays * rate.value) < length:
            becomes = "" if plays == left else f" that the effects make {float(plays):.3g} s"
            message = f"this trim leaves {float(left):.3g} s{becomes}, which is less than `length`"
            values.error("SB304", "trim.end", message, "give one of the two")
    _check_beats(values, fields, own)


def _check_beats(values: Values, fields: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    beats = fields.get("beats")
    if not beats or values.failed:
        return
    if fields.get("length") is None:
        hint = "say how long the whole take is: `length: 22`"
        values.error("SB102", "beats", "`beats` want `length`", hint, at_key=True)
        return
    for index, beat in enumerate(beats):
        if beat.at >= fields["length"]:
            message = "this beat begins when the shot is over"
            values.error("SB306", f"beats[{index}].at", message, "raise `length`, or move the beat")
    if beats[0].at > 0 and not fields.get("prompt"):
        message = "nothing says what happens before the first beat"
        values.error("SB307", "beats[0].at", message, "begin at 0, or give the shot a `prompt`")
