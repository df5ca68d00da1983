"""What Cloud Storage lists below an attempt's own prefix, and what is not believed of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from storyboard.errors import ProviderError
from storyboard.providers import gcs
from storyboard.providers.discreet import Discreet
from storyboard.providers.gcs import Bucket
from tests.contract.vertex_cases import Answer, Heard, serving

FOLDER = "gs://films/night/run-00001/"
OWN = "night/run-00001/7/sample_0.mp4"


def listed(
    answer: Callable[[Mapping[str, list[str]]], Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[tuple[str, ...], int]:
    """What lies below the folder, and how many pages were asked for."""

    async def access(fresh: bool) -> Mapping[str, str]:
        return {}

    async def look() -> tuple[str, ...]:
        bucket = Bucket("vertex", access, Discreet())
        try:
            return await bucket.below(FOLDER)
        finally:
            await bucket.close()

    def told(heard: Heard) -> Answer:
        return Answer(answer(parse_qs(urlsplit(heard.path).query)))

    with serving(told) as server:
        monkeypatch.setenv("STORYBOARD_GCS_BASE_URL", server.url)
        return asyncio.run(look()), len(server.heard)


def named(*names: str, **more: Any) -> dict[str, Any]:
    return {"items": [{"name": name} for name in names], **more}


def test_only_what_lies_below_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = ("other/sample_0.mp4", "night/run-000012/sample_0.mp4", f"{OWN}?token=1", "/x", "")
    found, _ = listed(lambda _: named(*foreign, OWN, OWN), monkeypatch)
    assert found == (f"gs://films/{OWN}",)


def test_every_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def pages(asked: Mapping[str, list[str]]) -> Any:
        if asked.get("pageToken") == ["two"]:
            return named(OWN)
        return named(OWN.replace("_0", "_1"), nextPageToken="two")

    found, asked = listed(pages, monkeypatch)
    assert (len(found), asked) == (2, 2)
    assert listed(lambda _: {}, monkeypatch) == ((), 1)


@pytest.mark.parametrize(
    "value",
    [
        {"items": [{}]},
        {"items": ["x"]},
        {"items": {"name": "x"}},
        {"items": [{"name": 7}]},
        {"nextPageToken": ["x"]},
        {"nextPageToken": "same"},
        ["x"],
        None,
    ],
)
def test_what_is_no_list_is_not_believed(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    with pytest.raises(ProviderError, match="does not say what lies below gs://films/night"):
        listed(lambda _: value, monkeypatch)


def test_a_list_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcs, "_PAGES", 3)
    tokens = iter(range(99))
    with pytest.raises(ProviderError, match="does not say"):
        listed(lambda _: {"nextPageToken": f"page {next(tokens)}"}, monkeypatch)
    assert next(tokens) == 3
