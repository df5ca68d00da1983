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

from storyboard.simulator.rules.omni import GEMINI, VERTEX, Ask, price, reach, read_ask
from storyboard.simulator.rules.refusal import Refusal
from storyboard.simulator.serve import Simulator
from storyboard.stitching.media import extract_frame, probe

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


def test_a_tag_may_say_which_picture_it_means() -> None:
    dark, light = ({**PNG, "data": base64.b64encode(word).decode()} for word in (b"dark", b"light"))
    turned = "[# Sources <FIRST_FRAME>@Image2 <LAST_FRAME>@Image1] dawn"
    ask = accepted(body(dark, light, text(turned), task="image_to_video"))
    assert ask.first is not None
    assert ask.last is not None
    assert (ask.first.data, ask.last.data) == (b"light", b"dark")
    loop = accepted(body(dark, text("[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image1] round")))
    assert loop.first == loop.last
    mixed = "[# Sources <FIRST_FRAME>@Image2] [# References <IMAGE_REF_0>@Image1] she waits"
    ask = accepted(body(dark, light, text(mixed), task="reference_to_video"))
    assert ask.first is not None
    assert (ask.first.data, [each.data for each in ask.references]) == (b"light", [b"dark"])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (body(PNG, text("<FIRST_FRAME>@Image2 x"), task="image_to_video"), "takes one image"),
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
            assert isinstance(read_ask(made, host), Ask | Refusal)


def test_prices_follow_the_size() -> None:
    prices = [f"{price('gemini-omni-1.2-flash', size)}" for size in ("360p", "720p", "1080p", "4k")]
    assert prices == ["0.0233", "0.0700", "0.1050", "0.2100"]


# -- over HTTP ---------------------------------------------------------------------------------

GOOGLE = "https://generativelanguage.googleapis.com"
SMALL = {"type": "video", "resolution": "360p", "duration": "3s"}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.world.reset()
    return running


@pytest.fixture
def gemini(sim: Simulator) -> Iterator[httpx.Client]:
    key = {"x-goog-api-key": sim.world.keys["gemini"]}
    with httpx.Client(
        base_url=f"{sim.url}/v1beta", headers=key, timeout=30, verify=False
    ) as client:
        yield client


@pytest.fixture
def vertex(sim: Simulator) -> Iterator[httpx.Client]:
    sim.world.tokens["a-token"] = sim.world.clock.now() + 1e6
    place = f"{sim.url}/v1/projects/a-project/locations/global"
    with httpx.Client(
        base_url=place, headers={"Authorization": "Bearer a-token"}, timeout=30, verify=False
    ) as client:
        yield client


def ask(client: httpx.Client, *contents: Any, task: str = "", **more: Any) -> dict[str, Any]:
    """The interaction that a small request made; what it says about 200 is checked here."""
    wanted = {**SMALL, **more.pop("response_format", {})}
    made = body(*contents, task=task, response_format=wanted, **more)
    answer = client.post("/interactions", json=made)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def video_of(told: dict[str, Any]) -> dict[str, Any]:
    assert told["status"] == "completed", told
    (step,) = (each for each in told["steps"] if each["type"] == "model_output")
    video: dict[str, Any] = step["content"][0]
    return video


def settled(client: httpx.Client, told: dict[str, Any]) -> dict[str, Any]:
    """The interaction once it has ended; a slow machine needs some looks for that."""
    while told["status"] == "in_progress":
        told = client.get(f"/interactions/{told['id']}").json()
    return told


def clip_of(told: dict[str, Any], folder: Path) -> Path:
    clip = folder / f"{told['id'][3:11]}.mp4"
    clip.write_bytes(base64.b64decode(video_of(told)["data"]))
    return clip


def shaded(shade: int) -> dict[str, str]:
    import cv2
    import numpy as np

    data = cv2.imencode(".png", np.full((90, 160, 3), shade, np.uint8))[1].tobytes()
    return {"type": "image", "mime_type": "image/png", "data": base64.b64encode(data).decode()}


def frame(clip: Path, number: int) -> Any:
    import cv2

    extract_frame(clip, number, out := clip.with_suffix(f".{number}.png"))
    return cv2.imread(str(out)).astype(int)


def difference(one: Any, other: Any) -> float:
    return float(abs(one - other).mean())


def test_frames_are_the_given_pictures(gemini: httpx.Client, tmp_path: Path) -> None:
    words = text("<FIRST_FRAME> <LAST_FRAME> dusk falls")
    told = ask(gemini, shaded(210), shaded(30), words, task="image_to_video")
    clip = clip_of(told, tmp_path)
    facts = probe(clip)
    assert (facts.width, facts.height, facts.frames, facts.has_audio) == (640, 360, 72, True)
    assert abs(frame(clip, 0).mean() - 210) < 3
    assert abs(frame(clip, 71).mean() - 30) < 3


