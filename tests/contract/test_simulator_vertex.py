"""Vertex AI and Cloud Storage, as the simulator plays them, by raw HTTP."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from storyboard.simulator.media import test_patterns
from storyboard.simulator.media.clip_spec import ClipSpec
from storyboard.simulator.media.clips import ClipFactory
from storyboard.simulator.validation.veo_models import VERTEX as MODELS
from storyboard.simulator.validation.veo_request import ClipFacts, read_veo_request
from storyboard.simulator.validation.vertex import find_job_failure
from storyboard.stitching.media.ffmpeg import probe
from tests.contract.veo_asks import GEMINI, SHORT, VERTEX, SimulatorClient, make_image

T2V = {"prompt": "a ferry"}
I2V = {"prompt": "a ferry", "image": make_image()}
REFERENCE = {"image": make_image(), "referenceType": "ASSET"}
R2V = {"prompt": "a ferry", "referenceImages": [REFERENCE]}
V2V = {"prompt": "on", "video": {"gcsUri": "gs://b/a.mp4", "mimeType": "video/mp4"}}
LITE = "veo-3.1-lite-generate-001"
HD = ClipFacts(1280, 720, 192, 24.0)


def read_failure(
    instance: dict[str, Any], clip: ClipFacts | None = None, model: str = VERTEX, **parameters: Any
) -> str | None:
    ask = read_veo_request({"instances": [instance], "parameters": parameters})
    assert ask is not None
    return find_job_failure(MODELS[model], ask, clip)


@pytest.mark.parametrize(
    ("instance", "parameters"),
    [
        (T2V, {}),
        (T2V, {"duration_seconds": 5, "whatever": 1, "resolution": "4k", **SHORT}),
        (T2V, {"seed": 4294967295, "sampleCount": 4, "generateAudio": False}),
        (T2V, {"enhancePrompt": True, "personGeneration": "allow_all", "fps": 24}),
        (T2V, {"compressionQuality": "LOSSLESS", "storageUri": "gs://b/p"}),
        (I2V, {"resizeMode": "CROP", "durationSeconds": 6}),
        ({**I2V, "prompt": "", "lastFrame": make_image()}, {}),
        ({"prompt": "", "image": {"gcsUri": "gs://b/a.png", "mimeType": "image/png"}}, {}),
        ({**R2V, "referenceImages": [REFERENCE] * 3}, {"durationSeconds": 8}),
    ],
)
def test_it_makes_what_is_legal(instance: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert read_failure(instance, **parameters) is None


@pytest.mark.parametrize(
    ("instance", "parameters", "words"),
    [
        ({}, {}, "Text prompt, image or video must be provided"),
        (T2V, {"durationSeconds": 7}, "duration 7 seconds, supported durations are [8,4,6] for"),
        (T2V, {"durationSeconds": "8"}, "Unsupported output video duration 8"),
        (R2V, {"durationSeconds": 6}, "durations are [8] for feature reference_to_video."),
        (I2V, {"durationSeconds": 5}, "for feature image_to_video."),
        (T2V, {"resolution": "4K"}, "Unsupported output video resolution 4K"),
        (T2V, {"aspectRatio": "1:1"}, "Unsupported aspect ratio 1:1"),
        (T2V, {"sampleCount": 5}, "sampleCount must be between 1 and 4"),
        (T2V, {"seed": 4294967296}, "seed must be between"),
        (T2V, {"seed": -1}, "seed must be between"),
        (T2V, {"fps": 25}, "Unsupported fps"),
        (T2V, {"enhancePrompt": False}, "enhancePrompt can not be turned off"),
        (T2V, {"generateAudio": "no"}, "generateAudio must be a boolean"),
        (T2V, {"compressionQuality": "LOSSLESS"}, "Output storage URI is required"),
        (T2V, {"resizeMode": "PAD"}, "only supported for image to video"),
        (T2V, {"storageUri": "/tmp"}, "Invalid storageUri"),
        (T2V, {"personGeneration": "everybody"}, "Unsupported personGeneration"),
        ({**T2V, "lastFrame": make_image()}, {}, "requires an input image"),
        ({**R2V, "image": make_image()}, {}, "can not be used with image"),
        ({**R2V, "referenceImages": [REFERENCE] * 4}, {}, "At most 3"),
        ({**R2V, "referenceImages": [{**REFERENCE, "referenceType": "STYLE"}]}, {}, "type style"),
        ({**I2V, **V2V}, {}, "Image and video"),
        ({**T2V, "image": {"bytesBase64Encoded": "?", "mimeType": "image/png"}}, {}, "base64"),
        (
            {**T2V, "image": {"bytesBase64Encoded": make_image()["bytesBase64Encoded"]}},
            {},
            "mimeType",
        ),
        ({**T2V, "image": {**make_image(), "gcsUri": "gs://b/a.png"}}, {}, "Exactly one of"),
        ({**T2V, "image": make_image(mime="image/webp")}, {}, "Unsupported image mime type"),
    ],
)
def test_it_says_what_is_wrong_once_it_is_looked_at(
    instance: dict[str, Any], parameters: dict[str, Any], words: str
) -> None:
    assert words in (read_failure(instance, **parameters) or "nothing")


@pytest.mark.parametrize(
    ("clip", "parameters", "words"),
    [
        (HD, {}, None),
        (HD, {"durationSeconds": 7, "resolution": "720p", "aspectRatio": "16:9"}, None),
        (ClipFacts(1080, 1920, 720, 24.0), {"aspectRatio": "9:16"}, None),
        (HD, {"durationSeconds": 8}, "supported durations are [7] for feature video_extension."),
        (HD, {"resolution": "1080p"}, "supported resolutions are [720p] for feature video_ext"),
        (HD, {"aspectRatio": "9:16"}, "Aspect ratio of the input video must be 9:16"),
        (ClipFacts(1280, 720, 23, 24.0), {}, "1 to 30 seconds"),
        (ClipFacts(1280, 720, 721, 24.0), {}, "1 to 30 seconds"),
        (ClipFacts(1280, 720, 192, 25.0), {}, "24 frames per second, but got 25"),
        (ClipFacts(3840, 2160, 192, 24.0), {}, "720p or 1080p"),
        (ClipFacts(640, 360, 192, 24.0), {}, "720p or 1080p"),
    ],
)
def test_an_extension_looks_at_its_source(
    clip: ClipFacts, parameters: dict[str, Any], words: str | None
) -> None:
    found = read_failure(V2V, clip, **parameters)
    assert found is None if words is None else words in (found or "nothing")


def test_the_light_model_has_no_references_and_no_4k() -> None:
    assert "Reference images are not supported" in (read_failure(R2V, model=LITE) or "")
    assert "resolution 4k" in (read_failure(T2V, model=LITE, resolution="4k") or "")
    assert read_failure(V2V, HD, model=LITE) is None


def test_a_clip_goes_into_the_bucket_that_was_named(asker: SimulatorClient, tmp_path: Path) -> None:
    done = asker.run_on_vertex(T2V, storageUri="gs://b/film/", seed=1, **SHORT)
    uri = done["response"]["videos"][0]["gcsUri"]
    assert re.fullmatch(r"gs://b/film/\d{19}/sample_0\.mp4", uri)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(asker.download_object(uri).content)
    assert probe(clip).frames == 96
    part = asker.download_object(uri, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, clip.read_bytes()[100:200])
    assert (
        asker.http.get(
            f"{asker.sim.url}/storage/v1/b/b/o/x", headers=asker.oauth_headers
        ).status_code
        == 404
    )


def test_a_portrait_without_sound_is_half_the_price(asker: SimulatorClient, tmp_path: Path) -> None:
    done = asker.run_on_vertex(T2V, generateAudio=False, aspectRatio="9:16", **SHORT)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(base64.b64decode(done["response"]["videos"][0]["bytesBase64Encoded"]))
    facts = probe(clip)
    assert (facts.width, facts.height, facts.has_audio) == (720, 1280, False)
    assert asker.sim.world.bill.total_usd * 10 == 8


def test_what_was_uploaded_may_be_extended_and_begins_the_result(
    asker: SimulatorClient, tmp_path: Path
) -> None:
    ours = ClipFactory(tmp_path).create_clip(ClipSpec("mine", (1920, 1080), 30))
    url = f"{asker.sim.url}/upload/storage/v1/b/b/o?uploadType=media&name=a.mp4&ifGenerationMatch=0"
    headers = {**asker.oauth_headers, "Content-Type": "video/mp4"}
    put = [asker.http.post(url, content=ours.read_bytes(), headers=headers) for _ in range(2)]
    assert [each.status_code for each in put] == [200, 412]
    looked = asker.http.get(
        f"{asker.sim.url}/storage/v1/b/b/o/a.mp4", headers=asker.oauth_headers
    ).json()
    assert looked == put[0].json()
    assert looked["size"] == str(ours.stat().st_size)

    done = asker.run_on_vertex(V2V, durationSeconds=7, storageUri="gs://b/out")
    stored = asker.sim.world.find_object(done["response"]["videos"][0]["gcsUri"])
    assert stored is not None
    facts = probe(stored.path)
    assert (facts.width, facts.height, facts.frames) == (1280, 720, 30 + 168)
    numbers = [
        test_patterns.read_frame_number(test_patterns.read_last_frame(stored.path, n))
        for n in (1, 30, 31, 198)
    ]
    assert numbers == [0, 29, 0, 167]
    listed = asker.http.get(
        f"{asker.sim.url}/storage/v1/b/b/o?prefix=out/", headers=asker.oauth_headers
    ).json()
    assert [each["contentType"] for each in listed["items"]] == ["video/mp4"]


def test_media_are_looked_at_by_their_bytes(asker: SimulatorClient) -> None:
    def read_error(instance: dict[str, Any]) -> str:
        done = asker.run_on_vertex(instance)
        assert done["error"]["code"] == 3
        return str(done["error"]["message"])

    assert "neither PNG nor JPEG" in read_error({**T2V, "image": make_image(b"GIF89a....")})
    assert "can not be decoded" in read_error(
        {**T2V, "image": make_image(b"\x89PNG\r\n\x1a\n....")}
    )
    assert "does not exist" in read_error(V2V)
    page = base64.b64encode(b"<html>").decode()
    video = {"bytesBase64Encoded": page, "mimeType": "video/mp4"}
    assert "can not be decoded" in read_error({"prompt": "on", "video": video})


def test_requests_without_permission_are_rejected(asker: SimulatorClient) -> None:
    url = f"{asker.sim.url}/v1/projects/p/locations/l/publishers/google/models/{VERTEX}"
    body = {"instances": [T2V]}
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic x"}):
        answer = asker.http.post(f"{url}:predictLongRunning", json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert asker.http.get(f"{asker.sim.url}/storage/v1/b/b/o/x").status_code == 401
    wrong_key = {"x-goog-api-key": asker.sim.world.keys["gemini"]}
    answer = asker.http.post(f"{url}:predictLongRunning", json=body, headers=wrong_key)
    assert "API key not valid" in answer.text
    asker.sim.world.clock.advance(3700)
    asker.fetch_token()
    asker.sim.world.clock.advance(3700)
    assert asker.post_to_vertex("predictLongRunning", body).status_code == 401


def test_an_assertion_must_be_signed_by_the_account(asker: SimulatorClient) -> None:
    url = f"{asker.sim.url}/token"
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    for assertion in ("", "a.b.c", "e30.e30.", "\u00e9"):
        answer = asker.http.post(url, data={"grant_type": grant, "assertion": assertion})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_an_operation_is_polled_by_post_only(asker: SimulatorClient) -> None:
    name = asker.submit_to_vertex(T2V, **SHORT)
    assert (
        asker.http.get(f"{asker.sim.url}/v1/{name}", headers=asker.oauth_headers).status_code == 404
    )
    unknown = asker.post_to_vertex("fetchPredictOperation", {"operationName": f"{name}x"})
    assert (unknown.status_code, unknown.json()["error"]["status"]) == (404, "NOT_FOUND")
    other = asker.post_to_vertex("fetchPredictOperation", {"operationName": name}, model=LITE)
    assert other.status_code == 400
    for body in ({}, {"instances": []}, {"instances": [T2V, T2V]}):
        assert asker.post_to_vertex("predictLongRunning", body).status_code == 400
    assert (
        asker.post_to_vertex("predictLongRunning", {"instances": [T2V]}, model=GEMINI).status_code
        == 404
    )


def test_a_job_takes_its_time_on_the_clock(asker: SimulatorClient) -> None:
    asker.sim.world.change_settings(latency_s=90)
    name = asker.submit_to_vertex(T2V, seed=1, **SHORT)
    assert asker.poll_vertex(name) == {"name": name}
    asker.sim.world.clock.advance(91)
    while not (done := asker.poll_vertex(name)).get("done"):
        pass
    assert done["response"]["raiMediaFilteredCount"] == 0
