"""CometAPI, as the simulator plays it: `/v1/videos`, and video over `/v1/chat/completions`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from storyboard.simulator.server import Simulator
from storyboard.simulator.settings import parse_setting_pairs
from storyboard.simulator.validation.cometapi_chat import (
    VideoChat,
    explain_model_refusal,
    read_chat,
)
from storyboard.simulator.validation.cometapi_videos import (
    Upload,
    VideoForm,
    compute_video_price_usd,
    read_form,
)
from storyboard.simulator.validation.rejection import Rejection
from storyboard.simulator.validation.veo_request import ClipFacts
from storyboard.stitching.media.ffmpeg import extract_frame, probe

PICTURE = Upload("first.png", "image/png", b"png")
IMAGE = {"uri": "data:image/png;base64,AAAA"}


def make_chat_body(model: str = "veo3.1", prompt: str = "a cat", **google: Any) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "extra_body": {"google": google},
    }


def describe_limits(**google: Any) -> str:
    """What the model says to that."""
    read = read_chat(make_chat_body(**google))
    assert isinstance(read, VideoChat), read
    return explain_model_refusal(read, ClipFacts(1280, 720, 192, 24) if read.video else None)


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
    assert isinstance(refusal, Rejection)
    assert (refusal.status, refusal.reason in ("invalid_request", "model_not_found")) == (
        status,
        True,
    )
    assert words in refusal.message


def test_the_older_page_takes_a_second_file_for_the_last_frame() -> None:
    form = read_form({"prompt": "a cat"}, [PICTURE, PICTURE], accepts_last_frame=True)
    assert isinstance(form, VideoForm)
    assert form.last == b"png"


def test_prices_are_by_the_second_and_pro_by_the_request() -> None:
    assert f"{compute_video_price_usd('veo3.1-fast', '1080p', 8)}" == "0.768"
    assert compute_video_price_usd("veo3.1-pro", "720p", 4) == compute_video_price_usd(
        "veo3.1-pro", "4k", 8
    )


@pytest.mark.parametrize("nest", [True, False])
def test_google_is_found_under_a_literal_extra_body_and_merged(nest: bool) -> None:
    google = {"image": IMAGE, "config": {"durationSeconds": 6, "resolution": "1080p"}}
    made = make_chat_body()
    made.pop("extra_body")
    made |= {"extra_body": {"google": google}} if nest else {"google": google}
    read = read_chat(made)
    assert isinstance(read, VideoChat)
    assert (read.image, read.seconds, read.size) == (IMAGE["uri"], 6, (1920, 1080))


def test_another_spelling_is_passed_over_and_leaves_the_default() -> None:
    read = read_chat(make_chat_body(config={"duration_seconds": 4}))
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
    assert words in describe_limits(**google)


def test_the_model_makes_the_rest() -> None:
    assert describe_limits() == ""
    assert (
        describe_limits(image=IMAGE, lastFrame=IMAGE, config={"durationSeconds": 4, "fps": 24})
        == ""
    )
    assert describe_limits(video=IMAGE, config={"durationSeconds": 7, "resolution": "720p"}) == ""
    assert describe_limits(referenceImages=[{"image": IMAGE, "referenceType": "asset"}] * 3) == ""


# -- over HTTP ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running_simulator() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def simulator(running_simulator: Simulator) -> Simulator:
    running_simulator.world.reset()
    return running_simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[httpx.Client]:
    bearer = {"Authorization": f"Bearer {simulator.world.keys['cometapi']}"}
    with httpx.Client(base_url=simulator.url, headers=bearer, timeout=30, verify=False) as client:
        yield client


def make_form(**fields: str) -> list[tuple[str, Any]]:
    """A form in parts, which makes httpx send multipart even without a file."""
    fields_sent = {"model": "veo3.1", "prompt": "a cat", "seconds": "4", **fields}
    return [(name, (None, value)) for name, value in fields_sent.items()]


def draw_picture(shade: int) -> bytes:
    import cv2
    import numpy as np

    return cv2.imencode(".png", np.full((72, 128, 3), shade, np.uint8))[1].tobytes()


def make_upload(shade: int) -> tuple[str, Any]:
    return ("input_reference", (f"{shade}.png", draw_picture(shade), "image/png"))


def measure_shade(clip: Path, frame: int) -> float:
    import cv2

    extract_frame(clip, frame, out := clip.with_suffix(f".{frame}.png"))
    return float(cv2.imread(str(out)).mean())


def test_a_task_takes_its_time_and_returns_the_clip_asked_for(
    simulator: Simulator, client: httpx.Client, tmp_path: Path
) -> None:
    simulator.world.change_settings(latency_s=100)
    task = client.post("/v1/videos", files=[*make_form(), make_upload(200)]).json()
    assert task["id"].startswith("task_")
    assert (task["status"], task["model"], task["progress"]) == ("queued", "veo_3_1", 0)
    path = f"/v1/videos/{task['id']}"
    simulator.world.clock.advance(50)
    half = client.get(path).json()
    assert half["status"] == "in_progress"
    assert 45 < half["progress"] < 60
    early = client.get(f"{path}/content")
    assert early.status_code == 400
    assert early.json()["error"]["type"] == "invalid_request_error"
    simulator.world.clock.advance(60)
    done = wait_for_task(client, task["id"])
    assert done["status"] == "completed"
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(client.get(f"{path}/content").content)
    bare = client.get(done["video_url"], headers={"Authorization": ""})
    assert bare.content == clip.read_bytes()
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames, facts.has_audio) == (1280, 720, 96, True)
    assert abs(measure_shade(clip, 0) - 200) < 3
    (charge,) = simulator.world.bill.charges
    assert (charge.provider, f"{charge.usd}", charge.operation) == (
        "cometapi",
        "1.28",
        task["id"],
    )


def test_replies_can_be_wrapped_or_have_the_url_in_fail_reason(
    simulator: Simulator, client: httpx.Client
) -> None:
    task = client.post("/v1/videos", files=make_form()).json()["id"]
    simulator.world.change_settings(comet_reply="wrapped", comet_percent=True)
    wrapped = wait_for_task(client, task)
    assert (wrapped["code"], wrapped["data"]["status"]) == ("success", "SUCCESS")
    assert wrapped["data"]["progress"] == "100%"
    url = wrapped["data"]["data"]["video_url"]
    simulator.world.change_settings(comet_reply="fail_reason")
    assert client.get(f"/v1/videos/{task}").json()["data"]["fail_reason"] == url
    simulator.world.change_settings(comet_elsewhere=True, comet_reply="flat")
    assert client.get(f"/v1/videos/{task}").json()["video_url"].startswith(simulator.other)


def test_a_filtered_task_fails_and_is_not_charged(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.world.faults.add("filtered=29310472@the mayor")
    task = client.post("/v1/videos", files=make_form(prompt="the mayor waves")).json()["id"]
    told = wait_for_task(client, task)
    assert told["status"] == "failed"
    assert "29310472" in told["error"]["message"]
    (charge,) = simulator.world.bill.charges
    assert (charge.usd, charge.note) == (0, "filtered")


def test_the_gateway_rejects_bad_requests(simulator: Simulator, client: httpx.Client) -> None:
    bare = client.post("/v1/videos", files=make_form(), headers={"Authorization": ""})
    assert bare.status_code == 401
    assert bare.json()["error"]["type"] == "comet_api_error"
    key = simulator.world.keys["cometapi"]
    naked = client.post("/v1/videos", files=make_form(), headers={"Authorization": key})
    assert naked.status_code == 401, "the word Bearer is needed"
    odd = client.post("/v1/videos", files=make_form(size="1080x1920"))
    assert (odd.status_code, odd.json()["error"]["code"]) == (500, "invalid_request")
    broken = client.post(
        "/v1/videos", files=[*make_form(), ("input_reference", ("a.png", b"no", "image/png"))]
    )
    assert "could not be decoded" in broken.json()["error"]["message"]
    wrong = client.get("/v1/video/generations")
    assert wrong.status_code == 301
    assert "text/html" in wrong.headers["content-type"]
    assert client.get("/v1/videos/task_none").status_code == 404
    assert not simulator.world.bill.charges


def test_faults_reach_it(simulator: Simulator, client: httpx.Client, tmp_path: Path) -> None:
    faults = simulator.world.faults
    faults.add("rate_limit=7")
    limited = client.post("/v1/videos", files=make_form())
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    faults.add("server_error=524")
    assert client.post("/v1/videos", files=make_form()).status_code == 524
    faults.add("drop_before")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v1/videos", files=make_form())
    assert not simulator.world.jobs
    faults.add("drop_after")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v1/videos", files=make_form())
    assert len(simulator.world.jobs) == len(simulator.world.bill.charges) == 1
    for fault in ("wrong_length", "wrong_size", "processing=1"):
        faults.add(fault)
    task = client.post("/v1/videos", files=make_form()).json()["id"]
    assert client.get(f"/v1/videos/{task}").json()["status"] == "in_progress"
    assert wait_for_task(client, task)["status"] == "completed"
    content = f"/v1/videos/{task}/content"
    faults.add("truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(content)
    faults.add("html")
    assert client.get(content).headers["content-type"].startswith("text/html")
    faults.add("redirect")
    assert client.get(content).headers["location"].startswith(simulator.other)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(client.get(content).content)
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames) == (640, 360, 72)


def test_the_older_form_of_two_files_ends_on_the_second(
    simulator: Simulator, client: httpx.Client, tmp_path: Path
) -> None:
    both = [*make_form(), make_upload(40), make_upload(220)]
    assert client.post("/v1/videos", files=both).status_code == 400
    simulator.world.change_settings(comet_two_frames=True)
    simulator.world.faults.add("wrong_size")
    task = client.post("/v1/videos", files=both).json()["id"]
    wait_for_task(client, task)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(client.get(f"/v1/videos/{task}/content").content)
    assert abs(measure_shade(clip, 0) - 40) < 3
    assert abs(measure_shade(clip, 95) - 220) < 3


def wait_for_task(http: httpx.Client, task: str) -> dict[str, Any]:
    """What the task says once it has ended; a slow machine needs some looks for that."""
    while True:
        task_body: dict[str, Any] = http.get(f"/v1/videos/{task}").json()
        status = task_body.get("status") or task_body["data"]["status"]
        if status.lower() in ("completed", "failed", "success", "failure"):
            return task_body


def read_chat_stream(http: httpx.Client, body: dict[str, Any]) -> list[Any]:
    answer = http.post("/v1/chat/completions", json={**body, "stream": True})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def make_data_uri(shade: int) -> dict[str, str]:
    return {"uri": "data:image/png;base64," + base64.b64encode(draw_picture(shade)).decode()}


def test_chat_streams_progress_then_a_tag_and_extends_its_own_result(
    simulator: Simulator, client: httpx.Client, tmp_path: Path
) -> None:
    simulator.world.faults.add(
        "wrong_size:2"
    )  # small clips, since there are eleven seconds of them
    *chunks, usage, end = read_chat_stream(
        client, make_chat_body(image=make_data_uri(90), config={"durationSeconds": 4})
    )
    assert end == "[DONE]"
    assert usage["choices"] == []
    assert "3%" in chunks[1]["choices"][0]["delta"]["reasoning_content"]
    last = chunks[-1]["choices"][0]
    assert last["finish_reason"] == "stop"
    url = re.search(r"<video src='(http[^']+\.mp4)'", last["delta"]["content"])
    assert url
    whole = client.post("/v1/chat/completions", json=make_chat_body(video={"uri": url[1]})).json()
    message = whole["choices"][0]["message"]
    longer = re.search(r"\((http[^)]+)\)", message["content"])
    assert longer
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(client.get(longer[1]).content)
    assert probe(clip).frames == (4 + 7) * 24
    assert abs(measure_shade(clip, 0) - 90) < 3
    assert [charge.seconds for charge in simulator.world.bill.charges] == [4, 7]


def test_chat_fails_with_200_and_a_sentence(simulator: Simulator, client: httpx.Client) -> None:
    refused = make_chat_body(
        referenceImages=[{"image": make_data_uri(9)}], config={"durationSeconds": 6}
    )
    *chunks, _, _ = read_chat_stream(client, refused)
    reasoning = "".join(
        chunk["choices"][0]["delta"].get("reasoning_content", "") for chunk in chunks
    )
    assert "supported durations are [8] for feature reference_to_video" in reasoning
    assert all("content" not in chunk["choices"][0]["delta"] for chunk in chunks)
    assert {chunk["choices"][0]["finish_reason"] for chunk in chunks} == {None}
    simulator.world.faults.add("failed")
    whole = client.post("/v1/chat/completions", json=make_chat_body())
    choice = whole.json()["choices"][0]
    assert (whole.status_code, choice["message"]["content"]) == (200, "")
    assert "Internal error" in choice["message"]["reasoning_content"]
    away = make_chat_body(image={"uri": "https://elsewhere.test/a.png"})
    choice = client.post("/v1/chat/completions", json=away).json()["choices"][0]
    assert "could not be downloaded" in choice["message"]["reasoning_content"]
    assert simulator.world.bill.total_usd == 0


def test_chat_gives_a_bare_url_when_it_is_set_to_and_may_break_off(
    simulator: Simulator, client: httpx.Client
) -> None:
    simulator.world.change_settings(chat_reply="bare")
    body = make_chat_body(model="veo3.1-pro", config={"durationSeconds": 4})
    message = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]
    assert message["content"].startswith(f"{simulator.url}/media/")
    assert f"{simulator.world.bill.total_usd:.2f}" == "2.00"
    simulator.world.faults.add("truncated@submit/")
    assert "[DONE]" not in read_chat_stream(client, body)
    assert client.post("/v1/chat/completions", json={"model": "veo3.1"}).status_code == 400


def test_settings_are_changed_over_http_and_on_the_command_line(
    simulator: Simulator, client: httpx.Client
) -> None:
    address = "/_simulator/settings"
    settings = client.post(address, json={"comet_reply": "wrapped", "latency_s": 2}).json()
    assert (settings["comet_reply"], settings["latency_s"]) == ("wrapped", 2.0)
    assert simulator.world.settings.comet_reply == "wrapped"
    for wrong in ({"comet_reply": "odd"}, {"quota": "many"}, {"quota": True}, {"nothing": 1}):
        assert client.post(address, json=wrong).status_code == 400, wrong
    read = parse_setting_pairs(["comet-percent=yes", "quota=3", "omni_extension=tail"])
    assert read == {"comet_percent": True, "quota": 3, "omni_extension": "tail"}
    with pytest.raises(ValueError, match="there is no setting"):
        parse_setting_pairs(["colour=red"])
