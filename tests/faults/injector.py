"""Makes one call to the operating system fail: the n-th open, fsync, rename or connect.

Only calls about files below a folder count, so that imports and other programs are left alone. An
EINTR never reaches a program: Python repeats the call. A failing write is tried with a limit on the
size of files, which reaches SQLite and ffmpeg too.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

OPERATIONS = ("open", "fsync", "rename", "connect")
ERRORS = ("ENOSPC", "EIO", "EMFILE", "EACCES")


def install_fault(operation: str, number: int, error_name: str, folder: Path, count: Path) -> None:
    """Lets call `number` of an operation fail; 0 fails none. The file `count` gets their number."""
    code = getattr(errno, error_name) if error_name else 0
    made = 0
    plain_open = os.open
    plain_write = os.write

    def is_ours(path: Any) -> bool:
        try:
            return os.fspath(path).startswith(str(folder))
        except TypeError:
            return False

    def fail_if_due(path: Any) -> None:
        nonlocal made
        made += 1
        handle = plain_open(count, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        plain_write(handle, str(made).encode())
        os.close(handle)
        if made == number:
            raise OSError(code, os.strerror(code), path if isinstance(path, str) else None)

    def wrap_path_call(plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **keywords: Any) -> Any:
            if is_ours(path):
                fail_if_due(os.fspath(path))
            return plain(path, *arguments, **keywords)

        return call

    def wrap_handle_call(plain: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def call(handle: Any) -> Any:
            fail_if_due(None)
            return plain(handle)

        return call

    patched: Any = os
    if operation == "open":
        builtins.open = io.open = wrap_path_call(io.open)
        patched.open = wrap_path_call(os.open)
    elif operation == "fsync":
        patched.fsync = wrap_handle_call(os.fsync)
        patched.fdatasync = wrap_handle_call(os.fdatasync)
    elif operation == "rename":
        patched.replace, patched.rename = wrap_path_call(os.replace), wrap_path_call(os.rename)
        patched.link = wrap_path_call(os.link)
    elif operation == "connect":

        class FailingSocket(socket.socket):
            def connect(self, address: Any) -> None:
                fail_if_due(None)
                super().connect(address)

        sockets: Any = socket
        sockets.socket = FailingSocket
