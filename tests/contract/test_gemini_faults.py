"""Veo on the Gemini API: fetching its results, and what a fault costs."""

from __future__ import annotations

import base64
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storyboard.errors import (
    AuthenticationError,
    Gone,
    InvalidRequest,
    OperationFailed,
    ProviderError,
    QuotaError,
    RefusedError,
    RetiredModel,
    StoryboardError,
    UnknownOutcome,
    Unreachable,
)
from storyboard.providers import http
from storyboard.providers.base import Done, Running, Sample, Unusable
from tests.contract.comet import said
from tests.contract.gemini_cases import (
    CLIP,
    HOST,
    KEY,
    VEO,
    asked,
    pointed,
    polled,
    submitted,
    using,
    wrong,
)
from tests.contract.scripted import Answer, Asked, Scripted, told, video
from tests.contract.vertex_cases import Place

SUBMIT = f"POST /v1beta/models/{VEO}:predictLongRunning"
NAME = f"models/{VEO}/operations/vz341u0pmdlc"
POLL = f"GET /v1beta/{NAME}"
FILE = "GET /v1beta/files/abc123xyz456"
DOWNLOAD = f"{FILE}:download?alt=media"
URI = f"{HOST}/v1beta/files/abc123xyz456:download?alt=media"
LOST = "You do not have permission to access the File abc123xyz456 or it may not exist."


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with Scripted() as server:
        pointed(monkeypatch, server)
        server.say(SUBMIT, told({"name": NAME}))
        server.say(FILE, told({"name": "files/abc123xyz456", "state": "ACTIVE"}))
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def fetched(place: Place, uri: str = URI, expires_at: float | None = None) -> Path:
    sample = using(lambda gemini: gemini.fetch(Sample(uri=uri, expires_at=expires_at), place))
    assert sample.path is not None
    assert sample.uri == uri
    return sample.path


# fetching


def test_a_result_is_fetched_where_the_service_is(service: Scripted, place: Place) -> None:
    service.say(DOWNLOAD, Answer(302, (), {"location": "/media/1"}))
    service.say("GET /media/1", video(CLIP))
    assert fetched(place).read_bytes() == CLIP
    assert all(each.headers["x-goog-api-key"] == KEY for each in service.asked)


def test_the_key_stays_at_home(service: Scripted, place: Place) -> None:
    with Scripted() as other:
        service.say(DOWNLOAD, Answer(302, (), {"location": f"{other.url}/media/1"}))
        other.say("GET /media/1", video(CLIP))
        assert fetched(place).read_bytes() == CLIP
        assert fetched(place, f"{other.url}/media/1").read_bytes() == CLIP
        for each in other.asked:
            assert KEY not in str(each)
        assert len(other.asked) == 2


def test_a_file_of_whatever_host_is_asked_for_at_home(service: Scripted, place: Place) -> None:
    service.say(DOWNLOAD, video(CLIP))
    for uri in (URI, "files/abc123xyz456", "https://elsewhere.test/v1/files/abc123xyz456"):
        assert fetched(place, uri).read_bytes() == CLIP


def test_what_only_looks_like_a_file_is_asked_for_where_it_is(
    service: Scripted, place: Place
) -> None:
    with Scripted() as other:
        path = "/public/files/abc123xyz456/clip.mp4?sig=1"
        other.say(f"GET {path}", video(CLIP))
        assert fetched(place, other.url + path).read_bytes() == CLIP
        assert KEY not in str(other.asked)
    assert not service.asked


