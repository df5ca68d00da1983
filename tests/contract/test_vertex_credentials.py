"""Who we are to Google Cloud: found once, renewed in time, shown to nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from storyboard.errors import (
    AuthenticationError,
    EnvironmentProblem,
    RefusedError,
    StoryboardError,
    UnknownOutcome,
    Unreachable,
)
from storyboard.providers.base import Done, Operation, Sample, Unusable
from storyboard.providers.cloud import Cloud, host
from storyboard.providers.vertex import Vertex
from tests.contract import vertex_cases as cases
from tests.contract.vertex_cases import Answer, Heard, Place, Server, asked

NAME = f"projects/p-1/locations/us-central1/publishers/google/models/{cases.MODEL}/operations/7"


class Google:
    """Tokens and jobs on one loopback origin; counts what it gives out."""

    def __init__(self) -> None:
        self.tokens = 0
        self.life_s = 3600
        self.revoked: set[str] = set()
        self.token_status = 200

    def __call__(self, heard: Heard) -> Answer:
        if heard.path == "/token":
            if self.token_status != 200:
                return Answer({"error": "invalid_grant", "assertion": "SECRET"}, self.token_status)
            self.tokens += 1
            token = f"ya29.token-{self.tokens}"
            return Answer({"access_token": token, "expires_in": self.life_s, "id_token": "x"})
        token = heard.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.revoked or not (token or "x-goog-api-key" in heard.headers):
            return Answer({"error": {"code": 401, "message": f"bad {token}"}}, 401)
        if heard.path.endswith(":fetchPredictOperation"):
            return Answer({"name": NAME})
        return Answer({"name": NAME})


@pytest.fixture
def google() -> Google:
    return Google()


@pytest.fixture
def server(google: Google) -> Iterator[Server]:
    with cases.serving(google) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "scratch")


@pytest.fixture(autouse=True)
def _environment(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases.without_credentials(monkeypatch, tmp_path)
    monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)


@pytest.fixture(scope="session")
def pem() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def account(
    server: Server, pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Writes a service account's file and names it in the environment."""

    def write(**more: Any) -> Path:
        path = tmp_path / "account.json"
        told = {
            "type": "service_account",
            "project_id": "p-account",
            "private_key_id": "k",
            "private_key": pem,
            "client_email": "film@p-account.iam.gserviceaccount.com",
            "token_uri": f"{server.url}/token",
        }
        path.write_text(json.dumps({**told, **more}))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        return path

    return write


def submitted(place: Place, settings: dict[str, Any] | None = None, times: int = 1) -> Operation:
    async def work(vertex: Vertex) -> Operation:
        return (await asyncio.gather(*(vertex.submit(asked(), place) for _ in range(times))))[0]

    vertex = Vertex(settings or {})
    operation: Operation = asyncio.run(cases.closing(vertex, work(vertex)))
    return operation


def refused(place: Place, settings: dict[str, Any] | None = None) -> StoryboardError:
    with pytest.raises(StoryboardError) as caught:
        submitted(place, settings)
    return caught.value


