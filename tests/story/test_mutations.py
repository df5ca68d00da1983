"""A sample of `make mutate`: mistakes are told on their line, damaged media by name."""

from __future__ import annotations

from tests.mutation.media import run_media
from tests.mutation.storyboards import run_storyboards


def test_mistakes_are_told_on_the_line_where_they_are() -> None:
    tally = run_storyboards(120, seed=20)
    assert not tally.tracebacks, tally.describe()
    assert not tally.silent, tally.describe()
    assert tally.share_on_line >= 0.97, tally.describe()


def test_damaged_media_are_refused_by_name_or_used() -> None:
    tally = run_media(12, seed=20)
    assert not tally.tracebacks + tally.placeless, tally.describe()
    assert tally.count == 12