@pytest.mark.parametrize("way", ["previous", "inline"])
def test_an_extension_holds_its_source_unless_it_is_set_to_the_tail(
    way: str, sim: Simulator, gemini: httpx.Client, tmp_path: Path
) -> None:
    source = ask(gemini, text("a cat"))
    first = clip_of(source, tmp_path)
    given: tuple[Any, ...] = (text("Extend this video"),)
    more = {"previous_interaction_id": source["id"]} if way == "previous" else {}
    if way == "inline":
        given = (video_of(source), *given)
    longer = clip_of(ask(gemini, *given, task="extend", **more), tmp_path)
    assert probe(longer).frames == 144
    assert difference(frame(longer, 40), frame(first, 40)) < 3
    sim.world.change(omni_seam=24)
    smooth = clip_of(ask(gemini, *given, task="extend", **more), tmp_path)
    assert probe(smooth).frames == 144
    assert difference(frame(smooth, 40), frame(first, 40)) < 4
    assert difference(frame(smooth, 70), frame(first, 70)) > 8
    sim.world.change(omni_extension="tail")
    tail = clip_of(ask(gemini, *given, task="extend", **more), tmp_path)
    assert probe(tail).frames == 72
    assert difference(frame(tail, 0), frame(first, 71)) < 3
    assert [charge.seconds for charge in sim.world.bill.charges] == [3, 3, 3, 3]


def test_totals_are_thirty_seconds_and_uploads_ten(sim: Simulator, gemini: httpx.Client) -> None:
    long = ask(gemini, text("a cat"), response_format={"duration": "12s"})
    uploaded = body(video_of(long), text("go on"), task="extend", response_format=SMALL)
    refused = gemini.post("/interactions", json=uploaded)
    assert refused.status_code == 400
    assert "10 seconds or less" in refused.json()["error"]["message"]
    sim.world.change(omni_total_s=14)
    on = body(text("go on"), task="extend", previous_interaction_id=long["id"])
    refused = gemini.post("/interactions", json={**on, "response_format": SMALL})
    assert "up to 14 seconds" in refused.json()["error"]["message"]


def test_a_job_in_the_background_runs_by_the_clock_and_get_sends_bytes(
    sim: Simulator, gemini: httpx.Client
) -> None:
    sim.world.change(latency_s=60)
    told = ask(gemini, text("a cat"), background=True, response_format={"delivery": "uri"})
    assert told["status"] == "in_progress"
    path = f"/interactions/{told['id']}"
    assert gemini.get(path).json()["status"] == "in_progress"
    sim.world.clock.advance(61)
    assert "data" in video_of(settled(gemini, told))
    sim.world.change(omni_get_uri=True)
    assert video_of(gemini.get(path).json())["uri"].startswith(f"{GOOGLE}/v1beta/files/")
    assert gemini.get("/interactions/v1_none").json()["error"]["code"] == "not_found"


def test_a_file_goes_on_until_it_is_two_days_old(sim: Simulator, gemini: httpx.Client) -> None:
    told = ask(gemini, text("a cat"), response_format={"delivery": "uri"})
    uri = video_of(told)["uri"]
    assert uri.endswith(":download?alt=media")
    source = {"type": "video", "mime_type": "video/mp4", "uri": uri}
    ask(gemini, source, text("go on"), task="extend")
    sim.world.clock.advance(48 * 3600 + 1)
    late = body(source, text("go on"), task="extend", response_format=SMALL)
    assert gemini.post("/interactions", json=late).status_code == 403
    ask(gemini, text("go on"), task="extend", previous_interaction_id=told["id"])


def test_a_file_that_is_processing_is_refused(sim: Simulator, gemini: httpx.Client) -> None:
    sim.world.faults.add("processing=2")
    told = ask(gemini, text("a cat"), response_format={"delivery": "uri"})
    early = body(video_of(told), text("go on"), task="extend", response_format=SMALL)
    answer = gemini.post("/interactions", json=early)
    assert "not in an ACTIVE state" in answer.json()["error"]["message"]


def test_what_was_not_stored_cannot_be_gone_on_from(gemini: httpx.Client) -> None:
    told = ask(gemini, text("a cat"), store=False)
    on = body(text("go on"), task="extend", previous_interaction_id=told["id"])
    assert gemini.post("/interactions", json=on).status_code == 404
    assert gemini.get(f"/interactions/{told['id']}").status_code == 404


def test_vertex_puts_the_clip_into_the_bucket_and_reads_it_there(
    sim: Simulator, vertex: httpx.Client
) -> None:
    wanted = {"delivery": "uri", "gcs_uri": "gs://a-bucket/takes"}
    told = ask(vertex, text("a cat"), response_format=wanted, background=True)
    uri = video_of(settled(vertex, told))["uri"]
    assert re.fullmatch(r"gs://a-bucket/takes/\d{19}/sample_0\.mp4", uri)
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    assert probe(sim.world.objects[bucket, name].path).frames == 72
    source = {"type": "video", "mime_type": "video/mp4", "uri": uri}
    ask(vertex, source, text("go on"), task="extend")
    astray = {**source, "uri": "gs://a-bucket/none.mp4"}
    assert vertex.post("/interactions", json=body(astray, text("go on"))).status_code == 403
    regional = str(vertex.base_url).replace("global", "us-central1")
    assert vertex.post(f"{regional}interactions", json=body(text("x"))).status_code == 404


