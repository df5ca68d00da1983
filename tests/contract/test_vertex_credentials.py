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
from storyboard.providers.google.vertex import Vertex
from storyboard.providers.google.vertex_project import VertexProject, build_host_url
from tests.contract import vertex_cases as cases
from tests.contract.vertex_cases import (
    ReceivedRequest,
    Server,
    ServerAnswer,
    ThreadWorkspace,
    make_request,
)

NAME = f"projects/p-1/locations/us-central1/publishers/google/models/{cases.MODEL}/operations/7"


class FakeGoogle:
    """Tokens and jobs on one loopback origin; counts what it gives out."""

    def __init__(self) -> None:
        self.tokens = 0
        self.life_s = 3600
        self.revoked: set[str] = set()
        self.token_status = 200

    def __call__(self, heard: ReceivedRequest) -> ServerAnswer:
        if heard.path == "/token":
            if self.token_status != 200:
                return ServerAnswer(
                    {"error": "invalid_grant", "assertion": "SECRET"}, self.token_status
                )
            self.tokens += 1
            token = f"ya29.token-{self.tokens}"
            return ServerAnswer({"access_token": token, "expires_in": self.life_s, "id_token": "x"})
        token = heard.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.revoked or not (token or "x-goog-api-key" in heard.headers):
            return ServerAnswer({"error": {"code": 401, "message": f"bad {token}"}}, 401)
        if heard.path.endswith(":fetchPredictOperation"):
            return ServerAnswer({"name": NAME})
        return ServerAnswer({"name": NAME})


@pytest.fixture
def fake_google() -> FakeGoogle:
    return FakeGoogle()


@pytest.fixture
def server(fake_google: FakeGoogle) -> Iterator[Server]:
    with cases.serve(fake_google) as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> ThreadWorkspace:
    return ThreadWorkspace(tmp_path / "scratch")


@pytest.fixture(autouse=True)
def _use_server(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases.clear_credentials(monkeypatch, tmp_path)
    monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)


