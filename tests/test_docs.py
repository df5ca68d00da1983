"""The pages of the documentation: each stands in the navigation, and its links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference.markdown import to_slug
from tests.conftest import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*([^)\s]+)\s*\)")
_FENCE = re.compile(r"^```.*?^```$", re.M | re.S)


def read_prose(page: Path) -> str:
    """The page without its blocks of code."""
    return _FENCE.sub("", page.read_text("utf-8"))


def list_anchors(page: Path) -> set[str]:
    """The anchors of a page's headings; a heading that is there twice gets a number."""
    anchors: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", read_prose(page), re.M):
        slug = to_slug(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading))
        count = 1
        anchor = slug
        while anchor in anchors:
            anchor = f"{slug}-{count}"
            count += 1
        anchors.add(anchor)
    return anchors


def find_dead_links(page: Path) -> Iterator[str]:
    for link in _LINK.findall(read_prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in list_anchors(target)):
            yield link


@pytest.mark.parametrize(
    "page", [*PAGES, *ROOT.glob("*.md")], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert list(find_dead_links(page)) == []


def test_every_page_stands_in_the_navigation_once() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    listed = [
        line
        for block in re.findall(r"```\{toctree\}\n(.*?)```", index, re.S)
        for line in block.splitlines()
        if line and not line.startswith(":")
    ]
    names = [page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES]
    assert sorted(listed) == sorted(set(names) - {"index"})


def test_no_page_loads_anything_from_the_network() -> None:
    pictures = [
        link for page in PAGES for link in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", read_prose(page))
    ]
    drawings = "".join(path.read_text("utf-8") for path in DOCS.glob("**/*.svg"))
    assert not [link for link in pictures if ":" in link]
    assert not re.findall(r"(?:href|src)=\"http|url\(http|@import", drawings)