def test_a_download_that_breaks_goes_on(service: Scripted, place: Place) -> None:
    def rest(request: Asked) -> Answer:
        assert request.headers["range"] == "bytes=1000-"
        said = {"content-range": f"bytes 1000-{len(CLIP) - 1}/{len(CLIP)}"}
        return Answer(206, (CLIP[1000:],), {"content-type": "video/mp4", **said})

    broken = Answer(200, (CLIP[:1000],), {"content-type": "video/mp4", "etag": '"1"'}, cut=True)
    service.say(DOWNLOAD, broken, rest)
    assert fetched(place).read_bytes() == CLIP


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (wrong(403, LOST, "PERMISSION_DENIED"), AuthenticationError),
        (wrong(404, "Not found.", "NOT_FOUND"), Gone),
        (wrong(410, "Gone.", "NOT_FOUND"), Gone),
        (Answer(200, (b"<html>Sign in",), {"content-type": "text/html"}), ProviderError),
        (Answer(200, (), {"content-type": "video/mp4"}), ProviderError),
        (Answer(302, (), {"location": "http://elsewhere.test/x"}), ProviderError),
    ],
)
def test_what_is_no_video_is_not_believed(
    service: Scripted, place: Place, answer: Answer, error: type[StoryboardError]
) -> None:
    service.say(DOWNLOAD, answer)
    with pytest.raises(error) as failed:
        fetched(place)
    assert type(failed.value) is error
    assert KEY not in said(failed.value)
    assert not [each for each in place.scratch.iterdir() if each.suffix == ".mp4"]


@pytest.mark.parametrize("status", [400, 404])
def test_a_result_that_the_service_spoiled_says_why(
    service: Scripted, place: Place, status: int
) -> None:
    service.say(DOWNLOAD, wrong(status, "The File is not in an ACTIVE state."))
    service.say(FILE, told({"state": "FAILED", "error": {"message": "no frames"}}))
    with pytest.raises(OperationFailed, match="no frames") as failed:
        fetched(place)
    assert failed.value.charged


@pytest.mark.parametrize(
    "answer",
    [
        wrong(404, "Not found.", "NOT_FOUND"),
        wrong(403, LOST, "PERMISSION_DENIED"),
        wrong(500, "internal", "INTERNAL"),
        told({"state": "PROCESSING"}),
        told({"state": "FAILED"}),
    ],
)
def test_what_can_be_downloaded_is_had_whatever_is_said_of_the_file(
    service: Scripted, place: Place, answer: Answer
) -> None:
    service.say(FILE, answer)
    service.say(DOWNLOAD, video(CLIP))
    assert fetched(place).read_bytes() == CLIP
    assert not service.count(FILE)


@pytest.mark.parametrize("status", [400, 404])
def test_a_result_that_is_not_ready_is_waited_for(
    service: Scripted, place: Place, status: int
) -> None:
    service.say(DOWNLOAD, wrong(status, "The File is not in an ACTIVE state."), video(CLIP))
    service.say(FILE, told({"state": "PROCESSING"}), told({"state": "ACTIVE"}))
    assert fetched(place).read_bytes() == CLIP
    assert service.count(DOWNLOAD) == 2


def test_a_refused_download_of_a_file_that_nobody_can_look_at_is_what_it_says(
    service: Scripted, place: Place
) -> None:
    service.say(FILE, wrong(403, LOST, "PERMISSION_DENIED"))
    service.say(DOWNLOAD, wrong(400, "Not like that."))
    with pytest.raises(InvalidRequest, match="Not like that"):
        fetched(place)
    service.say(DOWNLOAD, wrong(404, "Not found.", "NOT_FOUND"))
    with pytest.raises(Gone, match="two days"):
        fetched(place)


def test_a_file_that_hides_while_it_is_waited_for_is_not_given_up(
    service: Scripted, place: Place
) -> None:
    service.say(DOWNLOAD, wrong(400, "The File is not in an ACTIVE state."))
    service.say(FILE, told({"state": "PROCESSING"}), wrong(403, LOST, "PERMISSION_DENIED"))
    with pytest.raises(InvalidRequest, match="not in an ACTIVE state"):
        fetched(place)


def test_a_result_at_no_address_is_an_error_of_ours(service: Scripted, place: Place) -> None:
    response = {"generatedSamples": [{"video": {"uri": "https://[/files/abc"}}]}
    service.say(POLL, told({"done": True, "response": {"generateVideoResponse": response}}))
    assert isinstance(polled(NAME, place), Done)
    with pytest.raises(ProviderError, match="no address"):
        fetched(place, "https://[/files/abc")


