"""Veo on the Gemini API, as the simulator plays it, by raw HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storyboard.simulator.media import test_patterns
from storyboard.simulator.validation.gemini import (
    UNPROCESSED,
    reject_unsupported_request,
    reject_unsupported_source,
)
from storyboard.simulator.validation.veo_models import GEMINI as MODELS
from storyboard.simulator.validation.veo_request import ClipFacts, read_veo_request
from storyboard.stitching.media.ffmpeg import probe
from tests.contract.veo_asks import GEMINI, SHORT, SimulatorClient, draw_picture, make_image

T2V = {"prompt": "a ferry"}
I2V = {"prompt": "a ferry", "image": make_image()}
REFERENCE = {"image": make_image(), "referenceType": "asset"}
R2V = {"prompt": "a ferry", "referenceImages": [REFERENCE]}
URI = "https://generativelanguage.googleapis.com/v1beta/files/abc123xyz456:download?alt=media"
V2V = {"prompt": "on", "video": {"uri": URI}}
LITE = "veo-3.1-lite-generate-preview"


def read_rejection(
    instance: dict[str, Any], model: str = GEMINI, top: dict[str, Any] | None = None, **given: Any
) -> str:
    body = {"instances": [instance], "parameters": given, **(top or {})}
    ask = read_veo_request(body)
    assert ask is not None
    rejection = reject_unsupported_request(MODELS[model], body, ask)
    return rejection.message if rejection else ""


@pytest.mark.parametrize(
    ("instance", "given"),
    [
        (T2V, {}),
        (T2V, {"durationSeconds": 8, "resolution": "4k", "personGeneration": "allow_all"}),
        (I2V, {"durationSeconds": 4, "personGeneration": "allow_adult"}),
        ({**I2V, "lastFrame": make_image()}, {"durationSeconds": 6, "negativePrompt": "rain"}),
        (R2V, {"durationSeconds": 8, "aspectRatio": "9:16"}),
        (V2V, {"resolution": "720p", "durationSeconds": 8, "numberOfVideos": 1}),
        (V2V, {}),
    ],
)
def test_it_takes_what_is_legal(instance: dict[str, Any], given: dict[str, Any]) -> None:
    assert read_rejection(instance, **given) == ""


@pytest.mark.parametrize(
    ("instance", "given", "words"),
    [
        *((T2V, {name: 1}, f"`{name}` isn't supported by this model.")
          for name in ("seed", "generateAudio", "fps", "storageUri", "duration_seconds")),
        ({**T2V, "mask": {}}, {}, "`mask` isn't supported"),
        ({**T2V, "image": {"inlineData": {}}}, {}, "`inlineData` isn't supported"),
        ({**T2V, "image": {**make_image(), "gcsUri": "gs://b/a"}}, {}, "`gcsUri` isn't supported"),
        (T2V, {"lastFrame": make_image()}, "`lastFrame` isn't supported"),
        ({}, {}, "`prompt`"),
        (T2V, {"durationSeconds": 9}, "out of bound. Please provide a value between 4 and 8"),
        (T2V, {"durationSeconds": 5}, "`durationSeconds` 5 isn't supported"),
        (T2V, {"durationSeconds": "8"}, "needs to be a number"),
        (T2V, {"resolution": "1080p", "durationSeconds": 4}, "only `durationSeconds` 8"),
        (R2V, {"durationSeconds": 6}, "Reference images support only `durationSeconds` 8"),
        ({**R2V, "image": make_image()}, {}, "can't be used with"),
        ({**T2V, "lastFrame": make_image()}, {}, "`lastFrame` requires `image`"),
        (T2V, {"aspectRatio": "4:3"}, "`aspectRatio` 4:3"),
        (T2V, {"personGeneration": "allow_adult"}, "allow_adult for personGeneration"),
        (I2V, {"personGeneration": "allow_all"}, "allow_all for personGeneration"),
        (V2V, {"durationSeconds": 4}, "Video extension supports only `durationSeconds` 8"),
        (V2V, {"durationSeconds": 7}, "`durationSeconds` 7 isn't supported"),
        (V2V, {"resolution": "1080p"}, "Video extension supports only `resolution` 720p"),
        ({"prompt": "on", "video": {"encodedVideo": "AAAA", "encoding": "video/mp4"}}, {},
         "Video URI not found in the request."),
        ({**V2V, "image": make_image()}, {}, "can't be used together"),
    ],
)  # fmt: skip
def test_it_refuses_at_once(instance: dict[str, Any], given: dict[str, Any], words: str) -> None:
    assert words in (read_rejection(instance, **given) or "nothing")


def test_the_light_model_neither_extends_nor_takes_references() -> None:
    assert "`video` isn't supported" in read_rejection(V2V, LITE)
    assert "`referenceImages` isn't supported" in read_rejection(R2V, LITE)
    assert 'Unknown name "labels"' in read_rejection(T2V, top={"labels": {}})
    assert read_rejection(T2V, top={"webhookConfig": {"uris": []}}) == ""


@pytest.mark.parametrize(
    ("clip", "state", "words"),
    [
        (ClipFacts(1280, 720, 141 * 24, 24.0), {}, None),
        (None, {}, UNPROCESSED),
        (ClipFacts(1280, 720, 192, 24.0), {"is_active": False}, UNPROCESSED),
        (ClipFacts(1280, 720, 192, 24.0), {"is_made_by_veo": False}, UNPROCESSED),
        (ClipFacts(1920, 1080, 192, 24.0), {}, UNPROCESSED),
        (ClipFacts(720, 1280, 192, 24.0), {}, "must be 16:9, but got: 9:16"),
        (ClipFacts(1280, 720, 142 * 24, 24.0), {}, "at most 141 seconds"),
        (ClipFacts(1280, 720, 192, 24.0), {"hops": 20}, "at most 20 times"),
    ],
)
def test_an_extension_looks_at_its_source(
    clip: ClipFacts | None, state: dict[str, Any], words: str | None
) -> None:
    ask = read_veo_request({"instances": [V2V]})
    assert ask is not None
    found = reject_unsupported_source(
        ask, clip, **{"is_made_by_veo": True, "is_active": True, "hops": 0, **state}
    )
    assert found is None if words is None else words in (found.message if found else "nothing")


def test_a_clip_is_a_file_behind_a_redirect(asker: SimulatorClient, tmp_path: Path) -> None:
    uri = asker.run_and_get_uri(T2V, **SHORT)
    name = uri.removeprefix("https://generativelanguage.googleapis.com/v1beta/").partition(":")[0]
    assert asker.get_from_gemini(name).json()["state"] == "ACTIVE"
    away = asker.get_from_gemini(f"{name}:download?alt=media")
    assert away.status_code == 302
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(asker.http.get(away.headers["location"]).content)
    facts = probe(clip)
    assert (facts.width, facts.frames, facts.has_audio) == (1280, 96, True)
    assert asker.sim.world.bill.total_usd * 10 == 16

    asker.sim.world.clock.advance(48 * 3600 + 1)
    gone = asker.get_from_gemini(f"{name}:download?alt=media")
    assert (gone.status_code, gone.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert (
        asker.post_to_gemini({"prompt": "on", "video": {"uri": uri}}).json()["error"]["message"]
        == UNPROCESSED
    )


def test_a_running_operation_says_nothing_of_done(asker: SimulatorClient) -> None:
    asker.sim.world.change_settings(latency_s=60)
    name = asker.post_to_gemini(T2V, **SHORT).json()["name"]
    head, _, last = name.rpartition("/")
    assert (head, len(last)) == (f"models/{GEMINI}/operations", 12)
    assert asker.get_from_gemini(name).json() == {"name": name}
    assert asker.get_from_gemini(f"{head}/unknown").status_code == 404


def test_an_extension_waits_for_its_file_and_contains_it(asker: SimulatorClient) -> None:
    asker.sim.world.change_settings(processing=2)
    uri = asker.run_and_get_uri({**I2V, "image": make_image(draw_picture(10, 20, 240))}, **SHORT)
    name = "files/" + uri.split("files/")[1].partition(":")[0]
    onward = {"prompt": "on", "video": {"uri": uri}}
    early = asker.post_to_gemini(onward, resolution="720p")
    assert (early.status_code, early.json()["error"]["message"]) == (400, UNPROCESSED)
    assert [asker.get_from_gemini(name).json()["state"] for _ in range(3)] == [
        "PROCESSING",
        "PROCESSING",
        "ACTIVE",
    ]
    asker.run_and_get_uri(onward, resolution="720p", durationSeconds=8)
    stored_file = list(asker.sim.world.files.values())[-1]
    assert (stored_file.hops, probe(stored_file.path).frames) == (1, 96 + 168)
    first = test_patterns.read_last_frame(stored_file.path, 1)
    assert abs(first.reshape(-1, 3).mean(0) - (10, 20, 240)).max() < 4
    handed = [each.json["instances"][0]["video"]["uri"] for each in asker.sim.world.journal
              if each.json and "video" in each.json["instances"][0]]  # fmt: skip
    assert handed == [uri, uri]


def test_requests_without_permission_are_rejected(asker: SimulatorClient) -> None:
    url = f"{asker.sim.url}/v1beta/models/{GEMINI}:predictLongRunning"
    assert asker.http.post(url, json={}).status_code == 403
    wrong_key = {"x-goog-api-key": "another"}
    assert "API key not valid" in asker.http.post(url, json={}, headers=wrong_key).text
    assert asker.http.post(url, content=b"{", headers=asker.key_headers).status_code == 400


def test_models_that_are_gone(asker: SimulatorClient) -> None:
    url = f"{asker.sim.url}/v1beta/models"
    body = {"instances": [T2V]}
    old = asker.http.post(
        f"{url}/veo-2.0-generate-001:predictLongRunning", json=body, headers=asker.key_headers
    )
    assert (old.status_code, "is no longer available" in old.text) == (404, True)
    asker.sim.world.change_settings(retired=True)
    assert "is no longer available" in asker.post_to_gemini(T2V).text
    none = asker.http.post(f"{url}/veo-9:predictLongRunning", json=body, headers=asker.key_headers)
    assert (none.status_code, "is not found" in none.text) == (404, True)


def test_a_bad_picture_is_refused(asker: SimulatorClient) -> None:
    answer = asker.post_to_gemini({**T2V, "image": make_image(b"no picture")})
    assert (answer.status_code, "Unable to process input image" in answer.text) == (400, True)


def test_uris_may_name_this_origin(asker: SimulatorClient) -> None:
    asker.sim.world.change_settings(own_uris=True)
    assert asker.run_and_get_uri(T2V, **SHORT).startswith(f"{asker.sim.url}/v1beta/files/")
