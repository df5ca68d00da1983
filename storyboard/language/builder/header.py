"""The header of a film -> what isn't a shot: delivery, cast, sound, titles, policy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from yaml.nodes import MappingNode, ScalarNode

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Span
from storyboard.language.builder import narration, shot_values
from storyboard.language.builder.context import BuildContext, LayeredValues
from storyboard.language.builder.media_files import FileProblem, MediaKind
from storyboard.language.builder.parsed import ParsedCastMember
from storyboard.language.builder.shot_builder import to_plain_data
from storyboard.language.builder.timing.point_reader import PointReader
from storyboard.language.yaml.parser import Map, parse_plain_scalar
from storyboard.model.film import (
    Anchor,
    CastKind,
    CastMember,
    Delivery,
    FilmDefaults,
    Loudness,
    MediaFile,
    MusicCue,
    NarrationCue,
    Outfit,
    Policy,
    Pos,
    TextStyle,
    TitleCue,
)
from storyboard.timecode import Rate

LOUDNESS = {"web": Loudness(-14.0, -1.0), "broadcast": Loudness(-23.0, -1.0)}
_KEYS_WITHOUT_EFFECT = {
    CastKind.VOICE: ("description", "image", "images", "still", "wardrobe"),
    CastKind.PLACE: ("wardrobe",),
    CastKind.STYLE: ("wardrobe",),
}
WIDEST = 5
"""Width to height, or height to width, of the narrowest picture."""

TITLE_LAYOUTS = ("center", "lower-third", "upper-third", "credits")
"""Styles that every film has."""


def has_profile(header: Mapping[str, Any], name: str) -> bool:
    """Whether the text has such a profile, sound or not; one without a value is none."""
    pair = header.find_node_pair("profiles") if isinstance(header, Map) else None
    if pair is None or not isinstance(header, Map):
        return False
    if not isinstance(pair[1], MappingNode):
        return True
    profile = Map(pair[1], header.file).find_node_pair(name)
    return profile is not None and not (
        isinstance(profile[1], ScalarNode) and parse_plain_scalar(profile[1].value) is None
    )


def list_profile_names(header: Mapping[str, Any]) -> list[str]:
    """The names of all profiles in the text, of those too that have errors."""
    pair = header.find_node_pair("profiles") if isinstance(header, Map) else None
    if pair is None or not isinstance(pair[1], MappingNode):
        return []
    names = [str(key.value) for key, _ in pair[1].value if isinstance(key, ScalarNode)]
    return [name for name in names if not name.startswith("x-") and has_profile(header, name)]


def build_delivery(
    header: Mapping[str, Any], find_span: Callable[[str], Span], diagnostics: DiagnosticCollector
) -> Delivery:
    """What is delivered; a rate or a ratio that can't be is reported and left at its default."""
    form = header.get("format", {})
    usual = Delivery()
    rate, ratio = usual.rate, form.get("aspect_ratio", usual.aspect_ratio)
    try:
        rate = Rate.parse(form.get("fps", 24))
        if rate.value < 1:
            raise ValueError
    except (ValueError, ZeroDivisionError):
        hint = "write 24, 25, 30, 23.976 or 24000/1001"
        diagnostics.add_error(
            "SB106",
            find_span("format.fps"),
            f"`fps` is not a valid frame rate: {form['fps']}",
            hint,
        )
        rate = usual.rate
    across, down = (Fraction(part) for part in ratio.split(":"))
    if max(across, down) > WIDEST * min(across, down):
        message = f"the aspect ratio {ratio} is more extreme than {WIDEST}:1"
        diagnostics.add_error("SB106", find_span("format.aspect_ratio"), message)
        ratio = usual.aspect_ratio
    fit = (shot_values.parse_framing(form["fit"]),) if "fit" in form else ()
    return Delivery(ratio, form.get("resolution", usual.resolution), rate, fit)


def build_cast_member(parsed_member: ParsedCastMember, context: BuildContext) -> CastMember:
    """A cast member with its pictures; a picture that can't be used is reported and left out."""
    if parsed_member.data is None:
        return CastMember(parsed_member.name)
    data, diagnostics = parsed_member.data, context.diagnostics
    if "image" in data and "images" in data:
        message = "`image` and `images` can't be used together"
        diagnostics.add_error(
            "SB110", data.find_key_span("images"), message, "put all images into `images`"
        )
    image_names: list[tuple[str, Span]] = []
    if "image" in data:
        image_names.append((data["image"], data.find_value_span("image")))
    for index, name in enumerate(data.get("images", ())):
        image_names.append((name, data["images"].find_item_span(index)))
    images = [_find_picture(name, span, context) for name, span in image_names]
    kind = CastKind(data.get("kind", "character"))
    for key in _KEYS_WITHOUT_EFFECT.get(kind, ()):
        if key in data:
            message, hint = _explain_key_without_effect(parsed_member.name, kind, key)
            diagnostics.add_error("SB111", data.find_key_span(key), message, hint)
    return CastMember(
        name=parsed_member.name,
        kind=kind,
        description=shot_values.strip_prose(data.get("description", "")),
        images=tuple(image for image in images if image),
        voice=shot_values.strip_prose(data.get("voice", "")),
        still=shot_values.strip_prose(data.get("still", "")),
        wardrobe=tuple(
            Outfit(
                name,
                shot_values.strip_prose(outfit.get("description", "")),
                _find_picture(outfit["image"], outfit.find_value_span("image"), context)
                if "image" in outfit
                else None,
            )
            for name, outfit in data.get("wardrobe", {}).items()
            if not name.startswith("x-")
        ),
    )


