"""Parses settings by name, with which users and tests change how the services behave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from storyboard.simulator.state import Settings

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def parse_setting_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name, each with its own type; text is parsed, so `"2"` is 2 and `"yes"` is true.

    Raises ValueError, with the known names, for an unknown name or a value of another type.
    """
    defaults = Settings().to_fields()
    parsed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in defaults:
            raise ValueError(f"there is no setting `{name}`; known: {', '.join(defaults)}")
        kind = type(defaults[name])
        if kind is bool and isinstance(value, str):
            value = _WORDS.get(value.lower(), value)
        try:
            parsed[name] = value if type(value) is kind else kind(_require_plain_value(value, kind))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} can't be {value!r}; it must be a {kind.__name__}") from error
    Settings().with_changes(parsed)
    return parsed


def parse_setting_pairs(pairs: Iterable[str]) -> dict[str, Any]:
    """The same from `NAME=VALUE` strings."""
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"`{pair}` is not a setting; write NAME=VALUE")
        values[name.strip().replace("-", "_")] = value.strip()
    return parse_setting_values(values)


def _require_plain_value(value: Any, expected_type: type) -> Any:
    """A value that `expected_type` can parse: text or a number, but nothing for a bool or str."""
    if (
        expected_type in (bool, str)
        or isinstance(value, bool)
        or not isinstance(value, str | int | float)
    ):
        raise TypeError(expected_type)
    return value
