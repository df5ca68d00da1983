"""The parts of Vertex AI that need no server: pictures, and what an operation came to."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.errors import InvalidRequest, ProviderError
from storyboard.providers.base import Done, Failed, Filtered, Input, Role, Running, Unusable
from storyboard.providers.google.long_running import read_outcome
from storyboard.providers.http import request_media
from storyboard.providers.http.redaction import Redactor
from storyboard.providers.http.request_media import read_picture_with_mime
from storyboard.providers.http.response_shape import describe_shape

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "message", "gcsUri", "bytesBase64Encoded", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
_RESPONSE = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("videos", "raiMediaFilteredCount", "raiMediaFilteredReasons"), JSON),
)
_BODY = st.fixed_dictionaries(
    {"done": st.just(True)}, optional={"error": JSON, "response": _RESPONSE | JSON}
)


class ThreadWorkspace:
    """A workplace without processes."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    async def compute(self, function: Any, /, *arguments: Any) -> Any:
        return function(*arguments)


def parse_outcome(value: Any, folder: Path) -> Any:
    return asyncio.run(read_outcome(value, folder, Redactor()))


def encode_picture(path: Path) -> tuple[bytes, str]:
    picture_input = Input(Role.FIRST_FRAME, sha256="0" * 64, path=path)
    return asyncio.run(read_picture_with_mime(picture_input, ThreadWorkspace(path.parent)))


def write_noise_picture(path: Path, channels: int = 3) -> Path:
    pixels = np.random.default_rng(7).integers(0, 255, (64, 96, channels), np.uint8)
    assert cv2.imwrite(str(path), pixels)
    return path


def test_png_and_jpeg_go_as_they_are(tmp_path: Path) -> None:
    for name, mime in (("a.png", "image/png"), ("a.jpg", "image/jpeg")):
        path = write_noise_picture(tmp_path / name)
        assert encode_picture(path) == (path.read_bytes(), mime)


def test_anything_else_becomes_png_pixel_for_pixel(tmp_path: Path) -> None:
    path = write_noise_picture(tmp_path / "a.webp", channels=4)
    data, mime = encode_picture(path)
    assert mime == "image/png"
    before = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    after = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(before, after)


def test_a_picture_that_is_too_large_becomes_jpeg_or_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_noise_picture(tmp_path / "a.png")
    monkeypatch.setattr(request_media, "MAX_PICTURE_BYTES", path.stat().st_size - 1)
    data, mime = encode_picture(path)
    assert (mime, request_media.detect_mime(data)) == ("image/jpeg", "image/jpeg")
    monkeypatch.setattr(request_media, "MAX_PICTURE_BYTES", 100)
    with pytest.raises(InvalidRequest, match="even as a JPEG"):
        encode_picture(path)


@given(_BODY)
@settings(max_examples=150)
def test_any_body_becomes_some_outcome(tmp_path_factory: pytest.TempPathFactory, told: Any) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert isinstance(parse_outcome(told, folder), (Done, Failed, Filtered, Unusable))


def test_what_is_not_done_runs(tmp_path: Path) -> None:
    for value in ({}, {"name": "x"}, {"done": False}):
        assert parse_outcome(value, tmp_path) == Running()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"done": "false"},
        {"done": 1, "response": {}},
        {"error": {"code": 404, "message": "x"}},
        {"name": "x", "error": {"code": 13, "message": "x"}},
    ],
)
def test_what_does_not_say_whether_it_is_done_is_no_outcome(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ProviderError, match="has no job state"):
        parse_outcome(value, tmp_path)


CLIP = {"bytesBase64Encoded": base64.b64encode(b"\0\0\0\x18ftypmp42").decode()}
PAGE = {"bytesBase64Encoded": base64.b64encode(b"<html>").decode()}
NO_VIDEO = "the result is not a video"


@pytest.mark.parametrize("bad", [PAGE, {}, 7, {"bytesBase64Encoded": "!!"}])
def test_what_can_not_be_read_keeps_its_place(tmp_path: Path, bad: Any) -> None:
    found = parse_outcome({"done": True, "response": {"videos": [bad, CLIP, bad]}}, tmp_path)
    assert isinstance(found, Done)
    assert [each.problem for each in found.samples] == [NO_VIDEO, "", NO_VIDEO]
    assert list(tmp_path.iterdir()) == [found.samples[1].path]


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"videos": []},
        {"raiMediaFilteredCount": 0},
        {"videos": {"0": CLIP}},
        {"generatedSamples": [{"video": {"uri": "gs://b/x.mp4"}}]},
        {"raiMediaFilteredReasons": [None, ""], "raiMediaFilteredCount": True},
    ],
)
def test_what_is_done_and_not_understood_is_unusable(tmp_path: Path, response: Any) -> None:
    found = parse_outcome({"done": True, "response": response}, tmp_path)
    assert isinstance(found, Unusable)
    assert describe_shape(response) in found.message


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ({"raiMediaFilteredCount": 1}, 1),
        ({"raiMediaFilteredCount": "2"}, 2),
        ({"raiMediaFilteredReasons": ["Support codes: 58061214"]}, None),
    ],
)
def test_samples_count_as_filtered_only_if_the_filter_says_so(
    tmp_path: Path, told: Any, taken: int | None
) -> None:
    none = parse_outcome({"done": True, "response": told}, tmp_path)
    assert isinstance(none, Filtered)
    some = parse_outcome({"done": True, "response": {"videos": [CLIP], **told}}, tmp_path)
    assert isinstance(some, Done)
    assert none.taken == some.taken == taken


@pytest.mark.parametrize(
    ("code", "message", "again_s"),
    [
        (8, "Resource exhausted", 60.0),
        (9, "Service agents are being provisioned (…)", 75.0),
        (9, "Something else", None),
        (13, "Internal", None),
        (14, "Unavailable", None),
    ],
)
def test_a_retryable_error_says_when_to_retry(
    tmp_path: Path, code: int, message: str, again_s: float | None
) -> None:
    found = parse_outcome({"done": True, "error": {"code": code, "message": message}}, tmp_path)
    assert isinstance(found, Failed)
    assert (found.message, found.again_s) == (message, again_s)
