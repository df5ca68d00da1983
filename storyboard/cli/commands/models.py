"""`storyboard models`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import click

from storyboard.api.model_list import ListedModel, list_models
from storyboard.cli import completion, console, options
from storyboard.cli.terminal.tables import Column, Narrowing, format_table
from storyboard.money import format_decimal_usd
from storyboard.providers import registry
from storyboard.providers.catalog import Catalog, Model
from storyboard.providers.catalog_dates import describe_age, describe_retirement, read_today

_VIDEO_COLUMNS = (
    Column("provider"),
    Column("model"),
    Column("takes", drop_rank=2),
    Column("extends", drop_rank=3),
    Column("pictures", drop_rank=4),
    Column("references", drop_rank=5, is_right_aligned=True),
    Column("$/s 720p", is_right_aligned=True),
    Column("state", drop_rank=1, narrowing=Narrowing.WRAP),
)
_OTHER_COLUMNS = (
    Column("provider"),
    Column("model"),
    Column("makes"),
    Column("resolutions", drop_rank=2),
    Column("references", drop_rank=3, is_right_aligned=True),
    Column("price", narrowing=Narrowing.WRAP),
    Column("state", drop_rank=1, narrowing=Narrowing.WRAP),
)


@click.command(
    "models", epilog=options.format_examples("models", "models vertex", "models veo-3.1-fast")
)
@click.argument("name", required=False, shell_complete=completion.complete_models_or_providers)
@options.add_output_options
def command(name: str | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """List the models of the catalogue with their limits and prices.

    NAME is a provider, an alias or an exact id. Retired models are listed with -v or by NAME. The
    NAME of a model shows all that is known of it.

    To change a price or a limit, or to add a model, write a catalogue of your own, in the file
    that STORYBOARD_CATALOG names, or in ~/.config/storyboard/catalog.yaml:

    \b
      as_of: "2026-12-01"
      models:
        - {provider: cometapi, id: veo3.1-fast, price: {audio: {720p: "0.05"}}}

    An entry states only what differs; its keys are those of `models --json`'s `entry`. A model that
    is switched off within 30 days is marked, and so is what was last checked more than 60 days ago.
    STORYBOARD_TODAY=2027-01-01 shows models, and plans, as they are on that day.
    """
    full_catalog = registry.load_catalog_of_all()
    for sentence in registry.explain_unloadable_adapters():
        console.print_status(sentence)
    matches = list_models(name, include_retired=verbose or as_json)
    if as_json:
        records = [_to_model_record(listed, full_catalog) for listed in matches]
        console.print_json({"as_of": full_catalog.as_of, "models": records})
        return 0
    if name is not None and name not in full_catalog.providers:
        console.print_result("\n\n".join(_format_card(listed, full_catalog) for listed in matches))
    else:
        console.print_result(_format_model_tables(matches))
    if not quiet:
        override_note = (
            f", with {full_catalog.override_path} over it" if full_catalog.override_path else ""
        )
        console.print_status(f"as of {full_catalog.as_of}{override_note}")
    return 0


def _format_model_tables(matches: Sequence[ListedModel]) -> str:
    today = read_today()
    videos = [listed for listed in matches if listed.model.makes == "video"]
    other_models = [listed.model for listed in matches if listed.model.makes != "video"]
    tables = []
    if videos:
        rows = [_format_video_model_row(listed, today) for listed in videos]
        tables.append("\n".join(format_table(_VIDEO_COLUMNS, rows)))
    if other_models:
        rows = [_format_other_model_row(model, today) for model in other_models]
        tables.append("\n".join(format_table(_OTHER_COLUMNS, rows)))
    return "\n\n".join(tables)


def _format_card(listed: ListedModel, full_catalog: Catalog) -> str:
    """All that is known of one model, a line each."""
    rows = []
    for key, value in _to_model_record(listed, full_catalog).items():
        if key != "entry" and value not in (None, "", [], {}, 0, False):
            rows.append([key.replace("_", " "), _format_value(value)])
    return "\n".join(format_table((Column(), Column(narrowing=Narrowing.WRAP)), rows))


def _format_value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_format_value(inner)}" for key, inner in value.items() if inner)
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return {True: "yes"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _format_video_model_row(listed: ListedModel, today: date) -> list[str]:
    model, interface = listed.model, listed.interface
    frames = [
        word for word, has in (("first", model.first_frame), ("last", model.last_frame)) if has
    ]
    extend = model.extend
    price = model.compute_video_price_micros("720p", 1, audio=True)
    unit = " a take" if "720p" in model.price_each else ""
    return [
        f"{model.provider} {interface}".strip(),
        model.id,
        _format_durations(model.durations),
        f"+{_format_durations(extend.hops)} to {extend.max_total_s or '…'} s" if extend else "-",
        " ".join(frames) or "-",
        str(model.references.max) if model.references else "-",
        f"{format_decimal_usd(price)}{unit}" if price is not None else "?",
        _format_model_status(model, today),
    ]


def _format_other_model_row(model: Model, today: date) -> list[str]:
    """A model of stills, texts or speech."""
    if model.price_second is not None:
        price = f"${format_decimal_usd(model.price_second)} a second"
    else:
        unit_prices = [
            f"${format_decimal_usd(amount)} {name}".strip()
            for name, amount in model.price_each.items()
        ]
        price = ", ".join(unit_prices) or "?"
    return [
        model.provider,
        model.id,
        model.makes,
        " ".join(model.resolutions) or "-",
        str(model.references.max) if model.references else "-",
        price,
        _format_model_status(model, today),
    ]


def _format_model_status(model: Model, today: date) -> str:
    state = {"retired": f"off since {model.retired_on}"}.get(model.status, model.status)
    retirement = describe_retirement(model, today)
    parts = [state, retirement, describe_age(model.as_of, today)]
    if model.replacement and (retirement or model.status == "retired"):
        parts.append(f"use {model.replacement}")
    return ", ".join(part for part in parts if part)


def _list_date_notes(model: Model) -> list[str]:
    """What the calendar says of it: about to be switched off, known from long ago."""
    today = read_today()
    return [
        note
        for note in (describe_retirement(model, today), describe_age(model.as_of, today))
        if note
    ]


def _format_durations(durations_s: tuple[int, ...]) -> str:
    if len(durations_s) > 4:
        return f"{durations_s[0]}-{durations_s[-1]} s"
    return ", ".join(map(str, durations_s)) + " s"


def _to_model_record(listed: ListedModel, full_catalog: Catalog) -> dict[str, object]:
    """Everything of a model as JSON has it; prices are decimals, US dollars."""
    model, interface = listed.model, listed.interface
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
        "aliases": list(listed.aliases),
        "makes": model.makes,
        "status": model.status,
        "stage": model.stage or None,
        "note": model.note or None,
        "as_of": model.as_of or None,
        "notes": _list_date_notes(model),
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
        "reference_kinds": list(references.kinds) if references else [],
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
        "preferred": sorted(full_catalog.preferred),
        "retention_h": model.retention_h,
        "quota_per_minute": model.quota_per_minute,
        "latency_s": list(model.latency_s),
        "patience_s": model.patience_s,
        "price_usd_per_s": {k: format_decimal_usd(v) for k, v in model.price_audio.items()},
        "price_silent_usd_per_s": {k: format_decimal_usd(v) for k, v in model.price_silent.items()},
        "price_usd_each": {k: format_decimal_usd(v) for k, v in model.price_each.items()},
        "price_speech_usd_per_s": None
        if model.price_second is None
        else format_decimal_usd(model.price_second),
        "price_confidence": model.price_confidence or None,
        "entry": full_catalog.entries[model.provider, model.id],
    }
