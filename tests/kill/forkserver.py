"""A process with storyboard loaded, which forks a render in no time: a thousand can be killed.

What it forks is what `storyboard ARGS` would be: the same command line, its own environment, its
output in a file. It has no threads, so a fork of it is a whole process.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PRELOADED = """
    anyio._backends._asyncio av cryptography.hazmat.primitives.asymmetric.rsa google.auth
    google.auth.transport.requests google.oauth2.service_account h11 httpcore httpx jsonschema
    stamina storyboard.cli.progress storyboard.cli.commands.render storyboard.cli.commands.resolve
    storyboard.cli.commands.store storyboard.pipeline.render storyboard.previz
    storyboard.providers.google.vertex_project storyboard.providers.google.vertex
    storyboard.providers.google.vertex_veo storyboard.run.executor.executor
    storyboard.stitching.stitch storyboard.stitching.media.ffmpeg
"""
_LATE_S = 120


class ForkServer:
    """Starts processes; `close` ends it, and it ends with its parent."""

    def __init__(self, python_path: str = "") -> None:
        """`python_path` is where it finds plug-ins."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.forkserver"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": python_path} if python_path else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start_command(
        self,
        folder: Path,
        arguments: Sequence[str],
        env: Mapping[str, str],
        *,
        said: Path,
        die_at: str = "",
        largest: int = 0,
        ahead_s: float = 0.0,
        humble: bool = False,
        fault: str = "",
    ) -> int:
        """Begins `storyboard ARGUMENTS` in `folder`, which may die at a point; its process id.

        What it says goes to the file `said`. It may write files of at most `largest` bytes, its
        clock may be `ahead_s`, and where we are root it may be `humble`: bound by permissions. A
        `fault` such as `open:3:EIO` lets one call fail; see `tests.faults.injector`.
        """
        return int(
            self._send_request(
                start=list(arguments),
                folder=str(folder),
                env=dict(env),
                said=str(said),
                die_at=die_at,
                largest=largest,
                ahead_s=ahead_s,
                humble=humble,
                fault=fault,
            )
        )

    def wait_for_exit(self, pid: int) -> int:
        """Its exit code; below zero the signal that ended it."""
        return int(self._send_request(wait=pid))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)

    def _send_request(self, **request: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _serve_requests() -> None:
    for name in _PRELOADED.split():
        try:
            import_module(name)
        except ImportError:
            print(f"the zygote does without {name}", file=sys.stderr)
    import_module("tests.kill.kill_points")
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if not answer:
                _run_command(request)
        print(json.dumps(answer), flush=True)


def _run_command(request: Mapping[str, Any]) -> None:
    """The rest of a forked process: one command line."""
    code = 70
    try:
        output = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(request["folder"])
        os.environ.update(request["env"])
        from storyboard.cli.app import run_command_line
        from tests.kill.kill_points import set_kill_point

        set_kill_point(request["die_at"])
        if request["largest"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"],) * 2)
        if request["ahead_s"]:
            wall = time.time
            time.time = lambda: wall() + request["ahead_s"]
        if request["humble"]:
            _drop_root_rights()
        if request["fault"]:
            from tests.faults.injector import install_fault

            operation, number, name = request["fault"].split(":")
            folder = Path(request["folder"])
            install_fault(operation, int(number), name, folder, folder.parent / "count")
        code = run_command_line(request["start"])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _drop_root_rights() -> None:
    """Drops what root may do beyond the permissions of files (Linux; see capset(2))."""
    version = (ctypes.c_uint32 * 2)(0x20080522, 0)
    assert ctypes.CDLL(None, use_errno=True).capset(version, (ctypes.c_uint32 * 6)()) == 0


if __name__ == "__main__":
    _serve_requests()
