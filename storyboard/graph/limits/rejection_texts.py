"""Says a finding to people: what the model can't, and what can, as YAML to paste with prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import singledispatch
from typing import Any

from storyboard.diagnostics.suggestions import suggest_name, suggest_or_list_names
from storyboard.errors import Diagnostic, Span
from storyboard.graph.limits.model_lookup import PREVIZ
from storyboard.graph.limits.rejections import (
    BeatsWithLink,
    DroppedSetting,
    Finding,
    ForeignSource,
    IllegalAspectRatio,
    IllegalDuration,
    IllegalOption,
    IllegalResolution,
    LongChain,
    LongExtension,
    LongLength,
    LongTake,
    MissingCapability,
    MissingPrompt,
    NoExtension,
    NoFirstFrame,
    NoLastFrame,
    NoReferences,
    OversizedPicture,
    PlainSource,
    ReferencesBesideFrame,
    ReferencesWithoutImages,
    RetiredModel,
    SoundAlwaysOn,
    SourceAspectRatio,
    SourceResolution,
    StorageNeeded,
    TooManyReferences,
    UnacceptedReferences,
    UnknownModel,
    UnknownOption,
    UnknownProvider,
    UnknownSetting,
    UnverifiedModel,
)
from storyboard.model.effects import compute_duration_after, find_timing_effects
from storyboard.model.film import Film, Origin, References, Shot
from storyboard.money import format_usd
from storyboard.providers.catalog import Model

_KEYS_IN_DEFAULTS = frozenset(
    "provider target model still_model text_model speech_model "
    "duration resolution audio seed negative_prompt options".split()
)
_KEYS_IN_FORMAT = frozenset({"resolution", "aspect_ratio"})
_OPERATION_WORDS = {
    "text": "a prompt only",
    "image": "a first frame",
    "interpolate": "first and last frame",
    "references": "reference images",
    "extend": "an extension",
}
_PRODUCT_WORDS = {"still": "stills", "write": "texts", "speech": "speech"}
_REANCHOR = "policy: {on_limit: reanchor}"

Text = tuple[str, str]
"""A message and its hint."""


def build_diagnostic(finding: Finding, film: Film) -> Diagnostic:
    """The finding in words, at the key that asks for it."""
    message, hint = explain_finding(finding)
    span = _find_key_span(finding, film)
    return Diagnostic(finding.code, message, span, hint.strip(), finding.severity)


def _find_key_span(finding: Finding, film: Film) -> Span:
    """Where the shot says the key, else where the film does, else the shot itself.

    What a flag or the environment says of all shots is said at the start of the film.
    """
    shot, key = finding.shot, finding.key
    outer_key = key.partition(".")[0]
    if shot is not None:
        for stated_key in (key, outer_key):
            if _is_written(shot.origins.get(stated_key)):
                return shot.find_span(stated_key)
    film_keys = []
    if outer_key in _KEYS_IN_DEFAULTS:
        film_keys += [f"defaults.{key}", f"defaults.{outer_key}"]
    if outer_key in _KEYS_IN_FORMAT:
        film_keys.append(f"format.{key}")
    for film_key in film_keys:
        if _is_written(film.origins.get(film_key)):
            return film.find_span(film_key)
    if shot is None or key in shot.origins:
        return film.find_span(key)
    written = (each for each in ("id", *shot.origins) if _is_written(shot.origins.get(each)))
    return shot.find_span(next(written, ""))


def _is_written(origin: Origin | None) -> bool:
    return origin is not None and (origin.value or origin.key) is not None


@singledispatch
def explain_finding(finding: Finding) -> Text:
    """What is wrong, and what to write instead."""
    raise NotImplementedError(type(finding))


# which model ---------------------------------------------------------------------------------


@explain_finding.register
def _explain_unknown_provider(finding: UnknownProvider) -> Text:
    hint = suggest_or_list_names(finding.name, finding.providers)
    return f"there is no provider `{finding.name}`", hint


@explain_finding.register
def _explain_unknown_model(finding: UnknownModel) -> Text:
    message = f"there is no model `{finding.name}`"
    if finding.platform:
        message += f" at {finding.platform}"
    if finding.product in _PRODUCT_WORDS:
        message += f" that makes {_PRODUCT_WORDS[finding.product]}"
    lines = [f"provider: {m.provider}   # {m.id}, {m.status}" for m in finding.elsewhere]
    return message, "\n".join(lines) or suggest_or_list_names(finding.name, finding.names)


@explain_finding.register
def _explain_retired_model(finding: RetiredModel) -> Text:
    model = finding.model
    lines = [f"{finding.key}: {model.replacement}"] if model.replacement else []
    lines += [
        f"provider: {m.provider}   # {m.id}, {_format_rate(m, '720p', '/s at 720p')}"
        for m in finding.alternatives
    ]
    if not lines and model.makes == "video":
        lines = ["add `--allow-retired` to try it anyway"]
    message = f"{model.id} was switched off at {model.provider} on {model.retired_on}"
    return message, "\n".join(lines)


@explain_finding.register
def _explain_unverified_model(finding: UnverifiedModel) -> Text:
    return f"{_describe_model(finding.model)} is not confirmed to work: {finding.model.note}", ""


# what goes in --------------------------------------------------------------------------------


@explain_finding.register
def _explain_missing_capability(finding: MissingCapability) -> Text:
    verb = {
        NoFirstFrame: "doesn't accept a first frame",
        NoLastFrame: "doesn't accept a last frame",
        NoExtension: "can't extend takes",
        NoReferences: "doesn't accept reference images",
    }[type(finding)]
    hint = ""
    if isinstance(finding, NoExtension) and finding.model.first_frame:
        hint = _advise_continuing(finding.shot)
    if isinstance(finding, NoReferences):
        hint = "references: none"
    others = _format_alternatives(finding.shot, finding.alternatives)
    return f"{_describe_model(finding.model)} {verb}", "\n".join(filter(None, (hint, others)))


@explain_finding.register
def _explain_references_beside_frame(finding: ReferencesBesideFrame) -> Text:
    model = _describe_model(finding.model)
    return (
        f"{model} doesn't accept reference images together with a first frame",
        "references: none",
    )


@explain_finding.register
def _explain_references_without_images(finding: ReferencesWithoutImages) -> Text:
    names = finding.names
    message = f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} no image"
    return message, "\n".join(f"{name}: {{image: refs/{name}.png}}   # in `cast`" for name in names)


@explain_finding.register
def _explain_too_many_references(finding: TooManyReferences) -> Text:
    names, most = finding.names, finding.max_names
    message = (
        f"{_describe_model(finding.model)} accepts at most {most} reference images, not "
        f"{len(names)}"
    )
    return message, f"references: [{', '.join(names[:most])}]"


@explain_finding.register
def _explain_unaccepted_references(finding: UnacceptedReferences) -> Text:
    shot, references = finding.shot, finding.model.references
    assert references is not None
    names = [member.name for member in finding.members]
    stated_names = () if isinstance(shot.references, References) else shot.references
    sent_names = ", ".join(name for name in stated_names if name not in names)
    cast_names = ", ".join(dict.fromkeys((*shot.cast, *names)))
    kinds = " or a ".join(sorted({member.kind.value for member in finding.members}))
    message = (
        f"{_describe_model(finding.model)} accepts reference images only of a"
        f" {_join_choices(references.kinds)}, "
        f"and {' and '.join(names)} {'is' if len(names) == 1 else 'are each'} a {kinds}"
    )
    lines = [
        f"references: [{sent_names}]" if sent_names else "references: none",
        f"cast: [{cast_names}]   # its description is in the prompt",
        _format_alternatives(shot, finding.alternatives),
    ]
    return message, "\n".join(filter(None, lines))


@explain_finding.register
def _explain_beats_with_link(finding: BeatsWithLink) -> Text:
    key = finding.link_key
    return (
        f"`beats` and `{key}` can't be used together: a take in beats starts from text only",
        f"move `beats` to a separate shot and add a shot after it: {{id: …, {key}: …}}",
    )


@explain_finding.register
def _explain_missing_prompt(finding: MissingPrompt) -> Text:
    model = _describe_model(finding.model)
    return (
        f"{model} needs a prompt, and {finding.shot.id} has none",
        "prompt: …   # what happens",
    )


@explain_finding.register
def _explain_oversized_picture(finding: OversizedPicture) -> Text:
    file, model = finding.file, finding.model
    return (
        f"{file.name} is too large: {file.size / 1000000.0:.1f} MB; {_describe_model(model)} "
        f"accepts images of up to {model.picture_mb} MB",
        "save the image as JPEG, or smaller: 1920 x 1080 pixels are enough",
    )


# how long, how large -------------------------------------------------------------------------


@explain_finding.register
def _explain_illegal_duration(finding: IllegalDuration) -> Text:
    model, legal, wanted = finding.model, finding.legal_s, finding.wanted_s

    def format_take_price(seconds: int) -> str:
        return _format_price(model, finding.resolution, seconds, finding.shot.audio)

    lines = [
        f"duration: {seconds}   # {format_take_price(seconds)}"
        for seconds in sorted(legal, key=lambda s: (abs(s - wanted), s))
    ]
    long_enough = [seconds for seconds in legal if seconds >= wanted]
    if long_enough and wanted > 0:
        bought = f"buys {long_enough[0]} s, {format_take_price(long_enough[0])}"
        lines.insert(0, f"length: {_format_seconds(wanted)}   # {bought}")
    is_limited = finding.resolution in model.resolution_durations
    where = f" at {finding.resolution}" if is_limited else ""
    return (
        f"{_describe_model(model)} makes takes of {_join_seconds(legal)} s{where}, "
        f"not {_format_seconds(wanted)}",
        "\n".join(lines),
    )


@explain_finding.register
def _explain_long_length(finding: LongLength) -> Text:
    shot, model, most = finding.shot, finding.model, finding.longest_s
    if finding.key == "effects":
        return _explain_demand_of_effects(finding, f"one take of {_describe_model(model)} is")
    hint = f"length: {most}   # {_format_price(model, finding.resolution, most, shot.audio)}"
    if not (shot.first_frame or shot.continues) and model.extend:
        beats = f"beats: [{{at: 0, prompt: …}}, {{at: {most}, prompt: …}}]"
        hint += f"\n{beats}   # a long take, made in several steps"
    wanted = _format_seconds(finding.wanted_s)
    return f"one take of {_describe_model(model)} is at most {most} s, not {wanted}", hint


@explain_finding.register
def _explain_long_extension(finding: LongExtension) -> Text:
    model, most = _describe_model(finding.model), finding.longest_s
    if finding.key == "effects":
        return _explain_demand_of_effects(finding, f"one extension by {model} adds")
    wanted = _format_seconds(finding.wanted_s)
    return (
        f"one extension by {model} adds at most {most} s, not {wanted}",
        f"length: {most}   # then continue in a new shot with extend: {finding.shot.id}",
    )


@explain_finding.register
def _explain_long_take(finding: LongTake) -> Text:
    model, most = finding.model, finding.longest_s
    if finding.key == "effects":
        return _explain_demand_of_effects(finding, f"a long take of {_describe_model(model)} is")
    wanted = _format_seconds(finding.wanted_s)
    hint = f"length: {most}\n"
    if model.first_frame:
        hint += f"{_REANCHOR}   # start again from the last frame at the limit\n"
    return (
        f"{_describe_model(model)} makes a long take of at most {most} s, not {wanted}",
        hint + _format_alternatives(finding.shot, finding.alternatives),
    )


def _explain_demand_of_effects(
    finding: LongLength | LongExtension | LongTake, subject: str
) -> Text:
    """A shot whose length is legal, and whose effects need more of the take than there can be."""
    shot, most = finding.shot, finding.longest_s
    plays, fits = (
        _format_seconds(compute_duration_after(shot.effects, Fraction(seconds)))
        for seconds in (finding.wanted_s, most)
    )
    return (
        f"{find_timing_effects(shot.effects)} of {shot.id} needs"
        f" {_format_seconds(finding.wanted_s)} s of the take to play {plays} s;"
        f" {subject} at most {most} s",
        f"length: {fits}   # {most} s of the take play as {fits} s",
    )


@explain_finding.register
def _explain_long_chain(finding: LongChain) -> Text:
    shot, source, rule = finding.shot, finding.source, finding.model.extend
    assert rule is not None
    if rule.max_hops is not None and source.hops >= rule.max_hops:
        limit = f"a chain of {rule.max_hops} extensions"
    elif rule.max_input_s is not None and source.depth_s > rule.max_input_s:
        limit = f"extending takes of up to {rule.max_input_s} s"
    else:
        limit = f"{rule.max_total_s} s in all"
    return (
        f"the chain up to {shot.id} would be {finding.wanted_s} s long; "
        f"{_describe_model(finding.model)} allows {limit}",
        f"continue: {shot.extends}   # a new take from its last frame\n{_REANCHOR}   # a new"
        " take wherever a chain is too long\n" + _format_alternatives(shot, finding.alternatives),
    )


@explain_finding.register
def _explain_illegal_resolution(finding: IllegalResolution) -> Text:
    shot, model = finding.shot, finding.model
    what = "an extension" if finding.is_extension else f"{shot.aspect_ratio} video"
    lines = [
        f"resolution: {resolution}   # {_format_rate(model, resolution, ' a second')}"
        for resolution in finding.legal
    ]
    return (
        f"{shot.id}: {_describe_model(model)} makes {what} only in "
        f"{' or '.join(finding.legal)}, not {shot.resolution}",
        "\n".join([*lines, "`format.resolution` can stay: the take is scaled to it"]),
    )


@explain_finding.register
def _explain_illegal_aspect_ratio(finding: IllegalAspectRatio) -> Text:
    model = finding.model
    return (
        f"{_describe_model(model)} has no aspect ratio {finding.shot.aspect_ratio}",
        "\n".join(f"aspect_ratio: {ratio}" for ratio in model.aspect_ratios),
    )


# what an extension goes on from --------------------------------------------------------------


@explain_finding.register
def _explain_plain_source(finding: PlainSource) -> Text:
    return f"{finding.shot.extends} is a colour or card and can't be extended", ""


@explain_finding.register
def _explain_foreign_source(finding: ForeignSource) -> Text:
    source, model = finding.shot.extends, _describe_model(finding.model)
    hint = _advise_continuing(finding.shot)
    if finding.platform:
        return (
            f"{source} is made at {finding.platform}: {model} extends only its own takes",
            f"{hint}\nprovider: {finding.platform}",
        )
    if finding.other_model:
        return (
            f"{source} is made by {finding.other_model}: {model} extends only its own takes",
            f"{hint}\nmodel: {finding.other_model}",
        )
    return f"{source} is footage: {model} extends only its own takes", hint


@explain_finding.register
def _explain_source_aspect_ratio(finding: SourceAspectRatio) -> Text:
    shot, source = finding.shot, finding.source
    ratio = source.settings.aspect_ratio
    return (
        f"{shot.id} has aspect ratio {shot.aspect_ratio}, but extends {source.shot}, which "
        f"has {ratio}",
        f"aspect_ratio: {ratio}\ncontinue: {shot.extends}   # a new take from its last frame",
    )


@explain_finding.register
def _explain_source_resolution(finding: SourceResolution) -> Text:
    legal, source = finding.legal, finding.source
    return (
        f"{_describe_model(finding.model)} extends only takes in {' or '.join(legal)}; "
        f"{source.shot} has {finding.source_resolution}",
        f"resolution: {legal[0]}   # on {source.shot}",
    )


# settings ------------------------------------------------------------------------------------


@explain_finding.register
def _explain_sound_always_on(finding: SoundAlwaysOn) -> Text:
    hint = "mute: true   # leaves its sound out of the film; same price"
    return f"{_describe_model(finding.model)} always generates sound", hint


@explain_finding.register
def _explain_unknown_setting(finding: UnknownSetting) -> Text:
    return (
        f"{_describe_model(finding.model)} has no setting `{_get_option_name(finding)}`",
        "delete the key, or move it to `defaults`, which apply only to models that have the "
        "setting",
    )


@explain_finding.register
def _explain_unknown_option(finding: UnknownOption) -> Text:
    option, model = _get_option_name(finding), finding.model
    known = f"{_describe_model(model)} has {', '.join(model.options) or 'no options'}"
    return f"no model has an option `{option}`", suggest_name(option, finding.names) or known


@explain_finding.register
def _explain_illegal_option(finding: IllegalOption) -> Text:
    option, model = _get_option_name(finding), _describe_model(finding.model)
    where = _OPERATION_WORDS[finding.operation]
    if finding.operations is not None:
        legal = " or ".join(_OPERATION_WORDS[operation] for operation in finding.operations)
        message = f"{model} accepts `{option}` only with {legal}, not with {where}"
    else:
        stated = f"{option}: {format_option_value(finding.value)}"
        message = f"{model} doesn't accept `{stated}` with {where}"
    lines = [f"options: {{{option}: {format_option_value(choice)}}}" for choice in finding.legal]
    return message, "\n".join(lines) or "delete the option, or move it to `defaults`"


@explain_finding.register
def _explain_storage_needed(finding: StorageNeeded) -> Text:
    stated = f"{_get_option_name(finding)}: {format_option_value(finding.value)}"
    provider = finding.model.provider
    return (
        f"`{stated}` needs a storage bucket for the results of {provider}",
        f"providers: {{{provider}: {{storage_uri: gs://my-bucket/films}}}}",
    )


@explain_finding.register
def _explain_dropped_setting(finding: DroppedSetting) -> Text:
    reason = finding.reason
    if isinstance(reason, UnknownSetting):
        why = f"{_describe_model(reason.model)} has no such setting"
    else:
        why, _ = explain_finding(reason)
    return f"`{_get_option_name(finding)}` is not sent: {why}", ""


# words for values ----------------------------------------------------------------------------


def format_option_value(value: Any) -> str:
    """An option's value as the storyboard writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _get_option_name(finding: Finding) -> str:
    return finding.key.removeprefix("options.")


