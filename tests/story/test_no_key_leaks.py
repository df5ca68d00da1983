"""No key is ever left behind: not in a file, a database, a log, a word on the screen.

Every provider gets keys that are found again wherever they are; runs go wrong in every way that
might show one, and then every byte that they left is searched.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from storyboard.providers.google import omni, vertex_veo
from storyboard.simulator.google import gemini
from storyboard.simulator.server import Simulator
from tests.story.wires import WIRES, SimulatorFilm, run_in_process, set_up_film

Capture = pytest.CaptureFixture[str]
KEYS = {
    "gemini": "TESTgeminiNEVERleave0123456789ABC",
    "vertex": "vertexkey.TESTvertexNEVERleave.987654",
    "cometapi": "TESTcometNEVERleave55555555555555555",
}
"""Of no shape that a pattern would know."""
WORDS = (["-v"], ["--json"])


class EchoHandler(BaseHTTPRequestHandler):
    """A service that says back all it was told, keys and all."""

    status: ClassVar[int] = 400

    def _echo_request(self) -> None:
        request_body = self.rfile.read(int(self.headers.get("content-length") or 0))
        keys = [self.headers.get(name) or "" for name in ("authorization", "x-goog-api-key")]
        credential = " ".join(filter(None, keys)).removeprefix("Bearer ")
        words = f"Bad credential {credential} for {self.path}?key={keys[1]} Support codes: 15236754"
        error: Any = {"code": self.status, "message": words, "status": credential}
        if self.path == "/token":
            error = request_body.decode()
        body = json.dumps(
            {"error": error, "error_description": request_body.decode("latin-1")[:2000]}
        )
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("x-echo", credential)
        self.send_header("content-length", str(len(body)))
        if 300 <= self.status < 400:
            self.send_header("location", f"https://example.test/?key={credential}")
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET = _echo_request

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        simulator.world.keys = dict(KEYS)
        yield simulator


@pytest.fixture(scope="module")
def echo_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EchoHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def create_film(
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Callable[[str], SimulatorFilm]:
    caplog.set_level(logging.DEBUG)
    simulator.world.tokens.clear()
    return lambda wire: set_up_film(simulator, wire, tmp_path, monkeypatch)


def list_secrets(simulator: Simulator) -> list[str]:
    """Every key and token there is, and the lines of the private key."""
    account = json.loads(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    lines = [line for line in account["private_key"].splitlines() if "PRIVATE KEY" not in line]
    return [*KEYS.values(), *simulator.world.tokens, *filter(None, lines)]


def check_no_secret(film: SimulatorFilm, *texts: str) -> None:
    """Fails where a secret is found in the folder, in what was told, or in the journal."""
    secret_bytes = [secret.encode() for secret in list_secrets(film.simulator)]
    files = [path for path in film.folder.rglob("*") if path.is_file()]
    assert any(path.name == "ledger.sqlite" for path in files)
    assert any(path.suffix == ".jsonl" for path in files), "a run log"
    for path in files:
        data = path.read_bytes()
        for secret in secret_bytes:
            assert secret not in data, f"{path.name} holds {secret[:6].decode()}…"
    for words in (*texts, repr([request.to_record() for request in film.simulator.world.journal])):
        for secret in secret_bytes:
            assert secret not in words.encode(), f"{secret[:6].decode()}… in {words[:2000]}"
        assert not re.search(r"(?i)bearer (?!…)\S{8}|assertion=(?!…)\S", words)


def run_every_command(stage: SimulatorFilm, capsys: Capture, *flags: str) -> str:
    """A render and what else talks of the film; all of its words."""
    runs = [stage.render(capsys, *flags)]
    film_arguments = ["film.yaml", *(["--allow-retired"] if stage.wire == "gemini" else [])]
    runs += [
        run_in_process(capsys, "plan", *film_arguments, "--out", "plan.json"),
        run_in_process(capsys, "plan", *film_arguments, "--json"),
        run_in_process(capsys, "takes", "film.yaml", "--json"),
        run_in_process(capsys, "show", "film.yaml", "--origin"),
    ]
    return "\n".join(run.out + run.err for run in runs)


@pytest.mark.parametrize("wire", WIRES)
def test_nothing_is_left_by_runs_that_fail_and_runs_that_work(
    create_film: Callable[[str], SimulatorFilm],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    wire: str,
) -> None:
    film = create_film(wire)
    film.simulator.world.faults.add("failed")
    result = film.render(capsys, "-v")
    assert result.code == 3
    for fault in ("expired_token", "redirect", "truncated", "server_error@poll"):
        film.simulator.world.faults.add(fault)
    again = ("--rebuy", "SH010") if wire == "chat" else ()  # its failed jobs count as charged
    words = run_every_command(film, capsys, "--json", *again)
    assert film.attempts[-1].state == "committed"
    check_no_secret(film, result.err, words, caplog.text)


@pytest.mark.parametrize("wire", ["bucket", "gemini", "videos", "chat"])
def test_a_download_that_leads_elsewhere_takes_no_key_along(
    create_film: Callable[[str], SimulatorFilm], capsys: Capture, wire: str
) -> None:
    film = create_film(wire)
    film.simulator.world.change_settings(comet_elsewhere=True)
    film.simulator.world.faults.add("redirect")
    assert film.render(capsys, "--json").code == 0
    others = [each for each in film.simulator.world.journal if each.origin == "other"]
    assert others
    assert all(each.auth == [] for each in others)
    own = [each for each in film.simulator.world.journal if each.route == "submit"]
    assert all(each.auth for each in own)
    assert not any(name.startswith("query:") for each in own for name in each.auth)


def test_a_key_in_the_address_of_a_result_reaches_no_ledger(
    create_film: Callable[[str], SimulatorFilm],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = create_film("gemini")
    build_uri = gemini.build_file_uri
    key = KEYS["gemini"]
    monkeypatch.setattr(gemini, "build_file_uri", lambda *of: f"{build_uri(*of)}&key={key}")
    words = run_every_command(film, capsys, "-v")
    assert film.attempts[-1].state == "committed"
    check_no_secret(film, words, caplog.text)


@pytest.mark.parametrize("wire", ["vertex", "gemini", "omni", "videos", "chat"])
def test_a_service_that_says_the_key_back_is_not_quoted(
    create_film: Callable[[str], SimulatorFilm],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    echo_url: str,
    wire: str,
) -> None:
    film = create_film(wire)
    for service in ("VERTEX", "GEMINI", "COMETAPI", "GCS"):
        monkeypatch.setenv(f"STORYBOARD_{service}_BASE_URL", echo_url)
    outputs = []
    for number, status in enumerate((302, 400, 401, 403, 500)):
        EchoHandler.status = status
        result = film.render(capsys, *WORDS[number % 2])
        assert result.code in (3, 4, 7), result.err
        outputs += [result.out, result.err]
        assert "Bad credential" not in result.err or "…" in result.err
    check_no_secret(film, *outputs, caplog.text)


def test_a_token_service_that_says_the_assertion_back_is_not_quoted(
    create_film: Callable[[str], SimulatorFilm],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    echo_url: str,
) -> None:
    film = create_film("vertex")
    EchoHandler.status = 401
    account = json.loads(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    elsewhere = tmp_path_factory.mktemp("account") / "account.json"
    elsewhere.write_text(json.dumps({**account, "token_uri": f"{echo_url}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(elsewhere))
    result = film.render(capsys, "-v")
    assert (result.code, "the Application Default Credentials were rejected" in result.err) == (
        4,
        True,
    )
    check_no_secret(film, result.out, result.err, caplog.text)
    assert not re.search(r"eyJ[\w-]{10}", result.err + caplog.text)


def test_a_key_of_vertex_in_place_of_credentials_stays_in_its_header(
    create_film: Callable[[str], SimulatorFilm],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = create_film("vertex")
    with monkeypatch.context() as by_key:
        by_key.setenv("VERTEX_API_KEY", KEYS["vertex"])
        by_key.setenv("CLOUDSDK_CONFIG", str(film.folder / "none"))
        by_key.delenv("GOOGLE_APPLICATION_CREDENTIALS")
        by_key.delenv("GOOGLE_CLOUD_PROJECT")
        result = film.render(capsys, "-v")
        doctor = run_in_process(capsys, "doctor", "-v")
    assert result.code == 0, result.err
    (submission,) = [
        request for request in film.simulator.world.journal if request.route == "submit"
    ]
    assert submission.auth == ["x-goog-api-key"]
    check_no_secret(film, result.out, result.err, doctor.out, doctor.err, caplog.text)


@pytest.mark.parametrize(("wire", "place"), [("vertex", vertex_veo), ("omni", omni)])
def test_the_traceback_of_a_fault_of_ours_shows_none(
    create_film: Callable[[str], SimulatorFilm],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    wire: str,
    place: Any,
) -> None:
    film = create_film(wire)

    def raise_unexpectedly(*arguments: Any) -> None:
        raise LookupError("nobody expected this")

    name = "read_outcome" if wire == "vertex" else "_list_videos"
    monkeypatch.setattr(place, name, raise_unexpectedly)
    result = film.render(capsys, "-v")
    assert result.code == 3
    log = next(film.folder.rglob("*.jsonl")).read_text()
    assert "LookupError" in log
    check_no_secret(film, result.out, result.err, log, caplog.text)