def test_vertex_keeps_only_the_end_of_a_long_source(
    sim: Simulator, vertex: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storyboard.simulator.rules.omni.KEPT_S", 2)
    source = ask(vertex, text("a cat"))
    first = clip_of(source, tmp_path)
    told = ask(vertex, text("go on"), task="extend", previous_interaction_id=source["id"])
    longer = clip_of(told, tmp_path)
    assert probe(longer).frames == 120
    assert difference(frame(longer, 0), frame(first, 24)) < 4


def test_an_edit_is_as_long_as_its_source_and_an_upscale_larger(
    gemini: httpx.Client, tmp_path: Path
) -> None:
    source = ask(gemini, text("a cat"))
    for task, wanted in (("edit", {}), ("upscale", {"resolution": "1080p"})):
        made = body(text("at night"), task=task, previous_interaction_id=source["id"])
        told = gemini.post("/interactions", json={**made, "response_format": wanted}).json()
        facts = probe(clip_of(told, tmp_path))
        assert facts.frames == 72
        assert facts.width == (640 if task == "edit" else 1920)


def test_faults_and_keys_reach_both_hosts(
    sim: Simulator, gemini: httpx.Client, vertex: httpx.Client
) -> None:
    made = body(text("a cat"), response_format=SMALL)
    none = {"x-goog-api-key": ""}
    assert gemini.post("/interactions", json=made, headers=none).status_code == 403
    bare = vertex.post("/interactions", json=made, headers={"Authorization": ""})
    assert bare.status_code == 401
    sim.world.faults.add("expired_token")
    assert vertex.post("/interactions", json=made).status_code == 401
    sim.world.faults.add("blocked=89371032")
    told = gemini.post("/interactions", json=made).json()
    assert told["status"] == "failed"
    assert "89371032" in told["errors"][0]["message"]
    sim.world.faults.add("rate_limit=3")
    limited = gemini.post("/interactions", json=made)
    assert limited.status_code == 429
    assert limited.json()["error"]["details"][0]["retryDelay"] == "3s"
    assert sim.world.bill.total_usd == 0
    broken = body({**PNG}, text("wave"), response_format=SMALL)
    refused = gemini.post("/interactions", json=broken).json()["error"]
    assert "Unable to process" in refused["message"]


def test_the_official_client_is_content(sim: Simulator) -> None:
    from google import genai
    from google.genai import errors, types
    from google.oauth2.credentials import Credentials

    options = types.HttpOptions(base_url=sim.url)
    client = genai.Client(api_key=sim.world.keys["gemini"], http_options=options)
    made = client.interactions.create(
        model="gemini-omni-1.2-flash", input="a cat", response_format=SMALL, background=True
    )
    assert made.status == "in_progress"
    done = client.interactions.get(id=made.id)
    while done.status == "in_progress":
        done = client.interactions.get(id=made.id)
    assert done.status == "completed"
    assert done.output_video is not None
    assert base64.b64decode(str(done.output_video.data))[4:8] == b"ftyp"
    with pytest.raises(Exception, match="takes 3s to 15s") as refused:
        client.interactions.create(
            model="gemini-omni-1.2-flash", input="a cat", response_format={"duration": "30s"}
        )
    assert not isinstance(refused.value, errors.ServerError)
    sim.world.tokens["a-token"] = sim.world.clock.now() + 1e6
    there = genai.Client(
        vertexai=True,
        project="a-project",
        location="global",
        credentials=Credentials("a-token"),
        http_options=options,
    )
    sim.world.faults.add("filtered")
    lost = there.interactions.create(
        model="gemini-omni-1.2-flash",
        input=[{"type": "image", "mime_type": "image/png", "data": shaded(7)["data"]}, text("go")],
        generation_config={"seed": 7, "video_config": {"task": "image_to_video"}},
    )
    assert lost.status == "failed"
    assert lost.errors
    assert "42237218" in str(lost.errors[0].message)


def test_a_file_of_ours_is_sent_there_and_extended(
    sim: Simulator, gemini: httpx.Client, tmp_path: Path
) -> None:
    from google import genai
    from google.genai import types

    made = clip_of(ask(gemini, text("a cat")), tmp_path)
    options = types.HttpOptions(base_url=sim.url)
    client = genai.Client(api_key=sim.world.keys["gemini"], http_options=options)
    file = client.files.upload(file=made, config={"mime_type": "video/mp4"})
    assert (str(file.state), file.mime_type) == ("FileState.ACTIVE", "video/mp4")
    source = {"type": "document", "uri": file.uri}
    longer = clip_of(ask(gemini, source, text("Continue the scene.")), tmp_path)
    assert probe(longer).frames == 144
