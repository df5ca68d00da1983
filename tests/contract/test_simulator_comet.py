"""CometAPI, as the simulator plays it: `/v1/videos`, and video over `/v1/chat/completions`."""

from __future__ import annotations

from typing import Any

import pytest

from storyboard.simulator.rules.chat import VideoChat, read_chat, sentence
from storyboard.simulator.rules.comet import Upload, VideoForm, price, read_form
from storyboard.simulator.rules.refusal import Refusal

PICTURE = Upload("first.png", "image/png", b"png")
IMAGE = {"uri": "data:image/png;base64,AAAA"}


def chat(model: str = "veo3.1", prompt: str = "a cat", **google: Any) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "extra_body": {"google": google},
    }


def told(**google: Any) -> str:
    """What the model says to that."""
    read = read_chat(chat(**google))
    assert isinstance(read, VideoChat), read
    return sentence(read, 8.0 if read.video else None)


def test_a_form_without_more_is_four_seconds_of_720p() -> None:
    form = read_form({"prompt": "a cat"}, [])
    assert isinstance(form, VideoForm)
    assert (form.model, form.seconds, form.width, form.height) == ("veo3.1-fast", 4, 1280, 720)


@pytest.mark.parametrize(
    ("fields", "files", "status", "words"),
    [
        ({"model": "veo-3.1"}, 0, 403, "no access to model veo-3.1"),
        ({"prompt": ""}, 0, 400, "prompt is required"),
        ({"seconds": "5"}, 0, 500, "seconds must be one of 4, 6, 8"),
        ({"size": "1080x1920"}, 0, 500, "size must be one of"),
        ({"size": "16x9"}, 0, 500, "size must be one of"),
        ({}, 2, 400, "accepts 1 file(s), got 2"),
    ],
)
def test_a_form_is_refused(fields: dict[str, str], files: int, status: int, words: str) -> None:
    refusal = read_form({"model": "veo3.1", "prompt": "a cat", **fields}, [PICTURE] * files)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.reason in ("invalid_request", "model_not_found")) == (
        status,
        True,
    )
    assert words in refusal.message


def test_the_older_page_takes_a_second_file_for_the_last_frame() -> None:
    form = read_form({"prompt": "a cat"}, [PICTURE, PICTURE], two_frames=True)
    assert isinstance(form, VideoForm)
    assert form.last == b"png"


def test_prices_are_by_the_second_and_pro_by_the_request() -> None:
    assert f"{price('veo3.1-fast', '1080p', 8)}" == "0.768"
    assert price("veo3.1-pro", "720p", 4) == price("veo3.1-pro", "4k", 8)


@pytest.mark.parametrize("nest", [True, False])
def test_google_is_found_under_a_literal_extra_body_and_merged(nest: bool) -> None:
    google = {"image": IMAGE, "config": {"durationSeconds": 6, "resolution": "1080p"}}
    made = chat()
    made.pop("extra_body")
    made |= {"extra_body": {"google": google}} if nest else {"google": google}
    read = read_chat(made)
    assert isinstance(read, VideoChat)
    assert (read.image, read.seconds, read.size) == (IMAGE["uri"], 6, (1920, 1080))


def test_another_spelling_is_passed_over_and_leaves_the_default() -> None:
    read = read_chat(chat(config={"duration_seconds": 4}))
    assert isinstance(read, VideoChat)
    assert read.seconds == 8


@pytest.mark.parametrize(
    ("google", "words"),
    [
        ({"lastFrame": IMAGE}, "lastFrame needs image"),
        ({"image": IMAGE, "video": IMAGE}, "can't be given together"),
        ({"referenceImages": [{"image": IMAGE}], "image": IMAGE}, "referenceImages can't"),
        ({"referenceImages": [{"image": IMAGE}] * 4}, "At most 3"),
        (
            {"referenceImages": [{"image": IMAGE}], "config": {"durationSeconds": 6}},
            "supported durations are [8] for feature reference_to_video",
        ),
        ({"config": {"durationSeconds": 5}}, "supported durations are [4,6,8]"),
        ({"video": IMAGE, "config": {"durationSeconds": 8}}, "[7] for feature video_extension"),
        ({"video": IMAGE, "config": {"resolution": "1080p"}}, "720p only"),
        ({"config": {"resolution": "2k"}}, "Unsupported size"),
        ({"config": {"numberOfVideos": 2}}, "one video"),
    ],
)
def test_the_model_says_what_it_cannot_do(google: dict[str, Any], words: str) -> None:
    assert words in told(**google)


def test_the_model_makes_the_rest() -> None:
    assert told() == ""
    assert told(image=IMAGE, lastFrame=IMAGE, config={"durationSeconds": 4, "fps": 24}) == ""
    assert told(video=IMAGE, config={"durationSeconds": 7, "resolution": "720p"}) == ""
    assert told(referenceImages=[{"image": IMAGE, "referenceType": "asset"}] * 3) == ""
