"""The reference pages say what the tables of the program say."""

from __future__ import annotations

import pytest

from reference.__main__ import FOLDER, PAGES, build_page


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == build_page(name), "run `make reference`"
