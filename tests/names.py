"""Measures the names of the product's functions: `python -m tests.names`.

CONTRIBUTING asks for a verb and its object (`read_header`), so two figures should only go down: the
share of names that are one word, and the share that begin with a participle (`joined`, `told`).
The figures that were reached are kept in names.json; `--update` lowers them after a clean-up.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PRODUCT = Path(__file__).parent.parent / "storyboard"
BASELINE = Path(__file__).parent / "names.json"

Function = ast.FunctionDef | ast.AsyncFunctionDef

REQUIRED = {
    *("submit", "poll", "fetch", "close", "account", "trace"),  # storyboard.providers.base.Provider
    *("list_commands", "get_command", "format_commands", "resolve_command"),  # click.Group
    *("write", "render"),  # io.FileIO, rich.progress.ProgressColumn
}
"""Methods that a plug-in or a library calls by name, so that we can't rename them."""

FILLER_PREFIXES = {"do", "get", "make", "handle", "process"}
FILLER_SUFFIXES = {"it", "one", "all", "data"}
"""Words that lengthen a name and say nothing: `get_frames` and `check_all` count as one word."""

NOT_PARTICIPLES = set(
    "bed bleed breed deed embed exceed feed hundred need proceed red seed shed shred sled speed "
    "succeed weed wed".split()
)
"""Words in -ed that are nouns or imperatives."""

COMMON_IRREGULAR = set(
    "begun bought brought come done drawn felt found given gone heard held kept known laid left "
    "lost made met paid said seen sent shown taken told worn written".split()
)
"""The irregular participles that other projects' names were counted with."""

IRREGULAR = COMMON_IRREGULAR | set(
    "bent bound broken built burnt caught chosen dealt driven fallen forgotten frozen got grown "
    "hidden led lent lit meant shrunk sold spent spoken struck stuck sunk swept taught thought "
    "thrown torn understood won woven".split()
)
"""All that count here. `cut`, `put`, `read`, `run`, `set` and `split` are imperatives as well, so
they don't."""

ABOUT_PARTICIPLES = ("un", "re", "over")
"""Prefixes that leave a participle a participle: `unsent`, `rebuilt`."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Percentages of function names."""

    one_word: float
    participle: float


def functions(product: Path) -> Iterator[tuple[Function, bool]]:
    """Every function below a folder, and whether it is a method."""
    for path in sorted(product.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        methods = {
            id(member)
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for member in node.body
        }
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield node, id(node) in methods


def split_words(name: str) -> list[str]:
    return [word for word in name.split("_") if word] or [name]


def drop_filler(words: list[str]) -> list[str]:
    """The words of a name less one that only pads it."""
    if len(words) == 2 and words[0] in FILLER_PREFIXES:
        return words[1:]
    if len(words) == 2 and words[1] in FILLER_SUFFIXES:
        return words[:1]
    return words


def is_regular_participle(word: str) -> bool:
    return len(word) > 3 and word.endswith("ed") and word not in NOT_PARTICIPLES


def is_participle(word: str) -> bool:
    stems = {word, *(word.removeprefix(prefix) for prefix in ABOUT_PARTICIPLES)}
    return is_regular_participle(word) or bool(stems & IRREGULAR)


def is_special(function: Function) -> bool:
    return function.name.startswith("__") and function.name.endswith("__")


def has_decorator(function: Function, *parts: str) -> bool:
    decorators = " ".join(ast.unparse(each) for each in function.decorator_list)
    return any(part in decorators for part in parts)


def is_property(function: Function) -> bool:
    return has_decorator(function, "property", ".setter")


def is_free(function: Function, is_method: bool) -> bool:
    """Whether we chose the name and a verb belongs in it.

    Special methods, the methods of outside protocols and AST visitors have their names from
    elsewhere; a property is a noun; a command is called as the command line calls it.
    """
    if is_special(function) or is_property(function):
        return False
    if has_decorator(function, "click.command", "click.group", ".command("):
        return False
    return not (is_method and (function.name in REQUIRED or function.name.startswith("visit_")))


def measure(product: Path = PRODUCT) -> Shares:
    """The figures of every name that we are free to choose."""
    chosen = [
        split_words(function.name)
        for function, is_method in functions(product)
        if is_free(function, is_method)
    ]
    return Shares(
        one_word=share(len(drop_filler(words)) == 1 for words in chosen),
        participle=share(is_participle(words[0]) for words in chosen),
    )


def measure_all(product: Path = PRODUCT) -> Shares:
    """The plain figures, counted as for other projects: padding and protocols are not looked at."""
    every = [function for function, _ in functions(product) if not is_special(function)]
    first_words = [split_words(each.name)[0] for each in every if not is_property(each)]
    return Shares(
        one_word=share(len(split_words(each.name)) == 1 for each in every),
        participle=share(
            is_regular_participle(word) or word in COMMON_IRREGULAR for word in first_words
        ),
    )


def share(answers: Iterable[bool]) -> float:
    """The percentage of answers that are true, to a tenth."""
    listed = list(answers)
    return round(100 * sum(listed) / max(1, len(listed)), 1)


def read_baseline(path: Path = BASELINE) -> Shares:
    return Shares(**json.loads(path.read_text("utf-8")))


def update_baseline(product: Path = PRODUCT, path: Path = BASELINE) -> Shares:
    """Lowers the stored figures to the measured ones; a figure that rose stays as it was."""
    now = measure(product)
    if path.exists():
        before = read_baseline(path)
        now = Shares(
            one_word=min(now.one_word, before.one_word),
            participle=min(now.participle, before.participle),
        )
    stored = {"one_word": now.one_word, "participle": now.participle}
    path.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")
    return now


def main() -> None:
    if "--update" in sys.argv[1:]:
        update_baseline()
    for title, shares in (("all names", measure_all()), ("names we chose", measure())):
        print(
            f"{title}: {shares.one_word} % one word, {shares.participle} % begin with a participle"
        )
    print(f"may not rise above: {read_baseline()}")


if __name__ == "__main__":
    main()
