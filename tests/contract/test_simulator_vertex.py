"""Vertex AI and Cloud Storage, as the simulator plays them, by raw HTTP."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from storyboard.simulator import pictures
from storyboard.simulator.clips import Clips, Order
from storyboard.simulator.rules.veo import ClipFacts, read
from storyboard.simulator.rules.veo_models import VERTEX as MODELS
from storyboard.simulator.rules.vertex import failure
from storyboard.stitching.media import probe
from tests.contract.veo_asks import GEMINI, SHORT, VERTEX, Asker, image

T2V = {"prompt": "a ferry"}
I2V = {"prompt": "a ferry", "image": image()}
REFERENCE = {"image": image(), "referenceType": "ASSET"}
R2V = {"prompt": "a ferry", "referenceImages": [REFERENCE]}
V2V = {"prompt": "on", "video": {"gcsUri": "gs://b/a.mp4", "mimeType": "video/mp4"}}
LITE = "veo-3.1-lite-generate-001"
HD = ClipFacts(1280, 720, 192, 24.0)


def wrong(
    instance: dict[str, Any], clip: ClipFacts | None = None, model: str = VERTEX, **parameters: Any
) -> str | None:
    ask = read({"instances": [instance], "parameters": parameters})
    assert ask is not None
    return failure(MODELS[model], ask, clip)


@pytest.mark.parametrize(
    ("instance", "parameters"),
    [
        (T2V, {}),
        (T2V, {"duration_seconds": 5, "whatever": 1, "resolution": "4k", **SHORT}),
        (T2V, {"seed": 4294967295, "sampleCount": 4, "generateAudio": False}),
        (T2V, {"enhancePrompt": True, "personGeneration": "allow_all", "fps": 24}),
        (T2V, {"compressionQuality": "LOSSLESS", "storageUri": "gs://b/p"}),
        (I2V, {"resizeMode": "CROP", "durationSeconds": 6}),
        ({**I2V, "prompt": "", "lastFrame": image()}, {}),
        ({"prompt": "", "image": {"gcsUri": "gs://b/a.png", "mimeType": "image/png"}}, {}),
        ({**R2V, "referenceImages": [REFERENCE] * 3}, {"durationSeconds": 8}),
    ],
)
def test_it_makes_what_is_legal(instance: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert wrong(instance, **parameters) is None


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
        ({**T2V, "lastFrame": image()}, {}, "requires an input image"),
        ({**R2V, "image": image()}, {}, "can not be used with image"),
        ({**R2V, "referenceImages": [REFERENCE] * 4}, {}, "At most 3"),
        ({**R2V, "referenceImages": [{**REFERENCE, "referenceType": "STYLE"}]}, {}, "type style"),
        ({**I2V, **V2V}, {}, "Image and video"),
        ({**T2V, "image": {"bytesBase64Encoded": "?", "mimeType": "image/png"}}, {}, "base64"),
        ({**T2V, "image": {"bytesBase64Encoded": image()["bytesBase64Encoded"]}}, {}, "mimeType"),
        ({**T2V, "image": {**image(), "gcsUri": "gs://b/a.png"}}, {}, "Exactly one of"),
        ({**T2V, "image": image(mime="image/webp")}, {}, "Unsupported image mime type"),
    ],
)
def test_it_says_what_is_wrong_once_it_is_looked_at(
    instance: dict[str, Any], parameters: dict[str, Any], words: str
) -> None:
    assert words in (wrong(instance, **parameters) or "nothing")


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
    found = wrong(V2V, clip, **parameters)
    assert found is None if words is None else words in (found or "nothing")


def test_the_light_model_has_no_references_and_no_4k() -> None:
    assert "Reference images are not supported" in (wrong(R2V, model=LITE) or "")
    assert "resolution 4k" in (wrong(T2V, model=LITE, resolution="4k") or "")
    assert wrong(V2V, HD, model=LITE) is None


def test_a_clip_goes_into_the_bucket_that_was_named(ask: Asker, tmp_path: Path) -> None:
    done = ask.shot(T2V, storageUri="gs://b/film/", seed=1, **SHORT)
    uri = done["response"]["videos"][0]["gcsUri"]
    assert re.fullmatch(r"gs://b/film/\d{19}/sample_0\.mp4", uri)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(ask.gcs(uri).content)
    assert probe(clip).frames == 96
    part = ask.gcs(uri, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, clip.read_bytes()[100:200])
    assert ask.http.get(f"{ask.sim.url}/storage/v1/b/b/o/x", headers=ask.oauth).status_code == 404


def test_a_portrait_without_sound_is_half_the_price(ask: Asker, tmp_path: Path) -> None:
    done = ask.shot(T2V, generateAudio=False, aspectRatio="9:16", **SHORT)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(base64.b64decode(done["response"]["videos"][0]["bytesBase64Encoded"]))
    facts = probe(clip)
    assert (facts.width, facts.height, facts.has_audio) == (720, 1280, False)
    assert ask.sim.world.bill.total_usd * 10 == 8


def test_what_was_uploaded_may_be_extended_and_begins_the_result(
    ask: Asker, tmp_path: Path
) -> None:
    ours = Clips(tmp_path).make(Order("mine", (1920, 1080), 30))
    url = f"{ask.sim.url}/upload/storage/v1/b/b/o?uploadType=media&name=a.mp4&ifGenerationMatch=0"
    headers = {**ask.oauth, "Content-Type": "video/mp4"}
    put = [ask.http.post(url, content=ours.read_bytes(), headers=headers) for _ in range(2)]
    assert [each.status_code for each in put] == [200, 412]
    looked = ask.http.get(f"{ask.sim.url}/storage/v1/b/b/o/a.mp4", headers=ask.oauth).json()
    assert looked == put[0].json()
    assert looked["size"] == str(ours.stat().st_size)

    done = ask.shot(V2V, durationSeconds=7, storageUri="gs://b/out")
    stored = ask.sim.world.object_at(done["response"]["videos"][0]["gcsUri"])
    assert stored is not None
    facts = probe(stored.path)
    assert (facts.width, facts.height, facts.frames) == (1280, 720, 30 + 168)
    numbers = [pictures.read_number(pictures.last_of(stored.path, n)) for n in (1, 30, 31, 198)]
    assert numbers == [0, 29, 0, 167]
    listed = ask.http.get(f"{ask.sim.url}/storage/v1/b/b/o?prefix=out/", headers=ask.oauth).json()
    assert [each["contentType"] for each in listed["items"]] == ["video/mp4"]


def test_media_are_looked_at_by_their_bytes(ask: Asker) -> None:
    def told(instance: dict[str, Any]) -> str:
        done = ask.shot(instance)
        assert done["error"]["code"] == 3
        return str(done["error"]["message"])

    assert "neither PNG nor JPEG" in told({**T2V, "image": image(b"GIF89a....")})
    assert "can not be decoded" in told({**T2V, "image": image(b"\x89PNG\r\n\x1a\n....")})
    assert "does not exist" in told(V2V)
    page = base64.b64encode(b"<html>").decode()
    video = {"bytesBase64Encoded": page, "mimeType": "video/mp4"}
    assert "can not be decoded" in told({"prompt": "on", "video": video})


def test_who_may_not_is_told_so(ask: Asker) -> None:
    url = f"{ask.sim.url}/v1/projects/p/locations/l/publishers/google/models/{VERTEX}"
    body = {"instances": [T2V]}
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic x"}):
        answer = ask.http.post(f"{url}:predictLongRunning", json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert ask.http.get(f"{ask.sim.url}/storage/v1/b/b/o/x").status_code == 401
    wrong_key = {"x-goog-api-key": ask.sim.world.keys["gemini"]}
    answer = ask.http.post(f"{url}:predictLongRunning", json=body, headers=wrong_key)
    assert "API key not valid" in answer.text
    ask.sim.world.clock.advance(3700)
    ask.token()
    ask.sim.world.clock.advance(3700)
    assert ask.vertex("predictLongRunning", body).status_code == 401


def test_an_assertion_must_be_signed_by_the_account(ask: Asker) -> None:
    url = f"{ask.sim.url}/token"
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    for assertion in ("", "a.b.c", "e30.e30.", "\u00e9"):
        answer = ask.http.post(url, data={"grant_type": grant, "assertion": assertion})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_an_operation_is_asked_for_by_post_alone(ask: Asker) -> None:
    name = ask.shoot(T2V, **SHORT)
    assert ask.http.get(f"{ask.sim.url}/v1/{name}", headers=ask.oauth).status_code == 404
    unknown = ask.vertex("fetchPredictOperation", {"operationName": f"{name}x"})
    assert (unknown.status_code, unknown.json()["error"]["status"]) == (404, "NOT_FOUND")
    other = ask.vertex("fetchPredictOperation", {"operationName": name}, model=LITE)
    assert other.status_code == 400
    for body in ({}, {"instances": []}, {"instances": [T2V, T2V]}):
        assert ask.vertex("predictLongRunning", body).status_code == 400
    assert ask.vertex("predictLongRunning", {"instances": [T2V]}, model=GEMINI).status_code == 404


def test_a_job_takes_its_time_on_the_clock(ask: Asker) -> None:
    ask.sim.world.change(latency_s=90)
    name = ask.shoot(T2V, seed=1, **SHORT)
    assert ask.look(name) == {"name": name}
    ask.sim.world.clock.advance(91)
    while not (done := ask.look(name)).get("done"):
        pass
    assert done["response"]["raiMediaFilteredCount"] == 0
