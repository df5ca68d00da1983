"""The header of a film -> what isn't a shot: delivery, cast, sound, titles, policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from yaml.nodes import MappingNode, ScalarNode

from storyboard.errors import Span
from storyboard.film import (
    Anchor,
    CastKind,
    CastMember,
    Delivery,
    House,
    Loudness,
    MusicCue,
    NarrationCue,
    Policy,
    TitleCue,
)
from storyboard.language import narration, parts
from storyboard.language.drafts import Member
from storyboard.language.files import FileProblem, Medium
from storyboard.language.report import Report
from storyboard.language.shot import plain
from storyboard.language.values import Desk, Values
from storyboard.language.yaml12 import Map, plain_scalar
from storyboard.timecode import Rate

LOUDNESS = {"web": Loudness(-14.0, -1.0), "broadcast": Loudness(-23.0, -1.0)}
WIDEST = 5
"""Width to height, or height to width, of the narrowest picture."""

_OFFSET = re.compile(r"[+-](\d{1,7}f|\d{1,6}(\.\d+)?)")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]*[A-Za-z_][A-Za-z0-9_]*)*")


def has_profile(film: Mapping[str, Any], name: str) -> bool:
    """Whether the text has such a profile, sound or not; one without a value is none."""
    pair = film.pair("profiles") if isinstance(film, Map) else None
    if pair is None or not isinstance(film, Map):
        return False
    if not isinstance(pair[1], MappingNode):
        return True
    written = Map(pair[1], film.file).pair(name)
    return written is not None and not (
        isinstance(written[1], ScalarNode) and plain_scalar(written[1].value) is None
    )


def delivery(values: Mapping[str, Any], span: Callable[[str], Span], report: Report) -> Delivery:
    """What is delivered; a rate or a ratio that can't be is reported and left at its default."""
    form = values.get("format", {})
    usual = Delivery()
    rate, ratio = usual.rate, form.get("aspect_ratio", usual.aspect_ratio)
    try:
        rate = Rate.parse(form.get("fps", 24))
        if rate.value < 1:
            raise ValueError
    except (ValueError, ZeroDivisionError):
        hint = "write 24, 25, 30, 23.976 or 24000/1001"
        report.error("SB106", span("format.fps"), f"{form['fps']} is no frame rate", hint)
        rate = usual.rate
    across, down = (Fraction(part) for part in ratio.split(":"))
    if max(across, down) > WIDEST * min(across, down):
        message = f"a picture of {ratio} is beyond {WIDEST}:1"
        report.error("SB106", span("format.aspect_ratio"), message)
        ratio = usual.aspect_ratio
    return Delivery(ratio, form.get("resolution", usual.resolution), rate)


def cast_member(member: Member, desk: Desk) -> CastMember:
    """A cast member with its pictures; a picture that can't be used is reported and left out."""
    if member.data is None:
        return CastMember(member.name)
    data, report = member.data, desk.report
    if "image" in data and "images" in data:
        message = "`image` is one picture and `images` are several; both can't be"
        report.error("SB110", data.key_span("images"), message, "put all of them into `images`")
    named: list[tuple[str, Span]] = []
    if "image" in data:
        named.append((data["image"], data.value_span("image")))
    for index, name in enumerate(data.get("images", ())):
        named.append((name, data["images"].item_span(index)))
    images = []
    for name, span in named:
        try:
            images.append(desk.files.medium(name, desk.sources[span.file].folder, Medium.PICTURE))
        except FileProblem as problem:
            report.error(problem.code, span, problem.message, problem.hint)
    return CastMember(
        name=member.name,
        kind=CastKind(data.get("kind", "character")),
        description=parts.words(data.get("description", "")),
        images=tuple(images),
        voice=parts.words(data.get("voice", "")),
        still=parts.words(data.get("still", "")),
    )


def policy(values: Mapping[str, Any]) -> Policy:
    """What happens to money and when something goes wrong."""
    said = {
        key: value for key, value in values.get("policy", {}).items() if not key.startswith("x-")
    }
    if "budget_usd" in said:
        said["budget_usd"] = Fraction(str(said["budget_usd"]))
    if "retries" in said:
        said["retries"] = int(said["retries"])
    return Policy(**said)


def loudness(values: Mapping[str, Any]) -> Loudness:
    """The loudness of the whole; web where nothing is said."""
    said = values.get("sound", {}).get("loudness", "web")
    if isinstance(said, str):
        return LOUDNESS[said]
    usual = LOUDNESS["web"]
    return Loudness(
        float(said.get("lufs", usual.lufs)), float(said.get("true_peak_db", usual.true_peak_db))
    )


def house(values: Mapping[str, Any], asked: Mapping[str, Any]) -> House:
    """Who makes what belongs to no shot; `asked` is what a shot with no word of its own asks."""
    said = values.get("defaults", {})
    models = ("still_model", "speech_model", "text_model")
    named = {key: said[key].strip() for key in models if key in said}
    kept = ("provider", "target", "model", "resolution", "aspect_ratio")
    return House(**{key: asked[key] for key in kept}, **named)


