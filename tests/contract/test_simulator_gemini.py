"""Veo on the Gemini API, as the simulator plays it, by raw HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storyboard.simulator import pictures
from storyboard.simulator.rules.gemini import UNPROCESSED, refusal, source_refusal
from storyboard.simulator.rules.veo import ClipFacts, read
from storyboard.simulator.rules.veo_models import GEMINI as MODELS
from storyboard.stitching.media import probe
from tests.contract.veo_asks import GEMINI, SHORT, Asker, image, picture

T2V = {"prompt": "a ferry"}
I2V = {"prompt": "a ferry", "image": image()}
REFERENCE = {"image": image(), "referenceType": "asset"}
R2V = {"prompt": "a ferry", "referenceImages": [REFERENCE]}
URI = "https://generativelanguage.googleapis.com/v1beta/files/abc123xyz456:download?alt=media"
V2V = {"prompt": "on", "video": {"uri": URI}}
LITE = "veo-3.1-lite-generate-preview"


def wrong(
    instance: dict[str, Any], model: str = GEMINI, top: dict[str, Any] | None = None, **given: Any
) -> str:
    body = {"instances": [instance], "parameters": given, **(top or {})}
    ask = read(body)
    assert ask is not None
    found = refusal(MODELS[model], body, ask)
    return found.message if found else ""


@pytest.mark.parametrize(
    ("instance", "given"),
    [
        (T2V, {}),
        (T2V, {"durationSeconds": 8, "resolution": "4k", "personGeneration": "allow_all"}),
        (I2V, {"durationSeconds": 4, "personGeneration": "allow_adult"}),
        ({**I2V, "lastFrame": image()}, {"durationSeconds": 6, "negativePrompt": "rain"}),
        (R2V, {"durationSeconds": 8, "aspectRatio": "9:16"}),
        (V2V, {"resolution": "720p", "durationSeconds": 8, "numberOfVideos": 1}),
        (V2V, {}),
    ],
)
def test_it_takes_what_is_legal(instance: dict[str, Any], given: dict[str, Any]) -> None:
    assert wrong(instance, **given) == ""


@pytest.mark.parametrize(
    ("instance", "given", "words"),
    [
        *((T2V, {name: 1}, f"`{name}` isn't supported by this model.")
          for name in ("seed", "generateAudio", "fps", "storageUri", "duration_seconds")),
        ({**T2V, "mask": {}}, {}, "`mask` isn't supported"),
        ({**T2V, "image": {"inlineData": {}}}, {}, "`inlineData` isn't supported"),
        ({**T2V, "image": {**image(), "gcsUri": "gs://b/a"}}, {}, "`gcsUri` isn't supported"),
        (T2V, {"lastFrame": image()}, "`lastFrame` isn't supported"),
        ({}, {}, "`prompt`"),
        (T2V, {"durationSeconds": 9}, "out of bound. Please provide a value between 4 and 8"),
        (T2V, {"durationSeconds": 5}, "`durationSeconds` 5 isn't supported"),
        (T2V, {"durationSeconds": "8"}, "needs to be a number"),
        (T2V, {"resolution": "1080p", "durationSeconds": 4}, "only `durationSeconds` 8"),
        (R2V, {"durationSeconds": 6}, "Reference images support only `durationSeconds` 8"),
        ({**R2V, "image": image()}, {}, "can't be used with"),
        ({**T2V, "lastFrame": image()}, {}, "`lastFrame` requires `image`"),
        (T2V, {"aspectRatio": "4:3"}, "`aspectRatio` 4:3"),
        (T2V, {"personGeneration": "allow_adult"}, "allow_adult for personGeneration"),
        (I2V, {"personGeneration": "allow_all"}, "allow_all for personGeneration"),
        (V2V, {"durationSeconds": 4}, "Video extension supports only `durationSeconds` 8"),
        (V2V, {"durationSeconds": 7}, "`durationSeconds` 7 isn't supported"),
        (V2V, {"resolution": "1080p"}, "Video extension supports only `resolution` 720p"),
        ({"prompt": "on", "video": {"encodedVideo": "AAAA", "encoding": "video/mp4"}}, {},
         "Video URI not found in the request."),
        ({**V2V, "image": image()}, {}, "can't be used together"),
    ],
)  # fmt: skip
def test_it_refuses_at_once(instance: dict[str, Any], given: dict[str, Any], words: str) -> None:
    assert words in (wrong(instance, **given) or "nothing")


def test_the_light_model_neither_extends_nor_takes_references() -> None:
    assert "`video` isn't supported" in wrong(V2V, LITE)
    assert "`referenceImages` isn't supported" in wrong(R2V, LITE)
    assert 'Unknown name "labels"' in wrong(T2V, top={"labels": {}})
    assert wrong(T2V, top={"webhookConfig": {"uris": []}}) == ""


@pytest.mark.parametrize(
    ("clip", "state", "words"),
    [
        (ClipFacts(1280, 720, 141 * 24, 24.0), {}, None),
        (None, {}, UNPROCESSED),
        (ClipFacts(1280, 720, 192, 24.0), {"active": False}, UNPROCESSED),
        (ClipFacts(1280, 720, 192, 24.0), {"by_veo": False}, UNPROCESSED),
        (ClipFacts(1920, 1080, 192, 24.0), {}, UNPROCESSED),
        (ClipFacts(720, 1280, 192, 24.0), {}, "must be 16:9, but got: 9:16"),
        (ClipFacts(1280, 720, 142 * 24, 24.0), {}, "at most 141 seconds"),
        (ClipFacts(1280, 720, 192, 24.0), {"hops": 20}, "at most 20 times"),
    ],
)
def test_an_extension_looks_at_its_source(
    clip: ClipFacts | None, state: dict[str, Any], words: str | None
) -> None:
    ask = read({"instances": [V2V]})
    assert ask is not None
    found = source_refusal(ask, clip, **{"by_veo": True, "active": True, "hops": 0, **state})
    assert found is None if words is None else words in (found.message if found else "nothing")


def test_a_clip_is_a_file_behind_a_redirect(ask: Asker, tmp_path: Path) -> None:
    uri = ask.gemini_uri(T2V, **SHORT)
    name = uri.removeprefix("https://generativelanguage.googleapis.com/v1beta/").partition(":")[0]
    assert ask.get(name).json()["state"] == "ACTIVE"
    away = ask.get(f"{name}:download?alt=media")
    assert away.status_code == 302
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(ask.http.get(away.headers["location"]).content)
    facts = probe(clip)
    assert (facts.width, facts.frames, facts.has_audio) == (1280, 96, True)
    assert ask.sim.world.bill.total_usd * 10 == 16

    ask.sim.world.clock.advance(48 * 3600 + 1)
    gone = ask.get(f"{name}:download?alt=media")
    assert (gone.status_code, gone.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert (
        ask.gemini({"prompt": "on", "video": {"uri": uri}}).json()["error"]["message"]
        == UNPROCESSED
    )


def test_a_running_operation_says_nothing_of_done(ask: Asker) -> None:
    ask.sim.world.change(latency_s=60)
    name = ask.gemini(T2V, **SHORT).json()["name"]
    head, _, last = name.rpartition("/")
    assert (head, len(last)) == (f"models/{GEMINI}/operations", 12)
    assert ask.get(name).json() == {"name": name}
    assert ask.get(f"{head}/unknown").status_code == 404


def test_an_extension_waits_for_its_file_and_holds_it(ask: Asker) -> None:
    ask.sim.world.change(processing=2)
    uri = ask.gemini_uri({**I2V, "image": image(picture(10, 20, 240))}, **SHORT)
    name = "files/" + uri.split("files/")[1].partition(":")[0]
    onward = {"prompt": "on", "video": {"uri": uri}}
    early = ask.gemini(onward, resolution="720p")
    assert (early.status_code, early.json()["error"]["message"]) == (400, UNPROCESSED)
    assert [ask.get(name).json()["state"] for _ in range(3)] == [
        "PROCESSING",
        "PROCESSING",
        "ACTIVE",
    ]
    ask.gemini_uri(onward, resolution="720p", durationSeconds=8)
    kept = list(ask.sim.world.files.values())[-1]
    assert (kept.hops, probe(kept.path).frames) == (1, 96 + 168)
    first = pictures.last_of(kept.path, 1)
    assert abs(first.reshape(-1, 3).mean(0) - (10, 20, 240)).max() < 4
    handed = [each.json["instances"][0]["video"]["uri"] for each in ask.sim.world.journal
              if each.json and "video" in each.json["instances"][0]]  # fmt: skip
    assert handed == [uri, uri]


def test_who_may_not_is_told_so(ask: Asker) -> None:
    url = f"{ask.sim.url}/v1beta/models/{GEMINI}:predictLongRunning"
    assert ask.http.post(url, json={}).status_code == 403
    wrong_key = {"x-goog-api-key": "another"}
    assert "API key not valid" in ask.http.post(url, json={}, headers=wrong_key).text
    assert ask.http.post(url, content=b"{", headers=ask.key).status_code == 400


def test_models_that_are_gone(ask: Asker) -> None:
    url = f"{ask.sim.url}/v1beta/models"
    body = {"instances": [T2V]}
    old = ask.http.post(
        f"{url}/veo-2.0-generate-001:predictLongRunning", json=body, headers=ask.key
    )
    assert (old.status_code, "is no longer available" in old.text) == (404, True)
    ask.sim.world.change(retired=True)
    assert "is no longer available" in ask.gemini(T2V).text
    none = ask.http.post(f"{url}/veo-9:predictLongRunning", json=body, headers=ask.key)
    assert (none.status_code, "is not found" in none.text) == (404, True)


def test_a_bad_picture_is_refused(ask: Asker) -> None:
    answer = ask.gemini({**T2V, "image": image(b"no picture")})
    assert (answer.status_code, "Unable to process input image" in answer.text) == (400, True)


def test_uris_may_name_this_origin(ask: Asker) -> None:
    ask.sim.world.change(own_uris=True)
    assert ask.gemini_uri(T2V, **SHORT).startswith(f"{ask.sim.url}/v1beta/files/")
