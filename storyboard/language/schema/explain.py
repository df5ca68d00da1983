"""A schema error -> a diagnostic: the exact text, what is wrong with it, what to type instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.formatting import format_value
from storyboard.diagnostics.suggestions import Suggester
from storyboard.errors import Span
from storyboard.language.yaml.lint import explain_comma_split_keys
from storyboard.language.yaml.lookalikes import find_lookalike, name_character, to_plain_text
from storyboard.language.yaml.parser import Map, Seq

if TYPE_CHECKING:
    from storyboard.language.schema.definitions import SchemaError, Steps

_TYPE_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_SECONDS = re.compile(r"(\d+(?:\.\d+)?) ?(?:s|sec|secs|seconds?)")
_CLOCK = re.compile(r"(\d+):([0-5]\d(?:\.\d+)?)")
_NUMBER = re.compile(r"([+-]?)0*([0-9]+(?:\.[0-9]+)?)")
_FRAMES = re.compile(r"(\d+) ?(?:fr|frames?)")
_EMPTY_HINT = "add a value, or delete the key; put a text that starts with # in quotes"
_NOT_IN_NAMES = re.compile(r"[^\w-]+")
_LIST_WANTS = ("a list of cast", "a list of image", "a list of lines")
"""Lists of plain texts, which a single text may stand for."""
_BOOLEAN_WORDS = {
    "yes": "true",
    "on": "true",
    "y": "true",
    "no": "false",
    "off": "false",
    "n": "false",
}


class SchemaErrorExplainer:
    """Explains what jsonschema found."""

    def __init__(
        self, schema: Mapping[str, Any], diagnostics: DiagnosticCollector, suggester: Suggester
    ) -> None:
        self._definitions = schema["definitions"]
        self._diagnostics = diagnostics
        self._suggester = suggester

    def report_error(
        self,
        error: SchemaError,
        data: Any,
        parent: Map | Seq | None,
        parent_key: str | int,
        all_errors: Iterable[SchemaError],
    ) -> None:
        """Reports one error of `data`; a lack beside another mistake is not reported."""
        span = find_value_span(data, error.path, parent, parent_key)
        label = _format_value_label(error.path, parent_key)
        if error.validator == "additionalProperties":
            self._report_unknown_keys(error)
        elif error.validator == "dependencies":
            self._report_ineffective_keys(error)
        elif error.validator == "required":
            if not any(_may_cause_missing_key(other, error) for other in all_errors):
                self._report_missing_keys(error, span)
        elif error.instance is None:
            runs = explain_comma_split_keys(_find_parent(data, error.path)) if error.path else {}
            cure = runs.get(str(error.path[-1]), ("", ""))[1] if runs else ""
            self._diagnostics.add_error("SB022", span, f"{label} has no value", cure or _EMPTY_HINT)
        elif error.validator in ("minLength", "minItems", "minProperties") and not error.instance:
            self._diagnostics.add_error("SB022", span, f"{label} is empty", _EMPTY_HINT)
        else:
            self._report_wrong_value(error, span, label)

    def warn_empty_key(self, data: Any, steps: Steps) -> None:
        """Warns of a key with no value that counts as absent."""
        parent, key = _find_parent(data, steps), str(steps[-1])
        span = (
            parent.find_key_span(key) if isinstance(parent, Map) else find_value_span(data, steps)
        )
        self._diagnostics.add_warning(
            "SB022",
            span,
            f"`{key}` has no value and is ignored",
            explain_comma_split_keys(parent).get(key, ("", ""))[1]
            or "add a value, or delete the key",
        )

    def _report_wrong_value(self, error: SchemaError, span: Span, label: str) -> None:
        value, wanted = error.instance, error.wanted
        diagnostics = self._diagnostics
        most = error.schema.get("maximum")
        if error.validator == "type" and _is_too_large_integer(value, wanted, most):
            message = f"{label} must be at most {format_value(most)}, not {value}"
            diagnostics.add_error("SB106", span, message)
        elif error.validator == "type":
            wanted_text = _describe_wanted(error) or _describe_types(wanted)
            message = f"{label} must be {wanted_text}, not {format_value(value)}"
            diagnostics.add_error("SB103", span, message, _suggest_type_fix(value, wanted, error))
        elif error.validator in ("enum", "const"):
            choices = [
                format_value(choice).strip('"')
                for choice in (wanted if isinstance(wanted, list) else [wanted])
            ]
            message = f"{label} can't be {format_value(value)}"
            hint = self._suggester.suggest_name(
                str(value), choices, 0.7
            ) or "choose " + _join_choices(choices)
            diagnostics.add_error("SB104", span, message, hint)
        elif error.validator == "pattern":
            wanted_text = _describe_wanted(error) or "in another format"
            message = f"{label} must be {wanted_text}, not {format_value(value)}"
            diagnostics.add_error(
                "SB105", span, message, self._suggest_pattern_fix(str(value), error)
            )
        elif error.validator in ("minimum", "exclusiveMinimum", "maximum"):
            edge = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
            limit = f"{edge[error.validator]} {format_value(wanted)}"
            message = f"{label} must be {limit}, not {format_value(value)}"
            diagnostics.add_error("SB106", span, message)
        elif error.validator in ("maxLength", "minLength"):
            diagnostics.add_error("SB106", span, f"{label} is longer than {wanted} characters")
        elif error.validator == "uniqueItems":
            twice = next(item for item in value if value.count(item) > 1)
            diagnostics.add_error(
                "SB107", span, f"duplicate value {format_value(twice)} in {label}"
            )
        elif error.validator.startswith(("minI", "maxI", "minP", "maxP")):
            least = "at least" if error.validator.startswith("min") else "at most"
            things = "item" if error.validator.endswith("Items") else "key"
            count = f"{wanted} {things}{'s' if wanted != 1 else ''}"
            message = f"{label} must have {least} {count}, not {len(value)}"
            diagnostics.add_error("SB107", span, message, _describe_wanted(error))
        else:
            diagnostics.add_error(
                "SB105", span, f"{label} is not valid: {error.validator} {format_value(wanted)}"
            )

    def _suggest_pattern_fix(self, text: str, error: SchemaError) -> str:
        if character := find_lookalike(text):
            return _suggest_plain_text(text, character)
        if _describe_wanted(error).startswith("a letter"):
            if text[:1].isdigit():
                return f"start with a letter: SH{text}"
            return (
                f"write the name as one word: {_NOT_IN_NAMES.sub('_', text)}" if " " in text else ""
            )
        if _describe_wanted(error).startswith("a take") and text.isascii() and text.isdigit():
            return f"write t{text:0>2}"
        if "seconds" in _describe_wanted(error) and (cure := _suggest_bare_number(text)):
            return cure
        colors = re.findall(r"[a-z]{3,}", error.wanted) if "black" in error.wanted else []
        return _suggest_time_notation(text) or self._suggester.suggest_name(text, colors)

    def _report_unknown_keys(self, error: SchemaError) -> None:
        known = list(error.schema.get("properties", {}))
        holder = error.instance
        runs = explain_comma_split_keys(holder)
        kinds = _list_kinds(error)
        named_kinds = [key for key in holder if key in kinds]
        if kinds and not named_kinds:
            known = list(dict.fromkeys((*kinds, *known)))
        if len(named_kinds) > 1 and isinstance(holder, Map):
            one, other = (holder.find_key_span(key) for key in named_kinds[:2])
            message = f"a transition can have only one of {_join_choices(named_kinds)}"
            related = ((one, f"`{named_kinds[0]}`"),)
            self._diagnostics.add_error("SB110", other, message, "keep one of them", related)
        for key in error.unknown_keys:
            if key in named_kinds:
                continue
            span = holder.find_key_span(key) if isinstance(holder, Map) else Span("")
            if hint := _suggest_intended_key(key, known):
                self._diagnostics.add_error("SB101", span, f"unknown key `{key}`", hint)
                continue
            first, cure = runs.get(key, ("", ""))
            if cure and first != key:
                continue  # one text, one mistake
            if cure:
                message = f"`{key}` has no value: the comma before it ended the text"
                self._diagnostics.add_warning("SB021", span, message, cure)
                hint = "put the text before it in quotes"
            else:
                hint = self._suggest_key_place(key, error.schema) or self._suggester.suggest_name(
                    key, known
                )
            self._diagnostics.add_error(
                "SB101", span, f"unknown key `{key}`", hint or _format_known_keys(known)
            )

    def _suggest_key_place(self, key: str, schema: Mapping[str, Any]) -> str:
        """Where a key that is out of place has its place."""
        names = self._definitions
        places = {
            "film": ("defaults", "format", "policy", "soundtrack", "shot"),
            "sequence": ("shot",),
            "shot": ("policy", "soundtrack", "format", "sequence"),
            "defaults": ("format", "policy", "shot"),
            "format": ("defaults",),
        }
        words = {"soundtrack": "sound", "shot": "a shot", "sequence": "a sequence"}
        for place, others in places.items():
            if schema.get("title") != names[place]["title"]:
                continue
            for other in others:
                if key in names[other]["properties"]:
                    word = words.get(other, other)
                    stands = word if word.startswith("a ") else f"`{word}`"
                    return f"move `{key}` to {stands}"
        if schema.get("x-one-of") and key == "frames":
            kind = schema["required"][0]
            return f"delete `frames`: a {kind} uses no frames of the neighbouring shots"
        if schema.get("title") == "Cast":
            return f"write the name as one word: {_NOT_IN_NAMES.sub('_', key)}"
        return ""

    def _report_ineffective_keys(self, error: SchemaError) -> None:
        """A key that says nothing by itself."""
        holder = error.instance
        for key, needs in error.wanted.items():
            for need in needs:
                if key in holder and need not in holder:
                    span = holder.find_key_span(key) if isinstance(holder, Map) else Span("")
                    message = f"`{key}` has no effect without `{need}`"
                    self._diagnostics.add_error(
                        "SB111", span, message, f"add `{need}`, or delete `{key}`"
                    )

    def _report_missing_keys(self, error: SchemaError, span: Span) -> None:
        for key in error.wanted:
            if key in error.instance:
                continue
            if kinds := _list_kinds(error):
                message = "this transition has no kind"
                hint = f"add {_join_choices([f'`{kind}`' for kind in kinds])}"
                self._diagnostics.add_error("SB102", span, message, hint)
                continue
            title = str(error.schema.get("title", "")).lower() or "this"
            if title == "this" or title == "shot":
                title = _describe_shot_item(error.instance)
            else:
                title = "the film" if title == "film" else f"this {title}"
            hint = {
                "id": "add an id such as `id: SH010`",
                "storyboard": "start the file with `storyboard: 1`",
                "length": "add its length in seconds: `length: 3`",
                "sequence": "add an id such as `sequence: SQ01`",
                "shots": "add `shots:` with a list of shots below it",
            }.get(key, "")
            self._diagnostics.add_error("SB102", span, f"{title} has no `{key}`", hint)


def find_value_span(
    data: Any, steps: Steps, parent: Map | Seq | None = None, parent_key: str | int = ""
) -> Span:
    """The text of the value at `steps`, or of the nearest part above it that was written."""
    holder: Any = parent
    step: str | int = parent_key
    value = data
    for next_step in steps:
        if not isinstance(value, (Map, Seq)):
            break
        holder, step = value, next_step
        try:
            value = value[next_step]  # type: ignore[index]  # caught below where they differ
        except (KeyError, IndexError):
            break
    if isinstance(value, (Map, Seq)) and (holder is None or isinstance(value, Map)):
        return value.find_span()
    if isinstance(holder, Map):
        return holder.find_value_span(str(step))
    if isinstance(holder, Seq) and isinstance(step, int):
        return holder.find_item_span(step)
    return value.find_span() if isinstance(value, (Map, Seq)) else Span("")


def _find_parent(data: Any, steps: Steps) -> Any:
    for step in steps[:-1]:
        data = data[step]
    return data


def _format_value_label(steps: Steps, root_key: str | int) -> str:
    """`duration`, `cast[1]`."""
    if isinstance(root_key, int) and not steps:
        return "this item"
    name, indexes = str(root_key), ""
    for step in steps:
        if isinstance(step, int):
            indexes += f"[{step}]"
        else:
            name, indexes = step, ""
    return f"`{name}{indexes}`" if name or indexes else "this"


def _may_cause_missing_key(error: SchemaError, missing_key_error: SchemaError) -> bool:
    """Whether another mistake of the same thing may be why something seems missing."""
    depth = len(missing_key_error.path)
    return error.validator != "required" and error.path[:depth] == missing_key_error.path


def _list_kinds(error: SchemaError) -> list[str]:
    """The keys of which exactly one says what a mapping is; none where its kind is clear."""
    return list(error.schema.get("x-one-of", ()))


def _describe_wanted(error: SchemaError) -> str:
    return str(error.schema.get("x-wants", ""))


def _describe_types(type_names: Any) -> str:
    names = [type_names] if isinstance(type_names, str) else list(type_names)
    return _join_choices([_TYPE_WORDS.get(name, name) for name in names])


def _join_choices(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else ", ".join(choices[:-1]) + " or " + choices[-1]


def _format_known_keys(keys: list[str]) -> str:
    return "use one of the keys " + ", ".join(keys) if 0 < len(keys) <= 14 else ""


def _describe_shot_item(item: Mapping[str, Any]) -> str:
    for key in ("card", "color", "include", "sequence"):
        if key in item:
            return f"this {key}"
    return "this shot" if "id" not in item else str(item["id"])


def _suggest_type_fix(value: Any, wanted_types: Any, error: SchemaError) -> str:
    names = {wanted_types} if isinstance(wanted_types, str) else set(wanted_types)
    if isinstance(value, str):
        if "boolean" in names and value.lower() in _BOOLEAN_WORDS:
            return f"write {_BOOLEAN_WORDS[value.lower()]}"
        if (
            _describe_wanted(error).startswith(_LIST_WANTS)
            and len(value) < 60
            and "\n" not in value
        ):
            return f"write [{value}]"
        if names & {"number", "integer"}:
            return (
                _suggest_time_notation(value)
                or _suggest_bare_number(value)
                or "write a bare number"
            )
    if (
        isinstance(value, int)
        and _describe_wanted(error).startswith("a take")
        and 0 < value < 10_000
    ):
        return f"write t{value:02}"
    if isinstance(value, int) and _describe_wanted(error).startswith("a letter"):
        return f"start with a letter: SH{value}"
    if isinstance(value, (int, float)) and "string" in names:
        return f'quote it: "{format_value(value)}"'
    return ""


def _suggest_intended_key(key: str, known: list[str]) -> str:
    """The known key that was meant: with an odd character in it, or without its colon."""
    if character := find_lookalike(key):
        return _suggest_plain_text(key, character)
    word, _, text = key.partition(" ")
    return f"add the missing colon: `{word}: {text.strip()}`" if text and word in known else ""


def _suggest_plain_text(text: str, character: str) -> str:
    return f"replace the {name_character(character)}; type `{to_plain_text(text)}`"


def _suggest_bare_number(text: str) -> str:
    """The number that a text in quotes, or one with zeros before it, was meant to be."""
    match = _NUMBER.fullmatch(text.strip())
    return f"write a bare number: {match[1].removeprefix('+')}{match[2]}" if match else ""


def _is_too_large_integer(value: Any, wanted_type: Any, maximum: Any) -> bool:
    """Whether it is a whole number so long that YAML left it a text."""
    digits = isinstance(value, str) and value.isascii() and value.removeprefix("+").isdigit()
    numbers = wanted_type in ("integer", "number")
    return (
        numbers and digits and maximum is not None and value[0] != "0" and int(value[:99]) > maximum
    )


def _suggest_time_notation(text: str) -> str:
    text = text.strip().lower()
    if match := _SECONDS.fullmatch(text):
        return f"write seconds as a bare number: {match[1]}"
    if match := _CLOCK.fullmatch(text):
        return f"write seconds: {int(match[1]) * 60 + float(match[2]):g}"
    if match := _FRAMES.fullmatch(text):
        return f'write "{match[1]}f"'
    return ""
