"""`python -m storyboard` and the `storyboard` command."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

_INTERRUPTED = 130


def main() -> None:
    """Runs the command line and exits with its code."""
    _leave_at_once(True)
    from storyboard.cli.streams import Streams

    streams = Streams()
    from storyboard.cli.main import run

    try:
        _leave_at_once(False)
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = _INTERRUPTED
    _leave_at_once(True)
    sys.exit(streams.close(code))


def _leave_at_once(quietly: bool) -> None:
    """What Ctrl-C does: while nothing is at stake yet, or no more, it ends the process."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _leave):
        signal.signal(signal.SIGINT, _leave if quietly else signal.default_int_handler)


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
