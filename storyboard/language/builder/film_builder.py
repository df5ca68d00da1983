"""What was read -> Film: layers by precedence, shots one by one, then what hangs on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.suggestions import Suggester
from storyboard.errors import Severity, Span
from storyboard.language.builder import dialogue
from storyboard.language.builder import header as head
from storyboard.language.builder import shot_builder as shots
from storyboard.language.builder.context import BuildContext, LayeredValues
from storyboard.language.builder.layers import Origins, ValueLayer, build_layer, merge_layers
from storyboard.language.builder.media_files import MediaFiles
from storyboard.language.builder.parsed import ParsedFilm, ParsedShot, Scope
from storyboard.language.builder.references import (
    ReferenceChecker,
    ShotReference,
    list_shot_references,
    report_reference_cycles,
)
from storyboard.language.builder.staging.blocking_parser import (
    BlockingChecker,
)
from storyboard.language.builder.staging.blocking_resolver import BlockingResolver
from storyboard.language.builder.timing.beat_grids import BeatGrids
from storyboard.language.builder.timing.point_reader import PointReader
from storyboard.language.schema.checker import SchemaChecker
from storyboard.language.yaml.parser import Map
from storyboard.model.film import Film, Origin, Shot, Trim, ValueSource
from storyboard.model.shot_keys import SHOT_KEYS
from storyboard.model.shot_ruler import BeatPosition, ShotPosition, ShotRuler
from storyboard.util.merge import deep_merge

_NOT_INHERITED = frozenset({"sequence", "shots", "include"})
_JOINED_KEYS = tuple(key.name for key in SHOT_KEYS.values() if key.is_joined)
_LIKE_KEYS = frozenset(key.name for key in SHOT_KEYS.values() if key.like)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line lays over every shot."""

    profile: str = ""
    provider: str = ""
    model: str = ""
    previz: bool = False
    proxy: bool = False


@dataclass(frozen=True, slots=True)
class _OuterLayers:
    """The layers outside a shot, computed once for each scope."""

    stack: tuple[ValueLayer, ...]
    values: Mapping[str, Any]
    outer: Mapping[str, tuple[str, ...]]
    """Texts that add up, from film to included file."""
    inner: Mapping[str, tuple[str, ...]]
    """The same of the sequences, outermost first."""


