"""What was read -> Film: layers by precedence, shots one by one, then what hangs on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storyboard.errors import Severity, Span
from storyboard.film import Film, Layer, Origin, Shot
from storyboard.language import header as head
from storyboard.language import shot as shots
from storyboard.language import speech
from storyboard.language.drafts import Draft, Reading, Scope
from storyboard.language.files import Files
from storyboard.language.layers import Given, Origins, given, merged
from storyboard.language.references import Link, Resolver, links, report_cycles
from storyboard.language.report import Nearest, Report
from storyboard.language.schema import Checker
from storyboard.language.values import Desk, Values
from storyboard.language.yaml12 import Map
from storyboard.overlay import overlaid

_NOT_INHERITED = frozenset({"sequence", "shots", "include"})
_JOINED = ("look", "negative_prompt")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line lays over every shot."""

    profile: str = ""
    provider: str = ""
    model: str = ""
    previz: bool = False
    proxy: bool = False


@dataclass(frozen=True, slots=True)
class _Surround:
    """The layers outside a shot, computed once for each scope."""

    stack: tuple[Given, ...]
    values: Mapping[str, Any]
    outer: Mapping[str, tuple[str, ...]]
    """Texts that add up, from film to included file."""
    inner: Mapping[str, tuple[str, ...]]
    """The same of the sequences, outermost first."""