def settings(values: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Settings by provider, private keys left out."""
    return MappingProxyType(
        {
            name: MappingProxyType(
                {key: plain(value) for key, value in given.items() if not key.startswith("x-")}
            )
            for name, given in values.get("providers", {}).items()
            if isinstance(given, Map | dict) and not name.startswith("x-")
        }
    )


class Cues:
    """Music and titles: things that hang on points of the film."""

    def __init__(
        self, values: Values, ids: Iterable[str], off: Mapping[str, str], doubt: bool
    ) -> None:
        self._values = values
        self._ids = sorted(ids, key=len, reverse=True)
        self._off = off
        self._doubt = doubt

    def music(self) -> tuple[MusicCue, ...]:
        """Music cues whose file can be used."""
        cues = []
        for index, each in enumerate(self._values.data.get("sound", {}).get("music", ())):
            path = f"sound.music[{index}]"
            if ("make" in each) == ("file" in each):
                code = "SB110" if "make" in each else "SB102"
                message = "music is either `make`, in words, or a `file`"
                self._values.error(code, path, message)
                continue
            named, made = each.get("file"), parts.words(each.get("make", ""))
            file = self._values.media(f"{path}.file", named, Medium.SOUND) if named else None
            begin = self._anchor(f"{path}.from", each.get("from", "start"))
            end = self._anchor(f"{path}.to", each.get("to", "end"))
            if (file is None and not made) or begin is None or end is None:
                continue
            time = self._values.frames
            start = time(f"{path}.start", each["start"]) if "start" in each else 0
            cues.append(
                MusicCue(
                    file=file,
                    make=made,
                    begin=begin,
                    end=end,
                    start=self._values.desk.rate.seconds(start),
                    fade_in=time(f"{path}.fade_in", each.get("fade_in", 0)),
                    fade_out=time(f"{path}.fade_out", each.get("fade_out", 0)),
                    gain_db=float(each.get("gain_db", 0)),
                    duck_db=float(each.get("duck_db", 0)),
                )
            )
        return tuple(cues)

    def narration(self, cast: Collection[str]) -> tuple[NarrationCue, ...]:
        """Lines told over the film, in the order written."""
        cues = []
        for index, each in enumerate(self._values.data.get("sound", {}).get("narration", ())):
            path = f"sound.narration[{index}]"
            line = narration.line(self._values, path, each)
            narration.check_voice(self._values, path, each, cast)
            at = self._anchor(f"{path}.at", each["at"])
            if line is not None and at is not None:
                cues.append(NarrationCue(at, line))
        return tuple(cues)

    def titles(self) -> tuple[TitleCue, ...]:
        """Titles in the order written."""
        cues = []
        for index, each in enumerate(self._values.data.get("titles", ())):
            path = f"titles[{index}]"
            at = self._anchor(f"{path}.at", each["at"])
            length = max(1, self._values.frames(f"{path}.length", each["length"]))
            if ("text" in each) == ("credits" in each):
                both = "text" in each
                message = (
                    "a title is either `text` or `credits`" if both else "this title says nothing"
                )
                code = "SB110" if both else "SB109"
                self._values.error(code, path, message, "write `text: Havana`")
                continue
            if at is not None:
                lines = tuple(parts.words(line) for line in each.get("credits", ()))
                text = parts.words(each.get("text", ""))
                cues.append(TitleCue(at, length, text, lines, each.get("style", "")))
        return tuple(cues)

    def _anchor(self, path: str, value: Any) -> Anchor | None:
        """A point of the film; None, reported, where it names no shot of the cut."""
        span = self._values.origins.span(path)
        text = str(value).strip()
        try:
            at = self._values.desk.time(value if not isinstance(value, str) else text)
        except ValueError:
            pass
        else:
            return self._inside(Anchor("start", at.frames, span), path)
        for name in ("start", "end", *self._ids):
            if text.startswith(name) and (text == name or _OFFSET.fullmatch(text[len(name) :])):
                if name in self._off:
                    message = f"nothing can hang on `{name}`, which {self._off[name]}"
                    self._values.error("SB205", path, message, "name a shot of the cut")
                    return None
                offset = self._values.frames(path, text[len(name) :]) if text != name else 0
                return self._inside(Anchor(name, offset, span), path)
        if self._doubt:
            return None
        named = _ID.match(text)
        word = named[0] if named else text
        if named and (len(word) == len(text) or _OFFSET.fullmatch(text[len(word) :])):
            near = self._values.desk.nearest.hint(word, ("start", "end", *self._ids))
            self._values.error("SB201", path, f"there is no shot `{word}`", near)
        else:
            hint = "write SHOT, SHOT+1.5, start, end-6, or film seconds"
            self._values.error("SB208", path, f"`{text}` is no point of the film", hint)
        return None

    def _inside(self, anchor: Anchor, path: str) -> Anchor | None:
        if anchor.shot == "start" and anchor.offset < 0:
            self._values.error("SB313", path, "this lies before the film begins")
            return None
        return anchor
