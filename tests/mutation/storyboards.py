"""Makes one mistake in a good film, as a person would, and looks whether `check` tells it there."""

from __future__ import annotations

import random
import re
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from storyboard.errors import Severity
from storyboard.language.schema.definitions import load_schema
from storyboard.pipeline.session import check_film
from tests.conftest import ROOT

_KEYS = frozenset(
    key
    for definition in load_schema()["definitions"].values()
    for key in definition.get("properties", {})
)
_PAIR = re.compile(r"(?P<before>^\s*(?:- )?|[{,] ?)(?P<key>[a-z_]+): (?P<value>[^,{}\[\]#\n]+)")
_NUMBER_KEYS = frozenset({"length", "duration", "takes", "seed", "fps", "budget_usd", "gain_db"})
_REFERENCES = frozenset({"extend", "continue", "like"})
_SLOW_S = 10.0


@dataclass(frozen=True)
class Mistake:
    """A film with one mistake."""

    kind: str
    text: str
    line: int
    """The line of the mistake, from 1."""


@dataclass
class StoryboardTally:
    """What became of the mistakes."""

    on_line: int = 0
    elsewhere: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        return self.on_line + len(self.elsewhere) + len(self.silent) + len(self.tracebacks)

    @property
    def share_on_line(self) -> float:
        return self.on_line / max(1, self.count)

    def describe(self) -> str:
        """The figures on one line, then each film that isn't told where it is wrong."""
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        lines = [
            f"{self.count} mistakes: {self.share_on_line:.1%} on their line, "
            f"{len(self.elsewhere)} elsewhere, {len(self.silent)} not told, "
            f"{len(self.tracebacks)} tracebacks, {len(self.slow)} over {_SLOW_S:g} s, "
            f"{peak_mb:.0f} MB at most"
        ]
        for name in ("tracebacks", "silent", "elsewhere", "slow"):
            lines += [f"{name}: {each}" for each in getattr(self, name)]
        return "\n".join(lines)


def list_good_films() -> list[Path]:
    """The films of the examples: each checks without an error."""
    return sorted((ROOT / "examples").glob("*/film.yaml"))


def run_storyboards(count: int, seed: int) -> StoryboardTally:
    """Tries `count` mistakes; the same seed makes the same ones."""
    rng, tally, films = random.Random(seed), StoryboardTally(), list_good_films()
    with tempfile.TemporaryDirectory() as name:
        while tally.count < count:
            film = rng.choice(films)
            folder = Path(name) / film.parent.name
            if not folder.exists():
                shutil.copytree(film.parent, folder, ignore=shutil.ignore_patterns("build", ".*"))
            mistake = _make_mistake(rng, film.read_text("utf-8"))
            if mistake is not None:
                _try_mistake(folder / "film.yaml", mistake, tally)
    return tally


def _try_mistake(film: Path, mistake: Mistake, tally: StoryboardTally) -> None:
    film.write_text(mistake.text, encoding="utf-8")
    tally.kinds[mistake.kind] += 1
    line = mistake.text.splitlines()[mistake.line - 1].strip()
    label = f"{mistake.kind} in {film.parent.name}:{mistake.line}: {line[:120]}"
    started_at = time.monotonic()
    try:
        diagnostics = check_film(film).diagnostics
    except Exception as error:
        tally.tracebacks.append(f"{label}: {type(error).__name__}: {error}")
        return
    if time.monotonic() - started_at > _SLOW_S:
        tally.slow.append(label)
    told = [each for each in diagnostics if each.severity is not Severity.NOTE]
    if any(each.span.line <= mistake.line <= each.span.end_line for each in told):
        tally.on_line += 1
    elif told:
        first = told[0]
        tally.elsewhere.append(f"{label} -> {first.code} {first.span.line}: {first.message}")
    else:
        tally.silent.append(label)


def _make_mistake(rng: random.Random, text: str) -> Mistake | None:
    kind, make = rng.choice(_MISTAKES)
    lines = text.splitlines()
    changed = make(rng, lines)
    if changed is None:
        return None
    number, new_lines = changed
    new_text = "\n".join(new_lines) + "\n"
    return None if new_text == text else Mistake(kind, new_text, number + 1)


_Change = tuple[int, list[str]] | None


