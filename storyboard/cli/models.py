"""`storyboard models`."""

from __future__ import annotations

import click

from storyboard.cli import options, view
from storyboard.cli.planview import money
from storyboard.providers import registry
from storyboard.providers.catalog import Model, catalog


@click.command("models")
@click.argument("name", required=False)
@options.speech
def command(name: str | None, as_json: bool, quiet: bool, verbose: bool) -> int:
    """List the models of the catalogue: limits, prices, and what has been switched off.

    NAME picks a provider, an alias or an exact id. Retired models show with -v or by NAME.
    """
    known = registry.full_catalog(registry.plugins())
    found = [m for m in known.models.values() if _asked(m, name, everything=verbose or as_json)]
    if not found:
        names = ", ".join(dict.fromkeys((*known.names, *(id for _, id in known.models))))
        raise click.UsageError(f"no model or provider `{name}`; known: {names}")
    if as_json:
        view.answer_json({"as_of": known.as_of, "models": [_record(m) for m in found]})
        return 0
    videos = [model for model in found if model.makes == "video"]
    others = [model for model in found if model.makes != "video"]
    tables = []
    if videos:
        rows = [["provider", "model", "takes", "extends", "pictures", "references", "$/s 720p", ""]]
        tables.append("\n".join(view.table([*rows, *map(_row, videos)])))
    if others:
        rows = [["provider", "model", "makes", "resolutions", "references", "price", ""]]
        tables.append("\n".join(view.table([*rows, *map(_other, others)])))
    view.answer("\n\n".join(tables))
    if not quiet:
        view.say(f"as of {known.as_of}")
    return 0


def _asked(model: Model, name: str | None, *, everything: bool) -> bool:
    if name is None:
        return everything or model.status != "retired"
    alias = catalog().aliases.get(name, {})
    return name in (model.provider, model.id) or alias.get(model.provider) == model.id


def _row(model: Model) -> list[str]:
    frames = [
        word for word, has in (("first", model.first_frame), ("last", model.last_frame)) if has
    ]
    extend = model.extend
    price = model.price_audio.get("720p")
    return [
        model.provider,
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


def _record(model: Model) -> dict[str, object]:
    extend = model.extend
    return {
        "provider": model.provider,
        "id": model.id,
        "makes": model.makes,
        "status": model.status,
        "retired_on": model.retired_on or None,
        "replacement": model.replacement or None,
        "durations": list(model.durations),
        "default_duration": model.default_duration,
        "resolutions": list(model.resolutions),
        "aspect_ratios": list(model.aspect_ratios),
        "first_frame": model.first_frame,
        "last_frame": model.last_frame,
        "references": model.references.max if model.references else 0,
        "extend": {
            "hops": list(extend.hops),
            "max_total_s": extend.max_total_s,
            "max_input_s": extend.max_input_s,
            "max_hops": extend.max_hops,
        }
        if extend
        else None,
        "audio": model.audio,
        "seed": model.seed,
        "negative_prompt": model.negative_prompt,
        "price_usd_per_s": {k: money(v) for k, v in model.price_audio.items()},
        "price_silent_usd_per_s": {k: money(v) for k, v in model.price_silent.items()},
        "price_usd_each": {k: money(v) for k, v in model.price_each.items()},
        "price_speech_usd_per_s": None if model.price_second is None else money(model.price_second),
    }
