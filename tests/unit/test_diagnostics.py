"""The table of codes, how diagnostics are collected, and near names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from storyboard.diagnostics.codes import CODES
from storyboard.diagnostics.collector import DiagnosticCollector
from storyboard.diagnostics.suggestions import (
    Suggester,
    find_nearest_name,
    suggest_name,
    suggest_or_list_names,
)
from storyboard.errors import Severity, Span

PRODUCT = Path(__file__).parents[2] / "storyboard"
SUGGESTIONS = PRODUCT / "diagnostics" / "suggestions.py"


def find_literals(path: Path) -> Iterator[str]:
    """The texts in the code of a module, those of f-strings too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def list_other_modules(own: Path) -> list[Path]:
    return [path for path in sorted(PRODUCT.rglob("*.py")) if path != own]


def test_the_table_has_exactly_the_codes_that_are_used() -> None:
    table = PRODUCT / "diagnostics" / "codes.py"
    literals = {text for path in list_other_modules(table) for text in find_literals(path)}
    assert {text for text in literals if re.fullmatch(r"SB\d{3}", text)} == set(CODES)


def test_codes_stand_in_order_and_have_names_of_their_own() -> None:
    assert list(CODES) == sorted(CODES)
    assert len({code.name for code in CODES.values()}) == len(CODES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code.name) for code in CODES.values())


def test_every_meaning_is_one_sentence() -> None:
    sentence = re.compile(r"[A-Z`][^.;:]*\.")
    assert [code for code in CODES if not sentence.fullmatch(CODES[code].meaning)] == []


def test_one_module_finds_near_names_and_asks_for_them() -> None:
    for path in list_other_modules(SUGGESTIONS):
        assert "difflib" not in path.read_text("utf-8"), path
        assert not [text for text in find_literals(path) if "did you mean" in text], path


def test_a_near_name_is_found_whatever_its_capitals_and_dashes() -> None:
    names = ["first_frame", "SH010", "veo-3.1"]
    assert find_nearest_name("First-Frame", names) == "first_frame"
    assert find_nearest_name("sh01", names) == "SH010"
    assert find_nearest_name("zebra", names) == ""


def test_a_suggestion_names_another_word_than_the_one_that_was_wrong() -> None:
    assert suggest_name("rendr", ["render", "reject"]) == "did you mean `render`?"
    assert suggest_name("render", ["render"]) == ""
    assert suggest_name("zebra", ["render"]) == ""


def test_where_nothing_is_near_the_names_are_listed() -> None:
    names = ["previz", "vertex", "gemini"]
    assert suggest_or_list_names("vertx", names) == "did you mean `vertex`?"
    assert suggest_or_list_names("zzz", names) == "known: previz, vertex, gemini"
    assert suggest_or_list_names("zzz", names, max_listed=2) == "known: previz, vertex"


def test_a_film_full_of_unknown_words_is_searched_for_some_of_them_only() -> None:
    suggester = Suggester()
    suggestions = [suggester.suggest_name("lenght", ["length"]) for _ in range(100)]
    assert suggestions[0] == "did you mean `length`?"
    assert suggestions[-1] == ""


def test_the_same_sentence_about_the_same_place_is_said_once_and_in_order() -> None:
    collector = DiagnosticCollector()
    later, earlier = Span("film.yaml", 9, 1, 9, 4), Span("film.yaml", 2, 1, 2, 4)
    collector.add_note("SB420", later, "not sent")
    collector.add_error("SB101", earlier, "unknown key")
    collector.add_note("SB420", later, "not sent")
    found = [(each.code, each.severity) for each in collector.list_sorted()]
    assert found == [("SB101", Severity.ERROR), ("SB420", Severity.NOTE)]
