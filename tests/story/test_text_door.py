"""No text of others steers a terminal, a log or a page: it arrives as visible escapes."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from storyboard.cli.terminal.palette import paint, to_marked_colors, to_terminal_text
from storyboard.printable import (
    escape_graph_label,
    escape_markdown,
    escape_unprintable,
    to_json_text,
)
from storyboard.providers.http.redaction import Redactor
from tests.conftest import ROOT, RunCommand

HOSTILE = "a\x1b]0;t\x07\x1b[2J\x9b31m\u202ecba\u2066\u2028\x7f\x00\ud800\U000e0041z"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")


def test_every_control_character_is_made_visible() -> None:
    shown = escape_unprintable(HOSTILE)
    assert not RAW.search(shown)
    assert shown.startswith("a\\x1b]0;t\\x07\\x1b[2J\\x9b31m\\u202ecba")
    for code in [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]:
        if chr(code) not in "\n\t":
            assert not RAW.search(escape_unprintable(f"x{chr(code)}y"))


def test_letters_of_all_scripts_and_emoji_stay() -> None:
    text = "Ünïcödé 日本語 العربية עברית हिन्दी می‌خواهم 👩‍👩‍👧 \n\t"
    assert escape_unprintable(text) == text


def test_only_the_program_colours_a_terminal() -> None:
    line = paint("error", "error") + f": \x1b[32mgreen\x1b[0m {HOSTILE}"
    colored = to_terminal_text(line, is_colored=True)
    assert colored.startswith("\x1b[31m\x1b[1merror\x1b[0m: \\x1b[32mgreen\\x1b[0m ")
    assert not RAW.search(to_terminal_text(line, is_colored=False))
    assert to_terminal_text(to_marked_colors("\x1b[1mx\x1b[0m"), is_colored=False) == "x"


def test_json_says_the_same_with_nothing_raw() -> None:
    value = {"message": HOSTILE.replace("\ud800", ""), "n": [1, 2.5, None]}
    text = to_json_text(value, indent=2)
    assert not RAW.search(text.replace("\n", ""))
    assert json.loads(text) == value


@pytest.mark.parametrize("text", ["a|b", "`x`", "<script>", "**b**", "[l](u)", "a\nb", "#x"])
def test_markdown_and_graphs_show_the_text_and_read_nothing_from_it(text: str) -> None:
    assert "\n" not in escape_markdown(text)
    assert not re.search(r"(?<!\\)[|`<>*\[\]#]", escape_markdown(text))
    assert not re.search(r'[<>"\n]', escape_graph_label(text))


def test_hostile_names_of_files_and_notes_reach_no_outlet(cli: RunCommand, tmp_path: Path) -> None:
    folder = tmp_path / "in\x1b[31m\x9b2J\u202e"
    folder.mkdir()
    film = folder / "f\x1b]0;x\x07ilm.yaml"
    film.write_text(
        "storyboard: 1\ntitle: T\nshots:\n  - {id: A, prompt: a, clip: no\\e.mp4}\n"
        '  - {id: B, prompt: "b|c", length: 1}\n',
        encoding="utf-8",
    )
    good = folder / "good\u202e.yaml"
    good.write_text(
        "storyboard: 1\ntitle: '<b>`x`|y</b>'\nshots: [{id: B, prompt: b, length: 1}]\n"
    )
    outputs = [
        cli(verb, film, *rest)
        for verb, *rest in (["check"], ["plan"], ["show"], ["render"], ["takes"], ["runs"])
    ]
    outputs += [cli("check", film, "--format", form) for form in ("concise", "json", "github")]
    outputs += [cli("plan", good, "--format", "markdown"), cli("plan", good, "--graph", "mermaid")]
    outputs += [cli("plan", good, "--graph", "dot"), cli("plan", good, "--json")]
    outputs += [cli("render", good, "--proxy", "-o", folder / "o.mp4")]
    outputs += [cli("takes", good, "--proxy", "--paths"), cli("store", "ls", cwd=folder)]
    outputs += [cli("render", good, "--proxy", "--json", "-o", folder / "o.mp4")]
    outputs += [
        cli("models", HOSTILE.replace("\0", "").replace("\ud800", "")),
        cli("resolve", good, "x\x1b[8m"),
        cli("a\u202eb"),
        cli("plan", "--a\u202eb"),
    ]
    for done in outputs:
        assert not RAW.search((done.out + done.err).replace("\n", "").replace("\t", "")), done
    logs = [path.read_text("utf-8") for path in tmp_path.rglob("*.jsonl")]
    assert not any(RAW.search(log.replace("\n", "")) for log in logs)


def test_every_outlet_goes_through_the_door() -> None:
    """Only these modules may write to the standard streams."""
    doors = {
        "cli/console.py",
        "cli/progress.py",
        "cli/app.py",
        "cli/stdio.py",
        "cli/terminal/tables.py",
    }
    outlets = set()
    for path in sorted((ROOT / "storyboard").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called in (
                "print",
                "click.echo",
                "click.secho",
                "sys.stdout.write",
                "sys.stderr.write",
            ):
                outlets.add(str(path.relative_to(ROOT / "storyboard")))
    assert {name for name in outlets if not name.startswith("simulator/")} <= doors


def test_what_a_service_says_is_safe_before_it_is_kept() -> None:
    redact = Redactor()
    assert not RAW.search(redact(HOSTILE))
    assert redact("\x1b[31mno\u202e") == "\\x1b[31mno\\u202e"
