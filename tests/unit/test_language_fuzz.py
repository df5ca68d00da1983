"""Whatever happens to a storyboard's text, reading it never raises."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storyboard.language import format_diagnostics, load, to_storyboard_yaml
from tests.unit.test_language_show import TEXT

LINES = ("storyboard: 1\n" + TEXT).splitlines()
_SCRAPS = """~ null [] {} '' -1 1e9 12f SH010 A.out ana true [ana] {a:b} " ' { } [ ] # - : *a
&a !x | > refs/ ../x.png https://x/y.mp4 start-1 1:30 é 🎬"""
SCRAPS = st.sampled_from(["", " #", "- ", ": ", "\t", "\u2028", "<<: *a", *_SCRAPS.split()])
AT = st.integers(0, len(LINES) - 1)
EDITS = st.lists(
    st.tuples(st.just("delete"), AT, AT, SCRAPS, st.integers(0, 90))
    | st.tuples(st.just("copy"), AT, AT, SCRAPS, st.integers(0, 90))
    | st.tuples(st.just("insert"), AT, AT, SCRAPS, st.integers(0, 90))
    | st.tuples(st.just("replace"), AT, AT, SCRAPS, st.integers(0, 90))
    | st.tuples(st.just("indent"), AT, AT, SCRAPS, st.integers(0, 9)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(EDITS, st.booleans())
def test_no_edit_of_a_film_raises(
    edits: list[tuple[str, int, int, str, int]], previz: bool
) -> None:
    lines = list(LINES)
    for edit, at, other, scrap, column in edits:
        here, there = at % len(lines), other % len(lines)
        line = lines[here]
        if edit == "delete":
            del lines[here]
            lines = lines or [""]
        elif edit == "copy":
            lines.insert(here, lines[there])
        elif edit == "insert":
            lines[here] = line[:column] + scrap + line[column:]
        elif edit == "replace":
            lines[here] = line.partition(": ")[0] + ": " + scrap
        else:
            lines[here] = " " * column + line.lstrip()
    _check_survives("\n".join(lines).encode("utf-8"), previz)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=60), st.integers(0, 800), st.integers(0, 40))
def test_no_damage_to_a_file_raises(data: bytes, at: int, gone: int) -> None:
    text = "\n".join(LINES).encode("utf-8")
    _check_survives(text[:at] + data + text[at + gone :], False)


def _check_survives(data: bytes, previz: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.yaml"
        path.write_bytes(data)
        loaded = load(path, previz=previz, profile="draft")
        for form in ("human", "concise", "github"):
            format_diagnostics(loaded.diagnostics, loaded.texts, form)
        for diagnostic in loaded.diagnostics:
            assert diagnostic.span.file == str(path)
            assert diagnostic.span.line >= 1
            assert diagnostic.span.column >= 1
            assert (diagnostic.span.end_line, diagnostic.span.end_column) > (
                diagnostic.span.line,
                0,
            )
        if loaded.film is not None:
            to_storyboard_yaml(loaded.film, origins=True)
            assert {shot.id for shot in loaded.film.shots}.isdisjoint(loaded.broken)
