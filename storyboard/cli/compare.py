"""The same film on several providers: what each would buy, or why it can't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from storyboard.cli.planview import money
from storyboard.errors import InvalidStoryboard, Severity
from storyboard.production import Flags, examine
from storyboard.providers.catalog import catalog


def comparison(film: Path, flags: Flags, providers: Sequence[str]) -> list[dict[str, Any]]:
    """One record a provider: steps, seconds bought and price of a whole first run.

    A provider may stand with a model: `gemini:omni-flash`. Raises InvalidStoryboard when the film
    has errors that no provider would cure.
    """
    rows = []
    known = catalog()
    for asked in providers:
        name, _, wanted = asked.partition(":")
        laid = replace(flags, provider=name, model=wanted or flags.model, previz=False)
        examined = examine(film, laid)
        if examined.graph is None:
            raise InvalidStoryboard(examined.diagnostics, examined.texts)
        errors = [d for d in examined.diagnostics if d.severity is Severity.ERROR]
        steps = [step for step in examined.graph.steps.values() if step.provider == name]
        models = dict.fromkeys(step.model for step in steps)
        if not models and examined.film and examined.film.shots:
            found = known.find(name, examined.film.shots[0].model)
            models = dict.fromkeys([found.id] if found else [])
        cost = sum(step.price_micros * step.takes for step in steps)
        rows.append(
            {
                "provider": name,
                "model": ", ".join(models) or "-",
                "legal": not errors,
                "steps": len(steps),
                "seconds": float(sum(s.settings.duration_s * s.takes for s in steps)),
                "cost_usd": money(cost),
                "errors": list(dict.fromkeys(error.message for error in errors)),
            }
        )
    return rows
