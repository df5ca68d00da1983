"""What runs in a worker process: it reads calls on its standard input and answers there."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import pickle
import signal
import socket
import sys
import traceback

_PR_SET_PDEATHSIG = 1


def serve(parent_pid: int) -> None:
    """Answers calls until the parent closes the line; ends at once when the parent dies."""
    _die_with_parent(parent_pid)
    line = _take_over_stdin()
    with contextlib.suppress(ImportError):
        import cv2

        cv2.setNumThreads(1)
    with contextlib.suppress(EOFError, OSError):  # nobody listens any more
        while True:
            pickle.dump(_run_call(pickle.load(line)), line)
            line.flush()


def _die_with_parent(parent_pid: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends us
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:
            os._exit(1)  # it died before we asked


def _take_over_stdin() -> io.BufferedRWPair:
    """The line to the parent; whoever reads the standard input after that finds it empty."""
    line = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return line.makefile("rwb")


def _run_call(call: bytes) -> bytes:
    """Whether the function returned, and what it returned or raised."""
    try:
        function, arguments = pickle.loads(call)
        return pickle.dumps((True, function(*arguments)))
    except BaseException as error:
        told = "".join(traceback.format_exception(error))
        error.add_note(f"in a worker process:\n{told}")
        try:
            return pickle.dumps((False, error))
        except Exception:
            return pickle.dumps((False, RuntimeError(told)))
