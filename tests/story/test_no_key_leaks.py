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

from storyboard.providers import omni, vertex_veo
from storyboard.simulator import gemini
from storyboard.simulator.serve import Simulator
from tests.story.wires import WIRES, Stage, cli, staged

Capture = pytest.CaptureFixture[str]
KEYS = {
    "gemini": "TESTgeminiNEVERleave0123456789ABC",
    "vertex": "vertexkey.TESTvertexNEVERleave.987654",
    "cometapi": "TESTcometNEVERleave55555555555555555",
}
"""Of no shape that a pattern would know."""
WORDS = (["-v"], ["--json"])


class Echo(BaseHTTPRequestHandler):
    """A service that says back all it was told, keys and all."""

    status: ClassVar[int] = 400

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        keys = [self.headers.get(name) or "" for name in ("authorization", "x-goog-api-key")]
        told = " ".join(filter(None, keys)).removeprefix("Bearer ")
        words = f"Bad credential {told} for {self.path}?key={keys[1]} Support codes: 15236754"
        error: Any = {"code": self.status, "message": words, "status": told}
        if self.path == "/token":
            error = sent.decode()
        body = json.dumps({"error": error, "error_description": sent.decode("latin-1")[:2000]})
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("x-echo", told)
        self.send_header("content-length", str(len(body)))
        if 300 <= self.status < 400:
            self.send_header("location", f"https://example.test/?key={told}")
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET = _answer

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def services() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.world.keys = dict(KEYS)
        yield sim


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stage(
    services: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Callable[[str], Stage]:
    caplog.set_level(logging.DEBUG)
    services.world.tokens.clear()
    return lambda wire: staged(services, wire, tmp_path, monkeypatch)


def secrets(sim: Simulator) -> list[str]:
    """Every key and token there is, and the lines of the private key."""
    account = json.loads(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    lines = [line for line in account["private_key"].splitlines() if "PRIVATE KEY" not in line]
    return [*KEYS.values(), *sim.world.tokens, *filter(None, lines)]


def searched(stage: Stage, *told: str) -> None:
    """Fails where a secret is found in the folder, in what was told, or in the journal."""
    wanted = [secret.encode() for secret in secrets(stage.sim)]
    left = [path for path in stage.folder.rglob("*") if path.is_file()]
    assert any(path.name == "ledger.sqlite" for path in left)
    assert any(path.suffix == ".jsonl" for path in left), "a run log"
    for path in left:
        data = path.read_bytes()
        for secret in wanted:
            assert secret not in data, f"{path.name} holds {secret[:6].decode()}…"
    for words in (*told, repr([each.record() for each in stage.sim.world.journal])):
        for secret in wanted:
            assert secret not in words.encode(), f"{secret[:6].decode()}… in {words[:2000]}"
        assert not re.search(r"(?i)bearer (?!…)\S{8}|assertion=(?!…)\S", words)


def everything(stage: Stage, capsys: Capture, *flags: str) -> str:
    """A render and what else talks of the film; all of its words."""
    runs = [stage.render(capsys, *flags)]
    film = ["film.yaml", *(["--allow-retired"] if stage.wire == "gemini" else [])]
    runs += [
        cli(capsys, "plan", *film, "--out", "plan.json"),
        cli(capsys, "plan", *film, "--json"),
        cli(capsys, "takes", "film.yaml", "--json"),
        cli(capsys, "show", "film.yaml", "--origin"),
    ]
    return "\n".join(run.out + run.err for run in runs)


@pytest.mark.parametrize("wire", WIRES)
def test_nothing_is_left_by_runs_that_fail_and_runs_that_work(
    stage: Callable[[str], Stage],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    wire: str,
) -> None:
    play = stage(wire)
    play.sim.world.faults.add("failed")
    told = play.render(capsys, "-v")
    assert told.code == 3
    for fault in ("expired_token", "redirect", "truncated", "server_error@poll"):
        play.sim.world.faults.add(fault)
    again = ("--rebuy", "SH010") if wire == "chat" else ()  # its failed jobs count as charged
    words = everything(play, capsys, "--json", *again)
    assert play.attempts[-1].state == "committed"
    searched(play, told.err, words, caplog.text)


@pytest.mark.parametrize("wire", ["bucket", "gemini", "videos", "chat"])
def test_a_download_that_leads_elsewhere_takes_no_key_along(
    stage: Callable[[str], Stage], capsys: Capture, wire: str
) -> None:
    play = stage(wire)
    play.sim.world.change(comet_elsewhere=True)
    play.sim.world.faults.add("redirect")
    assert play.render(capsys, "--json").code == 0
    others = [each for each in play.sim.world.journal if each.origin == "other"]
    assert others
    assert all(each.auth == [] for each in others)
    own = [each for each in play.sim.world.journal if each.route == "submit"]
    assert all(each.auth for each in own)
    assert not any(name.startswith("query:") for each in own for name in each.auth)


def test_a_key_in_the_address_of_a_result_reaches_no_ledger(
    stage: Callable[[str], Stage],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = stage("gemini")
    told = gemini.file_uri
    key = KEYS["gemini"]
    monkeypatch.setattr(gemini, "file_uri", lambda *of: f"{told(*of)}&key={key}")
    words = everything(play, capsys, "-v")
    assert play.attempts[-1].state == "committed"
    searched(play, words, caplog.text)


@pytest.mark.parametrize("wire", ["vertex", "gemini", "omni", "videos", "chat"])
def test_a_service_that_says_the_key_back_is_not_quoted(
    stage: Callable[[str], Stage],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    echo: str,
    wire: str,
) -> None:
    play = stage(wire)
    for service in ("VERTEX", "GEMINI", "COMETAPI", "GCS"):
        monkeypatch.setenv(f"STORYBOARD_{service}_BASE_URL", echo)
    told = []
    for number, status in enumerate((302, 400, 401, 403, 500)):
        Echo.status = status
        said = play.render(capsys, *WORDS[number % 2])
        assert said.code in (3, 4, 7), said.err
        told += [said.out, said.err]
        assert "Bad credential" not in said.err or "…" in said.err
    searched(play, *told, caplog.text)


def test_a_token_service_that_says_the_assertion_back_is_not_quoted(
    stage: Callable[[str], Stage],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    echo: str,
) -> None:
    play = stage("vertex")
    Echo.status = 401
    account = json.loads(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    elsewhere = tmp_path_factory.mktemp("account") / "account.json"
    elsewhere.write_text(json.dumps({**account, "token_uri": f"{echo}/token"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(elsewhere))
    said = play.render(capsys, "-v")
    assert (said.code, "refuses the Application Default Credentials" in said.err) == (4, True)
    searched(play, said.out, said.err, caplog.text)
    assert not re.search(r"eyJ[\w-]{10}", said.err + caplog.text)


def test_a_key_of_vertex_in_place_of_credentials_stays_in_its_header(
    stage: Callable[[str], Stage],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play = stage("vertex")
    with monkeypatch.context() as by_key:
        by_key.setenv("VERTEX_API_KEY", KEYS["vertex"])
        by_key.setenv("CLOUDSDK_CONFIG", str(play.folder / "none"))
        by_key.delenv("GOOGLE_APPLICATION_CREDENTIALS")
        by_key.delenv("GOOGLE_CLOUD_PROJECT")
        said = play.render(capsys, "-v")
        doctor = cli(capsys, "doctor", "-v")
    assert said.code == 0, said.err
    (order,) = [each for each in play.sim.world.journal if each.route == "submit"]
    assert order.auth == ["x-goog-api-key"]
    searched(play, said.out, said.err, doctor.out, doctor.err, caplog.text)


@pytest.mark.parametrize(("wire", "place"), [("vertex", vertex_veo), ("omni", omni)])
def test_the_traceback_of_a_fault_of_ours_shows_none(
    stage: Callable[[str], Stage],
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    wire: str,
    place: Any,
) -> None:
    play = stage(wire)

    def broken(*given: Any) -> None:
        raise LookupError("nobody expected this")

    name = "outcome" if wire == "vertex" else "_videos"
    monkeypatch.setattr(place, name, broken)
    said = play.render(capsys, "-v")
    assert said.code == 3
    log = next(play.folder.rglob("*.jsonl")).read_text()
    assert "LookupError" in log
    searched(play, said.out, said.err, log, caplog.text)
