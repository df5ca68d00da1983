"""The same film on several providers: what each would buy, or why it can't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from storyboard.errors import InvalidStoryboard, Severity
from storyboard.pipeline.session import Overrides, check_film
from storyboard.providers.catalog import load_catalog


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    """What one provider would buy for a whole first run of a film."""

    provider: str
    models: tuple[str, ...]
    is_legal: bool
    """Whether it can make the film at all; `errors` says why not."""
    steps: int
    """Steps that it is asked for."""
    seconds: float
    """Seconds of material that are bought."""
    cost_micros: int
    """Micro-dollars."""
    errors: tuple[str, ...]


def compare_providers_of(
    film: Path, overrides: Overrides, provider_specs: Sequence[str]
) -> tuple[ProviderOffer, ...]:
    """One offer for each of `provider_specs`, which may name a model: `gemini:omni-flash`.

    Raises InvalidStoryboard when the film has errors that no provider would cure.
    """
    offers = []
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
        offers.append(
            ProviderOffer(
                provider=name,
                models=tuple(models),
                is_legal=not errors,
                steps=len(steps),
                seconds=float(sum(s.settings.duration_s * s.takes for s in steps)),
                cost_micros=sum(step.price_micros * step.takes for step in steps),
                errors=tuple(dict.fromkeys(error.message for error in errors)),
            )
        )
    return tuple(offers)