class FilmBuilder:
    """Builds one film. `broken` are the ids that were read and not built."""

    def __init__(
        self,
        parsed_film: ParsedFilm,
        overrides: Overrides,
        checker: SchemaChecker,
        files: MediaFiles,
        diagnostics: DiagnosticCollector,
        suggester: Suggester,
    ) -> None:
        self._parsed_film = parsed_film
        self._overrides = overrides
        self._is_rehearsal = False
        self._checker = checker
        self._diagnostics = diagnostics
        self._film: Mapping[str, Any] = parsed_film.film or {}
        self._profile = self._find_profile(suggester)
        self._header = deep_merge(self._film, self._profile)
        layers = (
            build_layer(ValueSource.PROFILE, overrides.profile, self._profile, but=_NOT_INHERITED),
            build_layer(ValueSource.FILM, "", self._film, but=_NOT_INHERITED),
        )
        first = self._film.find_span() if isinstance(self._film, Map) else Span("<film>")
        self._origins = Origins(layers, lambda: Origin(ValueSource.FILM, key=first))
        delivery = head.build_delivery(self._header, self._origins.find_span, diagnostics)
        self._context = BuildContext(
            diagnostics, suggester, files, delivery.rate, parsed_film.sources
        )
        self._delivery = delivery
        self._values = LayeredValues(self._context, self._header, self._origins)
        self._grids = BeatGrids(self._header, delivery.rate, diagnostics)
        self._ruler = ShotRuler(delivery.rate)
        if film_grid := self._grids.film_grid:
            self._values.beats = BeatPosition(film_grid, 0, delivery.rate)
        self._outer_layers: dict[int, _OuterLayers] = {}
        self._like_layers: dict[str, tuple[ValueLayer, ...] | None] = {}
        self._parsed_shots = {
            parsed_shot.id: parsed_shot for parsed_shot in parsed_film.shots if parsed_shot.id
        }
        self._cast = {
            member.name: head.build_cast_member(member, self._context)
            for member in parsed_film.cast.values()
        }
        self._origins.extra |= {
            f"cast.{name}": Origin(ValueSource.INCLUDE, member.span.file, member.span)
            for name, member in parsed_film.cast.items()
        }
        self._place_names = [
            name for name, cast_member in self._cast.items() if cast_member.kind == "place"
        ]
        self._omitted = frozenset(
            parsed_shot.id
            for parsed_shot in parsed_film.shots
            if parsed_shot.id and self._is_omitted(parsed_shot)
        )
        self._outside_cut = dict.fromkeys(self._omitted, "is omitted")
        for parsed_shot in parsed_film.shots:
            if "alternate" in parsed_shot.item and parsed_shot.id not in self._outside_cut:
                self._outside_cut[parsed_shot.id] = "is an alternate and not in the cut"
        self._points = PointReader(
            self._values, self._ruler, parsed_film, self._outside_cut, self._header
        )
        self._resolver = ReferenceChecker(parsed_film, self._cast, self._omitted)
        self._blocking_checker = BlockingChecker(self._cast, parsed_film.may_lack_cast)
        self.broken: set[str] = set()

    def build_film(self, path: Path, root: Path) -> Film:
        """The film of every shot that could be built."""
        self._resolver.check_name_clashes(self._diagnostics)
        self._reject_like_cycles()
        built: dict[str, Shot] = {}
        values: dict[str, LayeredValues] = {}
        for parsed_shot in self._parsed_film.shots:
            result = self._build_shot_with_values(parsed_shot)
            if result is not None:
                built[parsed_shot.id], values[parsed_shot.id] = result
                continue
            self._check_broken_shot_references(parsed_shot)
            if parsed_shot.id:
                self.broken.add(parsed_shot.id)
        needs = {name: list(list_shot_references(shot)) for name, shot in built.items()}
        self._drop_broken_shots(report_reference_cycles(needs, values, self._diagnostics), built)
        built = BlockingResolver(built, self._parsed_shots).resolve_shots()
        self._warn_misplaced_end_transition(built, values)
        for name, shot in built.items():
            self._report_speech_rate(shot, values[name])
        return self._assemble_film(path, root, tuple(built.values()))

    def _assemble_film(self, path: Path, root: Path, built_shots: tuple[Shot, ...]) -> Film:
        header, values = self._header, self._values
        styles = head.build_styles(values)
        cues = head.CueBuilder(values, self._points, styles)
        text = {
            key: header[key].strip() for key in ("title", "author", "copyright") if key in header
        }
        credits_value = header.get("credits", ())
        return Film(
            path=path,
            root=root,
            **text,
            credits=tuple(
                line.strip()
                for line in ([credits_value] if isinstance(credits_value, str) else credits_value)
            ),
            length=values.parse_time_as_frames("length", header["length"])
            if "length" in header
            else None,
            delivery=self._delivery,
            defaults=head.build_defaults(
                header, self._resolve_model_settings(header.get("defaults", {}))
            ),
            cast=MappingProxyType(self._cast),
            shots=built_shots,
            music=cues.build_music(),
            narration=cues.build_narration(self._cast),
            titles=cues.build_titles(),
            markers=MappingProxyType(self._points.read_markers()),
            fonts=head.build_fonts(values),
            styles=styles,
            loudness=head.build_loudness(header),
            subtitles=header.get("subtitles", "none"),
            policy=head.build_policy(header),
            providers=head.build_provider_settings(header),
            profile=self._overrides.profile if self._profile else "",
            proxy=self._overrides.proxy,
            rehearsal=self._is_rehearsal,
            texts=tuple(
                dict.fromkeys(source.path for source in self._parsed_film.sources.values())
            ),
            origins=self._origins,
        )

    def _build_shot_with_values(self, parsed_shot: ParsedShot) -> tuple[Shot, LayeredValues] | None:
        """The shot with its values; None where it has errors, or hangs on one that has."""
        if parsed_shot.broken or not parsed_shot.id:
            return None
        outer = self._find_outer_layers(parsed_shot.scope)
        own = build_layer(ValueSource.SHOT, parsed_shot.id, parsed_shot.item, but=_NOT_INHERITED)
        like: tuple[ValueLayer, ...] = ()
        if "like" in parsed_shot.item:
            target = parsed_shot.item["like"]
            like_values = LayeredValues(
                self._context, parsed_shot.item, Origins((own,)), parsed_shot.id
            )
            omit = parsed_shot.id in self._omitted
            like_layers = (
                self._find_like_layers(target)
                if self._resolver.check_shot_reference(like_values, "like", target, omit)
                else None
            )
            if like_layers is None:
                return None
            like = tuple(_relabel_as_like_layer(layer, target) for layer in like_layers)
        stack = (*self._build_override_layers(), own, *like, *outer.stack)
        data = {
            **outer.values,
            **merge_layers(like),
            **{key: parsed_shot.item[key] for key in own.keys},
        }
        origins = Origins(stack, parsed_shot.to_origin)
        values = LayeredValues(self._context, data, origins, parsed_shot.id)
        position = self._ruler.find_position(*self._grids.find_block(parsed_shot.scope))
        values.beats = position.beats
        if "until" in data:
            values.data = {**data, "length": self._measure_until(values, position)}
        model_settings = self._resolve_model_settings(data)
        self._check_provider_options(parsed_shot, values, model_settings)
        settled_fields = {**model_settings, **self._join_layered_texts(parsed_shot, like, outer)}
        shot = shots.build_shot(parsed_shot, values, settled_fields, self._place_names)
        if shot is None:
            return None
        self._resolver.check_references(parsed_shot, values, shot)
        self._check_blocking(parsed_shot, values, shot)
        if parsed_shot.id not in self._outside_cut:
            self._ruler.add_shot(shot.id, position, _find_stated_frames(shot))
        shot = replace(shot, dialogue=dialogue.hide_voices(shot.dialogue, self._cast))
        return None if values.failed else (shot, values)

    def _check_blocking(self, parsed_shot: ParsedShot, values: LayeredValues, shot: Shot) -> None:
        checker, in_scope = self._blocking_checker, parsed_shot.scope.cast
        blockings = {"blocking": values.data.get("blocking")}
        for index, beat in enumerate(values.data.get("beats", ())):
            blockings[f"beats[{index}].blocking"] = beat.get("blocking")
        for path, blocking in blockings.items():
            checker.check_blocking(values, path, blocking, in_scope)
            checker.note_unseen_people(values, path, blocking, shot.cast)
        checker.check_line(values, shot.line, in_scope)
        if not self._parsed_film.may_lack_cast:
            checker.check_over(values, shot.over, shot.cast, shot.id)

    def _measure_until(self, values: LayeredValues, position: ShotPosition) -> str:
        """The length up to the point that `until` names; an error leaves one frame."""
        if "length" in values.origins and not values.origins.is_from_stronger_layer(
            "until", "length"
        ):
            message = "`length` and `until` can't be used together"
            hint = "keep only one of `length` and `until`"
            values.add_error("SB110", "until", message, hint, at_key=True)
            return "1f"
        end = self._points.find_position(values, "until", values.data["until"])
        if end is None:
            return "1f"
        span, frame = end
        if span != position.span:
            message = "nobody knows yet how far this point is from the start of the shot"
            hint = (
                "name a point after a shot that is before this one, and give the shots between "
                "them a `length`; or write a `length` here"
            )
            values.add_error("SB316", "until", message, hint)
            return "1f"
        if frame <= position.frame:
            seconds = float(self._context.rate.to_seconds(position.frame - frame))
            message = f"this point is {seconds:.4g} s before the start of the shot, or at it"
            hint = "name a later point, or write a `length`"
            values.add_error("SB316", "until", message, hint)
            return "1f"
        return f"{frame - position.frame}f"

    def _check_broken_shot_references(self, parsed_shot: ParsedShot) -> None:
        """Looks up what a shot names that can't be built, as far as its keys are well-formed."""
        own = build_layer(ValueSource.SHOT, parsed_shot.id, parsed_shot.item, but=_NOT_INHERITED)
        data = {key: parsed_shot.item[key] for key in own.keys - parsed_shot.wrong_keys}
        if "dialogue" in own.keys:  # who speaks can be told even where the rest of a line is wrong
            data["dialogue"] = parsed_shot.item["dialogue"]
        values = LayeredValues(
            self._context, data, Origins((own,), parsed_shot.to_origin), parsed_shot.id
        )
        if parsed_shot.broken and "like" in data:
            self._resolver.check_shot_reference(
                values, "like", data["like"], parsed_shot.id in self._omitted
            )
        self._resolver.check_references(
            parsed_shot, values, shots.build_references_only_shot(parsed_shot, values)
        )

    def _resolve_model_settings(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Provider, model, target, resolution and ratio, the command line's wishes applied."""
        overrides = self._overrides
        provider = overrides.provider or data.get("provider", "previz")
        target = data.get("target", "")
        if overrides.previz or overrides.proxy:
            if provider != "previz":
                target, self._is_rehearsal = provider, True
            provider = "previz"
        return {
            "provider": provider,
            "model": overrides.model or data.get("model", "veo-3.1"),
            "target": target,
            "resolution": data.get("resolution", self._delivery.resolution),
            "aspect_ratio": data.get("aspect_ratio", self._delivery.aspect_ratio),
        }

    def _build_override_layers(self) -> tuple[ValueLayer, ...]:
        overrides = self._overrides
        flag_values = {"provider": overrides.provider, "model": overrides.model}
        if overrides.previz or overrides.proxy:
            flag_values["provider"] = "previz"
        flag_values = {key: value for key, value in flag_values.items() if value}
        return (
            (ValueLayer(ValueSource.FLAG, "command line", flag_values, frozenset(flag_values)),)
            if flag_values
            else ()
        )

    def _find_outer_layers(self, scope: Scope) -> _OuterLayers:
        cached = self._outer_layers.get(id(scope))
        if cached is not None:
            return cached
        sequences = tuple(
            build_layer(
                ValueSource.SEQUENCE, str(item.get("sequence", "")), item, but=_NOT_INHERITED
            )
            for item in reversed(scope.sequences)
        )
        defaults: list[ValueLayer] = []
        outer: dict[str, list[str]] = {key: [] for key in _JOINED_KEYS}
        for layer, detail, data in (
            (ValueSource.FILM, "", self._film),
            (ValueSource.PROFILE, self._overrides.profile, self._profile),
            *((ValueSource.INCLUDE, source.name, part) for source, part in scope.includes),
        ):
            settings = data.get("defaults", {})
            inside = ValueSource.DEFAULTS if layer is ValueSource.FILM else layer
            around = {"look"} | ({"ambience"} if layer is not ValueSource.INCLUDE else set())
            sound_section = data.get("sound", {}) if layer is not ValueSource.INCLUDE else {}
            defaults += [
                ValueLayer(layer, detail, data, frozenset(around & data.keys())),
                ValueLayer(
                    layer, detail, sound_section, frozenset({"ambience"} & sound_section.keys())
                ),
                build_layer(inside, detail, settings, but=_NOT_INHERITED),
            ]
            outer["look"] += [data["look"].strip()] if "look" in data else []
            if "negative_prompt" in settings:
                outer["negative_prompt"].append(settings["negative_prompt"].strip())
        stack = (*sequences, *(item for item in reversed(defaults) if item.keys))
        inner = {
            key: tuple(item[key].strip() for item in scope.sequences if key in item)
            for key in _JOINED_KEYS
        }
        outer_layers = _OuterLayers(
            stack, merge_layers(stack), {k: tuple(v) for k, v in outer.items()}, inner
        )
        self._outer_layers[id(scope)] = outer_layers
        return outer_layers

    def _join_layered_texts(
        self,
        parsed_shot: ParsedShot,
        like_layers: tuple[ValueLayer, ...],
        outer_layers: _OuterLayers,
    ) -> dict[str, str]:
        """Look and negative prompt from film to shot; `like_layers` stands in for the sequences."""
        texts = {}
        for key in _JOINED_KEYS:
            shared = tuple(
                layer.data[key].strip() for layer in reversed(like_layers) if key in layer.keys
            )
            own = (parsed_shot.item[key].strip(),) if key in parsed_shot.item else ()
            texts[key] = ", ".join(
                dict.fromkeys(
                    (*outer_layers.outer[key], *(shared or outer_layers.inner[key]), *own)
                )
            )
        return texts

    def _find_like_layers(self, shot_id: str) -> tuple[ValueLayer, ...] | None:
        """What a shot, its `like` and its sequences say, strongest first; None if it is broken."""
        chain: list[ParsedShot] = []
        step = shot_id
        while step not in self._like_layers:
            parsed_shot = self._parsed_shots.get(step)
            if parsed_shot is None or parsed_shot.broken:
                self._like_layers[step] = None
                break
            chain.append(parsed_shot)
            if "like" not in parsed_shot.item:
                break
            step = parsed_shot.item["like"]
        for parsed_shot in reversed(chain):
            own = build_layer(
                ValueSource.LIKE, parsed_shot.id, parsed_shot.item, but=_NOT_INHERITED
            )
            inherited = (
                self._like_layers[parsed_shot.item["like"]] if "like" in parsed_shot.item else ()
            )
            sequences = (
                build_layer(ValueSource.LIKE, parsed_shot.id, sequence, but=_NOT_INHERITED)
                for sequence in reversed(parsed_shot.scope.sequences)
            )
            layers = (
                None if inherited is None else _restrict_to_like_keys((own, *inherited, *sequences))
            )
            self._like_layers[parsed_shot.id] = layers
        return self._like_layers[shot_id]

    def _reject_like_cycles(self) -> None:
        needs = {
            parsed_shot.id: [ShotReference("like", parsed_shot.item["like"])]
            for parsed_shot in self._parsed_film.shots
            if parsed_shot.id and not parsed_shot.broken and "like" in parsed_shot.item
        }
        if not needs:
            return
        values = {
            name: LayeredValues(
                self._context,
                {},
                Origins(
                    (
                        build_layer(
                            ValueSource.SHOT,
                            name,
                            self._parsed_shots[name].item,
                            but=_NOT_INHERITED,
                        ),
                    )
                ),
            )
            for name in needs
        }
        for name in report_reference_cycles(needs, values, self._diagnostics):
            self._parsed_shots[name].broken = True

    def _drop_broken_shots(self, shot_ids: frozenset[str], built_shots: dict[str, Shot]) -> None:
        for name in shot_ids:
            self.broken.add(name)
            del built_shots[name]

    def _check_provider_options(
        self, parsed_shot: ParsedShot, values: LayeredValues, model_settings: Mapping[str, Any]
    ) -> None:
        options = values.data.get("options")
        if not isinstance(options, Map) or parsed_shot.broken:
            return
        provider = (
            model_settings["target"]
            if model_settings["provider"] == "previz"
            else model_settings["provider"]
        )
        checked = self._checker.check_provider_section(provider, "options", options)
        values.failed |= not checked.is_valid

    def _warn_misplaced_end_transition(
        self, built_shots: Mapping[str, Shot], values_by_shot: Mapping[str, LayeredValues]
    ) -> None:
        """`transition_out` ends the film, so it stands on its last shot."""
        cut = [
            parsed_shot.id
            for parsed_shot in self._parsed_film.shots
            if parsed_shot.id not in self._omitted and "alternate" not in parsed_shot.item
        ]
        inside = set(cut[:-1])
        for name, shot in built_shots.items():
            if "transition_out" in values_by_shot[name].data and name in inside:
                message = (
                    f"`transition_out` is only allowed on the last shot, and {name} isn't the last"
                )
                hint = f"add a `transition` to the next shot, or move this key to `{cut[-1]}`"
                span = shot.origins["transition_out"].key or shot.find_span("transition_out")
                self._diagnostics.add_warning("SB312", span, message, hint)

    def _report_speech_rate(self, shot: Shot, values: LayeredValues) -> None:
        if not shot.dialogue or shot.omit:
            return
        take = dialogue.estimate_take_frames(shot, self._context.rate)
        if take is None:
            return
        listed = isinstance(values.data["dialogue"], list)
        for pace in dialogue.find_speech_rate_problems(shot.dialogue, take, self._context.rate):
            path = f"dialogue[{pace.line}]" if listed else "dialogue"
            span = values.origins.find_span(path)
            add = (
                self._diagnostics.add_error
                if pace.severity is Severity.ERROR
                else self._diagnostics.add_warning
            )
            add(pace.code, span, pace.message, pace.hint)

    def _is_omitted(self, parsed_shot: ParsedShot) -> bool:
        levels = (parsed_shot.item, *reversed(parsed_shot.scope.sequences))
        return next((bool(level["omit"]) for level in levels if "omit" in level), False)

    def _find_profile(self, suggester: Suggester) -> Mapping[str, Any]:
        name = self._overrides.profile
        if not name:
            return {}
        profiles = self._film.get("profiles", {})
        profile = profiles.get(name)
        if isinstance(profile, Map) and not name.startswith("x-"):
            return profile
        if head.has_profile(self._film, name):
            return {}  # it has errors, which are reported
        names = head.list_profile_names(self._film)
        if isinstance(self._film, Map):
            has_profiles = "profiles" in self._film
            span = self._film.find_key_span("profiles") if has_profiles else Span(self._film.file)
            listed = (
                "the profiles are " + ", ".join(names)
                if names
                else "add `profiles:` to the film; it has none"
            )
            hint = suggester.suggest_name(name, names) or listed
            self._diagnostics.add_error(
                "SB209", span, f"there is no profile `{name}` in the film", hint
            )
        return {}


def _find_stated_frames(shot: Shot) -> int | None:
    """How long the shot plays, as far as the text tells; None if only its take tells."""
    if shot.length is not None:
        return shot.length
    if shot.duration is not None and shot.trim == Trim() and not shot.effects:
        return shot.duration
    if shot.trim.start is not None and (shot.trim.end or 0) > 0:
        return (shot.trim.end or 0) - shot.trim.start
    return None


def _restrict_to_like_keys(stack: tuple[ValueLayer, ...]) -> tuple[ValueLayer, ...]:
    """The layers of another shot, each cut to what it decides of what `like` takes over."""
    decided: set[str] = set()
    restricted: list[ValueLayer] = []
    for layer in stack:
        keys = (layer.keys & _LIKE_KEYS) - decided
        decided |= keys - set(_JOINED_KEYS)
        if keys:
            restricted.append(ValueLayer(layer.layer, layer.detail, layer.data, keys))
    return tuple(restricted)


def _relabel_as_like_layer(layer: ValueLayer, shot_id: str) -> ValueLayer:
    """A layer of another shot as the shot that names it sees it."""
    return ValueLayer(ValueSource.LIKE, shot_id, layer.data, layer.keys)