class Builder:
    """Builds one film. `broken` are the ids that were read and not built."""

    def __init__(
        self,
        reading: Reading,
        wishes: Wishes,
        checker: Checker,
        files: Files,
        report: Report,
        nearest: Nearest,
    ) -> None:
        self._reading = reading
        self._wishes = wishes
        self._overruled = False
        self._checker = checker
        self._report = report
        self._film: Mapping[str, Any] = reading.film or {}
        self._profile = self._find_profile(nearest)
        self._header = overlaid(self._film, self._profile)
        layers = (
            given(Layer.PROFILE, wishes.profile, self._profile, but=_NOT_INHERITED),
            given(Layer.FILM, "", self._film, but=_NOT_INHERITED),
        )
        first = self._film.span() if isinstance(self._film, Map) else Span("<film>")
        self._origins = Origins(layers, lambda: Origin(Layer.FILM, key=first))
        delivery = head.delivery(self._header, self._origins.span, report)
        self._desk = Desk(report, nearest, files, delivery.rate, reading.sources)
        self._delivery = delivery
        self._values = Values(self._desk, self._header, self._origins)
        self._surrounds: dict[int, _Surround] = {}
        self._likes: dict[str, tuple[Given, ...] | None] = {}
        self._drafts = {draft.id: draft for draft in reading.drafts if draft.id}
        self._cast = {
            member.name: head.cast_member(member, self._desk) for member in reading.cast.values()
        }
        self._origins.beside |= {
            f"cast.{name}": Origin(Layer.INCLUDE, member.place.file, member.place)
            for name, member in reading.cast.items()
        }
        self._places = [name for name, each in self._cast.items() if each.kind == "place"]
        self._omitted = frozenset(
            draft.id for draft in reading.drafts if draft.id and self._is_omitted(draft)
        )
        self._resolver = Resolver(reading, self._cast, self._omitted)
        self.broken: set[str] = set()

    def film(self, path: Path, root: Path) -> Film:
        """The film of every shot that could be built."""
        self._resolver.clashes(self._report)
        self._break_like_circles()
        built: dict[str, Shot] = {}
        values: dict[str, Values] = {}
        for draft in self._reading.drafts:
            made = self._shot(draft)
            if made is not None:
                built[draft.id], values[draft.id] = made
                continue
            self._refer(draft)
            if draft.id:
                self.broken.add(draft.id)
        needs = {name: list(links(shot)) for name, shot in built.items()}
        self._break(report_cycles(needs, values, self._report), built)
        self._check_end(built, values)
        for name, shot in built.items():
            self._check_pace(shot, values[name])
        return self._whole(path, root, tuple(built.values()))

    def _whole(self, path: Path, root: Path, built: tuple[Shot, ...]) -> Film:
        header, values = self._header, self._values
        off = dict.fromkeys(self._omitted, "is omitted")
        for draft in self._reading.drafts:
            if "alternate" in draft.item and draft.id not in off:
                off[draft.id] = "is an alternate and out of the cut"
        cues = head.Cues(values, self._reading.places, off, self._reading.doubt_ids)
        text = {
            key: header[key].strip() for key in ("title", "author", "copyright") if key in header
        }
        said = header.get("credits", ())
        return Film(
            path=path,
            root=root,
            **text,
            credits=tuple(line.strip() for line in ([said] if isinstance(said, str) else said)),
            length=values.frames("length", header["length"]) if "length" in header else None,
            delivery=self._delivery,
            house=head.house(header, self._asked(header.get("defaults", {}))),
            cast=MappingProxyType(self._cast),
            shots=built,
            music=cues.music(),
            narration=cues.narration(self._cast),
            titles=cues.titles(),
            loudness=head.loudness(header),
            subtitles=header.get("subtitles", "none"),
            policy=head.policy(header),
            providers=head.settings(header),
            profile=self._wishes.profile if self._profile else "",
            proxy=self._wishes.proxy,
            rehearsal=self._overruled,
            texts=tuple(dict.fromkeys(source.path for source in self._reading.sources.values())),
            origins=self._origins,
        )

    def _shot(self, draft: Draft) -> tuple[Shot, Values] | None:
        """The shot with its values; None where it has errors, or hangs on one that has."""
        if draft.broken or not draft.id:
            return None
        surround = self._surround(draft.scope)
        own = given(Layer.SHOT, draft.id, draft.item, but=_NOT_INHERITED)
        like: tuple[Given, ...] = ()
        if "like" in draft.item:
            target = draft.item["like"]
            probe = Values(self._desk, draft.item, Origins((own,)), draft.id)
            omit = draft.id in self._omitted
            found = (
                self._inner(target) if self._resolver.shot(probe, "like", target, omit) else None
            )
            if found is None:
                return None
            like = tuple(_narrowed(each, target) for each in found)
        stack = (*self._flags(), own, *like, *surround.stack)
        data = {**surround.values, **merged(like), **{key: draft.item[key] for key in own.keys}}
        origins = Origins(stack, draft.origin)
        values = Values(self._desk, data, origins, draft.id)
        asked = self._asked(data)
        self._check_options(draft, values, asked)
        settled = {**asked, **self._joined(draft, like, surround)}
        shot = shots.build(draft, values, settled, self._places)
        if shot is None:
            return None
        self._resolver.check(draft, values, shot)
        return None if values.failed else (shot, values)

    def _refer(self, draft: Draft) -> None:
        """Looks up what a shot names that can't be built, as far as its keys are well-formed."""
        own = given(Layer.SHOT, draft.id, draft.item, but=_NOT_INHERITED)
        data = {key: draft.item[key] for key in own.keys - draft.wrong}
        if "dialogue" in own.keys:  # who speaks can be told even where the rest of a line is wrong
            data["dialogue"] = draft.item["dialogue"]
        values = Values(self._desk, data, Origins((own,), draft.origin), draft.id)
        if draft.broken and "like" in data:
            self._resolver.shot(values, "like", data["like"], draft.id in self._omitted)
        self._resolver.check(draft, values, shots.referring(draft, values))

    def _asked(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Provider, model, target, resolution and ratio, the command line's wishes applied."""
        wishes = self._wishes
        named = wishes.provider or data.get("provider", "previz")
        target = data.get("target", "")
        if wishes.previz or wishes.proxy:
            if named != "previz":
                target, self._overruled = named, True
            named = "previz"
        return {
            "provider": named,
            "model": wishes.model or data.get("model", "veo-3.1"),
            "target": target,
            "resolution": data.get("resolution", self._delivery.resolution),
            "aspect_ratio": data.get("aspect_ratio", self._delivery.aspect_ratio),
        }

    def _flags(self) -> tuple[Given, ...]:
        wishes = self._wishes
        said = {"provider": wishes.provider, "model": wishes.model}
        if wishes.previz or wishes.proxy:
            said["provider"] = "previz"
        said = {key: value for key, value in said.items() if value}
        return (Given(Layer.FLAG, "command line", said, frozenset(said)),) if said else ()

    def _surround(self, scope: Scope) -> _Surround:
        found = self._surrounds.get(id(scope))
        if found is not None:
            return found
        sequences = tuple(
            given(Layer.SEQUENCE, str(each.get("sequence", "")), each, but=_NOT_INHERITED)
            for each in reversed(scope.sequences)
        )
        defaults: list[Given] = []
        outer: dict[str, list[str]] = {key: [] for key in _JOINED}
        for layer, detail, data in (
            (Layer.FILM, "", self._film),
            (Layer.PROFILE, self._wishes.profile, self._profile),
            *((Layer.INCLUDE, source.name, part) for source, part in scope.parts),
        ):
            said = data.get("defaults", {})
            inside = Layer.DEFAULTS if layer is Layer.FILM else layer
            around = {"look"} | ({"ambience"} if layer is not Layer.INCLUDE else set())
            sound = data.get("sound", {}) if layer is not Layer.INCLUDE else {}
            defaults += [
                Given(layer, detail, data, frozenset(around & data.keys())),
                Given(layer, detail, sound, frozenset({"ambience"} & sound.keys())),
                given(inside, detail, said, but=_NOT_INHERITED),
            ]
            outer["look"] += [data["look"].strip()] if "look" in data else []
            if "negative_prompt" in said:
                outer["negative_prompt"].append(said["negative_prompt"].strip())
        stack = (*sequences, *(each for each in reversed(defaults) if each.keys))
        inner = {
            key: tuple(each[key].strip() for each in scope.sequences if key in each)
            for key in _JOINED
        }
        surround = _Surround(stack, merged(stack), {k: tuple(v) for k, v in outer.items()}, inner)
        self._surrounds[id(scope)] = surround
        return surround

    def _joined(self, draft: Draft, like: tuple[Given, ...], around: _Surround) -> dict[str, str]:
        """Look and negative prompt from film to shot; `like` stands in for the sequences."""
        texts = {}
        for key in _JOINED:
            shared = tuple(each.data[key].strip() for each in reversed(like) if key in each.keys)
            own = (draft.item[key].strip(),) if key in draft.item else ()
            texts[key] = ", ".join(
                dict.fromkeys((*around.outer[key], *(shared or around.inner[key]), *own))
            )
        return texts

    def _inner(self, name: str) -> tuple[Given, ...] | None:
        """What a shot, its `like` and its sequences say, strongest first; None if it is broken."""
        chain: list[Draft] = []
        step = name
        while step not in self._likes:
            draft = self._drafts.get(step)
            if draft is None or draft.broken:
                self._likes[step] = None
                break
            chain.append(draft)
            if "like" not in draft.item:
                break
            step = draft.item["like"]
        for draft in reversed(chain):
            own = given(Layer.LIKE, draft.id, draft.item, but=_NOT_INHERITED)
            more = self._likes[draft.item["like"]] if "like" in draft.item else ()
            sequences = (
                given(Layer.LIKE, draft.id, each, but=_NOT_INHERITED)
                for each in reversed(draft.scope.sequences)
            )
            said = None if more is None else _effective((own, *more, *sequences))
            self._likes[draft.id] = said
        return self._likes[name]

    def _break_like_circles(self) -> None:
        needs = {
            draft.id: [Link("like", draft.item["like"])]
            for draft in self._reading.drafts
            if draft.id and not draft.broken and "like" in draft.item
        }
        if not needs:
            return
        values = {
            name: Values(
                self._desk,
                {},
                Origins((given(Layer.SHOT, name, self._drafts[name].item, but=_NOT_INHERITED),)),
            )
            for name in needs
        }
        for name in report_cycles(needs, values, self._report):
            self._drafts[name].broken = True

    def _break(self, names: frozenset[str], built: dict[str, Shot]) -> None:
        for name in names:
            self.broken.add(name)
            del built[name]

    def _check_options(self, draft: Draft, values: Values, asked: Mapping[str, Any]) -> None:
        options = values.data.get("options")
        if not isinstance(options, Map) or draft.broken:
            return
        provider = asked["target"] if asked["provider"] == "previz" else asked["provider"]
        checked = self._checker.check_fragment(provider, "options", options)
        values.failed |= not checked.sound

    def _check_end(self, built: Mapping[str, Shot], values: Mapping[str, Values]) -> None:
        """`transition_out` ends the film, so it stands on its last shot."""
        cut = [
            draft.id
            for draft in self._reading.drafts
            if draft.id not in self._omitted and "alternate" not in draft.item
        ]
        inside = set(cut[:-1])
        for name, shot in built.items():
            if "transition_out" in values[name].data and name in inside:
                message = f"`transition_out` ends the film, and {name} isn't its last shot"
                hint = f"put a `transition` into the shot after it, or move this to `{cut[-1]}`"
                span = shot.origins["transition_out"].key or shot.span("transition_out")
                self._report.warning("SB312", span, message, hint)

    def _check_pace(self, shot: Shot, values: Values) -> None:
        if not shot.dialogue or shot.omit:
            return
        take = speech.take_frames(shot, self._desk.rate)
        if take is None:
            return
        listed = isinstance(values.data["dialogue"], list)
        for pace in speech.paces(shot.dialogue, take, self._desk.rate):
            path = f"dialogue[{pace.line}]" if listed else "dialogue"
            span = values.origins.span(path)
            add = self._report.error if pace.severity is Severity.ERROR else self._report.warning
            add(pace.code, span, pace.message, pace.hint)

    def _is_omitted(self, draft: Draft) -> bool:
        said = (draft.item, *reversed(draft.scope.sequences))
        return next((bool(each["omit"]) for each in said if "omit" in each), False)

    def _find_profile(self, nearest: Nearest) -> Mapping[str, Any]:
        name = self._wishes.profile
        if not name:
            return {}
        profiles = self._film.get("profiles", {})
        found = profiles.get(name)
        if isinstance(found, Map) and not name.startswith("x-"):
            return found
        if head.has_profile(self._film, name):
            return {}  # it has errors, which are reported
        names = [each for each in profiles if not each.startswith("x-")]
        if isinstance(self._film, Map):
            known = "profiles" in self._film
            span = self._film.key_span("profiles") if known else Span(self._film.file)
            listed = "the profiles are " + ", ".join(names) if names else "it has none"
            hint = nearest.hint(name, names) or listed
            self._report.error("SB209", span, f"the film has no profile `{name}`", hint)
        return {}


def _effective(stack: tuple[Given, ...]) -> tuple[Given, ...]:
    """The layers of another shot, each cut to what it decides of what `like` takes over."""
    decided: set[str] = set()
    kept: list[Given] = []
    for each in stack:
        keys = (each.keys & shots.LIKE) - decided
        decided |= keys - set(_JOINED)
        if keys:
            kept.append(Given(each.layer, each.detail, each.data, keys))
    return tuple(kept)


def _narrowed(each: Given, target: str) -> Given:
    """A layer of another shot as the shot that names it sees it."""
    return Given(Layer.LIKE, target, each.data, each.keys)