def _describe_model(model: Model) -> str:
    return f"{model.id} on {model.provider}"


def _advise_continuing(shot: Shot) -> str:
    return f"continue: {shot.extends}   # starts at its last frame"


def _format_alternatives(shot: Shot, alternatives: Iterable[Model]) -> str:
    """The same film on other models, as lines to paste."""
    key = "target" if shot.provider == PREVIZ else "provider"
    lines = []
    for model in alternatives:
        price = model.compute_video_price_micros("720p", 1, audio=True)
        rate = _format_rate(model, "720p", " a second at 720p")
        cost = f"   # {rate}" if price is not None else ""
        lines.append(f"{key}: {model.provider}\nmodel: {model.id}{cost}")
    return "\n".join(lines)


def _format_price(model: Model, resolution: str, seconds: int, audio: bool) -> str:
    price = model.compute_video_price_micros(resolution, seconds, audio=audio)
    return "price unknown" if price is None else format_usd(price)


def _format_rate(model: Model, resolution: str, unit: str) -> str:
    price = model.compute_video_price_micros(resolution, 1, audio=True)
    if resolution in model.price_each:
        unit = " a take"
    return "price unknown" if price is None else f"{format_usd(price)}{unit}"


def _join_choices(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _format_seconds(seconds: Fraction) -> str:
    return f"{float(seconds):g}"


def _join_seconds(values: Sequence[int]) -> str:
    texts = [str(value) for value in values]
    if len(texts) > 6 and values == tuple(range(values[0], values[-1] + 1)):
        return f"{texts[0]} to {texts[-1]}"
    return " or ".join(texts) if len(texts) < 3 else ", ".join(texts[:-1]) + f" or {texts[-1]}"
