"""The readers of CometAPI's replies hold under any cut, any wrapping and any rubbish."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from storyboard.providers.cometapi import chat_stream, job_status
from storyboard.providers.cometapi.job_status import JobState
from storyboard.providers.http.signed_urls import parse_url_expiry

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "id task_id status data error message code progress url video_url fail_reason "
                "choices delta content finish_reason reasoning_content".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
WORDS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)


@given(JSON)
def test_any_reply_is_read(value: Any) -> None:
    task = job_status.parse_job_status(value)
    assert task.progress is None or 0 <= task.progress <= 100
    assert task.url == "" or task.url.startswith("http")


@given(JSON, st.binary(max_size=40))
def test_any_answer_is_read(value: Any, rubbish: bytes) -> None:
    for body in (json.dumps(value).encode(), b"data: " + json.dumps(value).encode(), rubbish):
        answer = chat_stream.parse_answer(body)
        assert answer.url == "" or answer.url.startswith("http")


@given(
    st.sampled_from(["completed", "SUCCESS", "Succeeded", "done"]),
    st.sampled_from(["video_url", "output_video", "url", "fail_reason"]),
    st.integers(0, 2),
    st.sampled_from([100, "100%", "100", None, "??"]),
)
def test_a_done_job_is_the_same_in_any_wrapping(
    word: str, key: str, wrapped: int, progress: Any
) -> None:
    value: Any = {"id": "t1", "status": word, key: "https://a.test/v", "progress": progress}
    for _ in range(wrapped):
        value = {"code": "success", "message": "", "data": value}
    task = job_status.parse_job_status(value)
    assert (task.id, task.job_state, task.url) == ("t1", JobState.DONE, "https://a.test/v")
    assert not task.is_rejected


@given(st.sampled_from(["failed", "FAILURE", "error"]), st.integers(0, 2), WORDS)
def test_a_failed_job_never_has_its_reason_taken_for_a_result(
    word: str, wrapped: int, reason: str
) -> None:
    value: Any = {"status": word, "fail_reason": f"https://a.test/{reason.strip()}"}
    for _ in range(wrapped):
        value = {"data": value}
    assert job_status.parse_job_status(value).job_state is JobState.FAILED


@given(st.lists(WORDS, max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_events_are_the_same_with_any_line_ends(data: list[str], end: str, last: bool) -> None:
    said = "".join(f": note{end}event: x{end}data: {words}{end}{end}" for words in data)
    body = said if last else said.removesuffix(end)
    assert list(chat_stream.split_server_sent_events(body.encode())) == data


@given(st.lists(st.sampled_from(["p", "<b>", " ", "\n", "5%", "é"]), max_size=6), st.integers(0, 3))
def test_content_is_joined_however_it_was_cut(parts: list[str], cuts: int) -> None:
    text = "".join(parts) + "<video src='https://a.test/v?x=1&y=2'></video>"
    step = max(1, len(text) // (cuts + 1))
    pieces = [text[i : i + step] for i in range(0, len(text), step)]
    chunks = [json.dumps({"choices": [{"delta": {"content": each}}]}) for each in pieces]
    body = "".join(f"data: {each}\n\n" for each in [*chunks, "[DONE]"]).encode()
    assert chat_stream.parse_answer(body).content == text
    assert chat_stream.parse_answer(body).url == "https://a.test/v?x=1&y=2"


def test_an_event_of_many_lines_is_one() -> None:
    assert list(chat_stream.split_server_sent_events(b"data: a\ndata:b\n\ndata\n\n")) == [
        "a\nb",
        "",
    ]


def test_a_line_end_that_json_allows_inside_text_is_no_line_end() -> None:
    payload = json.dumps({"choices": [{"delta": {"content": "a\u2028b"}}]}, ensure_ascii=False)
    assert chat_stream.parse_answer(f"data: {payload}\n\n".encode()).content == "a\u2028b"


def test_the_end_of_a_signed_address_is_read() -> None:
    assert (
        parse_url_expiry("https://a.test/x?X-Amz-Date=20260101T000000Z&X-Amz-Expires=60")
        == 1767225660
    )
    assert parse_url_expiry("https://a.test/x?Expires=1795438800&Signature=s") == 1795438800
    assert parse_url_expiry("https://a.test/x?Expires=never") is None
    assert parse_url_expiry("https://a.test/x?X-Goog-Date=now&X-Goog-Expires=60") is None
    assert parse_url_expiry("https://a.test/x") is None
