"""Why a text is no YAML, in words of the storyboard, with the line that would work."""

from __future__ import annotations

import re

import yaml

from storyboard.errors import Diagnostic, Span
from storyboard.language.yaml.lookalikes import find_trap, name_character
from storyboard.model.shot_keys import SHOT_KEYS
from storyboard.util.line_breaks import BREAKS

_ENTRY = re.compile(
    r"""^(?P<head>[ ]*(?:-[ ]+)*\{?[ ]*[\w.-]+:[ ]+)(?P<text>[^\s"'|>\[{].*?)\s*$"""
)
_QUOTED_ENTRY = re.compile(r"""^(?P<head>[ ]*(?:-[ ]+)*[\w.-]+:[ ]+)(?P<text>["'\[{].*?\S)\s*$""")
_WITHOUT_COLON = re.compile(r"[ ]*(?:- +)*(?P<key>[\w-]+)[ ]+(?P<text>[^:\s].*|$)")
_KEYS = frozenset(SHOT_KEYS) | frozenset(
    "title author format defaults profiles shots titles policy providers root storyboard kind "
    "description image images voice still sequence include".split()
)
_CLOSERS = {"[": "]", "{": "}"}


def explain_yaml_error(error: yaml.YAMLError, text: str, file_name: str) -> Diagnostic:
    """One diagnostic for what the parser said."""
    mark = getattr(error, "problem_mark", None)
    problem = (getattr(error, "problem", "") or str(error)).strip()
    context = getattr(error, "context", "") or ""
    start_mark = getattr(error, "context_mark", None)
    lines = BREAKS.split(text)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if line >= len(lines):  # the end of a text without a last line feed
        line, column = len(lines) - 1, len(lines[-1])
    column = min(column, len(lines[line]))
    span = Span(file_name, line + 1, column + 1, line + 1, column + 2)
    here = lines[line][column : column + 1]

    if trap := _explain_lookalike(lines, line, file_name):
        return trap
    if "mapping values are not allowed" in problem:
        if missing := _explain_missing_colon(lines, line, file_name):
            return missing
        if re.fullmatch(r"[ ]*(- )*[^:]*", lines[line][:column]):
            key = len(lines[line]) - len(lines[line].lstrip())
            return Diagnostic(
                "SB005",
                "this key is read as part of the text above it",
                Span(file_name, line + 1, key + 1, line + 1, column + 1),
                "align it with the key above; end a key with a colon and a space",
            )
        return Diagnostic(
            "SB006",
            "a text with a colon and a space is read as a key",
            span,
            quote_entry_text(lines[line]) or "put the whole text in double quotes",
        )
    if here == "\t" or lines[line][:column].lstrip(" ").startswith("\t"):
        tab = lines[line].index("\t")
        span = Span(file_name, line + 1, tab + 1, line + 1, tab + 2)
        return Diagnostic(
            "SB007", "tabs are not allowed for indentation", span, "replace the tab with two spaces"
        )
    if "expected a single document" in problem or "expected a single document" in context:
        return Diagnostic(
            "SB016",
            "a second YAML document starts here; a film must be one document",
            Span(file_name, line + 1, column + 1, line + 1, column + 4),
            "delete the line `---`, or move the rest to another file and include it",
        )
    if "undefined alias" in problem:
        alias = re.match(r"\*[^\s,\[\]{}]*", lines[line][column:])
        end = column + len(alias[0]) if alias else column + 1
        return Diagnostic(
            "SB014",
            f"unknown alias `{lines[line][column:end]}`",
            Span(file_name, line + 1, column + 1, line + 1, end + 1),
            quote_entry_text(lines[line]) or "put a text that starts with * in quotes",
        )
    if "undefined tag handle" in problem:
        return Diagnostic(
            "SB015",
            "unknown tag",
            span,
            quote_entry_text(lines[line]) or "put a text that starts with ! in quotes",
        )
    if here == ":" and "','" in problem and start_mark is not None and start_mark.line == line:
        return Diagnostic(
            "SB006",
            "a text with a colon and a space is read as a key",
            span,
            _quote_flow_entry(lines[line], column) or "put the whole text in double quotes",
        )
    if start_mark is not None and (
        hidden := _explain_commented_out_bracket(problem, start_mark, lines[: line + 1], file_name)
    ):
        return hidden
    if "did not find expected" in problem and (
        unclosed := _explain_late_closing_quote(text, line, lines, file_name)
    ):
        return unclosed
    if start_mark is not None and (
        unclosed := _explain_unclosed_delimiter(problem, context, start_mark, lines, file_name)
    ):
        return unclosed
    if "expected node content" in problem and (
        hidden := _find_commented_out_value(lines, line, file_name)
    ):
        return hidden
    if "expected node content" in problem and (last := _find_unclosed_bracket(lines, line, column)):
        at_line, at = last
        closer = _CLOSERS[lines[at_line][at]]
        return Diagnostic(
            "SB008",
            f"the bracket {lines[at_line][at]} is never closed",
            Span(file_name, at_line + 1, at + 1, at_line + 1, at + 2),
            f"add {closer}",
        )
    if start_mark is not None and "could not find expected ':'" in problem:
        line, column = start_mark.line, start_mark.column
        end = len(lines[line].rstrip())
        return Diagnostic(
            "SB005",
            "this line is not `key: value`",
            Span(file_name, line + 1, column + 1, line + 1, max(end, column + 1) + 1),
            "write `key: value`, or indent the line if it continues the text above",
        )
    message = _to_plain_message(problem)
    if "expected key" in problem and _requote_entry_text(lines[line]):
        message = "there is more text after the closing quote or bracket"
    return Diagnostic("SB005", message, span, _suggest_fix(problem, lines, line))


