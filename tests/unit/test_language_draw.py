"""How a mistake looks to a person, an editor, a forge and a program."""

import json
import unicodedata
from pathlib import Path

import pytest

from storyboard.errors import Diagnostic, Severity, Span
from storyboard.language import format_diagnostics, to_json_records
from tests.unit.language_films import load_text


def test_a_person_sees_the_line_the_caret_and_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    load_text(Path(), "shots:\n  - id: SH010\n    prompt: Ana\n    transision: dissolve\n")
    loaded = load_text(Path(), "shots:\n  - id: SH010\n    prompt: Ana\n    transision: dissolve\n")
    assert format_diagnostics(loaded.diagnostics, loaded.texts, "human") == (
        "error[SB101]: unknown key `transision`\n"
        " --> film.yaml:5:5\n"
        "  |\n"
        "5 |     transision: dissolve\n"
        "  |     ^^^^^^^^^^\n"
        "  = hint: did you mean `transition`?\n"
    )
    assert format_diagnostics(loaded.diagnostics, loaded.texts, "concise") == (
        "film.yaml:5:5: SB101 unknown key `transision`; did you mean `transition`?\n"
    )
    assert format_diagnostics(loaded.diagnostics, loaded.texts, "github") == (
        "::error file=film.yaml,line=5,endLine=5,col=5,endColumn=14,"
        "title=SB101 unknown-key::unknown key `transision`%0Adid you mean `transition`?\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "  - {id: SH010, prompt: 東京の夜, «sise»: wide}",
        "  - {id: SH010, prompt: 🎬🎬 go, «sise»: wide}",
        "  - {id: SH010,\tprompt: Ana,\t«sise»: wide}",
        "  - {id: SH010, prompt: Zoe\u0308 naïve, «sise»: wide}",
        "  - {id: SH010, prompt: " + "word " * 80 + ", «sise»: wide, note: " + "x" * 300 + "}",
        "  - {id: SH010, note: " + "夜" * 90 + ", «sise»: wide}",
    ],
)
def test_the_caret_stands_under_the_word(tmp_path: Path, line: str) -> None:
    loaded = load_text(tmp_path, "shots:\n" + line.replace("«", "").replace("»", "") + "\n")
    drawn = format_diagnostics(
        [d for d in loaded.diagnostics if d.code == "SB101"], loaded.texts, "human"
    )
    _, _, _, text, caret, *_ = drawn.splitlines()
    before = text[: text.index("sise")]
    assert caret.index("^") == sum(map(_count_columns, before))
    assert caret.count("^") == 4
    assert sum(map(_count_columns, text)) <= 120


def test_nothing_in_a_film_steers_the_terminal() -> None:
    span = Span("a\x1b[2J.yaml", 1, 1, 1, 4)
    found = Diagnostic("SB101", "bad \x1b]0;x\x07 key", span, "do\u202e not")
    for form in ("human", "concise"):
        drawn = format_diagnostics([found], {"a\x1b[2J.yaml": "a\u202eb\x9bc"}, form)
        assert all(sign.isprintable() or sign == "\n" for sign in drawn)


def test_a_forge_reads_commas_and_line_feeds_escaped() -> None:
    found = Diagnostic(
        "SB101", "50% of\nit", Span("a,b:c.yaml", 2, 3, 2, 5), severity=Severity.NOTE
    )
    assert format_diagnostics([found], {}, "github") == (
        "::notice file=a%2Cb%3Ac.yaml,line=2,endLine=2,col=3,endColumn=4,"
        "title=SB101 unknown-key::50%25 of%0Ait\n"
    )


def test_programs_get_every_field(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "shots:\n  - {id: A, prompt: a}\n  - {id: A, prompt: b}\n")
    [record] = json.loads(json.dumps(to_json_records(loaded.diagnostics)))
    assert {"code", "severity", "message", "file", "line", "column", "hint"} <= set(record)
    assert (record["code"], record["name"], record["severity"]) == (
        "SB203",
        "duplicate-id",
        "error",
    )
    assert (record["line"], record["column"]) == (4, 10)
    assert (record["end_line"], record["end_column"]) == (4, 11)
    assert record["related"][0]["line"] == 3


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="xml"):
        format_diagnostics([], {}, "xml")


def _count_columns(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