def _list_pairs(lines: list[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """The keys with plain values, outside comments and block texts."""
    block_indent: int | None = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if block_indent is not None and (not line.strip() or indent > block_indent):
            continue
        block_indent = indent if re.search(r": [|>][+-]?$", line) else None
        if line.lstrip().startswith("#"):
            continue
        code = line.split(" #")[0]
        for match in _PAIR.finditer(code):
            inside_quotes = code[: match.start()].count('"') % 2
            if match["key"] in _KEYS and not inside_quotes:
                yield number, match


def _choose_pair(
    rng: random.Random, lines: list[str], allows: Callable[[re.Match[str]], bool]
) -> tuple[int, re.Match[str]] | None:
    pairs = [(number, match) for number, match in _list_pairs(lines) if allows(match)]
    return rng.choice(pairs) if pairs else None


def _replace(lines: list[str], number: int, begin: int, end: int, text: str) -> _Change:
    changed = list(lines)
    changed[number] = lines[number][:begin] + text + lines[number][end:]
    return number, changed


def _misspell(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word) - 1) if len(word) > 1 else 0
    return rng.choice(
        [
            word[:at] + word[at + 1 :] if len(word) > 3 else word + word[-1],
            word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
            word[:at] + word[at] + word[at:],
            word[:at] + rng.choice("aeiorstx") + word[at + 1 :],
        ]
    )


def _misspell_key(rng: random.Random, lines: list[str]) -> _Change:
    pair = _choose_pair(rng, lines, lambda match: True)
    if pair is None:
        return None
    number, match = pair
    wrong = _misspell(rng, match["key"])
    return None if wrong in _KEYS else _replace(lines, number, *match.span("key"), wrong)


def _name_no_shot(rng: random.Random, lines: list[str]) -> _Change:
    pair = _choose_pair(rng, lines, lambda match: match["key"] in _REFERENCES)
    if pair is None:
        return None
    number, match = pair
    name = match["value"].strip()
    return _replace(lines, number, *match.span("value"), name + "9")


def _give_words_for_a_number(rng: random.Random, lines: list[str]) -> _Change:
    return _change_number(rng, lines, ["five", "long", "ten seconds"])


def _add_a_unit(rng: random.Random, lines: list[str]) -> _Change:
    return _change_number(rng, lines, ["5s", "5 sec", "5,5", "00:05", "5 frames"])


def _leave_the_range(rng: random.Random, lines: list[str]) -> _Change:
    return _change_number(rng, lines, ["-3", "1e12", "99999999", "0x"])


def _change_number(rng: random.Random, lines: list[str], values: list[str]) -> _Change:
    pair = _choose_pair(
        rng, lines, lambda match: match["key"] in _NUMBER_KEYS and match["key"] != "gain_db"
    )
    if pair is None:
        return None
    number, match = pair
    if match["key"] == "seed":
        values = [value for value in values if value != "99999999"]
    if match["key"] == "budget_usd":
        values = [value for value in values if value != "5"]
    return _replace(lines, number, *match.span("value"), rng.choice(values))


def _forget_the_colon(rng: random.Random, lines: list[str]) -> _Change:
    pair = _choose_pair(rng, lines, lambda match: "{" not in match["before"])
    if pair is None:
        return None
    number, match = pair
    at = match.end("key")
    return _replace(lines, number, at, at + 1, "")


def _type_a_wide_colon(rng: random.Random, lines: list[str]) -> _Change:
    pair = _choose_pair(rng, lines, lambda match: True)
    if pair is None:
        return None
    number, match = pair
    at = match.end("key")
    return _replace(lines, number, at, at + 2, "\N{FULLWIDTH COLON}")


def _indent_by_a_tab(rng: random.Random, lines: list[str]) -> _Change:
    indented = [n for n, line in enumerate(lines) if line.startswith("  ") and ": " in line]
    if not indented:
        return None
    number = rng.choice(indented)
    return _replace(lines, number, 0, 2, "\t")


def _leave_a_quote_open(rng: random.Random, lines: list[str]) -> _Change:
    quoted = [n for n, line in enumerate(lines) if line.count('"') == 2 and "#" not in line]
    if not quoted:
        return None
    number = rng.choice(quoted)
    at = lines[number].rindex('"')
    return _replace(lines, number, at, at + 1, "")


def _leave_a_brace_open(rng: random.Random, lines: list[str]) -> _Change:
    closed = [n for n, line in enumerate(lines) if line.count("{") == 1 and line.count("}") == 1]
    if not closed:
        return None
    number = rng.choice(closed)
    at = lines[number].rindex("}")
    return _replace(lines, number, at, at + 1, "")


def _write_a_key_twice(rng: random.Random, lines: list[str]) -> _Change:
    pair = _choose_pair(rng, lines, lambda match: match["before"].startswith("{"))
    if pair is None:
        return None
    number, match = pair
    again = f"{match['key']}: {match['value'].strip()}, "
    return _replace(lines, number, match.start("key"), match.start("key"), again)


def _use_an_id_twice(rng: random.Random, lines: list[str]) -> _Change:
    pairs = [(n, match) for n, match in _list_pairs(lines) if match["key"] == "id"]
    if len(pairs) < 2:
        return None
    first, second = sorted(rng.sample(range(len(pairs)), 2))
    number, match = pairs[second]
    return _replace(lines, number, *match.span("value"), pairs[first][1]["value"].strip())


def _name_no_file(rng: random.Random, lines: list[str]) -> _Change:
    pair = _choose_pair(
        rng,
        lines,
        lambda match: (
            match["key"] in ("file", "image", "clip", "first_frame") and "." in match["value"]
        ),
    )
    if pair is None:
        return None
    number, match = pair
    return _replace(lines, number, *match.span("value"), "refs/not-there.png")


_MISTAKES: tuple[tuple[str, Callable[[random.Random, list[str]], _Change]], ...] = (
    ("misspelt key", _misspell_key),
    ("misspelt key", _misspell_key),
    ("unknown shot", _name_no_shot),
    ("words for a number", _give_words_for_a_number),
    ("unit", _add_a_unit),
    ("out of range", _leave_the_range),
    ("no colon", _forget_the_colon),
    ("full-width colon", _type_a_wide_colon),
    ("tab", _indent_by_a_tab),
    ("open quote", _leave_a_quote_open),
    ("open brace", _leave_a_brace_open),
    ("duplicate key", _write_a_key_twice),
    ("duplicate id", _use_an_id_twice),
    ("unknown file", _name_no_file),
)
