"""The page of the Python API, from the names, signatures and docstrings of the package."""

from __future__ import annotations

import ast
import enum
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import storyboard
from reference.markdown import format_block

_GROUPS = (
    ("Functions", "Each raises StoryboardError for what a user can cure."),
    ("Errors", "One tree; `str()` is one sentence, `.hint` the cure, `.exit_code` that of the "
     "command line."),
    ("Events", "What `on_event` is called with, one class a kind of event."),
    ("Types", "What functions take and return. Fields are read-only."),
)  # fmt: skip


def build_python_api_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join(_list_lines()).rstrip() + "\n"


def _list_lines() -> Iterator[str]:
    introduction, example, more = _split_module_docstring()
    yield "# The Python API\n"
    yield f"{introduction}\n"
    yield format_block("python", example)
    yield f"{more}\n"
    groups: dict[str, list[str]] = {title: [] for title, _ in _GROUPS}
    for name in storyboard.__all__:
        groups[_find_group(getattr(storyboard, name))].append(name)
    for title, sentence in _GROUPS:
        yield f"## {title}\n"
        yield f"{sentence}\n"
        for name in groups[title]:
            yield from _describe_name(name)


def _split_module_docstring() -> tuple[str, str, str]:
    """The words before the example, the example without prompts, and the words after it."""
    text = inspect.cleandoc(storyboard.__doc__ or "")
    before, _, rest = text.partition("\n\n    >>> ")
    example, _, after = rest.partition("\n\n")
    lines = [
        re.sub(r"\s*# doctest: \+SKIP$", "", line).strip().removeprefix(">>> ")
        for line in example.splitlines()
    ]
    return before, "\n".join(lines), after


def _find_group(value: Any) -> str:
    if inspect.isfunction(value):
        return "Functions"
    if not inspect.isclass(value):
        return "Types"
    if issubclass(value, Exception):
        return "Errors"
    return "Events" if value.__module__ == "storyboard.run.events" else "Types"


def _describe_name(name: str) -> Iterator[str]:
    value = getattr(storyboard, name)
    yield f"### `{name}`\n"
    if inspect.isfunction(value):
        yield format_block("python", _format_signature(name, value))
        yield from _format_docstring(value.__doc__)
    elif inspect.isclass(value):
        yield from _describe_class(value)
    else:
        yield format_block("python", f"{name} = {_format_alias(value)}")


def _describe_class(value: type) -> Iterator[str]:
    docstring = value.__doc__ or ""
    is_written = not docstring.startswith(f"{value.__name__}(")
    if is_written:
        yield from _format_docstring(docstring)
    if issubclass(value, Exception):
        base = value.__bases__[0].__name__
        if base != "Exception":
            yield f"A kind of [`{base}`](#{base.lower()}).\n"
        return
    if issubclass(value, enum.Enum):
        members = ", ".join(f"`{member.value}`" for member in value)
        yield f"One of {members}.\n"
        return
    fields = list(_list_fields(value))
    for name, kind, words in fields:
        yield f"- `{name}`: `{kind}`" + (f". {words}" if words else "")
    if fields:
        yield ""
    for name, method in _list_methods(value):
        yield format_block("python", _format_signature(name, method))
        yield from _format_docstring(method.__doc__)


def _list_fields(value: type) -> Iterator[tuple[str, str, str]]:
    """(name, type, its docstring) of every public field and property, inherited ones first."""
    for base in reversed(value.__mro__):
        if not base.__module__.startswith("storyboard"):
            continue
        body = _read_class_body(base)
        for statement, following in zip(body, [*body[1:], None], strict=True):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name, words = statement.target.id, ""
                if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                    words = _flatten(str(following.value.value))
                kind = ast.unparse(statement.annotation)
                if not name.startswith("_") and not kind.startswith("ClassVar"):
                    yield name, kind, words
            elif isinstance(statement, ast.FunctionDef) and any(
                isinstance(mark, ast.Name) and mark.id in ("property", "cached_property")
                for mark in statement.decorator_list
            ):
                words = _flatten(ast.get_docstring(statement) or "")
                if not statement.name.startswith("_") and statement.returns:
                    yield statement.name, ast.unparse(statement.returns), words


def _list_methods(value: type) -> Iterator[tuple[str, Any]]:
    for name, method in vars(value).items():
        if name.startswith("_") or name in ("to_fields", "from_fields", "to_record"):
            continue
        if inspect.isfunction(method) and method.__doc__:
            yield name, method


@cache
def _read_class_body(value: type) -> list[ast.stmt]:
    path = inspect.getsourcefile(value)
    assert path is not None
    tree = ast.parse(Path(path).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == value.__name__:
            return node.body
    return []


def _format_signature(name: str, function: Any) -> str:
    signature = inspect.signature(function)
    kind = "async def" if inspect.iscoroutinefunction(function) else "def"
    whole = f"{kind} {name}{_strip_quotes(str(signature))}"
    if len(whole) <= 92:
        return whole
    parts = []
    is_keyword = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not is_keyword:
            parts.append("*")
            is_keyword = True
        parts.append(_strip_quotes(str(parameter)))
    returned = signature.return_annotation
    arrow = "" if returned is signature.empty else f" -> {_strip_quotes(str(returned))}"
    lines = "".join(f"    {part},\n" for part in parts)
    return f"{kind} {name}(\n{lines}){arrow}"


def _strip_quotes(text: str) -> str:
    """Annotations as they are written; `inspect` puts those that are texts in quotes."""
    text = re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text)
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)


def _format_alias(value: Any) -> str:
    text = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", str(value))
    return text.removeprefix("typing.")


def _format_docstring(docstring: str | None) -> Iterator[str]:
    """The docstring; what is indented in it becomes a block."""
    if not docstring:
        return
    for paragraph in inspect.cleandoc(docstring).split("\n\n"):
        if paragraph.startswith("    "):
            yield format_block("python", textwrap.dedent(paragraph))
        else:
            yield f"{paragraph}\n"


def _flatten(text: str) -> str:
    return " ".join(text.split())
