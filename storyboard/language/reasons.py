"""A schema error -> a diagnostic: the exact text, what is wrong with it, what to type instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from storyboard.errors import Span
from storyboard.language.lint import comma_runs
from storyboard.language.report import Nearest, Report, shown
from storyboard.language.yaml12 import Map, Seq

if TYPE_CHECKING:
    from storyboard.language.schema import Mistake, Steps

_KINDS = {
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
_NOTHING = "give it a value, or delete the key; a text that begins with # wants quotes"
_WAYS = frozenset({"dissolve", "fade", "wipe"})
_LISTS = ("a list of cast", "a list of picture", "a list of lines")
"""Lists of plain texts, which a single text may stand for."""
_TRUTH = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


class Reasons:
    """Explains what jsonschema found."""

    def __init__(self, schema: Mapping[str, Any], report: Report, nearest: Nearest) -> None:
        self._definitions = schema["definitions"]
        self._report = report
        self._nearest = nearest

    def explain(
        self,
        error: Mistake,
        data: Any,
        at: Map | Seq | None,
        key: str | int,
        beside: Iterable[Mistake],
    ) -> None:
        """Reports one error of `data`; a lack beside another mistake is not reported."""
        span = value_span(data, error.path, at, key)
        label = _label(error.path, key)
        if error.validator == "additionalProperties":
            self._unknown_keys(error)
        elif error.validator == "dependencies":
            self._without_effect(error)
        elif error.validator == "required":
            if not any(_spoils(other, error) for other in beside):
                self._missing(error, span)
        elif error.instance is None:
            runs = comma_runs(_parent(data, error.path)) if error.path else {}
            cure = runs.get(str(error.path[-1]), ("", ""))[1] if runs else ""
            self._report.error("SB022", span, f"{label} has no value", cure or _NOTHING)
        elif error.validator in ("minLength", "minItems", "minProperties") and not error.instance:
            self._report.error("SB022", span, f"{label} is empty", _NOTHING)
        else:
            self._value(error, span, label)

    def no_value(self, data: Any, steps: Steps) -> None:
        """Warns of a key with no value that counts as absent."""
        parent, key = _parent(data, steps), str(steps[-1])
        span = parent.key_span(key) if isinstance(parent, Map) else value_span(data, steps)
        self._report.warning(
            "SB022",
            span,
            f"`{key}` has no value and counts as absent",
            comma_runs(parent).get(key, ("", ""))[1] or "give it a value, or delete the key",
        )

    def _value(self, error: Mistake, span: Span, label: str) -> None:
        value, wanted = error.instance, error.wanted
        report = self._report
        most = error.schema.get("maximum")
        if error.validator == "type" and _is_beyond(value, wanted, most):
            message = f"{label} must be at most {shown(most)}, not {value}"
            report.error("SB106", span, message)
        elif error.validator == "type":
            message = f"{label} must be {_wanted(error) or _kinds(wanted)}, not {shown(value)}"
            report.error("SB103", span, message, _cure(value, wanted, error))
        elif error.validator in ("enum", "const"):
            choices = [
                shown(each).strip('"')
                for each in (wanted if isinstance(wanted, list) else [wanted])
            ]
            message = f"{label} can't be {shown(value)}"
            hint = self._nearest.hint(str(value), choices, 0.7) or "choose " + _either(choices)
            report.error("SB104", span, message, hint)
        elif error.validator == "pattern":
            message = f"{label} must be {_wanted(error) or 'of another form'}, not {shown(value)}"
            report.error("SB105", span, message, self._form_cure(str(value), error))
        elif error.validator in ("minimum", "exclusiveMinimum", "maximum"):
            edge = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
            message = f"{label} must be {edge[error.validator]} {shown(wanted)}, not {shown(value)}"
            report.error("SB106", span, message)
        elif error.validator in ("maxLength", "minLength"):
            report.error("SB106", span, f"{label} is longer than {wanted} characters")
        elif error.validator == "uniqueItems":
            twice = next(item for item in value if value.count(item) > 1)
            report.error("SB107", span, f"{shown(twice)} stands twice in {label}")
        elif error.validator.startswith(("minI", "maxI", "minP", "maxP")):
            least = "at least" if error.validator.startswith("min") else "at most"
            things = "item" if error.validator.endswith("Items") else "key"
            count = f"{wanted} {things}{'s' if wanted != 1 else ''}"
            message = f"{label} holds {least} {count}, not {len(value)}"
            report.error("SB107", span, message, _wanted(error))
        else:
            report.error("SB105", span, f"{label} doesn't fit: {error.validator} {shown(wanted)}")

    def _form_cure(self, text: str, error: Mistake) -> str:
        if _wanted(error).startswith("a letter"):
            return f"begin with a letter: SH{text}" if text[:1].isdigit() else ""
        if _wanted(error).startswith("a take") and text.isascii() and text.isdigit():
            return f"write t{text:0>2}"
        if "seconds" in _wanted(error) and (cure := _bare(text)):
            return cure
        colors = re.findall(r"[a-z]{3,}", error.wanted) if "black" in error.wanted else []
        return _time_cure(text) or self._nearest.hint(text, colors)

    def _unknown_keys(self, error: Mistake) -> None:
        known = list(error.schema.get("properties", {}))
        holder = error.instance
        runs = comma_runs(holder)
        ways = [key for key in holder if key in _WAYS]
        several = len(ways) > 1 and error.schema.get("required", [""])[0] in _WAYS & {*known}
        if several and isinstance(holder, Map) and set(ways) & {*error.unknown}:
            one, other = (holder.key_span(key) for key in ways[:2])
            message = f"a transition is {_either(ways)}; only one can stand"
            related = ((one, f"`{ways[0]}`"),)
            self._report.error("SB110", other, message, "keep one of them", related)
        for key in error.unknown:
            if several and key in ways:
                continue
            span = holder.key_span(key) if isinstance(holder, Map) else Span("")
            first, cure = runs.get(key, ("", ""))
            if cure and first != key:
                continue  # one text, one mistake
            if cure:
                message = f"`{key}` has no value: a comma ended the text before it"
                self._report.warning("SB021", span, message, cure)
                hint = "quote the text before it"
            else:
                hint = self._belongs(key, error.schema) or self._nearest.hint(key, known)
            self._report.error("SB101", span, f"unknown key `{key}`", hint or _known(known))

    def _belongs(self, key: str, here: Mapping[str, Any]) -> str:
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
            if here.get("title") != names[place]["title"]:
                continue
            for other in others:
                if key in names[other]["properties"]:
                    word = words.get(other, other)
                    stands = word if word.startswith("a ") else f"`{word}`"
                    return f"`{key}` stands in {stands}"
        if here.get("title") == "Fade" and key == "frames":
            return "a fade takes no frames of its neighbours: delete `frames`"
        if here.get("title") == "Cast":
            return f"a name is one word: {re.sub(r'[^A-Za-z0-9-]+', '_', key)}"
        return ""

    def _without_effect(self, error: Mistake) -> None:
        """A key that says nothing by itself."""
        holder = error.instance
        for key, needs in error.wanted.items():
            for need in needs:
                if key in holder and need not in holder:
                    span = holder.key_span(key) if isinstance(holder, Map) else Span("")
                    message = f"`{key}` has no effect here: it wants `{need}` beside it"
                    self._report.error("SB111", span, message, f"add `{need}`, or delete `{key}`")

    def _missing(self, error: Mistake, span: Span) -> None:
        for key in error.wanted:
            if key in error.instance:
                continue
            title = str(error.schema.get("title", "")).lower() or "this"
            if title == "this" or title == "shot":
                title = _thing(error.instance)
            else:
                title = "the film" if title == "film" else f"this {title}"
            hint = {
                "id": "give it a number such as SH010",
                "storyboard": "begin the file with `storyboard: 1`",
                "length": "say how long it stands, in seconds: `length: 3`",
                "sequence": "give the block an id such as SQ01",
                "shots": "add `shots:` with a list of shots below it",
            }.get(key, "")
            self._report.error("SB102", span, f"{title} has no `{key}`", hint)


def value_span(data: Any, steps: Steps, at: Map | Seq | None = None, key: str | int = "") -> Span:
    """The text of the value at `steps`, or of the nearest part above it that was written."""
    holder: Any = at
    step: str | int = key
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
        return value.span()
    if isinstance(holder, Map):
        return holder.value_span(str(step))
    if isinstance(holder, Seq) and isinstance(step, int):
        return holder.item_span(step)
    return value.span() if isinstance(value, (Map, Seq)) else Span("")


def _parent(data: Any, steps: Steps) -> Any:
    for step in steps[:-1]:
        data = data[step]
    return data


def _label(steps: Steps, key: str | int) -> str:
    """`duration`, `cast[1]`."""
    if isinstance(key, int) and not steps:
        return "this item"
    name, indexes = str(key), ""
    for step in steps:
        if isinstance(step, int):
            indexes += f"[{step}]"
        else:
            name, indexes = step, ""
    return f"`{name}{indexes}`" if name or indexes else "this"


def _spoils(other: Mistake, lack: Mistake) -> bool:
    """Whether another mistake of the same thing may be why something seems missing."""
    depth = len(lack.path)
    return other.validator != "required" and other.path[:depth] == lack.path


def _wanted(error: Mistake) -> str:
    return str(error.schema.get("x-wants", ""))


def _kinds(wanted: Any) -> str:
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    return _either([_KINDS.get(name, name) for name in names])


def _either(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else ", ".join(choices[:-1]) + " or " + choices[-1]


def _known(keys: list[str]) -> str:
    return "the keys here are " + ", ".join(keys) if 0 < len(keys) <= 14 else ""


def _thing(instance: Mapping[str, Any]) -> str:
    for key in ("card", "color", "include", "sequence"):
        if key in instance:
            return f"this {key}"
    return "this shot" if "id" not in instance else str(instance["id"])


def _cure(value: Any, wanted: Any, error: Mistake) -> str:
    names = {wanted} if isinstance(wanted, str) else set(wanted)
    if isinstance(value, str):
        if "boolean" in names and value.lower() in _TRUTH:
            return f"write {_TRUTH[value.lower()]}"
        if _wanted(error).startswith(_LISTS) and len(value) < 60 and "\n" not in value:
            return f"write [{value}]"
        if names & {"number", "integer"}:
            return _time_cure(value) or _bare(value) or "write a bare number"
    if isinstance(value, int) and _wanted(error).startswith("a take") and 0 < value < 10_000:
        return f"write t{value:02}"
    if isinstance(value, int) and _wanted(error).startswith("a letter"):
        return f"begin with a letter: SH{value}"
    if isinstance(value, (int, float)) and "string" in names:
        return f'quote it: "{shown(value)}"'
    return ""


def _bare(text: str) -> str:
    """The number that a text in quotes, or one with zeros before it, was meant to be."""
    match = _NUMBER.fullmatch(text.strip())
    return f"write a bare number: {match[1].removeprefix('+')}{match[2]}" if match else ""


def _is_beyond(value: Any, wanted: Any, most: Any) -> bool:
    """Whether it is a whole number so long that YAML left it a text."""
    digits = isinstance(value, str) and value.isascii() and value.removeprefix("+").isdigit()
    numbers = wanted in ("integer", "number")
    return numbers and digits and most is not None and value[0] != "0" and int(value[:99]) > most


def _time_cure(text: str) -> str:
    text = text.strip().lower()
    if match := _SECONDS.fullmatch(text):
        return f"a bare number means seconds: {match[1]}"
    if match := _CLOCK.fullmatch(text):
        return f"write seconds: {int(match[1]) * 60 + float(match[2]):g}"
    if match := _FRAMES.fullmatch(text):
        return f'write "{match[1]}f"'
    return ""
