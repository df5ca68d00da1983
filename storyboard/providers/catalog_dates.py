"""Applies a day to the catalogue: models end, prices change, facts grow old.

The catalogue is data with dates in it; this module compares them with a day.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from storyboard.environment import TODAY_VARIABLE
from storyboard.errors import EnvironmentProblem
from storyboard.providers.catalog import Catalog, Model
from storyboard.util.merge import deep_merge

SOON_DAYS = 30
"""A model that is switched off within so many days is noted."""
OLD_DAYS = 60
"""Facts that are older than this are noted."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def read_today() -> date:
    """Today in UTC, or the day that STORYBOARD_TODAY names; EnvironmentProblem for no day."""
    configured = os.environ.get(TODAY_VARIABLE, "")
    if not configured:
        return datetime.now(UTC).date()
    day = find_day(configured)
    if day is None:
        raise EnvironmentProblem(
            f"{TODAY_VARIABLE} is {configured!r}, which is no day",
            hint=f"{TODAY_VARIABLE}=2027-01-01",
        )
    return day


def find_day(text: str) -> date | None:
    """The day that a text contains as `2026-12-03`; None if it contains none."""
    match = _DAY.search(text)
    try:
        return date.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


def apply_date(catalog: Catalog, today: date) -> Catalog:
    """The catalogue as it is on that day: ended models are retired, prices are those of the day.

    `not before` a day ends no model.
    """
    changed: dict[tuple[str, str], dict[str, Any]] = {}
    for key, model in catalog.models.items():
        entry = dict(catalog.entries[key])
        for day in sorted(model.prices_from):
            starts_on = find_day(day)
            if starts_on is not None and starts_on <= today:
                entry["price"] = deep_merge(entry.get("price", {}), model.prices_from[day])
        if model.status != "retired" and _has_ended(model, today):
            entry |= {"status": "retired", "retired_on": model.retires}
        if entry != catalog.entries[key]:
            changed[key] = entry
    dated = catalog.replace_model_entries({**catalog.entries, **changed}) if changed else catalog
    return replace(dated, today=today)


def describe_retirement(model: Model, today: date) -> str:
    """When the model is switched off, if that is soon; empty otherwise."""
    ends_on = find_day(model.retires)
    if model.status == "retired" or ends_on is None or (ends_on - today).days > SOON_DAYS:
        return ""
    if _is_exact(model):
        days = (ends_on - today).days
        return f"is switched off on {ends_on}, in {days} day{'s' if days != 1 else ''}"
    return f"may be switched off from {ends_on} on"


def describe_age(as_of: str, today: date) -> str:
    """How old facts of that day are, where they are old; else empty."""
    known_on = find_day(as_of)
    days = (today - known_on).days if known_on else 0
    return f"as of {as_of}, {days} days ago" if days > OLD_DAYS else ""


def _is_exact(model: Model) -> bool:
    return _DAY.fullmatch(model.retires.strip()) is not None


def _has_ended(model: Model, today: date) -> bool:
    ends_on = find_day(model.retires)
    return _is_exact(model) and ends_on is not None and ends_on <= today
