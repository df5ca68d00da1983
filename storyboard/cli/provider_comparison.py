"""The same film on several providers: what each would buy, or why it can't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from storyboard.errors import InvalidStoryboard, Severity
from storyboard.money import format_decimal_usd
from storyboard.pipeline.session import Overrides, check_film
from storyboard.providers.catalog import load_catalog


def compare_providers(
    film: Path, overrides: Overrides, provider_specs: Sequence[str]
) -> list[dict[str, Any]]:
    """One record a provider: steps, seconds bought and price of a whole first run.

    A provider may stand with a model: `gemini:omni-flash`. Raises InvalidStoryboard when the film
    has errors that no provider would cure.
    """
    rows = []
    full_catalog = load_catalog()
    for spec in provider_specs:
        name, _, model_name = spec.partition(":")
        provider_flags = replace(
            overrides, provider=name, model=model_name or overrides.model, previz=False
        )
        checked_film = check_film(film, provider_flags)
        if checked_film.graph is None:
            raise InvalidStoryboard(checked_film.diagnostics, checked_film.texts)
        errors = [d for d in checked_film.diagnostics if d.severity is Severity.ERROR]
        steps = [step for step in checked_film.graph.steps.values() if step.provider == name]
        models = dict.fromkeys(step.model for step in steps)
        if not models and checked_film.film and checked_film.film.shots:
            model = full_catalog.find_model(name, checked_film.film.shots[0].model)
            models = dict.fromkeys([model.id] if model else [])
        cost = sum(step.price_micros * step.takes for step in steps)
        rows.append(
            {
                "provider": name,
                "model": ", ".join(models) or "-",
                "legal": not errors,
                "steps": len(steps),
                "seconds": float(sum(s.settings.duration_s * s.takes for s in steps)),
                "cost_usd": format_decimal_usd(cost),
                "errors": list(dict.fromkeys(error.message for error in errors)),
            }
        )
    return rows
