"""Keys and tokens: refused wherever they stand, and never shown again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.errors import Diagnostic, Span
from storyboard.language.schema.definitions import Steps, copy_without_key
from storyboard.language.yaml.parser import Map
from storyboard.language.yaml.source import find_line_and_column
from storyboard.util.known_secrets import KnownSecrets

_SECRET_KEY = re.compile(
    r"(^|[_-])(api[_-]?key|key|token|secret|password|credentials?)$", re.IGNORECASE
)


def mask_secrets_with_errors(
    text: str, file_name: str, known_secrets: KnownSecrets
) -> tuple[str, list[Diagnostic]]:
    """The text with every API key replaced by dots of the same length, and an error for each."""
    diagnostics: list[Diagnostic] = []
    hint = f"{_suggest_environment(known_secrets)}; revoke this key, it may be in the git history"

    def hide_secret(match: re.Match[str]) -> str:
        line, column = find_line_and_column(match.string, match.start())
        length = len(match[0].splitlines()[0])
        span = Span(file_name, line, column, line, column + length)
        diagnostics.append(Diagnostic("SB113", "this looks like a secret key", span, hint))
        return mask_text(match[0])

    return known_secrets.replace_shapes(text, hide_secret), diagnostics


def mask_text(text: str) -> str:
    """Dots for every letter; the lines stay where they are."""
    return re.sub(r"[^\r\n]", "•", text)


def remove_and_mask_secret_keys(
    header: Map, text: str, diagnostics: DiagnosticCollector, known_secrets: KnownSecrets
) -> str:
    """Takes keys and tokens out of a header's settings; the text with their values as dots."""
    secret_keys = [
        (("providers", *steps), at) for steps, at in _find_secret_keys(header.get("providers"))
    ]
    profiles = header.get("profiles")
    for name, profile in profiles.items() if isinstance(profiles, Map) else ():
        profile_keys = (
            _find_secret_keys(profile.get("providers")) if isinstance(profile, Map) else ()
        )
        secret_keys += [
            (("profiles", name, "providers", *steps), holder) for steps, holder in profile_keys
        ]
    for steps, holder in secret_keys:
        key = str(steps[-1])
        message = (
            f"`{key}` is not allowed in a storyboard: the secret would stay in the git history"
        )
        hint = _suggest_environment(known_secrets)
        diagnostics.add_error("SB113", holder.find_key_span(key), message, hint)
        pair = holder.find_node_pair(key)
        if pair is not None and pair[1].start_mark and pair[1].end_mark:
            begin, end = pair[1].start_mark.index, pair[1].end_mark.index
            text = text[:begin] + mask_text(text[begin:end]) + text[end:]
        header[str(steps[0])] = copy_without_key(header[str(steps[0])], steps[1:])
    return text


def _suggest_environment(known_secrets: KnownSecrets) -> str:
    names = f": {', '.join(known_secrets.key_variables)}" if known_secrets.key_variables else ""
    return f"put keys into environment variables{names}"


def _find_secret_keys(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Map]]:
    if isinstance(value, Map):
        for key, item in value.items():
            if steps and _SECRET_KEY.search(key) and not isinstance(item, Mapping):
                yield (*steps, key), value
            else:
                yield from _find_secret_keys(item, (*steps, key))