def test_a_result_that_is_not_shown_is_gone_only_when_its_time_is_over(
    service: Scripted, place: Place
) -> None:
    service.say(DOWNLOAD, wrong(403, LOST, "PERMISSION_DENIED"))
    for holds in (None, time.time() + 3600):
        with pytest.raises(AuthenticationError, match="not show") as kept:
            fetched(place, expires_at=holds)
        assert "GEMINI_API_KEY" in kept.value.hint
    with pytest.raises(Gone):
        fetched(place, expires_at=time.time() - 1)
    service.say(DOWNLOAD, wrong(403, "The caller has no permission", "PERMISSION_DENIED"))
    with pytest.raises(AuthenticationError, match="let us in"):
        fetched(place, expires_at=time.time() - 1)


# what a fault costs


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (wrong(400, "`seed` isn't supported by this model."), InvalidRequest, "isn't supported"),
        (wrong(400, "API key not valid. Please pass a valid API key."), AuthenticationError, "key"),
        (wrong(401, "no"), AuthenticationError, "no"),
        (
            wrong(403, "The caller has no permission", "PERMISSION_DENIED"),
            AuthenticationError,
            "no",
        ),
        (wrong(400, "Blocked. Support codes: 17301594"), RefusedError, "a child"),
        (wrong(404, "models/x is not found for API version v1beta"), RetiredModel, "not found"),
        (wrong(503, "overloaded", "UNAVAILABLE"), UnknownOutcome, "503"),
        (wrong(500, "internal", "INTERNAL"), UnknownOutcome, "500"),
        (told({}), UnknownOutcome, "named none"),
        (told({"name": "operations/1"}), UnknownOutcome, "named none"),
        (told([1]), UnknownOutcome, "named none"),
        (Answer(200, (b"{",), {"content-type": "application/json"}), UnknownOutcome, "no JSON"),
        (None, UnknownOutcome, "broke"),
    ],
)
def test_a_submit_says_what_it_cost(
    service: Scripted,
    place: Place,
    answer: Answer | None,
    error: type[StoryboardError],
    words: str,
) -> None:
    service.say(SUBMIT, answer)
    with pytest.raises(error, match=words) as failed:
        submitted(asked(), place)
    assert isinstance(failed.value, UnknownOutcome) is (error is UnknownOutcome)
    renewed = answer is not None and answer.status == 401
    assert service.count(SUBMIT) == (2 if renewed else 1)
    assert KEY not in said(failed.value)


def test_too_many_requests_say_when_to_ask_again(service: Scripted, place: Place) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.5s"}
    service.say(SUBMIT, wrong(429, "Quota exceeded", "RESOURCE_EXHAUSTED", details=[info]))
    with pytest.raises(QuotaError) as later:
        submitted(asked(), place)
    assert later.value.retry_after_s == 17.5
    assert service.count(SUBMIT) == 1


def test_a_retired_model_names_its_heir(service: Scripted, place: Place) -> None:
    service.say(SUBMIT, wrong(404, f"models/{VEO} is no longer available.", "NOT_FOUND"))
    with pytest.raises(RetiredModel) as gone:
        submitted(asked(), place)
    assert gone.value.model == VEO
    assert gone.value.replacement == "gemini-omni-1.2-flash"
    assert "gemini-omni-1.2-flash" in gone.value.hint