def _explain_lookalike(lines: list[str], line_index: int, file_name: str) -> Diagnostic | None:
    """A character that only looks like a mark of YAML, in the wrong line or the one above it."""
    above = next((n for n in range(line_index - 1, -1, -1) if lines[n].strip()), line_index)
    for number in dict.fromkeys((above, line_index)):
        if trap := find_trap(lines[number]):
            column, cure = trap
            character = lines[number][column]
            return Diagnostic(
                "SB005",
                f"{name_character(character)} is not a YAML character",
                Span(file_name, number + 1, column + 1, number + 1, column + 2),
                f"{cure} instead" if cure != "delete it" else cure,
            )
    return None


def _explain_missing_colon(lines: list[str], line_index: int, file_name: str) -> Diagnostic | None:
    """A key without its colon, in the line above one that YAML reads as going on with it."""
    above = next((n for n in range(line_index - 1, -1, -1) if lines[n].strip()), None)
    match = _WITHOUT_COLON.match(lines[above]) if above is not None else None
    if above is None or match is None or match["key"] not in _KEYS:
        return None
    start, end = match.span("key")
    return Diagnostic(
        "SB005",
        f"`{match['key']}` has no colon",
        Span(file_name, above + 1, start + 1, above + 1, end + 1),
        f"write `{match['key']}: {match['text'].strip()}`",
    )


def _find_commented_out_value(
    lines: list[str], line_index: int, file_name: str
) -> Diagnostic | None:
    """A value in braces that begins with # and made a comment of the rest: the first of them."""
    first: Diagnostic | None = None
    for number in range(line_index, -1, -1):
        at = _find_comment_start(lines[number])
        code, comment = lines[number][:at], lines[number][at:]
        opened = any(code.count(sign) > code.count(closer) for sign, closer in _CLOSERS.items())
        if not (opened and any(closer in comment for closer in _CLOSERS.values())):
            if number < line_index:
                break
            continue
        first = Diagnostic(
            "SB020",
            "the rest of the line is a comment, not part of the text",
            Span(file_name, number + 1, at + 1, number + 1, len(lines[number].rstrip()) + 1),
            _quote_flow_entry(lines[number], at) or "put the whole text in double quotes",
        )
    return first


def quote_entry_text(line: str) -> str:
    """The line with its text in double quotes, where it is one `key: text`."""
    match = _ENTRY.match(line)
    if not match:
        return ""
    if "{" in match["head"]:
        return ""
    escaped = match["text"].replace("\\", "\\\\").replace('"', '\\"')
    return f'{match["head"].strip()} "{escaped}"'


def _requote_entry_text(line: str) -> str:
    """The line with the whole of a text in quotes that begins like a quoted one, or like a list."""
    match = _QUOTED_ENTRY.match(line)
    if not match:
        return ""
    text, sign = match["text"], match["text"][0]
    inner = text[1:-1] if sign in "\"'" and text.endswith(sign) else text
    if sign == '"':
        return f"{match['head'].strip()} '" + inner.replace("'", "''") + "'"
    escaped = inner.replace("\\", "\\\\").replace('"', '\\"')
    return f'{match["head"].strip()} "{escaped}"'


def _quote_flow_entry(line: str, column: int) -> str:
    """`key: "text"` for the entry of a flow mapping that holds the colon at `column`."""
    begin = max(line.rfind(sign, 0, column) for sign in "{,") + 1
    end = min((at for sign in ",}" if (at := line.find(sign, column)) >= 0), default=len(line))
    key, colon, words = line[begin:end].strip().partition(": ")
    escaped = words.replace("\\", "\\\\").replace('"', '\\"')
    return f'{key}: "{escaped}"' if colon and words else ""


def _find_unclosed_bracket(
    lines: list[str], line_index: int, column: int
) -> tuple[int, int] | None:
    """Where the innermost bracket opens that is still open at the end of the text."""
    after = (lines[line_index][column:], *lines[line_index + 1 :])
    if any(rest.strip() and not rest.lstrip().startswith("#") for rest in after):
        return None
    depth = 0
    for number in range(line_index, -1, -1):
        for at in range(len(lines[number]) - 1, -1, -1):
            sign = lines[number][at]
            depth += (sign in "]}") - (sign in "[{")
            if depth < 0:
                return number, at
    return None


