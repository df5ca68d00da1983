"""What a provider's class declares about itself, so that no other module keeps a list of providers.

All of it is optional. Reading it makes no adapter object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ProviderDeclaration:
    """The class attributes of a provider that others read, by the same names."""

    key_variables: tuple[str, ...] = ()
    """Environment variables that hold a key; the first one that is set is used.

    `storyboard doctor` says whether they are set. No message shows their values, and no child
    process inherits them.
    """
    key_file_variables: tuple[str, ...] = ()
    """Environment variables that name a file of credentials."""
    key_files: tuple[str, ...] = ()
    """Files of credentials that are used where no variable names one; `~` is the user's folder."""
    base_url_variables: tuple[str, ...] = ()
    """Environment variables that name another origin of the service."""
    secret_patterns: tuple[re.Pattern[str], ...] = ()
    """Patterns of its keys. `check` refuses a storyboard that contains one, and no message shows
    one.

    The class writes regular expressions as text. A pattern that begins with plain letters is found
    fast.
    """
    models: Sequence[Mapping[str, Any]] = ()
    """Catalogue entries that the provider adds."""
    schema: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _EMPTY)
    """JSON Schemas of its `settings` in a film, and of its shots' `options`."""


def read_declaration(provider_class: type) -> ProviderDeclaration:
    """What a class declares; raises ValueError for a declaration that can't be used."""
    patterns = _require_texts("secret_patterns", getattr(provider_class, "secret_patterns", ()))
    return ProviderDeclaration(
        key_variables=_require_texts("key_variables", getattr(provider_class, "key_variables", ())),
        key_file_variables=_require_texts(
            "key_file_variables", getattr(provider_class, "key_file_variables", ())
        ),
        key_files=_require_texts("key_files", getattr(provider_class, "key_files", ())),
        base_url_variables=_require_texts(
            "base_url_variables", getattr(provider_class, "base_url_variables", ())
        ),
        secret_patterns=tuple(map(_compile_pattern, patterns)),
        models=getattr(provider_class, "models", None) or (),
        schema=getattr(provider_class, "schema", None) or _EMPTY,
    )


def build_settings_schema(
    title: str, description: str, properties: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """The schema of settings that are all known by name, besides a user's own (`x-…`)."""
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": dict(properties or {}),
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }


def _require_texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (tuple, list)) or not all(isinstance(v, str) and v for v in value):
        raise ValueError(f"`{name}` is not a tuple of strings")
    return tuple(value)


def _compile_pattern(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"`secret_patterns` has an invalid regular expression: {error}") from None
    if compiled.search("") or compiled.search("a b"):
        raise ValueError(f"`secret_patterns` has a pattern that matches any text: {pattern}")
    return compiled