def _find_picture(file_name: str, span: Span, context: BuildContext) -> MediaFile | None:
    """The picture; None, reported, if it can't be used."""
    try:
        return context.files.find_media(
            file_name, context.sources[span.file].folder, MediaKind.PICTURE
        )
    except FileProblem as problem:
        context.diagnostics.add_error(problem.code, span, problem.message, problem.hint)
        return None


def _explain_key_without_effect(name: str, kind: CastKind, key: str) -> tuple[str, str]:
    """What to say of a key that a member of this kind can't have, and the cure."""
    if kind is CastKind.VOICE:
        return (
            f"`{key}` has no effect: `{name}` is a voice and never in the picture",
            f"delete `{key}`, or `kind: voice`; `voice` says how it sounds",
        )
    return f"`{key}` has no effect: a {kind} wears nothing", f"delete `{key}`"


def build_policy(header: Mapping[str, Any]) -> Policy:
    """What happens to money and when something goes wrong."""
    fields = {
        key: value for key, value in header.get("policy", {}).items() if not key.startswith("x-")
    }
    if "budget_usd" in fields:
        fields["budget_usd"] = Fraction(str(fields["budget_usd"]))
    if "retries" in fields:
        fields["retries"] = int(fields["retries"])
    return Policy(**fields)


def build_loudness(header: Mapping[str, Any]) -> Loudness:
    """The loudness of the whole; web where nothing is said."""
    setting = header.get("sound", {}).get("loudness", "web")
    if isinstance(setting, str):
        return LOUDNESS[setting]
    usual = LOUDNESS["web"]
    return Loudness(
        float(setting.get("lufs", usual.lufs)),
        float(setting.get("true_peak_db", usual.true_peak_db)),
    )


def build_defaults(header: Mapping[str, Any], model_settings: Mapping[str, Any]) -> FilmDefaults:
    """Who makes what belongs to no shot.

    `model_settings` is what a shot with no word of its own asks.
    """
    defaults = header.get("defaults", {})
    models = ("still_model", "speech_model", "text_model")
    model_names = {key: defaults[key].strip() for key in models if key in defaults}
    inherited_keys = ("provider", "target", "model", "resolution", "aspect_ratio")
    return FilmDefaults(**{key: model_settings[key] for key in inherited_keys}, **model_names)


