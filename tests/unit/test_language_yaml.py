"""YAML 1.2: what a scalar means, where it stands, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyboard.language import load
from storyboard.language.yaml.parser import Map, Seq, parse_plain_scalar, parse_yaml_with_problems
from storyboard.language.yaml.source import MAX_BYTES, UnreadableSource


@pytest.mark.parametrize(
    "text",
    ["16:9", "010", "no", "on", "yes", "00:59", "1:30", "2026-11-23", "1_000", "0x1F", ".inf"],
)
def test_what_yaml_1_1_would_change_stays_text(text: str) -> None:
    assert parse_yaml_with_problems(f"a: {text}", "f")[0] == {"a": text}
    assert parse_yaml_with_problems(f"{text}: 1" if ":" not in text else f"? {text}\n: 1", "f")[
        0
    ] == {text: 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-0", 0),
        ("+7", 7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("2.", 2.0),
        ("-1.5e-2", -0.015),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert parse_plain_scalar(text) == value
    assert type(parse_plain_scalar(text)) is type(value)


def test_words_and_quotes() -> None:
    text = "[true, False, null, ~, 'true', \"5\", !!str 5, '']"
    assert parse_yaml_with_problems(text, "f")[0] == [
        True, False, None, None, "true", "5", "5", "",
    ]  # fmt: skip


@given(st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes_is_read_back(number: float) -> None:
    assert parse_plain_scalar(repr(number)) == number


def test_a_number_too_large_to_be_one_is_text() -> None:
    assert parse_plain_scalar("9" * 30) == "9" * 30
    assert parse_plain_scalar("1e999") == "1e999"


def test_every_key_and_value_knows_its_place() -> None:
    data, problems = parse_yaml_with_problems("a:\n  - b: 東京 x\n    c: [1,\t2]\n", "f")
    assert not problems
    item = data["a"][0]
    assert isinstance(item, Map)
    assert isinstance(item["c"], Seq)
    span = item.find_value_span("b")
    assert (span.line, span.column, span.end_column) == (2, 8, 12)
    assert item.find_key_span("c").line == 3
    assert item["c"].find_item_span(1).column == 12


def test_a_merged_key_points_at_where_it_is_written() -> None:
    data, _ = parse_yaml_with_problems("x: &x {size: wide}\ny: {<<: *x, id: A}\n", "f")
    assert data["y"] == {"size": "wide", "id": "A"}
    assert data["y"].find_value_span("size").line == 1
    assert data["y"].find_value_span("id").line == 2


def test_a_mapping_wins_over_its_merges_and_earlier_merges_win() -> None:
    data, _ = parse_yaml_with_problems(
        "a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2}\nc: {<<: [*a, *b], p: 3}\n", "f"
    )
    assert data["c"] == {"p": 3, "q": 1, "r": 2}


def test_a_second_key_of_one_name_is_named_with_the_first() -> None:
    data, problems = parse_yaml_with_problems("a: 1\nb: 2\na: 3\n", "f")
    assert data == {"a": 1, "b": 2}
    [problem] = problems
    assert (problem.code, problem.span.line) == ("SB009", 3)
    assert problem.related[0][0].line == 1


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, '["]",' * 50_000, "{a: " * 9000])
def test_depth_is_refused_before_it_overflows_the_stack(text: str) -> None:
    with pytest.raises(UnreadableSource, match="levels deep"):
        parse_yaml_with_problems(text, "f")


def test_shared_values_are_cheap_until_they_are_too_many() -> None:
    lines = ["a0: &a0 [1, 2, 3]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(UnreadableSource, match="too many values"):
        parse_yaml_with_problems("\n".join(lines), "f")
    assert len(parse_yaml_with_problems("\n".join(lines[:3]), "f")[0]) == 3


FILES = {
    "empty": (b"", "SB004", 1, 1),
    "comments only": (b"# nothing\n\n", "SB004", 1, 1),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "SB002", 1, 1),
    "random bytes": (bytes(range(256)), "SB002", 1, 1),
    "latin-1": ("storyboard: 1\ntitle: caf\xe9\n".encode("latin-1"), "SB002", 2, 11),
    "utf-16": ("storyboard: 1\n".encode("utf-16"), "SB002", 1, 1),
    "a bell": (b"storyboard: 1\ntitle: di\x07ng\n", "SB002", 2, 10),
    "an escape": (b"storyboard: 1\ntitle: \x1b[31mred\n", "SB002", 2, 8),
    "one word": (b"hello", "SB103", 1, 1),
    "too long": (b"a" * (MAX_BYTES + 1), "SB003", 1, 1),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_storyboard_is_reported(tmp_path: Path, name: str) -> None:
    data, code, line, column = FILES[name]
    (tmp_path / "film.yaml").write_bytes(data)
    loaded = load(tmp_path / "film.yaml")
    assert loaded.film is None
    [found] = loaded.diagnostics
    assert (found.code, found.span.line, found.span.column) == (code, line, column)


def test_a_path_that_is_no_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("storyboard: 1\n")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "none.yaml", tmp_path / "loop", Path("/dev/null")):
        [found] = load(path).diagnostics
        assert found.code == "SB001"
    assert "a.yaml" in load(tmp_path).diagnostics[0].hint
    [found] = load(Path("nul\0byte")).diagnostics
    assert found.code == "SB001"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_byte_order_marks_move_nothing(tmp_path: Path, end: str, mark: str) -> None:
    lines = ["storyboard: 1", "shots:", "  - {id: SH010, prompt: 🎬 Ana, sise: wide}", ""]
    (tmp_path / "film.yaml").write_bytes((mark + end.join(lines)).encode())
    [found] = load(tmp_path / "film.yaml").diagnostics
    assert (found.code, found.span.line, found.span.column) == ("SB101", 3, 32)
