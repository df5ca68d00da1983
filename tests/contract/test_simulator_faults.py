"""What goes wrong when it is asked to: connections, refusals, filters, spoiled downloads."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from storyboard.simulator.faults import KINDS, Fault, Faults
from storyboard.simulator.server import Simulator
from storyboard.stitching.media.ffmpeg import probe
from tests.contract.veo_asks import SHORT, VERTEX, SimulatorClient, make_image

T2V = {"prompt": "a red ferry"}
BODY = {"instances": [T2V], "parameters": {**SHORT, "seed": 1}}


@pytest.fixture
def clip_uri(simulator: Simulator) -> str:
    """The URI of something big enough to be cut off, in a bucket."""
    path = simulator.world.store_bytes(b"0123456789" * 100_000, ".mp4")
    simulator.world.store_object("b", "film/a clip.mp4", path, "video/mp4")
    return "gs://b/film/a clip.mp4"


def test_a_fault_is_written_in_one_word_or_in_four() -> None:
    assert Fault.parse("drop_after") == Fault("drop_after")
    assert Fault.parse("slow=0.5:3@poll/ferry") == Fault("slow", 3, "ferry", "poll", "0.5")
    assert Fault.parse("filtered@a red: ferry").match == "a red: ferry"
    for text in ("", "nonsense", "slow:0", "slow:x"):
        with pytest.raises(ValueError, match=r"is not a fault|no fault|at least once"):
            Fault.parse(text)
    with pytest.raises(ValueError, match="no route"):
        Fault("slow", route="nowhere")


def test_a_fault_waits_for_what_it_fits_and_is_used_up() -> None:
    faults = Faults()
    faults.add("drop_before:2@ferry")
    assert faults.consume_fault("drop_before", "poll", "a ferry") is None
    assert faults.consume_fault("drop_before", "submit", "a boat") is None
    assert faults.consume_fault("drop_after", "submit", "a ferry") is None
    assert [bool(faults.consume_fault("drop_before", "submit", "a ferry")) for _ in range(3)] == [
        True,
        True,
        False,
    ]
    assert not faults.waiting


def test_a_dropped_request_made_no_job(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("drop_before@red ferry")
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending"):
        asker.post_to_vertex("predictLongRunning", BODY)
    assert not asker.sim.world.jobs
    assert not asker.sim.world.bill.charges
    assert asker.sim.world.journal[-1].status is None
    assert asker.post_to_vertex("predictLongRunning", BODY).status_code == 200


def test_a_dropped_answer_made_a_job_that_is_paid(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("drop_after")
    with pytest.raises(httpx.RemoteProtocolError, match="disconnected without sending"):
        asker.post_to_vertex("predictLongRunning", BODY)
    assert len(asker.sim.world.jobs) == 1
    assert asker.sim.world.bill.total_usd * 10 == 16


def test_nothing_is_dropped_after_a_refusal(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("drop_after")
    assert asker.post_to_vertex("predictLongRunning", {}).status_code == 400
    assert len(asker.sim.world.faults.waiting) == 1


def test_other_connections_live_on(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("drop_before")
    with httpx.Client() as other:
        assert other.get(f"{asker.sim.url}/_simulator/clock").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            asker.post_to_vertex("predictLongRunning", BODY)
        assert other.get(f"{asker.sim.url}/_simulator/clock").status_code == 200


def test_rate_limit_answers_say_when_to_retry(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("rate_limit=2.5")
    answer = asker.post_to_vertex("predictLongRunning", BODY)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"] == [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"}
    ]
    assert answer.headers["retry-after"] == "2"
    assert not asker.sim.world.jobs


def test_a_quota_is_a_minute_of_the_clock(asker: SimulatorClient) -> None:
    asker.sim.world.change_settings(quota=2)
    codes = [asker.post_to_vertex("predictLongRunning", BODY).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    asker.sim.world.clock.advance(61)
    assert asker.post_to_vertex("predictLongRunning", BODY).status_code == 200


@pytest.mark.parametrize(("status", "word"), [(500, "INTERNAL"), (503, "UNAVAILABLE")])
def test_a_server_error(asker: SimulatorClient, status: int, word: str) -> None:
    asker.sim.world.faults.add(f"server_error={status}:2@submit")
    for _ in range(2):
        answer = asker.post_to_vertex("predictLongRunning", BODY)
        assert (answer.status_code, answer.json()["error"]["status"]) == (status, word)
    assert not asker.sim.world.jobs


@pytest.mark.parametrize("kind", ["not_found", "retired"])
def test_a_model_that_is_gone(asker: SimulatorClient, kind: str) -> None:
    asker.sim.world.faults.add(kind)
    assert asker.post_to_gemini(T2V).status_code == 404


def test_a_late_answer(asker: SimulatorClient) -> None:
    asker.fetch_token()
    asker.sim.world.faults.add("slow=0.2")
    began = time.monotonic()
    assert asker.post_to_vertex("predictLongRunning", {}).status_code == 400
    assert time.monotonic() - began >= 0.2


def test_filters_and_failures_are_not_charged(asker: SimulatorClient) -> None:
    for fault in ("filtered=58061214", "blocked=29310472", "failed"):
        asker.sim.world.faults.add(fault)
    blocked, failed, filtered = (asker.run_on_vertex(T2V) for _ in range(3))
    assert blocked["error"]["code"] == 3
    assert "could not be submitted" in blocked["error"]["message"]
    assert "Support codes: 29310472" in blocked["error"]["message"]
    assert failed["error"]["code"] == 13
    assert filtered["response"]["raiMediaFilteredCount"] == 1
    assert "videos" not in filtered["response"]
    assert [each.note for each in asker.sim.world.bill.charges] == ["failed", "failed", "filtered"]
    assert asker.sim.world.bill.total_usd == 0


def test_a_filter_on_the_gemini_api_is_no_error_either(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("filtered")
    done = asker.run_on_gemini(T2V)
    answer = done["response"]["generateVideoResponse"]
    assert set(answer) == {"raiMediaFilteredCount", "raiMediaFilteredReasons"}
    assert "not been charged" in answer["raiMediaFilteredReasons"][0]


def test_a_filter_takes_one_of_two(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("partial")
    done = asker.run_on_vertex(T2V, sampleCount=2, storageUri="gs://b", **SHORT)
    assert done["response"]["raiMediaFilteredCount"] == 1
    assert [each["gcsUri"][-12:] for each in done["response"]["videos"]] == ["sample_1.mp4"]
    assert [each.note for each in asker.sim.world.bill.charges] == ["", "filtered"]


def test_a_clip_that_is_not_what_was_asked(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("wrong_length")
    asker.sim.world.faults.add("wrong_size")
    done = asker.run_on_vertex(T2V, storageUri="gs://b/p", **SHORT)
    stored = asker.sim.world.find_object(done["response"]["videos"][0]["gcsUri"])
    assert stored is not None
    facts = probe(stored.path)
    assert (facts.width, facts.height, facts.frames) == (640, 360, 72)


def test_service_agents_are_set_up_once_a_project(asker: SimulatorClient) -> None:
    onward = {"prompt": "on", "video": {"gcsUri": "gs://b/none.mp4", "mimeType": "video/mp4"}}
    asker.sim.world.faults.add("provisioning:2")
    assert [asker.run_on_vertex(onward)["error"]["code"] for _ in range(2)] == [9, 3]


def test_a_download_is_cut_off_and_goes_on_where_it_was(
    asker: SimulatorClient, clip_uri: str
) -> None:
    asker.sim.world.faults.add("truncated@a clip")
    with pytest.raises(httpx.RemoteProtocolError, match="received 500000 bytes, expected 1000000"):
        asker.download_object(clip_uri)
    rest = asker.download_object(clip_uri, Range="bytes=500000-")
    assert (rest.status_code, len(rest.content)) == (206, 500_000)
    assert asker.download_object(clip_uri).content == b"0123456789" * 100_000


def test_a_page_or_nothing_in_place_of_a_clip(asker: SimulatorClient, clip_uri: str) -> None:
    asker.sim.world.faults.add("html")
    asker.sim.world.faults.add("empty")
    page, nothing = asker.download_object(clip_uri), asker.download_object(clip_uri)
    assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
    assert (nothing.status_code, nothing.content) == (200, b"")


def test_a_page_in_place_of_an_answer(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("html@submit")
    assert (
        asker.post_to_vertex("predictLongRunning", BODY).headers["content-type"][:9] == "text/html"
    )


def test_a_redirect_leads_to_the_other_origin_and_the_journal_sees_keys(
    asker: SimulatorClient, clip_uri: str
) -> None:
    asker.sim.world.faults.add("redirect:2")
    away = asker.download_object(clip_uri)
    assert away.status_code == 302
    assert away.headers["location"].startswith(f"{asker.sim.other}/media/")
    assert len(asker.http.get(away.headers["location"]).content) == 1_000_000

    path = asker.sim.world.store_bytes(b"clip", ".mp4")
    file = asker.sim.world.store_file(path, "video/mp4", made_by="veo")
    away = asker.get_from_gemini(f"files/{file.id}:download?alt=media")
    asker.http.get(away.headers["location"], headers=asker.key_headers)
    line = asker.sim.world.journal[-1]
    assert (line.origin, line.auth) == ("other", ["x-goog-api-key"])
    assert next(each.auth for each in asker.sim.world.journal if each.origin == "other") == []


def test_a_token_that_is_revoked_stays_so(asker: SimulatorClient) -> None:
    asker.fetch_token()
    asker.sim.world.faults.add("expired_token@poll")
    name = asker.submit_to_vertex(T2V, seed=1, **SHORT)
    poll = {"operationName": name}
    assert asker.post_to_vertex("fetchPredictOperation", poll).status_code == 401
    assert asker.post_to_vertex("fetchPredictOperation", poll).status_code == 401
    asker.fetch_token()
    assert asker.post_to_vertex("fetchPredictOperation", poll).status_code == 200


def test_the_token_endpoint_may_fail_too(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("server_error@token")
    with pytest.raises(httpx.HTTPStatusError, match="503"):
        asker.fetch_token()
    assert asker.fetch_token()


def test_a_file_can_take_long_to_become_ready(asker: SimulatorClient) -> None:
    asker.sim.world.faults.add("processing=1")
    uri = asker.run_and_get_uri(T2V, **SHORT)
    name = "files/" + uri.split("files/")[1].partition(":")[0]
    assert [asker.get_from_gemini(name).json()["state"] for _ in range(2)] == [
        "PROCESSING",
        "ACTIVE",
    ]


def test_the_simulator_is_controlled_over_http(asker: SimulatorClient, tmp_path: Path) -> None:
    def request_admin(method: str, what: str, **body: object) -> httpx.Response:
        json = body or None
        return asker.http.request(method, f"{asker.sim.url}/_simulator/{what}", json=json)

    assert request_admin("POST", "faults", kind="slow", value=0, match="poll").status_code == 200
    faults = request_admin("GET", "faults").json()
    assert (faults["waiting"][0]["route"], set(faults["kinds"])) == ("poll", set(KINDS))
    assert (
        "no fault is called" in request_admin("POST", "faults", kind="x").json()["error"]["message"]
    )
    assert request_admin("POST", "faults", sort="slow").status_code == 400
    assert request_admin("DELETE", "faults").json()["waiting"] == []

    before = request_admin("GET", "clock").json()["now"]
    assert request_admin("POST", "clock", advance=3600).json()["now"] > before + 3599
    assert request_admin("POST", "clock", advance=-1).status_code == 400

    asker.fetch_token()
    asker.post_to_vertex(
        "predictLongRunning", {"instances": [{**T2V, "image": make_image()}], "parameters": SHORT}
    )
    bill = request_admin("GET", "bill").json()
    assert (bill["total_usd"], bill["charges"][0]["usd"]) == ("1.6", "1.6")
    line = request_admin("GET", "journal").json()["requests"][-1]
    assert line["auth"] == ["bearer"]
    assert line["json"]["instances"][0]["image"]["bytesBase64Encoded"]["size"] > 100
    everything = request_admin("GET", "journal").text
    assert asker.bearer not in everything
    assert VERTEX in everything
    request_admin("POST", "reset")
    assert request_admin("GET", "journal").json()["requests"] == []


def test_a_key_in_the_address_is_seen_but_not_kept(asker: SimulatorClient) -> None:
    key = asker.sim.world.keys["gemini"]
    asker.http.get(f"{asker.sim.url}/v1beta/files/none?key={key}")
    line = asker.sim.world.journal[-1]
    assert (line.auth, line.query) == (["query:key"], {"key": "…"})
