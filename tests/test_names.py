"""Function names say what they do, and get no worse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.names import BASELINE, PRODUCT, Shares, measure, read_baseline, update_baseline


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A folder for a small product."""
    folder = tmp_path / "product"
    folder.mkdir()
    return folder


def write_names(product: Path, *names: str) -> None:
    text = "\n\n".join(f"def {name}():\n    pass" for name in names)
    (product / "module.py").write_text(text, "utf-8")


def test_names_get_no_worse() -> None:
    now, stored = measure(PRODUCT), read_baseline()
    cure = "name what the function does and to what, as `read_header`; `python -m tests.names`"
    assert now.one_word <= stored.one_word, cure
    assert now.participle <= stored.participle, cure


def test_a_verb_with_its_object_counts_as_neither(product: Path) -> None:
    write_names(product, "read_header", "is_valid", "_join_lines")
    assert measure(product) == Shares(one_word=0, participle=0)


def test_one_word_is_one_word_with_or_without_underscores(product: Path) -> None:
    write_names(product, "read", "_join", "__hide", "read_header")
    assert measure(product).one_word == 75


@pytest.mark.parametrize("name", ["get_frames", "do_join", "_make_title", "check_all", "read_it"])
def test_padding_does_not_make_a_second_word(product: Path, name: str) -> None:
    write_names(product, name)
    assert measure(product).one_word == 100


@pytest.mark.parametrize("name", ["joined", "_joined_lines", "told", "unsent", "rebuilt", "chosen"])
def test_participles_are_found(product: Path, name: str) -> None:
    write_names(product, name)
    assert measure(product).participle == 100


@pytest.mark.parametrize("name", ["feed", "embed_font", "proceed", "present", "cut", "read_set"])
def test_nouns_and_imperatives_are_no_participles(product: Path, name: str) -> None:
    write_names(product, name)
    assert measure(product).participle == 0


def test_names_that_others_chose_do_not_count(product: Path) -> None:
    (product / "module.py").write_text(
        "class Adapter:\n"
        "    def __enter__(self): ...\n"
        "    def submit(self): ...\n"
        "    def visit_Name(self): ...\n"
        "    @property\n"
        "    def moved(self): ...\n"
        "    @moved.setter\n"
        "    def moved(self, value): ...\n"
        "@click.command('new')\n"
        "def command(): ...\n"
        "def submit(): ...\n",  # no method: its name is ours
        "utf-8",
    )
    assert measure(product) == Shares(one_word=100, participle=0)


def test_the_baseline_only_goes_down(product: Path, tmp_path: Path) -> None:
    stored = tmp_path / "names.json"
    write_names(product, "joined", "read_header")
    update_baseline(product, stored)
    assert read_baseline(stored) == Shares(one_word=50, participle=50)

    write_names(product, "told", "kept", "read")
    update_baseline(product, stored)
    assert read_baseline(stored) == Shares(one_word=50, participle=50)

    write_names(product, "read_header")
    update_baseline(product, stored)
    assert read_baseline(stored) == Shares(one_word=0, participle=0)


def test_the_baseline_holds_the_two_figures() -> None:
    assert set(json.loads(BASELINE.read_text("utf-8"))) == {"one_word", "participle"}