def _explain_unclosed_delimiter(
    problem: str, context: str, start_mark: yaml.Mark, lines: list[str], file_name: str
) -> Diagnostic | None:
    if start_mark.line >= len(lines):
        return None
    sign = lines[start_mark.line][start_mark.column : start_mark.column + 1]
    span = Span(
        file_name,
        start_mark.line + 1,
        start_mark.column + 1,
        start_mark.line + 1,
        start_mark.column + 2,
    )
    if "quoted scalar" in context and ("unexpected end" in problem or "document" in problem):
        return Diagnostic("SB008", f"the quote {sign} is never closed", span)
    if "flow" in context and sign in _CLOSERS and "did not find expected" in problem:
        closer = _CLOSERS[sign]
        rest = lines[start_mark.line][start_mark.column :]
        if closer in rest[: _find_comment_start(rest)]:
            return None
        return Diagnostic("SB008", f"the bracket {sign} is never closed", span, f"add {closer}")
    return None


def _explain_late_closing_quote(
    text: str, error_line: int, lines: list[str], file_name: str
) -> Diagnostic | None:
    """A quote that nobody closed on its line, so that the next quote of another text closed it."""
    late = None
    try:
        for token in yaml.scan(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            start, end = token.start_mark, token.end_mark
            is_quoted = isinstance(token, yaml.ScalarToken) and token.style in ("'", '"')
            if start.line > error_line:
                break
            if is_quoted and start.line < end.line and end.line in (error_line, error_line - 1):
                late = start, end
    except yaml.YAMLError:
        pass  # the tokens before the error are enough
    if late is None:
        return None
    start, end = late
    sign = lines[start.line][start.column]
    width = len(lines[start.line].rstrip())
    return Diagnostic(
        "SB008",
        f"the quote {sign} is not closed on this line, only on line {end.line + 1}",
        Span(file_name, start.line + 1, start.column + 1, start.line + 1, width + 1),
        f"add {sign} where the text ends",
    )


def _explain_commented_out_bracket(
    problem: str, start_mark: yaml.Mark, lines: list[str], file_name: str
) -> Diagnostic | None:
    """The ` #` that made a comment of the bracket that is missed."""
    if "did not find expected" not in problem or start_mark.line >= len(lines):
        return None
    sign = lines[start_mark.line][start_mark.column : start_mark.column + 1]
    closer = _CLOSERS.get(sign)
    for number in range(start_mark.line, len(lines) if closer else 0):
        begin = start_mark.column if number == start_mark.line else 0
        at = begin + _find_comment_start(lines[number][begin:])
        comment = lines[number][at:]
        if closer and comment.count(closer) > comment.count(sign):
            return Diagnostic(
                "SB020",
                "the rest of the line is a comment, not part of the text",
                Span(file_name, number + 1, at + 1, number + 1, len(lines[number].rstrip()) + 1),
                _quote_flow_entry(lines[number], at) or "put the whole text in double quotes",
            )
    return None


def _find_comment_start(text: str) -> int:
    """Where the comment of a line begins; its end where it has none. Quoted texts have none."""
    quote, before = "", " "
    for at, sign in enumerate(text):
        if quote:
            escaped = quote == '"' and before == "\\"
            quote = "" if sign == quote and not escaped else quote
        elif sign in "\"'" and text[:at].rstrip()[-1:] in ("", *"[{,:-"):
            quote = sign
        elif sign == "#" and before in " \t":
            return at
        before = sign
    return len(text)


def _to_plain_message(problem: str) -> str:
    if "did not find expected key" in problem or "did not find expected '-'" in problem:
        return "this line doesn't match the indentation or structure above it"
    if "cannot start any token" in problem:
        return "a text can't start with this character"
    if "alphabetic or numeric" in problem:
        return "a text that starts with * or & needs quotes"
    if "block sequence entries are not allowed" in problem:
        return "a list can't start here"
    return f"invalid YAML: {problem}"


def _suggest_fix(problem: str, lines: list[str], line_index: int) -> str:
    again = quote_entry_text(lines[line_index]) or _requote_entry_text(lines[line_index])
    if re.search("cannot start any token|not allowed|alphabetic or numeric", problem):
        return again or "put the text in double quotes"
    if "expected key" in problem or "expected '-'" in problem:
        cure = (
            "align it with the lines around it; put a text that contains quotes in quotes as a "
            "whole"
        )
        return _requote_entry_text(lines[line_index]) or cure
    if "','" in problem:
        return (
            "separate the items with commas and close the bracket; put a text with { [ ] } "
            "in quotes"
        )
    return ""
