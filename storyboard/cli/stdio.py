"""The program's standard streams, whatever stands at their other end.

A reader goes away (`| head`), a disk is full, a stream was closed from the start: none of that ends
work that costs money. What can't be said is dropped, and the work's own exit code stays, but for an
answer that was wanted and could not be written.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_LOST_ANSWER = 4
_NOTHING_WRONG = (0, 5)
"""Exit codes that stand for an answer: done, and that there is work."""


class StandardStreams:
    """Stands in for stdout and stderr from now on; for the program itself, not for a library."""

    def __init__(self) -> None:
        for number in range(3):
            _reserve_descriptor(number)
        sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - it stays open
        self._out, self._err = _TolerantFile(1), _TolerantFile(2)
        sys.stdout = _wrap_text(self._out, sys.stdout)
        sys.stderr = _wrap_text(self._err, sys.stderr)

    def close(self, code: int) -> int:
        """Says what is still to be said; the exit code, 4 where the answer could not be written."""
        sys.stdout.flush()
        write_error = self._out.write_error
        if write_error is None or write_error.errno == errno.EPIPE:
            return code
        sys.stderr.write(f"error: the answer could not be written: {write_error.strerror}\n")
        sys.stderr.flush()
        return _LOST_ANSWER if code in _NOTHING_WRONG else code


class _TolerantFile(io.FileIO):
    """Writes to a descriptor until that fails, and nothing from then on."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.write_error: OSError | None = None
        """Why it stopped."""

    def write(self, data: ReadableBuffer, /) -> int:
        if self.write_error is None:
            try:
                return super().write(data)
            except OSError as error:
                self.write_error = error
        return memoryview(data).nbytes


def _reserve_descriptor(descriptor: int) -> None:
    """Sees that nobody's file gets the number of a closed standard stream, here or in a child."""
    try:
        os.fstat(descriptor)
    except OSError:
        handle = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
        os.set_inheritable(handle, True)


def _wrap_text(raw: _TolerantFile, original: TextIO | None) -> TextIO:
    """The stream as it was set up, over other bytes."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=original.encoding if original else "utf-8",
        errors=original.errors if original else "replace",
        newline="\n",
        line_buffering=raw.fileno() == 2
        or raw.isatty()
        or bool(original and original.line_buffering),
    )