@pytest.fixture(scope="session")
def private_key_pem() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def write_account(
    server: Server, private_key_pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Writes a service account's file and names it in the environment."""

    def write_account_file(**more: Any) -> Path:
        path = tmp_path / "account.json"
        account_data = {
            "type": "service_account",
            "project_id": "p-account",
            "private_key_id": "k",
            "private_key": private_key_pem,
            "client_email": "film@p-account.iam.gserviceaccount.com",
            "token_uri": f"{server.url}/token",
        }
        path.write_text(json.dumps({**account_data, **more}))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        return path

    return write_account_file


def submit_times(
    workspace: ThreadWorkspace, settings: dict[str, Any] | None = None, times: int = 1
) -> Operation:
    async def submit_all(vertex: Vertex) -> Operation:
        return (
            await asyncio.gather(*(vertex.submit(make_request(), workspace) for _ in range(times)))
        )[0]

    vertex = Vertex(settings or {})
    operation: Operation = asyncio.run(cases.run_and_close(vertex, submit_all(vertex)))
    return operation


def expect_rejection(
    workspace: ThreadWorkspace, settings: dict[str, Any] | None = None
) -> StoryboardError:
    with pytest.raises(StoryboardError) as caught:
        submit_times(workspace, settings)
    return caught.value


def test_many_jobs_at_once_need_one_token(
    fake_google: FakeGoogle,
    server: Server,
    write_account: Callable[..., Path],
    workspace: ThreadWorkspace,
) -> None:
    write_account()
    submit_times(workspace, times=4)
    assert fake_google.tokens == 1
    grant = parse_qs(server.requests[0].body.decode())
    assert grant["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert all(
        each.headers["authorization"] == "Bearer ya29.token-1" for each in server.requests[1:]
    )


def test_a_token_about_to_expire_is_renewed(
    fake_google: FakeGoogle,
    server: Server,
    write_account: Callable[..., Path],
    workspace: ThreadWorkspace,
) -> None:
    write_account()
    fake_google.life_s = 60
    vertex = Vertex({})

    async def submit_twice() -> None:
        await vertex.submit(make_request(), workspace)
        await vertex.poll(Operation(NAME), workspace)

    asyncio.run(cases.run_and_close(vertex, submit_twice()))
    assert fake_google.tokens == 2


def test_a_token_refused_twice_is_an_error_without_the_token(
    fake_google: FakeGoogle,
    server: Server,
    write_account: Callable[..., Path],
    workspace: ThreadWorkspace,
) -> None:
    write_account()
    fake_google.revoked = {"ya29.token-1", "ya29.token-2"}
    error = expect_rejection(workspace)
    assert type(error) is AuthenticationError
    assert fake_google.tokens == 2
    assert "ya29" not in f"{error!r} {error} {error.hint}"
    fake_google.revoked = {"ya29.token-3"}
    submit_times(workspace)


def test_refused_credentials_are_reported_without_their_contents(
    fake_google: FakeGoogle,
    write_account: Callable[..., Path],
    workspace: ThreadWorkspace,
    private_key_pem: str,
) -> None:
    path = write_account()
    fake_google.token_status = 400
    error = expect_rejection(workspace)
    assert type(error) is AuthenticationError
    error_text = f"{error!r} {error.hint} {error.__cause__!r}"
    assert "SECRET" not in error_text
    assert "invalid_grant" in error_text
    write_account(token_uri="http://127.0.0.1:9/token")
    assert type(expect_rejection(workspace)) is Unreachable
    path.write_text("{")
    error = expect_rejection(workspace)
    assert type(error) is AuthenticationError
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(error)
    write_account(private_key="nothing")
    error = expect_rejection(workspace)
    assert type(error) is AuthenticationError
    path.unlink()
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(expect_rejection(workspace))


def test_nothing_at_all_names_the_variables(workspace: ThreadWorkspace) -> None:
    error = expect_rejection(workspace)
    assert type(error) is AuthenticationError
    assert "GOOGLE_APPLICATION_CREDENTIALS" in str(error)
    assert "VERTEX_API_KEY" in str(error)


def test_default_credentials_win_over_a_key(
    server: Server,
    write_account: Callable[..., Path],
    workspace: ThreadWorkspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_account()
    monkeypatch.setenv("VERTEX_API_KEY", "a-key-of-vertex")
    submit_times(workspace)
    assert all("x-goog-api-key" not in each.headers for each in server.requests)


def test_a_users_credentials_pay_from_their_quota_project(
    server: Server, tmp_path: Path, workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import google.oauth2.credentials

    monkeypatch.setattr(
        google.oauth2.credentials, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{server.url}/token"
    )
    gcloud = tmp_path / "gcloud"
    gcloud.mkdir()
    credentials = {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
        "quota_project_id": "p-quota",
    }
    (gcloud / "application_default_credentials.json").write_text(json.dumps(credentials))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(gcloud))
    submit_times(workspace, {"project": "p-film"})
    assert server.requests[-1].headers["x-goog-user-project"] == "p-quota"
    assert parse_qs(server.requests[0].body.decode())["refresh_token"] == ["r"]


def test_the_project_comes_from_film_then_environment_then_account(
    server: Server,
    write_account: Callable[..., Path],
    workspace: ThreadWorkspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_account()
    submit_times(workspace)
    assert "/projects/p-account/locations/us-central1/" in server.requests[-1].path
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p-env")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "europe-west4")
    submit_times(workspace)
    assert "/projects/p-env/locations/europe-west4/" in server.requests[-1].path
    submit_times(workspace, {"project": "p-film", "location": "global"})
    assert "/projects/p-film/locations/global/" in server.requests[-1].path


def test_an_account_without_a_project_asks_for_one(
    write_account: Callable[..., Path], workspace: ThreadWorkspace
) -> None:
    write_account(project_id=None)
    error = expect_rejection(workspace)
    assert isinstance(error, EnvironmentProblem)
    assert "GOOGLE_CLOUD_PROJECT" in error.hint


@pytest.mark.parametrize("location", ["evil.example/", "us central1", "US", "a" * 60])
def test_a_location_that_is_no_name_never_becomes_an_address(
    server: Server,
    workspace: ThreadWorkspace,
    location: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    cases.use_only_key(monkeypatch, tmp_path)
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", location)
    assert isinstance(expect_rejection(workspace), EnvironmentProblem)
    assert not server.requests


def test_every_location_has_its_host() -> None:
    assert build_host_url("us-central1") == "https://us-central1-aiplatform.googleapis.com"
    assert build_host_url("global") == "https://aiplatform.googleapis.com"
    assert build_host_url("eu") == "https://aiplatform.eu.rep.googleapis.com"
    assert build_host_url("us") == "https://aiplatform.us.rep.googleapis.com"


def test_with_a_key_and_a_project_the_project_is_in_the_path(
    server: Server, workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = cases.use_only_key(monkeypatch, tmp_path)
    operation = submit_times(workspace, {"project": "p-film"})
    assert server.requests[-1].path.startswith("/v1/projects/p-film/locations/us-central1/")
    assert server.requests[-1].headers["x-goog-api-key"] == key
    assert all(key not in each.path for each in server.requests)
    assert key not in repr(operation)


@pytest.mark.parametrize("key", ["two\nlines", "ünicode"])
def test_a_key_that_is_none_is_refused_by_the_variables_name(
    workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    cases.use_only_key(monkeypatch, tmp_path, key)
    error = expect_rejection(workspace)
    assert isinstance(error, AuthenticationError)
    assert "VERTEX_API_KEY" in str(error)
    assert key not in str(error)


def test_an_invalid_operation_name_is_not_polled(
    server: Server, workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cases.use_only_key(monkeypatch, tmp_path)
    for name in ("", "../../x", "projects/p/locations/evil.com/publishers/google/models/m/x"):
        vertex = Vertex({})
        with pytest.raises(StoryboardError, match="not a job"):
            asyncio.run(cases.run_and_close(vertex, vertex.poll(Operation(name), workspace)))
    assert not server.requests


def test_a_missing_or_forbidden_object_is_reported(
    workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer_by_name(heard: ReceivedRequest) -> ServerAnswer:
        if "/b/none/" in heard.path:
            return ServerAnswer({"error": {"message": "The specified bucket does not exist."}}, 404)
        return ServerAnswer({"error": {"message": "no storage.objects.create access"}}, 403)

    cases.use_only_key(monkeypatch, tmp_path)
    with cases.serve(answer_by_name) as server:
        monkeypatch.setenv("STORYBOARD_GCS_BASE_URL", server.url)

        async def try_each(cloud: VertexProject) -> list[Any]:
            acts = (
                cloud.bucket.upload_bytes(b"x", "image/png", "gs://none/films"),
                cloud.bucket.upload_bytes(b"x", "image/png", "gs://shut/films"),
                cloud.bucket.download_object("gs://shut/a.mp4", workspace.scratch / "a.mp4"),
                cloud.bucket.download_object("gs://none/a.mp4", workspace.scratch / "a.mp4"),
            )
            return await asyncio.gather(*acts, return_exceptions=True)

        cloud = VertexProject("vertex", {})
        missing, shut, closed, gone = asyncio.run(cases.run_and_close(cloud, try_each(cloud)))  # type: ignore[arg-type]
    assert "bucket not found" in str(missing)
    assert isinstance(shut, AuthenticationError)
    assert isinstance(closed, AuthenticationError)
    assert "VERTEX_API_KEY can't access buckets" in closed.hint
    assert "no longer exists" in str(gone)


def test_an_object_of_that_name_with_other_bytes_is_not_used(
    workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def answer_upload(heard: ReceivedRequest) -> ServerAnswer:
        if heard.method == "POST":
            assert "ifGenerationMatch=0" in heard.path
            return ServerAnswer({"error": {"message": "conditionNotMet"}}, 412)
        return ServerAnswer({"size": "2"})

    cases.use_only_key(monkeypatch, tmp_path)
    with cases.serve(answer_upload) as server:
        monkeypatch.setenv("STORYBOARD_GCS_BASE_URL", server.url)
        cloud = VertexProject("vertex", {})

        async def lend_twice() -> list[Any]:
            one = await cloud.bucket.upload_bytes(b"xy", "image/png", "gs://films/night/")
            again = await cloud.bucket.upload_bytes(b"xy", "image/png", "gs://films/night/")
            with pytest.raises(StoryboardError, match="another size"):
                await cloud.bucket.upload_bytes(b"xyz", "image/png", "gs://films/night/")
            return [one, again]

        one, again = asyncio.run(cases.run_and_close(cloud, lend_twice()))  # type: ignore[arg-type]
    assert one == again
    assert one.startswith("gs://films/night/inputs/")
    assert one.endswith(".png")
    assert sum(each.method == "POST" for each in server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            ServerAnswer(
                {"error": {"code": 403, "message": "no aiplatform.endpoints.predict"}}, 403
            ),
            4,
        ),
        (ServerAnswer({"error": {"code": 400, "message": "Billing is off"}}, 400), 3),
        (ServerAnswer(b"<html>", headers={"content-type": "text/html"}), 7),
        (ServerAnswer(b"", 302, {"location": "https://evil.example/"}), 7),
        (ServerAnswer(b"<html>blocked", 403, {"content-type": "text/html"}), 7),
        (ServerAnswer(closes_connection=True), 7),
        (ServerAnswer(b"almost {json"), 7),
        (ServerAnswer({}), 7),
        (ServerAnswer({"name": "../operations/x"}), 7),
        (ServerAnswer({"error": {"code": 500, "message": "oh"}}, 500), 7),
        (ServerAnswer({"error": {"code": 400, "message": "No. Support codes: 61493863"}}, 400), 3),
    ],
)
def test_the_answer_decides_whether_a_job_exists(
    workspace: ThreadWorkspace,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answer: ServerAnswer,
    kind: int,
) -> None:
    key = cases.use_only_key(monkeypatch, tmp_path)
    with cases.serve(lambda heard: answer) as server:
        monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)
        error = expect_rejection(workspace)
    assert error.exit_code == kind
    assert isinstance(error, UnknownOutcome) == (kind == 7)
    assert isinstance(error, RefusedError) == ("Support codes" in str(error))
    assert len(server.requests) == 1
    assert key not in f"{error!r} {error.hint}"


def test_a_sample_with_its_file_is_not_fetched_again(
    server: Server, workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sample = Sample(path=tmp_path / "here.mp4")
    vertex = Vertex({})
    assert asyncio.run(cases.run_and_close(vertex, vertex.fetch(sample, workspace))) is sample


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
    workspace: ThreadWorkspace,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    named: str,
    kept: str,
) -> None:
    key = cases.use_only_key(monkeypatch, tmp_path)
    ended = {"name": NAME, "done": True, "response": {"videos": [{"gcsUri": named}]}}
    with cases.serve(lambda heard: ServerAnswer(ended)) as server:
        monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)
        vertex = Vertex({})
        outcome = asyncio.run(cases.run_and_close(vertex, vertex.poll(Operation(NAME), workspace)))
    assert key not in repr(outcome)
    if kept:
        assert outcome == Done((Sample(uri=kept),))
    else:
        assert isinstance(outcome, Unusable)
        assert "address" in outcome.message


def test_a_job_that_is_named_by_the_key_is_not_written_down(
    workspace: ThreadWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = cases.use_only_key(monkeypatch, tmp_path)
    name = NAME.replace("operations/7", f"operations/{key}")
    with cases.serve(lambda heard: ServerAnswer({"name": name})) as server:
        monkeypatch.setenv("STORYBOARD_VERTEX_BASE_URL", server.url)
        error = expect_rejection(workspace)
    assert isinstance(error, UnknownOutcome)
    assert key not in f"{error!r} {error.hint}"


@pytest.mark.parametrize("model", [cases.MODEL, "gemini-omni-1.2-flash"])
def test_what_a_key_could_not_fetch_is_not_bought(
    server: Server,
    workspace: ThreadWorkspace,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    model: str,
) -> None:
    key = cases.use_only_key(monkeypatch, tmp_path)
    vertex = Vertex({"project": "p-film", "storage_uri": "gs://films/night"})
    with pytest.raises(AuthenticationError, match="can't access buckets") as error:
        asyncio.run(
            cases.run_and_close(vertex, vertex.submit(make_request(model=model), workspace))
        )
    assert error.value.exit_code == 4
    assert "application-default" in error.value.hint
    assert "delete `storage_uri`" in error.value.hint
    assert key not in f"{error.value!r} {error.value.hint}"
    assert not server.requests
