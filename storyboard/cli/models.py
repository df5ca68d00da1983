"""`storyboard models`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from storyboard.cli import options, view
from storyboard.cli.planview import money
from storyboard.providers import registry
from storyboard.providers.catalog import Catalog, Model, catalog


@click.command("models")
@click.argument("name", required=False)
@options.speech
def command(name: str | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """List the models of the catalogue: limits, prices, and what has been switched off.

    NAME picks a provider, an alias or an exact id. Retired models show with -v or by NAME; a
    model by its NAME shows everything that is known of it.

    What differs for you (a price, a limit, a new model) goes into a file of your own, which
    STORYBOARD_CATALOG names, or ~/.config/storyboard/catalog.yaml:

    \b
      as_of: "2026-12-01"
      models:
        - {provider: cometapi, id: veo3.1-fast, price: {audio: {720p: "0.05"}}}

    An entry states what differs; its keys are those of `models --json`'s `entry`.
    """
    known = registry.full_catalog(registry.plugins())
    found = [
        (model, interface)
        for model, interface in _everything(known)
        if _asked(model, name, everything=verbose or as_json)
    ]
    if not found:
        names = ", ".join(dict.fromkeys((*known.names, *(id for _, id in known.models))))
        raise click.UsageError(f"no model or provider `{name}`; known: {names}")
    if as_json:
        records = [_record(model, interface, known) for model, interface in found]
        view.answer_json({"as_of": known.as_of, "models": records})
        return 0
    if name is not None and name not in known.providers:
        view.answer("\n\n".join(_card(model, interface, known) for model, interface in found))
    else:
        view.answer(_tables(found))
    if not quiet:
        own = f", with {known.overridden} over it" if known.overridden else ""
        view.say(f"as of {known.as_of}{own}")
    return 0


def _everything(known: Catalog) -> Iterator[tuple[Model, str]]:
    """Every model, once for each interface of its platform that a film may choose."""
    for key, model in known.models.items():
        yield model, ""
        for interface in known.entries[key].get("variants", {}):
            yield known.through({model.provider: interface}).models[key], interface


def _tables(found: Sequence[tuple[Model, str]]) -> str:
    videos = [each for each in found if each[0].makes == "video"]
    others = [model for model, _ in found if model.makes != "video"]
    tables = []
    if videos:
        rows = [["provider", "model", "takes", "extends", "pictures", "references", "$/s 720p", ""]]
        tables.append("\n".join(view.table([*rows, *(_row(m, i) for m, i in videos)])))
    if others:
        rows = [["provider", "model", "makes", "resolutions", "references", "price", ""]]
        tables.append("\n".join(view.table([*rows, *map(_other, others)])))
    return "\n\n".join(tables)


def _card(model: Model, interface: str, known: Catalog) -> str:
    """All that is known of one model, a line each."""
    rows = []
    for key, value in _record(model, interface, known).items():
        if key != "entry" and value not in (None, "", [], {}, 0, False):
            rows.append([key.replace("_", " "), _told(value)])
    return "\n".join(view.table(rows))


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(each)}" for key, each in value.items() if each)
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return {True: "yes"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _asked(model: Model, name: str | None, *, everything: bool) -> bool:
    if name is None:
        return everything or model.status != "retired"
    alias = catalog().aliases.get(name, {})
    return name in (model.provider, model.id) or alias.get(model.provider) == model.id


def _row(model: Model, interface: str) -> list[str]:
    frames = [
        word for word, has in (("first", model.first_frame), ("last", model.last_frame)) if has
    ]
    extend = model.extend
    price = model.price_audio.get("720p")
    return [
        f"{model.provider} {interface}".strip(),
        model.id,
        _seconds(model.durations),
        f"+{_seconds(extend.hops)} to {extend.max_total_s or '…'} s" if extend else "-",
        " ".join(frames) or "-",
        str(model.references.max) if model.references else "-",
        money(price) if price is not None else "?",
        _state(model),
    ]


def _other(model: Model) -> list[str]:
    """A model of stills, texts or speech."""
    if model.price_second is not None:
        price = f"${money(model.price_second)} a second"
    else:
        each = [f"${money(usd)} {name}".strip() for name, usd in model.price_each.items()]
        price = ", ".join(each) or "?"
    return [
        model.provider,
        model.id,
        model.makes,
        " ".join(model.resolutions) or "-",
        str(model.references.max) if model.references else "-",
        price,
        _state(model),
    ]


def _state(model: Model) -> str:
    state = {"retired": f"off since {model.retired_on}"}.get(model.status, model.status)
    return state + (f", use {model.replacement}" if model.replacement else "")


def _seconds(values: tuple[int, ...]) -> str:
    if len(values) > 4:
        return f"{values[0]}-{values[-1]} s"
    return ", ".join(map(str, values)) + " s"


def _record(model: Model, interface: str, known: Catalog) -> dict[str, object]:
    """Everything of a model as JSON has it; prices are decimals, US dollars."""
    extend, references = model.extend, model.references
    operations = [
        word
        for word, has in (
            ("text", model.makes == "video"),
            ("first_frame", model.first_frame),
            ("last_frame", model.last_frame),
            ("references", references is not None),
            ("extend", extend is not None),
        )
        if has
    ]
    return {
        "provider": model.provider,
        "interface": interface or None,
        "id": model.id,
        "aliases": [n for n, at in known.aliases.items() if at.get(model.provider) == model.id],
        "makes": model.makes,
        "status": model.status,
        "stage": model.stage or None,
        "note": model.note or None,
        "retires": model.retires or None,
        "retired_on": model.retired_on or None,
        "replacement": model.replacement or None,
        "operations": operations,
        "durations": list(model.durations),
        "default_duration": model.default_duration if model.durations else None,
        "resolution_durations": {k: list(v) for k, v in model.resolution_durations.items()},
        "operation_durations": {k: list(v) for k, v in model.operation_durations.items()},
        "resolutions": list(model.resolutions),
        "aspect_ratios": list(model.aspect_ratios),
        "aspect_resolutions": {k: list(v) for k, v in model.aspect_resolutions.items()},
        "first_frame": model.first_frame,
        "last_frame": model.last_frame,
        "references": references.max if references else 0,
        "reference_durations": list(references.durations) if references else [],
        "extend": {
            "hops": list(extend.hops),
            "default_hop": extend.default_hop,
            "max_total_s": extend.max_total_s,
            "max_input_s": extend.max_input_s,
            "max_hops": extend.max_hops,
            "input_resolutions": list(extend.input_resolutions),
            "resolution": extend.resolution or None,
            "contains_source": extend.combined,
            "by_uri_only": extend.remote,
        }
        if extend
        else None,
        "audio": model.audio,
        "seed": model.seed,
        "negative_prompt": model.negative_prompt,
        "samples": model.samples,
        "options": list(model.options),
        "person_generation": {k: list(v) for k, v in model.person_generation.items()},
        "option_values": {k: list(v) for k, v in model.option_values.items()},
        "option_operations": {k: list(v) for k, v in model.option_operations.items()},
        "stored_options": {k: list(v) for k, v in model.stored_options.items()},
        "needs_words": list(model.needs_words),
        "picture_mb": model.picture_mb,
        "preferred": sorted(known.preferred),
        "retention_h": model.retention_h,
        "quota_per_minute": model.quota_per_minute,
        "latency_s": list(model.latency_s),
        "price_usd_per_s": {k: money(v) for k, v in model.price_audio.items()},
        "price_silent_usd_per_s": {k: money(v) for k, v in model.price_silent.items()},
        "price_usd_each": {k: money(v) for k, v in model.price_each.items()},
        "price_speech_usd_per_s": None if model.price_second is None else money(model.price_second),
        "price_confidence": model.price_confidence or None,
        "entry": known.entries[model.provider, model.id],
    }
