"""A user's own catalogue: prices, limits and models that the shipped one has otherwise.

    as_of: "2026-12-01"
    aliases: {house: {cometapi: veo3.1-fast}}
    models:
      - {provider: cometapi, id: veo3.1-fast, price: {audio: {720p: "0.05"}}}

An entry states only what differs from the shipped one of that provider and id.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from storyboard.environment import CATALOG_VARIABLE
from storyboard.errors import EnvironmentProblem
from storyboard.user_folders import locate_config_folder

_KEYS = {"format", "as_of", "aliases", "models"}
_AMOUNT = re.compile(r"[0-9]{1,7}(\.[0-9]{1,12})?|\.[0-9]{1,12}")
_HINT = "see `storyboard models --help`"


@dataclass(frozen=True, slots=True)
class CatalogOverrides:
    as_of: str
    models: tuple[Mapping[str, Any], ...] = ()
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def find_catalog_override_file() -> Path | None:
    """What STORYBOARD_CATALOG names, else `storyboard/catalog.yaml` in the user's config folder."""
    if configured := os.environ.get(CATALOG_VARIABLE, ""):
        return Path(configured)
    usual_path = locate_config_folder() / "catalog.yaml"
    return usual_path if usual_path.is_file() else None


def read_overrides(path: Path, known_platforms: Sequence[str]) -> CatalogOverrides:
    """Reads the file; EnvironmentProblem names what is wrong, and where."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text("utf-8")
        data = yaml.load(text, loader)
    except OSError as error:
        raise _overrides_error(path, f"can't be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise _overrides_error(f"{path}{where}", "is not valid YAML") from error
    if not isinstance(data, dict) or data.get("format", 1) != 1:
        raise _overrides_error(path, "is not a catalogue of format 1")
    if unknown := sorted(map(str, set(data) - _KEYS)):
        raise _overrides_error(
            path, f"has an unknown key `{unknown[0]}`; known: {', '.join(sorted(_KEYS))}"
        )
    models, aliases = data.get("models") or [], data.get("aliases") or {}
    if not isinstance(models, list) or not all(map(_is_model_entry, models)):
        raise _overrides_error(path, "needs `provider` and `id` in every entry of `models`")
    for entry in models:
        if entry["provider"] not in known_platforms:
            known_names = ", ".join(known_platforms)
            raise _overrides_error(
                path, f"names the provider `{entry['provider']}`; known: {known_names}"
            )
    if not isinstance(aliases, dict) or not all(isinstance(a, dict) for a in aliases.values()):
        raise _overrides_error(path, "needs a mapping of providers to ids in every alias")
    for node in _find_price_nodes(yaml.compose(text, loader)):
        if not _AMOUNT.fullmatch(node.value):
            where = f"{path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
            raise _overrides_error(
                where, f'has an invalid price {node.value!r}; write US dollars like "0.05"'
            )
    as_of = str(data.get("as_of", ""))
    if as_of and not _is_day(as_of):
        raise _overrides_error(path, f'has an `as_of` of {as_of!r}; a day looks like "2026-12-01"')
    return CatalogOverrides(as_of, tuple(models), aliases)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _find_price_nodes(yaml_root: Any) -> Iterator[Any]:
    """The scalar nodes of YAML that are amounts of money: all under `price` but the words."""
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    stack, visited = [(yaml_root, False)], set()
    while stack:
        node, is_price = stack.pop()
        if isinstance(node, ScalarNode) and is_price:
            yield node
        if id(node) in visited and not is_price:
            continue
        visited.add(id(node))
        if isinstance(node, SequenceNode):
            stack += [(child, is_price) for child in node.value]
        elif isinstance(node, MappingNode):
            stack += [
                (value, is_price or key.value == "price")
                for key, value in node.value
                if not is_price or key.value != "confidence"
            ]


def _is_model_entry(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(k), str) for k in ("provider", "id")
    )


def _overrides_error(location: object, problem: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"{location} {problem}", hint=_HINT)
