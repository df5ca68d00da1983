"""Notes about models that are about to be switched off, and about facts that have grown old."""

from __future__ import annotations

from storyboard.errors import Span
from storyboard.graph.context import CompileContext
from storyboard.graph.limits.model_lookup import PREVIZ
from storyboard.graph.steps import Step
from storyboard.providers.catalog_dates import describe_age, describe_retirement


def note_dated_models(context: CompileContext) -> None:
    """Notes each model that the film buys from, or rehearses for by name, once."""
    today = context.models.today
    if today is None:
        return
    noted_keys: set[tuple[str, str]] = set()
    noted_ages: set[str] = set()
    for step in context.steps.values():
        key = (step.target, step.model)
        model = context.models.find_exact_model(*key)
        if model is None or key in noted_keys or not _names_platform(context, step):
            continue
        noted_keys.add(key)
        where = f"{model.id} on {model.provider}"
        if retirement := describe_retirement(model, today):
            successor = f"; {model.replacement} replaces it" if model.replacement else ""
            context.diagnostics.add_note(
                "SB405",
                _find_model_span(context, step),
                f"{where} {retirement}{successor}",
                f"model: {model.replacement}" if model.replacement else "",
            )
        age = describe_age(model.as_of, today)
        if age and age not in noted_ages:
            noted_ages.add(age)
            context.diagnostics.add_note(
                "SB406",
                _find_model_span(context, step),
                f"limits and prices of {where} are {age}",
                "`storyboard models --help` shows how to state newer ones",
            )


def _names_platform(context: CompileContext, step: Step) -> bool:
    """Whether the step is bought, or rehearses what a platform that the film names would sell."""
    if step.provider != PREVIZ:
        return True
    shot = context.shots.get(step.shot)
    return bool(shot.target if shot else context.film.defaults.target)


def _find_model_span(context: CompileContext, step: Step) -> Span:
    shot = context.shots.get(step.shot)
    if shot is not None and "model" in shot.origins:
        return shot.find_span("model")
    if "defaults.model" in context.film.origins or shot is None:
        return context.film.find_span("defaults.model")
    return shot.find_span("")
