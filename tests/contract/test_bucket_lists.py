"""What Cloud Storage lists below an attempt's own prefix, and what is not believed of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from storyboard.errors import ProviderError
from storyboard.providers.google import cloud_storage
from storyboard.providers.google.cloud_storage import GcsBucket
from storyboard.providers.http.redaction import Redactor
from tests.contract.vertex_cases import ReceivedRequest, ServerAnswer, serve

FOLDER = "gs://films/night/run-00001/"
OWN = "night/run-00001/7/sample_0.mp4"


def list_folder(
    answer: Callable[[Mapping[str, list[str]]], Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[tuple[str, ...], int]:
    """What lies below the folder, and how many pages were asked for."""

    async def get_headers(fresh: bool) -> Mapping[str, str]:
        return {}

    async def list_once() -> tuple[str, ...]:
        bucket = GcsBucket("vertex", get_headers, Redactor())
        try:
            return await bucket.list_objects(FOLDER)
        finally:
            await bucket.close()

    def told(heard: ReceivedRequest) -> ServerAnswer:
        return ServerAnswer(answer(parse_qs(urlsplit(heard.path).query)))

    with serve(told) as server:
        monkeypatch.setenv("STORYBOARD_GCS_BASE_URL", server.url)
        return asyncio.run(list_once()), len(server.requests)


def make_listing(*names: str, **more: Any) -> dict[str, Any]:
    return {"items": [{"name": name} for name in names], **more}


def test_only_what_lies_below_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = ("other/sample_0.mp4", "night/run-000012/sample_0.mp4", f"{OWN}?token=1", "/x", "")
    listed_names, _ = list_folder(lambda _: make_listing(*foreign, OWN, OWN), monkeypatch)
    assert listed_names == (f"gs://films/{OWN}",)


def test_every_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_page(asked: Mapping[str, list[str]]) -> Any:
        if asked.get("pageToken") == ["two"]:
            return make_listing(OWN)
        return make_listing(OWN.replace("_0", "_1"), nextPageToken="two")

    listed_names, asked = list_folder(answer_page, monkeypatch)
    assert (len(listed_names), asked) == (2, 2)
    assert list_folder(lambda _: {}, monkeypatch) == ((), 1)


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
    with pytest.raises(ProviderError, match="the listing of gs://films/night"):
        list_folder(lambda _: value, monkeypatch)


def test_a_list_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_storage, "_MAX_PAGES", 3)
    tokens = iter(range(99))
    with pytest.raises(ProviderError, match="can't be read"):
        list_folder(lambda _: {"nextPageToken": f"page {next(tokens)}"}, monkeypatch)
    assert next(tokens) == 3