def test_many_jobs_at_once_need_one_token(
    google: Google, server: Server, account: Callable[..., Path], place: Place
) -> None:
    account()
    submitted(place, times=4)
    assert google.tokens == 1
    grant = parse_qs(server.heard[0].body.decode())
    assert grant["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert all(each.headers["authorization"] == "Bearer ya29.token-1" for each in server.heard[1:])


def test_a_token_about_to_expire_is_renewed(
    google: Google, server: Server, account: Callable[..., Path], place: Place
) -> None:
    account()
    google.life_s = 60
    vertex = Vertex({})

    async def work() -> None:
        await vertex.submit(asked(), place)
        await vertex.poll(Operation(NAME), place)

    asyncio.run(cases.closing(vertex, work()))
    assert google.tokens == 2


def test_a_token_refused_twice_is_an_error_without_the_token(
    google: Google, server: Server, account: Callable[..., Path], place: Place
) -> None:
    account()
    google.revoked = {"ya29.token-1", "ya29.token-2"}
    error = refused(place)
    assert type(error) is AuthenticationError
    assert google.tokens == 2
    assert "ya29" not in f"{error!r} {error} {error.hint}"
    google.revoked = {"ya29.token-3"}
    submitted(place)


def test_credentials_that_google_refuses_are_told_without_their_insides(
    google: Google, account: Callable[..., Path], place: Place, pem: str
) -> None:
    path = account()
    google.token_status = 400
    error = refused(place)
    assert type(error) is AuthenticationError
    told = f"{error!r} {error.hint} {error.__cause__!r}"
    assert "SECRET" not in told
    assert "invalid_grant" in told
    account(token_uri="http://127.0.0.1:9/token")
    assert type(refused(place)) is Unreachable
    path.write_text("{")
    error = refused(place)
    assert type(error) is AuthenticationError
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(error)
    account(private_key="nothing")
    error = refused(place)
    assert type(error) is AuthenticationError
    path.unlink()
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(refused(place))


def test_nothing_at_all_names_the_variables(place: Place) -> None:
    error = refused(place)
    assert type(error) is AuthenticationError
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(error)
    assert "VERTEX_API_KEY" in str(error)


def test_default_credentials_win_over_a_key(
    server: Server,
    account: Callable[..., Path],
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account()
    monkeypatch.setenv("VERTEX_API_KEY", "a-key-of-vertex")
    submitted(place)
    assert all("x-goog-api-key" not in each.headers for each in server.heard)


def test_a_users_credentials_pay_from_their_quota_project(
    server: Server, tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    import google.oauth2.credentials

    monkeypatch.setattr(
        google.oauth2.credentials, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{server.url}/token"
    )
    gcloud = tmp_path / "gcloud"
    gcloud.mkdir()
    told = {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
        "quota_project_id": "p-quota",
    }
    (gcloud / "application_default_credentials.json").write_text(json.dumps(told))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(gcloud))
    submitted(place, {"project": "p-film"})
    assert server.heard[-1].headers["x-goog-user-project"] == "p-quota"
    assert parse_qs(server.heard[0].body.decode())["refresh_token"] == ["r"]


def test_the_film_names_the_project_then_the_environment_then_the_account(
    server: Server,
    account: Callable[..., Path],
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account()
    submitted(place)
    assert "/projects/p-account/locations/us-central1/" in server.heard[-1].path
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p-env")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "europe-west4")
    submitted(place)
    assert "/projects/p-env/locations/europe-west4/" in server.heard[-1].path
    submitted(place, {"project": "p-film", "location": "global"})
    assert "/projects/p-film/locations/global/" in server.heard[-1].path


def test_an_account_without_a_project_asks_for_one(
    account: Callable[..., Path], place: Place
) -> None:
    account(project_id=None)
    error = refused(place)
    assert isinstance(error, EnvironmentProblem)
    assert "GOOGLE_CLOUD_PROJECT" in error.hint


@pytest.mark.parametrize("location", ["evil.example/", "us central1", "US", "a" * 60])
def test_a_location_that_is_no_name_never_becomes_an_address(
    server: Server, place: Place, location: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cases.by_key(monkeypatch, tmp_path)
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", location)
    assert isinstance(refused(place), EnvironmentProblem)
    assert not server.heard


def test_every_location_has_its_host() -> None:
    assert host("us-central1") == "https://us-central1-aiplatform.googleapis.com"
    assert host("global") == "https://aiplatform.googleapis.com"
    assert host("eu") == "https://aiplatform.eu.rep.googleapis.com"
    assert host("us") == "https://aiplatform.us.rep.googleapis.com"


def test_with_a_key_and_a_project_the_project_is_in_the_path(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = cases.by_key(monkeypatch, tmp_path)
    operation = submitted(place, {"project": "p-film"})
    assert server.heard[-1].path.startswith("/v1/projects/p-film/locations/us-central1/")
    assert server.heard[-1].headers["x-goog-api-key"] == key
    assert all(key not in each.path for each in server.heard)
    assert key not in repr(operation)


@pytest.mark.parametrize("key", ["two\nlines", "ünicode"])
def test_a_key_that_is_none_is_refused_by_the_variables_name(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    cases.by_key(monkeypatch, tmp_path, key)
    error = refused(place)
    assert isinstance(error, AuthenticationError)
    assert "VERTEX_API_KEY" in str(error)
    assert key not in str(error)


def test_a_name_that_is_no_job_is_not_asked_after(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cases.by_key(monkeypatch, tmp_path)
    for name in ("", "../../x", "projects/p/locations/evil.com/publishers/google/models/m/x"):
        vertex = Vertex({})
        with pytest.raises(StoryboardError, match="no job"):
            asyncio.run(cases.closing(vertex, vertex.poll(Operation(name), place)))
    assert not server.heard


def test_an_object_that_is_gone_or_closed_to_us_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer(heard: Heard) -> Answer:
        if "/b/none/" in heard.path:
            return Answer({"error": {"message": "The specified bucket does not exist."}}, 404)
        return Answer({"error": {"message": "no storage.objects.create access"}}, 403)

    cases.by_key(monkeypatch, tmp_path)
    with cases.serving(answer) as server:
        monkeypatch.setenv("STORYBOARD_GCS_BASE_URL", server.url)

        async def work(cloud: Cloud) -> list[Any]:
            acts = (
                cloud.bucket.upload(b"x", "image/png", "gs://none/films"),
                cloud.bucket.upload(b"x", "image/png", "gs://shut/films"),
                cloud.bucket.download("gs://shut/a.mp4", place.scratch / "a.mp4"),
                cloud.bucket.download("gs://none/a.mp4", place.scratch / "a.mp4"),
            )
            return await asyncio.gather(*acts, return_exceptions=True)

        cloud = Cloud("vertex", {})
        missing, shut, closed, gone = asyncio.run(cases.closing(cloud, work(cloud)))  # type: ignore[arg-type]
    assert "no such bucket" in str(missing)
    assert isinstance(shut, AuthenticationError)
    assert isinstance(closed, AuthenticationError)
    assert "VERTEX_API_KEY opens no bucket" in closed.hint
    assert "no longer there" in str(gone)


def test_an_object_of_that_name_with_other_bytes_is_not_used(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer(heard: Heard) -> Answer:
        if heard.method == "POST":
            assert "ifGenerationMatch=0" in heard.path
            return Answer({"error": {"message": "conditionNotMet"}}, 412)
        return Answer({"size": "2"})

    cases.by_key(monkeypatch, tmp_path)
    with cases.serving(answer) as server:
        monkeypatch.setenv("STORYBOARD_GCS_BASE_URL", server.url)
        cloud = Cloud("vertex", {})

        async def work() -> list[Any]:
            one = await cloud.bucket.upload(b"xy", "image/png", "gs://films/night/")
            again = await cloud.bucket.upload(b"xy", "image/png", "gs://films/night/")
            with pytest.raises(StoryboardError, match="other bytes"):
                await cloud.bucket.upload(b"xyz", "image/png", "gs://films/night/")
            return [one, again]

        one, again = asyncio.run(cases.closing(cloud, work()))  # type: ignore[arg-type]
    assert one == again
    assert one.startswith("gs://films/night/inputs/")
    assert one.endswith(".png")
    assert sum(each.method == "POST" for each in server.heard) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer({"error": {"code": 403, "message": "no aiplatform.endpoints.predict"}}, 403), 4),
        (Answer({"error": {"code": 400, "message": "Billing is off"}}, 400), 3),
        (Answer(b"<html>", headers={"content-type": "text/html"}), 7),
        (Answer(b"", 302, {"location": "https://evil.example/"}), 7),
        (Answer(b"<html>blocked", 403, {"content-type": "text/html"}), 7),
        (Answer(breaks=True), 7),
        (Answer(b"almost {json"), 7),
        (Answer({}), 7),
        (Answer({"name": "../operations/x"}), 7),
        (Answer({"error": {"code": 500, "message": "oh"}}, 500), 7),
        (Answer({"error": {"code": 400, "message": "No. Support codes: 61493863"}}, 400), 3),
    ],
)
def test_whether_there_is_a_job_is_told_from_the_answer(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answer: Answer,
    kind: int,
) -> None:
    key = cases.by_key(monkeypatch, tmp_path)
    with cases.serving(lambda heard: answer) as server:
        monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)
        error = refused(place)
    assert error.exit_code == kind
    assert isinstance(error, UnknownOutcome) == (kind == 7)
    assert isinstance(error, RefusedError) == ("Support codes" in str(error))
    assert len(server.heard) == 1
    assert key not in f"{error!r} {error.hint}"


def test_a_sample_with_its_file_is_not_fetched_again(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sample = Sample(path=tmp_path / "here.mp4")
    vertex = Vertex({})
    assert asyncio.run(cases.closing(vertex, vertex.fetch(sample, place))) is sample


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("gs://films/night/a.mp4", "gs://films/night/a.mp4"),
        ("gs://films/night/a.mp4?token=a-key-of-vertex", "gs://films/night/a.mp4"),
        ("gs://films/night/a.mp4?token=another#x", "gs://films/night/a.mp4"),
        ("gs://films/a-key-of-vertex/a.mp4", ""),
        ("gs://films/a-key%2Dof-vertex/a.mp4", ""),
        ("https://storage.test/a.mp4?key=a-key-of-vertex", ""),
    ],
)
def test_the_address_of_a_result_is_kept_without_what_opens_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str, kept: str
) -> None:
    key = cases.by_key(monkeypatch, tmp_path)
    ended = {"name": NAME, "done": True, "response": {"videos": [{"gcsUri": named}]}}
    with cases.serving(lambda heard: Answer(ended)) as server:
        monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)
        vertex = Vertex({})
        outcome = asyncio.run(cases.closing(vertex, vertex.poll(Operation(NAME), place)))
    assert key not in repr(outcome)
    if kept:
        assert outcome == Done((Sample(uri=kept),))
    else:
        assert isinstance(outcome, Unusable)
        assert "address" in outcome.message


def test_a_job_that_is_named_by_the_key_is_not_written_down(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = cases.by_key(monkeypatch, tmp_path)
    name = NAME.replace("operations/7", f"operations/{key}")
    with cases.serving(lambda heard: Answer({"name": name})) as server:
        monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)
        error = refused(place)
    assert isinstance(error, UnknownOutcome)
    assert key not in f"{error!r} {error.hint}"


@pytest.mark.parametrize("model", [cases.MODEL, "gemini-omni-1.2-flash"])
def test_what_a_key_could_not_fetch_is_not_bought(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: str
) -> None:
    key = cases.by_key(monkeypatch, tmp_path)
    vertex = Vertex({"project": "p-film", "storage_uri": "gs://films/night"})
    with pytest.raises(AuthenticationError, match="opens no bucket") as error:
        asyncio.run(cases.closing(vertex, vertex.submit(asked(model=model), place)))
    assert error.value.exit_code == 4
    assert "application-default" in error.value.hint
    assert "leave `storage_uri` out" in error.value.hint
    assert key not in f"{error.value!r} {error.value.hint}"
    assert not server.heard
