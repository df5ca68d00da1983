"""Gemini Omni over Interactions, as the simulator plays it on both hosts."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from storyboard.simulator.rules.omni import GEMINI, VERTEX, Ask, price, reach, read_ask
from storyboard.simulator.rules.refusal import Refusal

PNG = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(b"png").decode()}
CLIP = {"type": "video", "mime_type": "video/mp4", "uri": "https://host/v1beta/files/abc"}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def body(*contents: Any, task: str = "", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"model": "gemini-omni-1.2-flash", "input": list(contents), **more}
    if task:
        made["generation_config"] = {"video_config": {"task": task}}
    return made


def accepted(made: dict[str, Any], host: str = GEMINI) -> Ask:
    ask = read_ask(made, host)
    assert isinstance(ask, Ask), ask
    return ask


def refused(made: dict[str, Any], host: str = GEMINI) -> str:
    refusal = read_ask(made, host)
    assert isinstance(refusal, Refusal), refusal
    return refusal.message


def test_a_plain_string_is_ten_seconds_at_the_defaults() -> None:
    ask = accepted({"model": "gemini-omni-1.2-flash", "input": "a cat"})
    assert (ask.task, ask.seconds, ask.delivery, ask.store) == ("text_to_video", 10, "inline", True)


def test_steps_and_bare_contents_say_the_same() -> None:
    bare = accepted(body(PNG, text("wave")))
    steps = accepted(body({"type": "user_input", "content": [PNG, text("wave")]}))
    assert bare == steps
    assert bare.task == "image_to_video"
    assert bare.first is not None
    assert bare.first.data == b"png"


def test_two_pictures_are_frames_by_task_by_tag_or_by_words_and_references_otherwise() -> None:
    two = (PNG, PNG)
    for made in (
        body(*two, text("he turns"), task="image_to_video"),
        body(*two, text("<FIRST_FRAME> <LAST_FRAME> he turns")),
        body(*two, text("a smooth transition")),
    ):
        ask = accepted(made)
        assert ask.last is not None
        assert ask.references == ()
    ask = accepted(body(*two, text("a cat and yarn")))
    assert (ask.task, ask.first, len(ask.references)) == ("reference_to_video", None, 2)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (body(PNG, text("<LAST_FRAME> end here")), "must be used with <FIRST_FRAME>"),
        (body(PNG, PNG, PNG, text("x"), task="image_to_video"), "a first and a last frame"),
        (body(PNG, PNG, PNG, PNG, text("x"), task="reference_to_video"), "At most 3"),
        (body(text("x"), task="video_extension"), "Unknown task"),
        (body(text("x"), task="extend"), "needs a source video"),
        (body(PNG, text("x"), task="text_to_video"), "can't take images"),
        (body(CLIP, text("x"), task="image_to_video"), "can't take a source video"),
        (body(CLIP, text("go on"), previous_interaction_id="v1_x"), "not both"),
        (body(PNG), "needs a text content"),
        (body(text("x"), system_instruction="be"), "`system_instruction` isn't supported"),
        (body(text("x"), generation_config={"temperature": 1}), "`temperature` isn't supported"),
        (body(text("x"), generationConfig={}), "Unknown parameter"),
        (body(text("x"), response_format={"durationSeconds": 8}), "Unknown parameter"),
        (body(text("x"), response_format={"duration": 8}), "Unsupported duration"),
        (body(text("x"), response_format={"duration": "2s"}), "takes 3s to 15s"),
        (body(text("x"), response_format={"duration": "16s"}), "takes 3s to 15s"),
        (body(CLIP, text("x"), task="extend", response_format={"duration": "11s"}), "3s to 10s"),
        (body(text("x"), response_format={"resolution": "2k"}), "Unsupported video output"),
        (body(text("x"), response_format={"aspect_ratio": "1:1"}), "Unsupported video output"),
        (body(text("x"), response_format={"gcs_uri": "gs://b"}), "`gcs_uri` isn't supported"),
        (body(text("x"), background=True, store=False), "`background` needs `store`"),
        (body({**PNG, "data": "?"}, text("x")), "not base64"),
        (body({"type": "image"}, text("x")), "exactly one of"),
        (body(text("x"), input=[3]), "object with a `type`"),
    ],
)
def test_it_refuses_at_once(made: dict[str, Any], words: str) -> None:
    assert words in refused(made)


def test_the_older_model_makes_ten_seconds_at_most_and_bears_another_name_on_vertex() -> None:
    older = body(text("x"), response_format={"duration": "12s"}, model="gemini-omni-1.1-flash")
    assert "3s to 10s" in refused(older)
    assert "not found" in refused({**older, "response_format": {}}, VERTEX)


def test_vertex_wants_a_bucket_for_uri_delivery() -> None:
    wanted = {"delivery": "uri"}
    assert "`gcs_uri` is required" in refused(body(text("x"), response_format=wanted), VERTEX)
    given = {**wanted, "gcs_uri": "gs://bucket/takes/"}
    assert accepted(body(text("x"), response_format=given), VERTEX).gcs_uri == "gs://bucket/takes/"


def test_an_extension_is_bounded_by_its_total_and_by_where_the_source_comes_from() -> None:
    ask = accepted(body(CLIP, text("go on"), task="extend", response_format={"duration": "5s"}))
    assert reach(ask, GEMINI, 25, generated=True) == 25
    assert isinstance(reach(ask, GEMINI, 26, generated=True), Refusal)
    assert isinstance(reach(ask, GEMINI, 12, generated=False), Refusal), "uploads: 10 s"
    assert reach(ask, VERTEX, 12, generated=False) == 12
    assert reach(ask, VERTEX, 36, generated=True) == 30, "Vertex keeps the last 30 s"
    assert isinstance(reach(ask, VERTEX, 28, generated=True, total_s=30), Refusal)


def test_prices_follow_the_size() -> None:
    prices = [f"{price('gemini-omni-1.2-flash', size)}" for size in ("360p", "720p", "1080p", "4k")]
    assert prices == ["0.0233", "0.0700", "0.1050", "0.2100"]
