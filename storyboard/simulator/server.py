"""The simulator as a running server: in a thread for tests, or until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import uvicorn

from storyboard.errors import EnvironmentProblem
from storyboard.simulator.app import build_application
from storyboard.simulator.faults import Fault
from storyboard.simulator.state import Settings, SimulatorState

PROJECT = "simulated-project"
LOCATION = "us-central1"
_HOST = "127.0.0.1"


class Simulator:
    """All services on two loopback origins, for the duration of the `with` block.

    `url` is the main origin; redirects that leave it lead to `other`. Ports are free ones unless
    `port` names the first. Keyword arguments are those of `Settings`. Raises EnvironmentProblem
    when the port is taken, OSError when the bill's file can't be written, and ValueError for an
    unknown fault.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        bill: Path | None = None,
        faults: Iterable[Fault | str] = (),
        **settings: Any,
    ) -> None:
        parsed_faults = [Fault.parse(item) if isinstance(item, str) else item for item in faults]
        self._sockets = [_open_socket(port), _open_socket(0)]
        try:
            self.world = SimulatorState(Settings().with_changes(settings), bill=bill)
        except (OSError, ValueError):
            self._close_sockets()
            raise
        for fault in parsed_faults:
            self.world.faults.add(fault)
        self.url, self.other = (f"http://{_HOST}:{item.getsockname()[1]}" for item in self._sockets)
        self.world.url, self.world.other = self.url, self.other
        self._pem, self.world.public_key = _generate_key_pair()
        config = uvicorn.Config(
            build_application(self.world),
            http="h11",
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run_server, name="simulator", daemon=True)

    def __enter__(self) -> Simulator:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.005)
        if not self._server.started:
            self.__exit__()
            raise EnvironmentProblem(f"the simulator could not start on {self.url}")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._close_sockets()
        self.world.close()

    def environment(self) -> dict[str, str]:
        """Environment variables that point `storyboard`, and Google's libraries, to this
        simulator.
        """
        return {
            "STORYBOARD_GEMINI_BASE_URL": self.url,
            "STORYBOARD_VERTEX_BASE_URL": self.url,
            "STORYBOARD_GCS_BASE_URL": self.url,
            "STORYBOARD_COMETAPI_BASE_URL": self.url,
            "STORYBOARD_POLL_S": "0.1",
            "GEMINI_API_KEY": self.world.keys["gemini"],
            "COMETAPI_KEY": self.world.keys["cometapi"],
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GOOGLE_CLOUD_LOCATION": LOCATION,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self._write_credentials()),
        }

    def _write_credentials(self) -> Path:
        """A service account's file for which this simulator issues access tokens."""
        path = self.world.folder / "service-account.json"
        if not path.exists():
            account = {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": "simulated",
                "private_key": self._pem,
                "client_email": f"storyboard@{PROJECT}.iam.gserviceaccount.com",
                "client_id": "100000000000000000000",
                "token_uri": f"{self.url}/token",
                "universe_domain": "googleapis.com",
            }
            path.touch(mode=0o600)
            path.write_text(json.dumps(account, indent=2), "utf-8")
        return path

    def _close_sockets(self) -> None:
        for listener in self._sockets:
            listener.close()

    def _run_server(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._server.serve(sockets=self._sockets))


def _open_socket(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise EnvironmentProblem(
            f"port {port} can't be used: {os.strerror(error.errno or 0)}",
            hint="set another port with --port, or omit it to use a free port",
        ) from error
    return listener


@lru_cache(maxsize=1)
def _generate_key_pair() -> tuple[str, Any]:
    """A private key as PEM and its public key; one per process, since generating them is slow."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode("ascii"), key.public_key()