def build_provider_settings(header: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Settings by provider, private keys left out."""
    return MappingProxyType(
        {
            name: MappingProxyType(
                {
                    key: to_plain_data(value)
                    for key, value in provider_settings.items()
                    if not key.startswith("x-")
                }
            )
            for name, provider_settings in header.get("providers", {}).items()
            if isinstance(provider_settings, Map | dict) and not name.startswith("x-")
        }
    )


def to_pos(value: Any) -> Pos:
    """A word, or the shares across and down."""
    return value if isinstance(value, str) else (float(value[0]), float(value[1]))


def build_fonts(values: LayeredValues) -> tuple[MediaFile, ...]:
    """The film's fonts; one that can't be used is reported and left out."""
    names = values.data.get("fonts", ())
    files = (
        values.find_media(f"fonts[{index}]", name, MediaKind.FONT)
        for index, name in enumerate(names)
    )
    return tuple(file for file in files if file is not None)


def build_styles(values: LayeredValues) -> Mapping[str, TextStyle]:
    """How text looks, by the names that the film gives; private keys left out."""
    styles: dict[str, TextStyle] = {}
    for name, data in values.data.get("styles", {}).items():
        if name.startswith("x-"):
            continue
        path = f"styles.{name}"
        font = (
            values.find_media(f"{path}.font", data["font"], MediaKind.FONT)
            if "font" in data
            else None
        )
        fade = values.parse_time_as_frames(f"{path}.fade", data["fade"]) if "fade" in data else None
        styles[name] = TextStyle(
            font=font,
            size=float(data.get("size", 0)),
            color=data.get("color", ""),
            pos=to_pos(data["pos"]) if "pos" in data else "",
            box=data.get("box", ""),
            fade=fade,
        )
    return MappingProxyType(styles)


class CueBuilder:
    """Music and titles: things that hang on points of the film."""

    def __init__(
        self, values: LayeredValues, points: PointReader, styles: Mapping[str, TextStyle]
    ) -> None:
        self._styles = styles
        self._values = values
        self._points = points

    def build_music(self) -> tuple[MusicCue, ...]:
        """Music cues whose file can be used."""
        cues = []
        for index, item in enumerate(self._values.data.get("sound", {}).get("music", ())):
            path = f"sound.music[{index}]"
            if ("make" in item) == ("file" in item):
                code = "SB110" if "make" in item else "SB102"
                message = "music needs either `make` (a description) or `file`, not both"
                self._values.add_error(code, path, message)
                continue
            file_name, description = item.get("file"), shot_values.strip_prose(item.get("make", ""))
            file = (
                self._values.find_media(f"{path}.file", file_name, MediaKind.SOUND)
                if file_name
                else None
            )
            begin = self._points.read_anchor(
                self._values, f"{path}.from", item.get("from", "start")
            )
            end = self._points.read_anchor(self._values, f"{path}.to", item.get("to", "end"))
            if (file is None and not description) or begin is None or end is None:
                continue
            time = self._values.parse_time_as_frames
            start = time(f"{path}.start", item["start"]) if "start" in item else 0
            cues.append(
                MusicCue(
                    file=file,
                    make=description,
                    begin=begin,
                    end=end,
                    start=self._values.context.rate.to_seconds(start),
                    fade_in=time(f"{path}.fade_in", item.get("fade_in", 0)),
                    fade_out=time(f"{path}.fade_out", item.get("fade_out", 0)),
                    gain_db=float(item.get("gain_db", 0)),
                    duck_db=float(item.get("duck_db", 0)),
                )
            )
        return tuple(cues)

    def build_narration(self, cast_names: Collection[str]) -> tuple[NarrationCue, ...]:
        """Lines told over the film, in the order written."""
        cues = []
        for index, item in enumerate(self._values.data.get("sound", {}).get("narration", ())):
            path = f"sound.narration[{index}]"
            line = narration.parse_narration_line(self._values, path, item)
            narration.check_narration_voice(self._values, path, item, cast_names)
            at = self._points.read_anchor(self._values, f"{path}.at", item["at"])
            if line is not None and at is not None:
                cues.append(NarrationCue(at, line))
        return tuple(cues)

    def build_titles(self) -> tuple[TitleCue, ...]:
        """Titles in the order written."""
        cues = []
        for index, item in enumerate(self._values.data.get("titles", ())):
            path = f"titles[{index}]"
            at = self._points.read_anchor(self._values, f"{path}.at", item["at"])
            length = max(1, self._values.parse_time_as_frames(f"{path}.length", item["length"]))
            contents = [key for key in ("text", "credits", "image") if key in item]
            if len(contents) != 1:
                both = " and ".join(f"`{key}`" for key in contents)
                message = (
                    f"a title needs one of `text`, `credits` and `image`, not {both}"
                    if contents
                    else "this title has no `text`, no `credits` and no `image`"
                )
                code = "SB110" if contents else "SB109"
                self._values.add_error(
                    code, path, message, "add a text, for example `text: Havana`"
                )
                continue
            title = self._build_title(path, item, at or Anchor("start"), length)
            if at is not None and title is not None:
                cues.append(title)
        return tuple(cues)

    def _build_title(
        self, path: str, item: Mapping[str, Any], at: Anchor, length: int
    ) -> TitleCue | None:
        name = item.get("style", "")
        if name and name not in TITLE_LAYOUTS and name not in self._styles:
            names = (*TITLE_LAYOUTS, *self._styles)
            near = self._values.context.suggester.suggest_name(name, names)
            hint = near or f"add it: `styles: {{{name}: {{size: 5}}}}`"
            self._values.add_error("SB218", f"{path}.style", f"there is no style `{name}`", hint)
            return None
        look = self._styles.get(name, TextStyle())
        if "pos" in item:
            look = replace(look, pos=to_pos(item["pos"]))
        image = None
        if "image" in item:
            image = self._values.find_media(f"{path}.image", item["image"], MediaKind.PICTURE)
            if image is None:
                return None
        elif "width" in item:
            self._values.add_error(
                "SB110", f"{path}.width", "`width` is only for a picture", "use `style` with `size`"
            )
        return TitleCue(
            at,
            length,
            shot_values.strip_prose(item.get("text", "")),
            tuple(shot_values.strip_prose(line) for line in item.get("credits", ())),
            name if name in TITLE_LAYOUTS else "",
            look,
            name if name in self._styles else "",
            image,
            float(item.get("width", 0)),
        )
