"""The page of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping

import click

from reference.markdown import format_block, format_table, join_words, to_sentence, to_slug
from storyboard.cli.app import VERBS, cli
from storyboard.cli.exit_codes import EXIT_CODES
from storyboard.cli.options import OVERRIDE_NAMES
from storyboard.environment import VARIABLES
from storyboard.providers.registry import list_declarations

_INTRODUCTION = """\
# The command line

Every command is `storyboard VERB …`. The answer goes to stdout; progress, messages and questions go
to stderr. So you can pipe an answer into another program. `--json` makes the answer JSON, which
[the page on file formats](file_formats.md) describes. `storyboard VERB --help` prints what this
page says of a verb.

FILM is the path of a storyboard file. SHOT is the id of a shot, and for most verbs also the id of a
step such as `SH060.first_frame`. TAKE is the name of a take, such as `t02`.
"""
_SHARED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Options of output": (
        "How much a verb prints, and in which form.",
        ("as_json", "quiet", "verbose", "color"),
    ),
    "Overrides": (
        "They change what a film says, for this command only.",
        OVERRIDE_NAMES,
    ),
}
"""Options that stand with several verbs: title, sentence, names of the parameters."""
_OTHER_VARIABLES = {
    "NO_COLOR": "Set: no colours.",
    "FORCE_COLOR": "Set: colours even where the output is no terminal.",
    "GITHUB_ACTIONS": "`true`: `check` reports problems in the form that GitHub shows beside the "
    "lines.",
    "XDG_CONFIG_HOME": "The user's config folder. Absent: `~/.config`.",
}


def build_command_line_page() -> str:
    """The whole page, as Markdown."""
    lines = [_INTRODUCTION, *_list_verbs()]
    for verb in VERBS:
        lines += _describe_verb(verb)
    lines += _list_exit_codes()
    lines += _list_variables()
    return "\n".join(lines).rstrip() + "\n"


def _list_verbs() -> Iterator[str]:
    rows = [(f"[`{verb}`](#{verb})", line) for verb, (_, line) in VERBS.items()]
    yield from format_table(("verb", "does"), rows)
    yield "`storyboard --version` prints the version.\n"
    for title, (sentence, names) in _SHARED.items():
        yield f"## {title}\n"
        yield f"{sentence}\n"
        command = cli.get_command(click.Context(cli), "check")
        assert command is not None
        yield from _list_options(command, click.Context(command), names.__contains__)


def _describe_verb(verb: str) -> Iterator[str]:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    yield f"## {verb}\n"
    yield from _describe_command(command, verb)
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield f"### {verb} {name}\n"
            yield from _describe_command(inner, f"{verb} {name}")


def _describe_command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=f"storyboard {path}")
    usage = " ".join(command.collect_usage_pieces(context))
    yield format_block("text", f"storyboard {path} {usage}")
    yield _format_help(command.help or "")
    own = {option.name for option in command.params}
    shared = {name for _, names in _SHARED.values() if set(names) <= own for name in names}
    yield from _list_options(command, context, lambda name: name not in shared)
    titles = [title for title, (_, names) in _SHARED.items() if set(names) <= own]
    if titles:
        links = [f"[{title.lower()}](#{to_slug(title)})" for title in titles]
        yield f"And the {join_words(links)}.\n"


def _list_options(
    command: click.Command, context: click.Context, is_wanted: Callable[[str], bool]
) -> Iterator[str]:
    rows = [
        _format_option(context, option)
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and is_wanted(option.name or "")
    ]
    if rows:
        yield from format_table(("option", "means", "default"), rows)


def _format_help(text: str) -> str:
    """The command's own words; a paragraph that click prints as it stands becomes a block."""
    paragraphs = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            paragraphs.append(format_block("text", paragraph.removeprefix("\b").strip("\n")))
        else:
            paragraphs.append(paragraph.strip() + "\n")
    return "\n".join(paragraphs)


def _format_option(context: click.Context, option: click.Option) -> tuple[str, str, str]:
    names = join_words([f"`{name}`" for name in [*option.opts, *option.secondary_opts]], "or")
    if not option.is_flag:
        names += f" `{option.make_metavar(context)}`"
    meaning = to_sentence(option.help or "")
    if option.multiple:
        meaning += " May be given several times."
    default = option.get_default(context)
    is_shown = default not in (None, False, (), "") and not callable(default)
    return names, meaning, f"`{default}`" if is_shown and _is_plain(default) else ""


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not re.search(r"Sentinel|UNSET", str(value))


def _list_exit_codes() -> Iterator[str]:
    yield "## Exit codes\n"
    yield from format_table(
        ("code", "means"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()]
    )


def _list_variables() -> Iterator[str]:
    yield "## Environment variables\n"
    rows = [*VARIABLES.items(), *_OTHER_VARIABLES.items()]
    yield from format_table(
        ("variable", "means"), [(f"`{name}`", meaning) for name, meaning in rows]
    )
    yield "Each provider declares the variables of its keys and base URLs. Keys come from the"
    yield "environment only; no message, log or ledger shows them. Another base URL serves the"
    yield "local simulator, for example. The language page says which variables"
    yield "[settings of a provider](language.md#settings-and-options-of-providers) fall back to.\n"
    yield from format_table(("variable", "provider", "holds"), _list_provider_variables())


def _list_provider_variables() -> Iterator[tuple[str, str, str]]:
    for name, declaration in list_declarations().items():
        for variable in declaration.key_variables:
            yield f"`{variable}`", name, "A key."
        for variable in declaration.key_file_variables:
            yield f"`{variable}`", name, "The path of a file with credentials."
        for variable in declaration.base_url_variables:
            yield f"`{variable}`", name, "Another base URL of the service."