def test_without_a_connection_nothing_was_sent(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYBOARD_GEMINI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with pytest.raises(Unreachable) as failed:
        submitted(asked(), place)
    assert KEY not in said(failed.value)


def test_the_key_comes_from_the_environment(
    service: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza-the-other-one")
    submitted(asked(), place)
    monkeypatch.delenv("GEMINI_API_KEY")
    submitted(asked(), place)
    used = [each.headers["x-goog-api-key"] for each in service.asked]
    assert used == [KEY, "AIza-the-other-one"]
    monkeypatch.delenv("GOOGLE_API_KEY")
    with pytest.raises(AuthenticationError, match="GEMINI_API_KEY"):
        submitted(asked(), place)
    for broken in ("AIza\nX-Evil: 1", "schlüssel", "two words"):
        monkeypatch.setenv("GEMINI_API_KEY", broken)
        with pytest.raises(AuthenticationError, match="GEMINI_API_KEY") as failed:
            submitted(asked(), place)
        assert broken not in said(failed.value)
    assert len(service.asked) == 2


def test_nothing_shows_the_key(service: Scripted, place: Place) -> None:
    service.say(SUBMIT, wrong(400, f"key {KEY} may not use https://x.test/?key={KEY}"))
    with pytest.raises(InvalidRequest) as failed:
        submitted(asked(), place)
    assert KEY not in said(failed.value)
    service.say(POLL, told({"done": True, "error": {"code": 13, "message": f"with {KEY}"}}))
    assert KEY not in repr(polled(NAME, place))


@pytest.mark.parametrize(
    "uri",
    [
        f"{URI}&key={KEY}",
        f"{HOST}/v1beta/files/abc123xyz456:download?key={KEY}&alt=media",
        f"{HOST.replace('//', f'//{KEY}@')}/v1beta/files/abc123xyz456:download?alt=media#{KEY}",
        f"{HOST}/{KEY}/files/abc123xyz456:download?alt=media",
    ],
)
def test_an_address_is_kept_without_the_key_that_it_shows(
    service: Scripted, place: Place, uri: str
) -> None:
    response = {"generatedSamples": [{"video": {"uri": uri}}]}
    service.say(POLL, told({"done": True, "response": {"generateVideoResponse": response}}))
    service.say(DOWNLOAD, video(CLIP))
    outcome = polled(NAME, place)
    assert isinstance(outcome, Done)
    assert KEY not in repr(outcome)
    assert outcome.samples[0].uri in (URI, "files/abc123xyz456")
    assert fetched(place, outcome.samples[0].uri).read_bytes() == CLIP
    assert all(KEY not in each.path for each in service.asked)


def test_a_result_whose_address_is_a_key_is_had_another_way_or_not_at_all(
    service: Scripted, place: Place
) -> None:
    shown = {"uri": f"{HOST}/media/1?key={KEY}"}
    along = {**shown, "encodedVideo": base64.b64encode(CLIP).decode()}
    for each, kind in ((along, Done), (shown, Unusable)):
        response = {"generatedSamples": [{"video": each}]}
        service.say(POLL, told({"done": True, "response": {"generateVideoResponse": response}}))
        outcome = polled(NAME, place)
        assert isinstance(outcome, kind)
        assert KEY not in repr(outcome)
    assert isinstance(outcome, Unusable)
    assert "shows a key" in outcome.message
    with pytest.raises(ProviderError, match="shows a key") as refused:
        fetched(place, shown["uri"])
    assert KEY not in said(refused.value)
    assert all(KEY not in each.path for each in service.asked)


def test_a_job_that_is_named_by_the_key_is_not_written_down(
    service: Scripted, place: Place
) -> None:
    service.say(SUBMIT, told({"name": f"models/{VEO}/operations/{KEY}"}))
    with pytest.raises(UnknownOutcome, match="named none") as failed:
        submitted(asked(), place)
    assert KEY not in said(failed.value)


# how much is read


def endless(status: int, heard: list[int]) -> Callable[[Asked], Answer]:
    """An answer of 64 MB, which nobody should read to its end."""

    def answer(request: Asked) -> Answer:
        heard.append(1)
        return Answer(status, (b" " * (1 << 20),) * 64, {"content-type": "application/json"})

    return answer


def test_an_answer_without_an_end_is_not_read_to_its_end(
    service: Scripted, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []
    monkeypatch.setattr(http, "_LARGEST_ANSWER", 2 << 20)
    service.say(POLL, endless(200, heard))
    with pytest.raises(ProviderError, match="has no end"):
        polled(NAME, place)
    assert len(heard) == 1


def test_of_an_endless_error_the_status_is_enough(service: Scripted, place: Place) -> None:
    heard: list[int] = []
    service.say(POLL, endless(400, heard))
    service.say(SUBMIT, endless(400, heard))
    tracemalloc.start()
    with pytest.raises(InvalidRequest, match="status 400"):
        polled(NAME, place)
    with pytest.raises(UnknownOutcome, match="status 400"):
        submitted(asked(), place)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(heard) == 2
    assert most < 24 << 20


def test_a_garbled_answer_is_asked_for_again(service: Scripted, place: Place) -> None:
    garbled = Answer(200, (b"no gzip",), {"content-encoding": "gzip"})
    service.say(POLL, garbled, told({"name": NAME}))
    assert isinstance(polled(NAME, place), Running)
    assert service.count(POLL) == 2
