"""Gemini Omni over Interactions, as the simulator plays it on both hosts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storyboard.simulator.server import Simulator
from storyboard.simulator.validation.omni import (
    GEMINI,
    VERTEX,
    InteractionRequest,
    compute_kept_seconds,
    compute_second_price_usd,
    read_interaction,
)
from storyboard.simulator.validation.rejection import Rejection
from storyboard.stitching.media.ffmpeg import extract_frame, probe

PNG = {"type": "image", "mime_type": "image/png", "data": base64.b64encode(b"png").decode()}
CLIP = {"type": "video", "mime_type": "video/mp4", "uri": "https://host/v1beta/files/abc"}


def make_text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def make_body(*contents: Any, task: str = "", **more: Any) -> dict[str, Any]:
    request_body: dict[str, Any] = {
        "model": "gemini-omni-1.2-flash",
        "input": list(contents),
        **more,
    }
    if task:
        request_body["generation_config"] = {"video_config": {"task": task}}
    return request_body


def read_accepted(body: dict[str, Any], host: str = GEMINI) -> InteractionRequest:
    ask = read_interaction(body, host)
    assert isinstance(ask, InteractionRequest), ask
    return ask


def read_rejection(body: dict[str, Any], host: str = GEMINI) -> str:
    refusal = read_interaction(body, host)
    assert isinstance(refusal, Rejection), refusal
    return refusal.message


def test_a_plain_string_is_ten_seconds_at_the_defaults() -> None:
    ask = read_accepted({"model": "gemini-omni-1.2-flash", "input": "a cat"})
    assert (ask.task, ask.seconds, ask.delivery, ask.store) == ("text_to_video", 10, "inline", True)


def test_steps_and_bare_contents_say_the_same() -> None:
    bare = read_accepted(make_body(PNG, make_text("wave")))
    steps = read_accepted(make_body({"type": "user_input", "content": [PNG, make_text("wave")]}))
    assert bare == steps
    assert bare.task == "image_to_video"
    assert bare.first is not None
    assert bare.first.data == b"png"


def test_two_pictures_are_frames_only_if_task_tag_or_words_say_so() -> None:
    two = (PNG, PNG)
    for body in (
        make_body(*two, make_text("he turns"), task="image_to_video"),
        make_body(*two, make_text("<FIRST_FRAME> <LAST_FRAME> he turns")),
        make_body(*two, make_text("a smooth transition")),
    ):
        ask = read_accepted(body)
        assert ask.last is not None
        assert ask.references == ()
    ask = read_accepted(make_body(*two, make_text("a cat and yarn")))
    assert (ask.task, ask.first, len(ask.references)) == ("reference_to_video", None, 2)


def test_a_tag_may_say_which_picture_it_means() -> None:
    dark, light = ({**PNG, "data": base64.b64encode(word).decode()} for word in (b"dark", b"light"))
    turned = "[# Sources <FIRST_FRAME>@Image2 <LAST_FRAME>@Image1] dawn"
    ask = read_accepted(make_body(dark, light, make_text(turned), task="image_to_video"))
    assert ask.first is not None
    assert ask.last is not None
    assert (ask.first.data, ask.last.data) == (b"light", b"dark")
    loop = read_accepted(
        make_body(dark, make_text("[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image1] round"))
    )
    assert loop.first == loop.last
    mixed = "[# Sources <FIRST_FRAME>@Image2] [# References <IMAGE_REF_0>@Image1] she waits"
    ask = read_accepted(make_body(dark, light, make_text(mixed), task="reference_to_video"))
    assert ask.first is not None
    assert (ask.first.data, [each.data for each in ask.references]) == (b"light", [b"dark"])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            make_body(PNG, make_text("<FIRST_FRAME>@Image2 x"), task="image_to_video"),
            "takes one image",
        ),
        (make_body(PNG, make_text("<LAST_FRAME> end here")), "must be used with <FIRST_FRAME>"),
        (
            make_body(PNG, PNG, PNG, make_text("x"), task="image_to_video"),
            "a first and a last frame",
        ),
        (make_body(PNG, PNG, PNG, PNG, make_text("x"), task="reference_to_video"), "At most 3"),
        (make_body(make_text("x"), task="video_extension"), "Unknown task"),
        (make_body(make_text("x"), task="extend"), "needs a source video"),
        (make_body(PNG, make_text("x"), task="text_to_video"), "can't take images"),
        (make_body(CLIP, make_text("x"), task="image_to_video"), "can't take a source video"),
        (make_body(CLIP, make_text("go on"), previous_interaction_id="v1_x"), "not both"),
        (make_body(PNG), "needs a text content"),
        (
            make_body(make_text("x"), system_instruction="be"),
            "`system_instruction` isn't supported",
        ),
        (
            make_body(make_text("x"), generation_config={"temperature": 1}),
            "`temperature` isn't supported",
        ),
        (make_body(make_text("x"), generationConfig={}), "Unknown parameter"),
        (make_body(make_text("x"), response_format={"durationSeconds": 8}), "Unknown parameter"),
        (make_body(make_text("x"), response_format={"duration": 8}), "Unsupported duration"),
        (make_body(make_text("x"), response_format={"duration": "2s"}), "takes 3s to 15s"),
        (make_body(make_text("x"), response_format={"duration": "16s"}), "takes 3s to 15s"),
        (
            make_body(CLIP, make_text("x"), task="extend", response_format={"duration": "11s"}),
            "3s to 10s",
        ),
        (
            make_body(make_text("x"), response_format={"resolution": "2k"}),
            "Unsupported video output",
        ),
        (
            make_body(make_text("x"), response_format={"aspect_ratio": "1:1"}),
            "Unsupported video output",
        ),
        (
            make_body(make_text("x"), response_format={"gcs_uri": "gs://b"}),
            "`gcs_uri` isn't supported",
        ),
        (make_body(make_text("x"), background=True, store=False), "`background` needs `store`"),
        (make_body({**PNG, "data": "?"}, make_text("x")), "not base64"),
        (make_body({"type": "image"}, make_text("x")), "exactly one of"),
        (make_body(make_text("x"), input=[3]), "object with a `type`"),
    ],
)
def test_it_refuses_at_once(made: dict[str, Any], words: str) -> None:
    assert words in read_rejection(made)


def test_the_older_model_has_its_own_limit_and_its_own_vertex_name() -> None:
    older = make_body(
        make_text("x"), response_format={"duration": "12s"}, model="gemini-omni-1.1-flash"
    )
    assert "3s to 10s" in read_rejection(older)
    assert "not found" in read_rejection({**older, "response_format": {}}, VERTEX)


def test_vertex_wants_a_bucket_for_uri_delivery() -> None:
    wanted = {"delivery": "uri"}
    assert "`gcs_uri` is required" in read_rejection(
        make_body(make_text("x"), response_format=wanted), VERTEX
    )
    given = {**wanted, "gcs_uri": "gs://bucket/takes/"}
    assert (
        read_accepted(make_body(make_text("x"), response_format=given), VERTEX).gcs_uri
        == "gs://bucket/takes/"
    )


def test_the_limit_of_an_extension_depends_on_its_source() -> None:
    ask = read_accepted(
        make_body(CLIP, make_text("go on"), task="extend", response_format={"duration": "5s"})
    )
    assert compute_kept_seconds(ask, GEMINI, 25, is_generated=True) == 25
    assert isinstance(compute_kept_seconds(ask, GEMINI, 26, is_generated=True), Rejection)
    assert isinstance(compute_kept_seconds(ask, GEMINI, 12, is_generated=False), Rejection), (
        "uploads: 10 s"
    )
    assert compute_kept_seconds(ask, VERTEX, 12, is_generated=False) == 12
    assert compute_kept_seconds(ask, VERTEX, 36, is_generated=True) == 30, (
        "Vertex keeps the last 30 s"
    )
    assert isinstance(
        compute_kept_seconds(ask, VERTEX, 28, is_generated=True, total_s=30), Rejection
    )


NAMES = st.sampled_from(
    "type text content data uri mime_type task seed video_config generation_config duration "
    "response_format resolution aspect_ratio delivery gcs_uri response_modalities input".split()
)
LEAVES = st.sampled_from(["video", "text", "image/png", "AAAA", "8s", "720p", ""]) | st.integers()
VALUES = st.recursive(
    LEAVES | st.none() | st.booleans(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=5),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None)
@given(value=VALUES, more=st.dictionaries(NAMES, VALUES, max_size=5))
def test_whatever_json_comes_is_read_or_refused(value: Any, more: dict[str, Any]) -> None:
    known = {"model": "gemini-omni-1.2-flash", "input": "a cat"}
    for made in (value, more, {**known, **more}, {**known, "input": value}):
        for host in (GEMINI, VERTEX):
            assert isinstance(read_interaction(made, host), InteractionRequest | Rejection)


def test_prices_follow_the_size() -> None:
    prices = [
        f"{compute_second_price_usd('gemini-omni-1.2-flash', size)}"
        for size in ("360p", "720p", "1080p", "4k")
    ]
    assert prices == ["0.0233", "0.0700", "0.1050", "0.2100"]


# -- over HTTP ---------------------------------------------------------------------------------

GOOGLE = "https://generativelanguage.googleapis.com"
SMALL = {"type": "video", "resolution": "360p", "duration": "3s"}


@pytest.fixture(scope="module")
def running_simulator() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def simulator(running_simulator: Simulator) -> Simulator:
    running_simulator.world.reset()
    return running_simulator


@pytest.fixture
def gemini_client(simulator: Simulator) -> Iterator[httpx.Client]:
    key = {"x-goog-api-key": simulator.world.keys["gemini"]}
    with httpx.Client(
        base_url=f"{simulator.url}/v1beta", headers=key, timeout=30, verify=False
    ) as client:
        yield client


@pytest.fixture
def vertex_client(simulator: Simulator) -> Iterator[httpx.Client]:
    simulator.world.tokens["a-token"] = simulator.world.clock.now() + 1e6
    place = f"{simulator.url}/v1/projects/a-project/locations/global"
    with httpx.Client(
        base_url=place, headers={"Authorization": "Bearer a-token"}, timeout=30, verify=False
    ) as client:
        yield client


def create_interaction(
    client: httpx.Client, *contents: Any, task: str = "", **more: Any
) -> dict[str, Any]:
    """The interaction that a small request made; what it says about 200 is checked here."""
    response_format = {**SMALL, **more.pop("response_format", {})}
    body = make_body(*contents, task=task, response_format=response_format, **more)
    answer = client.post("/interactions", json=body)
    assert answer.status_code == 200, answer.text
    interaction: dict[str, Any] = answer.json()
    return interaction


def read_video(interaction: dict[str, Any]) -> dict[str, Any]:
    assert interaction["status"] == "completed", interaction
    (step,) = (each for each in interaction["steps"] if each["type"] == "model_output")
    video: dict[str, Any] = step["content"][0]
    return video


def wait_for_interaction(client: httpx.Client, interaction: dict[str, Any]) -> dict[str, Any]:
    """The interaction once it has ended; a slow machine needs some looks for that."""
    while interaction["status"] == "in_progress":
        interaction = client.get(f"/interactions/{interaction['id']}").json()
    return interaction


def write_clip(interaction: dict[str, Any], folder: Path) -> Path:
    clip = folder / f"{interaction['id'][3:11]}.mp4"
    clip.write_bytes(base64.b64decode(read_video(interaction)["data"]))
    return clip


def make_image(shade: int) -> dict[str, str]:
    import cv2
    import numpy as np

    data = cv2.imencode(".png", np.full((90, 160, 3), shade, np.uint8))[1].tobytes()
    return {"type": "image", "mime_type": "image/png", "data": base64.b64encode(data).decode()}


def read_frame(clip: Path, number: int) -> Any:
    import cv2

    extract_frame(clip, number, out := clip.with_suffix(f".{number}.png"))
    return cv2.imread(str(out)).astype(int)


def measure_difference(one: Any, other: Any) -> float:
    return float(abs(one - other).mean())


def test_frames_are_the_given_pictures(gemini_client: httpx.Client, tmp_path: Path) -> None:
    words = make_text("<FIRST_FRAME> <LAST_FRAME> dusk falls")
    interaction = create_interaction(
        gemini_client, make_image(210), make_image(30), words, task="image_to_video"
    )
    clip = write_clip(interaction, tmp_path)
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames, facts.has_audio) == (640, 360, 72, True)
    assert abs(read_frame(clip, 0).mean() - 210) < 3
    assert abs(read_frame(clip, 71).mean() - 30) < 3


@pytest.mark.parametrize("way", ["previous", "inline"])
def test_an_extension_contains_its_source_unless_set_to_the_tail(
    way: str, simulator: Simulator, gemini_client: httpx.Client, tmp_path: Path
) -> None:
    source = create_interaction(gemini_client, make_text("a cat"))
    first = write_clip(source, tmp_path)
    contents: tuple[Any, ...] = (make_text("Extend this video"),)
    more = {"previous_interaction_id": source["id"]} if way == "previous" else {}
    if way == "inline":
        contents = (read_video(source), *contents)
    longer = write_clip(
        create_interaction(gemini_client, *contents, task="extend", **more), tmp_path
    )
    assert probe(longer).frames == 144
    assert measure_difference(read_frame(longer, 40), read_frame(first, 40)) < 3
    simulator.world.change_settings(omni_seam=24)
    smooth = write_clip(
        create_interaction(gemini_client, *contents, task="extend", **more), tmp_path
    )
    assert probe(smooth).frames == 144
    assert measure_difference(read_frame(smooth, 40), read_frame(first, 40)) < 4
    assert measure_difference(read_frame(smooth, 70), read_frame(first, 70)) > 8
    simulator.world.change_settings(omni_extension="tail")
    tail = write_clip(create_interaction(gemini_client, *contents, task="extend", **more), tmp_path)
    assert probe(tail).frames == 72
    assert measure_difference(read_frame(tail, 0), read_frame(first, 71)) < 3
    assert [charge.seconds for charge in simulator.world.bill.charges] == [3, 3, 3, 3]


def test_totals_are_thirty_seconds_and_uploads_ten(
    simulator: Simulator, gemini_client: httpx.Client
) -> None:
    long = create_interaction(
        gemini_client, make_text("a cat"), response_format={"duration": "12s"}
    )
    uploaded = make_body(read_video(long), make_text("go on"), task="extend", response_format=SMALL)
    refused = gemini_client.post("/interactions", json=uploaded)
    assert refused.status_code == 400
    assert "10 seconds or less" in refused.json()["error"]["message"]
    simulator.world.change_settings(omni_total_s=14)
    on = make_body(make_text("go on"), task="extend", previous_interaction_id=long["id"])
    refused = gemini_client.post("/interactions", json={**on, "response_format": SMALL})
    assert "up to 14 seconds" in refused.json()["error"]["message"]


def test_a_background_job_takes_its_time_and_get_returns_bytes(
    simulator: Simulator, gemini_client: httpx.Client
) -> None:
    simulator.world.change_settings(latency_s=60)
    interaction = create_interaction(
        gemini_client, make_text("a cat"), background=True, response_format={"delivery": "uri"}
    )
    assert interaction["status"] == "in_progress"
    path = f"/interactions/{interaction['id']}"
    assert gemini_client.get(path).json()["status"] == "in_progress"
    simulator.world.clock.advance(61)
    assert "data" in read_video(wait_for_interaction(gemini_client, interaction))
    simulator.world.change_settings(omni_get_uri=True)
    assert read_video(gemini_client.get(path).json())["uri"].startswith(f"{GOOGLE}/v1beta/files/")
    assert gemini_client.get("/interactions/v1_none").json()["error"]["code"] == "not_found"


def test_a_file_can_be_extended_until_it_is_two_days_old(
    simulator: Simulator, gemini_client: httpx.Client
) -> None:
    interaction = create_interaction(
        gemini_client, make_text("a cat"), response_format={"delivery": "uri"}
    )
    uri = read_video(interaction)["uri"]
    assert uri.endswith(":download?alt=media")
    source = {"type": "video", "mime_type": "video/mp4", "uri": uri}
    create_interaction(gemini_client, source, make_text("go on"), task="extend")
    simulator.world.clock.advance(48 * 3600 + 1)
    late = make_body(source, make_text("go on"), task="extend", response_format=SMALL)
    assert gemini_client.post("/interactions", json=late).status_code == 403
    create_interaction(
        gemini_client, make_text("go on"), task="extend", previous_interaction_id=interaction["id"]
    )


def test_a_file_that_is_processing_is_refused(
    simulator: Simulator, gemini_client: httpx.Client
) -> None:
    simulator.world.faults.add("processing=2")
    interaction = create_interaction(
        gemini_client, make_text("a cat"), response_format={"delivery": "uri"}
    )
    early = make_body(
        read_video(interaction), make_text("go on"), task="extend", response_format=SMALL
    )
    answer = gemini_client.post("/interactions", json=early)
    assert "not in an ACTIVE state" in answer.json()["error"]["message"]


def test_an_interaction_that_was_not_stored_cannot_be_extended(gemini_client: httpx.Client) -> None:
    interaction = create_interaction(gemini_client, make_text("a cat"), store=False)
    on = make_body(make_text("go on"), task="extend", previous_interaction_id=interaction["id"])
    assert gemini_client.post("/interactions", json=on).status_code == 404
    assert gemini_client.get(f"/interactions/{interaction['id']}").status_code == 404


def test_vertex_puts_the_clip_into_the_bucket_and_reads_it_there(
    simulator: Simulator, vertex_client: httpx.Client
) -> None:
    response_format = {"delivery": "uri", "gcs_uri": "gs://a-bucket/takes"}
    interaction = create_interaction(
        vertex_client, make_text("a cat"), response_format=response_format, background=True
    )
    uri = read_video(wait_for_interaction(vertex_client, interaction))["uri"]
    assert re.fullmatch(r"gs://a-bucket/takes/\d{19}/sample_0\.mp4", uri)
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    assert probe(simulator.world.objects[bucket, name].path).frames == 72
    source = {"type": "video", "mime_type": "video/mp4", "uri": uri}
    create_interaction(vertex_client, source, make_text("go on"), task="extend")
    astray = {**source, "uri": "gs://a-bucket/none.mp4"}
    assert (
        vertex_client.post("/interactions", json=make_body(astray, make_text("go on"))).status_code
        == 403
    )
    regional = str(vertex_client.base_url).replace("global", "us-central1")
    assert (
        vertex_client.post(f"{regional}interactions", json=make_body(make_text("x"))).status_code
        == 404
    )


def test_vertex_keeps_only_the_end_of_a_long_source(
    simulator: Simulator,
    vertex_client: httpx.Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("storyboard.simulator.validation.omni.KEPT_S", 2)
    source = create_interaction(vertex_client, make_text("a cat"))
    first = write_clip(source, tmp_path)
    interaction = create_interaction(
        vertex_client, make_text("go on"), task="extend", previous_interaction_id=source["id"]
    )
    longer = write_clip(interaction, tmp_path)
    assert probe(longer).frames == 120
    assert measure_difference(read_frame(longer, 0), read_frame(first, 24)) < 4


def test_an_edit_is_as_long_as_its_source_and_an_upscale_larger(
    gemini_client: httpx.Client, tmp_path: Path
) -> None:
    source = create_interaction(gemini_client, make_text("a cat"))
    for task, response_format in (("edit", {}), ("upscale", {"resolution": "1080p"})):
        body = make_body(make_text("at night"), task=task, previous_interaction_id=source["id"])
        interaction = gemini_client.post(
            "/interactions", json={**body, "response_format": response_format}
        ).json()
        facts = probe(write_clip(interaction, tmp_path))
        assert facts.frames == 72
        assert facts.width == (640 if task == "edit" else 1920)


def test_faults_and_keys_reach_both_hosts(
    simulator: Simulator, gemini_client: httpx.Client, vertex_client: httpx.Client
) -> None:
    body = make_body(make_text("a cat"), response_format=SMALL)
    none = {"x-goog-api-key": ""}
    assert gemini_client.post("/interactions", json=body, headers=none).status_code == 403
    bare = vertex_client.post("/interactions", json=body, headers={"Authorization": ""})
    assert bare.status_code == 401
    simulator.world.faults.add("expired_token")
    assert vertex_client.post("/interactions", json=body).status_code == 401
    simulator.world.faults.add("blocked=89371032")
    interaction = gemini_client.post("/interactions", json=body).json()
    assert interaction["status"] == "failed"
    assert "89371032" in interaction["errors"][0]["message"]
    simulator.world.faults.add("rate_limit=3")
    limited = gemini_client.post("/interactions", json=body)
    assert limited.status_code == 429
    assert limited.json()["error"]["details"][0]["retryDelay"] == "3s"
    assert simulator.world.bill.total_usd == 0
    broken = make_body({**PNG}, make_text("wave"), response_format=SMALL)
    refused = gemini_client.post("/interactions", json=broken).json()["error"]
    assert "Unable to process" in refused["message"]


def test_the_official_client_is_content(simulator: Simulator) -> None:
    from google import genai
    from google.genai import errors, types
    from google.oauth2.credentials import Credentials

    options = types.HttpOptions(base_url=simulator.url)
    client = genai.Client(api_key=simulator.world.keys["gemini"], http_options=options)
    interaction = client.interactions.create(
        model="gemini-omni-1.2-flash", input="a cat", response_format=SMALL, background=True
    )
    assert interaction.status == "in_progress"
    done = client.interactions.get(id=interaction.id)
    while done.status == "in_progress":
        done = client.interactions.get(id=interaction.id)
    assert done.status == "completed"
    assert done.output_video is not None
    assert base64.b64decode(str(done.output_video.data))[4:8] == b"ftyp"
    with pytest.raises(Exception, match="takes 3s to 15s") as refused:
        client.interactions.create(
            model="gemini-omni-1.2-flash", input="a cat", response_format={"duration": "30s"}
        )
    assert not isinstance(refused.value, errors.ServerError)
    simulator.world.tokens["a-token"] = simulator.world.clock.now() + 1e6
    there = genai.Client(
        vertexai=True,
        project="a-project",
        location="global",
        credentials=Credentials("a-token"),
        http_options=options,
    )
    simulator.world.faults.add("filtered")
    lost = there.interactions.create(
        model="gemini-omni-1.2-flash",
        input=[
            {"type": "image", "mime_type": "image/png", "data": make_image(7)["data"]},
            make_text("go"),
        ],
        generation_config={"seed": 7, "video_config": {"task": "image_to_video"}},
    )
    assert lost.status == "failed"
    assert lost.errors
    assert "42237218" in str(lost.errors[0].message)


def test_a_file_of_ours_is_sent_there_and_extended(
    simulator: Simulator, gemini_client: httpx.Client, tmp_path: Path
) -> None:
    from google import genai
    from google.genai import types

    clip = write_clip(create_interaction(gemini_client, make_text("a cat")), tmp_path)
    options = types.HttpOptions(base_url=simulator.url)
    client = genai.Client(api_key=simulator.world.keys["gemini"], http_options=options)
    file = client.files.upload(file=clip, config={"mime_type": "video/mp4"})
    assert (str(file.state), file.mime_type) == ("FileState.ACTIVE", "video/mp4")
    source = {"type": "document", "uri": file.uri}
    longer = write_clip(
        create_interaction(gemini_client, source, make_text("Continue the scene.")), tmp_path
    )
    assert probe(longer).frames == 144
